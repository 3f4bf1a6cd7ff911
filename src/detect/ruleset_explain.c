/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * How a rule was compiled, for people.
 */
#include "detect/ruleset.h"
#include "detect/sigma_value.h"

/* What all of it is told with. */
struct telling {
	const struct ruleset *ruleset;
	enum lang lang;
	struct buf *out;
};

static void say(const struct telling *telling, const char *english)
{
	buf_add(telling->out, tr(telling->lang, english));
}

static void say_note(const struct telling *telling, const struct note *note)
{
	ARENA(scratch);
	buf_add(telling->out, note_text(&scratch, telling->lang, note));
}

static void field_words(const struct telling *telling, uint32_t slot)
{
	const struct ruleset *ruleset = telling->ruleset;
	struct buf *out = telling->out;
	if (slot == SLOT_KEYWORDS)
		say(telling, "any field");
	else
		buf_add(out, names_text(ruleset->names, ruleset->slots.p[slot].name));
}

static void predicate_words(const struct telling *telling, const struct predicate *predicate)
{
	static const char *const compares[] = {
		[SIGMA_LT] = "<", [SIGMA_LE] = "<=", [SIGMA_GT] = ">", [SIGMA_GE] = ">=", [SIGMA_EQ] = "=",
	};
	static const char *const hows[] = { "=", "contains", "starts with", "ends with" };
	static const char *const parts[] = { "", "minute", "hour", "day", "week", "month", "year" };
	const struct sigma_item *item = predicate->item;
	struct buf *out = telling->out;
	field_words(telling, predicate->slot);
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
		buf_add_char(out, ' ');
		say(telling, "is null or missing");
		break;
	case SIGMA_EXISTS:
		buf_add_char(out, ' ');
		say(telling, "is there");
		break;
	case SIGMA_FIELDREF:
		buf_add_char(out, ' ');
		buf_add(out, tr_word(telling->lang, "condition", hows[item->how]));
		buf_add_char(out, ' ');
		field_words(telling, predicate->other);
		break;
	default:
		if (item->part) {
			buf_add_char(out, ' ');
			buf_add(out, tr_word(telling->lang, "condition", parts[item->part]));
		}
		buf_printf(out, " %s %.17g", compares[item->op], item->than);
	}
}

static void node_words(const struct telling *telling, uint32_t at, unsigned depth)
{
	static const char *const kinds[] = {
		[NODE_TRUE] = TR("always holds"), [NODE_FALSE] = TR("cannot hold"), [NODE_AND] = TR("all of"),
		[NODE_OR] = TR("one of"), [NODE_NOT] = TR("none of"),
	};
	const struct ruleset *ruleset = telling->ruleset;
	struct buf *out = telling->out;
	const struct node *nodes = ruleset->nodes.p;
	buf_printf(out, "    %*s", (int)(depth * 2), "");
	if (nodes[at].kind == NODE_ITEM)
		predicate_words(telling, &ruleset->predicates.p[nodes[at].predicate]);
	else
		say(telling, kinds[nodes[at].kind]);
	if (nodes[at].name.p)
		buf_printf(out, "    # %.*s", STR_ARG(nodes[at].name));
	buf_puts(out, "\n");
	if (nodes[at].kind == NODE_ITEM)
		return;
	for (uint32_t child = at + 1; child < nodes[at].skip; child = nodes[child].skip)
		node_words(telling, child, depth + 1);
}

static void part_words(const char *name, struct str value, struct buf *out)
{
	if (value.p)
		buf_printf(out, " %s=%.*s", name, STR_ARG(value));
}

static void source_words(const struct telling *telling, const struct ruleset_source *source)
{
	struct buf *out = telling->out;
	if (!source->logsource) {
		buf_puts(out, "  ");
		say(telling, "any event");
		buf_add_char(out, '\n');
		return;
	}
	buf_printf(out, "  %.*s:", STR_ARG(source->mapping->name));
	part_words("product", source->logsource->product, out);
	part_words("category", source->logsource->category, out);
	part_words("service", source->logsource->service, out);
	for (size_t i = 0; i < source->logsource->fields.n; i++)
		buf_printf(out, "%s%.*s → %.*s", i ? ", " : "; ", STR_ARG(source->logsource->fields.p[i].sigma),
		           STR_ARG(source->logsource->fields.p[i].own));
	buf_puts(out, "\n");
}

static void start_words(const struct telling *telling, const struct program *program)
{
	const struct ruleset *ruleset = telling->ruleset;
	struct buf *out = telling->out;
	ARENA(scratch);
	buf_puts(out, "  ");
	if (program->start == START_ALWAYS)
		say(telling, "tried for each event of these sources: nothing in particular must be there");
	else if (program->start == START_NEVER)
		say(telling, "never tried: it cannot hold");
	else
		say_note(telling, &NOTE("tried when one of these holds (likelihood {}):", arena_printf(&scratch, "%.2g", program->chance)));
	buf_add_char(out, '\n');
	if (program->start != START_TRIGGER)
		return;
	for (uint32_t i = 0; i < program->n_triggers; i++) {
		const struct predicate *predicate = &ruleset->predicates.p[ruleset->trigger_ids.p[program->trigger + i]];
		buf_puts(out, "    ");
		predicate_words(telling, predicate);
		buf_puts(out, "    # ");
		say_note(telling, &NOTE("asked by {} condition{s}", arena_printf(&scratch, "%u", predicate->uses)));
		buf_add_char(out, '\n');
	}
}

void ruleset_explain(const struct ruleset *ruleset, const struct sigma_rule *rule, enum lang lang, struct buf *out)
{
	const struct telling telling = { ruleset, lang, out };
	bool any = false;
	ARENA(scratch);
	for (size_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		if (program->rule != rule)
			continue;
		buf_puts(out, any ? "\n" : "");
		say_note(&telling, &NOTE("Condition {}, for these log sources:", arena_printf(&scratch, "%u", (unsigned)program->condition + 1)));
		buf_add_char(out, '\n');
		for (size_t k = 0; k < program->sources.n; k++)
			source_words(&telling, &ruleset->sources.p[program->sources.p[k]]);
		start_words(&telling, program);
		buf_puts(out, "  ");
		say(&telling, "it matches when:");
		buf_add_char(out, '\n');
		node_words(&telling, program->root, 0);
		any = true;
	}
	if (!any) {
		say(&telling, "no known log source is of the kind the rule asks for");
		buf_add_char(out, '\n');
	}
}
