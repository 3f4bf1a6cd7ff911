/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * os_eol: until when the release of this host is supported. The dates are data: content/eol/.
 */
#include "base/clock.h"
#include "data/content.h"
#include "data/schema.h"
#include "data/yaml.h"
#include "fact/scan.h"

struct release {
	struct str version, variant, codename, eol, extended, verified;
};

struct product {
	struct strings ids;
	struct str name, source, extended_name;
	bool extended_free;
	struct schema_list releases;
};

static const struct schema_field release_fields[] = {
	{ "version", SCHEMA_STRING, offsetof(struct release, version), .required = true },
	{ "variant", SCHEMA_STRING, offsetof(struct release, variant) },
	{ "codename", SCHEMA_STRING, offsetof(struct release, codename) },
	{ "eol", SCHEMA_STRING, offsetof(struct release, eol), .required = true },
	{ "extended", SCHEMA_STRING, offsetof(struct release, extended) },
	{ "verified", SCHEMA_STRING, offsetof(struct release, verified) },
	{ 0 },
};
static const struct schema release_schema = { "a release", release_fields, sizeof(struct release), 0 };
static const struct schema_field product_fields[] = {
	{ "ids", SCHEMA_STRINGS, offsetof(struct product, ids), .required = true },
	{ "name", SCHEMA_STRING, offsetof(struct product, name), .required = true },
	{ "source", SCHEMA_STRING, offsetof(struct product, source), .required = true },
	{ "extended_name", SCHEMA_STRING, offsetof(struct product, extended_name) },
	{ "extended_free", SCHEMA_BOOL, offsetof(struct product, extended_free) },
	{ "releases", SCHEMA_LIST, offsetof(struct product, releases), .required = true, .sub = &release_schema },
	{ 0 },
};
static const struct schema product_schema = { "a system", product_fields, sizeof(struct product), 0 };

/* The host, as os-release(5) says. */
struct system {
	struct str id, version_id, version, pretty;
};

static struct str unquote(struct arena *arena, struct str value)
{
	value = str_trim(value);
	if (value.n < 2 || (value.p[0] != '"' && value.p[0] != '\'') || value.p[value.n - 1] != value.p[0])
		return value;
	value = str_slice(value, 1, value.n - 1);
	BUF(out);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\\' && i + 1 < value.n)
			i++;
		buf_add_char(&out, value.p[i]);
	}
	return arena_str(arena, buf_str(&out));
}

static void system_parse(struct arena *arena, struct str text, struct system *out)
{
	struct str line;
	*out = (struct system){ 0 };
	while (str_line(&text, &line)) {
		struct str value = line, key = str_trim(str_cut(&value, '='));
		struct str *place = str_is(key, "ID")           ? &out->id
		                  : str_is(key, "VERSION_ID")   ? &out->version_id
		                  : str_is(key, "VERSION")      ? &out->version
		                  : str_is(key, "PRETTY_NAME")  ? &out->pretty
		                                                : NULL;
		if (place && value.p)
			*place = unquote(arena, value);
	}
}

