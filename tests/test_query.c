/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Tables in SQL: the authorizer, the index, keys, coverage, limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fact/query.h"
#include "fact/scan.h"

static struct root root;
static struct facts *facts;
static struct query *query;

static int setup(void **state)
{
	(void)state;
	const struct query_limits limits = { .rows = 1000 };
	assert_int_equal(root_open(&root, "/", NULL), 0);
	facts = facts_new(&root, NULL);
	assert_int_equal(query_open(facts, &limits, &query, NULL), 0);
	struct cell cells[3 * 40] = { 0 };
	size_t width = table_width(&table_arp);
	static const char *const rows[][4] = {
		{ "10.0.0.1", "aa:bb", "eth0", "reachable" },
		{ "10.0.0.2", "aa:cc", "eth0", "permanent" },
		{ "10.0.0.3", NULL, "eth1", "incomplete" },
	};
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++)
			cells[i * width + j] = cell_cstr(rows[i][j]);
	facts_give(facts, &table_arp, cells, 3, COVERAGE_COMPLETE, (struct note){ 0 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	query_close(query);
	facts_free(facts);
	root_close(&root);
	return 0;
}

static int first_int(const char *sql, int64_t *out, struct err *err)
{
	CLEANUP(statement_free_p) struct statement *statement = NULL;
	int r = query_prepare(query, str_from(sql), &statement, NULL, err);
	if (r == 0)
		r = statement_step(statement, err);
	if (r == 1)
		*out = cell_int_or(statement_value(statement, 0), -99);
	return r;
}

static void expect(const char *sql, int64_t wanted)
{
	struct err err = { "" };
	int64_t got = -1;
	int r = first_int(sql, &got, &err);
	if (r != 1 || got != wanted)
		fail_msg("%s: %d, %lld instead of %lld %s", sql, r, (long long)got, (long long)wanted, err.text);
}

static void test_rows(void **state)
{
	(void)state;
	expect("SELECT count(*) FROM arp", 3);
	expect("SELECT count(*) FROM arp WHERE interface = 'eth0'", 2);
	expect("SELECT count(*) FROM arp WHERE interface = 'ETH0'", 0);
	expect("SELECT count(*) FROM arp WHERE interface = 'ETH0' COLLATE NOCASE", 2);
	expect("SELECT count(*) FROM arp WHERE mac = NULL", 0);
	expect("SELECT count(*) FROM arp WHERE mac IS NULL", 1);
	expect("SELECT count(*) FROM arp a JOIN arp b ON a.interface = b.interface", 5);
	expect("SELECT count(*) FROM arp WHERE interface IN ('eth1', 'eth0', 'x')", 3);
	expect("SELECT count(*) FROM arp WHERE address = 5", 0);
	expect("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n", 55);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const hostile[] = {
		"DELETE FROM arp", "UPDATE arp SET mac = ''", "INSERT INTO arp VALUES (1,2,3,4)",
		"CREATE TABLE x(a)", "CREATE TEMP TABLE x(a)", "CREATE VIEW v AS SELECT 1", "DROP TABLE arp",
		"ATTACH '/tmp/x.db' AS x", "ATTACH ':memory:' AS x", "DETACH main", "PRAGMA journal_mode",
		"PRAGMA writable_schema = 1", "VACUUM INTO '/tmp/x.db'", "BEGIN", "SAVEPOINT a", "ANALYZE", "REINDEX",
		"SELECT load_extension('x')", "SELECT * FROM sqlite_master", "SELECT * FROM sqlite_schema",
		"SELECT * FROM pragma_database_list", "SELECT writefile('/tmp/x', 'y')", "SELECT readfile('/etc/passwd')",
		"EXPLAIN DELETE FROM arp", "SELECT * FROM nonesuch", "SELECT",
		"CREATE VIRTUAL TABLE x USING arp", "SELECT * FROM json_each('[1]'), sqlite_master",
	};
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct err err = { "" };
		struct statement *statement = NULL;
		int r = query_prepare(query, str_from(hostile[i]), &statement, NULL, &err);
		if (r >= 0)
			fail_msg("let through: %s", hostile[i]);
		assert_null(statement);
		assert_true(err.text[0]);
	}
}

