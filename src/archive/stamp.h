/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * stamp: numbers and timestamps within log text as one integer each, from which they are written again exactly.
 *
 * The *form* says how it was written; only text that stamp_print() writes the same way again is taken for one.
 *
 *	whole number     -?(0|[1-9][0-9]*), at most 18 digits
 *	with a point     the same, a point and 1 to 9 digits; the integer counts the last digit
 *	2026-11-23T03:01:57.123456+08:00   '-' or '/', 'T' or blank, '.' or ',' and up to 9 digits, Z or a zone; the integer
 *	                 counts the last digit from 1970 as if it were UTC
 *	Nov 23 03:01:57  RFC 3164; seconds within the leap year 2000
 *	23/Nov/2026:03:01:57
 */
#ifndef WARD_ARCHIVE_STAMP_H
#define WARD_ARCHIVE_STAMP_H

#include "base/str.h"

enum stamp_kind { STAMP_NONE, STAMP_WHOLE, STAMP_POINT, STAMP_DATE, STAMP_SYSLOG, STAMP_ACCESS };
enum { STAMP_LONGEST = 48 };

/* A form is its kind in the lowest 3 bits and what the kind needs above them. */
static inline enum stamp_kind stamp_kind(uint32_t form)
{
	return (enum stamp_kind)(form & 7);
}
/* How many digits follow the point, so that numbers of two forms can be compared. */
unsigned stamp_digits(uint32_t form);

/* An integer of a form with `from` digits as one of a form with `to` digits, rounded down. */
int64_t stamp_rescale(int64_t value, unsigned from, unsigned to);

/* A whole text that is a number (the first two forms), or STAMP_NONE. */
uint32_t stamp_number(struct str text, int64_t *value);
/* A timestamp at the beginning of the text: its form, *length bytes of it. */
uint32_t stamp_time(struct str text, int64_t *value, size_t *length);
/* Write it; how long it is. 0 when form and value are nothing that was ever read. */
size_t stamp_print(uint32_t form, int64_t value, char out[STAMP_LONGEST]);

#endif
