/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Who gets in where: every route, asked as everybody, about what is theirs and what is somebody else's.
 *
 * The truth is tests/access_matrix.tsv, which people read and review: a route that is not there fails this test, and so does any answer
 * that differs. WARD_ACCESS_WRITE=1 writes the table as it is now; then look at the difference.
 *
 * A cell is what came of the request with an empty body: "yes" (let in, whatever else was missing), "-" (403), "login" (401),
 * "404". The last column are the roles that got to an object of an organisation beside theirs: nobody, ever, unless it is written there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() (void)0
#define __lsan_enable() (void)0
#endif

#include "api.h"
#include "base/clock.h"
#include "base/vec.h"

enum { OWN = 50, BESIDE = 51, FIRST_USER = 100 };

static const char *const columns[] = { "nobody", "none", "operator", "security", "auditor", "leader", "duty", "officer", "verifier", "supplier", "token" };
enum { NOBODY, NONE_, FIRST_ROLE, TOKEN = COUNT(columns) - 1 };

static struct api api;
static struct err err;

/* What stands for a part in braces: of one's own organisation, and of the one beside. */
static const struct {
	const char *path; /* beginning; the first that fits */
	const char *own, *beside;
} objects[] = {
	{ "/api/users/{id}", "901", "902" },
	{ "/api/sessions/{id}", "901", "902" },
	{ "/api/tokens/{id}", "901", "902" },
	{ "/api/pairs/{id}", "901", "902" },
	{ "/api/findings/{id}", "901", "902" },
	{ "/api/incidents/{id}", "901", "902" },
	{ "/api/hosts/{id}", "901", "902" },
	{ "/api/records/{register}/{id}/unmask", "person/901/unmask", "person/902/unmask" },
	{ "/api/records/{register}/{id}", "finding/901", "finding/902" },
	{ "/api/records/{register}", "finding", NULL },
	{ "/api/checks/{id}", "ssh-root-login", NULL },
	{ "/api/events/{id}", "20261123-1-1", NULL },
	{ "/api/evidence/{sha256}", "0000000000000000000000000000000000000000000000000000000000000000", NULL },
	{ "/api/detections/{id}", "901", "902" },
	{ "/api/inspections/{id}", "901", "902" },
	{ "/api/views/{id}", "901", "902" },
	{ "/api/imports/{id}", "901", "902" },
	{ "/api/posture", NULL, NULL },
};

/* What is sent where an empty body would be refused before it is asked who sends it. */
static const struct {
	enum method method;
	const char *path, *query, *body;
} sent[] = {
	{ METHOD_POST, "/api/records/{register}", "", "{\"values\":{}}" },
	{ METHOD_PATCH, "/api/records/{register}/{id}", "", "{\"version\":1,\"values\":{\"title\":\"y\"}}" },
	{ METHOD_POST, "/api/records/{register}/{id}/transition", "", "{\"version\":1,\"name\":\"issue\"}" },
	{ METHOD_POST, "/api/records/{register}/{id}/unmask", "", "{\"field\":\"phone\",\"reason\":\"test\"}" },
	{ METHOD_POST, "/api/records/{register}/{id}/withdraw", "", "{\"version\":1,\"reason\":\"test\"}" },
	{ METHOD_POST, "/api/records/{register}/{id}/files", "?field=files&name=a.txt", "text" },
	{ METHOD_POST, "/api/incidents/from", "", "{\"finding\":901}" },
	{ METHOD_POST, "/api/incidents/{id}/lessons", "", "{\"values\":{\"title\":\"y\"}}" },
	{ METHOD_POST, "/api/sql", "", "{\"sql\":\"SELECT 1\"}" },
	{ METHOD_PUT, "/api/profile", "", "{\"name\":\"county\",\"reason\":\"test\"}" },
};

static int run_sql(void *ctx, struct write *write, struct err *e)
{
	return db_run(write->db, ctx, e);
}

