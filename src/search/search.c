/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Threads take pieces (sealed blocks, open records) from one list, each reading one at a time: one lock around the
 * reader, because SQLite's part is small beside decoding and looking. For records in order the list is sorted by the
 * end that comes first; what a piece held waits until no later piece can hold anything that belongs before it.
 */
#include "search/search.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/reader.h"
#include "search/seek_plan.h"
#include "base/clock.h"
#include "base/vec.h"

enum { THREADS_MOST = 64, AHEAD = 4 /* pieces that a thread may be ahead of what was given out */ };

#define PROGRESS_NS INT64_C(100000000)

struct hit {
	struct record record;
	uint32_t piece, at; /* where it came from: decides between equal times */
};

struct result {
	struct arena arena;
	VEC(struct hit) hits;
	size_t left; /* hits not given out yet */
	bool done;
};

struct search {
	const struct search_options *options;
	struct search_counts *counts;
	const struct search_worker *worker; /* NULL: in order */
	void *ctx;
	struct arena arena;
	struct reader *reader;
	const struct seek_plan *plan;
	struct piece *pieces;
	struct result *results; /* one for each piece; in order only */
	size_t n;

	pthread_mutex_t lock; /* for all that follows, and the reader */
	pthread_cond_t changed;
	size_t next, given, running;
	int64_t cutoff;       /* pieces that lie behind it are not needed any more */
	bool stop;
	int error;
	struct err err;
};

struct looker {
	struct search *search;
	pthread_t thread;
	struct seeker *seeker;
	struct arena arena;  /* of one block */
	struct buf bytes;
	void *work;
	uint32_t piece;
	bool odd;            /* seek_plan_is_odd() of the block */
};

static bool before(const struct search *search, int64_t a, int64_t b)
{
	return search->options->oldest_first ? a < b : a > b;
}

/* The end of a piece that comes first in the order asked for. */
static int64_t first_end(const struct search *search, const struct piece *piece)
{
	return search->options->oldest_first ? piece->first : piece->last;
}

/* ---- looking ---- */

static void note_damage(struct search *search, const struct err *err)
{
	pthread_mutex_lock(&search->lock);
	if (search->counts->damaged++ == 0)
		search->counts->first_damage = *err;
	pthread_mutex_unlock(&search->lock);
}

static int hit_order(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	if (x->record.time != y->record.time)
		return x->record.time < y->record.time ? -1 : 1;
	return x->piece != y->piece ? (x->piece < y->piece ? -1 : 1) : x->at < y->at ? -1 : x->at > y->at;
}

static int hit_order_back(const void *a, const void *b)
{
	return hit_order(b, a);
}

static void keep_hit(struct looker *looker, const struct record *record, uint32_t at)
{
	struct result *result = &looker->search->results[looker->piece];
	struct arena *arena = &result->arena;
	vec_push(&result->hits, { .record = { .time = record->time,
	                                      .arrived = record->arrived,
	                                      .host = arena_str(arena, record->host),
	                                      .source = arena_str(arena, record->source),
	                                      .raw = arena_str(arena, record->raw),
	                                      .parser = arena_str(arena, record->parser) },
	                          .piece = looker->piece,
	                          .at = at });
}

/* No more hits of one block than can be given out: the first ones in the order asked for. */
static void sort_hits(struct search *search, struct result *result)
{
	if (result->hits.n)
		qsort(result->hits.p, result->hits.n, sizeof(*result->hits.p),
		      search->options->oldest_first ? hit_order : hit_order_back);
}

static int look_record(struct looker *looker, struct block *block, size_t i, bool surely, struct err *err)
{
	struct search *search = looker->search;
	struct record record;
	const struct record *heads;
	int r;
	if (surely && search->options->heads) {
		r = block_heads(block, &heads, err);
		record = heads[i];
	} else {
		r = block_record(block, &looker->arena, i, &record, err);
		search->counts->candidates++;
	}
	seeker_forget(looker->seeker);
	if (r < 0 || (!surely && !seeker_meets(looker->seeker, &record)))
		return r;
	search->counts->found++;
	if (search->worker)
		return search->worker->record(looker->work, looker->seeker, &record) ? 1 : 0;
	keep_hit(looker, &record, (uint32_t)i);
	return 0;
}

