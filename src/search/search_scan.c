/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/search_scan.h"

#include <stdlib.h>

#include "archive/reader.h"
#include "search/seek_plan.h"

enum { ASK_EVERY = 1024 /* records between two questions whether to stop */ };

struct search_scan {
	struct search_counts *counts;
	struct arena lists, arena; /* of all; of a block */
	struct reader *reader;
	struct seeker *seeker;
	const struct seek_plan *plan;
	struct piece *pieces;
	size_t left;               /* pieces not opened yet: the first so many */
	int64_t since, until;
	struct buf bytes;
	struct block *block;
	struct seek_marks marks;
	size_t at;                 /* the next record of the block */
	unsigned asked;
	struct record record;
};

int search_scan_open(const char *dir, const struct seek *seek, int64_t since, int64_t until, struct search_counts *counts,
                     struct search_scan **out, struct err *err)
{
	CLEANUP(search_scan_close_p) struct search_scan *scan = mem_alloc(sizeof(*scan));
	scan->counts = counts;
	scan->since = since;
	scan->until = until;
	scan->plan = seek_plan_new(&scan->lists, seek);
	int r = seeker_new(seek, &scan->seeker, err);
	if (r == 0)
		r = reader_open(dir, &scan->reader, err);
	if (r == 0)
		r = reader_list(scan->reader, &scan->lists, since, until, &scan->pieces, &scan->left, err);
	if (r < 0)
		return r;
	counts->blocks += scan->left;
	*out = TAKE(scan);
	return 0;
}

void search_scan_close(struct search_scan *scan)
{
	if (!scan)
		return;
	block_close(scan->block);
	reader_close(scan->reader);
	seeker_free(scan->seeker);
	buf_done(&scan->bytes);
	arena_done(&scan->arena);
	arena_done(&scan->lists);
	free(scan);
}

void search_scan_close_p(struct search_scan **scan)
{
	search_scan_close(*scan);
}

struct seeker *search_scan_seeker(struct search_scan *scan)
{
	return scan->seeker;
}

static void note_damage(struct search_scan *scan, const struct err *err)
{
	if (scan->counts->damaged++ == 0)
		scan->counts->first_damage = *err;
	block_close_p(&scan->block);
	scan->block = NULL;
}

/* The next piece that may hold something; errors are damage. */
static int open_piece(struct search_scan *scan, struct err *err)
{
	const struct piece *piece = &scan->pieces[--scan->left];
	struct str filter;
	struct token_filter open;
	block_close(TAKE(scan->block));
	arena_reset(&scan->arena);
	scan->at = 0;
	scan->counts->done++;
	int r = reader_filter(scan->reader, piece, &filter, err);
	if (r < 0)
		return r;
	token_filter_open(filter, &open);
	if (filter.n && !seek_plan_may_hold(scan->plan, &open))
		return 0;
	bool odd = seek_plan_is_odd(filter);
	scan->counts->opened++;
	r = reader_load(scan->reader, piece, &scan->bytes, &scan->block, err);
	if (r < 0)
		return r;
	r = seek_plan_mark(scan->plan, &scan->arena, scan->block, odd, scan->since, scan->until, &scan->marks, err);
	return r < 0 ? err_wrap(err, r, "block %u of %s", piece->number, piece->day) : r;
}

/* 1: scan->record is the next of the block; 0: it has no more. */
static int next_of_block(struct search_scan *scan, struct err *err)
{
	for (; scan->block && scan->at < block_count(scan->block); scan->at++) {
		size_t i = scan->at;
		uint64_t word = scan->marks.maybe[i / 64] >> i % 64;
		if (!word) {
			scan->at = i | 63;
			continue;
		}
		if (!(word & 1))
			continue;
		int r = block_record(scan->block, &scan->arena, i, &scan->record, err);
		if (r < 0)
			return r;
		scan->counts->candidates++;
		seeker_forget(scan->seeker);
		scan->asked++;
		if (!(scan->marks.surely[i / 64] >> i % 64 & 1) && !seeker_meets(scan->seeker, &scan->record)) {
			if (scan->asked >= ASK_EVERY) { /* let the caller look at the clock */
				scan->at++;
				return -EAGAIN;
			}
			continue;
		}
		scan->at++;
		scan->counts->found++;
		return 1;
	}
	return 0;
}

int search_scan_next(struct search_scan *scan, bool (*stop)(void *ctx), void *ctx, const struct record **out, struct err *err)
{
	*out = &scan->record;
	for (;;) {
		struct err damage = { "" };
		uint64_t given_up = seeker_given_up(scan->seeker);
		int r = next_of_block(scan, &damage);
		scan->counts->given_up += seeker_given_up(scan->seeker) - given_up;
		if (r == 1)
			return 1;
		if (r < 0 && r != -EAGAIN)
			note_damage(scan, &damage);
		scan->asked = 0;
		if (stop && stop(ctx))
			return err_set(err, -ECANCELED, "stopped");
		if (r == -EAGAIN)
			continue;
		if (!scan->left)
			return 0;
		r = open_piece(scan, &damage);
		if (r < 0)
			note_damage(scan, &damage);
	}
}
