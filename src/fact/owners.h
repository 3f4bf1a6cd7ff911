/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * owners: the names of user and group ids, from the files below the root.
 *
 * Accounts of a directory service (LDAP, SSSD, winbind, NIS) are not in these files; `elsewhere` then
 * names it, and an id without a name does not mean that nobody owns it. Everything lives in the scan's
 * scratch memory; several threads may read.
 */
#ifndef WARD_FACT_OWNERS_H
#define WARD_FACT_OWNERS_H

#include "base/map.h"
#include "base/vec.h"
#include "fact/scan.h"

struct owners_range {
	int64_t first, count;
};

struct owners {
	struct map users, groups;        /* id -> struct str */
	struct str elsewhere;            /* a service that knows further accounts, or STR_NONE */
	VEC(struct owners_range) ranges; /* ids that belong to containers (subuid, subgid, systemd) */
};

/* Those files that are missing or cannot be read leave their part empty; the latter is told as partial. */
void owners_read(struct scan *scan, struct owners *owners);
/* STR_NONE when it has no name. */
struct str owners_user(const struct owners *owners, uint32_t uid);
struct str owners_group(const struct owners *owners, uint32_t gid);
/* The id lies in a range that is set aside for containers and dynamic users. */
bool owners_is_delegated(const struct owners *owners, uint32_t id);

#endif
