/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detections: what rules found, as the collector wrote it (lines of JSON, a file a day), taken into the records once.
 *
 *	ward_detection            one line: when, which rule, how bad, from which host; `line` is the JSON as it was written; `finding`:
 *	                          case/detection_findings.h
 *	ward_detection_technique  the ATT&CK techniques of each ("t1110.001"), for counting
 *	ward_detection_file       how far each file was read: in the same transaction, so nothing is taken twice or missed
 *
 * Within a work. Lines that are not JSON are counted, not kept.
 */
#ifndef WARD_CASE_DETECTIONS_H
#define WARD_CASE_DETECTIONS_H

#include "record/records.h"

extern const struct migration detections_migrations[]; /* 420, 421 */

enum { DETECTIONS_AT_ONCE = 1024 * 1024, DETECTION_LINE = 256 * 1024 /* bytes; a longer one is kept without its event */ };

/* How far the file was read, bytes. */
int detections_position(struct db *db, struct str file, int64_t *out, struct err *err) MUST_USE;

struct detections_taken {
	int64_t end;         /* the new position */
	size_t kept, wrong;
	int64_t first, last; /* ids of those kept; 0: none */
};
/* `text`: whole lines of the file from `at` on. */
int detections_put(struct write *write, struct str file, int64_t at, struct str text, struct detections_taken *out,
                   struct err *err) MUST_USE;

#endif
