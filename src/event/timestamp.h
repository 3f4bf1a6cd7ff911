/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * timestamp: the ways in which logs write a moment, to nanoseconds since 1970 UTC.
 *
 * Read:
 *	2026-11-03T08:01:02.123456+08:00   RFC 3339 and ISO 8601: also with a blank, comma or dot before the fraction, no
 *	2026-11-03 08:01:02,123            seconds, no zone, +0800, +08, one digit, 20261103T080102Z, 20261103080102
 *	2026/11/03 08:01:02  2026.11.3 8:01:02 PM
 *	2026年11月3日 下午 8:01:02  2026年11月3日8时1分2秒
 *	Nov  3 08:01:02                    RFC 3164, without a year
 *	Nov  3 2026 08:01:02  2026 Nov  3 08:01:02  Nov  3 08:01:02 2026  Tue Nov  3 08:01:02.123456 CST 2026
 *	03/Nov/2026:08:01:02 +0800  03-Nov-2026 08:01:02  Tue, 3 Nov 2026 08:01:02 GMT
 *	1793664062.123                     epoch, told apart by size: seconds, milli-, micro- and nanoseconds (9 or 10, 12
 *	133766532000000000                 or 13, 15 or 16, 18 or 19 digits); Windows FILETIME (18 digits below 2.66e17)
 * Not read: a date alone, and 11/03/2026 or 03/11/2026, which mean different days in different countries.
 *
 * Leap seconds count as the second before. A moment without a year gets the latest year in which it is not more
 * than a day after `now`; so dates run on from December to January. A moment without a zone is of the hint's zone. Names of
 * zones are read only where they mean one zone: UTC, UT, GMT, Z (also "GMT+8"), HKT, ICT, JST, KST, CET, CEST; and CST where the
 * hint's zone is one that is called so (China's, or America's Central). Moments before 1678 or after 2261 do not fit.
 *
 * All is arithmetic: no call of libc's time functions but once for each quarter of an hour that is not in a small cache of
 * the thread, and only for the machine's own zone.
 */
#ifndef WARD_EVENT_TIMESTAMP_H
#define WARD_EVENT_TIMESTAMP_H

#include "base/arena.h"

struct timestamp_hint {
	int64_t now;  /* nanoseconds */
	int32_t zone; /* seconds east of UTC */
	bool local;   /* the machine's own zone instead, summer time included */
};

/* The moment that stands at the beginning of the text. How many bytes it takes; 0: none stands there. What follows is
 * neither a letter nor a digit. */
size_t timestamp_prefix(struct str text, const struct timestamp_hint *hint, int64_t *ns);
/* The whole text is a moment. */
bool timestamp_parse(struct str text, const struct timestamp_hint *hint, int64_t *ns) MUST_USE;
/* A zone as people write it: "+08:00", "+0800", "+8", "Z", "UTC". *seconds: east of UTC. */
bool timestamp_zone(struct str text, int32_t *seconds) MUST_USE;
/* "2026-11-03T08:01:02.123456789Z"; the fraction without trailing zeros, none when it is 0. */
struct str timestamp_format(struct arena *arena, int64_t ns);

#endif
