/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/import.h"

#include "data/sheet.h"
#include "register/value_text.h"

struct column {
	const struct field *field; /* NULL: no field has it */
	bool org;                  /* whose the record is */
};

struct import {
	const struct import_options *options;
	struct arena *arena;        /* of the result */
	struct import_result *out;
	size_t room;
	struct sheet *sheet;
	struct column columns[SHEET_COLUMNS];
	size_t width;
	struct map keys;            /* digest of a natural key -> row */
};

struct import_row {
	size_t number;
	int64_t org;
	const struct doc *values;
	bool good;
};

static const struct field org_field = { .name = { "org", 3 }, .type = FIELD_ORG };

/* ---- problems ---- */

static void problem(struct import *import, const struct import_row *row, size_t column, struct str field, struct note what)
{
	if (import->out->n_problems == IMPORT_PROBLEMS)
		return;
	if (import->out->n_problems == import->room) {
		struct import_problem *more = ARENA_ARRAY(import->arena, struct import_problem, import->room ? 2 * import->room : 16);
		if (import->room)
			memcpy(more, import->out->problems, import->room * sizeof(*more));
		import->out->problems = more;
		import->room = import->room ? 2 * import->room : 16;
	}
	import->out->problems[import->out->n_problems++] = (struct import_problem){
		.row = row->number,
		.column = column < SHEET_COLUMNS ? sheet_column(import->arena, column) : STR(""),
		.field = arena_str(import->arena, field),
		.what = note_copy(import->arena, what),
	};
}

static size_t column_of(const struct import *import, struct str field)
{
	for (size_t i = 0; i < import->width; i++)
		if ((import->columns[i].field && str_eq(import->columns[i].field->name, field)) || (import->columns[i].org && str_is(field, "org")))
			return i;
	return SIZE_MAX;
}

/* ---- the first row ---- */

/* "名称*" and "Name (required)" name the same field: templates mark what must be filled in. */
static struct str without_mark(struct str label)
{
	label = str_trim(label);
	while (str_ends(label, "*") || str_ends(label, "＊"))
		label = str_trim(str_slice(label, 0, label.n - (str_ends(label, "*") ? 1 : strlen("＊"))));
	return label;
}

static bool is_called(const struct text *label, struct str name, struct str word)
{
	for (int lang = 0; lang < LANG_COUNT; lang++)
		if (str_eq_nocase(label->in[lang], word))
			return true;
	return str_eq_nocase(name, word);
}

static struct column column_named(const struct register_ *reg, struct str word)
{
	const struct field *fields = reg->fields.p;
	struct column found = { 0 };
	for (size_t i = 0; i < reg->fields.n && !found.field; i++)
		if (is_called(&fields[i].label, fields[i].name, word))
			found.field = &fields[i];
	for (int lang = 0; lang < LANG_COUNT && !found.field; lang++)
		found.org |= str_eq(tr_word((enum lang)lang, "column", "organisation"), word);
	found.org |= !found.field && str_is(word, "org");
	return found;
}

static int read_head(struct import *import, struct err *err)
{
	const struct str *cells;
	size_t n, number, known = 0, unknown = 0;
	int r = sheet_row(import->sheet, &cells, &n, &number, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, -EINVAL, "%s: there is nothing in it", import->options->name);
	struct str *left_out = ARENA_ARRAY(import->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct str word = without_mark(cells[i]);
		struct column column = column_named(import->options->reg, word);
		if (column.field && (column.field->read_only || column.field->type == FIELD_FILES))
			column.field = NULL;
		if (column.field && column_of(import, column.field->name) != SIZE_MAX)
			return err_set(err, -EINVAL, "%s: two columns are called '%.*s'", import->options->name, STR_ARG(word));
		import->columns[i] = column;
		import->width = i + 1;
		known += column.field != NULL;
		if (!column.field && !column.org && word.n)
			left_out[unknown++] = arena_str(import->arena, word);
	}
	import->out->left_out = (struct strings){ left_out, unknown };
	if (!known)
		return err_set(err, -EINVAL, "%s: its first row names no field of this register: begin with its template", import->options->name);
	return 0;
}

/* ---- a row ---- */

