/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * For tests/it/test_inputs.py: one input, kept in a file as an archive would keep it.
 *
 *	input_pump KIND CONFIG.yaml KEPT [SLEEP_MS]
 *
 * KEPT gets a line for each event ("E host stream raw", escaped), then "P key position" for each position, then "C" for each batch that
 * was kept, all in one write. When it is there already, what stands behind its last "C" is cut off, as a database
 * would roll it back, and the positions are given to the input. Before each batch is kept SLEEP_MS pass. SIGTERM stops the input
 * and takes what it still has. Complaints and counters go to standard error. "-" as KEPT counts events only and times them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "data/yaml.h"
#include "event/input.h"
#include "sys/root.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

struct kept {
	struct arena arena;
	struct map positions;
	int fd;
};

static void escape(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if (c == '\\')
			buf_puts(out, "\\\\");
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_char(out, (char)c);
	}
}

static struct str find_position(void *ctx, struct str key)
{
	struct kept *kept = ctx;
	const struct str *found = map_get(&kept->positions, key);
	return found ? *found : STR_NONE;
}

static void set_position(struct kept *kept, struct str key, struct str position)
{
	struct str *copy = ARENA_NEW(&kept->arena, struct str);
	*copy = arena_str(&kept->arena, position);
	*map_put(&kept->positions, arena_str(&kept->arena, key)) = copy;
}

static void roll_back(struct kept *kept, const char *path)
{
	BUF(text);
	kept->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (kept->fd < 0 || fd_read(kept->fd, (size_t)1 << 30, &text) < 0)
		_exit(3);
	struct str rest = buf_str(&text), line;
	size_t whole = 0;
	while (str_line(&rest, &line))
		if (str_is(line, "C"))
			whole = (size_t)(line.p + 2 - text.p);
	rest = str_slice(buf_str(&text), 0, whole);
	while (str_line(&rest, &line)) {
		if (str_starts(line, "P ")) {
			line = str_slice(line, 2, line.n);
			struct str key = str_cut(&line, '\t');
			set_position(kept, key, line);
		}
	}
	if (ftruncate(kept->fd, (off_t)whole) < 0 || lseek(kept->fd, 0, SEEK_END) < 0)
		_exit(3);
}

static void keep(struct kept *kept, const struct input_batch *batch)
{
	BUF(out);
	for (size_t i = 0, span = 0; i < batch->batch.events.n; i++) {
		const struct event *event = &batch->batch.events.p[i];
		while (span + 1 < batch->n_spans && batch->spans[span + 1].first <= i)
			span++;
		buf_puts(&out, "E ");
		escape(&out, event->host);
		buf_add_char(&out, '\t');
		escape(&out, batch->spans[span].stream);
		buf_add_char(&out, '\t');
		escape(&out, event->raw);
		buf_add_char(&out, '\n');
	}
	for (size_t i = 0; i < batch->n_positions; i++)
		buf_printf(&out, "P %.*s\t%.*s\n", STR_ARG(batch->positions[i].key), STR_ARG(batch->positions[i].position));
	buf_puts(&out, "C\n");
	if (write(kept->fd, out.p, out.n) != (ssize_t)out.n)
		_exit(3);
}

static void say(struct input *input)
{
	ARENA(arena);
	struct note note;
	while (input_complaint(input, &note))
		fprintf(stderr, "complaint: %.*s\n", STR_ARG(note_text(&arena, LANG_EN, &note)));
}

static int open_input(const char *kind_name, const char *config, struct kept *kept, struct arena *arena,
                      struct input **input, struct err *err)
{
	const struct input_kind *kind = input_kind_find(str_from(kind_name));
	if (!kind)
		return err_set(err, -EINVAL, "no kind of input is called %s", kind_name);
	BUF(text);
	int fd = open(config, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, 1 << 20, &text);
	if (r < 0)
		return err_errno(err, r, "%s", config);
	close(fd);
	struct source source = { .name = config, .text = arena_str(arena, buf_str(&text)) };
	const struct doc *doc;
	void *options = arena_alloc(arena, kind->schema->size);
	memcpy(options, kind->defaults, kind->schema->size);
	r = yaml_parse(arena, &source, &doc, err);
	if (r == 0)
		r = schema_decode(arena, &source, doc, kind->schema, options, err);
	return r < 0 ? r : kind->open(options, STR("test"), NULL, find_position, kept, input, err);
}

int main(int argc, char **argv)
{
	ARENA(arena);
	struct err err = { 0 };
	CLEANUP(input_close_p) struct input *input = NULL;
	CLEANUP(names_free_p) struct names *names = names_new();
	struct kept kept = { .fd = -1 };
	struct input_batch batch = { .batch.names = names };
	bool stopped = false;
	uint64_t events = 0;
	if (argc < 4)
		return 2;
	struct timespec pause = { .tv_nsec = (argc > 4 ? str_int_or(str_from(argv[4]), 0) : 0) * 1000000 };
	kept.positions.arena = &kept.arena;
	if (strcmp(argv[3], "-") != 0)
		roll_back(&kept, argv[3]);
	signal(SIGTERM, on_signal);
	int r = open_input(argv[1], argv[2], &kept, &arena, &input, &err);
	if (r == 0)
		fprintf(stderr, "ready\n");
	while (r >= 0) {
		if (stop && !stopped)
			input_stop(input);
		stopped = stop;
		r = stopped ? 1 : input_wait(input, INT64_C(200000000), &err);
		if (r > 0)
			r = input_read(input, 1 << 20, &batch, &err);
		say(input);
		events += batch.batch.events.n;
		if (r > 0 && kept.fd >= 0) {
			if (pause.tv_nsec)
				nanosleep(&pause, NULL);
			keep(&kept, &batch);
			for (size_t i = 0; i < batch.n_positions; i++)
				set_position(&kept, batch.positions[i].key, batch.positions[i].position);
		}
		if (r > 0)
			input_kept(input, batch.ticket);
		batch_reset(&batch.batch);
		names_reset(names);
	}
	if (input) {
		struct input_counters counters = input_counters(input);
		fprintf(stderr, "counters: {\"events\": %llu, \"bytes\": %llu, \"records\": %llu, \"flawed\": %llu, \"streams\": %llu, "
		        "\"rotations\": %llu, \"truncations\": %llu, \"refused\": %llu, \"lost\": %llu, \"cpu_ns\": %lld}\n",
		        (unsigned long long)events, (unsigned long long)counters.bytes, (unsigned long long)counters.records,
		        (unsigned long long)counters.flawed, (unsigned long long)counters.streams,
		        (unsigned long long)counters.rotations, (unsigned long long)counters.truncations,
		        (unsigned long long)counters.refused, (unsigned long long)counters.lost, (long long)clock_thread_ns());
	}
	if (r != -ENODATA)
		fprintf(stderr, "error: %s\n", err.text);
	batch_done(&batch.batch);
	arena_done(&kept.arena);
	if (kept.fd >= 0)
		close(kept.fd);
	return r == -ENODATA ? 0 : 1;
}
