/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/report_draft.h"

#include "base/clock.h"
#include "data/template.h"
#include "data/yaml.h"
#include "register/date.h"

enum shown_as { AS_TEXT, AS_MOMENT, AS_PERSON, AS_SYSTEM, AS_CATEGORY, AS_GRADE, AS_TIMELINE, AS_EVIDENCE, AS_FINDINGS };
static const char *const as_names[] = { "text", "moment", "person", "system", "category", "grade", "timeline", "evidence", "findings", NULL };

struct report_item {
	struct text label;
	struct str fact;
	int as;
	struct schema_list when;
};
struct report_section {
	struct text title;
	struct schema_list items;
};
struct outline {
	struct str jurisdiction, basis;
	int stage;
	struct text title;
	struct schema_list sections;
};

static const struct schema_field item_fields[] = {
	{ "label", SCHEMA_TEXT, offsetof(struct report_item, label), .required = true },
	{ "fact", SCHEMA_STRING, offsetof(struct report_item, fact), .required = true },
	{ "as", SCHEMA_ENUM, offsetof(struct report_item, as), .required = true, .names = as_names },
	{ "when", SCHEMA_LIST, offsetof(struct report_item, when), .sub = &condition_schema },
	{ 0 },
};
static const struct schema item_schema = { "an item", item_fields, sizeof(struct report_item), 0 };
static const struct schema_field section_fields[] = {
	{ "title", SCHEMA_TEXT, offsetof(struct report_section, title), .required = true },
	{ "items", SCHEMA_LIST, offsetof(struct report_section, items), .required = true, .sub = &item_schema },
	{ 0 },
};
static const struct schema section_schema = { "a section", section_fields, sizeof(struct report_section), 0 };
static const struct schema_field outline_fields[] = {
	{ "jurisdiction", SCHEMA_STRING, offsetof(struct outline, jurisdiction), .required = true },
	{ "stage", SCHEMA_ENUM, offsetof(struct outline, stage), .required = true, .names = report_stage_names },
	{ "title", SCHEMA_TEXT, offsetof(struct outline, title), .required = true },
	{ "basis", SCHEMA_STRING, offsetof(struct outline, basis), .required = true },
	{ "sections", SCHEMA_LIST, offsetof(struct outline, sections), .required = true, .sub = &section_schema },
	{ 0 },
};
static const struct schema outline_schema = { "a report", outline_fields, sizeof(struct outline), 0 };

struct draft {
	struct arena *arena;
	struct db *db;
	const struct cases *cases;
	enum lang lang;
	int64_t id;
	struct case_facts facts;
	const struct grading *grading; /* NULL: none where it is */
	struct buf model;
	size_t gaps;
};

static void draft_done(struct draft *draft)
{
	buf_done(&draft->model);
}

static struct str moment(struct draft *draft, int64_t seconds)
{
	struct str text = str_slice(clock_format_local(draft->arena, seconds), 0, 16);
	if (draft->lang != LANG_VI || text.n < 16)
		return text;
	return arena_printf(draft->arena, "%.2s/%.2s/%.4s%.6s", text.p + 8, text.p + 5, text.p, text.p + 10);
}

static int outline_find(struct draft *draft, const struct content *content, struct str where, enum report_stage stage, struct outline *out,
                        struct err *err)
{
	struct source *source = ARENA_NEW(draft->arena, struct source);
	const struct doc *doc;
	struct schema_list list = { 0 };
	*out = (struct outline){ 0 };
	int r = content_read(draft->arena, content, "reports/incident.yaml", source, err);
	if (r == 0)
		r = yaml_parse(draft->arena, source, &doc, err);
	if (r == 0)
		r = schema_decode_list(draft->arena, source, doc, &outline_schema, &list, err);
	const struct outline *outlines = list.p;
	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (str_eq(outlines[i].jurisdiction, where) && outlines[i].stage == (int)stage) {
			*out = outlines[i];
			return 0;
		}
	return r < 0 ? r : err_set(err, -ENOENT, "there is no such report");
}

static struct str plain(struct draft *draft, struct cell cell)
{
	BUF(out);
	cell_add_plain(&out, cell);
	return arena_str(draft->arena, buf_str(&out));
}

/* As the grading that holds here calls it; by its number where there is none. */
static struct str grade_words(const struct draft *draft, struct str grade)
{
	const struct law_choice *choice = draft->grading ? draft->grading->grades.p : NULL;
	for (size_t i = 0; draft->grading && i < draft->grading->grades.n; i++)
		if (str_eq(choice[i].name, grade))
			return choice[i].label.in[draft->lang];
	return grade.p ? grade : STR("");
}

