/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/reference.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/fold.h"
#include "base/utf8.h"

struct view {
	const struct event *event;
	const struct names *names;
	reference_rename *rename;
	void *ctx;
};

/* ---- patterns ---- */

/* Does the text from here on meet the parts from here on? A star tries every length that is left; when another star
 * follows, what the first one left open does not matter any more, so the work is at most parts times text squared. */
static bool parts_match(const struct sigma_part *parts, size_t n, struct str text)
{
	const struct sigma_part *star = NULL, *end = parts + n;
	struct str star_text = STR_NONE;
	for (;;) {
		bool met = false;
		if (parts < end && parts->kind == PART_ANY) {
			star = ++parts;
			star_text = text;
			continue;
		}
		if (parts == end) {
			if (!text.n)
				return true;
		} else if (parts->kind == PART_ONE) {
			met = text.n > 0;
			if (met)
				(void)utf8_next(&text);
		} else {
			met = text.n >= parts->text.n && str_eq(str_slice(text, 0, parts->text.n), parts->text);
			if (met)
				text = str_slice(text, parts->text.n, text.n);
		}
		if (met) {
			parts++;
			continue;
		}
		if (!star || !star_text.n)
			return false;
		(void)utf8_next(&star_text);
		parts = star;
		text = star_text;
	}
}

static bool pattern_match(const struct sigma_item *item, struct str value)
{
	ARENA(arena);
	const struct sigma_pattern *pattern = &item->pattern;
	struct sigma_part *parts = ARENA_ARRAY(&arena, struct sigma_part, pattern->n);
	for (size_t i = 0; i < pattern->n; i++) {
		parts[i] = pattern->p[i];
		if (!item->cased && parts[i].kind == PART_LITERAL)
			parts[i].text = fold_text(&arena, parts[i].text);
	}
	return parts_match(parts, pattern->n, item->cased ? value : fold_text(&arena, value));
}

static bool regex_match(const struct sigma_item *item, struct str value)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	int error;
	size_t where;
	options |= item->flags & SIGMA_FLAG_I ? PCRE2_CASELESS : 0;
	options |= item->flags & SIGMA_FLAG_M ? PCRE2_MULTILINE : 0;
	options |= item->flags & SIGMA_FLAG_S ? PCRE2_DOTALL : 0;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)item->regex.p, item->regex.n, options, &error, &where, NULL);
	if (!code)
		return false;
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int r = data ? pcre2_match(code, (PCRE2_SPTR)(value.p ? value.p : ""), value.n, 0, 0, data, NULL) : -1;
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return r >= 0;
}

static bool number_match(const struct sigma_item *item, struct str value)
{
	double number = 0;
	if (item->part) {
		int64_t part = 0;
		if (!sigma_time_part(value, item->part, &part))
			return false;
		number = (double)part;
	} else if (!sigma_number(value, &number)) {
		return false;
	}
	switch (item->op) {
	case SIGMA_LT:
		return number < item->than;
	case SIGMA_LE:
		return number <= item->than;
	case SIGMA_GT:
		return number > item->than;
	case SIGMA_GE:
		return number >= item->than;
	default:
		return number == item->than;
	}
}

bool reference_value(const struct sigma_item *item, struct str value)
{
	switch (item->op) {
	case SIGMA_PATTERN:
		return pattern_match(item, value);
	case SIGMA_REGEX:
		return regex_match(item, value);
	case SIGMA_CIDR:
		return sigma_cidr_holds(&item->cidr, value);
	case SIGMA_LT:
	case SIGMA_LE:
	case SIGMA_GT:
	case SIGMA_GE:
	case SIGMA_EQ:
		return number_match(item, value);
	default:
		return false;
	}
}

/* ---- fields ---- */

static bool is_named(const struct view *view, const struct event_field *field, struct str name)
{
	return str_eq_nocase(names_text(view->names, field->name), name);
}

static struct str own_name(const struct view *view, struct str field)
{
	return view->rename ? view->rename(view->ctx, field) : field;
}

/* Does this field's value stand so to that of any field called `other`? */
static bool other_match(const struct view *view, const struct sigma_item *item, struct str value)
{
	ARENA(arena);
	struct str other = own_name(view, item->other);
	if (!item->cased)
		value = fold_text(&arena, value);
	for (uint32_t i = 0; i < view->event->n; i++) {
		const struct event_field *field = &view->event->fields[i];
		if (field->kind == VALUE_NULL || !is_named(view, field, other))
			continue;
		struct str text = event_text(&arena, field);
		if (!item->cased)
			text = fold_text(&arena, text);
		if (text.n > value.n)
			continue;
		size_t first = item->how == SIGMA_ENDS ? value.n - text.n : 0;
		size_t last = item->how == SIGMA_CONTAINS || item->how == SIGMA_ENDS ? value.n - text.n : 0;
		for (size_t at = first; at <= last; at++)
			if ((item->how != SIGMA_EQUALS || text.n == value.n) &&
			    str_eq(str_slice(value, at, at + text.n), text))
				return true;
	}
	return false;
}

static bool keyword_match(const struct view *view, const struct sigma_item *item)
{
	ARENA(arena);
	if (!view->event->n)
		return reference_value(item, view->event->raw);
	for (uint32_t i = 0; i < view->event->n; i++)
		if (view->event->fields[i].kind != VALUE_NULL &&
		    reference_value(item, event_text(&arena, &view->event->fields[i])))
			return true;
	return false;
}

static bool item_match(const struct view *view, const struct sigma_item *item)
{
	ARENA(arena);
	if (!item->field.p)
		return keyword_match(view, item);
	struct str name = own_name(view, item->field);
	bool missing = true;
	for (uint32_t i = 0; i < view->event->n; i++) {
		const struct event_field *field = &view->event->fields[i];
		if (!is_named(view, field, name))
			continue;
		missing = false;
		bool null = field->kind == VALUE_NULL;
		struct str text = event_text(&arena, field);
		if (item->op == SIGMA_EXISTS)
			return true;
		if (item->op == SIGMA_NULL ? null :
		    item->op == SIGMA_FIELDREF ? !null && other_match(view, item, text) :
		                                 !null && reference_value(item, text))
			return true;
	}
	return missing && item->op == SIGMA_NULL;
}

static bool node_match(const struct view *view, const struct sigma_node *node)
{
	switch (node->kind) {
	case NODE_TRUE:
		return true;
	case NODE_ITEM:
		return item_match(view, node->item);
	case NODE_NOT:
		return !node_match(view, node->child[0]);
	case NODE_AND:
		for (uint32_t i = 0; i < node->n; i++)
			if (!node_match(view, node->child[i]))
				return false;
		return true;
	case NODE_OR:
		for (uint32_t i = 0; i < node->n; i++)
			if (node_match(view, node->child[i]))
				return true;
		return false;
	default:
		return false;
	}
}

bool reference_match(const struct sigma_node *node, const struct event *event, const struct names *names,
                     reference_rename *rename, void *ctx)
{
	const struct view view = { event, names, rename, ctx };
	return node_match(&view, node);
}
