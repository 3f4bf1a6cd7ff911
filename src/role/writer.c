/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/writer.h"

#include <poll.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "role/control.h"
#include "role/findings.h"
#include "role/keeper.h"
#include "role/upkeep.h"
#include "role/wire.h"
#include "sys/root.h"

#define SECOND ((int64_t)1000000000)
#define TOGETHER (SECOND / 20) /* a batch waits this long for others to share its commit */

/* Positions of our own beside those of inputs, whose names have a source's in front. */
#define MARK_READER   "!reader"
#define MARK_FINDINGS "!findings"
#define MARK_STATE    "!correlations"

enum { SPARE = 8, TEXT_SPARE = 4 * 1024 * 1024 };
/* Smaller than an archive makes them by itself: what is encoded at a time is what this process needs in memory, and how long
 * the reader waits. */
enum { BLOCK_BYTES = 8 * 1024 * 1024 };

/* A frame as it came; kept until it is committed. */
struct frame {
	struct buf text; /* head and payload */
	int64_t came;    /* monotonic */
	struct frame *next;
};

struct connection {
	int fd;                 /* -1: none */
	uint64_t reader;        /* who it is; 0: not said yet */
	struct frame *reading;  /* partly here */
	bool ended;
};

struct writer {
	const struct writer_options *options;
	const struct config *config;
	struct shared *shared;
	struct archive *archive;
	struct keeper *keeper;
	struct signer signed_by; /* the keeper's, underneath ours */
	struct signer signer;
	struct findings findings;
	struct connection now;
	int office;              /* towards the server; -1: none */
	int next_reader;         /* a socket that waits until all of the old reader's is kept; -1: none */
	struct frame *first, *last; /* not committed */
	size_t waiting;
	uint64_t reader, number; /* last batch committed, and whose */
	uint64_t accepted;       /* last batch taken from this reader */
	struct buf state;        /* of correlations */
	struct frame *spare;
	size_t n_spare;
	int64_t commit_at, tick_at;
	int64_t wall_seen;
	bool stopping, ended, troubled, unsealed;
};

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

/* Nothing can be kept. NULL: all is well again. */
static void trouble(struct writer *writer, const char *words)
{
	shared_say(&writer->shared->roles[ROLE_WRITER].trouble, words);
	if (words)
		role_say(writer->options->log, &NOTE("{}; nothing more is taken until that is over, it is tried again every second",
		                                     str_from(words)));
	else if (writer->troubled)
		role_say(writer->options->log, &NOTE("writing goes on"));
	writer->troubled = words != NULL;
}

/* Records are kept, but cannot be sealed. */
static void look_at_sealing(struct writer *writer)
{
	const char *words = archive_trouble(writer->archive);
	if (!words) {
		if (writer->troubled || writer->unsealed)
			trouble(writer, NULL);
		writer->unsealed = false;
		return;
	}
	shared_say(&writer->shared->roles[ROLE_WRITER].trouble, words);
	role_say(writer->options->log, &NOTE("{}; records are kept, and sealed when that is over", str_from(words)));
	writer->troubled = false;
	writer->unsealed = true;
}

/* ---- signing ---- */

static int sign_and_count(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	struct writer *writer = ctx;
	int r = writer->signed_by.sign(writer->signed_by.ctx, statement, signature, err);
	if (r == 0 && str_find(statement, "\nkind block\n") >= 0) {
		shared_add(&writer->shared->archive.sealed, 1);
		shared_set(&writer->shared->archive.last_seal, wall_ns());
	}
	return r;
}

static int new_keeper(struct writer *writer, int fd, struct err *err)
{
	if (writer->keeper)
		return keeper_replace(writer->keeper, fd, false, err);
	int r = keeper_open(fd, &writer->keeper, err);
	if (r < 0)
		return r;
	writer->signed_by = keeper_signer(writer->keeper);
	writer->signer = (struct signer){ .ctx = writer, .sign = sign_and_count, .key = writer->signed_by.key };
	return 0;
}

/* ---- frames ---- */

static struct frame *frame_new(struct writer *writer)
{
	struct frame *frame = writer->spare;
	if (!frame)
		return mem_alloc(sizeof(*frame));
	writer->spare = frame->next;
	writer->n_spare--;
	frame->next = NULL;
	buf_clear(&frame->text);
	return frame;
}

