/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * bench_detect FILE: events of a file of JSON lines a second, read only. The file is read
 * in blocks of 1 MiB, as the command does; time is the CPU time of this thread and leaves out reading the file.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "event/parser.h"

enum { BLOCK = 1024 * 1024 };

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	FILE *file = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "rb");
	if (!file)
		return 2;
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	char *block = mem_alloc(4 * BLOCK);
	size_t held = 0, used, bytes = 0;
	uint64_t events = 0, fields = 0;
	double spent = 0;
	parse_init(&parse, &parser_json, NULL);
	for (;;) {
		size_t got = fread(block + held, 1, BLOCK, file);
		double start = cpu_seconds();
		batch_reset(&batch);
		parse_lines(&parse, &batch, (struct str){ block, held + got }, got == 0, &used);
		spent += cpu_seconds() - start;
		events += batch.events.n;
		for (size_t i = 0; i < batch.events.n; i++)
			fields += batch.events.p[i].n;
		bytes += used;
		held = held + got - used;
		memmove(block, block + used, held);
		if (got == 0)
			break;
	}
	printf("parse events %lu fields %lu flawed %lu bytes %zu seconds %.3f per_second %.0f MB/s %.0f\n", (unsigned long)events,
	       (unsigned long)fields, (unsigned long)parse.flawed, bytes, spent, (double)events / spent, (double)bytes / spent / 1e6);
	free(block);
	return 0;
}
