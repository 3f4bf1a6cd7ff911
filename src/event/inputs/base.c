/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/base.h"

#include <poll.h>

#include "base/clock.h"

const struct input_kind *const input_kinds[] = {
#define INPUT(name) &input_##name,
#include "event/inputs/input_list.h"
#undef INPUT
	NULL
};

const struct input_kind *input_kind_find(struct str name)
{
	for (size_t i = 0; input_kinds[i]; i++)
		if (str_is(name, input_kinds[i]->name))
			return input_kinds[i];
	return NULL;
}

void input_init(struct input *input, const struct input_ops *ops, struct str source, const struct parse_options *parse,
                struct str (*find)(void *ctx, struct str key), void *find_ctx)
{
	input->ops = ops;
	input->source = (struct str){ mem_text(source), source.n };
	if (parse)
		input->parse = *parse;
	input->find = find;
	input->find_ctx = find_ctx;
}

void input_done(struct input *input)
{
	for (size_t i = 0; i < COMPLAINTS; i++)
		arena_done(&input->complaints[i].arena);
	free((char *)input->source.p);
}

int input_parser(struct str name, const struct parser **out, struct err *err)
{
	*out = NULL;
	if (!name.p)
		return 0;
	*out = parser_find(name);
	if (*out)
		return 0;
	size_t n = 0;
	while (parser_names[n])
		n++;
	const char *meant = schema_suggest(name, parser_names, n);
	return meant ? err_set(err, -EINVAL, "no format is called '%.*s', did you mean '%s'?", STR_ARG(name), meant)
	             : err_set(err, -EINVAL, "no format is called '%.*s'", STR_ARG(name));
}

int input_encoding(struct str name, enum encoding *out, struct err *err)
{
	*out = ENCODING_AUTO;
	if (!name.p || encoding_find(name, out))
		return 0;
	return err_set(err, -EINVAL, "no encoding is called '%.*s'; there are auto, utf-8, utf-16le, utf-16be and gb18030",
	               STR_ARG(name));
}

void input_complain(struct input *input, struct note note)
{
	if (input->n_complaints == COMPLAINTS) {
		input->unsaid++;
		return;
	}
	struct complaint *complaint = &input->complaints[(input->first_complaint + input->n_complaints++) % COMPLAINTS];
	arena_reset(&complaint->arena);
	complaint->note = note_copy(&complaint->arena, note);
}

bool input_complaint(struct input *input, struct note *out)
{
	if (!input->n_complaints && input->unsaid) {
		char number[24];
		struct str text = { number, 0 };
		BUF(unsaid);
		buf_printf(&unsaid, "%llu", (unsigned long long)input->unsaid);
		text.n = MIN(unsaid.n, sizeof(number));
		memcpy(number, unsaid.p, text.n);
		input->unsaid = 0;
		input_complain(input, NOTE(TR("{} more complaint{s} left out"), text));
	}
	if (!input->n_complaints)
		return false;
	*out = input->complaints[input->first_complaint].note;
	input->first_complaint = (input->first_complaint + 1) % COMPLAINTS;
	input->n_complaints--;
	return true;
}

int input_fd(const struct input *input)
{
	return input->ops->fd(input);
}

int64_t input_deadline(const struct input *input)
{
	return input->stopped ? 0 : input->ops->deadline(input);
}

int input_wait(const struct input *input, int64_t timeout, struct err *err)
{
	int64_t now = clock_monotonic_ns(), until = input_deadline(input);
	int64_t wait = until == INT64_MAX ? -1 : MAX(until - now, 0);
	if (timeout >= 0 && (wait < 0 || timeout < wait))
		wait = timeout;
	if (wait == 0 && until <= now)
		return 1;
	struct pollfd poll_fd = { .fd = input_fd(input), .events = POLLIN };
	int milliseconds = wait < 0 ? -1 : (int)MIN((wait + 999999) / 1000000, (int64_t)INT32_MAX);
	int r = poll(&poll_fd, 1, milliseconds);
	if (r < 0 && errno != EINTR)
		return err_errno(err, -errno, "cannot wait");
	return r > 0 || clock_monotonic_ns() >= until;
}

