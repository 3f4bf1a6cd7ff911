/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/events_table.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search/record_json.h"
#include "search/search_scan.h"
#include "base/clock.h"
#include "base/fold.h"
#include "base/vec.h"

#define SECOND INT64_C(1000000000)

enum events_column { TIME_, ARRIVED, HOST, SOURCE, PARSER, RAW, FIELDS, MATCH, SELF };

const char events_table_schema[] =
	"-- events of the archive\n"
	"CREATE TABLE events (\n"
	"\ttime    TEXT, -- of the event, UTC, as datetime() writes it\n"
	"\tarrived TEXT, -- when it was taken, UTC\n"
	"\thost    TEXT, -- who wrote it\n"
	"\tsource  TEXT, -- where it was read\n"
	"\tparser  TEXT, -- its format\n"
	"\traw     TEXT, -- as it was written\n"
	"\tfields  TEXT, -- what the parser reads in it: json_extract(fields, '$.user')\n"
	"\tmatch   HIDDEN -- WHERE match = 'user:root NOT src:10.0.0.0/8', as ward search\n"
	");\n";

struct events_table {
	struct query *query;
	char *dir;
	struct search_counts counts;
};

struct events_vtab {
	sqlite3_vtab base;
	struct events_table *table;
};

struct events_cursor {
	sqlite3_vtab_cursor base;
	struct arena arena;
	struct seek seek;
	struct search_scan *scan;
	const struct record *record; /* NULL: at the end */
	sqlite3_int64 row;
};

void events_table_free(struct events_table *table)
{
	if (!table)
		return;
	free(table->dir);
	free(table);
}

void events_table_free_p(struct events_table **table)
{
	events_table_free(*table);
}

const struct search_counts *events_table_counts(const struct events_table *table)
{
	return &table->counts;
}

void events_table_forget(struct events_table *table)
{
	table->counts = (struct search_counts){ 0 };
}

static int events_connect(sqlite3 *db UNUSED, void *aux, int argc UNUSED, const char *const *argv UNUSED, sqlite3_vtab **out,
                          char **message UNUSED)
{
	struct events_table *table = aux;
	int r = query_declare(table->query, "CREATE TABLE x(time TEXT, arrived TEXT, host TEXT, source TEXT, parser TEXT, raw TEXT,"
	                                    " fields TEXT, match TEXT HIDDEN, events TEXT HIDDEN)");
	struct events_vtab *vtab = r == SQLITE_OK ? sqlite3_malloc(sizeof(*vtab)) : NULL;
	if (!vtab)
		return r == SQLITE_OK ? SQLITE_NOMEM : r;
	*vtab = (struct events_vtab){ .table = table };
	*out = &vtab->base;
	return SQLITE_OK;
}

static int events_disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* How a constraint is passed on, 0 when it is not. */
static char plan_of(sqlite3_index_info *info, int i)
{
	const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
	bool binary = strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
	bool equal = constraint->op == SQLITE_INDEX_CONSTRAINT_EQ;
	switch (constraint->iColumn) {
	case TIME_:
		return !binary ? 0
		       : equal ? '='
		       : constraint->op == SQLITE_INDEX_CONSTRAINT_GT || constraint->op == SQLITE_INDEX_CONSTRAINT_GE ? '>'
		       : constraint->op == SQLITE_INDEX_CONSTRAINT_LT || constraint->op == SQLITE_INDEX_CONSTRAINT_LE ? '<'
		                                                                                                     : 0;
	case HOST:
	case SOURCE:
	case PARSER:
		return equal && binary ? '=' : 0;
	case RAW:
		return equal && binary                                ? '='
		       : constraint->op == SQLITE_INDEX_CONSTRAINT_LIKE ? 'L'
		       : constraint->op == SQLITE_INDEX_CONSTRAINT_GLOB ? 'G'
		                                                        : 0;
	case MATCH:
	case SELF:
		return equal || constraint->op == SQLITE_INDEX_CONSTRAINT_MATCH ? 'M' : 0;
	default:
		return 0;
	}
}

