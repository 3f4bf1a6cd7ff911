/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * number: numbers of records, "CHG-2026-0007", counted by register, organisation and year in ward_counter.
 *
 * A pattern has {n} once, or {n:4} for at least four digits; {year}, of the creation; {org}, the organisation's code. Counting is done
 * by the writer's transaction, so a number is never given twice, and a work that failed leaves no gap.
 */
#ifndef WARD_REGISTER_NUMBER_H
#define WARD_REGISTER_NUMBER_H

#include "record/records.h"

bool number_is_pattern(struct str pattern);
/* The next number, in the work's arena. A pattern without {year} counts on over the years. */
int number_next(struct write *write, struct str reg, struct str pattern, int64_t org, struct str *out, struct err *err) MUST_USE;

#endif
