/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sql: questions over registers, the tables of hosts and events (case/overview.h), as this person may see them.
 */
#include "api/office.h"
#include "base/clock.h"
#include "case/overview.h"

extern const struct route routes_sql[];

/* Of the server's threads for slow things one stays free for others (logins, for one), however long questions last. */
enum { QUESTIONS = 2 };
static _Atomic unsigned questions;

enum { SQL_MOST = 20000, ROWS_MOST = 5000, BYTES_MOST = 16 * 1024 * 1024, VALUE_MOST = 2 * 1024 * 1024 };
#define DEADLINE ((int64_t)10 * 1000000000)

struct asker {
	const struct books *books;
	const struct actor *actor;
};

static bool may_read(void *ctx, const struct register_ *reg)
{
	const struct asker *asker = ctx;
	return record_may(asker->books, asker->actor, reg, RECORD_READ);
}

static int open_overview(struct request *request, struct asker *asker, struct overview **out, struct err *err)
{
	struct office *office = office_of(request);
	*asker = (struct asker){ &office->books, request->actor };
	struct overview_options options = {
		.registers = office->registers,
		.records = office->records,
		.where = office->records_at,
		.actor = request->actor,
		.may_read = may_read,
		.may_read_ctx = asker,
		/* An archive has no organisations. */
		.archive = request->actor->whole && office->archive_dir.n ? arena_cstr(request->arena, office->archive_dir) : NULL,
		.limits = { .deadline_ns = DEADLINE, .rows = ROWS_MOST, .bytes = VALUE_MOST },
	};
	return overview_open(&options, out, err);
}

/* ---- a question ---- */

/* 0: the end; 1: cut. */
static int add_rows(struct request *request, struct statement *statement, struct err *err)
{
	struct buf *out = &request->out;
	size_t width = statement_width(statement);
	int r;
	json_open_list(out, "columns");
	for (size_t i = 0; i < width; i++)
		json_put(out, NULL, str_from(statement_column(statement, i)));
	buf_puts(out, "]");
	json_open_list(out, "rows");
	for (size_t rows = 0; (r = statement_step(statement, err)) > 0 && out->n < BYTES_MOST; rows++) {
		json_open_list(out, NULL);
		for (size_t i = 0; i < width; i++) {
			json_next(out);
			cell_add_json(out, statement_value(statement, i));
		}
		buf_add_char(out, ']');
	}
	buf_add_char(out, ']');
	return r == -E2BIG ? 1 : r;
}

