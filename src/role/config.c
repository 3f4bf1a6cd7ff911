/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/config.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/keyring.h"
#include "data/yaml.h"
#include "detect/sigma.h"
#include "event/timestamp.h"
#include "sys/root.h"

enum { KINDS_MOST = 16, FILE_MOST = 4 * 1024 * 1024, SOURCE_KEYS = 3, REQUESTS_MOST = 100000 };

struct source_entry {
	struct str name, zone, mapping;
	const struct doc *kinds[KINDS_MOST];
	const struct doc *node;
};

struct entry {
	struct {
		struct str dir, key, keys;
		int64_t seal_after;
		bool sign;
	} archive;
	struct {
		bool built_in;
		struct strings paths, pipelines;
		int min_level, finding_level;
	} rules;
	struct str events, findings, run, user, metrics;
	struct schema_list sources;
	struct {
		struct str listen, certificate, key;
		struct strings names;
		struct {
			int64_t connections, connections_per_address, requests_per_address, requests_per_user;
		} limits;
	} console;
	struct {
		int64_t every;
		struct str regime;
	} inspect;
	struct str records, profile;
	struct people_ldap ldap;
};

#define CONSOLE(field) (offsetof(struct entry, console.field) - offsetof(struct entry, console))
#define LIMITS(field)  (offsetof(struct entry, console.limits.field) - offsetof(struct entry, console.limits))
#define INSPECT(field) (offsetof(struct entry, inspect.field) - offsetof(struct entry, inspect))
#define ARCHIVE(field) (offsetof(struct entry, archive.field) - offsetof(struct entry, archive))
#define RULES(field)   (offsetof(struct entry, rules.field) - offsetof(struct entry, rules))

static const struct schema_field archive_fields[] = {
	{ "dir", SCHEMA_STRING, ARCHIVE(dir) },
	{ "key", SCHEMA_STRING, ARCHIVE(key) },
	{ "keys", SCHEMA_STRING, ARCHIVE(keys) },
	{ "seal_after", SCHEMA_INT, ARCHIVE(seal_after), .min = 1, .max = 86400 },
	{ "sign", SCHEMA_BOOL, ARCHIVE(sign) },
	{ 0 },
};
static const struct schema archive_schema = { "the archive", archive_fields, sizeof(((struct entry *)0)->archive) };

static const struct schema_field limits_fields[] = {
	{ "connections", SCHEMA_INT, LIMITS(connections), .min = 8, .max = 65536 },
	{ "connections_per_address", SCHEMA_INT, LIMITS(connections_per_address), .min = 1, .max = 65536 },
	{ "requests_per_address", SCHEMA_INT, LIMITS(requests_per_address), .min = 1, .max = REQUESTS_MOST },
	{ "requests_per_user", SCHEMA_INT, LIMITS(requests_per_user), .min = 1, .max = REQUESTS_MOST },
	{ 0 },
};
static const struct schema limits_schema = { "the limits", limits_fields, sizeof(((struct entry *)0)->console.limits) };

static const struct schema_field console_fields[] = {
	{ "listen", SCHEMA_STRING, CONSOLE(listen) },
	{ "certificate", SCHEMA_STRING, CONSOLE(certificate) },
	{ "key", SCHEMA_STRING, CONSOLE(key) },
	{ "names", SCHEMA_STRINGS, CONSOLE(names) },
	{ "limits", SCHEMA_MAP, CONSOLE(limits), .sub = &limits_schema },
	{ 0 },
};
static const struct schema console_schema = { "the console", console_fields, sizeof(((struct entry *)0)->console) };

static const struct schema_field inspect_fields[] = {
	{ "every", SCHEMA_INT, INSPECT(every), .min = 60, .max = 7 * 86400 },
	{ "regime", SCHEMA_STRING, INSPECT(regime) },
	{ 0 },
};
static const struct schema inspect_schema = { "the inspection", inspect_fields, sizeof(((struct entry *)0)->inspect) };

