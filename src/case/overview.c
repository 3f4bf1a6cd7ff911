/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/overview_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "register/date.h"

enum { HOST_DAYS = 7 }; /* after which what a host delivered says nothing any more */
static const char *const clock_columns[] = { "incident", "org", "rule", "state", "starts", "due", "sent" };

/* ---- what is there ---- */

static void book_column(struct book *book, const char *name, const char *type)
{
	vec_push(&book->columns, name);
	vec_push(&book->types, type);
}

static const char *type_of(const struct field *field)
{
	switch (field->type) {
	case FIELD_INTEGER:
	case FIELD_BOOL:
	case FIELD_TIME:
	case FIELD_REFERENCE:
	case FIELD_PERSON:
	case FIELD_ORG:
		return "INTEGER";
	case FIELD_NUMBER:
		return "REAL";
	case FIELD_PERIOD:
		return field->time ? "INTEGER" : "TEXT";
	default:
		return "TEXT";
	}
}

static void book_of_register(struct overview *overview, const struct register_ *reg)
{
	static const char *const system[][2] = {
		{ "id", "INTEGER PRIMARY KEY" }, { "number", "TEXT" }, { "org", "INTEGER" }, { "state", "TEXT" },
		{ "state_since", "INTEGER" }, { "version", "INTEGER" }, { "created", "INTEGER" }, { "created_by", "INTEGER" },
		{ "updated", "INTEGER" }, { "updated_by", "INTEGER" },
	};
	const char *name = arena_cstr(&overview->arena, reg->name);
	struct book book = { .name = name, .from = name, .reg = reg };
	const struct field *fields = reg->fields.p;
	for (size_t i = 0; i < COUNT(system); i++)
		book_column(&book, system[i][0], system[i][1]);
	for (size_t i = 0; i < reg->fields.n; i++) {
		const char *field = arena_cstr(&overview->arena, fields[i].name), *type = type_of(&fields[i]);
		if (fields[i].sensitive)
			continue;
		if (fields[i].type == FIELD_PERIOD) {
			book_column(&book, arena_printf(&overview->arena, "%s_from", field).p, type);
			book_column(&book, arena_printf(&overview->arena, "%s_to", field).p, type);
		} else {
			book_column(&book, field, type);
		}
	}
	book.wanted = ARENA_ARRAY(&overview->arena, bool, book.columns.n);
	vec_push(&overview->books, book);
}

static void books_list(struct overview *overview)
{
	const struct registers *registers = overview->options.registers;
	for (size_t i = 0; registers && i < registers->n; i++)
		if (!overview->options.may_read || overview->options.may_read(overview->options.may_read_ctx, &registers->p[i]))
			book_of_register(overview, &registers->p[i]);
	struct book clock = { .name = "incident_clock", .from = "ward_clock" };
	for (size_t i = 0; i < COUNT(clock_columns); i++)
		book_column(&clock, clock_columns[i], i == 2 || i == 3 ? "TEXT" : "INTEGER");
	clock.wanted = ARENA_ARRAY(&overview->arena, bool, clock.columns.n);
	vec_push(&overview->books, clock);
	overview->by_name.arena = &overview->arena;
	for (size_t i = 0; i < overview->books.n; i++)
		*map_put(&overview->by_name, str_from(overview->books.p[i].name)) = &overview->books.p[i];
}

/* ---- what a statement may read, and reads ---- */

static bool may_read_base(struct overview *overview, const char *table, const char *column)
{
	if (strcmp(table, "ward_clock") == 0)
		return true;
	const struct book *book = map_get(&overview->by_name, str_from(table));
	if (!book)
		return false;
	if (!*column || strcmp(column, "withdrawn") == 0)
		return true;
	for (size_t i = 0; i < book->columns.n; i++)
		if (strcmp(book->columns.p[i], column) == 0)
			return true;
	return false;
}

static void note_book(struct book *book, const char *column)
{
	book->asked = true;
	for (size_t i = 0; i < book->columns.n; i++)
		book->wanted[i] |= sqlite3_stricmp(book->columns.p[i], column) == 0;
}

