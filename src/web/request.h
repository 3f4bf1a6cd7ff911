/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * request: one question to the server and the answer being made; route: what answers it.
 *
 * A route is one const record in a file of src/api: method, path, who may, what it takes and gives in words. The router, the
 * description for machines (OpenAPI) and the test of the access matrix come from it. A handler has no threads to think of:
 *
 * - one that reads (GET) runs on a thread of the pool, with `db` in a transaction that sees one moment;
 * - one that writes (POST, PUT, PATCH, DELETE) runs on the records' writer, with `write` open; its answer leaves only after the
 *   transaction is durable. When it returns an error, nothing of it is kept.
 * - ROUTE_SLOW ones (searches, exports, SQL) run on a thread of their own kind, few at a time, without holding others up.
 *
 * Everything lives in the request's arena. A handler returns 0 with the answer made, or a negative errno with words, which become
 * {"error": {"code": …, "text": …, "fields": [{"field", "text"}]}} in the person's language and a status:
 *
 *	-EINVAL 422   -EBADMSG 400   -EACCES 401   -EPERM 403   -ENOENT 404   -EEXIST, -ESTALE 409   -E2BIG 413   -ETIME 504
 *	-EROFS, -ENOSPC, -EBUSY, -EPIPE 503   anything else 500
 *
 * What the words of a 500 are, only the server's log says; the person is told the number to look for. A handler may name the code
 * itself (request->code = "fresh"). One that must keep what it wrote though it answers with an error (a wrong password is counted; a
 * second person has to confirm) calls request_refuse() and returns 0.
 */
#ifndef WARD_WEB_REQUEST_H
#define WARD_WEB_REQUEST_H

#include "data/json.h"
#include "record/records.h"

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_COUNT };
extern const char *const method_names[];

enum { ROUTE_PARAMS = 4, REQUEST_BODY = 1024 * 1024 /* unless the route says more */ };

enum route_flags {
	ROUTE_OPEN = 1,    /* without login: the login itself, health, static */
	ROUTE_SLOW = 2,
	ROUTE_FRESH = 4,   /* the password must have been typed within the last minutes (people/session.h) */
	ROUTE_READ = 8,    /* a POST that changes nothing (a search with a long body) */
	ROUTE_RAW = 16,    /* the body is a file, not JSON; in request.body_file */
	ROUTE_STREAM = 32, /* server-sent events */
	ROUTE_TOKEN = 64,  /* also for API tokens whose scope covers it */
};

struct web;
struct subscriber;
struct request;
typedef int (*route_handler)(struct request *request, struct err *err);

struct route {
	enum method method;
	const char *path;      /* "/api/records/{register}/{id}"; a part in braces takes one segment */
	const char *name;      /* "getRecord", of the description */
	const char *doc;       /* one line, English */
	const char *roles;     /* "security auditor": one of these; NULL: anybody who is logged in (the handler decides further) */
	unsigned flags;
	size_t body_most;      /* bytes; 0: REQUEST_BODY */
	const char *takes;     /* a schema's name in content/api, or NULL */
	const char *gives;
	const char *query;     /* names of query parameters: "q sort limit after" */
	route_handler handle;
};

struct request {
	struct arena *arena;
	const struct route *route;
	enum method method;
	struct str path;              /* percent-decoded */
	struct str param[ROUTE_PARAMS];
	struct str query_string;      /* raw; request_query() */
	const struct doc *body;       /* JSON; NULL: none */
	struct source body_source;
	int body_file;                /* ROUTE_RAW: an unnamed temporary file at its start; -1 */
	int64_t body_size;
	struct str body_type;         /* Content-Type */
	const struct actor *actor;    /* NULL: not logged in (ROUTE_OPEN) */
	struct str csrf;              /* what the session's writing requests must carry; STR_NONE: no session */
	struct str address;           /* of the client, "192.0.2.7" */
	struct str agent;             /* User-Agent, cut to 200 bytes */
	struct str last_event;        /* Last-Event-ID, of a page that comes back to a stream */
	int64_t now;                  /* seconds */
	enum lang lang;               /* of the session, or of Accept-Language */
	struct db *db;                /* also when writing: write->db */
	struct write *write;
	struct records *records;
	const struct web *web;        /* web/exchange.h */
	void *office;                 /* struct office of api/office.h */
	/* The answer. */
	int status;                   /* 0: 200, or 201 and 204 as the handler sets */
	const char *code;             /* of the error; NULL: as the errno has it */
	struct buf out;               /* JSON unless `type` says otherwise */
	struct str type;
	struct str filename;          /* to be saved under; STR_NONE: shown */
	struct str location, cookie;  /* headers Location, Set-Cookie (several: apart by LF) */
	struct subscriber *stream;    /* ROUTE_STREAM: what the handler opened (web/stream.h); the server closes it */
	struct field_error *problems; /* of a form, said with the error */
	size_t n_problems;
};

struct field_error {
	struct str field;
	struct note what;
};

/* A query parameter, decoded, in the arena; the n-th of that name. STR_NONE: none. */
struct str request_query(struct request *request, const char *name);
struct str request_query_at(struct request *request, const char *name, size_t n);
/* An integer in a range; absent: `otherwise`. -EINVAL with words. */
int request_query_int(struct request *request, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *out,
                      struct err *err) MUST_USE;
/* A positive id from a part of the path. -ENOENT. */
int request_id(struct request *request, size_t param, int64_t *out, struct err *err) MUST_USE;
/* Members of the body: -EINVAL with words when it has another type or is missing though required. */
int request_text(struct request *request, const char *name, bool required, size_t most, struct str *out, struct err *err) MUST_USE;
int request_int(struct request *request, const char *name, int64_t otherwise, int64_t *out, struct err *err) MUST_USE;
void request_problem(struct request *request, struct str field, struct note what);
/* Answer with an error and keep what was written: the handler returns 0 after this. */
void request_refuse(struct request *request, int status, const char *code, struct note what);
/* Does the actor have one of these roles ("security auditor")? */
bool request_has_role(const struct request *request, const char *roles);

/* All routes: each file of src/api publishes `const struct route routes_NAME[]`, ending with a NULL path. */
extern const struct route *const route_lists[];

#endif