/* Days since 1970 of "2028-06-30", or NONE. */
static int64_t days_of(struct str date)
{
	int64_t year, month, day;
	struct str rest = date, y = str_cut(&rest, '-'), m = str_cut(&rest, '-');
	if (!str_to_int(y, 10, &year) || !str_to_int(m, 10, &month) || !str_to_int(rest, 10, &day) || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return NONE;
	return clock_days(year, month, day);
}

/* How closely a release fits; 0: not. */
static size_t fits(const struct release *release, const struct system *system)
{
	struct str have = system->version_id, want = release->version;
	bool same = str_eq(have, want);
	bool below = have.n > want.n && memcmp(have.p, want.p, want.n) == 0 && have.p[want.n] == '.';
	if (!want.n || (!same && !below))
		return 0;
	if (!release->variant.n)
		return 1 + want.n;
	BUF(variant);
	buf_add(&variant, release->variant);
	return str_find(system->version, buf_cstr(&variant)) >= 0 || str_find(system->pretty, buf_cstr(&variant)) >= 0
	       ? 100 + want.n : 0;
}

static int products_read(struct arena *arena, struct str name, struct schema_list *out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *doc;
	int r = content_read(arena, NULL, arena_cstr(arena, name), source, err);
	if (r == 0)
		r = yaml_parse(arena, source, &doc, err);
	return r < 0 ? r : schema_decode_list(arena, source, doc, &product_schema, out, err);
}

static bool has_id(const struct product *product, struct str id)
{
	for (size_t i = 0; i < product->ids.n; i++)
		if (str_eq(product->ids.p[i], id))
			return true;
	return false;
}

static int os_eol_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct str text;
	int r = scan_file(scan, "etc/os-release", &text);
	if (r < 0)
		r = scan_source(scan, "usr/lib/os-release", &text, err);
	if (r < 0)
		return r;
	struct system system;
	system_parse(arena, text, &system);
	struct strings files;
	r = content_list(arena, NULL, "eol/", &files, err);
	const struct product *product = NULL;
	const struct release *release = NULL;
	size_t best = 0;
	for (size_t i = 0; i < files.n && r == 0; i++) {
		struct schema_list list = { 0 };
		r = products_read(arena, files.p[i], &list, err);
		const struct product *all = list.p;
		for (size_t j = 0; j < list.n && r == 0; j++) {
			const struct release *releases = all[j].releases.p;
			if (!has_id(&all[j], system.id))
				continue;
			product = &all[j];
			for (size_t k = 0; k < all[j].releases.n; k++)
				if (fits(&releases[k], &system) > best) {
					best = fits(&releases[k], &system);
					release = &releases[k];
				}
		}
	}
	if (r < 0)
		return r;
	int64_t today = scan_now(scan) / 86400;
	int64_t eol = release ? days_of(release->eol) : NONE;
	int64_t extended = release && release->extended.n ? days_of(release->extended) : NONE;
	if (!release)
		scan_partial(scan, NOTE("it is not known until when {} is supported",
		                        system.pretty.n ? system.pretty : system.id.n ? system.id : STR("?")));
	return scan_row(scan, ROW(system.id, system.version_id, system.pretty, product ? product->name : STR_NONE,
	                          release ? release->eol : STR_NONE, eol == NONE ? NONE : eol - today,
	                          extended == NONE ? STR_NONE : release->extended,
	                          extended == NONE ? NONE : extended - today,
	                          extended == NONE ? STR_NONE : product->extended_name,
	                          extended == NONE ? NONE : (int64_t)product->extended_free,
	                          release ? product->source : STR_NONE,
	                          release && release->verified.n ? release->verified : STR_NONE), err);
}

const struct table table_os_eol = {
	.name = "os_eol",
	.doc = "Until when the release of this host is supported, by content/eol; one row",
	.sources = { "etc/os-release", "usr/lib/os-release", "content/eol" },
	.scan = os_eol_scan,
	.columns = {
		{ "id", TEXT, "ID of os-release" },
		{ "version_id", TEXT, "VERSION_ID of os-release; NULL: none, as in Debian testing" },
		{ "pretty_name", TEXT, "PRETTY_NAME of os-release" },
		{ "product", TEXT, "name of the system; NULL: not known" },
		{ "eol", TEXT, "last day of regular support, 2026-06-10; NULL: not known" },
		{ "days_left", INT, "days until then, negative when over; NULL: not known" },
		{ "extended_eol", TEXT, "last day of extended support; NULL: there is none" },
		{ "extended_days_left", INT, "days until then; NULL: there is none" },
		{ "extended_name", TEXT, "what it is called: LTS, ESM; NULL: there is none" },
		{ "extended_free", INT, "1: extended support is free; 0: only under contract; NULL: there is none" },
		{ "source", TEXT, "where the dates are from" },
		{ "verified", TEXT, "day on which they were compared with a second source; NULL: not yet" },
	},
};
