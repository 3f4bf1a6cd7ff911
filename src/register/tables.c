/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/tables.h"

#include "base/vec.h"
#include "crypto/digest.h"
#include "data/json.h"

const struct migration register_migrations[] = {
	{ 200, "registers",
	  "CREATE TABLE ward_subtree (ancestor INTEGER NOT NULL, org INTEGER NOT NULL, PRIMARY KEY (ancestor, org));"
	  "CREATE INDEX ward_subtree_org ON ward_subtree (org);"
	  "CREATE TABLE ward_counter (register TEXT NOT NULL, org INTEGER NOT NULL, year INTEGER NOT NULL, n INTEGER NOT NULL,"
	  " PRIMARY KEY (register, org, year));"
	  "CREATE TABLE ward_file (id INTEGER PRIMARY KEY, register TEXT NOT NULL, record INTEGER NOT NULL, field TEXT NOT NULL,"
	  " name TEXT NOT NULL, size INTEGER NOT NULL, type TEXT NOT NULL, sha256 TEXT NOT NULL, created INTEGER NOT NULL,"
	  " created_by INTEGER NOT NULL);"
	  "CREATE INDEX ward_file_record ON ward_file (register, record);"
	  "CREATE TABLE ward_view (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, register TEXT NOT NULL, name TEXT NOT NULL,"
	  " query TEXT NOT NULL, created INTEGER NOT NULL);"
	  "CREATE UNIQUE INDEX ward_view_name ON ward_view (user_id, register, name);"
	  "CREATE TABLE ward_column (register TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (register, name));"
	  "CREATE TABLE ward_index (name TEXT PRIMARY KEY, register TEXT NOT NULL)" },
	{ 201, "imports",
	  "CREATE TABLE ward_import (id INTEGER PRIMARY KEY, register TEXT NOT NULL, org INTEGER NOT NULL, user_id INTEGER NOT NULL,"
	  " name TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, state TEXT NOT NULL, progress INTEGER NOT NULL,"
	  " rows INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL, bad INTEGER NOT NULL, trouble TEXT, problems TEXT,"
	  " left_out TEXT, made INTEGER NOT NULL, updated INTEGER NOT NULL);"
	  "CREATE INDEX ward_import_user ON ward_import (user_id)" },
	{ 0 },
};

static const char *const kind_names[] = { "TEXT", "INTEGER", "REAL" };

/* ---- columns ---- */

struct apply {
	struct write *write;
	const struct register_ *reg;
	struct err *err;
	struct buf added; /* JSON list of new columns */
};

static int column_kind_known(struct apply *apply, const char *name, struct str *out)
{
	DB_QUERY(q);
	int r = db_query(&q, apply->write->db, "SELECT kind FROM ward_column WHERE register = ? AND name = ?", apply->err);
	if (r < 0)
		return r;
	db_bind_text(&q, apply->reg->name);
	db_bind_text(&q, str_from(name));
	r = db_step(&q, apply->err);
	*out = r > 0 ? arena_str(apply->write->arena, db_text(&q, 0)) : STR_NONE;
	return r < 0 ? r : 0;
}

static int column_remember(struct apply *apply, const struct register_column *column)
{
	DB_QUERY(q);
	int r = db_query(&q, apply->write->db, "INSERT INTO ward_column (register, name, kind) VALUES (?, ?, ?)", apply->err);
	if (r < 0)
		return r;
	db_bind_text(&q, apply->reg->name);
	db_bind_text(&q, str_from(column->name));
	db_bind_text(&q, str_from(kind_names[column->kind]));
	json_put(&apply->added, NULL, str_from(column->name));
	return db_do(&q, apply->err);
}

