/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What an inspector that was taken over might send to the server: frames as they are, behind a first byte "R"; otherwise lines of
 * "<kind><JSON>\t<text>", kinds H(ost), V(erdict), T(able), D(one), from which the frames are made. Behind a first byte "F": lines of
 * findings as the collector's writer leaves them, who may have been taken over, too.
 *
 * What is refused is refused with words, and as malformed: any other error would be the records', which were given what nobody had looked
 * at. What was taken is then asked for: the API's answers are JSON whatever stands in them, and tables can be asked in SQL.
 */
#include <stdint.h>
#include <sys/socket.h>

#include "fuzz_office.h"
#include "case/detection_findings.h"
#include "role/intake.h"
#include "role/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz_office place;
static struct inventory inventory;
static struct arena inventory_arena;

static void close_at_exit(void)
{
	fuzz_office_close(&place);
	arena_done(&inventory_arena);
}

static void frames_from_lines(struct buf *out, struct str text)
{
	static const char kinds[] = "HVTD";
	static const enum wire_kind wires[] = { WIRE_HOST, WIRE_VERDICT, WIRE_TABLE, WIRE_DONE };
	struct str line;
	while (str_line(&text, &line)) {
		const char *kind = line.n ? strchr(kinds, line.p[0]) : NULL;
		if (!kind || !*kind)
			continue;
		struct str rest = str_slice(line, 1, line.n), json = str_cut(&rest, '\t');
		size_t begin = wire_begin(out, wires[kind - kinds], 1);
		wire_put_text(out, json);
		if (*kind == 'V' || *kind == 'T')
			wire_put_text(out, rest);
		wire_end(out, begin);
	}
}

static void ask(const char *target)
{
	ARENA(arena);
	fuzz_office_ask(&place, &arena, METHOD_GET, str_from(target), STR_NONE);
}

static void look_at(int64_t host)
{
	ARENA(arena);
	char target[200];
	snprintf(target, sizeof(target), "/api/hosts/%lld", (long long)host);
	ask(target);
	for (size_t i = 0; i < inventory.n; i++) {
		snprintf(target, sizeof(target), "/api/hosts/%lld/tables/%.*s", (long long)host, STR_ARG(inventory.p[i].table_name));
		ask(target);
	}
	snprintf(target, sizeof(target), "/api/verdicts?limit=10&host=%lld", (long long)host);
	const struct doc *rows = doc_get(fuzz_office_ask(&place, &arena, METHOD_GET, str_from(target), STR_NONE), STR("rows"));
	for (size_t i = 0; rows && i < rows->n; i++) {
		snprintf(target, sizeof(target), "/api/evidence/%.*s", STR_ARG(doc_text(&rows->items[i], "evidence")));
		ask(target);
	}
	fuzz_office_ask(&place, &arena, METHOD_POST, STR("/api/sql"), STR("{\"sql\":\"SELECT * FROM users LIMIT 20\"}"));
}

static void hear(struct intake *intake, struct str bytes)
{
	int pair[2];
	int64_t host = 0;
	struct err err = { "" };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		abort();
	for (size_t at = 0; at < bytes.n;) {
		ssize_t n = send(pair[0], bytes.p + at, MIN(bytes.n - at, (size_t)16384), MSG_DONTWAIT);
		if (n <= 0)
			abort();
		at += (size_t)n;
		intake->asked = 1;
		int r = intake_hear(intake, pair[1], &host, &err);
		if (r == 1 && (host <= 0 || intake->heard.n))
			abort();
		if (r == 1)
			look_at(host);
		if (r < 0 && (r != -EBADMSG || !err.text[0])) {
			fprintf(stderr, "%s (%d)\n", err.text, r);
			abort();
		}
		if (r < 0)
			break;
	}
	close(pair[0]);
	close(pair[1]);
}

/* ---- findings ---- */

struct lines {
	struct str text;
	int64_t at;
	struct detections_taken taken;
};

static int put_lines(void *ctx, struct write *write, struct err *err)
{
	struct lines *lines = ctx;
	bool more;
	int r = detections_put(write, STR("findings.jsonl"), lines->at, lines->text, &lines->taken, err);
	return r < 0 ? r : detection_findings_update(write, &place.office.cases, LEVEL_INFORMATIONAL, &more, err);
}

static void take_findings(struct str text)
{
	struct actor ward = actor_ward();
	struct err err = { "" };
	ptrdiff_t end = str_find_char_last(text, '\n');
	static int64_t place_in_file;
	place_in_file += 100000;
	struct lines lines = { .at = place_in_file, .text = str_slice(text, 0, (size_t)(end + 1)) };
	must(records_do(place.office.records, &ward, put_lines, &lines, &err), &err);
	if (lines.taken.end != lines.at + (int64_t)lines.text.n)
		abort();
	ask("/api/detections?limit=5");
	ask("/api/detections/techniques");
	ask("/api/records/finding?limit=5");
	if (lines.taken.last) {
		char target[100];
		snprintf(target, sizeof(target), "/api/detections/%lld", (long long)lines.taken.last);
		ask(target);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct err err = { "" };
	BUF(frames);
	if (size > 60000)
		return 0;
	if (!inventory.n) {
		struct content content = CONTENT_EMBEDDED;
		must(inventory_load(&inventory_arena, &content, &inventory, &err), &err);
		atexit(close_at_exit);
	}
	fuzz_office_open(&place, route_lists);
	struct intake intake = { .office = &place.office, .inventory = inventory };
	if (size && data[0] == 'R') {
		hear(&intake, str_slice(text, 1, text.n));
	} else if (size && data[0] == 'F') {
		take_findings(str_slice(text, 1, text.n));
	} else {
		frames_from_lines(&frames, text);
		hear(&intake, buf_str(&frames));
	}
	intake_reset(&intake);
	return 0;
}
