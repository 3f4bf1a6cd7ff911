/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * EVTX: the event log files of Windows since Vista: a head of 4 KiB, then chunks of 64 KiB, each with a head, records of binary
 * XML (binxml.h) and the names and templates they refer to. As libyal's "Windows XML Event Log (EVTX) format" describes it.
 *
 * Each record becomes a flat JSON object with the names that Sigma's rules use (evtx.h); the event is one of the parser
 * `json`, which reads what is kept again. The number of the record in the file is the event's line.
 *
 * Of a damaged file everything is read that can be. What does not hold together is counted as flawed, with the reason: a damaged
 * head of the file or of a chunk (its records are read all the same), a wrong checksum (unless the file says that it was being
 * written), bytes where a record should be. Then the next record is searched for; what is found by searching, there or in
 * what a chunk kept of older records, has the field Recovered. Where the markup of a record cannot be read the record has a flaw
 * and what its texts say.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/little.h"
#include "data/lang.h"
#include "event/parsers/binxml.h"
#include "event/timestamp.h"

enum {
	BATCH_BYTES = 1 << 20,
	FILE_HEAD = 128,       /* what is used of the file's head */
	FILE_HEAD_BLOCK = 4096,
	CHUNK_HEAD = 512,
	RECORD_HEAD = 24,      /* signature, size, number, time */
	RECORD_LEAST = RECORD_HEAD + 4,
};

static const char file_signature[8] = "ElfFile", chunk_signature[8] = "ElfChnk", record_signature[4] = "**\0";

struct reading {
	struct parse *parse;
	int fd;
	int (*emit)(void *ctx, struct parse *parse);
	void *ctx;
	struct binxml *binxml;
	uint8_t *bytes; /* the chunk */
	size_t n;
	uint64_t offset; /* of the chunk in the file */
	bool dirty;      /* the file was being written */
	bool any;        /* a chunk or a record was found */
	uint32_t crc[8][256];
};

/* ---- checksums: CRC-32 of IEEE 802.3, eight bytes at a time ---- */

static void crc_init(struct reading *reading)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
		reading->crc[0][i] = c;
	}
	for (int k = 1; k < 8; k++)
		for (int i = 0; i < 256; i++)
			reading->crc[k][i] = reading->crc[k - 1][i] >> 8 ^ reading->crc[0][reading->crc[k - 1][i] & 255];
}

static uint32_t crc_add(const struct reading *reading, uint32_t crc, const uint8_t *p, size_t n)
{
	const uint32_t(*t)[256] = reading->crc;
	crc = ~crc;
	for (; n >= 8; p += 8, n -= 8) {
		uint32_t a = little32(p) ^ crc, b = little32(p + 4);
		crc = t[7][a & 255] ^ t[6][a >> 8 & 255] ^ t[5][a >> 16 & 255] ^ t[4][a >> 24] ^ t[3][b & 255] ^ t[2][b >> 8 & 255] ^
		      t[1][b >> 16 & 255] ^ t[0][b >> 24];
	}
	for (; n; p++, n--)
		crc = crc >> 8 ^ t[0][(crc ^ *p) & 255];
	return ~crc;
}

/* ---- events ---- */

/* FILETIME: tenths of microseconds since 1601. */
static int64_t time_of_ticks(uint64_t ticks)
{
	if (ticks < UINT64_C(116444736000000000) || ticks > UINT64_C(200000000000000000))
		return EVENT_NO_TIME;
	return (int64_t)(ticks - UINT64_C(116444736000000000)) * 100;
}

static int64_t time_created(const struct reading *reading)
{
	enum { LONGEST = 100 };
	char text[LONGEST * 6 + 64];
	const struct timestamp_hint utc = { .now = reading->parse->options.now };
	const struct binxml_value *value = binxml_find(reading->binxml, "TimeCreated");
	int64_t time = EVENT_NO_TIME;
	if (value && value->type == BINXML_FILETIME && value->n == 8)
		time = time_of_ticks(little64((const uint8_t *)value->p));
	if (!value || time != EVENT_NO_TIME || value->n > LONGEST)
		return time;
	size_t n = (size_t)(binxml_put(value, text) - text);
	return n && timestamp_parse((struct str){ text, n }, &utc, &time) ? time : EVENT_NO_TIME;
}

static struct str computer(const struct reading *reading, struct arena *arena)
{
	const struct binxml_value *value = binxml_find(reading->binxml, "Computer");
	if (!value)
		return STR_NONE;
	char *text = arena_reserve(arena, binxml_room(value));
	size_t n = (size_t)(binxml_put(value, text) - text);
	arena_take(arena, n);
	const struct event_field field = { .value = { text, n }, .kind = VALUE_ESCAPED };
	return n ? event_text(arena, &field) : STR_NONE;
}

static void add_number(struct reading *reading, struct arena *arena, const char *name, uint64_t number)
{
	binxml_add(reading->binxml, name, BINXML_TEXT, arena_printf(arena, "%llu", (unsigned long long)number), true);
}

