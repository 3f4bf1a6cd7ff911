/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that takes one connection, keeps what it is sent, and says what it was told to. */
struct server {
	int fd;
	char url[64];
	const char *answer;
	struct buf got;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *server = arg;
	int fd = accept(server->fd, NULL, NULL);
	char piece[4096];
	ssize_t n;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		buf_add(&server->got, (struct str){ piece, (size_t)n });
		if (server->got.n > 3 && memcmp(server->got.p + server->got.n - 3, "END", 3) == 0)
			break;
	}
	(void)!write(fd, server->answer, strlen(server->answer));
	close(fd);
	return NULL;
}

static void start(struct server *server, const char *answer)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	*server = (struct server){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .answer = answer };
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/?secret=x", ntohs(address.sin_port));
	pthread_create(&server->thread, NULL, serve, server);
}

static void stop(struct server *server)
{
	pthread_join(server->thread, NULL);
	close(server->fd);
	buf_done(&server->got);
}

static int keep(void *ctx, struct str piece)
{
	buf_add(ctx, piece);
	return str_find(piece, "stop") >= 0;
}

static struct http *opened(void)
{
	struct http *http;
	struct err err = { "" };
	if (http_open(&http, &err) == -ENOENT)
		skip();
	return http;
}

static void what_is_sent_and_answered(void **state UNUSED)
{
	static const char *const headers[] = { "X-Key: k\xc3\xa4se", NULL };
	struct http *http = opened();
	struct server server;
	struct err err = { "" };
	long status;
	BUF(answer);
	BUF(sunk);
	start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	const struct http_request request = { .method = "POST", .url = server.url, .headers = headers, .body = STR("some\0thing END"), .sink = keep, .ctx = &sunk };
	assert_int_equal(http_send(http, &request, &status, &answer, &err), 0);
	assert_int_equal(status, 200);
	assert_string_equal(buf_cstr(&sunk), "hello");
	assert_non_null(strstr(buf_cstr(&server.got), "X-Key: k\xc3\xa4se\r\n"));
	assert_null(strstr(buf_cstr(&server.got), "Expect:"));
	assert_memory_equal(server.got.p + server.got.n - 14, "some\0thing END", 14);
	stop(&server);
	/* What the server says of a mistake is kept although there is a sink. */
	start(&server, "HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad");
	const struct http_request again = { .method = "POST", .url = server.url, .body = STR("END"), .sink = keep, .ctx = &sunk };
	assert_int_equal(http_send(http, &again, &status, &answer, &err), 0);
	assert_int_equal(status, 500);
	assert_string_equal(buf_cstr(&answer), "bad");
	stop(&server);
	http_close(http);
}

static void a_redirect_is_not_followed(void **state UNUSED)
{
	struct http *http = opened();
	struct server server;
	struct err err = { "" };
	long status;
	BUF(answer);
	start(&server, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
	const struct http_request request = { .method = "POST", .url = server.url, .body = STR("END") };
	assert_int_equal(http_send(http, &request, &status, &answer, &err), 0);
	assert_int_equal(status, 302);
	stop(&server);
	http_close(http);
}

static void failures_have_words_without_secrets(void **state UNUSED)
{
	struct http *http = opened();
	struct server server;
	struct err err = { "" };
	long status;
	BUF(answer);
	BUF(sunk);
	const struct http_request nobody = { .method = "GET", .url = "http://me:pw@127.0.0.1:1/?password=pw" };
	assert_int_equal(http_send(http, &nobody, &status, &answer, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "127.0.0.1:1: "));
	assert_null(strstr(err.text, "pw"));
	const struct http_request file = { .method = "GET", .url = "file:///etc/passwd" };
	assert_int_equal(http_send(http, &file, &status, &answer, &err), -EPROTO);
	start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nplease stop");
	const struct http_request stopped = { .method = "POST", .url = server.url, .body = STR("END"), .sink = keep, .ctx = &sunk };
	assert_int_equal(http_send(http, &stopped, &status, &answer, &err), -ECANCELED);
	stop(&server);
	start(&server, "");
	const struct http_request hung = { .method = "POST", .url = server.url, .body = STR("EN"), .timeout_ns = 100000000 };
	assert_int_equal(http_send(http, &hung, &status, &answer, &err), -ETIMEDOUT);
	stop(&server);
	http_close(http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_and_answered),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(failures_have_words_without_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
