/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What an attacker types: every parameter of every list and every member of every body gets what it is not made for. Nothing breaks
 * inside (500), nothing is found that a harmless value would not find, and nothing is changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api.h"
#include "base/vec.h"

static struct api api;
static struct actor attacker;

#define ROLES "security leader officer duty verifier"

/* As they stand in an address; the first ones would all find something if they became part of a statement. */
static const char *const values[] = {
	"%27%20OR%201%3D1--", "%22%20OR%20%221%22%3D%221", "0%29%20OR%20%281%3D1", "%27", "%22", "%60", "%3BDROP%20TABLE%20person",
	"(SELECT%20password%20FROM%20ward_user)", "%00", "a%00b", "%01", "%ff%fe", "%ed%a0%80", "%f0%9f%99%88", "%25", "_", "!", "%5c",
	"..%2f..%2fetc%2fpasswd", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "99999999999999999999999999",
	"1e999", "nan", "0x10", "null", "true", "%5b", "%7b%22", ",,,,", ":", "a:b:c", "today-99999", "today%2B99999", "today-", "2026-02-30",
	"9999-12-31", "0000-00-00", "me", "now", "", "%",
};

static void harmless(const struct api_answer *answer, const char *method, const char *target)
{
	if (answer->status >= 500 || answer->status == 0)
		fail_msg("%s %s: %d %.*s", method, target, answer->status, STR_ARG(str_slice(answer->body, 0, 300)));
}

static struct api_answer look(const char *target)
{
	struct api_answer answer = api_get(&api, &attacker, target);
	harmless(&answer, "GET", target);
	return answer;
}

static void begin(void)
{
	api_open(&api);
	attacker = api_actor(&api, 1, 1, ROLES);
	attacker.whole = true;
	struct api_answer answer = api_post(&api, &attacker, "/api/records/person", "{\"values\":{\"name\":\"Zhang\",\"phone\":\"13800000000\"}}");
	assert_int_equal(answer.status, 201);
}

static int64_t journal_entries(void)
{
	struct db *db;
	struct err err;
	int64_t n = -1;
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	struct db_query q = { 0 };
	assert_int_equal(db_query(&q, db, "SELECT count(*) FROM ward_journal", &err), 0);
	if (db_step(&q, &err) == 1)
		n = db_int(&q, 0);
	db_query_done(&q);
	records_read_end(api.office.records, db);
	return n;
}

/* ---- lists ---- */

static void filters_of(const struct register_ *reg, const char *field)
{
	static const char *const operators[] = { "eq", "ne", "lt", "ge", "in", "has", "empty", "%27" };
	for (size_t k = 0; k < COUNT(operators); k++)
		for (size_t i = 0; i < COUNT(values); i++) {
			struct arena arena = { 0 };
			const char *target = arena_printf(&arena, "/api/records/%.*s?limit=1&f=%s:%s:%s", STR_ARG(reg->name), field, operators[k], values[i]).p;
			struct api_answer answer = look(target);
			/* An injected "or true" would find what is there. */
			if (answer.status == 200 && i < 3 && (k == 0 || k == 4) && api_at(&answer, "rows")->n)
				fail_msg("%s found something", target);
			arena_done(&arena);
		}
}

static void filters_and_orders(void **state)
{
	static const char *const system[] = { "id", "number", "org", "state", "version", "created", "withdrawn", "updated_by" };
	static const char *const parameters[] = { "q", "sort", "limit", "after", "withdrawn", "view", "columns", "org", "f", "f=state" };
	(void)state;
	begin();
	int64_t before = journal_entries();
	for (size_t r = 0; r < api.office.registers->n; r++) {
		const struct register_ *reg = &api.office.registers->p[r];
		/* Of each register one field of each type: the way goes by the type. */
		bool tried[64] = { false };
		for (size_t f = 0; f < reg->fields.n; f++) {
			const struct field *field = &((const struct field *)reg->fields.p)[f];
			size_t kind = (size_t)field->type * 2 + (field->sensitive != 0);
			assert_true(kind < COUNT(tried));
			if (!tried[kind] && (r % 6 == 0 || str_is(reg->name, "person")))
				filters_of(reg, arena_cstr(&api.arena, field->name));
			tried[kind] = true;
			look(arena_printf(&api.arena, "/api/records/%.*s?limit=1&sort=-%.*s", STR_ARG(reg->name), STR_ARG(field->name)).p);
			look(arena_printf(&api.arena, "/api/records/%.*s?limit=1&f=%.*s:eq:%s", STR_ARG(reg->name), STR_ARG(field->name), values[0]).p);
		}
		for (size_t p = 0; p < COUNT(parameters); p++)
			for (size_t i = 0; i < COUNT(values); i++)
				look(arena_printf(&api.arena, "/api/records/%.*s?%s=%s", STR_ARG(reg->name), parameters[p], values[i]).p);
	}
	for (size_t f = 0; f < COUNT(system); f++)
		filters_of(registers_find(api.office.registers, STR("person")), system[f]);
	assert_int_equal(journal_entries(), before);
	api_close(&api);
}

