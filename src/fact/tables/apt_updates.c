/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * apt_updates: installed Debian packages for which the package lists on disk hold a newer version.
 *
 * As apt does without pins (apt_preferences(5), "APT's Default Priority Assignments"): archives count
 * 500, those marked NotAutomatic 1, with ButAutomaticUpgrades as well 100, and what is installed 100. Only
 * lists of the sources that are configured count. Pins are not evaluated; where there are any, the
 * table is partial.
 */
#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "fact/apt_lists.h"
#include "fact/deb822.h"
#include "fact/deb_version.h"
#include "fact/package_db.h"

#define LISTS "var/lib/apt/lists"

enum { DAYS_FRESH = 7, REGULAR = 500, RELUCTANT = 100, NEVER = 1 };

struct best {
	struct str version;
	const struct apt_release *release;
};

struct installed {
	struct str name, version, arch;
	struct installed *next; /* the same package of another architecture */
	bool held, security;
	int priority;           /* of the archives that hold the very version that is installed */
	struct best regular, reluctant;
};

struct updates {
	struct scan *scan;
	struct map installed;   /* name -> struct installed */
	VEC(struct installed *) order;
	const struct apt_release *release; /* of the list at work */
	int64_t as_of;
};

static int priority_of(const struct apt_release *release)
{
	return !release->not_automatic ? REGULAR : release->automatic_upgrades ? RELUCTANT : NEVER;
}

static bool wanted(void *ctx, struct str name)
{
	const struct updates *updates = ctx;
	return map_get(&updates->installed, name) != NULL;
}

static void best_keep(struct updates *updates, struct best *best, struct str version)
{
	int r = best->version.n ? deb_version_compare(version, best->version) : 1;
	if (r > 0 || (r == 0 && updates->release->security && !best->release->security))
		*best = (struct best){ arena_str(scan_arena(updates->scan), version), updates->release };
}

static void offered(void *ctx, struct str name, struct str version, struct str arch)
{
	struct updates *updates = ctx;
	int priority = priority_of(updates->release);
	for (struct installed *have = map_get(&updates->installed, name); have; have = have->next) {
		if (!str_eq(have->arch, arch) && !str_is(arch, "all") && !str_is(have->arch, "all"))
			continue;
		int r = deb_version_compare(version, have->version);
		if (r == 0 && priority > have->priority)
			have->priority = priority;
		if (r <= 0 || priority == NEVER)
			continue;
		if (updates->release->security)
			have->security = true;
		best_keep(updates, priority == REGULAR ? &have->regular : &have->reluctant, version);
	}
}

static void installed_read(struct updates *updates, const struct rows *packages)
{
	struct arena *arena = scan_arena(updates->scan);
	enum { NAME = 0, VERSION = 1, ARCH = 5, STATUS = 7, INSTALLED = 8 };
	updates->installed.arena = arena;
	for (size_t i = 0; i < packages->n; i++) {
		const struct cell *cells = rows_at(packages, i);
		if (!cell_int_or(cells[INSTALLED], 0) || !cell_str(cells[VERSION]).n)
			continue;
		struct installed *have = ARENA_NEW(arena, struct installed);
		*have = (struct installed){
			.name = cell_str(cells[NAME]), .version = cell_str(cells[VERSION]), .arch = cell_str(cells[ARCH]),
			.held = str_starts(cell_str(cells[STATUS]), "hold "), .priority = RELUCTANT,
		};
		void **slot = map_put(&updates->installed, have->name);
		have->next = *slot;
		*slot = have;
		vec_push_in(arena, &updates->order, have);
	}
}

static bool is_list(struct str name)
{
	static const char *const endings[] = { "_Packages", "_Packages.lz4", "_Packages.xz", "_Packages.gz",
		                               "_Packages.zst", "_Packages.bz2" };
	for (size_t i = 0; i < COUNT(endings); i++)
		if (str_ends(name, endings[i]))
			return true;
	return false;
}

static bool release_read(struct updates *updates, struct str prefix, struct apt_release *release)
{
	static const char *const names[] = { "InRelease", "Release" };
	struct str text;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str path = arena_printf(scan_arena(updates->scan), LISTS "/%.*s%s", STR_ARG(prefix), names[i]);
		if (scan_file(updates->scan, path.p, &text) < 0)
			continue;
		apt_release_parse(text, release);
		if (release->date != NONE && release->date > updates->as_of)
			updates->as_of = release->date;
		return true;
	}
	*release = (struct apt_release){ .date = NONE, .valid_until = NONE };
	return false;
}

/* All lists of one source. How many there were. */
static size_t source_read(struct updates *updates, struct strings files, struct str uri, struct str suite)
{
	struct scan *scan = updates->scan;
	struct arena *arena = scan_arena(scan);
	const char *slash = str_ends(uri, "/") ? "" : "/";
	struct str at = str_ends(suite, "/")
	                ? arena_printf(arena, "%.*s%s%.*s", STR_ARG(uri), slash,
	                               STR_ARG(str_is(suite, "/") ? STR("") : suite))
	                : arena_printf(arena, "%.*s%sdists/%.*s/", STR_ARG(uri), slash, STR_ARG(suite));
	struct str prefix = apt_list_name(arena, at);
	struct apt_release *release = NULL;
	size_t found = 0;
	for (size_t i = 0; i < files.n; i++) {
		if (!str_starts(files.p[i], prefix.p) || !is_list(files.p[i]))
			continue;
		if (!release) {
			release = ARENA_NEW(arena, struct apt_release);
			if (!release_read(updates, prefix, release))
				release->suite = suite;
			updates->release = release;
		}
		struct err err = { "" };
		struct str path = arena_printf(arena, LISTS "/%.*s", STR_ARG(files.p[i]));
		if (apt_list_read(scan_root(scan), path.p, wanted, offered, updates, &err) < 0)
			scan_partial(scan, NOTE("cannot read {}: {}", path, arena_str(arena, str_from(err.text))));
		found++;
	}
	if (release && release->valid_until != NONE && release->valid_until < scan_now(scan))
		scan_partial(scan, NOTE("the package list of {} is out of date since {}", suite,
		                        str_slice(clock_format(arena, release->valid_until), 0, 10)));
	return found;
}

