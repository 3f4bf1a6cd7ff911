/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Accounts and groups as the files of glibc's NSS have them: users, groups, group_members.
 *
 * The fields are those of passwd(5) and group(5), read as glibc's nss_files does: leading white space is
 * skipped, "#" starts a comment, what follows the group number may be missing. Accounts that other services
 * of nsswitch.conf(5) know (LDAP, sssd, winbind, NIS) cannot be listed from here: the coverage says so.
 */
#include "fact/tables/accounts.h"

#include "base/map.h"

enum { LINES_MAX = 1000 * 1000, ID_MAX_BITS = 32 };

void scan_malformed(struct scan *scan, const char *path, int64_t line)
{
	scan_partial(scan, NOTE("{}:{}: not understood", str_from(path),
	                        arena_printf(scan_arena(scan), "%lld", (long long)line)));
}

/* Services that hold accounts in files that are read here, or none at all. */
static bool service_is_read(struct scan *scan, struct str service)
{
	static const char *const read[] = { "files", "compat", "altfiles", "db", "extrausers" };
	for (size_t i = 0; i < COUNT(read); i++)
		if (str_is(service, read[i]))
			return true;
	if (str_is(service, "sss")) { /* stands there by default on many systems, without sssd */
		struct str text;
		return scan_file(scan, "etc/sssd/sssd.conf", &text) == -ENOENT &&
		       !scan_glob(scan, STR("/etc/sssd/conf.d/*.conf")).n;
	}
	if (str_is(service, "systemd"))
		return !scan_glob(scan, STR("/etc/userdb/*.user")).n &&
		       !scan_glob(scan, STR("/run/userdb/*.user")).n &&
		       !scan_glob(scan, STR("/var/lib/systemd/home/*.identity")).n;
	return false;
}

void accounts_nss_check(struct scan *scan, const char *database)
{
	struct str rest, line;
	if (scan_file(scan, "etc/nsswitch.conf", &rest) < 0)
		return; /* glibc then reads the files */
	while (str_line(&rest, &line)) {
		line = str_cut(&line, '#');
		struct str services = line;
		struct str name = str_trim(str_cut(&services, ':'));
		if (!services.p || !str_is_nocase(name, database))
			continue;
		while (true) {
			struct str service = str_word(&services);
			if (!service.n)
				break;
			if (service.p[0] == '[' || str_ends(service, "]") || str_find_char(service, '=') >= 0)
				continue; /* actions, "[NOTFOUND=return]" */
			if (!service_is_read(scan, service))
				scan_partial(scan, NOTE("{}: what {} knows is not listed", STR("/etc/nsswitch.conf"),
				                        service));
		}
	}
}

static bool parse_id(struct str text, int64_t *out)
{
	return str_to_int(text, 10, out) && *out >= 0 && *out < (int64_t)1 << ID_MAX_BITS;
}

const char *password_status(struct str field, struct str *hash)
{
	*hash = field;
	if (!field.n)
		return "empty";
	while (hash->n && (hash->p[0] == '!' || hash->p[0] == '*'))
		*hash = str_slice(*hash, 1, hash->n);
	if (str_starts(*hash, "LK") || str_starts(*hash, "NP")) /* as Solaris writes "*LK*" */
		*hash = STR("");
	/* crypt(5): the shortest is that of DES, 13 characters; "x" and words match no password */
	bool usable = hash->n >= 13;
	if (hash->n < field.n)
		return hash->n && usable ? "locked" : "not_set";
	return usable ? "active" : "not_set";
}

/* A shell that lets a person in; passwd(5): empty means /bin/sh. */
static bool shell_lets_in(struct str shell)
{
	static const char *const closed[] = { "nologin", "false", "sync", "shutdown", "halt", "true", "git-shell",
		                              "noshell" };
	ptrdiff_t slash = str_find_char_last(shell, '/');
	struct str name = str_slice(shell, (size_t)(slash + 1), shell.n);
	for (size_t i = 0; i < COUNT(closed); i++)
		if (str_is(name, closed[i]))
			return false;
	return true;
}

