/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/query.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/vec.h"
#include "fact/scan.h"

enum {
	TABLES_MAX = 64,              /* tables that one statement reads */
	PROGRESS_STEPS = 20000,       /* SQLite instructions between two looks at the clock */
	HEAP_LIMIT = 512 * 1024 * 1024,
	HEAP_STOP = HEAP_LIMIT / 2,   /* a statement is stopped here: the limit is the whole process's, records' writer included */
};

struct query {
	sqlite3 *db;
	struct facts *facts;
	struct query_limits limits;
	int64_t deadline_ns;          /* of the statement that runs; 0: none */
	struct statement *preparing, *running;
	bool declaring;               /* SQLite parses the columns of one of our own tables */
	struct query_guard guard;     /* may_read NULL: the tables of hosts, and names within the statement */
};

struct statement {
	struct query *query;
	sqlite3_stmt *stmt;
	const struct table *tables[TABLES_MAX];
	uint64_t columns[TABLES_MAX]; /* what it reads of each, as a set */
	size_t table_count, rows;
	bool started;
	VEC(const struct rows *) parts;
};

static void statement_note(struct statement *statement, const struct rows *part)
{
	for (size_t i = statement->parts.n; i-- > 0 && i + 8 > statement->parts.n;)
		if (statement->parts.p[i] == part)
			return;
	vec_push(&statement->parts, part);
}

/* Take down that the statement reads these columns of a table; false when there are too many tables. */
static bool statement_reads(struct statement *statement, const struct table *table, uint64_t columns)
{
	size_t i = 0;
	while (i < statement->table_count && statement->tables[i] != table)
		i++;
	if (i == TABLES_MAX)
		return false;
	statement->tables[i] = table;
	statement->columns[i] |= columns | ROWS_ONLY;
	statement->table_count = MAX(statement->table_count, i + 1);
	return true;
}

uint64_t statement_columns(const struct statement *statement, const struct table *table)
{
	for (size_t i = 0; i < statement->table_count; i++)
		if (statement->tables[i] == table)
			return statement->columns[i];
	return ROWS_ONLY;
}

const struct rows *const *statement_parts(const struct statement *statement, size_t *count)
{
	*count = statement->parts.n;
	return statement->parts.p;
}

/* ---- the virtual table ---- */

struct host_vtab {
	sqlite3_vtab base;
	struct query *query;
	const struct table *table;
};

struct host_cursor {
	sqlite3_vtab_cursor base;
	const struct rows *rows;
	const struct rows_index *index; /* NULL: all rows in order */
	size_t row;                     /* rows->n or SIZE_MAX: at the end */
};

int query_declare(struct query *query, const char *sql)
{
	query->declaring = true;
	int r = sqlite3_declare_vtab(query->db, sql);
	query->declaring = false;
	return r;
}

static int host_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
                        char **message)
{
	(void)argc;
	(void)message;
	struct query *query = aux;
	static const char *const types[] = { [TEXT] = "TEXT", [INT] = "INTEGER", [REAL] = "REAL" };
	const struct table *table = table_find(str_from(argv[0]));
	if (!table)
		return SQLITE_ERROR;
	BUF(sql);
	buf_puts(&sql, "CREATE TABLE x(");
	for (const struct column *column = table->columns; column->name; column++)
		buf_printf(&sql, "%s\"%s\" %s", column == table->columns ? "" : ", ", column->name,
		           types[column->type]);
	buf_puts(&sql, ")");
	int r = query_declare(query, buf_cstr(&sql));
	if (r != SQLITE_OK)
		return r;
	struct host_vtab *vtab = sqlite3_malloc(sizeof(*vtab));
	if (!vtab)
		return SQLITE_NOMEM;
	*vtab = (struct host_vtab){ .query = query, .table = table };
	*out = &vtab->base;
	sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	return SQLITE_OK;
}

static int host_disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* The plan, in idxStr: pairs "<operator><column>," with operator '=' 'L' 'G' for keys, or '#' for the
 * index over one column. */
