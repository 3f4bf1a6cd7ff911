/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/server_inside.h"

enum {
	DISCARD = 64 * 1024,       /* of a body nobody wants, so that the connection can go on */
	BODY_SECONDS = 30,         /* to send a body, and one more for each: */
	BODY_A_SECOND = 32 * 1024,
	AGENT = 200,
};

/* ---- begin and end ---- */

void *visit_begin(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct server *server = ctx;
	const union MHD_ConnectionInfo *info = mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct visit *visit = mem_alloc(sizeof(*visit));
	visit->server = server;
	visit->connection = connection;
	visit->link = info->socket_context;
	exchange_init(&visit->exchange, server->options.web);
	visit->target = arena_str(&visit->exchange.arena, str_from(target));
	link_until(visit->link, clock_monotonic_ns(), server->options.head_seconds);
	atomic_fetch_add(&server->busy, 1);
	return visit;
}

void visit_end(void *ctx, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode why)
{
	struct server *server = ctx;
	struct visit *visit = *context;
	(void)connection, (void)why;
	*context = NULL;
	if (!visit)
		return;
	link_until(visit->link, clock_monotonic_ns(), server->options.idle_seconds);
	subscriber_close(visit->exchange.request.stream);
	exchange_done(&visit->exchange);
	buf_done(&visit->body);
	if (!visit->streams)
		atomic_fetch_sub(&server->busy, 1);
	free(visit);
}

/* ---- away and back ---- */

void visit_resume(struct visit *visit)
{
	struct server *server = visit->server;
	atomic_store(&visit->phase, PHASE_ANSWER);
	/* From here on the visit is its connection's again, and may be gone at any moment. */
	mhd->MHD_resume_connection(visit->connection);
	atomic_fetch_sub(&server->away, 1);
}

static void written(void *ctx)
{
	visit_resume(ctx);
}

/* False: the server is closing, or nobody has time. */
static bool go_away(struct visit *visit)
{
	struct server *server = visit->server;
	struct exchange *exchange = &visit->exchange;
	bool slow = exchange->request.route->flags & ROUTE_SLOW && !exchange_writes(exchange);
	atomic_fetch_add(&server->away, 1);
	if (!atomic_load(&server->closed)) {
		atomic_store(&visit->phase, PHASE_AWAY);
		exchange_release(exchange);
		mhd->MHD_suspend_connection(visit->connection);
		if (!slow) {
			exchange_write(exchange, written, visit);
			return true;
		}
		if (slow_hand_over(server->slow, visit) == 0)
			return true;
		mhd->MHD_resume_connection(visit->connection);
	}
	atomic_fetch_sub(&server->away, 1);
	(void)exchange_refuse(exchange, -EBUSY, NULL, "the server has too much to do; try again in a moment");
	atomic_store(&visit->phase, PHASE_ANSWER);
	return false;
}

/* ---- the head ---- */

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
                                   size_t value_size)
{
	(void)kind;
	head_take(ctx, (struct str){ name, name_size }, (struct str){ value ? value : "", value ? value_size : 0 });
	return MHD_YES;
}

static int limited(struct visit *visit, enum limit_kind kind, struct str key, struct limit limit)
{
	if (limits_take(visit->server->limits, kind, key, limit, clock_monotonic_ns()))
		return 0;
	return exchange_refuse(&visit->exchange, -EDQUOT, NULL, "too many requests; wait a little");
}

/* An IPv6 client owns the lower half of its address. */
static struct str address_key(struct str address)
{
	size_t colons = 0, i = 0;
	while (i < address.n && (colons += address.p[i] == ':') < 4)
		i++;
	return str_slice(address, 0, i);
}

static void know(struct visit *visit)
{
	struct request *request = &visit->exchange.request;
	struct head *head = &visit->head;
	head_init(head);
	mhd->MHD_get_connection_values_n(visit->connection, MHD_HEADER_KIND, take_header, head);
	request->lang = head->lang_known ? head->lang : LANG_EN;
	request->address = str_from(visit->link->address);
	request->agent = str_slice(head->agent, 0, AGENT);
	request->body_type = head->type;
	request->last_event = head->last_event;
}