/* Next line that is an entry; false at the end. Lines of NIS ("+", "-") degrade the coverage. */
static bool next_entry(struct scan *scan, const char *path, struct str *rest, int64_t *number, struct str *line)
{
	while (*number < LINES_MAX && str_line(rest, line)) {
		++*number;
		while (line->n && (line->p[0] == ' ' || line->p[0] == '\t'))
			*line = str_slice(*line, 1, line->n);
		if (!line->n || line->p[0] == '#')
			continue;
		if (line->p[0] == '+' || line->p[0] == '-') {
			scan_partial(scan, NOTE("{}: what {} knows is not listed", str_from(path), STR("NIS")));
			continue;
		}
		return true;
	}
	return false;
}

static int users_file(struct scan *scan, const char *path, struct str rest, struct err *err)
{
	struct str line;
	for (int64_t number = 0; next_entry(scan, path, &rest, &number, &line);) {
		struct str fields = line;
		struct str name = str_cut(&fields, ':'), password = str_cut(&fields, ':'), hash;
		int64_t uid, gid;
		bool good = name.n && parse_id(str_cut(&fields, ':'), &uid);
		if (!good || !parse_id(str_cut(&fields, ':'), &gid)) {
			scan_malformed(scan, path, number);
			continue;
		}
		struct str description = str_cut(&fields, ':'), home = str_cut(&fields, ':');
		struct str shell = fields.p ? fields : STR("");
		const char *status = str_is(password, "x") ? "shadow" : password_status(password, &hash);
		int r = scan_row(scan, ROW(uid, gid, name, description.p ? description : STR(""),
		                           home.p ? home : STR(""), shell, status, shell_lets_in(shell), path, number),
		                 err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int users_scan(struct scan *scan, struct err *err)
{
	static const char *const more[] = { "/usr/lib/passwd", "/var/lib/extrausers/passwd" };
	struct str text;
	int r = scan_source(scan, "etc/passwd", &text, err);
	if (r < 0)
		return r;
	accounts_nss_check(scan, "passwd");
	r = users_file(scan, "/etc/passwd", text, err);
	for (size_t i = 0; r == 0 && i < COUNT(more); i++)
		if (scan_file(scan, more[i], &text) == 0)
			r = users_file(scan, more[i], text, err);
	return r;
}

const struct table table_users = {
	.name = "users",
	.doc = "Accounts of the machine, from passwd files",
	.sources = { "etc/passwd", "etc/nsswitch.conf", "usr/lib/passwd", "var/lib/extrausers/passwd" },
	.scan = users_scan,
	.columns = {
		{ "uid", INT, "user number" },
		{ "gid", INT, "number of the primary group" },
		{ "username", TEXT, "name of the account" },
		{ "description", TEXT, "the comment (GECOS) field" },
		{ "directory", TEXT, "home folder" },
		{ "shell", TEXT, "program that a login starts; empty means /bin/sh" },
		{ "password_status", TEXT, "of the password field of this file: shadow (in /etc/shadow), active "
		                           "(a hash here), locked, not_set (nothing can match) or empty" },
		{ "can_login", INT, "1: the shell is one that lets a person in (not nologin, false …)" },
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
	},
};

struct group {
	struct str name, members;
	int64_t gid, line;
	const char *file;
};

typedef int (*group_function)(struct scan *scan, void *ctx, const struct group *group, struct err *err);

static int groups_file(struct scan *scan, const char *path, struct str rest, group_function each, void *ctx,
                       struct err *err)
{
	struct str line;
	for (int64_t number = 0; next_entry(scan, path, &rest, &number, &line);) {
		struct str fields = line;
		struct group group = { .name = str_cut(&fields, ':'), .file = path, .line = number };
		str_cut(&fields, ':'); /* password */
		if (!group.name.n || !parse_id(str_cut(&fields, ':'), &group.gid)) {
			scan_malformed(scan, path, number);
			continue;
		}
		group.members = fields.p ? fields : STR("");
		int r = each(scan, ctx, &group, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int groups_each(struct scan *scan, group_function each, void *ctx, struct err *err)
{
	static const char *const more[] = { "/usr/lib/group", "/var/lib/extrausers/group" };
	struct str text;
	int r = scan_source(scan, "etc/group", &text, err);
	if (r < 0)
		return r;
	accounts_nss_check(scan, "group");
	r = groups_file(scan, "/etc/group", text, each, ctx, err);
	for (size_t i = 0; r == 0 && i < COUNT(more); i++)
		if (scan_file(scan, more[i], &text) == 0)
			r = groups_file(scan, more[i], text, each, ctx, err);
	return r;
}

static int groups_row(struct scan *scan, void *ctx, const struct group *group, struct err *err)
{
	(void)ctx;
	return scan_row(scan, ROW(group->gid, group->name, group->file, group->line), err);
}

static int groups_scan(struct scan *scan, struct err *err)
{
	return groups_each(scan, groups_row, NULL, err);
}

const struct table table_groups = {
	.name = "groups",
	.doc = "Groups of the machine, from group files",
	.sources = { "etc/group", "etc/nsswitch.conf", "usr/lib/group", "var/lib/extrausers/group" },
	.scan = groups_scan,
	.columns = {
		{ "gid", INT, "group number" },
		{ "groupname", TEXT, "name of the group" },
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
	},
};

struct membership {
	const struct rows *users;
	struct map by_name; /* -> cells of the user */
	struct map by_gid;  /* -> struct primary, users whose primary group it is */
	struct map seen;    /* gids whose primary members were delivered */
};

struct primary {
	const struct cell *user;
	struct primary *next;
};

static int members_row(struct scan *scan, void *ctx, const struct group *group, struct err *err)
{
	struct membership *all = ctx;
	int r = 0;
	void **seen = map_put_int(&all->seen, group->gid);
	if (!*seen) {
		*seen = all;
		for (struct primary *p = map_get_int(&all->by_gid, group->gid); p && r == 0; p = p->next)
			r = scan_row(scan, ROW(group->gid, group->name, p->user[USERS_UID],
			                       p->user[USERS_USERNAME], 1), err);
	}
	for (struct str rest = group->members; rest.p && r == 0;) {
		struct str name = str_trim(str_cut(&rest, ','));
		if (!name.n)
			continue;
		const struct cell *user = map_get(&all->by_name, name);
		struct cell uid = user ? user[USERS_UID] : (struct cell){ 0 };
		r = scan_row(scan, ROW(group->gid, group->name, uid, name, 0), err);
	}
	return r;
}

static int group_members_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct membership all = { .by_name = { arena }, .by_gid = { arena }, .seen = { arena } };
	int r;
	all.users = scan_table(scan, &table_users, &r);
	if (!all.users)
		return r;
	for (size_t i = all.users->n; i-- > 0;) { /* backwards: the first of a name wins, lists come in order */
		const struct cell *user = rows_at(all.users, i);
		*map_put(&all.by_name, cell_str(user[USERS_USERNAME])) = (void *)user;
		struct primary *primary = ARENA_NEW(arena, struct primary);
		void **slot = map_put_int(&all.by_gid, user[USERS_GID].i);
		*primary = (struct primary){ user, *slot };
		*slot = primary;
	}
	return groups_each(scan, members_row, &all, err);
}

const struct table table_group_members = {
	.name = "group_members",
	.doc = "Who belongs to which group: the primary group of each account and the lists of members",
	.sources = { "etc/group", "etc/passwd", "etc/nsswitch.conf" },
	.scan = group_members_scan,
	.columns = {
		{ "gid", INT, "group number" },
		{ "groupname", TEXT, "name of the group" },
		{ "uid", INT, "user number; NULL when there is no such account" },
		{ "username", TEXT, "name of the account" },
		{ "is_primary", INT, "1: the primary group of the account; 0: named in the list of members" },
	},
};
