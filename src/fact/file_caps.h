/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * file_caps: file capabilities as text, from the value of the extended attribute security.capability
 * (linux/capability.h, struct vfs_cap_data).
 */
#ifndef WARD_FACT_FILE_CAPS_H
#define WARD_FACT_FILE_CAPS_H

#include "base/arena.h"

enum { FILE_CAPS_MOST = 64 /* bytes that the attribute can take, and more */ };

/* "cap_net_bind_service,cap_net_raw=ep", as getcap says it; "=ep" for all of them. STR_NONE when the value is
 * not understood. */
struct str file_caps_text(struct arena *arena, const unsigned char *value, size_t n);

#endif