static void newer(struct updates *updates, const char *path)
{
	struct stat st;
	if (root_stat(scan_root(updates->scan), path, true, &st) == 0 && st.st_mtime > updates->as_of &&
	    st.st_mtime <= scan_now(updates->scan))
		updates->as_of = st.st_mtime;
}

static int lists_read(struct updates *updates, const struct rows *sources)
{
	struct scan *scan = updates->scan;
	struct arena *arena = scan_arena(scan);
	enum { TYPE = 0, URI = 1, SUITE = 2, ENABLED = 8 };
	struct strings files = scan_list(scan, LISTS);
	size_t lists = 0;
	struct str missing = STR_NONE;
	struct map seen = { .arena = arena };
	for (size_t i = 0; i < sources->n; i++) {
		const struct cell *cells = rows_at(sources, i);
		struct str uri = cell_str(cells[URI]), suite = cell_str(cells[SUITE]);
		void **slot = map_put(&seen, arena_printf(arena, "%.*s %.*s", STR_ARG(uri), STR_ARG(suite)));
		if (!str_is(cell_str(cells[TYPE]), "deb") || !cell_int_or(cells[ENABLED], 1) || *slot)
			continue;
		*slot = updates;
		size_t n = source_read(updates, files, uri, suite);
		lists += n;
		if (!n && !missing.p)
			missing = arena_printf(arena, "%.*s %.*s", STR_ARG(uri), STR_ARG(suite));
	}
	if (!lists)
		return scan_unavailable(scan, NOTE("no package lists in {}", STR(LISTS)));
	if (missing.p)
		scan_partial(scan, NOTE("no package list of {}", missing));
	newer(updates, "var/lib/apt/periodic/update-success-stamp");
	/* The times of directories tell of the last update only where nobody has copied them. */
	if (scan_is_live(scan)) {
		newer(updates, LISTS);
		newer(updates, LISTS "/partial");
	}
	return 0;
}

static void pins_tell(struct scan *scan)
{
	struct strings files = scan_glob(scan, STR("/etc/apt/preferences.d/*"));
	for (size_t i = 0; i <= files.n; i++) {
		struct str rest, name, value, path = i < files.n ? files.p[i] : STR("/etc/apt/preferences");
		if (scan_file(scan, path.p, &rest) < 0)
			continue;
		enum deb822_item item;
		while ((item = deb822_next(&rest, &name, &value)) != DEB822_END)
			if (item == DEB822_FIELD && str_is_nocase(name, "Pin")) {
				scan_partial(scan, NOTE("apt pins in {} are not evaluated", path));
				break;
			}
	}
}

static int apt_updates_scan(struct scan *scan, struct err *err)
{
	int r;
	struct updates updates = { .scan = scan };
	struct arena *arena = scan_arena(scan);
	const struct rows *packages = scan_table(scan, &table_deb_packages, &r);
	if (!packages)
		return r;
	const struct rows *sources = scan_table(scan, &table_apt_sources, &r);
	if (!sources)
		return r;
	if (!(package_db_found(scan) & PACKAGE_DB_DEB))
		return 0;
	installed_read(&updates, packages);
	r = lists_read(&updates, sources);
	if (r < 0)
		return r;
	pins_tell(scan);
	int64_t age = updates.as_of > 0 ? scan_now(scan) - updates.as_of : NONE;
	if (age == NONE || age > DAYS_FRESH * 86400)
		scan_partial(scan, NOTE("the package lists are {} days old",
		                        age == NONE ? STR("?") : arena_printf(arena, "%lld", (long long)(age / 86400))));
	for (size_t i = 0; i < updates.order.n; i++) {
		const struct installed *have = updates.order.p[i];
		const struct best *best = have->regular.version.n                                      ? &have->regular
		                        : have->reluctant.version.n && have->priority <= RELUCTANT ? &have->reluctant
		                                                                                   : NULL;
		if (!best)
			continue;
		struct str suite = best->release->suite.n ? best->release->suite : best->release->codename;
		r = scan_row(scan, ROW(have->name, have->arch, have->version, best->version, suite, best->release->label,
		                       have->security, have->held, age), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_apt_updates = {
	.name = "apt_updates",
	.doc = "Installed packages for which the lists on disk hold a newer version; nothing is fetched, pins are not "
	       "evaluated",
	.sources = { LISTS "/deb.debian.org_debian_dists_stable_InRelease",
	             LISTS "/deb.debian.org_debian_dists_stable_main_binary-amd64_Packages", "etc/apt/sources.list",
	             "var/lib/dpkg/status", "etc/apt/preferences" },
	.scan = apt_updates_scan,
	.columns = {
		{ "name", TEXT, "package name" },
		{ "arch", TEXT, "architecture" },
		{ "installed", TEXT, "version that is installed" },
		{ "candidate", TEXT, "version that apt would install" },
		{ "suite", TEXT, "suite that offers it, as its Release file says: stable-security" },
		{ "label", TEXT, "label of that archive: Debian-Security; NULL: none" },
		{ "security", INT, "1: a security archive offers a newer version than the installed one" },
		{ "held", INT, "1: the administrator holds the package at its version" },
		{ "lists_age", INT, "seconds since the lists were last updated; NULL: unknown" },
	},
};
