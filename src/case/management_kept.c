/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/management_kept.h"

#include "data/json.h"

const struct migration management_migrations[] = {
	{ 430, "verdicts of management checks",
	  "CREATE TABLE ward_management(check_id TEXT PRIMARY KEY, value TEXT NOT NULL, since INTEGER NOT NULL, seen INTEGER NOT NULL,"
	  " partial INTEGER NOT NULL, reason TEXT, found INTEGER NOT NULL)" },
	{ 0 },
};

static struct str reason_json(struct arena *arena, const struct note *reason)
{
	BUF(out);
	if (!reason->english)
		return STR_NONE;
	json_open_map(&out, NULL);
	for (int lang = 0; lang < LANG_COUNT; lang++)
		json_put(&out, lang_names[lang], note_text(arena, (enum lang)lang, reason));
	buf_add_char(&out, '}');
	return arena_str(arena, buf_str(&out));
}

static int keep_one(struct write *write, const struct judged *judged, int64_t at, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_management(check_id, value, since, seen, partial, reason, found) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                 " ON CONFLICT (check_id) DO UPDATE SET"
	                 " since = CASE WHEN ward_management.value = excluded.value THEN ward_management.since ELSE excluded.since END,"
	                 " value = excluded.value, seen = excluded.seen, partial = excluded.partial, reason = excluded.reason, found = excluded.found",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, judged->check->id);
	db_bind_text(&q, str_from(verdict_names[judged->value]));
	db_bind_int(&q, at);
	db_bind_int(&q, at);
	db_bind_int(&q, judged->partial);
	db_bind_text(&q, reason_json(write->arena, &judged->reason));
	db_bind_int(&q, (int64_t)judged->n);
	return db_do(&q, err);
}

int management_keep(struct write *write, const struct observations *seen, struct err *err)
{
	DB_QUERY(q);
	int r = 0;
	for (size_t i = 0; r == 0 && i < seen->n; i++)
		r = keep_one(write, &seen->p[i], seen->at, err);
	if (r == 0)
		r = db_query(&q, write->db, "DELETE FROM ward_management WHERE seen <> ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, seen->at);
	return db_do(&q, err);
}
