/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * make_archive DIR PARSER [HOST [BLOCK-BYTES [SOURCE]]] < LINES: put the lines of one format into an archive, as a
 * collector would, but without waiting for the disk. For tests and benchmarks. "auto" finds the format by the first lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/vec.h"
#include "event/mapping.h"

enum { READ = 4 * 1024 * 1024 };

__attribute__((noreturn)) static void stop(const struct err *err)
{
	fprintf(stderr, "make_archive: %s\n", err->text);
	exit(2);
}

static void add(struct archive *archive, struct batch *batch, struct str host, struct str source, int64_t now)
{
	struct err err = { "" };
	const struct timestamp_hint hint = { .now = now };
	VEC(struct record) records = { 0 };
	for (size_t i = 0; i < batch->events.n; i++) {
		struct event *event = &batch->events.p[i];
		mapping_complete(&batch->arena, NULL, event, batch->names, &hint);
		vec_push(&records, { .time = event->time == EVENT_NO_TIME ? now : event->time,
		                     .arrived = now,
		                     .host = event->host.p ? event->host : host,
		                     .source = source,
		                     .raw = event->raw,
		                     .parser = event->flaw ? STR("") : str_from(event->parser->name) });
	}
	if (records.n && archive_append(archive, records.p, records.n, &err) < 0)
		stop(&err);
	if (archive_commit(archive, NULL, 0, &err) < 0)
		stop(&err);
	vec_done(&records);
}

int main(int argc, char **argv)
{
	struct err err = { "" };
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	if (argc < 3)
		return 2;
	const struct archive_options options = { .block_bytes = argc > 4 ? (size_t)str_int_or(str_from(argv[4]), 0) : 0 };
	if (archive_create(argv[1], &options, &err) < 0 || archive_open(argv[1], &options, &archive, &err) < 0)
		stop(&err);
	const struct parser *parser = parser_find(str_from(argv[2]));
	struct str host = argc > 3 ? str_from(argv[3]) : STR("test"), source = argc > 5 ? str_from(argv[5]) : STR("file");
	struct batch batch = { .names = names_new() };
	struct parse parse = { 0 };
	BUF(text);
	int64_t now = clock_now() * INT64_C(1000000000);
	for (bool last = false; !last;) {
		ssize_t n = read(STDIN_FILENO, buf_reserve(&text, READ), READ);
		if (n < 0)
			return 2;
		text.n += (size_t)n;
		last = n == 0;
		if (!parse.parser)
			parse_init(&parse, parser ? parser : parser_probe(buf_str(&text)), NULL);
		size_t used;
		parse_lines(&parse, &batch, buf_str(&text), last, &used);
		add(archive, &batch, host, source, now);
		batch_reset(&batch);
		if (names_full(batch.names))
			names_reset(batch.names);
		memmove(text.p, text.p + used, text.n - used);
		text.n -= used;
	}
	if (archive_seal(archive, &err) < 0)
		stop(&err);
	parse_done(&parse);
	batch_done(&batch);
	names_free(batch.names);
	return 0;
}
