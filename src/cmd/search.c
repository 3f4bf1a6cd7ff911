/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward search: find records in an archive, count and group them.
 */
#include <stdlib.h>

#include "search/clickhouse.h"
#include "search/moment.h"
#include "search/search.h"
#include "base/clock.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/terminal.h"
#include "report/found.h"

enum {
	OPT_ARCHIVE,
	OPT_EVENTS,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_FIELDS,
	OPT_FORMAT_,
	OPT_LIMIT,
	OPT_REVERSE,
	OPT_BY,
	OPT_EVERY,
	OPT_TOP,
	OPT_COUNT,
	OPT_THREADS,
	OPT_END
};

static const struct opt options[] = {
	[OPT_ARCHIVE] = { "archive", 'a', OPT_DIRECTORY, "DIR", .help = TR("the archive to search (/var/lib/ward/archive)") },
	[OPT_EVENTS] = { "events", 0, OPT_TEXT, "URL",
	                 .help = TR("search ClickHouse instead: clickhouse://user@host:8123/database?password-file=FILE") },
	[OPT_SINCE] = { "since", 's', OPT_TEXT, "TIME",
	                .help = TR("not before this: 7d, 12h, today, 2026-11-03, '2026-11-03 08:01'") },
	[OPT_UNTIL] = { "until", 'u', OPT_TEXT, "TIME", .help = TR("not after this; a day is meant to its end") },
	[OPT_FIELDS] = { "fields", 'F', OPT_TEXT, "A,B", .help = TR("show these fields instead of the whole record") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = found_formats,
	                  .help = TR("for people, JSON lines, CSV, or the records as they were written") },
	[OPT_LIMIT] = { "limit", 'n', OPT_NUMBER, "N", .min = 0, .max = INT64_MAX,
	                .help = TR("stop after so many records; 0 for all (200 in the table, otherwise all)") },
	[OPT_REVERSE] = { "reverse", 'r', OPT_SWITCH, .help = TR("oldest first instead of newest first") },
	[OPT_BY] = { "by", 'b', OPT_TEXT, "A,B", .help = TR("count records by the values of these fields") },
	[OPT_EVERY] = { "every", 'e', OPT_TEXT, "STEP", .help = TR("count records by steps of time: 10m, 1h, 1d") },
	[OPT_TOP] = { "top", 't', OPT_NUMBER, "N", .min = 1, .max = TALLY_MOST,
	              .help = TR("only the N most frequent of each step") },
	[OPT_COUNT] = { "count", 'c', OPT_SWITCH, .help = TR("only how many records there are") },
	[OPT_THREADS] = { "threads", 0, OPT_NUMBER, "N", .min = 1, .max = 64,
	                  .help = TR("how many threads look (one for each processor)") },
	[OPT_END] = { 0 },
};

enum { TABLE_LIMIT = 200, PIECE = 64 * 1024 };

struct work {
	struct call *call;
	const char *dir;
	struct clickhouse *clickhouse; /* instead; or NULL */
	struct seek seek;
	struct search_options search;
	struct search_counts counts;
	struct tally_kind kind;
	struct found_style style;
	struct progress progress;
	int64_t start;
	/* records as they come */
	struct found *found;
	struct seeker *seeker;
	struct buf out;
	uint64_t shown;
	int error;
	struct err err;
};

static void work_done(struct work *work)
{
	progress_end(&work->progress);
	clickhouse_close(work->clickhouse);
	found_free(work->found);
	seeker_free(work->seeker);
	buf_done(&work->out);
}

static int say_progress(void *ctx, const struct search_counts *counts)
{
	struct work *work = ctx;
	struct arena *arena = work->call->arena;
	if (!progress_due(&work->progress) || clock_monotonic_ns() - work->start < INT64_C(500000000) || !counts->bytes)
		return 0;
	double seconds = (double)(clock_monotonic_ns() - work->start) / 1e9;
	const struct note note = NOTE("{} % of {} MB searched, {} found, {} MB/s",
	                              arena_printf(arena, "%llu", (unsigned long long)(counts->done_bytes * 100 / counts->bytes)),
	                              arena_printf(arena, "%llu", (unsigned long long)(counts->bytes / 1000000)),
	                              arena_printf(arena, "%llu", (unsigned long long)counts->found),
	                              arena_printf(arena, "%.0f", (double)counts->done_bytes / 1e6 / seconds));
	progress_say(&work->progress, note_text(arena, work->call->lang, &note));
	return 0;
}

/* "a,b": slices of the option's value. */
static struct strings split(struct arena *arena, struct str list)
{
	VEC(struct str) names = { 0 };
	while (list.p) {
		struct str name = str_trim(str_cut(&list, ','));
		if (name.n)
			vec_push_in(arena, &names, name);
	}
	return (struct strings){ names.p, names.n };
}

