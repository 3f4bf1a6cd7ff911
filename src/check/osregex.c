/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/osregex.h"

#include "base/vec.h"

enum { GROUP_TABLE_MOST = 32 << 20 /* bytes for the places of a group */ };

struct item {
	char what;   /* 0: the byte `literal`; otherwise the letter of a class */
	char literal;
	char repeat; /* 0, '+', '*' */
};

struct alternative {
	struct item *items;
	size_t n;
	struct str needed;      /* lower case, within the text when it matches; may be empty */
	size_t open, close;     /* the items before which its first group begins and ends; SIZE_MAX: no group */
	bool from_start, to_end;
};

struct osregex {
	struct alternative *alternatives;
	size_t n;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '@' || c == '_';
}

static bool item_takes(const struct item *item, char c)
{
	static const char punctuation[] = "()*+,-.:;<=>?[]!\"'#$%&|{}";
	switch (item->what) {
	case 0:
		return lower(c) == item->literal;
	case 'w':
		return is_word(c);
	case 'W':
		return !is_word(c);
	case 'd':
		return c >= '0' && c <= '9';
	case 'D':
		return c < '0' || c > '9';
	case 's':
		return c == ' ';
	case 'S':
		return c != ' ';
	case 't':
		return c == '\t';
	case 'p':
		return c && strchr(punctuation, c);
	default: /* '.' */
		return true;
	}
}

/* ---- reading a pattern ---- */

static int item_read(struct str *rest, struct item *out, struct err *err)
{
	*out = (struct item){ 0 };
	char c = rest->p[0];
	*rest = str_slice(*rest, 1, rest->n);
	if (c != '\\') {
		out->literal = lower(c);
		return 0;
	}
	if (rest->n == 0)
		return err_set(err, -EINVAL, "nothing follows the last \\");
	c = rest->p[0];
	*rest = str_slice(*rest, 1, rest->n);
	if (memchr("wWdDsStp.", c, 9))
		out->what = c;
	else if (memchr("()\\$|<", c, 6))
		out->literal = c;
	else
		return err_set(err, -EINVAL, "\\%c is not known", c >= ' ' && c < 127 ? c : '?');
	/* The engine keeps escaped characters as classes, so these repeat as well. */
	if (rest->n && (rest->p[0] == '+' || rest->p[0] == '*')) {
		out->repeat = rest->p[0];
		*rest = str_slice(*rest, 1, rest->n);
	}
	return 0;
}

/* The longest run of plain characters, which the text must hold. */
static struct str needed(struct arena *arena, const struct alternative *alternative)
{
	size_t best = 0, best_n = 0, n = 0;
	for (size_t i = 0; i < alternative->n; i++) {
		const struct item *item = &alternative->items[i];
		n = item->what || item->repeat ? 0 : n + 1;
		if (n > best_n) {
			best_n = n;
			best = i + 1 - n;
		}
	}
	char *text = arena_bytes(arena, best_n + 1);
	for (size_t i = 0; i < best_n; i++)
		text[i] = alternative->items[best + i].literal;
	return (struct str){ text, best_n };
}

static int alternative_read(struct arena *arena, struct str *rest, struct alternative *out, struct err *err)
{
	VEC(struct item) items = { 0 };
	bool open = false;
	*out = (struct alternative){ .open = SIZE_MAX, .close = SIZE_MAX };
	if (rest->n && rest->p[0] == '^') {
		out->from_start = true;
		*rest = str_slice(*rest, 1, rest->n);
	}
	while (rest->n && rest->p[0] != '|') {
		char c = rest->p[0];
		struct item item;
		if (c == '(' || c == ')') {
			if (open == (c == '('))
				return err_set(err, -EINVAL, "parentheses do not pair, or stand within each other");
			open = c == '(';
			size_t *at = open ? &out->open : &out->close;
			if (*at == SIZE_MAX)
				*at = items.n;
			*rest = str_slice(*rest, 1, rest->n);
			continue;
		}
		if (c == '$' && (rest->n == 1 || rest->p[1] == '|')) {
			out->to_end = true;
			*rest = str_slice(*rest, 1, rest->n);
			continue;
		}
		int r = item_read(rest, &item, err);
		if (r < 0)
			return r;
		vec_push_in(arena, &items, item);
	}
	if (open)
		return err_set(err, -EINVAL, "parentheses do not pair, or stand within each other");
	out->items = items.p;
	out->n = items.n;
	out->needed = needed(arena, out);
	return 0;
}

int osregex_compile(struct arena *arena, struct str pattern, const struct osregex **out, struct err *err)
{
	VEC(struct alternative) alternatives = { 0 };
	if (pattern.n > OSREGEX_MOST)
		return err_set(err, -EINVAL, "the pattern is longer than %d bytes", OSREGEX_MOST);
	for (;;) {
		struct alternative alternative;
		int r = alternative_read(arena, &pattern, &alternative, err);
		if (r < 0)
			return r;
		vec_push_in(arena, &alternatives, alternative);
		if (pattern.n == 0)
			break;
		pattern = str_slice(pattern, 1, pattern.n);
	}
	struct osregex *regex = ARENA_NEW(arena, struct osregex);
	*regex = (struct osregex){ alternatives.p, alternatives.n };
	*out = regex;
	return 0;
}

