/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * users: accounts and their roles, kept by the security administrator within the organisation's subtree.
 *
 * Changing roles, taking a second factor away and disabling an account with roles are confirmed by a second person; only while
 * there is nobody who could (people/first.h) they happen at once, and the journal says so.
 */
#include "api/door.h"
#include "base/map.h"
#include "register/org.h"

#define ALONE   "alone, since there is no second person yet"

/* ---- reading ---- */

static void put_user(struct request *request, struct db_query *q, const struct strings *roles)
{
	struct buf *out = &request->out;
	bool active = str_is(db_text(q, 5), "active");
	json_open_map(out, NULL);
	json_put_int(out, "id", db_int(q, 0));
	json_put(out, "login", db_text(q, 1));
	json_put(out, "name", db_text(q, 2));
	json_put_int(out, "person", db_int(q, 3));
	json_put_int(out, "org", db_int(q, 4));
	json_put(out, "state", active && db_int(q, 6) ? STR("must-change") : db_text(q, 5));
	json_put_flag(out, "totp", db_int(q, 7) != 0);
	json_put(out, "lang", db_text(q, 8));
	json_put_flag(out, "directory", db_int(q, 9) != 0);
	json_put_int(out, "version", db_int(q, 10));
	json_put_or_null(out, "org_name", db_text(q, 11));
	if (db_int_or(q, 12, 0))
		json_put_int(out, "last_login", db_int(q, 12));
	else
		json_put_null(out, "last_login");
	json_put_strings(out, "roles", roles);
	buf_add_char(out, '}');
}

static int roles_of(struct request *request, struct map *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT user_id, role FROM ward_user_role", err);
	if (r < 0)
		return r;
	while ((r = db_step(&q, err)) > 0) {
		int bit = roles_bit(office_of(request)->roles, db_text(&q, 1));
		uint64_t **set = (uint64_t **)map_put_int(out, db_int(&q, 0));
		if (!*set)
			*set = ARENA_NEW(request->arena, uint64_t);
		if (bit >= 0)
			**set |= UINT64_C(1) << bit;
	}
	return r;
}

static int get_users(struct request *request, struct err *err)
{
	const struct actor *actor = request->actor;
	struct map map = { .arena = request->arena };
	DB_QUERY(q);
	int r = roles_of(request, &map, err);
	if (r == 0)
		r = db_query(&q, request->db,
		             "SELECT u.id, u.login, u.name, u.person, u.org, u.state, u.must_change, CASE WHEN u.totp IS NULL THEN 0 ELSE 1 END,"
		             " u.lang, u.directory, u.version, o.name, (SELECT max(created) FROM ward_session s WHERE s.user_id = u.id)"
		             " FROM ward_user u LEFT JOIN org o ON o.id = u.org WHERE ? = 1 OR u.org IN"
		             " (SELECT org FROM ward_subtree WHERE ancestor = ?) ORDER BY u.login",
		             err);
	if (r < 0)
		return r;
	db_bind_int(&q, actor->whole);
	db_bind_int(&q, actor->org);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		struct strings roles = { 0 };
		const uint64_t *set = map_get_int(&map, db_int(&q, 0));
		roles_list(request->arena, office_of(request)->roles, set ? *set : 0, &roles);
		put_user(request, &q, &roles);
	}
	buf_puts(&request->out, "]}");
	return r;
}

static void put_text(struct buf *out, const char *name, const struct text *text)
{
	json_open_map(out, name);
	for (int i = 0; i < LANG_COUNT; i++)
		json_put(out, lang_names[i], text->in[i]);
	buf_add_char(out, '}');
}

static int get_roles(struct request *request, struct err *err)
{
	const struct roles *roles = office_of(request)->roles;
	(void)err;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < roles->n; i++) {
		json_open_map(&request->out, NULL);
		json_put(&request->out, "name", roles->p[i].name);
		put_text(&request->out, "label", &roles->p[i].label);
		put_text(&request->out, "about", &roles->p[i].about);
		json_put_strings(&request->out, "excludes", &roles->p[i].excludes);
		json_put_flag(&request->out, "second_factor", roles->p[i].second_factor);
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return 0;
}

