/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Who logged in, who failed to, who is logged in now: wtmp, btmp, lastlog, utmp, systemd's sessions.
 *
 * utmp(5): records of 384 bytes where times have 32 bits (x86-64 and 32-bit compatible machines), of 400
 * where they have 64. Only the newest RECORDS_MAX of a file are read; more make the coverage partial.
 * lastlog is a sparse file with the record of user number N at N * 292.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/map.h"
#include "base/vec.h"
#include "fact/tables/accounts.h"

enum {
	RECORDS_MAX = 20000,
	SIZE_32 = 384, SIZE_64 = 400,
	LINE_AT = 8, LINE_LEN = 32, USER_AT = 44, USER_LEN = 32, HOST_AT = 76, HOST_LEN = 256,
	TIME_32_AT = 340, TIME_64_AT = 344,
	LASTLOG_SIZE = 292, LASTLOG_LINE_AT = 4, LASTLOG_LINE_LEN = 32, LASTLOG_HOST_AT = 36, LASTLOG_HOST_LEN = 256,
};

enum record_type { RUN_LVL = 1, BOOT_TIME = 2, LOGIN_PROCESS = 6, USER_PROCESS = 7, DEAD_PROCESS = 8 };

struct record {
	int type;
	int64_t pid, time, end; /* end: NONE while it is not known */
	struct str line, user, host;
};

struct records {
	VEC(struct record) all;
};

static struct str fixed_text(struct arena *arena, const char *p, size_t most)
{
	return arena_str(arena, (struct str){ p, strnlen(p, most) });
}

static int64_t int_at(const char *p, size_t size)
{
	int32_t small;
	int64_t large;
	if (size == 2) {
		int16_t tiny;
		memcpy(&tiny, p, 2);
		return tiny;
	}
	if (size == 4) {
		memcpy(&small, p, 4);
		return small;
	}
	memcpy(&large, p, 8);
	return large;
}

/* Do the first records look like records of this size? */
static bool size_fits(struct str text, size_t size, size_t time_at, size_t time_size)
{
	if (text.n % size)
		return false;
	for (size_t at = 0; at < text.n && at < 8 * size; at += size) {
		int64_t type = int_at(text.p + at, 2), when = int_at(text.p + at + time_at, time_size);
		if (type < 0 || type > 9 || when < 0 || when > UINT32_MAX)
			return false;
	}
	return true;
}

static void parse_records(struct scan *scan, const char *path, struct str text, struct records *out)
{
	struct arena *arena = scan_arena(scan);
	bool small = size_fits(text, SIZE_32, TIME_32_AT, 4);
	if (!small && !size_fits(text, SIZE_64, TIME_64_AT, 8)) {
		scan_partial(scan, NOTE("{}: damaged, or of an unknown format", str_from(path)));
		small = true; /* what there is */
	}
	size_t size = small ? SIZE_32 : SIZE_64;
	for (size_t at = 0; at + size <= text.n; at += size) {
		const char *p = text.p + at;
		struct record record = {
			.type = (int)int_at(p, 2),
			.pid = int_at(p + 4, 4),
			.time = small ? int_at(p + TIME_32_AT, 4) & UINT32_MAX : int_at(p + TIME_64_AT, 8),
			.end = NONE,
			.line = fixed_text(arena, p + LINE_AT, LINE_LEN),
			.user = fixed_text(arena, p + USER_AT, USER_LEN),
			.host = fixed_text(arena, p + HOST_AT, HOST_LEN),
		};
		vec_push_in(arena, &out->all, record);
	}
}

/* The newest records of a file. 0; -ENOENT; another negative errno with the coverage degraded. */
static int read_records(struct scan *scan, const char *path, struct records *out)
{
	struct stat st;
	CLEANUP(fd_close_p) int fd = root_openat(scan_root(scan), path, O_RDONLY);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	int r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENXIO;
	if (r < 0) {
		scan_partial(scan, NOTE("cannot read {}: {}", str_from(path), str_from(err_words(r))));
		return r;
	}
	size_t size = st.st_size % SIZE_32 && st.st_size % SIZE_64 == 0 ? SIZE_64 : SIZE_32;
	size_t most = RECORDS_MAX * size, n = (size_t)st.st_size;
	if (n > most) {
		scan_partial(scan, NOTE("{}: only the newest {} records were read", str_from(path),
		                        arena_printf(scan_arena(scan), "%d", RECORDS_MAX)));
		n = most;
	}
	char *text = arena_bytes(scan_arena(scan), n + 1);
	ssize_t got = pread(fd, text, n, st.st_size - (off_t)n);
	if (got < 0) {
		r = -errno;
		scan_partial(scan, NOTE("cannot read {}: {}", str_from(path), str_from(err_words(r))));
		return r;
	}
	parse_records(scan, path, (struct str){ text, (size_t)got }, out);
	return 0;
}

