/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * wire: what the reader and the writer, the inspector and the server say to each other, over stream sockets of their own.
 *
 * A frame is its length (4 bytes, of what follows the first 16), its kind (4 bytes) and a number (8 bytes), then the
 * payload. Numbers are little-endian, a text is its length (4 bytes) and its bytes. Both ends are this program, but the writer
 * must not trust the reader, which may have been taken over by what it parsed: frames are bounded, and decoding gives
 * -EBADMSG rather than read past an end (fuzz/fuzz_wire.c).
 *
 *	reader > writer   WIRE_HELLO  which reader this is (a number drawn at its start)
 *	writer > reader   WIRE_WELCOME  the last batch of this reader that was kept, 0 for none
 *	reader > writer   WIRE_ASK, a key      writer > reader   WIRE_POSITION, the position kept for it
 *	reader > writer   WIRE_BATCH  numbered from 1 without gaps
 *	writer > reader   WIRE_KEPT   all batches up to this number are durable
 */
#ifndef WARD_ROLE_WIRE_H
#define WARD_ROLE_WIRE_H

#include "archive/archive.h"
#include "base/buf.h"

enum wire_kind {
	WIRE_HELLO = 1, WIRE_WELCOME, WIRE_ASK, WIRE_POSITION, WIRE_BATCH, WIRE_KEPT,
	WIRE_INSPECT, WIRE_HOST, WIRE_VERDICT, WIRE_TABLE, WIRE_DONE, /* role/inspector.h */
};
enum { WIRE_HEAD = 16, WIRE_MOST = 128 * 1024 * 1024, WIRE_POSITIONS = 65536 };

struct wire_frame {
	enum wire_kind kind;
	uint64_t number;
	struct str payload;
};

struct wire_batch {
	int64_t arrived;        /* nanoseconds: when the reader took it */
	struct str source;
	struct str findings;    /* lines of JSON, each with its LF */
	uint64_t n_findings;
	struct str state;       /* of correlations; STR_NONE: as it was */
	const struct archive_position *positions;
	size_t n_positions;
	const struct record *records; /* source and arrived are the batch's */
	size_t n;
	uint64_t bytes;         /* of their text */
};

/* Begin a frame, add its payload, end it. Several may follow each other in the buffer. */
size_t wire_begin(struct buf *out, enum wire_kind kind, uint64_t number);
void wire_end(struct buf *out, size_t begin);
void wire_put_int(struct buf *out, uint64_t value);
void wire_put_text(struct buf *out, struct str text); /* STR_NONE comes back as STR_NONE */
/* One record of a batch; see wire_batch_read() for what stands before the records. */
void wire_put_record(struct buf *out, int64_t time, struct str host, struct str parser, struct str raw);

/* The first frame in the text: 1, and *used bytes; 0: not whole yet; -EBADMSG. */
int wire_frame(struct str text, struct wire_frame *out, size_t *used, struct err *err) MUST_USE;
bool wire_take_int(struct str *rest, uint64_t *out) MUST_USE;
bool wire_take_text(struct str *rest, struct str *out) MUST_USE;
/* The payload of a WIRE_BATCH: arrived, source, findings, their number, state, positions (number, then key and position of
 * each), number of records, records. Texts are slices of it, lists are in the arena. */
int wire_batch_read(struct arena *arena, struct str payload, struct wire_batch *out, struct err *err) MUST_USE;

#endif
