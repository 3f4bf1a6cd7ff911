/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * timestamp: the ways in which logs write a moment, to nanoseconds since 1970 UTC.
 *
 * Read: RFC 3339 and ISO 8601 (also with a blank or no zone, comma or dot before the fraction), RFC 3164
 * ("Nov  3 08:01:02", no year), Apache's "03/Nov/2026:08:01:02 +0800", nginx' "2026/11/03 08:01:02",
 * epoch seconds with or without a fraction and epoch milli-, micro- and nanoseconds (told apart by size),
 * Windows FILETIME, Chinese "2026年11月3日 08:01:02". Leap seconds count as the second before.
 *
 * A moment without a year gets the one that puts it nearest to `now`, and not more than a day after it. A moment
 * without a zone is of `zone` seconds east of UTC.
 */
#ifndef WARD_EVENT_TIMESTAMP_H
#define WARD_EVENT_TIMESTAMP_H

#include "base/arena.h"

struct timestamp_hint {
	int64_t now;  /* nanoseconds */
	int32_t zone; /* seconds east of UTC */
};

/* The moment that stands at the beginning of the text. How many bytes it takes; 0: none stands there. */
size_t timestamp_prefix(struct str text, const struct timestamp_hint *hint, int64_t *ns);
/* The whole text is a moment. */
bool timestamp_parse(struct str text, const struct timestamp_hint *hint, int64_t *ns) MUST_USE;
/* "2026-11-03T08:01:02.123456789Z"; the fraction without trailing zeros, none when it is 0. */
struct str timestamp_format(struct arena *arena, int64_t ns);

#endif
