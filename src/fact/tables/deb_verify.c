/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * deb_verify: every file that a Debian package installed, against the checksum that came with it.
 *
 * The checksums are the MD5 sums of /var/lib/dpkg/info and, for configuration files, of the status file: they
 * find damage and careless changes. Whoever can replace a program as root can replace its sum as well, so no
 * row is no proof of innocence. As `dpkg --verify`, plus: a file that the administrator diverted is looked for
 * where it is now, and what dpkg was told not to install (path-exclude) is not missing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/map.h"
#include "base/vec.h"
#include "crypto/digest.h"
#include "fact/deb822.h"
#include "fact/package_db.h"

#define INFO   "var/lib/dpkg/info"
#define STATUS "var/lib/dpkg/status"

enum { THREADS = 2, CHUNK = 256 * 1024, HEX = 32, AT_ONCE = 16, TICK_NS = 50 * 1000 * 1000 };

enum result { NOT_LOOKED_AT, SAME, CHANGED, MISSING, UNREADABLE };

struct item {
	struct str package, path, expected; /* path as installed, from "/" */
	const char *where;                  /* where it is now: other than path when diverted */
	bool conffile;
	uint8_t result;
	int why;
	int64_t mtime, size;
	char actual[HEX + 1];
};

struct diversion {
	struct str to, package; /* package ":" is the administrator */
};

struct exclude {
	struct str pattern;
	bool include;
};

struct verify {
	struct scan *scan;
	const struct root *root;
	VEC(struct item) items;
	VEC(struct exclude) excludes;
	struct map diversions, info;
	size_t without; /* packages without checksums */
	struct str without_name;
	atomic_size_t next, done;
	atomic_bool stop, refused;
};

/* ---- what is to be looked at ---- */

static void diversions_read(struct verify *verify)
{
	struct str rest, from, to, package;
	struct arena *arena = scan_arena(verify->scan);
	verify->diversions.arena = arena;
	if (scan_file(verify->scan, "var/lib/dpkg/diversions", &rest) < 0)
		return;
	while (str_line(&rest, &from) && str_line(&rest, &to) && str_line(&rest, &package)) {
		struct diversion *diversion = ARENA_NEW(arena, struct diversion);
		*diversion = (struct diversion){ to, package };
		*map_put(&verify->diversions, from) = diversion;
	}
}

static void excludes_read(struct verify *verify)
{
	struct scan *scan = verify->scan;
	struct strings files = scan_glob(scan, STR("/etc/dpkg/dpkg.cfg.d/*"));
	for (size_t i = 0; i <= files.n; i++) {
		struct str rest, line;
		if (scan_file(scan, i < files.n ? files.p[i].p : "etc/dpkg/dpkg.cfg", &rest) < 0)
			continue;
		while (str_line(&rest, &line)) {
			struct str value = str_trim(line), key = str_trim(str_cut(&value, '='));
			if (value.p && str_is(key, "path-exclude"))
				vec_push_in(scan_arena(scan), &verify->excludes, { str_trim(value), false });
			else if (value.p && str_is(key, "path-include"))
				vec_push_in(scan_arena(scan), &verify->excludes, { str_trim(value), true });
		}
	}
}

/* As dpkg(1): the last pattern that matches decides. */
static bool is_excluded(const struct verify *verify, struct str path)
{
	for (size_t i = verify->excludes.n; i > 0; i--)
		if (glob_match(verify->excludes.p[i - 1].pattern, path))
			return !verify->excludes.p[i - 1].include;
	return false;
}

static void item_add(struct verify *verify, struct str package, struct str path, struct str expected, bool conffile)
{
	struct arena *arena = scan_arena(verify->scan);
	struct item item = { .package = package, .path = path, .expected = expected, .conffile = conffile,
		             .where = path.p, .size = NONE, .mtime = NONE };
	const struct diversion *diversion = verify->diversions.n ? map_get(&verify->diversions, path) : NULL;
	if (diversion && !str_eq(diversion->package, package))
		item.where = arena_cstr(arena, diversion->to);
	vec_push_in(arena, &verify->items, item);
}

static void sums_read(struct verify *verify, struct str package, const char *file)
{
	struct str rest, line, text;
	if (scan_file(verify->scan, file, &text) < 0)
		return;
	rest = text;
	size_t number = 0;
	while (str_line(&rest, &line)) {
		number++;
		struct str sum = str_slice(line, 0, HEX);
		if (!line.n)
			continue;
		if (line.n < HEX + 3 || !str_is_hex(sum, HEX) || line.p[HEX] != ' ' || memchr(line.p, 0, line.n)) {
			scan_partial(verify->scan, NOTE("{}:{}: not understood", str_from(file),
			                                arena_printf(scan_arena(verify->scan), "%zu", number)));
			continue;
		}
		struct str path = str_slice(line, HEX + 2, line.n);
		item_add(verify, package, arena_printf(scan_arena(verify->scan), "/%.*s", STR_ARG(path)), sum, false);
	}
}

