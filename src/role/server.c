/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/server.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "role/control.h"
#include "role/keeper.h"
#include "role/office_open.h"
#include "sys/root.h"

struct server {
	const struct server_options *options;
	struct arena arena;       /* of the process */
	struct keeper *keeper;
	struct office office;
	int inspector;            /* -1: none */
	bool stopping;
};

static int take_word(struct server *server, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(server->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	if (word == CONTROL_STOP) {
		server->stopping = true;
	} else if (word == CONTROL_KEEPER && fd >= 0) {
		r = server->keeper ? keeper_replace(server->keeper, fd, err) : keeper_open(fd, &server->keeper, err);
		fd = -1;
	} else if (word == CONTROL_INSPECTOR && fd >= 0) {
		fd_close_p(&server->inspector);
		server->inspector = fd;
		fd = -1;
	}
	fd_close_p(&fd);
	return r;
}

static int begin(struct server *server, struct err *err)
{
	const struct server_options *options = server->options;
	struct shared_role *shared = &options->shared->roles[ROLE_SERVER];
	struct sandbox_state state;
	int r = 0;
	while (r == 0 && !server->keeper && !server->stopping)
		r = take_word(server, err);
	if (r == 0 && !server->stopping)
		r = office_open(&server->arena, options->config, server->keeper, &server->office, err);
	if (r < 0 || server->stopping)
		return r;
	struct sandbox sandbox = role_sandbox(ROLE_SERVER, office_paths(&server->arena, options->config), options->user, options->parent);
	r = sandbox_enter(&sandbox, &state, err);
	if (r < 0)
		return r;
	BUF(words);
	sandbox_words(&state, &words);
	shared_say(&shared->sandbox, buf_cstr(&words));
	shared_set(&shared->ready, 1);
	return 0;
}

static int loop(struct server *server, struct err *err)
{
	while (!server->stopping) {
		struct pollfd wait[] = {
			{ .fd = server->options->control, .events = POLLIN },
			{ .fd = server->inspector, .events = POLLIN },
		};
		if (poll(wait, COUNT(wait), -1) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the server cannot wait");
		int r = wait[0].revents ? take_word(server, err) : 0;
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
	return 0;
}

int server_run(const struct server_options *options, struct err *err)
{
	struct server *server = mem_alloc(sizeof(*server)); /* the process ends with it */
	*server = (struct server){ .options = options, .inspector = -1 };
	int r = begin(server, err);
	r = r < 0 || server->stopping ? r : loop(server, err);
	office_close(&server->office);
	return r;
}
