/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Where log messages go: rsyslog, syslog-ng, systemd-journal-upload.
 */
#include "fact/tables/syslog.h"

int syslog_target_row(struct scan *scan, const struct syslog_target *target, struct err *err)
{
	return scan_row(scan,
			ROW(target->daemon, target->facility, target->action, target->host, target->port,
			    target->proto, target->tls, target->file, target->line),
			err);
}

/* "https://host:19532" → host and port */
static struct syslog_target url_target(const struct conf_setting *setting)
{
	struct syslog_target target = { .daemon = "systemd-journal-upload",
					.facility = STR("*.*"),
					.action = setting->value,
					.port = 19532,
					.proto = "https",
					.tls = 1,
					.file = setting->file,
					.line = setting->line };
	struct str rest = setting->value;
	ptrdiff_t scheme = str_find(rest, "://");
	if (str_starts(rest, "http:")) {
		target.proto = "http";
		target.tls = 0;
	}
	if (scheme >= 0)
		rest = str_slice(rest, (size_t)scheme + 3, rest.n);
	rest = str_cut(&rest, '/');
	ptrdiff_t bracket = str_find_char_last(rest, ']'), colon = str_find_char_last(rest, ':');
	if (colon > bracket) {
		target.port = str_int_or(str_slice(rest, (size_t)colon + 1, rest.n), NONE);
		rest = str_slice(rest, 0, (size_t)colon);
	}
	if (str_starts(rest, "[") && str_ends(rest, "]"))
		rest = str_slice(rest, 1, rest.n - 1);
	target.host = rest;
	return target;
}

static int journal_upload(struct scan *scan, struct err *err)
{
	struct conf_settings settings = { 0 };
	conf_systemd(scan, "journal-upload.conf", &settings);
	for (size_t i = settings.n; i-- > 0;) {
		if (!str_is(settings.p[i].section, "Upload") || !str_is(settings.p[i].key, "URL"))
			continue;
		if (!settings.p[i].value.n)
			return 0;
		struct syslog_target target = url_target(&settings.p[i]);
		return syslog_target_row(scan, &target, err);
	}
	return 0;
}

static int syslog_targets_scan(struct scan *scan, struct err *err)
{
	int r = syslog_rsyslog(scan, err);
	if (r == 0)
		r = syslog_ng(scan, err);
	return r < 0 ? r : journal_upload(scan, err);
}

const struct table table_syslog_targets = {
	.name = "syslog_targets",
	.doc = "Where the log daemons are told to send messages: files, users, other hosts",
	.sources = { "etc/rsyslog.conf", "etc/rsyslog.d/*.conf", "etc/syslog-ng/syslog-ng.conf",
	             "etc/syslog-ng/conf.d/*.conf",
	             "etc/systemd/journal-upload.conf" },
	.scan = syslog_targets_scan,
	.columns = {
		{ "daemon", TEXT, "rsyslog, syslog-ng or systemd-journal-upload" },
		{ "facility", TEXT, "which messages: selector (auth,authpriv.*), condition, or "
		                    "names of filters" },
		{ "action", TEXT, "the file, or the kind of action (omfwd, omrelp, tcp …)" },
		{ "host", TEXT, "the other host; NULL: not sent to another host" },
		{ "port", INT, "its port; NULL: none" },
		{ "proto", TEXT, "udp, tcp, relp, http, https; NULL: not over the network" },
		{ "tls", INT, "1: encrypted; NULL: not over the network" },
		{ "file", TEXT, "where this is configured" },
		{ "line", INT, "line in the file" },
	},
};
