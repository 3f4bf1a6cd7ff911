/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Syslog: RFC 5424, and RFC 3164 as it is met in practice. Read are
 *
 *	<34>1 2026-11-03T08:01:02.003Z host app 123 ID47 [id param="value"] text     RFC 5424
 *	<34>Nov  3 08:01:02 host app[123]: text                                      RFC 3164
 *	Nov  3 08:01:02 host app[123]: text                                          files of rsyslog and syslog-ng,
 *	2026-11-03T08:01:02.123456+08:00 host app[123]: text                         also with ISO time
 *	<30>app[123]: text                                                           no time, no host
 *	<189>*Nov  3 2026 08:01:02.123: %SYS-5-CONFIG_I: text                        Cisco, Huawei, H3C and others
 *	<134>1 1793664062.774 host text
 *
 * and with the count of bytes before it that RFC 6587 puts there. Whatever is not there gives no field:
 *
 *	facility ("authpriv") · severity ("info") · hostname · program · pid · msgid · "sd-id.param" · message
 *
 * A message that is itself JSON (also behind "@cee:" and behind words), CEF, LEEF or key=value gives its fields, too, behind
 * these. Nothing else is read out of messages: what sshd or sudo say is matched as text.
 */
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/known.h"
#include "event/parsers/payload.h"

enum { PROGRAM_LONGEST = 128, HOST_LONGEST = 255 };

#define FIELDS(X)                                                                                     \
	X(FACILITY, "facility") X(SEVERITY, "severity") X(HOSTNAME, "hostname") X(PROGRAM, "program") \
	X(PID, "pid") X(MSGID, "msgid") X(MESSAGE, "message")

#define FIELD_ID(id, name)   id,
#define FIELD_NAME(id, name) { name, sizeof(name) - 1 },
enum { FIELDS(FIELD_ID) FIELD_COUNT };
static const struct str names_of_fields[] = { FIELDS(FIELD_NAME) };

struct syslog_state {
	uint32_t ids[FIELD_COUNT];
};

/* RFC 5424, tables 1 and 2, by the names of syslog.conf(5). */
static const struct str facilities[] = {
	{ "kern", 4 },     { "user", 4 },   { "mail", 4 },   { "daemon", 6 }, { "auth", 4 },     { "syslog", 6 },
	{ "lpr", 3 },      { "news", 4 },   { "uucp", 4 },   { "cron", 4 },   { "authpriv", 8 }, { "ftp", 3 },
	{ "ntp", 3 },      { "audit", 5 },  { "alert", 5 },  { "clock", 5 },  { "local0", 6 },   { "local1", 6 },
	{ "local2", 6 },   { "local3", 6 }, { "local4", 6 }, { "local5", 6 }, { "local6", 6 },   { "local7", 6 },
};
static const struct str severities[] = {
	{ "emerg", 5 }, { "alert", 5 }, { "crit", 4 }, { "err", 3 }, { "warning", 7 }, { "notice", 6 }, { "info", 4 }, { "debug", 5 },
};

struct line {
	int priority; /* -1: none */
	int64_t time;
	struct str host, program, pid, msgid, data, message; /* data: "[…][…]", checked */
};

static bool is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

static struct str rest_from(struct str text, const char *p)
{
	return (struct str){ p, (size_t)(text.p + text.n - p) };
}

/* The next word off the front, and the blank behind it. */
static struct str take_word(struct str *rest)
{
	const char *blank = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	size_t n = blank ? (size_t)(blank - rest->p) : rest->n;
	struct str word = { rest->p, n };
	*rest = rest_from(*rest, rest->p + n + (blank ? 1 : 0));
	return word;
}

