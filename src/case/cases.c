/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/cases.h"

#include <stdio.h>

#include "case/evidence.h"
#include "case/finding.h"
#include "case/incident.h"
#include "case/notice.h"

enum { TREE_DEPTH = 16 };

static int load_kinds(struct arena *arena, const struct content *content, const struct profile *law, struct cases *out, struct err *err)
{
	struct strings names;
	int r = profile_names(arena, content, PROFILE_OFFICE, &names, err);
	for (size_t i = 0; r == 0 && i < names.n && out->n_kinds < COUNT(out->kinds); i++) {
		struct office_kind *kind = &out->kinds[out->n_kinds];
		struct profile office = { 0 };
		if (names.p[i].n >= sizeof(kind->name))
			return err_set(err, -EINVAL, "the name '%.*s' of a kind of office is too long", STR_ARG(names.p[i]));
		r = profile_load(arena, content, names.p[i], PROFILE_OFFICE, &office, err);
		memcpy(kind->name, names.p[i].p, names.p[i].n);
		kind->rectify = profile_rectify(law, &office);
		kind->rectify.node = NULL; /* lives in the arena */
		out->n_kinds++;
	}
	return r;
}

int cases_init(const struct content *content, const struct laws *laws, struct str profile, struct str regime, enum lang lang, struct cases *out,
               struct err *err)
{
	ARENA(arena);
	struct profile law = { 0 };
	bool vietnam = regime.n ? str_starts(regime, "vn-") : lang == LANG_VI;
	*out = (struct cases){ .laws = laws, .lang = lang, .jurisdiction = vietnam ? STR("VN") : STR("CN") };
	int r = regime.n ? profile_load(&arena, content, regime, PROFILE_REGIME, &law, err) : 0;
	snprintf(out->clauses, sizeof(out->clauses), "%.*s", STR_ARG(law.clauses));
	r = r < 0 ? r : load_kinds(&arena, content, &law, out, err);
	return r < 0 || !profile.n ? r : cases_set_kind(out, profile, err);
}

/* ---- the kind of office ---- */

struct str cases_kind(const struct cases *cases)
{
	return cases->n_kinds ? str_from(cases->kinds[cases->kind].name) : STR("");
}

const struct rectify *cases_rectify(const struct cases *cases)
{
	return &cases->kinds[cases->kind].rectify;
}

static int kind_find(const struct cases *cases, struct str name, size_t *at, struct err *err)
{
	for (*at = 0; *at < cases->n_kinds; ++*at)
		if (str_is(name, cases->kinds[*at].name))
			return 0;
	return err_set(err, -ENOENT, "there is no kind of office '%.*s'", (int)MIN(name.n, (size_t)64), name.p);
}

int cases_set_kind(struct cases *cases, struct str name, struct err *err)
{
	size_t at;
	int r = kind_find(cases, name, &at, err);
	if (r == 0)
		cases->kind = at;
	return r;
}

int cases_kept_kind(struct arena *arena, struct db *db, struct str *out, struct err *err)
{
	DB_QUERY(query);
	*out = STR_NONE;
	int r = db_query(&query, db, "SELECT value FROM ward_setting WHERE name = 'profile'", err);
	if (r == 0 && (r = db_step(&query, err)) > 0)
		*out = arena_str(arena, db_text(&query, 0));
	return r < 0 ? r : 0;
}

static struct str kind_json(struct arena *arena, struct str name)
{
	BUF(out);
	json_open_map(&out, NULL);
	json_put_or_null(&out, "profile", name);
	buf_add_char(&out, '}');
	return arena_str(arena, buf_str(&out));
}

int cases_keep_kind(struct write *write, const struct cases *cases, struct str name, struct str reason, struct err *err)
{
	size_t at;
	struct str before;
	DB_QUERY(query);
	int r = kind_find(cases, name, &at, err);
	r = r < 0 ? r : cases_kept_kind(write->arena, write->db, &before, err);
	if (r == 0)
		r = db_query(&query, write->db, "INSERT INTO ward_setting (name, value) VALUES ('profile', ?)"
		             " ON CONFLICT (name) DO UPDATE SET value = excluded.value", err);
	if (r < 0)
		return r;
	db_bind_text(&query, name);
	r = db_do(&query, err);
	const struct change change = { .kind = STR("setting"), .action = STR("edit"), .before = kind_json(write->arena, before),
		                       .after = kind_json(write->arena, name), .reason = reason };
	return r < 0 ? r : write_journal(write, &change, NULL, err);
}

/* ---- the others ---- */

void cases_hooks(const struct cases *cases, struct register_hook out[CASE_HOOKS])
{
	out[0] = (struct register_hook){ "finding", finding_hook, (void *)cases };
	out[1] = (struct register_hook){ "incident", incident_hook, (void *)cases };
	out[2] = (struct register_hook){ "notice", notice_hook, (void *)cases };
	out[3] = (struct register_hook){ "task", incident_task_hook, (void *)cases };
}

