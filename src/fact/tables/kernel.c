/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The running kernel, its modules, and what modprobe is told about them.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

static struct str one_line(struct scan *scan, const char *path, int *r)
{
	struct str text = STR_NONE;
	*r = scan_file(scan, path, &text);
	return *r < 0 ? STR_NONE : str_trim(text);
}

/* "none [integrity] confidentiality": the one in brackets. */
static struct str lockdown(struct scan *scan)
{
	int r;
	struct str text = one_line(scan, "sys/kernel/security/lockdown", &r);
	if (r == -ENOENT && scan_list(scan, "sys/kernel/security").n == 0) {
		scan_partial(scan, NOTE("{} is not mounted", STR("securityfs")));
		return STR_NONE;
	}
	if (r == -ENOENT)
		return STR("unsupported");
	ptrdiff_t from = str_find_char(text, '['), to = str_find_char(text, ']');
	return from >= 0 && to > from ? str_slice(text, (size_t)from + 1, (size_t)to) : STR_NONE;
}

/* The UEFI variable SecureBoot: four bytes of attributes, then 1 or 0 (UEFI specification 3.3). */
static int64_t secure_boot(struct scan *scan)
{
	static const char variable[] = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	struct stat st;
	struct str text;
	if (root_stat(scan_root(scan), "sys/firmware/efi", false, &st) < 0)
		return scan_list(scan, "sys/firmware").n ? 0 : NONE;
	int r = scan_file(scan, variable, &text);
	if (r == -ENOENT)
		scan_partial(scan, NOTE("cannot read {}: {}", str_from(variable), str_from(err_words(r))));
	return r == 0 && text.n >= 5 ? text.p[4] == 1 : NONE;
}

static int kernel_scan(struct scan *scan, struct err *err)
{
	struct str version;
	int r = scan_source(scan, "proc/sys/kernel/osrelease", &version, err);
	if (r < 0)
		return r;
	struct str cmdline = one_line(scan, "proc/cmdline", &r);
	struct str taint = one_line(scan, "proc/sys/kernel/tainted", &r);
	struct str enforce = one_line(scan, "sys/module/module/parameters/sig_enforce", &r);
	return scan_row(scan,
			ROW(str_trim(version), cmdline, str_int_or(taint, NONE), lockdown(scan),
			    secure_boot(scan), enforce.n ? (int64_t)str_is(enforce, "Y") : NONE),
			err);
}

const struct table table_kernel = {
	.name = "kernel",
	.doc = "The running kernel: one row",
	.sources = { "proc/sys/kernel/osrelease", "proc/cmdline", "proc/sys/kernel/tainted",
	             "sys/kernel/security/lockdown",
	             "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c" },
	.scan = kernel_scan,
	.columns = {
		{ "version", TEXT, "release, as uname -r says" },
		{ "cmdline", TEXT, "command line it was started with; NULL: not readable" },
		{ "taint", INT, "bits of Documentation/admin-guide/tainted-kernels; 0: not "
		                "tainted; NULL: not readable" },
		{ "lockdown", TEXT, "none, integrity, confidentiality, or unsupported by this "
		                    "kernel; NULL: not known" },
		{ "secureboot", INT, "1: UEFI Secure Boot is in force; 0: it is not; NULL: not known" },
		{ "sig_enforce", INT, "1: only signed modules are loaded; NULL: not known, or "
		                      "modules cannot be signed" },
	},
};

