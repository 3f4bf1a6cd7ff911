/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * program: conditions as flat lists of nodes over predicates, and what must hold before it is worth trying one (private to
 * the detector).
 *
 * A tree's nodes stand in a row, each before its children; `skip` leads behind the last of them. A *trigger* of a
 * condition is a set of predicates of which one holds whenever the condition does; the best is the one that is
 * thought to come true least often.
 */
#ifndef WARD_DETECT_PROGRAM_H
#define WARD_DETECT_PROGRAM_H

#include "base/vec.h"
#include "detect/predicate.h"

struct node {
	uint8_t kind;       /* enum sigma_node_kind */
	uint32_t skip;      /* index of what follows the subtree */
	uint32_t predicate; /* NODE_ITEM */
	struct str name;    /* the search identifier, for people */
};

typedef VEC(struct node) node_list;
typedef VEC(uint32_t) id_list;

enum { PROGRAM_DEPTH = 256 };

/* Which predicates stand where. Asked once for each item of the tree; NAME_NONE when it cannot be had. */
typedef bool program_predicate(void *ctx, const struct sigma_item *item, uint32_t *id);

/* Append the tree; false when it is too deep or a predicate cannot be had. */
bool program_add(node_list *nodes, const struct sigma_node *tree, program_predicate *predicate, void *ctx);

/* How likely a predicate is to hold of an event, for comparing. Negative: it cannot be a trigger. */
typedef double program_chance(void *ctx, uint32_t predicate);

/* The best trigger of the subtree at `root`, into `out`. False: there is none, it must always be tried.
 * A subtree that can never hold has an empty one. *chance: that of the trigger. */
bool program_trigger(const node_list *nodes, uint32_t root, program_chance *chance_of, void *ctx, id_list *out,
                     double *chance);

/* Does the subtree hold? */
typedef bool program_holds(void *ctx, uint32_t predicate);
bool program_run(const struct node *nodes, uint32_t root, program_holds *holds, void *ctx);

#endif
