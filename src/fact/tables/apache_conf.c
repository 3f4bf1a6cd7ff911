/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * apache_conf: the virtual hosts of an Apache httpd configuration with what they inherit, includes followed,
 * <IfModule> judged by the LoadModule lines read so far. Syntax and defaults: httpd.apache.org, "Directive
 * Index".
 */
#include "base/glob.h"
#include "base/map.h"
#include "fact/tables/web_servers.h"

enum { SECTIONS_DEPTH = 24 };

struct place {
	struct str address;
	int64_t port, line;
	const char *file;
	bool tls, used;
};

struct host {
	VEC(struct place) places;
	struct str names;
	struct web_settings settings;
	bool tls, logs;
};

struct section {
	struct str name;
	bool skip; /* what is inside does not apply */
};

struct apache {
	struct web *web;
	struct str server_root;
	struct map modules, defined; /* names -> anything; names -> struct str */
	VEC(struct place) listens;
	VEC(struct host *) hosts;
	struct host main;
	struct host *host; /* the one being read */
	struct section section[SECTIONS_DEPTH];
	size_t depth;
};

/* The next argument, quotes taken off, ${names} put in. */
static struct str argument_next(struct apache *apache, struct str *rest)
{
	*rest = str_trim(*rest);
	if (!rest->n)
		return STR_NONE;
	char quote = rest->p[0] == '"' || rest->p[0] == '\'' ? rest->p[0] : 0;
	size_t end = quote ? 1 : 0;
	while (end < rest->n && (quote ? rest->p[end] != quote : rest->p[end] != ' ' && rest->p[end] != '\t'))
		end++;
	struct str word = str_slice(*rest, quote != 0, end);
	*rest = str_slice(*rest, end + (quote != 0), rest->n);
	BUF(out);
	for (size_t i = 0; i < word.n; i++) {
		struct str tail = str_slice(word, i, word.n);
		ptrdiff_t close = str_starts(tail, "${") ? str_find_char(tail, '}') : -1;
		struct str *value =
		    close > 0 ? map_get(&apache->defined, str_slice(tail, 2, (size_t)close)) : NULL;
		if (!value) {
			buf_add_char(&out, word.p[i]);
			continue;
		}
		buf_add(&out, *value);
		i += (size_t)close;
	}
	return arena_str(apache->web->arena, buf_str(&out));
}

static void defined_put(struct apache *apache, struct str name, struct str value)
{
	struct str *kept = arena_alloc(apache->web->arena, sizeof(*kept));
	*kept = value;
	*map_put(&apache->defined, arena_str(apache->web->arena, name)) = kept;
}

