/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Lists and records out of many: bench_registers make|run FILE
 *
 *	make   the tables of all registers in a new SQLite file and a tree of 1 city, 100 counties, 10,000 townships; the findings are filled in
 *	       by bench_registers.py
 *	run    each question ROUNDS times, as a handler answers it, JSON and all: "<what> <median µs> <p99 µs> <rows> <bytes>", CPU time of the
 *	       thread
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "people/roles.h"
#include "register/list.h"
#include "register/org.h"
#include "register/tables.h"

enum { ROUNDS = 300 };

static int fail(const struct err *err)
{
	fprintf(stderr, "bench_registers: %s\n", err->text);
	return 1;
}

static int fill_orgs(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	int r = db_run(write->db,
	               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10101) "
	               "INSERT INTO org (id, org, state, state_since, version, created, created_by, updated, updated_by, name, code, parent) "
	               "SELECT i, i, 'active', 0, 1, 0, 0, 0, 0, 'Office ' || i, i, "
	               "CASE WHEN i = 1 THEN NULL WHEN i <= 101 THEN 1 ELSE 2 + (i - 102) / 100 END FROM n",
	               err);
	return r < 0 ? r : org_rebuild(write, err);
}

struct bench {
	struct records *records;
	struct books books;
	const struct register_ *reg;
	struct err err;
};

struct question {
	const char *what;
	int64_t org; /* 1: all */
	const char *filters[3], *sort, *q;
	int pages; /* gone through before the one that is measured */
};

static int order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The CPU time of one answer; *n rows, *bytes of JSON. */
static int64_t ask(struct bench *bench, const struct question *question, int64_t org, size_t *n, size_t *bytes)
{
	ARENA(arena);
	BUF(out);
	struct db *db;
	struct actor actor = { .id = 7, .person = 77, .org = org, .whole = org == 1, .roles = UINT64_MAX };
	struct str filters[3];
	struct list_query query = { .filters = { filters, 0 }, .sort = str_from(question->sort), .q = str_from(question->q) };
	struct list_page page = { 0 };
	struct strings all = { 0 };
	for (size_t i = 0; i < COUNT(question->filters) && question->filters[i]; i++)
		filters[query.filters.n++] = str_from(question->filters[i]);
	int64_t start = 0;
	for (int i = 0; i <= question->pages; i++) {
		start = clock_thread_ns();
		query.after = page.next;
		if (records_read(bench->records, &db, &bench->err) < 0 || list_read(&arena, db, &bench->books, &actor, bench->reg, &query, &page, &bench->err) < 0 ||
		    list_put(&arena, db, &bench->books, &actor, bench->reg, &page, &all, &out, &bench->err) < 0)
			exit(fail(&bench->err));
		records_read_end(bench->records, db);
	}
	*n = page.n;
	*bytes = out.n;
	return clock_thread_ns() - start;
}

static int64_t get(struct bench *bench, int64_t id, size_t *bytes)
{
	ARENA(arena);
	BUF(out);
	struct db *db;
	struct actor actor = { .id = 7, .org = 1, .whole = true, .roles = UINT64_MAX };
	int64_t start = clock_thread_ns();
	if (records_read(bench->records, &db, &bench->err) < 0 || record_get(&arena, db, &bench->books, &actor, bench->reg, id, &out, &bench->err) < 0)
		exit(fail(&bench->err));
	records_read_end(bench->records, db);
	*bytes = out.n;
	return clock_thread_ns() - start;
}

static void print(const char *what, int64_t *times, size_t n, size_t rows, size_t bytes)
{
	qsort(times, n, sizeof(*times), order);
	printf("%s\t%lld\t%lld\t%zu\t%zu\n", what, (long long)times[n / 2] / 1000, (long long)times[n * 99 / 100] / 1000, rows, bytes);
}

static void run(struct bench *bench)
{
	static const struct question questions[] = {
		{ "all, two states, by due", 1, { "state:in:open,issued" }, "-due", NULL, 0 },
		{ "all, grade, by change, page 5", 1, { "severity:eq:critical" }, "-updated", NULL, 4 },
		{ "all, state and month, by due", 1, { "state:eq:fixing", "due:ge:2026-06-01", "due:lt:2026-07-01" }, "due", NULL, 0 },
		{ "county of 10,000, state, by due", 5, { "state:eq:open" }, "due", NULL, 0 },
		{ "township of 100, by change", 500, { NULL }, "-updated", NULL, 0 },
		{ "all, one person, by due", 1, { "responsible:eq:me" }, "-due", NULL, 0 },
		{ "all, a number", 1, { "number:eq:WT-2026-00077" }, "-updated", NULL, 0 },
	};
	static int64_t times[ROUNDS];
	size_t rows = 0, bytes = 0;
	for (size_t i = 0; i < COUNT(questions); i++) {
		for (int k = 0; k < ROUNDS; k++)
			times[k] = ask(bench, &questions[i], questions[i].org, &rows, &bytes);
		int64_t first = times[0];
		print(questions[i].what, times, ROUNDS, rows, bytes);
		fprintf(stderr, "%s: the first took %lld us\n", questions[i].what, (long long)first / 1000);
	}
	for (int k = 0; k < ROUNDS; k++)
		times[k] = get(bench, 1 + (int64_t)k * 3301, &bytes);
	print("by id", times, ROUNDS, 1, bytes);
	const struct question search = { "words in the title", 1, { NULL }, "-updated", "77777", 0 };
	for (int k = 0; k < 3; k++)
		times[k] = ask(bench, &search, 1, &rows, &bytes);
	fprintf(stderr, "%s: the first took %lld us\n", search.what, (long long)times[0] / 1000);
	print(search.what, times, 3, rows, bytes);
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };
	struct content content = CONTENT_EMBEDDED;
	struct roles *roles;
	struct registers *registers;
	struct actor ward = actor_ward();
	struct err err = { "" };
	if (argc != 3)
		return fail(&(struct err){ "make or run, and a file, are needed" });
	const struct records_options options = { .where = str_from(argv[2]) };
	if (roles_load(&content, &roles, &err) < 0 || registers_load(&content, &roles->names, &registers, &err) < 0 ||
	    records_open(&options, &bench.records, &err) < 0)
		return fail(&err);
	bench.books = (struct books){ .registers = registers, .roles = &roles->names };
	bench.reg = registers_find(registers, STR("finding"));
	if (strcmp(argv[1], "make") == 0) {
		if (registers_apply(bench.records, registers, &err) < 0 || records_do(bench.records, &ward, fill_orgs, NULL, &err) < 0)
			return fail(&err);
	} else {
		run(&bench);
	}
	records_close(bench.records);
	return 0;
}
