/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * correlate: correlation rules (Sigma specification 2.1, correlation) over the matches of other rules.
 *
 * One correlator, one thread: matches are few. Time is the events' own time. A match that comes late by less than the
 * rule's timespan still counts; state is dropped when the newest time seen is past its window. Memory is bounded
 * (`memory`): when it is full, the group that was silent longest is dropped, and counted. The state can be written
 * out and read back, so that a restart forgets nothing.
 */
#ifndef WARD_DETECT_CORRELATE_H
#define WARD_DETECT_CORRELATE_H

#include "base/buf.h"
#include "detect/detector.h"

struct correlator;

struct correlation_match {
	const struct sigma_rule *rule;
	int64_t first, last;      /* nanoseconds: the window in which it came about */
	double value;             /* the count, sum, … that met the condition */
	const struct strings *group; /* values of group-by, in its order */
	const struct str *events; /* references of the events that took part, as given to correlator_feed() */
	size_t n_events;          /* at most 100; `more` others took part */
	uint64_t more;
};

typedef void correlation_found(void *ctx, const struct correlation_match *match);

struct correlator *correlator_new(const struct sigma_rules *rules, size_t memory);
void correlator_free(struct correlator *correlator);
void correlator_free_p(struct correlator **correlator);
/* A match of an ordinary rule. `reference` names the event for people and machines ("auth.log:312"); it is copied.
 * Correlations that it completes are reported, also those of correlations. */
void correlator_feed(struct correlator *correlator, const struct match *match, const struct names *names,
                     struct str reference, correlation_found *found, void *ctx);
/* Time passes without matches (nanoseconds): conditions of the kind "less than" come true, windows end. */
void correlator_advance(struct correlator *correlator, int64_t now, correlation_found *found, void *ctx);
uint64_t correlator_dropped(const struct correlator *correlator);
/* All state as bytes; and back, where rules that have changed since are forgotten. */
void correlator_save(const struct correlator *correlator, struct buf *out);
int correlator_restore(struct correlator *correlator, struct str saved, struct err *err) MUST_USE;

#endif
