/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/found.h"

#include <stdlib.h>
#include <time.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/json.h"
#include "event/timestamp.h"
#include "data/cell.h"

#define MARK_ON  "\033[1;31m"
#define MARK_OFF "\033[0m"
#define DIM_ON   "\033[2m"
#define SECOND   INT64_C(1000000000)

enum { CELL_WIDEST = 120, MARKS_MOST = 64, STEPS_MOST = 10000 };

const char *const found_formats[] = { "table", "json", "csv", "raw", NULL };

struct found {
	const struct found_style *style;
	struct arena arena;
	VEC(struct str) cells; /* of the table, row by row */
	struct str marks[MARKS_MOST];
	size_t n_marks;
	bool begun;
};

/* Words that must be there are marked; those of NOT are not. */
static void collect_marks(struct found *found, const struct seek_node *node)
{
	if (node->kind == SEEK_NOT)
		return;
	for (size_t i = 0; i < node->n; i++)
		collect_marks(found, node->p[i]);
	if (node->kind != SEEK_TERM || node->term->how != SEEK_TEXT)
		return;
	for (size_t i = 0; i < node->term->n_pieces; i++)
		if (node->term->pieces[i].folded.n && found->n_marks < MARKS_MOST)
			found->marks[found->n_marks++] = node->term->pieces[i].folded;
}

struct found *found_new(const struct found_style *style)
{
	struct found *found = mem_alloc(sizeof(*found));
	found->style = style;
	if (style->colour && style->seek)
		collect_marks(found, style->seek->root);
	return found;
}

void found_free(struct found *found)
{
	if (!found)
		return;
	vec_done(&found->cells);
	arena_done(&found->arena);
	free(found);
}

