/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Blocks of lines: how small, how fast made, read back and searched; each record compared with what went in. Thread CPU time.
 *
 *	bench_archive FILE [BLOCK_MIB [MOST_MIB [LEVEL [WORD…]]]]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/block.h"
#include "base/clock.h"

struct total {
	size_t raw, stored, filter, records;
	int64_t make, read, heads, find[8];
	size_t found[8];
};

static void block_measure(struct total *total, struct buf *made, const struct record *records, size_t n, char **words,
                          size_t n_words)
{
	struct err err = { "" };
	CLEANUP(block_close_p) struct block *block = NULL;
	ARENA(arena);
	uint64_t *bits = mem_alloc((n / 64 + 1) * sizeof(*bits));
	for (size_t w = 0; w < n_words; w++) {
		int64_t start = clock_thread_ns();
		CLEANUP(block_close_p) struct block *searched = NULL;
		memset(bits, 0xff, (n / 64 + 1) * sizeof(*bits));
		if (block_open(buf_str(made), &searched, &err) < 0 || block_find(searched, str_from(words[w]), false, bits, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(2);
		}
		total->find[w] += clock_thread_ns() - start;
		for (size_t i = 0; i < n; i++) {
			bool bit = bits[i / 64] >> i % 64 & 1;
			total->found[w] += bit;
			if (!bit && memmem(records[i].raw.p, records[i].raw.n, words[w], strlen(words[w]))) {
				fprintf(stderr, "record %zu holds %s and was not found\n", i, words[w]);
				exit(2);
			}
		}
	}
	free(bits);
	int64_t start = clock_thread_ns();
	if (block_open(buf_str(made), &block, &err) < 0 || block_count(block) != n) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	int64_t compare = 0;
	for (size_t i = 0; i < n; i++) {
		struct record record;
		if (block_record(block, &arena, i, &record, &err) < 0) {
			fprintf(stderr, "%zu: %s\n", i, err.text);
			exit(2);
		}
		if (!str_eq(record.raw, records[i].raw) || record.time != records[i].time) {
			fprintf(stderr, "record %zu differs:\n%.*s\n%.*s\n", i, STR_ARG(record.raw), STR_ARG(records[i].raw));
			exit(2);
		}
		if (i % 1000 == 999)
			arena_reset(&arena);
	}
	total->read += clock_thread_ns() - start - compare;
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return 2;
	size_t block_bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 32) << 20, most = argc > 3 ? strtoul(argv[3], NULL, 10) << 20 : 0;
	int level = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0;
	struct str text = { mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), (size_t)st.st_size };
	if (most && text.n > most)
		text.n = most;
	CLEANUP(block_writer_free_p) struct block_writer *writer = block_writer_new(level);
	struct total total = { 0 };
	struct record *records = NULL;
	size_t n = 0, room = 0;
	char **words = argv + MIN(argc, 5);
	size_t n_words = (size_t)MAX(argc - 5, 0);
	for (struct str rest = text; rest.p && rest.n;) {
		struct str line = str_cut(&rest, '\n');
		if (n == room) {
			room = room ? room * 2 : 1024;
			records = mem_resize(records, room * sizeof(*records));
		}
		int64_t now = INT64_C(1795402800000000000) + (int64_t)total.records / 64 * 1000000;
		records[n] = (struct record){ .time = now, .arrived = now, .host = STR("h"), .source = STR("s"), .raw = line,
			                      .parser = STR("json") };
		int64_t start = clock_thread_ns();
		block_writer_add(writer, &records[n++]);
		total.make += clock_thread_ns() - start;
		total.records++;
		total.raw += line.n + 1;
		if (block_writer_bytes(writer) < block_bytes && rest.p && rest.n)
			continue;
		BUF(made);
		BUF(filter);
		start = clock_thread_ns();
		block_writer_finish(writer, &made, &filter);
		total.make += clock_thread_ns() - start;
		total.stored += made.n;
		total.filter += filter.n;
		block_measure(&total, &made, records, n, words, MIN(n_words, (size_t)8));
		n = 0;
	}
	printf("raw %zu stored %zu filter %zu ratio %.1f with-filter %.1f make %.0f MB/s read %.0f MB/s\n", total.raw, total.stored,
	       total.filter, (double)total.raw / (double)total.stored, (double)total.raw / (double)(total.stored + total.filter),
	       (double)total.raw * 1e3 / (double)total.make, (double)total.raw * 1e3 / (double)total.read);
	for (size_t w = 0; w < MIN(n_words, (size_t)8); w++)
		printf("find %s: %zu records, %.0f MB/s\n", words[w], total.found[w], (double)total.raw * 1e3 / (double)total.find[w]);
	free(records);
	return 0;
}
