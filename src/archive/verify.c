/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/verify.h"

#include <stdlib.h>
#include <unistd.h>

#include "archive/block.h"
#include "archive/days.h"
#include "base/map.h"
#include "base/vec.h"

enum { PROBLEMS_MOST = 1000 };

void head_print(const struct chain *chain, struct buf *out)
{
	buf_printf(out, "ward-head-1 %s %llu %lld %s\n", chain->archive, (unsigned long long)chain->sequence, (long long)chain->time,
	           chain->digest);
}

int head_parse(struct str text, struct chain *out, struct err *err)
{
	struct str rest = text, word = str_word(&rest), archive = str_word(&rest), digest;
	int64_t sequence;
	*out = (struct chain){ 0 };
	if (!str_is(word, "ward-head-1") || archive.n != CHAIN_ID || !str_to_int(str_word(&rest), 10, &sequence) || sequence < 0 ||
	    !str_to_int(str_word(&rest), 10, &out->time) || (digest = str_word(&rest)).n != CHAIN_DIGEST || str_word(&rest).n)
		return err_set(err, -EINVAL, "this is no head of an archive (`ward archive head` writes one)");
	out->sequence = (uint64_t)sequence;
	memcpy(out->archive, archive.p, CHAIN_ID);
	memcpy(out->digest, digest.p, CHAIN_DIGEST);
	return 0;
}

/* A statement as it was found, with what the row beside it says. */
struct found {
	uint64_t sequence;
	struct str statement, signature;
	const char *day; /* NULL: of the journal */
	int64_t number, records, bytes, stored, first, last;
	struct chain_said said;
	bool read;
};

/* A day that was removed by retention, as a statement says. */
struct removal {
	struct str day, end;
	int64_t first, last;
};

struct work {
	struct verify *verify;
	struct arena *arena;
	VEC(struct found) found;
	VEC(struct removal) removals;
	VEC(struct public_key) keys;
	VEC(struct verify_problem) problems;
	VEC(struct str) key_ids;
	struct str *days;
	size_t n_days;
	char archive[CHAIN_ID + 1];
	uint64_t done;
};

static void problem(struct work *work, const struct found *found, struct note what)
{
	if (work->problems.n == PROBLEMS_MOST)
		return;
	struct verify_problem out = { .what = note_copy(work->arena, what) };
	if (found) {
		out.sequence = found->sequence;
		out.number = (uint32_t)found->number;
		if (found->day)
			memcpy(out.day, found->day, DAY_NAME);
	}
	vec_push_in(work->arena, &work->problems, out);
}

static void problem_of_day(struct work *work, const char *day, struct note what)
{
	struct found found = { .day = day };
	problem(work, &found, what);
}

static struct str number_text(struct work *work, uint64_t value)
{
	return arena_printf(work->arena, "%llu", (unsigned long long)value);
}

static int read_journal(struct work *work, sqlite3 *book, struct err *err)
{
	SQL(all);
	int r = sql_make(&all, book, "SELECT sequence, statement, signature FROM journal", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct found found = { .sequence = (uint64_t)sql_get_int(&all) };
		found.statement = arena_str(work->arena, sql_get_bytes(&all));
		found.signature = arena_str(work->arena, sql_get_bytes(&all));
		vec_push_in(work->arena, &work->found, found);
		r = 0;
	}
	return r;
}

static int read_keys(struct work *work, sqlite3 *book, struct err *err)
{
	SQL(all);
	int r = sql_make(&all, book, "SELECT line FROM key", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct public_key key;
		r = public_key_parse(sql_get_bytes(&all), &key, NULL);
		if (r == 0)
			vec_push_in(work->arena, &work->keys, key);
		else
			problem(work, NULL, NOTE("a public key in archive.ward cannot be read"));
		r = 0;
	}
	return r;
}

