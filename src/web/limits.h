/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * limits: how often somebody may do something: token buckets by a key (an address, a user).
 *
 * A bucket holds `burst` tokens and gains `rate` a second; what finds it empty is refused. One 64-bit number a bucket is enough (the
 * moment at which it will be full again; ITU-T I.371 calls it the virtual scheduling algorithm), so a full bucket needs no memory at
 * all. The table is of a fixed size; when a row of it is crowded the bucket that will be full soonest makes room. Keys are hashed with
 * a secret of the process, so nobody can aim at somebody else's row. Any thread.
 */
#ifndef WARD_WEB_LIMITS_H
#define WARD_WEB_LIMITS_H

#include "base/str.h"

struct limits;

struct limit {
	uint32_t rate;  /* tokens an hour; 0: no limit */
	uint32_t burst; /* at least 1 */
};

/* What is counted apart. */
enum limit_kind { LIMIT_ADDRESS, LIMIT_USER, LIMIT_GUESS };

struct limits *limits_new(void);
void limits_free(struct limits *limits);
/* Take a token of `key`. False: there is none. `now`: clock_monotonic_ns(). */
bool limits_take(struct limits *limits, enum limit_kind kind, struct str key, struct limit limit, int64_t now);

#endif
