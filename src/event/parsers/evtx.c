/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * EVTX: the event log files of Windows since Vista, read by libevtx.
 *
 * Each record becomes a flat JSON object with the names that Sigma's rules use (evtx.h); the event is one of the parser
 * `json`, which reads what is kept again. Of a damaged file everything is read that can be: records in broken
 * chunks come as libevtx recovers them, with the field Recovered, and where the XML of a record cannot be made the record
 * has a flaw and what its strings say. The number of the record in the file is the event's line.
 *
 * libevtx opens by name, so it is given the descriptor's name below /proc/self/fd.
 */
#include <stdio.h>

/* Debian's header asks for libbfio's, which its package does not bring; nothing of it is used here. */
#include <libevtx/features.h>
#undef LIBEVTX_HAVE_BFIO
#include <libevtx.h>

#include "data/lang.h"
#include "event/parser.h"
#include "event/parsers/evtx.h"
#include "event/timestamp.h"
#include "sys/library.h"

#define FUNCTIONS(X)                                                                                                   \
	X(libevtx_file_initialize) X(libevtx_file_free) X(libevtx_file_open) X(libevtx_file_close)                     \
	X(libevtx_file_get_number_of_records) X(libevtx_file_get_record_by_index)                                      \
	X(libevtx_file_get_number_of_recovered_records) X(libevtx_file_get_recovered_record_by_index)                  \
	X(libevtx_record_free) X(libevtx_record_get_identifier) X(libevtx_record_get_written_time)                     \
	X(libevtx_record_get_event_identifier) X(libevtx_record_get_utf8_xml_string_size)                              \
	X(libevtx_record_get_utf8_xml_string) X(libevtx_record_get_utf8_computer_name_size)                            \
	X(libevtx_record_get_utf8_computer_name) X(libevtx_record_get_utf8_source_name_size)                           \
	X(libevtx_record_get_utf8_source_name) X(libevtx_record_get_number_of_strings)                                 \
	X(libevtx_record_get_utf8_string_size) X(libevtx_record_get_utf8_string) X(libevtx_error_free)                 \
	X(libevtx_error_sprint)
LIBRARY(evtx, "libevtx.so.1", FUNCTIONS);

enum { BATCH_BYTES = 1 << 20, TEXT_MOST = 4 << 20, STRINGS_MOST = 256 };

struct reading {
	struct parse *parse;
	libevtx_file_t *file;
	int (*emit)(void *ctx, struct parse *parse);
	void *ctx;
};

typedef int text_size(libevtx_record_t *record, size_t *size, libevtx_error_t **error);
typedef int text_get(libevtx_record_t *record, uint8_t *text, size_t size, libevtx_error_t **error);

/* libevtx gives sizes with the NUL. */
static struct str record_text(struct arena *arena, libevtx_record_t *record, text_size *get_size, text_get *get)
{
	size_t size = 0;
	if (get_size(record, &size, NULL) != 1 || size < 2 || size > TEXT_MOST)
		return STR_NONE;
	char *text = arena_bytes(arena, size);
	if (get(record, (uint8_t *)text, size, NULL) != 1)
		return STR_NONE;
	return (struct str){ text, size - 1 };
}

/* ---- one record ---- */

static void add(struct arena *arena, struct evtx_values *values, const char *name, struct str value, bool number)
{
	if (value.p)
		vec_push_in(arena, values, { .name = str_from(name), .value = value, .number = number });
}

static struct str number_text(struct arena *arena, uint64_t number)
{
	return arena_printf(arena, "%llu", (unsigned long long)number);
}

/* What can be had of a record whose XML cannot. */
static void salvage(struct arena *arena, libevtx_record_t *record, struct evtx_values *values)
{
	uint64_t number = 0;
	uint32_t id = 0;
	int strings = 0;
	*values = (struct evtx_values){ 0 };
	add(arena, values, "Provider_Name",
	    record_text(arena, record, evtx.libevtx_record_get_utf8_source_name_size, evtx.libevtx_record_get_utf8_source_name), false);
	if (evtx.libevtx_record_get_event_identifier(record, &id, NULL) == 1)
		add(arena, values, "EventID", number_text(arena, id & 0xffff), true);
	if (evtx.libevtx_record_get_identifier(record, &number, NULL) == 1)
		add(arena, values, "EventRecordID", number_text(arena, number), true);
	add(arena, values, "Computer",
	    record_text(arena, record, evtx.libevtx_record_get_utf8_computer_name_size, evtx.libevtx_record_get_utf8_computer_name),
	    false);
	if (evtx.libevtx_record_get_number_of_strings(record, &strings, NULL) != 1)
		return;
	for (int i = 0; i < strings && i < STRINGS_MOST; i++) {
		size_t size = 0;
		if (evtx.libevtx_record_get_utf8_string_size(record, i, &size, NULL) != 1 || size < 1 || size > TEXT_MOST)
			continue;
		char *text = arena_bytes(arena, size);
		if (evtx.libevtx_record_get_utf8_string(record, i, (uint8_t *)text, size, NULL) == 1)
			add(arena, values, "Data", (struct str){ text, size - 1 }, false);
	}
}

/* FILETIME: tenths of microseconds since 1601. */
static int64_t written_time(libevtx_record_t *record)
{
	uint64_t ticks = 0;
	if (evtx.libevtx_record_get_written_time(record, &ticks, NULL) != 1 || ticks < UINT64_C(116444736000000000) ||
	    ticks > UINT64_C(200000000000000000))
		return EVENT_NO_TIME;
	return (int64_t)(ticks - UINT64_C(116444736000000000)) * 100;
}