static const struct schema *rules_schema(void)
{
	static const struct schema_field fields[] = {
		{ "built_in", SCHEMA_BOOL, RULES(built_in) },
		{ "paths", SCHEMA_STRINGS, RULES(paths) },
		{ "pipelines", SCHEMA_STRINGS, RULES(pipelines) },
		{ "min_level", SCHEMA_ENUM, RULES(min_level), .names = sigma_level_names },
		{ "finding_level", SCHEMA_ENUM, RULES(finding_level), .names = sigma_level_names },
		{ 0 },
	};
	static const struct schema schema = { "the rules", fields, sizeof(((struct entry *)0)->rules) };
	return &schema;
}

/* The keys of a source are its own and, for each kind of input there is, that kind's name. */
static const struct schema *source_schema(struct arena *arena)
{
	struct schema_field *fields = ARENA_ARRAY(arena, struct schema_field, SOURCE_KEYS + KINDS_MOST + 1);
	struct schema *schema = ARENA_NEW(arena, struct schema);
	size_t n = 0;
	fields[n++] = (struct schema_field){ "name", SCHEMA_STRING, offsetof(struct source_entry, name), .required = true };
	fields[n++] = (struct schema_field){ "zone", SCHEMA_STRING, offsetof(struct source_entry, zone) };
	fields[n++] = (struct schema_field){ "mapping", SCHEMA_STRING, offsetof(struct source_entry, mapping) };
	for (size_t i = 0; input_kinds[i] && i < KINDS_MOST; i++)
		fields[n++] = (struct schema_field){ input_kinds[i]->name, SCHEMA_ANY,
			                             offsetof(struct source_entry, kinds) + i * sizeof(const struct doc *) };
	*schema = (struct schema){ "a source", fields, sizeof(struct source_entry), offsetof(struct source_entry, node) };
	return schema;
}

static const struct schema *file_schema(struct arena *arena, bool up)
{
	const struct schema_field fields[] = {
		{ "archive", SCHEMA_MAP, offsetof(struct entry, archive), .sub = &archive_schema },
		{ "events", SCHEMA_STRING, offsetof(struct entry, events) },
		{ "findings", SCHEMA_STRING, offsetof(struct entry, findings) },
		{ "run", SCHEMA_STRING, offsetof(struct entry, run) },
		{ "user", SCHEMA_STRING, offsetof(struct entry, user) },
		{ "metrics", SCHEMA_STRING, offsetof(struct entry, metrics) },
		{ "rules", SCHEMA_MAP, offsetof(struct entry, rules), .sub = rules_schema() },
		{ "sources", SCHEMA_LIST, offsetof(struct entry, sources), .required = !up, .sub = source_schema(arena) },
		{ "records", SCHEMA_STRING, offsetof(struct entry, records) },
		{ "console", SCHEMA_MAP, offsetof(struct entry, console), .sub = &console_schema },
		{ "inspect", SCHEMA_MAP, offsetof(struct entry, inspect), .sub = &inspect_schema },
		{ "profile", SCHEMA_STRING, offsetof(struct entry, profile) },
		{ "ldap", SCHEMA_MAP, offsetof(struct entry, ldap), .sub = &people_ldap_schema },
		{ 0 },
	};
	struct schema_field *copy = ARENA_ARRAY(arena, struct schema_field, COUNT(fields));
	struct schema *schema = ARENA_NEW(arena, struct schema);
	memcpy(copy, fields, sizeof(fields));
	*schema = (struct schema){ "the configuration", copy, sizeof(struct entry) };
	return schema;
}

static bool name_is_good(struct str name)
{
	if (name.n == 0 || name.n > CONFIG_SOURCE_NAME)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && !memchr("-_.", c, 3))
			return false;
	}
	return true;
}