static int item_value(struct draft *draft, const struct report_item *item, struct str *out, struct err *err)
{
	struct cell fact = case_facts_get(&draft->facts, item->fact);
	const struct text *label;
	*out = STR("");
	switch (item->as) {
	case AS_MOMENT:
		if (cell_is_int(fact))
			*out = moment(draft, fact.i);
		return 0;
	case AS_PERSON:
		return cases_name(draft->arena, draft->db, "SELECT name FROM person WHERE id = ?", cell_int_or(fact, 0), out, err);
	case AS_SYSTEM:
		return cases_name(draft->arena, draft->db, "SELECT name FROM system WHERE id = ?", cell_int_or(fact, 0), out, err);
	case AS_CATEGORY:
		label = laws_category(draft->cases->laws, cell_str(fact));
		*out = label ? label->in[draft->lang] : plain(draft, fact);
		return 0;
	case AS_GRADE:
		*out = grade_words(draft, cell_str(fact));
		return 0;
	default:
		*out = plain(draft, fact);
		return 0;
	}
}

/* Rows of two columns and perhaps a digest. */
static int rows_put(struct draft *draft, const char *sql, struct str text_key, bool first_is_moment, size_t *n, struct err *err)
{
	struct buf *out = &draft->model;
	DB_QUERY(query);
	int r = db_query(&query, draft->db, sql, err);
	if (r < 0)
		return r;
	if (text_key.p)
		db_bind_text(&query, text_key);
	else
		db_bind_int(&query, draft->id);
	json_open_list(out, "rows");
	while ((r = db_step(&query, err)) > 0) {
		json_open_map(out, NULL);
		json_put(out, "a", first_is_moment ? moment(draft, db_int(&query, 0)) : plain(draft, db_cell(&query, 0)));
		json_put(out, "b", tr_str(draft->lang, arena_str(draft->arena, db_text(&query, 1))));
		struct str hash = db_width(&query) > 2 ? db_text(&query, 2) : STR("");
		json_put(out, "hash", hash.p ? hash : STR(""));
		buf_add_char(out, '}');
		++*n;
	}
	buf_add_char(out, ']');
	return r;
}

static int item_rows(struct draft *draft, const struct report_item *item, size_t *n, struct err *err)
{
	struct str origin = arena_printf(draft->arena, "incident/%lld", (long long)draft->id);
	if (item->as == AS_TIMELINE)
		return rows_put(draft, "SELECT at, what FROM ward_timeline WHERE incident = ? AND kind <> 'state' ORDER BY at, id LIMIT 1000", STR_NONE, true, n, err);
	if (item->as == AS_EVIDENCE)
		return rows_put(draft, "SELECT kind, title, sha256 FROM ward_incident_evidence WHERE incident = ? ORDER BY id LIMIT 1000", STR_NONE, false, n,
		                err);
	return rows_put(draft, "SELECT number, title FROM finding WHERE origin = ? AND withdrawn IS NULL ORDER BY id LIMIT 1000", origin, false, n, err);
}

static int item_put(struct draft *draft, const struct report_item *item, struct err *err)
{
	struct buf *out = &draft->model;
	bool lines = item->as >= AS_TIMELINE;
	struct str value = STR("");
	size_t n = 0;
	int r = 0;
	json_open_map(out, NULL);
	json_put(out, "label", item->label.in[draft->lang]);
	if (lines)
		r = item_rows(draft, item, &n, err);
	else
		r = item_value(draft, item, &value, err);
	if (!lines)
		buf_puts(out, ",\"rows\":[]");
	bool gap = !n && !value.n;
	json_put(out, "value", value);
	json_put_flag(out, "has_rows", n > 0);
	json_put_flag(out, "gap", gap);
	draft->gaps += gap;
	buf_add_char(out, '}');
	return r;
}

static int sections_put(struct draft *draft, const struct outline *outline, struct err *err)
{
	const struct report_section *section = outline->sections.p;
	int r = 0;
	json_open_list(&draft->model, "sections");
	for (size_t i = 0; r == 0 && i < outline->sections.n; i++) {
		const struct report_item *item = section[i].items.p;
		json_open_map(&draft->model, NULL);
		json_put(&draft->model, "title", section[i].title.in[draft->lang]);
		json_open_list(&draft->model, "items");
		for (size_t j = 0; r == 0 && j < section[i].items.n; j++)
			if (conditions_hold(&item[j].when, &draft->facts) == HOLDS_YES)
				r = item_put(draft, &item[j], err);
		buf_puts(&draft->model, "]}");
	}
	buf_add_char(&draft->model, ']');
	return r;
}

