/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward archive: make archives, put files into them, see how they stand, hold, prune and copy them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "archive/copies.h"
#include "archive/days.h"
#include "archive/reader.h"
#include "archive/retention.h"
#include "archive/verify.h"
#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/terminal.h"
#include "crypto/keyring.h"
#include "data/content.h"
#include "data/json.h"
#include "event/mapping.h"
#include "sys/root.h"

enum {
	OPT_ARCHIVE, OPT_KEYS, OPT_KEY, OPT_PARSER, OPT_HOST, OPT_SOURCE, OPT_NAME, OPT_FROM, OPT_TO, OPT_REASON, OPT_QUERY, OPT_DAYS,
	OPT_BYTES, OPT_ANYWAY, OPT_PRETEND, OPT_ENDPOINT, OPT_REGION, OPT_AUTHORITY, OPT_AGAIN, OPT_FORMAT_, OPT_END
};
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_ARCHIVE] = { "archive", 'a', OPT_DIRECTORY, "DIR", .help = TR("the archive (/var/lib/ward/archive)") },
	[OPT_KEYS] = { "keys", 0, OPT_DIRECTORY, "DIR", .help = TR("where the keys are; /var/lib/ward/keys otherwise") },
	[OPT_KEY] = { "key", 'k', OPT_TEXT, "NAME", .help = TR("sign with this key of `ward keys`; without it nothing is signed") },
	[OPT_PARSER] = { "parser", 'p', OPT_CHOICE, "NAME", .choices = parser_names, .help = TR("the format of the files (found by itself)") },
	[OPT_HOST] = { "host", 0, OPT_TEXT, "NAME", .help = TR("add: the host, for records that name none") },
	[OPT_SOURCE] = { "source", 0, OPT_TEXT, "NAME", .help = TR("add: the name of the source (the file's name)") },
	[OPT_NAME] = { "name", 0, OPT_TEXT, "NAME", .help = TR("hold, release: the name of the hold") },
	[OPT_FROM] = { "from", 0, OPT_TEXT, "DAY", .help = TR("hold: the first day that is kept") },
	[OPT_TO] = { "to", 0, OPT_TEXT, "DAY", .help = TR("hold: the last day that is kept") },
	[OPT_REASON] = { "reason", 0, OPT_TEXT, "TEXT", .help = TR("hold, release: why; it is written into the chain") },
	[OPT_QUERY] = { "query", 0, OPT_TEXT, "QUERY", .help = TR("hold: the search it is about, for those who read it later") },
	[OPT_DAYS] = { "days", 0, OPT_NUMBER, "N", .min = 1, .max = 36500, .help = TR("prune: keep so many days") },
	[OPT_BYTES] = { "bytes", 0, OPT_NUMBER, "N", .min = 1, .max = INT64_MAX, .help = TR("prune: keep at most so many bytes") },
	[OPT_ANYWAY] = { "anyway", 0, OPT_SWITCH, .help = TR("prune: also days younger than the 180 that the law asks for") },
	[OPT_PRETEND] = { "pretend", 0, OPT_SWITCH, .help = TR("prune: only say what would be removed") },
	[OPT_ENDPOINT] = { "endpoint", 0, OPT_TEXT, "URL", .help = TR("copy: the server of an s3:// target") },
	[OPT_REGION] = { "region", 0, OPT_TEXT, "NAME", .help = TR("copy: its region (us-east-1)") },
	[OPT_AUTHORITY] = { "authority", 0, OPT_FILE, "FILE", .help = TR("copy: certificates that may sign the server's") },
	[OPT_AGAIN] = { "again", 0, OPT_SWITCH, .help = TR("copy: also what was copied before") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	const char *dir;
	bool json;
	struct private_key *key;
	struct signer signer;
	struct archive_options options;
	struct archive *archive;
	struct buf out;
};

static void work_done(struct work *work)
{
	archive_close(work->archive);
	private_key_close(work->key);
	buf_done(&work->out);
}

static struct str text_of(const struct work *work, int option)
{
	return opt_text(&work->call->args, (size_t)option);
}

static void say(struct work *work, const struct note *note)
{
	buf_add(&work->out, note_text(work->call->arena, work->call->lang, note));
	buf_add_char(&work->out, '\n');
}