/* The account of the address, if it is this person's to see; -ENOENT with the same words otherwise. */
static int subject(struct request *request, struct db *db, struct user *out, struct err *err)
{
	int64_t id;
	bool sees = false;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = user_by_id(request->arena, db, office_of(request)->people, id, out, err);
	if (r == 0)
		r = record_sees(db, request->actor, out->org, &sees, err);
	if (r == 0 && !sees)
		r = err_set(err, -ENOENT, "there is no such account");
	return r;
}

/* ---- a second person ---- */

/* Is there another person with a role that confirms? Locked ones count, and also the one it is about, who may not confirm it: neither
 * locking nor robbing the only auditor is a way to be alone again. Then it waits for a third, or for `ward user` on the machine. */
static int can_be_confirmed(struct write *write, const struct people *people, bool *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "SELECT r.role FROM ward_user u JOIN ward_user_role r ON r.user_id = u.id WHERE u.state <> 'disabled' AND u.id <> ?"
	                 " AND (u.person = 0 OR u.person <> ?)",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->actor->id);
	db_bind_int(&q, write->actor->person);
	*out = false;
	while ((r = db_step(&q, err)) > 0)
		for (struct str rest = STR(PAIR_ACCOUNTS), role; (role = str_word(&rest)).n;)
			*out |= str_eq(role, db_text(&q, 0)) && roles_bit(people->roles, role) >= 0;
	return r;
}

struct asked {
	const struct pair_action *action;
	const struct user *user;
	struct str payload, summary, reason;
};

/* Write it down for a second person (202), or do it when there is none. */
static int ask(struct request *request, struct write *write, const struct asked *asked, struct err *err)
{
	const struct people *people = office_of(request)->people;
	bool confirmed = false;
	int64_t id;
	int r = can_be_confirmed(write, people, &confirmed, err);
	if (r < 0)
		return r;
	if (confirmed) {
		struct pair_new make = { asked->action, STR("user"), asked->user->id, asked->user->org, asked->payload, asked->summary, asked->reason };
		r = pair_propose(write, people, &make, &id, err);
		if (r == 0)
			door_pair(request, id);
		return r;
	}
	struct pair pair = { .object = asked->user->id,
		             .reason = arena_printf(write->arena, ALONE ": %.*s", STR_ARG(asked->reason)) };
	struct source source = { .name = "request", .text = asked->payload };
	const struct doc *payload;
	r = json_parse(write->arena, &source, &payload, err);
	return r < 0 ? r : asked->action->carry_out(office_of(request), write, &pair, payload, err);
}

int user_do_roles(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	const struct people *people = ((const struct office *)ctx)->people;
	const struct doc *list = doc_get(payload, STR("roles"));
	struct user user;
	uint64_t set = 0;
	int r = user_by_id(write->arena, write->db, people, pair->object, &user, err);
	for (size_t i = 0; r == 0 && list && i < list->n; i++) {
		int bit = roles_bit(people->roles, doc_string(&list->items[i]));
		if (bit < 0)
			return err_set(err, -EINVAL, "'%.*s' is no role", STR_ARG(doc_string(&list->items[i])));
		set |= UINT64_C(1) << bit;
	}
	return r < 0 ? r : user_set_roles(write, people, &user, set, pair->reason, err);
}

int user_do_second_factor(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	struct user user;
	(void)payload;
	int r = user_by_id(write->arena, write->db, ((const struct office *)ctx)->people, pair->object, &user, err);
	return r < 0 ? r : user_drop_second_factor(write, &user, pair->reason, err);
}

int user_do_disable(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	struct user user;
	(void)payload;
	int r = user_by_id(write->arena, write->db, ((const struct office *)ctx)->people, pair->object, &user, err);
	return r < 0 ? r : user_set_state(write, &user, USER_DISABLED, pair->reason, err);
}

/* ---- roles ---- */

