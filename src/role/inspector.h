/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * inspector: the process that sees the host and judges it, and what it tells the server.
 *
 * It inspects when it starts, tells the server when that asks, and ends: between inspections it takes no memory. The supervisor starts it
 * again when the server wants one. They speak in frames (role/wire.h) over a stream socket:
 *
 *	server > inspector   WIRE_INSPECT  number: which question; payload: the kind of office and the regime (texts)
 *	inspector > server   WIRE_HOST     a JSON object: who the host is, what was counted
 *	inspector > server   WIRE_VERDICT  a JSON object, then the evidence's bytes as they were digested
 *	inspector > server   WIRE_TABLE    a JSON object, then the table's text (case/hosts.h)
 *	inspector > server   WIRE_DONE     number: of the question; payload: "" or what went wrong
 *
 * The server must not trust what comes (the inspector reads what users of the host wrote): frames are bounded by
 * INSPECTOR_FRAME, their number by INSPECTOR_FRAMES. Which tables a host delivers stands in content/inventory.yaml; there is
 * nothing in it that opens a door (hashes, command lines, keys).
 */
#ifndef WARD_ROLE_INSPECTOR_H
#define WARD_ROLE_INSPECTOR_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

enum { INSPECTOR_FRAME = 64 * 1024 * 1024, INSPECTOR_FRAMES = 20000 };

struct inspector_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	int control;
	bool brief;  /* say on standard output what was found */
	pid_t parent;
};

/* Until it has answered, or is told to stop: 0. */
int inspector_run(const struct inspector_options *options, struct err *err) MUST_USE;

#endif
