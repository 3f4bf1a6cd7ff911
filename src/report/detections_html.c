/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Matches as the value tree that content/reports/timeline.html is filled in with.
 */
#include "base/utf8.h"
#include "data/content.h"
#include "data/json.h"
#include "data/template.h"
#include "data/yaml.h"
#include "event/timestamp.h"
#include "report/detections_model.h"

enum {
	BUCKETS_MOST = 96,
	CHART_WIDTH = 960, CHART_HEIGHT = 150,
	ROWS_MOST = 30, /* of hosts and of techniques */
};

struct page {
	struct buf out;
	struct arena arena;
	enum lang lang;
	const struct doc *attack; /* technique -> name; NULL: not known */
};

static void page_done(struct page *page)
{
	buf_done(&page->out);
	arena_done(&page->arena);
}

static void put_text(struct page *page, const char *name, struct str text)
{
	json_put(&page->out, name, utf8_clean(&page->arena, text));
}

static struct str moment(struct page *page, int64_t time)
{
	return time == EVENT_NO_TIME ? STR("") : str_slice(clock_format_local(&page->arena, time / 1000000000), 0, 19);
}

static void put_levels(struct page *page, const struct detections *detections)
{
	json_open_list(&page->out, "levels");
	for (int i = LEVELS - 1; i >= 0; i--) {
		json_open_map(&page->out, NULL);
		json_put(&page->out, "level", str_from(sigma_level_names[i]));
		json_put(&page->out, "words", level_words(page->lang, (enum sigma_level)i));
		json_put_int(&page->out, "n", (int64_t)detections->by_level[i]);
		buf_add_char(&page->out, '}');
	}
	buf_add_char(&page->out, ']');
}

/* ---- the chart: bars of equal time, each stacked by level ---- */

/* A length of time that people count in, so that at most BUCKETS_MOST of them cover the span. */
static int64_t bucket_length(int64_t span)
{
	static const int64_t seconds[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
		                           172800, 604800, 2592000, 7776000, 31536000, 315360000 };
	for (size_t i = 0; i < COUNT(seconds); i++)
		if (span / (seconds[i] * 1000000000) < BUCKETS_MOST - 1)
			return seconds[i] * 1000000000;
	return span / (BUCKETS_MOST - 1) + 1;
}

static int64_t floor_to(int64_t time, int64_t length)
{
	int64_t rest = time % length;
	return time - (rest < 0 ? rest + length : rest);
}

static void put_chart(struct page *page, const struct detections *detections)
{
	struct buf *out = &page->out;
	size_t hits[BUCKETS_MOST][LEVELS] = { 0 }, total[BUCKETS_MOST] = { 0 }, highest = 1, n = 0;
	bool is_timed = detections->first != EVENT_NO_TIME;
	int64_t length = 1, begin = 0;
	json_put_flag(out, "timed", is_timed);
	if (is_timed) {
		length = bucket_length(detections->last - detections->first);
		begin = floor_to(detections->first, length);
		n = (size_t)((detections->last - begin) / length) + 1;
	}
	for (size_t i = 0; i < detections->kept.n && is_timed; i++) {
		const struct kept *kept = &detections->kept.p[i];
		if (kept->time == EVENT_NO_TIME)
			continue;
		size_t at = MIN((size_t)((kept->time - begin) / length), (size_t)BUCKETS_MOST - 1);
		hits[at][kept->rule->level]++;
		total[at]++;
		highest = MAX(highest, total[at]);
	}
	double step = n ? (double)CHART_WIDTH / (double)n : 1;
	json_put_int(out, "chart_width", CHART_WIDTH);
	json_put_int(out, "chart_height", CHART_HEIGHT);
	json_put_int(out, "highest", (int64_t)highest);
	json_open_list(out, "bars");
	for (size_t i = 0; i < n && i < BUCKETS_MOST; i++) {
		double y = CHART_HEIGHT;
		for (int level = LEVELS - 1; level >= 0; level--) {
			if (!hits[i][level])
				continue;
			/* Few beside many would not be seen at all. */
			double height = MAX((double)hits[i][level] * (CHART_HEIGHT - 4) / (double)highest, 2.0);
			y -= height;
			json_open_map(out, NULL);
			json_put(out, "level", str_from(sigma_level_names[level]));
			json_put(out, "words", level_words(page->lang, (enum sigma_level)level));
			json_put_int(out, "n", (int64_t)hits[i][level]);
			json_put(out, "when", moment(page, begin + (int64_t)i * length));
			json_put_real(out, "x", step * (double)i);
			json_put_real(out, "y", MAX(y, 0.0));
			json_put_real(out, "width", MAX(step - 1, 0.5));
			json_put_real(out, "height", height);
			buf_add_char(out, '}');
		}
	}
	buf_add_char(out, ']');
	/* Below the axis, days are enough when a bar is a day or more. */
	const struct {
		const char *name;
		size_t bars;
	} marks[] = { { "chart_first", 0 }, { "chart_middle", n / 2 }, { "chart_last", n } };
	for (size_t i = 0; i < COUNT(marks); i++) {
		struct str at = is_timed ? moment(page, begin + (int64_t)marks[i].bars * length) : STR("");
		json_put(out, marks[i].name, length >= 86400LL * 1000000000 ? str_slice(at, 0, 10) : at);
	}
}

