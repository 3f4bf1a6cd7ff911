/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/keeper.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/seal.h"
#include "sys/root.h"

enum { ASK_PUBLIC = 1, ASK_SIGN, ASK_CERTIFY, ASK_WRAP, ASK_UNWRAP };
enum { WORDS = 6144, PATIENCE_MS = 10000 };
#define WRAPPED "vault" /* where the wrapped key belongs, crypto/vault.h */

struct request {
	uint32_t what, n;
	char statement[KEEPER_STATEMENT];
};

struct reply {
	int32_t result;
	uint32_t n;
	uint8_t signature[SIGN_MOST];
	char words[WORDS]; /* what was asked for (a key, a certificate), or why not */
};

/* ---- judging ---- */

/* Statements a second in the long run, and at once. A writer at full speed seals some 50 blocks a second. */
static const struct {
	double rate, burst;
} pace[] = {
	[CHAIN_START] = { 0.1, 4 },   [CHAIN_KEY] = { 0.1, 8 },   [CHAIN_BLOCK] = { 200, 2000 },
	[CHAIN_REMOVAL] = { 10, 4000 }, [CHAIN_HOLD] = { 1, 100 }, [CHAIN_RELEASE] = { 1, 100 },
	[CHAIN_COPY] = { 10, 4000 },  [KEEPER_JOURNAL] = { 1, 100 },
};

static bool too_fast(struct keeper_memory *memory, unsigned kind, int64_t monotonic)
{
	__typeof__(&memory->allowance[0]) allowance = &memory->allowance[kind];
	if (allowance->since == 0)
		allowance->left = pace[kind].burst;
	else
		allowance->left += (double)(monotonic - allowance->since) / 1e9 * pace[kind].rate;
	allowance->left = MIN(allowance->left, pace[kind].burst);
	allowance->since = MAX(monotonic, (int64_t)1);
	if (allowance->left < 1)
		return true;
	allowance->left -= 1;
	return false;
}

static bool near(int64_t a, int64_t b)
{
	return a > b ? a - b <= KEEPER_SKEW : b - a <= KEEPER_SKEW;
}

/* What a statement of either sort says that matters here. */
struct said {
	struct str id, key; /* of the archive or the journal; of the key */
	bool journal;
	uint64_t sequence;
	int64_t time, clock;
	unsigned kind;
};

static int read_said(struct str statement, struct said *out, struct err *err)
{
	struct chain_said chain;
	struct seal seal;
	int r;
	if (statement.n > KEEPER_STATEMENT)
		return err_set(err, -EBADMSG, "the statement is too long");
	if (str_starts(statement, "ward journal ")) {
		r = seal_read(statement, &seal, err);
		if (r == 0)
			*out = (struct said){ seal.journal, seal.key, true, (uint64_t)seal.number, seal.time, seal.clock, KEEPER_JOURNAL };
		return r;
	}
	r = chain_read(statement, &chain, err);
	if (r == 0)
		*out = (struct said){ chain.archive, chain.key, false, chain.sequence, chain.time, chain.clock, chain.kind };
	return r;
}

int keeper_judge(struct keeper_memory *memory, const char *key_id, struct str statement, int64_t now, int64_t monotonic,
                 struct err *err)
{
	struct said said = { 0 };
	size_t i = 0;
	int r = read_said(statement, &said, err);
	if (r < 0)
		return r;
	if (said.kind >= COUNT(pace) || pace[said.kind].burst <= 0)
		return err_set(err, -EPERM, "statements of this kind are not signed");
	if (!str_is(said.key, key_id))
		return err_set(err, -EPERM, "the statement names another key");
	bool behind = said.clock != INT64_MIN;
	if (!near(behind ? said.clock : said.time, now) || (behind && said.time < said.clock))
		return err_set(err, -EPERM, "the time in the statement is not the time it is");
	while (i < memory->n_archives && (memory->archives[i].journal != said.journal || !str_is(said.id, memory->archives[i].id)))
		i++;
	if (i == KEEPER_ARCHIVES || said.id.n != CHAIN_ID)
		return err_set(err, -EPERM, "too many archives");
	if (i < memory->n_archives && said.sequence < memory->archives[i].sequence)
		return err_set(err, -EPERM, "statement %llu was signed already; number %llu cannot follow",
		               (unsigned long long)memory->archives[i].sequence, (unsigned long long)said.sequence);
	if (too_fast(memory, said.kind, monotonic))
		return err_set(err, -EAGAIN, "statements come too fast");
	if (i == memory->n_archives) {
		memcpy(memory->archives[i].id, said.id.p, CHAIN_ID);
		memory->archives[i].journal = said.journal;
		memory->n_archives++;
	}
	memory->archives[i].sequence = said.sequence;
	return 0;
}

