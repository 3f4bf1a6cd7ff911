/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * bench_parsers PARSER FILE: how fast a parser of log lines reads a file, in batches of 1 MiB as inputs do; or a parser of whole
 * files. Time is CPU time of this thread; the best of five rounds. Prints "LINES/s MB/s lines fields flawed".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event/parser.h"

enum { BATCH = 1 << 20, ROUNDS = 5 };

static int64_t cpu_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static struct str read_file(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return STR_NONE;
	char *text = mem_alloc((size_t)info.st_size + 1);
	size_t n = 0;
	for (ssize_t r; (r = read(fd, text + n, (size_t)info.st_size - n)) > 0;)
		n += (size_t)r;
	close(fd);
	return (struct str){ text, n };
}

struct counts {
	uint64_t records, fields;
};

static void count(struct counts *counts, struct batch *batch)
{
	counts->records += batch->events.n;
	for (size_t i = 0; i < batch->events.n; i++)
		counts->fields += batch->events.p[i].n;
	batch_reset(batch);
}

static int emit(void *ctx, struct parse *parse)
{
	count(ctx, parse->batch);
	return 0;
}

static void read_whole(struct parse *parse, const char *path, struct counts *counts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && parse->parser->file(parse, fd, path, emit, counts, NULL) == 0)
		count(counts, parse->batch);
	close(fd);
}

static void read_text(struct parse *parse, struct str text, struct counts *counts)
{
	for (size_t from = 0, used; from < text.n; from += used) {
		struct str piece = str_slice(text, from, from + BATCH);
		parse_lines(parse, parse->batch, piece, from + piece.n == text.n, &used);
		count(counts, parse->batch);
		if (used == 0)
			break;
	}
}

int main(int argc, char **argv)
{
	const struct parser *parser = argc > 1 ? parser_find(str_from(argv[1])) : NULL;
	struct str text = argc > 2 ? read_file(argv[2]) : STR_NONE;
	if (!parser || !text.p) {
		fprintf(stderr, "bench_parsers: %s\n", parser ? "no such file" : "no such parser");
		return 2;
	}
	int64_t best = INT64_MAX;
	struct counts counts = { 0 };
	uint64_t flawed = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct names *names = names_new();
		struct batch batch = { .names = names };
		struct parse parse;
		struct parse_options options = { .zone_given = true };
		int64_t start = cpu_now();
		counts = (struct counts){ 0 };
		parse_init(&parse, parser, &options);
		parse.batch = &batch;
		if (parser->framing == FRAME_FILE)
			read_whole(&parse, argv[2], &counts);
		else
			read_text(&parse, text, &counts);
		flawed = parse.flawed;
		int64_t took = cpu_now() - start;
		best = took < best ? took : best;
		parse_done(&parse);
		batch_done(&batch);
		names_free(names);
	}
	printf("%.0f lines/s %.0f MB/s %llu lines %llu fields %llu flawed\n", (double)counts.records * 1e9 / (double)best,
	       (double)text.n * 1e3 / (double)best, (unsigned long long)counts.records, (unsigned long long)counts.fields,
	       (unsigned long long)flawed);
	return 0;
}
