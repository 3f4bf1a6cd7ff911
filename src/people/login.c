/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/login.h"

#include "people/directory.h"
#include "people/second_factor.h"
#include "people/throttle.h"

/* One login on its way. */
struct proof {
	struct arena *arena;
	const struct people *people;
	struct records *records;
	const struct login *login;
	struct login_done *out;
	struct attempt attempt;
	struct actor actor;      /* for the journal */
	bool session, fresh;     /* what follows when it is good */
	bool right;              /* the password */
	int64_t step;            /* of the code; 0: not by a code */
	struct str left;         /* recovery codes; STR_NONE: none was used */
	struct directory_entry entry; /* of somebody whom the directory knows */
	bool by_directory, folded; /* .folded: what was typed may be a login */
};

/* ---- verifying: no writer ---- */

static int check_code(struct proof *proof, struct err *err)
{
	const struct user *user = &proof->out->user;
	struct str code = proof->login->code, secret;
	if (!user->totp.p || !(proof->session || proof->fresh)) {
		proof->out->why = LOGIN_GOOD;
		return 0;
	}
	if (!code.n) {
		proof->out->why = LOGIN_CODE;
		return 0;
	}
	int r = vault_unseal(proof->arena, proof->people->vault, STR("user.totp"), user->totp, &secret, err);
	if (r == 0)
		r = second_factor_check(secret, code, proof->login->now, user->totp_step, &proof->step, err);
	if (r < 0)
		return r;
	if (proof->step || recovery_use(proof->arena, proof->people->vault, user->recovery, code, &proof->left))
		proof->out->why = LOGIN_GOOD;
	return 0;
}

static int check_password(struct proof *proof, bool there, struct err *err)
{
	const struct people *people = proof->people;
	const struct login *login = proof->login;
	struct user *user = &proof->out->user;
	/* Without an account it is the directory's to say, if there is one; and a hash is made all the same. */
	if (people->ldap && proof->folded && (!there || user->directory) && login->password.n) {
		int r = directory_login(proof->arena, people->ldap, proof->attempt.login, login->password, &proof->entry, err);
		proof->right = proof->by_directory = r > 0;
		if (people->heard_directory)
			people->heard_directory(people->heard_ctx, r < 0 ? err->text : NULL);
		return r < 0 ? r : 0;
	}
	proof->right = password_verify(there && !user->directory ? user->password : STR_NONE, login->password);
	return 0;
}

/* ---- recording: on the writer ---- */

static int count_failure(struct proof *proof, struct write *write, struct err *err)
{
	proof->out->why = LOGIN_WRONG;
	int r = throttle_failed(write, proof->people, &proof->attempt, err);
	if (r < 0)
		return r;
	struct user user = { .id = proof->attempt.user, .org = proof->attempt.user ? proof->out->user.org : 0 };
	BUF(after);
	json_open_map(&after, NULL);
	json_put(&after, "address", proof->login->address.p ? proof->login->address : STR(""));
	buf_add_char(&after, '}');
	return user_journal(write, &user, "login-failed", STR_NONE, buf_str(&after), STR_NONE, err);
}

static int use_code(struct proof *proof, struct write *write, struct err *err)
{
	DB_QUERY(q);
	const struct user *user = &proof->out->user;
	if (!proof->step && !proof->left.p)
		return 0;
	int r = db_query(&q, write->db,
	                 proof->step ? "UPDATE ward_user SET totp_step = ? WHERE id = ? AND totp_step < ?"
	                             : "UPDATE ward_user SET recovery = ? WHERE id = ? AND recovery = ?",
	                 err);
	if (r < 0)
		return r;
	if (proof->step) {
		db_bind_int(&q, proof->step);
		db_bind_int(&q, user->id);
		db_bind_int(&q, proof->step);
	} else {
		db_bind_text(&q, proof->left);
		db_bind_int(&q, user->id);
		db_bind_text(&q, user->recovery);
	}
	r = db_do(&q, err);
	if (r == 0 && db_changes(write->db) == 0)
		return -EAGAIN; /* somebody was faster with the same code */
	if (r == 0 && proof->left.p)
		r = user_journal(write, user, "recovery-code", STR_NONE, STR_NONE, STR_NONE, err);
	return r;
}

static bool same_account(const struct user *a, const struct user *b)
{
	return a->state == b->state && str_eq(a->password, b->password) && str_eq(a->totp, b->totp) && a->directory == b->directory;
}

