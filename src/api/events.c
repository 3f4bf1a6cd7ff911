/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * events: looking into the archive of events of this machine, in the language of `ward search` (search/seek.h).
 *
 * An archive has no organisations: who does not see the whole tree sees none of it. Each search has a deadline; what was not looked at
 * by then is said (`partial`), so that nothing found is never taken for nothing there.
 */
#include "api/office.h"
#include "base/clock.h"
#include "search/record_json.h"
#include "search/search.h"
#include "search/tally.h"

extern const struct route routes_events[];

#define SECOND   INT64_C(1000000000)
#define DEADLINE (15 * SECOND)
enum { LIST_MOST = 200, LIST_BYTES = 8 * 1024 * 1024, BARS = 120 };

struct look {
	struct request *request;
	struct seek seek;
	struct search_options search;
	struct search_counts counts;
	struct seeker *seeker;
	int64_t late;      /* monotonic */
	bool is_late;
	/* Of a list. */
	int64_t after;     /* time of the last record of the page before; `skip`: so many of that time were shown */
	size_t skip, same, shown;
	int64_t last;
};

static int on_progress(void *ctx, const struct search_counts *counts UNUSED)
{
	struct look *look = ctx;
	look->is_late = clock_monotonic_ns() > look->late;
	return look->is_late;
}

static void look_done(struct look *look)
{
	seeker_free(look->seeker);
}

static int look_begin(struct look *look, struct request *request, struct err *err)
{
	struct str text = request_query(request, "q");
	int64_t from, to;
	*look = (struct look){ .request = request, .late = clock_monotonic_ns() + DEADLINE };
	if (!office_of(request)->archive_dir.n)
		return err_set(err, -ENOENT, "this machine keeps no events");
	if (!request->actor->whole)
		return err_set(err, -EPERM, "events belong to the whole installation: only who sees all organisations may look into them");
	int r = request_query_int(request, "from", 0, INT64_MAX / SECOND - 1, request->now - 86400, &from, err);
	if (r == 0)
		r = request_query_int(request, "to", 0, INT64_MAX / SECOND - 1, request->now + 60, &to, err);
	if (r == 0 && text.n > 4096)
		r = err_set(err, -EINVAL, "the search is too long");
	if (r == 0)
		r = seek_parse(request->arena, text.p ? text : STR(""), request->now * SECOND, &look->seek, err);
	if (r < 0)
		return r;
	look->search = (struct search_options){ .seek = &look->seek, .since = from * SECOND, .until = to * SECOND + SECOND - 1, .threads = 2,
		                                .progress = on_progress, .progress_ctx = look };
	return seeker_new(&look->seek, &look->seeker, err);
}

/* What the search could not see. */
static void look_end(struct look *look)
{
	struct buf *out = &look->request->out;
	json_put_flag(out, "partial", look->is_late);
	json_put_int(out, "damaged", (int64_t)look->counts.damaged);
	json_put_int(out, "given_up", (int64_t)look->counts.given_up);
	json_put_int(out, "bytes", (int64_t)look->counts.bytes);
	buf_add_char(out, '}');
}

/* ---- records ---- */

/* "1795402800000000000.3": the time of the last record shown, and how many of that very time were. */
static int read_cursor(struct look *look, struct err *err)
{
	struct str rest = request_query(look->request, "after");
	int64_t skip;
	if (!rest.n)
		return 0;
	struct str time = str_cut(&rest, '.');
	if (!str_to_int(time, 10, &look->after) || !str_to_int(rest, 10, &skip) || skip < 1 || skip > 1000000)
		return err_set(err, -EINVAL, "'after' is none of our cursors");
	look->skip = (size_t)skip;
	if (look->after < look->search.until)
		look->search.until = look->after;
	return 0;
}

static int add_record(void *ctx, const struct record *record)
{
	struct look *look = ctx;
	if (look->skip && record->time == look->after && look->same < look->skip) {
		look->same++;
		look->last = record->time;
		return 0;
	}
	look->same = look->last == record->time ? look->same + 1 : 1;
	look->last = record->time;
	look->shown++;
	json_next(&look->request->out);
	seeker_forget(look->seeker);
	record_add_json(&look->request->out, look->seeker, record);
	return look->request->out.n > LIST_BYTES;
}

