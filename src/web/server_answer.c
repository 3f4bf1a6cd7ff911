/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/server_inside.h"

enum { SEND_SECONDS = 60, SEND_A_SECOND = 16 * 1024, STREAM_BLOCK = 8 * 1024 };

/* What a page of the console may load: only what this server gives it; nothing written inside the page runs. */
#define CSP_CONSOLE                                                                                                            \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " \
	"manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
/* A document that ward made (a report, a repair order): its own styles, no scripts, to be shown in the console and printed. */
#define CSP_DOCUMENT "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-same-origin allow-modals"

static void header(struct MHD_Response *response, const char *name, const char *value)
{
	(void)mhd->MHD_add_response_header(response, name, value);
}

static void common(const struct visit *visit, struct MHD_Response *response, const char *csp)
{
	header(response, "Content-Security-Policy", csp);
	header(response, "X-Content-Type-Options", "nosniff");
	header(response, "Referrer-Policy", "same-origin");
	header(response, "Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=(), interest-cohort=()");
	header(response, "Cross-Origin-Opener-Policy", "same-origin");
	header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (visit->server->identity)
		header(response, "Strict-Transport-Security", "max-age=31536000");
	/* After what was not understood, nobody knows where the next request begins. */
	bool lost = !visit->exchange.request.route && visit->exchange.result == -EBADMSG;
	if (lost || atomic_load_explicit(&visit->server->stopping, memory_order_relaxed))
		header(response, "Connection", "close");
}

/* "attachment; filename=…" (RFC 6266): the name in UTF-8, percent-encoded, and a plain one for what is old. */
static const char *disposition(struct arena *arena, struct str name)
{
	BUF(plain);
	BUF(encoded);
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
		buf_add_char(&plain, word ? (char)c : '_');
		if (word)
			buf_add_char(&encoded, (char)c);
		else
			buf_printf(&encoded, "%%%02X", c);
	}
	return arena_printf(arena, "attachment; filename=\"%s\"; filename*=UTF-8''%s", buf_cstr(&plain), buf_cstr(&encoded)).p;
}

static void allow(const struct visit *visit, struct MHD_Response *response)
{
	BUF(list);
	for (int i = 0; i < METHOD_COUNT; i++)
		if (visit->exchange.allowed >> i & 1)
			buf_printf(&list, "%s%s%s", list.n ? ", " : "", method_names[i], i == METHOD_GET ? ", HEAD" : "");
	header(response, "Allow", buf_cstr(&list));
}

static void particular(struct visit *visit, struct MHD_Response *response)
{
	struct request *request = &visit->exchange.request;
	struct arena *arena = &visit->exchange.arena;
	header(response, "Cache-Control", "no-store");
	if (request->status != 204)
		header(response, "Content-Type", request->type.p ? arena_cstr(arena, request->type) : "application/json");
	if (request->filename.p)
		header(response, "Content-Disposition", disposition(arena, request->filename));
	if (request->location.p)
		header(response, "Location", arena_cstr(arena, request->location));
	for (struct str rest = request->cookie; rest.p;) {
		struct str one = str_cut(&rest, '\n');
		header(response, "Set-Cookie", arena_cstr(arena, one));
	}
	if (request->status == 401)
		header(response, "WWW-Authenticate", "Bearer");
	if (request->status == 405)
		allow(visit, response);
	if (request->status == 429 || request->status == 503)
		header(response, "Retry-After", request->status == 429 ? "1" : "5");
}

enum MHD_Result answer_send(struct visit *visit)
{
	struct request *request = &visit->exchange.request;
	struct str body = buf_str(&request->out);
	bool document = str_starts(request->type, "text/html");
	/* The visit outlives the answer: libmicrohttpd ends it only after the last byte. */
	struct MHD_Response *response = mhd->MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	common(visit, response, document ? CSP_DOCUMENT : CSP_CONSOLE);
	particular(visit, response);
	link_until(visit->link, clock_monotonic_ns(), SEND_SECONDS + (int64_t)body.n / SEND_A_SECOND);
	enum MHD_Result sent = mhd->MHD_queue_response(visit->connection, (unsigned)request->status, response);
	mhd->MHD_destroy_response(response);
	return sent;
}

/* ---- the console ---- */

enum MHD_Result answer_asset(struct visit *visit)
{
	const struct asset *asset = &visit->asset;
	struct str body = asset->same ? STR("") : asset->bytes;
	struct MHD_Response *response = mhd->MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	common(visit, response, CSP_CONSOLE);
	header(response, "Cache-Control", asset->cache);
	header(response, "ETag", asset->etag);
	header(response, "Vary", "Accept-Encoding");
	if (!asset->same)
		header(response, "Content-Type", asset->type);
	if (asset->coding && !asset->same)
		header(response, "Content-Encoding", asset->coding);
	link_until(visit->link, clock_monotonic_ns(), SEND_SECONDS + (int64_t)body.n / SEND_A_SECOND);
	enum MHD_Result sent = mhd->MHD_queue_response(visit->connection, asset->same ? 304 : 200, response);
	mhd->MHD_destroy_response(response);
	return sent;
}

/* ---- streams ---- */

static void set_aside(void *ctx)
{
	mhd->MHD_suspend_connection(ctx);
}

static void call_back(void *ctx)
{
	mhd->MHD_resume_connection(ctx);
}

static ssize_t read_stream(void *ctx, uint64_t at, char *out, size_t room)
{
	struct visit *visit = ctx;
	const struct subscriber_waker waker = { set_aside, call_back, visit->connection };
	(void)at;
	ssize_t n = subscriber_read(visit->exchange.request.stream, out, room, &waker);
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

enum MHD_Result answer_stream(struct visit *visit)
{
	struct MHD_Response *response = mhd->MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, visit, NULL);
	if (!response)
		return MHD_NO;
	common(visit, response, CSP_CONSOLE);
	header(response, "Content-Type", "text/event-stream");
	header(response, "Cache-Control", "no-store");
	header(response, "X-Accel-Buffering", "no");
	link_until(visit->link, clock_monotonic_ns(), INT32_MAX);
	visit->streams = true;
	atomic_fetch_sub(&visit->server->busy, 1);
	enum MHD_Result sent = mhd->MHD_queue_response(visit->connection, 200, response);
	mhd->MHD_destroy_response(response);
	return sent;
}
