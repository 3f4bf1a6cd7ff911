/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/session.h"

#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/secret.h"

enum { TOUCH = 60 /* seconds between two writes of "seen" */, KEPT = 90 * 86400 /* sessions long over */ };

const char *const session_must_names[] = { NULL, "password", "second-factor" };

/* ---- who it is ---- */

enum session_must session_must_of(const struct people *people, const struct user *user, int64_t now)
{
	int64_t days = people->limits.password_days;
	if (!user->directory && (user->must_change || (days > 0 && user->password_at < now - days * 86400)))
		return MUST_PASSWORD;
	if (!user->totp.p && roles_need_second_factor(people->roles, user->roles))
		return MUST_SECOND_FACTOR;
	return MUST_NOTHING;
}

int session_is_whole(struct db *db, int64_t org, bool *out, struct err *err)
{
	DB_QUERY(q);
	*out = false;
	int r = db_query(&q, db, "SELECT value FROM ward_setting WHERE name = 'root_org'", err);
	if (r == 0)
		r = db_step(&q, err);
	if (r > 0)
		*out = org && str_int_or(db_text(&q, 0), 0) == org;
	return r < 0 ? r : 0;
}

struct actor session_actor(struct arena *arena, const struct people *people, const struct user *user, bool whole)
{
	enum lang lang = LANG_EN;
	(void)lang_parse(user->lang, &lang);
	/* The journal shows both names: people share one, and logins change hands. */
	struct str name = str_eq(user->name, user->login) ? user->login
	                                                  : arena_printf(arena, "%.*s (%.*s)", STR_ARG(user->name), STR_ARG(user->login));
	(void)people;
	return (struct actor){ .id = user->id, .name = name, .person = user->person, .org = user->org, .whole = whole,
		               .roles = user->roles, .lang = lang };
}

