/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * bench_detect FILE [RULES [OPTION…]]: events of a file of JSON lines a second on one core: read only, or read and
 * matched against the rules.
 *
 *	uncached     no value is remembered (detector_cache())
 *	process      only events of process creation: Sysmon 1 and Security 4688, kept in memory and gone through many times
 *	format=NAME  the file is of this format
 *	source=NAME  all events are of this mapping
 *	matches      print "line<TAB>rule id" of each match, the line from 0
 *
 * The file is read in blocks of 1 MiB, as the command does. Time is the CPU time of this thread and leaves out reading
 * the file; caches are cold at the start.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/buf.h"
#include "detect/detector.h"
#include "event/parser.h"

enum { BLOCK = 1024 * 1024, ROUNDS = 20 };

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench {
	struct arena arena;
	const struct parser *parser;
	const struct mapping *only;
	struct mappings mappings;
	struct sigma_rules rules;
	struct ruleset *ruleset;
	struct detector *detector;
	struct names *names;
	bool print;
	uint64_t events, matches;
	double spent;
	size_t bytes;
};

static void load(struct bench *bench, const char *rules, const char *source)
{
	struct err err = { 0 };
	struct sigma_problems problems = { 0 };
	const char *paths[] = { rules, NULL };
	struct sigma_options options = { .paths = paths };
	double start = cpu_seconds();
	if (mappings_load(&bench->arena, NULL, &bench->mappings, &err) < 0 ||
	    sigma_load(&bench->arena, &options, &bench->rules, &problems, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	double loaded = cpu_seconds();
	if (ruleset_compile(&bench->rules, &bench->mappings, &bench->arena, &problems, &bench->ruleset, &err) < 0)
		exit(2);
	fprintf(bench->print ? stderr : stdout, "rules %zu problems %zu load %.3f compile %.3f\n", ruleset_count(bench->ruleset),
	        problems.n, loaded - start, cpu_seconds() - loaded);
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "%.*s:%u: %.*s\n", STR_ARG(problems.p[i].file), problems.p[i].line, STR_ARG(problems.p[i].words));
	bench->detector = detector_new(bench->ruleset);
	if (source)
		bench->only = mappings_find(&bench->mappings, str_from(source));
}

static void found(void *ctx, const struct match *match)
{
	struct bench *bench = ctx;
	bench->matches++;
	if (bench->print)
		printf("%lu\t%.*s\n", (unsigned long)match->event->line - 1, STR_ARG(match->rule->id));
}

static void take(struct bench *bench, struct batch *batch, struct parse *parse, struct str text, bool last, size_t *used)
{
	double start = cpu_seconds();
	batch_reset(batch);
	parse_lines(parse, batch, text, last, used);
	for (size_t i = 0; bench->detector && i < batch->events.n; i++)
		detector_run(bench->detector, &batch->events.p[i], batch->names, bench->only, found, bench);
	bench->spent += cpu_seconds() - start;
	bench->events += batch->events.n;
	bench->bytes += *used;
	if (names_full(batch->names))
		names_reset(batch->names);
}

static void run(struct bench *bench, FILE *file)
{
	CLEANUP(batch_done) struct batch batch = { .names = bench->names };
	CLEANUP(parse_done) struct parse parse;
	CLEANUP(mem_free_p) char *block = mem_alloc(4 * BLOCK);
	size_t held = 0, used;
	parse_init(&parse, bench->parser, NULL);
	for (;;) {
		size_t got = fread(block + held, 1, BLOCK, file);
		take(bench, &batch, &parse, (struct str){ block, held + got }, got == 0, &used);
		held = held + got - used;
		memmove(block, block + used, held);
		if (got == 0)
			break;
	}
}

/* The lines of process creation alone, several times. */
static void run_processes(struct bench *bench, FILE *file)
{
	CLEANUP(mem_free_p) char *line = NULL;
	size_t room = 0, used;
	ssize_t n;
	BUF(lines);
	while ((n = getline(&line, &room, file)) > 0)
		if ((strstr(line, "\"EventID\":1,") && strcasestr(line, "Sysmon/Operational")) || strstr(line, "\"EventID\":4688,"))
			buf_add(&lines, (struct str){ line, (size_t)n });
	for (int round = 0; round < ROUNDS; round++) {
		CLEANUP(batch_done) struct batch batch = { .names = bench->names };
		CLEANUP(parse_done) struct parse parse;
		struct str rest = buf_str(&lines);
		parse_init(&parse, bench->parser, NULL);
		while (rest.n) {
			take(bench, &batch, &parse, str_slice(rest, 0, BLOCK), rest.n <= BLOCK, &used);
			rest = str_slice(rest, used, rest.n);
		}
	}
}

int main(int argc, char **argv)
{
	struct bench bench = { .parser = &parser_json };
	const char *source = NULL;
	bool cached = true, processes = false;
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "uncached") == 0)
			cached = false;
		else if (strcmp(argv[i], "process") == 0)
			processes = true;
		else if (strcmp(argv[i], "matches") == 0)
			bench.print = true;
		else if (strncmp(argv[i], "format=", 7) == 0)
			bench.parser = parser_find(str_from(argv[i] + 7));
		else if (strncmp(argv[i], "source=", 7) == 0)
			source = argv[i] + 7;
		else
			return 2;
	}
	FILE *file = argc < 2 ? NULL : strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "rb");
	if (!file || !bench.parser)
		return 2;
	if (argc > 2)
		load(&bench, argv[2], source);
	if (bench.detector && !cached)
		detector_cache(bench.detector, false);
	bench.names = bench.ruleset ? names_copy(ruleset_names(bench.ruleset)) : names_new();
	(processes ? run_processes : run)(&bench, file);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	fprintf(bench.print ? stderr : stdout, "events %lu bytes %zu seconds %.3f per_second %.0f matches %lu resident %ld\n",
	        (unsigned long)bench.events, bench.bytes, bench.spent, (double)bench.events / bench.spent,
	        (unsigned long)bench.matches, usage.ru_maxrss * 1024);
	if (bench.detector) {
		struct detector_counters c = detector_counters(bench.detector);
		fprintf(bench.print ? stderr : stdout,
		        "routed %lu values %lu hits %lu candidates %lu regexes %lu limits %lu\n", (unsigned long)c.routed,
		        (unsigned long)c.values, (unsigned long)c.cache_hits, (unsigned long)c.candidates, (unsigned long)c.regexes,
		        (unsigned long)c.regex_limits);
	}
	names_free(bench.names);
	detector_free(bench.detector);
	ruleset_free(bench.ruleset);
	arena_done(&bench.arena);
	return 0;
}
