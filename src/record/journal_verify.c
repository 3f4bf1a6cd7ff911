/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/journal_agree.h"

#include <string.h>

#include "base/base64.h"
#include "record/seal.h"

enum { PAGE = 1000 };

struct sealed { /* a seal, as far as its entry is awaited */
	int64_t number, entries;
	char head[JOURNAL_HASH + 1];
	bool good;
};

struct work {
	struct arena *arena;
	struct db *db;
	struct journal_verify *verify;
	struct journal_head at;
	VEC(struct sealed) seals; /* in order of number */
	size_t next;              /* the first whose entry has not come */
};

void journal_found(struct arena *arena, struct journal_verify *verify, struct journal_problem problem)
{
	if (verify->n_problems++ >= JOURNAL_PROBLEMS)
		return;
	problem.table = arena_str(arena, problem.table);
	problem.what = note_copy(arena, problem.what);
	vec_push_in(arena, &verify->problems, problem);
}

static void entry_problem(struct work *work, int64_t seq, struct note what)
{
	journal_found(work->arena, work->verify, (struct journal_problem){ .seq = seq, .what = what });
}

static void seal_problem(struct work *work, int64_t number, struct note what)
{
	journal_found(work->arena, work->verify, (struct journal_problem){ .seal = number, .what = what });
}