/* Who it is, and whether this page may do it. What reads is asked when it runs, in one snapshot with what it reads. */
static int admit(struct visit *visit)
{
	struct exchange *exchange = &visit->exchange;
	struct request *request = &exchange->request;
	const struct server_options *options = &visit->server->options;
	int r = exchange_admit(exchange, &visit->head.credentials);
	if (r == 0 && request->method != METHOD_GET) {
		r = head_trusted(&visit->head, request->actor && request->actor->token, request->csrf, &exchange->err);
		exchange->result = r;
	}
	if (r == 0 && request->actor)
		r = limited(visit, LIMIT_USER, (struct str){ (const char *)&request->actor->id, sizeof(request->actor->id) }, options->user);
	return r;
}

/* What is not below /api is the console. */
static int find_asset(struct visit *visit, int method)
{
	struct exchange *exchange = &visit->exchange;
	struct str query = visit->target, path = str_cut(&query, '?');
	if (method != METHOD_GET) {
		exchange->allowed = 1u << METHOD_GET;
		return exchange_refuse(exchange, -ENOSYS, "method", "this address is not to be used in this way");
	}
	visit->is_asset = asset_find(path, visit->head.accept_encoding, visit->head.none_match, &visit->asset);
	return visit->is_asset ? 0 : exchange_refuse(exchange, -ENOENT, NULL, "there is nothing at this address");
}

static bool is_api(struct str target)
{
	struct str query = target, path = str_cut(&query, '?');
	return str_starts(path, "/api/") || str_is(path, "/api");
}

static int look_at_head(struct visit *visit, const char *method_name)
{
	struct exchange *exchange = &visit->exchange;
	struct request *request = &exchange->request;
	const struct server_options *options = &visit->server->options;
	int method = method_from(str_from(method_name)), r;
	visit->only_head = str_is(str_from(method_name), "HEAD");
	know(visit);
	r = exchange->result = head_check(&visit->head, options->names, &exchange->err);
	if (r == 0 && !str_starts(visit->target, "/"))
		r = exchange_refuse(exchange, -EBADMSG, NULL, "the address is malformed");
	for (size_t i = 0; r == 0 && i < visit->target.n; i++)
		if ((unsigned char)visit->target.p[i] <= ' ' || (unsigned char)visit->target.p[i] >= 0x7f)
			r = exchange_refuse(exchange, -EBADMSG, NULL, "the address is malformed");
	if (r == 0)
		r = limited(visit, LIMIT_ADDRESS, address_key(request->address), options->address);
	if (r == 0 && atomic_load(&visit->server->stopping))
		r = exchange_refuse(exchange, -EBUSY, NULL, "the server is about to stop");
	if (r == 0 && !is_api(visit->target))
		return find_asset(visit, visit->only_head ? METHOD_GET : method);
	if (r == 0)
		r = exchange_begin(exchange, visit->only_head || method < 0 ? METHOD_GET : (enum method)method, visit->target);
	if (r == 0 && method < 0 && !visit->only_head)
		r = exchange_refuse(exchange, -ENOSYS, "method", "this address is not to be used in this way");
	if (r < 0)
		return r;
	visit->most = request->route->body_most ? request->route->body_most : REQUEST_BODY;
	if (visit->head.length > (int64_t)visit->most)
		return exchange_refuse(exchange, -E2BIG, NULL, "what was sent is too large");
	if (request->method == METHOD_GET)
		return 0;
	if (request->route->flags & ROUTE_OPEN)
		r = limited(visit, LIMIT_GUESS, address_key(request->address), options->guess);
	if (r == 0)
		r = admit(visit);
	if (r == 0 && request->route->flags & ROUTE_RAW)
		r = exchange_body_file(exchange);
	exchange_release(exchange);
	return r;
}

/* ---- the body ---- */