static struct str value_of(const struct evtx_values *values, const char *name)
{
	for (size_t i = 0; i < values->n; i++)
		if (str_is(values->p[i].name, name))
			return values->p[i].value;
	return STR_NONE;
}

/* One event, as the parser json reads the object. */
static void give(struct reading *reading, const struct evtx_values *values, int64_t time, const char *flaw)
{
	struct parse *parse = reading->parse;
	struct batch *batch = parse->batch;
	BUF(json);
	evtx_write_json(values, &json);
	struct str raw = arena_str(&batch->arena, buf_str(&json));
	size_t before = batch->events.n;
	parser_again(&parser_json, batch, raw);
	if (batch->events.n == before)
		parse_event(parse, raw);
	struct event *event = &batch->events.p[before];
	const struct timestamp_hint utc = { .now = parse->options.now };
	struct str created = value_of(values, "TimeCreated"), computer = value_of(values, "Computer");
	event->line = parse->line;
	event->parser = &parser_json;
	if (!created.n || !timestamp_parse(created, &utc, &event->time))
		event->time = time;
	if (computer.n)
		event->host = arena_str(&batch->arena, computer);
	if (flaw) {
		event->flaw = flaw;
		event->n = 0;
	}
	parse->records++;
	if (event->flaw)
		parse_flaw(parse, raw, event->flaw);
}

static void read_record(struct reading *reading, libevtx_record_t *record, bool recovered)
{
	struct arena *arena = &reading->parse->batch->arena;
	struct evtx_values values = { 0 };
	struct str xml = record_text(arena, record, evtx.libevtx_record_get_utf8_xml_string_size,
	                             evtx.libevtx_record_get_utf8_xml_string);
	const char *flaw = NULL;
	while (xml.n && !xml.p[xml.n - 1])
		xml.n--;
	if (!xml.n || evtx_xml_read(arena, xml, &values) < 0) {
		salvage(arena, record, &values);
		flaw = TR("a damaged record: only what its strings say is left");
	}
	if (recovered)
		add(arena, &values, "Recovered", STR("true"), false);
	give(reading, &values, written_time(record), flaw);
}

/* ---- the file ---- */

typedef int record_get(libevtx_file_t *file, int index, libevtx_record_t **record, libevtx_error_t **error);

static int read_records(struct reading *reading, record_get *get, int n, bool recovered)
{
	struct parse *parse = reading->parse;
	int r = 0;
	for (int i = 0; i < n && r == 0; i++) {
		libevtx_record_t *record = NULL;
		parse->line++;
		if (get(reading->file, i, &record, NULL) == 1 && record) {
			read_record(reading, record, recovered);
		} else {
			struct evtx_values none = { 0 };
			give(reading, &none, EVENT_NO_TIME, TR("a damaged record that cannot be read at all"));
		}
		if (record)
			evtx.libevtx_record_free(&record, NULL);
		if (parse->batch->arena.bytes > BATCH_BYTES)
			r = reading->emit(reading->ctx, parse);
	}
	return r;
}

/* The last line of libevtx's words, which says what, the others say where. */
static int library_err(libevtx_error_t **error, const char *name, struct err *err)
{
	char words[512] = "";
	if (error && *error)
		evtx.libevtx_error_sprint(*error, words, sizeof(words));
	evtx.libevtx_error_free(error);
	return err_set(err, -EBADMSG, "%s: not an event log of Windows, or its head is damaged (%.*s)", name,
	               STR_ARG(str_trim(str_from(words))));
}

static int read_open(struct reading *reading)
{
	int n = 0, recovered = 0, r = 0;
	if (evtx.libevtx_file_get_number_of_records(reading->file, &n, NULL) == 1)
		r = read_records(reading, evtx.libevtx_file_get_record_by_index, n, false);
	if (r == 0 && evtx.libevtx_file_get_number_of_recovered_records(reading->file, &recovered, NULL) == 1)
		r = read_records(reading, evtx.libevtx_file_get_recovered_record_by_index, recovered, true);
	return r;
}

static int evtx_file(struct parse *parse, int fd, const char *name, int (*emit)(void *ctx, struct parse *parse), void *ctx,
                     struct err *err)
{
	struct reading reading = { .parse = parse, .emit = emit, .ctx = ctx };
	libevtx_error_t *error = NULL;
	char path[64];
	int r = LIBRARY_LOAD(evtx, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (evtx.libevtx_file_initialize(&reading.file, &error) != 1)
		return library_err(&error, name, err);
	if (evtx.libevtx_file_open(reading.file, path, LIBEVTX_OPEN_READ, &error) != 1) {
		r = library_err(&error, name, err);
	} else {
		r = read_open(&reading);
		evtx.libevtx_file_close(reading.file, NULL);
	}
	evtx.libevtx_file_free(&reading.file, NULL);
	if (r == -ECANCELED)
		r = 0;
	return r;
}

/* Records are only ever cut out of a file. */
static int evtx_record(struct parse *parse UNUSED, struct str record UNUSED, const char **flaw)
{
	*flaw = TR("an event log of Windows is read as a whole file");
	return -EINVAL;
}

static int evtx_probe(struct str text)
{
	static const char head[] = "ElfFile";
	return text.n >= sizeof(head) && memcmp(text.p, head, sizeof(head)) == 0 ? 100 : 0;
}

const struct parser parser_evtx = {
	.name = "evtx",
	.doc = TR("event log files of Windows (EVTX)"),
	.framing = FRAME_FILE,
	.probe = evtx_probe,
	.record = evtx_record,
	.file = evtx_file,
};