static int get_events(struct request *request, struct err *err)
{
	CLEANUP(look_done) struct look look;
	int64_t limit = 0;
	int r = look_begin(&look, request, err);
	if (r == 0)
		r = request_query_int(request, "limit", 1, LIST_MOST, 50, &limit, err);
	if (r == 0)
		r = read_cursor(&look, err);
	if (r < 0)
		return r;
	look.search.limit = (size_t)limit + look.skip;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	r = search_ordered(arena_cstr(request->arena, office_of(request)->archive_dir), &look.search, add_record, &look, &look.counts, err);
	if (r < 0)
		return r;
	buf_add_char(&request->out, ']');
	bool more = look.shown >= (size_t)limit || request->out.n > LIST_BYTES;
	json_key(&request->out, "next");
	if (more)
		buf_printf(&request->out, "\"%lld.%zu\"", (long long)look.last, look.same);
	else
		buf_puts(&request->out, "null");
	look_end(&look);
	return 0;
}

/* ---- how many when ---- */

struct bars {
	struct tally_kind kind;
	struct tally *sum;
};

static void *bars_begin(void *ctx)
{
	return tally_new(&((struct bars *)ctx)->kind);
}

static int bars_record(void *tally, struct seeker *seeker, const struct record *record)
{
	tally_record(tally, seeker, record);
	return 0;
}

static void bars_end(void *ctx, void *work)
{
	tally_merge(((struct bars *)ctx)->sum, work);
	tally_free(work);
}

/* A step that people count in, so that the time asked for has at most BARS of them. */
static int64_t step_of(int64_t span)
{
	static const int64_t steps[] = { 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400 };
	for (size_t i = 0; i < COUNT(steps); i++)
		if (span / (steps[i] * SECOND) <= BARS)
			return steps[i] * SECOND;
	return 365 * 86400 * SECOND;
}

static int get_histogram(struct request *request, struct err *err)
{
	static const struct search_worker worker = { bars_begin, bars_record, bars_end };
	CLEANUP(look_done) struct look look;
	int r = look_begin(&look, request, err);
	if (r < 0)
		return r;
	struct bars bars = { .kind.every = step_of(look.search.until - look.search.since) };
	CLEANUP(tally_free_p) struct tally *sum = bars.sum = tally_new(&bars.kind);
	const struct tally_row *rows;
	size_t n;
	look.search.heads = true;
	r = search_records(arena_cstr(request->arena, office_of(request)->archive_dir), &look.search, &worker, &bars, &look.counts, err);
	if (r < 0)
		return r;
	tally_rows(sum, 0, &rows, &n);
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "step", bars.kind.every / SECOND);
	json_put_int(&request->out, "from", look.search.since / SECOND);
	json_put_int(&request->out, "to", look.search.until / SECOND);
	json_put_int(&request->out, "total", (int64_t)look.counts.found);
	json_open_list(&request->out, "bars");
	for (size_t i = 0; i < n; i++) {
		json_open_list(&request->out, NULL);
		json_put_int(&request->out, NULL, rows[i].step / SECOND);
		json_put_int(&request->out, NULL, (int64_t)rows[i].count);
		buf_add_char(&request->out, ']');
	}
	buf_add_char(&request->out, ']');
	look_end(&look);
	return 0;
}

const struct route routes_events[] = {
	{ METHOD_GET, "/api/events", "listEvents", "events of the archive, newest first, found by a search", .roles = "security operator auditor duty",
	  .flags = ROUTE_SLOW, .query = "q from to limit after", .gives = "Events", .handle = get_events },
	{ METHOD_GET, "/api/events/histogram", "getEventsHistogram", "how many events a search finds, by steps of time",
	  .roles = "security operator auditor duty", .flags = ROUTE_SLOW, .query = "q from to", .gives = "EventsHistogram", .handle = get_histogram },
	{ 0 },
};
