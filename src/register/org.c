/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/org.h"

/* Run a statement with two or three ids. */
static int run(struct db *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&q, a);
	db_bind_int(&q, b);
	return db_do(&q, err);
}

static int one(struct db *db, const char *sql, int64_t a, int64_t b, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&q, a);
	if (b)
		db_bind_int(&q, b);
	r = db_step(&q, err);
	*out = r > 0 ? db_int_or(&q, 0, 0) : 0;
	return r < 0 ? r : 0;
}

int org_place(struct write *write, int64_t org, int64_t parent, struct err *err)
{
	struct db *db = write->db;
	int64_t below = 0, above = 0, deep = 0;
	int r = one(db, "SELECT count(*) FROM ward_subtree WHERE ancestor = ? AND org = ?", org, parent ? parent : -1, &below, err);
	if (r == 0)
		r = one(db, "SELECT count(*) FROM ward_subtree WHERE org = ?", parent, 0, &above, err);
	/* How far down what comes along reaches: ancestors of its deepest member, up to the one that moves. */
	if (r == 0)
		r = one(db,
		        "SELECT coalesce(max(n), 1) FROM (SELECT count(*) AS n FROM ward_subtree a JOIN ward_subtree b ON b.org = a.org"
		        " WHERE a.ancestor = ? AND b.ancestor IN (SELECT org FROM ward_subtree WHERE ancestor = ?) GROUP BY a.org) t",
		        org, org, &deep, err);
	if (r < 0)
		return r;
	if (below || org == parent)
		return err_set(err, -EINVAL, "an organisation cannot be below itself");
	if (above + deep > ORG_DEPTH)
		return err_set(err, -EINVAL, "organisations can be at most %d deep", ORG_DEPTH);
	/* What moves is cut off from all that was above it, then hung below the new ones. */
	r = run(db, "INSERT INTO ward_subtree (ancestor, org) VALUES (?, ?) ON CONFLICT DO NOTHING", org, org, err);
	if (r == 0)
		r = run(db,
		        "DELETE FROM ward_subtree WHERE org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)"
		        " AND ancestor NOT IN (SELECT org FROM ward_subtree WHERE ancestor = ?)",
		        org, org, err);
	if (r == 0 && parent)
		r = run(db,
		        "INSERT INTO ward_subtree (ancestor, org) SELECT a.ancestor, b.org FROM ward_subtree a, ward_subtree b"
		        " WHERE a.org = ? AND b.ancestor = ?",
		        parent, org, err);
	return r;
}

int org_rebuild(struct write *write, struct err *err)
{
	int r = db_run(write->db, "DELETE FROM ward_subtree", err);
	if (r == 0)
		r = db_run(write->db, "INSERT INTO ward_subtree (ancestor, org) SELECT id, id FROM org", err);
	/* One level a round: whoever is above a parent is above its child. */
	for (int level = 0; r == 0 && level < ORG_DEPTH; level++)
		r = db_run(write->db,
		           "INSERT INTO ward_subtree (ancestor, org) SELECT s.ancestor, o.id FROM ward_subtree s JOIN org o ON o.parent = s.org"
		           " WHERE true ON CONFLICT DO NOTHING",
		           err);
	return r;
}

int org_exists(struct db *db, int64_t org, bool *out, struct err *err)
{
	int64_t found = 0;
	int r = one(db, "SELECT 1 FROM org WHERE id = ? AND withdrawn IS NULL", org, 0, &found, err);
	*out = found == 1;
	return r;
}