static struct str number_text(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

/* ---- heads ---- */

void journal_head_print(const struct journal_head *head, struct buf *out)
{
	buf_printf(out, "ward-journal-1 %lld %s\n", (long long)head->seq, head->hash);
}

int journal_head_parse(struct str line, struct journal_head *out, struct err *err)
{
	struct str rest = str_trim(line), word = str_cut(&rest, ' '), seq = str_cut(&rest, ' ');
	*out = (struct journal_head){ 0 };
	if (!str_is(word, "ward-journal-1") || !str_to_int(seq, 10, &out->seq) || out->seq < 1 || rest.n != JOURNAL_HASH)
		return err_set(err, -EINVAL, "this is no head of a journal");
	memcpy(out->hash, rest.p, JOURNAL_HASH);
	return 0;
}

/* ---- seals ---- */

static bool is_trusted(const struct journal_verify *verify, const char *id)
{
	for (size_t i = 0; i < verify->n_keys; i++)
		if (str_is(str_from(id), verify->keys[i].id))
			return true;
	return verify->n_keys == 0;
}

static void note_key(struct work *work, const char *id)
{
	for (size_t i = 0; i < work->verify->key_ids.n; i++)
		if (str_is(work->verify->key_ids.p[i], id))
			return;
	vec_push_in(work->arena, &work->verify->key_ids, arena_str(work->arena, str_from(id)));
}

static bool signature_is_good(struct work *work, const struct seal *seal, struct str statement, struct str signature, struct str line)
{
	struct public_key key;
	BUF(bytes);
	if (public_key_parse(line, &key, NULL) < 0 || !str_is(seal->key, key.id)) {
		seal_problem(work, seal->number, NOTE("its key is damaged"));
		return false;
	}
	if (!is_trusted(work->verify, key.id)) {
		seal_problem(work, seal->number, NOTE("it is signed by another key: {}", str_from(key.id)));
		return false;
	}
	if (!base64_decode(signature, &bytes) || bytes.n != SIGN_MOST ||
	    public_key_verify(&key, statement, (const uint8_t *)bytes.p, NULL) < 0) {
		seal_problem(work, seal->number, NOTE("its signature is wrong"));
		return false;
	}
	note_key(work, key.id);
	return true;
}

struct seals_so_far {
	char journal[SEAL_ID + 1], digest[JOURNAL_HASH + 1];
	int64_t number, time, entries;
};

static void look_at_seal(struct work *work, struct seals_so_far *so_far, struct db_query *q)
{
	static const char nothing[] = "0000000000000000000000000000000000000000000000000000000000000000";
	struct seal seal;
	ARENA(arena);
	struct str statement = db_text(q, 3);
	int64_t number = db_int(q, 0);
	work->verify->seals++;
	if (seal_read(statement, &seal, NULL) < 0 || seal.number != number || seal.entries != db_int(q, 1) || seal.time != db_int(q, 2)) {
		seal_problem(work, number, NOTE("its statement is damaged"));
		return;
	}
	bool good = true;
	if (number != so_far->number + 1 || !str_is(seal.previous, so_far->number ? so_far->digest : nothing) ||
	    (so_far->number && !str_is(seal.journal, so_far->journal))) {
		seal_problem(work, number, NOTE("it does not follow the seal before it"));
		good = false;
	}
	if (seal.time < so_far->time || seal.entries <= so_far->entries) {
		seal_problem(work, number, NOTE("it is older than the seal before it"));
		good = false;
	}
	good = signature_is_good(work, &seal, statement, db_text(q, 4), db_text(q, 5)) && good;
	so_far->number = number;
	so_far->time = seal.time;
	so_far->entries = seal.entries;
	memcpy(so_far->journal, seal.journal.p, SEAL_ID);
	memcpy(so_far->digest, digest_hex(&arena, seal.algorithm, statement).p, JOURNAL_HASH);
	struct sealed sealed = { .number = number, .entries = seal.entries, .good = good };
	memcpy(sealed.head, seal.head.p, JOURNAL_HASH);
	vec_push(&work->seals, sealed);
}

static int read_seals(struct work *work, struct err *err)
{
	struct seals_so_far so_far = { 0 };
	for (int64_t last = 0;;) {
		DB_QUERY(q);
		int rows = 0, r = db_query(&q, work->db, "SELECT number, seq, time, statement, signature, key FROM ward_seal WHERE number > ? ORDER BY number LIMIT 1000", err);
		if (r < 0)
			return r;
		db_bind_int(&q, last);
		for (; (r = db_step(&q, err)) > 0; rows++) {
			last = db_int(&q, 0);
			look_at_seal(work, &so_far, &q);
		}
		if (r < 0 || !rows)
			return r;
	}
}

/* ---- entries ---- */

static void meet_seals(struct work *work)
{
	for (; work->next < work->seals.n && work->seals.p[work->next].entries <= work->at.seq; work->next++) {
		const struct sealed *seal = &work->seals.p[work->next];
		if (seal->entries < work->at.seq)
			continue; /* its entry is missing, which was said */
		if (!str_is(str_from(seal->head), work->at.hash))
			seal_problem(work, seal->number, NOTE("entry {} is not what was sealed", number_text(work->arena, seal->entries)));
		else if (seal->good && work->verify->n_problems == 0)
			work->verify->sealed = seal->entries;
	}
}

static void look_at_entry(struct work *work, struct db_query *q)
{
	struct journal_verify *verify = work->verify;
	int64_t seq = db_int(q, 0);
	struct journal_entry entry = {
		.time = db_int(q, 1), .actor = db_int(q, 2), .actor_name = db_text(q, 3),
		.change = { db_text(q, 4), db_int(q, 5), db_int(q, 6), db_text(q, 7), db_text(q, 8), db_text(q, 9), db_text(q, 10) },
	};
	char hash[JOURNAL_HASH + 1];
	struct str said = db_text(q, 11);
	verify->entries++;
	if (seq != work->at.seq + 1)
		entry_problem(work, seq, NOTE("missing before it: {}", number_text(work->arena, seq - work->at.seq - 1)));
	journal_hash(work->at.hash, seq, &entry, hash);
	if (!str_is(said, hash) && seq == work->at.seq + 1)
		entry_problem(work, seq, NOTE("it was changed, or is not the one that was written: its hash does not fit"));
	if (entry.time < work->at.time)
		entry_problem(work, seq, NOTE("its time is before that of the entry before it"));
	verify->behind += str_is(entry.change.kind, "clock") && str_is(entry.change.action, "behind");
	if (!verify->first_time)
		verify->first_time = entry.time;
	work->at.seq = seq;
	work->at.time = entry.time;
	/* From what stands there: one changed entry is one problem, and not all that follow it. */
	memset(work->at.hash, '0', JOURNAL_HASH);
	if (said.n == JOURNAL_HASH)
		memcpy(work->at.hash, said.p, JOURNAL_HASH);
	if (verify->head.seq == seq && !str_is(str_from(verify->head.hash), work->at.hash))
		entry_problem(work, seq, NOTE("it is not the one whose hash was written down"));
	meet_seals(work);
}

static void tell(struct work *work, uint64_t done, uint64_t all)
{
	if (work->verify->progress)
		work->verify->progress(work->verify->ctx, done, all);
}

static int read_entries(struct work *work, int64_t all, struct err *err)
{
	for (;;) {
		DB_QUERY(q);
		int rows = 0, r = db_query(&q, work->db,
		                           "SELECT seq, time, actor, actor_name, kind, object, org, action, before, after, reason, hash"
		                           " FROM ward_journal WHERE seq > ? ORDER BY seq LIMIT 1000", err);
		if (r < 0)
			return r;
		db_bind_int(&q, work->at.seq);
		for (; (r = db_step(&q, err)) > 0; rows++)
			look_at_entry(work, &q);
		tell(work, (uint64_t)work->verify->entries, (uint64_t)all);
		if (r < 0 || rows < PAGE)
			return r;
	}
}

static void look_at_end(struct work *work)
{
	struct journal_verify *verify = work->verify;
	for (; work->next < work->seals.n; work->next++)
		seal_problem(work, work->seals.p[work->next].number,
		             NOTE("entry {}, which was sealed, is missing", number_text(work->arena, work->seals.p[work->next].entries)));
	if (verify->head.seq > work->at.seq)
		entry_problem(work, verify->head.seq, NOTE("it was written down, and is missing"));
	verify->end = work->at;
	verify->last_time = work->at.time;
}

int journal_verify(struct arena *arena, struct db *db, struct journal_verify *verify, struct err *err)
{
	struct work work = { .arena = arena, .db = db, .verify = verify };
	struct tables tables;
	int64_t all;
	memset(work.at.hash, '0', JOURNAL_HASH);
	int r = db_one_int(db, "SELECT count(*) FROM ward_journal", 0, &all, err);
	if (r == 0)
		r = read_seals(&work, err);
	if (r == 0)
		r = read_entries(&work, all, err);
	if (r == 0)
		look_at_end(&work);
	vec_done(&work.seals);
	if (r == 0)
		r = tables_list(arena, db, &tables, err);
	for (size_t i = 0; r == 0 && i < tables.n; i++)
		if (table_is_register(&tables.p[i])) {
			verify->registers++;
			r = journal_agree(arena, db, &tables.p[i], verify, err);
		}
	return r;
}
