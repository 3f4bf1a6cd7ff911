/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * office_work: what the office does by itself while the server runs: clocks and overdue repairs, checks of the registers, and who hears
 * of a change on a page that is open.
 */
#ifndef WARD_ROLE_OFFICE_WORK_H
#define WARD_ROLE_OFFICE_WORK_H

#include "api/office.h"
#include "case/schedule.h"
#include "role/timers.h"
#include "web/stream.h"

struct office_work {
	struct office *office;
	struct schedule schedule;
};

enum { MANAGEMENT_EVERY = 3600 /* seconds */ };

void office_work_begin(struct office_work *work, struct office *office, struct timers *timers);
/* The registers are judged at the next turn: the figures by which it is done have changed. On the timers' thread. */
void office_work_judge(struct office_work *work);
/* For stream_new(): ctx is the office. */
struct stream_hooks office_stream_hooks(struct office *office);

#endif