static int fill_in(struct arena *arena, struct db *db, const struct people *people, int64_t user, int64_t now, struct session *out,
                   struct err *err)
{
	bool whole = false;
	int r = user_by_id(arena, db, people, user, &out->user, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = session_is_whole(db, out->user.org, &whole, err);
	if (r < 0 || out->user.state != USER_ACTIVE)
		return r;
	out->must = session_must_of(people, &out->user, now);
	out->actor = session_actor(arena, people, &out->user, whole);
	/* Nothing is open to who has not done it, whatever a route forgets to ask. */
	if (out->must != MUST_NOTHING || roles_compatible(people->roles, out->actor.roles, NULL) < 0)
		out->actor.roles = 0;
	return 0;
}

int session_by_cookie(struct arena *arena, struct db *db, const struct people *people, struct str token, int64_t now,
                      struct session *out, struct err *err)
{
	DB_QUERY(q);
	*out = (struct session){ 0 };
	if (!str_is_hex(token, SESSION_TOKEN))
		return 0;
	int r = db_query(&q, db, "SELECT id, user_id, created, seen, expires, fresh_until FROM ward_session WHERE digest = ? AND ended IS NULL", err);
	if (r < 0)
		return r;
	db_bind_text(&q, digest_hex(arena, DIGEST_SHA256, token));
	r = db_step(&q, err);
	if (r <= 0)
		return r;
	int64_t id = db_int(&q, 0), user = db_int(&q, 1), seen = db_int(&q, 3), fresh = db_int(&q, 5);
	out->created = db_int(&q, 2);
	out->expires = db_int(&q, 4);
	db_query_done(&q);
	/* A clock set back makes a session no older than it is, and no younger: it ends. */
	if (now >= out->expires || now - seen >= people->limits.idle || now < out->created - TOUCH)
		return 0;
	r = fill_in(arena, db, people, user, now, out, err);
	if (r < 0 || !out->actor.id)
		return r;
	out->actor.session = id;
	out->actor.fresh_until = fresh;
	out->stale = now - seen >= TOUCH;
	out->csrf = session_csrf(arena, token);
	return 0;
}

struct str session_csrf(struct arena *arena, struct str token)
{
	return secret_hmac_hex(arena, token, STR("ward csrf 1"));
}

struct str session_cookie(struct arena *arena, struct str token)
{
	return arena_printf(arena, "__Host-ward=%.*s; Path=/; Secure; HttpOnly; SameSite=Strict%s", STR_ARG(token),
	                    token.n ? "" : "; Max-Age=0");
}

/* ---- used ---- */

struct touch {
	int64_t session, token, now;
};
static const struct actor ward = { .name = STR("ward") };

static int touch_work(void *ctx, struct write *write, struct err *err)
{
	struct touch *touch = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 touch->session ? "UPDATE ward_session SET seen = ? WHERE id = ? AND seen < ?"
	                                : "UPDATE ward_token SET used = ? WHERE id = ? AND used < ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, touch->now);
	db_bind_int(&q, touch->session ? touch->session : touch->token);
	db_bind_int(&q, touch->now);
	return db_do(&q, err);
}

static void touch_done(void *ctx, int result, const struct err *err)
{
	(void)result, (void)err;
	free(ctx);
}

void session_touch(struct records *records, const struct session *session, int64_t now)
{
	struct touch *touch = mem_alloc(sizeof(*touch));
	*touch = (struct touch){ session->actor.session, session->actor.token, now };
	records_write(records, &ward, touch_work, touch_done, touch);
}

/* ---- begin and end ---- */

static int end_oldest(struct write *write, const struct people *people, int64_t user, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "UPDATE ward_session SET ended = ?, why = 'more' WHERE user_id = ? AND ended IS NULL AND id NOT IN"
	                 " (SELECT id FROM ward_session WHERE user_id = ? AND ended IS NULL ORDER BY created DESC, id DESC LIMIT ?)",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_int(&q, user);
	db_bind_int(&q, user);
	db_bind_int(&q, people->limits.sessions);
	return db_do(&q, err);
}

static int forget_old(struct write *write, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "DELETE FROM ward_session WHERE expires < ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now - KEPT);
	return db_do(&q, err);
}

int session_make(struct write *write, const struct people *people, const struct user *user, struct str address, struct str agent,
                 struct str *token, int64_t *id, struct err *err)
{
	DB_QUERY(q);
	*token = secret_token(write->arena);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_session (user_id, digest, created, seen, expires, fresh_until, address, agent)"
	                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, user->id);
	db_bind_text(&q, digest_hex(write->arena, DIGEST_SHA256, *token));
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->now + people->limits.absolute);
	db_bind_int(&q, write->now + people->limits.fresh);
	db_bind_text(&q, address.p ? address : STR(""));
	db_bind_text(&q, agent.p ? agent : STR(""));
	r = db_step(&q, err);
	if (r < 0)
		return r;
	*id = db_int(&q, 0);
	db_query_done(&q);
	r = end_oldest(write, people, user->id, err);
	return r < 0 ? r : forget_old(write, err);
}

int session_end(struct write *write, int64_t id, const char *why, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_session SET ended = ?, why = ? WHERE id = ? AND ended IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_text(&q, str_from(why));
	db_bind_int(&q, id);
	return db_do(&q, err);
}

int session_end_all(struct write *write, int64_t user, int64_t keep, const char *why, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_session SET ended = ?, why = ? WHERE user_id = ? AND ended IS NULL AND id <> ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_text(&q, str_from(why));
	db_bind_int(&q, user);
	db_bind_int(&q, keep);
	return db_do(&q, err);
}

int session_make_fresh(struct write *write, const struct people *people, int64_t id, int64_t *until, struct err *err)
{
	DB_QUERY(q);
	*until = write->now + people->limits.fresh;
	int r = db_query(&q, write->db, "UPDATE ward_session SET fresh_until = ? WHERE id = ? AND ended IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, *until);
	db_bind_int(&q, id);
	return db_do(&q, err);
}

/* ---- tokens ---- */

static bool word_good(struct str word)
{
	struct str rest = word, verb = str_cut(&rest, ':');
	if (!str_is(verb, "read") && !str_is(verb, "write"))
		return false;
	for (unsigned parts = 0; rest.p; parts++) {
		struct str part = str_cut(&rest, ':');
		if (part.n == 0 || part.n > 64 || parts == 4)
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!((part.p[i] >= 'a' && part.p[i] <= 'z') || (part.p[i] >= '0' && part.p[i] <= '9') || part.p[i] == '_' || part.p[i] == '-'))
				return false;
	}
	return true;
}