/* One event of the values that were read. */
static int give(struct reading *reading, int64_t time, uint64_t number, const char *flaw)
{
	struct parse *parse = reading->parse;
	struct arena *arena = &parse->batch->arena;
	struct event *event = parse_event(parse, STR_NONE);
	int64_t created = time_created(reading);
	event->parser = &parser_json;
	event->time = created != EVENT_NO_TIME ? created : time;
	event->host = computer(reading, arena);
	int r = binxml_write(reading->binxml, parse->batch, event);
	if (r == -EFBIG || event->raw.n > PARSE_LINE) {
		flaw = TR("the record is longer than 1 MiB");
		if (r < 0)
			event->raw = arena_printf(arena, "{\"EventRecordID\":%llu}", (unsigned long long)number);
	}
	parse->records++;
	if (flaw) {
		event->flaw = flaw;
		event->n = 0;
		parse_flaw(parse, event->raw, flaw);
	}
	return parse->batch->arena.bytes > BATCH_BYTES ? reading->emit(reading->ctx, parse) : 0;
}

/* Something is wrong with the file that costs no record by itself. */
static void complain(struct reading *reading, const char *flaw)
{
	ARENA(arena);
	parse_flaw(reading->parse, arena_printf(&arena, "%llu", (unsigned long long)reading->offset), flaw);
}

static int read_record(struct reading *reading, size_t at, bool found)
{
	struct arena *arena = &reading->parse->batch->arena;
	const uint8_t *p = reading->bytes + at;
	uint64_t number = little64(p + 8);
	const char *flaw = NULL;
	reading->any = true;
	reading->parse->line++;
	if (!binxml_read(reading->binxml, at + RECORD_HEAD, at + little32(p + 4) - 4)) {
		flaw = TR("a damaged record: only what its strings say is left");
		if (!binxml_find(reading->binxml, "EventRecordID"))
			add_number(reading, arena, "EventRecordID", number);
		binxml_salvage(reading->binxml);
	}
	if (found)
		binxml_add(reading->binxml, "Recovered", BINXML_JSON, STR("true"), false);
	return give(reading, time_of_ticks(little64(p + 16)), number, flaw);
}

/* Bytes where records should be. */
static int give_gap(struct reading *reading, size_t from, size_t to)
{
	struct arena *arena = &reading->parse->batch->arena;
	reading->parse->line++;
	if (binxml_read(reading->binxml, from, from)) /* forgets the values before */
		return -EINVAL;
	add_number(reading, arena, "Offset", reading->offset + from);
	add_number(reading, arena, "Bytes", to - from);
	return give(reading, EVENT_NO_TIME, 0, TR("a damaged record that cannot be read at all"));
}

/* ---- a chunk ---- */

/* The size stands at both ends of a record. */
static bool is_record(const struct reading *reading, size_t at)
{
	const uint8_t *p = reading->bytes + at;
	if (reading->n < at || reading->n - at < RECORD_LEAST || memcmp(p, record_signature, sizeof(record_signature)) != 0)
		return false;
	size_t size = little32(p + 4);
	return size >= RECORD_LEAST && size <= reading->n - at && little32(p + size - 4) == size;
}

/* Where the next record begins from `at` on, before `end`; or `end`. */
static size_t find_record(const struct reading *reading, size_t at, size_t end)
{
	while (at < end) {
		const uint8_t *p = memmem(reading->bytes + at, reading->n - at, record_signature, sizeof(record_signature));
		size_t where = p ? (size_t)(p - reading->bytes) : end;
		if (where >= end)
			return end;
		if (is_record(reading, where))
			return where;
		at = where + 1;
	}
	return end;
}