/* ---- every other question ---- */

static const char *address(const struct route *route, const char *value)
{
	BUF(out);
	for (const char *p = route->path; *p; p = *p == '{' ? strchr(p, '}') + 1 : p + 1)
		if (*p != '{')
			buf_add_char(&out, *p);
		else if (value)
			buf_puts(&out, value);
		else
			buf_puts(&out, str_starts(str_from(p), "{register}") ? "person" : "1");
	return arena_cstr(&api.arena, buf_str(&out));
}

static void every_parameter(void **state)
{
	(void)state;
	begin();
	for (size_t l = 0; route_lists[l]; l++)
		for (const struct route *route = route_lists[l]; route->path; route++) {
			if (route->method != METHOD_GET || route->flags & ROUTE_STREAM || str_ends(str_from(route->path), ".xlsx"))
				continue;
			struct str names = str_from(route->query ? route->query : "");
			for (struct str name = str_word(&names); name.n; name = str_word(&names))
				for (size_t i = 0; i < COUNT(values); i++)
					look(arena_printf(&api.arena, "%s?%.*s=%s", address(route, NULL), STR_ARG(name), values[i]).p);
			if (strchr(route->path, '{'))
				for (size_t i = 0; i < COUNT(values); i++)
					if (*values[i])
						look(address(route, values[i]));
		}
	api_close(&api);
}

/* ---- bodies ---- */

static const char *const members[] = { "null", "true", "-1", "0", "9223372036854775807", "1e308", "0.5", "\"\"", "\"x\"", "\"' OR 1=1--\"", "\"\\u0000\"",
	                               "\"\\u202e<img src=x onerror=alert(1)>\"", "[]", "{}", "[[[[]]]]", "[null]", "{\"a\":{\"b\":[]}}", "[1,1,1]", "[\"x\"]" };
static const char *const bodies[] = { "", "null", "[]", "\"x\"", "1", "{", "{}", "{\"a\":1}", "{\"version\":1}", "{\"\":\"\"}", "\xff\xfe{}", "{\"version\":1,\"version\":2}" };

static void post(const struct route *route, const char *body)
{
	const char *target = address(route, NULL);
	struct api_answer answer = api_call(&api, &attacker, route->method, target, body);
	if (answer.status >= 500 || answer.status == 0)
		fail_msg("%s %s %s: %d %.*s", method_names[route->method], target, body, answer.status, STR_ARG(str_slice(answer.body, 0, 300)));
}

static void every_member(void **state)
{
	/* Those of all routes, and of what lies below them: a member that a route does not know is refused before the others are looked at,
	 * so each is sent alone, and with what most of them need. */
	static const char *const names[] = { "version", "values", "reason", "ids", "transition", "name", "login", "password", "code", "token", "org_name", "kind",
		                             "old", "new", "lang", "theme", "field", "sql", "roles", "scope", "expires", "person", "org", "register", "query",
		                             "inputs", "receipt", "detection", "finding", "orgs", "skip_bad", "withdraw", "text", "time", "items", "at" };
	(void)state;
	begin();
	for (size_t l = 0; route_lists[l]; l++)
		for (const struct route *route = route_lists[l]; route->path; route++) {
			if (route->method == METHOD_GET || route->flags & ROUTE_RAW)
				continue;
			for (size_t i = 0; i < COUNT(bodies); i++)
				post(route, bodies[i]);
			for (size_t n = 0; n < COUNT(names); n++)
				for (size_t i = 0; i < COUNT(members); i++) {
					struct arena arena = { 0 };
					post(route, arena_printf(&arena, "{\"%s\":%s}", names[n], members[i]).p);
					arena_done(&arena);
				}
		}
	api_close(&api);
}