static int read_times(struct work *work, int64_t now, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	struct moment moment;
	work->search.since = INT64_MIN;
	work->search.until = INT64_MAX;
	if (opt_given(args, OPT_SINCE)) {
		int r = moment_parse(opt_text(args, OPT_SINCE), now, &moment, err);
		if (r < 0)
			return err_wrap(err, r, "--since");
		work->search.since = moment.first;
	}
	if (opt_given(args, OPT_UNTIL)) {
		int r = moment_parse(opt_text(args, OPT_UNTIL), now, &moment, err);
		if (r < 0)
			return err_wrap(err, r, "--until");
		work->search.until = moment.last;
	}
	if (work->search.since > work->search.until)
		return err_set(err, -EINVAL, "--since is later than --until");
	return 0;
}

static int read_grouping(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	struct strings by = split(work->call->arena, opt_text(args, OPT_BY));
	if (by.n > TALLY_FIELDS)
		return err_set(err, -E2BIG, "--by: at most %d fields", TALLY_FIELDS);
	for (size_t i = 0; i < by.n; i++)
		work->kind.by[work->kind.n++] = by.p[i];
	if (opt_given(args, OPT_EVERY) && (!moment_length(opt_text(args, OPT_EVERY), &work->kind.every) || !work->kind.every))
		return err_set(err, -EINVAL, "--every: '%s' is no length of time; write 10m, 1h or 1d", opt_cstr(args, OPT_EVERY));
	return 0;
}

static int read_query(struct work *work, int64_t now, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	BUF(text);
	for (size_t i = 0; i < args->n; i++) {
		if (i)
			buf_add_char(&text, ' ');
		buf_add(&text, args->operands[i]);
	}
	return seek_parse(work->call->arena, buf_str(&text), now, &work->seek, err);
}

static int work_begin(struct work *work, struct err *err)
{
	struct call *call = work->call;
	const struct opt_args *args = &call->args;
	int64_t now = clock_now() * INT64_C(1000000000);
	work->dir = opt_given(args, OPT_ARCHIVE) ? opt_cstr(args, OPT_ARCHIVE) : ARCHIVE_DIR;
	work->start = clock_monotonic_ns();
	int r = read_query(work, now, err);
	if (r == 0)
		r = read_times(work, now, err);
	if (r == 0)
		r = read_grouping(work, err);
	if (r < 0)
		return r;
	work->style = (struct found_style){
		.format = (enum found_format)opt_choice(args, OPT_FORMAT_, FOUND_TABLE),
		.fields = split(call->arena, opt_text(args, OPT_FIELDS)),
		.seek = &work->seek,
		.lang = call->lang,
		.colour = terminal_colours(),
		.width = terminal_width(),
	};
	work->search.seek = &work->seek;
	work->search.oldest_first = opt_given(args, OPT_REVERSE);
	work->search.limit = (size_t)opt_number(args, OPT_LIMIT, work->style.format == FOUND_TABLE ? TABLE_LIMIT : 0);
	work->search.threads = (size_t)opt_number(args, OPT_THREADS, 0);
	work->search.progress = say_progress;
	work->search.progress_ctx = work;
	progress_start(&work->progress);
	if (opt_given(args, OPT_EVENTS))
		r = clickhouse_open(opt_text(args, OPT_EVENTS), &work->clickhouse, err);
	if (r < 0)
		return r;
	return seeker_new(&work->seek, &work->seeker, err);
}

/* ---- records ---- */

static int print_piece(struct work *work, size_t least)
{
	if (work->out.n <= least)
		return 0;
	progress_end(&work->progress);
	work->error = command_print(buf_str(&work->out), &work->err);
	buf_clear(&work->out);
	return work->error;
}

static int show_record(void *ctx, const struct record *record)
{
	struct work *work = ctx;
	work->shown++;
	found_record(work->found, &work->out, work->seeker, record);
	/* People want the first ones at once. */
	return print_piece(work, work->shown < 100 ? 0 : PIECE);
}

static int run_records(struct work *work, struct err *err)
{
	work->found = found_new(&work->style);
	int r = work->clickhouse ? clickhouse_ordered(work->clickhouse, &work->search, show_record, work, &work->counts, err)
	                         : search_ordered(work->dir, &work->search, show_record, work, &work->counts, err);
	if (r < 0)
		return r;
	if (work->error == 0)
		found_end(work->found, &work->out);
	if (work->error == 0)
		(void)print_piece(work, 0);
	if (work->error < 0) {
		*err = work->err;
		return work->error;
	}
	return 0;
}

/* ---- counts ---- */

static void *tally_begin(void *ctx)
{
	return tally_new(ctx);
}

static int tally_one(void *tally, struct seeker *seeker, const struct record *record)
{
	tally_record(tally, seeker, record);
	return 0;
}

struct tallied {
	struct tally_kind *kind;
	struct tally *sum;
};

static void *tallied_begin(void *ctx)
{
	return tally_begin(((struct tallied *)ctx)->kind);
}

static void tallied_end(void *ctx, void *work)
{
	tally_merge(((struct tallied *)ctx)->sum, work);
	tally_free(work);
}

