/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * role: the processes of `ward collect` and `ward up`, and what each may do.
 *
 *	keeper    has the signing key. No files, no network; reads and writes its socket.
 *	reader    parses what others wrote, and matches rules. No key, no archive; listens on sockets that were opened before,
 *	          reads the files that the configuration names, and the rules.
 *	writer    has the archive and the findings. No network, no key; signatures come from the keeper.
 *	shipper   has the network, towards ClickHouse. No files but its spool.
 *	monitor   answers /metrics and `ward status`. Nothing but its two listening sockets and the shared counters.
 *	inspector sees the host, all of it, and changes nothing; no network but netlink. (`ward up`)
 *	server    the console and its API over TLS: has the records; reads the archive. Connects to nothing but what the configuration
 *	          names (PostgreSQL, LDAP). (`ward up`)
 *
 * The supervisor, which starts them and starts them again, parses nothing but the configuration.
 */
#ifndef WARD_ROLE_ROLE_H
#define WARD_ROLE_ROLE_H

#include "sys/sandbox.h"

struct shared_role;

enum role { ROLE_KEEPER, ROLE_READER, ROLE_WRITER, ROLE_SHIPPER, ROLE_MONITOR, ROLE_INSPECTOR, ROLE_SERVER, ROLE_COUNT };
extern const char *const role_names[]; /* NULL-terminated */

/* The walls of a role. `paths` (ends with a NULL path) must outlive the sandbox; `user`: to become, or NULL. */
struct sandbox role_sandbox(enum role role, const struct sandbox_path *paths, const char *user, pid_t parent);
/* Go behind the walls, and let everybody know which of them stand (`ward status`). */
int role_enter(const struct sandbox *sandbox, struct shared_role *shared, struct err *err) MUST_USE;

#endif