static void note_name(struct overview_question *question, const char *name)
{
	for (size_t i = 0; i < question->book_count; i++)
		if (strcmp(question->books[i], name) == 0)
			return;
	if (question->book_count < COUNT(question->books))
		question->books[question->book_count++] = name;
}

static bool note_hosts(struct overview_question *question, size_t place, uint64_t bit)
{
	size_t i = 0;
	while (i < question->n && question->hosts[i].place != place)
		i++;
	if (i == COUNT(question->hosts))
		return false;
	question->hosts[i].place = place;
	question->hosts[i].columns |= bit;
	question->n = MAX(question->n, i + 1);
	return true;
}

static bool guard(void *ctx, const char *database, const char *table, const char *column)
{
	struct overview *overview = ctx;
	struct overview_question nobody = { 0 }, *question = overview->asking ? overview->asking : &nobody;
	size_t place;
	uint64_t bit;
	if (database && strcmp(database, overview->schema) == 0)
		return may_read_base(overview, table, column);
	struct book *book = map_get(&overview->by_name, str_from(table));
	if (map_get(&overview->hidden, str_from(table)))
		return false;
	if (book) {
		note_book(book, column);
		note_name(question, book->name);
		return true;
	}
	if (hosts_tables_find(overview->hosts, table, column, &place, &bit)) {
		hosts_tables_want(overview->hosts, place);
		return note_hosts(question, place, bit);
	}
	if (strcmp(table, "events") == 0) {
		question->events = true;
		return true;
	}
	if (strcmp(table, "fleet") == 0)
		note_name(question, "fleet");
	/* The names of the statement's own parts come without a database; what is ward's own never is one of them. */
	return strcmp(table, "fleet") == 0 || strcmp(table, "json_each") == 0 || strcmp(table, "json_tree") == 0 ||
	       (!database && strncmp(table, "ward_", 5) != 0 && strncmp(table, "pragma_", 7) != 0);
}

/* ---- functions ---- */

static void result_date(sqlite3_context *context, int64_t day)
{
	time_t t = (time_t)(day * 86400);
	struct tm tm;
	char text[32];
	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d", &tm)) {
		sqlite3_result_null(context);
		return;
	}
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void sql_today(sqlite3_context *context, int argc UNUSED, sqlite3_value **argv UNUSED)
{
	result_date(context, date_of(((const struct overview *)sqlite3_user_data(context))->now));
}

static void sql_now(sqlite3_context *context, int argc UNUSED, sqlite3_value **argv UNUSED)
{
	const struct overview *overview = sqlite3_user_data(context);
	sqlite3_result_int64(context, overview->now);
}

static int64_t weekdays_later(int64_t day, int64_t n)
{
	while (n > 0)
		n -= date_weekday(++day) < 5;
	return day;
}

static void sql_workdays(sqlite3_context *context, int argc UNUSED, sqlite3_value **argv)
{
	const struct overview *overview = sqlite3_user_data(context);
	struct str date = { (const char *)sqlite3_value_text(argv[0]), (size_t)sqlite3_value_bytes(argv[0]) };
	int64_t year, month, day, n = sqlite3_value_int64(argv[1]);
	bool good = date.p && date.n >= 10 && str_to_int(str_slice(date, 0, 4), 10, &year) && str_to_int(str_slice(date, 5, 7), 10, &month) &&
	            str_to_int(str_slice(date, 8, 10), 10, &day);
	if (!good || n < 0 || n > 3660) {
		sqlite3_result_null(context);
		return;
	}
	int64_t at = clock_days(year, month, day);
	result_date(context, overview->options.working_day ? overview->options.working_day(overview->options.working_day_ctx, at, n)
	                                                 : weekdays_later(at, n));
}

/* ---- opening ---- */

static int own_error(struct overview *overview, struct sqlite3 *db, struct err *err)
{
	err_set(err, -EIO, "cannot prepare the office's tables: %s", sqlite3_errmsg(db));
	query_disown(overview->query);
	return -EIO;
}

/* The view of a table of the attached records: what stands, without what is secret. */
static void add_view(struct buf *sql, const char *schema, const struct book *book)
{
	buf_printf(sql, "CREATE TEMP VIEW %s AS SELECT ", book->name);
	for (size_t i = 0; i < book->columns.n; i++)
		buf_printf(sql, "%s%s", i ? ", " : "", book->columns.p[i]);
	buf_printf(sql, " FROM %s.%s%s;", schema, book->from, book->reg ? " WHERE withdrawn IS NULL" : "");
}