/* idxStr: pairs of how and column, "=2M7". A search in `match` must be passed on: SQLite cannot judge it. */
static int events_best_index(sqlite3_vtab *base UNUSED, sqlite3_index_info *info)
{
	BUF(plan);
	double rows = 1e7;
	int arguments = 0;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
		char how = constraint->iColumn < 0 ? 0 : plan_of(info, i);
		if (how == 'M' && !constraint->usable)
			return SQLITE_CONSTRAINT;
		if (!how || !constraint->usable)
			continue;
		buf_printf(&plan, "%c%d", how, constraint->iColumn);
		info->aConstraintUsage[i].argvIndex = ++arguments;
		info->aConstraintUsage[i].omit = how == 'M';
		rows /= how == '>' || how == '<' ? 4 : 20;
	}
	info->estimatedCost = rows;
	info->estimatedRows = (sqlite3_int64)rows + 1;
	info->idxStr = sqlite3_mprintf("%s", buf_cstr(&plan));
	info->needToFreeIdxStr = 1;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int events_open(sqlite3_vtab *base UNUSED, sqlite3_vtab_cursor **out)
{
	struct events_cursor *cursor = mem_alloc(sizeof(*cursor));
	*out = &cursor->base;
	return SQLITE_OK;
}

static void cursor_reset(struct events_cursor *cursor)
{
	search_scan_close(TAKE(cursor->scan));
	arena_reset(&cursor->arena);
	cursor->record = NULL;
	cursor->row = 0;
}

static int events_close(sqlite3_vtab_cursor *base)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	cursor_reset(cursor);
	arena_done(&cursor->arena);
	free(cursor);
	return SQLITE_OK;
}

/* ---- what is passed on ---- */

struct pushed {
	struct arena *arena;
	VEC(const struct seek_node *) nodes;
	int64_t since, until;
	bool nothing; /* compared with NULL */
};

static bool digits_at(struct str text, size_t from, size_t n, int64_t *out)
{
	return text.n >= from + n && str_to_int(str_slice(text, from, from + n), 10, out) && text.p[from] != '-' && text.p[from] != '+';
}