static bool sql(const char *text)
{
	struct actor ward = actor_ward();
	return records_do(api.office.records, &ward, run_sql, (void *)text, &err) == 0;
}

static void must(const char *text)
{
	if (!sql(text))
		fail_msg("%s: %s", text, err.text);
}

/* Rows with ids of our own, in both organisations, in what has them. */
static void make_objects(void)
{
	must("INSERT INTO org (id, name, code, org, state, state_since, version, created, created_by, updated, updated_by, tier, kind) VALUES"
	     " (1, 'Root', '1', 1, 'active', 0, 1, 0, 0, 0, 0, 'county', 'bureau')");
	must("INSERT INTO org (id, name, code, org, state, state_since, version, created, created_by, updated, updated_by, tier, kind, parent) VALUES"
	     " (50, 'Own', '50', 50, 'active', 0, 1, 0, 0, 0, 0, 'township', 'bureau', 1),"
	     " (51, 'Beside', '51', 51, 'active', 0, 1, 0, 0, 0, 0, 'township', 'bureau', 1)");
	must("INSERT INTO ward_subtree (ancestor, org) VALUES (1, 1), (1, 50), (1, 51), (50, 50), (51, 51)");
	for (int i = 0; i < 2; i++) {
		int id = 901 + i, org = i ? BESIDE : OWN;
		static const char *const rows[] = {
			"INSERT INTO ward_user (id, login, name, person, org, state, password_at, must_change, history, totp_step, recovery, lang,"
			" theme, directory, version, created, created_by, updated) VALUES (%d, 'u%d', 'U', 0, %d, 'active', 0, 0, '[]', 0, '[]', 'en', '', 0, 1, 0, 0, 0)",
			"INSERT INTO ward_session (id, user_id, digest, created, seen, expires, fresh_until, address, agent) VALUES (%d, %d, 'd%d', 0, 0, 9999999999, 0, '', '')",
			"INSERT INTO ward_token (id, user_id, name, digest, scope, created, expires, used) VALUES (%d, %d, 't', 'd%d', 'read', 0, 9999999999, 0)",
			"INSERT INTO ward_pair (id, action, kind, object, org, roles, payload, digest, summary, initiator, initiator_person, initiator_name,"
			" reason, created, expires, state) VALUES (%d, 'roles', 'user', %d, %d, 'security leader auditor', '', '', '', 7777, 7777, '', '', 0, 9999999999, 'open')",
			"INSERT INTO finding (id, number, org, state, state_since, version, created, created_by, updated, updated_by, title, source) VALUES"
			" (%d, 'F-%d', %d, 'open', 0, 1, 0, 0, 0, 0, 'x', 'check')",
			"INSERT INTO person (id, number, org, state, state_since, version, created, created_by, updated, updated_by, name) VALUES"
			" (%d, 'P-%d', %d, 'active', 0, 1, 0, 0, 0, 0, 'x')",
			"INSERT INTO incident (id, number, org, state, state_since, version, created, created_by, updated, updated_by) VALUES"
			" (%d, 'I-%d', %d, 'open', 0, 1, 0, 0, 0, 0)",
			"INSERT INTO notice (id, number, org, state, state_since, version, created, created_by, updated, updated_by) VALUES"
			" (%d, 'N-%d', %d, 'received', 0, 1, 0, 0, 0, 0)",
			"INSERT INTO ward_host (id, name, machine_id, org, seen) VALUES (%d, 'h%d', 'm%d', 0, 0)",
		};
		for (size_t k = 0; k < COUNT(rows); k++) {
			/* Which of the three numbers is the organisation depends on the row. */
			const char *text = k == 1 || k == 2 ? arena_printf(&api.arena, rows[k], id, id, id).p : arena_printf(&api.arena, rows[k], id, id, org).p;
			(void)sql(text);
		}
		(void)sql(arena_printf(&api.arena, "UPDATE ward_host SET org = %d WHERE id = %d", org, id).p);
	}
	for (size_t i = 0; i < COUNT(columns); i++)
		must(arena_printf(&api.arena,
		                  "INSERT INTO ward_user (id, login, name, person, org, state, password_at, must_change, history, totp_step, recovery,"
		                  " lang, theme, directory, version, created, created_by, updated) VALUES (%d, '%s.', 'U', 0, 50, 'active', 0, 0, '[]', 0,"
		                  " '[]', 'en', '', 0, 1, 0, 0, 0)",
		                  FIRST_USER + (int)i, columns[i]).p);
}