static void frame_free(struct writer *writer, struct frame *frame)
{
	if (writer->n_spare < SPARE && frame->text.room <= TEXT_SPARE) {
		frame->next = writer->spare;
		writer->spare = frame;
		writer->n_spare++;
		return;
	}
	buf_done(&frame->text);
	free(frame);
}

static void hang_up(struct writer *writer)
{
	fd_close_p(&writer->now.fd);
	if (writer->now.reading)
		frame_free(writer, writer->now.reading);
	writer->now = (struct connection){ .fd = -1 };
}

static void say(struct writer *writer, struct str text)
{
	while (text.n && writer->now.fd >= 0) {
		ssize_t n = send(writer->now.fd, text.p, text.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			writer->now.ended = true; /* what it sent before is still read */
			return;
		}
		text = str_slice(text, (size_t)n, text.n);
	}
}

static int welcome(struct writer *writer, uint64_t reader)
{
	BUF(out);
	writer->now.reader = reader;
	writer->accepted = reader == writer->reader ? writer->number : 0;
	size_t begin = wire_begin(&out, WIRE_WELCOME, writer->accepted);
	wire_put_text(&out, buf_str(&writer->state));
	wire_end(&out, begin);
	say(writer, buf_str(&out));
	return 0;
}

static int answer(struct writer *writer, struct str payload, struct err *err)
{
	struct str key, position = STR_NONE;
	ARENA(arena);
	BUF(out);
	if (!wire_take_text(&payload, &key) || !key.p || str_starts(key, "!"))
		return err_set(err, -EBADMSG, "a question that nobody asks");
	int r = archive_position(writer->archive, &arena, key, &position, err);
	if (r < 0)
		return r;
	size_t begin = wire_begin(&out, WIRE_POSITION, 0);
	wire_put_text(&out, position);
	wire_end(&out, begin);
	say(writer, buf_str(&out));
	return 0;
}

static void queue(struct writer *writer, struct frame *frame)
{
	int64_t now = clock_monotonic_ns();
	frame->came = now;
	if (writer->last)
		writer->last->next = frame;
	else
		writer->first = frame;
	writer->last = frame;
	writer->waiting += frame->text.n;
	if (writer->first == frame)
		writer->commit_at = now + TOGETHER;
	if (writer->waiting >= WRITER_COMMIT && !writer->troubled)
		writer->commit_at = now;
}

/* A whole frame. Takes it over. */
static int take_frame(struct writer *writer, struct frame *taken, struct err *err)
{
	struct wire_frame frame;
	size_t used;
	int r = wire_frame(buf_str(&taken->text), &frame, &used, err);
	if (r == 1 && frame.kind == WIRE_BATCH && writer->now.reader && frame.number == writer->accepted + 1) {
		writer->accepted++;
		queue(writer, taken);
		return 0;
	}
	if (r == 1 && frame.kind == WIRE_HELLO && !writer->now.reader && frame.number)
		r = welcome(writer, frame.number);
	else if (r == 1 && frame.kind == WIRE_ASK)
		r = answer(writer, frame.payload, err);
	else if (r >= 0)
		r = err_set(err, -EBADMSG, "a frame that readers do not send");
	frame_free(writer, taken);
	return r;
}

/* The rest of the frame that is being read: how many bytes. */
static int missing(const struct frame *frame, size_t *out, struct err *err)
{
	uint32_t n;
	if (frame->text.n < WIRE_HEAD) {
		*out = WIRE_HEAD - frame->text.n;
		return 0;
	}
	memcpy(&n, frame->text.p, sizeof(n));
	n = le32toh(n);
	if (n > WIRE_MOST)
		return err_set(err, -EBADMSG, "a frame that nobody sends");
	*out = WIRE_HEAD + (size_t)n - frame->text.n;
	return 0;
}

/* What the socket holds, until nothing is there or enough waits. */
static int hear(struct writer *writer, struct err *err)
{
	struct connection *from = &writer->now;
	while (from->fd >= 0 && !from->ended && writer->waiting < WRITER_WAITING) {
		size_t left = 0;
		if (!from->reading)
			from->reading = frame_new(writer);
		int r = missing(from->reading, &left, err);
		if (r < 0)
			return r;
		if (left == 0) {
			r = take_frame(writer, TAKE(from->reading), err);
			if (r < 0)
				return r;
			continue;
		}
		ssize_t n = recv(from->fd, buf_reserve(&from->reading->text, left), left, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0)
			from->ended = true;
		else
			from->reading->text.n += (size_t)n;
	}
	return 0;
}

