/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * hosts_tables: the tables of all hosts as one: each host table by its own name, with the columns `host` (ward_host.id) and `org` in
 * front; and `fleet(host, name, machine_id, org, seen, profile, os, address)`, the hosts themselves.
 *
 * A table of a host that has a column named so itself has it as `its_host`, `its_org`. The rows are what each host delivered last
 * (case/hosts.h), loaded into memory once, and only the tables that somebody reads. What a host did not deliver, delivered too long ago,
 * or could not see whole, is a gap: hosts_tables_saw() says so for what a statement reads, and its verdict is then unknown, not pass.
 * Old rows are left out, since nothing says that they still hold.
 *
 * Belongs to the connection (fact/query.h) that it is opened over, and to its thread.
 */
#ifndef WARD_CASE_HOSTS_TABLES_H
#define WARD_CASE_HOSTS_TABLES_H

#include "case/hosts.h"
#include "fact/query.h"

struct hosts_tables;

int hosts_tables_open(struct query *query, struct hosts_tables **out, struct err *err) MUST_USE;
void hosts_tables_close(struct hosts_tables *fleet);

/* Is this name one of them? For the guard of statements: *place is its number, *column the column's bit (ROWS_ONLY for none, "host" and
 * "org"). `fleet` has no number: it is always seen whole, and false here. */
bool hosts_tables_find(const struct hosts_tables *fleet, const char *name, const char *column, size_t *place, uint64_t *bit);
const struct table *hosts_tables_at(size_t place);
size_t hosts_tables_count(void);

/* A statement reads it; and does one? */
void hosts_tables_want(struct hosts_tables *fleet, size_t place);
bool hosts_tables_wanted(const struct hosts_tables *fleet, size_t place);

struct hosts_tables_scope {
	int64_t now, age;    /* seconds; rows older than this are left out */
	int64_t ancestor;    /* only hosts of this organisation and what lies below it; 0: all */
};
/* Once, before the first hosts_tables_load(). */
int hosts_tables_load_fleet(struct hosts_tables *fleet, struct db *db, const struct hosts_tables_scope *scope, struct err *err) MUST_USE;
/* A table's rows, unless they are there. */
int hosts_tables_load(struct hosts_tables *fleet, struct db *db, size_t place, struct err *err) MUST_USE;

/* Rows made up (fixtures): the table counts as seen whole from then on. */
void hosts_tables_given(struct hosts_tables *fleet, size_t place);
/* Nobody could see it. */
void hosts_tables_hide(struct hosts_tables *fleet, size_t place, struct note why);

/* How well these columns of it were seen, over all hosts; *why when not complete. */
enum coverage hosts_tables_saw(const struct hosts_tables *fleet, size_t place, uint64_t columns, struct note *why);

#endif