static void skip_blanks(struct str *rest)
{
	while (rest->n && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
}

/* "<34>" off the front. */
static int take_priority(struct str *rest)
{
	int value = 0;
	size_t i = 1;
	if (rest->n < 3 || rest->p[0] != '<')
		return -1;
	while (i < 4 && i < rest->n && is_digit(rest->p[i]))
		value = value * 10 + (rest->p[i++] - '0');
	if (i == 1 || i >= rest->n || rest->p[i] != '>' || value > 191)
		return -1;
	*rest = str_slice(*rest, i + 1, rest->n);
	return value;
}

/* ---- RFC 5424 ---- */

/* The first PARAM="value" of an element; a value's end is a quote without a backslash before it. */
static bool take_param(struct str *rest, struct str *name, struct str *value)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] > ' ' && rest->p[n] != '=' && rest->p[n] != ']' && rest->p[n] != '"')
		n++;
	if (n == 0 || n + 1 >= rest->n || rest->p[n] != '=' || rest->p[n + 1] != '"')
		return false;
	*name = str_slice(*rest, 0, n);
	size_t from = n + 2, to = from;
	while (to < rest->n && rest->p[to] != '"')
		to += rest->p[to] == '\\' ? 2 : 1;
	if (to >= rest->n)
		return false;
	*value = str_slice(*rest, from, to);
	*rest = str_slice(*rest, to + 1, rest->n);
	return true;
}

static bool take_element_id(struct str *rest, struct str *id)
{
	size_t n = 1;
	if (rest->n < 3 || rest->p[0] != '[')
		return false;
	while (n < rest->n && rest->p[n] > ' ' && rest->p[n] != '=' && rest->p[n] != ']' && rest->p[n] != '"')
		n++;
	*id = str_slice(*rest, 1, n);
	*rest = str_slice(*rest, n, rest->n);
	return n > 1;
}

/* All of "[id a="b"][…]", or "-". False: it is not structured data. */
static bool take_data(struct str *rest, struct str *data)
{
	struct str at = *rest, id, name, value;
	if (at.n && at.p[0] == '-') {
		*rest = str_slice(at, 1, at.n);
		return rest->n == 0 || rest->p[0] == ' ';
	}
	while (at.n && at.p[0] == '[') {
		if (!take_element_id(&at, &id))
			return false;
		skip_blanks(&at);
		while (at.n && at.p[0] != ']') {
			if (!take_param(&at, &name, &value))
				return false;
			skip_blanks(&at);
		}
		if (at.n == 0)
			return false;
		at = str_slice(at, 1, at.n);
	}
	*data = str_slice(*rest, 0, (size_t)(at.p - rest->p));
	*rest = at;
	return data->n > 0 && (at.n == 0 || at.p[0] == ' ');
}

static struct str unless_nil(struct str word)
{
	return word.n == 1 && word.p[0] == '-' ? STR_NONE : word;
}

static bool take_5424(struct str rest, const struct timestamp_hint *hint, struct line *line)
{
	if (rest.n < 3 || !is_digit(rest.p[0]) || rest.p[1] != ' ')
		return false;
	rest = str_slice(rest, 2, rest.n);
	struct str time = take_word(&rest);
	if (!str_is(time, "-") && !timestamp_parse(time, hint, &line->time))
		return false;
	struct str host = take_word(&rest), program = take_word(&rest), pid = take_word(&rest), msgid = take_word(&rest), data = STR_NONE;
	if (rest.n == 0 || !take_data(&rest, &data))
		return false;
	line->host = unless_nil(host);
	line->program = unless_nil(program);
	line->pid = unless_nil(pid);
	line->msgid = unless_nil(msgid);
	line->data = data;
	rest = str_slice(rest, 1, rest.n);
	if (str_starts(rest, "\xef\xbb\xbf"))
		rest = str_slice(rest, 3, rest.n);
	line->message = rest;
	return true;
}

/* ---- RFC 3164 ---- */

