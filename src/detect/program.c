/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/program.h"

/* ---- from a tree ---- */

struct building {
	node_list *nodes;
	program_predicate *predicate;
	void *ctx;
};

static bool add(const struct building *building, const struct sigma_node *tree, unsigned depth)
{
	node_list *nodes = building->nodes;
	size_t at = nodes->n;
	if (depth > PROGRAM_DEPTH)
		return false;
	vec_push(nodes, { .kind = tree->kind, .name = tree->name });
	if (tree->kind == NODE_ITEM) {
		uint32_t id;
		if (!building->predicate(building->ctx, tree->item, &id))
			return false;
		nodes->p[at].predicate = id;
	} else if (tree->kind == NODE_AND || tree->kind == NODE_OR || tree->kind == NODE_NOT) {
		for (uint32_t i = 0; i < tree->n; i++)
			if (!add(building, tree->child[i], depth + 1))
				return false;
	}
	nodes->p[at].skip = (uint32_t)nodes->n;
	return true;
}

bool program_add(node_list *nodes, const struct sigma_node *tree, program_predicate *predicate, void *ctx)
{
	const struct building building = { nodes, predicate, ctx };
	size_t before = nodes->n;
	if (add(&building, tree, 0))
		return true;
	nodes->n = before;
	return false;
}

/* ---- triggers ---- */

struct choosing {
	const node_list *nodes;
	program_chance *chance_of;
	void *ctx;
};

static bool choose(const struct choosing *choosing, uint32_t at, bool negated, id_list *out, double *chance);

/* One of the children must hold: all of their triggers together. */
static bool choose_any(const struct choosing *choosing, uint32_t at, bool negated, id_list *out, double *chance)
{
	const struct node *nodes = choosing->nodes->p;
	*chance = 0;
	for (uint32_t child = at + 1; child < nodes[at].skip; child = nodes[child].skip) {
		double one;
		if (!choose(choosing, child, negated, out, &one))
			return false;
		*chance += one;
	}
	return true;
}

/* All of the children must hold: the best of their triggers. */
static bool choose_all(const struct choosing *choosing, uint32_t at, bool negated, id_list *out, double *chance)
{
	const struct node *nodes = choosing->nodes->p;
	size_t before = out->n, best_from = before;
	bool found = false;
	for (uint32_t child = at + 1; child < nodes[at].skip; child = nodes[child].skip) {
		double one;
		size_t from = out->n;
		if (!choose(choosing, child, negated, out, &one) || (found && one >= *chance)) {
			out->n = from;
			continue;
		}
		found = true;
		best_from = from;
		*chance = one;
		/* Only the best stays. */
		memmove(out->p + before, out->p + best_from, (out->n - best_from) * sizeof(*out->p));
		out->n -= best_from - before;
	}
	return found;
}

/* What must hold so that the subtree does (negated: does not). */
static bool choose(const struct choosing *choosing, uint32_t at, bool negated, id_list *out, double *chance)
{
	const struct node *node = &choosing->nodes->p[at];
	size_t before = out->n;
	bool found = false;
	switch (node->kind) {
	case NODE_FALSE:
	case NODE_TRUE:
		*chance = 0;
		return negated == (node->kind == NODE_TRUE);
	case NODE_NOT:
		return choose(choosing, at + 1, !negated, out, chance);
	case NODE_AND:
	case NODE_OR:
		found = ((node->kind == NODE_AND) != negated ? choose_all : choose_any)(choosing, at, negated, out, chance);
		break;
	default:
		if (!negated) {
			*chance = choosing->chance_of(choosing->ctx, node->predicate);
			found = *chance >= 0;
			if (found)
				vec_push(out, node->predicate);
		}
	}
	if (!found)
		out->n = before;
	return found;
}

bool program_trigger(const node_list *nodes, uint32_t root, program_chance *chance_of, void *ctx, id_list *out, double *chance)
{
	const struct choosing choosing = { nodes, chance_of, ctx };
	out->n = 0;
	return choose(&choosing, root, false, out, chance);
}

/* ---- running ---- */

bool program_run(const struct node *nodes, uint32_t at, program_holds *holds, void *ctx)
{
	const struct node *node = &nodes[at];
	switch (node->kind) {
	case NODE_TRUE:
		return true;
	case NODE_NOT:
		return !program_run(nodes, at + 1, holds, ctx);
	case NODE_AND:
		for (uint32_t child = at + 1; child < node->skip; child = nodes[child].skip)
			if (!program_run(nodes, child, holds, ctx))
				return false;
		return true;
	case NODE_OR:
		for (uint32_t child = at + 1; child < node->skip; child = nodes[child].skip)
			if (program_run(nodes, child, holds, ctx))
				return true;
		return false;
	case NODE_ITEM:
		return holds(ctx, node->predicate);
	default:
		return false;
	}
}