/* What earlier requests changed. */
static void put_back(void)
{
	must("UPDATE ward_session SET ended = NULL; UPDATE ward_token SET ended = NULL; UPDATE ward_pair SET state = 'open'");
	must("UPDATE ward_user SET state = 'active', must_change = 0, theme = '', lang = 'en', version = 1");
	must("DELETE FROM ward_attempt");
	must("UPDATE finding SET state = 'open', version = 1, withdrawn = NULL, files = NULL; UPDATE person SET version = 1");
}

static bool address_of(const struct route *route, bool beside, struct buf *out)
{
	const char *brace = strchr(route->path, '{');
	buf_clear(out);
	if (!brace) {
		buf_puts(out, route->path);
		return !beside;
	}
	for (size_t i = 0; i < COUNT(objects); i++) {
		const char *value = beside ? objects[i].beside : objects[i].own;
		if (!str_starts(str_from(route->path), objects[i].path))
			continue;
		if (!value)
			return false;
		const char *start = strchr(objects[i].path, '{');
		buf_add(out, (struct str){ route->path, (size_t)(start - objects[i].path) });
		buf_puts(out, value);
		/* Further parts: something harmless. */
		for (struct str rest = str_from(route->path + strlen(objects[i].path)), part; rest.n;) {
			ptrdiff_t open = str_find_char(rest, '{');
			part = str_slice(rest, 0, open < 0 ? rest.n : (size_t)open);
			buf_add(out, part);
			if (open < 0)
				break;
			buf_puts(out, "1");
			rest = str_slice(rest, (size_t)str_find_char(rest, '}') + 1, rest.n);
		}
		return true;
	}
	/* Others name their objects by {id}, which ours are in every table that has them. */
	for (const char *p = route->path; *p; p = *p == '{' ? strchr(p, '}') + 1 : p + 1)
		if (*p == '{')
			buf_puts(out, beside ? "902" : "901");
		else
			buf_add_char(out, *p);
	return true;
}

static struct actor actor_of(size_t column)
{
	const char *roles = column == TOKEN ? "security leader" : column < FIRST_ROLE ? "" : columns[column];
	struct actor actor = api_actor(&api, FIRST_USER + (int64_t)column, OWN, roles);
	actor.person = FIRST_USER + (int64_t)column;
	if (column == TOKEN) {
		actor.token = 1;
		actor.session = 0;
		actor.fresh_until = 0;
	}
	return actor;
}

static int status_of(const struct route *route, size_t column, const char *target)
{
	struct actor actor = actor_of(column);
	if (route->flags & ROUTE_STREAM) { /* it does not end; being let in is what is asked */
		struct exchange exchange;
		exchange_init(&exchange, &api.web);
		exchange.request.actor = column == NOBODY ? NULL : &actor;
		int r = exchange_begin(&exchange, route->method, str_from(target));
		r = r < 0 ? r : exchange_admit(&exchange, NULL);
		exchange_finish(&exchange);
		int status = r < 0 ? exchange.request.status : 200;
		exchange_done(&exchange);
		return status;
	}
	const char *body = route->method == METHOD_GET || route->method == METHOD_DELETE || route->flags & ROUTE_RAW ? NULL : "{}";
	const char *query = "";
	for (size_t i = 0; i < COUNT(sent); i++)
		if (sent[i].method == route->method && strcmp(sent[i].path, route->path) == 0) {
			query = sent[i].query;
			body = sent[i].body;
		}
	put_back();
	const char *address = arena_printf(&api.arena, "%s%s", target, query).p;
	bool workbook = str_ends(str_from(route->path), ".xlsx");
	if (workbook) /* libxlsxwriter keeps a few bytes for itself */
		__lsan_disable();
	int status = api_send(&api, column == NOBODY ? NULL : &actor, route->method, address, str_from(body),
	                      route->flags & ROUTE_RAW ? "application/octet-stream" : "application/json").status;
	if (workbook)
		__lsan_enable();
	return status;
}