/* "app[123]:", "app:", "app[123]", and what Huawei and others write: "%%01SHELL/4/LOGIN(l)[1]:text". */
static bool take_tag(struct str *rest, struct line *line)
{
	size_t n = 0, most = MIN(rest->n, (size_t)PROGRAM_LONGEST);
	while (n < most && rest->p[n] > ' ' && rest->p[n] != '[' && rest->p[n] != ':' && rest->p[n] != '=' && rest->p[n] != '{' &&
	       rest->p[n] != '"' && rest->p[n] != '<')
		n++;
	if (n == 0 || n >= rest->n)
		return false;
	struct str program = str_slice(*rest, 0, n), pid = STR_NONE;
	if (rest->p[n] == '[') {
		size_t from = ++n;
		while (n < rest->n && n - from < 32 && rest->p[n] > ' ' && rest->p[n] != ']' && rest->p[n] != '[')
			n++;
		if (n == from || n >= rest->n || rest->p[n] != ']')
			return false;
		pid = str_slice(*rest, from, n++);
		if (n < rest->n && rest->p[n] == ':')
			n++;
		else if ((n < rest->n && rest->p[n] != ' ') || !is_digit(pid.p[0]))
			return false;
	} else {
		/* "http://…" and "12:30" are no programs. */
		if (rest->p[n] != ':' || (n + 1 < rest->n && rest->p[n + 1] != ' '))
			return false;
		n++;
	}
	line->program = program;
	line->pid = pid;
	*rest = str_slice(*rest, n, rest->n);
	if (rest->n && rest->p[0] == ' ')
		*rest = str_slice(*rest, 1, rest->n);
	return true;
}

static bool is_payload(struct str text)
{
	return text.n > 4 && (text.p[0] == '{' || memcmp(text.p, "CEF:", 4) == 0 || str_starts(text, "LEEF:") || str_starts(text, "@cee:"));
}

/* A name or an address; nothing that is text, a pair, or a tag. */
static bool take_host(struct str *rest, struct line *line)
{
	size_t n = 0;
	for (; n < rest->n && rest->p[n] != ' '; n++) {
		uint8_t c = (uint8_t)rest->p[n];
		if (c <= ' ' || c == '=' || c == '{' || c == '"' || c == '<' || c == '>' || c == ',' || c == ';' || c == '|')
			return false;
	}
	if (n == 0 || n > HOST_LONGEST || n == rest->n || rest->p[n - 1] == ':')
		return false;
	line->host = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n + 1, rest->n);
	return true;
}

/* "*Nov  3 …", ".Nov  3 …" of clocks that are not set, "000123: " before it, and a colon behind. */
static bool take_time(struct str *rest, const struct timestamp_hint *hint, struct line *line)
{
	struct str at = *rest;
	size_t n = 0;
	while (n < at.n && n < 10 && is_digit(at.p[n]))
		n++;
	if (n > 0 && n + 1 < at.n && at.p[n] == ':' && at.p[n + 1] == ' ')
		at = str_slice(at, n + 2, at.n);
	if (at.n && (at.p[0] == '*' || at.p[0] == '.' || at.p[0] == '%'))
		at = str_slice(at, 1, at.n);
	n = timestamp_prefix(at, hint, &line->time);
	if (n == 0)
		return false;
	at = str_slice(at, n, at.n);
	if (at.n && at.p[0] == ':')
		at = str_slice(at, 1, at.n);
	if (at.n && at.p[0] != ' ')
		return false;
	skip_blanks(&at);
	*rest = at;
	return true;
}

static bool take_3164(struct str rest, const struct timestamp_hint *hint, struct line *line)
{
	bool versioned = line->priority >= 0 && rest.n > 2 && rest.p[0] == '1' && rest.p[1] == ' ';
	struct str behind = versioned ? str_slice(rest, 2, rest.n) : rest;
	bool timed = take_time(&behind, hint, line);
	if (timed)
		rest = behind;
	else
		line->time = EVENT_NO_TIME;
	if (timed && !is_payload(rest) && !take_tag(&rest, line)) {
		if (take_host(&rest, line)) {
			skip_blanks(&rest);
			if (!is_payload(rest))
				(void)take_tag(&rest, line);
		}
	} else if (!timed && line->priority >= 0) {
		skip_blanks(&rest);
		if (!is_payload(rest))
			(void)take_tag(&rest, line);
	}
	line->message = rest;
	return timed || line->priority >= 0;
}

