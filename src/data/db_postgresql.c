/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "base/vec.h"
#include "data/db_driver.h"
#include "data/db_words.h"
#include "sys/library.h"

#define PQ_FUNCTIONS(X)                                                                                                                \
	X(PQclear) X(PQcmdStatus) X(PQcmdTuples) X(PQconnectdbParams) X(PQconnectionNeedsPassword) X(PQconninfoFree) X(PQconninfoParse) X(PQerrorMessage) \
	X(PQexec) X(PQexecPrepared) X(PQfinish) X(PQfname) X(PQfreemem) X(PQftype) X(PQgetisnull) X(PQgetlength) X(PQgetvalue)             \
	X(PQnfields) X(PQntuples) X(PQparameterStatus) X(PQprepare) X(PQresultErrorField) X(PQresultStatus) X(PQserverVersion)             \
	X(PQsetNoticeProcessor) X(PQstatus) X(PQtransactionStatus) X(PQunescapeBytea)
LIBRARY(pq, "libpq.so.5", PQ_FUNCTIONS);

enum { OLDEST = 150000 };
/* Numbers of pg_type. */
enum { TYPE_BOOL = 16, TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_OID = 26, TYPE_FLOAT4 = 700, TYPE_FLOAT8 = 701, TYPE_NUMERIC = 1700 };

struct postgres {
	PGconn *connection;
	char *place;         /* "postgresql://host:port/database", for words */
	char *password;      /* as given in the address, to keep it out of words; or NULL */
	int64_t changes;
	bool lost;           /* the server said that it goes */
	uint64_t statements; /* ever prepared: their names */
	VEC(uint64_t) ended; /* to be dropped on the server when it takes commands again */
};

struct statement {
	struct postgres *db;
	uint64_t number;  /* its name there is "s<number>"; 0: run as it is, never prepared */
	char *sql;
	size_t n;         /* parameters */
	const char **values;
	int *lengths, *formats;
	struct arena arena; /* texts of parameters, bytes of the row */
	PGresult *result;
	int row, rows;
	bool bad_text;    /* a parameter with a byte that no text here may have */
};

/* ---- errors ---- */

static int state_errno(const char *state)
{
	static const struct {
		const char *begins;
		int code;
	} known[] = {
		{ "23505", -EEXIST }, { "25006", -EROFS },  { "53100", -ENOSPC }, { "53200", -ENOMEM }, { "55P03", -EBUSY },  { "40001", -EBUSY },
		{ "40P01", -EBUSY },  { "57P01", -EPIPE },  { "57P02", -EPIPE },  { "57P03", -EPIPE },  { "57P05", -EPIPE },  { "08", -EPIPE },
		{ "57014", -ETIME },  { "42501", -EACCES }, { "28", -EACCES },    { "XX001", -EBADMSG }, { "XX002", -EBADMSG }, { "53300", -EBUSY },
	};
	for (size_t i = 0; state && i < COUNT(known); i++)
		if (str_starts(str_from(state), known[i].begins))
			return known[i].code;
	return -EINVAL;
}

/* In one line, and without the password wherever it came from. */
static struct str clean_words(struct arena *arena, const char *password, struct str words)
{
	BUF(out);
	words = str_trim(words);
	size_t n = password ? strlen(password) : 0;
	for (size_t i = 0; i < words.n;) {
		if (n && words.n - i >= n && memcmp(words.p + i, password, n) == 0) {
			buf_puts(&out, "***");
			i += n;
		} else {
			buf_add_char(&out, words.p[i] == '\n' || words.p[i] == '\t' ? ' ' : words.p[i]);
			i++;
		}
	}
	return arena_str(arena, buf_str(&out));
}

static int failed(struct postgres *db, const PGresult *result, struct err *err)
{
	ARENA(arena);
	const char *state = result ? pq.PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *primary = result ? pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	int r = state_errno(state);
	if (pq.PQstatus(db->connection) != CONNECTION_OK)
		r = -EPIPE;
	db->lost |= r == -EPIPE;
	struct str words = clean_words(&arena, db->password, str_from(primary ? primary : pq.PQerrorMessage(db->connection)));
	return err_set(err, r, "%s: %.*s", db->place, STR_ARG(words));
}

static int check(struct postgres *db, PGresult *result, struct err *err)
{
	ExecStatusType status = result ? pq.PQresultStatus(result) : PGRES_FATAL_ERROR;
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ? 0 : failed(db, result, err);
}