/* " /etc/x d41d8c… obsolete" */
static void conffiles_read(struct verify *verify, struct str package, struct str value)
{
	struct str line;
	while (deb822_line(&value, &line)) {
		bool remove = false;
		struct str rest = line, flags = STR(""), path, sum;
		while (str_ends(rest, " obsolete") || str_ends(rest, " remove-on-upgrade")) {
			ptrdiff_t at = str_find_char_last(rest, ' ');
			flags = str_slice(rest, (size_t)at + 1, rest.n);
			remove |= str_is(flags, "remove-on-upgrade");
			rest = str_slice(rest, 0, (size_t)at);
		}
		ptrdiff_t space = str_find_char_last(rest, ' ');
		if (space <= 0 || remove)
			continue;
		path = str_slice(rest, 0, (size_t)space);
		sum = str_slice(rest, (size_t)space + 1, rest.n);
		if (str_is_hex(sum, HEX) && !memchr(path.p, 0, path.n)) /* "newconffile": not yet installed */
			item_add(verify, package, arena_str(scan_arena(verify->scan), path), sum, true);
	}
}

static void package_read(struct verify *verify, struct str name, struct str arch, struct str status, struct str conffiles)
{
	struct arena *arena = scan_arena(verify->scan);
	if (!name.n || str_ends(status, " not-installed") || str_ends(status, " config-files") ||
	    str_ends(status, " half-installed"))
		return;
	conffiles_read(verify, name, conffiles);
	struct str plain = arena_printf(arena, "%.*s.md5sums", STR_ARG(name));
	struct str full = arena_printf(arena, "%.*s:%.*s.md5sums", STR_ARG(name), STR_ARG(arch));
	struct str file = map_get(&verify->info, full) ? full : plain;
	if (map_get(&verify->info, file)) {
		sums_read(verify, name, arena_printf(arena, INFO "/%.*s", STR_ARG(file)).p);
		return;
	}
	if (!verify->without++)
		verify->without_name = name;
}

static int items_read(struct verify *verify, struct err *err)
{
	struct scan *scan = verify->scan;
	struct str rest, name, value, package = STR(""), arch = STR(""), status = STR(""), conffiles = STR("");
	struct stat st;
	int r = root_stat(scan_root(scan), STATUS, true, &st);
	if (r == -ENOENT || r == -ENOTDIR)
		return package_db_absent(scan, PACKAGE_DB_DEB);
	r = scan_source(scan, STATUS, &rest, err);
	if (r < 0)
		return r;
	verify->info.arena = scan_arena(scan);
	struct strings list = scan_list(scan, INFO);
	for (size_t i = 0; i < list.n; i++)
		if (str_ends(list.p[i], ".md5sums"))
			*map_put(&verify->info, list.p[i]) = &list.p[i];
	if (!verify->info.n)
		return scan_unavailable(scan, NOTE("{} holds no checksums", STR(INFO)));
	diversions_read(verify);
	excludes_read(verify);
	for (;;) {
		enum deb822_item item = deb822_next(&rest, &name, &value);
		if (item == DEB822_FIELD) {
			if (str_is(name, "Package"))
				package = value;
			else if (str_is(name, "Architecture"))
				arch = value;
			else if (str_is(name, "Status"))
				status = value;
			else if (str_is(name, "Conffiles"))
				conffiles = value;
		} else if (item != DEB822_BAD) {
			package_read(verify, package, arch, status, conffiles);
			package = arch = status = conffiles = STR("");
		}
		if (item == DEB822_END)
			return 0;
	}
}

/* ---- looking ---- */

static void item_look(struct verify *verify, struct item *item, struct digest_stream *stream, char *chunk,
                      struct arena *arena)
{
	CLEANUP(fd_close_p) int fd = root_openat(verify->root, item->where, O_PATH);
	struct stat st;
	/* What stands where a file was may be a FIFO or a device: look before opening. */
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		item->result = CHANGED;
		item->mtime = st.st_mtime;
		return;
	}
	fd_close_p(&fd);
	fd = root_openat(verify->root, item->where, O_RDONLY | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(verify->root, item->where, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		item->result = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? MISSING : UNREADABLE;
		item->why = fd;
		return;
	}
	digest_stream_reset(stream);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			item->result = UNREADABLE;
			item->why = -errno;
			return;
		}
		if (n == 0)
			break;
		digest_stream_add(stream, (struct str){ chunk, (size_t)n });
		if (atomic_load_explicit(&verify->stop, memory_order_relaxed))
			return;
	}
	struct str hex = digest_stream_hex(arena, stream, DIGEST_MD5);
	item->size = st.st_size;
	item->mtime = st.st_mtime;
	item->result = str_eq(hex, item->expected) ? SAME : CHANGED;
	memcpy(item->actual, hex.p, HEX);
	arena_reset(arena);
}