bool scope_good(struct str scope, struct note *why)
{
	size_t words = 0;
	struct str rest = scope, word;
	*why = (struct note){ 0 };
	if (scope.n > SCOPE_MOST)
		*why = NOTE("the scope is too long");
	while (!why->english && (word = str_word(&rest)).n) {
		if (!word_good(word))
			*why = NOTE("'{}' is no scope; it is written like read:records:finding or write:incidents", word);
		else if (++words > SCOPE_WORDS)
			*why = NOTE("the scope is too long");
	}
	if (!why->english && words == 0)
		*why = NOTE("say what the token may do, such as read:records");
	return !why->english;
}

static bool word_covers(struct str word, bool reads, struct str path)
{
	struct str verb = str_cut(&word, ':');
	if (!str_is(verb, "write") && !(reads && str_is(verb, "read")))
		return false;
	while (word.p) {
		struct str part = str_cut(&word, ':');
		struct str segment = path.p ? str_cut(&path, '/') : STR_NONE;
		if (!segment.n || !str_eq(part, segment))
			return false;
	}
	return true;
}

bool scope_covers(struct str scope, bool reads, struct str path)
{
	struct str word;
	if (!str_starts(path, "/api/"))
		return false;
	path = str_slice(path, strlen("/api/"), path.n);
	while ((word = str_word(&scope)).n)
		if (word_good(word) && word_covers(word, reads, path))
			return true;
	return false;
}

int session_by_token(struct arena *arena, struct db *db, const struct people *people, struct str token, int64_t now,
                     struct session *out, struct err *err)
{
	DB_QUERY(q);
	*out = (struct session){ 0 };
	if (!str_starts(token, "ward_") || !str_is_hex(str_slice(token, 5, token.n), SESSION_TOKEN))
		return 0;
	int r = db_query(&q, db, "SELECT id, user_id, created, expires, used, scope FROM ward_token WHERE digest = ? AND ended IS NULL", err);
	if (r < 0)
		return r;
	db_bind_text(&q, digest_hex(arena, DIGEST_SHA256, token));
	r = db_step(&q, err);
	if (r <= 0)
		return r;
	int64_t id = db_int(&q, 0), user = db_int(&q, 1), used = db_int(&q, 4);
	out->created = db_int(&q, 2);
	out->expires = db_int(&q, 3);
	out->scope = arena_str(arena, db_text(&q, 5));
	db_query_done(&q);
	if (now >= out->expires)
		return 0;
	r = fill_in(arena, db, people, user, now, out, err);
	if (r < 0 || !out->actor.id)
		return r;
	out->actor.token = id;
	out->stale = now - used >= TOUCH;
	return 0;
}

int token_make(struct write *write, const struct people *people, const struct user *user, struct str name, struct str scope,
               int64_t expires, struct str *token, int64_t *id, struct err *err)
{
	DB_QUERY(q);
	*token = arena_printf(write->arena, "ward_%.*s", STR_ARG(secret_token(write->arena)));
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_token (user_id, name, digest, scope, created, expires, used) VALUES (?, ?, ?, ?, ?, ?, 0) RETURNING id",
	                 err);
	if (r < 0)
		return r;
	int64_t last = write->now + people->limits.token_days * 86400;
	db_bind_int(&q, user->id);
	db_bind_text(&q, name);
	db_bind_text(&q, digest_hex(write->arena, DIGEST_SHA256, *token));
	db_bind_text(&q, scope);
	db_bind_int(&q, write->now);
	db_bind_int(&q, expires > write->now ? MIN(expires, last) : last);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	*id = db_int(&q, 0);
	return 0;
}

int token_end(struct write *write, int64_t id, int64_t user, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_token SET ended = ? WHERE id = ? AND ended IS NULL AND (user_id = ? OR ? = 0)", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_int(&q, id);
	db_bind_int(&q, user);
	db_bind_int(&q, user);
	r = db_do(&q, err);
	return r == 0 && db_changes(write->db) == 0 ? err_set(err, -ENOENT, "there is no such token") : r;
}

int token_end_all(struct write *write, int64_t user, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_token SET ended = ? WHERE user_id = ? AND ended IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_int(&q, user);
	return db_do(&q, err);
}
