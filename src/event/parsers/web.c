/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/web.h"

#include "base/utf8.h"
#include "event/parsers/known.h"

#define FIELD_NAME(id, name) { name, sizeof(name) - 1 },
static const struct str names_of_fields[] = { WEB_FIELDS(FIELD_NAME) };

bool web_is_number(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!(text.p[i] >= '0' && text.p[i] <= '9'))
			return false;
	return text.n > 0;
}

bool web_has_port(struct str word)
{
	ptrdiff_t colon = str_find_char_last(word, ':');
	return colon > 0 && web_is_number(str_slice(word, (size_t)colon + 1, word.n));
}

static unsigned hex_digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
	       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* \" \\ and \xHH; the text as it is when that would not be UTF-8. */
static struct str unescape(struct arena *arena, struct str text)
{
	if (text.n == 0 || !memchr(text.p, '\\', text.n))
		return text;
	char *out = arena_reserve(arena, text.n);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		const char *p = text.p + i;
		if (*p == '\\' && i + 1 < text.n && (p[1] == '"' || p[1] == '\\')) {
			out[n++] = p[1];
			i++;
		} else if (*p == '\\' && i + 3 < text.n && p[1] == 'x' && hex_digit(p[2]) < 16 && hex_digit(p[3]) < 16 &&
		           (hex_digit(p[2]) << 4 | hex_digit(p[3])) >= 0x20 && !(p[2] == '7' && hex_digit(p[3]) == 15)) {
			out[n++] = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
			i += 3;
		} else {
			out[n++] = *p;
		}
	}
	struct str decoded = { out, n };
	if (!utf8_valid(decoded))
		return text;
	arena_take(arena, n);
	return decoded;
}

void web_give(const struct web_giving *to, enum web_field field, struct str value, enum value_kind kind)
{
	if (value.n == 0 || (value.n == 1 && value.p[0] == '-'))
		return;
	known_field(to->parse, to->event, &to->fields->ids[field], names_of_fields[field],
	            kind == VALUE_TEXT ? unescape(&to->parse->batch->arena, value) : value, kind);
}

static bool is_method(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!((word.p[i] >= 'A' && word.p[i] <= 'Z') || word.p[i] == '-' || word.p[i] == '_' ||
		      (word.p[i] >= 'a' && word.p[i] <= 'z')))
			return false;
	return word.n > 0 && word.n <= 32;
}

/* "https://host:8080/path" of a proxy's log, "host:443" of CONNECT. */
static void give_authority(const struct web_giving *to, struct str method, struct str target, struct str *path)
{
	ptrdiff_t scheme = str_find(target, "://");
	struct str host = target;
	*path = target;
	if (scheme > 0 && scheme < 16) {
		host = str_slice(target, (size_t)scheme + 3, target.n);
		size_t n = 0;
		while (n < host.n && host.p[n] != '/' && host.p[n] != '?')
			n++;
		*path = str_slice(host, n, host.n);
		host = str_slice(host, 0, n);
	} else if (!str_is(method, "CONNECT")) {
		return;
	} else {
		*path = STR("");
	}
	web_give(to, WEB_HOST, host, VALUE_TEXT);
}

void web_give_request(const struct web_giving *to, struct str request)
{
	struct str rest = request, method = str_cut(&rest, ' '), path;
	ptrdiff_t blank = str_find_char_last(rest, ' ');
	struct str version = STR_NONE, target = rest;
	if (blank >= 0 && str_starts(str_slice(rest, (size_t)blank + 1, rest.n), "HTTP/")) {
		version = str_slice(rest, (size_t)blank + 1, rest.n);
		target = str_slice(rest, 0, (size_t)blank);
	}
	if (!is_method(method) || target.n == 0) {
		web_give(to, WEB_REQUEST, request, VALUE_TEXT);
		return;
	}
	web_give(to, WEB_METHOD, method, VALUE_TEXT);
	web_give(to, WEB_URI, target, VALUE_TEXT);
	if (target.p[0] == '/')
		path = target;
	else
		give_authority(to, method, target, &path);
	ptrdiff_t mark = str_find_char(path, '?');
	web_give(to, WEB_STEM, mark < 0 ? path : str_slice(path, 0, (size_t)mark), VALUE_TEXT);
	if (mark >= 0)
		web_give(to, WEB_QUERY, str_slice(path, (size_t)mark + 1, path.n), VALUE_TEXT);
	web_give(to, WEB_VERSION, version, VALUE_TEXT);
}
