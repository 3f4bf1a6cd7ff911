/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/intake.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case/detections.h"
#include "case/finding.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "role/inspector.h"
#include "role/wire.h"
#include "sys/root.h"
#include "web/stream.h"

/* ---- one inspection ---- */

struct delivery {
	struct intake *intake;
	struct str frames;
	int64_t host;
	struct str failed; /* the inspector's words; STR_NONE: it went well */
	VEC(struct judged) judged; /* for findings; in the work's arena */
};

static int malformed(struct err *err, const char *what)
{
	return err_set(err, -EBADMSG, "the inspector sent no %s", what);
}

static int parse_map(struct arena *arena, struct str text, const struct doc **out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	*source = (struct source){ .name = "the inspector's answer", .text = text };
	int r = json_parse(arena, source, out, err);
	return r < 0 ? r : (*out)->type != DOC_MAP ? malformed(err, "map") : 0;
}

static struct str text_of(const struct doc *map, const char *key, size_t most)
{
	struct str text = doc_text(map, key);
	return str_slice(text, 0, MIN(text.n, most));
}

static int64_t int_of(const struct doc *map, const char *key, int64_t least, int64_t most)
{
	const struct doc *value = doc_get(map, str_from(key));
	return value && value->type == DOC_INT ? MAX(least, MIN(value->integer, most)) : least;
}

static bool flag_of(const struct doc *map, const char *key)
{
	const struct doc *value = doc_get(map, str_from(key));
	return value && value->type == DOC_BOOL && value->boolean;
}

/* The index of a text in a list that ends with NULL; -1. */
static int one_of(struct str text, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (str_is(text, names[i]))
			return i;
	return -1;
}

/* Hosts that nobody has given to an organisation belong to the root. */
static int root_of(struct db *db, int64_t *org, struct err *err)
{
	return db_one_int(db, "SELECT CAST(value AS INTEGER) FROM ward_setting WHERE name = 'root_org'", 0, org, err);
}

static int take_host(struct write *write, const struct doc *said, struct delivery *delivery, struct inspection_run *run,
                     struct err *err)
{
	struct str name = text_of(said, "name", 255), machine = text_of(said, "machine_id", 64);
	int64_t root = 0;
	struct host known, host = {
		.name = name,
		.machine_id = machine.n ? machine : arena_printf(write->arena, "name:%.*s", STR_ARG(name)),
		.profile = text_of(said, "profile", 64),
		.os = text_of(said, "os", 255),
		.seen = write->now,
	};
	delivery->failed = text_of(said, "failed", 500);
	if (delivery->failed.p)
		return 0;
	if (!name.n)
		return malformed(err, "name of the host");
	int r = hosts_put(write, &host, &delivery->host, err);
	r = r < 0 ? r : hosts_get(write->arena, write->db, delivery->host, &known, err);
	if (r == 0 && known.org == 0)
		r = root_of(write->db, &root, err);
	if (r == 0 && root) {
		host.org = known.org = root;
		r = hosts_put(write, &host, &delivery->host, err);
	}
	if (r < 0)
		return r;
	*run = (struct inspection_run){
		.host = delivery->host,
		.org = known.org,
		/* No later than now: what is newer than the next inspection would stay in force. */
		.started = int_of(said, "started", write->now - 3600, write->now),
		.ns = int_of(said, "ns", 0, INT64_C(3600) * 1000000000),
		.profile = host.profile,
		.regime = text_of(said, "regime", 64),
		.privileged = flag_of(said, "privileged"),
	};
	return inspections_begin(write, run, err);
}

/* One finding a host and check, whatever the rows are. */
static void judge(struct write *write, struct delivery *delivery, const struct inspection_run *run, const struct check *check,
                  const struct verdict_said *said)
{
	struct arena *arena = write->arena;
	struct judged judged = {
		.check = check,
		.source = OBSERVED_CHECK,
		.host = run->host,
		.value = said->value,
		.partial = said->partial,
	};
	if (said->value == VERDICT_FAIL) {
		judged.p = ARENA_NEW(arena, struct observed);
		judged.n = 1;
		*judged.p = (struct observed){
			.org = run->org,
			.host = run->host,
			.subject = STR(""),
			.evidence_json = said->evidence,
			.evidence_sha256 = arena_str(arena, said->sha256),
			.rows = (size_t)said->rows,
			.found = (size_t)said->found,
		};
	}
	vec_push_in(arena, &delivery->judged, judged);
}

