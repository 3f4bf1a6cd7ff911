/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * parser: one log format; and `parse`, one stream of text being read by it.
 *
 * A format is one file in event/parsers that publishes one `const struct parser`, one name in the list of
 * meson.build there, one fuzz corpus. A record is a line unless the parser says otherwise (`framing`).
 *
 *	struct parse parse;
 *	parse_init(&parse, &parser_json, &options);
 *	parse_lines(&parse, &batch, text, last, &used);   // as often as there is text
 *	parse_done(&parse);
 *
 * Nothing is lost: a record that cannot be read becomes an event with `flaw` and its raw text, is counted, and
 * the first few are kept as samples. A line longer than PARSE_LINE is cut into pieces of that length, each of
 * which is an event with a flaw. What a parser keeps from one record to the next (a join, a header line) is
 * its state: bounded by itself, and copied out of the batch.
 *
 * Timestamps are read by event/timestamp.h. Fields are named as in Sigma's taxonomy where there is one for the
 * format, otherwise as the format's own standard or tool does.
 */
#ifndef WARD_EVENT_PARSER_H
#define WARD_EVENT_PARSER_H

#include "base/err.h"
#include "event/event.h"
#include "event/timestamp.h"

enum { PARSE_LINE = 1024 * 1024, PARSE_SAMPLES = 8, PARSE_SAMPLE_BYTES = 200 };

enum parser_framing {
	FRAME_LINES, /* a record is a line, LF or CRLF */
	FRAME_OWN,   /* the parser cuts the text into records itself (frame()) */
	FRAME_FILE,  /* a whole file that must be seekable (file()) */
};

struct parse_options {
	int64_t now;      /* nanoseconds; for timestamps without a year: when a file was last written. 0: the clock */
	int32_t zone;     /* seconds east of UTC, for timestamps without a zone */
	bool zone_given;  /* otherwise the machine's own zone */
};

struct parse {
	const struct parser *parser;
	struct parse_options options; /* `now` follows the clock when it was 0 */
	bool clock;
	struct batch *batch;   /* where events go; set by the caller of record() */
	void *state;           /* the parser's own, of parser->state_size bytes, zeroed at first */
	struct parse *inner[4]; /* of parse_payload(); NULL behind the last */
	uint64_t line;         /* of the record being read, from 1 */
	uint64_t records, flawed;
	struct parse_sample {
		uint64_t line;
		const char *flaw;
		char text[PARSE_SAMPLE_BYTES]; /* the beginning, cut at a character, NUL-terminated */
	} samples[PARSE_SAMPLES]; /* of the first flawed records; min(flawed, PARSE_SAMPLES) of them */
};

struct parser {
	const char *name; /* "json", as in --format and content/sources */
	const char *doc;  /* one line, an English key */
	enum parser_framing framing;
	size_t state_size;
	void (*done)(void *state);
	/* How sure it is that the text (the first 64 KiB of a stream at most, whole lines) is of this format: 0 not,
	 * 100 certain. NULL: only by name. */
	int (*probe)(struct str text);
	/* Read one record, deliver none or more events by parse_event(). A negative errno with *flaw set (an English
	 * key): the record is kept raw. The text is in the batch's memory, or outlives it. */
	int (*record)(struct parse *parse, struct str record, const char **flaw) MUST_USE;
	/* FRAME_OWN: the length of the first record in `text`, separator included, 0 when it is not whole yet;
	 * *record is what record() gets. Never more than text.n. `last`: no more text will come. */
	size_t (*frame)(struct parse *parse, struct str text, bool last, struct str *record);
	/* The stream ended, or was silent for a while: deliver what was held back (a join). */
	void (*flush)(struct parse *parse);
	/* FRAME_FILE: read the file, calling emit() whenever the batch is large; -ECANCELED from emit() ends it. */
	int (*file)(struct parse *parse, int fd, const char *name, int (*emit)(void *ctx, struct parse *parse), void *ctx,
	            struct err *err) MUST_USE;
	/* For searches in what is kept (search/search.h). `verbatim`: a field's value stands in `raw` as it is, between
	 * characters that are no letters and digits, or escaped by backslashes (\n, \", \u5931, \xe5): a record that lacks
	 * the words of a value need not be read again. This does not hold for the fields named in `derived` (may be
	 * NULL). Without `verbatim` nothing is presumed, and such records are all read. */
	bool verbatim;
	const char *const *derived; /* NULL-terminated */
};

extern const struct parser *const parsers[]; /* NULL-terminated, in the order of the list */
extern const char *const parser_names[];     /* the same, their names; NULL-terminated */
const struct parser *parser_find(struct str name); /* or NULL */
/* The format that is surest of this text; plain text when none is. Never NULL. */
const struct parser *parser_probe(struct str text);
/* The beginning of a file, decoded to UTF-8, is text and not a program, a picture, an archive … parser_probe() would call it
 * plain text for want of anything better. */
bool parser_is_text(struct str text);

void parse_init(struct parse *parse, const struct parser *parser, const struct parse_options *options);
void parse_done(struct parse *parse);

/* Read all whole records of the text into the batch; `last`: also a last one without an end, and flush. *used:
 * how much of the text was taken; the caller gives the rest again, with more behind it. The text must live as
 * long as the batch: raw and values are slices of it. */
void parse_lines(struct parse *parse, struct batch *batch, struct str text, bool last, size_t *used);
/* One record that was cut out already (a datagram, a message of octet counting). */
void parse_record(struct parse *parse, struct batch *batch, struct str record);
/* The fields of a kept record anew: event->parser reads event->raw. Appends one event to the batch. */
void parser_again(const struct parser *parser, struct batch *batch, struct str raw);

/* For parsers: how to read timestamps of this stream. */
static inline struct timestamp_hint parse_hint(const struct parse *parse)
{
	return (struct timestamp_hint){ parse->options.now, parse->options.zone, !parse->options.zone_given };
}

/* For parsers: begin an event, then add its fields. The event is the last of the batch. */
struct event *parse_event(struct parse *parse, struct str raw);
void parse_field(struct parse *parse, struct event *event, struct str name, struct str value, enum value_kind kind);
/* The same for a name whose id is known. */
void parse_field_id(struct parse *parse, struct event *event, uint32_t name, struct str value, enum value_kind kind);

/* For parsers: let another one read a part of the record, "{…}" behind a syslog header. Its fields go to the event, the last
 * of the batch, and its time and host: a program knows better when something happened than who passed it on, but not where it
 * came from. False: it was not one record of that format, and nothing changed. The event may move in memory. */
bool parse_payload(struct parse *parse, const struct parser *parser, struct str payload);

/* For parsers that make records themselves (FRAME_FILE): count one as flawed, and keep its beginning as a sample. */
void parse_flaw(struct parse *parse, struct str raw, const char *flaw);

#define PARSER(name) extern const struct parser parser_##name;
#include "event/parsers/parser_list.h"
#undef PARSER

#endif