static int source_of(struct arena *arena, const struct source *file, const struct source_entry *entry,
                     struct config_source *out, struct err *err)
{
	*out = (struct config_source){ .name = entry->name, .mapping = entry->mapping, .node = entry->node };
	if (!name_is_good(entry->name))
		return doc_err(file, entry->node, err, "a source's name has letters, digits, '-', '_' and '.', %d at most",
		               CONFIG_SOURCE_NAME);
	if (entry->zone.p && !timestamp_zone(entry->zone, &out->parse.zone))
		return doc_err(file, entry->node, err, "'%.*s' is no zone: '+08:00', or 'UTC'", STR_ARG(entry->zone));
	out->parse.zone_given = entry->zone.p != NULL;
	const struct doc *node = NULL;
	for (size_t i = 0; input_kinds[i] && i < KINDS_MOST; i++) {
		if (!entry->kinds[i])
			continue;
		if (out->kind)
			return doc_err(file, entry->kinds[i], err, "a source has one input: '%s' or '%s', not both", out->kind->name,
			               input_kinds[i]->name);
		out->kind = input_kinds[i];
		node = entry->kinds[i];
	}
	if (!node) {
		BUF(kinds);
		for (size_t i = 0; input_kinds[i]; i++)
			buf_printf(&kinds, "%s%s", i ? ", " : "", input_kinds[i]->name);
		return doc_err(file, entry->node, err, "the source '%.*s' has no input; there are: %s", STR_ARG(entry->name),
		               buf_cstr(&kinds));
	}
	const struct schema *schema = out->kind->schema;
	void *options = arena_alloc(arena, MAX(schema->size, (size_t)1));
	if (out->kind->defaults)
		memcpy(options, out->kind->defaults, schema->size);
	out->options = options;
	static const struct doc none = { .type = DOC_MAP };
	return schema_decode(arena, file, node->type == DOC_NULL ? &none : node, schema, options, err);
}

static int sources_of(struct arena *arena, const struct source *file, const struct schema_list *list, struct config *out,
                      struct err *err)
{
	const struct source_entry *entries = list->p;
	if (list->n > CONFIG_SOURCES)
		return doc_err(file, entries[CONFIG_SOURCES].node, err, "more than %d sources", CONFIG_SOURCES);
	if (list->n == 0)
		return err_set(err, -EINVAL, "%s: there is no source", file->name);
	out->sources = ARENA_ARRAY(arena, struct config_source, list->n);
	out->n_sources = list->n;
	for (size_t i = 0; i < list->n; i++) {
		int r = source_of(arena, file, &entries[i], &out->sources[i], err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++)
			if (str_eq(entries[k].name, entries[i].name))
				return doc_err(file, entries[i].node, err, "there are two sources '%.*s'", STR_ARG(entries[i].name));
	}
	return 0;
}

int config_no_key(const struct config *config, struct err *err)
{
	bool usual = str_is(config->archive.keys, KEYRING_DIR), named = !str_is(config->archive.key, KEYRING_NAME);
	return err_set(err, -ENOENT, "there is no key '%.*s' in %.*s; make it with: ward keys create%s%.*s%s%.*s", STR_ARG(config->archive.key),
	               STR_ARG(config->archive.keys), usual ? "" : " --dir ", usual ? 0 : (int)config->archive.keys.n,
	               config->archive.keys.p, named ? " " : "", named ? (int)config->archive.key.n : 0, config->archive.key.p);
}

int config_loopback(struct str text, struct str *host, uint16_t *port, struct err *err)
{
	ptrdiff_t colon = str_find_char_last(text, ':');
	int64_t number = 0;
	*host = STR_NONE;
	if (str_is(text, "off"))
		return 0;
	if (colon > 0 && str_to_int(str_slice(text, (size_t)colon + 1, text.n), 10, &number) && number >= 0 && number < 65536)
		*host = str_slice(text, 0, (size_t)colon);
	if (!str_is(*host, "127.0.0.1") && !str_is(*host, "[::1]") && !str_is(*host, "localhost"))
		return err_set(err, -EINVAL, "'%.*s' is no place for metrics: 127.0.0.1:PORT, [::1]:PORT, or 'off'", STR_ARG(text));
	*port = (uint16_t)number;
	return 0;
}

static int absolute(const struct source *file, const char *key, struct str path, struct err *err)
{
	if (path.n && path.p[0] == '/')
		return 0;
	return err_set(err, -EINVAL, "%s: '%s' must be an absolute path, not '%.*s'", file->name, key, STR_ARG(path));
}

int config_listen(struct str text, struct str *host, uint16_t *port, struct err *err)
{
	ptrdiff_t colon = str_find_char_last(text, ':');
	int64_t number = 0;
	if (colon <= 0 || !str_to_int(str_slice(text, (size_t)colon + 1, text.n), 10, &number) || number < 0 || number > 65535)
		return err_set(err, -EINVAL, "'%.*s' is no place to listen: 127.0.0.1:8443, [::1]:8443, or *:8443", STR_ARG(text));
	*host = str_slice(text, 0, (size_t)colon);
	*port = (uint16_t)number;
	if (host->n > 2 && host->p[0] == '[' && host->p[host->n - 1] == ']')
		*host = str_slice(*host, 1, host->n - 1);
	return 0;
}

