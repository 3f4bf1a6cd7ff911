/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What the inputs themselves cost, by thread CPU time.
 *
 *	bench_inputs files PARSER FILE        read a file into batches: MB/s
 *	bench_inputs lines|counted PARSER FILE    each line of the file as a message over TCP on loopback: ns a message
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/input.h"
#include "event/inputs/connections.h"
#include "sys/root.h"

enum { CONNECTIONS = 8, PORT_FIRST = 20514 };

struct sender {
	struct buf text;
	uint16_t port;
};

static void *send_all(void *ctx)
{
	const struct sender *sender = ctx;
	int fds[CONNECTIONS];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(sender->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fds[i], (const struct sockaddr *)&to, sizeof(to)) < 0)
			_exit(3);
	}
	for (size_t at = 0, turn = 0; at < sender->text.n; turn++) {
		/* A connection gets whole messages of one line each, in pieces of about 64 KiB. */
		size_t end = MIN(at + 65536, sender->text.n);
		while (end < sender->text.n && sender->text.p[end - 1] != '\n')
			end++;
		while (at < end) {
			ssize_t n = send(fds[turn % CONNECTIONS], sender->text.p + at, end - at, 0);
			if (n <= 0)
				_exit(3);
			at += (size_t)n;
		}
	}
	for (int i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	return NULL;
}

static int read_all(struct input *input, uint64_t expected, struct err *err)
{
	CLEANUP(names_free_p) struct names *names = names_new();
	struct input_batch batch = { .batch.names = names };
	uint64_t events = 0, batches = 0;
	int64_t cpu = clock_thread_ns(), wall = clock_monotonic_ns();
	int r = 0;
	while (r >= 0 && (!expected || events < expected)) {
		r = input_wait(input, -1, err);
		if (r >= 0)
			r = input_read(input, 1 << 20, &batch, err);
		events += batch.batch.events.n;
		batches++;
		input_kept(input, batch.ticket);
		batch_reset(&batch.batch);
	}
	cpu = clock_thread_ns() - cpu;
	wall = clock_monotonic_ns() - wall;
	batch_done(&batch.batch);
	struct input_counters counters = input_counters(input);
	printf("%llu events %llu bytes %lld cpu_ns %lld wall_ns %llu batches\n", (unsigned long long)events,
	       (unsigned long long)counters.bytes, (long long)cpu, (long long)wall, (unsigned long long)batches);
	return r < 0 && r != -ENODATA ? r : 0;
}

static int over_tcp(bool counted, struct str parser, const char *path, struct err *err)
{
	struct root root = { .fd = -1 };
	BUF(file);
	int r = root_open(&root, "/", err);
	if (r == 0)
		r = root_read(&root, path, (size_t)1 << 30, &file);
	if (r < 0)
		return r;
	struct sender sender = { .port = (uint16_t)(PORT_FIRST + getpid() % 1000) };
	struct str rest = buf_str(&file), line;
	uint64_t n = 0;
	while (str_line(&rest, &line)) {
		if (!line.n)
			continue;
		n++;
		if (counted)
			buf_printf(&sender.text, "%zu ", line.n + 1);
		buf_add(&sender.text, line);
		buf_add_char(&sender.text, '\n');
	}
	ARENA(arena);
	struct str listen = arena_printf(&arena, "127.0.0.1:%u", sender.port);
	struct connections_options options = connections_defaults;
	options.listen = (struct strings){ &listen, 1 };
	options.format = parser;
	CLEANUP(input_close_p) struct input *input = NULL;
	r = input_syslog_tcp.open(&options, STR("bench"), NULL, NULL, NULL, &input, err);
	pthread_t thread;
	if (r == 0 && pthread_create(&thread, NULL, send_all, &sender) == 0) {
		r = read_all(input, n, err);
		pthread_join(thread, NULL);
	}
	buf_done(&sender.text);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r = -EINVAL;
	if (argc == 4 && strcmp(argv[1], "files") == 0) {
		CLEANUP(input_close_p) struct input *input = NULL;
		struct str path = str_from(argv[3]);
		struct input_files options = { .paths = { &path, 1 }, .format = str_from(argv[2]), .once = true };
		r = input_files.open(&options, STR("bench"), NULL, NULL, NULL, &input, &err);
		if (r == 0)
			r = read_all(input, 0, &err);
	} else if (argc == 4) {
		r = over_tcp(strcmp(argv[1], "counted") == 0, str_from(argv[2]), argv[3], &err);
	}
	if (r < 0)
		fprintf(stderr, "bench_inputs: %s\n", err.text);
	return r < 0;
}
