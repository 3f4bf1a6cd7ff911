/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/retention.h"

#include <sys/stat.h>
#include <unistd.h>

#include "archive/store.h"
#include "base/vec.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

/* A value of a line: no line end, no control character, not too long. */
static int check_value(struct str text, const char *what, struct err *err)
{
	if (text.n > 1000)
		return err_set(err, -EINVAL, "%s is longer than 1000 bytes", what);
	for (size_t i = 0; i < text.n; i++)
		if ((uint8_t)text.p[i] < ' ')
			return err_set(err, -EINVAL, "%s holds control characters", what);
	return 0;
}

static int check_day(struct str day, struct err *err)
{
	int64_t begin;
	return day.n && day_begin(day, &begin) < 0 ? err_set(err, -EINVAL, "'%.*s' is no day (2026-11-23)", STR_ARG(day)) : 0;
}

static void forget_hold(struct hold *holds, size_t *n, struct str name)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(holds[i].name, name)) {
			memmove(holds + i, holds + i + 1, (*n - i - 1) * sizeof(*holds));
			(*n)--;
			return;
		}
}

static int read_holds(sqlite3 *book, struct arena *arena, struct hold **out, size_t *n, struct err *err)
{
	VEC(struct hold) holds = { 0 };
	SQL(all);
	int r = sql_make(&all, book, "SELECT statement FROM journal WHERE kind IN ('hold','release') ORDER BY sequence", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct chain_said said;
		r = chain_read(arena_str(arena, sql_get_bytes(&all)), &said, err);
		if (r < 0)
			return err_wrap(err, r, "archive.ward");
		struct hold hold = { .name = chain_value(said.body, "hold"), .from = chain_value(said.body, "from"),
			             .to = chain_value(said.body, "to"), .reason = chain_value(said.body, "reason"),
			             .query = chain_value(said.body, "query"), .since = said.time };
		if (said.kind == CHAIN_HOLD)
			vec_push_in(arena, &holds, hold);
		else
			forget_hold(holds.p, &holds.n, hold.name);
		r = 0;
	}
	*out = holds.p;
	*n = holds.n;
	return r;
}

int hold_list(const char *dir, struct arena *arena, struct hold **out, size_t *n, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	int r = book_open(arena_printf(arena, "%s/archive.ward", dir).p, DATABASE_READ, &book, err);
	return r < 0 ? r : read_holds(book, arena, out, n, err);
}

static const struct hold *find_hold(const struct hold *holds, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(holds[i].name, name))
			return &holds[i];
	return NULL;
}

static void add_line(struct buf *body, const char *name, struct str value)
{
	if (value.n)
		buf_printf(body, "%s %.*s\n", name, STR_ARG(value));
}

int hold_place(struct archive *archive, const struct hold *hold, struct err *err)
{
	ARENA(arena);
	BUF(body);
	struct hold *holds;
	size_t n;
	if (!hold->name.n)
		return err_set(err, -EINVAL, "a hold needs a name");
	int r = check_value(hold->name, "the name", err);
	if (r == 0)
		r = check_value(hold->reason, "the reason", err);
	if (r == 0)
		r = check_value(hold->query, "the query", err);
	if (r == 0)
		r = check_day(hold->from, err);
	if (r == 0)
		r = check_day(hold->to, err);
	if (r == 0)
		r = read_holds(archive_book(archive), &arena, &holds, &n, err);
	if (r < 0)
		return r;
	if (find_hold(holds, n, hold->name))
		return err_set(err, -EEXIST, "there is a hold '%.*s' already", STR_ARG(hold->name));
	add_line(&body, "hold", hold->name);
	add_line(&body, "from", hold->from);
	add_line(&body, "to", hold->to);
	add_line(&body, "reason", hold->reason);
	add_line(&body, "query", hold->query);
	return archive_say(archive, CHAIN_HOLD, buf_str(&body), err);
}

int hold_release(struct archive *archive, struct str name, struct str reason, struct err *err)
{
	ARENA(arena);
	BUF(body);
	struct hold *holds;
	size_t n;
	int r = check_value(reason, "the reason", err);
	if (r == 0)
		r = read_holds(archive_book(archive), &arena, &holds, &n, err);
	if (r < 0)
		return r;
	if (!find_hold(holds, n, name))
		return err_set(err, -ENOENT, "there is no hold '%.*s'", STR_ARG(name));
	add_line(&body, "hold", name);
	add_line(&body, "reason", reason);
	return archive_say(archive, CHAIN_RELEASE, buf_str(&body), err);
}

static struct str held_by(const struct hold *holds, size_t n, struct str day)
{
	for (size_t i = 0; i < n; i++)
		if ((!holds[i].from.n || str_compare(holds[i].from, day) <= 0) && (!holds[i].to.n || str_compare(day, holds[i].to) <= 0))
			return holds[i].name;
	return STR_NONE;
}