static int host_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	struct host_vtab *vtab = (struct host_vtab *)base;
	const struct table *table = vtab->table;
	/* SQLite does not ask the authorizer about columns that only USING or NATURAL compares: these, and a
	 * table of which nothing else is read, are known from here alone. */
	if (vtab->query->preparing && !statement_reads(vtab->query->preparing, table, info->colUsed))
		return SQLITE_ERROR;
	char plan[256] = "";
	size_t used = 0;
	int arguments = 0, indexed = -1;
	bool has_required = false;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
		if (!constraint->usable || constraint->iColumn < 0)
			continue;
		const struct column *column = &table->columns[constraint->iColumn];
		bool binary = strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
		char how = constraint->op == SQLITE_INDEX_CONSTRAINT_EQ && binary ? '='
		         : constraint->op == SQLITE_INDEX_CONSTRAINT_LIKE         ? 'L'
		         : constraint->op == SQLITE_INDEX_CONSTRAINT_GLOB         ? 'G'
		                                                                  : 0;
		if (!how)
			continue;
		if ((column->flags & KEY) && used + 8 < sizeof(plan)) {
			used += (size_t)snprintf(plan + used, sizeof(plan) - used, "%c%d,", how, constraint->iColumn);
			info->aConstraintUsage[i].argvIndex = ++arguments;
			has_required |= (column->flags & REQUIRED) != 0;
		} else if (how == '=' && indexed < 0) {
			indexed = i;
		}
	}
	if (!arguments && indexed >= 0) {
		snprintf(plan, sizeof(plan), "#%d,", info->aConstraint[indexed].iColumn);
		info->aConstraintUsage[indexed].argvIndex = ++arguments;
	}
	info->estimatedCost = arguments ? 20 : 10000;
	info->estimatedRows = arguments ? 10 : 1000;
	if (table_is_keyed(table) && !has_required)
		info->estimatedCost = 1e15;
	info->idxStr = sqlite3_mprintf("%s", plan);
	info->needToFreeIdxStr = 1;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int host_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	(void)base;
	struct host_cursor *cursor = sqlite3_malloc(sizeof(*cursor));
	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct host_cursor){ .row = SIZE_MAX };
	*out = &cursor->base;
	return SQLITE_OK;
}

static int host_close(sqlite3_vtab_cursor *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* The cell that a column would have to hold to equal the value; false: cannot tell, look at all rows. */
static bool cell_for_column(const struct column *column, sqlite3_value *value, struct cell *out)
{
	int type = sqlite3_value_type(value);
	if (column->type == INT && type == SQLITE_INTEGER) {
		*out = cell_int(sqlite3_value_int64(value));
		return out->p != NULL;
	}
	if (column->type == TEXT && type == SQLITE_TEXT) {
		*out = cell_text((struct str){ (const char *)sqlite3_value_text(value),
		                               (size_t)sqlite3_value_bytes(value) });
		return true;
	}
	return false;
}

static int host_rows(sqlite3_vtab_cursor *base, int number, const char *plan, int argc,
                     sqlite3_value **argv)
{
	(void)number;
	struct host_cursor *cursor = (struct host_cursor *)base;
	struct host_vtab *vtab = (struct host_vtab *)base->pVtab;
	const struct table *table = vtab->table;
	struct facts *facts = vtab->query->facts;
	const struct statement *running = vtab->query->running;
	uint64_t columns = running ? statement_columns(running, table) : COLUMNS_ALL;
	*cursor = (struct host_cursor){ .base = cursor->base, .row = 0 };

	struct facts_key keys[16];
	size_t key_count = 0;
	bool required = false;
	struct str rest = str_from(plan);
	for (int i = 0; i < argc; i++) {
		struct str step = str_cut(&rest, ',');
		size_t at = (size_t)str_int_or(str_slice(step, 1, step.n), 0);
		const struct column *column = &table->columns[at];
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
			cursor->row = SIZE_MAX; /* nothing equals NULL */
			return SQLITE_OK;
		}
		if (step.p[0] == '#') {
			struct cell wanted;
			cursor->rows = facts_columns(facts, table, columns);
			if (vtab->query->running && table_has_key(table))
				statement_note(vtab->query->running, cursor->rows);
			if (cell_for_column(column, argv[i], &wanted))
				cursor->index = rows_index(facts, cursor->rows, at);
			if (cursor->index)
				cursor->row = rows_first(cursor->index, wanted);
			return SQLITE_OK;
		}
		if (key_count < COUNT(keys)) {
			keys[key_count++] = (struct facts_key){
				.column = column->name,
				.how = step.p[0] == '=' ? KEY_EQUAL : step.p[0] == 'L' ? KEY_LIKE : KEY_GLOB,
				.text = { (const char *)sqlite3_value_text(argv[i]),
				          (size_t)sqlite3_value_bytes(argv[i]) },
			};
			required |= (column->flags & REQUIRED) != 0;
		}
	}
	if (table_is_keyed(table) && !required) {
		BUF(names);
		for (const struct column *column = table->columns; column->name; column++)
			if (column->flags & REQUIRED)
				buf_printf(&names, "%s%s = …", names.n ? " or " : "", column->name);
		vtab->base.zErrMsg = sqlite3_mprintf("table %s cannot be listed whole: say WHERE %s", table->name,
		                                     buf_cstr(&names));
		return SQLITE_ERROR;
	}
	cursor->rows = facts_part(facts, table, columns, keys, key_count);
	if (vtab->query->running && table_has_key(table))
		statement_note(vtab->query->running, cursor->rows);
	return SQLITE_OK;
}

