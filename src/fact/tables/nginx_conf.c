/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nginx_conf: the server blocks of an nginx configuration with what they inherit, includes followed.
 * Syntax and defaults: nginx.org, "Configuration file", ngx_http_core_module, ngx_http_ssl_module.
 */
#include "fact/tables/web_servers.h"

enum { BLOCKS_DEPTH = 16, WORDS_LIMIT = 256 };

enum block { BLOCK_OTHER, BLOCK_SERVERS, BLOCK_SERVER, BLOCK_INSIDE };

struct listen {
	struct str address;
	int64_t port, line;
	const char *file;
	bool tls;
};

struct level {
	enum block block;
	struct web_settings settings;
};

struct nginx {
	struct web *web;
	struct str prefix; /* folder of the main file, "/etc/nginx" */
	struct level level[BLOCKS_DEPTH];
	size_t depth;
	/* the server block being read */
	VEC(struct listen) listens;
	struct str names;
	bool tls, indexes;
	const char *file;
	int64_t line;
};

struct words {
	struct str p[WORDS_LIMIT];
	size_t n;
};

static struct str path_of(struct nginx *nginx, struct str value)
{
	if (!value.n || value.p[0] == '/' || str_find_char(value, ':') >= 0)
		return value;
	return arena_printf(nginx->web->arena, "%.*s/%.*s", STR_ARG(nginx->prefix), STR_ARG(value));
}

static struct str words_join(struct arena *arena, const struct words *words)
{
	BUF(text);
	for (size_t i = 1; i < words->n; i++)
		buf_printf(&text, "%s%.*s", i > 1 ? " " : "", STR_ARG(words->p[i]));
	return arena_str(arena, buf_str(&text));
}

static void listen_take(struct nginx *nginx, const struct words *words, const char *file, int64_t line)
{
	struct listen listen = { .address = STR("0.0.0.0"), .port = 80, .line = line, .file = file };
	struct str where = words->n > 1 ? words->p[1] : STR("80");
	if (str_starts(where, "unix:")) {
		listen.address = where;
		listen.port = NONE;
	} else {
		web_address(where, &listen.address, &listen.port);
		if (str_is(listen.address, "*"))
			listen.address = STR("0.0.0.0");
	}
	for (size_t i = 2; i < words->n; i++)
		listen.tls |=
		    str_is(words->p[i], "ssl") || str_is(words->p[i], "quic") || str_is(words->p[i], "ntls");
	vec_push_in(nginx->web->arena, &nginx->listens,
	            { listen.address, listen.port, listen.line, listen.file, listen.tls });
}

static void directive_take(struct nginx *nginx, const struct words *words, const char *file, int64_t line)
{
	struct level *level = &nginx->level[nginx->depth];
	struct web_settings *set = &level->settings;
	struct str name = words->p[0], value = words->n > 1 ? words->p[1] : STR("");
	struct arena *arena = nginx->web->arena;
	bool on = str_is(value, "on");
	if (str_is(name, "listen") && level->block == BLOCK_SERVER) {
		listen_take(nginx, words, file, line);
	} else if (str_is(name, "server_name") && level->block == BLOCK_SERVER) {
		nginx->names = words_join(arena, words);
	} else if (str_is(name, "ssl") && level->block == BLOCK_SERVER) {
		nginx->tls = on;
	} else if (str_is(name, "ssl_protocols")) {
		set->protocols = words_join(arena, words);
		set->gm |= web_is_gm(set->protocols);
	} else if (str_is(name, "ssl_ciphers")) {
		set->ciphers = words_join(arena, words);
		set->gm |= web_is_gm(set->ciphers);
	} else if (str_is(name, "ssl_certificate")) {
		set->certificate = path_of(nginx, value);
	} else if (str_is(name, "ssl_certificate_key")) {
		set->key = path_of(nginx, value);
	} else if (str_is(name, "enable_ntls") || str_is(name, "ssl_ntls")) {
		set->gm = on;
	} else if (str_is(name, "ssl_sign_certificate") && !set->certificate.n) {
		set->certificate = path_of(nginx, value);
	} else if (str_is(name, "server_tokens")) {
		set->tokens = value;
	} else if (str_is(name, "autoindex")) {
		set->indexes = on;
		if (on && level->block >= BLOCK_SERVER)
			nginx->indexes = true;
	} else if (str_is(name, "access_log") && level->block <= BLOCK_SERVER) {
		set->access_log = !str_is(value, "off");
	}
}

static void block_open(struct nginx *nginx, struct str name, const char *file, int64_t line)
{
	struct level *outer = &nginx->level[nginx->depth], *level = outer + 1;
	*level = *outer;
	nginx->depth++;
	if (outer->block >= BLOCK_SERVER) {
		level->block = BLOCK_INSIDE;
	} else if (str_is(name, "server") && outer->block == BLOCK_SERVERS) {
		level->block = BLOCK_SERVER;
		nginx->listens.n = 0;
		nginx->names = STR_NONE;
		nginx->tls = false;
		nginx->indexes = level->settings.indexes;
		nginx->file = file;
		nginx->line = line;
	} else {
		bool servers = str_is(name, "http") || str_is(name, "stream") || str_is(name, "mail");
		level->block = servers ? BLOCK_SERVERS : BLOCK_OTHER;
	}
}