static struct str count_text(struct work *work, uint64_t value)
{
	return arena_printf(work->call->arena, "%llu", (unsigned long long)value);
}

static int load_key(struct work *work, struct err *err)
{
	const char *dir = opt_cstr(&work->call->args, OPT_KEYS);
	if (!opt_given(&work->call->args, OPT_KEY))
		return 0;
	int r = keyring_private(dir ? dir : KEYRING_DIR, text_of(work, OPT_KEY), &work->key, err);
	if (r < 0)
		return r;
	work->signer = signer_local(work->key);
	work->options.signer = &work->signer;
	return 0;
}

/* An archive whose last statement was signed is not gone on with unsigned by mistake. */
static int must_sign(struct work *work, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(keys);
	int r = book_open(arena_printf(work->call->arena, "%s/archive.ward", work->dir).p, DATABASE_READ, &book, err);
	if (r == 0)
		r = sql_make(&keys, book, "SELECT 1 FROM key", err);
	if (r == 0)
		r = sql_step(&keys, err);
	return r == 1 && !work->key ? err_set(err, -EINVAL, "%s is signed: give the key (--key NAME)", work->dir) : MIN(r, 0);
}

static int open_archive(struct work *work, struct err *err)
{
	work->options.sync = true;
	if (access(arena_printf(work->call->arena, "%s/archive.ward", work->dir).p, F_OK) < 0)
		return err_set(err, -ENOENT, "%s: there is no archive (`ward archive create` makes one)", work->dir);
	int r = load_key(work, err);
	if (r == 0)
		r = must_sign(work, err);
	return r < 0 ? r : archive_open(work->dir, &work->options, &work->archive, err);
}

static int verb_create(struct work *work, struct err *err)
{
	int r = load_key(work, err);
	if (r == 0)
		r = archive_create(work->dir, &work->options, err);
	if (r < 0)
		return r;
	say(work, &NOTE("{} is ready", str_from(work->dir)));
	if (!work->key)
		buf_printf(&work->out, "%.*s\n", STR_ARG(tr(work->call->lang, "it is not signed: changes can be noticed, but not proven (`ward keys create`, then --key)")));
	return 0;
}

/* ---- add ---- */

struct import {
	struct work *work;
	struct str source, host;
	int64_t now;
	uint64_t records, bytes;
	struct content content;
	struct mappings mappings;
	struct names *seed; /* knows the mappings' aliases */
	struct timestamp_hint hint;
};

static int keep_batch(struct import *import, struct batch *batch, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < batch->events.n; i++) {
		struct event *event = &batch->events.p[i];
		if (event->time == EVENT_NO_TIME || !event->host.n)
			mapping_complete(&batch->arena, mapping_of(&import->mappings, event, batch->names), event, batch->names, &import->hint);
		struct record record = {
			.time = event->time == EVENT_NO_TIME ? import->now : event->time,
			.arrived = import->now,
			.host = event->host.n ? event->host : import->host,
			.source = import->source,
			.raw = event->raw,
			.parser = event->parser ? str_from(event->parser->name) : STR(""),
		};
		r = archive_append(import->work->archive, &record, 1, err);
		import->records++;
		import->bytes += record.raw.n;
	}
	return r == 0 ? archive_commit(import->work->archive, NULL, 0, err) : r;
}

struct emitting {
	struct import *import;
	struct err *err;
	int r;
};

static int emit_batch(void *ctx, struct parse *parse)
{
	struct emitting *emitting = ctx;
	emitting->r = keep_batch(emitting->import, parse->batch, emitting->err);
	batch_reset(parse->batch);
	return emitting->r < 0 ? -ECANCELED : 0;
}

enum { PIECE = 4 * 1024 * 1024 };

static int add_stream(struct import *import, const struct parser *parser, int fd, struct err *err)
{
	BUF(text);
	CLEANUP(names_free_p) struct names *names = names_copy(import->seed);
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse = { 0 };
	bool last = false, started = false;
	while (!last) {
		char *to = buf_reserve(&text, PIECE);
		ssize_t n = read(fd, to, PIECE);
		if (n < 0)
			return err_errno(err, -errno, "%.*s", STR_ARG(import->source));
		text.n += (size_t)n;
		last = n == 0;
		if (!started) {
			if (!parser)
				parser = parser_probe(str_slice(buf_str(&text), 0, 65536));
			parse_init(&parse, parser, NULL);
			started = true;
		}
		size_t used;
		parse_lines(&parse, &batch, buf_str(&text), last, &used);
		int r = keep_batch(import, &batch, err);
		if (r < 0)
			return r;
		memmove(text.p, text.p + used, text.n - used);
		text.n -= used;
		batch_reset(&batch);
		names_reset(names);
	}
	return 0;
}