/* The row as values. 0; `row->good` is false when some of its cells cannot be. */
static int take_row(struct import *import, struct arena *arena, struct value_lookup *lookup, const struct str *cells, size_t n,
                    struct import_row *row, struct err *err)
{
	BUF(json);
	int r = 1;
	row->org = import->options->org;
	row->good = true;
	buf_add_char(&json, '{');
	for (size_t i = 0; i < n && i < import->width && r >= 0; i++) {
		const struct column *column = &import->columns[i];
		const struct field *field = column->org ? &org_field : column->field;
		struct note what;
		if (!field || !str_trim(cells[i]).n)
			continue;
		size_t before = json.n;
		if (!column->org)
			json_key(&json, arena_cstr(arena, field->name));
		size_t value = json.n;
		r = value_from_text(lookup, field, cells[i], &json, &what, err);
		if (r == 0) {
			problem(import, row, i, field->name, what);
			row->good = false;
		}
		if (r == 1 && column->org)
			row->org = str_int_or(str_slice(buf_str(&json), value, json.n), 0);
		if (r == 0 || column->org)
			json.n = before;
	}
	if (r < 0)
		return r;
	buf_add_char(&json, '}');
	struct source *source = ARENA_NEW(arena, struct source);
	*source = (struct source){ .name = "row", .text = arena_str(arena, buf_str(&json)) };
	return json_parse(arena, source, &row->values, err);
}

/* The same key twice in one sheet: the second would undo the first. */
static void look_for_twin(struct import *import, struct arena *arena, struct import_row *row)
{
	const struct register_ *reg = import->options->reg;
	struct str key = arena_printf(arena, "%lld", (long long)row->org);
	bool whole = reg->key.n > 0, any = false;
	for (size_t i = 0; i < reg->key.n && whole; i++) {
		if (str_is(reg->key.p[i], "org"))
			continue;
		const struct doc *value = doc_get(row->values, reg->key.p[i]);
		if (value && value->type == DOC_STRING)
			key = arena_printf(arena, "%.*s\x1f%.*s", STR_ARG(key), STR_ARG(doc_string(value)));
		else if (value && value->type == DOC_INT)
			key = arena_printf(arena, "%.*s\x1f%lld", STR_ARG(key), (long long)value->integer);
		else
			whole = false;
		any |= whole;
	}
	if (!whole || !any)
		return;
	void **first = map_put_int(&import->keys, (int64_t)str_hash(key));
	if (*first) {
		problem(import, row, SIZE_MAX, STR(""), NOTE("row {} has the same key", arena_printf(arena, "%zu", (size_t)(uintptr_t)*first)));
		row->good = false;
	}
	*first = (void *)(uintptr_t)row->number;
}

/* A cell that could not be read is left out of the row's values: that its field is then missing is not a second problem. */
static bool told(const struct import *import, const struct import_row *row, struct str field)
{
	const struct import_result *out = import->out;
	for (size_t i = out->n_problems; i && out->problems[i - 1].row == row->number; i--)
		if (str_eq(out->problems[i - 1].field, field))
			return true;
	return false;
}

static void take_problems(struct import *import, const struct import_row *row, const struct field_problems *found, const struct err *err)
{
	for (size_t i = 0; i < found->n; i++)
		if (!told(import, row, found->p[i].field))
			problem(import, row, column_of(import, found->p[i].field), found->p[i].field, found->p[i].what);
	if (!found->n)
		problem(import, row, SIZE_MAX, STR(""), NOTE("{}", str_from(err->text)));
}

/* What would become of it. */
static int check_row(struct import *import, struct arena *arena, struct db *db, struct import_row *row, struct err *err)
{
	const struct import_options *options = import->options;
	struct field_problems found = { 0 };
	struct err words = { "" };
	int64_t id = 0;
	look_for_twin(import, arena, row);
	int r = record_by_key(arena, db, options->books, options->reg, row->org, row->values, &id, &words);
	if (r == 0)
		r = record_check(arena, db, options->books, options->actor, options->reg, row->org, row->values, id, &found, &words);
	if (r == -EINVAL || r == -EPERM || r == -ENOENT || r == -EEXIST) {
		take_problems(import, row, &found, &words);
		row->good = false;
	} else if (r < 0) {
		if (err)
			*err = words;
		return r;
	}
	if (row->good)
		*(id ? &import->out->changed : &import->out->created) += 1;
	return 0;
}

/* ---- reading all of it ---- */

static bool go_on(struct import *import)
{
	const struct import_options *options = import->options;
	return !options->progress || options->progress(options->ctx, import->out, sheet_progress(import->sheet));
}

static int open_sheet(struct import *import, struct err *err)
{
	int r = sheet_open(import->options->fd, import->options->name, &import->sheet, err);
	return r < 0 ? r : read_head(import, err);
}

static int check_all(struct import *import, struct db *db, struct err *err)
{
	ARENA(kept);
	ARENA(arena);
	struct value_lookup lookup = { .arena = &kept, .db = db, .books = import->options->books, .actor = import->options->actor };
	const struct str *cells;
	size_t n;
	struct import_row row = { 0 };
	int r;
	import->keys.arena = &kept;
	while ((r = sheet_row(import->sheet, &cells, &n, &row.number, err)) > 0) {
		arena_reset(&arena);
		import->out->rows++;
		r = take_row(import, &arena, &lookup, cells, n, &row, err);
		if (r == 0)
			r = check_row(import, &arena, db, &row, err);
		if (r < 0)
			return r;
		import->out->bad += !row.good;
		if (import->out->rows % IMPORT_TOGETHER == 0 && !go_on(import))
			return err_set(err, -ECANCELED, "stopped");
	}
	return r;
}

