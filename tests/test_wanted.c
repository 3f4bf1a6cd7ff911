/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Columns that are wanted: what a scan leaves out must change nothing else. Every table is taken from
 * each of its fixtures once whole and once for each of its columns alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fact/query.h"
#include "fact/scan.h"

static struct facts *facts_at(struct root *root, const char *path)
{
	const struct facts_options options = { .deep = true };
	struct err err = { "" };
	if (root_open(root, path, &err) < 0)
		fail_msg("%s", err.text);
	struct facts *facts = facts_new(root, &options);
	facts_set_now(facts, 1760000000);
	return facts;
}

static bool cells_equal(struct cell a, struct cell b)
{
	return cell_is_text(a) || cell_is_text(b) ? str_eq(cell_str(a), cell_str(b)) && !a.p == !b.p
	                                          : a.p == b.p && (!a.p || a.i == b.i);
}

/* False: this table's scan does not ask what is wanted, and leaves nothing out. */
static bool compare(const char *path, const struct table *table, const struct rows *whole, size_t column)
{
	struct root root;
	struct facts *facts = facts_at(&root, path);
	const struct rows *alone = facts_columns(facts, table, ROWS_ONLY | UINT64_C(1) << column);
	bool chose = alone->columns != COLUMNS_ALL;
	if (alone->n != whole->n)
		fail_msg("%s: %s.%s alone: %zu rows, else %zu", path, table->name, table->columns[column].name, alone->n,
		         whole->n);
	for (size_t i = 0; chose && i < whole->n; i++)
		if (!cells_equal(rows_at(alone, i)[column], rows_at(whole, i)[column]))
			fail_msg("%s: row %zu: %s.%s alone differs", path, i, table->name, table->columns[column].name);
	if (rows_coverage(alone, ROWS_ONLY | UINT64_C(1) << column, NULL) !=
	    rows_coverage(whole, ROWS_ONLY | UINT64_C(1) << column, NULL))
		fail_msg("%s: %s.%s alone: other coverage", path, table->name, table->columns[column].name);
	facts_free(facts);
	root_close(&root);
	return chose;
}

static void test_each_column_alone(void **state)
{
	(void)state;
	ARENA(arena);
	struct root here;
	struct str *names;
	size_t count, compared = 0;
	assert_int_equal(root_open(&here, WARD_SOURCE "/tests/tables", NULL), 0);
	assert_int_equal(root_list(&here, "/", &arena, &names, &count), 0);
	for (size_t i = 0; i < count; i++) {
		struct str rest = names[i];
		const struct table *table = table_find(str_cut(&rest, '-'));
		struct stat st;
		const char *path = arena_printf(&arena, WARD_SOURCE "/tests/tables/%.*s/root", STR_ARG(names[i])).p;
		if (!table || table_is_keyed(table) || stat(path, &st) < 0)
			continue;
		struct root root;
		struct facts *facts = facts_at(&root, path);
		const struct rows *whole = facts_table(facts, table);
		for (size_t column = 0; column < whole->width && compare(path, table, whole, column); column++)
			compared++;
		facts_free(facts);
		root_close(&root);
	}
	root_close(&here);
	assert_true(compared > 100);
}

static void test_needs_name_columns(void **state)
{
	(void)state;
	for (size_t i = 0; tables[i]; i++)
		for (const struct table_need *need = tables[i]->needs; need->table; need++) {
			const struct table *const of[] = { need->table, tables[i] };
			const char *const lists[] = { need->columns, need->by ? need->by : "" };
			for (size_t j = 0; j < 2; j++) {
				struct str rest = str_from(lists[j]);
				int words = 0;
				while (str_word(&rest).n)
					words++;
				if (__builtin_popcountll(table_columns(of[j], lists[j]) & ~ROWS_ONLY) != words)
					fail_msg("%s needs of %s: %s", tables[i]->name, of[j]->name, lists[j]);
			}
		}
}

