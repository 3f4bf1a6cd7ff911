/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * store: what retention and copies need of an archive that is open for writing.
 */
#ifndef WARD_ARCHIVE_STORE_H
#define WARD_ARCHIVE_STORE_H

#include "archive/archive.h"
#include "archive/days.h"

const char *archive_dir(const struct archive *archive);
sqlite3 *archive_book(struct archive *archive);
/* The day that is written, which is never removed or copied; "" when there is none yet. */
const char *archive_newest(const struct archive *archive);
/* Add a statement to the chain, signed and on disk when this returns 0. */
int archive_say(struct archive *archive, enum chain_kind kind, struct str body, struct err *err) MUST_USE;

#endif
