/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * office_web: what the web server asks the office: who sends a request (people/session.h); the certificate it shows.
 */
#ifndef WARD_ROLE_OFFICE_WEB_H
#define WARD_ROLE_OFFICE_WEB_H

#include "api/office.h"
#include "role/config.h"
#include "role/keeper.h"
#include "role/log.h"
#include "web/server.h"

struct office_web {
	struct office *office;
	struct role_log *log;
	struct router *router;
	struct web web;
	struct web_tls tls;      /* in the arena of office_web_open() */
	struct strings names;
	struct server *server;
};

/* The certificate that the configuration names, which may be readable for root alone: before the sandbox. */
int office_web_given(struct arena *arena, const struct config *config, struct web_tls *out, struct err *err) MUST_USE;
/* Certificate, router and hooks; the keeper certifies a new key when there is none that is good for another month. *out
 * holds what office_web_given() found. */
int office_web_open(struct arena *arena, const struct config *config, struct keeper *keeper, struct office *office,
                    struct role_log *log, struct office_web *out, struct err *err) MUST_USE;
/* `listening` is taken over. */
int office_web_start(const struct config *config, struct office_web *web, int listening, struct err *err) MUST_USE;
void office_web_stop(struct office_web *web, unsigned seconds);
/* Once a day: a new certificate when the old one ends soon, without a pause. One that was given stays until the next start. `anyway`: also
 * when the old one is good still. */
int office_web_renew(struct arena *arena, const struct config *config, struct keeper *keeper, struct office_web *web,
                     bool anyway, struct err *err) MUST_USE;

#endif
