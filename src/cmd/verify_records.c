/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/verify_records.h"

#include "base/clock.h"
#include "cmd/files.h"
#include "cmd/terminal.h"
#include "data/json.h"

static struct str count_text(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%lld", (long long)value);
}

static void add_note(struct call *call, struct buf *out, const struct note *note)
{
	buf_add(out, note_text(call->arena, call->lang, note));
	buf_add_char(out, '\n');
}

/* user:secret@ becomes user@; of what follows a '?' nothing is shown, for a password may stand there. */
struct str records_shown(struct arena *arena, struct str where)
{
	if (!db_is_postgresql(where))
		return where;
	ptrdiff_t question = str_find_char(where, '?'), at = -1, colon;
	if (question >= 0)
		where = str_slice(where, 0, (size_t)question);
	at = str_find_char_last(where, '@');
	struct str start = str_slice(where, (size_t)str_find(where, "://") + 3, at < 0 ? 0 : (size_t)at);
	colon = at < 0 ? -1 : str_find_char(start, ':');
	if (colon < 0)
		return arena_str(arena, where);
	return arena_printf(arena, "postgresql://%.*s%.*s", (int)colon, start.p, STR_ARG(str_slice(where, (size_t)at, where.n)));
}

int verify_load_keys(struct call *call, const struct opt_values *files, struct public_key **out, struct err *err)
{
	struct public_key *keys = ARENA_ARRAY(call->arena, struct public_key, files->n);
	for (unsigned i = 0; i < files->n; i++) {
		struct source source;
		int r = file_load(call->arena, files->p[i].p, &source, err);
		if (r == 0)
			r = public_key_parse(str_trim(source.text), &keys[i], err);
		if (r < 0)
			return err_wrap(err, r, "%s", files->p[i].p);
	}
	*out = keys;
	return 0;
}

int verify_records_run(struct call *call, struct str where, struct verified_records *out, struct err *err)
{
	CLEANUP(records_close_p) struct records *records = NULL;
	struct progress progress = { .call = call, .doing = TR("{} % read") };
	struct db *db;
	int r = records_open(&(struct records_options){ .where = where, .read_only = true }, &records, err);
	if (r == 0)
		r = records_read(records, &db, err);
	if (r < 0)
		return r;
	out->where = records_shown(call->arena, where);
	out->verify.progress = progress_percent;
	out->verify.ctx = &progress;
	progress_start(&progress);
	r = journal_verify(call->arena, db, &out->verify, err);
	progress_end(&progress);
	records_read_end(records, db);
	return r;
}

/* "change 12, entry 40: …" */
static void add_problem(struct call *call, struct buf *out, const struct journal_problem *problem)
{
	struct arena *arena = call->arena;
	struct str what = note_text(arena, call->lang, &problem->what), seq = count_text(arena, problem->seq);
	if (problem->table.p)
		add_note(call, out, &NOTE("register {}, record {}: {}", problem->table, count_text(arena, problem->id), what));
	else if (problem->seal)
		add_note(call, out, &NOTE("seal {} of the journal: {}", count_text(arena, problem->seal), what));
	else
		add_note(call, out, &NOTE("entry {} of the journal: {}", seq, what));
}

void verify_records_text(struct call *call, const struct verified_records *records, struct buf *out)
{
	const struct journal_verify *verify = &records->verify;
	struct arena *arena = call->arena;
	for (size_t i = 0; i < verify->problems.n; i++)
		add_problem(call, out, &verify->problems.p[i]);
	add_note(call, out, &NOTE("{}: entries of the journal: {}; seals: {}", records->where, count_text(arena, verify->entries), count_text(arena, verify->seals)));
	add_note(call, out, &NOTE("{} record{s} in {} register{s} compared with the journal", count_text(arena, verify->rows), count_text(arena, verify->registers)));
	for (size_t i = 0; i < verify->key_ids.n; i++)
		add_note(call, out, &NOTE("signed by the key {}", verify->key_ids.p[i]));
	if (verify->behind)
		add_note(call, out, &NOTE("the clock stood behind {} time{s}; the order is that of arrival", count_text(arena, verify->behind)));
	if (verify->n_problems) {
		add_note(call, out, &NOTE("{} problem{s}; the first is where trust ends", count_text(arena, (int64_t)verify->n_problems)));
		return;
	}
	buf_add(out, tr(call->lang, TR("the journal is whole, and the registers say what it says")));
	buf_add_char(out, '\n');
	if (verify->end.seq > verify->sealed)
		add_note(call, out, &NOTE("not proven: the newest entries, which are not sealed yet: {}", count_text(arena, verify->end.seq - verify->sealed)));
	if (verify->key_ids.n && !verify->n_keys)
		add_note(call, out, &NOTE("not proven: whose keys these are; they were taken from the records themselves (--key with a public key kept elsewhere proves it)"));
	if (verify->head.seq < verify->end.seq)
		add_note(call, out, &NOTE("not proven: that nothing newer was cut off; write the head down elsewhere (--write-head) and give it next time (--head)"));
	if (verify->end.seq) {
		buf_puts(out, "  ");
		journal_head_print(&verify->end, out);
	}
}

void verify_records_json(struct call *call, const struct verified_records *records, struct buf *out)
{
	const struct journal_verify *verify = &records->verify;
	struct strings keys = { verify->key_ids.p, verify->key_ids.n };
	BUF(head);
	json_put_flag(out, "good", verify->n_problems == 0);
	json_put(out, "where", records->where);
	json_put_int(out, "entries", verify->entries);
	json_put_int(out, "seals", verify->seals);
	json_put_int(out, "sealed", verify->sealed);
	json_put_int(out, "registers", verify->registers);
	json_put_int(out, "rows", verify->rows);
	json_put_int(out, "clock_back", verify->behind);
	json_put_flag(out, "keys_given", verify->n_keys > 0);
	json_put_strings(out, "keys", &keys);
	journal_head_print(&verify->end, &head);
	json_put(out, "head", verify->end.seq ? str_trim(buf_str(&head)) : STR_NONE);
	json_put_int(out, "n_problems", (int64_t)verify->n_problems);
	json_open_list(out, "problems");
	for (size_t i = 0; i < verify->problems.n; i++) {
		const struct journal_problem *problem = &verify->problems.p[i];
		json_open_map(out, NULL);
		json_put_int(out, "entry", problem->seq);
		json_put_int(out, "seal", problem->seal);
		json_put(out, "register", problem->table);
		json_put_int(out, "record", problem->id);
		json_put(out, "what", note_text(call->arena, call->lang, &problem->what));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}