static const char *word_of(int status)
{
	return status == 401 ? "login" : status == 403 ? "-" : status == 404 ? "404" : "yes";
}

static void add_line(struct buf *out, const struct route *route)
{
	BUF(target);
	bool any = false;
	buf_printf(out, "%s\t%s", method_names[route->method], route->path);
	address_of(route, false, &target);
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_printf(out, "\t%s", word_of(status_of(route, i, buf_cstr(&target))));
	buf_add_char(out, '\t');
	if (!address_of(route, true, &target)) {
		buf_puts(out, ".\n");
		return;
	}
	for (size_t i = 0; i < COUNT(columns); i++) {
		const char *word = word_of(status_of(route, i, buf_cstr(&target)));
		if (strcmp(word, "yes") == 0)
			buf_printf(out, "%s%s", any ? "," : "", columns[i]);
		any |= strcmp(word, "yes") == 0;
	}
	buf_puts(out, any ? "\n" : "-\n");
}

static int by_text(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	return str_compare(*x, *y);
}

static struct str table_now(void)
{
	VEC(struct str) lines = { 0 };
	BUF(out);
	for (size_t i = 0; route_lists[i]; i++)
		for (const struct route *route = route_lists[i]; route->path; route++) {
			BUF(line);
			add_line(&line, route);
			/* In the order of paths. */
			struct str text = arena_str(&api.arena, buf_str(&line));
			vec_push(&lines, text);
		}
	qsort(lines.p, lines.n, sizeof(*lines.p), by_text);
	buf_puts(&out, "method\tpath");
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_printf(&out, "\t%s", columns[i]);
	buf_puts(&out, "\tbeside\n");
	for (size_t i = 0; i < lines.n; i++)
		buf_add(&out, lines.p[i]);
	vec_done(&lines);
	return arena_str(&api.arena, buf_str(&out));
}

static struct str read_table(const char *path)
{
	BUF(text);
	char piece[4096];
	FILE *file = fopen(path, "r");
	if (!file)
		return STR("");
	for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;)
		buf_add(&text, (struct str){ piece, n });
	fclose(file);
	return arena_str(&api.arena, buf_str(&text));
}

static bool has_line(struct str table, struct str wanted)
{
	struct str line;
	while (str_line(&table, &line))
		if (str_eq(line, wanted))
			return true;
	return false;
}

static void every_route_as_everybody(void **state)
{
	(void)state;
	const char *path = WARD_SOURCE "/tests/access_matrix.tsv";
	api_open(&api);
	make_objects();
	struct str now = table_now(), reviewed = read_table(path), line;
	if (getenv("WARD_ACCESS_WRITE")) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fwrite(now.p, 1, now.n, file);
		fclose(file);
		reviewed = now;
	}
	int differ = 0;
	for (struct str rest = now; str_line(&rest, &line);)
		if (!has_line(reviewed, line) && ++differ)
			print_message("is now, and not in the table: %.*s\n", STR_ARG(line));
	for (struct str rest = reviewed; str_line(&rest, &line);)
		if (!has_line(now, line) && ++differ)
			print_message("is in the table, and not now: %.*s\n", STR_ARG(line));
	api_close(&api);
	if (differ)
		fail_msg("%d lines differ from tests/access_matrix.tsv (WARD_ACCESS_WRITE=1 writes it anew, to be looked at)", differ);
}