/* Many devices end what they send with a line end or NUL. */
static struct str without_end(struct str text)
{
	while (text.n && (text.p[text.n - 1] == '\0' || text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	return text;
}

static bool split(struct str record, const struct timestamp_hint *hint, struct line *line)
{
	struct str rest = without_end(record);
	*line = (struct line){ .time = EVENT_NO_TIME };
	if (rest.n && is_digit(rest.p[0])) { /* the count of RFC 6587 */
		size_t n = 1;
		while (n < rest.n && n < 8 && is_digit(rest.p[n]))
			n++;
		if (n + 1 < rest.n && rest.p[n] == ' ' && rest.p[n + 1] == '<')
			rest = str_slice(rest, n + 1, rest.n);
	}
	line->priority = take_priority(&rest);
	if (line->priority >= 0 && take_5424(rest, hint, line))
		return true;
	return take_3164(rest, hint, line);
}

/* ---- fields ---- */

static void give(struct parse *parse, struct event *event, int field, struct str value)
{
	struct syslog_state *state = parse->state;
	known_field(parse, event, &state->ids[field], names_of_fields[field], value, VALUE_TEXT);
}

static void give_data(struct parse *parse, struct event *event, struct str data)
{
	struct arena *arena = &parse->batch->arena;
	struct str id, name, value;
	while (data.n && take_element_id(&data, &id)) {
		skip_blanks(&data);
		while (data.n && data.p[0] != ']' && take_param(&data, &name, &value)) {
			struct str key = { NULL, id.n + 1 + name.n };
			char *p = arena_bytes(arena, key.n);
			memcpy(p, id.p, id.n);
			p[id.n] = '.';
			memcpy(p + id.n + 1, name.p, name.n);
			key.p = p;
			parse_field(parse, event, key, arena_unescape(arena, value, "\"\\]"), VALUE_TEXT);
			skip_blanks(&data);
		}
		data = str_slice(data, 1, data.n);
	}
}

static int syslog_record(struct parse *parse, struct str record, const char **flaw)
{
	struct timestamp_hint hint = parse_hint(parse);
	struct line line;
	if (!split(record, &hint, &line)) {
		*flaw = TR("not syslog: it begins neither with <priority> nor with a time");
		return -EINVAL;
	}
	struct event *event = parse_event(parse, record);
	event->time = line.time;
	if (line.host.n)
		event->host = line.host;
	if (line.priority >= 0) {
		give(parse, event, FACILITY, facilities[line.priority >> 3]);
		give(parse, event, SEVERITY, severities[line.priority & 7]);
	}
	if (line.host.n)
		give(parse, event, HOSTNAME, line.host);
	if (line.program.n)
		give(parse, event, PROGRAM, line.program);
	if (line.pid.n)
		give(parse, event, PID, line.pid);
	if (line.msgid.n)
		give(parse, event, MSGID, line.msgid);
	if (line.data.n)
		give_data(parse, event, line.data);
	give(parse, event, MESSAGE, line.message);
	payload_read(parse, line.message);
	return 0;
}

/* ---- is it syslog? ---- */

/* Levels stand where others have the host: "2026-11-03T08:01:02Z INFO main: …" is no syslog. */
static bool is_level(struct str word)
{
	static const char *const levels[] = { "trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical", "severe" };
	for (size_t i = 0; i < COUNT(levels); i++)
		if (str_is_nocase(word, levels[i]))
			return true;
	return false;
}

static bool certain(struct str text)
{
	static const struct timestamp_hint hint = { .now = 1800000000000000000 };
	struct line line;
	if (!split(text, &hint, &line) || !utf8_valid(text))
		return false;
	if (line.priority >= 0)
		return true;
	/* "Nov  3 08:01:02", or an ISO time with a T, a host and a program. */
	if ((uint8_t)((text.p[0] | 32) - 'a') < 26)
		return text.n > 3 && text.p[3] == ' ' && !is_level(line.host);
	return text.n > 10 && text.p[10] == 'T' && line.host.n && line.program.n && !is_level(line.host);
}

static int syslog_probe(struct str text)
{
	return probe_lines(text, certain, 85);
}

static const char *const derived[] = { "facility", "severity", NULL };

const struct parser parser_syslog = {
	.name = "syslog",
	.doc = TR("syslog: RFC 5424, RFC 3164 and its dialects; JSON, CEF, LEEF or key=value within"),
	.state_size = sizeof(struct syslog_state),
	.probe = syslog_probe,
	.record = syslog_record,
	.verbatim = true,
	.derived = derived,
};
