/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Management checks over an office of many records: bench_management make|run|whole|pieces FILE
 *
 *	make     the tables of all registers in a new SQLite file, empty; bench_management.py fills them
 *	run      all checks once, as the server runs them: "<id> <verdict> <findings> <ms>" for each, then "all <CPU ms> <wall ms>"
 *	whole    findings of a check that finds 10,000 things, in an office that is empty but for its root: in one work,
 *	pieces   or as the server keeps them; "<wall ms> <longest wait of somebody who writes meanwhile, ms> <their writes>"
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/finding.h"
#include "case/management.h"
#include "crypto/digest.h"
#include "people/roles.h"
#include "register/tables.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "bench_management: %s\n", err->text);
	return 1;
}

static void print(const struct observations *seen)
{
	for (size_t i = 0; i < seen->n; i++)
		printf("%.*s %s %zu %.2f\n", STR_ARG(seen->p[i].check->id), verdict_names[seen->p[i].value], seen->p[i].n,
		       (double)seen->p[i].ns / 1e6);
}

/* ---- keeping what was found ---- */

enum { THINGS = 10000 };

struct beside {
	struct records *records;
	_Atomic bool over;
	int64_t longest;
	size_t n;
};

static int nothing(void *ctx, struct write *write, struct err *err)
{
	(void)ctx, (void)write, (void)err;
	return 0;
}

static void *write_beside(void *ctx)
{
	struct beside *beside = ctx;
	struct actor ward = actor_ward();
	while (!beside->over) {
		int64_t start = clock_monotonic_ns();
		beside->n += records_do(beside->records, &ward, nothing, NULL, NULL) == 0;
		beside->longest = MAX(beside->longest, clock_monotonic_ns() - start);
	}
	return NULL;
}

struct keeping {
	const struct cases *cases;
	struct observations seen;
	struct findings_done done;
};

static int keep_whole(void *ctx, struct write *write, struct err *err)
{
	struct keeping *keeping = ctx;
	return findings_update(write, keeping->cases, &keeping->seen, &keeping->done, err);
}

static int make_root(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	return db_run(write->db, "INSERT INTO org (name, org, state, state_since, version, created, created_by, updated, updated_by) VALUES"
	              " ('root', 1, 'active', 0, 1, 0, 0, 0, 0) ON CONFLICT DO NOTHING", err);
}

static int keep(bool whole, const struct content *content, struct records *records, const struct books *books, const struct check *check,
                struct err *err)
{
	ARENA(arena);
	struct laws *laws;
	struct cases cases;
	struct actor ward = actor_ward();
	struct observed *observed = ARENA_ARRAY(&arena, struct observed, THINGS);
	struct judged judged = { .check = check, .source = OBSERVED_MANAGEMENT, .value = VERDICT_FAIL, .p = observed, .n = THINGS };
	struct beside beside = { .records = records };
	pthread_t thread;
	for (size_t i = 0; i < THINGS; i++) {
		struct str json = arena_printf(&arena, "[{\"number\":\"A-%zu\"}]", i);
		observed[i] = (struct observed){ .subject = arena_printf(&arena, "A-%zu", i), .evidence_json = json,
			                         .evidence_sha256 = digest_hex(&arena, DIGEST_SHA256, json), .rows = 1, .found = 1 };
	}
	int r = laws_load(content, &laws, err);
	if (r == 0)
		r = cases_init(content, laws, STR("county"), STR_NONE, LANG_EN, &cases, err);
	if (r == 0)
		r = records_do(records, &ward, make_root, NULL, err);
	cases.books = books;
	struct keeping keeping = { .cases = &cases, .seen = { clock_now(), &judged, 1 } };
	if (r < 0 || pthread_create(&thread, NULL, write_beside, &beside) != 0)
		return r;
	int64_t start = clock_monotonic_ns();
	r = whole ? records_do(records, &ward, keep_whole, &keeping, err)
	          : findings_keep(&arena, records, &cases, &keeping.seen, &keeping.done, err);
	start = clock_monotonic_ns() - start;
	beside.over = true;
	pthread_join(thread, NULL);
	if (r == 0)
		printf("%.1f %.1f %zu %zu\n", (double)start / 1e6, (double)beside.longest / 1e6, beside.n, keeping.done.raised);
	return r;
}

int main(int argc, char **argv)
{
	ARENA(arena);
	struct err err = { "" };
	struct content content = CONTENT_EMBEDDED;
	struct roles *roles;
	struct registers *registers;
	struct records *records;
	struct checks checks;
	struct overview *overview;
	struct observations seen;
	if (argc != 3)
		return fail(&(struct err){ "make, run, whole or pieces, and a file, are needed" });
	const struct records_options options = { .where = str_from(argv[2]) };
	if (roles_load(&content, &roles, &err) < 0 || registers_load(&content, &roles->names, &registers, &err) < 0 ||
	    management_load(&arena, &content, &checks, &err) < 0 || records_open(&options, &records, &err) < 0)
		return fail(&err);
	if (strcmp(argv[1], "make") == 0) {
		if (registers_apply(records, registers, &err) < 0 || records_migrate(records, hosts_migrations, &err) < 0 ||
		    cases_migrate(records, &err) < 0)
			return fail(&err);
		records_close(records);
		return 0;
	}
	if (strcmp(argv[1], "run") != 0) {
		const struct books books = { .registers = registers, .roles = &roles->names };
		int r = keep(strcmp(argv[1], "whole") == 0, &content, records, &books, checks_find(&checks, STR("asset-unseen")), &err);
		records_close(records);
		return r < 0 ? fail(&err) : 0;
	}
	const struct overview_options view = { .registers = registers, .records = records, .where = options.where };
	int64_t cpu = clock_thread_ns(), wall = clock_monotonic_ns();
	if (overview_open(&view, &overview, &err) < 0 || management_run(&arena, overview, &checks, NULL, NULL, &seen, &err) < 0)
		return fail(&err);
	cpu = clock_thread_ns() - cpu;
	wall = clock_monotonic_ns() - wall;
	print(&seen);
	printf("all %.1f %.1f\n", (double)cpu / 1e6, (double)wall / 1e6);
	overview_close(overview);
	records_close(records);
	return 0;
}
