/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * show_events FORMAT FILE: what a parser makes of a file, for the integration tests: a line of JSON for each event,
 * {"line", "time" (ns), "host", "flaw", "fields": [[name, value], …], "raw", "sources": ["mapping product/category/service", …]};
 * time and host also by the mapping. With a third word "again": the fields as the
 * kept record gives them again. Of files that are read as a whole the first complaints are on standard error.
 *
 * show_events mappings: name, product, category, service of every log source of content/sources, separated by tabs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/json.h"
#include "event/mapping.h"
#include "event/parser.h"

static struct mappings mappings;

static void show_sources(struct buf *out, const struct event *event, const struct names *names)
{
	json_open_list(out, "sources");
	for (size_t i = 0; i < mappings.n; i++)
		for (size_t j = 0; mapping_takes(&mappings.p[i], event, names) && j < mappings.p[i].logsources.n; j++) {
			const struct mapping_logsource *logsource = &mappings.p[i].logsources.p[j];
			ARENA(arena);
			if (mapping_meets(&logsource->when, event, names))
				json_put(out, NULL, arena_printf(&arena, "%.*s %.*s/%.*s/%.*s", STR_ARG(mappings.p[i].name),
				                                 STR_ARG(logsource->product), STR_ARG(logsource->category),
				                                 STR_ARG(logsource->service)));
		}
	buf_add_char(out, ']');
}

static void show(struct event *event, const struct names *names)
{
	static const struct timestamp_hint hint = { .now = INT64_C(1795392000) * 1000000000 };
	BUF(out);
	ARENA(arena);
	mapping_complete(&arena, mapping_of(&mappings, event, names), event, names, &hint);
	buf_add_char(&out, '{');
	json_put_int(&out, "line", (int64_t)event->line);
	if (event->time != EVENT_NO_TIME)
		json_put_int(&out, "time", event->time);
	json_put(&out, "host", event->host);
	json_put(&out, "flaw", str_from(event->flaw));
	json_open_list(&out, "fields");
	for (uint32_t i = 0; i < event->n; i++) {
		json_open_list(&out, NULL);
		json_put(&out, NULL, names_text(names, event->fields[i].name));
		if (event->fields[i].kind == VALUE_NULL)
			buf_puts(&out, ",null");
		else
			json_put(&out, NULL, event_text(&arena, &event->fields[i]));
		buf_add_char(&out, ']');
	}
	buf_add_char(&out, ']');
	json_put(&out, "raw", event->raw);
	show_sources(&out, event, names);
	buf_add_char(&out, '}');
	puts(buf_cstr(&out));
}

static bool again;

static void show_batch(struct batch *batch)
{
	size_t n = batch->events.n;
	for (size_t i = 0; i < n; i++) {
		struct event event = batch->events.p[i];
		if (again && !event.flaw) {
			parser_again(event.parser, batch, event.raw);
			event = batch->events.p[batch->events.n - 1];
		}
		show(&event, batch->names);
	}
	batch_reset(batch);
}

static int emit(void *ctx, struct parse *parse)
{
	(void)ctx;
	show_batch(parse->batch);
	return 0;
}

static int show_mappings(void)
{
	for (size_t i = 0; i < mappings.n; i++)
		for (size_t j = 0; j < mappings.p[i].logsources.n; j++) {
			const struct mapping_logsource *logsource = &mappings.p[i].logsources.p[j];
			printf("%.*s\t%.*s\t%.*s\t%.*s\n", STR_ARG(mappings.p[i].name), STR_ARG(logsource->product),
			       STR_ARG(logsource->category), STR_ARG(logsource->service));
		}
	return 0;
}

int main(int argc, char **argv)
{
	ARENA(arena);
	struct err err = { 0 };
	if (mappings_load(&arena, NULL, &mappings, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "mappings") == 0)
		return show_mappings();
	const struct parser *parser = argc > 2 ? parser_find(str_from(argv[1])) : NULL;
	int fd = argc > 2 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
	struct parse_options options = { .now = INT64_C(1795392000) * 1000000000, .zone_given = true };
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse = { 0 };
	struct stat info;
	mappings_alias(&mappings, names);
	if (!parser || fd < 0 || fstat(fd, &info) < 0) {
		fprintf(stderr, "show_events FORMAT FILE\n");
		return 2;
	}
	again = argc > 3;
	parse_init(&parse, parser, &options);
	if (parser->framing == FRAME_FILE) {
		parse.batch = &batch;
		if (parser->file(&parse, fd, argv[2], emit, NULL, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		show_batch(&batch);
		for (uint64_t i = 0; i < MIN(parse.flawed, (uint64_t)PARSE_SAMPLES); i++)
			fprintf(stderr, "%s\n", parse.samples[i].flaw);
	} else {
		CLEANUP(mem_free_p) char *text = mem_alloc((size_t)info.st_size + 1);
		size_t n = 0, used;
		for (ssize_t r; (r = read(fd, text + n, (size_t)info.st_size - n)) > 0;)
			n += (size_t)r;
		parse_lines(&parse, &batch, (struct str){ text, n }, true, &used);
		show_batch(&batch);
	}
	close(fd);
	return 0;
}