static void column_text(struct buf *sql, const struct register_column *column, size_t place)
{
	static const bool needed[SYSTEM_COLUMNS] = { [SYSTEM_ORG] = true,     [SYSTEM_STATE] = true,      [SYSTEM_STATE_SINCE] = true,
		                                     [SYSTEM_VERSION] = true, [SYSTEM_CREATED] = true,    [SYSTEM_CREATED_BY] = true,
		                                     [SYSTEM_UPDATED] = true, [SYSTEM_UPDATED_BY] = true };
	buf_printf(sql, "%s %s", column->name, kind_names[column->kind]);
	if (place == SYSTEM_ID)
		buf_puts(sql, " PRIMARY KEY");
	else if (place < SYSTEM_COLUMNS && needed[place])
		buf_puts(sql, " NOT NULL");
}

static int table_make(struct apply *apply)
{
	const struct register_ *reg = apply->reg;
	BUF(sql);
	buf_printf(&sql, "CREATE TABLE %.*s (", STR_ARG(reg->name));
	for (size_t i = 0; i < reg->columns_all.n; i++) {
		if (i)
			buf_puts(&sql, ", ");
		column_text(&sql, &reg->columns_all.p[i], i);
	}
	buf_add_char(&sql, ')');
	int r = db_run(apply->write->db, buf_cstr(&sql), apply->err);
	for (size_t i = 0; r == 0 && i < reg->columns_all.n; i++)
		r = column_remember(apply, &reg->columns_all.p[i]);
	return r;
}

static int column_add(struct apply *apply, const struct register_column *column)
{
	BUF(sql);
	buf_printf(&sql, "ALTER TABLE %.*s ADD COLUMN ", STR_ARG(apply->reg->name));
	column_text(&sql, column, SYSTEM_COLUMNS);
	int r = db_run(apply->write->db, buf_cstr(&sql), apply->err);
	return r < 0 ? r : column_remember(apply, column);
}

static int table_move(struct apply *apply)
{
	const struct register_ *reg = apply->reg;
	int r = 0;
	for (size_t i = 0; r == 0 && i < reg->columns_all.n; i++) {
		const struct register_column *column = &reg->columns_all.p[i];
		struct str kind = STR_NONE;
		r = column_kind_known(apply, column->name, &kind);
		if (r < 0)
			return r;
		if (!kind.p)
			r = column_add(apply, column);
		else if (!str_is(kind, kind_names[column->kind]))
			r = err_set(apply->err, -EPROTO,
			            "the column '%s' of the register '%.*s' holds %.*s and would hold %s now; give the field another name, what stands in "
			            "the old one stays",
			            column->name, STR_ARG(reg->name), STR_ARG(kind), kind_names[column->kind]);
	}
	return r;
}

/* ---- indexes ---- */

static void index_text(struct arena *arena, struct register_index_texts *out, bool unique, struct str columns)
{
	for (size_t i = 0; i < out->n; i++)
		if (str_eq(out->p[i].columns, columns) && out->p[i].unique == unique)
			return;
	vec_push_in(arena, out, { columns, unique });
}

/* What stands for a name in an index: the beginning of a period, the digest of a sensitive field. */
static struct str index_column(const struct register_ *reg, struct str name)
{
	const struct field *field = register_field(reg, name);
	if (!field)
		return name;
	const struct register_column *column = &reg->columns_all.p[field->column];
	return str_from(field->sensitive ? column[1].name : column[0].name);
}

static bool is_in(const struct strings *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->p[i], name))
			return true;
	return false;
}

static bool is_view_sort(const struct register_ *reg, const struct field *field)
{
	const struct list_view *views = reg->views.p;
	for (size_t i = 0; i < reg->views.n; i++) {
		struct str sort = str_slice(views[i].sort, str_starts(views[i].sort, "-"), views[i].sort.n);
		if (str_eq(sort, field->name) || (field->type == FIELD_PERIOD && str_eq(str_slice(sort, 0, field->name.n), field->name)))
			return true;
	}
	return false;
}

