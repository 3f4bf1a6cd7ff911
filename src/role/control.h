/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * control: what the supervisor tells its children, over a socketpair (SOCK_SEQPACKET) each: a word, and at times a descriptor.
 *
 * When a child has died its place is taken by a new one, and whoever talked to it gets a new socket in this way. When
 * the socket ends, so has the supervisor, and the child ends, too.
 */
#ifndef WARD_ROLE_CONTROL_H
#define WARD_ROLE_CONTROL_H

#include <stdint.h>

#include "base/err.h"

enum control_word {
	CONTROL_STOP = 1,  /* finish what was begun, then end */
	CONTROL_RELOAD,    /* read the rules again */
	CONTROL_KEEPER,    /* with a socket towards the keeper */
	CONTROL_WRITER,    /* towards the writer; for the server: whom it may have days removed (role/upkeep.h) */
	CONTROL_READER,    /* towards the reader */
	CONTROL_CLIENT,    /* for the keeper: towards the writer, who has archives signed */
	CONTROL_OFFICE,    /* for the keeper and the writer: towards the server */
	CONTROL_SERVER,    /* for the inspector: towards the server */
	CONTROL_INSPECTOR, /* for the server: towards the inspector */
	CONTROL_INSPECT,   /* from the server, as the next two: the inspector is wanted, which ends when it has answered */
	CONTROL_NEW_KEY,   /* a new key that seals is wanted instead of the one that it is about: the keeper is ended and makes it when it begins */
	CONTROL_NEW_AUTHORITY, /* as above: a new authority for certificates */
};

/* `fd` (-1: none) stays the caller's. */
int control_send(int control, enum control_word word, int fd, struct err *err) MUST_USE;
/* With what it is about (keeper_task_about()). */
int control_ask(int control, enum control_word word, uint32_t about, struct err *err) MUST_USE;
int control_hear(int control, enum control_word *word, uint32_t *about, int *fd, struct err *err) MUST_USE;
/* Wait for a word. -EPIPE: the supervisor has ended. *fd is the caller's; -1 when none came. */
int control_take(int control, enum control_word *word, int *fd, struct err *err) MUST_USE;

#endif
