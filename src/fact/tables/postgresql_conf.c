/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * postgresql_conf: PostgreSQL and the databases that keep its files: KingbaseES (kingbase.conf, sys_hba.conf)
 * and openGauss. Rules: PostgreSQL manual, chapters 20.1 "Setting Parameters" and 21.1 "The pg_hba.conf
 * File".
 */
#include "fact/tables/conf.h"
#include "fact/tables/databases.h"

struct flavour {
	const char *engine, *conf, *hba;
	int64_t port;
};

static const struct flavour postgresql = { "postgresql", "postgresql.conf", "pg_hba.conf", 5432 };
static const struct flavour kingbase = { "kingbase", "kingbase.conf", "sys_hba.conf", 54321 };
static const struct flavour opengauss = { "opengauss", "postgresql.conf", "pg_hba.conf", 5432 };

static void conf_read(struct databases *all, const char *path, unsigned depth, struct settings *out);

static void include_read(struct databases *all, struct str key, struct str value, const char *path,
                         unsigned depth, struct settings *out)
{
	struct arena *arena = all->arena;
	struct str here = str_from(path);
	ptrdiff_t slash = str_find_char_last(here, '/');
	struct str target = value.n && value.p[0] == '/'
	                        ? arena_str(arena, str_slice(value, 1, value.n))
	                        : arena_printf(arena, "%.*s/%.*s", (int)MAX(slash, 0), path, STR_ARG(value));
	if (!str_is_nocase(key, "include_dir")) {
		conf_read(all, arena_cstr(arena, target), depth + 1, out);
		return;
	}
	struct strings names = scan_list(all->scan, arena_cstr(arena, target));
	for (size_t i = 0; i < names.n; i++)
		if (str_ends(names.p[i], ".conf") && names.p[i].p[0] != '.')
			conf_read(all,
			          arena_printf(arena, "%.*s/%.*s", STR_ARG(target), STR_ARG(names.p[i])).p,
			          depth + 1, out);
}

/* "key = 'it''s'  # note" */
static bool line_pair(struct arena *arena, struct str line, struct str *key, struct str *value)
{
	size_t n = 0;
	line = str_trim(line);
	while (n < line.n && line.p[n] != '=' && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	*key = str_slice(line, 0, n);
	line = str_trim(str_slice(line, n, line.n));
	if (str_starts(line, "="))
		line = str_trim(str_slice(line, 1, line.n));
	if (!key->n || !line.n)
		return false;
	if (line.p[0] != '\'') {
		struct str rest = line;
		rest = str_cut(&line, '#');
		*value = str_trim(rest);
		return value->n > 0;
	}
	BUF(text);
	for (size_t i = 1; i < line.n; i++) {
		bool doubled = line.p[i] == '\'' && i + 1 < line.n && line.p[i + 1] == '\'';
		if (line.p[i] == '\'' && !doubled) {
			*value = arena_str(arena, buf_str(&text));
			return true;
		}
		i += doubled || (line.p[i] == '\\' && i + 1 < line.n);
		buf_add_char(&text, line.p[i]);
	}
	return false;
}

static void conf_read(struct databases *all, const char *path, unsigned depth, struct settings *out)
{
	struct str rest, line, key, value;
	if (!database_file(all, path, depth, &rest))
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (!line_pair(all->arena, line, &key, &value))
			database_not_understood(all, path, number);
		else if (str_is_nocase(key, "include") || str_is_nocase(key, "include_dir") ||
		         str_is_nocase(key, "include_if_exists"))
			include_read(all, key, value, path, depth, out);
		else
			vec_push_in(all->arena, &out->list, { key, value });
	}
}

static bool address_is_loopback(struct str address)
{
	return str_starts(address, "127.") || str_starts(address, "::1") || str_is(address, "localhost") ||
	       str_is(address, "samehost");
}

/* The methods in use, each once; whether some line lets in without a password; whether every line for other
 * hosts wants TLS. */
