/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/detections.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "event/timestamp.h"
#include "data/cell.h"
#include "report/detections_model.h"

enum { KEPT_FIELD = 300 /* columns of one value */ };

struct detections *detections_new(void)
{
	struct detections *detections = mem_alloc(sizeof(*detections));
	detections->first = detections->last = EVENT_NO_TIME;
	struct map *maps[] = { &detections->rules.by_name, &detections->hosts.by_name, &detections->techniques.by_name,
		               &detections->tactics.by_name, &detections->files };
	for (size_t i = 0; i < COUNT(maps); i++)
		maps[i]->arena = &detections->arena;
	return detections;
}

void detections_free(struct detections *detections)
{
	if (!detections)
		return;
	struct tallies *all[] = { &detections->rules, &detections->hosts, &detections->techniques, &detections->tactics };
	for (size_t i = 0; i < COUNT(all); i++)
		vec_done(&all[i]->list);
	vec_done(&detections->kept);
	arena_done(&detections->arena);
	free(detections);
}

static void span(int64_t *first, int64_t *last, int64_t time)
{
	if (time == EVENT_NO_TIME)
		return;
	if (*first == EVENT_NO_TIME || time < *first)
		*first = time;
	if (*last == EVENT_NO_TIME || time > *last)
		*last = time;
}

static struct tallied *count(struct detections *detections, struct tallies *tallies, struct str name,
                             const struct detection *detection)
{
	struct tallied *tallied = map_get(&tallies->by_name, name);
	if (!tallied) {
		tallied = ARENA_NEW(&detections->arena, struct tallied);
		tallied->name = arena_str(&detections->arena, name);
		tallied->first = tallied->last = EVENT_NO_TIME;
		tallied->hosts.arena = &detections->arena;
		*map_put(&tallies->by_name, tallied->name) = tallied;
		vec_push(&tallies->list, tallied);
	}
	tallied->hits++;
	tallied->by_level[detection->rule->level]++;
	span(&tallied->first, &tallied->last, detection->time);
	return tallied;
}

/* A text that comes again and again is kept once. */
static struct str once(struct detections *detections, struct map *map, struct str text)
{
	struct str *kept = map_get(map, text);
	if (!kept) {
		kept = ARENA_NEW(&detections->arena, struct str);
		*kept = arena_str(&detections->arena, text);
		*map_put(map, *kept) = kept;
	}
	return *kept;
}

void detections_add(struct detections *detections, const struct detection *detection)
{
	ARENA(scratch);
	BUF(words);
	detections->n++;
	detections->by_level[detection->rule->level]++;
	span(&detections->first, &detections->last, detection->time);
	/* Rules may lack an id; where two share a title they are told apart by their file. */
	const struct sigma_rule *rule = detection->rule;
	struct str key = rule->id.n ? rule->id : arena_printf(&scratch, "%.*s %.*s", STR_ARG(rule->file), STR_ARG(rule->title));
	struct tallied *by_rule = count(detections, &detections->rules, key, detection);
	by_rule->rule = rule;
	if (detection->host.n) {
		struct tallied *host = count(detections, &detections->hosts, detection->host, detection);
		*map_put(&by_rule->hosts, host->name) = host;
	}
	for (size_t i = 0; i < rule->tags.n; i++) {
		struct str tag = rule->tags.p[i];
		if (!str_starts(tag, "attack."))
			continue;
		tag = str_slice(tag, sizeof("attack.") - 1, tag.n);
		bool is_technique = tag.n > 4 && (tag.p[0] == 't' || tag.p[0] == 'T') && tag.p[1] >= '0' && tag.p[1] <= '9';
		bool is_other = tag.n > 4 && (tag.p[0] == 'g' || tag.p[0] == 's') && tag.p[1] >= '0' && tag.p[1] <= '9';
		if (!is_other)
			(void)count(detections, is_technique ? &detections->techniques : &detections->tactics, tag, detection);
	}
	if (detections->kept.n == DETECTIONS_KEPT)
		return;
	add_fields(&words, &scratch, detection->fields, detection->n, KEPT_FIELD);
	struct kept kept = {
		.rule = rule,
		.time = detection->time,
		.host = detection->host.n ? once(detections, &detections->files, detection->host) : STR(""),
		.file = once(detections, &detections->files, detection->file),
		.words = arena_str(&detections->arena, buf_str(&words)),
		.line = detection->line,
	};
	vec_push(&detections->kept, kept);
	for (size_t i = 0; i < COUNT(by_rule->some); i++)
		if (!by_rule->some[i]) {
			by_rule->some[i] = ARENA_NEW(&detections->arena, struct kept);
			*by_rule->some[i] = kept;
			break;
		}
}

