/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * syslog-ng's configuration: its destinations, as far as a log path uses them.
 */
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "fact/tables/syslog.h"

enum { TOKENS_MAX = 1 << 20, TARGETS_MAX = 10000 };

struct token {
	struct str text, file;
	int64_t line;
	char kind; /* w word, s quoted text, or the character itself: ( ) { } ; */
};

struct ng {
	struct scan *scan;
	struct err *err;
	struct {
		struct token *p;
		size_t n, room;
	} tokens;
	size_t files, targets;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-' || c == '/' || c == ':' || c == '@' || c == '*';
}

static void ng_file(struct ng *ng, struct str path, int depth);

static void ng_include(struct ng *ng, struct str pattern, int depth)
{
	struct arena *arena = scan_arena(ng->scan);
	if (!str_starts(pattern, "/"))
		pattern = arena_printf(arena, "/etc/syslog-ng/%.*s", STR_ARG(pattern));
	struct strings files = scan_glob(ng->scan, pattern);
	for (size_t i = 0; i < files.n; i++) {
		struct stat st;
		if (root_stat(scan_root(ng->scan), files.p[i].p, true, &st) < 0 || !S_ISDIR(st.st_mode)) {
			ng_file(ng, files.p[i], depth + 1);
			continue;
		}
		struct strings names = scan_list(ng->scan, files.p[i].p);
		for (size_t j = 0; j < names.n; j++)
			ng_file(ng, arena_printf(arena, "%.*s/%.*s", STR_ARG(files.p[i]), STR_ARG(names.p[j])), depth + 1);
	}
}

static size_t quoted_end(struct str text, size_t at)
{
	char quote = text.p[at];
	for (at++; at < text.n && text.p[at] != quote; at++)
		at += quote == '"' && text.p[at] == '\\' && at + 1 < text.n;
	return at;
}

/* Cut a file into tokens; what it includes comes in its place. */
static void ng_file(struct ng *ng, struct str path, int depth)
{
	struct arena *arena = scan_arena(ng->scan);
	struct str text;
	int64_t line = 1;
	if (depth > SYSLOG_DEPTH_MAX || ++ng->files > SYSLOG_FILES_MAX) {
		scan_partial(ng->scan, NOTE("{}: too many includes", path));
		return;
	}
	if (scan_file(ng->scan, arena_cstr(arena, path), &text) < 0)
		return;
	for (size_t i = 0; i < text.n && ng->tokens.n < TOKENS_MAX; i++) {
		char c = text.p[i];
		struct token token = { .file = path, .line = line, .kind = c };
		if (c == '\n') {
			line++;
		} else if (c == '#') {
			while (i + 1 < text.n && text.p[i + 1] != '\n')
				i++;
		} else if (c == '"' || c == '\'') {
			size_t end = quoted_end(text, i);
			token.text = str_slice(text, i + 1, end);
			token.kind = 's';
			for (; i < end && i < text.n; i++)
				line += text.p[i] == '\n';
			vec_push_in(arena, &ng->tokens, token);
			size_t n = ng->tokens.n;
			if (n >= 2 && str_is(ng->tokens.p[n - 2].text, "@include")) {
				ng->tokens.n -= 2;
				ng_include(ng, token.text, depth);
			}
		} else if (is_word(c)) {
			size_t from = i;
			while (i + 1 < text.n && is_word(text.p[i + 1]))
				i++;
			token.text = str_slice(text, from, i + 1);
			token.kind = 'w';
			vec_push_in(arena, &ng->tokens, token);
		} else if (memchr("(){};", c, 5)) {
			vec_push_in(arena, &ng->tokens, token);
		}
	}
}

static const struct token *token_at(const struct ng *ng, size_t i)
{
	static const struct token end = { .kind = 0 };
	return i < ng->tokens.n ? &ng->tokens.p[i] : &end;
}

/* Past the bracket that closes the one at i. */
static size_t past_block(const struct ng *ng, size_t i)
{
	int depth = 0;
	for (; i < ng->tokens.n; i++) {
		char kind = ng->tokens.p[i].kind;
		depth += (kind == '(' || kind == '{') - (kind == ')' || kind == '}');
		if (depth == 0)
			return i + 1;
	}
	return i;
}