static void test_tables_read(void **state)
{
	(void)state;
	struct statement *statement;
	size_t n;
	const char *sql = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM users JOIN groups USING (gid) WHERE uid = 77)"
	                  " AND (SELECT count(*) FROM arp) > 0 AND 1 = 2";
	assert_int_equal(query_prepare(query, str_from(sql), &statement, NULL, NULL), 0);
	const struct table *const *read = statement_tables(statement, &n);
	assert_int_equal(n, 3);
	unsigned seen = 0;
	for (size_t i = 0; i < n; i++)
		seen |= read[i] == &table_users ? 1 : read[i] == &table_groups ? 2 : read[i] == &table_arp ? 4 : 8;
	assert_int_equal(seen, 7);
	statement_free(statement);
}

static void test_limits(void **state)
{
	(void)state;
	struct err err = { "" };
	int64_t value;
	const struct query_limits short_limits = { .deadline_ns = 300 * 1000000 };
	struct query *whole = query;
	assert_int_equal(query_open(facts, &short_limits, &query, NULL), 0);
	int64_t start = clock_monotonic_ns();
	int r = first_int("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
	                  &value, &err);
	assert_int_equal(r, -ETIME);
	assert_true(clock_monotonic_ns() - start < 30 * (int64_t)1000000000);
	query_close(query);
	query = whole;

	struct statement *statement;
	size_t rows = 0;
	assert_int_equal(query_prepare(query,
	        STR("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i FROM n"),
	        &statement, NULL, &err), 0);
	while ((r = statement_step(statement, &err)) == 1)
		rows++;
	assert_int_equal(r, -E2BIG);
	assert_int_equal(rows, 1000);
	statement_free(statement);
}

static void test_keys(void **state)
{
	(void)state;
	struct err err = { "" };
	int64_t value;
	expect("SELECT count(*) FROM file WHERE path = '/etc/passwd'", 1);
	expect("SELECT count(*) FROM (SELECT '/etc/passwd' AS p UNION SELECT '/etc') x JOIN file f ON f.path = x.p", 2);
	assert_true(first_int("SELECT count(*) FROM file", &value, &err) < 0);
	assert_non_null(strstr(err.text, "path"));
	expect("SELECT count(*) FROM coverage WHERE table_name = 'file' AND status = 'complete'", 1);
}

static void test_once(void **state)
{
	(void)state;
	/* The same moment for all: a table is taken once. */
	const struct rows *first = facts_table(facts, &table_users);
	expect("SELECT count(*) > 0 FROM users", 1);
	assert_ptr_equal(first, facts_table(facts, &table_users));
}

static void test_no_system(void **state)
{
	(void)state;
	char empty[] = "/tmp/ward-query-XXXXXX";
	struct root nothing;
	assert_non_null(mkdtemp(empty));
	assert_int_equal(root_open(&nothing, empty, NULL), 0);
	const struct facts_options options = { .deep = true };
	struct facts *none = facts_new(&nothing, &options);
	for (size_t i = 0; tables[i]; i++) {
		if (tables[i]->flags & TABLE_FRESH)
			continue;
		const struct facts_key key = { "path", KEY_EQUAL, STR("/etc/passwd") };
		const struct rows *rows = table_is_keyed(tables[i]) ? facts_part(none, tables[i], COLUMNS_ALL, &key, 1)
		                                                    : facts_table(none, tables[i]);
		if (rows->coverage != COVERAGE_UNAVAILABLE || rows->n || !rows->reason.english)
			fail_msg("table %s claims to see an empty directory", tables[i]->name);
	}
	facts_free(none);
	root_close(&nothing);
	assert_int_equal(remove(empty), 0);
}

static void test_registry(void **state)
{
	(void)state;
	for (size_t i = 0; tables[i]; i++) {
		const struct table *table = tables[i];
		assert_ptr_equal(table_find(str_from(table->name)), table);
		assert_true(table->doc && table->doc[0] && table->sources[0] && table->scan);
		assert_true(table_width(table) > 0 && table_width(table) < COUNT(table->columns));
		for (const struct column *column = table->columns; column->name; column++) {
			if (!column->doc || strlen(column->doc) < 3)
				fail_msg("%s.%s says nothing about itself", table->name, column->name);
			for (const struct column *other = column + 1; other->name; other++)
				assert_string_not_equal(column->name, other->name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_refused), cmocka_unit_test(test_tables_read),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_keys),    cmocka_unit_test(test_once),
		cmocka_unit_test(test_no_system), cmocka_unit_test(test_registry),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
