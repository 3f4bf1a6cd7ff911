/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * office_open: everything that handlers share (api/office.h), opened from the configuration: content, roles, registers, the vault,
 * the records with all migrations.
 */
#ifndef WARD_ROLE_OFFICE_OPEN_H
#define WARD_ROLE_OFFICE_OPEN_H

#include "api/office.h"
#include "role/config.h"
#include "role/keeper.h"
#include "sys/sandbox.h"

/* Before the sandbox: libraries that are needed later. */
void office_prepare(const struct config *config);
/* Within it. `ldap_password`: of directory_prepare(), read before. `arena` lives as long as the office. */
int office_open(struct arena *arena, const struct config *config, enum lang lang, struct keeper *keeper, struct str ldap_password,
                struct office *out, struct err *err) MUST_USE;
void office_close(struct office *office);
/* The token of the first login while nobody has an account; STR_NONE otherwise. */
int office_first_token(struct arena *arena, struct office *office, struct str *out, struct err *err) MUST_USE;
/* The line of the public key that this keeper signs with, in the arena. */
const char *office_signing_key(struct arena *arena, struct keeper *keeper);
/* The kind of office that people chose, unless the configuration says it. 1: it is another one than before. */
int office_look_for_kind(struct office *office, struct err *err) MUST_USE;
/* An inspection of this host was kept: pages that are open hear of it. */
void office_inspected(struct office *office, int64_t host);
/* Does the configuration name anything on the network that the server must reach? */
bool office_connects(const struct config *config);
/* What the server may see of the file system; in the arena. */
const struct sandbox_path *office_paths(struct arena *arena, const struct config *config);

#endif
