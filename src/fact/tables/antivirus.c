/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * antivirus: malware protection on this host. Which products there are, and how to know them, is data:
 * content/antivirus/. For ClamAV the age of the signatures is read from the header of its database.
 */
#include "base/map.h"
#include "data/content.h"
#include "data/schema.h"
#include "data/yaml.h"
#include "fact/apt_lists.h"
#include "fact/scan.h"

struct product {
	struct str name, vendor;
	int kind;
	struct strings packages, paths, processes, db;
};

static const char *const kinds[] = { "antivirus", "edr", "monitoring", NULL };
static const struct schema_field product_fields[] = {
	{ "product", SCHEMA_STRING, offsetof(struct product, name), .required = true },
	{ "vendor", SCHEMA_STRING, offsetof(struct product, vendor), .required = true },
	{ "kind", SCHEMA_ENUM, offsetof(struct product, kind), .required = true, .names = kinds },
	{ "packages", SCHEMA_STRINGS, offsetof(struct product, packages), .required = true },
	{ "paths", SCHEMA_STRINGS, offsetof(struct product, paths), .required = true },
	{ "processes", SCHEMA_STRINGS, offsetof(struct product, processes), .required = true },
	{ "db", SCHEMA_STRINGS, offsetof(struct product, db) },
	{ 0 },
};
static const struct schema product_schema = { "a product", product_fields, sizeof(struct product), 0 };

/* What is known of the host before any product is looked at. */
struct sight {
	struct scan *scan;
	const struct rows *processes;    /* NULL: unavailable */
	struct map versions, running;    /* package -> version; process name */
};

struct seen {
	bool installed;
	int64_t active;
	struct str version, path;
};

/* ---- ClamAV ---- */

/* "22 Nov 2026 07-30 +0000" */
static int64_t clamav_date(struct arena *arena, struct str text)
{
	struct str day = str_word(&text), month = str_word(&text), year = str_word(&text), clock = str_word(&text);
	struct str zone = str_word(&text);
	struct str minute = clock, hour = str_cut(&minute, '-');
	int64_t offset;
	int64_t at = apt_date_parse(arena_printf(arena, "x, %.*s %.*s %.*s %.*s:%.*s:00", STR_ARG(day), STR_ARG(month),
	                                         STR_ARG(year), STR_ARG(hour), STR_ARG(minute)));
	if (at == NONE || !str_to_int(str_slice(zone, 1, zone.n), 10, &offset))
		return NONE;
	offset = (offset / 100 * 60 + offset % 100) * 60;
	return str_starts(zone, "-") ? at + offset : at - offset;
}

/* The first 512 bytes: "ClamAV-VDB:build time:version:signatures:level:md5:signature:builder:stime". */
static int64_t clamav_header(struct arena *arena, struct str header)
{
	struct str rest = str_trim(header), build = STR("");
	if (!str_starts(rest, "ClamAV-VDB:"))
		return NONE;
	str_cut(&rest, ':');
	build = str_cut(&rest, ':');
	for (int i = 0; i < 6 && rest.p; i++)
		str_cut(&rest, ':');
	int64_t stime;
	if (rest.p && str_to_int(str_trim(rest), 10, &stime) && stime > 0)
		return stime;
	return clamav_date(arena, build);
}

static struct str clamav_directory(struct scan *scan)
{
	static const char *const files[] = { "etc/clamav/freshclam.conf", "etc/freshclam.conf",
		                             "etc/clamav/clamd.conf", "etc/clamd.d/scan.conf" };
	for (size_t i = 0; i < COUNT(files); i++) {
		struct str rest, line;
		if (scan_file(scan, files[i], &rest) < 0)
			continue;
		while (str_line(&rest, &line))
			if (str_is(str_word(&line), "DatabaseDirectory"))
				return arena_str(scan_arena(scan), str_trim(line));
	}
	return STR("/var/lib/clamav");
}

static int64_t clamav_time(struct scan *scan)
{
	static const char *const names[] = { "daily.cld", "daily.cvd" };
	struct arena *arena = scan_arena(scan);
	struct str directory = clamav_directory(scan);
	int64_t newest = NONE;
	for (size_t i = 0; i < COUNT(names); i++) {
		BUF(header);
		struct str path = arena_printf(arena, "%.*s/%s", STR_ARG(directory), names[i]);
		int r = root_read(scan_root(scan), path.p, 512, &header);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0 && r != -EFBIG) {
			scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
			continue;
		}
		int64_t at = clamav_header(arena, buf_str(&header));
		if (at == NONE)
			scan_partial(scan, NOTE("{}:{}: not understood", path, STR("1")));
		else if (newest == NONE || at > newest)
			newest = at;
	}
	return newest;
}

/* ---- any product ---- */

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (table->columns[i].name && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static void packages_read(struct sight *sight, const struct table *table, const char *installed)
{
	const struct rows *rows = facts_table(scan_facts(sight->scan), table);
	if (rows->coverage == COVERAGE_UNAVAILABLE)
		return;
	size_t name = column_of(table, "name"), version = column_of(table, "version");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		if (installed && !cell_int_or(cells[column_of(table, installed)], 0))
			continue;
		struct str *text = ARENA_NEW(scan_arena(sight->scan), struct str);
		*text = cell_str(cells[version]);
		*map_put(&sight->versions, cell_str(cells[name])) = text;
	}
}