/* ---- of `ward up` ---- */

static int check_up(const struct source *file, const struct entry *entry, struct err *err)
{
	struct str host;
	uint16_t port;
	int r = entry->console.listen.p ? config_listen(entry->console.listen, &host, &port, err) : 0;
	if (r < 0)
		return err_wrap(err, r, "%s: console.listen", file->name);
	if ((entry->console.certificate.p == NULL) != (entry->console.key.p == NULL))
		return err_set(err, -EINVAL, "%s: console.certificate and console.key belong together", file->name);
	if (entry->console.certificate.p)
		r = absolute(file, "console.certificate", entry->console.certificate, err);
	if (r == 0 && entry->console.key.p)
		r = absolute(file, "console.key", entry->console.key, err);
	return r;
}

/* The logs a Debian, a Red Hat, an openEuler keep, and the web servers on them. */
static const struct {
	const char *name, *paths;
} logs_of_machines[] = {
	{ "auth", "/var/log/auth.log" },       { "secure", "/var/log/secure" },
	{ "syslog", "/var/log/syslog" },       { "messages", "/var/log/messages" },
	{ "audit", "/var/log/audit/audit.log" },
	{ "nginx-access", "/var/log/nginx/access.log" },      { "nginx-error", "/var/log/nginx/error.log" },
	{ "apache-access", "/var/log/apache2/access.log" },   { "apache-error", "/var/log/apache2/error.log" },
	{ "httpd-access", "/var/log/httpd/access_log" },      { "httpd-error", "/var/log/httpd/error_log" },
};
enum { SYSTEM_LOGS = 4 }; /* the first ones; the journal has the same */

static bool has_journal(void)
{
	return access("/var/log/journal", R_OK) == 0 || access("/run/log/journal", R_OK) == 0;
}

void config_found_sources(struct buf *out)
{
	bool system = false;
	for (size_t i = 0; i < COUNT(logs_of_machines); i++) {
		if (access(logs_of_machines[i].paths, R_OK) < 0)
			continue;
		buf_printf(out, "  - {name: %s, files: {paths: [%s]}}\n", logs_of_machines[i].name, logs_of_machines[i].paths);
		system |= i < SYSTEM_LOGS;
	}
	if (!system && has_journal())
		buf_puts(out, "  - {name: journal, journald: {}}\n");
}

/* ---- the file ---- */

static struct entry defaults(struct arena *arena, const char *dir)
{
	const char *top = dir ? dir : "/var/lib/ward";
	return (struct entry){
		.archive = { arena_printf(arena, "%s/archive", top), STR(KEYRING_NAME), arena_printf(arena, "%s/keys", top), 900, true },
		.rules = { .built_in = true, .finding_level = LEVEL_HIGH },
		.findings = arena_printf(arena, "%s/findings", top),
		.run = dir ? arena_printf(arena, "%s/run", top) : STR("/run/ward"),
		.user = STR("ward"),
		.metrics = dir ? STR("off") : STR("127.0.0.1:9273"),
		.records = arena_printf(arena, "%s/records/records.db", top),
		.inspect = { .every = 6 * 3600 },
	};
}

static void copy_plain(const struct entry *entry, const char *dir, struct config *out)
{
	out->events = entry->events;
	out->findings = entry->findings;
	out->run = entry->run;
	out->user = entry->user;
	out->metrics = entry->metrics;
	out->archive.dir = entry->archive.dir;
	out->archive.key = entry->archive.key;
	out->archive.keys = entry->archive.keys;
	out->archive.seal_after = entry->archive.seal_after;
	out->archive.sign = entry->archive.sign;
	out->rules.built_in = entry->rules.built_in;
	out->rules.paths = entry->rules.paths;
	out->rules.pipelines = entry->rules.pipelines;
	out->rules.min_level = entry->rules.min_level;
	out->rules.finding_level = entry->rules.finding_level;
	if (!dir)
		return;
	out->up.dir = str_from(dir);
	out->up.records = entry->records;
	out->up.profile = entry->profile.n ? entry->profile : STR("township");
	out->up.profile_given = entry->profile.n > 0;
	out->up.regime = entry->inspect.regime;
	out->up.listen = entry->console.listen.p ? entry->console.listen : STR("127.0.0.1:8443");
	out->up.listen_given = entry->console.listen.p != NULL;
	out->up.certificate = entry->console.certificate;
	out->up.key = entry->console.key;
	out->up.names = entry->console.names;
	out->up.limits.connections = entry->console.limits.connections;
	out->up.limits.connections_per_address = entry->console.limits.connections_per_address;
	out->up.limits.requests_per_address = entry->console.limits.requests_per_address;
	out->up.limits.requests_per_user = entry->console.limits.requests_per_user;
	out->up.inspect_every = entry->inspect.every;
	out->up.ldap = entry->ldap;
}