/* The journal, the archive's name, and the keys when none were given. A copy of days may come without. */
static int read_book(struct work *work, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(id);
	struct str path = arena_printf(work->arena, "%s/archive.ward", work->verify->dir);
	if (access(path.p, F_OK) < 0) {
		if (work->n_days == 0)
			return err_set(err, -ENOENT, "%s: there is no archive", work->verify->dir);
		problem(work, NULL, NOTE("archive.ward is missing: the record of keys, holds, removals and copies"));
		return 0;
	}
	int r = book_open(path.p, DATABASE_READ, &book, err);
	if (r == 0)
		r = sql_make(&id, book, "SELECT id FROM archive", err);
	if (r == 0)
		r = sql_step(&id, err);
	if (r == 1) {
		struct str text = sql_get_bytes(&id);
		memcpy(work->archive, text.p, MIN(text.n, (size_t)CHAIN_ID));
	}
	if (r >= 0)
		r = read_journal(work, book, err);
	if (r == 0 && !work->verify->keys_given)
		r = read_keys(work, book, err);
	if (r == -EBADMSG) {
		problem(work, NULL, NOTE("archive.ward is damaged: {}", str_from(err ? err->text : "")));
		r = 0;
	}
	return r;
}

static int read_day(struct work *work, const char *day, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	SQL(all);
	int r = day_open(day_path(work->arena, work->verify->dir, day).p, DATABASE_READ, false, &db, NULL, err);
	if (r == -ENODATA)
		return 0;
	if (r == 0)
		r = sql_make(&all, db, "SELECT sequence, statement, signature, number, records, bytes, stored, first, last FROM block"
		                       " ORDER BY number", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct found found = { .sequence = (uint64_t)sql_get_int(&all), .day = day };
		found.statement = arena_str(work->arena, sql_get_bytes(&all));
		found.signature = arena_str(work->arena, sql_get_bytes(&all));
		found.number = sql_get_int(&all);
		found.records = sql_get_int(&all);
		found.bytes = sql_get_int(&all);
		found.stored = sql_get_int(&all);
		found.first = sql_get_int(&all);
		found.last = sql_get_int(&all);
		vec_push_in(work->arena, &work->found, found);
		work->verify->stored += (uint64_t)found.stored;
		r = 0;
	}
	if (r == -EBADMSG) {
		problem_of_day(work, day, NOTE("the file of the day is damaged: {}", str_from(err ? err->text : "")));
		r = 0;
	}
	work->verify->days++;
	return r;
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return (x->day != NULL) - (y->day != NULL);
}

static const struct public_key *find_key(const struct work *work, struct str id)
{
	for (size_t i = 0; i < work->keys.n; i++)
		if (str_is(id, work->keys.p[i].id))
			return &work->keys.p[i];
	return NULL;
}

static void note_key(struct work *work, struct str id)
{
	for (size_t i = 0; i < work->key_ids.n; i++)
		if (str_eq(work->key_ids.p[i], id))
			return;
	vec_push_in(work->arena, &work->key_ids, id);
}

static void check_signature(struct work *work, const struct found *found)
{
	const struct chain_said *said = &found->said;
	if (str_is(said->key, "-")) {
		work->verify->not_signed++;
		if (work->keys.n)
			problem(work, found, NOTE("it is not signed, though the archive has keys"));
		return;
	}
	const struct public_key *key = find_key(work, said->key);
	note_key(work, said->key);
	if (!key)
		problem(work, found, NOTE("it is signed by the key {}, which is not among those that are trusted", said->key));
	else if (found->signature.n != SIGN_MOST ||
	         public_key_verify(key, found->statement, (const uint8_t *)found->signature.p, NULL) < 0)
		problem(work, found, NOTE("its signature is not that of the key {}: it was changed", said->key));
}

static bool says_number(struct str body, const char *name, int64_t is)
{
	int64_t value;
	return str_to_int(chain_value(body, name), 10, &value) && value == is;
}

