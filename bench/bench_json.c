/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * bench_json FILE [MEGABYTES]: our JSON parser beside jansson and cJSON, on the same text in the same run.
 *
 * FILE ("-": standard input) holds one document a line. It is read in chunks; each chunk is parsed by
 * each parser in turn: line by line, and as one array of all its lines. Time is CPU time of this
 * thread and includes giving the tree back. The trees are compared by their number of nodes.
 */
#include <stdio.h>

#include <cjson/cJSON.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/vec.h"
#include "data/json.h"

enum { CHUNK = 8 << 20 };

enum parser_id { OURS, CJSON, JANSSON, PARSERS };

static const char *const names[PARSERS] = { "ward", "cJSON", "jansson" };

struct figures {
	double bytes;
	int64_t ns[PARSERS];
	uint64_t refused[PARSERS];
	uint64_t nodes[PARSERS];
};

static uint64_t count_ours(const struct doc *node)
{
	uint64_t n = 1;
	if (node->type == DOC_ARRAY || node->type == DOC_MAP)
		for (size_t i = 0; i < node->n; i++)
			n += count_ours(node->type == DOC_MAP ? doc_value(node, i) : &node->items[i]);
	return n;
}

static uint64_t count_cjson(const cJSON *node)
{
	uint64_t n = 0;
	for (; node; node = node->next)
		n += 1 + count_cjson(node->child);
	return n;
}

/* Parse `text` with one parser. Returns false when it was refused; *nodes is counted when asked for. */
static bool run(enum parser_id id, struct arena *arena, struct str text, uint64_t *nodes)
{
	if (id == OURS) {
		struct source source = { .name = "(bench)", .text = text };
		const struct doc *doc;
		arena_reset(arena);
		if (json_parse(arena, &source, &doc, NULL))
			return false;
		if (nodes)
			*nodes += count_ours(doc);
	} else if (id == CJSON) {
		cJSON *tree = cJSON_ParseWithLength(text.p, text.n);
		if (!tree)
			return false;
		if (nodes)
			*nodes += count_cjson(tree);
		cJSON_Delete(tree);
	} else {
		json_error_t error;
		json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (!tree)
			return false;
		json_decref(tree);
	}
	return true;
}

static void measure(struct figures *figures, const struct str *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		figures->bytes += (double)texts[i].n;
	for (enum parser_id id = 0; id < PARSERS; id++) {
		ARENA(arena);
		int64_t start = clock_thread_ns();
		for (size_t i = 0; i < n; i++)
			figures->refused[id] += !run(id, &arena, texts[i], NULL);
		figures->ns[id] += clock_thread_ns() - start;
		for (size_t i = 0; i < n && id != JANSSON; i++)
			run(id, &arena, texts[i], &figures->nodes[id]);
	}
}

static int print(const char *what, const struct figures *figures)
{
	printf("%s, %.0f MB, %llu nodes\n", what, figures->bytes / 1e6,
	       (unsigned long long)figures->nodes[OURS]);
	for (enum parser_id id = 0; id < PARSERS; id++) {
		printf("  %-8s %7.0f MB/s", names[id], figures->bytes * 1e3 / (double)figures->ns[id]);
		if (id != OURS)
			printf("   ward is %.1f times as fast", (double)figures->ns[id] / (double)figures->ns[OURS]);
		if (figures->refused[id])
			printf("   (%llu refused)", (unsigned long long)figures->refused[id]);
		printf("\n");
	}
	if (figures->refused[OURS] == figures->refused[CJSON] && figures->nodes[OURS] != figures->nodes[CJSON]) {
		printf("  the trees differ: cJSON has %llu nodes\n", (unsigned long long)figures->nodes[CJSON]);
		return 1;
	}
	return 0;
}

static void measure_chunk(struct figures *lines, struct figures *array, struct str chunk)
{
	VEC(struct str) texts = { 0 };
	BUF(joined);
	struct str rest = chunk, line;
	while (str_line(&rest, &line)) {
		if (str_trim(line).n == 0)
			continue;
		vec_push(&texts, line);
		buf_add_char(&joined, joined.n ? ',' : '[');
		buf_add(&joined, line);
	}
	buf_puts(&joined, joined.n ? "]" : "[]");
	struct str whole = buf_str(&joined);
	measure(lines, texts.p, texts.n);
	measure(array, &whole, 1);
	vec_done(&texts);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench_json FILE [MEGABYTES]   (one JSON document a line; - is standard input)\n");
		return 2;
	}
	FILE *file = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "rb");
	if (!file) {
		perror(argv[1]);
		return 2;
	}
	int64_t budget = argc > 2 ? str_int_or(str_from(argv[2]), 1 << 20) << 20 : INT64_MAX;
	struct figures lines = { 0 }, array = { 0 };
	BUF(buf);
	size_t got;
	do {
		got = fread(buf_reserve(&buf, CHUNK), 1, CHUNK, file);
		buf.n += got;
		budget -= (int64_t)got;
		/* Whole lines; the beginning of the next one stays for the next round. */
		ptrdiff_t last = str_find_char_last(buf_str(&buf), '\n');
		size_t n = got == 0 ? buf.n : (size_t)(last + 1);
		measure_chunk(&lines, &array, (struct str){ buf.p, n });
		memmove(buf.p, buf.p + n, buf.n - n);
		buf.n -= n;
	} while (got && budget > 0);
	fclose(file);
	int differs = print("JSON, each line a document", &lines);
	return differs | print("JSON, arrays of lines", &array);
}
