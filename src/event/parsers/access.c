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
#include "data/lang.h"
#include "event/parsers/web.h"
#include "event/timestamp.h"

struct access_state {
	struct web_fields fields;
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
	if (before.n && (web_has_port(out->client) || str_starts(before, "- ")) && str_find_char(before, ' ') > 0 &&
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
	if (!web_is_number(out->status)) {
		*flaw = TR("an access log's line without a status");
		return -EINVAL;
	}
	out->bytes = take_word(&rest);
	if (take_quoted(&rest, &out->referer) && take_quoted(&rest, &out->agent))
		(void)take_quoted(&rest, &out->forwarded);
	out->extra = rest;
	return 0;
}

/* ---- the record ---- */

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
	struct web_giving to = { parse, event, &state->fields };
	event->time = read_date(parse, state, line.date);
	web_give(&to, WEB_C_IP, line.client, VALUE_TEXT);
	web_give(&to, WEB_IDENT, line.ident, VALUE_TEXT);
	web_give(&to, WEB_USER, line.user, VALUE_TEXT);
	if (line.vhost.n) {
		ptrdiff_t colon = web_has_port(line.vhost) ? str_find_char_last(line.vhost, ':') : -1;
		web_give(&to, WEB_HOST, colon < 0 ? line.vhost : str_slice(line.vhost, 0, (size_t)colon), VALUE_TEXT);
		if (colon >= 0)
			web_give(&to, WEB_PORT, str_slice(line.vhost, (size_t)colon + 1, line.vhost.n), VALUE_NUMBER);
	}
	web_give_request(&to, line.request);
	web_give(&to, WEB_STATUS, line.status, VALUE_NUMBER);
	web_give(&to, WEB_BYTES, line.bytes, web_is_number(line.bytes) ? VALUE_NUMBER : VALUE_TEXT);
	web_give(&to, WEB_REFERER, line.referer, VALUE_TEXT);
	web_give(&to, WEB_AGENT, line.agent, VALUE_TEXT);
	web_give(&to, WEB_FORWARDED, line.forwarded, VALUE_TEXT);
	web_give(&to, WEB_EXTRA, line.extra, VALUE_TEXT);
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
