/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Mandatory access control: AppArmor's profiles and SELinux's state.
 */
#include "fact/tables/conf.h"

/* The whole of a small kernel file, trimmed; STR_NONE when it is missing or not readable (then said). */
static struct str value_of(struct scan *scan, const char *path)
{
	struct str text;
	return scan_file(scan, path, &text) < 0 ? STR_NONE : str_trim(text);
}

static bool is_there(struct scan *scan, const char *path)
{
	struct stat st;
	return root_stat(scan_root(scan), path, true, &st) == 0;
}

static int apparmor_scan(struct scan *scan, struct err *err)
{
	static const char profiles[] = "sys/kernel/security/apparmor/profiles";
	struct str text, line;
	struct str enabled = value_of(scan, "sys/module/apparmor/parameters/enabled");
	if (!is_there(scan, "sys/module"))
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("sys/module"), str_from(err_words(-ENOENT))));
	if (!str_is(enabled, "Y") && (enabled.p || !is_there(scan, "sys/module/apparmor")))
		return 0; /* not in this kernel, or switched off: no profile is in force */
	int r = scan_file(scan, profiles, &text);
	if (r == -ENOENT)
		return scan_unavailable(scan, NOTE("{} is not mounted", STR("securityfs")));
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", str_from(profiles), str_from(err_words(r))));
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		/* "name (mode)": a name may itself hold spaces and brackets */
		ptrdiff_t at = str_find_char_last(line, '(');
		if (at < 2 || !str_ends(line, ")")) {
			if (line.n)
				conf_bad_line(scan, str_from(profiles), lines.number);
			continue;
		}
		r = scan_row(
		    scan,
		    ROW(str_slice(line, 0, (size_t)at - 1), str_slice(line, (size_t)at + 1, line.n - 1)),
		    err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_apparmor = {
	.name = "apparmor",
	.doc = "AppArmor profiles that the kernel has loaded; no rows where AppArmor is off",
	.sources = { "sys/kernel/security/apparmor/profiles", "sys/module/apparmor/parameters/enabled" },
	.scan = apparmor_scan,
	.columns = {
		{ "profile", TEXT, "name of the profile" },
		{ "mode", TEXT, "enforce, complain, kill, unconfined, prompt" },
	},
};

static int setting(struct scan *scan, const char *scope, struct str key, struct str value, struct err *err)
{
	return value.p ? scan_row(scan, ROW(scope, key, value), err) : 0;
}

static int selinux_running(struct scan *scan, struct err *err)
{
	static const char *const files[] = { "policyvers", "deny_unknown", "reject_unknown", "mls", "checkreqprot" };
	if (!is_there(scan, "sys/fs/selinux/enforce")) {
		if (!is_there(scan, "sys/kernel")) {
			scan_partial(scan, NOTE("cannot read {}: {}", STR("sys/fs/selinux"), str_from(err_words(-ENOENT))));
			return 0;
		}
		return setting(scan, "running", STR("mode"), STR("disabled"), err);
	}
	struct str enforce = value_of(scan, "sys/fs/selinux/enforce");
	struct str mode = str_is(enforce, "1")   ? STR("enforcing")
			  : str_is(enforce, "0") ? STR("permissive")
						 : STR_NONE;
	int r = setting(scan, "running", STR("mode"), mode, err);
	for (size_t i = 0; r == 0 && i < COUNT(files); i++) {
		struct str path = arena_printf(scan_arena(scan), "sys/fs/selinux/%s", files[i]);
		r = setting(scan, "running", str_from(files[i]), value_of(scan, path.p), err);
	}
	struct strings booleans = scan_list(scan, "sys/fs/selinux/booleans");
	for (size_t i = 0; r == 0 && i < booleans.n; i++) {
		/* "1 1": now, and once pending changes are committed */
		struct str path = arena_printf(scan_arena(scan), "sys/fs/selinux/booleans/%.*s", STR_ARG(booleans.p[i]));
		struct str value = value_of(scan, path.p);
		if (value.p)
			r = scan_row(scan, ROW("boolean", booleans.p[i], str_word(&value)), err);
	}
	return r;
}

static struct str lower(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		out[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i];
	return (struct str){ out, text.n };
}

static int selinux_scan(struct scan *scan, struct err *err)
{
	struct str text, line, key, value;
	int r = selinux_running(scan, err);
	if (r < 0 || scan_file(scan, "etc/selinux/config", &text) < 0)
		return r;
	struct conf_lines lines = { .rest = text };
	while (r == 0 && conf_line(&lines, &line)) {
		if (conf_is_comment(line, "#"))
			continue;
		if (!conf_pair(line, &key, &value)) {
			conf_bad_line(scan, STR("/etc/selinux/config"), lines.number);
			continue;
		}
		key = lower(scan_arena(scan), key);
		if (str_is(key, "selinux"))
			r = setting(scan, "configured", STR("mode"), lower(scan_arena(scan), value), err);
		else if (str_is(key, "selinuxtype"))
			r = setting(scan, "configured", STR("type"), value, err);
		else
			r = setting(scan, "configured", key, value, err);
	}
	return r;
}

const struct table table_selinux = {
	.name = "selinux",
	.doc = "SELinux: the running state, its booleans, and the configuration",
	.sources = { "etc/selinux/config", "sys/fs/selinux/enforce", "sys/fs/selinux/policyvers" },
	.scan = selinux_scan,
	.columns = {
		{ "scope", TEXT, "running, boolean, or configured" },
		{ "key", TEXT, "mode, type, policyvers, mls …, or the name of a boolean" },
		{ "value", TEXT, "mode: enforcing, permissive, disabled; of a boolean 1 or 0" },
	},
};
