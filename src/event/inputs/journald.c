/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journald: the journal of this machine as it is written, or journal files of others, by libsystemd.
 *
 * An entry becomes a record of the journal's export format, which keeps all its fields. The position is the
 * journal's own cursor, which survives rotation. Where nothing was kept yet, reading begins at the beginning of the
 * journal, or at its end when `from_end` is set.
 */
#include <sys/epoll.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/base.h"
#include "sys/library.h"

#define JOURNAL_FUNCTIONS(X) \
	X(sd_journal_close) X(sd_journal_enumerate_data) X(sd_journal_get_cursor) X(sd_journal_get_events) \
	X(sd_journal_get_fd) X(sd_journal_get_monotonic_usec) X(sd_journal_get_realtime_usec) X(sd_journal_get_timeout) \
	X(sd_journal_next) X(sd_journal_open) X(sd_journal_open_directory) X(sd_journal_open_files) \
	X(sd_journal_previous) X(sd_journal_process) X(sd_journal_restart_data) X(sd_journal_seek_cursor) \
	X(sd_journal_seek_head) X(sd_journal_seek_tail) X(sd_journal_set_data_threshold) X(sd_journal_test_cursor)
LIBRARY(journal, "libsystemd.so.0", JOURNAL_FUNCTIONS);

enum { FIELD_MOST = 256 * 1024, ENTRY_MOST = 1024 * 1024 - 1024, FIELDS_MOST = 4096, FILES_MOST = 1024 };

struct journald_options {
	struct str directory;
	struct strings files;
	bool from_end;
};

static const struct journald_options journald_defaults = { 0 };

struct journald {
	struct input input;
	sd_journal *journal;
	struct stream stream;
	struct buf entry;
	bool once;        /* files that were named: they do not grow */
	bool more;        /* the last read stopped before the journal's end */
	bool ended;
	bool failed_once;
};

/* A field as the export format has it: text as NAME=VALUE, what is not text with its length. */
static void add_field(struct buf *out, struct str field)
{
	ptrdiff_t equals = str_find_char(field, '=');
	if (equals <= 0)
		return;
	struct str value = str_slice(field, (size_t)equals + 1, field.n);
	bool text = true;
	for (size_t i = 0; text && i < value.n; i++)
		text = (uint8_t)value.p[i] >= ' ' || value.p[i] == '\t';
	if (text) {
		buf_add(out, field);
	} else {
		buf_add(out, str_slice(field, 0, (size_t)equals));
		buf_add_char(out, '\n');
		for (int i = 0; i < 8; i++)
			buf_add_char(out, (char)((uint64_t)value.n >> (8 * i)));
		buf_add(out, value);
	}
	buf_add_char(out, '\n');
}

/* 0, or an error of this one entry. */
static int read_entry(struct journald *journald)
{
	struct buf *entry = &journald->entry;
	char *cursor = NULL;
	uint64_t realtime;
	const void *data;
	size_t n;
	buf_clear(entry);
	int r = journal.sd_journal_get_cursor(journald->journal, &cursor);
	if (r < 0)
		return r;
	buf_printf(entry, "__CURSOR=%s\n", cursor);
	free(cursor);
	r = journal.sd_journal_get_realtime_usec(journald->journal, &realtime);
	if (r < 0)
		return r;
	buf_printf(entry, "__REALTIME_TIMESTAMP=%llu\n", (unsigned long long)realtime);
	journal.sd_journal_restart_data(journald->journal);
	for (size_t i = 0; i < FIELDS_MOST; i++) {
		r = journal.sd_journal_enumerate_data(journald->journal, &data, &n);
		if (r <= 0)
			return r;
		n = MIN(n, (size_t)FIELD_MOST);
		if (entry->n + n + 16 < ENTRY_MOST)
			add_field(entry, (struct str){ data, n });
	}
	return 0;
}

static void tell_position(struct journald *journald, struct input_batch *batch)
{
	char *cursor = NULL;
	if (journal.sd_journal_get_cursor(journald->journal, &cursor) < 0)
		return;
	batch->positions = ARENA_NEW(&batch->batch.arena, struct input_position);
	batch->positions[0] = (struct input_position){ STR("journal"), arena_str(&batch->batch.arena, str_from(cursor)) };
	batch->n_positions = 1;
	free(cursor);
}

static int journald_read(struct input *input, size_t most, struct input_batch *batch, struct err *err)
{
	struct journald *journald = (struct journald *)input;
	size_t got = 0;
	int r = 0;
	if (input->stopped || journald->ended)
		return -ENODATA;
	if (!journald->once) {
		r = journal.sd_journal_process(journald->journal);
		if (r < 0)
			return err_errno(err, r, "cannot follow the journal");
	}
	while (got < most && (r = journal.sd_journal_next(journald->journal)) > 0) {
		r = read_entry(journald);
		if (r < 0) { /* a damaged place: the journal's own tools leave it out, too */
			input->counters.lost++;
			if (!journald->failed_once)
				input_complain(input, NOTE(TR("an entry of the journal cannot be read: {}"), str_from(err_words(r))));
			journald->failed_once = true;
			continue;
		}
		/* The parser's record has no LF behind its last field. */
		struct str entry = buf_str(&journald->entry);
		struct str record = arena_str(&batch->batch.arena, str_slice(entry, 0, entry.n - 1));
		stream_record(&journald->stream, input, batch, record);
		got += record.n;
	}
	if (r < 0)
		return err_errno(err, r, "cannot read the journal");
	journald->more = r > 0;
	input->counters.bytes += got;
	if (got)
		tell_position(journald, batch);
	journald->ended = journald->once && r == 0;
	return batch->batch.events.n ? 1 : journald->ended ? -ENODATA : 0;
}

