/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Hosts and their tables: kept whole, with what was not seen; damage is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "case/hosts.h"
#include "records_empty.h"

static char dir[] = "/tmp/ward-hosts-XXXXXX";
static struct records *records;
static struct actor actor;

static int setup(void **state)
{
	(void)state;
	struct err err = { "" };
	assert_non_null(mkdtemp(dir));
	char path[64];
	snprintf(path, sizeof(path), "%s/records.db", dir);
	const struct records_options options = { .where = records_place(str_from(path)) };
	if (records_open(&options, &records, &err) < 0 || records_migrate(records, hosts_migrations, &err) < 0)
		fail_msg("%s", err.text);
	actor = actor_ward();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	records_close(records);
	char command[96];
	const char *const names[] = { "records.db", "records.db-wal", "records.db-shm", "records.db-lock", "records.db.lock" };
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(command, sizeof(command), "%s/%s", dir, names[i]);
		unlink(command);
	}
	rmdir(dir);
	return 0;
}

struct put {
	struct host host;
	struct host_table table;
	int64_t id;
	bool damage;
};

static int put_work(void *ctx, struct write *write, struct err *err)
{
	struct put *put = ctx;
	int r = hosts_put(write, &put->host, &put->id, err);
	if (r == 0 && put->table.name.p)
		r = hosts_put_table(write, put->id, &put->table, err);
	if (r == 0 && put->damage)
		r = db_run(write->db, "UPDATE ward_host_table SET sha256 = 'ff'", err);
	return r;
}

static void put(struct put *what)
{
	struct err err = { "" };
	if (records_do(records, &actor, put_work, what, &err) < 0)
		fail_msg("%s", err.text);
}

static int get_table(struct arena *arena, int64_t host, struct host_table *out)
{
	struct err err = { "" };
	struct db *db;
	assert_int_equal(records_read(records, &db, &err), 0);
	int r = hosts_get_table(arena, db, host, STR("arp"), out, &err);
	records_read_end(records, db);
	return r;
}

static void test_table_comes_back(void **state)
{
	(void)state;
	ARENA(arena);
	struct root root;
	assert_int_equal(root_open(&root, "/", NULL), 0);
	struct facts *facts = facts_new(&root, NULL);
	struct cell cells[4] = { cell_cstr("192.0.2.1"), cell_cstr("aa:bb"), { 0 }, cell_cstr("reachable") };
	facts_give(facts, &table_arp, cells, 1, COVERAGE_PARTIAL, NOTE("cannot read {}", STR("x")));
	struct put what = { .host = { .machine_id = STR("m1"), .name = STR("one"), .org = 7, .os = STR("Debian") } };
	host_table_from_rows(&arena, facts_table(facts, &table_arp), 1000, &what.table);
	put(&what);

	struct host_table got;
	assert_int_equal(get_table(&arena, what.id, &got), 0);
	assert_true(str_eq(got.json, what.table.json));
	assert_true(str_starts(got.json, "{\"columns\":[\"address\",\"mac\",\"interface\",\"state\"],"
	                                 "\"rows\":[[\"192.0.2.1\",\"aa:bb\",null,\"reachable\"]]"));
	assert_int_equal(got.coverage, COVERAGE_PARTIAL);
	assert_true(str_is(got.reason, "cannot read x"));
	assert_int_equal(got.taken, 1000);
	assert_int_equal(got.n, 1);

	/* The same machine again: what is not said stays, what it delivers anew stands in place of the old. */
	struct put again = { .host = { .machine_id = STR("m1"), .name = STR("renamed") }, .table = what.table };
	again.table.taken = 2000;
	put(&again);
	assert_int_equal(again.id, what.id);
	assert_int_equal(get_table(&arena, what.id, &got), 0);
	assert_int_equal(got.taken, 2000);
	struct db *db;
	struct host host;
	assert_int_equal(records_read(records, &db, NULL), 0);
	assert_int_equal(hosts_get(&arena, db, what.id, &host, NULL), 0);
	assert_int_equal(hosts_get(&arena, db, what.id + 1, &host, &(struct err){ "" }), -ENOENT);
	records_read_end(records, db);
	assert_true(str_is(host.name, "renamed"));
	assert_true(str_is(host.os, "Debian"));
	assert_int_equal(host.org, 7);

	assert_int_equal(get_table(&arena, what.id + 1, &got), -ENOENT);
	again.damage = true;
	put(&again);
	assert_int_equal(get_table(&arena, what.id, &got), -EBADMSG);
	facts_free(facts);
	root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_comes_back),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
