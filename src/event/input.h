/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * input: where the bytes of logs come from, one file per kind in event/inputs: files and globs, standard input, journald,
 * the kernel's audit multicast group, syslog over UDP, TCP and TLS.
 *
 * An input has any number of *streams* (a file, a connection), each read by one parser. It waits in the caller's poll
 * loop and fills batches on demand: input_read() gives one batch of one or several streams' events. Whoever keeps the events
 * tells the input so by input_kept(), with the batch's ticket; only then may it forget where it stood, answer a
 * sender, or close a connection. What is not asked for is not read: the kernel's buffers fill and the sender waits.
 *
 * Positions are text, kept by the archive with the records; after a restart an input begins behind the last position that
 * was kept. An input belongs to one thread; batches may be handed on to others.
 *
 *	for (;;) {
 *		int r = input_wait(input, -1, err);               // or input_fd() and input_deadline() in one's own poll()
 *		if (r >= 0) r = input_read(input, 1 << 20, &batch, err);
 *		if (r < 0) break;                                 // -ENODATA: all was read
 *		... use batch.batch.events, keep them ...
 *		input_kept(input, batch.ticket);
 *		batch_reset(&batch.batch);
 *	}
 */
#ifndef WARD_EVENT_INPUT_H
#define WARD_EVENT_INPUT_H

#include "data/lang.h"
#include "data/schema.h"
#include "event/parser.h"

struct input;

struct input_position {
	struct str key, position; /* key: within this input, "/var/log/auth.log" */
};

/* Events from `first` on, up to the next span's, came from this stream: a path, "host.zip:logs/a.evtx", an address. */
struct input_span {
	size_t first;
	struct str stream;
};

/* What input_read() gives. All of it lives in batch.arena. */
struct input_batch {
	struct batch batch;  /* given empty, with its names set */
	struct str source;   /* name of the source in the configuration; lives as long as the input */
	uint64_t ticket;     /* for input_kept(); grows */
	struct input_span *spans; /* at least one when there are events */
	size_t n_spans;
	struct input_position *positions; /* where the input stands behind this batch; those that changed */
	size_t n_positions;
};

struct input_counters {
	uint64_t bytes;  /* taken from outside, as they came: compressed, encoded */
	uint64_t size;   /* of all files that are to be read, when that is known (once); else 0 */
	uint64_t records, flawed;
	uint64_t streams;     /* begun */
	uint64_t rotations, truncations;
	uint64_t refused;     /* connections, files */
	uint64_t not_logs;    /* files and members that do not look like logs and were left out (once) */
	uint64_t lost;        /* messages that the kernel says it dropped before they could be read */
};

/* One kind of input: a record in event/inputs. */
struct input_kind {
	const char *name; /* "files" */
	const char *doc;
	const struct schema *schema; /* of its configuration */
	const void *defaults;        /* schema->size bytes that the decoded options begin as */
	/* `options` was decoded by the schema and is not needed afterwards; `find` gives the position kept for a key, or
	 * STR_NONE; it is called as long as the input is open. */
	int (*open)(const void *options, struct str source, const struct parse_options *parse,
	            struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err);
};
extern const struct input_kind *const input_kinds[]; /* NULL-terminated */
const struct input_kind *input_kind_find(struct str name); /* or NULL */

/* Options of input_files. */
struct input_files {
	struct strings paths;   /* files, directories (all files below), patterns with * ? [] */
	struct strings except;  /* patterns; of a whole path when they hold a slash, else of the name */
	struct str format;      /* a parser's name; STR_NONE: found for each file */
	struct str encoding;    /* of data/decode.h; STR_NONE: found for each file */
	bool from_end;          /* skip what is there when a file is first seen at the start */
	bool links;             /* follow symbolic links that a pattern or directory led to */
	int64_t open_most;      /* files open at a time */
	/* Not part of the configuration: */
	bool once;              /* read what is there and end */
	int64_t farewell;       /* nanoseconds that a renamed file is read on after its last growth; 0: 10 s */
	int64_t settle;         /* nanoseconds without change until a compressed file is taken for complete; 0: 3 s */
	int64_t silence;        /* nanoseconds without text after which joins are given up; 0: 2 s */
};
/* Options of input_stdin. */
struct input_stdin {
	struct str format, encoding;
};

#define INPUT(name) extern const struct input_kind input_##name;
#include "event/inputs/input_list.h"
#undef INPUT

/* The descriptor to wait on (readable: input_read() has something), -1 when there is none, and the moment (monotonic
 * nanoseconds, 0 at once, INT64_MAX never) at which it wants to be read even so. */
int input_fd(const struct input *input);
int64_t input_deadline(const struct input *input);
/* Wait until it wants to be read, at most `timeout` nanoseconds (-1: for ever). 1: it does; 0: not yet. */
int input_wait(const struct input *input, int64_t timeout, struct err *err) MUST_USE;
/* Fill a batch of about `most` bytes without waiting. 1: there are events, or only positions that changed; 0: nothing now; -ENODATA: never more (standard
 * input ended, all files read without follow). Other errors concern the whole input and have words. */
int input_read(struct input *input, size_t most, struct input_batch *out, struct err *err) MUST_USE;
/* Everything up to this batch is kept. */
void input_kept(struct input *input, uint64_t ticket);
/* Take nothing new: input_read() gives what was taken already (the rest of the sockets' buffers, records that were held
 * back for a join), then -ENODATA. */
void input_stop(struct input *input);
struct input_counters input_counters(const struct input *input);
/* Events that went wrong but stop nothing ("cannot read …: permission denied"), oldest first; false: none left. The
 * note's values live until the next call. */
bool input_complaint(struct input *input, struct note *out);
void input_close(struct input *input);
void input_close_p(struct input **input);

#endif