static bool is_sorted_by(const struct register_ *reg, const struct field *field)
{
	switch (field->type) {
	case FIELD_DATE:
	case FIELD_TIME:
	case FIELD_CHOICE:
	case FIELD_REFERENCE:
	case FIELD_PERSON:
	case FIELD_ORG:
		return true;
	case FIELD_TEXT:
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_PERIOD:
		return is_in(&reg->columns, field->name) || is_in(&reg->title, field->name) || is_view_sort(reg, field);
	default:
		return false;
	}
}

/* `withdrawn` stands in each, though it is NULL in all of them: so that SQLite sees that a list's conditions need nothing but the index. */
void register_index_list(struct arena *arena, const struct register_ *reg, struct register_index_texts *out)
{
	const struct field *fields = reg->fields.p;
	const struct register_index *declared = reg->indexes.p;
	BUF(text);
	for (size_t i = 0; i < reg->key.n; i++)
		buf_printf(&text, "%s%.*s", i ? ", " : "", STR_ARG(index_column(reg, reg->key.p[i])));
	if (reg->key.n)
		index_text(arena, out, true, arena_str(arena, buf_str(&text)));
	index_text(arena, out, false, STR("org, state, id, withdrawn"));
	index_text(arena, out, false, STR("state, id, org, withdrawn"));
	index_text(arena, out, false, STR("updated, id, state, org, withdrawn"));
	index_text(arena, out, false, STR("withdrawn, id")); /* of those that are */
	if (reg->number.n)
		index_text(arena, out, false, STR("number, id, state, org, withdrawn"));
	for (size_t i = 0; i < reg->fields.n; i++) {
		struct str column = index_column(reg, fields[i].name);
		if (fields[i].unique)
			index_text(arena, out, true, arena_printf(arena, "org, %.*s", STR_ARG(column)));
		if (fields[i].sensitive)
			index_text(arena, out, false, column);
		else if (is_sorted_by(reg, &fields[i]))
			index_text(arena, out, false, arena_printf(arena, "%.*s, id, state, org, withdrawn", STR_ARG(column)));
	}
	for (size_t i = 0; i < reg->indexes.n; i++) {
		buf_clear(&text);
		for (size_t k = 0; k < declared[i].fields.n; k++)
			buf_printf(&text, "%.*s, ", STR_ARG(index_column(reg, declared[i].fields.p[k])));
		buf_puts(&text, "id, withdrawn");
		index_text(arena, out, false, arena_str(arena, buf_str(&text)));
	}
}

static const char *index_name(struct arena *arena, const struct register_ *reg, const struct register_index_text *index)
{
	struct str digest = digest_hex(arena, DIGEST_SHA256, arena_printf(arena, "%d %.*s", index->unique, STR_ARG(index->columns)));
	return arena_printf(arena, "%.*s_x%.12s", STR_ARG(reg->name), digest.p).p;
}

static int index_run(struct apply *apply, const char *sql, const char *name)
{
	DB_QUERY(q);
	int r = db_query(&q, apply->write->db, sql, apply->err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(name));
	if (str_starts(str_from(sql), "INSERT"))
		db_bind_text(&q, apply->reg->name);
	return db_do(&q, apply->err);
}

static int index_make(struct apply *apply, const struct register_index_text *index, const char *name)
{
	BUF(sql);
	buf_printf(&sql, "CREATE %sINDEX %s ON %.*s (%.*s) WHERE withdrawn IS %sNULL", index->unique ? "UNIQUE " : "", name, STR_ARG(apply->reg->name),
	           STR_ARG(index->columns), str_starts(index->columns, "withdrawn") ? "NOT " : "");
	int r = db_run(apply->write->db, buf_cstr(&sql), apply->err);
	if (r == -EEXIST)
		return err_set(apply->err, -EPROTO, "the register '%.*s' has records with equal (%.*s) already; mend them, or the key", STR_ARG(apply->reg->name),
		               STR_ARG(index->columns));
	return r < 0 ? r : index_run(apply, "INSERT INTO ward_index (name, register) VALUES (?, ?)", name);
}

