/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Where tests keep records: SQLite in a folder of its own, or the PostgreSQL that WARD_TEST_RECORDS names
 * (tests/it/test_records.py), whose schema "public" is emptied for each test.
 */
#ifndef WARD_TESTS_RECORDS_PLACE_H
#define WARD_TESTS_RECORDS_PLACE_H

#include <stdlib.h>
#include <unistd.h>

#include "data/db.h"

static char dir[64];
static struct str place;

static inline bool postgresql(void)
{
	return db_is_postgresql(place);
}

static int make_place(void **state)
{
	(void)state;
	const char *given = getenv("WARD_TEST_RECORDS");
	memcpy(dir, "/tmp/ward-test-records-XXXXXX", 30);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	place = given ? str_from(given) : STR("records.db");
	if (!given)
		return 0;
	CLEANUP(db_close_p) struct db *db = NULL;
	return db_open(place, DB_WRITE, &db, NULL) < 0 ? -1 : db_run(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", NULL);
}

static int remove_place(void **state)
{
	(void)state;
	static const char *const files[] = { "records.db", "records.db-wal", "records.db-shm", "records.db.lock" };
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	return chdir("/") || rmdir(dir);
}

#define EACH_TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

#endif