/* ---- by host, technique, tactic ---- */

static struct str technique_name(const struct page *page, struct str id)
{
	struct str name = doc_string(doc_get(page->attack, id));
	return name.p ? name : STR("");
}

static struct str upper(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		out[i] = (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - 32 : text.p[i]);
	return (struct str){ out, text.n };
}

static struct str tactic_words(struct page *page, struct str tactic)
{
	BUF(key);
	buf_puts(&key, "tactic ");
	for (size_t i = 0; i < tactic.n; i++)
		buf_add_char(&key, tactic.p[i] == '_' ? '-' : tactic.p[i]);
	struct str words = tr_str(page->lang, buf_str(&key));
	if (words.p != key.p)
		return words;
	BUF(plain);
	for (size_t i = 0; i < tactic.n; i++)
		buf_add_char(&plain, strchr("_-", tactic.p[i]) ? ' ' : tactic.p[i]);
	return arena_str(&page->arena, buf_str(&plain));
}

enum what { WHAT_HOST, WHAT_TECHNIQUE, WHAT_TACTIC };

static void put_tallies(struct page *page, const char *name, struct tallies *tallies, enum what what)
{
	struct buf *out = &page->out;
	size_t highest = 1;
	tallies_sort(tallies, false);
	json_open_list(out, name);
	for (size_t i = 0; i < tallies->list.n && i < ROWS_MOST; i++) {
		const struct tallied *tallied = tallies->list.p[i];
		highest = MAX(highest, tallied->hits);
		int worst = LEVELS - 1;
		while (worst > 0 && !tallied->by_level[worst])
			worst--;
		json_open_map(out, NULL);
		put_text(page, "name", what == WHAT_HOST        ? tallied->name
		                       : what == WHAT_TECHNIQUE ? upper(&page->arena, tallied->name)
		                                                : tactic_words(page, tallied->name));
		put_text(page, "words", what == WHAT_TECHNIQUE ? technique_name(page, tallied->name) : STR(""));
		json_put(out, "level", str_from(sigma_level_names[worst]));
		json_put_int(out, "n", (int64_t)tallied->hits);
		json_put_real(out, "percent", (double)tallied->hits * 100 / (double)highest);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

/* ---- rules and matches ---- */

static void put_match(struct page *page, const struct kept *kept)
{
	struct buf *out = &page->out;
	json_open_map(out, NULL);
	json_put(out, "time", moment(page, kept->time));
	put_text(page, "host", kept->host);
	json_put(out, "level", str_from(sigma_level_names[kept->rule->level]));
	json_put(out, "words", level_words(page->lang, kept->rule->level));
	put_text(page, "title", rule_title(kept->rule, page->lang));
	json_put(out, "fields", kept->words);
	put_text(page, "place", detection_place(&page->arena, kept->file, kept->line));
	buf_add_char(out, '}');
}

static void put_rules(struct page *page, struct detections *detections)
{
	struct buf *out = &page->out;
	tallies_sort(&detections->rules, true);
	json_open_list(out, "rules");
	for (size_t i = 0; i < detections->rules.list.n; i++) {
		const struct tallied *tallied = detections->rules.list.p[i];
		const struct sigma_rule *rule = tallied->rule;
		struct str about = rule->descriptions.in[page->lang].p ? rule->descriptions.in[page->lang] : rule->description;
		json_open_map(out, NULL);
		json_put(out, "level", str_from(sigma_level_names[rule->level]));
		json_put(out, "words", level_words(page->lang, rule->level));
		put_text(page, "title", rule_title(rule, page->lang));
		put_text(page, "about", about.p ? str_trim(about) : STR(""));
		put_text(page, "id", rule->id);
		json_put_int(out, "n", (int64_t)tallied->hits);
		json_put_int(out, "hosts", (int64_t)tallied->hosts.n);
		json_put(out, "first", moment(page, tallied->first));
		json_put(out, "last", moment(page, tallied->last));
		json_open_list(out, "techniques");
		for (size_t j = 0; j < rule->tags.n; j++) {
			struct str tag = rule->tags.p[j];
			if (!str_starts(tag, "attack.t") || tag.n < 9 || tag.p[8] < '0' || tag.p[8] > '9')
				continue;
			struct str id = str_slice(tag, sizeof("attack.") - 1, tag.n);
			json_open_map(out, NULL);
			put_text(page, "id", upper(&page->arena, id));
			put_text(page, "name", technique_name(page, id));
			buf_add_char(out, '}');
		}
		buf_add_char(out, ']');
		json_open_list(out, "some");
		for (size_t j = 0; j < COUNT(tallied->some) && tallied->some[j]; j++)
			put_match(page, tallied->some[j]);
		buf_puts(out, "]}");
	}
	buf_add_char(out, ']');
}

/* What the page has room for: the worst levels first, then in the order of time. */
static void put_matches(struct page *page, struct detections *detections)
{
	size_t room = DETECTIONS_SHOWN;
	int least = LEVELS;
	detections_sort(detections);
	while (least > 0 && detections->by_level[least - 1] <= room)
		room -= detections->by_level[--least];
	json_open_list(&page->out, "matches");
	size_t shown = 0;
	for (size_t i = 0; i < detections->kept.n; i++) {
		const struct kept *kept = &detections->kept.p[i];
		if ((int)kept->rule->level < least - 1)
			continue;
		if ((int)kept->rule->level == least - 1) {
			if (!room)
				continue;
			room--;
		}
		put_match(page, kept);
		shown++;
	}
	buf_add_char(&page->out, ']');
	json_put_int(&page->out, "shown", (int64_t)shown);
	json_put_int(&page->out, "not_shown", (int64_t)(detections->n - shown));
}

static int load_attack(struct page *page, const struct content *content, struct err *err)
{
	struct source *source = ARENA_NEW(&page->arena, struct source);
	int r = content_read(&page->arena, content, "attack/techniques.yaml", source, NULL);
	return r == -ENOENT ? 0 : r < 0 ? r : yaml_parse(&page->arena, source, &page->attack, err);
}

int detections_html(struct buf *out, struct detections *detections, const struct detections_scope *scope, enum lang lang,
                    const struct content *content, struct err *err)
{
	CLEANUP(page_done) struct page page = { .lang = lang };
	struct source template;
	const struct doc *values;
	int r = load_attack(&page, content, err);
	if (r == 0)
		r = content_read(&page.arena, content, "reports/timeline.html", &template, err);
	if (r < 0)
		return r;
	buf_add_char(&page.out, '{');
	json_put(&page.out, "lang", str_from(lang_names[lang]));
	json_put(&page.out, "ward", STR(WARD_VERSION));
	struct str made = clock_format_local(&page.arena, clock_now());
	json_put(&page.out, "made", made);
	json_put(&page.out, "zone", str_slice(clock_format_local(&page.arena, detections->first == EVENT_NO_TIME ? clock_now() : detections->first / 1000000000), 20, made.n));
	json_put_int(&page.out, "events", (int64_t)scope->events);
	json_put_int(&page.out, "files", (int64_t)scope->files);
	json_put_int(&page.out, "rules_judged", (int64_t)scope->rules);
	json_put_int(&page.out, "flawed", (int64_t)scope->flawed);
	json_put_int(&page.out, "total", (int64_t)detections->n);
	json_put_int(&page.out, "rules_matched", (int64_t)detections->rules.list.n);
	json_put_int(&page.out, "hosts_matched", (int64_t)detections->hosts.list.n);
	json_put(&page.out, "first", moment(&page, detections->first));
	json_put(&page.out, "last", moment(&page, detections->last));
	put_levels(&page, detections);
	put_chart(&page, detections);
	put_tallies(&page, "hosts", &detections->hosts, WHAT_HOST);
	put_tallies(&page, "techniques", &detections->techniques, WHAT_TECHNIQUE);
	put_tallies(&page, "tactics", &detections->tactics, WHAT_TACTIC);
	put_rules(&page, detections);
	put_matches(&page, detections);
	buf_add_char(&page.out, '}');
	struct source model = { .name = "timeline", .text = buf_str(&page.out) };
	r = json_parse(&page.arena, &model, &values, err);
	return r < 0 ? r : template_render(out, &template, values, lang, err);
}
