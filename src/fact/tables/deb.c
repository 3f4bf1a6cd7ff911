/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Debian packages, as dpkg's status file tells. Images without dpkg itself ("distroless") keep a
 * stanza for each package in status.d instead.
 */
#include "fact/deb822.h"
#include "fact/package_db.h"

#define STATUS   "var/lib/dpkg/status"
#define STATUS_D "var/lib/dpkg/status.d"

struct package {
	struct str name, version, source, arch, status, maintainer, section, priority, size, essential;
};

static void package_field(struct package *package, struct str name, struct str value)
{
	switch (name.n) {
	case 6:
		if (str_is_nocase(name, "Status"))
			package->status = value;
		else if (str_is_nocase(name, "Source"))
			package->source = value;
		break;
	case 7:
		if (str_is_nocase(name, "Package"))
			package->name = value;
		else if (str_is_nocase(name, "Version"))
			package->version = value;
		else if (str_is_nocase(name, "Section"))
			package->section = value;
		break;
	case 8:
		if (str_is_nocase(name, "Priority"))
			package->priority = value;
		break;
	case 9:
		if (str_is_nocase(name, "Essential"))
			package->essential = value;
		break;
	case 10:
		if (str_is_nocase(name, "Maintainer"))
			package->maintainer = value;
		break;
	case 12:
		if (str_is_nocase(name, "Architecture"))
			package->arch = value;
		break;
	case 14:
		if (str_is_nocase(name, "Installed-Size"))
			package->size = value;
		break;
	default:
		break;
	}
}

static int package_row(struct scan *scan, const struct package *package, struct err *err)
{
	struct str source = package->source.n ? package->source : package->name;
	struct str source_name = str_word(&source);
	/* "Source: name (version)" when the version differs. */
	struct str source_version = str_trim(source);
	if (source_version.n > 2 && source_version.p[0] == '(')
		source_version = str_slice(source_version, 1, source_version.n - 1);
	else
		source_version = package->version;
	ptrdiff_t hyphen = str_find_char_last(package->version, '-');
	struct str revision = hyphen >= 0 ? str_slice(package->version, (size_t)hyphen + 1, package->version.n)
	                                  : STR("");
	int64_t kib, size = NONE;
	if (str_to_int(package->size, 10, &kib) && kib >= 0 && kib < INT64_MAX / 1024)
		size = kib * 1024;
	bool installed = !str_ends(package->status, " not-installed") && !str_ends(package->status, " config-files");
	return scan_row(scan, ROW(package->name, package->version, source_name, source_version, size, package->arch,
	                          revision, package->status, installed, package->maintainer, package->section,
	                          package->priority, str_is_nocase(package->essential, "yes")), err);
}

static void not_understood(struct scan *scan, const char *path, struct deb822_lines *lines, const char *place)
{
	size_t line = deb822_lines_to(lines, place);
	scan_partial(scan, NOTE("{}:{}: not understood", str_from(path),
	                        arena_printf(scan_arena(scan), "%zu", line ? line : 1)));
}

static int packages_read(struct scan *scan, const char *path, struct str text, struct err *err)
{
	struct package package = { 0 };
	struct str rest = text, name, value;
	struct deb822_lines lines = { .at = text.p };
	bool any = false;
	for (;;) {
		enum deb822_item item = deb822_next(&rest, &name, &value);
		if (item == DEB822_FIELD) {
			any = true;
			package_field(&package, name, value);
			continue;
		}
		if (item == DEB822_BAD) {
			not_understood(scan, path, &lines, rest.n ? rest.p : text.p + text.n);
			continue;
		}
		if (package.name.n) {
			int r = package_row(scan, &package, err);
			if (r < 0)
				return r;
		} else if (any) {
			not_understood(scan, path, &lines, rest.n ? rest.p : text.p + text.n);
		}
		if (item == DEB822_END)
			return 0;
		package = (struct package){ 0 };
		any = false;
	}
}

static int deb_packages_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct str text;
	bool found = false;
	struct stat st;
	int r = root_stat(scan_root(scan), STATUS, true, &st);
	if (r == 0) {
		r = scan_source(scan, STATUS, &text, err);
		if (r < 0)
			return r;
		found = true;
		r = packages_read(scan, STATUS, text, err);
		if (r < 0)
			return r;
		if (scan_list(scan, "var/lib/dpkg/updates").n)
			scan_partial(scan, NOTE("{} holds changes that are not yet merged", STR("var/lib/dpkg/updates")));
	} else if (r != -ENOENT && r != -ENOTDIR) {
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR(STATUS), str_from(err_words(r))));
	}
	struct strings list = scan_list(scan, STATUS_D);
	for (size_t i = 0; i < list.n; i++) {
		if (str_ends(list.p[i], ".md5sums"))
			continue;
		struct str path = arena_printf(arena, STATUS_D "/%.*s", STR_ARG(list.p[i]));
		if (scan_file(scan, path.p, &text) < 0)
			continue;
		found = true;
		r = packages_read(scan, path.p, text, err);
		if (r < 0)
			return r;
	}
	return found ? 0 : package_db_absent(scan, PACKAGE_DB_DEB);
}

const struct table table_deb_packages = {
	.name = "deb_packages",
	.doc = "Debian packages that dpkg knows, also removed ones whose configuration is left (installed = 0)",
	.sources = { STATUS, STATUS_D "/base", "etc/os-release" },
	.scan = deb_packages_scan,
	.columns = {
		{ "name", TEXT, "package name" },
		{ "version", TEXT, "package version" },
		{ "source", TEXT, "source package; the package's own name when it has no other" },
		{ "source_version", TEXT, "version of the source package" },
		{ "size", INT, "bytes that it takes when installed, as the package says; NULL: it does not say" },
		{ "arch", TEXT, "architecture: amd64, arm64, all …" },
		{ "revision", TEXT, "Debian revision, the part of the version behind the last hyphen; empty: none" },
		{ "status", TEXT, "as in dpkg: 'install ok installed'; NULL in images that keep none (status.d)" },
		{ "installed", INT, "1: its files are on the disk; 0: removed (not-installed, config-files)" },
		{ "maintainer", TEXT, "maintainer" },
		{ "section", TEXT, "section" },
		{ "priority", TEXT, "priority: required, important, standard, optional, extra" },
		{ "essential", INT, "1: dpkg refuses to remove it" },
	},
};
