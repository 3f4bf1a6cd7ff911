/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * osregex: the two small pattern languages of OSSEC, which SCA policies of Wazuh 4.x are written in.
 *
 * osregex ("OS_Regex"), as Wazuh documents it under "Regular expression syntax":
 *	\w  A-Z a-z 0-9 - @ _      \d  0-9      \s  a blank      \t  a tab
 *	\p  ()*+,-.:;<=>?[]!"'#$%&|{}            \.  any byte
 *	\W \D \S                   the opposite of \w \d \s
 *	\( \) \\ \$ \| \<          that character
 *	+ *                        repeat, behind one of the above only; elsewhere they mean themselves
 *	^ $                        at the start and at the end of an alternative: those of the text
 *	|                          alternatives; not within ( )
 *	( )                        a group, one level; an alternative's first one is handed out
 * Where there are several ways to match, a repetition ends where the next item can go on, otherwise as late as it can.
 * Everything else means itself; letters match in either case. Any other escape is an error.
 *
 * Time is at most the length of the pattern times that of the text, whatever they are.
 *
 * osmatch ("sregex"): parts separated by |, each found anywhere, ^ and $ at its ends; a leading ! turns it.
 */
#ifndef WARD_CHECK_OSREGEX_H
#define WARD_CHECK_OSREGEX_H

#include "base/arena.h"
#include "base/err.h"

enum { OSREGEX_MOST = 2048 /* bytes of a pattern */ };

struct osregex;

/* -EINVAL with words. The pattern lives in the arena. */
int osregex_compile(struct arena *arena, struct str pattern, const struct osregex **out, struct err *err) MUST_USE;
/* 1: found, *group (may be NULL) is the first group of the alternative that matched, p NULL: it has none;
 * 0: not found; -E2BIG: a group is wanted of more text than is looked at. */
int osregex_match(const struct osregex *regex, struct str text, struct str *group) MUST_USE;

bool osmatch(struct str pattern, struct str text);

#endif
