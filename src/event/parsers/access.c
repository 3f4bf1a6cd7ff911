/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Access logs of web servers, as Apache (mod_log_config) and nginx (ngx_http_log_module) write them by default:
 *
 *	common            HOST IDENT USER [TIME] "REQUEST" STATUS BYTES
 *	combined          … "REFERER" "USER-AGENT"
 *	nginx' main       … "X-FORWARDED-FOR"
 *	vhost_combined    VHOST:PORT HOST IDENT USER [TIME] …
 *
 * A user's name may hold blanks, so the time is looked for first. What follows after these (times, upstreams) is the
 * field `extra`. A value "-" was not there and gives no field.
 *
 * Names are those of Sigma's taxonomy for web servers: c-ip, cs-username, cs-method, cs-uri (all of the target),
 * cs-uri-stem, cs-uri-query, cs-version, cs-host, s-port, sc-status, sc-bytes, cs-referer, cs-user-agent; also
 * x-forwarded-for. A request that is none ("\x16\x03\x01" of somebody who speaks TLS to a plain port) is
 * `cs-request`. Escapes \" \\ and \xHH are taken out where the result is UTF-8; those of control characters stay.
 */
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/known.h"
#include "event/timestamp.h"

/* In the order in which they are usually there. */
#define FIELDS(X)                                                                                              \
	X(C_IP, "c-ip") X(USER, "cs-username") X(METHOD, "cs-method") X(URI, "cs-uri") X(STEM, "cs-uri-stem")  \
	X(QUERY, "cs-uri-query") X(VERSION, "cs-version") X(STATUS, "sc-status") X(BYTES, "sc-bytes")          \
	X(REFERER, "cs-referer") X(AGENT, "cs-user-agent") X(FORWARDED, "x-forwarded-for") X(HOST, "cs-host") \
	X(PORT, "s-port") X(IDENT, "ident") X(REQUEST, "cs-request") X(EXTRA, "extra")

#define FIELD_ID(id, name)   id,
#define FIELD_NAME(id, name) { name, sizeof(name) - 1 },
enum { FIELDS(FIELD_ID) FIELD_COUNT };
static const struct str names_of_fields[] = { FIELDS(FIELD_NAME) };

struct access_state {
	uint32_t ids[FIELD_COUNT];
	char date[40]; /* the last time read, as it was written: many lines have the same */
	size_t date_n;
	int64_t date_ns;
};

struct line {
	struct str vhost, client, ident, user, date, request, status, bytes, referer, agent, forwarded, extra;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Where " [03/Nov/2026:" begins. */
static ptrdiff_t find_date(struct str text)
{
	const char *p = text.p, *end = text.p + text.n;
	while ((p = memchr(p, '[', (size_t)(end - p))) != NULL) {
		if (end - p > 21 && p > text.p && p[-1] == ' ' && is_digit(p[1]) && is_digit(p[2]) && p[3] == '/' && p[7] == '/' &&
		    is_digit(p[8]) && p[12] == ':')
			return p - text.p;
		p++;
	}
	return -1;
}

/* The next word off the front, and the blank behind it. */
static struct str take_word(struct str *rest)
{
	const char *blank = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	size_t n = blank ? (size_t)(blank - rest->p) : rest->n;
	struct str word = { rest->p, n };
	*rest = str_slice(*rest, n + (blank ? 1 : 0), rest->n);
	return word;
}

/* A quoted text off the front, where \" does not end it. False: there is none, or it has no end. */
static bool take_quoted(struct str *rest, struct str *out)
{
	if (rest->n == 0 || rest->p[0] != '"')
		return false;
	const char *from = rest->p + 1, *end = rest->p + rest->n, *p = from;
	for (;;) {
		p = p < end ? memchr(p, '"', (size_t)(end - p)) : NULL;
		if (!p)
			return false;
		size_t slashes = 0;
		while (p - slashes > from && p[-1 - (ptrdiff_t)slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			break;
		p++;
	}
	*out = (struct str){ from, (size_t)(p - from) };
	p++;
	if (p < end && *p != ' ')
		return false;
	*rest = p < end ? (struct str){ p + 1, (size_t)(end - p - 1) } : STR("");
	return true;
}

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]))
			return false;
	return text.n > 0;
}

static bool has_port(struct str word)
{
	ptrdiff_t colon = str_find_char_last(word, ':');
	return colon > 0 && is_number(str_slice(word, (size_t)colon + 1, word.n));
}

static int split(struct str record, struct line *out, const char **flaw)
{
	ptrdiff_t at = find_date(record);
	if (at < 0) {
		*flaw = TR("not an access log: no [day/month/year:time]");
		return -EINVAL;
	}
	struct str before = str_slice(record, 0, (size_t)at - 1), rest = str_slice(record, (size_t)at + 1, record.n);
	out->client = take_word(&before);
	out->ident = take_word(&before);
	/* A virtual host goes before the client: "www.example.org:443 192.0.2.1 - - [". */
	if (before.n && (has_port(out->client) || str_starts(before, "- ")) && str_find_char(before, ' ') > 0 &&
	    !str_is(out->ident, "-")) {
		out->vhost = out->client;
		out->client = out->ident;
		out->ident = take_word(&before);
	}
	out->user = before;
	ptrdiff_t end = str_find_char(rest, ']');
	if (end < 0 || (size_t)end + 2 > rest.n || out->client.n == 0) {
		*flaw = TR("an access log's line that ends too early");
		return -EINVAL;
	}
	out->date = str_slice(rest, 0, (size_t)end);
	rest = str_slice(rest, (size_t)end + 2, rest.n);
	if (!take_quoted(&rest, &out->request)) {
		*flaw = TR("an access log's line whose request has no end");
		return -EINVAL;
	}
	out->status = take_word(&rest);
	if (!is_number(out->status)) {
		*flaw = TR("an access log's line without a status");
		return -EINVAL;
	}
	out->bytes = take_word(&rest);
	if (take_quoted(&rest, &out->referer) && take_quoted(&rest, &out->agent))
		(void)take_quoted(&rest, &out->forwarded);
	out->extra = rest;
	return 0;
}