static int look_block(struct looker *looker, struct block *block, struct err *err)
{
	struct search *search = looker->search;
	struct seek_marks marks;
	int r = seek_plan_mark(search->plan, &looker->arena, block, looker->odd, search->options->since, search->options->until, &marks, err);
	for (size_t word = 0; r == 0 && word < (block_count(block) + 63) / 64; word++) {
		for (uint64_t left = marks.maybe[word]; r == 0 && left; left &= left - 1) {
			size_t i = word * 64 + (size_t)__builtin_ctzll(left);
			r = look_record(looker, block, i, marks.surely[word] >> i % 64 & 1, err);
		}
	}
	return r;
}

/* Take a piece, under the lock: -ENODATA when there are no more. *block is NULL when the piece was ruled out. */
static int take_piece(struct looker *looker, struct block **block, struct err *err)
{
	struct search *search = looker->search;
	struct piece *piece = &search->pieces[looker->piece];
	struct str filter;
	*block = NULL;
	int r = reader_filter(search->reader, piece, &filter, err);
	if (r < 0)
		return r;
	if (filter.n) {
		struct token_filter open;
		token_filter_open(filter, &open);
		if (!seek_plan_may_hold(search->plan, &open))
			return 0;
	}
	looker->odd = seek_plan_is_odd(filter);
	search->counts->opened++;
	return reader_load(search->reader, piece, &looker->bytes, block, err);
}

static bool next_piece(struct looker *looker)
{
	struct search *search = looker->search;
	size_t ahead = AHEAD * MAX(search->running, 1);
	while (!search->stop && search->next < search->n && !search->worker && search->next >= search->given + ahead)
		pthread_cond_wait(&search->changed, &search->lock);
	if (search->stop || search->next >= search->n)
		return false;
	looker->piece = (uint32_t)search->next++;
	return true;
}

static bool is_needed(const struct search *search, const struct piece *piece)
{
	return search->worker || !before(search, search->cutoff, first_end(search, piece));
}

static void *look(void *arg)
{
	struct looker *looker = arg;
	struct search *search = looker->search;
	pthread_mutex_lock(&search->lock);
	while (next_piece(looker)) {
		CLEANUP(block_close_p) struct block *block = NULL;
		struct err err = { "" };
		const struct piece *piece = &search->pieces[looker->piece];
		int r = is_needed(search, piece) ? take_piece(looker, &block, &err) : 0;
		pthread_mutex_unlock(&search->lock);
		arena_reset(&looker->arena);
		if (r == 0 && block) {
			r = look_block(looker, block, &err);
			if (r < 0)
				err_wrap(&err, r, "block %u of %s", piece->number, piece->day);
		}
		if (r < 0)
			note_damage(search, &err);
		if (!search->worker)
			sort_hits(search, &search->results[looker->piece]);
		search->counts->done++;
		search->counts->done_bytes += piece->bytes;
		pthread_mutex_lock(&search->lock);
		if (r == 1)
			search->stop = true;
		if (!search->worker)
			search->results[looker->piece].done = true;
		pthread_cond_broadcast(&search->changed);
	}
	search->running--;
	pthread_cond_broadcast(&search->changed);
	pthread_mutex_unlock(&search->lock);
	return NULL;
}

/* ---- giving out in order ---- */

/* A heap of hits, the first in order on top. */
struct waiting {
	VEC(const struct hit *) heap;
};

static void waiting_done(struct waiting *waiting)
{
	vec_done(&waiting->heap);
}

static bool hit_before(const struct search *search, const struct hit *a, const struct hit *b)
{
	return (search->options->oldest_first ? hit_order : hit_order_back)(a, b) < 0;
}