static uint64_t file_bytes(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* What the chain must be told before a day goes: its first and last statement and what the last one's digest is. */
static int removal_body(const char *path, struct removed_day *out, struct buf *body, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	SQL(sums);
	SQL(end);
	struct chain_said said;
	char digest[CHAIN_DIGEST + 1];
	int r = day_open(path, DATABASE_READ, false, &db, NULL, err);
	if (r == 0)
		r = sql_make(&sums, db, "SELECT coalesce(min(sequence),0), coalesce(max(sequence),0), count(*), coalesce(sum(records),0) FROM block", err);
	if (r == 0)
		r = sql_step(&sums, err);
	if (r < 0)
		return r;
	int64_t first = sql_get_int(&sums), last = sql_get_int(&sums);
	out->blocks = (uint64_t)sql_get_int(&sums);
	out->records = (uint64_t)sql_get_int(&sums);
	buf_printf(body, "day %.*s\nfirst %lld\nlast %lld\nblocks %llu\nrecords %llu\nbytes %llu\nwhy %.*s\n", STR_ARG(out->day),
	           (long long)first, (long long)last, (unsigned long long)out->blocks, (unsigned long long)out->records,
	           (unsigned long long)out->bytes, STR_ARG(out->why));
	if (!out->blocks)
		return 0;
	r = sql_make(&end, db, "SELECT statement FROM block ORDER BY number DESC LIMIT 1", err);
	if (r == 0)
		r = sql_step(&end, err);
	if (r < 0)
		return r;
	struct str statement = sql_get_bytes(&end);
	r = chain_read(statement, &said, err);
	if (r < 0)
		return err_wrap(err, r, "%s", path);
	chain_digest(said.algorithm, statement, digest);
	buf_printf(body, "end %s\n", digest);
	return 0;
}

/* The statement is there already when a crash came between it and the removal of the file. */
static int was_stated(sqlite3 *book, struct str day, struct err *err)
{
	SQL(all);
	int r = sql_make(&all, book, "SELECT statement FROM journal WHERE kind='removal'", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct chain_said said;
		r = 0;
		if (chain_read(sql_get_bytes(&all), &said, NULL) == 0 && str_eq(chain_value(said.body, "day"), day))
			return 1;
	}
	return r;
}

static int remove_day(struct archive *archive, struct arena *arena, struct removed_day *day, int64_t limit, int64_t order,
                      struct err *err)
{
	BUF(body);
	struct str path = day_path(arena, archive_dir(archive), day->day.p);
	int r = removal_body(path.p, day, &body, err);
	if (r < 0)
		return r;
	buf_printf(&body, "limit %lld\n", (long long)limit);
	if (order)
		buf_printf(&body, "order %lld\n", (long long)order);
	r = was_stated(archive_book(archive), day->day, err);
	if (r == 0)
		r = archive_say(archive, CHAIN_REMOVAL, buf_str(&body), err);
	if (r < 0)
		return r;
	if (unlink(path.p) < 0 && errno != ENOENT)
		return err_errno(err, -errno, "%s", path.p);
	(void)unlink(arena_printf(arena, "%s-wal", path.p).p);
	(void)unlink(arena_printf(arena, "%s-shm", path.p).p);
	return 0;
}

int retention_apply(struct archive *archive, const struct retention *retention, struct arena *arena, struct removed_day **out,
                    size_t *n, struct err *err)
{
	VEC(struct removed_day) removed = { 0 };
	struct str *days;
	size_t n_days, n_holds;
	struct hold *holds;
	int64_t newest = 0, begin, least = retention->least_days ? retention->least_days : RETENTION_LEAST_DAYS;
	uint64_t total = 0;
	*out = NULL;
	*n = 0;
	int r = days_list(archive_dir(archive), arena, &days, &n_days, err);
	if (r == 0)
		r = read_holds(archive_book(archive), arena, &holds, &n_holds, err);
	if (r < 0 || n_days == 0)
		return r;
	(void)!day_begin(days[n_days - 1], &newest);
	for (size_t i = 0; i < n_days; i++)
		total += file_bytes(day_path(arena, archive_dir(archive), days[i].p).p);
	for (size_t i = 0; r == 0 && i + 1 < n_days; i++) {
		struct removed_day day = { .day = days[i], .bytes = file_bytes(day_path(arena, archive_dir(archive), days[i].p).p) };
		(void)!day_begin(days[i], &begin);
		int64_t age = (newest - begin) / DAY_NS;
		bool old = retention->days && age > retention->days, large = retention->bytes && total > retention->bytes;
		if (!(old || large) || (age <= least && !retention->anyway) || str_is(days[i], archive_newest(archive)))
			continue;
		day.why = old ? STR("age") : STR("size");
		day.held_by = held_by(holds, n_holds, days[i]);
		if (!day.held_by.p) {
			if (!retention->pretend)
				r = remove_day(archive, arena, &day, old ? retention->days : (int64_t)retention->bytes, retention->order, err);
			total -= MIN(total, day.bytes);
		}
		if (r == 0)
			vec_push_in(arena, &removed, day);
	}
	*out = removed.p;
	*n = removed.n;
	return r;
}
