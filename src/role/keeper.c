/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/keeper.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/root.h"

enum { ASK_PUBLIC = 1, ASK_SIGN = 2, WORDS = 512, PATIENCE_MS = 10000 };

struct request {
	uint32_t what, n;
	char statement[KEEPER_STATEMENT];
};

struct reply {
	int32_t result;
	uint32_t n;
	uint8_t signature[SIGN_MOST];
	char words[WORDS]; /* the public key, or why not */
};

/* ---- judging ---- */

/* Statements a second in the long run, and at once. A writer at full speed seals some 50 blocks a second. */
static const struct {
	double rate, burst;
} pace[] = {
	[CHAIN_START] = { 0.1, 4 },   [CHAIN_KEY] = { 0.1, 8 },   [CHAIN_BLOCK] = { 200, 2000 },
	[CHAIN_REMOVAL] = { 10, 4000 }, [CHAIN_HOLD] = { 1, 100 }, [CHAIN_RELEASE] = { 1, 100 },
	[CHAIN_COPY] = { 10, 4000 },
};

static bool too_fast(struct keeper_memory *memory, enum chain_kind kind, int64_t monotonic)
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

int keeper_judge(struct keeper_memory *memory, const char *key_id, struct str statement, int64_t now, int64_t monotonic,
                 struct err *err)
{
	struct chain_said said;
	size_t i = 0;
	int r = statement.n > KEEPER_STATEMENT ? err_set(err, -EBADMSG, "the statement is too long")
	                                       : chain_read(statement, &said, err);
	if (r < 0)
		return r;
	if ((size_t)said.kind >= COUNT(pace) || pace[said.kind].burst <= 0)
		return err_set(err, -EPERM, "statements of this kind are not signed");
	if (!str_is(said.key, key_id))
		return err_set(err, -EPERM, "the statement names another key");
	bool behind = said.clock != INT64_MIN;
	if (!near(behind ? said.clock : said.time, now) || (behind && said.time < said.clock))
		return err_set(err, -EPERM, "the time in the statement is not the time it is");
	while (i < memory->n_archives && !str_is(said.archive, memory->archives[i].id))
		i++;
	if (i == KEEPER_ARCHIVES || said.archive.n != CHAIN_ID)
		return err_set(err, -EPERM, "too many archives");
	if (i < memory->n_archives && said.sequence < memory->archives[i].sequence)
		return err_set(err, -EPERM, "statement %llu was signed already; number %llu cannot follow",
		               (unsigned long long)memory->archives[i].sequence, (unsigned long long)said.sequence);
	if (too_fast(memory, said.kind, monotonic))
		return err_set(err, -EAGAIN, "statements come too fast");
	if (i == memory->n_archives) {
		memcpy(memory->archives[i].id, said.archive.p, CHAIN_ID);
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

static void answer(struct keeper_memory *memory, const struct private_key *key, const struct request *request, ssize_t n,
                   struct reply *reply)
{
	struct err err = { 0 };
	int r = -EBADMSG;
	*reply = (struct reply){ 0 };
	if (n != (ssize_t)sizeof(*request) || request->n > KEEPER_STATEMENT) {
		err_set(&err, r, "not a message for the keeper");
	} else if (request->what == ASK_PUBLIC) {
		BUF(line);
		public_key_print(private_key_public(key), &line);
		memcpy(err.text, buf_cstr(&line), line.n + 1);
		r = 0;
	} else if (request->what == ASK_SIGN) {
		struct str statement = { request->statement, request->n };
		r = keeper_judge(memory, private_key_public(key)->id, statement, wall_ns(), clock_monotonic_ns(), &err);
		if (r == 0)
			r = private_key_sign(key, statement, reply->signature, &err);
	} else {
		err_set(&err, r, "not a message for the keeper");
	}
	reply->result = r;
	reply->n = (uint32_t)MIN(strlen(err.text), (size_t)WORDS - 1);
	memcpy(reply->words, err.text, reply->n);
}

int keeper_serve(int fd, const struct private_key *key, struct keeper_memory *memory, uint64_t *signed_count,
                 struct err *err)
{
	static struct request request; /* large, and the only one */
	struct reply reply;
	for (;;) {
		ssize_t n = recv(fd, &request, sizeof(request), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			return err_errno(err, -errno, "the keeper cannot read");
		if (n <= 0)
			return 0;
		answer(memory, key, &request, n, &reply);
		if (reply.result == 0 && request.what == ASK_SIGN && signed_count)
			__atomic_add_fetch(signed_count, 1, __ATOMIC_RELAXED);
		while ((n = send(fd, &reply, sizeof(reply), MSG_NOSIGNAL)) < 0 && errno == EINTR)
			;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? 0 : err_errno(err, -errno, "the keeper cannot answer");
	}
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

int keeper_replace(struct keeper *keeper, int fd, struct err *err)
{
	CLEANUP(fd_close_p) int taken = fd;
	struct public_key key;
	int r = ask_public(keeper, taken, &key, err);
	if (r < 0)
		return r;
	if (!str_eq(str_from(key.id), str_from(keeper->key.id)))
		return err_set(err, -EPERM, "the new keeper holds another key");
	fd_close_p(&keeper->fd);
	keeper->fd = taken;
	taken = -1;
	return 0;
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
