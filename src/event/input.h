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
 * Positions are text ("dev:ino:offset:…" for a file), kept by the archive with the records; after a restart an input begins
 * behind the last position that was kept.
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

/* What input_read() gives. */
struct input_batch {
	struct batch batch;
	struct str source;   /* name of the source in the configuration */
	uint64_t ticket;     /* for input_kept(); grows */
	struct input_position *positions; /* where the input stands behind this batch; in batch.arena */
	size_t n_positions;
};

struct input_counters {
	uint64_t bytes, records, flawed, streams, rotations, truncations, refused, lost;
};

/* One kind of input: a record in event/inputs. */
struct input_kind {
	const char *name; /* "files" */
	const char *doc;
	const struct schema *schema; /* of its configuration */
	/* `options` was decoded by the schema; `find` gives the position kept for a key, or STR_NONE. */
	int (*open)(const void *options, struct str source, const struct parse_options *parse,
	            struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err);
};
extern const struct input_kind *const input_kinds[];

/* The descriptor to wait on (readable: input_read() has something), and the moment (monotonic nanoseconds, INT64_MAX never)
 * at which it wants to be read even so. */
int input_fd(const struct input *input);
int64_t input_deadline(const struct input *input);
/* Fill a batch of about `most` bytes without waiting. 1: there are events; 0: nothing now; -ENODATA: never more (standard
 * input ended, all files read without follow). Other errors concern the whole input and have words. */
int input_read(struct input *input, size_t most, struct input_batch *out, struct err *err) MUST_USE;
void input_kept(struct input *input, uint64_t ticket);
struct input_counters input_counters(const struct input *input);
/* Events that went wrong but stop nothing ("cannot read …: permission denied"), oldest first; false: none left. */
bool input_complaint(struct input *input, struct note *out);
void input_close(struct input *input);
void input_close_p(struct input **input);

#endif