/* Not every use of a table is told to the authorizer: one whose columns only USING compares is not. So that nobody can name the other
 * tables of the records at all, an empty view stands before each, and the schema's name is a secret. */
static int hide_others(struct overview *overview, struct sqlite3 *db, struct buf *sql)
{
	BUF(list);
	sqlite3_stmt *statement = NULL;
	buf_printf(&list, "SELECT name FROM %s.sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'",
	           overview->schema);
	int r = sqlite3_prepare_v2(db, buf_cstr(&list), -1, &statement, NULL);
	while (r == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		struct str name = arena_str(&overview->arena, str_from((const char *)sqlite3_column_text(statement, 0)));
		if (map_get(&overview->by_name, name))
			continue;
		*map_put(&overview->hidden, name) = overview;
		buf_printf(sql, "CREATE TEMP VIEW \"%.*s\" AS SELECT NULL AS hidden WHERE 0;", STR_ARG(name));
	}
	int finished = sqlite3_finalize(statement);
	return r == SQLITE_OK ? finished : r;
}

static void add_memory_table(struct buf *sql, const struct book *book)
{
	buf_printf(sql, "CREATE TABLE %s(", book->name);
	for (size_t i = 0; i < book->columns.n; i++)
		buf_printf(sql, "%s%s %s", i ? ", " : "", book->columns.p[i], book->types.p[i]);
	buf_puts(sql, ");");
}

static int attach(struct overview *overview, struct sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	uint8_t secret[16];
	struct str uri = arena_printf(&overview->arena, "file:%.*s?mode=ro", STR_ARG(overview->options.where));
	sqlite3_randomness(sizeof(secret), secret);
	overview->schema[0] = 'r';
	for (size_t i = 0; i < sizeof(secret); i++)
		snprintf(overview->schema + 1 + 2 * i, 3, "%02x", secret[i]);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);
	int r = sqlite3_prepare_v2(db, "ATTACH ? AS ?", -1, &statement, NULL);
	if (r == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, uri.p, (int)uri.n, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, overview->schema, -1, SQLITE_STATIC);
		sqlite3_step(statement);
	}
	r = sqlite3_finalize(statement);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(db, 5000);
	return r;
}