/* ---- serving ---- */

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int certify(const struct keeper_office *office, struct str request, struct buf *out, struct err *err)
{
	if (!office->authority)
		return err_set(err, -ENOSYS, "this keeper has no authority for certificates");
	return authority_issue(office->authority, request, office->names, wall_ns() / 1000000000, out, err);
}

static int wrap(const struct keeper_office *office, struct str secret, struct buf *out, struct err *err)
{
	ARENA(arena);
	struct str sealed;
	if (secret.n != VAULT_KEY)
		return err_set(err, -EBADMSG, "not a key of a vault");
	int r = vault_seal(&arena, office->wrapping, STR(WRAPPED), secret, &sealed, err);
	if (r == 0)
		buf_add(out, sealed);
	return r;
}

static int unwrap(const struct keeper_office *office, struct str wrapped, struct buf *out, struct err *err)
{
	ARENA(arena);
	struct str clear;
	int r = vault_unseal(&arena, office->wrapping, STR(WRAPPED), wrapped, &clear, err);
	if (r < 0)
		return r;
	buf_add(out, clear);
	sign_wipe((void *)(uintptr_t)clear.p, clear.n);
	return 0;
}

static int answer_office(const struct keeper_office *office, uint32_t what, struct str text, struct buf *out, struct err *err)
{
	if (what == ASK_CERTIFY)
		return certify(office, text, out, err);
	if (!office->wrapping)
		return err_set(err, -ENOSYS, "this keeper wraps no keys");
	return what == ASK_WRAP ? wrap(office, text, out, err) : unwrap(office, text, out, err);
}

/* The writer seals the archive, the server the journal: neither gets the other's history signed. */
static int judge_for(bool server, struct keeper_memory *memory, const char *key_id, struct str statement, struct err *err)
{
	struct said said = { 0 };
	int r = read_said(statement, &said, err);
	if (r == 0 && said.journal != server)
		r = err_set(err, -EPERM, "the keeper refuses: this statement is for another process to have signed");
	return r < 0 ? r : keeper_judge(memory, key_id, statement, wall_ns(), clock_monotonic_ns(), err);
}

static void answer(struct keeper_memory *memory, const struct private_key *key, const struct keeper_office *office,
                   const struct request *request, ssize_t n, struct reply *reply)
{
	struct err err = { 0 };
	BUF(out);
	int r = -EBADMSG;
	struct str text = { request->statement, request->n };
	*reply = (struct reply){ 0 };
	if (n != (ssize_t)sizeof(*request) || request->n > KEEPER_STATEMENT) {
		err_set(&err, r, "not a message for the keeper");
	} else if (request->what == ASK_PUBLIC) {
		public_key_print(private_key_public(key), &out);
		r = 0;
	} else if (request->what == ASK_SIGN) {
		r = judge_for(office != NULL, memory, private_key_public(key)->id, text, &err);
		if (r == 0)
			r = private_key_sign(key, text, reply->signature, &err);
	} else if (office && request->what >= ASK_CERTIFY && request->what <= ASK_UNWRAP) {
		r = answer_office(office, request->what, text, &out, &err);
	} else {
		err_set(&err, r, "not a message for the keeper");
	}
	struct str words = r < 0 ? str_from(err.text) : buf_str(&out);
	if (words.n >= WORDS)
		r = -E2BIG;
	reply->result = r;
	reply->n = (uint32_t)MIN(words.n, (size_t)WORDS - 1);
	if (reply->n)
		memcpy(reply->words, words.p, reply->n);
	sign_wipe(out.p, out.room);
}

