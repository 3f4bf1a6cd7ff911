/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/first.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "data/json.h"
#include "people/session.h"

static const struct actor ward = { .name = STR("ward"), .whole = true, .roles = UINT64_MAX, .fresh_until = INT64_MAX };

/* ---- the link ---- */

struct making {
	struct arena *arena;
	struct str token; /* STR_NONE: there are accounts */
};

static int make(void *ctx, struct write *write, struct err *err)
{
	struct making *making = ctx;
	int64_t users;
	DB_QUERY(q);
	making->token = STR_NONE;
	int r = db_one_int(write->db, "SELECT count(*) FROM ward_user", 0, &users, err);
	if (r < 0 || users > 0)
		return r;
	r = db_run(write->db, "DELETE FROM ward_first", err);
	if (r == 0)
		r = db_query(&q, write->db, "INSERT INTO ward_first (digest, created, expires) VALUES (?, ?, ?)", err);
	if (r < 0)
		return r;
	struct str token = secret_token(making->arena);
	db_bind_text(&q, digest_hex(write->arena, DIGEST_SHA256, token));
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->now + FIRST_SECONDS);
	r = db_do(&q, err);
	if (r == 0)
		making->token = token;
	return r;
}

int first_token_make(struct arena *arena, struct records *records, struct str *token, struct err *err)
{
	struct making making = { .arena = arena };
	int r = records_do(records, &ward, make, &making, err);
	*token = making.token;
	return r < 0 ? r : making.token.p != NULL;
}

/* ---- its use ---- */

struct use {
	struct arena *arena;
	const struct people *people;
	const struct first *first;
	struct first_done *out;
	struct str login, hash;
};

static int check_token(struct arena *arena, struct db *db, struct str token, int64_t now, struct err *err)
{
	DB_QUERY(q);
	int64_t users;
	int r = db_one_int(db, "SELECT count(*) FROM ward_user", 0, &users, err);
	if (r == 0)
		r = db_query(&q, db, "SELECT 1 FROM ward_first WHERE digest = ? AND used IS NULL AND expires > ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, digest_hex(arena, DIGEST_SHA256, token));
	db_bind_int(&q, now);
	r = db_step(&q, err);
	if (r == 0 || users > 0)
		return err_set(err, -EACCES, "this link is wrong, used or too old; ward makes a new one when it starts");
	return r < 0 ? r : 0;
}

static bool has_choice(const struct register_ *reg, const char *name, struct str value)
{
	const struct field *field = register_field(reg, str_from(name));
	const struct choice *choices = field ? field->choices.p : NULL;
	for (size_t i = 0; field && i < field->choices.n; i++)
		if (str_eq(choices[i].name, value))
			return true;
	return false;
}

/* What kind of office it is says what kind of organisation, as far as the register knows such words. */
static void put_kind(struct buf *values, const struct register_ *reg, struct str kind)
{
	bool institution = str_is(kind, "hospital") || str_is(kind, "pharmacy");
	struct str tier = institution ? STR("institution") : kind, sort = institution ? kind : STR("bureau");
	if (has_choice(reg, "tier", tier))
		json_put(values, "tier", tier);
	if (has_choice(reg, "kind", sort))
		json_put(values, "kind", sort);
}

static int make_org(struct write *write, const struct use *use, int64_t *id, struct err *err)
{
	const struct register_ *reg = registers_find(use->people->books->registers, STR("org"));
	if (!reg)
		return err_set(err, -EINVAL, "there is no register 'org'");
	BUF(values);
	const struct doc *parsed;
	json_open_map(&values, NULL);
	json_put(&values, "name", use->first->org_name);
	if (use->first->lang == LANG_VI && register_field(reg, STR("timezone"))) /* whose laws hold (case/cases.h) */
		json_put(&values, "timezone", STR("Asia/Ho_Chi_Minh"));
	json_put(&values, "code", STR("1")); /* to be changed to the office's own */
	put_kind(&values, reg, use->first->kind.n ? use->first->kind : STR("county"));
	buf_add_char(&values, '}');
	struct source source = { .name = "org", .text = buf_str(&values) };
	int r = json_parse(write->arena, &source, &parsed, err);
	if (r == 0)
		r = record_create(write, use->people->books, reg, 0, parsed, id, NULL, err);
	/* Nobody is above it who could approve it. */
	if (r == 0 && register_transition(reg, STR("approve")))
		r = record_transition(write, use->people->books, reg, *id, 0, STR("approve"), NULL, STR_NONE, NULL, err);
	return r;
}

static int set(struct write *write, const char *name, struct str value, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(name));
	db_bind_text(&q, value);
	return db_do(&q, err);
}

static int make_account(struct write *write, const struct use *use, struct user *user, struct err *err)
{
	const struct first_done *out = use->out;
	struct user_new account = { .login = use->login, .name = use->first->name, .person = out->person, .org = out->org, .hash = use->hash,
		                    .lang = use->first->lang };
	int64_t id;
	int r = user_create(write, &account, &id, err);
	if (r == 0)
		r = user_by_id(write->arena, write->db, use->people, id, user, err);
	if (r == 0)
		r = user_set_roles(write, use->people, user, UINT64_C(1) << roles_bit(use->people->roles, STR("security")), STR("first"), err);
	return r < 0 ? r : user_by_id(write->arena, write->db, use->people, id, user, err);
}

static int use_work(void *ctx, struct write *write, struct err *err)
{
	struct use *use = ctx;
	struct first_done *out = use->out;
	struct user user;
	struct str token;
	int64_t session;
	int r = check_token(write->arena, write->db, use->first->token, write->now, err);
	if (r == 0)
		r = make_org(write, use, &out->org, err);
	if (r == 0)
		r = set(write, "root_org", arena_printf(write->arena, "%lld", (long long)out->org), err);
	if (r == 0 && use->first->kind.n)
		r = set(write, "profile", use->first->kind, err);
	if (r == 0)
		r = people_person(write, use->people, out->org, use->first->name, &out->person, err);
	if (r == 0)
		r = make_account(write, use, &user, err);
	if (r == 0)
		r = db_run(write->db, "DELETE FROM ward_first", err);
	if (r == 0)
		r = session_make(write, use->people, &user, use->first->address, use->first->agent, &token, &session, err);
	if (r < 0)
		return r;
	out->user = user.id;
	out->token = arena_str(use->arena, token);
	return 0;
}

int first_token_use(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct first *first,
                    struct first_done *out, const char **field, struct note *why, struct err *err)
{
	struct use use = { .arena = arena, .people = people, .first = first, .out = out };
	static const char *const kinds[] = { "township", "county", "city", "hospital", "pharmacy", "" };
	bool known = !first->kind.p;
	int r = check_token(arena, db, first->token, clock_now(), err);
	if (r < 0)
		return r;
	for (size_t i = 0; !known && i < COUNT(kinds); i++)
		known = str_is(first->kind, kinds[i]);
	struct strings personal = { (struct str[]){ first->login, first->name, first->org_name }, 3 };
	if (!known) {
		*field = "kind";
		*why = NOTE("this kind of office is not known");
	} else if (!user_login_fold(arena, first->login, &use.login)) {
		*field = "login";
		*why = NOTE("a login is 2 to 64 small letters, digits and . _ - @");
	} else if (password_weak(people->passwords, first->password, &personal, why)) {
		*field = "password";
	}
	if (*field)
		return err_set(err, -EINVAL, "%s", why->english);
	r = password_hash(arena, first->password, &use.hash, err);
	return r < 0 ? r : records_do(records, &ward, use_work, &use, err);
}
