/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/shipper.h"

#include <poll.h>
#include <string.h>

#include "search/deliver.h"
#include "role/control.h"
#include "role/role.h"

enum { PAUSE_MS = 2000 };

/* The supervisor says something, or has ended: either way it is time to go. */
static bool is_told(void *ctx)
{
	const struct shipper_options *options = ctx;
	struct pollfd wait = { .fd = options->control, .events = POLLIN };
	return poll(&wait, 1, 0) > 0;
}

/* 1: end; 0: go on. */
static int pause_or_stop(const struct shipper_options *options, struct err *err)
{
	struct pollfd wait = { .fd = options->control, .events = POLLIN };
	enum control_word word;
	int fd;
	if (poll(&wait, 1, PAUSE_MS) <= 0)
		return 0;
	int r = control_take(options->control, &word, &fd, err);
	return r < 0 ? (r == -EPIPE ? 1 : r) : word == CONTROL_STOP;
}

static int enter(const struct shipper_options *options, struct err *err)
{
	ARENA(arena);
	/* Reading an archive that is being written takes SQLite's locks. */
	const struct sandbox_path paths[] = {
		{ arena_cstr(&arena, options->config->archive.dir), true },
		{ "/etc/localtime", false }, { "/etc/resolv.conf", false }, { "/run/systemd/resolve", false }, { "/etc/hosts", false },
		{ "/etc/nsswitch.conf", false }, { "/etc/host.conf", false }, { "/etc/gai.conf", false }, { "/etc/ssl", false },
		{ "/usr/share/ca-certificates", false }, { NULL, false },
	};
	struct sandbox sandbox = role_sandbox(ROLE_SHIPPER, paths, options->user, options->parent);
	int r = role_enter(&sandbox, &options->shared->roles[ROLE_SHIPPER], err);
	if (r < 0)
		return r;
	shared_set(&options->shared->roles[ROLE_SHIPPER].ready, 1);
	return 0;
}

/* What went wrong is in the status; the log has it once, until something goes well again. */
static void say_trouble(const struct shipper_options *options, const char *words, char *said, size_t size)
{
	shared_say(&options->shared->roles[ROLE_SHIPPER].trouble, words);
	if (words && strncmp(words, said, size - 1) != 0)
		role_say(options->log, &NOTE("{}; waiting for it", str_from(words)));
	size_t n = words ? MIN(strlen(words), size - 1) : 0;
	memcpy(said, words ? words : "", n);
	said[n] = '\0';
}

int shipper_run(const struct shipper_options *options, struct err *err)
{
	ARENA(arena);
	CLEANUP(deliver_close_p) struct deliver *deliver = NULL;
	struct deliver_counts counts = { 0 };
	char said[200] = "";
	int r = deliver_open(arena_cstr(&arena, options->config->archive.dir), options->config->events, &deliver, err);
	if (r == 0)
		r = enter(options, err);
	while (r == 0) {
		struct err why = { "" };
		int went = deliver_run(deliver, is_told, (void *)options, &counts, &why);
		/* The archive may not be made yet when this starts. Whatever else is wrong, asking again harms nobody. */
		say_trouble(options, went < 0 && went != -ENOENT ? why.text : NULL, said, sizeof(said));
		r = pause_or_stop(options, err);
	}
	return r < 0 ? r : 0;
}
