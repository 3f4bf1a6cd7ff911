/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/titles.h"

#include "base/vec.h"
#include "register/said.h"
#include "register/value.h"

enum { ROUNDS = 3 /* a title may name a record whose title names another one */ };

struct title {
	const struct cell *cells; /* of the fields of the title, in their order; NULL: not read, or not there */
	int64_t id;
	struct str text;
};

struct title_list {
	VEC(int64_t) ids;
	size_t read;       /* so many of ids were asked for */
	struct map titles; /* by id: struct title */
};

void titles_init(struct titles *titles, struct arena *arena, const struct books *books, enum lang lang)
{
	*titles = (struct titles){ .arena = arena, .books = books, .lang = lang };
	titles->lists = ARENA_ARRAY(arena, struct title_list, books->registers->n);
	for (size_t i = 0; i < books->registers->n; i++)
		titles->lists[i].titles.arena = arena;
}

void titles_want(struct titles *titles, const struct register_ *reg, int64_t id)
{
	if (!reg || id <= 0)
		return;
	struct title_list *list = &titles->lists[reg->place];
	void **slot = map_put_int(&list->titles, id);
	if (*slot)
		return;
	struct title *title = ARENA_NEW(titles->arena, struct title);
	title->id = id;
	*slot = title;
	vec_push_in(titles->arena, &list->ids, id);
}

/* The register that a field refers to, or NULL. */
static const struct register_ *referred(const struct titles *titles, const struct field *field)
{
	switch (field->type) {
	case FIELD_PERSON:
		return registers_find(titles->books->registers, STR("person"));
	case FIELD_ORG:
		return registers_find(titles->books->registers, STR("org"));
	case FIELD_REFERENCE:
	case FIELD_REFERENCES:
		return registers_find(titles->books->registers, field->to);
	default:
		return NULL;
	}
}

const struct register_ *titles_referred(const struct titles *titles, const struct register_ *reg, struct str name)
{
	const struct field *field = register_field(reg, name);
	if (!field)
		return str_is(name, "org") ? registers_find(titles->books->registers, name) : NULL;
	return referred(titles, field);
}

void titles_want_row(struct titles *titles, const struct register_ *reg, const struct cell *cells)
{
	const struct field *fields = reg->fields.p;
	titles_want(titles, registers_find(titles->books->registers, STR("org")), row_int(cells, SYSTEM_ORG));
	for (size_t i = 0; i < reg->fields.n; i++) {
		const struct register_ *to = referred(titles, &fields[i]);
		const struct cell *cell = &cells[fields[i].column];
		if (!to || !cell->p)
			continue;
		if (fields[i].type != FIELD_REFERENCES) {
			titles_want(titles, to, cell_int_or(*cell, 0));
			continue;
		}
		struct ids ids = value_ids(titles->arena, cell_str(*cell));
		for (size_t k = 0; k < ids.n; k++)
			titles_want(titles, to, ids.p[k]);
	}
}

/* ---- making them ---- */

static struct str choice_label(const struct titles *titles, const struct field *field, struct str name)
{
	const struct choice *choices = field->choices.p;
	for (size_t i = 0; i < field->choices.n; i++)
		if (str_eq(choices[i].name, name))
			return choices[i].label.in[titles->lang];
	return name;
}

static struct str title_text(const struct titles *titles, const struct register_ *reg, struct title *title, int depth);

static struct str referred_text(const struct titles *titles, const struct field *field, int64_t id, int depth)
{
	const struct register_ *to = referred(titles, field);
	struct title *title = to && depth < ROUNDS ? map_get_int(&titles->lists[to->place].titles, id) : NULL;
	return title && title->cells ? title_text(titles, to, title, depth + 1) : STR_NONE;
}

/* One part of a title. */
static void title_add(const struct titles *titles, struct buf *out, const struct register_ *reg, const struct field *field, struct cell cell,
                      int depth)
{
	BUF(part);
	if (!cell.p)
		return;
	if (field && field->sensitive)
		buf_add(&part, row_mask(titles->arena, titles->books, reg, field, cell_str(cell)));
	else if (field && field->type == FIELD_CHOICE)
		buf_add(&part, choice_label(titles, field, cell_str(cell)));
	else if (field && referred(titles, field))
		buf_add(&part, referred_text(titles, field, cell_int_or(cell, 0), depth));
	else if (field && field->said)
		buf_add(&part, said_in(titles->books->said, titles->lang, cell_str(cell)));
	else
		cell_add_plain(&part, cell);
	if (!part.n)
		return;
	if (out->n)
		buf_add_char(out, ' ');
	buf_add(out, buf_str(&part));
}

static struct str title_text(const struct titles *titles, const struct register_ *reg, struct title *title, int depth)
{
	BUF(text);
	if (title->text.p)
		return title->text;
	for (size_t i = 0; i < reg->title.n; i++)
		title_add(titles, &text, reg, register_field(reg, reg->title.p[i]), title->cells[i], depth);
	if (!text.n)
		buf_printf(&text, "#%lld", (long long)title->id);
	title->text = arena_str(titles->arena, buf_str(&text));
	return title->text;
}

