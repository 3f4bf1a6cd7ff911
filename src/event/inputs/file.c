/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/unpack.h"
#include "event/inputs/whole.h"
#include "sys/root.h"

enum { REPLAY = 64 * 1024, SPOOL_MOST = 1024 * 1024 * 1024 };

struct file *file_new(const char *path, const struct place *at, const struct parser *parser, enum encoding encoding,
                      bool follow, const struct input *input)
{
	struct file *file = mem_alloc(sizeof(*file));
	*file = (struct file){ .path = mem_text(str_from(path)), .fd = -1, .spool = -1, .named = parser, .encoding = encoding,
		               .follow = follow, .grew = clock_monotonic_ns() };
	if (at)
		file->at = *at;
	stream_init(&file->stream, path, parser, encoding, input);
	return file;
}

static void close_readers(struct file *file)
{
	unpack_close(TAKE(file->unpack));
	whole_close(TAKE(file->whole));
	if (file->spool >= 0)
		close(file->spool);
	file->spool = -1;
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void file_free(struct file *file)
{
	if (!file)
		return;
	close_readers(file);
	stream_done(&file->stream);
	free(file->path);
	free(file);
}

void file_release(struct file *file)
{
	if (file->kind != FILE_PLAIN || file->fd < 0)
		return;
	buf_done(&file->stream.carry); /* at.offset stands before them */
	buf_done(&file->stream.tail);
	file->stream.tail_raw = 0;
	decode_resume(&file->stream.decode, file->stream.decode.encoding);
	close(file->fd);
	file->fd = -1;
}

void file_shut(struct file *file)
{
	close_readers(file);
}

static int64_t mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool is_log(const struct file *file, struct str head)
{
	struct decode decode = file->stream.decode;
	size_t used;
	ARENA(scratch);
	return parser_is_text(decode_text(&decode, &scratch, head, true, &used));
}

/* The first bytes that are not zero, and where they begin: an emptied log that its program goes on writing begins with a hole. */
static ssize_t read_head(int fd, char *to, off_t *at)
{
	ssize_t n, zeros;
	for (;;) {
		n = pread(fd, to, STREAM_PROBE, *at);
		for (zeros = 0; zeros < n && to[zeros] == '\0';)
			zeros++;
		if (zeros == 0)
			return n;
		off_t next = lseek(fd, *at + zeros, SEEK_DATA);
		*at = zeros < n ? *at + zeros : MAX(next, *at + n);
	}
}

/* What kind it is, by its first bytes. An empty file is not known yet. What is followed may become a log later, and whoever
 * can write its first bytes shall not blind us: only what is read once can be left out. */
static void probe(struct file *file)
{
	BUF(head);
	char *to = buf_reserve(&head, STREAM_PROBE);
	off_t at = 0;
	ssize_t n = file->follow ? pread(file->fd, to, STREAM_PROBE, 0) : read_head(file->fd, to, &at);
	if (n == 0 && at && !file->named) {
		file->probed = true;
		file->kind = FILE_STRANGE;
	}
	if (n <= 0)
		return;
	struct str text = { to, (size_t)n };
	file->probed = true;
	if (unpack_is(text)) {
		file->kind = FILE_PACKED;
	} else if (file->stream.parser) {
		file->kind = file->stream.parser->framing == FRAME_FILE ? FILE_WHOLE : FILE_PLAIN;
	} else {
		const struct parser *parser = parser_probe(text);
		if (parser->framing == FRAME_FILE) {
			file->kind = FILE_WHOLE;
			file->stream.parser = parser;
		} else if (!file->follow && parser == &parser_plain && !is_log(file, text)) {
			file->kind = FILE_STRANGE;
		}
	}
	if (at && file->kind == FILE_PLAIN && !file->at.offset) {
		file->at.offset = (uint64_t)at;
		file->restored = true; /* there is nothing before it */
	}
}

int file_open(struct file *file, struct err *err)
{
	struct stat st;
	if (file->fd >= 0)
		return 0;
	/* Looked at before it is opened: to open a FIFO or a tape has effects. */
	if (stat(file->path, &st) < 0)
		return err_set(err, -errno, "%s", err_words(-errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -ENXIO, "it is not a regular file");
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(file->path, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(file->path, flags);
	if (fd < 0)
		return err_set(err, -errno, "%s", err_words(-errno));
	bool known = file->at.inode || file->at.device;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (known && (st.st_dev != file->at.device || st.st_ino != file->at.inode))) {
		close(fd);
		return err_set(err, -ESTALE, "another file lies there now");
	}
	file->fd = fd;
	file->at.device = st.st_dev;
	file->at.inode = st.st_ino;
	file->size = (uint64_t)st.st_size;
	if (!file->probed)
		probe(file);
	if (!file->at.offset)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* Text of the file from..to for the parser's sake alone: its events were delivered before and are thrown away. */
static void replay(struct file *file, struct decode *decode, uint64_t from, uint64_t to, bool begun,
                   const struct batch *batch)
{
	struct stream *stream = &file->stream;
	CLEANUP(batch_done) struct batch scratch = { .names = batch->names };
	BUF(bytes);
	size_t used;
	ssize_t n = pread(file->fd, buf_reserve(&bytes, (size_t)(to - from)), (size_t)(to - from), (off_t)from);
	bytes.n = n > 0 ? (size_t)n : 0;
	struct str text = decode_text(decode, &scratch.arena, buf_str(&bytes), to == file->at.offset, &used);
	if (!stream->parser) {
		ptrdiff_t end = str_find_char_last(text, '\n');
		stream->parser = parser_probe(end < 0 ? text : str_slice(text, 0, (size_t)end + 1));
	}
	if (!stream->parse.parser) {
		struct parse_options options = stream->parse.options;
		parse_init(&stream->parse, stream->parser, &options);
	}
	if (!begun) {
		ptrdiff_t end = str_find_char(text, '\n');
		text = str_slice(text, (size_t)(end + 1), text.n);
	}
	if (stream->parser->state_size || stream->parser->flush)
		parse_lines(&stream->parse, &scratch, text, false, &used);
}

/* What a parser keeps from record to record is made again from the text before the offset: its first lines (the
 * header of CSV) and its last ones (joins). */
static void restore(struct file *file, struct input *input, const struct batch *batch)
{
	struct stream *stream = &file->stream;
	struct parse *parse = &stream->parse;
	uint64_t offset = file->at.offset;
	file->restored = true;
	if (!offset)
		return;
	parse->options = input->parse;
	replay(file, &stream->decode, 0, MIN(offset, (uint64_t)REPLAY), true, batch);
	decode_resume(&stream->decode, file->at.encoding ? (enum encoding)file->at.encoding : stream->decode.encoding);
	if (offset > REPLAY) {
		uint64_t from = MAX((uint64_t)REPLAY, offset - REPLAY);
		struct decode tail = stream->decode;
		replay(file, &tail, from, offset, false, batch);
	}
	stream->held = stream->parser->flush;
	if (!file->at.held && stream->parser->flush) {
		CLEANUP(batch_done) struct batch scratch = { .names = batch->names };
		parse->batch = &scratch;
		stream->parser->flush(parse);
		stream->held = false;
	}
	parse->line = file->at.line;
	parse->records = parse->flawed = 0;
	parse->batch = NULL;
}

/* Is what was just read still of the same file content? Keeps the fingerprint up to date. */
static bool unchanged(struct file *file, uint64_t end)
{
	struct stat st;
	if (fstat(file->fd, &st) < 0 || (uint64_t)st.st_size < end)
		return false;
	struct place now = file->at;
	place_take_fingerprint(&now, file->fd);
	if (now.length < file->at.length)
		return false;
	/* (Of an empty file there is no beginning to compare.) */
	if (now.length > file->at.length ? !place_same_beginning(&file->at, file->fd)
	                                 : now.length && now.fingerprint != file->at.fingerprint)
		return false;
	file->at.length = now.length;
	file->at.fingerprint = now.fingerprint;
	file->size = (uint64_t)st.st_size;
	file->changed = mtime_of(&st);
	file->at.changed = (uint64_t)file->changed;
	return true;
}

static ssize_t read_plain(struct file *file, struct input *input, struct input_batch *batch, size_t want, struct err *err)
{
	struct stream *stream = &file->stream;
	if (!file->restored)
		restore(file, input, &batch->batch);
	uint64_t from = file->at.offset + stream->tail_raw + stream->carry.n;
	char *room = stream_room(stream, &batch->batch, want);
	ssize_t n = pread(file->fd, room, want, (off_t)from);
	if (n < 0)
		return errno == EINTR ? 0 : err_set(err, -errno, "%s", err_words(-errno));
	if (file->follow && !unchanged(file, from + (uint64_t)n))
		return -ESTALE;
	if (n == 0)
		return 0;
	input->counters.bytes += (uint64_t)n;
	file->at.offset = from + (uint64_t)n - stream_took(stream, input, batch, (size_t)n, false);
	file->at.line = stream->parser ? stream->parse.line : 0;
	file->at.held = stream->held;
	file->at.encoding = stream->decode.encoding;
	return n;
}

/* ---- compressed files ---- */

static void member_end(struct file *file, struct input *input, struct input_batch *batch)
{
	stream_room(&file->stream, &batch->batch, 0);
	stream_took(&file->stream, input, batch, 0, true);
	file->in_member = false;
}

/* The stream of the next member: 1, 0 at the end. */
static int member_begin(struct file *file, struct input *input, struct err *err)
{
	struct str name;
	int r = unpack_next(file->unpack, &name, err);
	if (r <= 0)
		return r;
	BUF(whole_name);
	buf_puts(&whole_name, file->path);
	if (name.n) {
		buf_add_char(&whole_name, ':');
		buf_add(&whole_name, name);
	}
	stream_done(&file->stream);
	stream_init(&file->stream, buf_cstr(&whole_name), file->named, file->encoding, input);
	file->in_member = true;
	return 1;
}

/* Events of text that was delivered before the restart are parsed for the parser's sake and thrown away. */
static void drop_delivered(struct file *file, struct input_batch *batch, size_t before, uint64_t behind)
{
	if (!file->skip)
		return;
	if (behind <= file->skip)
		batch->batch.events.n = before;
	if (behind >= file->skip)
		file->skip = 0;
}

/* A member that its parser reads as a whole: unpack all of it, of which `n` bytes are at `room` already. */
static int spool_member(struct file *file, struct input *input, const struct parser *parser, char *room, size_t n,
                        size_t want, struct err *err)
{
	struct stream *stream = &file->stream;
	size_t size = 0;
	ssize_t got = (ssize_t)n;
	file->spool = memfd_create("member", MFD_CLOEXEC);
	if (file->spool < 0)
		return err_errno(err, -errno, "cannot unpack it");
	for (; got > 0; got = unpack_read(file->unpack, room, want, err)) {
		size += (size_t)got;
		if (size > SPOOL_MOST)
			return err_set(err, -EFBIG, "%s is larger than 1 GiB; unpack it first", stream->name);
		int r = fd_write(file->spool, (struct str){ room, (size_t)got });
		if (r < 0)
			return err_errno(err, r, "cannot unpack it");
	}
	if (got < 0)
		return (int)got;
	parse_done(&stream->parse);
	stream->parser = parser;
	parse_init(&stream->parse, parser, &input->parse);
	file->spool_size = size;
	file->at.line = 0;
	return whole_open(&stream->parse, file->spool, stream->name, &file->whole, err);
}

/* The first `*skip` of the events that the batch gained since `before` were delivered already. How many are left. */
static uint64_t drop_events(struct batch *batch, size_t before, uint64_t *skip)
{
	uint64_t got = batch->events.n - before, drop = MIN(got, *skip);
	struct event *first = batch->events.p + before;
	*skip -= drop;
	if (drop)
		memmove(first, first + drop, (size_t)(got - drop) * sizeof(*first));
	batch->events.n -= (size_t)drop;
	return got - drop;
}

static ssize_t read_spool(struct file *file, struct input *input, struct input_batch *batch, struct err *err)
{
	size_t before = batch->batch.events.n;
	int r = whole_read(file->whole, &batch->batch, err);
	uint64_t got = batch->batch.events.n - before, end = file->at.offset + file->spool_size;
	if (file->skip >= end)
		batch->batch.events.n = before;
	else
		(void)drop_events(&batch->batch, before, &file->skip_events);
	file->at.line += got;
	stream_spoke(&file->stream, input, batch, before);
	if (r == 1)
		return 1;
	whole_close(TAKE(file->whole));
	close(file->spool);
	file->spool = -1;
	file->in_member = false;
	file->at.offset = end;
	file->at.line = 0;
	if (end >= file->skip)
		file->skip = 0;
	return r < 0 ? r : 1;
}

static ssize_t read_packed(struct file *file, struct input *input, struct input_batch *batch, size_t want,
                           struct err *err)
{
	int r = 0;
	if (!file->unpack) {
		file->skip = file->at.offset;
		file->skip_events = file->at.line;
		file->at.offset = file->taken = 0;
		r = unpack_open(file->fd, &file->unpack, err);
		if (r < 0)
			return r;
	}
	if (file->whole)
		return read_spool(file, input, batch, err);
	bool begins = !file->in_member;
	if (begins)
		r = member_begin(file, input, err);
	if (r < 0)
		return r;
	if (!file->in_member) {
		file->finished = true;
		return 0;
	}
	struct stream *stream = &file->stream;
	size_t before = batch->batch.events.n, carried = stream->tail_raw + stream->carry.n;
	if (file->skip && file->skip > file->at.offset + carried) /* delivered text and new text never in one step */
		want = (size_t)MIN((uint64_t)want, file->skip - file->at.offset - carried);
	char *room = stream_room(stream, &batch->batch, want);
	ssize_t n = unpack_read(file->unpack, room, want, err);
	uint64_t taken = unpack_taken(file->unpack);
	input->counters.bytes += taken - MIN(file->taken, taken);
	file->taken = taken;
	if (n > 0 && begins) {
		const struct parser *parser = file->named ? file->named : parser_probe((struct str){ room, MIN((size_t)n, (size_t)STREAM_PROBE) });
		if (parser->framing == FRAME_FILE) {
			r = spool_member(file, input, parser, room, (size_t)n, want, err);
			return r < 0 ? r : 1;
		}
		if (!file->follow && !file->named && parser == &parser_plain &&
		    !is_log(file, (struct str){ room, MIN((size_t)n, (size_t)STREAM_PROBE) })) {
			input->counters.not_logs++;
			file->in_member = false;
			return 1;
		}
	}
	if (n <= 0) {
		file->at.offset += carried;
		member_end(file, input, batch);
		drop_delivered(file, batch, before, file->at.offset);
		return n < 0 ? n : 1;
	}
	if (!file->skip)
		file->skip_events = 0; /* the position was in a member of text */
	size_t left = stream_took(stream, input, batch, (size_t)n, false);
	file->at.offset += carried + (size_t)n - left;
	file->at.line = stream->parser ? stream->parse.line : 0;
	drop_delivered(file, batch, before, file->at.offset);
	return n;
}

/* ---- files that their parser reads ---- */

static ssize_t read_whole(struct file *file, struct input *input, struct input_batch *batch, struct err *err)
{
	struct stream *stream = &file->stream;
	if (!file->whole) {
		parse_done(&stream->parse);
		parse_init(&stream->parse, stream->parser, &input->parse);
		stream->records = stream->flawed = 0;
		file->skip = file->at.line;
		int r = whole_open(&stream->parse, file->fd, file->path, &file->whole, err);
		if (r < 0)
			return r;
	}
	size_t before = batch->batch.events.n;
	int r = whole_read(file->whole, &batch->batch, err);
	file->at.line += drop_events(&batch->batch, before, &file->skip);
	stream_spoke(stream, input, batch, before);
	if (r == 1)
		return 1;
	whole_close(TAKE(file->whole));
	input->counters.bytes += file->size;
	file->at.offset = file->size;
	file->finished = true;
	return r;
}

bool file_is_settled(struct file *file)
{
	struct stat st;
	if (!file->follow || file->unpack || file->whole || fstat(file->fd, &st) < 0)
		return true;
	if (file->changed != mtime_of(&st))
		file->grew = clock_monotonic_ns();
	file->changed = mtime_of(&st);
	file->size = (uint64_t)st.st_size;
	/* gzip and others set the time of the original when they are done. */
	return clock_monotonic_ns() >= file->grew + file->settle || clock_now() * 1000000000 >= file->changed + file->settle;
}

ssize_t file_read(struct file *file, struct input *input, struct input_batch *batch, size_t want, struct err *err)
{
	if (!file->probed)
		probe(file);
	if (file->kind != FILE_PLAIN && file->follow && !file->unpack && !file->whole) {
		if (!file_is_settled(file))
			return 0;
		place_take_fingerprint(&file->at, file->fd);
	}
	if (file->kind == FILE_STRANGE)
		return err_set(err, -ENOEXEC, "it does not look like a log; name its format to read it even so");
	if (file->kind == FILE_PACKED)
		return read_packed(file, input, batch, want, err);
	if (file->kind == FILE_WHOLE)
		return read_whole(file, input, batch, err);
	ssize_t n = read_plain(file, input, batch, want, err);
	if (n > 0)
		file->grew = clock_monotonic_ns();
	return n;
}

void file_finish(struct file *file, struct input *input, struct input_batch *batch)
{
	struct stream *stream = &file->stream;
	if (file->kind == FILE_PLAIN && !file->finished && (stream->carry.n || stream->tail.n || stream->held)) {
		file->at.offset += stream->tail_raw + stream->carry.n;
		stream_room(stream, &batch->batch, 0);
		stream_took(stream, input, batch, 0, true);
		file->at.line = stream->parser ? stream->parse.line : 0;
		file->at.held = false;
	}
	file->finished = true;
}
