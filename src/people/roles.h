/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * roles: content/roles.yaml: what kinds of people there are, and which no person may be at once.
 *
 * The three separated roles (operator 系统管理员, security 安全管理员, auditor 审计管理员) exclude each other by code, whatever
 * the file says; a file that says otherwise, leaves one of them out, or lets one be without second factor is refused.
 */
#ifndef WARD_PEOPLE_ROLES_H
#define WARD_PEOPLE_ROLES_H

#include "data/content.h"
#include "data/schema.h"

enum { ROLES_MOST = 32 };

struct person_role {
	struct str name;          /* "security" */
	struct text label, about;
	struct strings excludes;  /* other roles */
	bool second_factor;       /* TOTP is required */
	const struct doc *node;
};

struct roles {
	struct arena arena;
	struct person_role *p;
	size_t n;
	struct strings names;
};

int roles_load(const struct content *content, struct roles **out, struct err *err) MUST_USE;
void roles_free(struct roles *roles);
void roles_free_p(struct roles **roles);
int roles_bit(const struct roles *roles, struct str name); /* -1: none */
/* -EPERM with words when these may not be one person's. */
int roles_compatible(const struct roles *roles, uint64_t set, struct err *err) MUST_USE;
/* Does one of these ask for a second factor? */
bool roles_need_second_factor(const struct roles *roles, uint64_t set);
/* Their names, in the order of the file. */
void roles_list(struct arena *arena, const struct roles *roles, uint64_t set, struct strings *out);

#endif
