/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Settings of systemd-journald: the main file, the drop-ins in their order, and the defaults.
 */
#include "fact/tables/conf.h"

/* journald.conf(5), systemd 252. NULL: the distribution or the amount of disk decides. */
static const struct {
	const char *key, *value;
} defaults[] = {
	{ "Storage", "auto" },           { "Compress", "yes" },        { "Seal", "yes" },
	{ "SplitMode", "uid" },          { "SyncIntervalSec", "5m" },  { "RateLimitIntervalSec", "30s" },
	{ "RateLimitBurst", "10000" },   { "SystemMaxUse", NULL },     { "SystemKeepFree", NULL },
	{ "SystemMaxFileSize", NULL },   { "SystemMaxFiles", "100" },  { "RuntimeMaxUse", NULL },
	{ "RuntimeKeepFree", NULL },     { "RuntimeMaxFileSize", NULL }, { "RuntimeMaxFiles", "100" },
	{ "MaxRetentionSec", "0" },      { "MaxFileSec", "1month" },   { "ForwardToSyslog", NULL },
	{ "ForwardToKMsg", "no" },       { "ForwardToConsole", "no" }, { "ForwardToWall", "yes" },
	{ "TTYPath", "/dev/console" },   { "MaxLevelStore", "debug" }, { "MaxLevelSyslog", "debug" },
	{ "MaxLevelKMsg", "notice" },    { "MaxLevelConsole", "info" }, { "MaxLevelWall", "emerg" },
	{ "LineMax", "48K" },            { "ReadKMsg", "yes" },        { "Audit", NULL },
};

/* The stock file shows the defaults the program was built with: "#ForwardToSyslog=yes". */
static struct str stock_default(struct str text, const char *key)
{
	struct str line, name, value;
	while (str_line(&text, &line))
		if (str_starts(line, "#") && conf_pair(str_slice(line, 1, line.n), &name, &value) &&
		    str_is(name, key) && value.n)
			return value;
	return STR_NONE;
}

static bool is_installed(struct scan *scan)
{
	static const char *const signs[] = { "usr/lib/systemd/systemd-journald", "lib/systemd/systemd-journald",
		                             "etc/systemd/journald.conf", "usr/lib/systemd/journald.conf" };
	struct stat st;
	for (size_t i = 0; i < COUNT(signs); i++)
		if (root_stat(scan_root(scan), signs[i], true, &st) == 0)
			return true;
	return false;
}

static const struct conf_setting *last_of(const struct conf_settings *settings, const char *key)
{
	for (size_t i = settings->n; i-- > 0;)
		if (str_is(settings->p[i].section, "Journal") && str_is(settings->p[i].key, key))
			return settings->p[i].value.n ? &settings->p[i] : NULL; /* empty: back to the default */
	return NULL;
}

static int journald_conf_scan(struct scan *scan, struct err *err)
{
	struct conf_settings settings = { 0 };
	struct str stock = STR_NONE;
	if (!is_installed(scan))
		return 0;
	conf_systemd(scan, "journald.conf", &settings);
	if (scan_file(scan, "etc/systemd/journald.conf", &stock) == -ENOENT)
		(void)!scan_file(scan, "usr/lib/systemd/journald.conf", &stock);
	for (size_t i = 0; i < COUNT(defaults); i++) {
		const struct conf_setting *set = last_of(&settings, defaults[i].key);
		struct str value = set ? set->value : stock_default(stock, defaults[i].key);
		if (!value.p)
			value = str_from(defaults[i].value);
		int r = scan_row(
		    scan,
		    ROW(defaults[i].key, value, set ? set->file : STR_NONE, set ? set->line : NONE, !set),
		    err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_journald_conf = {
	.name = "journald_conf",
	.doc = "Settings of systemd-journald in force, with its defaults; no rows where it is not installed",
	.sources = { "etc/systemd/journald.conf", "etc/systemd/journald.conf.d/*.conf",
	             "usr/lib/systemd/journald.conf.d/*.conf" },
	.scan = journald_conf_scan,
	.columns = {
		{ "key", TEXT, "name as in journald.conf(5)" },
		{ "value", TEXT, "value; NULL: a default that depends on the disk or the distribution" },
		{ "file", TEXT, "where it is set; NULL: a default" },
		{ "line", INT, "line in the file; NULL: a default" },
		{ "is_default", INT, "1: no file sets it" },
	},
};