/* Linked into the server by Debian and the Red Hat family. */
static bool module_is_static(struct str name)
{
	static const char *const names[] = {
		"core",          "core_module",      "mod_so.c",          "so_module",      "http_core.c",
		"http_module",   "mod_log_config.c", "log_config_module", "mod_unixd.c",    "unixd_module",
		"mod_version.c", "version_module",   "mod_watchdog.c",    "watchdog_module"
	};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static bool section_skips(struct apache *apache, struct str name, struct str arguments)
{
	struct str what = argument_next(apache, &arguments);
	bool invert = str_starts(what, "!");
	if (invert)
		what = str_slice(what, 1, what.n);
	if (str_is_nocase(name, "IfModule"))
		return (map_get(&apache->modules, what) || module_is_static(what)) == invert;
	if (str_is_nocase(name, "IfDefine"))
		return (map_get(&apache->defined, what) != NULL) == invert;
	return false;
}

static struct str path_of(struct apache *apache, struct str value)
{
	if (!value.n || value.p[0] == '/')
		return value;
	return arena_printf(apache->web->arena, "%.*s/%.*s", STR_ARG(apache->server_root), STR_ARG(value));
}

/* Some web application writes "Options +Indexes", "Options Indexes FollowSymLinks", "Options All". */
static void options_take(struct apache *apache, struct str arguments)
{
	for (struct str word; (word = argument_next(apache, &arguments)).p;)
		if (str_is_nocase(word, "Indexes") || str_is_nocase(word, "+Indexes") ||
		    str_is_nocase(word, "All"))
			apache->host->settings.indexes = true;
}

static void place_take(struct apache *apache, struct str where, const char *file, int64_t line, bool listen)
{
	struct place place = { .address = STR("*"), .port = listen ? NONE : 0, .line = line, .file = file };
	web_address(where, &place.address, &place.port);
	if (str_is(place.address, "_default_"))
		place.address = STR("*");
	place.address = arena_str(apache->web->arena, place.address);
	if (listen)
		vec_push_in(apache->web->arena, &apache->listens,
		            { place.address, place.port, line, file, false, false });
	else
		vec_push_in(apache->web->arena, &apache->host->places,
		            { place.address, place.port, line, file, false, false });
}

static void names_add(struct apache *apache, struct str arguments)
{
	struct host *host = apache->host;
	for (struct str word; (word = argument_next(apache, &arguments)).p;)
		host->names = arena_printf(apache->web->arena, "%.*s%s%.*s", STR_ARG(host->names),
		                           host->names.n ? " " : "", STR_ARG(word));
}

static void module_load(struct apache *apache, struct str name, struct str file)
{
	ptrdiff_t slash = str_find_char_last(file, '/');
	struct str base = str_slice(file, (size_t)(slash + 1), file.n);
	*map_put(&apache->modules, name) = apache;
	if (str_ends(base, ".so"))
		*map_put(&apache->modules,
		         arena_printf(apache->web->arena, "%.*s.c", (int)base.n - 3, base.p)) = apache;
}

static void directive_take(struct apache *apache, struct str name, struct str arguments, const char *file,
                           int64_t line)
{
	struct web_settings *set = &apache->host->settings;
	struct str all = str_trim(arguments), first = argument_next(apache, &arguments);
	if (str_is_nocase(name, "Listen")) {
		place_take(apache, first, file, line, true);
		apache->listens.p[apache->listens.n - 1].tls = str_is_nocase(str_trim(arguments), "https");
	} else if (str_is_nocase(name, "ServerName") || str_is_nocase(name, "ServerAlias")) {
		names_add(apache, all);
	} else if (str_is_nocase(name, "LoadModule")) {
		module_load(apache, first, argument_next(apache, &arguments));
	} else if (str_is_nocase(name, "Define")) {
		defined_put(apache, first, argument_next(apache, &arguments));
	} else if (str_is_nocase(name, "ServerRoot")) {
		apache->server_root = first;
	} else if (str_is_nocase(name, "SSLEngine")) {
		apache->host->tls = str_is_nocase(first, "on");
	} else if (str_is_nocase(name, "SSLProtocol")) {
		set->protocols = arena_str(apache->web->arena, all);
		set->gm |= web_is_gm(all);
	} else if (str_is_nocase(name, "SSLCipherSuite")) {
		struct str second = argument_next(apache, &arguments);
		set->ciphers = second.n ? second : first; /* "TLSv1.3 suites" or the suites alone */
		set->gm |= web_is_gm(set->ciphers);
	} else if (str_is_nocase(name, "SSLCertificateFile")) {
		set->certificate = path_of(apache, first);
	} else if (str_is_nocase(name, "SSLCertificateKeyFile")) {
		set->key = path_of(apache, first);
	} else if (str_is_nocase(name, "ServerTokens")) {
		set->tokens = first;
	} else if (str_is_nocase(name, "Options")) {
		options_take(apache, all);
	} else if (str_is_nocase(name, "CustomLog") || str_is_nocase(name, "TransferLog") ||
	           str_is_nocase(name, "GlobalLog")) {
		apache->host->logs = true;
	}
}

static void section_open(struct apache *apache, struct str text, const char *file, int64_t line)
{
	struct str name = arena_str(apache->web->arena, str_word(&text));
	bool skip = apache->section[apache->depth].skip || section_skips(apache, name, text);
	apache->section[++apache->depth] = (struct section){ name, skip };
	if (skip || !str_is_nocase(name, "VirtualHost"))
		return;
	apache->host = ARENA_NEW(apache->web->arena, struct host);
	/* Settings of the main server that come later hold too: they are put in at the end. */
	for (struct str word; (word = argument_next(apache, &text)).p;)
		place_take(apache, word, file, line, false);
	vec_push_in(apache->web->arena, &apache->hosts, apache->host);
}

static void section_close(struct apache *apache, struct str name)
{
	if (str_is_nocase(name, "VirtualHost"))
		apache->host = &apache->main;
	apache->depth--;
}

static void file_read(struct apache *apache, const char *path, unsigned depth);

static void include_read(struct apache *apache, struct str arguments, unsigned depth)
{
	struct str pattern = path_of(apache, argument_next(apache, &arguments));
	struct stat info;
	if (!glob_is_pattern(pattern) && pattern.n > 1 &&
	    root_stat(scan_root(apache->web->scan),
	              arena_cstr(apache->web->arena, str_slice(pattern, 1, pattern.n)), true, &info) == 0 &&
	    S_ISDIR(info.st_mode))
		pattern = arena_printf(apache->web->arena, "%.*s/*", STR_ARG(pattern));
	struct strings paths = scan_glob(apache->web->scan, pattern);
	for (size_t i = 0; i < paths.n; i++)
		file_read(apache, arena_cstr(apache->web->arena, str_slice(paths.p[i], 1, paths.p[i].n)),
		          depth + 1);
}

static void line_take(struct apache *apache, struct str line, const char *path, int64_t number,
                      unsigned depth)
{
	if (str_starts(line, "</")) {
		line = str_slice(line, 2, line.n);
		struct str name = str_trim(str_cut(&line, '>'));
		if (apache->depth == 0 || !str_eq_nocase(name, apache->section[apache->depth].name))
			web_not_understood(apache->web, path, number);
		else
			section_close(apache, name);
		return;
	}
	if (line.p[0] == '<') {
		line = str_slice(line, 1, line.n);
		if (!str_ends(line, ">") || apache->depth + 1 >= SECTIONS_DEPTH)
			web_not_understood(apache->web, path, number);
		else
			section_open(apache, str_slice(line, 0, line.n - 1), path, number);
		return;
	}
	if (apache->section[apache->depth].skip)
		return;
	struct str name = str_word(&line);
	if (str_is_nocase(name, "Include") || str_is_nocase(name, "IncludeOptional"))
		include_read(apache, line, depth);
	else
		directive_take(apache, name, line, path, number);
}

static void file_read(struct apache *apache, const char *path, unsigned depth)
{
	struct str rest, line;
	if (!web_file(apache->web, path, depth, &rest))
		return;
	BUF(whole);
	int64_t begin = 1;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		if (!whole.n)
			begin = number;
		if (str_ends(line, "\\") && whole.n < 65536) {
			buf_add(&whole, str_slice(line, 0, line.n - 1));
			continue;
		}
		buf_add(&whole, line);
		struct str text = str_trim(buf_str(&whole));
		if (text.n && text.p[0] != '#')
			line_take(apache, arena_str(apache->web->arena, text), path, begin, depth);
		buf_clear(&whole);
	}
}

