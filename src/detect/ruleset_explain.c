/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * How a rule was compiled, for people.
 */
#include "detect/ruleset.h"
#include "detect/sigma_value.h"

static void field_words(const struct ruleset *ruleset, uint32_t slot, struct buf *out)
{
	if (slot == SLOT_KEYWORDS)
		buf_puts(out, "any field");
	else
		buf_add(out, names_text(ruleset->names, ruleset->slots.p[slot].name));
}

static void predicate_words(const struct ruleset *ruleset, const struct predicate *predicate, struct buf *out)
{
	static const char *const compares[] = {
		[SIGMA_LT] = "<", [SIGMA_LE] = "<=", [SIGMA_GT] = ">", [SIGMA_GE] = ">=", [SIGMA_EQ] = "=",
	};
	static const char *const hows[] = { "=", "contains", "starts with", "ends with" };
	static const char *const parts[] = { "", " minute", " hour", " day", " week", " month", " year" };
	const struct sigma_item *item = predicate->item;
	field_words(ruleset, predicate->slot, out);
	switch (item->op) {
	case SIGMA_PATTERN:
		buf_puts(out, item->cased ? " == '" : " = '");
		sigma_pattern_words(&predicate->pattern, out);
		buf_puts(out, "'");
		break;
	case SIGMA_REGEX:
		buf_printf(out, " ~ /%.*s/%s%s%s", STR_ARG(item->regex), item->flags & SIGMA_FLAG_I ? "i" : "",
		           item->flags & SIGMA_FLAG_M ? "m" : "", item->flags & SIGMA_FLAG_S ? "s" : "");
		break;
	case SIGMA_CIDR:
		buf_puts(out, " in ");
		for (int i = 0; i < 16; i += 2)
			buf_printf(out, "%s%02x%02x", i ? ":" : "", item->cidr.address[i], item->cidr.address[i + 1]);
		buf_printf(out, "/%u", item->cidr.bits);
		break;
	case SIGMA_NULL:
		buf_puts(out, " is null or missing");
		break;
	case SIGMA_EXISTS:
		buf_puts(out, " is there");
		break;
	case SIGMA_FIELDREF:
		buf_printf(out, " %s ", hows[item->how]);
		field_words(ruleset, predicate->other, out);
		break;
	default:
		buf_printf(out, "%s %s %.17g", parts[item->part], compares[item->op], item->than);
	}
}

static void node_words(const struct ruleset *ruleset, uint32_t at, unsigned depth, struct buf *out)
{
	static const char *const kinds[] = {
		[NODE_TRUE] = "always", [NODE_FALSE] = "never", [NODE_AND] = "all of", [NODE_OR] = "one of", [NODE_NOT] = "not",
	};
	const struct node *nodes = ruleset->nodes.p;
	buf_printf(out, "    %*s", (int)(depth * 2), "");
	if (nodes[at].kind == NODE_ITEM)
		predicate_words(ruleset, &ruleset->predicates.p[nodes[at].predicate], out);
	else
		buf_puts(out, kinds[nodes[at].kind]);
	if (nodes[at].name.p)
		buf_printf(out, "    # %.*s", STR_ARG(nodes[at].name));
	buf_puts(out, "\n");
	if (nodes[at].kind == NODE_ITEM)
		return;
	for (uint32_t child = at + 1; child < nodes[at].skip; child = nodes[child].skip)
		node_words(ruleset, child, depth + 1, out);
}

static void part_words(const char *name, struct str value, struct buf *out)
{
	if (value.p)
		buf_printf(out, " %s=%.*s", name, STR_ARG(value));
}

static void source_words(const struct ruleset_source *source, struct buf *out)
{
	if (!source->logsource) {
		buf_puts(out, "  any event\n");
		return;
	}
	buf_printf(out, "  %.*s:", STR_ARG(source->mapping->name));
	part_words("product", source->logsource->product, out);
	part_words("category", source->logsource->category, out);
	part_words("service", source->logsource->service, out);
	for (size_t i = 0; i < source->logsource->fields.n; i++)
		buf_printf(out, "%s%.*s as %.*s", i ? ", " : "; ", STR_ARG(source->logsource->fields.p[i].sigma),
		           STR_ARG(source->logsource->fields.p[i].own));
	buf_puts(out, "\n");
}

static void start_words(const struct ruleset *ruleset, const struct program *program, struct buf *out)
{
	if (program->start == START_ALWAYS)
		buf_puts(out, "  tried for each event of these sources: nothing in particular must be there\n");
	else if (program->start == START_NEVER)
		buf_puts(out, "  never tried: it cannot hold\n");
	if (program->start != START_TRIGGER)
		return;
	buf_printf(out, "  tried when one of these holds (likelihood %.2g):\n", program->chance);
	for (uint32_t i = 0; i < program->n_triggers; i++) {
		uint32_t id = ruleset->trigger_ids.p[program->trigger + i];
		buf_puts(out, "    ");
		predicate_words(ruleset, &ruleset->predicates.p[id], out);
		buf_printf(out, "    # asked by %u conditions\n", ruleset->predicates.p[id].uses);
	}
}

void ruleset_explain(const struct ruleset *ruleset, const struct sigma_rule *rule, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		if (program->rule != rule)
			continue;
		buf_printf(out, "%scondition %u, in\n", any ? "\n" : "", program->condition + 1);
		for (size_t k = 0; k < program->sources.n; k++)
			source_words(&ruleset->sources.p[program->sources.p[k]], out);
		start_words(ruleset, program, out);
		buf_puts(out, "  it is\n");
		node_words(ruleset, program->root, 0, out);
		any = true;
	}
	if (!any)
		buf_puts(out, "no known log source is of the kind the rule asks for\n");
}
