/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/drift.h"

#include "base/map.h"
#include "base/vec.h"
#include "data/json.h"

const char *const drift_names[] = { "new", "fixed", "changed", NULL };

static int value_of(struct str name)
{
	for (int i = 0; verdict_names[i]; i++)
		if (str_is(name, verdict_names[i]))
			return i;
	return -1;
}

/* -1: nothing to tell. */
static int drift_kind(int before, struct str evidence_before, const struct verdict *now)
{
	if (now->value == VERDICT_FAIL && before != VERDICT_FAIL)
		return DRIFT_NEW;
	if (before < 0)
		return -1;
	if (before == VERDICT_FAIL && now->value == VERDICT_PASS)
		return DRIFT_FIXED;
	if (before != (int)now->value)
		return DRIFT_CHANGED;
	if (now->value == VERDICT_FAIL && !str_eq(evidence_before, now->evidence_sha256))
		return DRIFT_CHANGED;
	return -1;
}

int drift_compare(struct arena *arena, struct source *kept, const struct inspection *now, struct drift *out,
                  struct err *err)
{
	const struct doc *doc;
	struct map before = { .arena = arena };
	struct {
		struct drift_item *p;
		size_t n, room;
	} items = { 0 };
	*out = (struct drift){ 0 };
	int r = json_parse(arena, kept, &doc, err);
	if (r < 0)
		return r;
	const struct doc *verdicts = doc_get(doc, STR("verdicts"));
	if (!doc_get(doc, STR("ward")) || !verdicts || verdicts->type != DOC_ARRAY)
		return err_set(err, -EINVAL, "%s: not an inspection kept by 'ward inspect --save'", kept->name);
	struct str host = doc_text(doc, "host");
	if (!str_eq(host, now->host))
		return err_set(err, -EINVAL, "%s: an inspection of host '%.*s', not of '%.*s'", kept->name,
		               STR_ARG(host), STR_ARG(now->host));
	out->since = doc_text(doc, "started");
	for (size_t i = 0; i < verdicts->n; i++) {
		struct str id = doc_text(&verdicts->items[i], "id");
		if (id.p)
			*map_put(&before, id) = (void *)&verdicts->items[i];
	}
	for (size_t i = 0; i < now->n; i++) {
		const struct verdict *verdict = &now->verdicts[i];
		const struct doc *old = map_get(&before, verdict->check->id);
		int was = old ? value_of(doc_text(old, "verdict")) : -1;
		int kind = drift_kind(was, doc_text(old, "evidence_sha256"), verdict);
		if (kind < 0)
			continue;
		vec_push_in(arena, &items, { (enum drift_kind)kind, verdict, was });
		out->counts[kind]++;
	}
	out->p = items.p;
	out->n = items.n;
	return 0;
}
