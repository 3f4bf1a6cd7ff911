/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * exchange: one request from its head to its answer, without a network.
 *
 * The server (web/server.h), tests and fuzzers all go the same way: exchange_begin() finds the route; exchange_admit() asks who it is
 * and whether they may; exchange_body() reads what came with it; then exchange_read() runs the handler on this thread, or
 * exchange_write() hands it to the records' writer; exchange_finish() makes an error's words. Each step returns 0, or the
 * error that the answer will tell, after which only exchange_finish() remains.
 *
 * An exchange belongs to one thread at a time.
 */
#ifndef WARD_WEB_EXCHANGE_H
#define WARD_WEB_EXCHANGE_H

#include "web/router.h"

/* How a request says who sends it. */
struct credentials {
	struct str cookie; /* value of __Host-ward; STR_NONE */
	struct str bearer; /* of "Authorization: Bearer …"; STR_NONE */
};

/* What web does not know by itself; set once by the server's role. Any thread. Each may be NULL. */
struct web_hooks {
	void *ctx;
	/* Sets request->actor and request->csrf, in the request's arena, or leaves them: nobody (no session, an old one, a forged one). It
	 * may refuse with a code of its own (request->code = "second-factor", -EACCES). request->db is open for reading. */
	int (*authenticate)(void *ctx, struct request *request, const struct credentials *credentials, struct err *err);
	/* A request failed inside (500): `number` is what the person was told. */
	void (*failed)(void *ctx, const char *number, const struct request *request, const struct err *err);
};

/* What all requests share; read-only once the server runs. */
struct web {
	const struct router *router;
	struct records *records;
	void *office;
	const struct strings *roles; /* names by bit of actor.roles */
	struct str temporary;        /* folder of bodies that are files; STR_NONE: /tmp */
	struct web_hooks hooks;
};

struct exchange {
	struct arena arena;
	const struct web *web;
	struct request request;
	unsigned allowed;            /* methods, when the answer is 405 */
	int result;                  /* of the first step that failed */
	struct err err;
	void (*done)(void *ctx);     /* of exchange_write() */
	void *done_ctx;
};

void exchange_init(struct exchange *exchange, const struct web *web);
void exchange_done(struct exchange *exchange);

/* `target`: the path with its query, as it came. */
int exchange_begin(struct exchange *exchange, enum method method, struct str target) MUST_USE;
/* The route's conditions (login, roles, freshness, tokens). With credentials the hook is asked; without (NULL), request.actor stands.
 * A snapshot of the records is opened and stays open for exchange_read(). */
int exchange_admit(struct exchange *exchange, const struct credentials *credentials) MUST_USE;
/* `body` must live as long as the exchange. */
int exchange_body(struct exchange *exchange, struct str body) MUST_USE;
/* An unnamed file for a body that is one; request.body_file. */
int exchange_body_file(struct exchange *exchange) MUST_USE;
/* Does it go to the writer? */
bool exchange_writes(const struct exchange *exchange);
void exchange_read(struct exchange *exchange);
/* `done` is called when the answer is durable, on the writer's thread, or at once. */
void exchange_write(struct exchange *exchange, void (*done)(void *ctx), void *ctx);
/* Give the snapshot back; without exchange_read(). */
void exchange_release(struct exchange *exchange);
/* Afterwards request.status, out and type are the answer. */
void exchange_finish(struct exchange *exchange);
/* Set an error from outside (limits, a forged request) instead of going on. */
int exchange_refuse(struct exchange *exchange, int result, const char *code, const char *english);

/* All steps at once, for an actor who is known (NULL: nobody). Waits for the writer. */
struct web_call {
	enum method method;
	struct str target, body, body_type;
	const struct actor *actor;
	enum lang lang;
	const struct credentials *credentials; /* instead of an actor; the hook says who it is */
	struct str address, agent;
};
void web_answer(struct exchange *exchange, const struct web_call *call);

#endif
