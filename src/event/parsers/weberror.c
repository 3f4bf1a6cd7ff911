/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Error logs of web servers.
 *
 *	nginx   2026/11/03 08:01:02 [error] 12#34: *5 MESSAGE, client: 192.0.2.1, server: x, request: "GET / HTTP/1.1", host: "x"
 *	Apache  [Tue Nov 03 08:01:02.123456 2026] [core:error] [pid 12:tid 34] [client 192.0.2.1:5678] AH00035: MESSAGE
 *	        [Tue Nov 03 08:01:02 2026] [error] [client 192.0.2.1] MESSAGE, referer: http://x/
 *
 * Fields: level, module, pid, tid, connection, message (what is said, with everything behind it), c-ip, c-port,
 * cs-method, cs-uri, cs-uri-stem, cs-uri-query, cs-version, cs-host, cs-referer, server, upstream. What ModSecurity says
 * in brackets, [id "941100"] [msg "…"] [tag "…"], are fields of those names. A line without a time continues the one
 * before it (a trace of a script): it is an event with a message alone.
 */
#include "data/lang.h"
#include "event/parsers/web.h"
#include "event/timestamp.h"

struct weberror_state {
	struct web_fields fields;
};

enum { LEVEL_WORDS = 10 };
static const char *const levels[LEVEL_WORDS + 1] = {
	"debug", "info", "notice", "warn", "error", "crit", "alert", "emerg", "trace", "warning", NULL,
};

static bool is_level(struct str word)
{
	for (size_t i = 0; levels[i]; i++)
		if (str_is(word, levels[i]))
			return true;
	return word.n == 6 && str_starts(word, "trace") && word.p[5] >= '1' && word.p[5] <= '8';
}

/* "[WORD]" off the front, and blanks behind it. */
static bool take_bracket(struct str *rest, struct str *out)
{
	ptrdiff_t close = rest->n && rest->p[0] == '[' ? str_find_char(*rest, ']') : -1;
	if (close < 0)
		return false;
	*out = str_slice(*rest, 1, (size_t)close);
	*rest = str_slice(*rest, (size_t)close + 1, rest->n);
	while (rest->n && rest->p[0] == ' ')
		*rest = str_slice(*rest, 1, rest->n);
	return true;
}

static void give(const struct web_giving *to, struct str name, struct str value)
{
	if (value.n)
		parse_field(to->parse, to->event, name, value, web_is_number(value) ? VALUE_NUMBER : VALUE_TEXT);
}

/* ---- what both have ---- */

/* [id "941100"] and the like: ModSecurity's way to say more. */
static void give_brackets(const struct web_giving *to, struct str text)
{
	const char *end = text.p + text.n, *p = text.p;
	while (p < end && (p = memchr(p, '[', (size_t)(end - p))) != NULL) {
		const char *name = ++p;
		while (p < end && ((*p >= 'a' && *p <= 'z') || *p == '_'))
			p++;
		if (p == name || end - p < 3 || p[0] != ' ' || p[1] != '"')
			continue;
		const char *value = p + 2;
		for (p = value; p < end && !(*p == '"' && p + 1 < end && p[1] == ']'); p++)
			if (*p == '\\')
				p++;
		if (p < end)
			give(to, (struct str){ name, (size_t)(value - 2 - name) }, (struct str){ value, (size_t)(p - value) });
	}
}

static struct str unquote(struct str text)
{
	return text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"' ? str_slice(text, 1, text.n - 1) : text;
}

/* ---- nginx ---- */

/* The value behind ", KEY: ", up to the next of these or the end. */
static struct str detail(struct str text, const char *key)
{
	static const char *const keys[] = { ", client: ", ", server: ", ", request: ", ", upstream: ", ", host: ",
		                            ", referrer: ", ", subrequest: ", NULL };
	ptrdiff_t at = str_find(text, key);
	if (at < 0)
		return STR_NONE;
	struct str value = str_slice(text, (size_t)at + strlen(key), text.n);
	size_t n = value.n;
	for (size_t i = 0; keys[i]; i++) {
		ptrdiff_t next = str_find(value, keys[i]);
		if (next >= 0 && (size_t)next < n)
			n = (size_t)next;
	}
	return unquote(str_slice(value, 0, n));
}

static bool nginx_line(const struct web_giving *to, struct str rest)
{
	struct str level, pid;
	if (!take_bracket(&rest, &level) || !is_level(level))
		return false;
	pid = str_cut(&rest, '#');
	struct str tid = rest.p ? str_cut(&rest, ':') : STR_NONE;
	if (!web_is_number(pid) || !web_is_number(tid) || !rest.p)
		return false;
	give(to, STR("level"), level);
	give(to, STR("pid"), pid);
	give(to, STR("tid"), tid);
	rest = str_trim(rest);
	if (str_starts(rest, "*")) {
		struct str connection = str_cut(&rest, ' ');
		give(to, STR("connection"), str_slice(connection, 1, connection.n));
	}
	if (rest.p)
		parse_field(to->parse, to->event, STR("message"), rest, VALUE_TEXT);
	else
		return true;
	web_give(to, WEB_C_IP, detail(rest, ", client: "), VALUE_TEXT);
	give(to, STR("server"), detail(rest, ", server: "));
	struct str request = detail(rest, ", request: ");
	if (request.n)
		web_give_request(to, request);
	give(to, STR("upstream"), detail(rest, ", upstream: "));
	web_give(to, WEB_HOST, detail(rest, ", host: "), VALUE_TEXT);
	web_give(to, WEB_REFERER, detail(rest, ", referrer: "), VALUE_TEXT);
	give_brackets(to, rest);
	return true;
}