/* One driver, "network("host" port(6514) transport("tls"))": i is at its name. */
static int driver(struct ng *ng, size_t i, struct str facility)
{
	const struct token *name = token_at(ng, i);
	size_t end = past_block(ng, i + 1);
	struct str transport = STR_NONE, first = STR_NONE;
	struct syslog_target target = { .daemon = "syslog-ng",
					.facility = facility,
					.action = name->text,
					.port = NONE,
					.tls = NONE,
					.file = name->file,
					.line = name->line };
	bool tls = false, ietf = str_is(name->text, "syslog") || str_is(name->text, "network");
	for (size_t j = i + 2; j < end; j++) {
		const struct token *token = token_at(ng, j), *value = token_at(ng, j + 2);
		bool option = token->kind == 'w' && token_at(ng, j + 1)->kind == '(';
		if (!option) {
			if (!first.p && (token->kind == 's' || token->kind == 'w'))
				first = token->text;
			continue;
		}
		if (str_is(token->text, "port") || str_is(token->text, "destport"))
			target.port = str_int_or(value->text, NONE);
		else if (str_is(token->text, "transport"))
			transport = value->text;
		else if (str_is(token->text, "tls"))
			tls = true;
		j = past_block(ng, j + 1) - 1;
	}
	if (str_is(name->text, "file") && first.p)
		target.action = first;
	bool tcp = str_is(name->text, "tcp") || str_is(name->text, "tcp6"), udp = str_starts(name->text, "udp");
	if ((ietf || tcp || udp) && first.p) {
		if (str_is(transport, "udp"))
			udp = true;
		target.host = first;
		target.proto = udp ? "udp" : "tcp";
		target.tls = !udp && (tls || str_is(transport, "tls"));
		if (target.port == NONE) /* syslog-ng's own defaults */
			target.port = !str_is(name->text, "syslog") ? 514 : target.tls ? 6514 : udp ? 514 : 601;
	}
	if (++ng->targets > TARGETS_MAX)
		return err_set(ng->err, -E2BIG, "%.*s: more than %d targets", STR_ARG(name->file), TARGETS_MAX);
	return syslog_target_row(ng->scan, &target, ng->err);
}

/* The drivers between the braces at i. */
static int drivers(struct ng *ng, size_t i, struct str facility)
{
	size_t end = past_block(ng, i);
	for (i++; i + 1 < end; i++) {
		if (token_at(ng, i)->kind != 'w' || token_at(ng, i + 1)->kind != '(')
			continue;
		int r = driver(ng, i, facility);
		if (r < 0)
			return r;
		i = past_block(ng, i + 1) - 1;
	}
	return 0;
}

static int log_path(struct ng *ng, size_t i, const struct map *destinations)
{
	size_t end = past_block(ng, i);
	struct arena *arena = scan_arena(ng->scan);
	BUF(filters);
	for (size_t j = i + 1; j + 2 < end; j++) {
		if (str_is(token_at(ng, j)->text, "filter") && token_at(ng, j + 1)->kind == '(') {
			buf_puts(&filters, filters.n ? "," : "");
			buf_add(&filters, token_at(ng, j + 2)->text);
		}
	}
	struct str facility = filters.n ? arena_str(arena, buf_str(&filters)) : STR("*.*");
	for (size_t j = i + 1; j + 2 < end; j++) {
		if (!str_is(token_at(ng, j)->text, "destination"))
			continue;
		int r = 0;
		if (token_at(ng, j + 1)->kind == '{') {
			r = drivers(ng, j + 1, facility);
		} else if (token_at(ng, j + 1)->kind == '(') {
			size_t *at = map_get(destinations, token_at(ng, j + 2)->text);
			r = at ? drivers(ng, *at, facility) : 0;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int syslog_ng(struct scan *scan, struct err *err)
{
	struct ng ng = { .scan = scan, .err = err };
	struct arena *arena = scan_arena(scan);
	struct map destinations = { .arena = arena };
	ng_file(&ng, STR("/etc/syslog-ng/syslog-ng.conf"), 0);
	for (size_t i = 0; i + 2 < ng.tokens.n; i++)
		if (str_is(ng.tokens.p[i].text, "destination") && ng.tokens.p[i + 1].text.n &&
		    ng.tokens.p[i + 2].kind == '{') {
			size_t *at = ARENA_NEW(arena, size_t);
			*at = i + 2;
			*map_put(&destinations, ng.tokens.p[i + 1].text) = at;
		}
	/* Log paths may lie in one another: only the outer ones are walked. */
	for (size_t i = 0; i + 1 < ng.tokens.n; i++) {
		if (!str_is(ng.tokens.p[i].text, "log") || ng.tokens.p[i + 1].kind != '{')
			continue;
		int r = log_path(&ng, i + 1, &destinations);
		if (r < 0)
			return r;
		i = past_block(&ng, i + 1) - 1;
	}
	return 0;
}
