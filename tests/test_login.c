/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Accounts as those who log in, guess, replay and take over meet them. Codes are made by liboath through second_factor, whose own test
 * holds it against RFC 6238.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "people/login.h"
#include "people/second_factor.h"
#include "people/throttle.h"
#include "records_empty.h"

static struct {
	char dir[32];
	struct arena arena;
	struct records *records;
	struct roles *roles;
	struct vault *vault;
	struct people *people;
	struct err err;
} t;

static const struct str password = STR("tram Xe-2 bien la");

static void good(int r)
{
	if (r < 0)
		fail_msg("%s (%d)", t.err.text, r);
}

static int set_up(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	memcpy(t.dir, "/tmp/ward-login-XXXXXX", sizeof("/tmp/ward-login-XXXXXX"));
	assert_non_null(mkdtemp(t.dir));
	const char *file = arena_printf(&t.arena, "%s/records.db", t.dir).p;
	good(records_open(&(struct records_options){ .where = records_place(str_from(file)) }, &t.records, &t.err));
	good(records_migrate(t.records, people_migrations, &t.err));
	good(roles_load(NULL, &t.roles, &t.err));
	good(vault_open((const uint8_t[VAULT_KEY]){ 5 }, &t.vault, &t.err));
	good(people_open(NULL, t.roles, t.vault, NULL, NULL, &t.people, &t.err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	people_close(t.people);
	vault_close(t.vault);
	roles_free(t.roles);
	records_close(t.records);
	static const char *const files[] = { "records.db", "records.db-wal", "records.db-shm", "records.db.lock" };
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(arena_printf(&t.arena, "%s/%s", t.dir, files[i]).p);
	rmdir(t.dir);
	arena_done(&t.arena);
	return 0;
}

/* ---- short words for what the tests do ---- */

struct change_of {
	struct user user;
	struct user_new make;
	uint64_t roles;
	enum user_state state;
	struct str text;
	int64_t number;
	struct str token;
	int (*work)(struct write *write, struct change_of *change, struct err *err);
};

static int run(void *ctx, struct write *write, struct err *err)
{
	struct change_of *change = ctx;
	return change->work(write, change, err);
}

static int as(const struct actor *actor, struct change_of *change)
{
	struct actor ward = { .name = STR("ward") };
	return records_do(t.records, actor ? actor : &ward, run, change, &t.err);
}

static int work_create(struct write *write, struct change_of *change, struct err *err)
{
	return user_create(write, &change->make, &change->number, err);
}

static int work_roles(struct write *write, struct change_of *change, struct err *err)
{
	return user_set_roles(write, t.people, &change->user, change->roles, STR("test"), err);
}

static int work_state(struct write *write, struct change_of *change, struct err *err)
{
	return user_set_state(write, &change->user, change->state, STR("test"), err);
}

static int work_password(struct write *write, struct change_of *change, struct err *err)
{
	return user_set_password(write, &change->user, change->text, false, change->number, "password", err);
}

static int work_second(struct write *write, struct change_of *change, struct err *err)
{
	int r = user_begin_second_factor(write, &change->user, change->text, err);
	if (r == 0)
		r = user_by_id(write->arena, write->db, t.people, change->user.id, &change->user, err);
	return r < 0 ? r : user_confirm_second_factor(write, &change->user, 0, STR("[]"), 0, err);
}

static int work_sql(struct write *write, struct change_of *change, struct err *err)
{
	return db_run(write->db, change->text.p, err);
}

static void sql(const char *text)
{
	struct change_of change = { .text = str_from(text), .work = work_sql };
	good(as(NULL, &change));
}

static struct user find(const char *login)
{
	struct user user;
	struct db *db;
	good(records_read(t.records, &db, &t.err));
	good(user_by_login(&t.arena, db, t.people, str_from(login), &user, &t.err));
	records_read_end(t.records, db);
	return user;
}

static uint64_t roles(const char *names)
{
	uint64_t set = 0;
	for (struct str rest = str_from(names), name; (name = str_word(&rest)).n;)
		set |= UINT64_C(1) << roles_bit(t.roles, name);
	return set;
}

static struct user make(const char *login, int64_t person, const char *names)
{
	struct str hash;
	good(password_hash(&t.arena, password, &hash, &t.err));
	struct change_of change = { .make = { .login = str_from(login), .name = str_from(login), .person = person, .org = 1, .hash = hash },
		                    .work = work_create };
	good(as(NULL, &change));
	change.user = find(login);
	change.roles = roles(names);
	change.work = work_roles;
	good(as(NULL, &change));
	return find(login);
}

static struct login_done login_at(const char *name, struct str typed, struct str code, const char *address, int64_t now)
{
	struct login_done done;
	struct db *db;
	struct login login = { .login = str_from(name), .password = typed, .code = code, .address = str_from(address), .now = now };
	good(records_read(t.records, &db, &t.err));
	good(login_begin(&t.arena, t.people, t.records, db, &login, &done, &t.err));
	records_read_end(t.records, db);
	return done;
}

static struct login_done login(const char *name, struct str typed)
{
	return login_at(name, typed, STR_NONE, "192.0.2.7", clock_now());
}

static struct session session_of(struct str token, int64_t now)
{
	struct session session;
	struct db *db;
	good(records_read(t.records, &db, &t.err));
	if (str_starts(token, "ward_"))
		good(session_by_token(&t.arena, db, t.people, token, now, &session, &t.err));
	else
		good(session_by_cookie(&t.arena, db, t.people, token, now, &session, &t.err));
	records_read_end(t.records, db);
	return session;
}

static int64_t count(const char *text)
{
	int64_t n = -1;
	struct db *db;
	good(records_read(t.records, &db, &t.err));
	good(db_one_int(db, text, -1, &n, &t.err));
	records_read_end(t.records, db);
	return n;
}

static struct str code_at(struct str secret, int64_t now)
{
	char *raw, text[7];
	size_t n;
	assert_int_equal(oath_base32_decode(secret.p, secret.n, &raw, &n), OATH_OK);
	assert_int_equal(oath_totp_generate(raw, n, now, 30, 0, 6, text), OATH_OK);
	free(raw);
	return arena_str(&t.arena, str_from(text));
}

/* ---- tests ---- */

static void a_login_gives_a_session(void **state)
{
	(void)state;
	struct user user = make("li.na", 1, "officer leader");
	struct login_done done = login("Li.Na", password);
	assert_int_equal(done.why, LOGIN_GOOD);
	assert_int_equal(done.token.n, SESSION_TOKEN);
	int64_t now = clock_now();
	struct session session = session_of(done.token, now);
	assert_int_equal(session.actor.id, user.id);
	assert_int_equal(session.actor.roles, roles("officer leader"));
	assert_int_equal(session.actor.org, 1);
	assert_int_equal(session.must, MUST_NOTHING);
	assert_true(session.actor.fresh_until > now);
	assert_int_equal(session.csrf.n, 64);
	assert_false(str_eq(session.csrf, done.token));
	/* Neither the token nor the password is in the database. */
	struct str query = arena_printf(&t.arena, "SELECT count(*) FROM ward_session WHERE digest = '%.*s'", STR_ARG(done.token));
	assert_int_equal(count(query.p), 0);
	assert_int_equal(count("SELECT count(*) FROM ward_journal WHERE action = 'login'"), 1);
	assert_int_equal(count("SELECT count(*) FROM ward_journal WHERE before LIKE '%$y$%' OR after LIKE '%$y$%' OR after LIKE '%bien%'"), 0);
	/* Another login is another session with another token: nothing to fixate. */
	struct login_done again = login("li.na", password);
	assert_false(str_eq(again.token, done.token));
	assert_false(str_eq(session_of(again.token, now).csrf, session.csrf));
}

static void wrong_ones_look_alike(void **state)
{
	(void)state;
	struct user user = make("li.na", 1, "officer");
	assert_int_equal(login("li.na", STR("wrong password 1")).why, LOGIN_WRONG);
	assert_int_equal(login("nobody", password).why, LOGIN_WRONG);
	assert_int_equal(login("", password).why, LOGIN_WRONG);
	assert_int_equal(login("' OR 1=1 --", password).why, LOGIN_WRONG);
	assert_int_equal(login("li.na", STR("")).why, LOGIN_WRONG);
	struct change_of change = { .user = user, .state = USER_LOCKED, .work = work_state };
	good(as(NULL, &change));
	assert_int_equal(login("li.na", password).why, LOGIN_WRONG);
	assert_int_equal(count("SELECT count(*) FROM ward_journal WHERE action = 'login-failed'"), 6);
	assert_int_equal(count("SELECT count(*) FROM ward_journal WHERE after LIKE '%OR 1=1%' OR after LIKE '%nobody%'"), 0);
	assert_int_equal(count("SELECT count(*) FROM ward_attempt WHERE place LIKE '%li.na%'"), 0);
}

/* When somebody guessed last: the shortest delay is a second, and the clock may be at its next one by now. */
static int64_t last_guess(void)
{
	return count("SELECT max(last) FROM ward_attempt");
}

static void guessing_is_slowed_down(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	for (int i = 0; i < 5; i++)
		assert_int_equal(login("li.na", STR("wrong password 1")).why, LOGIN_WRONG);
	struct login_done done = login_at("li.na", password, STR_NONE, "192.0.2.7", last_guess());
	assert_int_equal(done.why, LOGIN_WAIT);
	assert_int_equal(done.wait, 1);
	/* From her own place she gets in. */
	assert_int_equal(login_at("li.na", password, STR_NONE, "198.51.100.1", clock_now()).why, LOGIN_GOOD);
	/* The delay grows and ends. */
	sql("UPDATE ward_attempt SET failures = 30");
	done = login("li.na", password);
	assert_int_equal(done.why, LOGIN_WAIT);
	assert_in_range(done.wait, 890, 900);
	/* Others from that address wait, too; she does not, from where she is known, though all the world guesses at her. */
	assert_int_equal(login("other", password).why, LOGIN_WAIT);
	sql("UPDATE ward_attempt SET failures = 100");
	assert_int_equal(login_at("li.na", password, STR_NONE, "203.0.113.9", clock_now()).why, LOGIN_WAIT);
	assert_int_equal(login_at("li.na", password, STR_NONE, "198.51.100.1", clock_now()).why, LOGIN_GOOD);
	/* An hour later. */
	sql("UPDATE ward_attempt SET last = last - 901");
	assert_int_equal(login("li.na", password).why, LOGIN_GOOD);
}

static void one_network_of_many_addresses(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	for (int i = 0; i < 5; i++) {
		const char *address = arena_printf(&t.arena, "2001:db8:1:2::%d", i + 1).p;
		assert_int_equal(login_at("li.na", STR("wrong password 1"), STR_NONE, address, clock_now()).why, LOGIN_WRONG);
	}
	assert_int_equal(login_at("li.na", password, STR_NONE, "2001:db8:1:2::99", last_guess()).why, LOGIN_WAIT);
	assert_int_equal(login_at("li.na", password, STR_NONE, "2001:db8:1:3::99", clock_now()).why, LOGIN_GOOD);
}

static void sessions_end(void **state)
{
	(void)state;
	struct user user = make("li.na", 1, "officer");
	int64_t now = clock_now();
	struct str token = login("li.na", password).token;
	assert_int_equal(session_of(token, now + 1799).actor.id, user.id);
	assert_int_equal(session_of(token, now + 1801).actor.id, 0);
	assert_int_equal(session_of(token, now - 3600).actor.id, 0); /* the clock was set back */
	struct session session = session_of(token, now + 1700);
	assert_true(session.stale);
	session_touch(t.records, &session, now + 1700);
	sql("SELECT 1"); /* behind it */
	assert_int_equal(session_of(token, now + 1801).actor.id, user.id);
	sql("UPDATE ward_session SET seen = seen + 50000");
	assert_int_equal(session_of(token, now + 43199).actor.id, user.id);
	assert_int_equal(session_of(token, now + 43201).actor.id, 0);
	/* At most five. */
	struct str tokens[6];
	for (size_t i = 0; i < COUNT(tokens); i++)
		tokens[i] = login("li.na", password).token;
	assert_int_equal(session_of(tokens[0], now).actor.id, 0);
	assert_int_equal(session_of(tokens[1], now).actor.id, user.id);
	assert_int_equal(session_of(tokens[5], now).actor.id, user.id);
}

static void forged_ones_are_nobody(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	struct str token = login("li.na", password).token;
	int64_t now = clock_now();
	static const char *const forged[] = { "", "x", "0000000000000000000000000000000000000000000000000000000000000000",
		                              "' OR '1'='1", "ward_", "ward_0000000000000000000000000000000000000000000000000000000000000000" };
	for (size_t i = 0; i < COUNT(forged); i++)
		assert_int_equal(session_of(str_from(forged[i]), now).actor.id, 0);
	/* The digest that a thief of the database has opens nothing. */
	assert_int_equal(session_of(digest_hex(&t.arena, DIGEST_SHA256, token), now).actor.id, 0);
	for (size_t i = 0; i < token.n; i++) {
		char *copy = (char *)arena_str(&t.arena, token).p;
		copy[i] = copy[i] == '0' ? '1' : '0';
		assert_int_equal(session_of((struct str){ copy, token.n }, now).actor.id, 0);
		assert_int_equal(session_of(str_slice(token, 0, i), now).actor.id, 0);
	}
}

static void what_changes_an_account_ends_its_sessions(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	int64_t now = clock_now();
	struct str token = login("li.na", password).token;
	struct change_of change = { .user = find("li.na"), .roles = roles("officer leader"), .work = work_roles };
	good(as(NULL, &change));
	assert_int_equal(session_of(token, now).actor.id, 0);
	token = login("li.na", password).token;
	change = (struct change_of){ .user = find("li.na"), .state = USER_LOCKED, .work = work_state };
	good(as(NULL, &change));
	assert_int_equal(session_of(token, now).actor.id, 0);
	change = (struct change_of){ .user = find("li.na"), .state = USER_ACTIVE, .work = work_state };
	good(as(NULL, &change));
	token = login("li.na", password).token;
	struct login_done mine = login("li.na", password);
	struct str hash;
	good(password_hash(&t.arena, STR("vua7Ruong-Lua"), &hash, &t.err));
	change = (struct change_of){ .user = find("li.na"), .text = hash, .number = mine.session, .work = work_password };
	good(as(NULL, &change));
	assert_int_equal(session_of(token, now).actor.id, 0);
	assert_int_not_equal(session_of(mine.token, now).actor.id, 0);
	assert_int_equal(login("li.na", password).why, LOGIN_WRONG);
	assert_int_equal(login("li.na", STR("vua7Ruong-Lua")).why, LOGIN_GOOD);
	/* Even when a row had been changed by hand, a locked account is nobody. */
	sql("UPDATE ward_user SET state = 'locked'");
	assert_int_equal(session_of(mine.token, now).actor.id, 0);
}

static void the_last_passwords_are_known(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	static const char *const passwords[] = { "first Ruong-Lua1", "second Ruong-Lua2", "third Ruong-Lua3", "fourth Ruong-Lua4", "fifth Ruong-Lua5" };
	for (size_t i = 0; i < COUNT(passwords); i++) {
		struct str hash;
		good(password_hash(&t.arena, str_from(passwords[i]), &hash, &t.err));
		struct change_of change = { .user = find("li.na"), .text = hash, .work = work_password };
		good(as(NULL, &change));
	}
	struct user user = find("li.na");
	for (size_t i = 0; i < COUNT(passwords); i++)
		assert_true(user_knew_password(&user, str_from(passwords[i])));
	assert_false(user_knew_password(&user, password)); /* the sixth */
	assert_false(user_knew_password(&user, STR("another one")));
}

static void separated_roles(void **state)
{
	(void)state;
	struct user user = make("li.na", 1, "security");
	struct change_of change = { .user = user, .roles = roles("security auditor"), .work = work_roles };
	assert_int_equal(as(NULL, &change), -EPERM);
	change.roles = roles("operator auditor");
	assert_int_equal(as(NULL, &change), -EPERM);
	assert_int_equal(find("li.na").roles, roles("security"));
	/* Nobody gives themselves anything. */
	struct actor self = session_actor(&t.arena, t.people, &user, true);
	change.roles = roles("security leader");
	assert_int_equal(as(&self, &change), -EPERM);
	change.work = work_state;
	change.state = USER_DISABLED;
	assert_int_equal(as(&self, &change), -EPERM);
	/* No second account of the same person. */
	change = (struct change_of){ .make = { .login = STR("li.na2"), .name = STR("x"), .person = 1, .org = 1 }, .work = work_create };
	assert_int_equal(as(NULL, &change), -EEXIST);
	change.make.login = STR("li.na");
	change.make.person = 9;
	assert_int_equal(as(NULL, &change), -EEXIST);
	/* Rows written by hand give no rights. */
	sql("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (1, 'auditor', 0, 0)");
	sql("UPDATE ward_user SET totp = 'x'");
	sql("INSERT INTO ward_session (user_id, digest, created, seen, expires, fresh_until, address, agent) VALUES"
	    " (1, '60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55', 0, 99, 199, 0, '', '')");
	struct str token = STR("0000000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(session_of(token, 100).actor.id, 1);
	assert_int_equal(session_of(token, 100).actor.roles, 0);
}

static void second_factor(void **state)
{
	(void)state;
	make("li.na", 1, "security");
	struct login_done done = login("li.na", password);
	int64_t now = clock_now();
	/* Without it she is nobody but may enrol. */
	struct session session = session_of(done.token, now);
	assert_int_equal(session.must, MUST_SECOND_FACTOR);
	assert_int_equal(session.actor.roles, 0);
	struct str secret, sealed;
	good(second_factor_make(&t.arena, &secret, &t.err));
	good(vault_seal(&t.arena, t.vault, STR("user.totp"), secret, &sealed, &t.err));
	struct change_of change = { .user = find("li.na"), .text = sealed, .work = work_second };
	good(as(NULL, &change));
	assert_int_equal(session_of(done.token, now).actor.id, 0);
	assert_int_equal(login("li.na", password).why, LOGIN_CODE);
	assert_int_equal(login("li.na", STR("wrong password 1")).why, LOGIN_WRONG);
	assert_int_equal(login_at("li.na", password, STR("000000x"), "192.0.2.7", now).why, LOGIN_WRONG);
	struct str code = code_at(secret, now);
	done = login_at("li.na", password, code, "192.0.2.7", now);
	assert_int_equal(done.why, LOGIN_GOOD);
	session = session_of(done.token, now);
	assert_int_equal(session.must, MUST_NOTHING);
	assert_int_equal(session.actor.roles, roles("security"));
	/* The same code again, and the one before. */
	assert_int_equal(login_at("li.na", password, code, "192.0.2.7", now).why, LOGIN_WRONG);
	assert_int_equal(login_at("li.na", password, code_at(secret, now - 30), "192.0.2.7", now).why, LOGIN_WRONG);
	assert_int_equal(login_at("li.na", password, code_at(secret, now + 30), "192.0.2.7", now + 30).why, LOGIN_GOOD);
	/* What is kept does not open it. */
	struct user user = find("li.na");
	assert_true(str_starts(user.totp, "v1:") && str_find(user.totp, secret.p) < 0);
}

static void old_passwords_and_given_ones_must_go(void **state)
{
	(void)state;
	make("li.na", 1, "officer");
	struct str token = login("li.na", password).token;
	int64_t now = clock_now();
	sql("UPDATE ward_user SET must_change = 1");
	assert_int_equal(session_of(token, now).must, MUST_PASSWORD);
	assert_int_equal(session_of(token, now).actor.roles, 0);
	sql("UPDATE ward_user SET must_change = 0, password_at = password_at - 181 * 86400");
	assert_int_equal(session_of(token, now).must, MUST_PASSWORD);
	sql("UPDATE ward_user SET password_at = password_at + 2 * 86400");
	assert_int_equal(session_of(token, now).must, MUST_NOTHING);
}

static int work_token(struct write *write, struct change_of *change, struct err *err)
{
	int r = token_make(write, t.people, &change->user, STR("probe"), change->text, change->number, &change->token, &change->number, err);
	change->token = arena_str(&t.arena, change->token);
	return r;
}

static int work_token_end(struct write *write, struct change_of *change, struct err *err)
{
	return token_end(write, change->number, change->user.id, err);
}

static void tokens(void **state)
{
	(void)state;
	struct user user = make("li.na", 1, "officer"), other = make("wang", 2, "officer");
	int64_t now = clock_now();
	struct change_of change = { .user = user, .text = STR("read:records:finding"), .number = now + 1000, .work = work_token };
	good(as(NULL, &change));
	struct session session = session_of(change.token, now);
	assert_int_equal(session.actor.id, user.id);
	assert_int_equal(session.actor.session, 0);
	assert_int_equal(session.actor.fresh_until, 0);
	assert_true(str_is(session.scope, "read:records:finding"));
	assert_null(session.csrf.p);
	assert_int_equal(session_of(change.token, now + 1000).actor.id, 0);
	struct change_of wrong = { .user = other, .number = change.number, .work = work_token_end };
	assert_int_equal(as(NULL, &wrong), -ENOENT);
	wrong.user = user;
	good(as(NULL, &wrong));
	assert_int_equal(session_of(change.token, now).actor.id, 0);
	/* As long as it may live, no longer; and not beyond its owner. */
	change = (struct change_of){ .user = user, .text = STR("read"), .number = INT64_MAX, .work = work_token };
	good(as(NULL, &change));
	assert_int_equal(session_of(change.token, now + 170 * 86400).actor.roles, roles("officer"));
	assert_int_equal(session_of(change.token, now + 364 * 86400).actor.roles, 0); /* the password is too old by then */
	assert_int_equal(session_of(change.token, now + 366 * 86400).actor.id, 0);
	struct change_of lock = { .user = find("li.na"), .state = USER_LOCKED, .work = work_state };
	good(as(NULL, &lock));
	assert_int_equal(session_of(change.token, now).actor.id, 0);
}

static void scopes(void **state)
{
	(void)state;
	struct note why;
	static const char *const good_ones[] = { "read", "write", "read:records:finding", "read:records read:hosts write:incidents:12" };
	static const char *const bad_ones[] = { "", "   ", "all", "read:", "read::x", "read:records:", "Read", "read:../x", "read:a:b:c:d:e", "read:*", "read,write" };
	for (size_t i = 0; i < COUNT(good_ones); i++)
		assert_true(scope_good(str_from(good_ones[i]), &why));
	for (size_t i = 0; i < COUNT(bad_ones); i++)
		if (scope_good(str_from(bad_ones[i]), &why) || !why.english)
			fail_msg("'%s' was taken", bad_ones[i]);
	struct str narrow = STR("read:records:finding");
	assert_true(scope_covers(narrow, true, STR("/api/records/finding")));
	assert_true(scope_covers(narrow, true, STR("/api/records/finding/7/history")));
	assert_false(scope_covers(narrow, false, STR("/api/records/finding")));
	assert_false(scope_covers(narrow, true, STR("/api/records/findings")));
	assert_false(scope_covers(narrow, true, STR("/api/records")));
	assert_false(scope_covers(narrow, true, STR("/api/records/incident")));
	assert_false(scope_covers(narrow, true, STR("/apis/records/finding")));
	assert_false(scope_covers(narrow, true, STR("/api//records/finding")));
	assert_true(scope_covers(STR("write:records"), true, STR("/api/records/x")));
	assert_true(scope_covers(STR("read:hosts write:records"), false, STR("/api/records/x")));
	assert_false(scope_covers(STR("read:hosts write:records"), false, STR("/api/hosts")));
	assert_false(scope_covers(STR_NONE, true, STR("/api/hosts")));
}

static void cookies(void **state)
{
	(void)state;
	assert_true(str_is(session_cookie(&t.arena, STR("ab")), "__Host-ward=ab; Path=/; Secure; HttpOnly; SameSite=Strict"));
	assert_true(str_ends(session_cookie(&t.arena, STR("")), "; Max-Age=0"));
}

static void logins(void **state)
{
	(void)state;
	struct str out;
	static const char *const bad[] = { "", "a", ".ab", "a b", "张伟", "a'b", "a/b", "a\"b", "-ab" };
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(user_login_fold(&t.arena, str_from(bad[i]), &out));
	assert_true(user_login_fold(&t.arena, STR(" Zhang.Wei@Qinghe-1 "), &out));
	assert_true(str_is(out, "zhang.wei@qinghe-1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_login_gives_a_session), TEST(wrong_ones_look_alike), TEST(guessing_is_slowed_down), TEST(one_network_of_many_addresses),
		TEST(sessions_end), TEST(forged_ones_are_nobody), TEST(what_changes_an_account_ends_its_sessions), TEST(the_last_passwords_are_known),
		TEST(separated_roles), TEST(second_factor), TEST(old_passwords_and_given_ones_must_go), TEST(tokens), TEST(scopes), TEST(cookies), TEST(logins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