/* ---- Apache ---- */

/* "192.0.2.1:5678", "192.0.2.1", "2001:db8::1:5678" (2.4 always writes the port of an address of version 6). */
static void give_client(const struct web_giving *to, struct str client, bool has_module)
{
	ptrdiff_t colon = str_find_char_last(client, ':');
	bool six = colon >= 0 && str_find_char(client, ':') != colon;
	if (colon > 0 && web_has_port(client) && (!six || has_module)) {
		web_give(to, WEB_C_IP, str_slice(client, 0, (size_t)colon), VALUE_TEXT);
		give(to, STR("c-port"), str_slice(client, (size_t)colon + 1, client.n));
	} else {
		web_give(to, WEB_C_IP, client, VALUE_TEXT);
	}
}

static bool apache_line(const struct web_giving *to, struct str rest)
{
	struct str level, word, module = STR_NONE;
	if (!take_bracket(&rest, &level))
		return false;
	ptrdiff_t colon = str_find_char(level, ':');
	if (colon >= 0) {
		module = str_slice(level, 0, (size_t)colon);
		level = str_slice(level, (size_t)colon + 1, level.n);
	}
	if (!is_level(level))
		return false;
	give(to, STR("level"), level);
	give(to, STR("module"), module);
	for (struct str next = rest; take_bracket(&next, &word); rest = next) {
		if (str_starts(word, "pid ")) {
			word = str_slice(word, 4, word.n);
			give(to, STR("pid"), str_cut(&word, ':'));
			if (word.p && str_starts(word, "tid "))
				give(to, STR("tid"), str_slice(word, 4, word.n));
		} else if (str_starts(word, "client ") || str_starts(word, "remote ")) {
			give_client(to, str_slice(word, 7, word.n), module.p != NULL);
		} else {
			break;
		}
	}
	parse_field(to->parse, to->event, STR("message"), rest, VALUE_TEXT);
	ptrdiff_t referer = str_find(rest, ", referer: ");
	if (referer >= 0)
		web_give(to, WEB_REFERER, str_slice(rest, (size_t)referer + 11, rest.n), VALUE_TEXT);
	give_brackets(to, rest);
	return true;
}

/* ---- the record ---- */

/* The time at the front, in brackets or not, and the rest behind it. */
static bool take_time(struct str *rest, const struct timestamp_hint *hint, int64_t *ns, bool *apache)
{
	struct str inside;
	*apache = rest->n && rest->p[0] == '[';
	if (*apache) {
		struct str text = *rest;
		if (!take_bracket(&text, &inside) || !timestamp_parse(inside, hint, ns))
			return false;
		*rest = text;
		return true;
	}
	size_t n = rest->n > 20 && rest->p[4] == '/' ? timestamp_prefix(*rest, hint, ns) : 0;
	*rest = str_trim(str_slice(*rest, n, rest->n));
	return n > 0;
}

static int weberror_record(struct parse *parse, struct str record, const char **flaw)
{
	struct timestamp_hint hint = { .now = parse->options.now, .zone = parse->options.zone, .local = !parse->options.zone_given };
	struct weberror_state *state = parse->state;
	struct event *event = parse_event(parse, record);
	struct web_giving to = { parse, event, &state->fields };
	struct str rest = record;
	int64_t ns;
	bool apache;
	if (!take_time(&rest, &hint, &ns, &apache)) {
		parse_field(parse, event, STR("message"), record, VALUE_TEXT);
		return 0;
	}
	event->time = ns;
	if (apache ? apache_line(&to, rest) : nginx_line(&to, rest))
		return 0;
	*flaw = TR("an error log's line without a level");
	return -EINVAL;
}

static int weberror_probe(struct str text)
{
	struct timestamp_hint hint = { .now = INT64_C(1700000000000000000) };
	struct str line;
	unsigned lines = 0, good = 0;
	while (lines < 64 && str_line(&text, &line)) {
		int64_t ns;
		bool apache;
		struct str rest = line, level;
		if (line.n == 0)
			continue;
		lines++;
		if (!take_time(&rest, &hint, &ns, &apache) || !take_bracket(&rest, &level))
			continue;
		ptrdiff_t colon = str_find_char(level, ':');
		good += is_level(str_slice(level, colon < 0 ? 0 : (size_t)colon + 1, level.n));
	}
	return lines && good * 10 >= lines * 7 ? 92 : 0;
}

const struct parser parser_weberror = {
	.name = "weberror",
	.doc = TR("error logs of nginx and Apache, with what ModSecurity writes there"),
	.state_size = sizeof(struct weberror_state),
	.probe = weberror_probe,
	.record = weberror_record,
	.verbatim = true,
};
