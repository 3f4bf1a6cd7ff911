/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detector: find the rules that an event matches, fast.
 *
 * A *ruleset* is compiled once from rules and mappings: an immutable snapshot that any number of threads share; a reload
 * compiles a new one and swaps the pointer between two batches. A *detector* is one thread's working memory for one
 * ruleset (marks, caches).
 *
 * How: an event is routed by a few fields (Channel, EventID …, the *routing fields* of the mappings) to the log sources
 * it belongs to (route), and so to the fields that matter and the rules that can. Each such field's value is looked
 * up in one index of all the patterns that any rule asks of that field (index): exact values by hash, beginnings
 * and ends by hash of each length, contained texts by their rarest piece, regular expressions behind a literal that
 * they need. What a value matched is kept in a bounded cache under its bytes. Matched patterns set marks; a rule is
 * evaluated only when the rarest pattern that it cannot do without is marked.
 */
#ifndef WARD_DETECT_DETECTOR_H
#define WARD_DETECT_DETECTOR_H

#include "detect/sigma.h"
#include "event/mapping.h"

struct ruleset;
struct detector;

/* The rules and mappings must outlive the ruleset. Never fails for a rule's sake: a rule that cannot be compiled (its
 * regular expression) is added to the problems and left out. */
int ruleset_compile(const struct sigma_rules *rules, const struct mappings *mappings, struct arena *problems_arena,
                    struct sigma_problems *problems, struct ruleset **out, struct err *err) MUST_USE;
void ruleset_free(struct ruleset *ruleset);
void ruleset_free_p(struct ruleset **ruleset);
/* The seed of names for every reader whose events go to detectors of this ruleset: names_copy() it. */
const struct names *ruleset_names(const struct ruleset *ruleset);
size_t ruleset_count(const struct ruleset *ruleset); /* rules that were compiled */
/* How a rule was compiled, for people: log sources, mapped fields, the boolean program, its trigger and cost. */
void ruleset_explain(const struct ruleset *ruleset, const struct sigma_rule *rule, enum lang lang, struct buf *out);

struct detector *detector_new(const struct ruleset *ruleset);
void detector_free(struct detector *detector);
void detector_free_p(struct detector **detector);
/* Keep what values matched before, as it does from the start, or work each one out anew; for measuring. */
void detector_cache(struct detector *detector, bool on);

struct match {
	const struct sigma_rule *rule;
	size_t condition;           /* which of the rule's conditions */
	const struct event *event;
	const struct mapping *mapping; /* of the event; NULL: none */
	const struct mapping_logsource *logsource; /* by which it matched, for field names; NULL: by none */
};

/* Every rule the event matches, in no particular order, each (rule, condition) once. `only` (may be NULL): take the
 * event for this mapping's, whatever its fields say. */
void detector_run(struct detector *detector, const struct event *event, const struct names *names,
                  const struct mapping *only, void (*found)(void *ctx, const struct match *match), void *ctx);

/* The first mapping that takes the event, as mapping_of() says, but from memory. */
const struct mapping *detector_mapping(struct detector *detector, const struct event *event, const struct names *names);

/* The fields of the event that made the rule match (id in the batch's names), each once; in the arena. */
struct detector_evidence {
	const struct event_field **p;
	size_t n;
};
struct detector_evidence detector_evidence(struct arena *arena, struct detector *detector, const struct match *match,
                                           const struct names *names);

struct detector_counters {
	uint64_t events, routed, values, cache_hits, candidates, matches, regexes, regex_limits;
	uint64_t routes; /* how often mappings were asked; few, whatever the values of fields */
};
struct detector_counters detector_counters(const struct detector *detector);

#endif
