/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What keeps the clock right: what the kernel says of it, and the servers that are configured.
 */
#include <sys/timex.h>

#include "base/buf.h"
#include "fact/tables/conf.h"

enum { DEPTH_MAX = 8, FILES_MAX = 256 };

struct time_source {
	const char *daemon;
	struct str server;
	int64_t synced;
	struct cell offset_ms;
	const char *kind;
	int64_t authenticated;
	struct str file;
	int64_t line;
};

struct sync {
	struct scan *scan;
	struct err *err;
	size_t files;
};

static int source_row(struct sync *sync, const struct time_source *source)
{
	return scan_row(sync->scan,
			ROW(source->daemon, source->synced, source->offset_ms, source->server, source->kind,
			    source->authenticated, source->file, source->line),
			sync->err);
}

static int kernel_clock(struct sync *sync)
{
	struct timex timex = { 0 };
	int state = adjtimex(&timex); /* no mode set: only asks, needs no privilege */
	if (state < 0) {
		scan_partial(sync->scan, NOTE("cannot read {}: {}", STR("adjtimex"), str_from(err_words(-errno))));
		return 0;
	}
	double offset = (double)timex.offset / (timex.status & STA_NANO ? 1e6 : 1e3);
	struct time_source source = {
		"kernel",          STR_NONE, state != TIME_ERROR && !(timex.status & STA_UNSYNC),
		cell_real(offset), "clock",  NONE,
		STR_NONE,          NONE
	};
	return source_row(sync, &source);
}

static bool has_word(struct str line, const char *word)
{
	while (line.n)
		if (str_is_nocase(str_word(&line), word))
			return true;
	return false;
}

static int server_file(struct sync *sync, const char *daemon, struct str path, int depth);

static int server_files(struct sync *sync, const char *daemon, struct strings files, int depth)
{
	for (size_t i = 0; i < files.n; i++) {
		int r = server_file(sync, daemon, files.p[i], depth);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Directories that chrony takes files from: every "*.conf" or "*.sources" there. */
static int server_directories(struct sync *sync, const char *daemon, struct str directories,
			      const char *ending, int depth)
{
	struct arena *arena = scan_arena(sync->scan);
	while (true) {
		struct str directory = str_word(&directories);
		if (!directory.n)
			return 0;
		struct strings files = scan_glob(sync->scan, arena_printf(arena, "%.*s/%s", STR_ARG(directory), ending));
		int r = server_files(sync, daemon, files, depth);
		if (r < 0)
			return r;
	}
}

/* One line of chrony.conf(5), ntp.conf(5), or OpenNTPD's ntpd.conf(5): all three say "server HOST …". */
static int server_line(struct sync *sync, const char *daemon, struct str line, struct str path,
		       int64_t number, int depth)
{
	static const struct {
		const char *word, *kind;
	} kinds[] = { { "server", "server" }, { "servers", "pool" }, { "pool", "pool" }, { "peer", "peer" },
		      { "refclock", "refclock" }, { "sensor", "refclock" } };
	struct str word = str_word(&line);
	if (str_is_nocase(word, "include") || str_is(word, "includefile"))
		return server_files(sync, daemon, scan_glob(sync->scan, str_trim(line)), depth + 1);
	if (str_is_nocase(word, "confdir"))
		return server_directories(sync, daemon, line, "*.conf", depth + 1);
	if (str_is_nocase(word, "sourcedir"))
		return server_directories(sync, daemon, line, "*.sources", depth + 1);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!str_is_nocase(word, kinds[i].word))
			continue;
		struct str server = str_word(&line);
		while (str_starts(server, "-")) /* ntp.conf: -4, -6 */
			server = str_word(&line);
		if (!server.n) {
			conf_bad_line(sync->scan, path, number);
			return 0;
		}
		struct time_source source = {
			daemon,
			server,
			NONE,
			{ 0 },
			kinds[i].kind,
			has_word(line, "nts") || has_word(line, "key") || has_word(line, "autokey"),
			path,
			number
		};
		/* ntpd takes a local clock as a server with such an address */
		if (str_starts(server, "127.127."))
			source.kind = "refclock";
		return source_row(sync, &source);
	}
	return 0;
}

static int server_file(struct sync *sync, const char *daemon, struct str path, int depth)
{
	struct str text, line;
	if (depth > DEPTH_MAX || ++sync->files > FILES_MAX) {
		scan_partial(sync->scan, NOTE("{}: too many includes", path));
		return 0;
	}
	if (scan_file(sync->scan, path.p, &text) < 0)
		return 0;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		if (conf_is_comment(line, "#!;%"))
			continue;
		int r = server_line(sync, daemon, line, path, lines.number, depth);
		if (r < 0)
			return r;
	}
	return 0;
}