static int add_whole(struct import *import, const struct parser *parser, int fd, struct err *err)
{
	CLEANUP(names_free_p) struct names *names = names_copy(import->seed);
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	struct emitting emitting = { import, err, 0 };
	parse_init(&parse, parser, NULL);
	parse.batch = &batch;
	int r = parser->file(&parse, fd, import->source.p, emit_batch, &emitting, err);
	if (r == 0)
		r = keep_batch(import, &batch, err);
	return emitting.r < 0 ? emitting.r : r;
}

static int add_file(struct import *import, const char *path, struct err *err)
{
	const struct parser *parser = opt_given(&import->work->call->args, OPT_PARSER)
	                                      ? parsers[opt_choice(&import->work->call->args, OPT_PARSER, 0)] : NULL;
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[8192];
	if (fd < 0)
		return err_errno(err, -errno, "cannot read '%s'", path);
	ssize_t n = parser ? 0 : pread(fd, head, sizeof(head), 0);
	if (n > 0 && parser_evtx.probe((struct str){ head, (size_t)n }))
		parser = &parser_evtx;
	return parser && parser->framing == FRAME_FILE ? add_whole(import, parser, fd, err) : add_stream(import, parser, fd, err);
}

static void import_done(struct import *import)
{
	names_free(import->seed);
	content_close(&import->content);
}

static int import_open(struct import *import, struct err *err)
{
	struct arena *arena = import->work->call->arena;
	int r = content_open(&import->content, NULL, err);
	if (r == 0)
		r = mappings_load(arena, &import->content, &import->mappings, err);
	import->seed = names_new();
	mappings_alias(&import->mappings, import->seed);
	return r;
}

static int verb_add(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	CLEANUP(import_done) struct import import = { .content = CONTENT_EMBEDDED, .work = work, .host = text_of(work, OPT_HOST), .now = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec };
	if (args->n < 2)
		return err_set(err, -EINVAL, "which files?");
	import.hint = (struct timestamp_hint){ .now = import.now, .local = true };
	int r = import_open(&import, err);
	work->options.threads = 1;
	if (r == 0)
		r = open_archive(work, err);
	for (size_t i = 1; r == 0 && i < args->n; i++) {
		import.source = opt_given(args, OPT_SOURCE) ? text_of(work, OPT_SOURCE) : args->operands[i];
		r = add_file(&import, args->operands[i].p, err);
	}
	if (r == 0)
		r = archive_seal(work->archive, err);
	if (r < 0)
		return r;
	say(work, &NOTE("added {} record{s}, {} byte{s}", count_text(work, import.records), count_text(work, import.bytes)));
	return 0;
}

/* ---- status ---- */

struct day_sums {
	uint64_t blocks, records, bytes, stored, open;
};

static void add_day(struct work *work, const char *day, const struct day_sums *sums)
{
	if (work->json) {
		json_open_map(&work->out, NULL);
		json_put(&work->out, "day", str_from(day));
		json_put_int(&work->out, "blocks", (int64_t)sums->blocks);
		json_put_int(&work->out, "records", (int64_t)sums->records);
		json_put_int(&work->out, "bytes", (int64_t)sums->bytes);
		json_put_int(&work->out, "stored", (int64_t)sums->stored);
		json_put_int(&work->out, "not_sealed", (int64_t)sums->open);
		buf_add_char(&work->out, '}');
		return;
	}
	struct str records = count_text(work, sums->records), open = count_text(work, sums->open);
	struct str ratio = arena_printf(work->call->arena, "%.1f", sums->stored ? (double)sums->bytes / (double)sums->stored : 0.0);
	say(work, sums->open ? &NOTE("{}  {} record{s} sealed, {} times smaller; {} not sealed yet", str_from(day), records, ratio, open)
	                     : &NOTE("{}  {} record{s} sealed, {} times smaller", str_from(day), records, ratio));
}

