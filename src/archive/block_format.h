/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * block_format: what the writer and the reader of blocks share.
 *
 *	"WARDBLK" version
 *	version 0   records as in archive/plain.h
 *	version 1   varints: records, bytes of raw text, then for each of the parts META and TEXT its size and its stored
 *	            size; META and TEXT as zstd frames; then the streams of archive/model.h, shapes first
 *
 *	META  varints: texts, columns, shapes; the columns of the heads; each shape: places beside the heads, bytes of
 *	      constant text, and for each place its column (signed, less the one before) and the constant bytes before it;
 *	      each column: form, 1 if numbers, both guesses (kind, column), size of its stream, and if it is of
 *	      texts how many locals and each (signed, less the one before plus one); the size of the stream of shapes;
 *	      the lengths of all texts
 *	TEXT  the constant text of all shapes, then all texts
 */
#ifndef WARD_ARCHIVE_BLOCK_FORMAT_H
#define WARD_ARCHIVE_BLOCK_FORMAT_H

#include "archive/model.h"

#define BLOCK_MAGIC "WARDBLK"

enum {
	BLOCK_PLAIN = 0,
	BLOCK_COLUMNS = 1,
	BLOCK_HEADER = 8,
	BLOCK_RECORDS = 1 << 24,             /* more are no block */
	BLOCK_VALUES = 1 << 26,
	BLOCK_PART = 512 * 1024 * 1024,      /* bytes of META or TEXT */
	BLOCK_NANOSECONDS = 3 | 9 << 6,      /* the form of the heads' times: a date with nine digits */
};

#endif
