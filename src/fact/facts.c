/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/facts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "fact/run_state.h"
#include "fact/scan.h"

const char cell_int_tag[1], cell_real_tag[1];
const char *const coverage_names[] = { "complete", "partial", "unavailable", NULL };

enum {
	TEXT_SHORT = 64,
	LARGE_TABLE = 128 * 1024,
	GAPS_MAX = 16, /* sets of columns with a reason of their own; then all reasons are for all columns */
};

struct facts *facts_new(const struct root *root, const struct facts_options *options)
{
	struct facts *facts = mem_alloc(sizeof(*facts));
	facts->root = root;
	if (options)
		facts->options = *options;
	if (!facts->options.budget_ns)
		facts->options.budget_ns = 60 * (int64_t)1000000000;
	facts->now = clock_now();
	facts->is_system = -1;
	facts->ids_whole = -1;
	facts->taken.arena = &facts->arena;
	return facts;
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	for (size_t i = 0; i < facts->large.n; i++)
		free(facts->large.p[i]);
	vec_done(&facts->large);
	arena_done(&facts->arena);
	free(facts);
}

void facts_free_p(struct facts **facts)
{
	facts_free(*facts);
}

const struct root *facts_root(const struct facts *facts)
{
	return facts->root;
}

int64_t facts_now(const struct facts *facts)
{
	return facts->now;
}

void facts_set_now(struct facts *facts, int64_t now)
{
	facts->now = now;
}

struct arena *facts_arena(struct facts *facts)
{
	return &facts->arena;
}

struct taken *taken_of(struct facts *facts, const struct table *table)
{
	void **slot = map_put(&facts->taken, str_from(table->name));
	if (!*slot) {
		struct taken *taken = ARENA_NEW(&facts->arena, struct taken);
		taken->parts.arena = &facts->arena;
		*slot = taken;
	}
	return *slot;
}

/* Without these below the root there is no system to say anything about: an empty directory must not
 * look like a host on which nothing is wrong. */
bool facts_is_system(struct facts *facts)
{
	static const char *const signs[] = { "etc/os-release", "usr/lib/os-release", "etc/passwd" };
	if (facts->is_system < 0) {
		facts->is_system = 0;
		for (size_t i = 0; i < COUNT(signs); i++) {
			struct stat st;
			if (root_stat(facts->root, signs[i], true, &st) == 0)
				facts->is_system = 1;
		}
	}
	return facts->is_system;
}

static void gap_add(struct facts *facts, struct rows *rows, uint64_t columns, struct note why)
{
	if (rows->gaps.n >= GAPS_MAX)
		columns = COLUMNS_ALL;
	for (size_t i = 0; i < rows->gaps.n; i++)
		if (rows->gaps.p[i].columns == columns)
			return;
	vec_push_in(&facts->arena, &rows->gaps, { .columns = columns, .why = note_copy(&facts->arena, why) });
}

enum coverage rows_coverage(const struct rows *rows, uint64_t columns, struct note *why)
{
	enum coverage coverage = rows->coverage == COVERAGE_UNAVAILABLE ? COVERAGE_UNAVAILABLE : COVERAGE_COMPLETE;
	if (why && coverage == COVERAGE_UNAVAILABLE)
		*why = rows->reason;
	for (size_t i = 0; i < rows->gaps.n && coverage == COVERAGE_COMPLETE; i++)
		if (rows->gaps.p[i].columns & (columns | ROWS_ONLY)) {
			coverage = COVERAGE_PARTIAL;
			if (why)
				*why = rows->gaps.p[i].why;
		}
	return coverage;
}

void rows_degrade(struct facts *facts, struct rows *rows, enum coverage coverage, uint64_t columns,
                  struct note why)
{
	if (coverage == COVERAGE_PARTIAL)
		gap_add(facts, rows, columns, why);
	if (coverage > rows->coverage) {
		rows->more_reasons += rows->reason.english != NULL;
		rows->coverage = coverage;
		rows->reason = note_copy(&facts->arena, why);
	} else {
		rows->more_reasons++;
	}
}

