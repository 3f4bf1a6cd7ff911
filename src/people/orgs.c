/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/orgs.h"

int orgs_sees(struct db *db, const struct actor *actor, int64_t org, bool *out, struct err *err)
{
	DB_QUERY(q);
	*out = actor->whole;
	if (actor->whole || !org || !actor->org)
		return 0;
	int r = db_query(&q, db, "SELECT 1 FROM ward_subtree WHERE ancestor = ? AND org = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, actor->org);
	db_bind_int(&q, org);
	r = db_step(&q, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

int orgs_exists(struct db *db, int64_t org, bool *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT 1 FROM org WHERE id = ? AND withdrawn IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, org);
	r = db_step(&q, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

int people_post_b(struct db *db, int64_t person, int64_t org, struct str duty_kind, bool *out, struct err *err)
{
	DB_QUERY(q);
	*out = false;
	if (!person)
		return 0;
	int r = db_query(&q, db,
	                 "SELECT 1 FROM post WHERE person_b = ? AND org = ? AND state = 'in_force' AND withdrawn IS NULL AND (? = '' OR duty_kind = ?)",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, person);
	db_bind_int(&q, org);
	db_bind_text(&q, duty_kind.p ? duty_kind : STR(""));
	db_bind_text(&q, duty_kind);
	r = db_step(&q, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}
