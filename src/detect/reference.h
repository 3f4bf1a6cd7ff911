/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * reference: what it means that an event meets a tree, written down as plainly as possible.
 *
 * It walks the tree and compares each item with each field, slowly, and compiles regular expressions anew each time. It is
 * the judge in tests and fuzzing of the engine (detect/detector.h), and runs the examples of single rules.
 *
 *	- A field that comes several times meets an item when one of its values does.
 *	- A missing field meets nothing but `null`; so NOT over it is true.
 *	- A field that is null meets `null` and `exists`, no pattern, and no comparison.
 *	- A keyword is met by any value of any field; by the raw text when the event has no fields.
 *	- Names of fields are those of the rule, but for the case of ASCII letters.
 */
#ifndef WARD_DETECT_REFERENCE_H
#define WARD_DETECT_REFERENCE_H

#include "detect/sigma.h"

/* What a rule's field is called in this event. */
typedef struct str reference_rename(void *ctx, struct str field);

/* `rename` may be NULL. */
bool reference_match(const struct sigma_node *node, const struct event *event, const struct names *names,
                     reference_rename *rename, void *ctx);

/* One comparison with one value that is there, without JSON's escapes. Not for null, exists, fieldref. */
bool reference_value(const struct sigma_item *item, struct str value);

#endif
