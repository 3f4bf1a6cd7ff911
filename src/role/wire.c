/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/wire.h"

#include <endian.h>

#define ABSENT UINT32_MAX

static void put_32(struct buf *out, uint32_t value)
{
	uint32_t wire = htole32(value);
	memcpy(buf_reserve(out, sizeof(wire)), &wire, sizeof(wire));
	out->n += sizeof(wire);
}

void wire_put_int(struct buf *out, uint64_t value)
{
	uint64_t wire = htole64(value);
	memcpy(buf_reserve(out, sizeof(wire)), &wire, sizeof(wire));
	out->n += sizeof(wire);
}

void wire_put_text(struct buf *out, struct str text)
{
	put_32(out, text.p ? (uint32_t)text.n : ABSENT);
	if (text.n)
		buf_add(out, text);
}

size_t wire_begin(struct buf *out, enum wire_kind kind, uint64_t number)
{
	size_t begin = out->n;
	put_32(out, 0);
	put_32(out, kind);
	wire_put_int(out, number);
	return begin;
}

void wire_end(struct buf *out, size_t begin)
{
	uint32_t wire = htole32((uint32_t)(out->n - begin - WIRE_HEAD));
	memcpy(out->p + begin, &wire, sizeof(wire));
}

void wire_put_record(struct buf *out, int64_t time, struct str host, struct str parser, struct str raw)
{
	char *to = buf_reserve(out, 8 + 4 + 4 + 4 + host.n + parser.n + raw.n);
	uint64_t wire_time = htole64((uint64_t)time);
	uint32_t sizes[3] = { htole32((uint32_t)host.n), htole32((uint32_t)parser.n), htole32((uint32_t)raw.n) };
	memcpy(to, &wire_time, 8);
	memcpy(to + 8, sizes, 12);
	to += 20;
	const struct str parts[] = { host, parser, raw };
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].n)
			memcpy(to, parts[i].p, parts[i].n);
		to += parts[i].n;
	}
	out->n += 20 + host.n + parser.n + raw.n;
}

static bool take_32(struct str *rest, uint32_t *out)
{
	if (rest->n < 4)
		return false;
	memcpy(out, rest->p, 4);
	*out = le32toh(*out);
	*rest = str_slice(*rest, 4, rest->n);
	return true;
}

bool wire_take_int(struct str *rest, uint64_t *out)
{
	if (rest->n < 8)
		return false;
	memcpy(out, rest->p, 8);
	*out = le64toh(*out);
	*rest = str_slice(*rest, 8, rest->n);
	return true;
}

static bool take_bytes(struct str *rest, size_t n, struct str *out)
{
	if (rest->n < n)
		return false;
	*out = (struct str){ rest->p, n };
	*rest = str_slice(*rest, n, rest->n);
	return true;
}

bool wire_take_text(struct str *rest, struct str *out)
{
	uint32_t n;
	if (!take_32(rest, &n))
		return false;
	if (n == ABSENT) {
		*out = STR_NONE;
		return true;
	}
	return take_bytes(rest, n, out);
}

int wire_frame(struct str text, struct wire_frame *out, size_t *used, struct err *err)
{
	uint32_t n, kind;
	struct str rest = text;
	*used = 0;
	if (text.n < WIRE_HEAD)
		return 0;
	if (!take_32(&rest, &n) || !take_32(&rest, &kind) || !wire_take_int(&rest, &out->number) || n > WIRE_MOST ||
	    kind < WIRE_HELLO || kind > WIRE_DONE)
		return err_set(err, -EBADMSG, "a frame that nobody sends");
	if (rest.n < n)
		return 0;
	out->kind = (enum wire_kind)kind;
	out->payload = str_slice(rest, 0, n);
	*used = WIRE_HEAD + n;
	return 1;
}

static bool take_positions(struct arena *arena, struct str *rest, struct wire_batch *out)
{
	uint32_t n;
	if (!take_32(rest, &n) || n > WIRE_POSITIONS || rest->n / 8 < n)
		return false;
	struct archive_position *positions = ARENA_ARRAY(arena, struct archive_position, MAX(n, 1));
	for (size_t i = 0; i < n; i++)
		if (!wire_take_text(rest, &positions[i].input) || !wire_take_text(rest, &positions[i].position))
			return false;
	out->positions = positions;
	out->n_positions = n;
	return true;
}

static bool take_records(struct arena *arena, struct str *rest, struct wire_batch *out)
{
	uint32_t n;
	if (!take_32(rest, &n) || rest->n / 20 < n)
		return false;
	struct record *records = ARENA_ARRAY(arena, struct record, MAX(n, 1));
	for (size_t i = 0; i < n; i++) {
		struct record *record = &records[i];
		uint64_t time;
		uint32_t sizes[3];
		if (!wire_take_int(rest, &time) || !take_32(rest, &sizes[0]) || !take_32(rest, &sizes[1]) ||
		    !take_32(rest, &sizes[2]) || !take_bytes(rest, sizes[0], &record->host) ||
		    !take_bytes(rest, sizes[1], &record->parser) || !take_bytes(rest, sizes[2], &record->raw) ||
		    record->raw.n > ARCHIVE_RECORD)
			return false;
		record->time = (int64_t)time;
		record->arrived = out->arrived;
		record->source = out->source;
		out->bytes += record->raw.n;
	}
	out->records = records;
	out->n = n;
	return true;
}

int wire_batch_read(struct arena *arena, struct str payload, struct wire_batch *out, struct err *err)
{
	uint64_t arrived;
	*out = (struct wire_batch){ 0 };
	bool good = wire_take_int(&payload, &arrived) && wire_take_text(&payload, &out->source) &&
	            wire_take_text(&payload, &out->findings) && wire_take_int(&payload, &out->n_findings) &&
	            wire_take_text(&payload, &out->state);
	out->arrived = (int64_t)arrived;
	good = good && take_positions(arena, &payload, out) && take_records(arena, &payload, out) && payload.n == 0;
	return good ? 0 : err_set(err, -EBADMSG, "a damaged batch");
}
