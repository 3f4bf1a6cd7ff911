/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/list_filter.h"

#include "base/utf8.h"
#include "register/date.h"
#include "register/record_row.h"

enum operator { EQ, NE, LT, LE, GT, GE, IN, HAS, EMPTY, FILLED, NO_OPERATOR };
static const char *const operator_names[] = { "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "empty", "filled", NULL };
static const char *const operator_signs[] = { "=", "<>", "<", "<=", ">", ">=" };

enum { DAY = 86400, VALUE_MOST = 1000 };

void filter_bind(struct db_query *q, const struct cell *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		db_bind_cell(q, values[i]);
}

/* ---- columns ---- */

/* The column a name means: of a period its beginning. */
static const struct register_column *column_find(const struct register_ *reg, struct str name)
{
	const struct field *field = register_field(reg, name);
	if (field)
		return &reg->columns_all.p[field->column];
	const struct register_column *column = register_column(reg, name);
	return column && column->part != PART_INDEX ? column : NULL;
}

int filter_sort_column(const struct register_ *reg, struct str name, const struct register_column **out, struct err *err)
{
	const struct register_column *column = column_find(reg, name);
	if (!column)
		return err_set(err, -EINVAL, "there is no field '%.*s' to sort by", STR_ARG(name));
	if (column->field && (column->field->sensitive || field_is_list(column->field) || column->field->type == FIELD_LONG_TEXT))
		return err_set(err, -EINVAL, "'%.*s' cannot be sorted by", STR_ARG(name));
	*out = column;
	return 0;
}

/* ---- values ---- */

static bool is_moment(const struct register_column *column)
{
	const struct field *field = column->field;
	if (field)
		return field->type == FIELD_TIME || (field->type == FIELD_PERIOD && field->time);
	return str_is(str_from(column->name), "created") || str_is(str_from(column->name), "updated") || str_is(str_from(column->name), "state_since") ||
	       str_is(str_from(column->name), "withdrawn");
}

static bool is_day(const struct register_column *column)
{
	return column->field && (column->field->type == FIELD_DATE || (column->field->type == FIELD_PERIOD && !column->field->time));
}

/* "today", "today-30", "2026-11-23" */
static bool day_read(const struct filter_ctx *ctx, struct str text, int64_t *day)
{
	int64_t offset = 0;
	if (!str_starts(text, "today"))
		return date_read(text, day);
	struct str rest = str_slice(text, 5, text.n);
	if (rest.n && (rest.n > 6 || (rest.p[0] != '-' && rest.p[0] != '+') || !str_to_int(str_slice(rest, 1, rest.n), 10, &offset)))
		return false;
	*day = date_of(ctx->now) + (rest.n && rest.p[0] == '-' ? -offset : offset);
	return true;
}

static int wrong_value(const struct register_column *column, struct str text, struct err *err)
{
	return err_set(err, -EINVAL, "'%.*s' is no value of '%s'", STR_ARG(str_slice(text, 0, 60)), column->name);
}

static int moment_value(const struct filter_ctx *ctx, const struct register_column *column, enum operator operator, struct str text,
                        struct cell *out, struct err *err)
{
	int64_t seconds, day;
	if (str_is(text, "now")) {
		*out = cell_int(ctx->now);
		return 0;
	}
	if (day_read(ctx, text, &day)) {
		/* A day is from its first second to its last. */
		bool end = operator == LE || operator == GT;
		*out = cell_int(date_start(day + end) - end);
		return 0;
	}
	if (!str_to_int(text, 10, &seconds))
		return wrong_value(column, text, err);
	*out = cell_int(seconds);
	return 0;
}

static int value_read(const struct filter_ctx *ctx, const struct register_column *column, enum operator operator, struct str text,
                      struct cell *out, struct err *err)
{
	const struct field *field = column->field;
	int64_t number;
	double real;
	if (text.n > VALUE_MOST || !utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
		return wrong_value(column, text, err);
	if (is_moment(column))
		return moment_value(ctx, column, operator, text, out, err);
	if (is_day(column)) {
		if (!day_read(ctx, text, &number))
			return wrong_value(column, text, err);
		*out = cell_text(date_text(ctx->arena, number));
		return 0;
	}
	if (field && field->type == FIELD_BOOL && (str_is(text, "true") || str_is(text, "false"))) {
		*out = cell_int(str_is(text, "true"));
		return 0;
	}
	if (field && field->type == FIELD_PERSON && str_is(text, "me")) {
		*out = cell_int(ctx->actor->person ? ctx->actor->person : -1);
		return 0;
	}
	if (field && field->sensitive) {
		if (!ctx->books->vault)
			return err_set(err, -ENOKEY, "the key of sensitive fields is not here");
		*out = cell_text(vault_index(ctx->arena, ctx->books->vault, row_where(ctx->arena, ctx->reg, field), str_trim(text)));
		return 0;
	}
	switch (column->kind) {
	case COLUMN_INTEGER:
		if (!str_to_int(text, 10, &number) || number == NONE)
			return wrong_value(column, text, err);
		*out = cell_int(number);
		return 0;
	case COLUMN_REAL:
		if (!str_to_double(text, &real))
			return wrong_value(column, text, err);
		*out = cell_real(real);
		return 0;
	default:
		*out = cell_text(text.p ? text : STR(""));
		return 0;
	}
}

/* ---- conditions ---- */

static void condition_make(const struct filter_ctx *ctx, struct condition *out, const char *column, const char *behind, const struct values *values)
{
	*out = (struct condition){
		.sql = arena_printf(ctx->arena, "%s%s", column, behind),
		.bare = arena_printf(ctx->arena, "+%s%s", column, behind),
		.column = str_from(column),
		.values = values->p,
		.n = values->n,
	};
}

static void add_like(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%' || text.p[i] == '_' || text.p[i] == '!')
			buf_add_char(out, '!');
		buf_add_char(out, text.p[i]);
	}
}

static struct str like_needle(struct arena *arena, const char *before, struct str text, const char *after)
{
	BUF(needle);
	buf_puts(&needle, before);
	add_like(&needle, text);
	buf_puts(&needle, after);
	return arena_str(arena, buf_str(&needle));
}

/* A member of a JSON list as the table holds it, "[3,5]" or ["a","b"], with commas around it. */
static int has_member(const struct filter_ctx *ctx, const struct register_column *column, struct str text, struct condition *out, struct err *err)
{
	struct values values = { 0 };
	const struct field *field = column->field;
	int64_t id;
	BUF(member);
	if (field->type == FIELD_REFERENCES || field->type == FIELD_FILES) {
		if (!str_to_int(text, 10, &id))
			return wrong_value(column, text, err);
		buf_printf(&member, "%lld", (long long)id);
	} else {
		json_add_string(&member, text);
	}
	vec_push_in(ctx->arena, &values, cell_text(like_needle(ctx->arena, "%,", buf_str(&member), ",%")));
	*out = (struct condition){
		.sql = arena_printf(ctx->arena, "(',' || substr(%s, 2, length(%s) - 2) || ',') LIKE ? ESCAPE '!'", column->name, column->name),
		.column = str_from(column->name),
		.values = values.p,
		.n = 1,
	};
	out->bare = out->sql;
	return 0;
}

static int has_part(const struct filter_ctx *ctx, const struct register_column *column, struct str text, struct condition *out, struct err *err)
{
	struct values values = { 0 };
	const struct field *field = column->field;
	if (field && field_is_list(field))
		return has_member(ctx, column, text, out, err);
	if (column->kind != COLUMN_TEXT || (field && (field->sensitive || field->type == FIELD_CHOICE || is_day(column))))
		return err_set(err, -EINVAL, "'has' is for texts and lists, and '%s' is none", column->name);
	vec_push_in(ctx->arena, &values, cell_text(like_needle(ctx->arena, "%", text, "%")));
	condition_make(ctx, out, column->name, arena_printf(ctx->arena, "%s? ESCAPE '!'", db_like(ctx->db)).p, &values);
	out->bare = out->sql;
	return 0;
}

static int in_list(const struct filter_ctx *ctx, const struct register_column *column, const char *name, struct str text, struct condition *out,
                   struct err *err)
{
	struct values values = { 0 };
	BUF(sql);
	buf_puts(&sql, " IN (");
	for (struct str rest = text; rest.p;) {
		struct cell cell;
		int r = value_read(ctx, column, EQ, str_cut(&rest, ','), &cell, err);
		if (r < 0)
			return r;
		if (values.n >= LIST_IN)
			return err_set(err, -EINVAL, "'in' takes at most %d values", LIST_IN);
		buf_puts(&sql, values.n ? ",?" : "?");
		vec_push_in(ctx->arena, &values, cell);
	}
	buf_add_char(&sql, ')');
	condition_make(ctx, out, name, buf_cstr(&sql), &values);
	return 0;
}

/* A day of a moment's column is all its seconds. */
static bool is_whole_day(const struct filter_ctx *ctx, const struct register_column *column, struct str text)
{
	int64_t day;
	return is_moment(column) && day_read(ctx, text, &day);
}

static int compare(const struct filter_ctx *ctx, const struct register_column *column, const char *name, enum operator operator, struct str text,
                   struct condition *out, struct err *err)
{
	struct values values = { 0 };
	struct cell cell;
	int r = value_read(ctx, column, operator, text, &cell, err);
	if (r < 0)
		return r;
	vec_push_in(ctx->arena, &values, cell);
	if (operator == EQ && is_whole_day(ctx, column, text)) {
		vec_push_in(ctx->arena, &values, cell_int(cell_int_or(cell, 0) + DAY));
		*out = (struct condition){ .sql = arena_printf(ctx->arena, "(%s >= ? AND %s < ?)", name, name),
			                   .bare = arena_printf(ctx->arena, "(+%s >= ? AND +%s < ?)", name, name), .column = str_from(name),
			                   .values = values.p, .n = values.n };
		return 0;
	}
	if (operator == NE) {
		*out = (struct condition){ .sql = arena_printf(ctx->arena, "(%s <> ? OR %s IS NULL)", name, name),
			                   .bare = arena_printf(ctx->arena, "(+%s <> ? OR +%s IS NULL)", name, name), .column = str_from(name),
			                   .values = values.p, .n = values.n };
		return 0;
	}
	condition_make(ctx, out, name, arena_printf(ctx->arena, " %s ?", operator_signs[operator]).p, &values);
	return 0;
}

int filter_read(const struct filter_ctx *ctx, struct str text, struct condition *out, struct err *err)
{
	struct str rest = text, name = str_cut(&rest, ':'), word = str_cut(&rest, ':');
	const struct register_column *column = column_find(ctx->reg, name);
	const struct values none = { 0 };
	int operator = 0;
	if (!column)
		return err_set(err, -EINVAL, "there is no field '%.*s' to filter by", STR_ARG(str_slice(name, 0, 60)));
	while (operator < NO_OPERATOR && !str_is(word, operator_names[operator]))
		operator++;
	if (operator == NO_OPERATOR)
		return err_set(err, -EINVAL, "a filter is 'field:operator:value'; the operators are eq ne lt le gt ge in has empty filled");
	const struct field *field = column->field;
	bool sealed = field && field->sensitive;
	const char *by = sealed ? column[1].name : column->name;
	bool ranged = operator >= LT && operator <= GE;
	if ((sealed && (ranged || operator == HAS)) || (field && field_is_list(field) && operator != HAS && operator < EMPTY))
		return err_set(err, -EINVAL, "'%s' cannot be filtered by '%s'", column->name, operator_names[operator]);
	if (operator == EMPTY || operator == FILLED) {
		condition_make(ctx, out, column->name, operator == EMPTY ? " IS NULL" : " IS NOT NULL", &none);
		return 0;
	}
	if (operator == HAS)
		return has_part(ctx, column, rest, out, err);
	if (operator == IN)
		return in_list(ctx, column, by, rest, out, err);
	return compare(ctx, column, by, operator, rest, out, err);
}

/* ---- q ---- */

static void search_column(const struct filter_ctx *ctx, struct buf *sql, struct values *values, const char *column, const char *like, struct str value)
{
	buf_printf(sql, "%sSELECT id FROM %.*s WHERE withdrawn IS %sNULL AND %s%s", sql->p[sql->n - 1] == '(' ? "" : " UNION ALL ",
	           STR_ARG(ctx->reg->name), ctx->withdrawn ? "NOT " : "", column, like);
	vec_push_in(ctx->arena, values, cell_text(value));
}

/* A word is in the number, or in a text of the title; a sensitive text is found only whole. Column by column, so that each is looked for in
 * its own index, which is a tenth of the table. */
static void search_word(const struct filter_ctx *ctx, struct buf *sql, struct values *values, struct str word)
{
	struct str needle = like_needle(ctx->arena, "%", word, "%");
	const char *like = arena_printf(ctx->arena, "%s? ESCAPE '!'", db_like(ctx->db)).p;
	size_t before = values->n;
	buf_puts(sql, sql->n ? " AND id IN (" : "id IN (");
	if (ctx->reg->number.n)
		search_column(ctx, sql, values, "number", like, needle);
	for (size_t i = 0; i < ctx->reg->title.n; i++) {
		const struct field *field = register_field(ctx->reg, ctx->reg->title.p[i]);
		if (!field || (field->type != FIELD_TEXT && field->type != FIELD_LONG_TEXT) || (field->sensitive && !ctx->books->vault))
			continue;
		const char *column = ctx->reg->columns_all.p[field->column + (field->sensitive != 0)].name;
		if (field->sensitive)
			search_column(ctx, sql, values, column, " = ?",
			              vault_index(ctx->arena, ctx->books->vault, row_where(ctx->arena, ctx->reg, field), word));
		else
			search_column(ctx, sql, values, column, like, needle);
	}
	buf_puts(sql, values->n > before ? ")" : "0)");
}

int filter_search(const struct filter_ctx *ctx, struct str q, struct condition *out, struct err *err)
{
	enum { WORDS = 8 };
	struct values values = { 0 };
	BUF(sql);
	size_t words = 0;
	if (q.n > LIST_QUERY || !utf8_valid(q) || memchr(q.p, 0, q.n))
		return err_set(err, -EINVAL, "'q' is at most %d bytes of text", LIST_QUERY);
	for (struct str rest = q, word = str_word(&rest); word.n && words < WORDS; word = str_word(&rest), words++)
		search_word(ctx, &sql, &values, word);

	struct str text = arena_str(ctx->arena, buf_str(&sql));
	*out = (struct condition){ .sql = text, .bare = text, .column = STR(""), .values = values.p, .n = values.n };
	return 0;
}
