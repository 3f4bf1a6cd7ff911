/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_evtx: any bytes as an event log of Windows. What is read must be within bounds; raw records are JSON that gives the same
 * fields when it is read again. A file that begins with a record is put into a chunk, so that what is small reaches the markup.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "event/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHUNK_HEAD = 512 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_event(struct batch *batch, size_t at)
{
	const struct event event = batch->events.p[at];
	require(event.parser == &parser_json && event.raw.n >= 2 && event.n <= EVENT_FIELDS && (!event.flaw || event.n == 0));
	if (event.flaw)
		return;
	parser_again(event.parser, batch, event.raw);
	const struct event *again = &batch->events.p[batch->events.n - 1];
	require(!again->flaw && again->n == event.n);
	for (uint32_t i = 0; i < event.n; i++) {
		const struct event_field *a = &event.fields[i], *b = &again->fields[i];
		require(a->name == b->name && a->kind == b->kind && str_eq(a->value, b->value));
		require(a->value.p >= event.raw.p && a->value.p + a->value.n < event.raw.p + event.raw.n);
	}
}

static int check(void *ctx, struct parse *parse)
{
	struct batch *batch = parse->batch;
	(void)ctx;
	for (size_t i = 0, n = batch->events.n; i < n; i++)
		check_event(batch, i);
	batch_reset(batch);
	names_reset(batch->names);
	return 0;
}

static void put(int fd, const void *p, size_t n)
{
	require(write(fd, p, n) == (ssize_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct parse_options options = { .now = INT64_C(1795392000) * 1000000000, .zone_given = true };
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	int fd = memfd_create("evtx", MFD_CLOEXEC);
	require(fd >= 0);
	if (size > 4 && memcmp(data, "**\0\0", 4) == 0) {
		const char head[CHUNK_HEAD] = "ElfChnk";
		put(fd, head, sizeof(head));
	}
	put(fd, data, size);
	parse_init(&parse, &parser_evtx, &options);
	parse.batch = &batch;
	int r = parser_evtx.file(&parse, fd, "f", check, NULL, NULL);
	require(r == 0 || r == -EBADMSG);
	check(NULL, &parse);
	close(fd);
	return 0;
}
