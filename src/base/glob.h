/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * glob: shell patterns over one name (* ? [a-z] [!a-z] and \ to quote); no "/" rule, no locale.
 */
#ifndef WARD_BASE_GLOB_H
#define WARD_BASE_GLOB_H

#include "base/str.h"

bool glob_match(struct str pattern, struct str name);
bool glob_is_pattern(struct str text); /* holds * ? or [ */

#endif