static int run_counts(struct work *work, struct err *err)
{
	static const struct search_worker worker = { tallied_begin, tally_one, tallied_end };
	CLEANUP(tally_free_p) struct tally *sum = tally_new(&work->kind);
	struct tallied tallied = { &work->kind, sum };
	work->search.heads = true;
	for (size_t i = 0; i < work->kind.n; i++)
		work->search.heads &= seeker_is_head(work->kind.by[i]);
	int r = work->clickhouse ? clickhouse_tally(work->clickhouse, &work->search, &work->kind, sum, &work->counts, err)
	                         : search_records(work->dir, &work->search, &worker, &tallied, &work->counts, err);
	if (r < 0)
		return r;
	const struct tally_row *rows;
	size_t n;
	tally_rows(sum, (size_t)opt_number(&work->call->args, OPT_TOP, 0), &rows, &n);
	work->shown = work->counts.found;
	progress_end(&work->progress);
	if (work->kind.n || work->kind.every)
		found_tally(&work->style, &work->out, &work->kind, rows, n);
	else
		buf_printf(&work->out, "%llu\n", (unsigned long long)work->shown);
	if (tally_other(sum)) {
		struct str other = arena_printf(work->call->arena, "%llu", (unsigned long long)tally_other(sum));
		command_warn(work->call, &NOTE("too many different values: {} records are in no row; ask for fewer fields or less time", other));
	}
	return command_print(buf_str(&work->out), err);
}

/* What the search could not see or did not show. */
static void say_limits(struct work *work)
{
	struct arena *arena = work->call->arena;
	if (work->counts.damaged) {
		struct str n = arena_printf(arena, "%llu", (unsigned long long)work->counts.damaged);
		command_warn(work->call, &NOTE("{} block{s} could not be read, the first: {}; `ward verify` says more", n,
		                               tr_error(arena, work->call->lang, str_from(work->counts.first_damage.text))));
	}
	if (work->counts.given_up) {
		struct str n = arena_printf(arena, "%llu", (unsigned long long)work->counts.given_up);
		command_warn(work->call, &NOTE("an expression took too long on {} record{s}, now left out; make it simpler", n));
	}
	if (work->counts.cut) {
		struct str n = arena_printf(arena, "%llu", (unsigned long long)work->shown);
		command_warn(work->call, &NOTE("only the first {} are shown; --limit 0 shows all", n));
	}
}

static int search_command(struct call *call, struct err *err)
{
	const struct opt_args *args = &call->args;
	CLEANUP(work_done) struct work work = { .call = call };
	int r = work_begin(&work, err);
	if (r < 0)
		return r;
	bool counts = opt_given(args, OPT_BY) || opt_given(args, OPT_EVERY) || opt_given(args, OPT_COUNT) || opt_given(args, OPT_TOP);
	if (opt_given(args, OPT_TOP) && !work.kind.n)
		return err_set(err, -EINVAL, "--top needs --by: the most frequent values of which fields?");
	if (opt_given(args, OPT_ARCHIVE) && opt_given(args, OPT_EVENTS))
		return err_set(err, -EINVAL, "--archive and --events: one of them");
	r = counts ? run_counts(&work, err) : run_records(&work, err);
	progress_end(&work.progress);
	if (r < 0)
		return r;
	say_limits(&work);
	return work.counts.damaged || work.counts.given_up ? EXIT_COULD_NOT : work.shown ? EXIT_GOOD : EXIT_FOUND;
}

static const struct command_example examples[] = {
	{ "ward search failed --since 24h", TR("the word anywhere in the records of the last day, newest first") },
	{ "ward search 'host:his01 user:admin* \"失败\" NOT src:10.0.0.0/8' --since 7d",
	  TR("fields, wildcards, a phrase, and no addresses of our own network") },
	{ "ward search 'status:>=500' --by cs-uri-stem --top 10", TR("which pages fail most") },
	{ "ward search sshd --every 1h --since today", TR("a chart of today by hours") },
	{ "ward search failed --events clickhouse://ward@ch01/ward", TR("the same in ClickHouse") },
	{ "ward search 'user:root' -f json --since 2026-11-01 --until 2026-11-03", TR("three days, for another program") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("something was found") },
	{ 1, TR("nothing was found") },
	{ 2, TR("it could not run, or a part of the archive could not be read") },
	{ 0 },
};

const struct command command_search = {
	.name = "search",
	.summary = TR("find events in the archive, count and group them"),
	.operands = "[WORD…]",
	.description = TR(
		"Words that stand side by side must all be there; OR, NOT and parentheses combine them. A word is found anywhere in a "
		"record, whatever the case of its letters: fail* finds its beginning, *fail* any part; Chinese is found in any place. "
		"\"Quotes\" hold words with blanks.\n\n"
		"FIELD:VALUE asks for a field of the event, * and ? stand for any characters: user:admin*, user:(root OR admin), "
		"port:>1024, port:[1 TO 1023], src:10.0.0.0/8, user:* (it is there), path:/etc\\/.*conf/ (an expression). host, source, "
		"parser, time and raw are the record's own. A backslash makes punctuation plain."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.most = COMMAND_MANY,
	.run = search_command,
};