int input_read(struct input *input, size_t most, struct input_batch *out, struct err *err)
{
	out->source = input->source;
	out->spans = NULL;
	out->positions = NULL;
	out->n_spans = out->n_positions = 0;
	out->ticket = ++input->ticket;
	return input->ops->read(input, most, out, err);
}

void input_kept(struct input *input, uint64_t ticket)
{
	if (input->ops->kept)
		input->ops->kept(input, ticket);
}

void input_stop(struct input *input)
{
	if (!input->stopped && input->ops->stop)
		input->ops->stop(input);
	input->stopped = true;
}

struct input_counters input_counters(const struct input *input)
{
	return input->counters;
}

void input_close(struct input *input)
{
	if (input)
		input->ops->close(input);
}

void input_close_p(struct input **input)
{
	input_close(*input);
}

/* ---- streams ---- */

void stream_init(struct stream *stream, const char *name, const struct parser *parser, enum encoding encoding,
                 const struct input *input)
{
	*stream = (struct stream){ .name = mem_text(str_from(name)), .parser = parser };
	decode_init(&stream->decode, encoding);
	if (parser)
		parse_init(&stream->parse, parser, &input->parse);
}

void stream_done(struct stream *stream)
{
	if (stream->parser)
		parse_done(&stream->parse);
	buf_done(&stream->tail);
	buf_done(&stream->carry);
	free(stream->name);
	*stream = (struct stream){ 0 };
}

char *stream_room(struct stream *stream, struct batch *batch, size_t want)
{
	char *room = arena_reserve(&batch->arena, stream->tail.n + stream->carry.n + want);
	if (stream->tail.n)
		memcpy(room, stream->tail.p, stream->tail.n);
	room += stream->tail.n;
	if (stream->carry.n)
		memcpy(room, stream->carry.p, stream->carry.n);
	return room + stream->carry.n;
}

/* Whole lines of the beginning, for the probe. */
static struct str probe_part(struct str text)
{
	text.n = MIN(text.n, (size_t)STREAM_PROBE);
	ptrdiff_t end = str_find_char_last(text, '\n');
	return end < 0 ? text : str_slice(text, 0, (size_t)end + 1);
}

void stream_spoke(struct stream *stream, struct input *input, struct input_batch *batch, size_t first)
{
	input->counters.records += stream->parse.records - stream->records;
	input->counters.flawed += stream->parse.flawed - stream->flawed;
	stream->records = stream->parse.records;
	stream->flawed = stream->parse.flawed;
	if (batch->batch.events.n == first)
		return;
	struct str name = str_from(stream->name);
	if (batch->n_spans && str_eq(batch->spans[batch->n_spans - 1].stream, name))
		return;
	/* Room doubles at 8, 16 …: the count itself tells when it is used up. */
	size_t n = batch->n_spans;
	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		struct input_span *more = (struct input_span *)ARENA_ARRAY(&batch->batch.arena, struct input_span, n ? n * 2 : 8);
		if (n)
			memcpy(more, batch->spans, n * sizeof(*more));
		batch->spans = more;
	}
	batch->spans[batch->n_spans++] = (struct input_span){ first, arena_str(&batch->batch.arena, name) };
}

/* What is left over, kept for the next time; a rare long line must not stay in memory. */
static void keep(struct buf *buf, struct str rest)
{
	buf_clear(buf);
	if (rest.n)
		buf_add(buf, rest);
	else if (buf->room > STREAM_PROBE)
		buf_done(buf);
}

/* From how many bytes at the end of `raw` the text `rest` was decoded; rather too many. */
static size_t raw_length(const struct stream *stream, struct str rest, struct str raw, size_t otherwise)
{
	size_t n = 0;
	if (stream->decode.encoding == ENCODING_UTF16LE || stream->decode.encoding == ENCODING_UTF16BE) {
		for (size_t i = 0; i < rest.n; i++) /* two bytes a character, four beyond the basic plane */
			n += ((uint8_t)rest.p[i] & 0xc0) == 0x80 ? 0 : (uint8_t)rest.p[i] >= 0xf0 ? 4 : 2;
		return n;
	}
	/* Line ends are the same byte in all other encodings: count as many back. */
	size_t lines = 0, at = raw.n;
	for (size_t i = 0; i < rest.n; i++)
		lines += rest.p[i] == '\n';
	for (; at > 0; at--)
		if (raw.p[at - 1] == '\n' && lines-- == 0)
			return raw.n - at;
	return otherwise;
}

