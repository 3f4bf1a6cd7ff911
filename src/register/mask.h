/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * mask: what is shown of a sensitive value: 张*三, 3201**********1234, 138****1234. Characters, not bytes; one star for each that is
 * hidden, but for a name's middle. Something short is hidden whole.
 */
#ifndef WARD_REGISTER_MASK_H
#define WARD_REGISTER_MASK_H

#include "register/register.h"

struct str mask_text(struct arena *arena, enum sensitive kind, struct str clear);

#endif
