/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * plain: records one behind the other, as they are committed before a block is made of them.
 *
 * Each: time (signed varint), arrived less time (signed varint), then host, source, parser and raw, each a length and bytes.
 */
#ifndef WARD_ARCHIVE_PLAIN_H
#define WARD_ARCHIVE_PLAIN_H

#include "archive/archive.h"
#include "archive/wire.h"

void plain_add(struct buf *out, const struct record *record);
/* The next record, slices of the wire. False at the end, or when wire->bad. */
bool plain_next(struct wire *wire, struct record *out);

#endif