/* The row beside a block's statement, and where it stands. */
static void check_row(struct work *work, const struct found *found)
{
	struct str body = found->said.body;
	char sealed[DAY_NAME + 1];
	if (found->said.kind != CHAIN_BLOCK || !chain_value(body, "day").n) {
		problem(work, found, NOTE("its statement is not one of a block"));
		return;
	}
	if (!str_is(chain_value(body, "day"), found->day))
		problem(work, found, NOTE("it was sealed in the day {}: it was moved", chain_value(body, "day")));
	if (!says_number(body, "number", found->number))
		problem(work, found, NOTE("it was sealed with the number {}: it was moved", chain_value(body, "number")));
	if (!says_number(body, "records", found->records) || !says_number(body, "bytes", found->bytes) ||
	    !says_number(body, "first", found->first) || !says_number(body, "last", found->last))
		problem(work, found, NOTE("its times or counts are not those that were sealed: they were changed"));
	day_name(found->said.time, sealed);
	if (strncmp(sealed, found->day, DAY_NAME) < 0)
		problem(work, found, NOTE("it was sealed before its day began, on {}", str_from(sealed)));
}

static void take_removal(struct work *work, const struct found *found)
{
	struct removal removal = { .day = chain_value(found->said.body, "day"), .end = chain_value(found->said.body, "end") };
	if (!str_to_int(chain_value(found->said.body, "first"), 10, &removal.first) ||
	    !str_to_int(chain_value(found->said.body, "last"), 10, &removal.last)) {
		problem(work, found, NOTE("the record of a removal cannot be read"));
		return;
	}
	work->verify->removed_days++;
	vec_push_in(work->arena, &work->removals, removal);
}

/* Each statement for itself. */
static void check_statements(struct work *work)
{
	for (size_t i = 0; i < work->found.n; i++) {
		struct found *found = &work->found.p[i];
		work->verify->statements++;
		if (chain_read(found->statement, &found->said, NULL) < 0) {
			problem(work, found, NOTE("its statement cannot be read: it was changed"));
			continue;
		}
		found->read = true;
		if (!work->archive[0] && found->said.archive.n == CHAIN_ID)
			memcpy(work->archive, found->said.archive.p, CHAIN_ID);
		if (!str_is(found->said.archive, work->archive))
			problem(work, found, NOTE("it belongs to another archive"));
		if (found->said.sequence != found->sequence)
			problem(work, found, NOTE("it stands at another place of the chain than {}, where it was made: it was moved",
			                          number_text(work, found->said.sequence)));
		check_signature(work, found);
		if (found->day)
			check_row(work, found);
		if (found->said.kind == CHAIN_REMOVAL)
			take_removal(work, found);
		work->verify->clock_back += found->said.clock != INT64_MIN;
	}
}

static const struct removal *removal_of(const struct work *work, uint64_t sequence)
{
	for (size_t i = 0; i < work->removals.n; i++)
		if (sequence >= (uint64_t)work->removals.p[i].first && sequence <= (uint64_t)work->removals.p[i].last)
			return &work->removals.p[i];
	return NULL;
}

static void missing(struct work *work, const struct found *before, const struct found *after, uint64_t from, uint64_t to)
{
	struct str count = number_text(work, to - from + 1);
	if (before && before->day && after->day && strcmp(before->day, after->day) == 0) {
		struct found gone = { .day = before->day, .number = before->number + 1, .sequence = from };
		problem(work, &gone, NOTE("missing from here on: {} block{s}; no record says that they were removed", count));
	} else if (before && before->day) {
		problem(work, before, NOTE("missing after this one: {} statement{s} or block{s}; no record says that they were removed",
		                           count));
	} else {
		problem(work, after, NOTE("missing before this one: {} statement{s} or block{s}; no record says that they were removed",
		                          count));
	}
}

