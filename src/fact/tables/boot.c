/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * How the machine starts: the boot loaders' configurations, and the TPM that measures it.
 */
#include "base/buf.h"
#include "fact/tables/conf.h"

struct boot {
	const char *loader;
	struct str path, params;
	struct stat st;
	int64_t password;
};

static int boot_row(struct scan *scan, const struct boot *boot, struct err *err)
{
	return scan_row(scan,
			ROW(boot->loader, boot->path, boot->st.st_mode & 07777,
			    scan_owner(scan, boot->st.st_uid, "uid"), scan_owner(scan, boot->st.st_gid, "gid"), boot->password, boot->params),
			err);
}

/* Sets *there when the file is a file, though perhaps not a readable one. */
static int boot_file(struct scan *scan, struct boot *boot, struct str *text, bool *there)
{
	int r = root_stat(scan_root(scan), boot->path.p, true, &boot->st);
	*there = r == 0 && S_ISREG(boot->st.st_mode);
	*text = STR("");
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		scan_partial(scan, NOTE("cannot read {}: {}", boot->path, str_from(err_words(r))));
	return *there ? scan_file(scan, boot->path.p, text) : r;
}

/* A user who is a superuser and has a password: without both the menu can be edited by anyone. A
 * "password" line may hold the password itself; only that there is one is told. */
static int64_t grub_password(struct str text)
{
	struct str line;
	bool superusers = false, password = false;
	while (str_line(&text, &line)) {
		struct str word = str_word(&line);
		superusers |= str_is(word, "set") && str_starts(str_trim(line), "superusers=");
		/* Red Hat's template is there in any case; it counts when user.cfg gives the variable a value. */
		if (str_is(word, "password") || str_is(word, "password_pbkdf2"))
			password |= str_find(line, "GRUB2_PASSWORD") < 0;
	}
	return superusers && password;
}

/* The kernel's parameters of the first entry: what follows the image on a "linux" line. */
static struct str grub_params(struct str text)
{
	struct str line;
	while (str_line(&text, &line)) {
		struct str word = str_word(&line);
		if (!str_is(word, "linux") && !str_is(word, "linux16") && !str_is(word, "linuxefi"))
			continue;
		str_word(&line);
		return str_trim(line);
	}
	return STR_NONE;
}

/* Red Hat and openEuler keep the hash apart: GRUB2_PASSWORD=… in user.cfg beside grub.cfg. */
static bool user_cfg(struct scan *scan, struct str path)
{
	struct str text, line;
	ptrdiff_t slash = str_find_char_last(path, '/');
	struct str other = arena_printf(scan_arena(scan), "%.*s/user.cfg", (int)slash, path.p);
	if (scan_file(scan, other.p, &text) < 0)
		return false;
	while (str_line(&text, &line))
		if (str_starts(line, "GRUB2_PASSWORD=") && line.n > 15)
			return true;
	return false;
}

static int grub_scan(struct scan *scan, struct str path, struct err *err)
{
	struct boot boot = { .loader = "grub", .path = path, .password = NONE };
	struct str text;
	bool there;
	int r = boot_file(scan, &boot, &text, &there);
	if (!there)
		return 0;
	if (r == 0) {
		boot.password = grub_password(text);
		boot.params = grub_params(text);
		if (!boot.params.p && str_find(text, "configfile") >= 0)
			boot.password = NONE; /* this one only leads to another */
		else if (!boot.password && str_find(text, "GRUB2_PASSWORD") >= 0)
			boot.password = user_cfg(scan, path);
	}
	return boot_row(scan, &boot, err);
}

/* systemd-boot has no password; "editor no" forbids to change what is started. */
static int systemd_boot_scan(struct scan *scan, const char *top, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct boot boot = { .loader = "systemd-boot",
			     .path = arena_printf(arena, "%s/loader/loader.conf", top),
			     .password = 0 };
	struct str text, line;
	bool there;
	int r = boot_file(scan, &boot, &text, &there);
	if (!there)
		return 0;
	if (r < 0)
		boot.password = NONE;
	while (str_line(&text, &line)) {
		struct str key = str_word(&line), value = str_trim(line);
		if (str_is(key, "editor"))
			boot.password = str_is(value, "no") || str_is(value, "0") || str_is(value, "false") ||
					str_is(value, "off");
	}
	struct strings entries = scan_glob(scan, arena_printf(arena, "%s/loader/entries/*.conf", top));
	for (size_t i = 0; i < entries.n && !boot.params.p; i++) {
		if (scan_file(scan, entries.p[i].p, &text) < 0)
			continue;
		while (str_line(&text, &line))
			if (str_is(str_word(&line), "options"))
				boot.params = str_trim(line);
	}
	return boot_row(scan, &boot, err);
}