/* ---- orders ---- */

static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	int r = str_compare(x->file, y->file);
	return r ? r : (x->line > y->line) - (x->line < y->line);
}

void detections_sort(struct detections *detections)
{
	if (detections->kept.n)
		qsort(detections->kept.p, detections->kept.n, sizeof(struct kept), by_time);
}

static int by_hits(const void *a, const void *b)
{
	const struct tallied *x = *(struct tallied *const *)a, *y = *(struct tallied *const *)b;
	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	return str_compare(x->name, y->name);
}

static int by_worst(const void *a, const void *b)
{
	const struct tallied *x = *(struct tallied *const *)a, *y = *(struct tallied *const *)b;
	if (x->rule->level != y->rule->level)
		return x->rule->level > y->rule->level ? -1 : 1;
	return by_hits(a, b);
}

void tallies_sort(struct tallies *tallies, bool by_rule)
{
	if (tallies->list.n)
		qsort(tallies->list.p, tallies->list.n, sizeof(*tallies->list.p), by_rule ? by_worst : by_hits);
}

/* ---- text ---- */

void add_level(struct buf *out, enum lang lang, enum sigma_level level, bool colour)
{
	static const char *const colours[LEVELS] = { "\033[2m", "\033[36m", "\033[33m", "\033[31m", "\033[1;35m" };
	size_t widest = 0;
	for (int i = 0; i < LEVELS; i++)
		widest = MAX(widest, utf8_width(level_words(lang, (enum sigma_level)i)));
	struct str words = level_words(lang, level);
	buf_puts(out, colour ? colours[level] : "");
	buf_add(out, words);
	buf_puts(out, colour ? "\033[0m" : "");
	for (size_t i = utf8_width(words); i < widest; i++)
		buf_add_char(out, ' ');
}

static struct str number(struct arena *arena, uint64_t n)
{
	/* 1 234 567, with the thin gaps that all three languages read. */
	char digits[32], spaced[48];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && length > 4)
			spaced[at++] = ' ';
		spaced[at++] = digits[i];
	}
	return arena_str(arena, (struct str){ spaced, (size_t)at });
}

static struct str moment(struct arena *arena, int64_t time)
{
	/* Without the zone: a column of times is all of one. */
	return time == EVENT_NO_TIME ? STR("-") : str_slice(clock_format_local(arena, time / 1000000000), 0, 19);
}