/* "2026-11-03 16:01:02.250" in the machine's own zone; no fraction when there is none. */
static struct str local_time(struct arena *arena, int64_t ns)
{
	int64_t seconds = ns / SECOND - (ns % SECOND < 0), fraction = ns - seconds * SECOND;
	time_t at = (time_t)seconds;
	struct tm tm = { 0 };
	char text[32];
	localtime_r(&at, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	if (fraction >= 1000000)
		return arena_printf(arena, "%.*s.%03d", (int)n, text, (int)(fraction / 1000000));
	return arena_printf(arena, "%.*s", (int)n, text);
}

/* The text with what was searched for in colour. */
static void add_marked(struct found *found, struct buf *out, struct str text)
{
	while (text.n) {
		ptrdiff_t first = -1;
		size_t length = 0;
		for (size_t i = 0; i < found->n_marks; i++) {
			size_t n;
			ptrdiff_t at = fold_find(text, found->marks[i], &n);
			if (at >= 0 && (first < 0 || at < first || (at == first && n > length))) {
				first = at;
				length = n;
			}
		}
		if (first < 0 || !length)
			break;
		buf_add(out, str_slice(text, 0, (size_t)first));
		buf_puts(out, MARK_ON);
		buf_add(out, str_slice(text, (size_t)first, (size_t)first + length));
		buf_puts(out, MARK_OFF);
		text = str_slice(text, (size_t)first + length, text.n);
	}
	buf_add(out, text);
}

static void add_line(struct found *found, struct buf *out, const struct record *record)
{
	ARENA(arena);
	bool colour = found->style->colour;
	buf_puts(out, colour ? DIM_ON : "");
	buf_add(out, local_time(&arena, record->time));
	buf_puts(out, colour ? MARK_OFF "  " : "  ");
	struct str host = record->host.n ? record->host : record->source;
	add_marked(found, out, utf8_clean(&arena, host.n ? host : STR("-")));
	buf_puts(out, "  ");
	add_marked(found, out, utf8_clean(&arena, record->raw));
	buf_add_char(out, '\n');
}

static struct str value_shown(struct found *found, struct seeker *seeker, const struct record *record, struct str name)
{
	if (str_is_nocase(name, "time") || str_is_nocase(name, "arrived"))
		return local_time(&found->arena, (name.p[0] | 0x20) == 't' ? record->time : record->arrived);
	struct str value = seeker_value(seeker, record, name);
	struct str clean = arena_str(&found->arena, utf8_clean(&found->arena, value.p ? value : STR("")));
	if (utf8_width(clean) <= CELL_WIDEST)
		return clean;
	return arena_printf(&found->arena, "%.*s…", STR_ARG(utf8_cut(clean, CELL_WIDEST - 1)));
}

static const struct str usual[] = { { "time", 4 }, { "host", 4 }, { "source", 6 }, { "parser", 6 }, { "raw", 3 } };

static struct strings columns(const struct found *found)
{
	static struct str copy[COUNT(usual)];
	if (found->style->fields.n)
		return found->style->fields;
	memcpy(copy, usual, sizeof(usual));
	return (struct strings){ copy, COUNT(usual) };
}

static void add_csv_names(struct buf *out, const struct strings *names)
{
	for (size_t i = 0; i < names->n; i++) {
		if (i)
			buf_add_char(out, ',');
		csv_add_field(out, names->p[i]);
	}
	buf_puts(out, "\r\n");
}

static void add_csv(struct found *found, struct buf *out, struct seeker *seeker, const struct record *record)
{
	struct strings names = columns(found);
	if (!found->begun)
		add_csv_names(out, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct str value = seeker_value(seeker, record, names.p[i]);
		if (i)
			buf_add_char(out, ',');
		csv_add_field(out, value.p ? value : STR(""));
	}
	buf_puts(out, "\r\n");
}

static void add_json(struct found *found, struct buf *out, struct seeker *seeker, const struct record *record)
{
	const struct strings *names = &found->style->fields;
	if (!names->n) {
		record_add_json(out, seeker, record);
	} else {
		buf_add_char(out, '{');
		for (size_t i = 0; i < names->n; i++) {
			struct str value = seeker_value(seeker, record, names->p[i]);
			json_next(out);
			json_add_string(out, names->p[i]);
			buf_add_char(out, ':');
			if (value.p)
				json_add_string(out, value);
			else
				buf_puts(out, "null");
		}
		buf_add_char(out, '}');
	}
	buf_add_char(out, '\n');
}

void found_record(struct found *found, struct buf *out, struct seeker *seeker, const struct record *record)
{
	seeker_forget(seeker);
	switch (found->style->format) {
	case FOUND_JSON:
		add_json(found, out, seeker, record);
		break;
	case FOUND_CSV:
		add_csv(found, out, seeker, record);
		break;
	case FOUND_RAW:
		buf_add(out, record->raw);
		buf_add_char(out, '\n');
		break;
	default:
		if (!found->style->fields.n) {
			add_line(found, out, record);
			break;
		}
		for (size_t i = 0; i < found->style->fields.n; i++)
			vec_push(&found->cells, value_shown(found, seeker, record, found->style->fields.p[i]));
	}
	found->begun = true;
}

static void pad(struct buf *out, size_t n)
{
	while (n--)
		buf_add_char(out, ' ');
}

/* Cells row by row, the first row the head; the columns in `right` (a set) are of numbers. */
static void add_table(struct found *found, struct buf *out, const struct str *cells, size_t n, size_t width, uint64_t right)
{
	ARENA(arena);
	size_t *widths = ARENA_ARRAY(&arena, size_t, width);
	for (size_t i = 0; i < n; i++)
		widths[i % width] = MAX(widths[i % width], utf8_width(cells[i]));
	for (size_t i = 0; i < n; i++) {
		size_t column = i % width, space = widths[column] - utf8_width(cells[i]);
		bool number = column < 64 && (right >> column & 1);
		if (number)
			pad(out, space);
		if (i >= width && found)
			add_marked(found, out, cells[i]);
		else
			buf_add(out, cells[i]);
		if (column + 1 < width) {
			pad(out, (number ? 0 : space) + 2);
			continue;
		}
		buf_add_char(out, '\n');
		for (size_t j = 0; i + 1 == width && j < width; j++) {
			for (size_t k = 0; k < MAX(widths[j], (size_t)1); k++)
				buf_puts(out, "─");
			buf_puts(out, j + 1 < width ? "  " : "\n");
		}
	}
}

void found_end(struct found *found, struct buf *out)
{
	const struct strings *names = &found->style->fields;
	if (found->style->format == FOUND_CSV && !found->begun) {
		struct strings all = columns(found);
		add_csv_names(out, &all);
	}
	if (found->style->format != FOUND_TABLE || !names->n || !found->cells.n)
		return;
	struct str *cells = ARENA_ARRAY(&found->arena, struct str, found->cells.n + names->n);
	memcpy(cells, names->p, names->n * sizeof(*cells));
	memcpy(cells + names->n, found->cells.p, found->cells.n * sizeof(*cells));
	add_table(found, out, cells, found->cells.n + names->n, names->n, 0);
}

/* ---- counts ---- */

/* A step without its seconds where all steps have none. */
static struct str step_text(struct arena *arena, int64_t step, int64_t every)
{
	struct str text = local_time(arena, step);
	size_t n = every % (86400 * SECOND) == 0 ? 10 : every % (60 * SECOND) == 0 ? 16 : text.n;
	return str_slice(text, 0, n);
}

static void add_bar(struct buf *out, uint64_t count, uint64_t most, size_t width)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	uint64_t eighth = most ? (uint64_t)((unsigned __int128)count * width * 8 / most) : 0;
	if (count && !eighth)
		eighth = 1;
	for (uint64_t i = 0; i < eighth / 8; i++)
		buf_puts(out, "█");
	buf_puts(out, eighths[eighth % 8]);
}

