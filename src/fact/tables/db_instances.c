/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * db_instances: databases by their configuration files, and whether something listens on their ports now.
 */
#include "fact/tables/databases.h"

struct str settings_get(const struct settings *settings, const char *key, const char *other)
{
	for (size_t i = settings->list.n; i > 0; i--) {
		const struct setting *setting = &settings->list.p[i - 1];
		if (str_is_nocase(setting->key, key) || (other && str_is_nocase(setting->key, other)))
			return setting->value;
	}
	return STR_NONE;
}

bool setting_is_on(struct str value)
{
	return str_is_nocase(value, "on") || str_is_nocase(value, "yes") || str_is_nocase(value, "true") ||
	       str_is(value, "1");
}

const char *database_path(struct databases *all, struct str path)
{
	return arena_cstr(all->arena, str_starts(path, "/") ? str_slice(path, 1, path.n) : path);
}

void database_not_understood(struct databases *all, const char *path, int64_t line)
{
	scan_partial(all->scan, NOTE("{}:{}: not understood", str_from(path),
	                             arena_printf(all->arena, "%lld", (long long)line)));
}

bool database_file(struct databases *all, const char *path, unsigned depth, struct str *text)
{
	if (depth > DATABASE_INCLUDE_DEPTH || ++all->files > DATABASE_FILES_LIMIT) {
		scan_partial(all->scan,
		             NOTE("cannot read {}: {}", str_from(path), str_from(err_words(-E2BIG))));
		return false;
	}
	return scan_file(all->scan, path, text) == 0;
}

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (table->columns[i].name && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

/* 1: something listens on the port; 0: nothing does; NONE: not known. */
static int64_t port_listens(struct databases *all, int64_t port)
{
	if (!scan_wants(all->scan, "running"))
		return NONE;
	const struct rows *rows = scan_rows(all->scan, &table_listening);
	size_t own = column_of(&table_listening, "port"), protocol = column_of(&table_listening, "protocol");
	for (size_t i = 0; i < rows->n; i++)
		if (cell_int_or(rows_at(rows, i)[own], -1) == port &&
		    str_is(cell_str(rows_at(rows, i)[protocol]), "tcp"))
			return 1;
	return rows->coverage == COVERAGE_UNAVAILABLE ? NONE : 0;
}

static int address_row(struct databases *all, const struct database *database, struct str address,
                       int64_t running, struct str mode)
{
	struct str file = database->file ? arena_printf(all->arena, "/%s", database->file) : STR_NONE;
	int64_t port = address.p ? database->port : NONE;
	if (address.p && str_is(address, "localhost"))
		address = STR("127.0.0.1");
	return scan_row(all->scan,
	                ROW(database->engine, database->version, address, port, database->auth,
	                    database->auth_ok, database->tls, database->tls_required, database->audit,
	                    database->datadir, mode, database->certificate, database->key, running, file),
	                all->err);
}

int database_rows(struct databases *all, const struct database *database)
{
	struct str rest = database->addresses, mode = STR_NONE;
	int64_t running = port_listens(all, database->port);
	struct stat info;
	if (database->datadir.n &&
	    root_stat(scan_root(all->scan), database_path(all, database->datadir), true, &info) == 0)
		mode = arena_printf(all->arena, "%04o", info.st_mode & 07777);
	size_t n = 0;
	while (rest.p && rest.n) {
		size_t end = 0;
		while (end < rest.n && rest.p[end] != ',' && rest.p[end] != ' ' && rest.p[end] != '\t')
			end++;
		struct str address = str_slice(rest, 0, end);
		rest = str_slice(rest, end + 1, rest.n);
		if (!address.n)
			continue;
		n++;
		int r = address_row(all, database, address, running, mode);
		if (r < 0)
			return r;
	}
	return n ? 0 : address_row(all, database, STR_NONE, running, mode);
}

static int db_instances_scan(struct scan *scan, struct err *err)
{
	struct databases all = { .scan = scan, .arena = scan_arena(scan), .err = err };
	all.seen.arena = all.arena;
	int r = postgresql_read(&all);
	if (r == 0)
		r = mysql_read(&all);
	return r == 0 ? other_databases_read(&all) : r;
}

const struct table table_db_instances = {
	.name = "db_instances",
	.doc = "Databases by their configuration, one row for each address that one listens on",
	.sources = { "etc/postgresql/15/main/postgresql.conf", "etc/postgresql/15/main/pg_hba.conf", "etc/mysql/my.cnf",
	             "etc/redis/redis.conf", "etc/mongod.conf", "etc/elasticsearch/elasticsearch.yml", "etc/my.cnf",
	             "opt/dmdbms/data/DAMENG/dm.ini" },
	.scan = db_instances_scan,
	.needs = {
		{ &table_processes, "name cmdline", NULL },
		{ &table_listening, "port protocol", "running" },
	},
	.columns = {
		{ "engine", TEXT, "postgresql, kingbase, opengauss, mysql, mariadb, redis, valkey, mongodb, elasticsearch, "
		                  "dm8" },
		{ "version", TEXT, "major version; NULL when files do not tell" },
		{ "address", TEXT, "address as configured, * for all; NULL when it does not listen to the network" },
		{ "port", INT, "TCP port; NULL when it does not listen to the network" },
		{ "auth", TEXT, "PostgreSQL: the methods of pg_hba.conf, separated by commas; others: password, acl, enabled, "
		                "grant tables, none; NULL when not known" },
		{ "auth_ok", INT, "0 when someone gets in without a password (trust, skip-grant-tables, none), 1 when the "
		                  "configuration lets nobody; NULL when not known" },
		{ "tls", INT, "1 when TLS is offered there, else 0; NULL when not known" },
		{ "tls_required", INT, "1 when other hosts cannot connect without TLS, else 0; NULL when not known" },
		{ "audit", INT, "1 when an audit extension is configured, else 0; NULL when the engine has none" },
		{ "datadir", TEXT, "directory of the data; NULL when not known" },
		{ "datadir_mode", TEXT, "permission bits of that directory, octal, such as 0700; NULL when it cannot be seen" },
		{ "cert_path", TEXT, "certificate file; NULL when none is set" },
		{ "key_path", TEXT, "file of the private key; NULL when none is set" },
		{ "running", INT, "1 when something listens on the port now, else 0; NULL when not known" },
		{ "file", TEXT, "configuration file; NULL when there is none" },
	},
};
