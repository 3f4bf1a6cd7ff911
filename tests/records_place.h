/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Where tests keep records: SQLite in a folder of its own, or the PostgreSQL that WARD_TEST_RECORDS names
 * (tests/it/test_records.py), whose schema "public" is emptied for each test.
 */
#ifndef WARD_TESTS_RECORDS_PLACE_H
#define WARD_TESTS_RECORDS_PLACE_H

#include <unistd.h>

#include "records_empty.h"

static char dir[64];
static struct str place;

static inline bool postgresql(void)
{
	return db_is_postgresql(place);
}

static int make_place(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/ward-test-records-XXXXXX", 30);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	place = records_place(STR("records.db"));
	return 0;
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