static void processes_read(struct sight *sight)
{
	const struct rows *rows = scan_rows(sight->scan, &table_processes);
	sight->running.arena = scan_arena(sight->scan);
	if (rows->coverage == COVERAGE_UNAVAILABLE) {
		scan_partial(sight->scan, NOTE("it cannot be seen what is running: {}",
		                               note_text(scan_arena(sight->scan), LANG_EN, &rows->reason)));
		return;
	}
	sight->processes = rows;
	size_t name = column_of(&table_processes, "name"), path = column_of(&table_processes, "path");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		struct str program = cell_str(cells[path]);
		program = str_slice(program, (size_t)(str_find_char_last(program, '/') + 1), program.n);
		*map_put(&sight->running, cell_str(cells[name])) = sight;
		if (program.n)
			*map_put(&sight->running, program) = sight;
	}
}

static struct seen product_look(struct sight *sight, const struct product *product)
{
	struct seen seen = { .active = sight->processes ? 0 : NONE };
	struct stat st;
	for (size_t i = 0; i < product->packages.n && !seen.installed; i++) {
		const struct str *version = map_get(&sight->versions, product->packages.p[i]);
		seen.installed = version != NULL;
		if (version)
			seen.version = *version;
	}
	for (size_t i = 0; i < product->paths.n && !seen.path.p; i++) {
		const char *path = arena_cstr(scan_arena(sight->scan), product->paths.p[i]);
		int r = root_stat(scan_root(sight->scan), path, true, &st);
		if (r == 0)
			seen.path = product->paths.p[i];
		else if (r != -ENOENT && r != -ENOTDIR)
			scan_partial(sight->scan, NOTE("cannot read {}: {}", product->paths.p[i],
			                               str_from(err_words(r))));
	}
	seen.installed |= seen.path.p != NULL;
	for (size_t i = 0; i < product->processes.n && seen.active == 0; i++)
		seen.active = map_get(&sight->running, product->processes.p[i]) != NULL;
	return seen;
}

static int64_t db_time(struct scan *scan, const struct product *product)
{
	if (str_is(product->name, "ClamAV"))
		return clamav_time(scan);
	int64_t newest = NONE;
	for (size_t i = 0; i < product->db.n; i++) {
		struct strings files = scan_glob(scan, product->db.p[i]);
		for (size_t j = 0; j < files.n; j++) {
			struct stat st;
			if (root_stat(scan_root(scan), files.p[j].p, true, &st) == 0 &&
			    (newest == NONE || st.st_mtime > newest))
				newest = st.st_mtime;
		}
	}
	return newest;
}

static int products_rows(struct sight *sight, const struct schema_list *list, struct err *err)
{
	const struct product *products = list->p;
	for (size_t i = 0; i < list->n; i++) {
		const struct product *product = &products[i];
		struct seen seen = product_look(sight, product);
		if (!seen.installed && seen.active != 1)
			continue;
		int64_t at = db_time(sight->scan, product);
		int r = scan_row(sight->scan, ROW(product->name, product->vendor, kinds[product->kind], seen.installed,
		                                  seen.active, seen.version.n ? seen.version : STR_NONE, at,
		                                  at == NONE ? NONE : scan_now(sight->scan) - at, seen.path), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int antivirus_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct sight sight = { .scan = scan, .versions = { .arena = arena } };
	packages_read(&sight, &table_deb_packages, "installed");
	packages_read(&sight, &table_rpm_packages, NULL);
	processes_read(&sight);
	struct strings files;
	int r = content_list(arena, NULL, "antivirus/", &files, err);
	for (size_t i = 0; i < files.n && r >= 0; i++) {
		struct source *source = ARENA_NEW(arena, struct source);
		const struct doc *doc;
		struct schema_list list = { 0 };
		r = content_read(arena, NULL, arena_cstr(arena, files.p[i]), source, err);
		if (r == 0)
			r = yaml_parse(arena, source, &doc, err);
		if (r == 0)
			r = schema_decode_list(arena, source, doc, &product_schema, &list, err);
		if (r == 0)
			r = products_rows(&sight, &list, err);
	}
	return r;
}

const struct table table_antivirus = {
	.name = "antivirus",
	.doc = "Products against malware that are installed or running, of those that content/antivirus knows",
	.sources = { "var/lib/clamav/daily.cvd", "etc/clamav/freshclam.conf", "var/lib/dpkg/status",
	             "content/antivirus" },
	.scan = antivirus_scan,
	.needs = { { &table_processes, "name path", NULL } },
	.columns = {
		{ "product", TEXT, "name of the product" },
		{ "vendor", TEXT, "vendor" },
		{ "kind", TEXT, "antivirus, edr (also watches behaviour), or monitoring (reports only, no protection)" },
		{ "installed", INT, "1: its package or its files are there" },
		{ "active", INT, "1: one of its processes runs; NULL: it cannot be seen what is running" },
		{ "version", TEXT, "version of the package; NULL: unknown" },
		{ "db_time", INT, "when its signatures were made, seconds since 1970; NULL: unknown" },
		{ "db_age", INT, "seconds since then; NULL: unknown" },
		{ "path", TEXT, "where it was found; NULL: only the package is known" },
	},
};