/* What queries want is known before the first table is taken, also through other tables. */
static void test_wanted_before_taken(void **state)
{
	(void)state;
	static const char *const queries[] = {
		"SELECT name FROM processes", "SELECT count(*) FROM listening",
		"SELECT p.cwd FROM processes p JOIN listening USING (pid)", "SELECT uid FROM processes",
		/* the columns of USING and NATURAL are told to nobody but the plan */
		"SELECT count(*) FROM processes a JOIN processes b USING (cgroup_path)",
	};
	struct root root;
	struct facts *facts = facts_at(&root, WARD_SOURCE "/tests/tables/processes/root");
	struct query *query;
	struct statement *statements[COUNT(queries)];
	struct err err = { "" };
	assert_int_equal(query_open(facts, NULL, &query, &err), 0);
	for (size_t i = 0; i < COUNT(queries); i++)
		assert_int_equal(query_prepare(query, str_from(queries[i]), &statements[i], NULL, &err), 0);
	const struct rows *rows = facts_columns(facts, &table_processes, ROWS_ONLY);
	uint64_t wanted = table_columns(&table_processes, "pid name path net_namespace cwd uid cgroup_path");
	assert_int_equal(rows->columns, wanted);
	size_t cmdline = (size_t)__builtin_ctzll(table_columns(&table_processes, "cmdline"));
	for (size_t i = 0; i < rows->n; i++)
		assert_null(rows_at(rows, i)[cmdline].p);
	for (size_t i = 0; i < COUNT(queries); i++) {
		int r;
		while ((r = statement_step(statements[i], &err)) == 1)
			;
		if (r < 0)
			fail_msg("%s: %s", queries[i], err.text);
		statement_free(statements[i]);
	}
	assert_ptr_equal(facts_columns(facts, &table_processes, wanted), rows);
	/* One that nobody had asked for: taken anew, and the old rows stay as they were. */
	const struct rows *anew = facts_columns(facts, &table_processes, table_columns(&table_processes, "cmdline"));
	assert_ptr_not_equal(anew, rows);
	assert_int_equal(anew->n, rows->n);
	assert_non_null(rows_at(anew, 0)[cmdline].p);
	assert_ptr_equal(facts_columns(facts, &table_processes, wanted), anew);
	query_close(query);
	facts_free(facts);
	root_close(&root);
}

/* Not to see one column is nothing to a query that reads others. */
static void test_gaps(void **state)
{
	(void)state;
	struct root root;
	struct facts *facts = facts_at(&root, WARD_SOURCE "/tests/tables/processes/root");
	struct note why = { 0 };
	facts_give(facts, &table_processes, NULL, 0, COVERAGE_PARTIAL, NOTE("hidden"));
	const struct rows *rows = facts_table(facts, &table_processes);
	assert_int_equal(rows_coverage(rows, ROWS_ONLY, &why), COVERAGE_PARTIAL);
	assert_string_equal(why.english, "hidden");
	struct gap gap = { .columns = table_columns(&table_processes, "path") & ~ROWS_ONLY, .why = NOTE("refused") };
	struct rows some = { .table = &table_processes, .coverage = COVERAGE_PARTIAL,
	                     .gaps = { .p = &gap, .n = 1 } };
	assert_int_equal(rows_coverage(&some, table_columns(&table_processes, "name pid"), &why), COVERAGE_COMPLETE);
	assert_int_equal(rows_coverage(&some, table_columns(&table_processes, "name path"), &why), COVERAGE_PARTIAL);
	assert_string_equal(why.english, "refused");
	some.coverage = COVERAGE_UNAVAILABLE;
	assert_int_equal(rows_coverage(&some, ROWS_ONLY, &why), COVERAGE_UNAVAILABLE);
	facts_free(facts);
	root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_column_alone), cmocka_unit_test(test_needs_name_columns),
		cmocka_unit_test(test_wanted_before_taken), cmocka_unit_test(test_gaps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
