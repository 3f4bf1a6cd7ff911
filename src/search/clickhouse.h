/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * clickhouse: events in a ClickHouse database, over HTTP.
 *
 *	clickhouse://user@host:8123/database?cluster=NAME&password-file=/etc/ward/clickhouse.password&tls=yes&ca=FILE
 *
 * All but the host may be left out: user "default", port 8123 (8443 with tls), database "default". A password stands in a
 * file, never in the URL, which others can see; it is sent in a header and never said.
 *
 * Tables, made and migrated by clickhouse_prepare():
 *	ward_events     an event a row: what an archive's record has, and the fields of the event, so that the server can search
 *	                them (see clickhouse_row.c); with a cluster a Distributed table over ward_events_local, whose engine is
 *	                ReplicatedMergeTree with the macros {shard} and {replica} of the servers
 *	ward_delivered  how far each archive was delivered
 *	ward_schema     the version of these tables
 *
 * One thread at a time.
 */
#ifndef WARD_SEARCH_CLICKHOUSE_H
#define WARD_SEARCH_CLICKHOUSE_H

#include "search/search.h"
#include "search/tally.h"

enum {
	CLICKHOUSE_SCHEMA = 1,
	CLICKHOUSE_ROWS = 20000, /* of one insert: one part, taken whole or not at all */
	CLICKHOUSE_BYTES = 16 * 1024 * 1024,
};

struct clickhouse;

/* Nothing is asked yet. -EINVAL: the URL, with what is wrong. */
int clickhouse_open(struct str url, struct clickhouse **out, struct err *err) MUST_USE;
void clickhouse_close(struct clickhouse *clickhouse);
void clickhouse_close_p(struct clickhouse **clickhouse);
const char *clickhouse_name(const struct clickhouse *clickhouse); /* "host:8123/database", for messages */

/* Run one statement. `data` (p NULL: none) follows an INSERT … FORMAT; `answer` gets what it gives, in the format it asks
 * for. What the server says of a mistake is in the error; -EACCES: user or password; others as http_send(). */
int clickhouse_run(struct clickhouse *clickhouse, struct str sql, struct str data, struct buf *answer,
                   struct err *err) MUST_USE;

/* Make the tables, or bring them to this program's version; -ENOTSUP when they are of a newer one. */
int clickhouse_prepare(struct clickhouse *clickhouse, struct err *err) MUST_USE;

/* Rows for INSERT INTO ward_events: records of one block of an archive, parsed by the seeker. */
void clickhouse_add_row(struct buf *out, struct seeker *seeker, const struct record *record, struct str archive,
                        uint64_t sequence, uint32_t number);
extern const char clickhouse_insert[]; /* the statement these rows follow */

/* As those of search/search.h; of the counts only `found`, `given_up` and `cut`. An expression that RE2 does not know is an
 * error in the server's words. */
int clickhouse_ordered(struct clickhouse *clickhouse, const struct search_options *options, search_fn *each, void *ctx,
                       struct search_counts *counts, struct err *err) MUST_USE;
/* Counts by fields and steps of time are made by the server. */
int clickhouse_tally(struct clickhouse *clickhouse, const struct search_options *options, const struct tally_kind *kind,
                     struct tally *tally, struct search_counts *counts, struct err *err) MUST_USE;

/* The search as a condition of SQL over ward_events, and (may be empty) a quick one that must hold besides, for PREWHERE. */
void clickhouse_condition(struct buf *where, struct buf *prewhere, const struct seek *seek);
/* A text as a literal of SQL. */
void clickhouse_add_text(struct buf *out, struct str text);

#endif
