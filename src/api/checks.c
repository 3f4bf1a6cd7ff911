/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "api/checks.h"

#include "case/grade.h"
#include "check/verdict.h"

void checks_put(struct buf *out, const struct check *check)
{
	json_put(out, "id", check->id);
	json_put(out, "topic", check->topic);
	json_put(out, "severity", str_from(severity_names[check->severity]));
	text_put(out, "title", &check->title);
	json_put_strings(out, "clauses", &check->clauses);
	json_put_strings(out, "requirements", &check->requirements);
}

void checks_put_more(struct buf *out, const struct check *check)
{
	text_put(out, "why", &check->why);
	text_put(out, "remedy", &check->remedy);
	if (check->scope.in[LANG_EN].p)
		text_put(out, "scope", &check->scope);
	json_put_or_null(out, "applies", check->applies);
	json_put(out, "violations", check->violations);
}

struct str checks_reason(struct request *request, struct str json)
{
	struct source source = { .name = "reason", .text = arena_str(request->arena, json) };
	const struct doc *reason;
	if (!json.n || json_parse(request->arena, &source, &reason, NULL) < 0)
		return STR_NONE;
	struct str text = doc_string(doc_get(reason, str_from(lang_names[request->lang])));
	return text.n ? text : STR_NONE;
}
