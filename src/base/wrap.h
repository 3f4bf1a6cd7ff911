/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * wrap: text broken into lines for a terminal.
 */
#ifndef WARD_BASE_WRAP_H
#define WARD_BASE_WRAP_H

#include "base/buf.h"

/* Append text in lines of at most `width` columns. The first line stands at column `at`, the others
 * are indented by `indent`. A line of the text stays a line; Chinese breaks between characters, but not before
 * closing punctuation. */
void wrap_add(struct buf *buf, struct str text, size_t at, size_t indent, size_t width);
void wrap_spaces(struct buf *buf, size_t n);

#endif