/* timesyncd: NTP=, or FallbackNTP= when there is none. Each assignment adds; an empty one begins anew. */
static int timesyncd_servers(struct sync *sync, const struct conf_settings *settings, const char *key,
			     const char *kind)
{
	size_t from = 0;
	for (size_t i = 0; i < settings->n; i++)
		if (str_is(settings->p[i].key, key) && !settings->p[i].value.n)
			from = i + 1;
	for (size_t i = from; i < settings->n; i++) {
		const struct conf_setting *setting = &settings->p[i];
		if (!str_is(setting->section, "Time") || !str_is(setting->key, key))
			continue;
		for (struct str rest = setting->value; rest.n;) {
			struct time_source source = {
				"systemd-timesyncd", str_word(&rest), NONE, { 0 }, kind, 0,
				setting->file,       setting->line
			};
			int r = source.server.n ? source_row(sync, &source) : 0;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int timesyncd(struct sync *sync)
{
	struct conf_settings settings = { 0 };
	struct stat st;
	const struct root *root = scan_root(sync->scan);
	if (root_stat(root, "usr/lib/systemd/systemd-timesyncd", true, &st) < 0 &&
	    root_stat(root, "lib/systemd/systemd-timesyncd", true, &st) < 0)
		return 0;
	conf_systemd(sync->scan, "timesyncd.conf", &settings);
	int r = timesyncd_servers(sync, &settings, "NTP", "server");
	if (r == 0)
		r = timesyncd_servers(sync, &settings, "FallbackNTP", "fallback");
	/* It touches this file whenever it has set the clock. */
	if (r < 0 || root_stat(root, "run/systemd/timesync/synchronized", false, &st) < 0)
		return r;
	struct time_source source = { "systemd-timesyncd", STR_NONE, 1, { 0 }, "state", NONE,
		                 STR("/run/systemd/timesync/synchronized"), NONE };
	return source_row(sync, &source);
}

static int ptp(struct sync *sync)
{
	static const char *const paths[] = { "/etc/linuxptp/ptp4l.conf", "/etc/ptp4l.conf",
					     "/etc/linuxptp/timemaster.conf", "/etc/timemaster.conf" };
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct stat st;
		if (root_stat(scan_root(sync->scan), paths[i], true, &st) < 0)
			continue;
		struct time_source source = { "ptp4l", STR_NONE, NONE, { 0 }, "ptp", NONE, str_from(paths[i]), NONE };
		if (str_find(source.file, "timemaster") >= 0)
			source.daemon = "timemaster";
		int r = source_row(sync, &source);
		if (r < 0)
			return r;
	}
	return 0;
}

static int time_sync_scan(struct scan *scan, struct err *err)
{
	static const struct {
		const char *daemon, *path;
	} files[] = { { "chronyd", "/etc/chrony/chrony.conf" },
		      { "chronyd", "/etc/chrony.conf" },
		      { "ntpd", "/etc/ntpsec/ntp.conf" },
		      { "ntpd", "/etc/ntp.conf" },
		      { "openntpd", "/etc/openntpd/ntpd.conf" } };
	struct sync sync = { .scan = scan, .err = err };
	int r = 0;
	if (scan_is_live(scan))
		r = kernel_clock(&sync);
	else
		scan_partial(scan, NOTE("{} can only be seen on the running system", STR("adjtimex")));
	for (size_t i = 0; r == 0 && i < COUNT(files); i++)
		r = server_file(&sync, files[i].daemon, str_from(files[i].path), 0);
	if (r == 0)
		r = timesyncd(&sync);
	return r < 0 ? r : ptp(&sync);
}

const struct table table_time_sync = {
	.name = "time_sync",
	.doc = "Whether the clock is kept right, as the kernel says, and by which servers, as configured",
	.sources = { "etc/chrony/chrony.conf", "etc/ntp.conf", "etc/ntpsec/ntp.conf", "etc/openntpd/ntpd.conf",
	             "etc/systemd/timesyncd.conf", "system call: adjtimex" },
	.scan = time_sync_scan,
	.columns = {
		{ "daemon", TEXT, "kernel (the state of the clock), chronyd, ntpd, openntpd, "
		                  "systemd-timesyncd, ptp4l, timemaster" },
		{ "synced", INT, "1: the clock is synchronised; NULL: this row is a setting" },
		{ "offset_ms", REAL, "what the kernel still has to correct, milliseconds; NULL: "
		                     "this row is a setting" },
		{ "server", TEXT, "server or pool; NULL: this row is a state, or a device" },
		{ "kind", TEXT, "clock, server, pool, peer, refclock, fallback (only when "
		                "there is no other), ptp or state" },
		{ "authenticated", INT, "1: its answers are authenticated (NTS or a key); NULL: not a server" },
		{ "file", TEXT, "where it is configured; NULL: the kernel" },
		{ "line", INT, "line in the file; NULL: no line" },
	},
};