/* Taking a table may last longer than any query should: that time is not the query's. */
static int host_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argv)
{
	struct query *query = ((struct host_vtab *)base->pVtab)->query;
	int64_t start = clock_monotonic_ns();
	int r = host_rows(base, number, plan, argc, argv);
	query->deadline_ns += clock_monotonic_ns() - start;
	return r;
}

static int host_next(sqlite3_vtab_cursor *base)
{
	struct host_cursor *cursor = (struct host_cursor *)base;
	cursor->row = cursor->index ? rows_next(cursor->index, cursor->row) : cursor->row + 1;
	return SQLITE_OK;
}

static int host_eof(sqlite3_vtab_cursor *base)
{
	struct host_cursor *cursor = (struct host_cursor *)base;
	return !cursor->rows || cursor->row >= cursor->rows->n;
}

static int host_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct host_cursor *cursor = (struct host_cursor *)base;
	/* Better no answer than a NULL that only means that nobody looked. */
	if (!(cursor->rows->columns >> column & 1)) {
		sqlite3_result_error(context, "a column that was not taken", -1);
		return SQLITE_ERROR;
	}
	struct cell cell = rows_at(cursor->rows, cursor->row)[column];
	if (!cell.p)
		sqlite3_result_null(context);
	else if (cell.p == cell_int_tag)
		sqlite3_result_int64(context, cell.i);
	else if (cell.p == cell_real_tag)
		sqlite3_result_double(context, cell.r);
	else
		sqlite3_result_text64(context, cell.p, cell.n, SQLITE_STATIC, SQLITE_UTF8);
	return SQLITE_OK;
}

static int host_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((struct host_cursor *)base)->row;
	return SQLITE_OK;
}

static const sqlite3_module host_module = {
	.xConnect = host_connect,
	.xBestIndex = host_best_index,
	.xDisconnect = host_disconnect,
	.xOpen = host_open,
	.xClose = host_close,
	.xFilter = host_filter,
	.xNext = host_next,
	.xEof = host_eof,
	.xColumn = host_column,
	.xRowid = host_rowid,
};

/* ---- the connection ---- */

static bool table_is_private(const char *name)
{
	return strncmp(name, "sqlite_", 7) == 0;
}

/* load_extension and fts3_tokenizer (which Debian's SQLite has) reach for the process's memory. printf and its newer name count to
 * 2,147,483,647 within one instruction, where no deadline stops them: SQL that comes over the network goes without. */
static bool may_call(const struct query *query, const char *name)
{
	static const char *const never[] = { "load_extension", "fts3_tokenizer" }, *const endless[] = { "printf", "format" };
	for (size_t i = 0; i < COUNT(never); i++)
		if (sqlite3_stricmp(name, never[i]) == 0)
			return false;
	for (size_t i = 0; query->limits.bytes && i < COUNT(endless); i++)
		if (sqlite3_stricmp(name, endless[i]) == 0)
			return false;
	return true;
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *c, const char *d)
{
	struct query *query = ctx;
	(void)d;
	if (query->declaring)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return b && may_call(query, b) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_READ:
		break;
	default:
		return SQLITE_DENY;
	}
	if (!a || table_is_private(a))
		return SQLITE_DENY;
	if (query->guard.may_read)
		return query->guard.may_read(query->guard.ctx, c, a, b ? b : "") ? SQLITE_OK : SQLITE_DENY;
	const struct table *table = table_find(str_from(a));
	struct statement *statement = query->preparing;
	if (!table || !statement)
		return SQLITE_OK; /* a subquery's or CTE's own name */
	return statement_reads(statement, table, b ? table_columns(table, b) : 0) ? SQLITE_OK : SQLITE_DENY;
}

