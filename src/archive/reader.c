/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Each day's file is held open within a read transaction from one reader_list() to the next, so that a piece of the list is
 * there until then whatever the writer does meanwhile.
 */
#include "archive/reader.h"

#include <stdlib.h>
#include <unistd.h>

#include "archive/days.h"
#include "base/vec.h"
#include "crypto/sign.h"

struct day {
	char name[DAY_NAME + 1];
	sqlite3 *db;
	struct sql filter;
};

struct reader {
	char *dir;
	VEC(struct day) days;
	VEC(struct public_key) keys; /* those of the archive itself */
	char id[CHAIN_ID + 1];
};

static void forget_days(struct reader *reader)
{
	for (size_t i = 0; i < reader->days.n; i++) {
		sql_done(&reader->days.p[i].filter);
		database_close(reader->days.p[i].db);
	}
	reader->days.n = 0;
}

int reader_open(const char *dir, struct reader **out, struct err *err)
{
	ARENA(arena);
	sqlite3 *book = NULL;
	struct str path = arena_printf(&arena, "%s/archive.ward", dir);
	if (access(path.p, F_OK) < 0)
		return err_set(err, -ENOENT, "%s: there is no archive", dir);
	int r = book_open(path.p, DATABASE_READ, &book, err);
	if (r < 0)
		return r;
	database_close(book);
	struct reader *reader = mem_alloc(sizeof(*reader));
	reader->dir = mem_text(str_from(dir));
	*out = reader;
	return 0;
}

int reader_id(struct reader *reader, char *out, size_t size, struct err *err)
{
	ARENA(arena);
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(statement);
	struct str path = arena_printf(&arena, "%s/archive.ward", reader->dir);
	int r = book_open(path.p, DATABASE_READ, &book, err);
	if (r == 0)
		r = sql_make(&statement, book, "SELECT id FROM archive", err);
	if (r == 0)
		r = sql_step(&statement, err);
	if (r < 0)
		return r;
	struct str id = r == 1 ? sql_get_bytes(&statement) : STR("");
	if (id.n != CHAIN_ID || id.n >= size)
		return err_set(err, -EBADMSG, "%s: it has no name of its own", path.p);
	memcpy(out, id.p, id.n);
	out[id.n] = '\0';
	return 0;
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	forget_days(reader);
	vec_done(&reader->days);
	vec_done(&reader->keys);
	free(reader->dir);
	free(reader);
}

void reader_close_p(struct reader **reader)
{
	reader_close(*reader);
}

struct pieces {
	struct arena *arena;
	VEC(struct piece) found;
};

static int list_blocks(struct day *day, struct pieces *pieces, int64_t since, int64_t until, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, day->db,
	                       "SELECT number, sequence, records, bytes, stored, first, last FROM block"
	                       " WHERE last>=? AND first<=? ORDER BY number", err);
	if (r < 0)
		return r;
	sql_int(&statement, since);
	sql_int(&statement, until);
	while ((r = sql_step(&statement, err)) == 1) {
		struct piece piece = { 0 };
		memcpy(piece.day, day->name, sizeof(piece.day));
		piece.number = (uint32_t)sql_get_int(&statement);
		piece.sequence = (uint64_t)sql_get_int(&statement);
		piece.records = (uint64_t)sql_get_int(&statement);
		piece.bytes = (uint64_t)sql_get_int(&statement);
		piece.stored = (uint64_t)sql_get_int(&statement);
		piece.first = sql_get_int(&statement);
		piece.last = sql_get_int(&statement);
		vec_push_in(pieces->arena, &pieces->found, piece);
	}
	return r;
}

static int list_open(struct day *day, struct pieces *pieces, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, day->db, "SELECT coalesce(sum(records),0), coalesce(sum(length(data)),0) FROM open", err);
	if (r == 0)
		r = sql_step(&statement, err);
	if (r <= 0)
		return r;
	struct piece piece = { .first = INT64_MIN, .last = INT64_MAX };
	memcpy(piece.day, day->name, sizeof(piece.day));
	piece.records = (uint64_t)sql_get_int(&statement);
	piece.bytes = piece.stored = (uint64_t)sql_get_int(&statement);
	if (piece.records)
		vec_push_in(pieces->arena, &pieces->found, piece);
	return 0;
}

static int list_day(struct reader *reader, struct arena *arena, struct str name, struct pieces *pieces, int64_t since,
                    int64_t until, struct err *err)
{
	struct day day = { 0 };
	memcpy(day.name, name.p, DAY_NAME);
	int r = day_open(day_path(arena, reader->dir, day.name).p, DATABASE_READ, false, &day.db, NULL, err);
	if (r < 0)
		return r == -ENODATA || r == -ENOENT ? 0 : r; /* just made, or just removed */
	vec_push(&reader->days, day);
	r = database_run(day.db, "BEGIN", err);
	if (r == 0)
		r = list_blocks(&day, pieces, since, until, err);
	if (r == 0)
		r = list_open(&day, pieces, err);
	return r;
}

