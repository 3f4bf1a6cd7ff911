/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * calendar: which days are worked, by the notices that governments give out each year (content/calendars).
 *
 *	country: CN
 *	label: {zh-CN: 中国, vi: Trung Quốc, en: China}
 *	years:
 *	  - year: 2026
 *	    source: 国办发明电〔2025〕7号             # the notice
 *	    verified: true                          # somebody compared these lines with it
 *	    free: [{from: "2026-01-01", to: "2026-01-03", label: {…}}]
 *	    work: ["2026-01-04"]                    # Saturdays and Sundays that are worked instead (调休)
 *
 * Saturdays and Sundays are free otherwise. A year that no notice is known for has only these; calendar_knows() tells. Days are counted as
 * in register/date.h. Read-only after loading, shared by threads.
 */
#ifndef WARD_REGISTER_CALENDAR_H
#define WARD_REGISTER_CALENDAR_H

#include "base/buf.h"
#include "data/content.h"

struct calendar;

/* "CN": calendars/CN.yaml. -ENOENT: there is none. */
int calendar_load(const struct content *content, struct str country, struct calendar **out, struct err *err) MUST_USE;
void calendar_free(struct calendar *calendar);
void calendar_free_p(struct calendar **calendar);

/* NULL: Saturdays and Sundays are free. */
bool calendar_is_working(const struct calendar *calendar, int64_t day);
/* The n-th working day after `day`; n = 0: the day itself when it is worked, otherwise the next that is. */
int64_t calendar_add(const struct calendar *calendar, int64_t day, int64_t n);
/* Is there a notice for the year of this day? */
bool calendar_knows(const struct calendar *calendar, int64_t day);
/* {"country", "label", "years": [{"year", "source", "verified", "free": [{"from", "to", "label"}], "work": […]}]} */
void calendar_put(const struct calendar *calendar, struct buf *out);

#endif
