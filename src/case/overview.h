/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * overview: SQL over everything that the office knows: registers, the tables of all hosts, events.
 *
 *	registers       by name, the records that stand (not withdrawn), with id, number, org, state …; sensitive fields are left out; a period
 *	                is two columns, lists are JSON (json_each)
 *	host tables     case/hosts_tables.h: each with `host` and `org`, and `fleet`
 *	incident_clock  incident, org, rule, state, starts, due, sent: the legal clocks of incidents
 *	events          search/events_table.h, where there is an archive
 *	today(), now()  the moment of the office: text "2026-11-23", seconds
 *	workdays(date, n)   the date n working days later
 *
 * SQL is SQLite's, whatever the records are kept in. Statements only read (fact/query.h); accounts, sessions and secrets are not there to be
 * read. Records in SQLite are attached read-only where the actor may see everything; otherwise, and from PostgreSQL, the columns that
 * the statements read are copied into memory once.
 *
 * First overview_ask() for each statement, then once overview_load(), then run them. One thread.
 */
#ifndef WARD_CASE_OVERVIEW_H
#define WARD_CASE_OVERVIEW_H

#include "case/hosts_tables.h"
#include "record/actor.h"
#include "register/register.h"

struct overview;

struct overview_options {
	const struct registers *registers;
	struct records *records;       /* NULL: everything is given by overview_give() */
	struct str where;              /* of the records: a path, or "postgresql://…" */
	const struct actor *actor;     /* whose eyes; NULL: ward's */
	bool (*may_read)(void *ctx, const struct register_ *reg); /* NULL: all of them */
	void *may_read_ctx;
	int64_t now;                   /* seconds; 0: the clock's */
	int64_t host_age;              /* seconds after which what a host delivered says nothing any more; 0: 7 days */
	const char *archive;           /* of events; NULL: none */
	int64_t (*working_day)(void *ctx, int64_t day, int64_t n); /* register/calendar.h; NULL: Saturdays and Sundays are free */
	void *working_day_ctx;
	struct query_limits limits;
};

int overview_open(const struct overview_options *options, struct overview **out, struct err *err) MUST_USE;
void overview_close(struct overview *overview);
void overview_close_p(struct overview **overview);
int64_t overview_now(const struct overview *overview);

/* A statement with what it reads of tables that may not have been seen whole. */
struct overview_question {
	struct statement *statement;
	struct {
		size_t place;
		uint64_t columns;
	} hosts[16];           /* hosts_tables_at(place) */
	size_t n;
	bool events;
	const char *books[24]; /* registers and others that it reads, by name; as long as the overview */
	size_t book_count;
};
/* As query_prepare(); what it reads is loaded by the next overview_load(). */
int overview_ask(struct overview *overview, struct str sql, struct overview_question *out, struct str *rest, struct err *err) MUST_USE;
void overview_question_done(struct overview_question *question);
/* Read what all statements so far ask for, as of one moment. */
int overview_load(struct overview *overview, struct err *err) MUST_USE;
/* How well a statement could see; *unseen (may be NULL): the table that *why speaks of. */
enum coverage overview_saw(const struct overview *overview, const struct overview_question *question, const char **unseen, struct note *why);

/* ---- made-up offices, for fixtures ---- */

/* A table's rows: a list of maps by column; what a row does not say is NULL, lists and maps become JSON. A table of hosts counts as seen
 * whole. -EINVAL with the place in `source`. */
int overview_give(struct overview *overview, const struct source *source, const struct doc *name, const struct doc *rows, struct err *err) MUST_USE;
/* A table of hosts, or `events`, that nobody could see. -ENOENT: it is neither. */
int overview_hide(struct overview *overview, struct str name, struct err *err) MUST_USE;

#endif
