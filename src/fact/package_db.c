/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/package_db.h"

const char *const package_db_rpm_dirs[] = { "var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", NULL };

static bool is_there(struct scan *scan, const char *path)
{
	struct stat st;
	return root_stat(scan_root(scan), path, true, &st) == 0;
}

unsigned package_db_found(struct scan *scan)
{
	static const char *const files[] = { "rpmdb.sqlite", "Packages.db", "Packages" };
	unsigned found = 0;
	if (is_there(scan, "var/lib/dpkg/status") || is_there(scan, "var/lib/dpkg/status.d"))
		found |= PACKAGE_DB_DEB;
	for (size_t i = 0; package_db_rpm_dirs[i]; i++)
		for (size_t j = 0; j < COUNT(files); j++) {
			struct str path = arena_printf(scan_arena(scan), "%s/%s", package_db_rpm_dirs[i], files[j]);
			if (is_there(scan, path.p))
				found |= PACKAGE_DB_RPM;
		}
	return found;
}

static unsigned expected_of(struct str word)
{
	static const char *const deb[] = { "debian", "ubuntu", "uos", "deepin", "kali", "linuxmint", "raspbian" };
	static const char *const rpm[] = { "rhel", "fedora", "centos", "rocky", "almalinux", "openEuler",
		                           "openeuler", "anolis", "suse", "sles", "opensuse", "opensuse-leap",
		                           "ol", "amzn", "tencentos", "opencloudos" };
	for (size_t i = 0; i < COUNT(deb); i++)
		if (str_is(word, deb[i]))
			return PACKAGE_DB_DEB;
	for (size_t i = 0; i < COUNT(rpm); i++)
		if (str_is(word, rpm[i]))
			return PACKAGE_DB_RPM;
	return 0;
}

unsigned package_db_expected(struct scan *scan)
{
	struct str rest, line;
	unsigned expected = 0;
	if (scan_file(scan, "etc/os-release", &rest) < 0 && scan_file(scan, "usr/lib/os-release", &rest) < 0)
		return 0;
	while (!expected && str_line(&rest, &line)) {
		struct str value = line, key = str_cut(&value, '=');
		if (!str_is(key, "ID") && !str_is(key, "ID_LIKE"))
			continue;
		value = str_trim(value);
		if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\''))
			value = str_slice(value, 1, value.n - 1);
		/* UOS comes as a Debian and as an RPM system under the same ID: the databases decide there. */
		for (struct str word = str_word(&value); word.n && !expected; word = str_word(&value))
			expected = str_is(word, "uos") ? 0 : expected_of(word);
	}
	return expected;
}

int package_db_absent(struct scan *scan, enum package_db kind)
{
	unsigned found = package_db_found(scan) & ~(unsigned)kind;
	if (package_db_expected(scan) == (unsigned)kind || !found)
		return scan_unavailable(scan, NOTE("no package database found"));
	return 0;
}