/* What holds whatever the table says. */
static void rules_of_the_table(void **state)
{
	(void)state;
	struct str rest, line;
	api_open(&api);
	rest = read_table(WARD_SOURCE "/tests/access_matrix.tsv");
	assert_true(str_line(&rest, &line));
	while (str_line(&rest, &line)) {
		struct str cells = line, cell[2 + COUNT(columns) + 1];
		for (size_t i = 0; i < COUNT(cell); i++)
			cell[i] = str_cut(&cells, '\t');
		bool open = false;
		for (size_t i = 0; route_lists[i]; i++)
			for (const struct route *route = route_lists[i]; route->path; route++)
				if (str_is(cell[0], method_names[route->method]) && str_is(cell[1], route->path))
					open = route->flags & ROUTE_OPEN;
		/* Nobody gets in where it is not open. */
		if (!open && !str_is(cell[2 + NOBODY], "login"))
			fail_msg("%.*s", STR_ARG(line));
		/* Nobody gets at what is beside. */
		if (!str_is(cell[2 + COUNT(columns)], "-") && !str_is(cell[2 + COUNT(columns)], "."))
			fail_msg("%.*s", STR_ARG(line));
	}
	api_close(&api);
}

/* What is named in a body, not in the path, is not reached either. */
static void objects_in_bodies(void **state)
{
	(void)state;
	api_open(&api);
	make_objects();
	for (size_t column = FIRST_ROLE; column < TOKEN; column++) {
		struct actor actor = actor_of(column);
		int status = api_post(&api, &actor, "/api/incidents/from", "{\"finding\":902}").status;
		if (status != 403 && status != 404)
			fail_msg("%s made an incident of a finding beside: %d", columns[column], status);
		struct api_answer answer = api_post(&api, &actor, "/api/records/finding/bulk", "{\"ids\":[902],\"withdraw\":true,\"reason\":\"x\"}");
		if (answer.status == 200 && str_find(answer.body, "\"ok\":true") >= 0)
			fail_msg("%s withdrew a finding beside", columns[column]);
		status = api_post(&api, &actor, "/api/records/finding", "{\"org\":51,\"values\":{\"title\":\"x\"}}").status;
		if (status == 200 || status == 201)
			fail_msg("%s made a finding beside", columns[column]);
		answer = api_get(&api, &actor, "/api/records/finding?f=org:eq:51");
		if (answer.status == 200 && api_at(&answer, "rows")->n)
			fail_msg("%s lists findings beside", columns[column]);
		answer = api_get(&api, &actor, "/api/journal?actor=902");
		if (answer.status == 200 && api_at(&answer, "rows")->n)
			fail_msg("%s reads the journal beside", columns[column]);
		answer = api_get(&api, &actor, "/api/posture?org=51");
		if (answer.status == 200 && api_int(&answer, "org.id") == BESIDE)
			fail_msg("%s sees how it stands beside", columns[column]);
		answer = api_post(&api, &actor, "/api/sql", "{\"sql\":\"SELECT id FROM finding WHERE org = 51\"}");
		if (answer.status == 200 && api_at(&answer, "rows") && api_at(&answer, "rows")->n)
			fail_msg("%s asks for findings beside by SQL", columns[column]);
		static const char *const secrets[] = { "SELECT password FROM ward_user", "SELECT totp FROM ward_user", "SELECT digest FROM ward_session",
			                               "SELECT payload FROM ward_pair", "SELECT value FROM ward_setting" };
		for (size_t i = 0; i < COUNT(secrets); i++)
			if (api_post(&api, &actor, "/api/sql", arena_printf(&api.arena, "{\"sql\":\"%s\"}", secrets[i]).p).status == 200)
				fail_msg("%s: %s", columns[column], secrets[i]);
	}
	api_close(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_as_everybody),
		cmocka_unit_test(rules_of_the_table),
		cmocka_unit_test(objects_in_bodies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
