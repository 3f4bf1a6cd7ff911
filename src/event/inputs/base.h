/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * base: what all kinds of input share: the head of each input, its complaints, and streams of text that come in
 * pieces.
 *
 * A kind's struct begins with `struct input`; its operations never wait. A *stream* is text of one origin read by one
 * parser, which is named or found by the first 64 KiB. The bytes go straight into the batch's memory: stream_room() says
 * where, stream_took() parses them there and keeps only what is not a whole record yet (`carry`).
 */
#ifndef WARD_EVENT_INPUTS_BASE_H
#define WARD_EVENT_INPUTS_BASE_H

#include "data/decode.h"
#include "event/input.h"

enum {
	STREAM_PROBE = 64 * 1024,
	STREAM_CARRY = 16 * 1024 * 1024, /* a record that is longer is cut */
	COMPLAINTS = 64,                 /* that wait; later ones are counted in the last */
};

struct input_ops {
	int (*fd)(const struct input *input);
	int64_t (*deadline)(const struct input *input);
	/* Add events and positions to the batch; 1, 0, -ENODATA or an error, as input_read(). */
	int (*read)(struct input *input, size_t most, struct input_batch *out, struct err *err);
	void (*kept)(struct input *input, uint64_t ticket); /* may be NULL */
	void (*stop)(struct input *input);
	void (*close)(struct input *input); /* frees the input itself */
};

struct complaint {
	struct arena arena;
	struct note note;
};

struct input {
	const struct input_ops *ops;
	struct str source;
	struct parse_options parse;
	struct str (*find)(void *ctx, struct str key);
	void *find_ctx;
	uint64_t ticket; /* of the batch being filled */
	struct input_counters counters;
	struct complaint complaints[COMPLAINTS];
	size_t first_complaint, n_complaints;
	uint64_t unsaid; /* complaints that found no room */
	bool stopped;
};

void input_init(struct input *input, const struct input_ops *ops, struct str source, const struct parse_options *parse,
                struct str (*find)(void *ctx, struct str key), void *find_ctx);
void input_done(struct input *input);
/* The values are copied. */
void input_complain(struct input *input, struct note note);
/* The encoding of this name; STR_NONE gives ENCODING_AUTO. */
int input_encoding(struct str name, enum encoding *out, struct err *err) MUST_USE;
/* The parser of this name; STR_NONE gives NULL (to be found). -EINVAL with words when there is none. */
int input_parser(struct str name, const struct parser **out, struct err *err) MUST_USE;

struct stream {
	char *name;
	const struct parser *parser; /* NULL until it is known */
	struct parse parse;          /* when it is known */
	struct decode decode;
	struct buf tail;             /* text that the parser waits to see the end of */
	size_t tail_raw;             /* bytes of the stream that it was decoded from; rather too many than too few */
	struct buf carry;            /* bytes behind it that are not whole characters, or lines, yet */
	bool held;                   /* the parser may hold records back for a join */
	int64_t last;                /* monotonic: when text last came */
	uint64_t records, flawed;    /* counted in the input already */
};

void stream_init(struct stream *stream, const char *name, const struct parser *parser, enum encoding encoding,
                 const struct input *input);
void stream_done(struct stream *stream);
/* Room for `want` more bytes in the batch's memory, behind what was carried over. */
char *stream_room(struct stream *stream, struct batch *batch, size_t want);
/* `n` bytes were put there; 0 when only the end is to be told. `last`: no more will come, what is left is read too.
 * Returns how many bytes of the stream wait for their end. */
size_t stream_took(struct stream *stream, struct input *input, struct input_batch *batch, size_t n, bool last);
/* A record that was cut out already, and is in UTF-8 or in GB 18030. It must live as long as the batch. */
void stream_record(struct stream *stream, struct input *input, struct input_batch *batch, struct str record);
/* The batch gained events since `first` by other means: count them and note whose they are. */
void stream_spoke(struct stream *stream, struct input *input, struct input_batch *batch, size_t first);
/* Silence: deliver what was held back. */
void stream_flush(struct stream *stream, struct input *input, struct input_batch *batch);

#endif