static void hba_read(struct databases *all, const char *path, struct database *out)
{
	struct str rest, line;
	BUF(methods);
	bool trust = false, plain = false;
	struct stat info;
	if (!database_file(all, path, 0, &rest)) {
		int r = root_stat(scan_root(all->scan), path, true, &info);
		if (r == -ENOENT)
			scan_partial(all->scan,
			             NOTE("cannot read {}: {}", str_from(path), str_from(err_words(r))));
		return;
	}
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		struct str after = line;
		line = str_cut(&after, '#');
		struct str type, word, address = STR_NONE, method = STR_NONE;
		if (!conf_word(all->arena, &line, &type))
			continue;
		bool local = str_is(type, "local");
		if (!local && !str_starts(type, "host")) {
			database_not_understood(all, path, number);
			continue;
		}
		for (size_t i = 0; conf_word(all->arena, &line, &word); i++) {
			if (i == 2 && !local)
				address = word;
			/* "address mask" may be two words: a method begins with a letter */
			bool mask = word.n &&
			            ((word.p[0] >= '0' && word.p[0] <= '9') || str_find_char(word, ':') >= 0);
			if (i >= (local ? 2 : 3) && !mask) {
				method = word;
				break;
			}
		}
		if (!method.n) {
			database_not_understood(all, path, number);
			continue;
		}
		trust |= str_is(method, "trust");
		plain |= (str_is(type, "host") || str_is(type, "hostnossl")) &&
		         !address_is_loopback(address) && !str_is(method, "reject");
		struct str so_far = buf_str(&methods);
		bool known = false;
		while (so_far.p && so_far.n)
			known |= str_eq(str_cut(&so_far, ','), method);
		if (!known)
			buf_printf(&methods, "%s%.*s", methods.n ? "," : "", STR_ARG(method));
	}
	out->auth = methods.n ? arena_str(all->arena, buf_str(&methods)) : STR_NONE;
	out->auth_ok = !trust;
	out->tls_required = !plain;
}

static struct str below(struct databases *all, struct str directory, struct str name, const char *otherwise)
{
	if (!name.n)
		name = str_from(otherwise);
	if (!name.n || name.p[0] == '/')
		return name;
	return arena_printf(all->arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(name));
}

static int instance_read(struct databases *all, const char *path, const struct flavour *flavour,
                         struct str datadir)
{
	struct settings settings = { 0 };
	struct stat info;
	struct str whole = arena_printf(all->arena, "/%s", path), text;
	if (map_get(&all->seen, whole) || root_stat(scan_root(all->scan), path, true, &info) == -ENOENT)
		return 0;
	*map_put(&all->seen, whole) = all;
	conf_read(all, path, 0, &settings);
	struct str directory = str_slice(whole, 0, (size_t)str_find_char_last(whole, '/'));
	if (!datadir.n)
		datadir = below(all, directory, settings_get(&settings, "data_directory", NULL), NULL);
	if (!datadir.n)
		datadir = directory;
	const char *automatic = database_path(all, below(all, datadir, STR("postgresql.auto.conf"), NULL));
	if (root_stat(scan_root(all->scan), automatic, true, &info) != -ENOENT)
		conf_read(all, automatic, 0, &settings);
	/* openGauss alone has this setting. */
	if (flavour == &postgresql && settings_get(&settings, "audit_enabled", NULL).p)
		flavour = &opengauss;
	struct database row = {
		.engine = flavour->engine,
		.datadir = datadir,
		.port = str_int_or(settings_get(&settings, "port", NULL), flavour->port),
		.auth_ok = NONE,
		.tls_required = NONE,
		.file = path,
		.addresses = settings_get(&settings, "listen_addresses", NULL),
		.tls = setting_is_on(settings_get(&settings, "ssl", NULL)),
	};
	if (!row.addresses.p)
		row.addresses = STR("localhost");
	struct str preload = settings_get(&settings, "shared_preload_libraries", NULL);
	struct str audit = settings_get(&settings, "audit_enabled", NULL);
	row.audit =
	    str_find(preload, "audit") >= 0 || (flavour == &opengauss && (!audit.p || setting_is_on(audit)));
	if (row.tls) {
		row.certificate =
		    below(all, datadir, settings_get(&settings, "ssl_cert_file", NULL), "server.crt");
		row.key = below(all, datadir, settings_get(&settings, "ssl_key_file", NULL), "server.key");
	}
	hba_read(all,
	         database_path(
		     all, below(all, directory, settings_get(&settings, "hba_file", NULL), flavour->hba)),
	         &row);
	if (!row.tls)
		row.tls_required = 0;
	const char *version = database_path(all, below(all, datadir, STR("PG_VERSION"), NULL));
	if (root_stat(scan_root(all->scan), version, true, &info) == 0 &&
	    scan_file(all->scan, version, &text) == 0)
		row.version = str_trim(text);
	return database_rows(all, &row);
}

