/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * audit_rule: one rule of the kernel's audit system, in words, from either of its two forms: the line of
 * a rules file (audit.rules(7), auditctl(8)) and the record in which the kernel lists it. Both give the
 * same words for the same rule.
 *
 * Everything is in the given arena or a literal.
 */
#ifndef WARD_FACT_TABLES_AUDIT_RULE_H
#define WARD_FACT_TABLES_AUDIT_RULE_H

#include "base/arena.h"

struct audit_rule_data; /* libaudit.h */

struct audit_rule {
	struct str kind;     /* watch (a path and what is done with it), syscall, control */
	struct str list;     /* exit, task, user, exclude, filesystem, io_uring */
	struct str action;   /* always, never */
	struct str arch;     /* b32, b64 */
	struct str syscalls; /* names by comma, or "all" */
	struct str fields;   /* further conditions by space: "auid>=1000 auid!=unset" */
	struct str path;     /* without a slash at the end */
	struct str perm;     /* letters of rwxa, in this order */
	struct str key;      /* several by comma */
	struct str text;     /* the whole rule as auditctl would take it */
};

/* A line of a rules file, trimmed. False when it is not understood. */
bool audit_rule_parse(struct arena *arena, struct str line, struct audit_rule *rule);

/* As the kernel lists it; `size` bytes. False when it is cut short. */
bool audit_rule_decode(struct arena *arena, const struct audit_rule_data *data, size_t size, struct audit_rule *rule);

#endif
