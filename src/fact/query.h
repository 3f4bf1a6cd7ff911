/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * query: SQL over a run's facts.
 *
 * A connection to an empty in-memory SQLite database in which every host table is a virtual table.
 * The authorizer lets through SELECT, reads of the tables, functions and recursion, and nothing
 * else, so the SQL may come from a stranger; time, rows and memory are bounded.
 */
#ifndef WARD_FACT_QUERY_H
#define WARD_FACT_QUERY_H

#include "fact/facts.h"

struct query;     /* the connection */
struct statement; /* one prepared SELECT */

struct query_limits {
	int64_t deadline_ns; /* for one statement, without the time to take tables; 0: 60 s */
	size_t rows;         /* most rows of one statement; 0: no limit */
	size_t bytes;        /* most of one value; with it go functions that no deadline stops. 0: 64 MiB */
};

int query_open(struct facts *facts, const struct query_limits *limits, struct query **out, struct err *err) MUST_USE;
/* One without host tables: whoever opens it fills it with tables of their own by query_own(), and decides what a statement may read.
 * `column` is "" where only rows are counted; `database` NULL where the statement does not say it then. */
struct query_guard {
	bool (*may_read)(void *ctx, const char *database, const char *table, const char *column);
	void *ctx;
};
int query_open_guarded(const struct query_guard *guard, const struct query_limits *limits, struct query **out,
                       struct err *err) MUST_USE;
/* The connection, for its owner's own SQL, which no authorizer and no deadline stops until query_disown(). */
struct sqlite3;
struct sqlite3 *query_own(struct query *query);
void query_disown(struct query *query);
/* One more table, read-only and none of the host's: `module` is SQLite's (sqlite3_module, without xCreate), `ctx` what its
 * xConnect gets; both must live as long. It declares its columns by query_declare(), and asks query_is_late() while it works long. */
struct sqlite3_module;
int query_add_table(struct query *query, const char *name, const struct sqlite3_module *module, void *ctx,
                    struct err *err) MUST_USE;
int query_declare(struct query *query, const char *sql); /* SQLite's result code */
bool query_is_late(const struct query *query);
void query_close(struct query *query);
void query_close_p(struct query **query);

/* The text ends with a whole statement: a ';' that stands in no text and no comment. */
bool query_is_complete(struct str sql);

/* The first statement of `sql`; *rest (may be NULL) is what follows it. -EINVAL with SQLite's words and
 * the offset. *out is NULL when there was only white space or a comment. */
int query_prepare(struct query *query, struct str sql, struct statement **out, struct str *rest,
                  struct err *err) MUST_USE;
void statement_free(struct statement *statement);
void statement_free_p(struct statement **statement);

/* Host tables that the statement reads, by SQLite's authorizer. */
const struct table *const *statement_tables(const struct statement *statement, size_t *count);

/* The columns that it reads of one, as a set (table_columns()). Preparing tells the facts that they are wanted. */
uint64_t statement_columns(const struct statement *statement, const struct table *table);

/* What the statement asked for of tables with KEY columns since it was prepared: parts, or the whole. */
const struct rows *const *statement_parts(const struct statement *statement, size_t *count);

/* Names of parameters (":minlen" without the colon), 1-based as in SQLite; NULL past the end. */
const char *statement_parameter(const struct statement *statement, size_t index);
int statement_bind(struct statement *statement, size_t index, struct cell value, struct err *err) MUST_USE;

/* 1: a row; 0: the end; -ETIME, -E2BIG (row cap reached), -EINVAL with words. */
int statement_step(struct statement *statement, struct err *err) MUST_USE;
size_t statement_width(const struct statement *statement);
const char *statement_column(const struct statement *statement, size_t column);
/* Valid until the next step. */
struct cell statement_value(const struct statement *statement, size_t column);

#endif