/* Is this table in the attached records? A register declared since the last start is not. */
static bool has_table(struct sqlite3 *db, const char *schema, const char *name)
{
	return sqlite3_table_column_metadata(db, schema, name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static int tables_make(struct overview *overview, struct err *err)
{
	BUF(sql);
	struct sqlite3 *db = query_own(overview->query);
	overview->hidden.arena = &overview->arena;
	if (overview->attached && (attach(overview, db) != SQLITE_OK || hide_others(overview, db, &sql) != SQLITE_OK))
		return own_error(overview, db, err);
	for (size_t i = 0; i < overview->books.n; i++)
		if (overview->attached && has_table(db, overview->schema, overview->books.p[i].from))
			add_view(&sql, overview->schema, &overview->books.p[i]);
		else
			add_memory_table(&sql, &overview->books.p[i]);
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int r = sqlite3_exec(db, buf_cstr(&sql), NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_create_function(db, "today", 0, flags, overview, sql_today, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_create_function(db, "now", 0, flags, overview, sql_now, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_create_function(db, "workdays", 2, flags, overview, sql_workdays, NULL, NULL);
	if (r == SQLITE_OK && !overview->options.archive)
		r = sqlite3_exec(db, "CREATE TABLE events(time TEXT, arrived TEXT, host TEXT, source TEXT, parser TEXT, raw TEXT, fields TEXT)",
		                 NULL, NULL, NULL);
	/* Tables that are functions are made at their first use, which statements may not do. */
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, "SELECT 1 FROM json_each('[]'), json_tree('[]')", NULL, NULL, NULL);
	if (r != SQLITE_OK)
		return own_error(overview, db, err);
	query_disown(overview->query);
	return overview->options.archive ? events_table_add(overview->query, overview->options.archive, &overview->events, err) : 0;
}

int overview_open(const struct overview_options *options, struct overview **out, struct err *err)
{
	CLEANUP(overview_close_p) struct overview *overview = mem_alloc(sizeof(*overview));
	overview->options = *options;
	overview->now = options->now ? options->now : clock_now();
	if (!overview->options.host_age)
		overview->options.host_age = HOST_DAYS * 86400;
	overview->attached = options->records && records_kind(options->records) == DB_SQLITE && (!options->actor || options->actor->whole);
	books_list(overview);
	int r = query_open_guarded(&(struct query_guard){ guard, overview }, &options->limits, &overview->query, err);
	if (r == 0)
		r = hosts_tables_open(overview->query, &overview->hosts, err);
	if (r == 0)
		r = tables_make(overview, err);
	if (r == 0)
		*out = TAKE(overview);
	return r;
}

void overview_close(struct overview *overview)
{
	if (!overview)
		return;
	query_close(overview->query);
	events_table_free(overview->events);
	hosts_tables_close(overview->hosts);
	for (size_t i = 0; i < overview->books.n; i++) {
		vec_done(&overview->books.p[i].columns);
		vec_done(&overview->books.p[i].types);
	}
	vec_done(&overview->books);
	arena_done(&overview->arena);
	free(overview);
}

void overview_close_p(struct overview **overview)
{
	overview_close(*overview);
}

int64_t overview_now(const struct overview *overview)
{
	return overview->now;
}

/* ---- asking ---- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next run of letters, digits and '_'; empty at the end. */
static struct str next_name(struct str *rest)
{
	size_t from = 0, to;
	while (from < rest->n && !is_name_char(rest->p[from]))
		from++;
	for (to = from; to < rest->n && is_name_char(rest->p[to]);)
		to++;
	struct str name = str_slice(*rest, from, to);
	*rest = str_slice(*rest, to, rest->n);
	return name;
}

static bool mentions(struct str sql, const char *word)
{
	for (struct str name = next_name(&sql); name.n; name = next_name(&sql))
		if (str_is_nocase(name, word))
			return true;
	return false;
}

/* SQLite does not ask the authorizer about columns that only USING or NATURAL compares, nor about a table of which nothing else is
 * read: of every table that is named all columns are taken as read. */
static bool note_all_named(struct overview *overview, struct str sql, struct overview_question *question)
{
	bool fits = true;
	for (size_t i = 0; i < overview->books.n; i++) {
		struct book *book = &overview->books.p[i];
		if (!mentions(sql, book->name))
			continue;
		book->asked = true;
		for (size_t c = 0; c < book->columns.n; c++)
			book->wanted[c] = true;
	}
	for (size_t i = 0; i < hosts_tables_count(); i++) {
		if (!mentions(sql, hosts_tables_at(i)->name))
			continue;
		hosts_tables_want(overview->hosts, i);
		fits &= note_hosts(question, i, COLUMNS_ALL);
	}
	question->events |= mentions(sql, "events");
	return fits;
}

int overview_ask(struct overview *overview, struct str sql, struct overview_question *out, struct str *rest, struct err *err)
{
	*out = (struct overview_question){ 0 };
	overview->asking = out;
	int r = query_prepare(overview->query, sql, &out->statement, rest, err);
	overview->asking = NULL;
	if (r == 0 && (mentions(sql, "using") || mentions(sql, "natural")) && !note_all_named(overview, sql, out)) {
		overview_question_done(out);
		return err_set(err, -EINVAL, "too many tables of hosts in one statement");
	}
	return r;
}

void overview_question_done(struct overview_question *question)
{
	statement_free(question->statement);
	question->statement = NULL;
}

/* ---- loading ---- */

void overview_bind(sqlite3_stmt *insert, int at, struct cell cell)
{
	if (!cell.p)
		sqlite3_bind_null(insert, at);
	else if (cell_is_int(cell))
		sqlite3_bind_int64(insert, at, cell.i);
	else if (cell_is_text(cell))
		sqlite3_bind_text64(insert, at, cell.p, cell.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		sqlite3_bind_double(insert, at, cell.r);
}

static int book_copy(struct overview *overview, struct book *book, struct db *db, struct err *err)
{
	BUF(select);
	BUF(insert_sql);
	BUF(marks);
	const struct actor *actor = overview->options.actor;
	bool bound = actor && !actor->whole;
	size_t n = 0;
	for (size_t i = 0; i < book->columns.n; i++) {
		if (i && !book->wanted[i])
			continue;
		buf_printf(&select, "%s%s", n ? ", " : "SELECT ", book->columns.p[i]);
		buf_printf(&insert_sql, "%s%s", n ? ", " : "", book->columns.p[i]);
		buf_puts(&marks, n++ ? ", ?" : "?");
	}
	buf_printf(&select, " FROM %s", book->from);
	if (book->reg)
		buf_puts(&select, " WHERE withdrawn IS NULL");
	if (bound)
		buf_printf(&select, " %s org IN (SELECT s.org FROM ward_subtree s WHERE s.ancestor = ?)", book->reg ? "AND" : "WHERE");
	DB_QUERY(q);
	int r = db_query(&q, db, buf_cstr(&select), err);
	if (r < 0)
		return r;
	if (bound)
		db_bind_int(&q, actor->org);
	sqlite3_stmt *insert = NULL;
	struct sqlite3 *own = query_own(overview->query);
	struct str sql = arena_printf(&overview->arena, "INSERT INTO %s(%s) VALUES (%s)", book->name, buf_cstr(&insert_sql), buf_cstr(&marks));
	int code = sqlite3_exec(own, "SAVEPOINT book", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(own, sql.p, (int)sql.n, &insert, NULL);
	while (code == SQLITE_OK && (r = db_step(&q, err)) > 0) {
		for (size_t i = 0; i < n; i++)
			overview_bind(insert, (int)i + 1, db_cell(&q, i));
		sqlite3_step(insert);
		code = sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	sqlite3_exec(own, "RELEASE book", NULL, NULL, NULL);
	query_disown(overview->query);
	return code != SQLITE_OK ? err_set(err, -ENOMEM, "cannot load the register %s: %s", book->name, sqlite3_errstr(code)) : r;
}

static int load_all(struct overview *overview, struct db *db, struct err *err)
{
	const struct actor *actor = overview->options.actor;
	const struct hosts_tables_scope scope = { overview->now, overview->options.host_age, actor && !actor->whole ? actor->org : 0 };
	int r = 0;
	if (!overview->fleet_loaded)
		r = hosts_tables_load_fleet(overview->hosts, db, &scope, err);
	overview->fleet_loaded = true;
	for (size_t i = 0; r == 0 && !overview->attached && i < overview->books.n; i++) {
		struct book *book = &overview->books.p[i];
		if (book->asked && !book->loaded)
			r = book_copy(overview, book, db, err);
		book->loaded |= book->asked;
	}
	return r;
}

int overview_load(struct overview *overview, struct err *err)
{
	struct db *db;
	if (!overview->options.records)
		return 0;
	int r = records_read(overview->options.records, &db, err);
	if (r < 0)
		return r;
	r = load_all(overview, db, err);
	for (size_t i = 0; r == 0 && i < hosts_tables_count(); i++)
		if (hosts_tables_wanted(overview->hosts, i))
			r = hosts_tables_load(overview->hosts, db, i, err);
	records_read_end(overview->options.records, db);
	return r;
}

enum coverage overview_saw(const struct overview *overview, const struct overview_question *question, const char **unseen, struct note *why)
{
	enum coverage worst = COVERAGE_COMPLETE;
	for (size_t i = 0; i < question->n; i++) {
		struct note reason;
		size_t place = question->hosts[i].place;
		enum coverage coverage = hosts_tables_saw(overview->hosts, place, question->hosts[i].columns, &reason);
		if (coverage <= worst)
			continue;
		worst = coverage;
		*why = reason;
		if (unseen)
			*unseen = hosts_tables_at(place)->name;
	}
	if (question->events && worst != COVERAGE_UNAVAILABLE && !overview->events && !overview->events_given) {
		worst = COVERAGE_UNAVAILABLE;
		*why = NOTE("there is no archive of events");
		if (unseen)
			*unseen = "events";
	}
	return worst;
}