struct str titles_of(struct titles *titles, const struct register_ *reg, const struct cell *cells)
{
	struct cell *part = ARENA_ARRAY(titles->arena, struct cell, reg->title.n);
	struct title title = { .cells = part, .id = row_int(cells, SYSTEM_ID) };
	for (size_t i = 0; i < reg->title.n; i++) {
		const struct field *field = register_field(reg, reg->title.p[i]);
		part[i] = cells[field ? field->column : SYSTEM_NUMBER];
	}
	return title_text(titles, reg, &title, 0);
}

/* ---- reading them ---- */

/* So many ids go into one query: few sizes, so that few statements are kept prepared. */
enum { BATCH = 128 };
static size_t batch_size(size_t n)
{
	static const size_t sizes[] = { 1, 8, 32, BATCH };
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (n <= sizes[i])
			return sizes[i];
	return sizes[COUNT(sizes) - 1];
}

static void statement(struct buf *sql, const struct register_ *reg, size_t n)
{
	buf_puts(sql, "SELECT id");
	for (size_t i = 0; i < reg->title.n; i++)
		buf_printf(sql, ", %.*s", STR_ARG(reg->title.p[i]));
	buf_printf(sql, " FROM %.*s WHERE id IN (?", STR_ARG(reg->name));
	for (size_t i = 1; i < n; i++)
		buf_puts(sql, ",?");
	buf_add_char(sql, ')');
}

static void take_row(struct titles *titles, const struct register_ *reg, struct db_query *q)
{
	struct title *title = map_get_int(&titles->lists[reg->place].titles, db_int(q, 0));
	struct cell *cells = ARENA_ARRAY(titles->arena, struct cell, reg->title.n);
	for (size_t i = 0; i < reg->title.n; i++) {
		const struct field *field = register_field(reg, reg->title.p[i]);
		cells[i] = db_cell(q, i + 1);
		if (cell_is_text(cells[i]))
			cells[i] = cell_text(arena_str(titles->arena, cell_str(cells[i])));
		if (field && cells[i].p)
			titles_want(titles, referred(titles, field), cell_int_or(cells[i], 0));
	}
	title->cells = cells;
}

static int read_some(struct titles *titles, struct db *db, const struct register_ *reg, const int64_t *ids, size_t n, struct err *err)
{
	DB_QUERY(q);
	BUF(sql);
	size_t size = batch_size(n);
	statement(&sql, reg, size);
	int r = db_query(&q, db, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < size; i++)
		db_bind_int(&q, i < n ? ids[i] : 0);
	while ((r = db_step(&q, err)) > 0)
		take_row(titles, reg, &q);
	return r;
}

/* All that is wanted of one register and was not asked for yet. */
static int read_list(struct titles *titles, struct db *db, const struct register_ *reg, struct err *err)
{
	struct title_list *list = &titles->lists[reg->place];
	int r = 0;
	while (r == 0 && list->read < list->ids.n) {
		int64_t ids[BATCH];
		size_t n = MIN(list->ids.n - list->read, (size_t)BATCH);
		memcpy(ids, &list->ids.p[list->read], n * sizeof(ids[0]));
		list->read += n;
		r = read_some(titles, db, reg, ids, n, err);
	}
	return r;
}

int titles_read(struct titles *titles, struct db *db, struct err *err)
{
	int r = 0;
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; r == 0 && i < titles->books->registers->n; i++)
			if (titles->lists[i].read < titles->lists[i].ids.n)
				r = read_list(titles, db, &titles->books->registers->p[i], err);
	return r;
}

struct str titles_get(const struct titles *titles, const struct register_ *reg, int64_t id)
{
	struct title *title = reg && id > 0 ? map_get_int(&titles->lists[reg->place].titles, id) : NULL;
	return title && title->cells ? title_text(titles, reg, title, 0) : STR_NONE;
}

void titles_put(struct buf *out, const char *name, const struct titles *titles, const struct register_ *reg, const struct cell *cells)
{
	const struct field *fields = reg->fields.p;
	struct str org = titles_get(titles, registers_find(titles->books->registers, STR("org")), row_int(cells, SYSTEM_ORG));
	json_open_map(out, name);
	if (org.p)
		json_put(out, "org", org);
	for (size_t i = 0; i < reg->fields.n; i++) {
		const struct register_ *to = referred(titles, &fields[i]);
		const struct cell *cell = &cells[fields[i].column];
		const char *key = reg->columns_all.p[fields[i].column].name;
		if (!to || !cell->p)
			continue;
		if (fields[i].type != FIELD_REFERENCES) {
			struct str title = titles_get(titles, to, cell_int_or(*cell, 0));
			if (title.p)
				json_put(out, key, title);
			continue;
		}
		struct ids ids = value_ids(titles->arena, cell_str(*cell));
		json_open_list(out, key);
		for (size_t k = 0; k < ids.n; k++)
			json_put(out, NULL, titles_get(titles, to, ids.p[k]));
		buf_add_char(out, ']');
	}
	buf_add_char(out, '}');
}