/* The seconds that begin with this text in our way of writing times: first and last. False: all may. */
static bool seconds_of(struct str text, int64_t *first, int64_t *last)
{
	int64_t year, month, day, hour, minute, second;
	if (!digits_at(text, 0, 4, &year) || !digits_at(text, 5, 2, &month) || !digits_at(text, 8, 2, &day) || text.p[4] != '-' ||
	    text.p[7] != '-' || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*first = clock_days(year, month, day) * 86400;
	*last = *first + 86399;
	if (text.n >= 19 && text.p[10] == ' ' && text.p[13] == ':' && text.p[16] == ':' && digits_at(text, 11, 2, &hour) &&
	    digits_at(text, 14, 2, &minute) && digits_at(text, 17, 2, &second) && hour < 24 && minute < 60 && second < 60)
		*first = *last = *first + hour * 3600 + minute * 60 + second;
	return year >= 1970 && year < 2200;
}

static void push_time(struct pushed *pushed, char how, struct str text)
{
	int64_t first, last;
	if (!seconds_of(text, &first, &last))
		return;
	if (how != '<')
		pushed->since = MAX(pushed->since, first * SECOND);
	if (how != '>')
		pushed->until = MIN(pushed->until, last * SECOND + SECOND - 1);
}

static void push_term(struct pushed *pushed, const struct seek_term *term)
{
	struct seek_term *kept = ARENA_NEW(pushed->arena, struct seek_term);
	struct seek_node *node = ARENA_NEW(pushed->arena, struct seek_node);
	*kept = *term;
	*node = (struct seek_node){ .kind = SEEK_TERM, .term = kept };
	vec_push_in(pushed->arena, &pushed->nodes, node);
}

static struct str folded_copy(struct pushed *pushed, struct str text)
{
	return arena_str(pushed->arena, fold_text(pushed->arena, text));
}

static void push_equal(struct pushed *pushed, enum seek_where where, struct str text)
{
	struct seek_piece *piece = ARENA_NEW(pushed->arena, struct seek_piece);
	*piece = (struct seek_piece){ .folded = folded_copy(pushed, text) };
	push_term(pushed, &(struct seek_term){ .where = where, .how = SEEK_TEXT, .pieces = piece, .n_pieces = 1 });
}

/* A part of raw, wherever it stands: SQLite judges the rest. */
static void push_part(struct pushed *pushed, struct str part)
{
	struct seek_piece *pieces = ARENA_ARRAY(pushed->arena, struct seek_piece, 2);
	if (!part.n)
		return;
	pieces[0] = (struct seek_piece){ .any = true, .folded = folded_copy(pushed, part) };
	pieces[1] = (struct seek_piece){ .any = true, .folded = STR("") };
	push_term(pushed, &(struct seek_term){ .where = SEEK_RAW, .how = SEEK_TEXT, .pieces = pieces, .n_pieces = 2 });
}

/* The literal parts of a pattern. A set [ab] of GLOB ends a part as a wildcard does. */
static void push_pattern(struct pushed *pushed, struct str pattern, const char *wild)
{
	while (pattern.n) {
		size_t n = 0;
		while (n < pattern.n && !(pattern.p[n] && strchr(wild, pattern.p[n])))
			n++;
		push_part(pushed, str_slice(pattern, 0, n));
		if (n < pattern.n && pattern.p[n] == '[') {
			ptrdiff_t end = str_find_char(str_slice(pattern, MIN(n + 2, pattern.n), pattern.n), ']');
			n = end < 0 ? pattern.n - 1 : n + 2 + (size_t)end;
		}
		pattern = str_slice(pattern, n + 1, pattern.n);
	}
}

static int push(struct pushed *pushed, char how, enum events_column column, struct str text, struct seek *seek, struct err *err)
{
	static const enum seek_where heads[] = { [HOST] = SEEK_HOST, [SOURCE] = SEEK_SOURCE, [PARSER] = SEEK_PARSER };
	switch (how) {
	case 'M': {
		struct seek own;
		if (seek->regexes || seek->fields.n)
			return err_set(err, -EINVAL, "match: one search for each table; join them with AND within it");
		int r = seek_parse(pushed->arena, arena_str(pushed->arena, text), clock_now() * SECOND, &own, err);
		if (r < 0)
			return r;
		*seek = own;
		vec_push_in(pushed->arena, &pushed->nodes, own.root);
		return 0;
	}
	case 'L':
		push_pattern(pushed, text, "%_");
		return 0;
	case 'G':
		push_pattern(pushed, text, "*?[");
		return 0;
	default:
		if (column == TIME_)
			push_time(pushed, how, text);
		else if (column == RAW)
			push_part(pushed, text);
		else
			push_equal(pushed, heads[column], text);
		return 0;
	}
}

static int vtab_error(sqlite3_vtab *vtab, const struct err *err)
{
	sqlite3_free(vtab->zErrMsg);
	vtab->zErrMsg = sqlite3_mprintf("%s", err->text);
	return SQLITE_ERROR;
}

static bool is_late(void *ctx)
{
	return query_is_late(ctx);
}

static int events_next(sqlite3_vtab_cursor *base)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	struct events_vtab *vtab = (struct events_vtab *)base->pVtab;
	struct err err = { "" };
	int r = search_scan_next(cursor->scan, is_late, vtab->table->query, &cursor->record, &err);
	if (r == 0)
		cursor->record = NULL;
	cursor->row++;
	return r == -ECANCELED ? SQLITE_INTERRUPT : r < 0 ? vtab_error(&vtab->base, &err) : SQLITE_OK;
}

