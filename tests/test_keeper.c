/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <time.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role/keeper.h"
#include "role/role.h"

static const char key_id[] = "0123456789abcdef";
#define NOW ((int64_t)1795402800 * 1000000000)

/* A statement as the chain writes it. */
static void statement(struct buf *out, uint64_t sequence, const char *kind, int64_t time, const char *key)
{
	buf_clear(out);
	buf_printf(out,
	           "ward archive 1\narchive 00112233445566778899aabbccddeeff\nsequence %llu\nkind %s\nprevious "
	           "0000000000000000000000000000000000000000000000000000000000000000\ntime %lld\ndigest sha256\nkey %s\n",
	           (unsigned long long)sequence, kind, (long long)time, key);
}

static void only_statements_of_the_chain_are_signed(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "\n", "pay 100 to me\n", "ward archive 1\n", "ward archive 2\narchive 00\n" };
	struct keeper_memory memory = { 0 };
	BUF(text);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(keeper_judge(&memory, key_id, str_from(wrong[i]), NOW, 1, NULL), -EBADMSG);
	statement(&text, 1, "start", NOW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), 0);
	statement(&text, 2, "confession", NOW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), -EBADMSG);
	statement(&text, 2, "block", NOW, "fedcba9876543210");
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), -EPERM);
}

static void history_is_not_written_again(void **state)
{
	(void)state;
	struct keeper_memory memory = { 0 };
	struct err err;
	BUF(text);
	statement(&text, 41, "block", NOW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), 0);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), 0); /* it did not reach the disk */
	statement(&text, 40, "block", NOW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, &err), -EPERM);
	assert_string_equal(err.text, "statement 41 was signed already; number 40 cannot follow");
	/* Backdated, and dated ahead. */
	statement(&text, 42, "block", NOW - 2 * KEEPER_SKEW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), -EPERM);
	statement(&text, 42, "block", NOW + 2 * KEEPER_SKEW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), -EPERM);
	statement(&text, 42, "block", NOW + KEEPER_SKEW / 2, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1, NULL), 0);
}

static void not_faster_than_honest_writers(void **state)
{
	(void)state;
	struct keeper_memory memory = { 0 };
	BUF(text);
	int good = 0, r = 0;
	for (uint64_t i = 1; i < 10000 && r == 0; i++, good += r == 0) {
		statement(&text, i, "block", NOW, key_id);
		r = keeper_judge(&memory, key_id, buf_str(&text), NOW, 1000, NULL);
	}
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(good, 2000);
	statement(&text, 9999, "hold", NOW, key_id); /* others have an allowance of their own */
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1000, NULL), 0);
	statement(&text, 10000, "block", NOW, key_id);
	assert_int_equal(keeper_judge(&memory, key_id, buf_str(&text), NOW, 1000 + 1000000000, NULL), 0);
}

/* A keeper in a process and a sandbox of its own. */
static pid_t start_keeper_of(const struct private_key *key, const struct keeper_office *office, int *fd)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox sandbox = role_sandbox(ROLE_KEEPER, NULL, NULL, getppid());
		struct sandbox_state entered;
		struct keeper_memory memory = { 0 };
		close(ends[0]);
		if (sandbox_enter(&sandbox, &entered, NULL) < 0)
			_exit(2);
		int r = 0;
		while (office && r == 0)
			r = keeper_answer(ends[1], key, &memory, office, NULL, NULL);
		_exit(r >= 0 && (office || keeper_serve(ends[1], key, &memory, NULL, NULL) == 0) ? 0 : 1);
	}
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

static pid_t start_keeper(const struct private_key *key, int *fd)
{
	return start_keeper_of(key, NULL, fd);
}

