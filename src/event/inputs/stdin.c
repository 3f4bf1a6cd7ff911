/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Standard input: one stream until it ends. It has no position: what comes in by a pipe cannot be read again.
 */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/base.h"

enum { CHUNK = 1024 * 1024 };
static const int64_t silence = INT64_C(1000000000);

struct standard {
	struct input input;
	struct stream stream;
	bool ended;
};

static int standard_fd(const struct input *input UNUSED)
{
	return STDIN_FILENO;
}

static int64_t standard_deadline(const struct input *input)
{
	const struct standard *standard = (const struct standard *)input;
	return standard->ended ? 0 : standard->stream.held ? standard->stream.last + silence : INT64_MAX;
}

static void finish(struct standard *standard, struct input_batch *out)
{
	standard->ended = true;
	stream_room(&standard->stream, &out->batch, 0);
	stream_took(&standard->stream, &standard->input, out, 0, true);
}

static int standard_read(struct input *input, size_t most, struct input_batch *out, struct err *err)
{
	struct standard *standard = (struct standard *)input;
	struct stream *stream = &standard->stream;
	size_t got = 0;
	if (input->stopped && !standard->ended)
		finish(standard, out);
	while (!standard->ended && got < most) {
		struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
		if (poll(&ready, 1, 0) <= 0)
			break;
		size_t want = MIN(MAX(most - got, (size_t)STREAM_PROBE), (size_t)CHUNK);
		char *room = stream_room(stream, &out->batch, want);
		ssize_t n = read(STDIN_FILENO, room, want);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			break;
		if (n < 0)
			return err_errno(err, -errno, "cannot read standard input");
		if (n == 0) {
			finish(standard, out);
			break;
		}
		input->counters.bytes += (uint64_t)n;
		got += (size_t)n;
		stream_took(stream, input, out, (size_t)n, false);
	}
	if (!got && stream->held && clock_monotonic_ns() >= stream->last + silence)
		stream_flush(stream, input, out);
	return out->batch.events.n ? 1 : standard->ended ? -ENODATA : 0;
}

static void standard_close(struct input *input)
{
	struct standard *standard = (struct standard *)input;
	stream_done(&standard->stream);
	input_done(input);
	free(standard);
}

static const struct input_ops standard_ops = {
	.fd = standard_fd,
	.deadline = standard_deadline,
	.read = standard_read,
	.close = standard_close,
};

static int standard_open(const void *decoded, struct str source, const struct parse_options *parse,
                         struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct input_stdin *options = decoded;
	const struct parser *parser;
	enum encoding encoding;
	*out = NULL;
	int r = input_parser(options->format, &parser, err);
	if (r == 0)
		r = input_encoding(options->encoding, &encoding, err);
	if (r < 0)
		return r;
	struct standard *standard = mem_alloc(sizeof(*standard));
	input_init(&standard->input, &standard_ops, source, parse, find, ctx);
	stream_init(&standard->stream, "-", parser, encoding, &standard->input);
	standard->input.counters.streams = 1;
	*out = &standard->input;
	return 0;
}

static const struct schema_field standard_fields[] = {
	{ "format", SCHEMA_STRING, offsetof(struct input_stdin, format) },
	{ "encoding", SCHEMA_STRING, offsetof(struct input_stdin, encoding) },
	{ 0 },
};
static const struct schema standard_schema = { "an input from standard input", standard_fields, sizeof(struct input_stdin) };
static const struct input_stdin standard_defaults = { 0 };

const struct input_kind input_stdin = {
	.name = "stdin",
	.doc = TR("standard input"),
	.schema = &standard_schema,
	.defaults = &standard_defaults,
	.open = standard_open,
};
