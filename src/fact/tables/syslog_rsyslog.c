/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rsyslog's configuration: both of its dialects, which may alternate from line to line. What only prepares a
 * message (templates, inputs, conditions) is passed over.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/syslog.h"

struct reader {
	struct scan *scan;
	struct err *err;
	struct str file, text;
	size_t at, counted; /* counted: up to where the lines are */
	int64_t line;
	struct str selector;
	int depth;
	struct rsyslog *shared;
};

struct rsyslog {
	bool driver_mode;  /* $ActionSendStreamDriverMode 1 */
	size_t files;
};

struct parameter {
	struct str key, value;
};
struct parameters {
	struct parameter *p;
	size_t n, room;
};

static int rsyslog_file(struct scan *scan, struct rsyslog *shared, struct str path, int depth,
			struct err *err);

static int64_t line_here(struct reader *reader)
{
	for (; reader->counted < reader->at; reader->counted++)
		reader->line += reader->text.p[reader->counted] == '\n';
	return reader->line;
}

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->text.n;
}

static char peek(const struct reader *reader)
{
	return at_end(reader) ? 0 : reader->text.p[reader->at];
}

static struct str rest_of(const struct reader *reader)
{
	return str_slice(reader->text, reader->at, reader->text.n);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

static struct str take_line(struct reader *reader)
{
	struct str rest = rest_of(reader);
	struct str line = str_cut(&rest, '\n');
	reader->at += line.n;
	return str_trim(line);
}

/* Blanks and comments; in a selector line a comment may only follow at the start. */
static void skip(struct reader *reader)
{
	while (!at_end(reader)) {
		if (is_blank(peek(reader))) {
			reader->at++;
		} else if (peek(reader) == '#') {
			take_line(reader);
		} else if (str_starts(rest_of(reader), "/*")) {
			ptrdiff_t end = str_find(rest_of(reader), "*/");
			reader->at = end < 0 ? reader->text.n : reader->at + (size_t)end + 2;
		} else {
			return;
		}
	}
}

static struct str take_name(struct reader *reader)
{
	size_t from = reader->at;
	while (!at_end(reader) && is_name(peek(reader)))
		reader->at++;
	return str_slice(reader->text, from, reader->at);
}

/* A quoted text, its backslashes undone. */
static struct str take_quoted(struct reader *reader)
{
	char quote = peek(reader);
	BUF(out);
	for (reader->at++; !at_end(reader) && peek(reader) != quote; reader->at++) {
		if (peek(reader) == '\\' && reader->at + 1 < reader->text.n)
			reader->at++;
		buf_add_char(&out, peek(reader));
	}
	reader->at += !at_end(reader);
	return arena_str(scan_arena(reader->scan), buf_str(&out));
}

/* key="value" … ) ; an array gives the key several times. The "(" has been taken. */
static bool take_parameters(struct reader *reader, struct parameters *out)
{
	struct arena *arena = scan_arena(reader->scan);
	while (true) {
		skip(reader);
		if (peek(reader) == ')') {
			reader->at++;
			return true;
		}
		struct str key = take_name(reader);
		skip(reader);
		if (!key.n || peek(reader) != '=')
			return false;
		reader->at++;
		skip(reader);
		bool array = peek(reader) == '[';
		reader->at += array;
		do {
			skip(reader);
			struct str value = peek(reader) == '"' || peek(reader) == '\'' ? take_quoted(reader) : take_name(reader);
			vec_push_in(arena, out, { key, value });
			skip(reader);
			if (array && peek(reader) != ',' && peek(reader) != ']')
				return false;
			array = array && peek(reader) == ',';
			reader->at += peek(reader) == ',' || peek(reader) == ']';
		} while (array);
	}
}

static struct str parameter(const struct parameters *parameters, const char *key)
{
	for (size_t i = 0; i < parameters->n; i++)
		if (str_is_nocase(parameters->p[i].key, key))
			return parameters->p[i].value;
	return STR_NONE;
}

static int emit(struct reader *reader, struct syslog_target target)
{
	target.daemon = "rsyslog";
	target.facility = reader->selector;
	target.file = reader->file;
	if (!target.host.p) {
		target.port = NONE;
		target.tls = NONE;
	}
	return syslog_target_row(reader->scan, &target, reader->err);
}

static int action_object(struct reader *reader, int64_t line, const struct parameters *parameters)
{
	struct str type = parameter(parameters, "type"), port = parameter(parameters, "port");
	struct str file = parameter(parameters, "file"), dynafile = parameter(parameters, "dynafile");
	struct syslog_target target = { .action = type, .line = line };
	bool forward = str_is_nocase(type, "omfwd"), relp = str_is_nocase(type, "omrelp");
	if (!forward && !relp) {
		if (str_is_nocase(type, "omfile"))
			target.action = file.p ? file : dynafile.p ? dynafile : type;
		return emit(reader, target);
	}
	target.port = port.n ? str_int_or(port, NONE) : 514;
	if (forward) {
		bool tcp = str_is_nocase(parameter(parameters, "protocol"), "tcp");
		target.proto = tcp ? "tcp" : "udp";
		target.tls = tcp && str_is(parameter(parameters, "streamdrivermode"), "1");
	} else {
		target.proto = "relp";
		target.tls = str_is_nocase(parameter(parameters, "tls"), "on");
	}
	bool found = false;
	for (size_t i = 0; i < parameters->n; i++) {
		if (!str_is_nocase(parameters->p[i].key, "target"))
			continue;
		target.host = parameters->p[i].value;
		found = true;
		int r = emit(reader, target);
		if (r < 0)
			return r;
	}
	if (!found)
		conf_bad_line(reader->scan, reader->file, line);
	return 0;
}

/* "host", "host:port", "[v6]:port", each perhaps with ";template" behind. */
static void host_and_port(struct str text, struct syslog_target *target)
{
	text = str_trim(str_cut(&text, ';'));
	if (str_starts(text, "[")) {
		text = str_slice(text, 1, text.n);
		target->host = str_cut(&text, ']');
		text = text.p ? text : STR("");
		if (str_starts(text, ":"))
			target->port = str_int_or(str_slice(text, 1, text.n), NONE);
		return;
	}
	target->host = str_cut(&text, ':');
	if (text.p)
		target->port = str_int_or(str_trim(text), NONE);
}

static int legacy_action(struct reader *reader, struct str text, int64_t line)
{
	struct syslog_target target = { .line = line, .port = 514 };
	if (!text.n) {
		conf_bad_line(reader->scan, reader->file, line);
		return 0;
	}
	if (text.p[0] == '@') {
		bool tcp = str_starts(text, "@@");
		text = str_slice(text, tcp ? 2 : 1, text.n);
		if (str_starts(text, "("))
			str_cut(&text, ')');
		target.action = STR("omfwd");
		target.proto = tcp ? "tcp" : "udp";
		target.tls = tcp && reader->shared->driver_mode;
		host_and_port(text.p ? text : STR(""), &target);
	} else if (str_starts(text, ":omrelp:")) {
		target.action = STR("omrelp");
		target.proto = "relp";
		target.tls = 0;
		host_and_port(str_slice(text, 8, text.n), &target);
	} else {
		bool late = text.p[0] == '-';
		target.action = str_trim(str_slice(text, late, text.n));
		if (target.action.n && (target.action.p[0] == '/' || target.action.p[0] == '?'))
			target.action = str_trim(str_cut(&target.action, ';'));
	}
	return emit(reader, target);
}

static int include(struct reader *reader, struct str pattern)
{
	struct strings files = scan_glob(reader->scan, pattern);
	for (size_t i = 0; i < files.n; i++) {
		struct stat st;
		int r = 0;
		if (root_stat(scan_root(reader->scan), files.p[i].p, true, &st) == 0 && S_ISDIR(st.st_mode)) {
			struct strings names = scan_list(reader->scan, files.p[i].p);
			for (size_t j = 0; r == 0 && j < names.n; j++)
				r = rsyslog_file(reader->scan, reader->shared, arena_printf(scan_arena(reader->scan), "%.*s/%.*s",
				                 STR_ARG(files.p[i]), STR_ARG(names.p[j])), reader->depth + 1, reader->err);
		} else {
			r = rsyslog_file(reader->scan, reader->shared, files.p[i], reader->depth + 1, reader->err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int directive(struct reader *reader, struct str line)
{
	struct str key = str_word(&line), value = str_trim(line);
	if (str_is_nocase(key, "$IncludeConfig"))
		return include(reader, value);
	if (str_is_nocase(key, "$ActionSendStreamDriverMode"))
		reader->shared->driver_mode = str_is(value, "1");
	if (str_is_nocase(key, "$ResetConfigVariables"))
		reader->shared->driver_mode = false;
	return 0;
}

static bool is_object(struct str name)
{
	static const char *const objects[] = { "action",         "include",      "module",   "input",
					       "global",         "template",     "ruleset",  "parser",
					       "main_queue",     "lookup_table", "timezone", "dyn_stats",
					       "perctile_stats", "ratelimit" };
	for (size_t i = 0; i < COUNT(objects); i++)
		if (str_is_nocase(name, objects[i]))
			return true;
	return false;
}

/* "name ( … )" at this place. 1: taken; 0: it is something else. */
static int object(struct reader *reader)
{
	size_t from = reader->at;
	int64_t line = line_here(reader);
	struct str name = take_name(reader);
	struct parameters parameters = { 0 };
	int r = 0;
	while (peek(reader) == ' ' || peek(reader) == '\t')
		reader->at++;
	if (!is_object(name) || peek(reader) != '(') {
		reader->at = from;
		return 0;
	}
	reader->at++;
	if (!take_parameters(reader, &parameters)) {
		conf_bad_line(reader->scan, reader->file, line);
		take_line(reader);
		return 1;
	}
	if (str_is_nocase(name, "action"))
		r = action_object(reader, line, &parameters);
	else if (str_is_nocase(name, "include") && parameter(&parameters, "file").n)
		r = include(reader, parameter(&parameters, "file"));
	return r < 0 ? r : 1;
}

/* "if CONDITION then": the condition becomes the selector. */
static void condition(struct reader *reader)
{
	size_t from = reader->at;
	while (!at_end(reader)) {
		char c = peek(reader);
		if (c == '"' || c == '\'') {
			take_quoted(reader);
		} else if (is_name(c)) {
			size_t word = reader->at;
			if (str_is_nocase(take_name(reader), "then")) {
				reader->selector = str_trim(str_slice(reader->text, from, word));
				return;
			}
		} else {
			reader->at++;
		}
	}
}

/* A word of the script that does not send anything anywhere. */
static bool script_word(struct reader *reader)
{
	size_t from = reader->at;
	struct str word = take_name(reader);
	if (str_is_nocase(word, "if")) {
		condition(reader);
	} else if (str_is_nocase(word, "set") || str_is_nocase(word, "unset") || str_is_nocase(word, "reset")) {
		while (!at_end(reader) && peek(reader) != ';') {
			if (peek(reader) == '"' || peek(reader) == '\'')
				take_quoted(reader);
			else
				reader->at++;
		}
	} else if (str_is_nocase(word, "call") || str_is_nocase(word, "foreach")) {
		take_line(reader);
	} else if (!str_is_nocase(word, "else") && !str_is_nocase(word, "stop") && !str_is_nocase(word, "then") &&
	           !str_is_nocase(word, "continue")) {
		reader->at = from;
		return false;
	}
	return true;
}

/* ":property, compare, "value" action": up to the action. */
static struct str property_filter(struct reader *reader)
{
	size_t from = reader->at;
	bool quoted = false;
	while (!at_end(reader) && peek(reader) != '\n' && !quoted) {
		quoted = peek(reader) == '"';
		if (quoted)
			take_quoted(reader);
		else
			reader->at++;
	}
	return str_slice(reader->text, from, reader->at);
}

static int selector_line(struct reader *reader)
{
	int64_t line = line_here(reader);
	size_t from = reader->at;
	if (peek(reader) == ':') {
		reader->selector = property_filter(reader);
	} else {
		while (!at_end(reader) && !is_blank(peek(reader)))
			reader->at++;
		struct str selector = str_slice(reader->text, from, reader->at);
		if (!str_is(selector, "&"))
			reader->selector = selector;
	}
	while (peek(reader) == ' ' || peek(reader) == '\t')
		reader->at++;
	if (peek(reader) == '{')
		return 0;
	int r = object(reader);
	if (r != 0)
		return r < 0 ? r : 0;
	return legacy_action(reader, take_line(reader), line);
}

static int rsyslog_file(struct scan *scan, struct rsyslog *shared, struct str path, int depth,
			struct err *err)
{
	struct reader reader = {
		.scan = scan, .err = err, .file = path, .line = 1, .depth = depth, .shared = shared
	};
	if (depth > SYSLOG_DEPTH_MAX || ++shared->files > SYSLOG_FILES_MAX) {
		scan_partial(scan, NOTE("{}: too many includes", path));
		return 0;
	}
	if (scan_file(scan, arena_cstr(scan_arena(scan), path), &reader.text) < 0)
		return 0;
	while (true) {
		skip(&reader);
		if (at_end(&reader))
			return 0;
		char c = peek(&reader);
		int r = 0;
		if (c == '{' || c == '}' || c == ';') {
			reader.at++;
			continue;
		}
		if (c == '$') {
			r = directive(&reader, take_line(&reader));
		} else {
			r = object(&reader);
			if (r == 0 && !script_word(&reader))
				r = selector_line(&reader);
		}
		if (r < 0)
			return r;
	}
}

int syslog_rsyslog(struct scan *scan, struct err *err)
{
	struct rsyslog shared = { 0 };
	return rsyslog_file(scan, &shared, STR("/etc/rsyslog.conf"), 0, err);
}