int keeper_answer(int fd, const struct private_key *key, struct keeper_memory *memory, const struct keeper_office *office,
                  uint64_t *signed_count, struct err *err)
{
	static struct request request; /* large, and the only one */
	static struct reply reply;
	ssize_t n = recv(fd, &request, sizeof(request), 0);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_errno(err, -errno, "the keeper cannot read");
	if (n <= 0)
		return 1;
	answer(memory, key, office, &request, n, &reply);
	if (reply.result == 0 && request.what == ASK_SIGN && signed_count)
		__atomic_add_fetch(signed_count, 1, __ATOMIC_RELAXED);
	while ((n = send(fd, &reply, sizeof(reply), MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	sign_wipe(&request, sizeof(request));
	sign_wipe(&reply, sizeof(reply));
	if (n < 0)
		return errno == EPIPE || errno == ECONNRESET ? 1 : err_errno(err, -errno, "the keeper cannot answer");
	return 0;
}

int keeper_serve(int fd, const struct private_key *key, struct keeper_memory *memory, uint64_t *signed_count,
                 struct err *err)
{
	int r = 0;
	while (r == 0)
		r = keeper_answer(fd, key, memory, NULL, signed_count, err);
	return r < 0 ? r : 0;
}

/* ---- asking ---- */

struct keeper {
	int fd;
	struct public_key key;
	struct request request;
	struct reply reply;
};

static int ask(struct keeper *keeper, int fd, uint32_t what, struct str statement, struct err *err)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	if (statement.n > KEEPER_STATEMENT)
		return err_set(err, -E2BIG, "the statement is too long to be signed");
	keeper->request = (struct request){ .what = what, .n = (uint32_t)statement.n };
	if (statement.n)
		memcpy(keeper->request.statement, statement.p, statement.n);
	ssize_t n;
	while ((n = send(fd, &keeper->request, sizeof(keeper->request), MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return err_errno(err, -errno, "cannot ask the keeper of the key");
	while ((n = poll(&wait, 1, PATIENCE_MS)) < 0 && errno == EINTR)
		;
	if (n == 0)
		return err_set(err, -ETIMEDOUT, "the keeper of the key does not answer");
	while ((n = recv(fd, &keeper->reply, sizeof(keeper->reply), 0)) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(keeper->reply))
		return err_set(err, -EPIPE, "the keeper of the key has ended");
	keeper->reply.words[WORDS - 1] = 0;
	if (keeper->reply.result < 0)
		return err_set(err, keeper->reply.result, "the keeper of the key refuses: %s", keeper->reply.words);
	return 0;
}

static int ask_public(struct keeper *keeper, int fd, struct public_key *out, struct err *err)
{
	int r = ask(keeper, fd, ASK_PUBLIC, STR_NONE, err);
	return r < 0 ? r : public_key_parse(str_from(keeper->reply.words), out, err);
}

int keeper_open(int fd, struct keeper **out, struct err *err)
{
	CLEANUP(keeper_close_p) struct keeper *keeper = mem_alloc(sizeof(*keeper));
	keeper->fd = fd;
	int r = ask_public(keeper, fd, &keeper->key, err);
	if (r == 0)
		*out = TAKE(keeper);
	return r;
}

int keeper_replace(struct keeper *keeper, int fd, bool any_key, struct err *err)
{
	CLEANUP(fd_close_p) int taken = fd;
	struct public_key key;
	int r = ask_public(keeper, taken, &key, err);
	if (r < 0)
		return r;
	bool other = !str_eq(str_from(key.id), str_from(keeper->key.id));
	if (other && !any_key)
		return err_set(err, -EPERM, "the new keeper holds another key");
	fd_close_p(&keeper->fd);
	keeper->fd = taken;
	keeper->key = key;
	taken = -1;
	return other;
}

void keeper_close(struct keeper *keeper)
{
	if (!keeper)
		return;
	fd_close_p(&keeper->fd);
	free(keeper);
}

void keeper_close_p(struct keeper **keeper)
{
	keeper_close(*keeper);
}

static int sign_there(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	struct keeper *keeper = ctx;
	int r = ask(keeper, keeper->fd, ASK_SIGN, statement, err);
	if (r == 0)
		memcpy(signature, keeper->reply.signature, SIGN_MOST);
	/* An answer that comes after all must not be taken for that to the next question. */
	if (r == -ETIMEDOUT)
		shutdown(keeper->fd, SHUT_RDWR);
	return r;
}

struct signer keeper_signer(struct keeper *keeper)
{
	return (struct signer){ .ctx = keeper, .sign = sign_there, .key = keeper->key };
}

/* ---- for the server ---- */

int keeper_certify(struct keeper *keeper, struct str request, struct buf *out, struct err *err)
{
	int r = ask(keeper, keeper->fd, ASK_CERTIFY, request, err);
	if (r == 0)
		buf_add(out, (struct str){ keeper->reply.words, MIN(keeper->reply.n, (uint32_t)WORDS - 1) });
	return r;
}

int keeper_wrap(struct keeper *keeper, const uint8_t secret[VAULT_KEY], struct buf *out, struct err *err)
{
	int r = ask(keeper, keeper->fd, ASK_WRAP, (struct str){ (const char *)secret, VAULT_KEY }, err);
	sign_wipe(&keeper->request, sizeof(keeper->request));
	if (r == 0)
		buf_add(out, (struct str){ keeper->reply.words, MIN(keeper->reply.n, (uint32_t)WORDS - 1) });
	return r;
}

int keeper_unwrap(struct keeper *keeper, struct str wrapped, uint8_t out[VAULT_KEY], struct err *err)
{
	int r = ask(keeper, keeper->fd, ASK_UNWRAP, wrapped, err);
	if (r == 0 && keeper->reply.n != VAULT_KEY)
		r = err_set(err, -EBADMSG, "the keeper gave no key of a vault");
	if (r == 0)
		memcpy(out, keeper->reply.words, VAULT_KEY);
	sign_wipe(&keeper->reply, sizeof(keeper->reply));
	return r;
}

uint32_t keeper_task_about(struct str held)
{
	ARENA(arena);
	int64_t number = 0;
	return str_to_int(str_slice(digest_hex(&arena, DIGEST_SHA256, str_trim(held)), 0, 8), 16, &number) ? (uint32_t)number : 0;
}