static void add_rule(struct buf *out, struct arena *arena, const struct tallied *by_rule, enum lang lang, bool colour, size_t width)
{
	add_level(out, lang, by_rule->rule->level, colour);
	buf_printf(out, "  %s", colour ? "\033[1m" : "");
	buf_add(out, utf8_clean(arena, rule_title(by_rule->rule, lang)));
	buf_puts(out, colour ? "\033[0m" : "");
	buf_puts(out, "\n    ");
	buf_add(out, note_text(arena, lang, &NOTE("{} match{es}", number(arena, by_rule->hits))));
	if (by_rule->hosts.n) {
		buf_puts(out, " · ");
		buf_add(out, note_text(arena, lang, &NOTE("{} host{s}", number(arena, by_rule->hosts.n))));
	}
	if (by_rule->first != EVENT_NO_TIME) {
		buf_puts(out, " · ");
		buf_add(out, moment(arena, by_rule->first));
		if (by_rule->last != by_rule->first) {
			buf_puts(out, " – ");
			buf_add(out, moment(arena, by_rule->last));
		}
	}
	for (size_t i = 0; i < by_rule->rule->tags.n; i++) {
		struct str tag = by_rule->rule->tags.p[i];
		if (str_starts(tag, "attack.t") && tag.n > 8 && tag.p[8] >= '0' && tag.p[8] <= '9')
			buf_printf(out, " · T%.*s", (int)(tag.n - 8), tag.p + 8);
	}
	buf_add_char(out, '\n');
	size_t shown = 0;
	for (size_t i = 0; i < COUNT(by_rule->some) && by_rule->some[i]; i++, shown++) {
		const struct kept *kept = by_rule->some[i];
		buf_puts(out, colour ? "    \033[2m" : "    ");
		buf_add(out, moment(arena, kept->time));
		if (kept->host.n) {
			buf_puts(out, "  ");
			buf_add(out, utf8_clean(arena, kept->host));
		}
		buf_puts(out, "  ");
		buf_add(out, utf8_clean(arena, detection_place(arena, kept->file, kept->line)));
		buf_puts(out, colour ? "\033[0m\n" : "\n");
		if (!kept->words.n)
			continue;
		struct str cut = width > 10 ? utf8_cut(kept->words, width - 9) : kept->words;
		buf_puts(out, "        ");
		buf_add(out, cut);
		buf_puts(out, cut.n < kept->words.n ? "…\n" : "\n");
	}
	if (by_rule->hits > shown) {
		buf_puts(out, "    ");
		buf_add(out, note_text(arena, lang, &NOTE("and {} more", number(arena, by_rule->hits - shown))));
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
}

void detections_text(struct buf *out, struct detections *detections, const struct detections_scope *scope, enum lang lang,
                     bool colour, size_t width)
{
	ARENA(arena);
	tallies_sort(&detections->rules, true);
	for (size_t i = 0; i < detections->rules.list.n; i++)
		add_rule(out, &arena, detections->rules.list.p[i], lang, colour, width);
	const char *gap = lang == LANG_ZH ? "" : " "; /* 。 has its own */
	if (detections->first != EVENT_NO_TIME) {
		struct str at = clock_format_local(&arena, detections->first / 1000000000);
		buf_add(out, note_text(&arena, lang, &NOTE("Times are local: UTC{}.", str_slice(at, 20, at.n))));
		buf_puts(out, gap);
	}
	if (detections->n)
		buf_add(out, note_text(&arena, lang,
		                       &NOTE("{} match{es} of {} rule{s}.", number(&arena, detections->n),
		                             number(&arena, detections->rules.list.n))));
	else
		buf_add(out, tr(lang, "No rule matched."));
	buf_add_char(out, '\n');
	buf_add(out, note_text(&arena, lang,
	                       &NOTE("{} event{s} in {} file{s} judged by {} rule{s}.", number(&arena, scope->events),
	                             number(&arena, scope->files), number(&arena, scope->rules))));
	if (scope->flawed) {
		buf_puts(out, gap);
		buf_add(out, note_text(&arena, lang,
		                       &NOTE("{} record{s} could not be read.", number(&arena, scope->flawed))));
	}
	if (scope->ns > 0 && scope->events) {
		buf_puts(out, gap);
		buf_add(out, note_text(&arena, lang,
		                       &NOTE("{} s, {} events/s.", arena_printf(&arena, "%.1f", (double)scope->ns / 1e9),
		                             number(&arena, (uint64_t)((double)scope->events * 1e9 / (double)scope->ns)))));
	}
	buf_add_char(out, '\n');
}

/* ---- CSV ---- */

/* What an attacker wrote must not be a formula in somebody's spreadsheet: those begin with one of these. */
static void add_cell(struct buf *out, struct str text)
{
	BUF(guarded);
	if (text.n && memchr("=+-@\t\r", text.p[0], 6)) {
		buf_add_char(&guarded, '\'');
		buf_add(&guarded, text);
		text = buf_str(&guarded);
	}
	csv_add_field(out, text);
}

void detections_csv(struct buf *out, struct detections *detections, enum lang lang)
{
	detections_sort(detections);
	/* A byte order mark, so that spreadsheets read the Chinese and Vietnamese as UTF-8. */
	buf_puts(out, "\xef\xbb\xbftime,level,title,host,fields,file,line,rule,tags\r\n");
	for (size_t i = 0; i < detections->kept.n; i++) {
		ARENA(arena);
		BUF(tags);
		const struct kept *kept = &detections->kept.p[i];
		for (size_t j = 0; j < kept->rule->tags.n; j++) {
			buf_puts(&tags, j ? " " : "");
			buf_add(&tags, kept->rule->tags.p[j]);
		}
		const struct str cells[] = {
			kept->time == EVENT_NO_TIME ? STR("") : timestamp_format(&arena, kept->time),
			str_from(sigma_level_names[kept->rule->level]),
			rule_title(kept->rule, lang),
			kept->host,
			kept->words,
			kept->file,
			kept->line ? arena_printf(&arena, "%llu", (unsigned long long)kept->line) : STR(""),
			kept->rule->id,
			buf_str(&tags),
		};
		for (size_t j = 0; j < COUNT(cells); j++) {
			buf_puts(out, j ? "," : "");
			add_cell(out, cells[j]);
		}
		buf_puts(out, "\r\n");
	}
}
