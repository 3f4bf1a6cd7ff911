/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Files, as a kind of input: its options, and reading.
 */
#include "event/inputs/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/unpack.h"
#include "event/inputs/watch.h"

enum {
	CHUNK = 1024 * 1024,
	CHUNK_LEAST = 64 * 1024,
	OPEN_MOST = 256,
	TURNS_MOST = 4096, /* reads of one path in one batch, whatever they bring */
};
static const int64_t second = INT64_C(1000000000);
static const int64_t farewell = 10 * INT64_C(1000000000); /* a renamed file, after its last growth */
static const int64_t settle = 3 * INT64_C(1000000000);    /* then a compressed file is complete */
static const int64_t silence = 2 * INT64_C(1000000000);   /* then joins are given up */
static const int64_t look_listed = INT64_C(20000000);     /* after names came or went, at least */

/* Look at everything, but do not spend all time with it where files come and go all the time. */
static void look_soon(struct files *files)
{
	files->look = MIN(files->look, clock_monotonic_ns() + MAX(look_listed, 20 * files->scan_took));
}

static void drain_watch(struct files *files)
{
	struct watch_event event;
	bool listed = false;
	BUF(text);
	while (watch_next(files->watch, &event)) {
		listed |= event.listed;
		if (!event.written || !event.name.n)
			continue;
		buf_clear(&text);
		if (!str_is(event.directory, ".")) {
			buf_add(&text, event.directory);
			if (!str_ends(event.directory, "/"))
				buf_add_char(&text, '/');
		}
		buf_add(&text, event.name);
		struct path *path = map_get(&files->index, buf_str(&text));
		if (!path)
			continue;
		struct file *file = files_newest(path);
		if (file && file->kind != FILE_PLAIN)
			files_path_check(files, path);
		files_enqueue(files, path);
	}
	if (listed)
		look_soon(files);
}

/* Let go of descriptors, in turns; reading goes on where it stopped when a file is opened again. */
static void release_some(struct files *files)
{
	for (size_t i = 0; i < files->paths.n && files->n_open > files->open_most / 2; i++) {
		files->release_at = files->release_at + 1 < files->paths.n ? files->release_at + 1 : 0;
		struct file *file = files_newest(files->paths.p[files->release_at]);
		if (file && file->fd >= 0 && file->kind == FILE_PLAIN) {
			file_release(file);
			files->n_open--;
		}
	}
}

static void drop_first(struct files *files, struct path *path)
{
	struct file *file = files_remove(files, path, 0);
	if (!files->once) {
		files_remember(files, &file->at);
		path->done = file->at;
		look_soon(files); /* a pattern may match its new name */
	}
	file_free(file);
}

/* Read the path again a little later, though nobody says that it changed. */
static void wait_for(struct files *files, struct path *path)
{
	path->waits = true;
	files->tick = MIN(files->tick, clock_monotonic_ns() + MIN(second, files->silence));
}

static void wake_waiting(struct files *files)
{
	files->tick = INT64_MAX;
	for (size_t i = 0; i < files->paths.n; i++) {
		if (files->paths.p[i]->waits)
			files_enqueue(files, files->paths.p[i]);
		files->paths.p[i]->waits = false;
	}
}

static size_t index_of(const struct path *path, const struct file *file)
{
	size_t i = 0;
	while (path->files.p[i] != file)
		i++;
	return i;
}

/* copytruncate, or somebody emptied it: its text goes on in a copy perhaps, and the file begins anew. */
static void truncated(struct files *files, struct path *path, struct file *file, struct input_batch *batch)
{
	size_t index = index_of(path, file);
	struct place place = file->at, anew = { .device = place.device, .inode = place.inode };
	files->input.counters.truncations++;
	files_remove(files, path, index);
	size_t before = path->files.n;
	if (files_insert_rest(files, path, index, &place)) {
		file_release(file); /* what it carried lies in the copy, too */
		files_insert_generations(files, path, index + 1, place.changed, NULL);
		index += path->files.n - before;
	} else {
		file_finish(file, &files->input, batch);
	}
	if (!file->old)
		files_insert(files, path, index, path->path.p, &anew);
	file_free(file);
	files_enqueue(files, path);
}

/* 1: it is open; 0: it cannot be now; -ESTALE: it was elsewhere, the path's list has changed. */
static int ensure_open(struct files *files, struct path *path, struct file *file)
{
	struct err err = { 0 };
	if (file->fd >= 0)
		return 1;
	if (files->n_open >= files->open_most)
		release_some(files);
	int r = file_open(file, &err);
	if (r == 0) {
		files->n_open++;
		path->complained = 0;
		return 1;
	}
	if (file->old || r == -ENOENT || r == -ESTALE) {
		/* It was renamed while it was closed. */
		size_t index = index_of(path, file);
		struct place place = file->at;
		bool unread = place.offset < file->size;
		if (files->once)
			files_complain(files, path, -r, err.text);
		file_free(files_remove(files, path, index));
		if (!files->once && place.inode && !files_insert_rest(files, path, index, &place) && unread)
			input_complain(&files->input, NOTE(TR("{} was removed before it was read to its end"), path->path));
		files->look = 0;
		return -ESTALE;
	}
	files_complain(files, path, -r, err.text);
	return 0;
}

