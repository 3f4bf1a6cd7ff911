/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/pairs.h"

#include "base/vec.h"
#include "crypto/digest.h"
#include "people/session.h"
#include "register/record.h"

enum { LIST_MOST = 500 };

#define COLUMNS                                                                                                          \
	"id, action, kind, roles, summary, reason, object, org, initiator, initiator_person, initiator_name, created, expires," \
	" state, decided, decided_by, decided_name, decided_reason"

static void read_pair(struct arena *arena, struct db_query *q, int64_t now, struct pair *out)
{
	*out = (struct pair){
		.id = db_int(q, 0),
		.action = arena_str(arena, db_text(q, 1)),
		.kind = arena_str(arena, db_text(q, 2)),
		.roles = arena_str(arena, db_text(q, 3)),
		.summary = arena_str(arena, db_text(q, 4)),
		.reason = arena_str(arena, db_text(q, 5)),
		.object = db_int(q, 6),
		.org = db_int(q, 7),
		.initiator = db_int(q, 8),
		.initiator_person = db_int(q, 9),
		.initiator_name = arena_str(arena, db_text(q, 10)),
		.created = db_int(q, 11),
		.expires = db_int(q, 12),
		.state = arena_str(arena, db_text(q, 13)),
		.decided = db_int_or(q, 14, 0),
		.decided_by = db_int_or(q, 15, 0),
		.decided_name = arena_str(arena, db_text(q, 16)),
		.decided_reason = arena_str(arena, db_text(q, 17)),
	};
	if (str_is(out->state, "open") && now >= out->expires)
		out->state = STR("expired");
}

int pair_get(struct arena *arena, struct db *db, int64_t id, int64_t now, struct pair *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT " COLUMNS " FROM ward_pair WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r == 0)
		return err_set(err, -ENOENT, "there is nothing of this number to confirm");
	if (r > 0)
		read_pair(arena, &q, now, out);
	return r < 0 ? r : 0;
}