/* ---- keeping ---- */

/* All that one commit holds. */
struct commit {
	struct arena arena;
	struct buf findings;
	VEC(struct archive_position) positions;
	VEC(struct wire_batch) batches;
	struct str state;
	uint64_t events, bytes, n_findings;
	int64_t arrived;
};

static int gather(struct writer *writer, struct commit *commit, struct err *err)
{
	for (const struct frame *frame = writer->first; frame; frame = frame->next) {
		struct wire_batch batch;
		int r = wire_batch_read(&commit->arena, str_slice(buf_str(&frame->text), WIRE_HEAD, frame->text.n), &batch, err);
		if (r < 0)
			return r;
		vec_push_in(&commit->arena, &commit->batches, batch);
		for (size_t i = 0; i < batch.n_positions; i++) {
			if (!batch.positions[i].input.n || batch.positions[i].input.p[0] == '!')
				return err_set(err, -EBADMSG, "a position that no input has");
			vec_push_in(&commit->arena, &commit->positions, batch.positions[i]);
		}
		if (batch.findings.n)
			buf_add(&commit->findings, batch.findings);
		commit->n_findings += batch.n_findings;
		commit->events += batch.n;
		commit->bytes += batch.bytes;
		commit->state = batch.state.p ? batch.state : commit->state;
		commit->arrived = batch.arrived;
	}
	return 0;
}

static int store(struct writer *writer, struct commit *commit, struct err *err)
{
	BUF(mark);
	BUF(state_mark);
	int r = findings_add(&writer->findings, buf_str(&commit->findings), wall_ns(), err);
	if (r == 0 && commit->state.p)
		r = findings_put_state(&writer->findings, commit->state, &state_mark, err);
	if (r < 0)
		return r;
	findings_mark(&writer->findings, &mark);
	struct str number = arena_printf(&commit->arena, "%016llx:%llu", (unsigned long long)writer->now.reader,
	                                 (unsigned long long)writer->accepted);
	vec_push_in(&commit->arena, &commit->positions, ((struct archive_position){ STR(MARK_READER), number }));
	vec_push_in(&commit->arena, &commit->positions, ((struct archive_position){ STR(MARK_FINDINGS), buf_str(&mark) }));
	if (commit->state.p)
		vec_push_in(&commit->arena, &commit->positions,
		            ((struct archive_position){ STR(MARK_STATE), buf_str(&state_mark) }));
	/* Last, because only a commit that fails takes back what was appended. */
	for (size_t i = 0; i < commit->batches.n; i++) {
		r = archive_append(writer->archive, commit->batches.p[i].records, commit->batches.p[i].n, err);
		if (r < 0)
			return r == -E2BIG ? -EBADMSG : r;
	}
	return archive_commit(writer->archive, commit->positions.p, commit->positions.n, err);
}

/* The batches of the transaction are kept: say so, and forget them. */
static void release(struct writer *writer, const struct commit *commit, int64_t began)
{
	struct shared *shared = writer->shared;
	int64_t now = clock_monotonic_ns();
	BUF(out);
	findings_committed(&writer->findings);
	if (commit->state.p) {
		buf_clear(&writer->state);
		buf_add(&writer->state, commit->state);
	}
	writer->reader = writer->now.reader;
	writer->number = writer->accepted;
	wire_end(&out, wire_begin(&out, WIRE_KEPT, writer->accepted));
	shared_set(&shared->archive.lag, now - writer->first->came);
	while (writer->first) {
		struct frame *frame = writer->first;
		writer->first = frame->next;
		frame_free(writer, frame);
	}
	writer->last = NULL;
	writer->waiting = 0;
	shared_add(&shared->archive.events, commit->events);
	shared_add(&shared->archive.bytes, commit->bytes);
	shared_add(&shared->archive.findings, commit->n_findings);
	shared_add(&shared->archive.commits, 1);
	shared_set(&shared->archive.commit_ns, shared->archive.commit_ns + now - began);
	shared_set(&shared->archive.last_commit, wall_ns());
	say(writer, buf_str(&out));
}