static int journald_fd(const struct input *input)
{
	const struct journald *journald = (const struct journald *)input;
	return journald->once ? -1 : journal.sd_journal_get_fd(journald->journal);
}

static int64_t journald_deadline(const struct input *input)
{
	const struct journald *journald = (const struct journald *)input;
	uint64_t timeout = UINT64_MAX;
	if (journald->once || journald->more)
		return 0;
	if (journal.sd_journal_get_timeout(journald->journal, &timeout) < 0 || timeout > INT64_MAX / 1000)
		return INT64_MAX;
	return (int64_t)timeout * 1000; /* CLOCK_MONOTONIC, as ours */
}

static void journald_close(struct input *input)
{
	struct journald *journald = (struct journald *)input;
	if (journald->journal)
		journal.sd_journal_close(journald->journal);
	buf_done(&journald->entry);
	stream_done(&journald->stream);
	input_done(input);
	free(journald);
}

static const struct input_ops journald_ops = {
	.fd = journald_fd,
	.deadline = journald_deadline,
	.read = journald_read,
	.close = journald_close,
};

static int begin(struct journald *journald, bool from_end)
{
	struct str kept = journald->input.find ? journald->input.find(journald->input.find_ctx, STR("journal")) : STR_NONE;
	ARENA(arena);
	if (kept.n) {
		const char *cursor = arena_cstr(&arena, kept);
		int r = journal.sd_journal_seek_cursor(journald->journal, cursor);
		if (r >= 0)
			r = journal.sd_journal_next(journald->journal);
		if (r >= 0) {
			/* At the entry itself, it was kept; at the one behind it, when it is gone: that one is to be read. */
			if (r > 0 && journal.sd_journal_test_cursor(journald->journal, cursor) <= 0) {
				input_complain(&journald->input, NOTE(TR("the journal was shortened behind the place where reading stopped")));
				r = journal.sd_journal_previous(journald->journal);
			}
			return r < 0 ? r : 0;
		}
		input_complain(&journald->input, NOTE(TR("the place where reading of the journal stopped is not known to it; it is read anew")));
	}
	int r = from_end ? journal.sd_journal_seek_tail(journald->journal) : journal.sd_journal_seek_head(journald->journal);
	if (r >= 0 && from_end)
		r = journal.sd_journal_previous(journald->journal);
	return r < 0 ? r : 0;
}

static int open_journal(struct journald *journald, const struct journald_options *options)
{
	ARENA(arena);
	journald->once = options->files.n;
	if (options->files.n) {
		const char **paths = ARENA_ARRAY(&arena, const char *, MIN(options->files.n, (size_t)FILES_MOST) + 1);
		for (size_t i = 0; i < options->files.n && i < FILES_MOST; i++)
			paths[i] = arena_cstr(&arena, options->files.p[i]);
		return journal.sd_journal_open_files(&journald->journal, paths, 0);
	}
	if (options->directory.n)
		return journal.sd_journal_open_directory(&journald->journal, arena_cstr(&arena, options->directory), 0);
	return journal.sd_journal_open(&journald->journal, SD_JOURNAL_LOCAL_ONLY);
}

static int journald_open(const void *decoded, struct str source, const struct parse_options *parse,
                         struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct journald_options *options = decoded;
	*out = NULL;
	int r = LIBRARY_LOAD(journal, err);
	if (r < 0)
		return r;
	struct journald *journald = mem_alloc(sizeof(*journald));
	input_init(&journald->input, &journald_ops, source, parse, find, ctx);
	stream_init(&journald->stream, "journal", &parser_journald, ENCODING_UTF8, &journald->input);
	r = open_journal(journald, options);
	if (r >= 0)
		r = journal.sd_journal_set_data_threshold(journald->journal, FIELD_MOST);
	if (r >= 0 && !journald->once)
		r = journal.sd_journal_get_fd(journald->journal); /* from now on it watches */
	if (r >= 0)
		r = begin(journald, options->from_end);
	if (r < 0) {
		r = err_errno(err, r, "cannot open the journal");
		journald_close(&journald->input);
		return r;
	}
	journald->more = true;
	journald->input.counters.streams = 1;
	*out = &journald->input;
	return 0;
}

static const struct schema_field journald_fields[] = {
	{ "directory", SCHEMA_STRING, offsetof(struct journald_options, directory) },
	{ "files", SCHEMA_STRINGS, offsetof(struct journald_options, files) },
	{ "from_end", SCHEMA_BOOL, offsetof(struct journald_options, from_end) },
	{ 0 },
};
static const struct schema journald_schema = { "an input from journald", journald_fields, sizeof(struct journald_options) };

const struct input_kind input_journald = {
	.name = "journald",
	.doc = TR("the journal of systemd"),
	.schema = &journald_schema,
	.defaults = &journald_defaults,
	.open = journald_open,
};
