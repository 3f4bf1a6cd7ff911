/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_office: an office with records of its own in a temporary folder (in memory where there is /dev/shm), for fuzzers of what reaches
 * it from outside. One for the process; made anew after OFFICE_TURNS inputs, so that what they left does not slow the next ones down.
 */
#ifndef WARD_FUZZ_FUZZ_OFFICE_H
#define WARD_FUZZ_FUZZ_OFFICE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/office.h"
#include "base/clock.h"
#include "case/detections.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "register/import_job.h"
#include "register/tables.h"
#include "web/exchange.h"

enum { OFFICE_TURNS = 3000 };

/* What only the locked pool points to, the search for leaks does not see. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_OFFICE_ASAN
#endif
#endif
#ifdef FUZZ_OFFICE_ASAN
#include <sanitizer/lsan_interface.h>
#define UNSEEN(call) (__lsan_disable(), (call), __lsan_enable())
#else
#define UNSEEN(call) (call)
#endif

struct fuzz_office {
	char dir[64];
	struct arena arena;
	struct office office;
	struct router *router;
	struct web web;
	struct register_hook hooks[CASE_HOOKS + 1];
	unsigned turns;
	bool open;
};

static inline void must(int result, const struct err *err)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s (%d)\n", err->text, result);
	abort();
}

static int fuzz_office_remove_one(const char *path, const struct stat *what, int kind, struct FTW *place)
{
	(void)what, (void)kind, (void)place;
	return remove(path);
}

static inline void fuzz_office_close(struct fuzz_office *it)
{
	if (!it->open)
		return;
	import_jobs_free(it->office.imports);
	records_close(it->office.records);
	people_close(it->office.people);
	vault_close(it->office.vault);
	registers_free(it->office.registers);
	laws_free(it->office.laws);
	router_free(it->router);
	roles_free(it->office.roles);
	content_close(&it->office.content);
	arena_done(&it->arena);
	nftw(it->dir, fuzz_office_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	it->open = false;
}

static void fuzz_office_failed(void *ctx, const char *number, const struct request *request, const struct err *err)
{
	(void)ctx, (void)number;
	fprintf(stderr, "500 of %s: %s\n", request->route ? request->route->name : "no route", err->text);
	abort();
}

static int fuzz_office_run(void *ctx, struct write *write, struct err *err)
{
	return db_run(write->db, ctx, err);
}

/* 1: it was made (anew), and is empty but for its root, organisation 1; 0: it is the one of before. */
static inline int fuzz_office_open(struct fuzz_office *it, const struct route *const *lists)
{
	struct err err = { "" };
	struct actor ward = actor_ward();
	if (it->open && it->turns++ < OFFICE_TURNS)
		return 0;
	fuzz_office_close(it);
	*it = (struct fuzz_office){ .open = true };
	snprintf(it->dir, sizeof(it->dir), "%s/ward-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(it->dir))
		abort();
	struct office *office = &it->office;
	struct str dir = str_from(it->dir);
	const struct records_options options = { .where = arena_printf(&it->arena, "%s/records.db", it->dir) };
	must(content_open(&office->content, NULL, &err), &err);
	must(laws_load(&office->content, &office->laws, &err), &err);
	must(checks_load(&it->arena, &office->content, &office->checks, &err), &err);
	must(roles_load(&office->content, &office->roles, &err), &err);
	must(registers_load(&office->content, &office->roles->names, &office->registers, &err), &err);
	must(records_open(&options, &office->records, &err), &err);
	must(registers_apply(office->records, office->registers, &err), &err);
	must(records_migrate(office->records, people_migrations, &err), &err);
	must(records_migrate(office->records, hosts_migrations, &err), &err);
	must(records_migrate(office->records, inspections_migrations, &err), &err);
	must(records_migrate(office->records, detections_migrations, &err), &err);
	must(cases_migrate(office->records, &err), &err);
	UNSEEN(must(vault_open((const uint8_t[VAULT_KEY]){ 7 }, &office->vault, &err), &err));
	office->books = (struct books){ .registers = office->registers, .vault = office->vault, .roles = &office->roles->names, .hooks = it->hooks };
	must(cases_init(&office->content, office->laws, STR("county"), STR_NONE, LANG_EN, &office->cases, &err), &err);
	cases_hooks(&office->cases, it->hooks);
	office->cases.books = &office->books;
	office->regime = STR("cn-mlps-2");
	must(people_open(&office->content, office->roles, office->vault, &office->books, NULL, &office->people, &err), &err);
	must(import_jobs_new(office->records, &office->books, arena_printf(&it->arena, "%s/imports", it->dir).p, &office->imports, &err), &err);
	if (lists)
		must(router_new(lists, &it->router, &err), &err);
	office->files_dir = dir;
	office->inspect = -1;
	office->records_at = options.where;
	office->started = clock_now();
	it->web = (struct web){ .router = it->router, .records = office->records, .office = office, .roles = &office->roles->names, .temporary = dir };
	must(records_do(office->records, &ward, fuzz_office_run,
	                (void *)(uintptr_t)"INSERT INTO org (name, code, org, state, state_since, version, created, created_by, updated, updated_by)"
	                " VALUES ('root', 'R', 1, 'active', 0, 1, 0, 0, 0, 0);"
	                "INSERT INTO ward_subtree (ancestor, org) VALUES (1, 1);"
	                "INSERT INTO ward_setting (name, value) VALUES ('root_org', '1') ON CONFLICT DO NOTHING;"
	                "INSERT INTO ward_user VALUES (1, 'fuzz', 'Fuzz', 1, 1, 'active', NULL, 0, 0, '[]', NULL, NULL, 0, '', 'en', '', 0, 1, 0, 0, 0),"
	                " (2, 'two', 'Two', 2, 1, 'active', NULL, 0, 0, '[]', NULL, NULL, 0, '', 'en', '', 0, 1, 0, 0, 0)",
	                &err), &err);
	it->web.hooks = (struct web_hooks){ .failed = fuzz_office_failed };
	return 1;
}

/* Somebody who may do everything. */
static inline struct actor fuzz_office_actor(void)
{
	return (struct actor){ .id = 1, .name = STR("fuzz"), .person = 1, .org = 1, .whole = true, .lang = LANG_EN, .address = STR("192.0.2.7"),
		               .session = 1, .fresh_until = INT64_MAX, .roles = UINT64_MAX };
}

/* Ask the API. NULL: the answer is no JSON, and was not meant to be; an answer that was and is not, or a 500, ends the fuzzer. In the arena. */
static inline const struct doc *fuzz_office_ask(struct fuzz_office *it, struct arena *arena, enum method method, struct str target, struct str body)
{
	struct exchange exchange;
	const struct actor actor = fuzz_office_actor();
	const struct web_call call = { .method = method, .target = target, .body = body, .body_type = STR("application/json"), .actor = &actor,
		                       .lang = LANG_EN };
	const struct doc *doc = NULL;
	exchange_init(&exchange, &it->web);
	web_answer(&exchange, &call);
	const struct request *request = &exchange.request;
	if (!request->type.p && request->out.n) {
		struct source *source = ARENA_NEW(arena, struct source);
		struct err err = { "" };
		*source = (struct source){ .name = "answer", .text = arena_str(arena, buf_str(&request->out)) };
		if (json_parse(arena, source, &doc, &err) < 0) {
			fprintf(stderr, "%s\n%.*s\n", err.text, STR_ARG(source->text));
			abort();
		}
	}
	exchange_done(&exchange);
	return doc;
}

#endif