/* The list in the body as a set, and as it is written down. */
static int read_roles(struct request *request, uint64_t *set, struct str *payload, struct str *summary, struct err *err)
{
	const struct roles *roles = office_of(request)->roles;
	const struct doc *list = doc_get(request->body, STR("roles"));
	struct strings names;
	BUF(text);
	*set = 0;
	if (!list || list->type != DOC_ARRAY || list->n > ROLES_MOST)
		return err_set(err, -EINVAL, "'roles' must be a list of roles");
	for (size_t i = 0; i < list->n; i++) {
		struct str name = doc_string(&list->items[i]);
		int bit = name.p ? roles_bit(roles, name) : -1;
		if (bit < 0)
			return err_set(err, -EINVAL, "'%.*s' is no role", STR_ARG(str_slice(name, 0, 64)));
		*set |= UINT64_C(1) << bit;
	}
	roles_list(request->arena, roles, *set, &names);
	json_open_map(&text, NULL);
	json_put_strings(&text, "roles", &names);
	buf_add_char(&text, '}');
	*payload = arena_str(request->arena, buf_str(&text));
	buf_clear(&text);
	for (size_t i = 0; i < names.n; i++) {
		buf_puts(&text, i ? ", " : "");
		buf_add(&text, names.p[i]);
	}
	*summary = arena_str(request->arena, buf_str(&text));
	return 0;
}

static int put_roles(struct request *request, struct err *err)
{
	struct user user = { 0 };
	struct asked asked = { .action = door_action("roles"), .user = &user };
	struct str roles = STR_NONE;
	uint64_t set;
	int r = door_only(request, "roles reason", err);
	if (r == 0)
		r = subject(request, request->db, &user, err);
	if (r == 0)
		r = read_roles(request, &set, &asked.payload, &roles, err);
	if (r == 0)
		r = request_text(request, "reason", true, PAIR_REASON, &asked.reason, err);
	if (r == 0 && user.id == request->actor->id)
		r = err_set(err, -EPERM, "nobody changes their own roles");
	if (r == 0)
		r = roles_compatible(office_of(request)->roles, set, err);
	if (r < 0)
		return r;
	request->status = 204;
	asked.summary = arena_printf(request->arena, "%.*s: %.*s", STR_ARG(user.login), STR_ARG(roles));
	return ask(request, request->write, &asked, err);
}

/* ---- states ---- */

static int set_state(struct request *request, enum user_state state, struct err *err)
{
	struct user user = { 0 };
	struct str reason = STR_NONE;
	int r = door_only(request, "reason", err);
	if (r == 0)
		r = subject(request, request->db, &user, err);
	if (r == 0)
		r = request_text(request, "reason", true, PAIR_REASON, &reason, err);
	if (r == 0 && user.id == request->actor->id)
		r = err_set(err, -EPERM, "nobody changes the state of their own account");
	if (r == 0 && state == USER_ACTIVE && user.state == USER_DISABLED && user.roles)
		r = err_set(err, -EINVAL, "a disabled account comes back without roles: take them away first");
	if (r < 0)
		return r;
	request->status = 204;
	if (state == USER_DISABLED && user.roles) {
		struct asked asked = { door_action("disable"), &user, STR("{}"), user.login, reason };
		return ask(request, request->write, &asked, err);
	}
	return user_set_state(request->write, &user, state, reason, err);
}

static int post_lock(struct request *request, struct err *err)
{
	return set_state(request, USER_LOCKED, err);
}

static int post_unlock(struct request *request, struct err *err)
{
	return set_state(request, USER_ACTIVE, err);
}

static int post_disable(struct request *request, struct err *err)
{
	return set_state(request, USER_DISABLED, err);
}