static void waiting_add(const struct search *search, struct waiting *waiting, const struct hit *hit)
{
	vec_push(&waiting->heap, hit);
	size_t i = waiting->heap.n - 1;
	while (i && hit_before(search, hit, waiting->heap.p[(i - 1) / 2])) {
		waiting->heap.p[i] = waiting->heap.p[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	waiting->heap.p[i] = hit;
}

static const struct hit *waiting_take(const struct search *search, struct waiting *waiting)
{
	const struct hit *top = waiting->heap.p[0], *last = waiting->heap.p[--waiting->heap.n];
	size_t i = 0, n = waiting->heap.n;
	for (size_t child; (child = i * 2 + 1) < n; i = child) {
		if (child + 1 < n && hit_before(search, waiting->heap.p[child + 1], waiting->heap.p[child]))
			child++;
		if (!hit_before(search, waiting->heap.p[child], last))
			break;
		waiting->heap.p[i] = waiting->heap.p[child];
	}
	if (n)
		waiting->heap.p[i] = last;
	return top;
}

static void result_done(struct result *result)
{
	arena_done(&result->arena);
	vec_done(&result->hits);
}

struct giver {
	struct search *search;
	struct waiting waiting;
	search_fn *each;
	void *ctx;
	size_t given;
};

/* The next hit of the piece enters the heap when the one before leaves it: the heap stays as small as there are pieces. */
static int give_until(struct giver *giver, size_t pieces)
{
	struct search *search = giver->search;
	bool all = pieces == search->n;
	int64_t bound = all ? 0 : first_end(search, &search->pieces[pieces]);
	while (giver->waiting.heap.n && (all || before(search, giver->waiting.heap.p[0]->record.time, bound))) {
		const struct hit *hit = waiting_take(search, &giver->waiting);
		struct result *result = &search->results[hit->piece];
		if (search->options->limit && giver->given == search->options->limit) {
			search->counts->cut = true;
			return 1;
		}
		giver->given++;
		int r = giver->each(giver->ctx, &hit->record);
		if (r)
			return r;
		if (--result->left)
			waiting_add(search, &giver->waiting, hit + 1);
		else
			result_done(result);
	}
	return 0;
}

/* Once as many wait as are wanted, pieces that lie wholly behind them all are not. */
static void set_cutoff(struct giver *giver)
{
	struct search *search = giver->search;
	size_t waiting = 0;
	if (!search->options->limit)
		return;
	int64_t last = 0;
	for (size_t i = 0; i < giver->waiting.heap.n; i++) {
		const struct hit *hit = giver->waiting.heap.p[i];
		const struct result *result = &search->results[hit->piece];
		const struct hit *end = hit + MIN(result->left, search->options->limit + 1) - 1;
		waiting += result->left;
		if (i == 0 || before(search, last, end->record.time))
			last = end->record.time;
	}
	if (giver->given + waiting > search->options->limit)
		search->cutoff = last;
}

static void say_progress(struct search *search, int64_t *due)
{
	if (!search->options->progress || clock_monotonic_ns() < *due)
		return;
	*due = clock_monotonic_ns() + PROGRESS_NS;
	if (search->options->progress(search->options->progress_ctx, search->counts))
		search->stop = true;
}

/* Wait, at most a tenth of a second, under the lock. */
static void wait_changed(struct search *search)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PROGRESS_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&search->changed, &search->lock, &until);
}

static int give_all(struct giver *giver)
{
	struct search *search = giver->search;
	int64_t due = 0;
	for (size_t i = 0; i < search->n; i++) {
		pthread_mutex_lock(&search->lock);
		search->given = i;
		set_cutoff(giver);
		pthread_cond_broadcast(&search->changed);
		while (!search->results[i].done && !search->stop) {
			wait_changed(search);
			say_progress(search, &due);
		}
		bool stop = search->stop;
		pthread_mutex_unlock(&search->lock);
		if (stop)
			return 1;
		struct result *result = &search->results[i];
		result->left = result->hits.n;
		if (result->left)
			waiting_add(search, &giver->waiting, &result->hits.p[0]);
		int r = give_until(giver, i + 1);
		if (r)
			return r;
	}
	return 0;
}

/* ---- running ---- */

static int piece_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return x->last < y->last ? 1 : x->last > y->last ? -1 : x->sequence < y->sequence ? 1 : x->sequence > y->sequence ? -1 : 0;
}

static int piece_order_oldest(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return x->first < y->first ? -1 : x->first > y->first ? 1 : x->sequence < y->sequence ? -1 : x->sequence > y->sequence ? 1 : 0;
}

