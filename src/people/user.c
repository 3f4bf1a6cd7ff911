/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/user.h"

#include "data/json.h"
#include "people/session.h"

const char *const user_state_names[] = { "active", "locked", "disabled", NULL };

bool user_login_fold(struct arena *arena, struct str login, struct str *out)
{
	login = str_trim(login);
	if (login.n < 2 || login.n > USER_LOGIN_MOST)
		return false;
	char *text = arena_bytes(arena, login.n + 1);
	for (size_t i = 0; i < login.n; i++) {
		char c = login.p[i];
		text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		bool plain = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');
		if (!plain && (i == 0 || !memchr("._-@", text[i], 4)))
			return false;
	}
	text[login.n] = 0;
	*out = (struct str){ text, login.n };
	return true;
}

/* ---- reading ---- */

#define COLUMNS "u.id, u.login, u.name, u.person, u.org, u.state, u.password, u.password_at, u.must_change, u.history, u.totp, u.totp_new," \
	" u.totp_step, u.recovery, u.lang, u.theme, u.directory, u.version, r.role"
#define FROM    " FROM ward_user u LEFT JOIN ward_user_role r ON r.user_id = u.id WHERE "

static int state_of(struct str name)
{
	for (int i = 0; user_state_names[i]; i++)
		if (str_is(name, user_state_names[i]))
			return i;
	return USER_DISABLED;
}

static int read_user(struct arena *arena, struct db_query *q, const struct people *people, struct user *out, struct err *err)
{
	int r, rows = 0;
	while ((r = db_step(q, err)) > 0) {
		if (rows++ == 0)
			*out = (struct user){
				.id = db_int(q, 0),
				.login = arena_str(arena, db_text(q, 1)),
				.name = arena_str(arena, db_text(q, 2)),
				.person = db_int(q, 3),
				.org = db_int(q, 4),
				.state = state_of(db_text(q, 5)),
				.password = arena_str(arena, db_text(q, 6)),
				.password_at = db_int(q, 7),
				.must_change = db_int(q, 8) != 0,
				.history = arena_str(arena, db_text(q, 9)),
				.totp = arena_str(arena, db_text(q, 10)),
				.totp_new = arena_str(arena, db_text(q, 11)),
				.totp_step = db_int(q, 12),
				.recovery = arena_str(arena, db_text(q, 13)),
				.lang = arena_str(arena, db_text(q, 14)),
				.theme = arena_str(arena, db_text(q, 15)),
				.directory = db_int(q, 16) != 0,
				.version = db_int(q, 17),
			};
		struct str role = db_text(q, 18);
		int bit = role.p ? roles_bit(people->roles, role) : -1;
		if (bit >= 0)
			out->roles |= UINT64_C(1) << bit;
	}
	if (r < 0)
		return r;
	return rows ? 0 : err_set(err, -ENOENT, "there is no such account");
}

int user_by_login(struct arena *arena, struct db *db, const struct people *people, struct str login, struct user *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT " COLUMNS FROM "u.login = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, login);
	return read_user(arena, &q, people, out, err);
}

int user_by_id(struct arena *arena, struct db *db, const struct people *people, int64_t id, struct user *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT " COLUMNS FROM "u.id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	return read_user(arena, &q, people, out, err);
}

