/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * brief: an inspection in a few lines: how many failed by severity, and the worst five.
 */
#ifndef WARD_REPORT_BRIEF_H
#define WARD_REPORT_BRIEF_H

#include "report/inspection.h"

enum { BRIEF_WORST = 5 };

void inspection_brief(struct buf *out, const struct inspection *inspection, const struct inspection_style *style);

#endif
