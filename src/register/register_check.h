/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * register_check: whether a declaration can be: names, references within it and to others, roles. Part of register.c's loading;
 * errors name file, line and column.
 */
#ifndef WARD_REGISTER_REGISTER_CHECK_H
#define WARD_REGISTER_REGISTER_CHECK_H

#include "register/register.h"

/* What it says of itself. */
int register_check_alone(const struct register_ *reg, const struct strings *roles, struct err *err) MUST_USE;
/* Its columns, once they are made: no two of one name. */
int register_check_columns(struct arena *arena, const struct register_ *reg, struct err *err) MUST_USE;
/* What it says of other registers, and its group. */
int register_check_others(const struct register_ *reg, const struct registers *registers, struct err *err) MUST_USE;

uint64_t register_role_bits(const struct strings *roles, struct strings names);

#endif
