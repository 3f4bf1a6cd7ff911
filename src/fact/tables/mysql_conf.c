/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * mysql_conf: the option files of MySQL and MariaDB, !include and !includedir followed (MySQL manual,
 * "Using Option Files"). Accounts live inside the database and are not seen.
 */
#include "fact/tables/databases.h"

struct mysql {
	struct databases *all;
	struct settings settings;
	bool server, mariadb; /* a section of the server was seen */
	const char *file;
};

static bool section_is_server(struct str name)
{
	return str_is(name, "mysqld") || str_is(name, "server") || str_starts(name, "mysqld-") ||
	       str_starts(name, "mariadb") || str_is(name, "galera");
}

static void option_take(struct mysql *mysql, struct str line)
{
	struct arena *arena = mysql->all->arena;
	BUF(key);
	struct str name = str_trim(str_cut(&line, '='));
	struct str value = line.p ? str_trim(line) : STR_NONE;
	if (str_starts(name, "loose-") || str_starts(name, "loose_"))
		name = str_slice(name, 6, name.n);
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(&key, name.p[i] == '-' ? '_' : name.p[i]);
	if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\''))
		value = str_slice(value, 1, value.n - 1);
	vec_push_in(arena, &mysql->settings.list,
	            { arena_str(arena, buf_str(&key)), value.p ? value : STR("on") });
}

static void file_read(struct mysql *mysql, const char *path, unsigned depth)
{
	struct str rest, line;
	bool ours = false;
	if (!database_file(mysql->all, path, depth, &rest))
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			struct str name = str_slice(line, 1, line.n);
			name = str_trim(str_cut(&name, ']'));
			ours = section_is_server(name);
			if (ours && !mysql->server)
				mysql->file = path;
			mysql->server |= ours;
			mysql->mariadb |= str_starts(name, "mariadb");
		} else if (str_starts(line, "!includedir")) {
			struct str folder = str_trim(str_slice(line, 11, line.n));
			struct str pattern = arena_printf(mysql->all->arena, "%.*s/*.cnf", STR_ARG(folder));
			struct strings paths = scan_glob(mysql->all->scan, pattern);
			for (size_t i = 0; i < paths.n; i++)
				file_read(mysql, database_path(mysql->all, paths.p[i]), depth + 1);
		} else if (str_starts(line, "!include")) {
			file_read(mysql, database_path(mysql->all, str_trim(str_slice(line, 8, line.n))),
			          depth + 1);
		} else if (line.p[0] == '!' || line.p[0] == '=') {
			database_not_understood(mysql->all, path, number);
		} else if (ours) {
			/* " # note" ends a line */
			ptrdiff_t note = str_find(line, " #");
			option_take(mysql, note < 0 ? line : str_trim(str_slice(line, 0, (size_t)note)));
		}
	}
}

/* A server without any option of its own shows by its program. */
static bool program_there(struct mysql *mysql)
{
	static const char *const paths[] = { "usr/sbin/mysqld", "usr/sbin/mariadbd", "usr/libexec/mysqld",
		                             "usr/libexec/mariadbd", "usr/local/mysql/bin/mysqld" };
	struct stat info;
	bool there = false;
	for (size_t i = 0; i < COUNT(paths); i++)
		if (root_stat(scan_root(mysql->all->scan), paths[i], true, &info) == 0) {
			there = true;
			mysql->mariadb |= str_ends(str_from(paths[i]), "mariadbd");
		}
	return there;
}

/* MySQL makes certificates in its data directory by itself and then offers TLS. */
static int64_t tls_by_itself(struct mysql *mysql, struct str datadir, struct str *certificate)
{
	struct stat info;
	struct str path = arena_printf(mysql->all->arena, "%.*s/server-cert.pem", STR_ARG(datadir));
	int r = root_stat(scan_root(mysql->all->scan), database_path(mysql->all, path), true, &info);
	if (r == 0)
		*certificate = path;
	return r == 0 ? 1 : r == -ENOENT ? 0 : NONE;
}

int mysql_read(struct databases *all)
{
	static const char *const files[] = { "etc/my.cnf", "etc/mysql/my.cnf", "usr/local/mysql/etc/my.cnf" };
	struct mysql mysql = { .all = all };
	for (size_t i = 0; i < COUNT(files); i++) {
		struct stat info;
		if (root_stat(scan_root(all->scan), files[i], true, &info) == -ENOENT)
			continue;
		if (!mysql.file)
			mysql.file = files[i];
		file_read(&mysql, files[i], 0);
	}
	bool program = program_there(&mysql);
	if (!mysql.server && !program)
		return 0;
	const struct settings *set = &mysql.settings;
	struct str bind = settings_get(set, "bind_address", NULL),
		   skip = settings_get(set, "skip_networking", NULL);
	bool open = setting_is_on(settings_get(set, "skip_grant_tables", NULL));
	struct database row = {
		.engine = mysql.mariadb ? "mariadb" : "mysql",
		.port = str_int_or(settings_get(set, "port", NULL), 3306),
		.addresses = setting_is_on(skip) ? STR("")
		             : bind.p            ? bind
		                                 : STR("*"),
		.auth = open ? STR("none") : STR("grant tables"),
		.auth_ok = open ? 0 : NONE,
		.tls_required = setting_is_on(settings_get(set, "require_secure_transport", NULL)),
		.certificate = settings_get(set, "ssl_cert", NULL),
		.key = settings_get(set, "ssl_key", NULL),
		.datadir = settings_get(set, "datadir", NULL),
		.file = mysql.file,
	};
	if (!row.datadir.n)
		row.datadir = STR("/var/lib/mysql");
	bool off = settings_get(set, "skip_ssl", NULL).p ||
	           str_is_nocase(settings_get(set, "ssl", NULL), "off") ||
	           str_is(settings_get(set, "ssl", NULL), "0");
	row.tls = off ? 0
	          : row.certificate.n || row.tls_required
	              ? 1
	              : tls_by_itself(&mysql, row.datadir, &row.certificate);
	row.audit = 0;
	for (size_t i = 0; i < set->list.n; i++)
		row.audit |= str_find(set->list.p[i].key, "audit") >= 0 ||
		             str_find(set->list.p[i].value, "audit") >= 0;
	return database_rows(all, &row);
}
