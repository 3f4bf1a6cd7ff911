/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A small server for tests/it/test_web.py and bench/bench_api.py: real TLS, real records, a few routes, and sessions that are made up: the
 * cookie "good" is user 2, whose requests carry the CSRF value "spell"; the token "key" is user 3.
 *
 *	web_server DIR CERTIFICATE KEY [name=value …]      ("-" as certificate: not encrypted)
 *
 * Prints "port N", then runs until SIGTERM; SIGHUP reads the certificate again.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "people/session.h"
#include "web/server.h"

static struct stream *stream;
static const char *const role_names[] = { "operator", "security" };

/* ---- routes ---- */

static int get_thing(struct request *request, struct err *err)
{
	int64_t id;
	int r = request_id(request, 0, &id, err);
	DB_QUERY(q);
	if (r == 0)
		r = db_query(&q, request->db, "SELECT id, name, state, note FROM thing WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is nothing at this address");
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", db_int(&q, 0));
	json_put(&request->out, "name", db_text(&q, 1));
	json_put(&request->out, "state", db_text(&q, 2));
	json_put(&request->out, "note", db_text(&q, 3));
	buf_add_char(&request->out, '}');
	return 0;
}

static int list_things(struct request *request, struct err *err)
{
	int64_t after;
	int r = request_query_int(request, "after", 0, INT64_MAX, 0, &after, err);
	DB_QUERY(q);
	if (r == 0)
		r = db_query(&q, request->db, "SELECT id, name, state, note FROM thing WHERE state = 'open' AND id > ? ORDER BY id LIMIT 50", err);
	if (r < 0)
		return r;
	db_bind_int(&q, after);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		json_put_int(&request->out, "id", db_int(&q, 0));
		json_put(&request->out, "name", db_text(&q, 1));
		json_put(&request->out, "state", db_text(&q, 2));
		json_put(&request->out, "note", db_text(&q, 3));
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return r;
}

static int add_thing(struct request *request, struct err *err)
{
	struct str name;
	int r = request_text(request, "name", true, 1000, &name, err);
	DB_QUERY(q);
	if (r == 0)
		r = db_query(&q, request->db, "INSERT INTO thing (name, state, note) VALUES (?, 'open', '') RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, name);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	struct change change = { .kind = STR("thing"), .object = db_int(&q, 0), .org = 1, .action = STR("create"),
		                 .after = request->body_source.text };
	r = write_journal(request->write, &change, NULL, err);
	request->status = 201;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", change.object);
	buf_add_char(&request->out, '}');
	return r;
}

/* Requests to sleep that came in: they run, or wait for their turn. */
static atomic_int sleepers;

static int sleep_a_while(struct request *request, struct err *err)
{
	int64_t ms;
	int r = request_query_int(request, "ms", 0, 10000, 100, &ms, err);
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&time, NULL);
	buf_puts(&request->out, "{}");
	return r;
}

static int take_file(struct request *request, struct err *err)
{
	static const enum digest sha256[] = { DIGEST_SHA256 };
	CLEANUP(digest_stream_free_p) struct digest_stream *digest = digest_stream_new(sha256, 1);
	char block[65536];
	ssize_t n;
	(void)err;
	while ((n = read(request->body_file, block, sizeof(block))) > 0)
		digest_stream_add(digest, (struct str){ block, (size_t)n });
	json_open_map(&request->out, NULL);
	json_put(&request->out, "sha256", digest_stream_hex(request->arena, digest, DIGEST_SHA256));
	json_put_int(&request->out, "size", request->body_size);
	buf_add_char(&request->out, '}');
	return 0;
}

static int log_in(struct request *request, struct err *err)
{
	(void)err;
	request->cookie = session_cookie(request->arena, STR("good"));
	buf_puts(&request->out, "{}");
	return 0;
}

static int who(struct request *request, struct err *err)
{
	(void)err;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", request->actor->id);
	json_put(&request->out, "csrf", request->csrf);
	json_put(&request->out, "address", request->address);
	json_put_int(&request->out, "sleepers", atomic_load(&sleepers));
	buf_add_char(&request->out, '}');
	return 0;
}

static int document(struct request *request, struct err *err)
{
	(void)err;
	request->type = STR("text/html; charset=utf-8");
	request->filename = STR("整改 通知\".html");
	buf_puts(&request->out, "<p>ok</p>");
	return 0;
}

static int open_stream(struct request *request, struct err *err)
{
	return stream_subscribe(stream, request->actor, request->last_event, &request->stream, err);
}

static const struct route list[] = {
	{ METHOD_GET, "/api/things/{id}", "getThing", "", .flags = ROUTE_TOKEN, .handle = get_thing },
	{ METHOD_GET, "/api/things", "listThings", "", .handle = list_things },
	{ METHOD_POST, "/api/things", "addThing", "", .flags = ROUTE_TOKEN, .handle = add_thing },
	{ METHOD_GET, "/api/slow", "slow", "", .flags = ROUTE_SLOW, .handle = sleep_a_while },
	{ METHOD_POST, "/api/slow", "slowWrite", "", .handle = sleep_a_while },
	{ METHOD_POST, "/api/file", "addFile", "", .flags = ROUTE_RAW, .body_most = 64 * 1024 * 1024, .handle = take_file },
	{ METHOD_POST, "/api/login", "login", "", .flags = ROUTE_OPEN, .handle = log_in },
	{ METHOD_GET, "/api/session", "who", "", .flags = ROUTE_TOKEN, .handle = who },
	{ METHOD_GET, "/api/document", "document", "", .flags = ROUTE_OPEN, .handle = document },
	{ METHOD_GET, "/api/stream", "stream", "", .flags = ROUTE_STREAM, .handle = open_stream },
	{ 0 },
};
static const struct route *const lists[] = { list, NULL };