static int indexes_known(struct apply *apply, struct map *out)
{
	DB_QUERY(q);
	int r = db_query(&q, apply->write->db, "SELECT name FROM ward_index WHERE register = ?", apply->err);
	if (r < 0)
		return r;
	db_bind_text(&q, apply->reg->name);
	while ((r = db_step(&q, apply->err)) > 0) {
		struct str name = arena_str(apply->write->arena, db_text(&q, 0));
		*map_put(out, name) = (void *)name.p;
	}
	return r;
}

static int index_drop(struct apply *apply, const char *name)
{
	BUF(sql);
	buf_printf(&sql, "DROP INDEX IF EXISTS %s", name);
	int r = db_run(apply->write->db, buf_cstr(&sql), apply->err);
	return r < 0 ? r : index_run(apply, "DELETE FROM ward_index WHERE name = ?", name);
}

static int indexes_drop(struct apply *apply, const struct map *wanted)
{
	struct arena *arena = apply->write->arena;
	VEC(const char *) gone = { 0 };
	DB_QUERY(q);
	int r = db_query(&q, apply->write->db, "SELECT name FROM ward_index WHERE register = ?", apply->err);
	if (r < 0)
		return r;
	db_bind_text(&q, apply->reg->name);
	while ((r = db_step(&q, apply->err)) > 0)
		if (!map_get(wanted, db_text(&q, 0)))
			vec_push_in(arena, &gone, arena_cstr(arena, db_text(&q, 0)));
	db_query_done(&q);
	for (size_t i = 0; r == 0 && i < gone.n; i++)
		r = index_drop(apply, gone.p[i]);
	return r;
}

static int indexes_apply(struct apply *apply)
{
	struct arena *arena = apply->write->arena;
	struct register_index_texts list = { 0 };
	struct map known = { .arena = arena }, wanted = { .arena = arena };
	register_index_list(arena, apply->reg, &list);
	int r = indexes_known(apply, &known);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const char *name = index_name(arena, apply->reg, &list.p[i]);
		*map_put(&wanted, str_from(name)) = (void *)name;
		if (!map_get(&known, str_from(name)))
			r = index_make(apply, &list.p[i], name);
	}
	return r < 0 ? r : indexes_drop(apply, &wanted);
}

/* ---- all ---- */

static int register_apply(struct write *write, const struct register_ *reg, struct err *err)
{
	BUF(after);
	struct apply apply = { .write = write, .reg = reg, .err = err };
	struct str known = STR_NONE;
	json_open_list(&apply.added, NULL);
	int r = column_kind_known(&apply, "id", &known);
	if (r == 0)
		r = known.p ? table_move(&apply) : table_make(&apply);
	if (r == 0)
		r = indexes_apply(&apply);
	if (r == 0 && apply.added.n > 1) {
		buf_add_char(&apply.added, ']');
		json_open_map(&after, NULL);
		json_put(&after, "register", reg->name);
		json_key(&after, "columns");
		buf_add(&after, buf_str(&apply.added));
		buf_add_char(&after, '}');
		struct change change = { .kind = STR("register"), .action = STR("declare"), .after = buf_str(&after) };
		r = write_journal(write, &change, NULL, err);
	}
	buf_done(&apply.added);
	return r;
}

static int apply_work(void *ctx, struct write *write, struct err *err)
{
	const struct registers *registers = ctx;
	int r = 0;
	for (size_t i = 0; r == 0 && i < registers->n; i++)
		r = register_apply(write, &registers->p[i], err);
	return r;
}

int registers_apply(struct records *records, const struct registers *registers, struct err *err)
{
	struct actor ward = actor_ward();
	int r = records_migrate(records, register_migrations, err);
	return r < 0 ? r : records_do(records, &ward, apply_work, (void *)registers, err);
}
