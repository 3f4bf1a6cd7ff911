/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A PostgreSQL that WARD_TEST_RECORDS names (tests/it/test_records.py) instead of SQLite, emptied for each test.
 */
#ifndef WARD_TESTS_RECORDS_EMPTY_H
#define WARD_TESTS_RECORDS_EMPTY_H

#include <stdlib.h>

#include "data/db.h"

/* The address, its schema "public" empty; or `otherwise`. */
static inline struct str records_place(struct str otherwise)
{
	struct str given = str_from(getenv("WARD_TEST_RECORDS"));
	CLEANUP(db_close_p) struct db *db = NULL;
	if (!given.p)
		return otherwise;
	if (db_open(given, DB_WRITE, &db, NULL) < 0 || db_run(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", NULL) < 0)
		abort();
	return given;
}

#endif
