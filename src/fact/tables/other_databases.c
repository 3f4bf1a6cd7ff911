/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * other_databases: Redis and Valkey, MongoDB, Elasticsearch, DM8. Passwords are looked for, never kept.
 */
#include "fact/tables/conf.h"
#include "fact/tables/databases.h"

static bool there(struct databases *all, const char *path)
{
	struct stat info;
	return root_stat(scan_root(all->scan), path, true, &info) != -ENOENT;
}

/* ---- Redis: redis.conf, "directive arguments" ---- */

static void redis_conf(struct databases *all, const char *path, unsigned depth, struct settings *out)
{
	struct str rest, line, word;
	if (!database_file(all, path, depth, &rest))
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct str key = str_word(&line);
		if (str_is_nocase(key, "include") && conf_word(all->arena, &line, &word)) {
			struct strings paths = scan_glob(all->scan, word);
			for (size_t i = 0; i < paths.n; i++)
				redis_conf(all, database_path(all, paths.p[i]), depth + 1, out);
			continue;
		}
		bool secret = str_is_nocase(key, "requirepass") || str_is_nocase(key, "user");
		struct str value = str_trim(line);
		if (secret) /* only whether there is one */
			value = value.n && !str_is(value, "\"\"") ? STR("set") : STR("");
		vec_push_in(all->arena, &out->list, { key, value });
	}
}

static int redis_read(struct databases *all, const char *path)
{
	struct settings set = { 0 };
	struct str whole = arena_printf(all->arena, "/%s", path);
	if (map_get(&all->seen, whole) || !there(all, path))
		return 0;
	*map_put(&all->seen, whole) = all;
	redis_conf(all, path, 0, &set);
	struct str bind = settings_get(&set, "bind", NULL), dir = settings_get(&set, "dir", NULL);
	bool password = settings_get(&set, "requirepass", NULL).n > 0;
	bool acl = settings_get(&set, "aclfile", NULL).n > 0 || settings_get(&set, "user", NULL).n > 0;
	BUF(addresses);
	for (struct str word; bind.p && (word = str_word(&bind)).n;)
		buf_printf(&addresses, "%.*s ", (int)word.n - (word.p[0] == '-'),
		           word.p + (word.p[0] == '-'));
	struct database row = {
		.engine = str_find(whole, "valkey") >= 0 ? "valkey" : "redis",
		.port = str_int_or(settings_get(&set, "port", NULL), 6379),
		.addresses = addresses.n ? arena_str(all->arena, buf_str(&addresses)) : STR("*"),
		.auth = password ? STR("password")
		        : acl    ? STR("acl")
		                 : STR("none"),
		.auth_ok = password || acl,
		.audit = NONE,
		.datadir = str_starts(dir, "/") ? dir : STR_NONE,
		.file = path,
	};
	int64_t tls = str_int_or(settings_get(&set, "tls-port", NULL), 0);
	row.tls_required = tls > 0 && row.port == 0;
	/* In protected mode Redis without password answers loopback only. */
	struct str protect = settings_get(&set, "protected-mode", NULL);
	if (!password && !acl && !set.list.n)
		row.auth_ok = NONE;
	if (!password && !acl && !bind.p && !str_is_nocase(protect, "no") && !addresses.n)
		row.addresses = STR("127.0.0.1 ::1");
	int r = row.port ? database_rows(all, &row) : 0;
	if (r == 0 && tls > 0) {
		row.port = tls;
		row.tls = 1;
		row.certificate = settings_get(&set, "tls-cert-file", NULL);
		row.key = settings_get(&set, "tls-key-file", NULL);
		r = database_rows(all, &row);
	}
	return r;
}

/* ---- YAML of mappings only, to "net.tls.mode" -> "requireTLS" ---- */

static void yaml_flatten(struct databases *all, const char *path, struct settings *out)
{
	struct {
		size_t indent;
		struct str key;
	} level[16];
	size_t depth = 0;
	struct str rest, line;
	if (!database_file(all, path, 0, &rest))
		return;
	while (str_line(&rest, &line)) {
		size_t indent = 0;
		while (indent < line.n && line.p[indent] == ' ')
			indent++;
		struct str text = str_trim(line);
		if (!text.n || text.p[0] == '#' || text.p[0] == '-')
			continue;
		struct str key = str_trim(str_cut(&text, ':'));
		if (!text.p)
			continue;
		ptrdiff_t note = str_find(text, " #");
		struct str value = str_trim(note < 0 ? text : str_slice(text, 0, (size_t)note));
		if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\''))
			value = str_slice(value, 1, value.n - 1);
		while (depth && level[depth - 1].indent >= indent)
			depth--;
		struct str full =
		    depth ? arena_printf(all->arena, "%.*s.%.*s", STR_ARG(level[depth - 1].key), STR_ARG(key))
			  : key;
		if (!value.n && depth < COUNT(level)) {
			level[depth].indent = indent;
			level[depth++].key = full;
		} else {
			vec_push_in(all->arena, &out->list, { full, value });
		}
	}
}