static int verb_status(struct work *work, struct err *err)
{
	CLEANUP(reader_close_p) struct reader *reader = NULL;
	struct arena *arena = work->call->arena;
	struct piece *pieces;
	struct hold *holds;
	size_t n, n_holds;
	int r = reader_open(work->dir, &reader, err);
	if (r == 0)
		r = reader_list(reader, arena, INT64_MIN, INT64_MAX, &pieces, &n, err);
	if (r == 0)
		r = hold_list(work->dir, arena, &holds, &n_holds, err);
	if (r < 0)
		return r;
	if (work->json) {
		buf_add_char(&work->out, '{');
		json_open_list(&work->out, "days");
	}
	struct day_sums sums = { 0 };
	for (size_t i = 0; i < n; i++) {
		sums.blocks += pieces[i].number > 0;
		if (pieces[i].number) {
			sums.records += pieces[i].records;
			sums.bytes += pieces[i].bytes;
			sums.stored += pieces[i].stored;
		} else {
			sums.open += pieces[i].records;
		}
		if (i + 1 == n || strcmp(pieces[i].day, pieces[i + 1].day) != 0) {
			add_day(work, pieces[i].day, &sums);
			sums = (struct day_sums){ 0 };
		}
	}
	if (work->json) {
		buf_add_char(&work->out, ']');
		json_open_list(&work->out, "holds");
	}
	for (size_t i = 0; i < n_holds; i++) {
		const struct hold *hold = &holds[i];
		if (work->json) {
			json_open_map(&work->out, NULL);
			json_put(&work->out, "name", hold->name);
			json_put(&work->out, "from", hold->from.p ? hold->from : STR(""));
			json_put(&work->out, "to", hold->to.p ? hold->to : STR(""));
			json_put(&work->out, "reason", hold->reason.p ? hold->reason : STR(""));
			json_put(&work->out, "query", hold->query.p ? hold->query : STR(""));
			json_put(&work->out, "since", clock_format(arena, hold->since / 1000000000));
			buf_add_char(&work->out, '}');
		} else {
			say(work, &NOTE("held: {} ({} to {})", hold->name, hold->from.n ? hold->from : STR("…"), hold->to.n ? hold->to : STR("…")));
		}
	}
	if (work->json)
		buf_puts(&work->out, "]}\n");
	return 0;
}

static int verb_seal(struct work *work, struct err *err)
{
	int r = open_archive(work, err);
	return r < 0 ? r : archive_seal(work->archive, err);
}

static int verb_hold(struct work *work, struct err *err)
{
	struct hold hold = { .name = text_of(work, OPT_NAME), .from = text_of(work, OPT_FROM), .to = text_of(work, OPT_TO),
		             .reason = text_of(work, OPT_REASON), .query = text_of(work, OPT_QUERY) };
	int r = open_archive(work, err);
	if (r == 0)
		r = hold_place(work->archive, &hold, err);
	if (r == 0)
		say(work, &NOTE("held: {} ({} to {})", hold.name, hold.from.n ? hold.from : STR("…"), hold.to.n ? hold.to : STR("…")));
	return r;
}

static int verb_release(struct work *work, struct err *err)
{
	int r = open_archive(work, err);
	if (r == 0)
		r = hold_release(work->archive, text_of(work, OPT_NAME), text_of(work, OPT_REASON), err);
	if (r == 0)
		say(work, &NOTE("released: {}", text_of(work, OPT_NAME)));
	return r;
}

static int verb_prune(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	struct removed_day *days;
	size_t n;
	struct retention retention = { .days = opt_number(args, OPT_DAYS, 0), .bytes = (uint64_t)opt_number(args, OPT_BYTES, 0),
		                       .anyway = opt_given(args, OPT_ANYWAY), .pretend = opt_given(args, OPT_PRETEND) };
	if (!retention.days && !retention.bytes)
		return err_set(err, -EINVAL, "keep how much? (--days, --bytes)");
	int r = open_archive(work, err);
	if (r == 0)
		r = retention_apply(work->archive, &retention, work->call->arena, &days, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct str records = count_text(work, days[i].records);
		if (days[i].held_by.p)
			say(work, &NOTE("{} stays: held by {}", days[i].day, days[i].held_by));
		else if (retention.pretend)
			say(work, &NOTE("{} would be removed ({})", days[i].day, days[i].why));
		else
			say(work, &NOTE("{} removed ({}): {} record{s}", days[i].day, days[i].why, records));
	}
	if (!n)
		buf_printf(&work->out, "%.*s\n", STR_ARG(tr(work->call->lang, "nothing is to be removed")));
	return 0;
}