static int kernel_modules_scan(struct scan *scan, struct err *err)
{
	struct str text, line;
	struct stat st;
	int r = scan_file(scan, "proc/modules", &text);
	if (r == -ENOENT && root_stat(scan_root(scan), "proc/sys/kernel/osrelease", false, &st) == 0)
		return 0; /* this kernel cannot load modules */
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("proc/modules"), str_from(err_words(r))));
	bool can_sign = root_stat(scan_root(scan), "sys/module/module/parameters/sig_enforce", false, &st) == 0;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct str name = str_word(&line), size = str_word(&line), refs = str_word(&line);
		struct str used_by = str_word(&line), status = str_word(&line);
		str_word(&line); /* address */
		struct str taint = str_word(&line);
		if (!status.n) {
			conf_bad_line(scan, STR("proc/modules"), lines.number);
			continue;
		}
		if (str_ends(used_by, ","))
			used_by.n--;
		if (str_starts(taint, "("))
			taint = str_slice(taint, 1, taint.n - 1);
		int64_t is_signed = str_find_char(taint, 'E') >= 0 ? 0 : can_sign ? 1 : NONE;
		r = scan_row(scan, ROW(name, str_int_or(size, NONE), str_int_or(refs, NONE),
		                       str_is(used_by, "-") ? STR("") : used_by, status, taint.p ? taint : STR(""),
		                       is_signed), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_kernel_modules = {
	.name = "kernel_modules",
	.doc = "Kernel modules that are loaded",
	.sources = { "proc/modules" },
	.scan = kernel_modules_scan,
	.columns = {
		{ "name", TEXT, "name of the module" },
		{ "size", INT, "memory it takes, bytes" },
		{ "refs", INT, "number of users; NULL: it cannot be unloaded" },
		{ "used_by", TEXT, "modules that use it, by comma" },
		{ "status", TEXT, "Live, Loading or Unloading" },
		{ "taint", TEXT, "letters of what it taints: P proprietary, O out of tree, E "
		                 "unsigned …; empty: nothing" },
		{ "signed", INT, "0: no valid signature; NULL: this kernel does not check signatures" },
	},
};

struct modprobe_row {
	struct str name, directive, args, file;
	int64_t line;
};

static int modprobe_emit(struct scan *scan, struct modprobe_row row, struct err *err)
{
	/* The kernel does not tell '-' from '_' in module names; within [a-z] of a pattern it is a range. */
	char *name = arena_bytes(scan_arena(scan), row.name.n + 1);
	bool inside = false;
	for (size_t i = 0; i < row.name.n; i++) {
		inside = row.name.p[i] == '[' || (inside && row.name.p[i] != ']');
		name[i] = row.name.p[i] == '-' && !inside ? '_' : row.name.p[i];
	}
	return scan_row(
	    scan, ROW(((struct str){ name, row.name.n }), row.directive, row.args, row.file, row.line), err);
}

static int modprobe_file(struct scan *scan, struct str path, struct err *err)
{
	static const char *const directives[] = { "alias",  "blacklist", "install", "options",
						  "remove", "softdep",   "weakdep" };
	struct str text, line;
	if (scan_file(scan, path.p, &text) < 0)
		return 0;
	struct conf_lines lines = { .rest = text, .arena = scan_arena(scan) };
	while (conf_line(&lines, &line)) {
		if (conf_is_comment(line, "#"))
			continue;
		struct modprobe_row row = { .directive = str_word(&line), .file = path, .line = lines.number };
		bool known = false;
		for (size_t i = 0; i < COUNT(directives); i++)
			known |= str_is(row.directive, directives[i]);
		row.name = str_word(&line);
		row.args = str_trim(line);
		if (!known || !row.name.n) {
			conf_bad_line(scan, path, lines.number);
			continue;
		}
		int r = modprobe_emit(scan, row, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* modprobe.blacklist= and module_blacklist= of the kernel's command line. */
static int modprobe_cmdline(struct scan *scan, struct err *err)
{
	struct str text;
	if (scan_file(scan, "proc/cmdline", &text) < 0)
		return 0;
	while (text.n) {
		struct str value = str_word(&text);
		struct str key = str_cut(&value, '=');
		if (!str_is(key, "modprobe.blacklist") && !str_is(key, "module_blacklist"))
			continue;
		while (value.p) {
			struct modprobe_row row = { str_cut(&value, ','), STR("blacklist"), STR(""), STR("/proc/cmdline"), 1 };
			int r = row.name.n ? modprobe_emit(scan, row, err) : 0;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int modprobe_scan(struct scan *scan, struct err *err)
{
	static const char *const directories[] = { "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d",
		                                   "usr/lib/modprobe.d", "lib/modprobe.d", NULL };
	struct strings files = conf_files(scan, directories, ".conf");
	for (size_t i = 0; i < files.n; i++) {
		int r = modprobe_file(scan, files.p[i], err);
		if (r < 0)
			return r;
	}
	return modprobe_cmdline(scan, err);
}

const struct table table_modprobe = {
	.name = "modprobe",
	.doc = "What modprobe.d says about kernel modules; files that others hide are left out",
	.sources = { "etc/modprobe.d/*.conf", "usr/lib/modprobe.d/*.conf", "proc/cmdline" },
	.scan = modprobe_scan,
	.columns = {
		{ "name", TEXT, "module, or pattern of an alias, with _ for -" },
		{ "directive", TEXT, "alias, blacklist, install, options, remove, softdep or weakdep" },
		{ "args", TEXT, "what follows: the command, the options, the module of an "
		                "alias; may be empty" },
		{ "file", TEXT, "where it stands; /proc/cmdline for the kernel's command line" },
		{ "line", INT, "line in the file" },
	},
};