/* Running servers name their data directory or file: "-D DIR", "-c config_file=FILE". */
static int processes_read(struct databases *all)
{
	size_t name = 0, cmdline = 0;
	for (size_t i = 0; table_processes.columns[i].name; i++) {
		if (strcmp(table_processes.columns[i].name, "name") == 0)
			name = i;
		if (strcmp(table_processes.columns[i].name, "cmdline") == 0)
			cmdline = i;
	}
	const struct rows *rows = scan_rows(all->scan, &table_processes);
	int r = 0;
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		struct str who = cell_str(rows_at(rows, i)[name]), rest = cell_str(rows_at(rows, i)[cmdline]),
			   word;
		const struct flavour *flavour = str_is(who, "postgres") || str_is(who, "postmaster")
		                                    ? &postgresql
		                                : str_is(who, "kingbase") ? &kingbase
		                                : str_is(who, "gaussdb")  ? &opengauss
		                                                          : NULL;
		struct str data = STR_NONE, conf = STR_NONE;
		while (flavour && (word = str_word(&rest)).n) {
			if (str_is(word, "-D"))
				data = str_word(&rest);
			else if (str_starts(word, "-D"))
				data = str_slice(word, 2, word.n);
			else if (str_starts(word, "config_file="))
				conf = str_slice(word, 12, word.n);
			else if (str_starts(word, "--config_file=") || str_starts(word, "--config-file="))
				conf = str_slice(word, 14, word.n);
		}
		if (flavour && !conf.n && data.n)
			conf = below(all, data, str_from(flavour->conf), NULL);
		if (flavour && str_starts(conf, "/"))
			r = instance_read(all, database_path(all, conf), flavour, data);
	}
	return r;
}

int postgresql_read(struct databases *all)
{
	static const struct {
		const char *pattern;
		const struct flavour *flavour;
	} places[] = {
		{ "/etc/postgresql/*/*/postgresql.conf", &postgresql },
		{ "/var/lib/pgsql/data/postgresql.conf", &postgresql },
		{ "/var/lib/pgsql/*/data/postgresql.conf", &postgresql },
		{ "/var/lib/postgresql/data/postgresql.conf", &postgresql },
		{ "/usr/local/pgsql/data/postgresql.conf", &postgresql },
		{ "/opt/Kingbase/ES/*/data/kingbase.conf", &kingbase },
		{ "/home/kingbase/data/kingbase.conf", &kingbase },
		{ "/opt/huawei/install/data/*/postgresql.conf", &opengauss },
		{ "/var/lib/opengauss/data/postgresql.conf", &opengauss },
		{ "/opt/openGauss/data/*/postgresql.conf", &opengauss },
	};
	int r = processes_read(all);
	for (size_t i = 0; r == 0 && i < COUNT(places); i++) {
		struct strings paths = scan_glob(all->scan, str_from(places[i].pattern));
		for (size_t n = 0; r == 0 && n < paths.n; n++)
			r = instance_read(all, database_path(all, paths.p[n]), places[i].flavour, STR_NONE);
	}
	return r;
}