/* ---- the server ---- */

static int authenticate(void *ctx, struct request *request, const struct credentials *credentials, struct err *err)
{
	static const struct actor good = { .id = 2, .name = STR("Zhang"), .person = 2, .org = 1, .whole = true, .roles = 2, .session = 1 };
	static const struct actor token = { .id = 3, .name = STR("Program"), .org = 1, .whole = true, .roles = 2, .token = 1 };
	(void)ctx, (void)err;
	if (str_is(request->path, "/api/slow"))
		atomic_fetch_add(&sleepers, 1);
	if (str_is(credentials->bearer, "key")) {
		request->actor = &token;
	} else if (str_is(credentials->cookie, "good")) {
		request->actor = &good;
		request->csrf = STR("spell");
	}
	return 0;
}

static void failed(void *ctx, const char *number, const struct request *request, const struct err *err)
{
	(void)ctx;
	fprintf(stderr, "%s %.*s: %s\n", number, STR_ARG(request->path), err->text);
}

static const struct migration tables[] = {
	{ 9000, "things", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL);"
	                  "CREATE INDEX thing_state ON thing (state, id)" },
	{ 0 },
};

static int fill(void *ctx, struct write *write, struct err *err)
{
	const int64_t *n = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) INSERT INTO thing (name, state, "
	                 "note) SELECT 'thing number ' || i, CASE WHEN i % 3 THEN 'open' ELSE 'closed' END, 'what there is to say' FROM c", err);
	if (r < 0)
		return r;
	db_bind_int(&q, *n);
	return db_do(&q, err);
}

static struct str read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = arena_bytes(arena, 65536);
	if (!file) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	size_t n = fread(text, 1, 65536, file);
	fclose(file);
	return (struct str){ text, n };
}

static void good(int result, const struct err *err)
{
	if (result < 0) {
		fprintf(stderr, "web_server: %s\n", err->text);
		exit(1);
	}
}

static int64_t setting(char **args, const char *name, int64_t otherwise)
{
	for (; *args; args++) {
		struct str value = str_from(*args), key = str_cut(&value, '=');
		if (value.p && str_is(key, name))
			return str_int_or(value, otherwise);
	}
	return otherwise;
}

int main(int argc, char **argv)
{
	static struct str roles[COUNT(role_names)];
	struct err err = { "" };
	struct server_options options = { 0 };
	struct records *records;
	struct router *router;
	struct server *server;
	sigset_t signals;
	int caught;
	ARENA(arena);
	if (argc < 4)
		return 2;
	char **args = argv + 4;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (size_t i = 0; i < COUNT(roles); i++)
		roles[i] = str_from(role_names[i]);
	struct strings names = { roles, COUNT(roles) };
	struct records_options where = { .where = arena_printf(&arena, "%s/records.db", argv[1]) };
	good(records_open(&where, &records, &err), &err);
	good(records_migrate(records, tables, &err), &err);
	int64_t things = setting(args, "things", 0);
	struct actor ward = actor_ward();
	good(things ? records_do(records, &ward, fill, &things, &err) : 0, &err);
	good(router_new(lists, &router, &err), &err);
	good(stream_new(NULL, &stream, &err), &err);
	records_on_change(records, stream_on_change, stream);
	struct web web = { .router = router, .records = records, .roles = &names, .temporary = str_from(argv[1]),
		           .hooks = { .authenticate = authenticate, .failed = failed } };
	options.web = &web;
	options.stream = stream;
	if (strcmp(argv[2], "-") != 0)
		options.tls = (struct web_tls){ read_file(&arena, argv[2]), read_file(&arena, argv[3]) };
	options.threads = (unsigned)setting(args, "threads", 0);
	options.head_seconds = (unsigned)setting(args, "head", 0);
	options.idle_seconds = (unsigned)setting(args, "idle", 0);
	options.slow_queue = (unsigned)setting(args, "queue", 0);
	options.connections_address = (unsigned)setting(args, "connections", 0);
	options.address = (struct limit){ (uint32_t)setting(args, "rate", 0), (uint32_t)setting(args, "burst", 1) };
	options.user = (struct limit){ 0, 1 };
	options.guess = (struct limit){ (uint32_t)setting(args, "guess", 3600 * 1000), 5 };
	good(server_listen("127.0.0.1", (unsigned)setting(args, "port", 0), &options.listen_fd, &err), &err);
	unsigned port = server_port(options.listen_fd);
	good(server_start(&options, &server, &err), &err);
	printf("port %u\n", port);
	fflush(stdout);
	while (sigwait(&signals, &caught) == 0 && caught == SIGHUP) {
		struct web_tls fresh = { read_file(&arena, argv[2]), read_file(&arena, argv[3]) };
		if (server_reload(server, &fresh, &err) < 0)
			fprintf(stderr, "web_server: %s\n", err.text);
	}
	server_stop(server, (unsigned)setting(args, "stop", 5));
	records_on_change(records, NULL, NULL);
	records_close(records);
	stream_free(stream);
	router_free(router);
	printf("stopped\n");
	return 0;
}