static int search_open(struct search *search, const char *dir, struct err *err)
{
	const struct search_options *options = search->options;
	int r = reader_open(dir, &search->reader, err);
	if (r == 0)
		r = reader_list(search->reader, &search->arena, options->since, options->until, &search->pieces, &search->n, err);
	if (r < 0)
		return r;
	search->plan = seek_plan_new(&search->arena, options->seek);
	if (search->n)
		qsort(search->pieces, search->n, sizeof(*search->pieces), options->oldest_first ? piece_order_oldest : piece_order);
	for (size_t i = 0; i < search->n; i++)
		search->counts->bytes += search->pieces[i].bytes;
	search->counts->blocks = search->n;
	search->cutoff = options->oldest_first ? INT64_MAX : INT64_MIN;
	if (!search->worker)
		search->results = mem_alloc((search->n + 1) * sizeof(*search->results));
	return 0;
}

static void search_close(struct search *search)
{
	for (size_t i = 0; search->results && i < search->n; i++)
		result_done(&search->results[i]);
	free(search->results);
	reader_close(search->reader);
	arena_done(&search->arena);
	pthread_mutex_destroy(&search->lock);
	pthread_cond_destroy(&search->changed);
}

static size_t thread_count(const struct search *search)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = search->options->threads ? search->options->threads : (size_t)MAX(processors, 1);
	return MAX(MIN(MIN(n, search->n), (size_t)THREADS_MOST), (size_t)1);
}

static void lookers_end(struct search *search, struct looker *lookers, size_t n)
{
	pthread_mutex_lock(&search->lock);
	search->given = search->n; /* nobody waits any more */
	pthread_cond_broadcast(&search->changed);
	pthread_mutex_unlock(&search->lock);
	for (size_t i = 0; i < n; i++)
		pthread_join(lookers[i].thread, NULL);
}

static void looker_done(struct search *search, struct looker *looker)
{
	if (looker->seeker)
		search->counts->given_up += seeker_given_up(looker->seeker);
	if (search->worker && looker->work)
		search->worker->end(search->ctx, looker->work);
	seeker_free(looker->seeker);
	arena_done(&looker->arena);
	buf_done(&looker->bytes);
}

/* All threads are there, or none. */
static int run(struct search *search, search_fn *each, void *ctx, struct err *err)
{
	struct looker lookers[THREADS_MOST] = { 0 };
	size_t n = thread_count(search), started = 0;
	int r = 0;
	int64_t due = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		lookers[i].search = search;
		r = seeker_new(search->options->seek, &lookers[i].seeker, err);
		if (r == 0 && search->worker)
			lookers[i].work = search->worker->begin(search->ctx);
	}
	search->running = n;
	for (; r == 0 && started < n; started++)
		if (pthread_create(&lookers[started].thread, NULL, look, &lookers[started]) != 0)
			r = err_set(err, -EAGAIN, "cannot start a thread");
	if (r < 0)
		search->stop = true;
	struct giver giver = { .search = search, .each = each, .ctx = ctx };
	if (r == 0 && !search->worker)
		r = give_all(&giver);
	pthread_mutex_lock(&search->lock);
	if (r)
		search->stop = true;
	while (search->running && r == 0 && search->worker && !search->stop) {
		wait_changed(search);
		say_progress(search, &due);
	}
	pthread_mutex_unlock(&search->lock);
	lookers_end(search, lookers, started);
	for (size_t i = 0; i < n; i++)
		looker_done(search, &lookers[i]);
	waiting_done(&giver.waiting);
	return r < 0 ? r : 0;
}

static int search_run(const char *dir, struct search *search, search_fn *each, void *ctx, struct err *err)
{
	*search->counts = (struct search_counts){ 0 };
	pthread_mutex_init(&search->lock, NULL);
	pthread_cond_init(&search->changed, NULL);
	int r = search_open(search, dir, err);
	if (r == 0)
		r = run(search, each, ctx, err);
	search_close(search);
	return r;
}

int search_ordered(const char *dir, const struct search_options *options, search_fn *each, void *ctx,
                   struct search_counts *counts, struct err *err)
{
	struct search search = { .options = options, .counts = counts };
	return search_run(dir, &search, each, ctx, err);
}

int search_records(const char *dir, const struct search_options *options, const struct search_worker *worker, void *ctx,
                   struct search_counts *counts, struct err *err)
{
	struct search search = { .options = options, .counts = counts, .worker = worker, .ctx = ctx };
	return search_run(dir, &search, NULL, NULL, err);
}
