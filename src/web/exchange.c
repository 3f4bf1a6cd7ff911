/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/exchange.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

void exchange_init(struct exchange *exchange, const struct web *web)
{
	*exchange = (struct exchange){ .web = web };
	exchange->request = (struct request){ .arena = &exchange->arena, .records = web->records, .office = web->office, .web = web,
		                              .body_file = -1, .now = clock_now() };
}

void exchange_done(struct exchange *exchange)
{
	exchange_release(exchange);
	if (exchange->request.body_file >= 0)
		close(exchange->request.body_file);
	exchange->request.body_file = -1;
	buf_done(&exchange->request.out);
	arena_done(&exchange->arena);
}

static int failed(struct exchange *exchange, int result)
{
	if (result < 0 && exchange->result == 0)
		exchange->result = result;
	return result;
}

int exchange_refuse(struct exchange *exchange, int result, const char *code, const char *english)
{
	exchange->request.code = code;
	return failed(exchange, err_set(&exchange->err, result, "%s", english));
}

/* ---- the steps ---- */

int exchange_begin(struct exchange *exchange, enum method method, struct str target)
{
	struct request *request = &exchange->request;
	struct route_match match;
	struct str query = arena_str(&exchange->arena, target), path = str_cut(&query, '?');
	request->method = method;
	request->query_string = query;
	int r = router_find(&exchange->arena, exchange->web->router, method, path, &match, &exchange->err);
	request->path = match.path;
	exchange->allowed = match.allowed;
	if (r == -ENOSYS)
		request->code = "method";
	if (r < 0)
		return failed(exchange, r);
	request->route = match.route;
	memcpy(request->param, match.param, sizeof(request->param));
	return 0;
}

static int may(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct route *route = request->route;
	const struct actor *actor = request->actor;
	if (!actor)
		return route->flags & ROUTE_OPEN ? 0 : exchange_refuse(exchange, -EACCES, "login", "you are not logged in");
	request->lang = actor->lang;
	if (actor->token && !(route->flags & (ROUTE_TOKEN | ROUTE_OPEN)))
		return exchange_refuse(exchange, -EPERM, NULL, "tokens may not be used here");
	if (route->roles && !request_has_role(request, route->roles))
		return exchange_refuse(exchange, -EPERM, NULL, "your roles do not allow this");
	if (route->flags & ROUTE_FRESH && actor->fresh_until < request->now)
		return exchange_refuse(exchange, -EACCES, "fresh", "type your password again for this");
	return 0;
}

int exchange_admit(struct exchange *exchange, const struct credentials *credentials)
{
	struct request *request = &exchange->request;
	const struct web_hooks *hooks = &exchange->web->hooks;
	int r = request->db ? 0 : records_read(exchange->web->records, &request->db, &exchange->err);
	if (r == 0 && credentials && hooks->authenticate)
		r = hooks->authenticate(hooks->ctx, request, credentials, &exchange->err);
	if (r < 0)
		return failed(exchange, r);
	return may(exchange);
}

static bool is_json(struct str type)
{
	struct str rest = type;
	return str_is_nocase(str_trim(str_cut(&rest, ';')), "application/json");
}

int exchange_body(struct exchange *exchange, struct str body)
{
	struct request *request = &exchange->request;
	request->body_size = (int64_t)body.n;
	if (!body.n)
		return 0;
	if (request->method == METHOD_GET)
		return exchange_refuse(exchange, -EBADMSG, NULL, "a question by GET has no body");
	if (!is_json(request->body_type))
		return exchange_refuse(exchange, -EBADMSG, NULL, "what is sent must be JSON (Content-Type: application/json)");
	request->body_source = (struct source){ .name = "body", .text = body };
	int r = json_parse(&exchange->arena, &request->body_source, &request->body, &exchange->err);
	return failed(exchange, r == -EINVAL ? -EBADMSG : r);
}

int exchange_body_file(struct exchange *exchange)
{
	struct str folder = exchange->web->temporary.p ? exchange->web->temporary : STR("/tmp");
	const char *path = arena_cstr(&exchange->arena, folder);
	exchange->request.body_file = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (exchange->request.body_file < 0)
		return failed(exchange, err_errno(&exchange->err, -errno, "cannot write into '%s'", path));
	return 0;
}

bool exchange_writes(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	return request->method != METHOD_GET && !(request->route->flags & ROUTE_READ);
}

void exchange_release(struct exchange *exchange)
{
	if (exchange->request.db && !exchange->request.write)
		records_read_end(exchange->web->records, exchange->request.db);
	exchange->request.db = NULL;
}

void exchange_read(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	if (!request->db && failed(exchange, records_read(exchange->web->records, &request->db, &exchange->err)) < 0)
		return;
	(void)failed(exchange, request->route->handle(request, &exchange->err));
	exchange_release(exchange);
}