/* Statement after statement: nothing is missing, nothing was changed, time goes on. */
static void check_chain(struct work *work)
{
	const struct found *before = NULL;
	char digest[CHAIN_DIGEST + 1] = "";
	uint64_t expected = 1;
	/* A copy of some days begins where its first day does. */
	bool partial = access(arena_printf(work->arena, "%s/archive.ward", work->verify->dir).p, F_OK) < 0;
	for (size_t i = 0; i < work->found.n; i++) {
		const struct found *found = &work->found.p[i];
		if (before && found->sequence == before->sequence) {
			problem(work, found, NOTE("it stands twice in the chain"));
			continue;
		}
		bool gap = found->sequence != expected;
		if (gap && !partial)
			for (uint64_t at = expected; at < found->sequence; at++) {
				uint64_t to = at;
				if (removal_of(work, at))
					continue;
				while (to + 1 < found->sequence && !removal_of(work, to + 1))
					to++;
				missing(work, before, found, at, to);
				at = to;
			}
		const struct removal *removal = gap ? removal_of(work, found->sequence - 1) : NULL;
		if (found->read && gap && removal && (uint64_t)removal->last == found->sequence - 1 &&
		    !str_eq(found->said.previous, removal->end))
			problem(work, found, NOTE("it does not follow the end of {}, which was removed before it", removal->day));
		if (found->read && !gap && digest[0] && !str_is(found->said.previous, digest))
			problem(work, found, NOTE("it does not follow the statement before it: one of them was changed or exchanged"));
		if (found->read && before && before->read && found->said.time < before->said.time)
			problem(work, found, NOTE("it says it was made before the one before it: it was backdated"));
		if (found->read)
			chain_digest(found->said.algorithm, found->statement, digest);
		else
			digest[0] = '\0';
		for (size_t j = 0; j < work->verify->n_heads; j++) {
			const struct chain *head = &work->verify->heads[j];
			if (head->sequence != found->sequence)
				continue;
			if (strcmp(head->digest, digest) == 0)
				work->verify->last_head = MAX(work->verify->last_head, head->sequence);
			else
				problem(work, found, NOTE("it is not the statement that the remembered head names: the chain was made anew"));
		}
		before = found;
		expected = found->sequence + 1;
	}
	struct chain *end = &work->verify->chain;
	memcpy(end->archive, work->archive, sizeof(end->archive));
	if (before) {
		end->sequence = before->sequence;
		end->time = before->said.time;
		memcpy(end->digest, digest, sizeof(end->digest));
	}
	for (size_t j = 0; j < work->verify->n_heads; j++) {
		const struct chain *head = &work->verify->heads[j];
		if (strcmp(head->archive, work->archive) != 0)
			problem(work, NULL, NOTE("the remembered head is one of another archive, {}", str_from(head->archive)));
		else if (head->sequence > end->sequence)
			problem(work, before, NOTE("the chain ends here, but the remembered head is at {}: the newest part was cut off",
			                           number_text(work, head->sequence)));
	}
}

static int check_data(struct work *work, sqlite3 *db, const struct found *found, struct err *err)
{
	SQL(data);
	SQL(filter);
	char digest[CHAIN_DIGEST + 1];
	int r = sql_make(&data, db, "SELECT data FROM block_data WHERE number=?", err);
	if (r == 0)
		r = sql_make(&filter, db, "SELECT data FROM block_filter WHERE number=?", err);
	if (r < 0)
		return r;
	sql_int(&data, found->number);
	sql_int(&filter, found->number);
	r = sql_step(&data, err);
	if (r <= 0) {
		if (r == 0)
			problem(work, found, NOTE("its data is missing"));
		return r;
	}
	struct str bytes = sql_get_bytes(&data);
	CLEANUP(block_close_p) struct block *block = NULL;
	chain_digest(found->said.algorithm, bytes, digest);
	if (!str_is(chain_value(found->said.body, "data"), digest))
		problem(work, found, NOTE("its data is not what was sealed: it was changed"));
	else if (block_open(bytes, &block, NULL) < 0 || (int64_t)block_count(block) != found->records)
		problem(work, found, NOTE("its data cannot be read"));
	r = sql_step(&filter, err);
	if (r >= 0) {
		struct str text = r ? sql_get_bytes(&filter) : STR("");
		chain_digest(found->said.algorithm, text, digest);
		if (!str_is(chain_value(found->said.body, "filter"), digest))
			problem(work, found, NOTE("its filter of words is not what was sealed: it was changed, and searches may miss records"));
	}
	work->verify->blocks++;
	work->verify->records += (uint64_t)found->records;
	work->verify->bytes += (uint64_t)found->bytes;
	work->done += bytes.n;
	if (work->verify->progress)
		work->verify->progress(work->verify->ctx, work->done, work->verify->stored);
	return r < 0 ? r : 0;
}