static int record_good(struct proof *proof, struct write *write, struct err *err)
{
	struct login_done *out = proof->out;
	struct user now;
	BUF(after);
	int r = user_by_id(write->arena, write->db, proof->people, out->user.id, &now, err);
	if (r < 0 || !same_account(&now, &out->user) || now.state != USER_ACTIVE)
		return r < 0 ? r : count_failure(proof, write, err);
	r = use_code(proof, write, err);
	if (r == -EAGAIN)
		return count_failure(proof, write, err);
	if (r == 0)
		r = throttle_passed(write, proof->people, &proof->attempt, err);
	if (r == 0 && proof->session) {
		struct str token;
		r = session_make(write, proof->people, &out->user, proof->login->address, proof->login->agent, &token, &out->session, err);
		out->token = arena_str(proof->arena, token);
		out->fresh_until = write->now + proof->people->limits.fresh;
	} else if (r == 0 && proof->fresh) {
		r = session_make_fresh(write, proof->people, out->session, &out->fresh_until, err);
	}
	if (r < 0 || !(proof->session || proof->fresh))
		return r;
	json_open_map(&after, NULL);
	json_put(&after, "address", proof->login->address.p ? proof->login->address : STR(""));
	json_put_int(&after, "session", out->session);
	buf_add_char(&after, '}');
	return user_journal(write, &out->user, proof->session ? "login" : "fresh", STR_NONE, buf_str(&after), STR_NONE, err);
}

static int record_work(void *ctx, struct write *write, struct err *err)
{
	struct proof *proof = ctx;
	struct login_done *out = proof->out;
	/* While the hash was made, others may have failed. */
	int r = throttle_wait(write->arena, write->db, proof->people, &proof->attempt, write->now, &out->wait, err);
	if (r < 0)
		return r;
	if (out->wait > 0) {
		out->why = LOGIN_WAIT;
		return 0;
	}
	if (proof->by_directory && out->why == LOGIN_GOOD) {
		struct str totp = out->user.totp;
		r = directory_account(proof->arena, write, proof->people, &proof->entry, &out->user, err);
		if (r == -EPERM || (r == 0 && proof->attempt.user && !str_eq(totp, out->user.totp)))
			return count_failure(proof, write, err);
		if (r < 0)
			return r;
		proof->attempt.user = out->user.id;
	}
	return out->why == LOGIN_GOOD ? record_good(proof, write, err) : count_failure(proof, write, err);
}

static int prove(struct proof *proof, struct db *db, bool there, struct err *err)
{
	struct login_done *out = proof->out;
	int r = throttle_wait(proof->arena, db, proof->people, &proof->attempt, proof->login->now, &out->wait, err);
	if (r < 0)
		return r;
	if (out->wait > 0) {
		out->why = LOGIN_WAIT;
		return 0;
	}
	out->why = LOGIN_WRONG;
	r = check_password(proof, there, err);
	if (r == 0 && proof->right && (!there || out->user.state == USER_ACTIVE))
		r = check_code(proof, err);
	if (r < 0 || out->why == LOGIN_CODE)
		return r;
	if (there)
		proof->actor = session_actor(proof->arena, proof->people, &out->user, false);
	else
		proof->actor = (struct actor){ .name = STR("ward") };
	return records_do(proof->records, &proof->actor, record_work, proof, err);
}

int login_begin(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct login *login,
                struct login_done *out, struct err *err)
{
	struct proof proof = { .arena = arena, .people = people, .records = records, .login = login, .out = out, .session = true };
	bool there = false;
	*out = (struct login_done){ .why = LOGIN_WRONG };
	proof.attempt = (struct attempt){ .login = login->login, .address = login->address };
	proof.folded = user_login_fold(arena, login->login, &proof.attempt.login);
	if (proof.folded) {
		int r = user_by_login(arena, db, people, proof.attempt.login, &out->user, err);
		if (r < 0 && r != -ENOENT)
			return r;
		there = r == 0;
	}
	proof.attempt.user = there ? out->user.id : 0;
	return prove(&proof, db, there, err);
}

int login_again(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct actor *actor,
                const struct login *login, bool fresh, struct login_done *out, struct err *err)
{
	struct proof proof = { .arena = arena, .people = people, .records = records, .login = login, .out = out, .fresh = fresh };
	*out = (struct login_done){ .why = LOGIN_WRONG, .session = actor->session };
	int r = user_by_id(arena, db, people, actor->id, &out->user, err);
	if (r < 0)
		return r;
	proof.attempt = (struct attempt){ .login = out->user.login, .address = login->address, .user = out->user.id };
	proof.folded = true;
	return prove(&proof, db, true, err);
}