static struct str state_words(enum lang lang, struct str state)
{
	static const struct {
		const char *state, *english;
	} words[] = {
		{ "running", TR("clock is running") }, { "met", TR("met in time") },       { "late", TR("sent late") },
		{ "missed", TR("missed the limit") },  { "void", TR("does not apply") },
	};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(state, words[i].state))
			return tr(lang, words[i].english);
	return state;
}

static int clocks_put(struct draft *draft, struct err *err)
{
	struct buf *out = &draft->model;
	struct clock_rows rows;
	int r = clocks_of(draft->arena, draft->db, draft->id, &rows, err);
	if (r < 0)
		return r;
	json_open_list(out, "clocks");
	for (size_t i = 0; i < rows.n; i++) {
		const struct clock_rule *rule = laws_clock(draft->cases->laws, rows.p[i].rule);
		if (!rule || str_is(rows.p[i].state, "void"))
			continue;
		json_open_map(out, NULL);
		json_put(out, "title", rule->title.in[draft->lang]);
		json_put(out, "state", rows.p[i].state);
		json_put(out, "state_words", state_words(draft->lang, rows.p[i].state));
		json_put(out, "due_label", rows.p[i].due ? tr(draft->lang, "due at") : tr(draft->lang, "at once"));
		json_put(out, "due", rows.p[i].due ? moment(draft, rows.p[i].due) : STR(""));
		json_put(out, "sent", rows.p[i].sent ? moment(draft, rows.p[i].sent) : STR(""));
		json_put(out, "receipt", rows.p[i].receipt.p ? rows.p[i].receipt : STR(""));
		json_put(out, "basis", rule->basis);
		json_put_flag(out, "verified", rule->verified);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return 0;
}

static int head_put(struct draft *draft, const struct outline *outline, int64_t now, struct err *err)
{
	struct buf *out = &draft->model;
	struct str above, today = date_text(draft->arena, date_of(now));
	struct cell t0 = case_facts_get(&draft->facts, STR("t0"));
	int r = cases_name(draft->arena, draft->db, "SELECT name FROM org WHERE id = ?", cell_int_or(case_facts_get(&draft->facts, STR("org_parent")), 0), &above, err);
	json_put(out, "lang", str_from(lang_names[draft->lang]));
	json_put(out, "ward", STR(WARD_VERSION));
	json_put_flag(out, "vietnamese", draft->lang == LANG_VI);
	json_put(out, "title", outline->title.in[draft->lang]);
	json_put(out, "basis", outline->basis);
	json_put(out, "number", plain(draft, case_facts_get(&draft->facts, STR("number"))));
	json_put(out, "org", plain(draft, case_facts_get(&draft->facts, STR("org_name"))));
	json_put(out, "parent_org", above);
	json_put(out, "year", str_slice(today, 0, 4));
	json_put(out, "month", str_slice(today, 5, 7));
	json_put(out, "day", str_slice(today, 8, 10));
	json_put(out, "drafted", moment(draft, now));
	json_put(out, "t0", cell_is_int(t0) ? moment(draft, t0.i) : STR(""));
	return r;
}

int report_draft(struct arena *arena, struct db *db, const struct cases *cases, const struct content *content, int64_t id, enum report_stage stage,
                 enum lang lang, int64_t now, struct buf *out, size_t *gaps, struct err *err)
{
	CLEANUP(draft_done) struct draft draft = { .arena = arena, .db = db, .cases = cases, .lang = lang, .id = id };
	struct outline outline = { 0 };
	struct source page;
	struct str where;
	int64_t org;
	int r = incident_facts(arena, db, cases, id, &draft.facts, &org, err);
	if (r == 0)
		r = cases_row(&draft.facts, db, "SELECT * FROM system WHERE id = ?", "system_", cell_int_or(case_facts_get(&draft.facts, STR("system")), 0),
		              err);
	if (r >= 0)
		r = cases_jurisdiction(arena, db, cases, org, &where, err);
	if (r == 0)
		r = incident_grading(arena, db, cases, &draft.facts, org, &draft.grading, err);
	if (r == 0)
		r = outline_find(&draft, content, where, stage, &outline, err);
	if (r < 0)
		return r;
	json_open_map(&draft.model, NULL);
	r = head_put(&draft, &outline, now, err);
	if (r == 0)
		r = clocks_put(&draft, err);
	if (r == 0)
		r = sections_put(&draft, &outline, err);
	if (r < 0)
		return r;
	buf_add_char(&draft.model, '}');
	r = content_read(arena, content, "reports/incident.html", &page, err);
	if (r == 0)
		r = template_render(out, &page, cases_values(arena, &draft.model), lang, err);
	if (gaps)
		*gaps = draft.gaps;
	return r;
}
