/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * keeper_process: the keeper's life: opens the keys, enters its sandbox, answers the writer and the server (role/keeper.h).
 *
 * For `ward up` it makes, at the first start, the authority's key (crypto/authority.h) and the key that wraps the vault's,
 * "vault.key" in the keys' directory.
 *
 * What two persons ordered (role/carry.h) it does before its walls go up, and only when it is started with that task: it puts a new
 * signing key or a new authority in the place of the old one. When that fails it says so and goes on with the old.
 */
#ifndef WARD_ROLE_KEEPER_PROCESS_H
#define WARD_ROLE_KEEPER_PROCESS_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

enum keeper_task { KEEPER_SERVES, KEEPER_NEW_KEY, KEEPER_NEW_AUTHORITY };

struct keeper_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	enum keeper_task task; /* before it serves */
	uint32_t about;        /* what the task replaces, as keeper_task_about() says of it; when that is gone, it was done already */
	int control;
	const char *user;
	pid_t parent;
};

int keeper_run(const struct keeper_options *options, struct err *err) MUST_USE;

#endif
