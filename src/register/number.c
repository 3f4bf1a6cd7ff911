/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/number.h"

#include "base/buf.h"
#include "register/date.h"

enum { PATTERN_MOST = 64, WIDTH_MOST = 9 };
enum part { PART_TEXT, PART_N, PART_YEAR, PART_ORG, PART_WRONG };

/* The next piece of a pattern: text up to a brace, or what stands in braces. */
static enum part part_next(struct str *rest, struct str *text, int64_t *width)
{
	if (rest->p[0] != '{') {
		ptrdiff_t brace = str_find_char(*rest, '{');
		size_t n = brace < 0 ? rest->n : (size_t)brace;
		*text = str_slice(*rest, 0, n);
		*rest = str_slice(*rest, n, rest->n);
		return PART_TEXT;
	}
	ptrdiff_t end = str_find_char(*rest, '}');
	if (end < 0)
		return PART_WRONG;
	struct str inside = str_slice(*rest, 1, (size_t)end);
	*rest = str_slice(*rest, (size_t)end + 1, rest->n);
	*width = 1;
	if (str_is(inside, "year"))
		return PART_YEAR;
	if (str_is(inside, "org"))
		return PART_ORG;
	if (str_is(inside, "n"))
		return PART_N;
	if (!str_starts(inside, "n:") || !str_to_int(str_slice(inside, 2, inside.n), 10, width) || *width < 1 || *width > WIDTH_MOST)
		return PART_WRONG;
	return PART_N;
}

bool number_is_pattern(struct str pattern)
{
	size_t numbers = 0;
	struct str text = STR_NONE;
	int64_t width;
	if (!pattern.n || pattern.n > PATTERN_MOST)
		return false;
	while (pattern.n) {
		enum part part = part_next(&pattern, &text, &width);
		if (part == PART_WRONG)
			return false;
		numbers += part == PART_N;
		for (size_t i = 0; part == PART_TEXT && i < text.n; i++) {
			char c = text.p[i];
			if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/'))
				return false;
		}
	}
	return numbers == 1;
}

static int count(struct write *write, struct str reg, int64_t org, int64_t year, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_counter (register, org, year, n) VALUES (?, ?, ?, 1)"
	                 " ON CONFLICT (register, org, year) DO UPDATE SET n = ward_counter.n + 1 RETURNING n",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, reg);
	db_bind_int(&q, org);
	db_bind_int(&q, year);
	r = db_step(&q, err);
	if (r > 0)
		*out = db_int(&q, 0);
	return r < 0 ? r : 0;
}

static int org_code(struct write *write, int64_t org, struct str *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT code FROM org WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, org);
	r = db_step(&q, err);
	*out = r > 0 ? arena_str(write->arena, db_text(&q, 0)) : STR("");
	return r < 0 ? r : 0;
}

int number_next(struct write *write, struct str reg, struct str pattern, int64_t org, struct str *out, struct err *err)
{
	int64_t now = date_year(date_of(write->now)), n = 0, width;
	struct str code = STR_NONE, text = STR_NONE;
	BUF(number);
	int r = count(write, reg, org, str_find(pattern, "{year}") >= 0 ? now : 0, &n, err);
	if (r == 0 && str_find(pattern, "{org}") >= 0)
		r = org_code(write, org, &code, err);
	while (r == 0 && pattern.n) {
		switch (part_next(&pattern, &text, &width)) {
		case PART_TEXT:
			buf_add(&number, text);
			break;
		case PART_YEAR:
			buf_printf(&number, "%lld", (long long)now);
			break;
		case PART_ORG:
			buf_add(&number, code);
			break;
		case PART_N:
			buf_printf(&number, "%0*lld", (int)width, (long long)n);
			break;
		default:
			return err_set(err, -EINVAL, "the pattern of numbers is damaged");
		}
	}
	*out = arena_str(write->arena, buf_str(&number));
	return r;
}