static int out_of_time(void *ctx)
{
	const struct query *query = ctx;
	return query->deadline_ns && clock_monotonic_ns() > query->deadline_ns;
}

static int out_of_bounds(void *ctx)
{
	return out_of_time(ctx) || sqlite3_memory_used() > HEAP_STOP;
}

static int query_open_over(struct facts *facts, const struct query_guard *guard, const struct query_limits *limits, struct query **out,
                           struct err *err)
{
	struct query *query = mem_alloc(sizeof(*query));
	query->facts = facts;
	if (guard)
		query->guard = *guard;
	if (limits)
		query->limits = *limits;
	if (!query->limits.deadline_ns)
		query->limits.deadline_ns = 60 * (int64_t)1000000000;
	int r = sqlite3_open_v2(":memory:", &query->db,
	                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	for (size_t i = 0; facts && r == SQLITE_OK && tables[i]; i++)
		r = sqlite3_create_module(query->db, tables[i]->name, &host_module, query);
	if (r != SQLITE_OK) {
		err_set(err, -ENOMEM, "cannot open SQLite: %s", sqlite3_errstr(r));
		query_close(query);
		return -ENOMEM;
	}
	sqlite3_hard_heap_limit64(HEAP_LIMIT);
	sqlite3_limit(query->db, SQLITE_LIMIT_LENGTH, query->limits.bytes ? (int)query->limits.bytes : 64 * 1024 * 1024);
	sqlite3_limit(query->db, SQLITE_LIMIT_SQL_LENGTH, 256 * 1024);
	sqlite3_limit(query->db, SQLITE_LIMIT_EXPR_DEPTH, 200);
	sqlite3_limit(query->db, SQLITE_LIMIT_COMPOUND_SELECT, 200);
	sqlite3_limit(query->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(query->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_db_config(query->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(query->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_exec(query->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL); /* behind walls there is no place for files */
	sqlite3_set_authorizer(query->db, authorize, query);
	sqlite3_db_config(query->db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
	sqlite3_progress_handler(query->db, query->limits.bytes ? PROGRESS_STEPS / 20 : PROGRESS_STEPS, out_of_bounds, query);
	*out = query;
	return 0;
}

int query_open(struct facts *facts, const struct query_limits *limits, struct query **out, struct err *err)
{
	return query_open_over(facts, NULL, limits, out, err);
}

int query_open_guarded(const struct query_guard *guard, const struct query_limits *limits, struct query **out, struct err *err)
{
	return query_open_over(NULL, guard, limits, out, err);
}

struct sqlite3 *query_own(struct query *query)
{
	query->declaring = true;
	query->deadline_ns = 0;
	return query->db;
}

void query_disown(struct query *query)
{
	query->declaring = false;
}

int query_add_table(struct query *query, const char *name, const struct sqlite3_module *module, void *ctx, struct err *err)
{
	int r = sqlite3_create_module(query->db, name, module, ctx);
	return r == SQLITE_OK ? 0 : err_set(err, -EINVAL, "cannot add the table %s: %s", name, sqlite3_errstr(r));
}

bool query_is_late(const struct query *query)
{
	return out_of_time((void *)query);
}

void query_close(struct query *query)
{
	if (!query)
		return;
	sqlite3_close(query->db);
	free(query);
}

void query_close_p(struct query **query)
{
	query_close(*query);
}

bool query_is_complete(struct str sql)
{
	BUF(text);
	buf_add(&text, sql);
	return sqlite3_complete(buf_cstr(&text));
}

int query_prepare(struct query *query, struct str sql, struct statement **out, struct str *rest,
                  struct err *err)
{
	struct statement *statement = mem_alloc(sizeof(*statement));
	statement->query = query;
	query->preparing = statement;
	const char *tail = NULL;
	*out = NULL;
	if (sql.n > INT32_MAX) {
		free(statement);
		return err_set(err, -E2BIG, "the query is too long");
	}
	int r = sqlite3_prepare_v3(query->db, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT, &statement->stmt, &tail);
	query->preparing = NULL;
	if (r != SQLITE_OK || !statement->stmt) {
		if (r == SQLITE_AUTH)
			err_set(err, -EINVAL, "only SELECT is allowed, over the tables that .tables lists");
		else if (r != SQLITE_OK && sqlite3_error_offset(query->db) >= 0)
			err_set(err, -EINVAL, "%s (at character %d)", sqlite3_errmsg(query->db),
			        sqlite3_error_offset(query->db) + 1);
		else if (r != SQLITE_OK)
			err_set(err, -EINVAL, "%s", sqlite3_errmsg(query->db));
		statement_free(statement);
		if (rest)
			*rest = STR_NONE;
		return r == SQLITE_OK ? 0 : -EINVAL;
	}
	if (!sqlite3_stmt_readonly(statement->stmt) || sqlite3_column_count(statement->stmt) == 0) {
		statement_free(statement); /* VACUUM, for one, asks the authorizer only when it runs */
		return err_set(err, -EINVAL, "only SELECT is allowed, over the tables that .tables lists");
	}
	for (size_t i = 0; i < statement->table_count; i++)
		facts_want(query->facts, statement->tables[i], statement->columns[i]);
	if (rest)
		*rest = (struct str){ tail, (size_t)(sql.p + sql.n - tail) };
	*out = statement;
	return 0;
}

void statement_free(struct statement *statement)
{
	if (!statement)
		return;
	sqlite3_finalize(statement->stmt);
	vec_done(&statement->parts);
	free(statement);
}

void statement_free_p(struct statement **statement)
{
	statement_free(*statement);
}

const struct table *const *statement_tables(const struct statement *statement, size_t *count)
{
	*count = statement->table_count;
	return statement->tables;
}

const char *statement_parameter(const struct statement *statement, size_t index)
{
	return sqlite3_bind_parameter_name(statement->stmt, (int)index);
}

int statement_bind(struct statement *statement, size_t index, struct cell value, struct err *err)
{
	int r;
	if (!value.p)
		r = sqlite3_bind_null(statement->stmt, (int)index);
	else if (value.p == cell_int_tag)
		r = sqlite3_bind_int64(statement->stmt, (int)index, value.i);
	else if (value.p == cell_real_tag)
		r = sqlite3_bind_double(statement->stmt, (int)index, value.r);
	else
		r = sqlite3_bind_text64(statement->stmt, (int)index, value.p, value.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	return r == SQLITE_OK ? 0 : err_set(err, -EINVAL, "cannot bind: %s", sqlite3_errstr(r));
}

int statement_step(struct statement *statement, struct err *err)
{
	struct query *query = statement->query;
	if (!statement->started) {
		statement->started = true;
		query->deadline_ns = clock_monotonic_ns() + query->limits.deadline_ns;
	}
	query->running = statement;
	int r = sqlite3_step(statement->stmt);
	query->running = NULL;
	if (r == SQLITE_DONE)
		return 0;
	if (r == SQLITE_ROW) {
		if (query->limits.rows && ++statement->rows > query->limits.rows)
			return err_set(err, -E2BIG, "more than %zu rows: cut here", query->limits.rows);
		return 1;
	}
	if (r == SQLITE_INTERRUPT && !out_of_time(query))
		return err_set(err, -EINVAL, "stopped: it takes too much memory");
	if (r == SQLITE_INTERRUPT)
		return err_set(err, -ETIME, "stopped after %.1f s", (double)query->limits.deadline_ns / 1e9);
	return err_set(err, -EINVAL, "%s", sqlite3_errmsg(query->db));
}

size_t statement_width(const struct statement *statement)
{
	return (size_t)sqlite3_column_count(statement->stmt);
}

const char *statement_column(const struct statement *statement, size_t column)
{
	return sqlite3_column_name(statement->stmt, (int)column);
}

struct cell statement_value(const struct statement *statement, size_t column)
{
	switch (sqlite3_column_type(statement->stmt, (int)column)) {
	case SQLITE_NULL:
		return (struct cell){ 0 };
	case SQLITE_INTEGER:
		return cell_int(sqlite3_column_int64(statement->stmt, (int)column));
	case SQLITE_FLOAT:
		return cell_real(sqlite3_column_double(statement->stmt, (int)column));
	default:
		return (struct cell){
			.p = (const char *)sqlite3_column_text(statement->stmt, (int)column),
			.n = (size_t)sqlite3_column_bytes(statement->stmt, (int)column),
		};
	}
}
