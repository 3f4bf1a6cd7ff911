/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * decode: bytes as UTF-8, whatever they were written in: of a log (between an input and its parser), of a sheet.
 *
 *	struct decode decode;
 *	decode_init(&decode, ENCODING_AUTO);
 *	text = decode_text(&decode, &batch.arena, bytes, last, &used);   // then parse_lines(…, text, …)
 *
 * ENCODING_AUTO looks for a byte order mark, then for the zero bytes of UTF-16, when the stream begins. Otherwise it judges each line
 * that is not ASCII: valid UTF-8 stays as it is; what is not, and reads as Chinese, is GB 18030 (GBK and GB 2312 are
 * part of it); so a stream into which hosts of both kinds write comes out right. Lines that would do as either
 * follow what the clear ones of the stream were.
 *
 * Bytes that mean nothing become one U+FFFD each (in UTF-8 one for each sequence, as in base/utf8.h) and are
 * counted; the bytes around them are not lost. NUL is a character like others. A byte order mark is taken off.
 *
 * In 8-bit encodings text comes in whole lines, so that a parser of lines leaves nothing over; only the last of a stream, and a
 * line beyond DECODE_LINE, come in parts. Text that needs no change is a slice of the bytes given; otherwise
 * it is in the arena.
 */
#ifndef WARD_DATA_DECODE_H
#define WARD_DATA_DECODE_H

#include "base/arena.h"

enum encoding {
	ENCODING_AUTO,
	ENCODING_UTF8,
	ENCODING_UTF16LE,
	ENCODING_UTF16BE,
	ENCODING_GB18030,
};

enum { DECODE_LINE = 1024 * 1024 };

struct decode {
	enum encoding encoding; /* AUTO until it can only be one; the input keeps it with its position */
	bool begun;             /* past the place of a byte order mark */
	bool within;            /* in the middle of a line that is longer than DECODE_LINE */
	enum encoding line;     /* what that line is in */
	uint64_t bad;           /* sequences that became U+FFFD */
	uint64_t clear_utf8, clear_gb; /* lines that could only be this */
};

/* The names that --encoding takes: auto, utf-8, utf-16le, utf-16be, gb18030; NULL-terminated, in the order of the enum. */
extern const char *const encoding_names[];
/* A name, also gbk, gb2312, cp936, utf8 …, in any case of letters. */
bool encoding_find(struct str name, enum encoding *out) MUST_USE;

void decode_init(struct decode *decode, enum encoding encoding);
/* Go on in the middle of a stream, behind its byte order mark. */
void decode_resume(struct decode *decode, enum encoding encoding);
/* As text, as much of the bytes as is whole. *used: how much was taken; the caller gives the rest again with more
 * behind it. `last`: no more will come, everything is taken. */
struct str decode_text(struct decode *decode, struct arena *arena, struct str bytes, bool last, size_t *used);
/* One message that was cut out already (a datagram); its own line, whatever it holds. */
struct str decode_record(struct decode *decode, struct arena *arena, struct str bytes);

#endif