static bool is_blank(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Records from `at` to `end`. `strict`: they should be one behind the other. */
static int read_records(struct reading *reading, size_t at, size_t end, bool strict)
{
	int r = 0;
	while (r == 0 && at < end) {
		bool found = !strict || !is_record(reading, at);
		if (found) {
			size_t next = find_record(reading, at, end);
			if (strict && !is_blank(reading->bytes + at, next - at))
				r = give_gap(reading, at, next);
			at = next;
		}
		if (r == 0 && at < end) {
			size_t size = little32(reading->bytes + at + 4);
			r = read_record(reading, at, found);
			at += size;
		}
	}
	return r;
}

static int read_chunk(struct reading *reading)
{
	const uint8_t *p = reading->bytes;
	size_t end = reading->n;
	reading->any = true;
	if (reading->n < CHUNK_HEAD) {
		complain(reading, TR("the file ends within a chunk"));
		return 0;
	}
	binxml_begin(reading->binxml, p, reading->n);
	size_t used = little32(p + 48);
	uint32_t head = crc_add(reading, crc_add(reading, 0, p, 120), p + 128, CHUNK_HEAD - 128);
	bool sound = used >= CHUNK_HEAD && used <= CHUNK_BYTES;
	if (sound && (head == little32(p + 124) || reading->dirty)) {
		if (reading->n < CHUNK_BYTES)
			complain(reading, TR("the file ends within a chunk"));
		else if (!reading->dirty && crc_add(reading, 0, p + CHUNK_HEAD, used - CHUNK_HEAD) != little32(p + 52))
			complain(reading, TR("the checksum of a chunk is wrong"));
		end = MIN(used, reading->n);
	} else {
		complain(reading, TR("the head of a chunk is damaged"));
	}
	int r = read_records(reading, CHUNK_HEAD, end, true);
	return r ? r : read_records(reading, end, reading->n, false);
}

/* 64 KiB without a chunk's head. Where one was overwritten, its records still stand where they did. */
static int read_noise(struct reading *reading, size_t end)
{
	if (is_blank(reading->bytes, end))
		return 0;
	binxml_begin(reading->binxml, reading->bytes, reading->n);
	if (find_record(reading, 0, end) < end)
		complain(reading, TR("the head of a chunk is damaged"));
	return read_records(reading, 0, end, false);
}

/* ---- the file ---- */

static int fill(struct reading *reading, const char *name, struct err *err)
{
	reading->n = 0;
	while (reading->n < CHUNK_BYTES) {
		ssize_t n = pread(reading->fd, reading->bytes + reading->n, CHUNK_BYTES - reading->n, (off_t)(reading->offset + reading->n));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "cannot read %s", name);
		if (n == 0)
			break;
		reading->n += (size_t)n;
	}
	return 0;
}

/* Where chunks begin. A damaged head is no reason not to look for them. */
static uint64_t read_head(struct reading *reading)
{
	const uint8_t *p = reading->bytes;
	if (reading->n < FILE_HEAD || memcmp(p, file_signature, sizeof(file_signature)) != 0)
		return 0;
	bool good = crc_add(reading, 0, p, 120) == little32(p + 124) && little16(p + 40) >= FILE_HEAD;
	reading->any = true;
	reading->dirty = good && (little32(p + 120) & 1);
	if (!good)
		complain(reading, TR("the head of the file is damaged"));
	return good ? little16(p + 40) : FILE_HEAD_BLOCK;
}

static int read_file(struct reading *reading, const char *name, struct err *err)
{
	int r = fill(reading, name, err);
	if (r < 0)
		return r;
	reading->offset = read_head(reading);
	bool headless = reading->offset == 0;
	while (r == 0 && (r = fill(reading, name, err)) == 0 && reading->n) {
		const uint8_t *chunk = memmem(reading->bytes, reading->n, chunk_signature, sizeof(chunk_signature));
		size_t skip = chunk ? (size_t)(chunk - reading->bytes) : reading->n;
		if (skip == 0) {
			if (headless)
				complain(reading, TR("the head of the file is damaged"));
			headless = false;
			r = read_chunk(reading);
			reading->offset += CHUNK_BYTES;
			continue;
		}
		if (!headless)
			r = read_noise(reading, skip);
		/* A signature may stand across the end. */
		reading->offset += !chunk && headless && skip > sizeof(chunk_signature) ? skip - sizeof(chunk_signature) + 1 : skip;
	}
	if (r == 0 && !reading->any)
		return err_set(err, -EBADMSG, "%s: not an event log of Windows", name);
	return r;
}

static int evtx_file(struct parse *parse, int fd, const char *name, int (*emit)(void *ctx, struct parse *parse), void *ctx,
                     struct err *err)
{
	struct reading *reading = mem_alloc(sizeof(*reading));
	*reading = (struct reading){ .parse = parse, .fd = fd, .emit = emit, .ctx = ctx, .binxml = binxml_new() };
	reading->bytes = mem_alloc(CHUNK_BYTES);
	crc_init(reading);
	int r = read_file(reading, name, err);
	binxml_free(reading->binxml);
	free(reading->bytes);
	free(reading);
	return r == -ECANCELED ? 0 : r;
}

/* Records are only ever cut out of a file. */
static int evtx_record(struct parse *parse UNUSED, struct str record UNUSED, const char **flaw)
{
	*flaw = TR("an event log of Windows is read as a whole file");
	return -EINVAL;
}

static int evtx_probe(struct str text)
{
	bool head = text.n > sizeof(file_signature) && memcmp(text.p, file_signature, sizeof(file_signature)) == 0;
	bool chunk = text.n > FILE_HEAD_BLOCK + sizeof(chunk_signature) &&
	             memcmp(text.p + FILE_HEAD_BLOCK, chunk_signature, sizeof(chunk_signature)) == 0;
	return head || chunk ? 100 : 0;
}

const struct parser parser_evtx = {
	.name = "evtx",
	.doc = TR("event log files of Windows (EVTX)"),
	.framing = FRAME_FILE,
	.probe = evtx_probe,
	.record = evtx_record,
	.file = evtx_file,
};
