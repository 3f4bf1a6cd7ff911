/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * base64: the alphabet of RFC 4648 section 4, "+" and "/".
 */
#ifndef WARD_BASE_BASE64_H
#define WARD_BASE_BASE64_H

#include "base/buf.h"

/* Append the text, with padding. */
void base64_add(struct buf *out, struct str bytes);
/* Append the bytes; false (and some may have been added) for anything else. The padding may be left out. */
bool base64_decode(struct str text, struct buf *out) MUST_USE;

#endif
