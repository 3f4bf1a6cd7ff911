/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * monitor: the process that tells how the collector is doing: GET /metrics for Prometheus on loopback, GET /status as JSON
 * on a socket of the machine (which `ward status` asks), and nothing else.
 *
 * HTTP/1.1 as far as that needs: a request is its head alone, at most MONITOR_REQUEST bytes, whole within MONITOR_PATIENCE; at
 * most MONITOR_CLIENTS at a time, the oldest gives way; every answer closes. A Host that does not name this machine is
 * refused, so that no web page of somebody else can read it through a browser.
 */
#ifndef WARD_ROLE_MONITOR_H
#define WARD_ROLE_MONITOR_H

#include "role/shared.h"

enum { MONITOR_CLIENTS = 16, MONITOR_REQUEST = 4096 };
#define MONITOR_PATIENCE ((int64_t)5 * 1000000000)

/* The answer to a request: 1, with the whole response; 0: the request is not whole yet. Never fails: what cannot be
 * understood is answered with 400. */
int monitor_answer(const struct shared *shared, struct str request, struct buf *response) MUST_USE;
/* Serve the listening sockets (-1: none) until the control socket ends or says stop. */
int monitor_run(const struct shared *shared, int control, int tcp, int local, struct err *err) MUST_USE;

#endif
