/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * events_table: the events of an archive as a table of `ward sql`:
 *
 *	time, arrived   TEXT, UTC, as SQLite's datetime() writes with microseconds: "2026-11-03 08:01:02.123456"
 *	host, source, parser, raw   TEXT
 *	fields          TEXT, a JSON object: json_extract(fields, '$.user')
 *	match           hidden; WHERE match = 'user:root NOT src:10.0.0.0/8', or events MATCH '…': the language of searches
 *
 * Blocks are left closed, and records unread, by conditions on time (compared with texts), host, source and parser
 * (equal), raw (=, LIKE, GLOB) and match.
 */
#ifndef WARD_SEARCH_EVENTS_TABLE_H
#define WARD_SEARCH_EVENTS_TABLE_H

#include "search/search.h"
#include "fact/query.h"

struct events_table;

/* Adds the table `events`. It must live longer than the query. The archive is opened when it is asked. */
int events_table_add(struct query *query, const char *dir, struct events_table **out, struct err *err) MUST_USE;
void events_table_free(struct events_table *table);
void events_table_free_p(struct events_table **table);

extern const char events_table_schema[]; /* for people */

/* What was done since the last events_table_forget(); before a statement is run. */
const struct search_counts *events_table_counts(const struct events_table *table);
void events_table_forget(struct events_table *table);

#endif
