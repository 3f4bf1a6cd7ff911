/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/tables.h"

#include "base/vec.h"

typedef VEC(struct table) table_list;
typedef VEC(struct column) column_list;
typedef VEC(struct str) text_list;

int table_column(const struct table *table, struct str name)
{
	for (size_t i = 0; i < table->n; i++)
		if (str_eq(table->columns[i].name, name))
			return (int)i;
	return -1;
}

bool table_is_register(const struct table *table)
{
	return !str_starts(table->name, "ward_") && table_column(table, STR("id")) >= 0 && table_column(table, STR("version")) >= 0;
}

void table_add_name(struct buf *out, struct str name)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, name.p[i]);
	}
	buf_add_char(out, '"');
}

/* ---- SQLite ---- */

static enum column_type lite_type(struct str type)
{
	if (str_is_nocase(type, "TEXT"))
		return TABLE_TEXT;
	if (str_is_nocase(type, "REAL"))
		return TABLE_REAL;
	return str_is_nocase(type, "INTEGER") ? TABLE_INTEGER : TABLE_BLOB;
}

static int lite_columns(struct arena *arena, struct db *db, struct table *table, struct err *err)
{
	column_list columns = { 0 };
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", err);
	if (r < 0)
		return r;
	db_bind_text(&q, table->name);
	while ((r = db_step(&q, err)) > 0) {
		struct column column = { arena_str(arena, db_text(&q, 0)), lite_type(db_text(&q, 1)), (int)db_int(&q, 2) };
		table->identity |= column.key && column.type == TABLE_INTEGER;
		vec_push_in(arena, &columns, column);
	}
	table->columns = columns.p;
	table->n = columns.n;
	size_t keys = 0;
	for (size_t i = 0; i < columns.n; i++)
		keys += columns.p[i].key > 0;
	table->identity &= keys == 1;
	return r;
}

static int lite_indexes(struct arena *arena, struct db *db, struct table *table, struct err *err)
{
	text_list indexes = { 0 };
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name", err);
	if (r < 0)
		return r;
	db_bind_text(&q, table->name);
	while ((r = db_step(&q, err)) > 0)
		vec_push_in(arena, &indexes, arena_str(arena, db_text(&q, 0)));
	table->indexes = (struct strings){ indexes.p, indexes.n };
	return r;
}

static int lite_names(struct arena *arena, struct db *db, table_list *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT name, sql, type FROM sqlite_schema WHERE type <> 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name", err);
	while (r == 0 && (r = db_step(&q, err)) > 0) {
		struct str sql = db_text(&q, 1);
		if (!str_is(db_text(&q, 2), "table") || !str_starts(sql, "CREATE TABLE"))
			return err_set(err, -ENOTSUP, "'%.*s' in the records is no table of ward", STR_ARG(db_text(&q, 0)));
		vec_push_in(arena, out, { .name = arena_str(arena, db_text(&q, 0)), .create = arena_str(arena, sql) });
		r = 0;
	}
	return r;
}

/* ---- PostgreSQL ---- */

static const char *const type_words[] = { [TABLE_INTEGER] = "INTEGER", [TABLE_REAL] = "REAL", [TABLE_TEXT] = "TEXT", [TABLE_BLOB] = "BLOB" };

static bool postgres_type(struct str type, enum column_type *out)
{
	static const struct {
		const char *name;
		enum column_type type;
	} known[] = { { "bigint", TABLE_INTEGER }, { "integer", TABLE_INTEGER }, { "double precision", TABLE_REAL }, { "text", TABLE_TEXT },
		      { "bytea", TABLE_BLOB } };
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(type, known[i].name)) {
			*out = known[i].type;
			return true;
		}
	return false;
}

/* "(number <> ''::text)" without what only PostgreSQL says. */
static struct str without_casts(struct arena *arena, struct str text)
{
	BUF(out);
	bool quoted = false;
	for (size_t i = 0; i < text.n; i++) {
		quoted ^= text.p[i] == '\'';
		if (quoted || text.p[i] != ':' || i + 1 == text.n || text.p[i + 1] != ':') {
			buf_add_char(&out, text.p[i]);
			continue;
		}
		for (i += 2; i < text.n && ((text.p[i] >= 'a' && text.p[i] <= 'z') || (text.p[i] >= '0' && text.p[i] <= '9')); i++)
			;
		if (str_starts(str_slice(text, i, text.n), " precision"))
			i += sizeof(" precision") - 1;
		i--;
	}
	return arena_str(arena, buf_str(&out));
}

