/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Management checks over an office of many records: bench_management make|run FILE
 *
 *	make   the tables of all registers in a new SQLite file, empty; bench_management.py fills them
 *	run    all checks once, as the server runs them: "<id> <verdict> <findings> <ms>" for each, then "all <CPU ms> <wall ms>"
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/clock.h"
#include "case/management.h"
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
		return fail(&(struct err){ "make or run, and a file, are needed" });
	const struct records_options options = { .where = str_from(argv[2]) };
	if (roles_load(&content, &roles, &err) < 0 || registers_load(&content, &roles->names, &registers, &err) < 0 ||
	    management_load(&arena, &content, &checks, &err) < 0 || records_open(&options, &records, &err) < 0)
		return fail(&err);
	if (strcmp(argv[1], "make") == 0) {
		if (registers_apply(records, registers, &err) < 0 || records_migrate(records, hosts_migrations, &err) < 0 ||
		    records_migrate(records, case_migrations, &err) < 0)
			return fail(&err);
		records_close(records);
		return 0;
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
