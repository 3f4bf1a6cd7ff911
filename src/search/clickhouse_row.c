/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * An event as a row of ClickHouse's RowBinary: numbers little-endian, texts and lists with their length as a varint.
 *
 * What the server could not judge as we do is judged here: `names` are in lower case; `numbers` and `addresses` hold each
 * value as seek_number() and seek_address() read it (NaN and '' when it is none); `extra` holds what a search for words
 * looks at besides `raw` (seeker_is_extra()), and raw again when it is not UTF-8; `odd` says that somewhere stands one of
 * the two characters beyond ASCII that fold to a letter of ASCII.
 */
#include <math.h>

#include "search/clickhouse.h"
#include "archive/wire.h"
#include "base/utf8.h"
#include "base/vec.h"

const char clickhouse_insert[] =
	"INSERT INTO ward_events (day, time, arrived, host, source, parser, raw, extra, odd, names, values, numbers, addresses,"
	" archive, sequence, number) FORMAT RowBinary";

static void add_fixed(struct buf *out, uint64_t value, size_t bytes)
{
	char *p = buf_reserve(out, bytes);
	for (size_t i = 0; i < bytes; i++)
		p[i] = (char)(value >> i * 8);
	out->n += bytes;
}

static bool is_odd(struct str text)
{
	return text.p && (memmem(text.p, text.n, "\u017f", 2) || memmem(text.p, text.n, "\u212a", 3));
}

static void add_valid(struct buf *out, struct str text)
{
	while (text.n) {
		char bytes[UTF8_LONGEST];
		size_t n = utf8_valid_bytes(text);
		buf_add(out, str_slice(text, 0, n));
		text = str_slice(text, n, text.n);
		if (text.n)
			buf_add(out, (struct str){ bytes, utf8_put(bytes, utf8_next(&text)) });
	}
}

/* A list: how many, then each. *odd stays or becomes true. */
static void add_extra(struct buf *out, struct seeker *seeker, const struct record *record, const struct event *event, bool *odd)
{
	const struct parser *parser = parser_find(record->parser);
	BUF(list);
	BUF(text);
	size_t n = 0;
	if (record->raw.n && !utf8_valid(record->raw)) {
		add_valid(&text, record->raw);
		buf_add_text(&list, buf_str(&text));
		n++;
	}
	for (uint32_t i = 0; i < event->n; i++) {
		if (!seeker_is_extra(record, parser, seeker_names(seeker), &event->fields[i]))
			continue;
		buf_clear(&text);
		add_valid(&text, seeker_text(seeker, &event->fields[i]));
		*odd |= is_odd(buf_str(&text));
		buf_add_text(&list, buf_str(&text));
		n++;
	}
	buf_add_varint(out, n);
	buf_add(out, buf_str(&list));
}

static void add_names(struct buf *out, struct seeker *seeker, const struct event *event)
{
	buf_add_varint(out, event->n);
	for (uint32_t i = 0; i < event->n; i++) {
		struct str name = names_text(seeker_names(seeker), event->fields[i].name);
		buf_add_varint(out, name.n);
		for (size_t j = 0; j < name.n; j++)
			buf_add_char(out, name.p[j] >= 'A' && name.p[j] <= 'Z' ? (char)(name.p[j] | 0x20) : name.p[j]);
	}
}

static void add_numbers(struct buf *out, const struct str *values, uint32_t n)
{
	buf_add_varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		double number;
		uint64_t bits;
		if (!seek_number(values[i], &number))
			number = (double)NAN;
		memcpy(&bits, &number, sizeof(bits));
		add_fixed(out, bits, sizeof(bits));
	}
}

static void add_addresses(struct buf *out, const struct str *values, uint32_t n)
{
	buf_add_varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t address[16];
		buf_add_text(out, seek_address(values[i], address) ? (struct str){ (const char *)address, 16 } : STR(""));
	}
}

void clickhouse_add_row(struct buf *out, struct seeker *seeker, const struct record *record, struct str archive,
                        uint64_t sequence, uint32_t number)
{
	ARENA(arena);
	BUF(extra);
	seeker_forget(seeker);
	const struct event *event = seeker_event(seeker, record);
	struct str *values = ARENA_ARRAY(&arena, struct str, event->n + 1);
	bool odd = is_odd(record->raw) || is_odd(record->host) || is_odd(record->source);
	for (uint32_t i = 0; i < event->n; i++) {
		values[i] = seeker_text(seeker, &event->fields[i]);
		odd |= is_odd(values[i]);
	}
	add_extra(&extra, seeker, record, event, &odd);
	int64_t day = record->arrived / (86400 * INT64_C(1000000000));
	add_fixed(out, (uint64_t)MIN(MAX(day, 0), 65535), 2);
	add_fixed(out, (uint64_t)record->time, 8);
	add_fixed(out, (uint64_t)record->arrived, 8);
	buf_add_text(out, record->host);
	buf_add_text(out, record->source);
	buf_add_text(out, record->parser);
	buf_add_text(out, record->raw);
	buf_add(out, buf_str(&extra));
	buf_add_char(out, odd);
	add_names(out, seeker, event);
	buf_add_varint(out, event->n);
	for (uint32_t i = 0; i < event->n; i++)
		buf_add_text(out, values[i]);
	add_numbers(out, values, event->n);
	add_addresses(out, values, event->n);
	buf_add_text(out, archive);
	add_fixed(out, sequence, 8);
	add_fixed(out, number, 4);
}
