/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * moment: the times that people type.
 *
 *	2026-11-03  2026-11-03 08:01  2026-11-03T08:01:02.5  2026/11/03  2026-11   the machine's own zone
 *	2026-11-03T08:01:02Z  …+08:00                                            a zone that is said
 *	08:01  08:01:02                                                          of today
 *	now  today  yesterday
 *	7d  90m  -2h  1w  30s  now-12h                                           so long ago: s m h d w
 *	1793692862                                                               seconds since 1970 (ten digits)
 *
 * What is named is a span: a day, a minute, a second; `until` means its end.
 */
#ifndef WARD_SEARCH_MOMENT_H
#define WARD_SEARCH_MOMENT_H

#include "base/err.h"
#include "base/str.h"

struct moment {
	int64_t first, last; /* nanoseconds since 1970 UTC, both within */
};

int moment_parse(struct str text, int64_t now, struct moment *out, struct err *err) MUST_USE;
/* "90m", "1h", "7d": nanoseconds; for steps of a histogram too. */
bool moment_length(struct str text, int64_t *ns) MUST_USE;

#endif
