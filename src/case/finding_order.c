/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The repair order: a finding as the values that content/reports/order.html is filled in with.
 */
#include "base/clock.h"
#include "case/finding.h"
#include "data/template.h"
#include "register/date.h"
#include "register/said.h"

struct order {
	struct arena *arena;
	struct db *db;
	enum lang lang;
	const struct said *said;
	const struct case_facts *facts;
	struct buf model;
};

static void order_done(struct order *order)
{
	buf_done(&order->model);
}

static struct str text_of(const struct order *order, const char *name)
{
	struct str text = cell_str(case_facts_get(order->facts, str_from(name)));
	return text.p ? text : STR("");
}

static int64_t int_of(const struct order *order, const char *name)
{
	return cell_int_or(case_facts_get(order->facts, str_from(name)), 0);
}

static int put_name(struct order *order, const char *name, const char *sql, int64_t id, struct err *err)
{
	struct str text;
	int r = cases_name(order->arena, order->db, sql, id, &text, err);
	json_put(&order->model, name, text);
	return r;
}

/* {year, month, day}, or "" which a template takes for nothing. */
static void put_day(struct order *order, const char *name, struct str date)
{
	int64_t day;
	if (!date_read(date, &day)) {
		json_put(&order->model, name, STR(""));
		return;
	}
	json_open_map(&order->model, name);
	json_put(&order->model, "year", str_slice(date, 0, 4));
	json_put(&order->model, "month", str_slice(date, 5, 7));
	json_put(&order->model, "day", str_slice(date, 8, 10));
	buf_add_char(&order->model, '}');
}

static void put_moment(struct order *order, const char *name, int64_t seconds)
{
	struct str text = seconds ? clock_format_local(order->arena, seconds) : STR("");
	json_put(&order->model, name, text.n > 16 ? str_slice(text, 0, 16) : text);
}

/* Where it was found, in words of the page's language. */
static struct str source_words(const struct order *order)
{
	static const struct {
		const char *name, *english;
	} words[] = {
		{ "check", TR("an inspection of the host") },     { "management", TR("a check of the registers") },
		{ "rule", TR("a detection in the logs") },        { "self_inspection", TR("a self-inspection") },
		{ "notice", TR("a notice") },                     { "drill", TR("a drill") },
		{ "incident", TR("an incident") },                { "manual", TR("an inspection by people") },
	};
	struct str source = text_of(order, "source");
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(source, words[i].name))
			return tr(order->lang, words[i].english);
	return source;
}

/* What who issued it demands, else what the check that found it advises. */
static struct str demand_of(const struct order *order, const struct checks *const checks[2])
{
	struct str demand = text_of(order, "demand");
	for (int i = 0; i < 2 && !demand.n; i++) {
		const struct check *check = checks[i] ? checks_find(checks[i], text_of(order, "check_id")) : NULL;
		if (check)
			demand = check->remedy.in[order->lang];
	}
	return demand;
}

static int put_row(struct order *order, struct err *err)
{
	struct buf *out = &order->model;
	struct str host;
	int r = cases_name(order->arena, order->db, "SELECT name FROM ward_host WHERE id = ?", int_of(order, "host"), &host, err);
	if (r < 0)
		return r;
	json_open_list(out, "rows");
	json_open_map(out, NULL);
	json_put_int(out, "n", 1);
	json_put(out, "title", said_in(order->said, order->lang, text_of(order, "title")));
	json_put(out, "fact", text_of(order, "fact"));
	json_put(out, "subject", text_of(order, "subject"));
	json_put(out, "host", host);
	json_put(out, "basis", text_of(order, "basis"));
	json_put(out, "severity", tr_str(order->lang, text_of(order, "severity")));
	json_put(out, "evidence", text_of(order, "evidence_sha256"));
	buf_puts(out, "}]");
	return 0;
}

static int put_people(struct order *order, struct err *err)
{
	static const char *const fields[] = { "responsible", "issuer", "acknowledged_by" };
	for (size_t i = 0; i < COUNT(fields); i++) {
		int r = put_name(order, fields[i], "SELECT name FROM person WHERE id = ?", int_of(order, fields[i]), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Who orders: the organisation of who issued it, else the one above the one that is told, else itself. */
static int put_orgs(struct order *order, struct err *err)
{
	int64_t org = int_of(order, "org"), from = 0, above = 0;
	struct case_facts person;
	case_facts_init(&person, order->arena);
	int r = cases_row(&person, order->db, "SELECT org FROM person WHERE id = ?", "", int_of(order, "issuer"), err);
	if (r == 0)
		r = cases_parent(order->db, org, &from, err);
	if (r < 0)
		return r;
	from = cell_int_or(case_facts_get(&person, STR("org")), from);
	from = from ? from : org;
	r = cases_parent(order->db, from, &above, err);
	if (r == 0)
		r = put_name(order, "org", "SELECT name FROM org WHERE id = ?", org, err);
	if (r == 0)
		r = put_name(order, "issuer_org", "SELECT name FROM org WHERE id = ?", from, err);
	return r < 0 ? r : put_name(order, "parent_org", "SELECT name FROM org WHERE id = ?", above, err);
}

int finding_order(struct arena *arena, struct db *db, const struct cases *cases, const struct content *content,
                  const struct checks *const checks[2], int64_t id, enum lang lang, struct buf *out, struct err *err)
{
	struct case_facts facts;
	struct source page;
	CLEANUP(order_done) struct order order = { .arena = arena, .db = db, .lang = lang, .said = cases->books->said, .facts = &facts };
	case_facts_init(&facts, arena);
	int r = cases_row(&facts, db, "SELECT * FROM finding WHERE id = ? AND withdrawn IS NULL", "", id, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	int64_t issued = int_of(&order, "issued_at");
	json_open_map(&order.model, NULL);
	json_put(&order.model, "lang", str_from(lang_names[lang]));
	json_put(&order.model, "ward", STR(WARD_VERSION));
	json_put(&order.model, "name", tr(lang, "Repair order"));
	json_put_flag(&order.model, "chinese", lang == LANG_ZH);
	json_put_flag(&order.model, "vietnamese", lang == LANG_VI);
	json_put_flag(&order.model, "english", lang == LANG_EN);
	json_put(&order.model, "number", text_of(&order, "number"));
	json_put(&order.model, "basis", text_of(&order, "basis"));
	json_put(&order.model, "source", source_words(&order));
	put_day(&order, "found", int_of(&order, "first_seen") ? date_text(arena, date_of(int_of(&order, "first_seen"))) : STR_NONE);
	put_moment(&order, "acknowledged_at", int_of(&order, "acknowledged_at"));
	put_day(&order, "issued", issued ? date_text(arena, date_of(issued)) : STR_NONE);
	put_day(&order, "due", text_of(&order, "due"));
	json_put(&order.model, "demand", demand_of(&order, checks));
	json_put(&order.model, "department", text_of(&order, "department"));
	r = put_orgs(&order, err);
	if (r == 0)
		r = put_people(&order, err);
	if (r == 0)
		r = put_row(&order, err);
	if (r < 0)
		return r;
	buf_add_char(&order.model, '}');
	r = content_read(arena, content, "reports/order.html", &page, err);
	return r < 0 ? r : template_render(out, &page, cases_values(arena, &order.model), lang, err);
}