/* What a good result tells. The COMMIT of a transaction that had failed is a ROLLBACK, without an error. */
static int take_note(struct postgres *db, PGresult *result, const char *sql, struct err *err)
{
	struct str tuples = str_from(pq.PQcmdTuples(result));
	if (tuples.n)
		db->changes = str_int_or(tuples, 0);
	if (sql && str_is(str_from(sql), "COMMIT") && !str_is(str_from(pq.PQcmdStatus(result)), "COMMIT"))
		return err_set(err, -ECANCELED, "%s: the transaction had failed", db->place);
	return 0;
}

static void result_clear_p(PGresult **result)
{
	if (*result)
		pq.PQclear(*result);
}

static int run_one(struct postgres *db, const char *sql, struct err *err)
{
	CLEANUP(result_clear_p) PGresult *result = pq.PQexec(db->connection, sql);
	int r = check(db, result, err);
	return r == 0 ? take_note(db, result, sql, err) : r;
}

/* ---- connections ---- */

/* An index keeps as its comment how it was written: PostgreSQL's own text of it is no SQL of others (record/tables.h). */
static int keep_words(struct postgres *db, struct str name, struct str statement, struct err *err)
{
	BUF(sql);
	buf_printf(&sql, "COMMENT ON INDEX %.*s IS '", STR_ARG(name));
	statement = str_trim(statement);
	for (size_t i = 0; i < statement.n; i++) {
		if (statement.p[i] == '\'')
			buf_add_char(&sql, '\'');
		buf_add_char(&sql, statement.p[i]);
	}
	buf_add_char(&sql, '\'');
	return run_one(db, buf_cstr(&sql), err);
}

static int postgres_run(void *connection, const char *sql, struct err *err)
{
	struct str rest = str_from(sql), statement;
	int r = 0;
	while (r == 0 && db_words_next(&rest, &statement)) {
		BUF(text);
		if (db_words_postgresql(statement, &text))
			return err_set(err, -EINVAL, "a statement without its parameters");
		r = run_one(connection, buf_cstr(&text), err);
		struct str index = db_words_index(statement);
		if (r == 0 && index.n)
			r = keep_words(connection, index, statement, err);
	}
	return r;
}

static void postgres_close(void *connection)
{
	struct postgres *db = connection;
	if (!db)
		return;
	if (db->connection)
		pq.PQfinish(db->connection);
	if (db->password)
		explicit_bzero(db->password, strlen(db->password));
	vec_done(&db->ended);
	free(db->password);
	free(db->place);
	free(db);
}

static void close_p(struct postgres **db)
{
	postgres_close(*db);
}

static void be_silent(void *ctx, const char *message)
{
	(void)ctx, (void)message;
}

/* Host, port and database of the address are its name in words. */
static int name_place(struct postgres *db, const char *where, struct err *err)
{
	char *words = NULL;
	const char *host = "", *port = "", *database = "";
	PQconninfoOption *options = pq.PQconninfoParse(where, &words);
	if (words)
		pq.PQfreemem(words); /* may hold the password */
	if (!options)
		return err_set(err, -EINVAL, "this is no address of PostgreSQL: postgresql://user@host/database");
	for (PQconninfoOption *it = options; it->keyword; it++) {
		if (!it->val)
			continue;
		if (str_is(str_from(it->keyword), "host"))
			host = it->val;
		else if (str_is(str_from(it->keyword), "port"))
			port = it->val;
		else if (str_is(str_from(it->keyword), "dbname"))
			database = it->val;
		else if (str_is(str_from(it->keyword), "password") && it->val[0])
			db->password = mem_text(str_from(it->val));
	}
	BUF(place);
	buf_printf(&place, "postgresql://%s%s%s/%s", host, port[0] ? ":" : "", port, database);
	db->place = mem_text(buf_str(&place));
	pq.PQconninfoFree(options);
	return 0;
}

static int connect_to(struct postgres *db, const char *where, struct err *err)
{
	ARENA(arena);
	const char *const names[] = { "connect_timeout", "fallback_application_name", "tcp_user_timeout", "dbname", "client_encoding", NULL };
	const char *const values[] = { "5", "ward", "15000", where, "UTF8", NULL };
	db->connection = pq.PQconnectdbParams(names, values, 1);
	if (!db->connection)
		return err_set(err, -ENOMEM, "no memory for a connection to PostgreSQL");
	if (pq.PQstatus(db->connection) != CONNECTION_OK)
		return err_set(err, pq.PQconnectionNeedsPassword(db->connection) ? -EACCES : -EPIPE, "%s: %.*s", db->place,
		               STR_ARG(clean_words(&arena, db->password, str_from(pq.PQerrorMessage(db->connection)))));
	pq.PQsetNoticeProcessor(db->connection, be_silent, NULL);
	int version = pq.PQserverVersion(db->connection);
	if (version < OLDEST)
		return err_set(err, -EPROTO, "%s: PostgreSQL %d is too old, 15 or newer is needed", db->place, version / 10000);
	const char *encoding = pq.PQparameterStatus(db->connection, "server_encoding");
	if (!str_is(str_from(encoding), "UTF8"))
		return err_set(err, -EINVAL, "%s: the database is kept in %s: make one with ENCODING 'UTF8'", db->place, encoding ? encoding : "?");
	return 0;
}

