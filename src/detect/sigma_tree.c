/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/vec.h"
#include "detect/sigma_reader.h"

static struct sigma_node *node_new(struct sigma_reader *reader, enum sigma_node_kind kind)
{
	struct sigma_node *node = ARENA_NEW(reader->arena, struct sigma_node);
	node->kind = (uint8_t)kind;
	reader->nodes++;
	return node;
}

const struct sigma_node *sigma_node_item(struct sigma_reader *reader, const struct sigma_item *item)
{
	struct sigma_node *node = node_new(reader, NODE_ITEM);
	struct sigma_item *copy = ARENA_NEW(reader->arena, struct sigma_item);
	*copy = *item;
	node->item = copy;
	return node;
}

const struct sigma_node *sigma_node_join(struct sigma_reader *reader, enum sigma_node_kind kind,
                                         const struct sigma_nodes *nodes)
{
	if (nodes->n == 1)
		return nodes->p[0];
	if (!nodes->n)
		return node_new(reader, kind == NODE_AND ? NODE_TRUE : NODE_FALSE);
	struct sigma_node *node = node_new(reader, kind);
	const struct sigma_node **child = ARENA_ARRAY(reader->arena, const struct sigma_node *, nodes->n);
	memcpy(child, nodes->p, nodes->n * sizeof(*child));
	node->child = child;
	node->n = (uint32_t)nodes->n;
	return node;
}

const struct sigma_node *sigma_node_not(struct sigma_reader *reader, const struct sigma_node *inner)
{
	struct sigma_node *node = node_new(reader, NODE_NOT);
	const struct sigma_node **child = ARENA_NEW(reader->arena, const struct sigma_node *);
	*child = inner;
	node->child = child;
	node->n = 1;
	return node;
}

const struct sigma_node *sigma_node_named(struct sigma_reader *reader, const struct sigma_node *node, struct str name)
{
	struct sigma_node *copy = ARENA_NEW(reader->arena, struct sigma_node);
	*copy = *node;
	copy->name = name;
	return copy;
}

/* ---- problems ---- */

static void problem_add(struct sigma_reader *reader, const struct doc *at, unsigned skip, struct note note, bool warning)
{
	struct sigma_problem problem = { .file = str_from(reader->source->name), .rule = reader->rule, .warning = warning };
	doc_where(reader->source, at, &problem.line, &problem.column);
	problem.column += skip + (skip && at->quoted);
	problem.note = note_copy(reader->arena, note);
	problem.words = note_text(reader->arena, LANG_EN, &problem.note);
	vec_push_in(reader->arena, reader->problems, problem);
}

int sigma_refuse(struct sigma_reader *reader, const struct doc *at, unsigned skip, struct note note)
{
	problem_add(reader, at, skip, note, false);
	return -EINVAL;
}

void sigma_warn(struct sigma_reader *reader, const struct doc *at, unsigned skip, struct note note)
{
	if (reader->options && reader->options->lint)
		problem_add(reader, at, skip, note, true);
}

/* "<file>:<line>:<column>: words", cut into its parts. */
int sigma_refuse_words(struct sigma_reader *reader, const struct doc *at, struct str words)
{
	struct sigma_problem problem = { .file = str_from(reader->source->name), .rule = reader->rule };
	struct str rest = words;
	if (at)
		doc_where(reader->source, at, &problem.line, &problem.column);
	if (str_starts(rest, reader->source->name))
		rest = str_slice(rest, problem.file.n, rest.n);
	if (rest.n && *rest.p == ':')
		rest = str_slice(rest, 1, rest.n);
	for (unsigned *part = &problem.line; part; part = part == &problem.line ? &problem.column : NULL) {
		struct str after = rest, digits = str_cut(&after, ':');
		int64_t number;
		if (!after.p || !str_to_int(digits, 10, &number) || number < 0 || number > INT32_MAX)
			break;
		*part = (unsigned)number;
		rest = after;
	}
	problem.words = arena_str(reader->arena, str_trim(rest));
	vec_push_in(reader->arena, reader->problems, problem);
	return -EINVAL;
}