static int take_verdict(struct write *write, const struct doc *said, struct str evidence, struct inspection_run *run,
                        struct delivery *delivery, struct err *err)
{
	const struct checks *checks = &delivery->intake->office->checks;
	BUF(reason);
	BUF(names);
	const struct doc *why = doc_get(said, STR("reason")), *list = doc_get(said, STR("tables"));
	int value = one_of(text_of(said, "value", 32), verdict_names);
	const struct check *check = checks_find(checks, text_of(said, "check", 64));
	if (value < 0 || !check)
		return malformed(err, "verdict");
	json_open_map(&reason, NULL);
	for (int lang = 0; lang < LANG_COUNT; lang++)
		json_put(&reason, lang_names[lang], why ? text_of(why, lang_names[lang], 2000) : STR(""));
	buf_add_char(&reason, '}');
	json_open_list(&names, NULL);
	for (size_t i = 0; list && list->type == DOC_ARRAY && i < list->n && i < 64; i++)
		json_put(&names, NULL, doc_string(&list->items[i]));
	buf_add_char(&names, ']');
	const struct verdict_said verdict = {
		.check = check->id,
		.value = (enum verdict_value)value,
		.severity = check->severity,
		.partial = flag_of(said, "partial"),
		.reason = buf_str(&reason),
		.tables = buf_str(&names),
		.evidence = evidence,
		.sha256 = text_of(said, "sha256", 64),
		.rows = int_of(said, "rows", 0, EVIDENCE_ROWS),
		.found = int_of(said, "found", 0, 1000000000),
	};
	judge(write, delivery, run, check, &verdict);
	return inspections_verdict(write, run, &verdict, err);
}

static int take_table(struct write *write, const struct doc *said, struct str text, const struct inspection_run *run,
                      const struct inventory *inventory, struct err *err)
{
	struct str name = text_of(said, "name", 64);
	int coverage = one_of(text_of(said, "coverage", 32), coverage_names);
	const struct doc *content;
	bool known = false;
	for (size_t i = 0; i < inventory->n; i++)
		known |= str_eq(inventory->p[i].table_name, name);
	if (!known || coverage < 0)
		return malformed(err, "table");
	ARENA(arena);
	int r = parse_map(&arena, text, &content, err);
	const struct doc *rows = r == 0 ? doc_get(content, STR("rows")) : NULL;
	if (r < 0 || !rows || rows->type != DOC_ARRAY)
		return r < 0 ? r : malformed(err, "rows of a table");
	const struct host_table table = {
		.name = name,
		.taken = run->started,
		.coverage = (enum coverage)coverage,
		.reason = text_of(said, "reason", 1000),
		.json = text,
		.n = rows->n,
	};
	return hosts_put_table(write, run->host, &table, err);
}

/* What the records refuse of a frame, no honest inspector sends. */
static int refused(int r)
{
	return r == -EINVAL || r == -E2BIG ? -EBADMSG : r;
}

static int take_all(void *ctx, struct write *write, struct err *err)
{
	struct delivery *delivery = ctx;
	const struct office *office = delivery->intake->office;
	struct inspection_run run = { 0 };
	struct str rest = delivery->frames;
	size_t used;
	struct wire_frame frame;
	int r;
	while ((r = wire_frame(rest, &frame, &used, err)) == 1) {
		ARENA(arena);
		struct str payload = frame.payload, json = STR_NONE, text = STR_NONE;
		const struct doc *said;
		rest = str_slice(rest, used, rest.n);
		if (!wire_take_text(&payload, &json) || (frame.kind != WIRE_HOST && !wire_take_text(&payload, &text)))
			return malformed(err, "text");
		/* The first speaks of the host, once; and what it says outlives its frame. */
		if ((frame.kind == WIRE_HOST) != (run.id == 0))
			return malformed(err, "host first");
		r = parse_map(frame.kind == WIRE_HOST ? write->arena : &arena, json, &said, err);
		if (r == 0 && frame.kind == WIRE_HOST)
			r = take_host(write, said, delivery, &run, err);
		else if (r == 0 && frame.kind == WIRE_VERDICT)
			r = take_verdict(write, said, text, &run, delivery, err);
		else if (r == 0 && frame.kind == WIRE_TABLE)
			r = take_table(write, said, text, &run, &delivery->intake->inventory, err);
		else if (r == 0)
			r = malformed(err, "frame that it should");
		r = refused(r);
		if (r < 0 || delivery->failed.p)
			return r;
	}
	if (r == 0 && !run.id)
		r = malformed(err, "host");
	r = r < 0 ? r : inspections_end(write, &run, err);
	if (r < 0 || !run.org)
		return r; /* nobody has logged in yet whose findings they could be */
	const struct observations seen = { run.started, delivery->judged.p, delivery->judged.n };
	struct findings_done done;
	return findings_update(write, &office->cases, &seen, &done, err);
}

static int keep(struct intake *intake, int64_t *host, struct err *err)
{
	struct actor ward = actor_ward();
	struct delivery delivery = { .intake = intake, .frames = { intake->heard.p, intake->taken } };
	int r = records_do(intake->office->records, &ward, take_all, &delivery, err);
	*host = delivery.host;
	return r < 0 ? r : delivery.failed.p ? 0 : 1;
}

/* ---- the connection ---- */

void intake_reset(struct intake *intake)
{
	buf_done(&intake->heard);
	intake->heard = (struct buf){ 0 };
	intake->taken = intake->frames = 0;
	intake->asked = 0;
}

