/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sca_pattern: what stands behind "->" in a rule of an SCA policy, and whether a text holds it.
 *
 *	r:^PermitRootLogin\s+no           a regular expression
 *	n:^minlen\s*=\s*(\d+) compare >= 14
 *	kernel.yama = 1                   a whole line
 *	!r:^# && r:Defaults && !r:\.log   several, of which each may be turned: some line satisfies all
 *
 * The dialects differ:
 *	          5.x                                        4.x
 *	r: n:     PCRE2, caseless, multiline                 osregex, or PCRE2 as it is with regex_type: pcre2
 *	one !r:   no line matches                            some line does not match
 *	no text   never found                                never found
 *	literal   same letters; alone, of a command, the     any case, a line
 *	          whole answer
 *	compare   int; "OP N" must be two words              the first digits of "OP N"; "=…" is ==
 *	bad r:    invalid                                    never matches
 *	line end  LF                                         LF, CRLF
 * From how Wazuh's agents behave: src/wazuh_modules/wm_sca.c (4.x) and sca/sca_impl (5.x). Not followed: 4.x sees
 * lines of files cut at 2,047 bytes, and lines of commands behind the 255th as one.
 *
 * A pattern that hits a match limit (PCRE2) is invalid with the reason, so that no policy or file hangs ward.
 */
#ifndef WARD_CHECK_SCA_PATTERN_H
#define WARD_CHECK_SCA_PATTERN_H

#include "base/arena.h"
#include "data/lang.h"

enum sca_dialect { SCA_5, SCA_4_OSREGEX, SCA_4_PCRE2 };

/* What a rule, or a part of it, came to. INVALID is Wazuh's "not applicable"; UNKNOWN is ours: could not be seen. */
enum sca_result { SCA_NOT_FOUND, SCA_FOUND, SCA_INVALID, SCA_UNKNOWN };

struct sca_term;
struct sca_matcher; /* what PCRE2 works with; one for a run, one thread */

struct sca_pattern {
	struct str text;        /* as written; p NULL: there is none */
	struct sca_term *terms;
	size_t n;
	bool whole;             /* 5.x: begins with neither r: nor n:, so all of it is one literal */
	enum sca_dialect dialect;
};

struct sca_hit {
	enum sca_result result;
	struct note reason; /* of INVALID */
	struct str line;    /* of FOUND: the line that did it; p NULL: that no line did */
	int64_t number;     /* of that line, from 1 */
};

void sca_pattern_parse(struct arena *arena, enum sca_dialect dialect, struct str text, struct sca_pattern *out);
void sca_pattern_done(struct sca_pattern *pattern); /* the compiled expressions, which live outside the arena */

/* Memory for what is compiled and for reasons comes from the arena, which must outlive the matcher. */
struct sca_matcher *sca_matcher_new(struct arena *arena);
void sca_matcher_free(struct sca_matcher *matcher);
void sca_matcher_free_p(struct sca_matcher **matcher);

/* `command`: the text is what a command said. Expressions are compiled at their first use. */
struct sca_hit sca_pattern_find(struct sca_matcher *matcher, struct sca_pattern *pattern, struct str text, bool command);

/* What is wrong with its expressions and comparisons, found without a text; empty: nothing. */
struct str sca_pattern_fault(struct sca_matcher *matcher, struct sca_pattern *pattern);

#endif