/* A day with two hours more than usual is still one step. */
static int64_t step_behind(int64_t step, int64_t every)
{
	int64_t next = tally_step(step + every, every);
	return next > step ? next : tally_step(step + every + 7200 * SECOND, every);
}

/* Every step from the first to the last, also those without records, as long as they are not too many. */
static void add_chart(const struct found_style *style, struct buf *out, int64_t every, const struct tally_row *rows, size_t n)
{
	ARENA(arena);
	uint64_t most = 0;
	size_t digits = 1, lines = 0;
	for (size_t i = 0; i < n; i++)
		most = MAX(most, rows[i].count);
	for (uint64_t rest = most; rest >= 10; rest /= 10)
		digits++;
	size_t width = MIN(MAX(style->width, (size_t)40), (size_t)120) - 20 - digits;
	for (size_t i = 0; i < n; i++) {
		int64_t step = i ? step_behind(rows[i - 1].step, every) : rows[i].step;
		for (; step < rows[i].step && lines < STEPS_MOST; step = step_behind(step, every), lines++)
			buf_printf(out, "%.*s  %*d\n", STR_ARG(step_text(&arena, step, every)), (int)digits, 0);
		buf_printf(out, "%.*s  %*llu  ", STR_ARG(step_text(&arena, rows[i].step, every)), (int)digits,
		           (unsigned long long)rows[i].count);
		add_bar(out, rows[i].count, most, width);
		buf_add_char(out, '\n');
	}
}

static void add_tally_table(const struct found_style *style, struct buf *out, const struct tally_kind *kind,
                            const struct tally_row *rows, size_t n)
{
	ARENA(arena);
	size_t width = kind->n + 1 + (kind->every != 0), at = 0;
	struct str *cells = ARENA_ARRAY(&arena, struct str, width * (n + 1));
	if (kind->every)
		cells[at++] = tr_word(style->lang, "column", "time");
	for (size_t i = 0; i < kind->n; i++)
		cells[at++] = kind->by[i];
	cells[at++] = tr_word(style->lang, "column", "count");
	for (size_t i = 0; i < n; i++) {
		if (kind->every)
			cells[at++] = step_text(&arena, rows[i].step, kind->every);
		for (size_t j = 0; j < kind->n; j++)
			cells[at++] = rows[i].values[j].p ? utf8_clean(&arena, rows[i].values[j]) : STR("-");
		cells[at++] = arena_printf(&arena, "%llu", (unsigned long long)rows[i].count);
	}
	add_table(NULL, out, cells, at, width, UINT64_C(1) << (width - 1));
}

static void add_tally_json(struct buf *out, const struct tally_kind *kind, const struct tally_row *row)
{
	ARENA(arena);
	buf_add_char(out, '{');
	if (kind->every)
		json_put(out, "time", timestamp_format(&arena, row->step));
	for (size_t i = 0; i < kind->n; i++) {
		json_next(out);
		json_add_string(out, kind->by[i]);
		buf_add_char(out, ':');
		if (row->values[i].p)
			json_add_string(out, row->values[i]);
		else
			buf_puts(out, "null");
	}
	json_put_int(out, "count", (int64_t)row->count);
	buf_puts(out, "}\n");
}

static void add_tally_csv(struct buf *out, const struct tally_kind *kind, const struct tally_row *row)
{
	ARENA(arena);
	if (kind->every) {
		buf_add(out, timestamp_format(&arena, row->step));
		buf_add_char(out, ',');
	}
	for (size_t i = 0; i < kind->n; i++) {
		csv_add_field(out, row->values[i].p ? row->values[i] : STR(""));
		buf_add_char(out, ',');
	}
	buf_printf(out, "%llu\r\n", (unsigned long long)row->count);
}

void found_tally(const struct found_style *style, struct buf *out, const struct tally_kind *kind,
                 const struct tally_row *rows, size_t n)
{
	if (style->format == FOUND_TABLE) {
		if (kind->every && !kind->n)
			add_chart(style, out, kind->every, rows, n);
		else if (n)
			add_tally_table(style, out, kind, rows, n);
		return;
	}
	if (style->format == FOUND_CSV) {
		buf_puts(out, kind->every ? "time," : "");
		for (size_t i = 0; i < kind->n; i++) {
			csv_add_field(out, kind->by[i]);
			buf_add_char(out, ',');
		}
		buf_puts(out, "count\r\n");
	}
	for (size_t i = 0; i < n; i++) {
		if (style->format == FOUND_CSV)
			add_tally_csv(out, kind, &rows[i]);
		else
			add_tally_json(out, kind, &rows[i]);
	}
}
