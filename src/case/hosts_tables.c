/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/hosts_tables.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/vec.h"

struct fleet_gap {
	enum coverage coverage;
	uint64_t columns;  /* ROWS_ONLY: the rows themselves */
	struct note why;
};

struct fleet_table {
	bool wanted, loaded;
	struct {
		struct fleet_gap *p;
		size_t n, room;
	} gaps;
};

struct hosts_tables {
	struct arena arena;
	struct query *query;
	struct hosts_tables_scope scope;
	struct fleet_table *p; /* by place, as tables[] */
	size_t n, hosts;
};

size_t hosts_tables_count(void)
{
	size_t n = 0;
	while (tables[n])
		n++;
	return n;
}

const struct table *hosts_tables_at(size_t place)
{
	return tables[place];
}

/* ---- the empty tables ---- */

static void add_column_name(struct buf *sql, const char *name)
{
	bool ours = strcmp(name, "host") == 0 || strcmp(name, "org") == 0;
	buf_printf(sql, "\"%s%s\"", ours ? "its_" : "", name);
}

static void add_create(struct buf *sql, const struct table *table)
{
	static const char *const types[] = { [TEXT] = "TEXT", [INT] = "INTEGER", [REAL] = "REAL" };
	buf_printf(sql, "CREATE TABLE \"%s\"(host INTEGER, org INTEGER", table->name);
	for (const struct column *column = table->columns; column->name; column++) {
		buf_puts(sql, ", ");
		add_column_name(sql, column->name);
		buf_printf(sql, " %s", types[column->type]);
	}
	buf_puts(sql, ");");
}

static int run(struct query *query, const char *sql, struct err *err)
{
	struct sqlite3 *db = query_own(query);
	int r = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (r != SQLITE_OK)
		err_set(err, -EINVAL, "cannot prepare the tables of hosts: %s", sqlite3_errmsg(db));
	query_disown(query);
	return r == SQLITE_OK ? 0 : -EINVAL;
}

