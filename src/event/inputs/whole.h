/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * whole: files that a parser reads by itself (FRAME_FILE), batch by batch.
 *
 * Such a parser pushes its events; an input is pulled. So the parser runs on a thread of its own, which takes turns with
 * the caller: while one runs, the other waits, and nothing is shared at any moment.
 */
#ifndef WARD_EVENT_INPUTS_WHOLE_H
#define WARD_EVENT_INPUTS_WHOLE_H

#include "event/parser.h"

struct whole;

/* `fd`, `name` and `parse` stay the caller's and must live until whole_close(). */
int whole_open(struct parse *parse, int fd, const char *name, struct whole **out, struct err *err) MUST_USE;
/* Read on into this batch. 1: there is more; 0: all was read; an error: what the file could not give. */
int whole_read(struct whole *whole, struct batch *batch, struct err *err) MUST_USE;
void whole_close(struct whole *whole);

#endif
