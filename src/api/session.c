/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * session: logging in and out, and what a person may change about themselves.
 *
 * What proves a password is slow on purpose, so those routes are read routes on the slow threads, which hand their result to the
 * writer themselves (people/login.h).
 */
#include "api/door.h"
#include "people/first.h"
#include "people/login.h"
#include "people/second_factor.h"

enum { TYPED = 256 /* bytes of what somebody types as login or code */ };
enum { SLOW = ROUTE_READ | ROUTE_SLOW };

static int org_name(struct request *request, int64_t org, struct str *out, struct err *err)
{
	DB_QUERY(q);
	*out = STR("");
	int r = db_query(&q, request->db, "SELECT name FROM org WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, org);
	r = db_step(&q, err);
	if (r > 0)
		*out = arena_str(request->arena, db_text(&q, 0));
	return r < 0 ? r : 0;
}

static int person_name(struct request *request, int64_t person, struct str *out, struct err *err)
{
	DB_QUERY(q);
	*out = STR_NONE;
	if (!person)
		return 0;
	int r = db_query(&q, request->db, "SELECT name FROM ward_user WHERE person = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, person);
	r = db_step(&q, err);
	if (r > 0)
		*out = arena_str(request->arena, db_text(&q, 0));
	return r < 0 ? r : 0;
}

static int put_session(struct request *request, const struct user *user, struct str csrf, int64_t fresh_until, struct err *err)
{
	const struct office *office = office_of(request);
	struct buf *out = &request->out;
	struct strings roles;
	struct str org, person;
	int r = org_name(request, user->org, &org, err);
	if (r == 0)
		r = person_name(request, user->person, &person, err);
	if (r < 0)
		return r;
	enum session_must must = session_must_of(office->people, user, request->now);
	roles_list(request->arena, office->roles, user->roles, &roles);
	json_open_map(out, NULL);
	json_open_map(out, "user");
	json_put_int(out, "id", user->id);
	json_put(out, "login", user->login);
	json_put(out, "name", user->name);
	json_put(out, "lang", user->lang);
	json_put(out, "theme", user->theme);
	json_put_flag(out, "second_factor", user->totp.p != NULL);
	json_put_flag(out, "directory", user->directory);
	buf_add_char(out, '}');
	if (user->person) {
		json_open_map(out, "person");
		json_put_int(out, "id", user->person);
		json_put(out, "name", person.p ? person : user->name);
		buf_add_char(out, '}');
	} else {
		json_put_null(out, "person");
	}
	json_open_map(out, "org");
	json_put_int(out, "id", user->org);
	json_put(out, "name", org);
	buf_add_char(out, '}');
	json_put_strings(out, "roles", &roles);
	json_put(out, "csrf", csrf.p ? csrf : STR(""));
	json_put_int(out, "fresh_until", fresh_until);
	json_put(out, "profile", cases_kind(&office->cases));
	json_put(out, "version", STR(WARD_VERSION));
	json_put_or_null(out, "must", str_from(session_must_names[must]));
	buf_add_char(out, '}');
	return 0;
}

static int nobody(struct request *request, struct err *err)
{
	int64_t users = 0;
	int r = db_one_int(request->db, "SELECT count(*) FROM ward_user", 0, &users, err);
	if (r < 0)
		return r;
	request_refuse(request, 401, "login", NOTE("you are not logged in"));
	request->out.n--;
	json_put_flag(&request->out, "first", users == 0);
	buf_add_char(&request->out, '}');
	return 0;
}

static int get_session(struct request *request, struct err *err)
{
	const struct actor *actor = request->actor;
	struct user user;
	if (!actor)
		return nobody(request, err);
	int r = user_by_id(request->arena, request->db, office_of(request)->people, actor->id, &user, err);
	return r < 0 ? r : put_session(request, &user, request->csrf, actor->fresh_until, err);
}

/* What a login came to, as an answer; 0 with *good when the way is free. */
static int say_why(struct request *request, const struct login_done *done, bool *good)
{
	*good = done->why == LOGIN_GOOD;
	if (done->why == LOGIN_WAIT)
		request_refuse(request, 429, "limit",
		               NOTE("too many wrong ones; wait {} second{s}", arena_printf(request->arena, "%lld", (long long)done->wait)));
	else if (done->why == LOGIN_CODE)
		request_refuse(request, 401, "second-factor", NOTE("the code of the second factor is needed, too"));
	else if (done->why == LOGIN_WRONG)
		request_refuse(request, 401, "login", NOTE("login, password or code is wrong, or the account is locked"));
	return 0;
}

static int read_login(struct request *request, struct login *login, struct err *err)
{
	*login = (struct login){ .address = request->address, .agent = request->agent, .now = request->now };
	int r = request_text(request, "password", true, PASSWORD_MOST, &login->password, err);
	return r < 0 ? r : request_text(request, "code", false, TYPED, &login->code, err);
}

static int post_login(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct login_done done;
	struct login login;
	bool good;
	int r = door_only(request, "login password code", err);
	if (r == 0)
		r = read_login(request, &login, err);
	if (r == 0)
		r = request_text(request, "login", true, TYPED, &login.login, err);
	if (r == 0)
		r = login_begin(request->arena, office->people, request->records, request->db, &login, &done, err);
	if (r < 0 || say_why(request, &done, &good) < 0 || !good)
		return r;
	request->cookie = session_cookie(request->arena, done.token);
	return put_session(request, &done.user, session_csrf(request->arena, done.token), done.fresh_until, err);
}

static int post_logout(struct request *request, struct err *err)
{
	int r = 0;
	request->cookie = session_cookie(request->arena, STR(""));
	request->status = 204;
	if (request->actor && request->actor->session) {
		struct user user = { .id = request->actor->id, .org = request->actor->org };
		r = session_end(request->write, request->actor->session, "logout", err);
		if (r == 0)
			r = user_journal(request->write, &user, "logout", STR_NONE, STR_NONE, STR_NONE, err);
	}
	return r;
}

static int post_fresh(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct login_done done;
	struct login login;
	bool good;
	int r = door_only(request, "password code", err);
	if (r == 0 && !request->actor->session)
		r = err_set(err, -EPERM, "tokens may not be used here");
	if (r == 0)
		r = read_login(request, &login, err);
	if (r == 0)
		r = login_again(request->arena, office->people, request->records, request->db, request->actor, &login, true, &done, err);
	if (r < 0)
		return r;
	/* "login" would send the page to the login, though the session is good. */
	if (done.why == LOGIN_WRONG) {
		request_refuse(request, 422, "invalid", NOTE("password or code is wrong"));
		return 0;
	}
	if (say_why(request, &done, &good) < 0 || !good)
		return 0;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "fresh_until", done.fresh_until);
	buf_add_char(&request->out, '}');
	return 0;
}

/* ---- passwords ---- */

struct new_password {
	struct user user;
	struct str hash;
	int64_t keep;
};

static int set_password(void *ctx, struct write *write, struct err *err)
{
	struct new_password *new = ctx;
	return user_set_password(write, &new->user, new->hash, false, new->keep, "password", err);
}

static int refuse_password(struct request *request, struct note why, struct err *err)
{
	request_problem(request, STR("new"), why);
	return err_set(err, -EINVAL, "%.*s", STR_ARG(note_text(request->arena, LANG_EN, &why)));
}

static int post_password(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct new_password new = { .keep = request->actor->session };
	struct login login = { .address = request->address, .now = request->now };
	struct login_done done;
	struct strings personal;
	struct str typed;
	struct note why;
	bool good;
	int r = door_only(request, "old new", err);
	if (r == 0)
		r = request_text(request, "old", true, PASSWORD_MOST, &login.password, err);
	if (r == 0)
		r = request_text(request, "new", true, PASSWORD_MOST, &typed, err);
	if (r == 0)
		r = user_by_id(request->arena, request->db, office->people, request->actor->id, &new.user, err);
	if (r == 0 && new.user.directory)
		r = err_set(err, -EPERM, "your password is kept by the directory; change it there");
	if (r == 0)
		r = user_personal(request->arena, request->db, office->people, &new.user, &personal, err);
	if (r == 0 && password_weak(office->people->passwords, typed, &personal, &why))
		r = refuse_password(request, why, err);
	if (r == 0)
		r = login_again(request->arena, office->people, request->records, request->db, request->actor, &login, false, &done, err);
	if (r < 0)
		return r;
	if (done.why == LOGIN_WRONG) {
		request_problem(request, STR("old"), NOTE("this is not your password"));
		request_refuse(request, 422, "invalid", NOTE("this is not your password"));
		return 0;
	}
	if (say_why(request, &done, &good) < 0 || !good)
		return 0;
	if (user_knew_password(&new.user, typed))
		return refuse_password(request, NOTE("you had this password before"), err);
	r = password_hash(request->arena, typed, &new.hash, err);
	if (r == 0)
		r = door_write(request, set_password, &new, err);
	request->status = 204;
	return r;
}

/* ---- the second factor ---- */

static int begin_second_factor(struct request *request, const struct user *user, struct err *err)
{
	const struct people *people = office_of(request)->people;
	struct str secret, sealed;
	int r = second_factor_make(request->arena, &secret, err);
	if (r == 0)
		r = vault_seal(request->arena, people->vault, STR("user.totp"), secret, &sealed, err);
	if (r == 0)
		r = user_begin_second_factor(request->write, user, sealed, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "secret", secret);
	json_put(&request->out, "otpauth", second_factor_address(request->arena, STR("ward"), user->login, secret));
	buf_add_char(&request->out, '}');
	return 0;
}

static int confirm_second_factor(struct request *request, const struct user *user, struct str code, struct err *err)
{
	const struct people *people = office_of(request)->people;
	struct strings codes;
	struct str secret, kept;
	int64_t step = 0;
	if (!user->totp_new.p)
		return err_set(err, -EINVAL, "begin with setting up the second factor");
	int r = vault_unseal(request->arena, people->vault, STR("user.totp"), user->totp_new, &secret, err);
	if (r == 0)
		r = second_factor_check(secret, code, request->now, 0, &step, err);
	if (r < 0)
		return r == -EBADMSG ? err_set(err, -EINVAL, "begin with setting up the second factor") : r;
	if (!step) {
		request_problem(request, STR("code"), NOTE("this is not the code of now; is the clock of the telephone right?"));
		return err_set(err, -EINVAL, "this is not the code of now; is the clock of the telephone right?");
	}
	recovery_make(request->arena, people->vault, &codes, &kept);
	r = user_confirm_second_factor(request->write, user, step, kept, request->actor->session, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put_strings(&request->out, "recovery", &codes);
	buf_add_char(&request->out, '}');
	return 0;
}

static int post_second_factor(struct request *request, struct err *err)
{
	struct user user = { 0 };
	struct str code = STR_NONE;
	int r = door_only(request, "code", err);
	if (r == 0)
		r = request_text(request, "code", false, TYPED, &code, err);
	if (r == 0)
		r = user_by_id(request->arena, request->db, office_of(request)->people, request->actor->id, &user, err);
	if (r < 0)
		return r;
	return code.p ? confirm_second_factor(request, &user, code, err) : begin_second_factor(request, &user, err);
}

/* ---- oneself ---- */

static int patch_me(struct request *request, struct err *err)
{
	static const char *const themes[] = { "light", "dark", "auto", "" };
	struct user_change change = { 0 };
	struct user user;
	enum lang lang;
	int r = door_only(request, "lang theme", err);
	if (r == 0)
		r = request_text(request, "lang", false, 16, &change.lang, err);
	if (r == 0)
		r = request_text(request, "theme", false, 16, &change.theme, err);
	if (r == 0 && change.lang.p && !lang_parse(change.lang, &lang))
		r = err_set(err, -EINVAL, "this language is none of ward's");
	if (r == 0 && change.lang.p)
		change.lang = str_from(lang_names[lang]);
	bool known = !change.theme.p;
	for (size_t i = 0; !known && i < COUNT(themes); i++)
		known = str_is(change.theme, themes[i]);
	if (r == 0 && !known)
		r = err_set(err, -EINVAL, "a theme is light, dark or auto");
	if (r == 0)
		r = user_by_id(request->arena, request->db, office_of(request)->people, request->actor->id, &user, err);
	if (r == 0)
		r = user_edit(request->write, &user, &change, err);
	request->status = 204;
	return r;
}

/* ---- the very first ---- */

static int post_first(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct first first = { .address = request->address, .agent = request->agent, .lang = request->lang };
	struct first_done done;
	struct note why = { 0 };
	const char *field = NULL;
	int r = door_only(request, "token name login password org_name kind", err);
	if (r == 0)
		r = request_text(request, "token", true, TYPED, &first.token, err);
	if (r == 0)
		r = request_text(request, "name", true, USER_NAME_MOST, &first.name, err);
	if (r == 0)
		r = request_text(request, "login", true, TYPED, &first.login, err);
	if (r == 0)
		r = request_text(request, "password", true, PASSWORD_MOST, &first.password, err);
	if (r == 0)
		r = request_text(request, "org_name", true, 200, &first.org_name, err);
	if (r == 0)
		r = request_text(request, "kind", false, 32, &first.kind, err);
	if (r == 0)
		r = first_token_use(request->arena, office->people, request->records, request->db, &first, &done, &field, &why, err);
	if (field)
		request_problem(request, str_from(field), why);
	if (r < 0)
		return r;
	request->status = 201;
	request->cookie = session_cookie(request->arena, done.token);
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "user", done.user);
	json_put_int(&request->out, "org", done.org);
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_session[] = {
	{ METHOD_GET, "/api/session", "getSession", "who is logged in; 401 with first: true when nobody ever has", .flags = ROUTE_OPEN,
	  .gives = "Session", .handle = get_session },
	{ METHOD_POST, "/api/login", "login", "log in; the session comes as a cookie", .flags = ROUTE_OPEN | SLOW, .body_most = 4096,
	  .takes = "Login", .gives = "Session", .handle = post_login },
	{ METHOD_POST, "/api/logout", "logout", "end this session", .flags = ROUTE_OPEN, .body_most = 4096, .handle = post_logout },
	{ METHOD_POST, "/api/first", "firstLogin", "the office, its first person and account, by the one-time link", .flags = ROUTE_OPEN | SLOW,
	  .body_most = 4096, .takes = "First", .gives = "FirstDone", .handle = post_first },
	{ METHOD_POST, "/api/fresh", "freshen", "type the password again, for what must be signed", .flags = SLOW, .body_most = 4096,
	  .takes = "Fresh", .gives = "Freshened", .handle = post_fresh },
	{ METHOD_POST, "/api/password", "changePassword", "change one's own password; ends one's other sessions", .flags = SLOW,
	  .body_most = 4096, .takes = "PasswordChange", .handle = post_password },
	{ METHOD_POST, "/api/second-factor", "setUpSecondFactor", "without a code: a new secret; with its code: in force, with recovery codes",
	  .flags = ROUTE_FRESH, .body_most = 4096, .takes = "SecondFactor", .gives = "SecondFactorAnswer", .handle = post_second_factor },
	{ METHOD_PATCH, "/api/me", "changeMe", "one's own language and theme", .body_most = 4096, .takes = "Me", .handle = patch_me },
	{ 0 },
};