static void inherit(struct web_settings *own, const struct web_settings *outer)
{
	struct str *const mine[] = { &own->protocols, &own->ciphers, &own->certificate, &own->key,
		                     &own->tokens };
	const struct str theirs[] = { outer->protocols, outer->ciphers, outer->certificate, outer->key,
		                      outer->tokens };
	for (size_t i = 0; i < COUNT(mine); i++)
		if (!mine[i]->p)
			*mine[i] = theirs[i];
	own->gm |= outer->gm;
	own->indexes |= outer->indexes; /* <Directory> outside holds inside too */
}

static int place_row(struct apache *apache, struct host *host, const struct place *place, struct str address,
                     int64_t port, bool tls)
{
	struct web_listener row = {
		.engine = "apache",
		.address = address,
		.port = port,
		.name = host->names,
		.tls = tls,
		.settings = host->settings,
		.file = arena_printf(apache->web->arena, "/%s", place->file),
		.line = place->line,
	};
	row.settings.tokens = apache->main.settings.tokens; /* of the whole server only */
	row.settings.access_log = host->logs || apache->main.logs;
	return web_row(apache->web, &row);
}

/* A virtual host answers where a Listen with its port is; "*" takes the address of the Listen. */
static int host_rows(struct apache *apache, struct host *host)
{
	int r = 0;
	inherit(&host->settings, &apache->main.settings);
	for (size_t i = 0; r == 0 && i < host->places.n; i++) {
		const struct place *place = &host->places.p[i];
		for (size_t l = 0; r == 0 && l < apache->listens.n; l++) {
			struct place *listen = &apache->listens.p[l];
			bool any = str_is(place->address, "*"), all = str_is(listen->address, "*");
			if ((place->port > 0 && place->port != listen->port) ||
			    (!any && !all && !str_eq(place->address, listen->address)))
				continue;
			listen->used = true;
			r = place_row(apache, host, place, any ? listen->address : place->address,
			              listen->port, host->tls || listen->tls);
		}
	}
	return r;
}

int apache_read(struct web *web, const char *path, const char *server_root)
{
	struct apache *apache = ARENA_NEW(web->arena, struct apache);
	apache->web = web;
	apache->server_root = str_from(server_root);
	apache->modules.arena = apache->defined.arena = web->arena;
	apache->host = &apache->main;
	apache->main.settings.tokens = STR("Full");
	file_read(apache, path, 0);
	int r = 0;
	for (size_t i = 0; r == 0 && i < apache->hosts.n; i++)
		r = host_rows(apache, apache->hosts.p[i]);
	for (size_t i = 0; r == 0 && i < apache->listens.n; i++) {
		const struct place *listen = &apache->listens.p[i];
		if (!listen->used)
			r = place_row(apache, &apache->main, listen, listen->address, listen->port,
			              apache->main.tls || listen->tls);
	}
	return r;
}