static int post_drop(struct request *request, struct err *err)
{
	struct user user = { 0 };
	struct asked asked = { door_action("second-factor"), &user, STR("{}"), STR_NONE, STR_NONE };
	int r = door_only(request, "reason", err);
	if (r == 0)
		r = subject(request, request->db, &user, err);
	if (r == 0)
		r = request_text(request, "reason", true, PAIR_REASON, &asked.reason, err);
	if (r == 0 && user.id == request->actor->id)
		r = err_set(err, -EPERM, "nobody takes away their own second factor");
	if (r < 0)
		return r;
	request->status = 204;
	asked.summary = user.login;
	return user.roles ? ask(request, request->write, &asked, err) : user_drop_second_factor(request->write, &user, asked.reason, err);
}

/* ---- making and changing: slow, because of the password ---- */

struct account {
	struct request *request;
	struct user user;
	struct user_new make;
	struct str hash, password;
	int64_t id;
};

/* A person that the actor sees: their account must not be bound to somebody else's person. */
static int person_is_seen(struct write *write, const struct account *account, struct err *err)
{
	DB_QUERY(q);
	bool sees = false;
	int r = db_query(&q, write->db, "SELECT org FROM person WHERE id = ? AND withdrawn IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, account->make.person);
	r = db_step(&q, err);
	if (r > 0)
		r = record_sees(write->db, account->request->actor, db_int(&q, 0), &sees, err);
	return r < 0 ? r : sees ? 0 : err_set(err, -EINVAL, "there is no such person");
}

static int create_work(void *ctx, struct write *write, struct err *err)
{
	struct account *account = ctx;
	const struct people *people = office_of(account->request)->people;
	bool sees = false;
	int r = org_exists(write->db, account->make.org, &sees, err);
	if (r == 0 && sees)
		r = record_sees(write->db, write->actor, account->make.org, &sees, err);
	if (r == 0 && !sees)
		r = err_set(err, -EINVAL, "there is no such organisation");
	if (r == 0 && account->make.person)
		r = person_is_seen(write, account, err);
	else if (r == 0)
		r = people_person(write, people, account->make.org, account->make.name, &account->make.person, err);
	return r < 0 ? r : user_create(write, &account->make, &account->id, err);
}

static int give_password(struct request *request, struct account *account, struct err *err)
{
	account->password = password_make(request->arena);
	return password_hash(request->arena, account->password, &account->hash, err);
}

static int post_user(struct request *request, struct err *err)
{
	struct account account = { .request = request, .make = { .must_change = true, .lang = request->lang } };
	struct str login, name;
	int r = door_only(request, "login name person org lang", err);
	if (r == 0)
		r = request_text(request, "login", true, USER_LOGIN_MOST, &login, err);
	if (r == 0)
		r = request_text(request, "name", true, USER_NAME_MOST, &name, err);
	if (r == 0)
		r = request_int(request, "person", 0, &account.make.person, err);
	if (r == 0)
		r = request_int(request, "org", request->actor->org, &account.make.org, err);
	if (r < 0)
		return r;
	if (!user_login_fold(request->arena, login, &account.make.login)) {
		request_problem(request, STR("login"), NOTE("a login is 2 to 64 small letters, digits and . _ - @"));
		return err_set(err, -EINVAL, "a login is 2 to 64 small letters, digits and . _ - @");
	}
	account.make.name = str_trim(name);
	r = give_password(request, &account, err);
	account.make.hash = account.hash;
	if (r == 0)
		r = door_write(request, create_work, &account, err);
	if (r < 0)
		return r;
	request->status = 201;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", account.id);
	json_put(&request->out, "password", account.password);
	buf_add_char(&request->out, '}');
	return 0;
}

static int reset_work(void *ctx, struct write *write, struct err *err)
{
	struct account *account = ctx;
	return user_set_password(write, &account->user, account->hash, true, 0, "reset", err);
}

static int post_reset(struct request *request, struct err *err)
{
	struct account account = { .request = request };
	int r = door_only(request, "reason", err);
	if (r == 0)
		r = subject(request, request->db, &account.user, err);
	if (r == 0 && account.user.directory)
		r = err_set(err, -EINVAL, "this password is kept by the directory");
	if (r == 0 && account.user.id == request->actor->id)
		r = err_set(err, -EPERM, "change your own password where you know the old one");
	if (r == 0)
		r = give_password(request, &account, err);
	if (r == 0)
		r = door_write(request, reset_work, &account, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "password", account.password);
	buf_add_char(&request->out, '}');
	return 0;
}

static int patch_user(struct request *request, struct err *err)
{
	struct user user;
	struct user_change change = { 0 };
	int64_t version;
	bool sees = true;
	int r = door_only(request, "name org version", err);
	if (r == 0)
		r = subject(request, request->db, &user, err);
	if (r == 0)
		r = request_text(request, "name", false, USER_NAME_MOST, &change.name, err);
	if (r == 0)
		r = request_int(request, "org", 0, &change.org, err);
	if (r == 0)
		r = request_int(request, "version", 0, &version, err);
	if (r == 0 && version && version != user.version)
		r = err_set(err, -ESTALE, "the account was changed meanwhile");
	if (r == 0 && change.org && user.id == request->actor->id)
		r = err_set(err, -EPERM, "nobody moves their own account");
	if (r == 0 && change.org)
		r = org_exists(request->db, change.org, &sees, err);
	if (r == 0 && change.org && sees)
		r = record_sees(request->db, request->actor, change.org, &sees, err);
	if (r == 0 && !sees)
		r = err_set(err, -EINVAL, "there is no such organisation");
	if (r == 0 && change.name.p && !str_trim(change.name).n)
		change.name = STR_NONE;
	if (r == 0)
		r = user_edit(request->write, &user, &change, err);
	request->status = 204;
	return r;
}

#define KEEP "security"

const struct route routes_users[] = {
	{ METHOD_GET, "/api/users", "listUsers", "accounts below one's organisation", .roles = "security auditor operator",
	  .gives = "UserList", .handle = get_users },
	{ METHOD_POST, "/api/users", "createUser", "an account; its first password is in the answer and nowhere else", .roles = KEEP,
	  .flags = ROUTE_READ | ROUTE_SLOW | ROUTE_FRESH, .body_most = 4096, .takes = "UserNew", .gives = "UserMade", .handle = post_user },
	{ METHOD_PATCH, "/api/users/{id}", "changeUser", "name or organisation of an account", .roles = KEEP, .body_most = 4096,
	  .takes = "UserChange", .handle = patch_user },
	{ METHOD_POST, "/api/users/{id}/lock", "lockUser", "lock an account; ends its sessions", .roles = KEEP, .body_most = 4096,
	  .takes = "Reason", .handle = post_lock },
	{ METHOD_POST, "/api/users/{id}/unlock", "unlockUser", "unlock an account, or make a disabled one active again", .roles = KEEP,
	  .flags = ROUTE_FRESH, .body_most = 4096, .takes = "Reason", .handle = post_unlock },
	{ METHOD_POST, "/api/users/{id}/disable", "disableUser", "disable an account for good; confirmed by a second person when it has roles",
	  .roles = KEEP, .flags = ROUTE_FRESH, .body_most = 4096, .takes = "Reason", .handle = post_disable },
	{ METHOD_POST, "/api/users/{id}/reset", "resetPassword", "a new first password, in the answer and nowhere else", .roles = KEEP,
	  .flags = ROUTE_READ | ROUTE_SLOW | ROUTE_FRESH, .body_most = 4096, .takes = "Reason", .gives = "PasswordMade", .handle = post_reset },
	{ METHOD_POST, "/api/users/{id}/drop-second-factor", "dropSecondFactor", "for a lost telephone; confirmed by a second person",
	  .roles = KEEP, .flags = ROUTE_FRESH, .body_most = 4096, .takes = "Reason", .handle = post_drop },
	{ METHOD_PUT, "/api/users/{id}/roles", "setRoles", "all roles of an account; confirmed by a second person", .roles = KEEP,
	  .flags = ROUTE_FRESH, .body_most = 4096, .takes = "RoleSet", .handle = put_roles },
	{ METHOD_GET, "/api/roles", "listRoles", "what roles there are, and which exclude each other", .gives = "RoleList", .handle = get_roles },
	{ 0 },
};
