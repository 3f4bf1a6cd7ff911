/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/scan.h"

#include <fcntl.h>

#include "base/clock.h"
#include "fact/run_state.h"

enum { ROWS_LIMIT = 20 * 1000 * 1000 /* cells of one table; a guard against a hostile source */ };

struct arena *scan_arena(struct scan *scan)
{
	return &scan->scratch;
}

const struct root *scan_root(const struct scan *scan)
{
	return scan->facts->root;
}

bool scan_is_live(const struct scan *scan)
{
	return scan->facts->root->live;
}

int64_t scan_now(const struct scan *scan)
{
	return scan->facts->now;
}

int scan_row(struct scan *scan, const struct cell *cells, size_t count, struct err *err)
{
	struct rows *rows = scan->rows;
	if (count != rows->width)
		return err_set(err, -EINVAL, "table %s: a row of %zu values, but %zu columns", scan->table->name,
		               count, rows->width);
	size_t used = rows->n * rows->width;
	if (used + count > ROWS_LIMIT)
		return err_set(err, -E2BIG, "table %s: more than %d values", scan->table->name, ROWS_LIMIT);
	if (used + count > scan->room) {
		scan->room = MAX(scan->room * 2, used + 64 * count);
		rows->cells = mem_resize(rows->cells, scan->room * sizeof(struct cell));
	}
	for (size_t i = 0; i < count; i++)
		rows->cells[used + i] = cell_keep(scan->facts, cells[i]);
	rows->n++;
	return 0;
}

void scan_partial(struct scan *scan, struct note why)
{
	rows_degrade(scan->facts, scan->rows, COVERAGE_PARTIAL, COLUMNS_ALL, why);
}

void scan_partial_in(struct scan *scan, const char *columns, struct note why)
{
	rows_degrade(scan->facts, scan->rows, COVERAGE_PARTIAL, table_columns(scan->table, columns) & ~ROWS_ONLY, why);
}

bool scan_wants(struct scan *scan, const char *columns)
{
	scan->chose = true;
	return scan->columns & ~ROWS_ONLY & table_columns(scan->table, columns);
}

/* user_namespaces(7): the initial one maps all ids to themselves. */
static bool ids_are_whole(struct facts *facts)
{
	if (facts->ids_whole < 0) {
		BUF(text);
		struct str line, rest;
		CLEANUP(fd_close_p) int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
		bool seen = fd >= 0 && fd_read(fd, 4096, &text) == 0;
		rest = buf_str(&text);
		facts->ids_whole = 1;
		if (seen && str_line(&rest, &line)) {
			struct str first = str_word(&line), outer = str_word(&line), count = str_word(&line);
			facts->ids_whole = str_is(first, "0") && str_is(outer, "0") && str_is(count, "4294967295");
		}
	}
	return facts->ids_whole;
}

int64_t scan_owner(struct scan *scan, uint32_t id, const char *column)
{
	enum { OVERFLOW_ID = 65534 };
	if (id != OVERFLOW_ID || ids_are_whole(scan->facts))
		return id;
	scan_partial_in(scan, column, NOTE("this user namespace hides who owns the files of others"));
	return NONE;
}

int scan_unavailable(struct scan *scan, struct note why)
{
	scan->noted = true;
	rows_degrade(scan->facts, scan->rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, why);
	return -ENODATA;
}

static void scan_cannot(struct scan *scan, const char *path, int r)
{
	scan_partial(scan, NOTE("cannot read {}: {}", str_from(path), str_from(err_words(r))));
}

static int scan_read(struct scan *scan, const char *path, struct str *text)
{
	BUF(buf);
	*text = STR("");
	int r = root_read(scan->facts->root, path, ROOT_FILE_LIMIT, &buf);
	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	*text = arena_str(&scan->scratch, buf_str(&buf));
	if (str_starts(*text, "\xef\xbb\xbf"))
		*text = str_slice(*text, 3, text->n);
	return 0;
}

int scan_file(struct scan *scan, const char *path, struct str *text)
{
	int r = scan_read(scan, path, text);
	if (r < 0 && r != -ENOENT)
		scan_cannot(scan, path, r);
	return r;
}

