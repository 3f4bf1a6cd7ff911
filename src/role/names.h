/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * names: the names and addresses that the certificate of this machine's server bears.
 */
#ifndef WARD_ROLE_NAMES_H
#define WARD_ROLE_NAMES_H

#include "role/config.h"

/* The host's own name first (or "localhost"), then localhost, 127.0.0.1, ::1, the address that the console listens on, and
 * what the configuration adds. */
void names_of_machine(struct arena *arena, const struct config *config, struct strings *out);

#endif
