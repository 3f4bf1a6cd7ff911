/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/journal.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/digest.h"

int journal_head_read(struct db *db, struct journal_head *out, struct err *err)
{
	DB_QUERY(q);
	*out = (struct journal_head){ 0 };
	memset(out->hash, '0', JOURNAL_HASH);
	int r = db_query(&q, db, "SELECT seq, hash, time FROM ward_journal ORDER BY seq DESC LIMIT 1", err);
	if (r == 0)
		r = db_step(&q, err);
	if (r <= 0)
		return r;
	struct str hash = db_text(&q, 1);
	if (hash.n != JOURNAL_HASH)
		return err_set(err, -EBADMSG, "the journal's last hash is damaged");
	out->seq = db_int(&q, 0);
	out->time = db_int(&q, 2);
	memcpy(out->hash, hash.p, JOURNAL_HASH);
	return 0;
}

static void put(struct buf *out, struct str text)
{
	if (!text.p) {
		buf_puts(out, "-\n");
		return;
	}
	buf_printf(out, "%zu:", text.n);
	buf_add(out, text);
	buf_add_char(out, '\n');
}

void journal_hash(const char *before, int64_t seq, const struct journal_entry *entry, char out[JOURNAL_HASH + 1])
{
	BUF(text);
	ARENA(arena);
	const struct change *change = &entry->change;
	buf_printf(&text, "ward journal 1\n%s\n%lld\n%lld\n%lld\n", before, (long long)seq, (long long)entry->time, (long long)entry->actor);
	put(&text, entry->actor_name);
	put(&text, change->kind);
	buf_printf(&text, "%lld\n%lld\n", (long long)change->object, (long long)change->org);
	put(&text, change->action);
	put(&text, change->before);
	put(&text, change->after);
	put(&text, change->reason);
	struct str hash = digest_hex(&arena, DIGEST_SHA256, buf_str(&text));
	memcpy(out, hash.p, JOURNAL_HASH);
	out[JOURNAL_HASH] = 0;
}

int journal_add(struct db *db, struct journal_head *head, const struct journal_entry *entry, struct err *err)
{
	DB_QUERY(q);
	struct journal_head next = { .seq = head->seq + 1, .time = entry->time, .behind = head->behind };
	journal_hash(head->hash, next.seq, entry, next.hash);
	int r = db_query(&q, db,
	                 "INSERT INTO ward_journal (seq, time, actor, actor_name, kind, object, org, action, before, after, reason, hash)"
	                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, next.seq);
	db_bind_int(&q, entry->time);
	db_bind_int(&q, entry->actor);
	db_bind_text(&q, entry->actor_name);
	db_bind_text(&q, entry->change.kind);
	db_bind_int(&q, entry->change.object);
	db_bind_int(&q, entry->change.org);
	db_bind_text(&q, entry->change.action);
	db_bind_text(&q, entry->change.before);
	db_bind_text(&q, entry->change.after);
	db_bind_text(&q, entry->change.reason);
	db_bind_text(&q, str_from(next.hash));
	r = db_do(&q, err);
	if (r == 0)
		*head = next;
	return r;
}