static void scan_run(struct facts *facts, const struct table *table, struct rows *rows,
                     const struct facts_key *keys, size_t n)
{
	*rows = (struct rows){ .table = table, .width = table_width(table), .columns = COLUMNS_ALL };
	if ((table->flags & TABLE_DEEP) && !facts->options.deep) {
		rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, NOTE("not looked at: needs --deep"));
		return;
	}
	if ((table->flags & TABLE_LIVE) && !facts->root->live) {
		rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, NOTE("can only be seen on the running system"));
		return;
	}
	if (!(table->flags & TABLE_FRESH) && !facts_is_system(facts)) {
		rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL,
		             NOTE("{} holds no Linux system", str_from(facts->root->path)));
		return;
	}
	struct scan scan = { .facts = facts, .table = table, .rows = rows, .keys = keys, .key_count = n };
	int64_t start = clock_monotonic_ns();
	scan.deadline_ns = start + facts->options.budget_ns;
	scan.columns = table->flags & TABLE_FRESH ? COLUMNS_ALL : taken_of(facts, table)->wanted;
	struct err err = { "" };
	int r = table->scan(&scan, &err);
	if (scan.chose)
		rows->columns = scan.columns;
	if (r < 0) {
		rows->n = 0;
		if (!scan.noted) {
			struct str why = err.text[0] ? str_from(err.text) : str_from(err_words(r));
			rows->coverage = COVERAGE_COMPLETE;
			rows->reason = (struct note){ 0 };
			rows->gaps.n = 0;
			rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, NOTE("{}", why));
		}
	}
	rows->ns = clock_monotonic_ns() - start;
	/* Cells grew in a buffer of their own; the run keeps a fitting copy, or a large one itself. */
	struct cell *grown = rows->cells;
	size_t size = rows->n * rows->width * sizeof(struct cell);
	if (size >= LARGE_TABLE) {
		rows->cells = mem_resize(grown, size);
		vec_push(&facts->large, rows->cells);
		grown = NULL;
	} else if (rows->n) {
		rows->cells = ARENA_ARRAY(&facts->arena, struct cell, rows->n * rows->width);
		memcpy(rows->cells, grown, size);
	} else {
		rows->cells = NULL;
	}
	free(grown);
	arena_done(&scan.scratch);
}

/* Ends because each call adds columns to a table; tables are few. */
void facts_want(struct facts *facts, const struct table *table, uint64_t columns)
{
	struct taken *taken = taken_of(facts, table);
	uint64_t added = (columns | ROWS_ONLY) & ~taken->wanted;
	taken->wanted |= added;
	for (size_t i = 0; added && i < COUNT(table->needs) && table->needs[i].table; i++) {
		const struct table_need *need = &table->needs[i];
		if (!need->by || (added & ~ROWS_ONLY & table_columns(table, need->by)))
			facts_want(facts, need->table, table_columns(need->table, need->columns));
	}
}

const struct rows *facts_table(struct facts *facts, const struct table *table)
{
	return facts_columns(facts, table, COLUMNS_ALL);
}

const struct rows *facts_columns(struct facts *facts, const struct table *table, uint64_t columns)
{
	struct taken *taken = taken_of(facts, table);
	facts_want(facts, table, columns);
	if (taken->whole && !(columns & ~taken->whole->columns) && !(table->flags & TABLE_FRESH))
		return taken->whole;
	struct rows *rows = ARENA_NEW(&facts->arena, struct rows);
	*rows = (struct rows){ .table = table, .width = table_width(table), .columns = COLUMNS_ALL };
	if (taken->busy) {
		rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, NOTE("table {} needs itself", str_from(table->name)));
		return rows;
	}
	if (table_is_keyed(table)) {
		rows_degrade(facts, rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL,
		             NOTE("table {} cannot be listed whole", str_from(table->name)));
		return rows;
	}
	taken->busy = true;
	scan_run(facts, table, rows, NULL, 0);
	taken->busy = false;
	memset(taken->index, 0, sizeof(taken->index));
	taken->whole = rows;
	return rows;
}