/* A batch that cannot be decoded ends us: the reader is not to be believed any more. Everything else is tried again. */
static int keep(struct writer *writer, struct err *err)
{
	struct commit commit = { 0 };
	struct err why = { "" };
	int64_t began = clock_monotonic_ns();
	int r = gather(writer, &commit, &why);
	if (r == 0)
		r = store(writer, &commit, &why);
	if (r == 0) {
		release(writer, &commit, began);
		look_at_sealing(writer);
	} else if (r != -EBADMSG) {
		(void)!findings_undo(&writer->findings, NULL);
		trouble(writer, why.text);
		writer->commit_at = clock_monotonic_ns() + SECOND;
	}
	buf_done(&commit.findings);
	arena_done(&commit.arena);
	if (r == -EBADMSG && err)
		*err = why;
	return r == -EBADMSG ? r : 0;
}

/* ---- time ---- */

static void look_at_clock(struct writer *writer)
{
	int64_t wall = wall_ns();
	if (writer->wall_seen && wall < writer->wall_seen - 2 * SECOND) {
		ARENA(arena);
		role_say(writer->options->log, &NOTE("the clock was set back by {} second{s}; the archive says so in its statements",
		                                     arena_printf(&arena, "%lld", (long long)((writer->wall_seen - wall) / SECOND))));
	}
	writer->wall_seen = wall;
}

static void look_at_disk(struct writer *writer)
{
	struct statvfs fs;
	if (fstatvfs(writer->findings.dir, &fs) < 0)
		return;
	shared_set(&writer->shared->archive.disk_free, (int64_t)(fs.f_bavail * fs.f_frsize));
	shared_set(&writer->shared->archive.disk_size, (int64_t)(fs.f_blocks * fs.f_frsize));
}

/* Once a second: what needs no batch to happen. */
static void tick(struct writer *writer)
{
	struct err err;
	look_at_clock(writer);
	look_at_disk(writer);
	shared_set(&writer->shared->archive.cpu_ns, clock_thread_ns());
	/* A block may be old enough to be sealed. */
	if (!writer->first && writer->archive) {
		if (archive_commit(writer->archive, NULL, 0, &err) < 0)
			trouble(writer, err.text);
		else
			look_at_sealing(writer);
	}
}

/* ---- the loop ---- */