static void take_piece(struct visit *visit, struct str piece)
{
	struct request *request = &visit->exchange.request;
	visit->body.n += visit->discards ? piece.n : 0; /* only counted */
	if (visit->discards)
		return;
	if ((size_t)request->body_size + piece.n > visit->most) {
		visit->discards = true;
		(void)exchange_refuse(&visit->exchange, -E2BIG, NULL, "what was sent is too large");
		return;
	}
	request->body_size += (int64_t)piece.n;
	if (request->body_file < 0) {
		buf_add(&visit->body, piece);
		return;
	}
	while (piece.n) {
		ssize_t n = write(request->body_file, piece.p, piece.n);
		if (n <= 0) {
			visit->discards = true;
			(void)exchange_refuse(&visit->exchange, n < 0 && errno == ENOSPC ? -ENOSPC : -EIO, NULL, "cannot write the temporary file");
			return;
		}
		piece = str_slice(piece, (size_t)n, piece.n);
	}
}

/* ---- running ---- */

static enum MHD_Result answer(struct visit *visit)
{
	atomic_store(&visit->phase, PHASE_OVER);
	exchange_finish(&visit->exchange);
	if (visit->exchange.result == 0 && visit->exchange.request.stream && !visit->only_head)
		return answer_stream(visit);
	return answer_send(visit);
}

static int parse(struct visit *visit)
{
	struct request *request = &visit->exchange.request;
	if (request->body_file < 0)
		return exchange_body(&visit->exchange, buf_str(&visit->body));
	if (lseek(request->body_file, 0, SEEK_SET) < 0)
		return exchange_refuse(&visit->exchange, -EIO, NULL, "cannot write the temporary file");
	return 0;
}

static enum MHD_Result run(struct visit *visit)
{
	struct exchange *exchange = &visit->exchange;
	struct request *request = &exchange->request;
	int r = exchange->result;
	if (visit->is_asset) {
		atomic_store(&visit->phase, PHASE_OVER);
		return answer_asset(visit);
	}
	link_until(visit->link, clock_monotonic_ns(), 3600); /* the handler's own time; answer_send() sets the next limit */
	if (r == 0)
		r = parse(visit);
	if (r == 0 && request->method == METHOD_GET)
		r = admit(visit);
	if (r < 0)
		return answer(visit);
	if (exchange_writes(exchange) || request->route->flags & ROUTE_SLOW)
		return go_away(visit) ? MHD_YES : answer(visit);
	exchange_read(exchange);
	return answer(visit);
}

/* An answer now, before the body, ends the connection; one at the next call does not, so only a large body nobody wants gets that. */
static enum MHD_Result begin(struct visit *visit, const char *method)
{
	int r = look_at_head(visit, method);
	int64_t length = visit->head.length;
	if (r < 0 && (length > DISCARD || visit->head.chunked))
		return answer(visit);
	visit->discards = r < 0 || visit->is_asset;
	if (length > 0 || visit->head.chunked)
		link_until(visit->link, clock_monotonic_ns(), BODY_SECONDS + (visit->head.chunked ? (int64_t)visit->most : length) / BODY_A_SECOND);
	atomic_store(&visit->phase, PHASE_BODY);
	return MHD_YES;
}

enum MHD_Result visit_go_on(void *ctx, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                            const char *upload, size_t *size, void **context)
{
	struct visit *visit = *context;
	(void)ctx, (void)connection, (void)url, (void)version;
	switch (atomic_load(&visit->phase)) {
	case PHASE_HEAD:
		return begin(visit, method);
	case PHASE_BODY:
		if (!*size)
			return visit->exchange.result < 0 ? answer(visit) : run(visit);
		take_piece(visit, (struct str){ upload, *size });
		*size = 0;
		return visit->discards && visit->body.n > DISCARD + REQUEST_BODY ? MHD_NO : MHD_YES;
	case PHASE_ANSWER:
		return answer(visit);
	default:
		return MHD_NO;
	}
}
