/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * date: calendar days as "2026-11-23" and as days since 1970-01-01. Years 1 to 9999.
 */
#ifndef WARD_REGISTER_DATE_H
#define WARD_REGISTER_DATE_H

#include "base/arena.h"

/* False when it is no such day. */
bool date_read(struct str text, int64_t *days);
struct str date_text(struct arena *arena, int64_t days);
/* 0: Monday … 6: Sunday. */
int date_weekday(int64_t days);
int64_t date_year(int64_t days);
/* The day at this moment in the machine's own zone. */
int64_t date_of(int64_t seconds);
/* The first second of a day in the machine's own zone. */
int64_t date_start(int64_t days);

#endif
