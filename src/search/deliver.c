/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/deliver.h"

#include <stdlib.h>

#include "archive/reader.h"

struct deliver {
	const char *dir;
	char archive[40];
	struct clickhouse *clickhouse;
	struct seek all;
	struct arena arena;
	struct seeker *seeker;
	struct buf rows, bytes;
	uint64_t position;
	bool begun;  /* the tables are there, and the position is known */
	bool unsure; /* the last insert may have been taken */
};

static int ask_number(struct deliver *deliver, struct str sql, uint64_t *out, struct err *err)
{
	BUF(answer);
	int64_t number;
	int r = clickhouse_run(deliver->clickhouse, sql, STR_NONE, &answer, err);
	if (r < 0)
		return r;
	if (!str_to_int(str_trim(buf_str(&answer)), 10, &number) || number < 0)
		return err_set(err, -EPROTO, "ClickHouse at %s: the answer is not a number", clickhouse_name(deliver->clickhouse));
	*out = (uint64_t)number;
	return 0;
}

int deliver_open(const char *dir, struct str url, struct deliver **out, struct err *err)
{
	CLEANUP(deliver_close_p) struct deliver *deliver = mem_alloc(sizeof(*deliver));
	deliver->dir = arena_cstr(&deliver->arena, str_from(dir));
	int r = seek_parse(&deliver->arena, STR(""), 0, &deliver->all, err);
	if (r == 0)
		r = seeker_new(&deliver->all, &deliver->seeker, err);
	if (r == 0)
		r = clickhouse_open(url, &deliver->clickhouse, err);
	if (r == 0)
		*out = TAKE(deliver);
	return r;
}

static int deliver_begin(struct deliver *deliver, struct reader *reader, struct err *err)
{
	ARENA(arena);
	int r = reader_id(reader, deliver->archive, sizeof(deliver->archive), err);
	if (r == 0)
		r = clickhouse_prepare(deliver->clickhouse, err);
	if (r == 0)
		r = ask_number(deliver,
		               arena_printf(&arena, "SELECT max(sequence) FROM ward_delivered WHERE archive = '%s' FORMAT TabSeparated",
		                            deliver->archive),
		               &deliver->position, err);
	deliver->unsure = true; /* whoever was here before may have died behind an insert */
	deliver->begun = r == 0;
	return r;
}

void deliver_close(struct deliver *deliver)
{
	if (!deliver)
		return;
	seeker_free(deliver->seeker);
	clickhouse_close(deliver->clickhouse);
	buf_done(&deliver->rows);
	buf_done(&deliver->bytes);
	arena_done(&deliver->arena);
	free(deliver);
}

void deliver_close_p(struct deliver **deliver)
{
	deliver_close(*deliver);
}

/* Rows first..last (numbers within the block) are there already: all of them, or none. */
static int are_there(struct deliver *deliver, const struct piece *piece, size_t first, size_t last, bool *out, struct err *err)
{
	ARENA(arena);
	uint64_t n = 0;
	struct str sql = arena_printf(&arena,
	                              "SELECT count() FROM ward_events WHERE archive = '%s' AND sequence = %llu AND number >= %zu AND number <= %zu"
	                              " FORMAT TabSeparated",
	                              deliver->archive, (unsigned long long)piece->sequence, first, last);
	int r = ask_number(deliver, sql, &n, err);
	*out = n > 0;
	if (r == 0 && n != 0 && n != last - first + 1)
		return err_set(err, -EBADMSG, "ClickHouse at %s: %llu of %zu rows of block %llu are there; remove them and start again",
		               clickhouse_name(deliver->clickhouse), (unsigned long long)n, last - first + 1,
		               (unsigned long long)piece->sequence);
	return r;
}

static int64_t day_of(const struct record *record)
{
	return record->arrived / (86400 * INT64_C(1000000000));
}

/* Rows from *at on, as many as one insert may have, are sent; *at is behind them. */
static int send_rows(struct deliver *deliver, const struct piece *piece, struct block *block, size_t *at,
                     struct deliver_counts *counts, struct err *err)
{
	ARENA(arena);
	struct record record;
	BUF(answer);
	size_t first = *at, next = first;
	uint64_t bytes = 0;
	int64_t day = 0;
	bool there = false;
	int r = 0;
	buf_clear(&deliver->rows);
	while (next < block_count(block) && next - first < CLICKHOUSE_ROWS && deliver->rows.n < CLICKHOUSE_BYTES) {
		arena_reset(&arena);
		r = block_record(block, &arena, next, &record, err);
		if (r < 0)
			return err_wrap(err, r, "block %u of %s", piece->number, piece->day);
		if (next == first)
			day = day_of(&record);
		else if (day_of(&record) != day)
			break;
		clickhouse_add_row(&deliver->rows, deliver->seeker, &record, str_from(deliver->archive), piece->sequence, (uint32_t)next);
		bytes += record.raw.n;
		next++;
	}
	if (deliver->unsure)
		r = are_there(deliver, piece, first, next - 1, &there, err);
	if (r == 0 && !there) {
		deliver->unsure = true;
		r = clickhouse_run(deliver->clickhouse, str_from(clickhouse_insert), buf_str(&deliver->rows), &answer, err);
	}
	if (r < 0)
		return r;
	deliver->unsure = there; /* what follows may be there, too */
	counts->known += there ? next - first : 0;
	counts->records += there ? 0 : next - first;
	counts->bytes += bytes;
	*at = next;
	return 0;
}

static int send_block(struct deliver *deliver, struct reader *reader, const struct piece *piece, bool (*stop)(void *ctx), void *ctx,
                      struct deliver_counts *counts, struct err *err)
{
	ARENA(arena);
	BUF(answer);
	CLEANUP(block_close_p) struct block *block = NULL;
	int r = reader_load(reader, piece, &deliver->bytes, &block, err);
	for (size_t at = 0; r == 0 && at < block_count(block);) {
		if (stop && stop(ctx))
			return 1;
		r = send_rows(deliver, piece, block, &at, counts, err);
	}
	if (r < 0)
		return r;
	struct str sql = arena_printf(&arena, "INSERT INTO ward_delivered (archive, sequence) VALUES ('%s', %llu)", deliver->archive,
	                              (unsigned long long)piece->sequence);
	r = clickhouse_run(deliver->clickhouse, sql, STR_NONE, &answer, err);
	if (r == 0) {
		deliver->position = counts->position = piece->sequence;
		counts->blocks++;
	}
	return r;
}

static int piece_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

int deliver_run(struct deliver *deliver, bool (*stop)(void *ctx), void *ctx, struct deliver_counts *counts, struct err *err)
{
	ARENA(arena);
	CLEANUP(reader_close_p) struct reader *reader = NULL;
	struct piece *pieces;
	size_t n;
	int r = reader_open(deliver->dir, &reader, err);
	if (r == 0 && !deliver->begun)
		r = deliver_begin(deliver, reader, err);
	counts->position = deliver->position;
	if (r == 0)
		r = reader_list(reader, &arena, INT64_MIN, INT64_MAX, &pieces, &n, err);
	if (r == 0 && n)
		qsort(pieces, n, sizeof(*pieces), piece_order);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (pieces[i].number && pieces[i].sequence > deliver->position)
			r = send_block(deliver, reader, &pieces[i], stop, ctx, counts, err);
	if (r < 0)
		deliver->unsure = true;
	return r < 0 ? r : 0;
}

bool deliver_may_come_back(int r)
{
	return r == -ECONNREFUSED || r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -EPROTO || r == -EIO;
}