/* When each login ended: at the next record of its terminal, at a shutdown or at the next start. */
static void find_ends(struct arena *arena, struct records *records)
{
	struct map open = { arena }; /* terminal -> struct record */
	size_t since = 0;
	for (size_t i = 0; i < records->all.n; i++) {
		struct record *record = &records->all.p[i];
		bool down = record->type == BOOT_TIME ||
		            (record->type == RUN_LVL && str_is(record->user, "shutdown"));
		if (down) {
			for (size_t k = since; k < i; k++)
				if (records->all.p[k].type == USER_PROCESS && records->all.p[k].end == NONE)
					records->all.p[k].end = record->time;
			since = i;
			open = (struct map){ arena };
		}
		if (record->type != USER_PROCESS && record->type != DEAD_PROCESS)
			continue;
		void **slot = map_put(&open, record->line);
		struct record *before = *slot;
		if (before && before->end == NONE)
			before->end = record->time;
		*slot = record->type == USER_PROCESS ? record : NULL;
	}
}

static const char *type_name(const struct record *record, bool failed)
{
	if (failed)
		return "failed";
	switch (record->type) {
	case USER_PROCESS:
		return "login";
	case BOOT_TIME:
		return "boot";
	case RUN_LVL:
		return str_is(record->user, "shutdown") ? "shutdown" : NULL;
	default:
		return NULL;
	}
}

static int login_rows(struct scan *scan, const char *path, bool failed, bool *any, struct err *err)
{
	struct records records = { 0 };
	int r = read_records(scan, path, &records);
	*any |= r == 0;
	if (r < 0)
		return 0;
	if (!failed)
		find_ends(scan_arena(scan), &records);
	for (size_t i = 0; i < records.all.n && r == 0; i++) {
		const struct record *record = &records.all.p[i];
		const char *name = type_name(record, failed);
		if (name)
			r = scan_row(scan, ROW(record->user, record->line, record->host, record->pid, record->type, name,
			                       record->time, record->end, failed ? "btmp" : "wtmp"), err);
	}
	return r;
}

static int logins_scan(struct scan *scan, struct err *err)
{
	bool wtmp = false, btmp = false;
	int r = login_rows(scan, "/var/log/wtmp", false, &wtmp, err);
	if (r == 0)
		r = login_rows(scan, "/var/log/btmp", true, &btmp, err);
	if (r < 0)
		return r;
	if (!wtmp && !btmp)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("/var/log/wtmp"),
		                                   str_from(err_words(-ENOENT))));
	if (!wtmp || !btmp)
		scan_partial(scan, NOTE("cannot read {}: {}", wtmp ? STR("/var/log/btmp") : STR("/var/log/wtmp"),
		                        str_from(err_words(-ENOENT))));
	return 0;
}

const struct table table_logins = {
	.name = "logins",
	.doc = "Logins, failed logins, starts and shutdowns, oldest first",
	.sources = { "var/log/wtmp", "var/log/btmp" },
	.scan = logins_scan,
	.columns = {
		{ "username", TEXT, "account; of a failed login the name that was tried" },
		{ "tty", TEXT, "terminal" },
		{ "host", TEXT, "where from; empty: this machine; of a start the kernel's version" },
		{ "pid", INT, "process number" },
		{ "type", INT, "type of the record, as in utmp(5)" },
		{ "type_name", TEXT, "login, failed, boot or shutdown" },
		{ "time", INT, "when, seconds since 1970" },
		{ "end_time", INT, "when the login ended, seconds since 1970; NULL: it did not, or that is not "
		                   "recorded" },
		{ "source", TEXT, "wtmp or btmp" },
	},
};

static int lastlog_scan(struct scan *scan, struct err *err)
{
	int r;
	struct arena *arena = scan_arena(scan);
	const struct rows *users = scan_table(scan, &table_users, &r);
	if (!users)
		return r;
	struct stat st;
	CLEANUP(fd_close_p) int fd = root_openat(scan_root(scan), "var/log/lastlog", O_RDONLY);
	r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENXIO;
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("/var/log/lastlog"),
		                                   str_from(err_words(r))));
	for (size_t i = 0; i < users->n && r == 0; i++) {
		const struct cell *user = rows_at(users, i);
		int64_t uid = cell_int_or(user[USERS_UID], NONE), when = NONE;
		struct str tty = STR_NONE, host = STR_NONE;
		char record[LASTLOG_SIZE];
		off_t at = (off_t)uid * LASTLOG_SIZE;
		if (uid >= 0 && at + LASTLOG_SIZE <= st.st_size &&
		    pread(fd, record, sizeof(record), at) == (ssize_t)sizeof(record)) {
			int64_t seconds = int_at(record, 4) & UINT32_MAX;
			if (seconds) {
				when = seconds;
				tty = fixed_text(arena, record + LASTLOG_LINE_AT, LASTLOG_LINE_LEN);
				host = fixed_text(arena, record + LASTLOG_HOST_AT, LASTLOG_HOST_LEN);
			}
		}
		r = scan_row(scan, ROW(uid, user[USERS_USERNAME], when, tty, host), err);
	}
	return r;
}