/* Rows of open records: each digest is that of its data and the row before. */
static int check_open(struct work *work, sqlite3 *db, const char *day, struct err *err)
{
	SQL(all);
	char before[CHAIN_DIGEST + 1] = "", digest[CHAIN_DIGEST + 1];
	bool bad = false;
	int r = sql_make(&all, db, "SELECT records, previous, digest, data FROM open ORDER BY number", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		work->verify->unsealed += (uint64_t)sql_get_int(&all);
		struct str previous = sql_get_bytes(&all), said = sql_get_bytes(&all);
		chain_open_digest(previous, sql_get_bytes(&all), digest);
		bad |= !str_is(said, digest) || (before[0] && !str_is(previous, before));
		memcpy(before, digest, sizeof(before));
		r = 0;
	}
	if (bad)
		problem_of_day(work, day, NOTE("records that are not sealed yet were changed or removed"));
	return r;
}

static int check_day(struct work *work, const char *day, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	int r = day_open(day_path(work->arena, work->verify->dir, day).p, DATABASE_READ, false, &db, NULL, err);
	for (size_t i = 0; r == 0 && i < work->found.n; i++)
		if (work->found.p[i].day && strcmp(work->found.p[i].day, day) == 0)
			r = check_data(work, db, &work->found.p[i], err);
	if (r == 0)
		r = check_open(work, db, day, err);
	if (r == -EBADMSG && work->problems.n == 0)
		problem_of_day(work, day, NOTE("the file of the day is damaged: {}", str_from(err ? err->text : "")));
	return r == -EBADMSG || r == -ENODATA ? 0 : r;
}

/* In the order of the chain: the first is where trust ends. */
static int compare_problems(const void *a, const void *b)
{
	const struct verify_problem *x = a, *y = b;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	int r = strcmp(x->day, y->day);
	return r ? r : x->number < y->number ? -1 : x->number > y->number;
}

int verify_run(struct arena *arena, struct verify *verify, struct err *err)
{
	struct work work = { .verify = verify, .arena = arena };
	verify->keys_given = verify->n_keys > 0;
	for (size_t i = 0; i < verify->n_keys; i++)
		vec_push_in(arena, &work.keys, verify->keys[i]);
	int r = days_list(verify->dir, arena, &work.days, &work.n_days, err);
	if (r == 0)
		r = read_book(&work, err);
	for (size_t i = 0; r == 0 && i < work.n_days; i++)
		r = read_day(&work, work.days[i].p, err);
	if (r < 0)
		return r;
	if (work.found.n)
		qsort(work.found.p, work.found.n, sizeof(*work.found.p), compare_found);
	check_statements(&work);
	check_chain(&work);
	for (size_t i = 0; r == 0 && i < work.n_days; i++)
		r = check_day(&work, work.days[i].p, err);
	if (work.problems.n)
		qsort(work.problems.p, work.problems.n, sizeof(*work.problems.p), compare_problems);
	verify->problems = work.problems.p;
	verify->n_problems = work.problems.n;
	verify->key_ids = work.key_ids.p;
	verify->n_key_ids = work.key_ids.n;
	return r;
}
