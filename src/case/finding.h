/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * finding: findings and their repair (限期整改), records of the register `finding`.
 *
 * What a run of checks observed comes here as a whole (case/observed.h). There is one finding for each (host, or organisation; check or
 * rule; subject) however often it is seen. A run raises what is new; keeps what is seen again, with its newest evidence; closes what is no more,
 * when nobody was ordered to repair it or somebody reported it repaired; opens again what was closed and is there again. What could not be
 * seen changes nothing.
 *
 * Whoever changes a finding, these hold (finding_hook()): who verifies is neither responsible nor who reported the repair; the first
 * extension is the issuer's to give, each further one a leader's; an accepted risk has a day on which it ends; what a person closes is
 * tested again. By the clock: what is overdue is told to the organisation above, an accepted risk that has ended is open again.
 *
 * `times_seen` counts days on which it was seen, or its evidence changed: an inspection every hour does not fill the journal. Of a rule it
 * counts detections (case/detection_findings.h).
 */
#ifndef WARD_CASE_FINDING_H
#define WARD_CASE_FINDING_H

#include "case/cases.h"
#include "case/observed.h"

enum { FINDING_SUBJECT = 300 /* characters kept; longer ones end in their digest */ };
/* What one work of findings_keep() does at most, whichever comes first. */
enum { FINDINGS_PIECE = 100, FINDINGS_PIECE_NS = 10 * 1000 * 1000 };

struct findings_done {
	size_t raised, seen, reopened, closed, refused;
	struct str why; /* the first refused one */
};

/* What a subject is kept as: clean, and of bounded length; the text itself where it is so. */
struct str finding_subject(struct arena *arena, struct str subject);

/* What a run observed. Whole: when it fails, nothing of it is kept. */
int findings_update(struct write *write, const struct cases *cases, const struct observations *seen, struct findings_done *out,
                    struct err *err) MUST_USE;
/* The same in works of its own, so that others write in between. Each is whole; all that was seen of a check is kept before anything of it
 * is closed and before its retests are answered. When it fails in between, what was kept stays, and the next run does the rest. Not from the writer's
 * thread. What *out says lives in the arena. */
int findings_keep(struct arena *arena, struct records *records, const struct cases *cases, const struct observations *seen, struct findings_done *out,
                  struct err *err) MUST_USE;

int finding_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err);

/* By the clock, at most 500 of each at once; *more: there are still some. */
int findings_tick(struct write *write, const struct cases *cases, bool *more, struct err *err) MUST_USE;
/* Is there anything that findings_tick() would do? */
int findings_due(struct db *db, int64_t now, bool *out, struct err *err) MUST_USE;

/* Ask for a fresh verdict. -EINVAL: nothing can be tested of it. */
int finding_retest(struct write *write, const struct cases *cases, int64_t id, struct err *err) MUST_USE;
/* Hosts that retests wait for (0: management checks) that were asked for after `from`. */
struct retests {
	int64_t *hosts;
	size_t n;
};
int findings_retests(struct arena *arena, struct db *db, int64_t from, struct retests *out, struct err *err) MUST_USE;

/* The day by which something of this severity found on `day` is to be repaired. */
int64_t finding_due(const struct cases *cases, struct str severity, int64_t day);
/* Who answers for findings of an organisation: by the register of posts, in this order of duties. 0: nobody is named. */
int finding_owner(struct db *db, int64_t org, enum observed_source source, int64_t *person, struct err *err) MUST_USE;

/* The repair order (限期整改通知书, Yêu cầu khắc phục) as a page for printing on A4. `checks`: of hosts and of registers, either may be NULL. */
int finding_order(struct arena *arena, struct db *db, const struct cases *cases, const struct content *content,
                  const struct checks *const checks[2], int64_t id, enum lang lang, struct buf *out, struct err *err) MUST_USE;

#endif
