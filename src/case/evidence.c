/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/evidence.h"

#include "crypto/digest.h"
#include "data/json.h"

const struct migration evidence_migrations[] = {
	{ 310, "evidence by digest",
	  "CREATE TABLE ward_evidence (sha256 TEXT PRIMARY KEY, content TEXT NOT NULL, tables TEXT, taken INTEGER NOT NULL, host INTEGER,"
	  " org INTEGER, kept INTEGER NOT NULL)" },
	{ 0 },
};

/* It is shown as it stands: whoever made it must not be able to say more than rows. */
static bool is_list(struct str rows)
{
	ARENA(arena);
	struct source source = { .name = "evidence", .text = rows };
	const struct doc *doc;
	return json_parse(&arena, &source, &doc, NULL) == 0 && doc->type == DOC_ARRAY;
}

int evidence_put(struct write *write, const struct evidence_kept *evidence, struct err *err)
{
	if (evidence->rows.n > EVIDENCE_MOST)
		return err_set(err, -E2BIG, "evidence of more than %d bytes", EVIDENCE_MOST);
	if (!str_eq(digest_hex(write->arena, DIGEST_SHA256, evidence->rows), evidence->sha256))
		return err_set(err, -EINVAL, "the evidence does not have its digest");
	if (!is_list(evidence->rows))
		return err_set(err, -EINVAL, "the evidence is no list of rows");
	DB_QUERY(query);
	int r = db_query(&query, write->db,
	                 "INSERT INTO ward_evidence (sha256, content, tables, taken, host, org, kept) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                 " ON CONFLICT (sha256) DO NOTHING",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&query, evidence->sha256);
	db_bind_text(&query, evidence->rows);
	db_bind_text(&query, evidence->tables);
	db_bind_int(&query, evidence->taken);
	db_bind_int(&query, evidence->host ? evidence->host : NONE);
	db_bind_int(&query, evidence->org ? evidence->org : NONE);
	db_bind_int(&query, write->now);
	return db_do(&query, err);
}

int evidence_get(struct arena *arena, struct db *db, struct str sha256, struct evidence_kept *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, "SELECT content, tables, taken, host, org FROM ward_evidence WHERE sha256 = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&query, sha256);
	r = db_step(&query, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such evidence");
	*out = (struct evidence_kept){ .sha256 = arena_str(arena, sha256), .rows = arena_str(arena, db_text(&query, 0)),
		                       .tables = arena_str(arena, db_text(&query, 1)), .taken = db_int(&query, 2),
		                       .host = db_int_or(&query, 3, 0), .org = db_int_or(&query, 4, 0) };
	if (!str_eq(digest_hex(arena, DIGEST_SHA256, out->rows), sha256))
		return err_set(err, -EBADMSG, "the kept evidence does not have its digest");
	return 0;
}
