/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * records: the office's database: readers beside each other, one writer, every change in the journal.
 *
 * Works are done one after the other on the writer's thread, each in a savepoint of its own; works that came together
 * share one transaction, so that one sync to the disk serves them all. A work that fails leaves nothing. `done` hears of it
 * only when the transaction is durable (or failed), so whoever was told "done" will find it after a crash.
 *
 * Tables of ward's own begin with "ward_"; registers (register/register.h) have their own names. Times are INTEGER seconds since 1970,
 * dates TEXT "2026-11-23"; nothing is ever deleted from a register, it is withdrawn.
 *
 * A second process on the same SQLite directory is refused (-EBUSY) by a lock. With PostgreSQL several servers may write: each
 * transaction takes its turn by an advisory lock, and goes on from the journal's head as it finds it. When that server goes away, works
 * under way end with -EPIPE, and those that come later wait some seconds for it. A connection lost in the COMMIT is made again and asked
 * whether the transaction was kept, so that "done" and "failed" are both true; the words say so when nobody answers.
 */
#ifndef WARD_RECORD_RECORDS_H
#define WARD_RECORD_RECORDS_H

#include "data/db.h"
#include "record/actor.h"

struct records;

struct records_options {
	struct str where;  /* a path to a SQLite file, or "postgresql://…" */
	bool read_only;    /* no writer: for verify, backup, exports from the command line */
	unsigned readers;  /* connections kept for reading; 0: 4 */
};

int records_open(const struct records_options *options, struct records **out, struct err *err) MUST_USE;
/* Waits for what was handed over. */
void records_close(struct records *records);
void records_close_p(struct records **records);
enum db_kind records_kind(const struct records *records);

/* ---- reading: any thread ---- */

/* A connection in a transaction that sees one moment; give it back soon. */
int records_read(struct records *records, struct db **out, struct err *err) MUST_USE;
void records_read_end(struct records *records, struct db *db);

/* ---- writing ---- */

/* What a work writes with; valid during the work. */
struct write {
	struct db *db;       /* in a transaction */
	struct records *records;
	struct arena *arena; /* of this work */
	int64_t now;         /* seconds */
	const struct actor *actor;
};

typedef int (*records_work)(void *ctx, struct write *write, struct err *err);
/* On the writer's thread, after the commit. `result`: of the work, or of the commit. */
typedef void (*records_done)(void *ctx, int result, const struct err *err);

/* Hand over; `actor` and ctx must live until done was called. */
void records_write(struct records *records, const struct actor *actor, records_work work, records_done done, void *ctx);
/* Hand over and wait. Not from the writer's thread. */
int records_do(struct records *records, const struct actor *actor, records_work work, void *ctx, struct err *err) MUST_USE;

/* A work within a work, in a savepoint of its own: when it fails, nothing of it is left, and the work around may go on. After any
 * other error it must not: PostgreSQL takes nothing more. */
int write_try(struct write *write, records_work work, void *ctx, struct err *err) MUST_USE;

/* ---- the journal ---- */

/* One change. Texts are JSON objects, or STR_NONE; secrets never stand in them, sensitive fields only sealed (crypto/vault.h). */
struct change {
	struct str kind;     /* a register, or a table without "ward_": "finding", "user" */
	int64_t object;      /* its id; 0: none */
	int64_t org;         /* whose it is, for who may see the entry; 0: the whole installation's */
	struct str action;   /* "create", "edit", a transition's name, "unmask", "login" … */
	struct str before, after; /* the fields that changed */
	struct str reason;
};

/* Add to the journal, within a work. The entry's number is returned in *seq (may be NULL). */
int write_journal(struct write *write, const struct change *change, int64_t *seq, struct err *err) MUST_USE;

/* Called for each entry once it is durable, in their order, on the writer's thread: for the live stream. */
typedef void (*records_watch)(void *ctx, int64_t seq, const struct change *change);
void records_on_change(struct records *records, records_watch watch, void *ctx);

/* ---- migrations ---- */

/* A step of ward's own tables, done once, in order of number, each in a transaction, and remembered in ward_migration. Other
 * layers add theirs: numbers are theirs from (100 people, 200 register, 300 case, 400 hosts). */
struct migration {
	int number;
	const char *name;
	const char *sql; /* in db.h's words */
};
/* `list` ends with a zero number. -EPROTO when the database is of a newer ward. */
int records_migrate(struct records *records, const struct migration *list, struct err *err) MUST_USE;

#endif