static int write_work(void *ctx, struct write *write, struct err *err)
{
	struct exchange *exchange = ctx;
	struct request *request = &exchange->request;
	/* The records may do a work again; nothing of the first time stays. */
	buf_clear(&request->out);
	request->status = 0;
	request->n_problems = 0;
	request->db = write->db;
	request->write = write;
	request->now = write->now;
	int r = request->route->handle(request, err);
	request->db = NULL;
	request->write = NULL;
	return r;
}

static void write_done(void *ctx, int result, const struct err *err)
{
	struct exchange *exchange = ctx;
	if (result < 0)
		exchange->err = *err;
	(void)failed(exchange, result);
	exchange->done(exchange->done_ctx);
}

void exchange_write(struct exchange *exchange, void (*done)(void *ctx), void *ctx)
{
	static const struct actor ward = { .name = STR("ward") }; /* before a login: nobody else is there to have done it */
	exchange_release(exchange);
	exchange->done = done;
	exchange->done_ctx = ctx;
	records_write(exchange->web->records, exchange->request.actor ? exchange->request.actor : &ward, write_work, write_done, exchange);
}

/* ---- errors ---- */

static const struct {
	int result, status;
	const char *code;
} meanings[] = {
	{ -EINVAL, 422, "invalid" }, { -EBADMSG, 400, "malformed" }, { -EACCES, 401, "login" },  { -EPERM, 403, "forbidden" },
	{ -ENOENT, 404, "missing" }, { -ENOSYS, 405, "method" },     { -EEXIST, 409, "exists" }, { -ESTALE, 409, "stale" },
	{ -E2BIG, 413, "large" },    { -EDQUOT, 429, "limit" },      { -ETIME, 504, "time" },    { -EROFS, 503, "busy" },
	{ -ENOSPC, 503, "busy" },    { -EBUSY, 503, "busy" },        { -EPIPE, 503, "busy" },    { -ESHUTDOWN, 409, "closed" },
	{ -ENXIO, 421, "host" },
};

void exchange_finish(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	exchange_release(exchange);
	if (exchange->result >= 0) {
		if (!request->status)
			request->status = 200;
		return;
	}
	int status = 500;
	const char *code = "internal";
	for (size_t i = 0; i < COUNT(meanings); i++)
		if (meanings[i].result == exchange->result) {
			status = meanings[i].status;
			code = request->code ? request->code : meanings[i].code;
		}
	struct str text = str_from(exchange->err.text[0] ? exchange->err.text : err_words(exchange->result));
	if (status == 500) {
		uint32_t bits = 0;
		if (getrandom(&bits, sizeof(bits), 0) < 0)
			bits = (uint32_t)clock_monotonic_ns();
		struct str number = arena_printf(&exchange->arena, "%08x", bits);
		if (exchange->web->hooks.failed)
			exchange->web->hooks.failed(exchange->web->hooks.ctx, number.p, request, &exchange->err);
		request_refuse(request, status, code, NOTE("something went wrong inside the server; its log says more under {}", number));
	} else {
		request_refuse(request, status, code, NOTE("{}", tr_error(&exchange->arena, request->lang, text)));
	}
}

/* ---- all at once ---- */

struct wait {
	pthread_mutex_t mutex;
	pthread_cond_t over;
	bool is_over;
};

static void wait_over(void *ctx)
{
	struct wait *wait = ctx;
	pthread_mutex_lock(&wait->mutex);
	wait->is_over = true;
	pthread_cond_signal(&wait->over);
	pthread_mutex_unlock(&wait->mutex);
}

static void write_and_wait(struct exchange *exchange)
{
	struct wait wait = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	exchange_write(exchange, wait_over, &wait);
	pthread_mutex_lock(&wait.mutex);
	while (!wait.is_over)
		pthread_cond_wait(&wait.over, &wait.mutex);
	pthread_mutex_unlock(&wait.mutex);
}

static int take_body(struct exchange *exchange, struct str body)
{
	if (!(exchange->request.route->flags & ROUTE_RAW))
		return exchange_body(exchange, body);
	int r = exchange_body_file(exchange);
	exchange->request.body_size = (int64_t)body.n;
	if (r == 0 && pwrite(exchange->request.body_file, body.p ? body.p : "", body.n, 0) != (ssize_t)body.n)
		r = exchange_refuse(exchange, -EIO, NULL, "cannot write the temporary file");
	return r;
}

void web_answer(struct exchange *exchange, const struct web_call *call)
{
	struct request *request = &exchange->request;
	request->actor = call->actor;
	request->lang = call->lang;
	request->body_type = call->body_type;
	request->address = call->address;
	request->agent = call->agent;
	int r = exchange_begin(exchange, call->method, call->target);
	if (r == 0)
		r = exchange_admit(exchange, call->credentials);
	if (r == 0)
		r = take_body(exchange, call->body);
	if (r == 0 && exchange_writes(exchange))
		write_and_wait(exchange);
	else if (r == 0)
		exchange_read(exchange);
	exchange_finish(exchange);
}
