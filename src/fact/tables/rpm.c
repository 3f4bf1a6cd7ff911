/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rpm_packages: the packages in rpm's database, read without rpm and without a lock (fact/rpm_db.h).
 */
#include <fcntl.h>

#include "fact/package_db.h"
#include "fact/rpm_db.h"
#include "fact/rpm_header.h"

struct reading {
	struct scan *scan;
	struct str path;
	size_t packages, damaged;
};

static int header_take(void *ctx, struct str blob, struct err *err)
{
	struct reading *reading = ctx;
	struct rpm_package package;
	if (!rpm_header_parse(blob, &package) || !package.name.n) {
		reading->damaged++;
		return 0;
	}
	reading->packages++;
	return scan_row(reading->scan, ROW(package.name, package.version, package.release, package.epoch, package.arch,
	                                   package.vendor, package.packager, package.source, package.group,
	                                   package.size, package.install_time, package.sha1,
	                                   package.signed_header), err);
}

static int database_read(struct reading *reading, int (*read)(int, rpm_db_fn *, void *, struct err *), struct err *err)
{
	struct scan *scan = reading->scan;
	struct stat st;
	CLEANUP(fd_close_p) int fd = root_openat(scan_root(scan), reading->path.p, O_RDONLY | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(scan_root(scan), reading->path.p, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return scan_unavailable(scan, NOTE("cannot read {}: {}", reading->path,
		                                   str_from(err_words(fd < 0 ? fd : -ENXIO))));
	struct err why = { "" };
	int r = read(fd, header_take, reading, &why);
	if (r == -E2BIG)
		return err_set(err, r, "%s", why.text); /* of scan_row() */
	if (r < 0 && !reading->packages)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", reading->path,
		                                   arena_str(scan_arena(scan), str_from(why.text))));
	if (r < 0)
		scan_partial(scan, NOTE("cannot read {}: {}", reading->path,
		                        arena_str(scan_arena(scan), str_from(why.text))));
	if (reading->damaged)
		scan_partial(scan, NOTE("{}: {} packages were not understood", reading->path,
		                        arena_printf(scan_arena(scan), "%zu", reading->damaged)));
	struct str log = arena_printf(scan_arena(scan), "%.*s-wal", STR_ARG(reading->path));
	if (root_stat(scan_root(scan), log.p, true, &st) == 0 && st.st_size > 0)
		scan_partial(scan, NOTE("{} holds changes that are not yet merged", log));
	return 0;
}

static int rpm_packages_scan(struct scan *scan, struct err *err)
{
	static const struct {
		const char *name;
		int (*read)(int, rpm_db_fn *, void *, struct err *);
	} forms[] = {
		{ "rpmdb.sqlite", rpm_db_read_sqlite },
		{ "Packages.db", rpm_db_read_ndb },
		{ "Packages", rpm_db_read_berkeley },
	};
	for (size_t i = 0; package_db_rpm_dirs[i]; i++)
		for (size_t j = 0; j < COUNT(forms); j++) {
			struct stat st;
			struct reading reading = { .scan = scan };
			reading.path = arena_printf(scan_arena(scan), "%s/%s", package_db_rpm_dirs[i], forms[j].name);
			int r = root_stat(scan_root(scan), reading.path.p, true, &st);
			if (r == -ENOENT || r == -ENOTDIR)
				continue;
			return database_read(&reading, forms[j].read, err);
		}
	return package_db_absent(scan, PACKAGE_DB_RPM);
}

const struct table table_rpm_packages = {
	.name = "rpm_packages",
	.doc = "Packages in rpm's database (SQLite, ndb or Berkeley DB)",
	.sources = { "var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/Packages.db", "var/lib/rpm/Packages",
	             "etc/os-release" },
	.scan = rpm_packages_scan,
	.columns = {
		{ "name", TEXT, "package name; gpg-pubkey is a key that rpm trusts" },
		{ "version", TEXT, "version" },
		{ "release", TEXT, "release" },
		{ "epoch", INT, "epoch; NULL: none" },
		{ "arch", TEXT, "architecture; NULL: none (keys)" },
		{ "vendor", TEXT, "vendor; NULL: not said" },
		{ "packager", TEXT, "packager; NULL: not said" },
		{ "source", TEXT, "source package's file name; NULL: not said" },
		{ "package_group", TEXT, "group" },
		{ "size", INT, "bytes that it takes when installed" },
		{ "install_time", INT, "when it was installed, seconds since 1970" },
		{ "sha1", TEXT, "SHA-1 of the header; NULL: not kept" },
		{ "signed", INT, "1: the package bore a signature when it was installed (not checked again here)" },
	},
};