/* Columns, and the text that makes the table again. */
static int postgres_columns(struct arena *arena, struct db *db, struct table *table, struct err *err)
{
	column_list columns = { 0 };
	BUF(create);
	BUF(keys);
	size_t n_keys = 0;
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(array_position(i.indkey::smallint[], a.attnum), -1),"
	                 " a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '' FROM pg_class c"
	                 " JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
	                 " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
	                 " WHERE c.relname = ? AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
	                 " ORDER BY a.attnum", err);
	if (r < 0)
		return r;
	db_bind_text(&q, table->name);
	buf_puts(&create, "CREATE TABLE ");
	table_add_name(&create, table->name);
	buf_puts(&create, " (");
	while ((r = db_step(&q, err)) > 0) {
		struct column column = { .name = arena_str(arena, db_text(&q, 0)), .key = (int)db_int(&q, 2) + 1 };
		if (!postgres_type(db_text(&q, 1), &column.type))
			return err_set(err, -ENOTSUP, "column '%.*s' of '%.*s' is a %.*s, which ward does not use", STR_ARG(column.name),
			               STR_ARG(table->name), STR_ARG(db_text(&q, 1)));
		table->identity |= db_int(&q, 5) == 1;
		buf_puts(&create, columns.n ? ", " : "");
		table_add_name(&create, column.name);
		buf_printf(&create, " %s%s", type_words[column.type], db_int(&q, 5) == 1 ? " PRIMARY KEY" : db_int(&q, 3) == 1 ? " NOT NULL" : "");
		struct str otherwise = without_casts(arena, db_text(&q, 4));
		if (otherwise.n)
			buf_printf(&create, " DEFAULT %.*s", STR_ARG(otherwise));
		n_keys += column.key > 0;
		vec_push_in(arena, &columns, column);
	}
	for (int at = 1; !table->identity && n_keys && at <= (int)n_keys; at++)
		for (size_t i = 0; i < columns.n; i++)
			if (columns.p[i].key == at) {
				buf_puts(&keys, keys.n ? ", " : "");
				table_add_name(&keys, columns.p[i].name);
			}
	if (keys.n)
		buf_printf(&create, ", PRIMARY KEY (%.*s)", STR_ARG(buf_str(&keys)));
	buf_add_char(&create, ')');
	table->columns = columns.p;
	table->n = columns.n;
	table->create = arena_str(arena, buf_str(&create));
	return r;
}

static struct str without(struct arena *arena, struct str text, const char *what)
{
	ptrdiff_t at = str_find(text, what);
	if (at < 0)
		return text;
	size_t end = (size_t)at + strlen(what);
	return arena_printf(arena, "%.*s%.*s", (int)at, text.p, STR_ARG(str_slice(text, end, text.n)));
}

static int postgres_indexes(struct arena *arena, struct db *db, struct table *table, struct err *err)
{
	text_list indexes = { 0 };
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT pg_get_indexdef(i.indexrelid), quote_ident(n.nspname) || '.', obj_description(i.indexrelid, 'pg_class') FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
	                 " JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
	                 " WHERE c.relname = ? AND n.nspname = current_schema() AND NOT i.indisprimary ORDER BY x.relname", err);
	if (r < 0)
		return r;
	db_bind_text(&q, table->name);
	while ((r = db_step(&q, err)) > 0) {
		struct str text = without(arena, db_text(&q, 0), " USING btree");
		text = without_casts(arena, without(arena, text, arena_cstr(arena, db_text(&q, 1))));
		if (db_text(&q, 2).n) /* as it was written (data/db_postgresql.c) */
			text = arena_str(arena, db_text(&q, 2));
		vec_push_in(arena, &indexes, text);
	}
	table->indexes = (struct strings){ indexes.p, indexes.n };
	return r;
}

static int postgres_names(struct arena *arena, struct db *db, table_list *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT relname, relkind = 'r' FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
	                 " AND relkind IN ('r', 'v', 'm', 'f', 'p') ORDER BY relname COLLATE \"C\"", err);
	while (r == 0 && (r = db_step(&q, err)) > 0) {
		if (db_int(&q, 1) != 1)
			return err_set(err, -ENOTSUP, "'%.*s' in the records is no table of ward", STR_ARG(db_text(&q, 0)));
		vec_push_in(arena, out, { .name = arena_str(arena, db_text(&q, 0)) });
		r = 0;
	}
	return r;
}

int tables_list(struct arena *arena, struct db *db, struct tables *out, struct err *err)
{
	bool lite = db_kind(db) == DB_SQLITE;
	table_list list = { 0 };
	int r = (lite ? lite_names : postgres_names)(arena, db, &list, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		r = (lite ? lite_columns : postgres_columns)(arena, db, &list.p[i], err);
		if (r == 0)
			r = (lite ? lite_indexes : postgres_indexes)(arena, db, &list.p[i], err);
	}
	*out = (struct tables){ list.p, list.n };
	return r;
}
