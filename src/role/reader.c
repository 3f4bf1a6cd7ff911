/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/reader.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/timestamp.h"
#include "report/detections.h"
#include "role/control.h"
#include "role/engine.h"
#include "role/wire.h"
#include "sys/root.h"

enum { BATCHES_MOST = 256, RECEIVE = 64 * 1024, PATHS_MOST = 512, SPARE = 8 };
#define SECOND     ((int64_t)1000000000)
#define LOOK_AGAIN (10 * SECOND) /* for rules that changed */

struct reader;

struct run {
	struct reader *reader;
	const struct config_source *source;
	struct shared_source *shared;
	struct input *input;
	const struct mapping *mapping;
	struct buf found; /* the position that was asked for last */
	bool ended;
};

struct waiting {
	uint64_t number, ticket;
	size_t run;
	struct buf frame;
};

struct reader {
	const struct reader_options *options;
	const struct config *config;
	struct shared *shared;
	struct run runs[CONFIG_SOURCES];
	struct engine *engine;
	struct engine_reload *reload;
	uint64_t fingerprint;
	int64_t look_next, advance_next;
	int writer;          /* -1: there is none */
	uint64_t self;       /* which reader this is */
	uint64_t number;     /* of the newest batch */
	struct waiting queue[BATCHES_MOST]; /* a ring */
	size_t first, n, bytes;
	struct buf spare[SPARE];
	size_t n_spare;
	struct buf received;
	struct buf state;    /* of correlations, as the writer keeps it */
	bool stopping, fed;  /* fed: the correlator changed within this batch */
	/* Of the batch being made. */
	struct input_batch batch;
	struct buf findings;
	uint64_t n_findings;
	struct run *run;
	struct str stream;
	struct arena scratch;
};

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

/* ---- the writer ---- */

static void writer_gone(struct reader *reader)
{
	fd_close_p(&reader->writer);
	reader->writer = -1;
	buf_clear(&reader->received);
}