int scan_source(struct scan *scan, const char *path, struct str *text, struct err *err)
{
	(void)err;
	int r = scan_read(scan, path, text);
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", str_from(path), str_from(err_words(r))));
	return 0;
}

struct strings scan_list(struct scan *scan, const char *directory)
{
	struct strings list = { 0 };
	int r = root_list(scan->facts->root, directory, &scan->scratch, &list.p, &list.n);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		scan_cannot(scan, directory, r);
	return list;
}

struct strings scan_glob(struct scan *scan, struct str pattern)
{
	struct strings list = { 0 };
	int r = root_glob(scan->facts->root, pattern, &scan->scratch, &list.p, &list.n);
	if (r < 0)
		scan_cannot(scan, arena_cstr(&scan->scratch, pattern), r);
	return list;
}

bool scan_key(const struct scan *scan, const char *column, struct scan_key *out)
{
	for (size_t i = 0; i < scan->key_count; i++)
		if (strcmp(scan->keys[i].column, column) == 0) {
			*out = (struct scan_key){ .how = (enum key_operator)scan->keys[i].how,
			                          .text = scan->keys[i].text };
			return true;
		}
	return false;
}

/* What is needed of the other table: all that is named for it, minus what only unwanted columns need. */
static uint64_t needed_columns(struct scan *scan, const struct table *table)
{
	uint64_t columns = 0;
	bool named = false;
	for (size_t i = 0; i < COUNT(scan->table->needs) && scan->table->needs[i].table; i++) {
		const struct table_need *need = &scan->table->needs[i];
		if (need->table != table)
			continue;
		named = true;
		if (!need->by || scan_wants(scan, need->by))
			columns |= table_columns(table, need->columns);
	}
	return named ? columns : COLUMNS_ALL;
}

const struct rows *scan_rows(struct scan *scan, const struct table *table)
{
	return facts_columns(scan->facts, table, needed_columns(scan, table));
}

/* Let the coverage of what was read of another table limit the own one; NULL when there is nothing. */
static const struct rows *limited_by(struct scan *scan, const struct rows *rows, int *r)
{
	const struct table *table = rows->table;
	struct note why;
	bool named = false;
	*r = 0;
	if (rows->coverage == COVERAGE_UNAVAILABLE) {
		scan->noted = true;
		rows_degrade(scan->facts, scan->rows, COVERAGE_UNAVAILABLE, COLUMNS_ALL, rows->reason);
		*r = -ENODATA;
		return NULL;
	}
	for (size_t i = 0; i < COUNT(scan->table->needs) && scan->table->needs[i].table; i++) {
		const struct table_need *need = &scan->table->needs[i];
		if (need->table != table)
			continue;
		named = true;
		if (need->by && !scan_wants(scan, need->by))
			continue;
		if (rows_coverage(rows, table_columns(table, need->columns), &why) != COVERAGE_PARTIAL)
			continue;
		/* Rows that are missing there are missing for whatever they are needed for. */
		if (need->by)
			scan_partial_in(scan, need->by, why);
		else
			scan_partial(scan, why);
	}
	if (!named && rows->coverage == COVERAGE_PARTIAL)
		scan_partial(scan, rows->reason);
	return rows;
}

const struct rows *scan_table(struct scan *scan, const struct table *table, int *r)
{
	return limited_by(scan, scan_rows(scan, table), r);
}

const struct rows *scan_part(struct scan *scan, const struct table *table, const char *column, struct str equals,
                             int *r)
{
	const struct facts_key key = { column, KEY_EQUAL, equals };
	return limited_by(scan, facts_part(scan->facts, table, needed_columns(scan, table), &key, 1), r);
}

bool scan_expired(const struct scan *scan)
{
	return clock_monotonic_ns() >= scan->deadline_ns;
}

struct facts *scan_facts(const struct scan *scan)
{
	return scan->facts;
}

void scan_progress(struct scan *scan, size_t done, size_t total)
{
	const struct facts_options *options = &scan->facts->options;
	if (!options->progress)
		return;
	int64_t now = clock_monotonic_ns();
	if (now - scan->told_ns < 100 * 1000000)
		return;
	scan->told_ns = now;
	options->progress(options->progress_ctx, scan->table, done, total);
}