int intake_ask(struct intake *intake, int fd, struct err *err)
{
	static uint64_t questions;
	BUF(out);
	size_t begin = wire_begin(&out, WIRE_INSPECT, ++questions);
	wire_put_text(&out, cases_kind(&intake->office->cases));
	wire_put_text(&out, STR_NONE);
	wire_end(&out, begin);
	ssize_t n;
	while ((n = send(fd, out.p, out.n, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)out.n)
		return err_errno(err, n < 0 ? -errno : -EIO, "cannot ask the inspector");
	intake->asked = questions;
	return 0;
}

/* Whole frames from `taken` on; the last of an inspection has it kept. */
static int look(struct intake *intake, int64_t *host, struct err *err)
{
	struct wire_frame frame;
	size_t used;
	int r;
	while ((r = wire_frame(str_slice(buf_str(&intake->heard), intake->taken, intake->heard.n), &frame, &used, err)) == 1) {
		if (frame.kind != WIRE_DONE) {
			intake->taken += used;
			if (++intake->frames > INSPECTOR_FRAMES || frame.payload.n > INSPECTOR_FRAME)
				return malformed(err, "end of its frames");
			continue;
		}
		if (!intake->asked || frame.number != intake->asked)
			return malformed(err, "answer to what was asked");
		r = keep(intake, host, err);
		intake_reset(intake);
		return r;
	}
	return r;
}

int intake_hear(struct intake *intake, int fd, int64_t *host, struct err *err)
{
	enum { PIECE = 256 * 1024 };
	ssize_t n = recv(fd, buf_reserve(&intake->heard, PIECE), PIECE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(err, -EPIPE, "the inspector has ended");
	intake->heard.n += (size_t)n;
	if (intake->heard.n > INTAKE_MOST)
		return malformed(err, "end of its frames");
	return look(intake, host, err);
}

/* ---- findings ---- */

struct findings_piece {
	struct str file, text;
	int64_t at;
	struct detections_taken taken;
};

static int take_findings(void *ctx, struct write *write, struct err *err)
{
	struct findings_piece *piece = ctx;
	return detections_put(write, piece->file, piece->at, piece->text, &piece->taken, err);
}

static int by_name(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The last whole line ends where the writer's last write did, or will soon. */
static int read_piece(int dir, const char *name, int64_t at, struct buf *out, struct err *err)
{
	CLEANUP(fd_close_p) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t most = DETECTIONS_AT_ONCE;
	if (fd < 0)
		return err_errno(err, -errno, "cannot read the findings '%s'", name);
	for (;;) {
		ssize_t n = pread(fd, buf_reserve(out, most), most, at);
		if (n < 0)
			return err_errno(err, -errno, "cannot read the findings '%s'", name);
		ptrdiff_t end = str_find_char_last((struct str){ out->p, (size_t)n }, '\n');
		out->n = end < 0 ? 0 : (size_t)end + 1;
		/* A line longer than the piece. */
		if (end >= 0 || (size_t)n < most || most >= 64 * (size_t)DETECTIONS_AT_ONCE)
			return 0;
		most *= 2;
	}
}

static int position_of(struct office *office, struct str file, int64_t *out, struct err *err)
{
	struct db *db;
	int r = records_read(office->records, &db, err);
	if (r < 0)
		return r;
	r = detections_position(db, file, out, err);
	records_read_end(office->records, db);
	return r;
}

/* 1: something was taken. */
static int take_file(struct intake *intake, int dir, struct str name, struct err *err)
{
	struct actor ward = actor_ward();
	struct findings_piece piece = { .file = name, .at = intake->position };
	struct stat st;
	BUF(text);
	if (!str_is(name, intake->file)) {
		int r = position_of(intake->office, name, &piece.at, err);
		if (r < 0)
			return r;
		memcpy(intake->file, name.p, name.n + 1);
		intake->position = piece.at;
	}
	if (fstatat(dir, name.p, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size <= piece.at)
		return 0;
	int r = read_piece(dir, name.p, piece.at, &text, err);
	if (r < 0 || text.n == 0)
		return r;
	piece.text = buf_str(&text);
	r = records_do(intake->office->records, &ward, take_findings, &piece, err);
	if (r < 0)
		return r;
	intake->position = piece.taken.end;
	if (piece.taken.kept)
		stream_tell(intake->office->stream, "change", 0, STR("detection"), 0, STR("{\"kind\":\"detection\"}"));
	return 1;
}

int intake_findings(struct intake *intake, struct str path, struct err *err)
{
	ARENA(arena);
	VEC(struct str) names = { 0 };
	int r = 0;
	DIR *dir = opendir(arena_cstr(&arena, path));
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, -errno, "cannot list the findings in '%.*s'", STR_ARG(path));
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (str_ends(str_from(entry->d_name), ".jsonl") && strlen(entry->d_name) < sizeof(intake->file) &&
		    strcmp(entry->d_name, intake->file) >= 0)
			vec_push_in(&arena, &names, arena_str(&arena, str_from(entry->d_name)));
	if (names.n)
		qsort(names.p, names.n, sizeof(*names.p), by_name);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = take_file(intake, dirfd(dir), names.p[i], err);
	closedir(dir);
	return r;
}
