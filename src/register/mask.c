/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/mask.h"

#include "base/buf.h"

static size_t count(struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

/* The characters from..to, counted from 0. */
static struct str characters(struct str text, size_t from, size_t to)
{
	size_t n = 0, begin = text.n, end = text.n;
	for (size_t i = 0; i < text.n; i++) {
		if (((unsigned char)text.p[i] & 0xc0) == 0x80)
			continue;
		if (n == from)
			begin = i;
		if (n == to) {
			end = i;
			break;
		}
		n++;
	}
	return str_slice(text, MIN(begin, end), end);
}

/* `first` characters, stars, `last` characters; at least as many stay hidden as are shown, or all. */
static struct str middle(struct arena *arena, struct str text, size_t first, size_t last)
{
	BUF(out);
	size_t n = count(text);
	if (n < first + last + 2)
		first = last = 0;
	buf_add(&out, characters(text, 0, first));
	for (size_t i = first + last; i < n; i++)
		buf_add_char(&out, '*');
	buf_add(&out, characters(text, n - last, n));
	return arena_str(arena, buf_str(&out));
}

/* 张三 is 张*, 张小三 is 张*三; of words apart by blanks (Nguyễn Văn An) each is cut to its first letter but the last one. */
static struct str name(struct arena *arena, struct str text)
{
	BUF(out);
	size_t n = count(text);
	if (str_find_char(text, ' ') >= 0) {
		for (struct str rest = text, word = str_word(&rest), next; word.n; word = next) {
			next = str_word(&rest);
			buf_add(&out, next.n ? characters(word, 0, 1) : word);
			buf_puts(&out, next.n ? "* " : "");
		}
		return arena_str(arena, buf_str(&out));
	}
	if (n < 2)
		return STR("*");
	buf_add(&out, characters(text, 0, 1));
	for (size_t i = 2; i < MAX(n, (size_t)3); i++)
		buf_add_char(&out, '*');
	if (n > 2)
		buf_add(&out, characters(text, n - 1, n));
	return arena_str(arena, buf_str(&out));
}

struct str mask_text(struct arena *arena, enum sensitive kind, struct str clear)
{
	switch (kind) {
	case SENSITIVE_NO:
		return clear;
	case SENSITIVE_NAME:
		return name(arena, clear);
	case SENSITIVE_ID_CARD:
		return middle(arena, clear, 4, 4);
	case SENSITIVE_PHONE:
		return middle(arena, clear, 3, 4);
	case SENSITIVE_BANK:
		return middle(arena, clear, 4, 4);
	default:
		return middle(arena, clear, 0, 0);
	}
}