/* ---- matching ----
 *
 * can[p] says whether the items from one on match from place p of the text. The row of an item comes from
 * the row of the item behind it, from the end of the text to its start. */

static bool holds(struct str text, struct str what)
{
	if (what.n == 0)
		return true;
	char upper = what.p[0] >= 'a' && what.p[0] <= 'z' ? (char)(what.p[0] - 32) : what.p[0];
	for (size_t i = 0; i + what.n <= text.n; i++) {
		if (text.p[i] != what.p[0] && text.p[i] != upper)
			continue;
		size_t j = 1;
		while (j < what.n && lower(text.p[i + j]) == what.p[j])
			j++;
		if (j == what.n)
			return true;
	}
	return false;
}

static void row_fill(const struct item *item, struct str text, const bool *behind, bool *row)
{
	row[text.n] = item->repeat == '*' && behind[text.n];
	for (size_t p = text.n; p-- > 0; ) {
		bool takes = item_takes(item, text.p[p]);
		if (item->repeat == '*')
			row[p] = behind[p] || (takes && row[p + 1]);
		else if (item->repeat == '+')
			row[p] = takes && (behind[p + 1] || row[p + 1]);
		else
			row[p] = takes && behind[p + 1];
	}
}

/* Does a repetition give way to what follows it? It does as soon as the next item takes the same character
 * and the rest matches from there: so "\S*:" ends at the first colon of "a:b:c" that lets the rest match. */
static bool gives_way(const struct alternative *alternative, size_t i, struct str text, const bool *rows, size_t p)
{
	return i + 1 < alternative->n && item_takes(&alternative->items[i + 1], text.p[p]) &&
	       rows[(i + 1) * (text.n + 1) + p];
}

static struct str group_find(const struct alternative *alternative, struct str text, const bool *rows, size_t p)
{
	size_t open = 0, close = 0;
	for (size_t i = 0; i <= alternative->n; i++) {
		if (i == alternative->open)
			open = p;
		if (i == alternative->close)
			close = p;
		if (i == alternative->n)
			break;
		const struct item *item = &alternative->items[i];
		const bool *row = rows + i * (text.n + 1);
		if (item->repeat != '*')
			p++;
		/* row[p] of '+' means one more here; of '*' the rest may begin at p, so its next place tells. */
		while (item->repeat && p < text.n && item_takes(item, text.p[p]) && row[p + (item->repeat == '*')] &&
		       !gives_way(alternative, i, text, rows, p))
			p++;
	}
	return str_slice(text, open, close);
}

static int alternative_match(const struct alternative *alternative, struct str text, struct str *group)
{
	bool want = group && alternative->open != SIZE_MAX;
	size_t width = text.n + 1, rows = want ? alternative->n + 1 : 2;
	if (!holds(text, alternative->needed))
		return 0;
	if (width > GROUP_TABLE_MOST / rows)
		return -E2BIG;
	CLEANUP(mem_free_p) bool *table = mem_alloc(rows * width);
	bool *row = table + (want ? alternative->n : alternative->n % 2) * width;
	memset(row, !alternative->to_end, width);
	row[text.n] = true;
	for (size_t i = alternative->n; i-- > 0; ) {
		bool *next = table + (want ? i : i % 2) * width;
		row_fill(&alternative->items[i], text, row, next);
		row = next;
	}
	size_t start = 0;
	while (!alternative->from_start && start < text.n && !row[start])
		start++;
	if (!row[start])
		return 0;
	if (group)
		*group = want ? group_find(alternative, text, table, start) : STR_NONE;
	return 1;
}

int osregex_match(const struct osregex *regex, struct str text, struct str *group)
{
	for (size_t i = 0; i < regex->n; i++) {
		int r = alternative_match(&regex->alternatives[i], text, group);
		if (r != 0)
			return r;
	}
	return 0;
}

bool osmatch(struct str pattern, struct str text)
{
	bool turned = pattern.n && pattern.p[0] == '!';
	if (turned)
		pattern = str_slice(pattern, 1, pattern.n);
	for (struct str rest = pattern; rest.p; ) {
		struct str part = str_cut(&rest, '|');
		bool from_start = part.n && part.p[0] == '^';
		part = str_slice(part, from_start, part.n);
		bool to_end = part.n && part.p[part.n - 1] == '$';
		part = str_slice(part, 0, part.n - to_end);
		bool found = false;
		if (part.n <= text.n && from_start && to_end)
			found = str_eq_nocase(part, text);
		else if (part.n <= text.n && from_start)
			found = str_eq_nocase(part, str_slice(text, 0, part.n));
		else if (part.n <= text.n && to_end)
			found = str_eq_nocase(part, str_slice(text, text.n - part.n, text.n));
		else
			for (size_t i = 0; i + part.n <= text.n && !found; i++)
				found = str_eq_nocase(part, str_slice(text, i, i + part.n));
		if (found)
			return !turned;
	}
	return turned;
}