static bool know_parser(struct stream *stream, const struct input *input, struct str text, bool last)
{
	if (stream->parser)
		return true;
	if (!text.n || (!last && text.n < STREAM_PROBE && !memchr(text.p, '\n', text.n)))
		return false;
	stream->parser = parser_probe(probe_part(text));
	if (stream->parser->framing == FRAME_FILE)
		stream->parser = &parser_plain; /* whoever can read such a file does not come here */
	parse_init(&stream->parse, stream->parser, &input->parse);
	return true;
}

/* The journal's export format is UTF-8 with binary values whose lengths must not change. */
static bool is_binary(const struct stream *stream, struct str raw)
{
	return stream->parser ? stream->parser == &parser_journald
	                      : str_starts(raw, "__CURSOR=") && parser_journald.probe(probe_part(raw)) > 0;
}

size_t stream_took(struct stream *stream, struct input *input, struct input_batch *batch, size_t n, bool last)
{
	struct arena *arena = &batch->batch.arena;
	size_t tail = stream->tail.n, first = batch->batch.events.n, took = 0, used = 0;
	char *base = arena->at;
	struct str raw = { base + tail, stream->carry.n + n };
	bool cut = last || tail + raw.n >= STREAM_CARRY;
	arena_take(arena, tail + raw.n);
	if (n)
		stream->last = clock_monotonic_ns();
	struct str text = raw;
	if (is_binary(stream, raw))
		took = raw.n;
	else
		text = decode_text(&stream->decode, arena, raw, cut, &took);
	bool in_place = !text.n || (text.p >= raw.p && text.p < raw.p + raw.n);
	size_t fresh = text.n;
	if (tail && (!text.n || text.p == raw.p)) {
		text = (struct str){ base, tail + text.n };
	} else if (tail) {
		char *joined = arena_bytes(arena, tail + text.n);
		memcpy(joined, base, tail);
		memcpy(joined + tail, text.p, text.n);
		text = (struct str){ joined, tail + text.n };
	}
	if (know_parser(stream, input, text, cut) && (text.n || last))
		parse_lines(&stream->parse, &batch->batch, text, cut, &used);
	struct str rest = str_slice(text, used, text.n);
	if (!rest.n)
		stream->tail_raw = 0;
	else if (rest.n > fresh)
		stream->tail_raw = used ? stream->tail_raw : stream->tail_raw + took;
	else
		stream->tail_raw = in_place ? rest.n : raw_length(stream, rest, str_slice(raw, 0, took), took);
	keep(&stream->tail, rest);
	keep(&stream->carry, str_slice(raw, took, raw.n));
	if (stream->parser) {
		stream->held = !cut && stream->parser->flush;
		stream_spoke(stream, input, batch, first);
	}
	return stream->tail_raw + stream->carry.n;
}

void stream_record(struct stream *stream, struct input *input, struct input_batch *batch, struct str record)
{
	size_t first = batch->batch.events.n;
	(void)know_parser(stream, input, record, true);
	if (!stream->parser)
		return;
	if (!is_binary(stream, record))
		record = decode_record(&stream->decode, &batch->batch.arena, record);
	parse_record(&stream->parse, &batch->batch, record);
	stream->held = stream->parser->flush;
	stream_spoke(stream, input, batch, first);
}

void stream_flush(struct stream *stream, struct input *input, struct input_batch *batch)
{
	size_t first = batch->batch.events.n;
	if (stream->parser && stream->parser->flush && stream->held) {
		stream->parse.batch = &batch->batch;
		stream->parser->flush(&stream->parse);
		stream_spoke(stream, input, batch, first);
	}
	stream->held = false;
}