int import_check(struct arena *arena, const struct import_options *options, struct import_result *out, struct err *err)
{
	struct import import = { .options = options, .arena = arena, .out = out };
	struct db *db = NULL;
	*out = (struct import_result){ 0 };
	int r = open_sheet(&import, err);
	if (r == 0)
		r = records_read(options->records, &db, err);
	if (r == 0)
		r = check_all(&import, db, err);
	records_read_end(options->records, db);
	sheet_close(import.sheet);
	return r;
}

/* ---- doing it ---- */

struct chunk {
	struct import *import;
	struct import_row *rows;
	size_t n;
	size_t created, changed;
	struct field_problems problems; /* of the row that could not be */
};

static int write_row(struct chunk *chunk, struct write *write, const struct import_row *row, struct err *err)
{
	const struct import_options *options = chunk->import->options;
	int64_t id = 0;
	int r = record_by_key(write->arena, write->db, options->books, options->reg, row->org, row->values, &id, err);
	if (r < 0)
		return r;
	chunk->problems.n = 0;
	*(id ? &chunk->changed : &chunk->created) += 1;
	if (!id)
		return record_create(write, options->books, options->reg, row->org, row->values, &id, &chunk->problems, err);
	struct str reason = arena_printf(write->arena, "%s:%zu", options->name, row->number);
	return record_edit(write, options->books, options->reg, id, 0, row->values, reason, &chunk->problems, err);
}

static int write_chunk(void *ctx, struct write *write, struct err *err)
{
	struct chunk *chunk = ctx;
	int r = 0;
	chunk->created = chunk->changed = 0;
	for (size_t i = 0; r == 0 && i < chunk->n; i++)
		r = write_row(chunk, write, &chunk->rows[i], err);
	return r;
}

/* Together; when one of them cannot be, each alone. */
static int apply_chunk(struct import *import, struct import_row *rows, size_t n, struct err *err)
{
	struct chunk chunk = { .import = import, .rows = rows, .n = n };
	struct err words = { "" };
	if (!n)
		return 0;
	int r = records_do(import->options->records, import->options->actor, write_chunk, &chunk, &words);
	if (r == 0) {
		import->out->created += chunk.created;
		import->out->changed += chunk.changed;
		return 0;
	}
	if (r == -EROFS || r == -ENOSPC || r == -EPIPE || r == -EBUSY || r == -EIO) {
		if (err)
			*err = words;
		return r;
	}
	if (n > 1) {
		r = 0;
		for (size_t i = 0; r == 0 && i < n; i++)
			r = apply_chunk(import, rows + i, 1, err);
		return r;
	}
	take_problems(import, rows, &chunk.problems, &words);
	import->out->bad++;
	return 0;
}

static int apply_all(struct import *import, struct err *err)
{
	ARENA(arena);
	struct import_row rows[IMPORT_TOGETHER];
	const struct str *cells;
	size_t n, held = 0;
	int r = 1;
	while (r > 0) {
		struct db *db = NULL;
		ARENA(kept);
		int64_t fresh = 0;
		r = records_read(import->options->records, &db, err);
		struct value_lookup lookup = { .arena = &kept, .db = db, .books = import->options->books, .actor = import->options->actor };
		/* A moment is held for some thousand rows, so that what the rows before made can be referred to. */
		while (r >= 0 && fresh < 8 * IMPORT_TOGETHER && (r = sheet_row(import->sheet, &cells, &n, &rows[held].number, err)) > 0) {
			import->out->rows++;
			fresh++;
			int taken = take_row(import, &arena, &lookup, cells, n, &rows[held], err);
			if (taken < 0)
				r = taken;
			else if (rows[held].good)
				held++;
			else
				import->out->bad++;
			if (r >= 0 && held == IMPORT_TOGETHER) {
				int applied = apply_chunk(import, rows, held, err);
				r = applied < 0 ? applied : r;
				held = 0;
				arena_reset(&arena);
				if (r >= 0 && !go_on(import))
					r = err_set(err, -ECANCELED, "stopped");
			}
		}
		records_read_end(import->options->records, db);
	}
	return r < 0 ? r : apply_chunk(import, rows, held, err);
}

int import_apply(struct arena *arena, const struct import_options *options, struct import_result *out, struct err *err)
{
	struct import import = { .options = options, .arena = arena, .out = out };
	*out = (struct import_result){ 0 };
	int r = open_sheet(&import, err);
	if (r == 0)
		r = apply_all(&import, err);
	sheet_close(import.sheet);
	return r;
}
