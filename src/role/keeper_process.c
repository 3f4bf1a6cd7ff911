/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/keeper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyring.h"
#include "crypto/secret.h"
#include "role/control.h"
#include "role/keeper.h"
#include "role/names.h"
#include "sys/root.h"

enum { WRITER, SERVER, CLIENTS };
enum { CERTIFICATE_MOST = 65536 };

struct keeper_state {
	const struct keeper_options *options;
	struct private_key *key;
	struct keeper_memory memory;
	struct authority *authority;
	struct vault *wrapping;
	struct strings names;
	int clients[CLIENTS]; /* -1: none */
};

/* The key that wraps the vault's: 32 random bytes in a file. */
static int open_wrapping(struct arena *arena, struct str dir, struct vault **out, struct err *err)
{
	const char *name = arena_printf(arena, "%.*s/vault.key", STR_ARG(dir)).p;
	uint8_t key[VAULT_KEY];
	struct stat st;
	int r = 0;
	CLEANUP(fd_close_p) int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "cannot open '%s'", name);
	if (st.st_mode & 077)
		return err_set(err, -EPERM, "others can get at the key '%s' (mode %04o); if nobody has, chmod 600 it", name,
		               (unsigned)st.st_mode & 07777);
	if (st.st_size == 0) {
		secret_random(key, sizeof(key));
		if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) || fsync(fd) < 0)
			r = err_errno(err, -errno, "cannot write '%s'", name);
	} else if (read(fd, key, sizeof(key)) != (ssize_t)sizeof(key)) {
		r = err_set(err, -EBADMSG, "'%s' is damaged: it must hold %d bytes", name, VAULT_KEY);
	}
	if (r == 0)
		r = vault_open(key, out, err);
	sign_wipe(key, sizeof(key));
	return r;
}

static int open_office(struct arena *arena, struct keeper_state *keeper, struct err *err)
{
	const struct config *config = keeper->options->config;
	const char *keys = arena_cstr(arena, config->archive.keys);
	names_of_machine(arena, config, &keeper->names);
	int r = open_wrapping(arena, config->archive.keys, &keeper->wrapping, err);
	if (r == 0 && !config->up.certificate.p)
		r = authority_open(keys, keeper->names.p[0], &keeper->authority, err);
	return r;
}

/* What the task replaces is still there. A server that died in the middle may have asked twice. */
static int task_is_due(struct arena *arena, const struct keeper_options *options, const char *keys, struct err *err)
{
	struct public_key key;
	struct certificate seen;
	CLEANUP(fd_close_p) int fd = -1;
	BUF(text);
	if (options->task == KEEPER_NEW_KEY) {
		int r = keyring_public(keys, options->config->archive.key, &key, err);
		if (r < 0)
			return r;
		public_key_print(&key, &text);
		return keeper_task_about(buf_str(&text)) == options->about;
	}
	const char *name = arena_printf(arena, "%s/ca.crt", keys).p;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : fd_read(fd, CERTIFICATE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", name);
	r = certificate_look(buf_str(&text), STR_NONE, STR_NONE, &(struct strings){ 0 }, &seen, err);
	return r < 0 ? r : keeper_task_about(str_from(seen.sha256)) == options->about;
}

static void do_task(struct arena *arena, const struct keeper_options *options)
{
	const struct config *config = options->config;
	const char *keys = arena_cstr(arena, config->archive.keys);
	struct public_key key;
	struct strings names;
	struct err err = { "" };
	int r = options->task == KEEPER_SERVES ? 0 : task_is_due(arena, options, keys, &err);
	if (r == 1 && options->task == KEEPER_NEW_KEY) {
		r = keyring_renew(keys, config->archive.key, &key, &err);
		if (r == 0)
			role_say(options->log, &NOTE("a new key seals from now on, as two persons ordered: {}", str_from(key.id)));
	} else if (r == 1 && options->task == KEEPER_NEW_AUTHORITY) {
		names_of_machine(arena, config, &names);
		r = authority_renew(keys, names.p[0], &err);
		if (r == 0)
			role_say(options->log, &NOTE("a new authority issues certificates from now on, as two persons ordered"));
	}
	if (r < 0)
		role_say(options->log, &NOTE("{}", str_from(err.text)));
}

static int begin(struct arena *arena, struct keeper_state *keeper, struct err *err)
{
	const struct config *config = keeper->options->config;
	struct shared_role *shared = &keeper->options->shared->roles[ROLE_KEEPER];
	struct sandbox sandbox = role_sandbox(ROLE_KEEPER, NULL, keeper->options->user, keeper->options->parent);
	do_task(arena, keeper->options);
	int r = keyring_mend(arena_cstr(arena, config->archive.keys), config->archive.key, err);
	r = r < 0 ? r : keyring_private(arena_cstr(arena, config->archive.keys), config->archive.key, &keeper->key, err);
	if (r == 0 && config->up.dir.p)
		r = open_office(arena, keeper, err);
	if (r == 0)
		snprintf(keeper->options->shared->key_id, sizeof(keeper->options->shared->key_id), "%s", private_key_public(keeper->key)->id);
	if (r == 0)
		r = role_enter(&sandbox, shared, err);
	if (r < 0)
		return r;
	shared_set(&shared->ready, 1);
	return 0;
}

static int take_word(struct keeper_state *keeper, bool *stop, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(keeper->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	*stop = word == CONTROL_STOP;
	if ((word == CONTROL_CLIENT || word == CONTROL_OFFICE) && fd >= 0) {
		int *client = &keeper->clients[word == CONTROL_CLIENT ? WRITER : SERVER];
		fd_close_p(client);
		*client = fd;
		fd = -1;
	}
	fd_close_p(&fd);
	return 0;
}

static int loop(struct keeper_state *keeper, struct err *err)
{
	const struct keeper_office office = { keeper->authority, keeper->wrapping, &keeper->names };
	uint64_t *count = &keeper->options->shared->keeper.signed_count;
	bool stop = false;
	while (!stop) {
		struct pollfd wait[CLIENTS + 1] = { [CLIENTS] = { .fd = keeper->options->control, .events = POLLIN } };
		for (int i = 0; i < CLIENTS; i++)
			wait[i] = (struct pollfd){ .fd = keeper->clients[i], .events = POLLIN };
		if (poll(wait, COUNT(wait), -1) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the keeper cannot wait");
		int r = 0;
		for (int i = 0; r >= 0 && i < CLIENTS; i++) {
			if (!wait[i].revents)
				continue;
			r = keeper_answer(keeper->clients[i], keeper->key, &keeper->memory, i == SERVER ? &office : NULL, count, err);
			if (r == 1)
				fd_close_p(&keeper->clients[i]);
		}
		if (r >= 0 && wait[CLIENTS].revents)
			r = take_word(keeper, &stop, err);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
	return 0;
}

int keeper_run(const struct keeper_options *options, struct err *err)
{
	ARENA(arena); /* the process ends with it */
	struct keeper_state *keeper = ARENA_NEW(&arena, struct keeper_state);
	*keeper = (struct keeper_state){ .options = options, .clients = { -1, -1 } };
	int r = begin(&arena, keeper, err);
	r = r < 0 ? r : loop(keeper, err);
	private_key_close(keeper->key);
	authority_close(keeper->authority);
	vault_close(keeper->wrapping);
	return r;
}
