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

/* Before the sandbox. `arena` lives as long as the office. */
int office_open(struct arena *arena, const struct config *config, struct keeper *keeper, struct office *out, struct err *err) MUST_USE;
void office_close(struct office *office);
/* What the server may see of the file system; in the arena. */
const struct sandbox_path *office_paths(struct arena *arena, const struct config *config);

#endif