/* A compressed file could not be recognised while it was written; now that it is complete it can. */
static void recognise(struct files *files, struct path *path, struct file *file)
{
	bool active = false;
	if (file->recognised || files->once || file->kind != FILE_PACKED || !file_is_settled(file))
		return;
	file->recognised = true;
	const struct place *before =
		file->at.offset ? NULL : files_known_by_text(files, file->old ? NULL : path, file, file->fd, &active);
	if (before)
		file->at.offset = before->offset;
	file->finished = active; /* it is being read under another name */
	path->moved |= before != NULL;
}

/* One read of one file. True: there is more, or things have changed. */
static bool step(struct files *files, struct path *path, struct file *file, size_t want, struct input_batch *batch,
                 size_t *got)
{
	struct err err = { 0 };
	int r = ensure_open(files, path, file);
	if (r <= 0)
		return r < 0;
	recognise(files, path, file);
	if (file->finished)
		return true;
	size_t records = batch->batch.events.n;
	uint64_t offset = file->at.offset;
	ssize_t n = file_read(file, &files->input, batch, want, &err);
	if (n == -ESTALE) {
		truncated(files, path, file, batch);
		return true;
	}
	path->moved |= file->at.offset != offset || batch->batch.events.n != records;
	if (n == -ENOEXEC && !path->named) {
		files->input.counters.not_logs++;
		file->finished = true;
		return true;
	}
	if (n < 0) {
		files_complain(files, path, (int)-n, err.text);
		file->finished = true;
		return true;
	}
	*got += (size_t)n;
	return n > 0;
}

static bool removed(const struct file *file)
{
	struct stat st;
	return file->fd >= 0 && fstat(file->fd, &st) == 0 && st.st_nlink == 0;
}

/* Read on at this path. True: there is more. */
static bool path_read(struct files *files, struct path *path, size_t want, struct input_batch *batch, size_t *got)
{
	int64_t now = clock_monotonic_ns();
	for (size_t i = 0; i < path->files.n;) {
		struct file *file = path->files.p[i];
		if (file->finished && (file->old || files->once) && i == 0) {
			drop_first(files, path);
			continue;
		}
		if (file->finished) {
			i++;
			continue;
		}
		if (step(files, path, file, want, batch, got))
			return true;
		if (file->fd < 0) {
			wait_for(files, path);
			return false;
		}
		/* Its end, for now. */
		bool held = file->kind == FILE_PLAIN && file->stream.held;
		if (files->once) {
			file_finish(file, &files->input, batch);
			continue;
		}
		if (held && now >= file->stream.last + files->silence) {
			stream_flush(&file->stream, &files->input, batch);
			file->at.held = held = false;
			path->moved = true;
		}
		if (file->old && file->kind == FILE_PLAIN && now >= file->grew + (removed(file) ? files->silence : files->farewell)) {
			file_finish(file, &files->input, batch);
			path->moved = true;
			continue;
		}
		if (file->old && file->kind != FILE_PLAIN && !file->finished) { /* not complete yet; what follows has to wait */
			wait_for(files, path);
			return false;
		}
		if (held || file->old || (file->kind != FILE_PLAIN && !file->finished))
			wait_for(files, path);
		i++; /* a renamed file may still grow; the next is read meanwhile */
	}
	return false;
}

static void tell_positions(struct files *files, struct input_batch *batch)
{
	size_t n = 0;
	if (files->once)
		return;
	for (size_t i = 0; i < files->paths.n; i++)
		n += files->paths.p[i]->moved;
	if (!n)
		return;
	struct arena *arena = &batch->batch.arena;
	batch->positions = ARENA_ARRAY(arena, struct input_position, n);
	for (size_t i = 0; i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		if (!path->moved)
			continue;
		BUF(text);
		if (path->done.inode)
			place_add(&text, &path->done);
		for (size_t j = 0; j < path->files.n && j < PLACE_MOST - 1; j++)
			if (path->files.p[j]->at.inode)
				place_add(&text, &path->files.p[j]->at);
		batch->positions[batch->n_positions++] =
			(struct input_position){ arena_str(arena, path->path), arena_str(arena, buf_str(&text)) };
		path->moved = false;
	}
}

