/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/s3.h"

#include <gcrypt.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "sys/http.h"

enum { HMAC = 32, TIMEOUT_S = 3600 };
static const char empty_digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* What may stand in a path unchanged (RFC 3986, unreserved); everything else as %XX. */
static void add_encoded(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~/", c);
		if (plain && c)
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void add_path(struct buf *out, const struct s3 *s3, struct str name)
{
	buf_add_char(out, '/');
	add_encoded(out, s3->bucket);
	buf_add_char(out, '/');
	add_encoded(out, s3->prefix);
	if (s3->prefix.n)
		buf_add_char(out, '/');
	add_encoded(out, name);
}

int s3_open(struct arena *arena, const char *target, const char *endpoint, const char *region, const char *authority,
            struct s3 *out, struct err *err)
{
	struct str rest = str_from(target);
	*out = (struct s3){ .region = str_from(region ? region : "us-east-1"), .authority = authority };
	rest = str_slice(rest, 5, rest.n); /* "s3://" */
	out->bucket = str_cut(&rest, '/');
	while (rest.n && rest.p[rest.n - 1] == '/')
		rest.n--;
	out->prefix = rest;
	if (!out->bucket.n)
		return err_set(err, -EINVAL, "'%s' names no bucket (s3://bucket/prefix)", target);
	out->endpoint = endpoint ? str_from(endpoint) : arena_printf(arena, "https://s3.%.*s.amazonaws.com", STR_ARG(out->region));
	while (out->endpoint.n && out->endpoint.p[out->endpoint.n - 1] == '/')
		out->endpoint.n--;
	out->access_key = str_from(getenv("AWS_ACCESS_KEY_ID"));
	out->secret_key = str_from(getenv("AWS_SECRET_ACCESS_KEY"));
	out->session_token = str_from(getenv("AWS_SESSION_TOKEN"));
	if (!out->access_key.n || !out->secret_key.n)
		return err_set(err, -EACCES, "the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for %s", target);
	return 0;
}

/* `out` may be the key. */
static void hmac(const void *key, size_t n, struct str text, uint8_t out[HMAC])
{
	gcry_md_hd_t handle;
	if (gcry_md_open(&handle, GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC))
		return;
	if (!gcry_md_setkey(handle, key, n)) {
		gcry_md_write(handle, text.p, text.n);
		memcpy(out, gcry_md_read(handle, GCRY_MD_SHA256), HMAC);
	}
	gcry_md_close(handle);
}

static struct str host_of(struct str endpoint)
{
	ptrdiff_t at = str_find(endpoint, "://");
	struct str rest = at < 0 ? endpoint : str_slice(endpoint, (size_t)at + 3, endpoint.n);
	return str_cut(&rest, '/');
}

const char *const *s3_sign(struct arena *arena, const struct s3 *s3, const char *method, struct str name, struct str payload)
{
	BUF(request);
	BUF(to_sign);
	uint8_t key[HMAC];
	struct str now = clock_format(arena, s3->now ? s3->now : clock_now()); /* "2026-11-22T08:30:00Z" */
	struct str date = arena_printf(arena, "%.4s%.2s%.2s", now.p, now.p + 5, now.p + 8);
	struct str time = arena_printf(arena, "%.*sT%.2s%.2s%.2sZ", STR_ARG(date), now.p + 11, now.p + 14, now.p + 17);
	struct str scope = arena_printf(arena, "%.*s/%.*s/s3/aws4_request", STR_ARG(date), STR_ARG(s3->region));
	const char *names = s3->session_token.n ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	                                        : "host;x-amz-content-sha256;x-amz-date";
	struct str host = host_of(s3->endpoint);
	buf_printf(&request, "%s\n", method);
	add_path(&request, s3, name);
	buf_printf(&request, "\n\nhost:%.*s\nx-amz-content-sha256:%.*s\nx-amz-date:%.*s\n", STR_ARG(host), STR_ARG(payload), STR_ARG(time));
	if (s3->session_token.n)
		buf_printf(&request, "x-amz-security-token:%.*s\n", STR_ARG(s3->session_token));
	buf_printf(&request, "\n%s\n%.*s", names, STR_ARG(payload));
	struct str digest = digest_hex(arena, DIGEST_SHA256, buf_str(&request));
	buf_printf(&to_sign, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", STR_ARG(time), STR_ARG(scope), STR_ARG(digest));
	struct str secret = arena_printf(arena, "AWS4%.*s", STR_ARG(s3->secret_key));
	hmac(secret.p, secret.n, date, key);
	hmac(key, HMAC, s3->region, key);
	hmac(key, HMAC, STR("s3"), key);
	hmac(key, HMAC, STR("aws4_request"), key);
	hmac(key, HMAC, buf_str(&to_sign), key);
	char signature[2 * HMAC + 1];
	for (size_t i = 0; i < HMAC; i++) {
		signature[2 * i] = "0123456789abcdef"[key[i] >> 4];
		signature[2 * i + 1] = "0123456789abcdef"[key[i] & 15];
	}
	signature[sizeof(signature) - 1] = '\0';
	const char **headers = (const char **)arena_array(arena, sizeof(char *), 6);
	headers[0] = arena_printf(arena, "Authorization: AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%s, Signature=%s",
	                          STR_ARG(s3->access_key), STR_ARG(scope), names, signature).p;
	headers[1] = arena_printf(arena, "x-amz-content-sha256: %.*s", STR_ARG(payload)).p;
	headers[2] = arena_printf(arena, "x-amz-date: %.*s", STR_ARG(time)).p;
	headers[3] = "Expect:";
	if (s3->session_token.n)
		headers[4] = arena_printf(arena, "x-amz-security-token: %.*s", STR_ARG(s3->session_token)).p;
	return headers;
}

struct str s3_url(struct arena *arena, const struct s3 *s3, struct str name)
{
	BUF(url);
	buf_add(&url, s3->endpoint);
	add_path(&url, s3, name);
	return arena_str(arena, buf_str(&url));
}

/* The reason in the answer: <Error><Code>AccessDenied</Code>… */
static int refused(struct arena *arena, long status, struct str answer, struct str url, struct err *err)
{
	ptrdiff_t from = str_find(answer, "<Code>"), to = str_find(answer, "</Code>");
	struct str code = from >= 0 && to > from ? str_slice(answer, (size_t)from + 6, (size_t)to) : STR("");
	(void)arena;
	int r = status == 403 || status == 401 ? -EACCES : status == 404 ? -ENOENT : -EPROTO;
	return err_set(err, r, "%.*s: the server refused (HTTP %ld %.*s)", STR_ARG(url), status, (int)MIN(code.n, (size_t)80), code.p);
}

int s3_put(const struct s3 *s3, struct str name, struct str body, struct str digest, struct err *err)
{
	ARENA(arena);
	BUF(answer);
	CLEANUP(http_close_p) struct http *http = NULL;
	long status = 0;
	struct str url = s3_url(&arena, s3, name);
	struct http_request request = { .method = "PUT", .url = url.p, .headers = s3_sign(&arena, s3, "PUT", name, digest),
		                        .body = body.n ? body : STR(""), .authority = s3->authority,
		                        .timeout_ns = TIMEOUT_S * INT64_C(1000000000) };
	int r = http_open(&http, err);
	if (r == 0)
		r = http_send(http, &request, &status, &answer, err);
	if (r == 0 && (status < 200 || status > 299))
		r = refused(&arena, status, buf_str(&answer), url, err);
	return r;
}

static int digest_piece(void *ctx, struct str piece)
{
	digest_stream_add(ctx, piece);
	return 0;
}

int s3_digest(struct arena *arena, const struct s3 *s3, struct str name, struct str *digest, struct err *err)
{
	BUF(answer);
	CLEANUP(http_close_p) struct http *http = NULL;
	enum digest sha = DIGEST_SHA256;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(&sha, 1);
	long status = 0;
	struct str url = s3_url(arena, s3, name);
	struct http_request request = { .method = "GET", .url = url.p, .authority = s3->authority, .sink = digest_piece, .ctx = stream,
		                        .headers = s3_sign(arena, s3, "GET", name, str_from(empty_digest)),
		                        .timeout_ns = TIMEOUT_S * INT64_C(1000000000) };
	int r = http_open(&http, err);
	if (r == 0)
		r = http_send(http, &request, &status, &answer, err);
	if (r == 0 && (status < 200 || status > 299))
		r = refused(arena, status, buf_str(&answer), url, err);
	if (r == 0)
		*digest = digest_stream_hex(arena, stream, sha);
	return r;
}
