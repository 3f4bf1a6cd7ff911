/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * databases: what the readers of database configurations (postgresql_conf.c, mysql_conf.c, other_databases.c)
 * share for the table db_instances. One row for each address that an instance listens on.
 */
#ifndef WARD_FACT_TABLES_DATABASES_H
#define WARD_FACT_TABLES_DATABASES_H

#include "base/map.h"
#include "base/vec.h"
#include "fact/scan.h"

enum { DATABASE_INCLUDE_DEPTH = 10, DATABASE_FILES_LIMIT = 500 };

struct databases {
	struct scan *scan;
	struct arena *arena;
	struct err *err;
	struct map seen; /* configuration files */
	size_t files;
};

struct database {
	const char *engine;
	struct str version, auth, datadir, certificate, key;
	int64_t port, auth_ok, tls, tls_required, audit;
	struct str addresses; /* separated by blanks or commas; empty: none */
	const char *file;
};

struct setting {
	struct str key, value;
};
struct settings {
	VEC(struct setting) list;
};

/* The last value given for a key (or its other name); STR_NONE when there is none. */
struct str settings_get(const struct settings *settings, const char *key, const char *other);
/* on, yes, true, 1 … */
bool setting_is_on(struct str value);

int database_rows(struct databases *all, const struct database *database) MUST_USE;
/* The text of a configuration file; false when it is missing, cannot be had, or there were too many. */
bool database_file(struct databases *all, const char *path, unsigned depth, struct str *text);
void database_not_understood(struct databases *all, const char *path, int64_t line);
/* "/etc/x" -> "etc/x" */
const char *database_path(struct databases *all, struct str path);

int postgresql_read(struct databases *all) MUST_USE;
int mysql_read(struct databases *all) MUST_USE;
int other_databases_read(struct databases *all) MUST_USE;

#endif