/* ---- fields ---- */

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

struct giving {
	struct parse *parse;
	struct event *event;
	struct access_state *state;
};

static void give(const struct giving *to, int field, struct str value, enum field_kind kind)
{
	if (value.n == 0 || (value.n == 1 && value.p[0] == '-'))
		return;
	known_field(to->parse, to->event, &to->state->ids[field], names_of_fields[field],
	            kind == FIELD_TEXT ? unescape(&to->parse->batch->arena, value) : value, kind);
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
static void give_authority(const struct giving *to, struct str method, struct str target, struct str *path)
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
	give(to, HOST, host, FIELD_TEXT);
}

static void give_request(const struct giving *to, struct str request)
{
	struct str rest = request, method = take_word(&rest), path;
	ptrdiff_t blank = str_find_char_last(rest, ' ');
	struct str version = STR_NONE, target = rest;
	if (blank >= 0 && str_starts(str_slice(rest, (size_t)blank + 1, rest.n), "HTTP/")) {
		version = str_slice(rest, (size_t)blank + 1, rest.n);
		target = str_slice(rest, 0, (size_t)blank);
	}
	if (!is_method(method) || target.n == 0) {
		give(to, REQUEST, request, FIELD_TEXT);
		return;
	}
	give(to, METHOD, method, FIELD_TEXT);
	give(to, URI, target, FIELD_TEXT);
	if (target.p[0] == '/')
		path = target;
	else
		give_authority(to, method, target, &path);
	ptrdiff_t mark = str_find_char(path, '?');
	give(to, STEM, mark < 0 ? path : str_slice(path, 0, (size_t)mark), FIELD_TEXT);
	if (mark >= 0)
		give(to, QUERY, str_slice(path, (size_t)mark + 1, path.n), FIELD_TEXT);
	give(to, VERSION, version, FIELD_TEXT);
}

static int64_t read_date(struct parse *parse, struct access_state *state, struct str date)
{
	struct timestamp_hint hint = { .now = parse->options.now, .zone = parse->options.zone, .local = !parse->options.zone_given };
	if (date.n == state->date_n && memcmp(date.p, state->date, date.n) == 0)
		return state->date_ns;
	int64_t ns;
	if (!timestamp_parse(date, &hint, &ns))
		return EVENT_NO_TIME;
	if (date.n <= sizeof(state->date)) {
		memcpy(state->date, date.p, date.n);
		state->date_n = date.n;
		state->date_ns = ns;
	}
	return ns;
}

static int access_record(struct parse *parse, struct str record, const char **flaw)
{
	struct line line = { 0 };
	int r = split(record, &line, flaw);
	if (r < 0)
		return r;
	struct access_state *state = parse->state;
	struct event *event = parse_event(parse, record);
	struct giving to = { parse, event, state };
	event->time = read_date(parse, state, line.date);
	give(&to, C_IP, line.client, FIELD_TEXT);
	give(&to, IDENT, line.ident, FIELD_TEXT);
	give(&to, USER, line.user, FIELD_TEXT);
	if (line.vhost.n) {
		ptrdiff_t colon = has_port(line.vhost) ? str_find_char_last(line.vhost, ':') : -1;
		give(&to, HOST, colon < 0 ? line.vhost : str_slice(line.vhost, 0, (size_t)colon), FIELD_TEXT);
		if (colon >= 0)
			give(&to, PORT, str_slice(line.vhost, (size_t)colon + 1, line.vhost.n), FIELD_NUMBER);
	}
	give_request(&to, line.request);
	give(&to, STATUS, line.status, FIELD_NUMBER);
	give(&to, BYTES, line.bytes, is_number(line.bytes) ? FIELD_NUMBER : FIELD_TEXT);
	give(&to, REFERER, line.referer, FIELD_TEXT);
	give(&to, AGENT, line.agent, FIELD_TEXT);
	give(&to, FORWARDED, line.forwarded, FIELD_TEXT);
	give(&to, EXTRA, line.extra, FIELD_TEXT);
	return 0;
}

static int access_probe(struct str text)
{
	struct str line;
	unsigned lines = 0, good = 0;
	while (lines < 64 && str_line(&text, &line)) {
		struct line parts = { 0 };
		const char *flaw;
		if (line.n == 0)
			continue;
		lines++;
		good += split(line, &parts, &flaw) == 0;
	}
	return lines && good * 10 >= lines * 8 ? 90 : lines && good * 2 >= lines ? 50 : 0;
}

const struct parser parser_access = {
	.name = "access",
	.doc = TR("access logs of nginx and Apache: common, combined, with the virtual host before or X-Forwarded-For behind"),
	.state_size = sizeof(struct access_state),
	.probe = access_probe,
	.record = access_record,
	.verbatim = true,
};