/* MongoDB manual, "Configuration File Options" */
static int mongodb_read(struct databases *all)
{
	static const char path[] = "etc/mongod.conf";
	struct settings set = { 0 };
	if (!there(all, path))
		return 0;
	yaml_flatten(all, path, &set);
	struct str bind = settings_get(&set, "net.bindIp", NULL),
		   mode = settings_get(&set, "net.tls.mode", "net.ssl.mode");
	bool auth = str_is(settings_get(&set, "security.authorization", NULL), "enabled") ||
	            settings_get(&set, "security.keyFile", NULL).n > 0;
	struct database row = {
		.engine = "mongodb",
		.port = str_int_or(settings_get(&set, "net.port", NULL), 27017),
		.addresses = setting_is_on(settings_get(&set, "net.bindIpAll", NULL)) ? STR("*")
		             : bind.n                                                 ? bind
		                                                                      : STR("127.0.0.1"),
		.auth = auth ? STR("enabled") : STR("none"),
		.auth_ok = auth,
		.tls = mode.n && !str_is(mode, "disabled"),
		.tls_required = str_starts(mode, "require"),
		.certificate = settings_get(&set, "net.tls.certificateKeyFile", "net.ssl.PEMKeyFile"),
		.audit = settings_get(&set, "auditLog.destination", NULL).n > 0,
		.datadir = settings_get(&set, "storage.dbPath", NULL),
		.file = path,
	};
	return database_rows(all, &row);
}

/* Elasticsearch: "Networking", "Security settings"; from version 8 on security is on by itself. */
static int elasticsearch_read(struct databases *all)
{
	static const char path[] = "etc/elasticsearch/elasticsearch.yml";
	struct settings set = { 0 };
	if (!there(all, path))
		return 0;
	yaml_flatten(all, path, &set);
	struct str host = settings_get(&set, "http.host", "network.host"),
		   port = settings_get(&set, "http.port", NULL);
	struct str security = settings_get(&set, "xpack.security.enabled", NULL);
	struct database row = {
		.engine = "elasticsearch",
		.port = str_int_or(str_cut(&port, '-'), 9200),
		.addresses = !host.n || str_is(host, "_local_") ? STR("127.0.0.1 ::1") : host,
		.auth = security.p ? setting_is_on(security) ? STR("enabled") : STR("none") : STR_NONE,
		.auth_ok = security.p ? setting_is_on(security) : NONE,
		.tls = setting_is_on(settings_get(&set, "xpack.security.http.ssl.enabled", NULL)),
		.audit = setting_is_on(settings_get(&set, "xpack.security.audit.enabled", NULL)),
		.datadir = settings_get(&set, "path.data", NULL),
		.file = path,
	};
	row.tls_required = row.tls;
	return database_rows(all, &row);
}

/* ---- DM8: dm.ini, "KEY = value # note" ---- */

static int dm_read(struct databases *all, const char *path)
{
	struct settings set = { 0 };
	struct str rest, line, whole = arena_printf(all->arena, "/%s", path);
	if (!database_file(all, path, 0, &rest))
		return 0;
	while (str_line(&rest, &line)) {
		struct str after = line;
		line = str_cut(&after, '#');
		struct str key = str_trim(str_cut(&line, '='));
		if (line.p && key.n)
			vec_push_in(all->arena, &set.list, { key, str_trim(line) });
	}
	struct database row = {
		.engine = "dm8",
		.port = str_int_or(settings_get(&set, "PORT_NUM", NULL), 5236),
		.addresses = STR("*"),
		.auth = STR("password"),
		.auth_ok = NONE,
		.tls = str_int_or(settings_get(&set, "ENABLE_ENCRYPT", NULL), 0) != 0,
		.tls_required = NONE,
		.audit = str_int_or(settings_get(&set, "ENABLE_AUDIT", NULL), 0) != 0,
		.datadir = str_slice(whole, 0, (size_t)str_find_char_last(whole, '/')),
		.file = path,
	};
	return database_rows(all, &row);
}

int other_databases_read(struct databases *all)
{
	static const char *const redis[] = {
		"/etc/redis.conf",          "/etc/redis/redis*.conf",      "/etc/redis/[0-9]*.conf",
		"/etc/valkey/valkey*.conf", "/usr/local/redis/redis.conf", "/usr/local/etc/redis.conf"
	};
	static const char *const dm[] = { "/opt/dmdbms/data/*/dm.ini", "/dm8/data/*/dm.ini",
		                          "/dm/data/*/dm.ini", "/home/dmdba/dmdbms/data/*/dm.ini",
		                          "/dmdata/*/dm.ini" };
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(redis); i++) {
		struct strings paths = scan_glob(all->scan, str_from(redis[i]));
		for (size_t n = 0; r == 0 && n < paths.n; n++)
			if (str_find(paths.p[n], "sentinel") < 0)
				r = redis_read(all, database_path(all, paths.p[n]));
	}
	for (size_t i = 0; r == 0 && i < COUNT(dm); i++) {
		struct strings paths = scan_glob(all->scan, str_from(dm[i]));
		for (size_t n = 0; r == 0 && n < paths.n; n++)
			r = dm_read(all, database_path(all, paths.p[n]));
	}
	if (r == 0)
		r = mongodb_read(all);
	return r == 0 ? elasticsearch_read(all) : r;
}