static int events_filter(sqlite3_vtab_cursor *base, int number UNUSED, const char *plan, int argc, sqlite3_value **argv)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	struct events_vtab *vtab = (struct events_vtab *)base->pVtab;
	struct pushed pushed = { .arena = &cursor->arena, .since = INT64_MIN, .until = INT64_MAX };
	static const struct seek_node all = { .kind = SEEK_ALL };
	struct err err = { "" };
	cursor_reset(cursor);
	cursor->seek = (struct seek){ 0 };
	int r = 0;
	for (int i = 0; r == 0 && i < argc; i++) {
		const char *text = (const char *)sqlite3_value_text(argv[i]);
		pushed.nothing |= !text;
		if (text)
			r = push(&pushed, plan[i * 2], (enum events_column)(plan[i * 2 + 1] - '0'),
			         (struct str){ text, (size_t)sqlite3_value_bytes(argv[i]) }, &cursor->seek, &err);
	}
	if (r < 0)
		return vtab_error(&vtab->base, &err);
	if (pushed.nothing)
		return SQLITE_OK;
	struct seek_node *root = ARENA_NEW(&cursor->arena, struct seek_node);
	*root = (struct seek_node){ .kind = SEEK_AND, .p = pushed.nodes.p, .n = pushed.nodes.n };
	cursor->seek.root = pushed.nodes.n ? root : &all;
	r = search_scan_open(vtab->table->dir, &cursor->seek, pushed.since, pushed.until, &vtab->table->counts, &cursor->scan, &err);
	return r < 0 ? vtab_error(&vtab->base, &err) : events_next(base);
}

static int events_eof(sqlite3_vtab_cursor *base)
{
	return ((struct events_cursor *)base)->record == NULL;
}

static void result_time(sqlite3_context *context, int64_t ns)
{
	int64_t seconds = ns / SECOND - (ns % SECOND < 0), fraction = ns - seconds * SECOND;
	time_t at = (time_t)seconds;
	struct tm tm = { 0 };
	char text[64];
	gmtime_r(&at, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	n += (size_t)snprintf(text + n, sizeof(text) - n, ".%06d", (int)(fraction / 1000));
	sqlite3_result_text(context, text, (int)n, SQLITE_TRANSIENT);
}

static void result_text(sqlite3_context *context, struct str text)
{
	sqlite3_result_text64(context, text.p ? text.p : "", text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int events_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	const struct record *record = cursor->record;
	BUF(fields);
	switch (column) {
	case TIME_:
	case ARRIVED:
		result_time(context, column == TIME_ ? record->time : record->arrived);
		break;
	case HOST:
		result_text(context, record->host);
		break;
	case SOURCE:
		result_text(context, record->source);
		break;
	case PARSER:
		result_text(context, record->parser);
		break;
	case RAW:
		result_text(context, record->raw);
		break;
	case FIELDS:
		record_add_fields(&fields, search_scan_seeker(cursor->scan), record);
		result_text(context, buf_str(&fields));
		break;
	default:
		sqlite3_result_null(context);
	}
	return SQLITE_OK;
}

static int events_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = ((struct events_cursor *)base)->row;
	return SQLITE_OK;
}

static const sqlite3_module events_module = {
	.xConnect = events_connect,
	.xBestIndex = events_best_index,
	.xDisconnect = events_disconnect,
	.xOpen = events_open,
	.xClose = events_close,
	.xFilter = events_filter,
	.xNext = events_next,
	.xEof = events_eof,
	.xColumn = events_column,
	.xRowid = events_rowid,
};

int events_table_add(struct query *query, const char *dir, struct events_table **out, struct err *err)
{
	struct events_table *table = mem_alloc(sizeof(*table));
	table->query = query;
	table->dir = mem_text(str_from(dir));
	int r = query_add_table(query, "events", &events_module, table, err);
	if (r < 0)
		events_table_free(table);
	else
		*out = table;
	return r;
}