const struct table table_lastlog = {
	.name = "lastlog",
	.doc = "The last login of each account",
	.sources = { "var/log/lastlog", "etc/passwd" },
	.scan = lastlog_scan,
	.columns = {
		{ "uid", INT, "user number" },
		{ "username", TEXT, "name of the account" },
		{ "time", INT, "last login, seconds since 1970; NULL: never" },
		{ "tty", TEXT, "terminal; NULL: never" },
		{ "host", TEXT, "where from; empty: this machine; NULL: never" },
	},
};

/* Seconds since somebody typed at a terminal; NONE when that cannot be said. */
static int64_t idle_of(struct scan *scan, struct str tty)
{
	struct stat st;
	if (!scan_is_live(scan) || !tty.n || tty.p[0] == ':')
		return NONE;
	const char *path = arena_printf(scan_arena(scan), "dev/%.*s", STR_ARG(tty)).p;
	if (root_stat(scan_root(scan), path, true, &st) < 0 || !S_ISCHR(st.st_mode))
		return NONE;
	return MAX(scan_now(scan) - (int64_t)st.st_atim.tv_sec, 0);
}

static int session_row(struct scan *scan, struct str user, struct str tty, struct str host, int64_t when,
                       int64_t pid, const char *source, struct err *err)
{
	return scan_row(scan, ROW(user, tty, host, when, idle_of(scan, tty), pid, source), err);
}

static int utmp_sessions(struct scan *scan, const struct records *records, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < records->all.n && r == 0; i++) {
		const struct record *record = &records->all.p[i];
		struct stat st;
		if (record->type != USER_PROCESS || !record->user.n)
			continue;
		const char *proc = arena_printf(scan_arena(scan), "proc/%lld", (long long)record->pid).p;
		if (scan_is_live(scan) && root_stat(scan_root(scan), proc, true, &st) == -ENOENT)
			continue; /* left behind by a process that died */
		r = session_row(scan, record->user, record->line, record->host, record->time, record->pid, "utmp",
		                err);
	}
	return r;
}

/* A session file of systemd-logind: KEY=VALUE lines. */
static int logind_session(struct scan *scan, const char *path, struct err *err)
{
	struct str rest, line, user = STR_NONE, tty = STR(""), host = STR(""), class = STR(""), state = STR("");
	int64_t leader = NONE, since = NONE;
	if (scan_file(scan, path, &rest) < 0)
		return 0;
	while (str_line(&rest, &line)) {
		struct str value = line, key = str_cut(&value, '=');
		if (!value.p)
			continue;
		if (str_is(key, "USER"))
			user = value;
		else if (str_is(key, "TTY"))
			tty = value;
		else if (str_is(key, "REMOTE_HOST"))
			host = value;
		else if (str_is(key, "CLASS"))
			class = value;
		else if (str_is(key, "STATE"))
			state = value;
		else if (str_is(key, "LEADER"))
			leader = str_int_or(value, NONE);
		else if (str_is(key, "REALTIME"))
			since = str_int_or(value, NONE);
	}
	if (!user.p || !str_is(class, "user") || str_is(state, "closing"))
		return user.p ? 0 : (scan_malformed(scan, path, 1), 0);
	return session_row(scan, user, tty, host, since == NONE ? NONE : since / 1000000, leader, "logind", err);
}

static int sessions_scan(struct scan *scan, struct err *err)
{
	struct records records = { 0 };
	int r = read_records(scan, "/run/utmp", &records);
	if (r == -ENOENT)
		r = read_records(scan, "/var/run/utmp", &records);
	if (r == 0)
		return utmp_sessions(scan, &records, err);
	struct stat st;
	int there = root_stat(scan_root(scan), "run/systemd/sessions", true, &st);
	if (there < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("/run/utmp"),
		                                   str_from(err_words(r))));
	struct strings names = scan_list(scan, "run/systemd/sessions");
	r = 0;
	for (size_t i = 0; i < names.n && r == 0; i++)
		if (!str_ends(names.p[i], ".ref"))
			r = logind_session(scan, arena_printf(scan_arena(scan), "/run/systemd/sessions/%.*s",
			                                      STR_ARG(names.p[i])).p, err);
	return r;
}

const struct table table_sessions = {
	.name = "sessions",
	.doc = "Who is logged in now",
	.sources = { "run/utmp", "run/systemd/sessions/" },
	.scan = sessions_scan,
	.columns = {
		{ "username", TEXT, "name of the account" },
		{ "tty", TEXT, "terminal; empty: none" },
		{ "host", TEXT, "where from; empty: this machine" },
		{ "time", INT, "since when, seconds since 1970; NULL: not recorded" },
		{ "idle", INT, "seconds since the last input; NULL: not known" },
		{ "pid", INT, "process that leads the session; NULL: not recorded" },
		{ "source", TEXT, "utmp or logind" },
	},
};
