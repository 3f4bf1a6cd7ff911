/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * framing: where syslog messages end in a stream (RFC 6587; RFC 5425 has only the first).
 *
 * Counted: "83 <34>1 2003-…" — the length in octets, a blank, the message. Or lines, ended by LF. Which of
 * the two a sender uses is told by how it begins: a number, a blank and "<" is a count, all else are lines.
 */
#ifndef WARD_EVENT_INPUTS_FRAMING_H
#define WARD_EVENT_INPUTS_FRAMING_H

#include <sys/types.h>

#include "base/str.h"

enum framing_kind { FRAMING_UNKNOWN, FRAMING_LINES, FRAMING_COUNTED };

enum { FRAMING_DIGITS = 9 }; /* of a count */

struct framing {
	enum framing_kind kind;
	size_t left; /* of a long message, whose first pieces were given */
};

/* Settle the kind by the beginning of a stream; unknown while it could be either. `last`: no more will come. */
enum framing_kind framing_find(struct str text, bool last);

/* The next counted message, or a piece of one that is longer than `most`, without LF, CR LF or NUL at its end. How much of the text
 * it takes; 0: it is not whole; -EBADMSG: this is no count. `last`: what is left is a message, too. */
ssize_t framing_next(struct framing *framing, struct str text, size_t most, bool last, struct str *message) MUST_USE;

#endif