static int take_word(struct writer *writer, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(writer->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	if (word == CONTROL_KEEPER && fd >= 0) {
		r = new_keeper(writer, fd, err);
		if (r == -EPERM) { /* a new key: what was not committed the reader hands over again */
			role_say(writer->options->log, &NOTE("another key seals from now on; the writer begins anew with it"));
			writer->ended = true;
			return 0;
		}
		/* The supervisor will send another one. */
		if (r < 0 && writer->archive) {
			trouble(writer, err->text);
			r = 0;
		}
		return r;
	}
	if (word == CONTROL_READER && fd >= 0) {
		fd_close_p(&writer->next_reader);
		writer->next_reader = fd;
		return 0;
	}
	if (word == CONTROL_OFFICE && fd >= 0) {
		fd_close_p(&writer->office);
		writer->office = fd;
		return 0;
	}
	fd_close_p(&fd);
	writer->stopping |= word == CONTROL_STOP;
	return 0;
}

/* The old reader's socket was read to its end, and all of it is kept. */
static void change_reader(struct writer *writer)
{
	if (writer->next_reader < 0 || writer->first || (writer->now.fd >= 0 && !writer->now.ended))
		return;
	hang_up(writer);
	writer->now.fd = writer->next_reader;
	writer->next_reader = -1;
}

static int loop(struct writer *writer, struct err *err)
{
	for (;;) {
		int64_t now = clock_monotonic_ns();
		int64_t until = writer->first ? MIN(writer->commit_at, writer->tick_at) : writer->tick_at;
		bool listening = writer->now.fd >= 0 && !writer->now.ended && writer->waiting < WRITER_WAITING;
		struct pollfd wait[] = {
			{ .fd = writer->options->control, .events = POLLIN },
			{ .fd = listening ? writer->now.fd : -1, .events = POLLIN },
			{ .fd = writer->office, .events = POLLIN },
		};
		int r = poll(wait, COUNT(wait), (int)((MAX(until - now, 0) + 999999) / 1000000));
		if (r < 0 && errno != EINTR)
			return err_errno(err, -errno, "the writer cannot wait");
		r = wait[0].revents ? take_word(writer, err) : 0;
		if (r == 0 && writer->ended)
			return 0;
		if (r == 0 && wait[1].revents)
			r = hear(writer, err);
		now = clock_monotonic_ns();
		if (r == 0 && writer->first && now >= writer->commit_at)
			r = keep(writer, err);
		if (r < 0)
			return r;
		if (now >= writer->tick_at) {
			tick(writer);
			writer->tick_at = now + SECOND;
		}
		change_reader(writer);
		/* Between two commits, and not of a socket that was just replaced. */
		if (wait[2].revents && wait[2].fd == writer->office && (r = upkeep_answer(writer->office, writer->archive, err)) != 0) {
			if (r < 0)
				return r;
			fd_close_p(&writer->office);
			writer->office = -1;
		}
		if (writer->stopping && !writer->first && (writer->now.fd < 0 || writer->now.ended) && writer->next_reader < 0)
			return 0;
	}
}

/* ---- beginning ---- */

static int read_marks(struct writer *writer, struct err *err)
{
	ARENA(arena);
	struct str reader, findings, state, rest;
	struct err why;
	int64_t number = 0, high = 0;
	int r = archive_position(writer->archive, &arena, STR(MARK_READER), &reader, err);
	r = r < 0 ? r : archive_position(writer->archive, &arena, STR(MARK_FINDINGS), &findings, err);
	r = r < 0 ? r : archive_position(writer->archive, &arena, STR(MARK_STATE), &state, err);
	if (r < 0)
		return r;
	rest = reader;
	struct str who = str_cut(&rest, ':');
	/* 64 bits are more than str_to_int() takes at once. */
	int64_t low = 0;
	if (who.n == 16 && str_to_int(str_slice(who, 0, 8), 16, &high) && str_to_int(str_slice(who, 8, 16), 16, &low) &&
	    str_to_int(rest, 10, &number)) {
		writer->reader = (uint64_t)high << 32 | (uint64_t)low;
		writer->number = (uint64_t)number;
	}
	r = findings_open(&writer->findings, arena_cstr(&arena, writer->config->findings), findings, err);
	if (r < 0)
		return r;
	if (findings_get_state(&writer->findings, state, &writer->state, &why) < 0) {
		buf_clear(&writer->state);
		role_say(writer->options->log, &NOTE("the state of correlations cannot be read, they begin anew: {}", str_from(why.text)));
	}
	return 0;
}

static int begin(struct writer *writer, struct err *err)
{
	ARENA(arena);
	const struct config *config = writer->config;
	const char *dir = arena_cstr(&arena, config->archive.dir);
	const struct sandbox_path paths[] = {
		{ dir, true }, { arena_cstr(&arena, config->findings), true }, { "/etc/localtime", false }, { NULL, false },
	};
	struct sandbox sandbox = role_sandbox(ROLE_WRITER, paths, writer->options->user, writer->options->parent);
	int r = role_enter(&sandbox, &writer->shared->roles[ROLE_WRITER], err);
	if (r < 0)
		return r;
	while (config->archive.sign && !writer->keeper && !writer->stopping) {
		r = take_word(writer, err);
		if (r < 0)
			return r;
	}
	const struct archive_options options = {
		.signer = writer->keeper ? &writer->signer : NULL,
		.seal_after = config->archive.seal_after * SECOND,
		.block_bytes = BLOCK_BYTES,
		.sync = true,
	};
	r = archive_create(dir, &options, err);
	if (r == 0)
		r = archive_open(dir, &options, &writer->archive, err);
	if (r == 0)
		r = read_marks(writer, err);
	if (r == 0)
		shared_set(&writer->shared->roles[ROLE_WRITER].ready, 1);
	return r;
}

int writer_run(const struct writer_options *options, struct err *err)
{
	struct writer *writer = mem_alloc(sizeof(*writer)); /* the process ends with it */
	writer->options = options;
	writer->config = options->config;
	writer->shared = options->shared;
	writer->now.fd = writer->next_reader = writer->office = -1;
	writer->findings.dir = writer->findings.file = -1;
	int r = begin(writer, err);
	if (r == 0)
		r = loop(writer, err);
	if (r < 0)
		return r;
	archive_close(writer->archive);
	findings_close(&writer->findings);
	return 0;
}