const struct rows *facts_part(struct facts *facts, const struct table *table, uint64_t columns,
                              const struct facts_key *keys, size_t n)
{
	struct taken *taken = taken_of(facts, table);
	facts_want(facts, table, columns);
	/* Of a table that was seen in part only, what is asked for may well be seen whole: read just that, so that
	 * it makes no difference in which order queries ask. */
	if (n == 0 || (taken->whole && (taken->given || taken->whole->coverage != COVERAGE_PARTIAL)))
		return facts_columns(facts, table, columns);
	BUF(name);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&name, "%s %d %zu:", keys[i].column, keys[i].how, keys[i].text.n);
		buf_add(&name, keys[i].text);
	}
	struct part *before = map_get(&taken->parts, buf_str(&name));
	if (before && !(columns & ~before->rows.columns))
		return &before->rows;
	struct part *part = ARENA_NEW(&facts->arena, struct part);
	if (before)
		before->newer = part;
	scan_run(facts, table, &part->rows, keys, n);
	part->older = taken->newest;
	taken->newest = part;
	*map_put(&taken->parts, arena_str(&facts->arena, buf_str(&name))) = part;
	return &part->rows;
}

const struct rows *facts_taken(struct facts *facts, const struct table *table)
{
	struct taken *taken = map_get(&facts->taken, str_from(table->name));
	if (!taken)
		return NULL;
	if (taken->whole)
		return taken->whole;
	if (!taken->newest)
		return NULL;
	struct rows *all = &taken->summary;
	*all = (struct rows){ .table = table, .columns = COLUMNS_ALL };
	for (const struct part *part = taken->newest; part; part = part->older) {
		if (part->newer)
			continue;
		for (size_t i = 0; i < part->rows.gaps.n; i++)
			gap_add(facts, all, part->rows.gaps.p[i].columns, part->rows.gaps.p[i].why);
		all->n += part->rows.n;
		all->ns += part->rows.ns;
		if (part->rows.coverage >= all->coverage && part->rows.coverage != COVERAGE_COMPLETE) {
			all->more_reasons += all->reason.english != NULL;
			all->reason = part->rows.reason;
			all->coverage = part->rows.coverage;
		}
	}
	return all;
}

static struct str text_keep(struct facts *facts, struct str s)
{
	if (s.n == 0)
		return STR("");
	if (s.n > TEXT_SHORT)
		return arena_str(&facts->arena, s);
	struct str *slot = &facts->cache[str_hash(s) & (TEXT_CACHE - 1)];
	if (!slot->p || !str_eq(*slot, s))
		*slot = arena_str(&facts->arena, s);
	return *slot;
}

struct cell cell_keep(struct facts *facts, struct cell cell)
{
	return cell_is_text(cell) ? cell_text(text_keep(facts, cell_str(cell))) : cell;
}

void facts_give(struct facts *facts, const struct table *table, const struct cell *cells, size_t n,
                enum coverage coverage, struct note reason)
{
	struct taken *taken = taken_of(facts, table);
	struct rows *rows = ARENA_NEW(&facts->arena, struct rows);
	*rows = (struct rows){ .table = table, .n = n, .width = table_width(table), .columns = COLUMNS_ALL };
	if (coverage != COVERAGE_COMPLETE)
		rows_degrade(facts, rows, coverage, COLUMNS_ALL, reason);
	rows->cells = ARENA_ARRAY(&facts->arena, struct cell, n * rows->width);
	for (size_t i = 0; i < n * rows->width; i++)
		rows->cells[i] = cell_keep(facts, cells[i]);
	memset(taken->index, 0, sizeof(taken->index));
	taken->whole = rows;
	taken->given = true;
}

void facts_param(struct facts *facts, struct str key, struct cell value, struct str source)
{
	vec_push_in(&facts->arena, &facts->params, { .key = arena_str(&facts->arena, key),
	                                             .source = arena_str(&facts->arena, source),
	                                             .value = cell_keep(facts, value) });
}

const struct param *facts_params(const struct facts *facts, size_t *count)
{
	*count = facts->params.n;
	return facts->params.p;
}

void facts_param_drop(struct facts *facts, struct str key)
{
	size_t kept = 0;
	for (size_t i = 0; i < facts->params.n; i++)
		if (!str_eq(facts->params.p[i].key, key))
			facts->params.p[kept++] = facts->params.p[i];
	facts->params.n = kept;
}

void facts_params_clear(struct facts *facts)
{
	facts->params.n = 0;
}
