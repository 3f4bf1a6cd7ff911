/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * intake: what comes from the inspector and from the collector's findings, on its way into the records.
 *
 * The inspector's frames (role/inspector.h) are gathered until the whole inspection is there, looked at, and kept in one work:
 * host, tables, verdicts, evidence. A frame that no honest inspector sends ends the connection with words, and nothing is kept.
 *
 * Findings are read behind the place that the records remember (case/detections.h), a bounded piece at a time.
 * The server's main thread.
 */
#ifndef WARD_ROLE_INTAKE_H
#define WARD_ROLE_INTAKE_H

#include "api/office.h"
#include "check/check.h"
#include "role/inspection_frames.h"

struct intake {
	struct office *office;
	struct buf heard;       /* frames not yet whole, and those of the inspection that is coming */
	size_t taken;           /* bytes of whole frames at its start */
	size_t frames;
	uint64_t asked;         /* number of the question that is out; 0: none */
	struct inventory inventory;
	/* Findings: files whose names come before this one are done; how far it was read. */
	char file[64];
	int64_t position;
};

enum { INTAKE_MOST = 256 * 1024 * 1024 };

/* Another inspector, or none: what was coming is gone. */
void intake_reset(struct intake *intake);
/* Ask on this socket for an inspection. */
int intake_ask(struct intake *intake, int fd, struct err *err) MUST_USE;
/* Read what is there. 1: an inspection was kept (its host in *host); 0: nothing yet; -EPIPE: the other end closed; -EBADMSG. */
int intake_hear(struct intake *intake, int fd, int64_t *host, struct err *err) MUST_USE;

/* Take new lines of the findings, at most DETECTIONS_AT_ONCE bytes. 1: there may be more; 0: nothing new. */
int intake_findings(struct intake *intake, struct str path, struct err *err) MUST_USE;

#endif
