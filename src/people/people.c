/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/people.h"

#include <stdlib.h>

#include "data/json.h"
#include "people/second_factor.h"

const struct migration people_migrations[] = {
	{ 100, "users",
	  "CREATE TABLE ward_user (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, person INTEGER NOT NULL,"
	  " org INTEGER NOT NULL, state TEXT NOT NULL, password TEXT, password_at INTEGER NOT NULL, must_change INTEGER NOT NULL,"
	  " history TEXT NOT NULL, totp TEXT, totp_new TEXT, totp_step INTEGER NOT NULL, recovery TEXT NOT NULL,"
	  " lang TEXT NOT NULL, theme TEXT NOT NULL, directory INTEGER NOT NULL, version INTEGER NOT NULL,"
	  " created INTEGER NOT NULL, created_by INTEGER NOT NULL, updated INTEGER NOT NULL);"
	  /* The separated roles are separate persons, not separate accounts of one. */
	  "CREATE UNIQUE INDEX ward_user_person ON ward_user (person) WHERE person <> 0 AND state <> 'disabled';"
	  "CREATE INDEX ward_user_org ON ward_user (org);"
	  "CREATE TABLE ward_user_role (user_id INTEGER NOT NULL, role TEXT NOT NULL, granted_by INTEGER NOT NULL,"
	  " granted INTEGER NOT NULL, PRIMARY KEY (user_id, role))" },
	{ 101, "sessions",
	  "CREATE TABLE ward_session (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, digest TEXT NOT NULL UNIQUE,"
	  " created INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL, fresh_until INTEGER NOT NULL,"
	  " address TEXT NOT NULL, agent TEXT NOT NULL, ended INTEGER, why TEXT);"
	  "CREATE INDEX ward_session_user ON ward_session (user_id, ended);"
	  "CREATE TABLE ward_token (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,"
	  " scope TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL, ended INTEGER);"
	  "CREATE INDEX ward_token_user ON ward_token (user_id);"
	  "CREATE TABLE ward_attempt (place TEXT PRIMARY KEY, failures INTEGER NOT NULL, last INTEGER NOT NULL);"
	  "CREATE TABLE ward_first (digest TEXT PRIMARY KEY, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER)" },
	{ 102, "pairs",
	  "CREATE TABLE ward_pair (id INTEGER PRIMARY KEY, action TEXT NOT NULL, kind TEXT NOT NULL, object INTEGER NOT NULL,"
	  " org INTEGER NOT NULL, roles TEXT NOT NULL, payload TEXT NOT NULL, digest TEXT NOT NULL, summary TEXT NOT NULL,"
	  " initiator INTEGER NOT NULL, initiator_person INTEGER NOT NULL, initiator_name TEXT NOT NULL, reason TEXT NOT NULL,"
	  " created INTEGER NOT NULL, expires INTEGER NOT NULL, state TEXT NOT NULL, decided INTEGER, decided_by INTEGER,"
	  " decided_name TEXT, decided_reason TEXT);"
	  "CREATE INDEX ward_pair_state ON ward_pair (state, expires)" },
	{ 103, "orders",
	  "CREATE TABLE ward_order (id INTEGER PRIMARY KEY, what TEXT NOT NULL, value INTEGER NOT NULL, place TEXT NOT NULL, given_by TEXT NOT NULL,"
	  " reason TEXT NOT NULL, given INTEGER NOT NULL, tries INTEGER NOT NULL, state TEXT NOT NULL, outcome TEXT, ended INTEGER);"
	  "CREATE INDEX ward_order_state ON ward_order (state)" },
	{ 104, "what orders replace", "ALTER TABLE ward_order ADD COLUMN held TEXT" },
	{ 0 },
};

static int64_t or_default(int64_t value, int64_t otherwise)
{
	return value ? value : otherwise;
}

int people_open(const struct content *content, const struct roles *roles, const struct vault *vault, const struct books *books,
                const struct people_limits *limits, struct people **out, struct err *err)
{
	CLEANUP(people_close_p) struct people *people = mem_alloc(sizeof(*people));
	struct people_limits given = limits ? *limits : (struct people_limits){ 0 };
	people->roles = roles;
	people->vault = vault;
	people->books = books;
	people->limits = (struct people_limits){
		.idle = or_default(given.idle, 1800),
		.absolute = or_default(given.absolute, 43200),
		.sessions = or_default(given.sessions, 5),
		.fresh = or_default(given.fresh, 300),
		.password_days = or_default(given.password_days, 180),
		.token_days = or_default(given.token_days, 365),
		.pair_hours = or_default(given.pair_hours, 24),
		.unmask_alone = or_default(given.unmask_alone, 20),
	};
	int r = passwords_load(content, &people->passwords, err);
	if (r == 0)
		r = second_factor_prepare(err);
	if (r == 0)
		*out = TAKE(people);
	return r;
}

void people_close(struct people *people)
{
	if (!people)
		return;
	passwords_free(people->passwords);
	free(people);
}

void people_close_p(struct people **people)
{
	people_close(*people);
}

int people_person(struct write *write, const struct people *people, int64_t org, struct str name, int64_t *id, struct err *err)
{
	const struct register_ *reg = people->books && people->books->registers ? registers_find(people->books->registers, STR("person")) : NULL;
	BUF(text);
	const struct doc *values;
	*id = 0;
	if (!reg)
		return 0;
	json_open_map(&text, NULL);
	json_put(&text, "name", name);
	buf_add_char(&text, '}');
	struct source source = { .name = "person", .text = buf_str(&text) };
	int r = json_parse(write->arena, &source, &values, err);
	return r < 0 ? r : record_create(write, people->books, reg, org, values, id, NULL, err);
}