static int ended(pid_t pid)
{
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void another_process_signs(void **state)
{
	(void)state;
	for (int algorithm = 0; sign_names[algorithm]; algorithm++) {
		CLEANUP(private_key_close_p) struct private_key *key = NULL;
		struct keeper *keeper = NULL;
		int fd;
		assert_int_equal(private_key_generate((enum sign_algorithm)algorithm, &key, NULL), 0);
		pid_t pid = start_keeper(key, &fd);
		assert_int_equal(keeper_open(fd, &keeper, NULL), 0);
		struct signer signer = keeper_signer(keeper);
		assert_string_equal(signer.key.id, private_key_public(key)->id);
		struct chain chain = { .archive = "00112233445566778899aabbccddeeff" };
		struct link link = { 0 };
		for (int i = 0; i < 3; i++) {
			assert_int_equal(chain_next(&chain, &signer, i ? CHAIN_BLOCK : CHAIN_START, STR(""), &link, NULL), 0);
			assert_int_equal(public_key_verify(&signer.key, buf_str(&link.statement), link.signature, NULL), 0);
			chain_took(&chain, &link);
		}
		link_done(&link);
		uint8_t signature[SIGN_MOST];
		struct err err;
		assert_int_equal(signer.sign(signer.ctx, STR("I owe you"), signature, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "refuses"));
		keeper_close(keeper);
		assert_int_equal(ended(pid), 0); /* it ends when nobody is there any more */
	}
}

/* A server that was taken over cannot have the archive's history signed, nor the writer the journal's. */
static void each_has_its_own_history_signed(void **state)
{
	(void)state;
	const struct keeper_office server = { 0 };
	for (int office = 0; office < 2; office++) {
		CLEANUP(private_key_close_p) struct private_key *key = NULL;
		struct keeper *keeper = NULL;
		uint8_t signature[SIGN_MOST];
		struct timespec now;
		int fd;
		BUF(archive);
		BUF(journal);
		assert_int_equal(private_key_generate(SIGN_ED25519, &key, NULL), 0);
		const char *id = private_key_public(key)->id, *zeros = "0000000000000000000000000000000000000000000000000000000000000000";
		clock_gettime(CLOCK_REALTIME, &now);
		statement(&archive, 1, "block", (int64_t)now.tv_sec * 1000000000, id);
		buf_printf(&journal,
		           "ward journal 1\njournal 00112233445566778899aabbccddeeff\nsequence 1\nprevious %s\ntime %lld000000000\n"
		           "digest sha256\nkey %s\nentries 1\nhead %s\n",
		           zeros, (long long)now.tv_sec, id, zeros);
		pid_t pid = start_keeper_of(key, office ? &server : NULL, &fd);
		assert_int_equal(keeper_open(fd, &keeper, NULL), 0);
		struct signer signer = keeper_signer(keeper);
		assert_int_equal(signer.sign(signer.ctx, buf_str(&archive), signature, NULL), office ? -EPERM : 0);
		assert_int_equal(signer.sign(signer.ctx, buf_str(&journal), signature, NULL), office ? 0 : -EPERM);
		keeper_close(keeper);
		assert_int_equal(ended(pid), 0);
	}
}

static void a_dead_keeper_is_replaced(void **state)
{
	(void)state;
	CLEANUP(private_key_close_p) struct private_key *key = NULL;
	CLEANUP(private_key_close_p) struct private_key *other = NULL;
	CLEANUP(keeper_close_p) struct keeper *keeper = NULL;
	int fd;
	assert_int_equal(private_key_generate(SIGN_ED25519, &key, NULL), 0);
	assert_int_equal(private_key_generate(SIGN_ED25519, &other, NULL), 0);
	pid_t pid = start_keeper(key, &fd);
	assert_int_equal(keeper_open(fd, &keeper, NULL), 0);
	struct signer signer = keeper_signer(keeper);
	kill(pid, SIGKILL);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	struct chain chain = { .archive = "00112233445566778899aabbccddeeff" };
	struct link link = { 0 };
	assert_true(chain_next(&chain, &signer, CHAIN_START, STR(""), &link, NULL) < 0);
	pid_t wrong = start_keeper(other, &fd);
	assert_int_equal(keeper_replace(keeper, fd, false, NULL), -EPERM);
	assert_int_equal(ended(wrong), 0);
	/* But when two persons ordered that: what it signs is signed with the new key. */
	CLEANUP(keeper_close_p) struct keeper *renewed = NULL;
	pid_t first = start_keeper(key, &fd);
	assert_int_equal(keeper_open(fd, &renewed, NULL), 0);
	kill(first, SIGKILL);
	assert_int_equal(ended(first), 128 + SIGKILL);
	wrong = start_keeper(other, &fd);
	assert_int_equal(keeper_replace(renewed, fd, true, NULL), 1);
	signer = keeper_signer(renewed);
	assert_string_equal(signer.key.id, private_key_public(other)->id);
	assert_int_equal(chain_next(&chain, &signer, CHAIN_START, STR(""), &link, NULL), 0);
	link_done(&link);
	link = (struct link){ 0 };
	keeper_close(TAKE(renewed));
	assert_int_equal(ended(wrong), 0);
	signer = keeper_signer(keeper);
	pid = start_keeper(key, &fd);
	assert_int_equal(keeper_replace(keeper, fd, false, NULL), 0);
	assert_int_equal(chain_next(&chain, &signer, CHAIN_START, STR(""), &link, NULL), 0);
	link_done(&link);
	keeper_close(TAKE(keeper));
	assert_int_equal(ended(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_statements_of_the_chain_are_signed),
		cmocka_unit_test(history_is_not_written_again),
		cmocka_unit_test(not_faster_than_honest_writers),
		cmocka_unit_test(another_process_signs),
		cmocka_unit_test(each_has_its_own_history_signed),
		cmocka_unit_test(a_dead_keeper_is_replaced),
	};
	return sandbox_prepare(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