static void watch_copy(void *ctx, struct str day, size_t i, size_t n)
{
	struct progress *progress = ctx;
	struct call *call = progress->call;
	struct str at = arena_printf(call->arena, "%zu/%zu", i + 1, n);
	progress_say(progress, note_text(call->arena, call->lang, &NOTE("copying {} ({})", day, at)));
}

static int verb_copy(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	struct copied_day *days;
	size_t n;
	struct progress progress = { .call = work->call };
	if (args->n != 2)
		return err_set(err, -EINVAL, "where to? (a directory, host:path for rsync, s3://bucket/prefix)");
	struct copy_options copy = { .target = args->operands[1].p, .endpoint = opt_cstr(args, OPT_ENDPOINT),
		                     .region = opt_cstr(args, OPT_REGION), .authority = opt_cstr(args, OPT_AUTHORITY),
		                     .again = opt_given(args, OPT_AGAIN), .progress = watch_copy, .ctx = &progress };
	int r = open_archive(work, err);
	progress_start(&progress);
	if (r == 0)
		r = archive_copy(work->archive, &copy, work->call->arena, &days, &n, err);
	progress_end(&progress);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		say(work, days[i].before ? &NOTE("{} was there already", days[i].day)
		                         : &NOTE("{} copied and compared, {} byte{s}", days[i].day, count_text(work, days[i].bytes)));
	if (!n)
		buf_printf(&work->out, "%.*s\n", STR_ARG(tr(work->call->lang, "no day is over yet: nothing to copy")));
	return 0;
}

static int verb_head(struct work *work, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	struct chain chain;
	int r = book_open(arena_printf(work->call->arena, "%s/archive.ward", work->dir).p, DATABASE_READ, &book, err);
	if (r == 0)
		r = days_chain(work->dir, book, &chain, err);
	if (r == 0)
		head_print(&chain, &work->out);
	return r;
}

static int archive_command(struct call *call, struct err *err)
{
	static int (*const run[])(struct work *, struct err *) = { verb_create, verb_add, verb_status, verb_seal, verb_hold,
		                                                   verb_release, verb_prune, verb_copy, verb_head };
	const char *dir = opt_cstr(&call->args, OPT_ARCHIVE);
	CLEANUP(work_done) struct work work = { .call = call, .dir = dir ? dir : ARCHIVE_DIR,
		                                .json = opt_choice(&call->args, OPT_FORMAT_, 0) == 1 };
	int r = run[call->verb](&work, err);
	if (r == 0)
		r = command_print(buf_str(&work.out), err);
	return r < 0 ? r : EXIT_GOOD;
}

static const struct command_verb verbs[] = {
	{ "create", NULL, TR("make an archive") },
	{ "add", "FILES…", TR("read log files into it") },
	{ "status", NULL, TR("its days, and what is held") },
	{ "seal", NULL, TR("seal what is open now") },
	{ "hold", NULL, TR("keep days from being removed until the hold is released") },
	{ "release", NULL, TR("end a hold") },
	{ "prune", NULL, TR("remove days that need not be kept, by a signed record") },
	{ "copy", "TARGET", TR("copy days that are over to a second site, and compare them there") },
	{ "head", NULL, TR("the end of the chain, one line to be kept elsewhere") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward archive create --key archive", TR("an archive in its usual place, signed") },
	{ "ward archive add -a case17 --key archive auth.log* Security.evtx", TR("files of an investigation") },
	{ "ward archive prune --key archive --days 400", TR("keep 400 days") },
	{ "ward archive hold --key archive --name c17 --from 2026-11-01 --reason trial",
	  TR("nothing of these days is removed until the release") },
	{ "ward archive copy --key archive backup@10.0.0.9:/srv/ward", TR("to a second site by rsync") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("done") },
	{ 2, TR("it could not run") },
	{ 0 },
};

const struct command command_archive = {
	.name = "archive",
	.summary = TR("make, fill, prune and copy archives of events"),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = archive_command,
};