static int block_close(struct nginx *nginx)
{
	struct level *level = &nginx->level[nginx->depth--];
	if (level->block != BLOCK_SERVER)
		return 0;
	if (!nginx->listens.n) /* "If the directive is not present then either *:80 is used …" */
		vec_push_in(nginx->web->arena, &nginx->listens,
		            { STR("0.0.0.0"), 80, nginx->line, nginx->file, false });
	level->settings.indexes = nginx->indexes;
	int r = 0;
	for (size_t i = 0; r == 0 && i < nginx->listens.n; i++) {
		const struct listen *listen = &nginx->listens.p[i];
		struct web_listener row = {
			.engine = "nginx",
			.address = listen->address,
			.port = listen->port,
			.name = nginx->names,
			.tls = listen->tls || nginx->tls,
			.settings = level->settings,
			.file = arena_printf(nginx->web->arena, "/%s", listen->file),
			.line = listen->line,
		};
		r = web_row(nginx->web, &row);
	}
	return r;
}

/* Up to ';', '{' or '}': the words before it. 0 at the end of the text. */
static char words_next(struct arena *arena, struct str *rest, int64_t *line, struct words *words)
{
	size_t i = 0;
	words->n = 0;
	while (i < rest->n) {
		char c = rest->p[i];
		if (c == '#') {
			while (i < rest->n && rest->p[i] != '\n')
				i++;
			continue;
		}
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			*line += c == '\n';
			i++;
			continue;
		}
		if (c == ';' || c == '{' || c == '}') {
			*rest = str_slice(*rest, i + 1, rest->n);
			return c;
		}
		BUF(word);
		char quote = c == '"' || c == '\'' ? c : 0;
		for (i += quote != 0; i < rest->n; i++) {
			c = rest->p[i];
			if (c == '\\' && i + 1 < rest->n) {
				buf_add_char(&word, rest->p[++i]);
				continue;
			}
			if (quote ? c == quote
			          : (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' ||
			             (c == '{' && (i == 0 || rest->p[i - 1] != '$'))))
				break;
			*line += c == '\n';
			buf_add_char(&word, c);
		}
		i += quote != 0;
		if (words->n < WORDS_LIMIT)
			words->p[words->n++] = arena_str(arena, buf_str(&word));
	}
	*rest = STR_NONE;
	return 0;
}

static int file_read(struct nginx *nginx, const char *path, unsigned depth);

static int include_read(struct nginx *nginx, struct str pattern, unsigned depth)
{
	struct strings paths = scan_glob(nginx->web->scan, path_of(nginx, pattern));
	int r = 0;
	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = file_read(nginx, arena_cstr(nginx->web->arena, str_slice(paths.p[i], 1, paths.p[i].n)),
		              depth + 1);
	return r;
}

static int file_read(struct nginx *nginx, const char *path, unsigned depth)
{
	struct str rest;
	struct words *words = ARENA_NEW(nginx->web->arena, struct words);
	int64_t line = 1;
	size_t outer = nginx->depth;
	int r = 0;
	if (!web_file(nginx->web, path, depth, &rest))
		return 0;
	for (char end; r == 0 && (end = words_next(nginx->web->arena, &rest, &line, words)) != 0;) {
		if (end == '}') {
			if (nginx->depth == outer || words->n)
				web_not_understood(nginx->web, path, line);
			if (nginx->depth > outer)
				r = block_close(nginx);
		} else if (!words->n) {
			if (end == '{')
				web_not_understood(nginx->web, path, line);
		} else if (end == '{') {
			if (nginx->depth + 1 >= BLOCKS_DEPTH) {
				web_not_understood(nginx->web, path, line);
				return 0;
			}
			block_open(nginx, words->p[0], path, line);
		} else if (str_is(words->p[0], "include") && words->n > 1) {
			r = include_read(nginx, words->p[1], depth);
		} else {
			directive_take(nginx, words, path, line);
		}
	}
	if (r == 0 && nginx->depth > outer)
		web_not_understood(nginx->web, path, line);
	nginx->depth = MIN(nginx->depth, outer);
	return r;
}

int nginx_read(struct web *web, const char *path)
{
	struct nginx *nginx = ARENA_NEW(web->arena, struct nginx);
	struct str whole = arena_printf(web->arena, "/%s", path);
	nginx->web = web;
	nginx->prefix = str_slice(whole, 0, (size_t)str_find_char_last(whole, '/'));
	nginx->level[0].settings = (struct web_settings){ .tokens = STR("on"), .access_log = true };
	return file_read(nginx, path, 0);
}
