/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/http.h"

#include <pthread.h>
#include <stdlib.h>

/* Its checks are macros, which would take the names of the pointers. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/arena.h"
#include "sys/library.h"

enum { ANSWER_MOST = 64 * 1024 * 1024, CONNECT_MS = 10000, IDLE_SECONDS = 60 };

#define FUNCTIONS(X)                                                                                          \
	X(curl_global_init) X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_reset) X(curl_easy_setopt)     \
	X(curl_easy_perform) X(curl_easy_getinfo) X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all)
LIBRARY(curl, "libcurl-gnutls.so.4", FUNCTIONS);

struct http {
	CURL *easy;
};

struct transfer {
	struct http *http;
	const struct http_request *request;
	struct buf *answer;
	bool too_much, canceled;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	curl.curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_open(struct http **out, struct err *err)
{
	int r = LIBRARY_LOAD(curl, err);
	if (r < 0)
		return r;
	pthread_once(&once, init);
	struct http *http = mem_alloc(sizeof(*http));
	http->easy = curl.curl_easy_init();
	*out = http;
	return http->easy ? 0 : (http_close(http), *out = NULL, err_set(err, -ENOMEM, "libcurl"));
}

void http_close(struct http *http)
{
	if (!http)
		return;
	if (http->easy)
		curl.curl_easy_cleanup(http->easy);
	free(http);
}

void http_close_p(struct http **http)
{
	http_close(*http);
}

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *transfer = ctx;
	struct str piece = { p, size * n };
	long status = 0;
	curl.curl_easy_getinfo(transfer->http->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->request->sink && status >= 200 && status < 300) {
		transfer->canceled = transfer->request->sink(transfer->request->ctx, piece) != 0;
		return transfer->canceled ? 0 : piece.n;
	}
	if (transfer->answer->n + piece.n > ANSWER_MOST) {
		transfer->too_much = true;
		return 0;
	}
	buf_add(transfer->answer, piece);
	return piece.n;
}

/* "https://host:1234": what of a URL may stand in a message. */
static struct str place(const char *url)
{
	struct str text = str_from(url);
	ptrdiff_t slashes = str_find(text, "://"), at;
	size_t from = slashes < 0 ? 0 : (size_t)slashes + 3, to = from;
	while (to < text.n && text.p[to] != '/' && text.p[to] != '?')
		to++;
	at = str_find_char_last(str_slice(text, from, to), '@');
	if (at >= 0)
		from += (size_t)at + 1;
	return str_slice(text, from, to);
}

static int explain(const struct transfer *transfer, CURLcode code, struct err *err)
{
	struct str host = place(transfer->request->url);
	if (transfer->canceled)
		return err_set(err, -ECANCELED, "%.*s: stopped", STR_ARG(host));
	if (transfer->too_much)
		return err_set(err, -E2BIG, "%.*s: the answer is longer than %d MiB", STR_ARG(host), ANSWER_MOST / 1024 / 1024);
	int errno_of = code == CURLE_COULDNT_CONNECT       ? -ECONNREFUSED
	               : code == CURLE_COULDNT_RESOLVE_HOST ? -EHOSTUNREACH
	               : code == CURLE_OPERATION_TIMEDOUT   ? -ETIMEDOUT
	                                                    : -EPROTO;
	return err_set(err, errno_of, "%.*s: %s", STR_ARG(host), curl.curl_easy_strerror(code));
}

static void set_options(struct http *http, struct transfer *transfer, struct curl_slist *headers)
{
	const struct http_request *request = transfer->request;
	CURL *easy = http->easy;
	curl.curl_easy_reset(easy); /* keeps the connection */
	curl.curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl.curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl.curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl.curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl.curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)IDLE_SECONDS);
	curl.curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
	                      (long)((request->timeout_ns ? request->timeout_ns : INT64_C(60000000000)) / 1000000));
	curl.curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl.curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl.curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	if (request->authority)
		curl.curl_easy_setopt(easy, CURLOPT_CAINFO, request->authority);
	if (request->body.p) {
		curl.curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p);
		curl.curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
	}
	curl.curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

int http_send(struct http *http, const struct http_request *request, long *status, struct buf *answer, struct err *err)
{
	struct transfer transfer = { .http = http, .request = request, .answer = answer };
	/* Otherwise curl waits a second for "100 Continue" before it sends a large body. */
	struct curl_slist *headers = curl.curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		headers = curl.curl_slist_append(headers, request->headers[i]);
	buf_clear(answer);
	*status = 0;
	set_options(http, &transfer, headers);
	CURLcode code = curl.curl_easy_perform(http->easy);
	curl.curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, status);
	curl.curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : explain(&transfer, code, err);
}