static int list_keys(struct reader *reader, struct err *err)
{
	ARENA(arena);
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(statement);
	reader->keys.n = 0;
	int r = book_open(arena_printf(&arena, "%s/archive.ward", reader->dir).p, DATABASE_READ, &book, err);
	if (r == 0)
		r = reader_id(reader, reader->id, sizeof(reader->id), err);
	if (r == 0)
		r = sql_make(&statement, book, "SELECT line FROM key", err);
	while (r >= 0 && (r = sql_step(&statement, err)) == 1) {
		struct public_key key;
		if (public_key_parse(sql_get_bytes(&statement), &key, NULL) == 0)
			vec_push(&reader->keys, key);
	}
	return r;
}

int reader_list(struct reader *reader, struct arena *arena, int64_t since, int64_t until, struct piece **out, size_t *n,
                struct err *err)
{
	struct pieces pieces = { .arena = arena };
	struct str *names;
	size_t n_names;
	forget_days(reader);
	int r = days_list(reader->dir, arena, &names, &n_names, err);
	for (size_t i = 0; r == 0 && i < n_names; i++)
		r = list_day(reader, arena, names[i], &pieces, since, until, err);
	if (r == 0)
		r = list_keys(reader, err); /* behind the days: all that signed them are there */
	*out = pieces.found.p;
	*n = pieces.found.n;
	return r;
}

static struct day *find_day(struct reader *reader, const struct piece *piece)
{
	for (size_t i = 0; i < reader->days.n; i++)
		if (strcmp(reader->days.p[i].name, piece->day) == 0)
			return &reader->days.p[i];
	return NULL;
}

static int not_in_list(const struct piece *piece, struct err *err)
{
	return err_set(err, -ENOENT, "block %u of %s is not in the last list", piece->number, piece->day);
}

int reader_filter(struct reader *reader, const struct piece *piece, struct str *filter, struct err *err)
{
	struct day *day = find_day(reader, piece);
	int r = 0;
	*filter = STR("");
	if (piece->number == 0)
		return 0;
	if (!day)
		return not_in_list(piece, err);
	if (!day->filter.handle)
		r = sql_make(&day->filter, day->db, "SELECT data FROM block_filter WHERE number=?", err);
	if (r < 0)
		return r;
	sqlite3_reset(day->filter.handle);
	day->filter.bound = 0;
	sql_int(&day->filter, piece->number);
	r = sql_step(&day->filter, err);
	if (r == 1)
		*filter = sql_get_bytes(&day->filter);
	return r < 0 ? r : r == 0 ? not_in_list(piece, err) : 0;
}

static bool says(struct str body, const char *name, int64_t is)
{
	int64_t value;
	return str_to_int(chain_value(body, name), 10, &value) && value == is;
}

static bool signed_by_a_key(const struct reader *reader, const struct chain_said *said, struct str statement, struct str signature)
{
	if (str_is(said->key, "-"))
		return reader->keys.n == 0;
	for (size_t i = 0; i < reader->keys.n; i++)
		if (str_is(said->key, reader->keys.p[i].id))
			return signature.n == SIGN_MOST &&
			       public_key_verify(&reader->keys.p[i], statement, (const uint8_t *)signature.p, NULL) == 0;
	return false;
}

/* Are these the bytes that a key of this archive sealed as this block? */
static int check_seal(const struct reader *reader, struct day *day, const struct piece *piece, struct str data, struct err *err)
{
	SQL(row);
	ARENA(arena);
	struct chain_said said;
	char digest[CHAIN_DIGEST + 1];
	int r = sql_make(&row, day->db, "SELECT statement, signature FROM block WHERE number=?", err);
	if (r < 0)
		return r;
	sql_int(&row, piece->number);
	r = sql_step(&row, err);
	if (r <= 0)
		return r < 0 ? r : not_in_list(piece, err);
	struct str statement = arena_str(&arena, sql_get_bytes(&row)), signature = sql_get_bytes(&row);
	bool read = chain_read(statement, &said, NULL) == 0;
	if (read)
		chain_digest(said.algorithm, data, digest);
	if (!read || !str_is(chain_value(said.body, "data"), digest) || !str_is(said.archive, reader->id) ||
	    !says(said.body, "number", piece->number) || !says(said.body, "records", (int64_t)piece->records) ||
	    !signed_by_a_key(reader, &said, statement, signature))
		return err_set(err, -EBADMSG, "block %u of %s: it is not what was sealed", piece->number, piece->day);
	return 0;
}

int reader_load(struct reader *reader, const struct piece *piece, struct buf *bytes, struct block **out, struct err *err)
{
	struct day *day = find_day(reader, piece);
	SQL(statement);
	if (!day)
		return not_in_list(piece, err);
	buf_clear(bytes);
	if (piece->number == 0)
		block_begin_plain(bytes);
	int r = sql_make(&statement, day->db, piece->number ? "SELECT data FROM block_data WHERE number=?"
	                                                          : "SELECT data FROM open WHERE number>? ORDER BY number", err);
	if (r < 0)
		return r;
	sql_int(&statement, piece->number);
	while ((r = sql_step(&statement, err)) == 1)
		buf_add(bytes, sql_get_bytes(&statement));
	if (r == 0 && bytes->n == 0)
		return not_in_list(piece, err);
	if (r == 0 && piece->number) {
		r = check_seal(reader, day, piece, buf_str(bytes), err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = block_open(buf_str(bytes), out, err);
	return r < 0 ? err_wrap(err, r, "block %u of %s", piece->number, piece->day) : 0;
}