int pair_list(struct arena *arena, struct db *db, const struct actor *actor, int64_t now, bool open, struct pair **out, size_t *n,
              struct err *err)
{
	DB_QUERY(q);
	struct {
		struct pair *p;
		size_t n, room;
	} list = { 0 };
	int r = db_query(&q, db,
	                 "SELECT " COLUMNS " FROM ward_pair WHERE (? = 0 OR (state = 'open' AND expires > ?)) AND (? = 1 OR initiator = ? OR"
	                 " org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)) ORDER BY id DESC LIMIT ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, open);
	db_bind_int(&q, now);
	db_bind_int(&q, actor->whole);
	db_bind_int(&q, actor->id);
	db_bind_int(&q, actor->org);
	db_bind_int(&q, LIST_MOST);
	while ((r = db_step(&q, err)) > 0) {
		struct pair pair;
		read_pair(arena, &q, now, &pair);
		vec_push_in(arena, &list, pair);
	}
	*out = list.p;
	*n = list.n;
	return r;
}

/* What the seal binds: whoever changes one of these in the database has nothing that can be confirmed. */
static struct str place_of(struct arena *arena, const struct pair *pair)
{
	return arena_printf(arena, "pair|%.*s|%.*s|%lld|%lld|%lld|%lld|%lld|%lld|%.*s", STR_ARG(pair->action), STR_ARG(pair->kind),
	                    (long long)pair->object, (long long)pair->org, (long long)pair->initiator, (long long)pair->initiator_person,
	                    (long long)pair->created, (long long)pair->expires, STR_ARG(pair->roles));
}

static int journal(struct write *write, const struct pair *pair, const char *action, struct str after, struct str reason, struct err *err)
{
	struct change change = { STR("pair"), pair->id, pair->org, str_from(action), STR_NONE, after, reason };
	return write_journal(write, &change, NULL, err);
}

int pair_propose(struct write *write, const struct people *people, const struct pair_new *make, int64_t *id, struct err *err)
{
	const struct actor *actor = write->actor;
	struct str sealed, reason = str_trim(make->reason.p ? make->reason : STR(""));
	DB_QUERY(q);
	BUF(after);
	if (!reason.n || reason.n > PAIR_REASON)
		return err_set(err, -EINVAL, "say why, in at most %d bytes: a second person has to judge it", PAIR_REASON);
	if (make->payload.n > PAIR_PAYLOAD)
		return err_set(err, -E2BIG, "this is too much for a second person to judge at once");
	struct pair pair = { .action = str_from(make->action->name), .kind = make->kind, .roles = str_from(make->action->roles),
		             .object = make->object, .org = make->org, .initiator = actor->id, .initiator_person = actor->person,
		             .created = write->now, .expires = write->now + people->limits.pair_hours * 3600 };
	int r = vault_seal(write->arena, people->vault, place_of(write->arena, &pair), make->payload, &sealed, err);
	if (r == 0)
		r = db_query(&q, write->db,
		             "INSERT INTO ward_pair (action, kind, object, org, roles, payload, digest, summary, initiator, initiator_person,"
		             " initiator_name, reason, created, expires, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') RETURNING id",
		             err);
	if (r < 0)
		return r;
	struct str digest = digest_hex(write->arena, DIGEST_SHA256, make->payload);
	db_bind_text(&q, pair.action);
	db_bind_text(&q, pair.kind);
	db_bind_int(&q, pair.object);
	db_bind_int(&q, pair.org);
	db_bind_text(&q, pair.roles);
	db_bind_text(&q, sealed);
	db_bind_text(&q, digest);
	db_bind_text(&q, make->summary);
	db_bind_int(&q, pair.initiator);
	db_bind_int(&q, pair.initiator_person);
	db_bind_text(&q, actor->name);
	db_bind_text(&q, reason);
	db_bind_int(&q, pair.created);
	db_bind_int(&q, pair.expires);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	pair.id = *id = db_int(&q, 0);
	db_query_done(&q);
	json_open_map(&after, NULL);
	json_put(&after, "action", pair.action);
	json_put(&after, "kind", pair.kind);
	json_put_int(&after, "object", pair.object);
	json_put(&after, "summary", make->summary);
	json_put(&after, "payload_sha256", digest);
	buf_add_char(&after, '}');
	return journal(write, &pair, "propose", buf_str(&after), reason, err);
}

static bool has_role(const struct people *people, const struct actor *actor, struct str roles)
{
	struct str role;
	while ((role = str_word(&roles)).n) {
		int bit = roles_bit(people->roles, role);
		if (bit >= 0 && actor->roles >> bit & 1)
			return true;
	}
	return false;
}

int pair_may(struct db *db, const struct people *people, const struct pair *pair, const struct actor *actor, struct err *err)
{
	bool sees = false;
	int r = record_sees(db, actor, pair->org, &sees, err);
	if (r < 0)
		return r;
	if (!sees)
		return err_set(err, -ENOENT, "there is nothing of this number to confirm");
	if (actor->id == ACTOR_WARD || actor->token)
		return err_set(err, -EPERM, "only a person who is logged in may confirm");
	if (actor->id == pair->initiator || (actor->person && actor->person == pair->initiator_person))
		return err_set(err, -EPERM, "who began it cannot confirm it: another person must");
	if (str_is(pair->kind, "user") && pair->object == actor->id)
		return err_set(err, -EPERM, "nobody confirms what is about themselves");
	if (!has_role(people, actor, pair->roles))
		return err_set(err, -EPERM, "your roles do not allow this");
	return 0;
}

static int decide(struct write *write, const struct pair *pair, const char *state, struct str reason, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "UPDATE ward_pair SET state = ?, decided = ?, decided_by = ?, decided_name = ?, decided_reason = ? WHERE id = ? AND state = 'open'",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(state));
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->actor->id);
	db_bind_text(&q, write->actor->name);
	db_bind_text(&q, reason.p ? reason : STR(""));
	db_bind_int(&q, pair->id);
	r = db_do(&q, err);
	if (r == 0 && db_changes(write->db) == 0)
		r = err_set(err, -ESTALE, "somebody has decided it already");
	return r;
}