int cases_migrate(struct records *records, struct err *err)
{
	/* One list: a list is refused when its hundred holds a higher number already. */
	struct migration all[32] = { 0 };
	size_t n = 0;
	for (const struct migration *list = case_migrations; list->number && n < COUNT(all) - 1; list++)
		all[n++] = *list;
	for (const struct migration *list = evidence_migrations; list->number && n < COUNT(all) - 1; list++)
		all[n++] = *list;
	return records_migrate(records, all, err);
}

struct write cases_own(const struct write *write, const struct actor *ward)
{
	struct write own = *write;
	own.actor = ward;
	return own;
}

int cases_row(struct case_facts *facts, struct db *db, const char *sql, const char *prefix, int64_t id, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	r = db_step(&query, err);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < db_width(&query); i++) {
		struct cell cell = db_cell(&query, i);
		if (cell_is_text(cell))
			cell = cell_text(arena_str(facts->arena, cell_str(cell)));
		case_facts_put(facts, arena_printf(facts->arena, "%s%s", prefix, db_name(&query, i)), cell);
	}
	return 1;
}

const struct doc *cases_values(struct arena *arena, const struct buf *json)
{
	static const struct doc nothing = { .type = DOC_NULL };
	struct source source = { .name = "values", .text = arena_str(arena, buf_str(json)) };
	const struct doc *doc;
	return json_parse(arena, &source, &doc, NULL) == 0 ? doc : &nothing;
}

const struct register_ *cases_register(const struct cases *cases, const char *name)
{
	return registers_find(cases->books->registers, str_from(name));
}

static int one_int(struct db *db, const char *sql, int64_t id, int64_t *out, struct err *err)
{
	DB_QUERY(query);
	*out = 0;
	int r = db_query(&query, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	r = db_step(&query, err);
	if (r > 0)
		*out = db_int_or(&query, 0, 0);
	return r < 0 ? r : 0;
}

int cases_name(struct arena *arena, struct db *db, const char *sql, int64_t id, struct str *out, struct err *err)
{
	DB_QUERY(query);
	*out = STR("");
	if (!id)
		return 0;
	int r = db_query(&query, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	r = db_step(&query, err);
	if (r > 0 && db_text(&query, 0).p)
		*out = arena_str(arena, db_text(&query, 0));
	return r < 0 ? r : 0;
}

int cases_parent(struct db *db, int64_t org, int64_t *parent, struct err *err)
{
	return one_int(db, "SELECT parent FROM org WHERE id = ?", org, parent, err);
}

int cases_root(struct db *db, int64_t *root, struct err *err)
{
	/* As the first login said; before it, and in installations without one, the oldest that has none above. */
	int r = db_one_int(db, "SELECT CAST(value AS BIGINT) FROM ward_setting WHERE name = 'root_org'", 0, root, err);
	return r < 0 || *root ? r : db_one_int(db, "SELECT min(id) FROM org WHERE parent IS NULL AND withdrawn IS NULL", 0, root, err);
}

/* What an organisation says of where it is; STR_NONE: nothing. */
static struct str country_of(const struct case_facts *facts)
{
	struct str country = cell_str(case_facts_get(facts, STR("country")));
	struct str zone = cell_str(case_facts_get(facts, STR("timezone")));
	if (country.n)
		return country;
	if (str_is(zone, "Asia/Ho_Chi_Minh") || str_is(zone, "Asia/Saigon") || str_is(zone, "Asia/Bangkok"))
		return STR("VN");
	if (str_is(zone, "Asia/Shanghai") || str_is(zone, "Asia/Urumqi") || str_is(zone, "Asia/Chongqing"))
		return STR("CN");
	return STR_NONE;
}

int cases_jurisdiction(struct arena *arena, struct db *db, const struct cases *cases, int64_t org, struct str *out, struct err *err)
{
	*out = cases->jurisdiction;
	for (int depth = 0; org && depth < TREE_DEPTH; depth++) {
		struct case_facts facts;
		case_facts_init(&facts, arena);
		int r = cases_row(&facts, db, "SELECT * FROM org WHERE id = ?", "", org, err);
		if (r < 0)
			return r;
		struct str country = country_of(&facts);
		if (country.n) {
			*out = country;
			return 0;
		}
		org = cell_int_or(case_facts_get(&facts, STR("parent")), 0);
	}
	return 0;
}

int cases_visible(struct db *db, const struct actor *actor, int64_t org, struct err *err)
{
	bool sees;
	int r = record_sees(db, actor, org, &sees, err);
	if (r < 0)
		return r;
	return sees ? 0 : err_set(err, -ENOENT, "there is no such record");
}