static void *worker_run(void *ctx)
{
	struct verify *verify = ctx;
	static const enum digest md5 = DIGEST_MD5;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(&md5, 1);
	ARENA(arena);
	if (!stream) {
		atomic_store(&verify->refused, true);
		return NULL;
	}
	char *chunk = mem_alloc(CHUNK);
	while (!atomic_load(&verify->stop)) {
		size_t from = atomic_fetch_add(&verify->next, AT_ONCE);
		if (from >= verify->items.n)
			break;
		size_t to = MIN(from + AT_ONCE, verify->items.n);
		for (size_t i = from; i < to && !atomic_load_explicit(&verify->stop, memory_order_relaxed); i++) {
			item_look(verify, &verify->items.p[i], stream, chunk, &arena);
			atomic_fetch_add_explicit(&verify->done, 1, memory_order_relaxed);
		}
	}
	mem_free_p(&chunk);
	return NULL;
}

static int all_look(struct verify *verify, struct err *err)
{
	pthread_t threads[THREADS];
	size_t started = 0;
	int r = 0;
	while (started < THREADS && r == 0) {
		r = pthread_create(&threads[started], NULL, worker_run, verify);
		started += r == 0;
	}
	if (!started)
		return err_errno(err, -r, "cannot start a thread");
	size_t done;
	while ((done = atomic_load(&verify->done)) < verify->items.n && !atomic_load(&verify->refused)) {
		scan_progress(verify->scan, done, verify->items.n);
		if (scan_expired(verify->scan)) {
			atomic_store(&verify->stop, true);
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = verify->items.n < 100 ? 1000000 : TICK_NS }, NULL);
	}
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (atomic_load(&verify->refused))
		return err_set(err, -ENOTSUP, "libgcrypt refuses MD5");
	return 0;
}

static int rows_tell(struct verify *verify, struct err *err)
{
	struct scan *scan = verify->scan;
	struct arena *arena = scan_arena(scan);
	size_t unreadable = 0, left = 0;
	const struct item *example = NULL;
	for (size_t i = 0; i < verify->items.n; i++) {
		const struct item *item = &verify->items.p[i];
		if (item->result == UNREADABLE) {
			example = unreadable++ ? example : item;
			continue;
		}
		left += item->result == NOT_LOOKED_AT;
		if (item->result != CHANGED && (item->result != MISSING || is_excluded(verify, item->path)))
			continue;
		int r = scan_row(scan, ROW(item->package, item->path, item->result == CHANGED ? "changed" : "missing",
		                           item->conffile, item->expected, item->actual[0] ? item->actual : NULL,
		                           item->size, item->mtime), err);
		if (r < 0)
			return r;
	}
	if (left)
		scan_partial(scan, NOTE("time is up: {} of {} files were not looked at",
		                        arena_printf(arena, "%zu", left), arena_printf(arena, "%zu", verify->items.n)));
	if (unreadable)
		scan_partial(scan, NOTE("{} files or directories could not be looked at, such as {}: {}",
		                        arena_printf(arena, "%zu", unreadable), example->path,
		                        str_from(err_words(example->why))));
	if (verify->without)
		scan_partial(scan, NOTE("{} packages brought no checksums, such as {}",
		                        arena_printf(arena, "%zu", verify->without), verify->without_name));
	return 0;
}

static int deb_verify_scan(struct scan *scan, struct err *err)
{
	struct verify *verify = ARENA_NEW(scan_arena(scan), struct verify);
	verify->scan = scan;
	verify->root = scan_root(scan);
	int r = items_read(verify, err);
	if (r == 0 && verify->items.n)
		r = all_look(verify, err);
	return r < 0 ? r : rows_tell(verify, err);
}

const struct table table_deb_verify = {
	.name = "deb_verify",
	.doc = "Files of Debian packages that differ from what the package brought; files that are as they were "
	       "have no row",
	.sources = { STATUS, "var/lib/dpkg/diversions", INFO "/*.md5sums", "the files of all packages" },
	.flags = TABLE_DEEP,
	.scan = deb_verify_scan,
	.columns = {
		{ "package", TEXT, "package that the file belongs to" },
		{ "path", TEXT, "where the package installed it" },
		{ "status", TEXT, "changed or missing" },
		{ "conffile", INT, "1: a configuration file, which an administrator may change" },
		{ "expected", TEXT, "MD5 of the file as it came" },
		{ "actual", TEXT, "MD5 of the file as it is; NULL: missing, or no regular file any more" },
		{ "size", INT, "bytes now; NULL: missing, or no regular file" },
		{ "mtime", INT, "content last changed, seconds since 1970; NULL: missing" },
	},
};