static int postgres_open(struct str where, enum db_mode mode, void **out, struct err *err)
{
	CLEANUP(close_p) struct postgres *db = NULL;
	ARENA(arena);
	const char *address = arena_cstr(&arena, where);
	int r = LIBRARY_LOAD(pq, err);
	if (r < 0)
		return r;
	db = mem_alloc(sizeof(*db));
	r = name_place(db, address, err);
	if (r == 0)
		r = connect_to(db, address, err);
	if (r == 0)
		r = postgres_run(db, "SET standard_conforming_strings = on; SET bytea_output = hex; SET extra_float_digits = 1; SET lock_timeout = '10s';"
		                     "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'", err);
	if (r == 0)
		r = run_one(db, mode == DB_READ ? "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
		                                : "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED", err);
	if (r == 0)
		*out = TAKE(db);
	return r;
}

static bool postgres_in_transaction(void *connection)
{
	struct postgres *db = connection;
	PGTransactionStatusType status = pq.PQtransactionStatus(db->connection);
	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static bool postgres_lost(void *connection)
{
	struct postgres *db = connection;
	return db->lost || pq.PQstatus(db->connection) != CONNECTION_OK;
}

static int64_t postgres_changes(void *connection)
{
	struct postgres *db = connection;
	return db->changes;
}

/* ---- statements ---- */

/* Drop what was ended, unless a failed transaction takes no commands just now. */
static void drop_ended(struct postgres *db)
{
	if (db->ended.n < 16 || pq.PQtransactionStatus(db->connection) == PQTRANS_INERROR)
		return;
	ARENA(arena);
	for (size_t i = 0; i < db->ended.n; i++)
		(void)!run_one(db, arena_printf(&arena, "DEALLOCATE s%llu", (unsigned long long)db->ended.p[i]).p, NULL);
	db->ended.n = 0;
}

static void name_of(const struct statement *it, char out[32])
{
	struct arena arena = { 0 };
	struct str name = arena_printf(&arena, "s%llu", (unsigned long long)it->number);
	memcpy(out, name.p, name.n + 1);
	arena_done(&arena);
}

static void postgres_finish(void *statement)
{
	struct statement *it = statement;
	if (!it)
		return;
	if (it->number)
		vec_push(&it->db->ended, it->number);
	if (it->result)
		pq.PQclear(it->result);
	arena_done(&it->arena);
	free(it->values);
	free(it->lengths);
	free(it->formats);
	free(it->sql);
	free(it);
}

static int postgres_prepare(void *connection, const char *sql, void **statement, struct err *err)
{
	struct postgres *db = connection;
	struct statement *it = mem_alloc(sizeof(*it));
	BUF(text);
	char name[32];
	it->db = db;
	it->n = db_words_postgresql(str_from(sql), &text);
	it->values = mem_alloc((it->n + 1) * sizeof(*it->values));
	it->lengths = mem_alloc((it->n + 1) * sizeof(*it->lengths));
	it->formats = mem_alloc((it->n + 1) * sizeof(*it->formats));
	*statement = it;
	/* A failed transaction takes words that end it, and those only as they are. */
	if (db_words_is_transaction(str_from(sql))) {
		it->sql = mem_text(buf_str(&text));
		return 0;
	}
	drop_ended(db);
	it->number = ++db->statements;
	name_of(it, name);
	PGresult *result = pq.PQprepare(db->connection, name, buf_cstr(&text), 0, NULL);
	int r = check(db, result, err);
	result_clear_p(&result);
	if (r < 0) {
		it->number = 0;
		postgres_finish(it);
	}
	return r;
}

static void postgres_reset(void *statement)
{
	struct statement *it = statement;
	if (it->result)
		pq.PQclear(it->result);
	it->result = NULL;
	it->row = it->rows = 0;
	it->bad_text = false;
	for (size_t i = 0; i < it->n; i++)
		it->values[i] = NULL;
	arena_reset(&it->arena);
}

static void bind(struct statement *it, int at, struct str value, int format)
{
	if (at < 1 || (size_t)at > it->n)
		return;
	it->values[at - 1] = value.p;
	it->lengths[at - 1] = (int)value.n;
	it->formats[at - 1] = format;
}

static void postgres_bind_int(void *statement, int at, int64_t value)
{
	struct statement *it = statement;
	bind(it, at, arena_printf(&it->arena, "%lld", (long long)value), 0);
}

static void postgres_bind_real(void *statement, int at, double value)
{
	struct statement *it = statement;
	bind(it, at, arena_printf(&it->arena, "%.17g", value), 0);
}

static void postgres_bind_text(void *statement, int at, struct str value)
{
	struct statement *it = statement;
	it->bad_text |= value.p && memchr(value.p, 0, value.n);
	bind(it, at, value.p ? arena_str(&it->arena, value) : STR_NONE, 0);
}

static void postgres_bind_blob(void *statement, int at, struct str value)
{
	bind(statement, at, value, 1);
}

static int start(struct statement *it, struct err *err)
{
	char name[32];
	if (it->bad_text)
		return err_set(err, -EINVAL, "%s: a text with a zero byte cannot be kept", it->db->place);
	name_of(it, name);
	it->result = it->sql ? pq.PQexec(it->db->connection, it->sql)
	                     : pq.PQexecPrepared(it->db->connection, name, (int)it->n, it->values, it->lengths, it->formats, 0);
	int r = check(it->db, it->result, err);
	if (r == 0)
		r = take_note(it->db, it->result, it->sql, err);
	if (r < 0)
		return r;
	it->rows = pq.PQntuples(it->result);
	it->row = -1;
	return 0;
}

static int postgres_step(void *statement, struct err *err)
{
	struct statement *it = statement;
	int r = it->result ? 0 : start(it, err);
	if (r < 0)
		return r;
	if (it->row >= it->rows)
		return 0;
	return ++it->row < it->rows;
}

static size_t postgres_width(void *statement)
{
	struct statement *it = statement;
	return it->result ? (size_t)pq.PQnfields(it->result) : 0;
}

static const char *postgres_name(void *statement, size_t column)
{
	struct statement *it = statement;
	return it->result ? pq.PQfname(it->result, (int)column) : NULL;
}

static bool is_null(const struct statement *it, size_t column)
{
	return !it->result || it->row < 0 || it->row >= it->rows || pq.PQgetisnull(it->result, it->row, (int)column);
}

static struct str postgres_text(void *statement, size_t column)
{
	struct statement *it = statement;
	if (is_null(it, column))
		return STR_NONE;
	const char *value = pq.PQgetvalue(it->result, it->row, (int)column);
	if (pq.PQftype(it->result, (int)column) != TYPE_BYTEA)
		return (struct str){ value, (size_t)pq.PQgetlength(it->result, it->row, (int)column) };
	size_t n = 0;
	unsigned char *bytes = pq.PQunescapeBytea((const unsigned char *)value, &n);
	struct str out = arena_str(&it->arena, (struct str){ bytes ? (const char *)bytes : "", n });
	if (bytes)
		pq.PQfreemem(bytes);
	return out;
}

static struct cell number_cell(struct str text)
{
	int64_t whole;
	double real;
	if (str_to_int(text, 10, &whole))
		return cell_int(whole);
	return str_to_double(text, &real) ? cell_real(real) : cell_text(text);
}

static struct cell postgres_cell(void *statement, size_t column)
{
	struct statement *it = statement;
	double real;
	if (is_null(it, column))
		return (struct cell){ 0 };
	struct str text = postgres_text(it, column);
	switch (pq.PQftype(it->result, (int)column)) {
	case TYPE_BOOL:
		return cell_int(text.n && text.p[0] == 't');
	case TYPE_INT8:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_OID:
	case TYPE_NUMERIC:
		return number_cell(text);
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
		return str_to_double(text, &real) ? cell_real(real) : cell_text(text);
	default:
		return cell_text(text);
	}
}

const struct db_driver db_postgresql_driver = {
	.open = postgres_open,
	.close = postgres_close,
	.run = postgres_run,
	.in_transaction = postgres_in_transaction,
	.lost = postgres_lost,
	.changes = postgres_changes,
	.prepare = postgres_prepare,
	.finish = postgres_finish,
	.reset = postgres_reset,
	.bind_int = postgres_bind_int,
	.bind_real = postgres_bind_real,
	.bind_text = postgres_bind_text,
	.bind_blob = postgres_bind_blob,
	.step = postgres_step,
	.width = postgres_width,
	.name = postgres_name,
	.cell = postgres_cell,
	.text = postgres_text,
};