int hosts_tables_open(struct query *query, struct hosts_tables **out, struct err *err)
{
	BUF(sql);
	buf_puts(&sql, "BEGIN;CREATE TABLE fleet(host INTEGER PRIMARY KEY, name TEXT, machine_id TEXT, org INTEGER, seen INTEGER,"
	               " profile TEXT, os TEXT, address TEXT);");
	for (size_t i = 0; tables[i]; i++)
		add_create(&sql, tables[i]);
	buf_puts(&sql, "COMMIT");
	int r = run(query, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	struct hosts_tables *fleet = mem_alloc(sizeof(*fleet));
	fleet->query = query;
	fleet->n = hosts_tables_count();
	fleet->p = ARENA_ARRAY(&fleet->arena, struct fleet_table, fleet->n);
	*out = fleet;
	return 0;
}

void hosts_tables_close(struct hosts_tables *fleet)
{
	if (!fleet)
		return;
	arena_done(&fleet->arena);
	free(fleet);
}

static size_t column_of(const struct table *table, struct str name)
{
	size_t at = 0;
	while (table->columns[at].name && !str_is_nocase(name, table->columns[at].name))
		at++;
	return at;
}

bool hosts_tables_find(const struct hosts_tables *fleet, const char *name, const char *column, size_t *place, uint64_t *bit)
{
	for (size_t i = 0; i < fleet->n; i++) {
		if (!str_is_nocase(str_from(name), tables[i]->name))
			continue;
		struct str wanted = str_from(column);
		if (str_is_nocase(wanted, "host") || str_is_nocase(wanted, "org"))
			wanted = STR("");
		else if (str_is_nocase(wanted, "its_host") || str_is_nocase(wanted, "its_org"))
			wanted = str_slice(wanted, 4, wanted.n);
		size_t at = column_of(tables[i], wanted);
		*place = i;
		*bit = ROWS_ONLY | (tables[i]->columns[at].name ? UINT64_C(1) << at : 0);
		return true;
	}
	return false;
}

void hosts_tables_want(struct hosts_tables *fleet, size_t place)
{
	fleet->p[place].wanted = true;
}

bool hosts_tables_wanted(const struct hosts_tables *fleet, size_t place)
{
	return fleet->p[place].wanted;
}

/* ---- rows ---- */

static void gap(struct hosts_tables *fleet, struct fleet_table *table, enum coverage coverage, uint64_t columns, struct note why)
{
	vec_push_in(&fleet->arena, &table->gaps, { coverage, columns, note_copy(&fleet->arena, why) });
}

int hosts_tables_load_fleet(struct hosts_tables *fleet, struct db *db, const struct hosts_tables_scope *scope, struct err *err)
{
	DB_QUERY(q);
	fleet->scope = *scope;
	int r = db_query(&q, db, scope->ancestor ? "SELECT id, name, machine_id, org, seen, profile, os, address FROM ward_host WHERE removed"
	                                           " IS NULL AND org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)"
	                                         : "SELECT id, name, machine_id, org, seen, profile, os, address FROM ward_host WHERE removed"
	                                           " IS NULL", err);
	if (r < 0)
		return r;
	if (scope->ancestor)
		db_bind_int(&q, scope->ancestor);
	struct sqlite3 *own = query_own(fleet->query);
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(own, "INSERT INTO fleet VALUES (?, ?, ?, ?, ?, ?, ?, ?)", -1, &insert, NULL);
	while (code == SQLITE_OK && (r = db_step(&q, err)) > 0) {
		for (int i = 0; i < 8; i++) {
			struct cell cell = db_cell(&q, (size_t)i);
			if (cell_is_int(cell))
				sqlite3_bind_int64(insert, i + 1, cell.i);
			else if (cell_is_text(cell))
				sqlite3_bind_text64(insert, i + 1, cell.p, cell.n, SQLITE_TRANSIENT, SQLITE_UTF8);
			else
				sqlite3_bind_null(insert, i + 1);
		}
		sqlite3_step(insert);
		code = sqlite3_reset(insert);
		fleet->hosts++;
	}
	sqlite3_finalize(insert);
	query_disown(fleet->query);
	return code != SQLITE_OK ? err_set(err, -ENOMEM, "cannot load the hosts: %s", sqlite3_errstr(code)) : r;
}

static void bind_doc(sqlite3_stmt *insert, int at, const struct doc *value)
{
	switch (value ? value->type : DOC_NULL) {
	case DOC_INT:
		sqlite3_bind_int64(insert, at, value->integer);
		return;
	case DOC_REAL:
		sqlite3_bind_double(insert, at, value->real);
		return;
	case DOC_STRING:
		sqlite3_bind_text64(insert, at, value->p, value->n, SQLITE_STATIC, SQLITE_UTF8);
		return;
	case DOC_BOOL:
		sqlite3_bind_int64(insert, at, value->boolean);
		return;
	default:
		sqlite3_bind_null(insert, at);
	}
}

static uint64_t columns_named(const struct table *table, const struct doc *names)
{
	uint64_t set = 0;
	for (size_t i = 0; names && names->type == DOC_ARRAY && i < names->n; i++) {
		size_t at = column_of(table, doc_string(&names->items[i]));
		set |= table->columns[at].name ? UINT64_C(1) << at : 0;
	}
	return set;
}

struct delivery { /* of one host */
	int64_t host, org;
	struct str name;
};

static int insert_rows(struct hosts_tables *fleet, const struct table *table, const struct delivery *from, const struct doc *doc,
                       struct err *err)
{
	const struct doc *names = doc_get(doc, STR("columns")), *rows = doc_get(doc, STR("rows"));
	size_t width = table_width(table);
	int places[40];
	if (!names || names->type != DOC_ARRAY || !rows || rows->type != DOC_ARRAY)
		return err_set(err, -EBADMSG, "the kept table is damaged");
	for (size_t c = 0; c < width; c++) {
		places[c] = -1;
		for (size_t i = 0; i < names->n; i++)
			if (str_is(doc_string(&names->items[i]), table->columns[c].name))
				places[c] = (int)i;
	}
	BUF(sql);
	buf_printf(&sql, "INSERT INTO \"%s\" VALUES (?, ?", table->name);
	for (size_t c = 0; c < width; c++)
		buf_puts(&sql, ", ?");
	buf_puts(&sql, ")");
	sqlite3_stmt *insert = NULL;
	struct sqlite3 *own = query_own(fleet->query);
	int code = sqlite3_exec(own, "SAVEPOINT rows", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(own, buf_cstr(&sql), -1, &insert, NULL);
	for (size_t i = 0; code == SQLITE_OK && i < rows->n; i++) {
		const struct doc *row = &rows->items[i];
		sqlite3_bind_int64(insert, 1, from->host);
		if (from->org)
			sqlite3_bind_int64(insert, 2, from->org);
		for (size_t c = 0; c < width; c++)
			bind_doc(insert, (int)c + 3, row->type == DOC_ARRAY && places[c] >= 0 && (size_t)places[c] < row->n ? &row->items[places[c]] : NULL);
		sqlite3_step(insert);
		code = sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	sqlite3_exec(own, "RELEASE rows", NULL, NULL, NULL);
	query_disown(fleet->query);
	return code == SQLITE_OK ? 0 : err_set(err, -ENOMEM, "cannot load the table %s: %s", table->name, sqlite3_errstr(code));
}

/* What one host delivered of it: rows, and what it could not see. */
static int load_delivery(struct hosts_tables *fleet, size_t place, const struct delivery *from, struct str json, struct str coverage,
                         struct str reason, struct err *err)
{
	ARENA(scratch);
	const struct table *table = tables[place];
	struct fleet_table *kept = &fleet->p[place];
	struct source source = { .name = table->name, .text = json };
	const struct doc *doc;
	int r = json_parse(&scratch, &source, &doc, err);
	if (r == 0)
		r = insert_rows(fleet, table, from, doc, err);
	if (r < 0)
		return r;
	uint64_t all = (UINT64_C(1) << table_width(table)) - 1;
	uint64_t missing = all & ~columns_named(table, doc_get(doc, STR("columns")));
	if (missing)
		gap(fleet, kept, COVERAGE_UNAVAILABLE, missing, NOTE("{}: not all columns of {} were delivered", from->name, str_from(table->name)));
	if (str_is(coverage, coverage_names[COVERAGE_COMPLETE]))
		return 0;
	const struct doc *gaps = doc_get(doc, STR("gaps"));
	size_t told = 0;
	for (size_t i = 0; gaps && gaps->type == DOC_ARRAY && i < gaps->n; i++, told++) {
		uint64_t columns = columns_named(table, doc_get(&gaps->items[i], STR("columns")));
		struct str why = doc_text(&gaps->items[i], "why");
		gap(fleet, kept, COVERAGE_PARTIAL, columns ? columns : ROWS_ONLY, NOTE("{}: {}", from->name, why));
	}
	if (!told)
		gap(fleet, kept, COVERAGE_PARTIAL, ROWS_ONLY, NOTE("{}: {}", from->name, reason));
	return 0;
}

static int load_row(struct hosts_tables *fleet, size_t place, struct db_query *q, struct err *err)
{
	ARENA(scratch);
	struct fleet_table *kept = &fleet->p[place];
	struct delivery from = { db_int(q, 0), db_int_or(q, 1, 0), arena_str(&scratch, db_text(q, 2)) };
	struct str table = str_from(tables[place]->name), coverage = db_text(q, 4), packed = db_text(q, 6), json;
	int64_t taken = db_int_or(q, 3, 0);
	if (!taken) {
		gap(fleet, kept, COVERAGE_UNAVAILABLE, ROWS_ONLY, NOTE("{} has not delivered the table {}", from.name, table));
		return 0;
	}
	if (taken < fleet->scope.now - fleet->scope.age) {
		gap(fleet, kept, COVERAGE_UNAVAILABLE, ROWS_ONLY, NOTE("{} delivered the table {} too long ago", from.name, table));
		return 0;
	}
	if (str_is(coverage, coverage_names[COVERAGE_UNAVAILABLE])) {
		gap(fleet, kept, COVERAGE_UNAVAILABLE, ROWS_ONLY, NOTE("{}: {}", from.name, db_text(q, 5)));
		return 0;
	}
	struct err why = { "" };
	int r = host_table_unpack(&scratch, packed, db_text(q, 7), &json, &why);
	if (r == 0)
		r = load_delivery(fleet, place, &from, json, coverage, db_text(q, 5), &why);
	if (r == -ENOMEM)
		return err_set(err, r, "%s", why.text);
	if (r < 0) /* damaged: as good as not delivered */
		gap(fleet, kept, COVERAGE_UNAVAILABLE, ROWS_ONLY, NOTE("{}: {}", from.name, str_from(why.text)));
	return 0;
}

int hosts_tables_load(struct hosts_tables *fleet, struct db *db, size_t place, struct err *err)
{
	DB_QUERY(q);
	if (fleet->p[place].loaded)
		return 0;
	fleet->p[place].loaded = true;
	int r = db_query(&q, db,
	                 fleet->scope.ancestor
	                     ? "SELECT h.id, h.org, h.name, t.taken, t.coverage, t.reason, t.rows, t.sha256 FROM ward_host h LEFT JOIN"
	                       " ward_host_table t ON t.host = h.id AND t.name = ? WHERE h.removed IS NULL"
	                       " AND h.org IN (SELECT org FROM ward_subtree WHERE ancestor = ?) ORDER BY h.id"
	                     : "SELECT h.id, h.org, h.name, t.taken, t.coverage, t.reason, t.rows, t.sha256 FROM ward_host h LEFT JOIN"
	                       " ward_host_table t ON t.host = h.id AND t.name = ? WHERE h.removed IS NULL ORDER BY h.id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(tables[place]->name));
	if (fleet->scope.ancestor)
		db_bind_int(&q, fleet->scope.ancestor);
	while ((r = db_step(&q, err)) > 0) {
		r = load_row(fleet, place, &q, err);
		if (r < 0)
			return r;
	}
	return r;
}

void hosts_tables_given(struct hosts_tables *fleet, size_t place)
{
	fleet->p[place].loaded = true;
}

void hosts_tables_hide(struct hosts_tables *fleet, size_t place, struct note why)
{
	fleet->p[place].loaded = true;
	gap(fleet, &fleet->p[place], COVERAGE_UNAVAILABLE, ROWS_ONLY, why);
}

enum coverage hosts_tables_saw(const struct hosts_tables *fleet, size_t place, uint64_t columns, struct note *why)
{
	const struct fleet_table *table = &fleet->p[place];
	enum coverage worst = COVERAGE_COMPLETE;
	for (size_t i = 0; i < table->gaps.n; i++) {
		const struct fleet_gap *gap = &table->gaps.p[i];
		if (!(gap->columns & (columns | ROWS_ONLY)) || gap->coverage <= worst)
			continue;
		worst = gap->coverage;
		*why = gap->why;
	}
	return worst;
}
