/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What is doubtful in what a rule says about itself. Nothing here keeps a rule from being loaded.
 */
#include "data/schema.h"
#include "detect/sigma_reader.h"

enum { TITLE_LONGEST = 256 };

static const char *const keys[] = {
	"title", "id", "name", "related", "taxonomy", "status", "description", "license", "references", "author", "date",
	"modified", "logsource", "detection", "correlation", "filter", "fields", "falsepositives", "level", "tags", "scope",
	"generate", "ward", "simulation", "regression_tests_path",
};
static const char *const logsource_keys[] = { "product", "category", "service", "definition" };

/* Other keys are allowed; one that is nearly a known one is a slip. */
static void keys_check(struct sigma_reader *reader, const struct doc *map, const char *const *known, size_t n)
{
	for (size_t i = 0; map && map->type == DOC_MAP && i < map->n; i++) {
		struct str key = doc_string(doc_key(map, i));
		bool same = false;
		for (size_t k = 0; k < n; k++)
			same |= str_is(key, known[k]);
		const char *meant = same ? NULL : schema_suggest(key, known, n);
		if (meant && str_distance(key, str_from(meant)) <= 2)
			sigma_warn(reader, doc_key(map, i), 0,
			           NOTE("there is no key '{}'; did you mean '{}'?", key, str_from(meant)));
	}
}

static bool is_uuid(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? c != '-' : !((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f')))
			return false;
	}
	return text.n == 36;
}

/* 2026-11-03, or the older 2026/11/03. */
static bool is_date(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (i == 4 || i == 7 ? c != '-' && c != '/' : c < '0' || c > '9')
			return false;
	}
	return text.n == 10 && str_int_or(str_slice(text, 5, 7), 0) >= 1 && str_int_or(str_slice(text, 5, 7), 0) <= 12 &&
	       str_int_or(str_slice(text, 8, 10), 0) >= 1 && str_int_or(str_slice(text, 8, 10), 0) <= 31;
}

static bool is_tag(struct str text)
{
	ptrdiff_t dot = str_find_char(text, '.');
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
			return false;
	}
	return dot > 0 && (size_t)dot + 1 < text.n;
}

static void tags_check(struct sigma_reader *reader, const struct doc *doc, const struct sigma_rule *rule)
{
	const struct doc *list = doc_get(doc, STR("tags"));
	for (size_t i = 0; i < rule->tags.n; i++)
		if (!is_tag(rule->tags.p[i]))
			sigma_warn(reader, list->type == DOC_ARRAY && i < list->n ? &list->items[i] : list, 0,
			           NOTE("the tag '{}' should be small letters with a name before a dot, such as attack.t1059",
			                rule->tags.p[i]));
}

static void date_check(struct sigma_reader *reader, const struct doc *doc, const char *key, struct str date)
{
	if (date.p && !is_date(date))
		sigma_warn(reader, doc_get(doc, str_from(key)), 0, NOTE("'{}' is no date; write it as 2026-11-03", date));
}

static void case_check(struct sigma_reader *reader, const struct doc *logsource)
{
	for (size_t i = 0; logsource && logsource->type == DOC_MAP && i < logsource->n; i++) {
		struct str text = doc_string(doc_value(logsource, i));
		bool capital = false;
		for (size_t k = 0; k < text.n; k++)
			capital |= (text.p[k] >= 'A' && text.p[k] <= 'Z') || text.p[k] == ' ';
		if (capital && !str_is(doc_string(doc_key(logsource, i)), "definition"))
			sigma_warn(reader, doc_value(logsource, i), 0,
			           NOTE("a log source is written in small letters and without blanks: '{}'", text));
	}
}

void sigma_lint_rule(struct sigma_reader *reader, const struct doc *doc, const struct sigma_rule *rule)
{
	const struct doc *logsource = doc_get(doc, STR("logsource")), *detection = doc_get(doc, STR("detection"));
	if (!reader->options->lint)
		return;
	keys_check(reader, doc, keys, COUNT(keys));
	keys_check(reader, logsource, logsource_keys, COUNT(logsource_keys));
	case_check(reader, logsource);
	if (!doc_get(doc, STR("title")))
		sigma_warn(reader, doc, 0, NOTE("a rule needs a title"));
	if (rule->title.n > TITLE_LONGEST)
		sigma_warn(reader, doc_get(doc, STR("title")), 0, NOTE("the title is longer than 256 characters"));
	if (rule->id.n && !is_uuid(rule->id))
		sigma_warn(reader, doc_get(doc, STR("id")), 0, NOTE("the id '{}' is no UUID", rule->id));
	const struct doc *taxonomy = doc_get(doc, STR("taxonomy"));
	if (taxonomy && !str_is(doc_string(taxonomy), "sigma") && !reader->pipelines)
		sigma_warn(reader, taxonomy, 0,
		           NOTE("the names are those of the taxonomy '{}'; a pipeline must turn them into Sigma's", doc_string(taxonomy)));
	date_check(reader, doc, "date", rule->date);
	date_check(reader, doc, "modified", rule->modified);
	tags_check(reader, doc, rule);
	if (detection && detection->type == DOC_MAP)
		for (size_t i = 0; i < detection->n; i++)
			if (str_is(doc_string(doc_key(detection, i)), "timeframe"))
				sigma_warn(reader, doc_key(detection, i), 0,
				           NOTE("'timeframe' belongs to an old Sigma and does nothing; write a correlation rule"));
}
