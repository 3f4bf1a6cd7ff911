/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * keeper_process: the keeper's life: opens the keys, enters its sandbox, answers the writer and the server (role/keeper.h).
 *
 * For `ward up` it makes, at the first start, the authority's key (crypto/authority.h) and the key that wraps the vault's,
 * "vault.key" in the keys' directory.
 */
#ifndef WARD_ROLE_KEEPER_PROCESS_H
#define WARD_ROLE_KEEPER_PROCESS_H

#include "role/config.h"
#include "role/shared.h"

struct keeper_options {
	const struct config *config;
	struct shared *shared;
	int control;
	const char *user;
	pid_t parent;
};

int keeper_run(const struct keeper_options *options, struct err *err) MUST_USE;

#endif