/* What the register of organisations calls this one; STR_NONE without that register. */
static int org_name(struct arena *arena, struct db *db, const struct people *people, int64_t org, struct str *out, struct err *err)
{
	DB_QUERY(q);
	*out = STR_NONE;
	if (!people->books)
		return 0;
	int r = db_query(&q, db, "SELECT name FROM org WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, org);
	r = db_step(&q, err);
	if (r > 0)
		*out = arena_str(arena, db_text(&q, 0));
	return r < 0 ? r : 0;
}

int user_personal(struct arena *arena, struct db *db, const struct people *people, const struct user *user, struct strings *out,
                  struct err *err)
{
	struct str org;
	*out = (struct strings){ ARENA_ARRAY(arena, struct str, 3), 0 };
	out->p[out->n++] = user->login;
	out->p[out->n++] = user->name;
	int r = org_name(arena, db, people, user->org, &org, err);
	if (r == 0 && org.n)
		out->p[out->n++] = org;
	return r;
}

void user_put(struct buf *out, struct arena *arena, const struct people *people, const struct user *user)
{
	struct strings roles;
	roles_list(arena, people->roles, user->roles, &roles);
	json_put_int(out, "id", user->id);
	json_put(out, "login", user->login);
	json_put(out, "name", user->name);
	json_put_int(out, "person", user->person);
	json_put_int(out, "org", user->org);
	json_put(out, "state", str_from(user->state == USER_ACTIVE && user->must_change ? "must-change" : user_state_names[user->state]));
	json_put_strings(out, "roles", &roles);
	json_put_flag(out, "second_factor", user->totp.p != NULL);
	json_put_flag(out, "directory", user->directory);
	json_put_int(out, "password_at", user->password_at);
	json_put_int(out, "version", user->version);
}

/* ---- writing ---- */

int user_journal(struct write *write, const struct user *user, const char *action, struct str before, struct str after, struct str reason,
                 struct err *err)
{
	struct change change = { STR("user"), user->id, user->org, str_from(action), before, after, reason };
	return write_journal(write, &change, NULL, err);
}

int user_create(struct write *write, const struct user_new *make, int64_t *id, struct err *err)
{
	DB_QUERY(q);
	BUF(after);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_user (login, name, person, org, state, password, password_at, must_change, history, totp_step,"
	                 " recovery, lang, theme, directory, version, created, created_by, updated)"
	                 " VALUES (?, ?, ?, ?, 'active', ?, ?, ?, '[]', 0, '[]', ?, '', ?, 1, ?, ?, ?) RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, make->login);
	db_bind_text(&q, make->name);
	db_bind_int(&q, make->person);
	db_bind_int(&q, make->org);
	db_bind_text(&q, make->hash);
	db_bind_int(&q, write->now);
	db_bind_int(&q, make->must_change);
	db_bind_text(&q, str_from(lang_names[make->lang]));
	db_bind_int(&q, !make->hash.p);
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->actor->id);
	db_bind_int(&q, write->now);
	r = db_step(&q, err);
	if (r == -EEXIST)
		return err_set(err, -EEXIST, "this login, or this person, has an account already");
	if (r < 0)
		return r;
	*id = db_int(&q, 0);
	db_query_done(&q);
	json_open_map(&after, NULL);
	json_put(&after, "login", make->login);
	json_put(&after, "name", make->name);
	json_put_int(&after, "person", make->person);
	json_put_int(&after, "org", make->org);
	buf_add_char(&after, '}');
	struct user user = { .id = *id, .org = make->org };
	return user_journal(write, &user, "create", STR_NONE, buf_str(&after), STR_NONE, err);
}

static void put_change(struct buf *before, struct buf *after, const char *name, struct str old, struct str new)
{
	json_put(before, name, old);
	json_put(after, name, new);
}

int user_edit(struct write *write, const struct user *user, const struct user_change *change, struct err *err)
{
	DB_QUERY(q);
	BUF(before);
	BUF(after);
	struct str name = change->name.p ? change->name : user->name;
	struct str lang = change->lang.p ? change->lang : user->lang;
	struct str theme = change->theme.p ? change->theme : user->theme;
	int64_t org = change->org ? change->org : user->org;
	json_open_map(&before, NULL);
	json_open_map(&after, NULL);
	if (!str_eq(name, user->name))
		put_change(&before, &after, "name", user->name, name);
	if (!str_eq(lang, user->lang))
		put_change(&before, &after, "lang", user->lang, lang);
	if (!str_eq(theme, user->theme))
		put_change(&before, &after, "theme", user->theme, theme);
	if (org != user->org) {
		json_put_int(&before, "org", user->org);
		json_put_int(&after, "org", org);
	}
	if (after.n == 1)
		return 0;
	buf_add_char(&before, '}');
	buf_add_char(&after, '}');
	int r = db_query(&q, write->db,
	                 "UPDATE ward_user SET name = ?, lang = ?, theme = ?, org = ?, version = version + 1, updated = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, name);
	db_bind_text(&q, lang);
	db_bind_text(&q, theme);
	db_bind_int(&q, org);
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	r = db_do(&q, err);
	db_query_done(&q);
	if (r == 0 && org != user->org)
		r = session_end_all(write, user->id, 0, "org", err);
	if (r == 0)
		r = user_journal(write, user, "edit", buf_str(&before), buf_str(&after), STR_NONE, err);
	return r;
}

int user_set_state(struct write *write, const struct user *user, enum user_state state, struct str reason,
                   struct err *err)
{
	static const char *const actions[] = { "unlock", "lock", "disable" };
	DB_QUERY(q);
	BUF(before);
	BUF(after);
	if (write->actor->id == user->id && write->actor->id != ACTOR_WARD)
		return err_set(err, -EPERM, "nobody changes the state of their own account");
	int r = db_query(&q, write->db, "UPDATE ward_user SET state = ?, version = version + 1, updated = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(user_state_names[state]));
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	r = db_do(&q, err);
	db_query_done(&q);
	if (r == -EEXIST)
		return err_set(err, -EEXIST, "this person has another account by now");
	if (r == 0 && state != USER_ACTIVE)
		r = session_end_all(write, user->id, 0, "state", err);
	if (r == 0 && state == USER_DISABLED)
		r = token_end_all(write, user->id, err);
	if (r < 0)
		return r;
	buf_printf(&before, "{\"state\":\"%s\"}", user_state_names[user->state]);
	buf_printf(&after, "{\"state\":\"%s\"}", user_state_names[state]);
	return user_journal(write, user, actions[state], buf_str(&before), buf_str(&after), reason, err);
}

static int put_role(struct write *write, int64_t user, struct str role, bool granted, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 granted ? "INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (?, ?, ?, ?)"
	                         : "DELETE FROM ward_user_role WHERE user_id = ? AND role = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, user);
	db_bind_text(&q, role);
	if (granted) {
		db_bind_int(&q, write->actor->id);
		db_bind_int(&q, write->now);
	}
	return db_do(&q, err);
}

static void put_roles(struct buf *out, struct arena *arena, const struct people *people, uint64_t roles)
{
	struct strings list;
	roles_list(arena, people->roles, roles, &list);
	json_open_map(out, NULL);
	json_put_strings(out, "roles", &list);
	buf_add_char(out, '}');
}

int user_set_roles(struct write *write, const struct people *people, const struct user *user, uint64_t roles, struct str reason, struct err *err)
{
	BUF(before);
	BUF(after);
	DB_QUERY(q);
	uint64_t had = user->roles;
	int r = roles_compatible(people->roles, roles, err);
	if (r == 0 && write->actor->id == user->id && write->actor->id != ACTOR_WARD)
		r = err_set(err, -EPERM, "nobody changes their own roles");
	for (size_t i = 0; r == 0 && i < people->roles->n; i++)
		if ((had ^ roles) >> i & 1)
			r = put_role(write, user->id, people->roles->p[i].name, roles >> i & 1, err);
	if (r < 0 || had == roles)
		return r;
	r = db_query(&q, write->db, "UPDATE ward_user SET version = version + 1, updated = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	r = db_do(&q, err);
	db_query_done(&q);
	if (r == 0)
		r = session_end_all(write, user->id, 0, "roles", err);
	put_roles(&before, write->arena, people, had);
	put_roles(&after, write->arena, people, roles);
	return r < 0 ? r : user_journal(write, user, "roles", buf_str(&before), buf_str(&after), reason, err);
}

/* ---- passwords ---- */

static const struct doc *history_of(struct arena *arena, const struct user *user, struct source *source)
{
	const struct doc *list = NULL;
	*source = (struct source){ .name = "history", .text = user->history };
	return json_parse(arena, source, &list, NULL) == 0 && list->type == DOC_ARRAY ? list : NULL;
}

bool user_knew_password(const struct user *user, struct str password)
{
	ARENA(arena);
	struct source source;
	const struct doc *list = history_of(&arena, user, &source);
	bool knew = user->password.p && password_verify(user->password, password);
	for (size_t i = 0; !knew && list && i < list->n; i++)
		knew = password_verify(doc_string(&list->items[i]), password);
	return knew;
}

int user_set_password(struct write *write, const struct user *user, struct str hash, bool must_change,
                      int64_t keep, const char *action, struct err *err)
{
	struct source source;
	DB_QUERY(q);
	BUF(history);
	const struct doc *list = history_of(write->arena, user, &source);
	json_open_list(&history, NULL);
	if (user->password.p)
		json_put(&history, NULL, user->password);
	for (size_t i = 0; list && i < list->n && i + 2 < PASSWORD_HISTORY; i++)
		json_put(&history, NULL, doc_string(&list->items[i]));
	buf_add_char(&history, ']');
	int r = db_query(&q, write->db,
	                 "UPDATE ward_user SET password = ?, password_at = ?, must_change = ?, history = ?, version = version + 1, updated = ?"
	                 " WHERE id = ? AND version = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, hash);
	db_bind_int(&q, write->now);
	db_bind_int(&q, must_change);
	db_bind_text(&q, buf_str(&history));
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	db_bind_int(&q, user->version);
	r = db_do(&q, err);
	if (r == 0 && db_changes(write->db) == 0)
		r = err_set(err, -ESTALE, "the account was changed meanwhile");
	db_query_done(&q);
	if (r == 0)
		r = session_end_all(write, user->id, keep, "password", err);
	return r < 0 ? r : user_journal(write, user, action, STR_NONE, STR_NONE, STR_NONE, err);
}

/* ---- the second factor ---- */

int user_begin_second_factor(struct write *write, const struct user *user, struct str sealed, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_user SET totp_new = ?, version = version + 1, updated = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, sealed);
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	return db_do(&q, err);
}

static int put_second_factor(struct write *write, const struct user *user, struct str sealed, int64_t step, struct str recovery,
                             struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "UPDATE ward_user SET totp = ?, totp_new = NULL, totp_step = ?, recovery = ?, version = version + 1, updated = ?"
	                 " WHERE id = ? AND version = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, sealed);
	db_bind_int(&q, step);
	db_bind_text(&q, recovery);
	db_bind_int(&q, write->now);
	db_bind_int(&q, user->id);
	db_bind_int(&q, user->version);
	r = db_do(&q, err);
	if (r == 0 && db_changes(write->db) == 0)
		r = err_set(err, -ESTALE, "the account was changed meanwhile");
	return r;
}

int user_confirm_second_factor(struct write *write, const struct user *user, int64_t step, struct str recovery,
                               int64_t keep, struct err *err)
{
	int r = put_second_factor(write, user, user->totp_new, step, recovery, err);
	if (r == 0)
		r = session_end_all(write, user->id, keep, "second-factor", err);
	return r < 0 ? r : user_journal(write, user, "second-factor", STR_NONE, STR_NONE, STR_NONE, err);
}

int user_drop_second_factor(struct write *write, const struct user *user, struct str reason, struct err *err)
{
	int r = put_second_factor(write, user, STR_NONE, user->totp_step, STR("[]"), err);
	if (r == 0)
		r = session_end_all(write, user->id, 0, "second-factor", err);
	return r < 0 ? r : user_journal(write, user, "second-factor-drop", STR_NONE, STR_NONE, reason, err);
}