static int files_read(struct input *input, size_t most, struct input_batch *batch, struct err *err UNUSED)
{
	struct files *files = (struct files *)input;
	size_t got = 0;
	if (input->stopped)
		return -ENODATA;
	if (!files->once) {
		drain_watch(files);
		if (clock_monotonic_ns() >= files->look)
			files_scan(files);
		if (clock_monotonic_ns() >= files->tick)
			wake_waiting(files);
	}
	size_t rounds = files->queue.n - files->next;
	while (files->next < files->queue.n && got < most && rounds-- > 0) {
		struct path *path = files->queue.p[files->next];
		size_t share = got + CHUNK;
		bool more = true;
		/* To its end, or its share if it is long; when read once, one after the other. */
		for (int turn = 0; turn < TURNS_MOST && more && got < most && (files->once || got < share); turn++)
			more = path_read(files, path, MIN(MAX(most - got, (size_t)CHUNK_LEAST), (size_t)CHUNK), batch, &got);
		if (more && files->once)
			break;
		files->next++;
		path->queued = false;
		if (more)
			files_enqueue(files, path); /* in turns */
	}
	if (files->next == files->queue.n) {
		files->next = files->queue.n = 0;
	} else if (files->next > 1024 && files->next * 2 > files->queue.n) {
		files->queue.n -= files->next;
		memmove(files->queue.p, files->queue.p + files->next, files->queue.n * sizeof(*files->queue.p));
		files->next = 0;
	}
	tell_positions(files, batch);
	if (batch->batch.events.n || batch->n_positions)
		return 1;
	return files->once && !files->queue.n ? -ENODATA : 0;
}

static int files_fd(const struct input *input)
{
	const struct files *files = (const struct files *)input;
	return files->watch ? watch_fd(files->watch) : -1;
}

static int64_t files_deadline(const struct input *input)
{
	const struct files *files = (const struct files *)input;
	return files->once || files->next < files->queue.n ? 0 : MIN(files->look, files->tick);
}

static void files_close(struct input *input)
{
	struct files *files = (struct files *)input;
	for (size_t i = 0; i < files->paths.n; i++)
		files_path_free(files->paths.p[i]);
	vec_done(&files->paths);
	vec_done(&files->queue);
	vec_done(&files->known);
	watch_free(files->watch);
	arena_done(&files->arena);
	arena_done(&files->index_arena);
	arena_done(&files->known_arena);
	input_done(input);
	free(files);
}

static const struct input_ops files_ops = {
	.fd = files_fd,
	.deadline = files_deadline,
	.read = files_read,
	.close = files_close,
};

static struct strings strings_copy(struct arena *arena, struct strings from)
{
	struct strings copy = { ARENA_ARRAY(arena, struct str, from.n), from.n };
	for (size_t i = 0; i < from.n; i++)
		copy.p[i] = arena_str(arena, from.p[i]);
	return copy;
}

static int files_open(const void *decoded, struct str source, const struct parse_options *parse,
                      struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct input_files *options = decoded;
	const struct parser *parser;
	*out = NULL;
	enum encoding encoding;
	int r = input_parser(options->format, &parser, err);
	if (r == 0)
		r = input_encoding(options->encoding, &encoding, err);
	if (r < 0)
		return r;
	struct files *files = mem_alloc(sizeof(*files));
	input_init(&files->input, &files_ops, source, parse, find, ctx);
	files->wanted = strings_copy(&files->arena, options->paths);
	files->except = strings_copy(&files->arena, options->except);
	files->parser = parser;
	files->encoding = encoding;
	files->farewell = options->farewell ? options->farewell : farewell;
	files->settle = options->settle ? options->settle : settle;
	files->silence = options->silence ? options->silence : silence;
	files->from_end = options->from_end;
	files->links = options->links;
	files->once = options->once;
	files->open_most = options->open_most > 1 ? (size_t)options->open_most : OPEN_MOST;
	files->index.arena = &files->index_arena;
	files->known_index.arena = &files->known_arena;
	files->first_scan = true;
	files->tick = INT64_MAX;
	files->began = (uint64_t)clock_now() * 1000000000;
	if (files->once) {
		files_scan(files);
	} else {
		unpack_prepare();
		files->watch = watch_new();
		files_resume(files);
	}
	*out = &files->input;
	return 0;
}

static const struct schema_field files_fields[] = {
	{ "paths", SCHEMA_STRINGS, offsetof(struct input_files, paths), .required = true },
	{ "except", SCHEMA_STRINGS, offsetof(struct input_files, except) },
	{ "format", SCHEMA_STRING, offsetof(struct input_files, format) },
	{ "encoding", SCHEMA_STRING, offsetof(struct input_files, encoding) },
	{ "from_end", SCHEMA_BOOL, offsetof(struct input_files, from_end) },
	{ "links", SCHEMA_BOOL, offsetof(struct input_files, links) },
	{ "open_most", SCHEMA_INT, offsetof(struct input_files, open_most), .min = 2, .max = 65536 },
	{ 0 },
};
static const struct schema files_schema = { "an input from files", files_fields, sizeof(struct input_files) };
static const struct input_files files_defaults = { .links = true, .open_most = OPEN_MOST };

const struct input_kind input_files = {
	.name = "files",
	.doc = TR("files, directories and patterns, followed through rotation"),
	.schema = &files_schema,
	.defaults = &files_defaults,
	.open = files_open,
};