/* All of it; a writer that has died will be replaced, and gets it then. */
static void send_text(struct reader *reader, struct str text)
{
	while (text.n && reader->writer >= 0) {
		ssize_t n = send(reader->writer, text.p, text.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			writer_gone(reader);
		else
			text = str_slice(text, (size_t)n, text.n);
	}
}

/* Memory of frames goes round: a few are kept, unless they are unusually large. */
static void spare_frame(struct reader *reader, struct buf *frame)
{
	if (reader->n_spare < SPARE && frame->room <= 4 * READER_BATCH) {
		reader->spare[reader->n_spare++] = *frame;
		*frame = (struct buf){ 0 };
	} else {
		buf_done(frame);
	}
}

static struct buf take_spare(struct reader *reader)
{
	struct buf frame = { 0 };
	if (reader->n_spare)
		frame = reader->spare[--reader->n_spare];
	buf_clear(&frame);
	return frame;
}

static void drop_first(struct reader *reader)
{
	struct waiting *waiting = &reader->queue[reader->first];
	reader->bytes -= waiting->frame.n;
	input_kept(reader->runs[waiting->run].input, waiting->ticket);
	spare_frame(reader, &waiting->frame);
	reader->first = (reader->first + 1) % BATCHES_MOST;
	reader->n--;
	shared_set(&reader->shared->detect.waiting, reader->bytes);
}

static void kept(struct reader *reader, uint64_t number)
{
	while (reader->n && reader->queue[reader->first].number <= number)
		drop_first(reader);
}

static int restore_state(struct reader *reader, struct str saved)
{
	struct err err;
	if (!saved.n)
		return 0;
	int r = correlator_restore(reader->engine->correlator, saved, &err);
	if (r < 0)
		role_say(reader->options->log, &NOTE("the state of correlations cannot be read, they begin anew: {}", str_from(err.text)));
	return 0;
}

/* One frame of the writer's; *position (may be NULL) is set when it answers a question. */
static int take_frame(struct reader *reader, const struct wire_frame *frame, struct str *position, struct err *err)
{
	struct str rest = frame->payload, state;
	switch (frame->kind) {
	case WIRE_KEPT:
		kept(reader, frame->number);
		return 0;
	case WIRE_POSITION:
		if (!position || !wire_take_text(&rest, position))
			return err_set(err, -EBADMSG, "an answer to no question");
		return 1;
	case WIRE_WELCOME:
		if (!wire_take_text(&rest, &state))
			return err_set(err, -EBADMSG, "a damaged welcome");
		buf_clear(&reader->state);
		buf_add(&reader->state, state);
		kept(reader, frame->number);
		return 1;
	default:
		return err_set(err, -EBADMSG, "a frame that writers do not send");
	}
}

/* Read what the writer says. `wanted`: go on until this kind came; 0: what is there. 1: it came; 0: nothing, or the
 * writer has gone. */
static int hear(struct reader *reader, enum wire_kind wanted, struct buf *position, struct err *err)
{
	for (;;) {
		struct wire_frame frame;
		size_t used = 0;
		int r = wire_frame(buf_str(&reader->received), &frame, &used, err);
		if (r < 0)
			return r;
		if (r == 1) {
			struct str text = STR_NONE;
			int taken = take_frame(reader, &frame, position ? &text : NULL, err);
			if (taken < 0)
				return taken;
			if (position && text.p) {
				buf_clear(position);
				buf_add(position, text);
			}
			bool come = wanted && frame.kind == wanted;
			memmove(reader->received.p, reader->received.p + used, reader->received.n - used);
			reader->received.n -= used;
			if (come)
				return text.p || wanted != WIRE_POSITION ? 1 : 2;
			continue;
		}
		ssize_t n = recv(reader->writer, buf_reserve(&reader->received, RECEIVE), RECEIVE, wanted ? 0 : MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0) {
			writer_gone(reader);
			return 0;
		}
		reader->received.n += (size_t)n;
	}
}

/* Introduce ourselves to a new writer, and send what the one before did not keep. */
static int greet(struct reader *reader, int fd, struct err *err)
{
	BUF(hello);
	writer_gone(reader);
	reader->writer = fd;
	wire_end(&hello, wire_begin(&hello, WIRE_HELLO, reader->self));
	send_text(reader, buf_str(&hello));
	int r = reader->writer < 0 ? 0 : hear(reader, WIRE_WELCOME, NULL, err);
	for (size_t i = 0; r == 1 && i < reader->n; i++)
		send_text(reader, buf_str(&reader->queue[(reader->first + i) % BATCHES_MOST].frame));
	return r < 0 ? r : 0;
}

static void begin_reload(struct reader *reader)
{
	if (reader->reload)
		return;
	reader->fingerprint = engine_fingerprint(reader->config);
	reader->reload = engine_reload_begin(reader->config);
}

static void stop(struct reader *reader)
{
	reader->stopping = true;
	for (size_t i = 0; i < reader->config->n_sources; i++)
		if (reader->runs[i].input)
			input_stop(reader->runs[i].input);
}

static int take_word(struct reader *reader, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(reader->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	if (word == CONTROL_WRITER && fd >= 0)
		return greet(reader, fd, err);
	fd_close_p(&fd);
	if (word == CONTROL_STOP)
		stop(reader);
	else if (word == CONTROL_RELOAD)
		begin_reload(reader);
	return 0;
}

/* Wait for a writer, however long it takes to get one. */
static int need_writer(struct reader *reader, struct err *err)
{
	int r = 0;
	while (r == 0 && reader->writer < 0)
		r = take_word(reader, err);
	return r;
}

static void key_of(struct buf *out, const struct run *run, struct str key)
{
	buf_clear(out);
	buf_add(out, run->source->name);
	buf_add_char(out, ':');
	buf_add(out, key);
}

static struct str find_position(void *ctx, struct str key)
{
	struct run *run = ctx;
	struct reader *reader = run->reader;
	struct err err;
	BUF(name);
	BUF(ask);
	key_of(&name, run, key);
	size_t begin = wire_begin(&ask, WIRE_ASK, 0);
	wire_put_text(&ask, buf_str(&name));
	wire_end(&ask, begin);
	for (;;) {
		int r = need_writer(reader, &err);
		if (r < 0)
			break;
		send_text(reader, buf_str(&ask));
		r = reader->writer < 0 ? 0 : hear(reader, WIRE_POSITION, &run->found, &err);
		if (r == 1)
			return buf_str(&run->found);
		if (r == 2)
			return STR_NONE;
		if (r < 0)
			break;
	}
	/* Without knowing where it stood, going on would lose or repeat: the supervisor starts us again. */
	role_say(reader->options->log, &NOTE("cannot ask the writer where a source stood: {}", str_from(err.text)));
	_exit(2);
}

/* ---- events ---- */

static void add_finding(struct reader *reader, const struct detection *detection)
{
	BUF(line);
	detection_json(&line, detection, LANG_EN);
	/* Its first key is ours: which source of the configuration. */
	buf_puts(&reader->findings, "{\"source\":\"");
	buf_add(&reader->findings, reader->run->source->name);
	buf_puts(&reader->findings, "\",");
	buf_add(&reader->findings, str_slice(buf_str(&line), 1, line.n));
	reader->n_findings++;
}

static void correlated(void *ctx, const struct correlation_match *match)
{
	struct reader *reader = ctx;
	struct detection detection = { 0 };
	if ((int)match->rule->level < reader->engine->min_level || match->rule->hidden)
		return;
	detection_of_correlation(&reader->scratch, match, &detection);
	add_finding(reader, &detection);
}

static void matched(void *ctx, const struct match *match)
{
	struct reader *reader = ctx;
	struct engine *engine = reader->engine;
	struct detection detection = { 0 };
	struct str reference = arena_printf(&reader->scratch, "%.*s:%llu", STR_ARG(reader->stream),
	                                    (unsigned long long)match->event->line);
	correlator_feed(engine->correlator, match, reader->batch.batch.names, reference, correlated, reader);
	reader->fed = true;
	if (match->rule->hidden || (int)match->rule->level < engine->min_level)
		return;
	detection_of(&reader->scratch, engine->detector, match, reader->batch.batch.names, reader->stream, &detection);
	add_finding(reader, &detection);
}

static void take_event(struct reader *reader, struct event *event, int64_t arrived, const struct timestamp_hint *hint,
                       struct buf *records)
{
	struct engine *engine = reader->engine;
	const struct names *names = reader->batch.batch.names;
	const struct mapping *mapping = reader->run->mapping;
	if (!event->flaw && (event->time == EVENT_NO_TIME || !event->host.n)) {
		if (!mapping)
			mapping = detector_mapping(engine->detector, event, names);
		mapping_complete(&reader->batch.batch.arena, mapping, event, names, hint);
	}
	if (!event->flaw)
		detector_run(engine->detector, event, names, reader->run->mapping, matched, reader);
	wire_put_record(records, event->time == EVENT_NO_TIME ? arrived : event->time, event->host,
	                event->parser && !event->flaw ? str_from(event->parser->name) : STR(""), event->raw);
}

static struct str stream_of(const struct input_batch *batch, size_t event, size_t *span)
{
	while (*span + 1 < batch->n_spans && batch->spans[*span + 1].first <= event)
		++*span;
	return *span < batch->n_spans ? batch->spans[*span].stream : batch->source;
}

static void put_number_32(struct buf *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		buf_add_char(out, (char)(value >> 8 * i & 255));
}

/* Judge the batch and put it into the frame of the queue's next place. */
static void make_frame(struct reader *reader, size_t run_index)
{
	struct input_batch *batch = &reader->batch;
	struct waiting *waiting = &reader->queue[(reader->first + reader->n) % BATCHES_MOST];
	const struct parse_options *parse = &reader->run->source->parse;
	int64_t arrived = wall_ns();
	const struct timestamp_hint hint = { .now = arrived, .zone = parse->zone, .local = !parse->zone_given };
	static struct buf records; /* grows once */
	BUF(key);
	size_t span = 0;
	buf_clear(&records);
	buf_clear(&reader->findings);
	reader->n_findings = 0;
	for (size_t i = 0; i < batch->batch.events.n; i++) {
		reader->stream = stream_of(batch, i, &span);
		take_event(reader, &batch->batch.events.p[i], arrived, &hint, &records);
	}
	*waiting = (struct waiting){ .number = ++reader->number, .ticket = batch->ticket, .run = run_index, .frame = take_spare(reader) };
	struct buf *frame = &waiting->frame;
	size_t begin = wire_begin(frame, WIRE_BATCH, waiting->number);
	wire_put_int(frame, (uint64_t)arrived);
	wire_put_text(frame, reader->run->source->name);
	wire_put_text(frame, buf_str(&reader->findings));
	wire_put_int(frame, reader->n_findings);
	buf_clear(&reader->state);
	if (reader->fed)
		correlator_save(reader->engine->correlator, &reader->state);
	wire_put_text(frame, reader->fed ? buf_str(&reader->state) : STR_NONE);
	put_number_32(frame, (uint32_t)batch->n_positions);
	for (size_t i = 0; i < batch->n_positions; i++) {
		key_of(&key, reader->run, batch->positions[i].key);
		wire_put_text(frame, buf_str(&key));
		wire_put_text(frame, batch->positions[i].position);
	}
	put_number_32(frame, (uint32_t)batch->batch.events.n);
	buf_add(frame, buf_str(&records));
	wire_end(frame, begin);
	reader->fed = false;
	reader->n++;
	reader->bytes += frame->n;
	shared_add(&reader->shared->detect.matched, reader->n_findings);
	shared_set(&reader->shared->detect.waiting, reader->bytes);
	send_text(reader, buf_str(frame));
	if (records.room > 64 * READER_BATCH)
		buf_done(&records);
}

static void count(struct run *run)
{
	struct input_counters counters = input_counters(run->input);
	struct shared_source *shared = run->shared;
	shared_set(&shared->events, counters.records);
	shared_set(&shared->bytes, counters.bytes);
	shared_set(&shared->flawed, counters.flawed);
	shared_set(&shared->lost, counters.lost);
	shared_set(&shared->refused, counters.refused);
	shared_set(&shared->streams, counters.streams);
}

static void complain(struct run *run)
{
	struct note note;
	ARENA(arena);
	while (input_complaint(run->input, &note)) {
		struct str words = note_text(&arena, LANG_EN, &note);
		shared_say(&run->shared->trouble, arena_cstr(&arena, words));
		role_say(run->reader->options->log, &NOTE("source {}: {}", run->source->name,
		                                          note_text(&arena, run->reader->options->log->lang, &note)));
	}
}

/* A rule that cannot decide finds nothing, and nobody shall think that there is nothing: once for each set of rules. */
static void say_given_up(struct reader *reader)
{
	struct engine *engine = reader->engine;
	if (engine->gave_up || !detector_counters(engine->detector).regex_limits)
		return;
	engine->gave_up = true;
	role_say(reader->options->log,
	         &NOTE("an expression of a rule took too long on a value, which counts as no match; `ward detect` on that log says how often"));
}

/* One batch of one source. 1: there was something; 0: nothing; or an error. */
static int read_source(struct reader *reader, size_t i, struct err *err)
{
	struct run *run = &reader->runs[i];
	reader->run = run;
	batch_reset(&reader->batch.batch);
	arena_reset(&reader->scratch);
	struct batch keep = reader->batch.batch;
	reader->batch = (struct input_batch){ .batch = keep, .source = run->source->name };
	reader->batch.batch.names = reader->engine->names;
	if (names_full(reader->engine->names))
		names_reset(reader->engine->names);
	int r = input_read(run->input, READER_BATCH, &reader->batch, err);
	count(run);
	complain(run);
	if (r == -ENODATA) {
		run->ended = true;
		r = reader->batch.batch.events.n ? 1 : 0;
	}
	if (r < 0)
		return err_wrap(err, r, "source '%.*s'", STR_ARG(run->source->name));
	if (r == 1 && (reader->batch.batch.events.n || reader->batch.n_positions)) {
		if (reader->batch.batch.events.n)
			shared_set(&run->shared->last, wall_ns());
		make_frame(reader, i);
		say_given_up(reader);
	}
	return r;
}

/* ---- rules ---- */

static void report_rules(struct reader *reader)
{
	const struct engine *engine = reader->engine;
	size_t wrong = 0;
	for (size_t i = 0; i < engine->problems.n; i++)
		wrong += !engine->problems.p[i].warning;
	shared_set(&reader->shared->detect.rules, ruleset_count(engine->ruleset));
	shared_set(&reader->shared->detect.rule_problems, wrong);
	shared_set(&reader->shared->detect.rules_loaded, clock_now());
	ARENA(arena);
	role_say(reader->options->log, &NOTE("{} rule{s} in force; {} could not be loaded (`ward rules lint` says why)",
	                                     arena_printf(&arena, "%zu", ruleset_count(engine->ruleset)),
	                                     arena_printf(&arena, "%zu", wrong)));
}

static void find_mappings(struct reader *reader)
{
	for (size_t i = 0; i < reader->config->n_sources; i++) {
		struct run *run = &reader->runs[i];
		run->mapping = run->source->mapping.p ? mappings_find(&reader->engine->mappings, run->source->mapping) : NULL;
	}
}

/* Between two batches: the new rules take over, and what correlations remember goes on. */
static void finish_reload(struct reader *reader)
{
	struct engine *engine = NULL;
	struct err err = { 0 };
	int r = engine_reload_end(TAKE(reader->reload), &engine, &err);
	if (r < 0) {
		shared_say(&reader->shared->roles[ROLE_READER].trouble, err.text);
		role_say(reader->options->log, &NOTE("the rules could not be read again, those from before stay in force: {}", str_from(err.text)));
		return;
	}
	BUF(state);
	correlator_save(reader->engine->correlator, &state);
	engine_free(reader->engine);
	reader->engine = engine;
	restore_state(reader, buf_str(&state));
	find_mappings(reader);
	shared_say(&reader->shared->roles[ROLE_READER].trouble, NULL);
	shared_add(&reader->shared->detect.reloads, 1);
	report_rules(reader);
}

static void look_at_rules(struct reader *reader, int64_t now)
{
	if (now < reader->look_next || reader->reload || reader->stopping)
		return;
	reader->look_next = now + LOOK_AGAIN;
	if (engine_fingerprint(reader->config) != reader->fingerprint)
		begin_reload(reader);
}

/* ---- the loop ---- */

static bool all_ended(const struct reader *reader)
{
	for (size_t i = 0; i < reader->config->n_sources; i++)
		if (!reader->runs[i].ended)
			return false;
	return true;
}

static bool may_read(const struct reader *reader)
{
	return reader->bytes < READER_WINDOW && reader->n < BATCHES_MOST;
}

static int wait_for_work(struct reader *reader, bool *ready, struct err *err)
{
	struct pollfd wait[CONFIG_SOURCES + 3];
	int64_t now = clock_monotonic_ns(), deadline = now + SECOND;
	size_t n = 0, sources = reader->config->n_sources;
	wait[n++] = (struct pollfd){ .fd = reader->options->control, .events = POLLIN };
	wait[n++] = (struct pollfd){ .fd = reader->writer, .events = POLLIN };
	wait[n++] = (struct pollfd){ .fd = reader->reload ? engine_reload_fd(reader->reload) : -1, .events = POLLIN };
	for (size_t i = 0; i < sources; i++) {
		const struct run *run = &reader->runs[i];
		bool wanted = !run->ended && may_read(reader);
		wait[n++] = (struct pollfd){ .fd = wanted ? input_fd(run->input) : -1, .events = POLLIN };
		if (wanted)
			deadline = MIN(deadline, input_deadline(run->input));
	}
	int64_t left = (MAX(deadline - now, 0) + 999999) / 1000000;
	int r = poll(wait, n, (int)left);
	if (r < 0 && errno != EINTR)
		return err_errno(err, -errno, "the reader cannot wait");
	r = MAX(r, 0); /* a signal came: nothing is the matter */
	now = clock_monotonic_ns();
	for (size_t i = 0; i < sources; i++)
		ready[i] = !reader->runs[i].ended && (wait[i + 3].revents || input_deadline(reader->runs[i].input) <= now || reader->stopping);
	if (r > 0 && wait[0].revents)
		r = take_word(reader, err);
	if (r >= 0 && reader->writer >= 0 && wait[1].revents)
		r = hear(reader, 0, NULL, err);
	if (r >= 0 && wait[2].revents)
		finish_reload(reader);
	return r < 0 && r != -EINTR ? r : 0;
}

static int loop(struct reader *reader, struct err *err)
{
	bool ready[CONFIG_SOURCES] = { 0 };
	while (!all_ended(reader) || reader->n) {
		int r = wait_for_work(reader, ready, err);
		for (size_t i = 0; r >= 0 && i < reader->config->n_sources; i++)
			if (ready[i] && !reader->runs[i].ended && may_read(reader))
				r = read_source(reader, i, err);
		if (r < 0)
			return r;
		int64_t now = clock_monotonic_ns();
		look_at_rules(reader, now);
		shared_set(&reader->shared->detect.cpu_ns, clock_thread_ns());
	}
	return 0;
}

/* ---- beginning ---- */

/* The folder that a path or pattern lies in, up to its first wildcard. */
static const char *folder_of(struct arena *arena, struct str path)
{
	size_t end = 0;
	for (size_t i = 0; i < path.n && !memchr("*?[", path.p[i], 3); i++)
		if (path.p[i] == '/')
			end = MAX(i, (size_t)1);
	return arena_cstr(arena, str_slice(path, 0, end));
}

static const struct sandbox_path *allowed_paths(struct arena *arena, const struct config *config)
{
	static const char *const always[] = { "/etc/localtime", "/usr/share/zoneinfo", "/var/log/journal", "/run/log/journal",
		                              "/etc/machine-id" };
	struct sandbox_path *paths = ARENA_ARRAY(arena, struct sandbox_path, PATHS_MOST + 1);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(always); i++)
		paths[n++].path = always[i];
	const struct strings *lists[] = { &config->rules.paths, &config->rules.pipelines };
	for (size_t k = 0; k < COUNT(lists); k++)
		for (size_t i = 0; i < lists[k]->n && n < PATHS_MOST; i++)
			paths[n++].path = arena_cstr(arena, lists[k]->p[i]);
	for (size_t k = 0; k < config->n_sources; k++) {
		if (config->sources[k].kind != input_kind_find(STR("files")))
			continue;
		const struct input_files *files = config->sources[k].options;
		for (size_t i = 0; i < files->paths.n && n + 1 < PATHS_MOST; i++) {
			paths[n++].path = folder_of(arena, files->paths.p[i]); /* where the next file will be after a rotation */
			paths[n++].path = arena_cstr(arena, files->paths.p[i]);
		}
	}
	return paths;
}

static int open_inputs(struct reader *reader, struct err *err)
{
	for (size_t i = 0; i < reader->config->n_sources; i++) {
		struct run *run = &reader->runs[i];
		const struct config_source *source = &reader->config->sources[i];
		*run = (struct run){ .reader = reader, .source = source, .shared = &reader->shared->sources[i] };
		int r = source->kind->open(source->options, source->name, &source->parse, find_position, run, &run->input, err);
		if (r < 0)
			return err_wrap(err, r, "source '%.*s'", STR_ARG(source->name));
	}
	return 0;
}

static int begin(struct reader *reader, struct err *err)
{
	ARENA(arena);
	if (getrandom(&reader->self, sizeof(reader->self), 0) != (ssize_t)sizeof(reader->self))
		return err_set(err, -EIO, "no random numbers");
	reader->fingerprint = engine_fingerprint(reader->config);
	int r = engine_load(reader->config, &reader->engine, err);
	if (r == 0)
		r = need_writer(reader, err);
	if (r == 0)
		r = restore_state(reader, buf_str(&reader->state));
	if (r == 0)
		r = open_inputs(reader, err);
	if (r < 0)
		return r;
	find_mappings(reader);
	struct sandbox sandbox =
		role_sandbox(ROLE_READER, allowed_paths(&arena, reader->config), reader->options->user, reader->options->parent);
	r = role_enter(&sandbox, &reader->shared->roles[ROLE_READER], err);
	if (r < 0)
		return r;
	shared_set(&reader->shared->roles[ROLE_READER].ready, 1);
	report_rules(reader);
	return 0;
}

int reader_run(const struct reader_options *options, struct err *err)
{
	struct reader *reader = mem_alloc(sizeof(*reader)); /* the process ends with it */
	reader->options = options;
	reader->config = options->config;
	reader->shared = options->shared;
	reader->writer = -1;
	int r = begin(reader, err);
	return r < 0 ? r : loop(reader, err);
}