int config_parse_up(struct arena *arena, const char *dir, struct source *source, struct config *out, struct err *err)
{
	const struct doc *node;
	struct str host;
	uint16_t port;
	struct entry entry = defaults(arena, dir);
	int r = yaml_parse(arena, source, &node, err);
	if (r == 0)
		r = schema_decode(arena, source, node, file_schema(arena, dir != NULL), &entry, err);
	if (r < 0)
		return r;
	*out = (struct config){ .file = source->name };
	copy_plain(&entry, dir, out);
	out->up.source = source;
	out->up.ldap_node = doc_get(node, STR("ldap"));
	r = absolute(source, "archive.dir", entry.archive.dir, err);
	r = r < 0 ? r : absolute(source, "archive.keys", entry.archive.keys, err);
	r = r < 0 ? r : absolute(source, "findings", entry.findings, err);
	r = r < 0 ? r : absolute(source, "run", entry.run, err);
	if (r == 0 && config_loopback(entry.metrics, &host, &port, err) < 0)
		r = err_wrap(err, -EINVAL, "%s: metrics", source->name);
	if (r == 0 && !keyring_name_is_good(entry.archive.key))
		r = err_set(err, -EINVAL, "%s: '%.*s' is no name of a key", source->name, STR_ARG(entry.archive.key));
	if (r == 0 && dir)
		r = check_up(source, &entry, err);
	if (r < 0 || (dir && entry.sources.n == 0))
		return r;
	return sources_of(arena, source, &entry.sources, out, err);
}

int config_parse(struct arena *arena, struct source *source, struct config *out, struct err *err)
{
	return config_parse_up(arena, NULL, source, out, err);
}

static int read_whole(struct arena *arena, const char *file, struct source **out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	BUF(text);
	CLEANUP(fd_close_p) int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, FILE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read the configuration '%s'", file);
	*source = (struct source){ .name = arena_cstr(arena, str_from(file)), .text = arena_str(arena, buf_str(&text)) };
	*out = source;
	return 0;
}

int config_load(struct arena *arena, const char *file, struct config *out, struct err *err)
{
	struct source *source;
	int r = read_whole(arena, file, &source, err);
	return r < 0 ? r : config_parse(arena, source, out, err);
}

/* Sources that were found are read from a text of the same form as a file's. */
static int add_found(struct arena *arena, const char *dir, struct config *out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	struct config found;
	BUF(text);
	buf_puts(&text, "sources:\n");
	config_found_sources(&text);
	if (text.n == strlen("sources:\n"))
		return 0;
	*source = (struct source){ .name = "sources found", .text = arena_str(arena, buf_str(&text)) };
	int r = config_parse_up(arena, dir, source, &found, err);
	if (r == 0) {
		out->sources = found.sources;
		out->n_sources = found.n_sources;
	}
	return r;
}

int config_up(struct arena *arena, const char *dir, const char *file, struct config *out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	*source = (struct source){ .name = "the built-in configuration", .text = STR("{}\n") };
	int r = file ? read_whole(arena, file, &source, err) : 0;
	if (r == 0)
		r = config_parse_up(arena, dir, source, out, err);
	return r < 0 || out->n_sources ? r : add_found(arena, dir, out, err);
}

struct str config_regime(const struct config *config, enum lang lang)
{
	if (config->up.regime.n)
		return config->up.regime;
	return lang == LANG_VI ? STR("vn-level-2") : STR("cn-mlps-2");
}