static int boot_scan(struct scan *scan, struct err *err)
{
	static const char *const tops[] = { "/boot", "/boot/efi", "/efi" };
	struct strings vendors = scan_glob(scan, STR("boot/efi/EFI/*/grub.cfg"));
	int r = grub_scan(scan, STR("/boot/grub/grub.cfg"), err);
	if (r == 0)
		r = grub_scan(scan, STR("/boot/grub2/grub.cfg"), err);
	for (size_t i = 0; r == 0 && i < vendors.n; i++)
		r = grub_scan(scan, vendors.p[i], err);
	for (size_t i = 0; r == 0 && i < COUNT(tops); i++)
		r = systemd_boot_scan(scan, tops[i], err);
	return r;
}

const struct table table_boot = {
	.name = "boot",
	.doc = "Configurations of boot loaders; no rows where none is found (a container, or another loader)",
	.sources = { "boot/grub/grub.cfg", "boot/grub2/grub.cfg", "boot/grub2/user.cfg", "boot/loader/loader.conf",
	             "boot/loader/entries/*.conf" },
	.scan = boot_scan,
	.columns = {
		{ "loader", TEXT, "grub or systemd-boot" },
		{ "path", TEXT, "its configuration" },
		{ "cfg_mode", INT, "permission bits of that file" },
		{ "cfg_uid", INT, "its owner" },
		{ "cfg_gid", INT, "its group" },
		{ "password", INT, "1: what is started cannot be changed without a password (systemd-boot: not at all); "
		                   "NULL: not readable, or it only leads to another one" },
		{ "params", TEXT, "parameters of the first entry's kernel; NULL: none found" },
	},
};

static int tpm_scan(struct scan *scan, struct err *err)
{
	struct stat st;
	struct str version;
	const struct root *root = scan_root(scan);
	int r = root_stat(root, "sys/class", true, &st);
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("sys/class"), str_from(err_words(r))));
	bool present = root_stat(root, "sys/class/tpm/tpm0", true, &st) == 0;
	struct str name = STR_NONE;
	if (present && scan_file(scan, "sys/class/tpm/tpm0/tpm_version_major", &version) == 0)
		name = str_is(str_trim(version), "2") ? STR("2.0") : str_is(str_trim(version), "1") ? STR("1.2") : STR_NONE;
	else if (present && root_stat(root, "sys/class/tpm/tpm0/device/caps", true, &st) == 0)
		name = STR("1.2"); /* kernels before 5.6 have this file for TPM 1.2 only */
	int64_t measured = present ? NONE : 0, ima = NONE;
	if (scan_list(scan, "sys/kernel/security").n == 0) {
		scan_partial(scan, NOTE("{} is not mounted", STR("securityfs")));
	} else {
		if (present)
			measured = root_stat(root, "sys/kernel/security/tpm0/binary_bios_measurements", true, &st) == 0;
		ima = root_stat(root, "sys/kernel/security/ima/ascii_runtime_measurements", true, &st) == 0;
	}
	return scan_row(scan, ROW(present, name, measured, ima), err);
}

const struct table table_tpm = {
	.name = "tpm",
	.doc = "The trusted platform module, and whether the start is measured: one row",
	.sources = { "sys/class/tpm/tpm0/tpm_version_major", "sys/kernel/security/tpm0/binary_bios_measurements",
	             "sys/kernel/security/ima/ascii_runtime_measurements" },
	.scan = tpm_scan,
	.columns = {
		{ "present", INT, "1: the kernel has found one" },
		{ "version", TEXT, "2.0 or 1.2; NULL: none, or not known" },
		{ "measured_boot", INT, "1: the firmware has left a log of what it measured; NULL: not known" },
		{ "ima", INT, "1: the kernel's integrity measurement (IMA) is there; NULL: not known" },
	},
};
