/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * load: many clients that keep their connections to one HTTPS server, and how long its answers take.
 *
 *	load PORT CLIENTS SECONDS RATE METHOD PATH [BODY] [HEADER …]
 *
 * RATE 0: closed loop, each client asks again as soon as it was answered. Otherwise an open loop: so many requests a second in all, each
 * with its moment; the time to an answer counts from that moment, also when no client was free (so a server that stalls is not
 * flattered: "coordinated omission"). "{n}" in PATH and BODY is a number from 1 to 100000, another one each time. PATH "a|b": in turns.
 * One line of JSON goes out: requests, errors, seconds, rate, latencies in milliseconds, CPU seconds of this program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { ANSWER = 256 * 1024, REQUEST = 8192, MOST = 4000000, PLACES = 100000 };

struct client {
	int fd;
	gnutls_session_t session;
	char request[REQUEST], *answer;
	size_t size, sent, got;
	int64_t due; /* when the request under way should have gone; 0: idle */
};

static int64_t *times;
static size_t done, failed;
static const char *method, *paths[8], *body;
static size_t n_paths;
static char headers[2048];
static int port, poller;
static uint64_t turns;
static bool plain;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- one client ---- */

static ssize_t bytes_out(struct client *c, const char *p, size_t n)
{
	if (!plain)
		return gnutls_record_send(c->session, p, n);
	ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
	return sent < 0 && errno == EAGAIN ? GNUTLS_E_AGAIN : sent;
}

static ssize_t bytes_in(struct client *c, char *p, size_t n)
{
	if (!plain)
		return gnutls_record_recv(c->session, p, n);
	ssize_t got = recv(c->fd, p, n, 0);
	return got < 0 && errno == EAGAIN ? GNUTLS_E_AGAIN : got;
}

static void open_client(struct client *c, gnutls_certificate_credentials_t credentials)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, r;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->answer = malloc(ANSWER);
	if (!plain) {
		gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS);
		gnutls_set_default_priority(c->session);
		gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, credentials);
		gnutls_transport_set_int(c->session, c->fd);
		do
			r = gnutls_handshake(c->session);
		while (r < 0 && !gnutls_error_is_fatal(r));
		if (r < 0) {
			fprintf(stderr, "load: %s\n", gnutls_strerror(r));
			exit(1);
		}
	}
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int flags = 1;
	if (ioctl(c->fd, FIONBIO, &flags) < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0)
		die("epoll");
}

static size_t fill(char *out, size_t room, const char *text, unsigned number)
{
	const char *at = strstr(text, "{n}");
	int n = at ? snprintf(out, room, "%.*s%u%s", (int)(at - text), text, number, at + 3) : snprintf(out, room, "%s", text);
	return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static void push(struct client *c)
{
	while (c->sent < c->size) {
		ssize_t n = bytes_out(c, c->request + c->sent, c->size - c->sent);
		if (n < 0)
			return;
		c->sent += (size_t)n;
	}
}

static void ask(struct client *c, int64_t due)
{
	char text[REQUEST / 4] = "", path[1024];
	unsigned number = (unsigned)(turns * 2654435761u % PLACES) + 1;
	fill(path, sizeof(path), paths[turns % n_paths], number);
	size_t n = body ? fill(text, sizeof(text), body, number) : 0;
	turns++;
	c->size = (size_t)snprintf(c->request, REQUEST, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path, headers);
	c->size += (size_t)snprintf(c->request + c->size, REQUEST - c->size, body ? "Content-Length: %zu\r\n\r\n%s" : "\r\n", n, text);
	c->sent = c->got = 0;
	c->due = due;
	push(c);
}

/* The length of the answer when it is all there. */
static size_t whole(const struct client *c)
{
	struct str all = { c->answer, c->got };
	ptrdiff_t end = str_find(all, "\r\n\r\n"), at = str_find(all, "Content-Length: ");
	if (end < 0 || at < 0 || at > end)
		return 0;
	size_t size = (size_t)end + 4 + strtoul(c->answer + at + 16, NULL, 10);
	return c->got >= size ? size : 0;
}

/* True: it was answered. */
static bool pull(struct client *c, int64_t now)
{
	for (;;) {
		ssize_t n = bytes_in(c, c->answer + c->got, ANSWER - 1 - c->got);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return false;
		if (n <= 0) {
			fprintf(stderr, "load: the server hung up: %s\n", n ? gnutls_strerror((int)n) : "end");
			exit(1);
		}
		c->got += (size_t)n;
		c->answer[c->got] = 0;
		if (!whole(c))
			continue;
		if (c->answer[9] != '2' && failed++ == 0)
			fprintf(stderr, "load: %.*s\n", (int)MIN(c->got, (size_t)900), c->answer);
		if (done < MOST)
			times[done++] = now - c->due;
		c->due = 0;
		return true;
	}
}

/* ---- all ---- */

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double percentile(double p)
{
	return done ? (double)times[MIN((size_t)(p * (double)done), done - 1)] / 1e6 : 0;
}

int main(int argc, char **argv)
{
	if (argc < 7)
		return 2;
	gnutls_certificate_credentials_t credentials;
	int64_t n = str_int_or(str_from(argv[2]), 1), seconds = str_int_or(str_from(argv[3]), 1), rate = str_int_or(str_from(argv[4]), 0);
	port = (int)str_int_or(str_from(argv[1][0] == 'p' ? argv[1] + 1 : argv[1]), 0);
	plain = argv[1][0] == 'p';
	method = argv[5];
	for (char *rest = argv[6]; rest && n_paths < 8;)
		paths[n_paths++] = strsep(&rest, "|");
	body = argc > 7 && argv[7][0] ? argv[7] : NULL;
	for (int i = 8; i < argc; i++)
		snprintf(headers + strlen(headers), sizeof(headers) - strlen(headers), "%s\r\n", argv[i]);
	times = malloc(MOST * sizeof(*times));
	struct client *clients = calloc((size_t)n, sizeof(*clients)), **idle = calloc((size_t)n, sizeof(struct client *));
	poller = epoll_create1(0);
	gnutls_certificate_allocate_credentials(&credentials);
	for (int64_t i = 0; i < n; i++) {
		open_client(&clients[i], credentials);
		idle[i] = &clients[i];
	}
	int64_t n_idle = n, begin = clock_monotonic_ns(), end = begin + seconds * 1000000000, now = begin, busy = 0;
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	for (int64_t sent = 0; now < end || (busy && now < end + 3000000000LL); now = clock_monotonic_ns()) {
		while (n_idle && now < end) {
			int64_t due = rate ? begin + sent * 1000000000 / rate : now;
			if (due > now)
				break;
			ask(idle[--n_idle], due);
			sent++;
			busy++;
		}
		struct epoll_event events[256];
		int got = epoll_wait(poller, events, 256, rate && busy < n ? 1 : 100);
		int64_t then = clock_monotonic_ns();
		for (int i = 0; i < got; i++) {
			struct client *c = events[i].data.ptr;
			if (!c->due)
				continue;
			push(c);
			if (pull(c, then)) {
				idle[n_idle++] = c;
				busy--;
			}
		}
	}
	getrusage(RUSAGE_SELF, &after);
	qsort(times, done, sizeof(*times), by_time);
	double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
	             (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
	printf("{\"requests\": %zu, \"failed\": %zu, \"rate\": %.0f, \"p50\": %.2f, \"p95\": %.2f, \"p99\": %.2f, \"max\": %.2f, \"cpu\": %.2f}\n", done,
	       failed, (double)done / (double)seconds, percentile(0.5), percentile(0.95), percentile(0.99), percentile(1), cpu);
	return failed != 0;
}