static int open_one(struct write *write, int64_t id, struct pair *pair, struct err *err)
{
	int r = pair_get(write->arena, write->db, id, write->now, pair, err);
	if (r == 0 && str_is(pair->state, "expired"))
		r = err_set(err, -ESTALE, "it has expired; it must be begun again");
	else if (r == 0 && !str_is(pair->state, "open"))
		r = err_set(err, -ESTALE, "somebody has decided it already");
	return r;
}

static int read_payload(struct write *write, const struct people *people, const struct pair *pair, const struct doc **out, struct err *err)
{
	DB_QUERY(q);
	struct str payload;
	int r = db_query(&q, write->db, "SELECT payload FROM ward_pair WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, pair->id);
	r = db_step(&q, err);
	if (r > 0)
		r = vault_unseal(write->arena, people->vault, place_of(write->arena, pair), db_text(&q, 0), &payload, err);
	if (r < 0)
		return r;
	struct source *source = ARENA_NEW(write->arena, struct source);
	*source = (struct source){ .name = "pair", .text = payload };
	return json_parse(write->arena, source, out, err);
}

/* The first person as they are now: whoever was locked or lost the role has begun nothing. */
static int initiator_of(struct write *write, const struct people *people, const struct pair *pair, struct actor *out, struct err *err)
{
	struct user user;
	bool whole = false;
	int r = user_by_id(write->arena, write->db, people, pair->initiator, &user, err);
	if (r == 0 && user.state != USER_ACTIVE)
		r = err_set(err, -EPERM, "the account that began it is not active any more");
	if (r == 0)
		r = session_is_whole(write->db, user.org, &whole, err);
	if (r < 0)
		return r;
	*out = session_actor(write->arena, people, &user, whole);
	out->name = arena_printf(write->arena, "%.*s + %.*s", STR_ARG(out->name), STR_ARG(write->actor->name));
	out->address = write->actor->address;
	out->confirmed = write->actor->id;
	out->fresh_until = write->actor->fresh_until;
	return 0;
}

int pair_confirm(struct write *write, const struct people *people, const struct pair_action *actions, void *ctx, int64_t id,
                 struct str reason, struct err *err)
{
	struct pair pair = { 0 };
	const struct doc *payload;
	struct actor both;
	const struct pair_action *action = actions;
	int r = open_one(write, id, &pair, err);
	if (r == 0)
		r = pair_may(write->db, people, &pair, write->actor, err);
	if (r < 0)
		return r;
	while (action && action->name && !str_is(pair.action, action->name))
		action++;
	if (!action || !action->name)
		return err_set(err, -EINVAL, "this ward does not know the action '%.*s'", STR_ARG(pair.action));
	r = read_payload(write, people, &pair, &payload, err);
	if (r == 0)
		r = initiator_of(write, people, &pair, &both, err);
	if (r == 0)
		r = decide(write, &pair, "done", reason, err);
	if (r == 0)
		r = journal(write, &pair, "confirm", STR_NONE, reason, err);
	if (r < 0)
		return r;
	struct write as_both = *write;
	as_both.actor = &both;
	return action->carry_out(ctx, &as_both, &pair, payload, err);
}

int pair_refuse(struct write *write, const struct people *people, int64_t id, struct str reason, struct err *err)
{
	struct pair pair;
	int r = open_one(write, id, &pair, err);
	if (r == 0 && write->actor->id != pair.initiator) /* who began it may take it back */
		r = pair_may(write->db, people, &pair, write->actor, err);
	if (r == 0 && !str_trim(reason.p ? reason : STR("")).n)
		r = err_set(err, -EINVAL, "say why you refuse it");
	if (r == 0)
		r = decide(write, &pair, "refused", reason, err);
	return r < 0 ? r : journal(write, &pair, "refuse", STR_NONE, reason, err);
}
