/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * serve: the process that has the office's records, and answers the console and the API over TLS.
 *
 * It makes its own TLS key; the keeper certifies it (crypto/authority.h). It unwraps the vault's key through the keeper, opens the
 * records, takes what the inspector delivers and what rules found into them, and runs the timers (role/timers.h). It is
 * unprivileged and sandboxed: its directories to write, the archive and the findings to read, one listening socket that the
 * supervisor opened.
 */
#ifndef WARD_ROLE_SERVE_H
#define WARD_ROLE_SERVE_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

struct serve_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	int control, console; /* console: listens */
	uint16_t port;
	bool json;            /* the first line on standard output is JSON */
	const char *user;
	pid_t parent;
};

int serve_run(const struct serve_options *options, struct err *err) MUST_USE;

#endif