static void add_coverage(struct request *request, const struct overview *overview, const struct overview_question *question)
{
	struct note why;
	const char *unseen = NULL;
	enum coverage saw = overview_saw(overview, question, &unseen, &why);
	json_open_list(&request->out, "coverage");
	if (saw != COVERAGE_COMPLETE) {
		json_open_map(&request->out, NULL);
		json_put(&request->out, "table", str_from(unseen ? unseen : ""));
		json_put(&request->out, "coverage", str_from(coverage_names[saw]));
		json_put(&request->out, "reason", note_text(request->arena, request->lang, &why));
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
}

static int answer_sql(struct request *request, struct err *err)
{
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	struct overview_question question = { 0 };
	struct asker asker;
	struct str sql, rest = STR_NONE;
	int64_t begun = clock_monotonic_ns();
	int r = request_text(request, "sql", true, SQL_MOST, &sql, err);
	if (r == 0)
		r = open_overview(request, &asker, &overview, err);
	if (r == 0)
		r = overview_ask(overview, sql, &question, &rest, err);
	if (r == 0 && (!question.statement || str_trim(rest).n))
		r = err_set(err, -EINVAL, question.statement ? "one statement at a time" : "there is no statement in it");
	if (r == 0)
		r = overview_load(overview, err);
	if (r == 0) {
		json_open_map(&request->out, NULL);
		r = add_rows(request, question.statement, err);
	}
	if (r >= 0) {
		json_put_flag(&request->out, "cut", r > 0);
		json_put_real(&request->out, "ms", (double)(clock_monotonic_ns() - begun) / 1e6);
		add_coverage(request, overview, &question);
		buf_add_char(&request->out, '}');
	}
	overview_question_done(&question);
	return MIN(r, 0);
}

static int post_sql(struct request *request, struct err *err)
{
	int r = -EBUSY;
	if (questions++ < QUESTIONS)
		r = answer_sql(request, err);
	else
		err_set(err, -EBUSY, "other questions are being answered; try again in a moment");
	questions--;
	return r;
}

/* ---- what can be asked ---- */

static void open_table(struct buf *out, struct str name, const char *kind, const struct text *label, const char *doc)
{
	json_open_map(out, NULL);
	json_put(out, "name", name);
	json_put(out, "kind", str_from(kind));
	if (label) {
		json_open_map(out, "label");
		for (int lang = 0; lang < LANG_COUNT; lang++)
			json_put(out, lang_names[lang], label->in[lang]);
		buf_add_char(out, '}');
	}
	if (doc)
		json_put(out, "doc", str_from(doc));
	json_open_list(out, "columns");
}

static void add_column(struct buf *out, struct str name, const char *type, struct str doc)
{
	json_open_map(out, NULL);
	json_put(out, "name", name);
	json_put(out, "type", str_from(type));
	if (doc.n)
		json_put(out, "doc", doc);
	buf_add_char(out, '}');
}

static void add_register(struct request *request, const struct register_ *reg)
{
	static const char *const types[] = { [COLUMN_TEXT] = "TEXT", [COLUMN_INTEGER] = "INTEGER", [COLUMN_REAL] = "REAL" };
	open_table(&request->out, reg->name, "register", &reg->label, NULL);
	for (size_t i = 0; i < reg->columns_all.n; i++) {
		const struct register_column *column = &reg->columns_all.p[i];
		if (column->part == PART_INDEX || (column->field && column->field->sensitive))
			continue;
		add_column(&request->out, str_from(column->name), types[column->kind], column->field ? column->field->label.in[request->lang] : STR_NONE);
	}
	buf_puts(&request->out, "]}");
}

static void add_host_table(struct request *request, const struct table *table)
{
	static const char *const types[] = { [TEXT] = "TEXT", [INT] = "INTEGER", [REAL] = "REAL" };
	open_table(&request->out, str_from(table->name), "host", NULL, table->doc);
	add_column(&request->out, STR("host"), "INTEGER", STR("fleet.host"));
	add_column(&request->out, STR("org"), "INTEGER", STR("org.id"));
	for (size_t i = 0; i < table_width(table); i++)
		add_column(&request->out, str_from(table->columns[i].name), types[table->columns[i].type], str_from(table->columns[i].doc));
	buf_puts(&request->out, "]}");
}

static int get_tables(struct request *request, struct err *err)
{
	static const struct {
		const char *name, *doc, *columns;
	} others[] = {
		{ "fleet", "the hosts themselves", "host name machine_id org seen profile os address" },
		{ "incident_clock", "the legal clocks of incidents", "incident org rule state starts due sent" },
		{ "events", "the archive of events; match: the language of searches", "time arrived host source parser raw fields match" },
	};
	struct office *office = office_of(request);
	(void)err;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "tables");
	for (size_t i = 0; i < office->registers->n; i++)
		if (record_may(&office->books, request->actor, &office->registers->p[i], RECORD_READ))
			add_register(request, &office->registers->p[i]);
	for (size_t i = 0; i < hosts_tables_count(); i++)
		add_host_table(request, hosts_tables_at(i));
	for (size_t i = 0; i < COUNT(others); i++) {
		struct str rest = str_from(others[i].columns);
		open_table(&request->out, str_from(others[i].name), "other", NULL, others[i].doc);
		for (struct str word = str_word(&rest); word.n; word = str_word(&rest))
			add_column(&request->out, word, "", STR_NONE);
		buf_puts(&request->out, "]}");
	}
	buf_puts(&request->out, "]}");
	return 0;
}

const struct route routes_sql[] = {
	{ METHOD_POST, "/api/sql", "postSql", "one SELECT over registers, tables of hosts and events", .roles = "security operator auditor leader",
	  .flags = ROUTE_SLOW | ROUTE_READ, .body_most = 64 * 1024, .handle = post_sql },
	{ METHOD_GET, "/api/sql/tables", "getSqlTables", "tables that can be asked, with their columns", .roles = "security operator auditor leader",
	  .handle = get_tables },
	{ 0 },
};