/* Every field of every register, as JSON that it is not made for: refused with its name, or taken as what it is. */
static void every_field(void **state)
{
	(void)state;
	begin();
	for (size_t r = 0; r < api.office.registers->n; r++) {
		const struct register_ *reg = &api.office.registers->p[r];
		const char *target = arena_printf(&api.arena, "/api/records/%.*s", STR_ARG(reg->name)).p;
		for (size_t f = 0; f < reg->fields.n; f++) {
			struct str name = ((const struct field *)reg->fields.p)[f].name;
			for (size_t i = 0; i < COUNT(members); i++) {
				struct api_answer answer = api_post(&api, &attacker, target,
				                                    arena_printf(&api.arena, "{\"values\":{\"%.*s\":%s}}", STR_ARG(name), members[i]).p);
				if (answer.status >= 500 || answer.status == 0)
					fail_msg("%s %.*s %s: %d %.*s", target, STR_ARG(name), members[i], answer.status, STR_ARG(str_slice(answer.body, 0, 300)));
			}
		}
	}
	api_close(&api);
}

/* ---- SQL ---- */

static struct api_answer ask(const char *sql)
{
	BUF(body);
	buf_puts(&body, "{\"sql\":");
	json_add_string(&body, str_from(sql));
	buf_add_char(&body, '}');
	return api_post(&api, &attacker, "/api/sql", arena_cstr(&api.arena, buf_str(&body)));
}

static void sql_stays_in_its_cage(void **state)
{
	static const char *const refused[] = {
		"SELECT fts3_tokenizer('simple')", /* an address of the process; with two arguments, what is called there */
		"SELECT fts3_tokenizer('simple', x'4141414141414141')", "SELECT load_extension('/lib/x.so')", "SELECT readfile('/etc/passwd')",
		"SELECT printf('%.2147483647c', 'x')", "SELECT format('%.*c', 2147483647, 'x')", "SELECT PRINTF('x')", "ATTACH '/etc/passwd' AS x",
		"PRAGMA table_info(ward_user)", "SELECT * FROM pragma_database_list", "SELECT * FROM pragma_table_info('ward_user')",
		"SELECT * FROM sqlite_master", "SELECT * FROM sqlite_temp_schema", "SELECT * FROM temp.ward_user", "SELECT * FROM main.ward_user",
		"SELECT count(*) FROM ward_journal", "SELECT 1 FROM person JOIN ward_user USING (id)", "SELECT * FROM person NATURAL JOIN ward_session",
		"SELECT phone FROM person", "SELECT phone_index FROM person", "SELECT withdrawn FROM person", "VACUUM INTO '/tmp/x'", "EXPLAIN SELECT * FROM ward_user",
		"SELECT 1; SELECT 2", "DELETE FROM person", "CREATE TABLE x(y)", "BEGIN", "REINDEX", "SELECT * FROM dbstat", "SELECT zeroblob(100000000)",
		"SELECT hex(zeroblob(60000000))",
	};
	(void)state;
	begin();
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct api_answer answer = ask(refused[i]);
		if (answer.status != 422)
			fail_msg("%s: %d %.*s", refused[i], answer.status, STR_ARG(str_slice(answer.body, 0, 300)));
	}
	/* What is large is sorted, not refused; what is too large takes no memory from others. */
	assert_int_equal(ask("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 400000) SELECT n FROM t ORDER BY hex(n) LIMIT 1").status, 200);
	struct api_answer answer = ask("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 2000), u AS MATERIALIZED"
	                               " (SELECT zeroblob(800000) || n h FROM t) SELECT count(DISTINCT h) FROM u");
	assert_int_equal(answer.status, 422);
	assert_true(str_find(answer.body, "too much memory") >= 0);
	assert_int_equal(ask("SELECT count(*) FROM person").status, 200);
	api_close(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_and_orders),
		cmocka_unit_test(every_parameter),
		cmocka_unit_test(every_member),
		cmocka_unit_test(every_field),
		cmocka_unit_test(sql_stays_in_its_cage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
