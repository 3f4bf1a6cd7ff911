/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * actor: who is doing something, as far as records need to know: for the journal, for "must differ", for what may be seen.
 *
 * Made by people/session.h from a session or a token, for one request; texts are in that request's arena. Ward itself (a timer, an
 * inspection) is actor_ward().
 */
#ifndef WARD_RECORD_ACTOR_H
#define WARD_RECORD_ACTOR_H

#include "data/lang.h"

enum { ACTOR_WARD = 0 };

struct actor {
	int64_t id;           /* ward_user.id; ACTOR_WARD: ward itself */
	struct str name;      /* as the journal shows it */
	int64_t person;       /* record of the register `person`; 0: none */
	int64_t org;          /* record of the register `org`; what lies below it may be seen */
	bool whole;           /* org is the root: everything may be seen, queries need no condition */
	uint64_t roles;       /* bit n: the n-th role of content/roles.yaml (people/roles.h) */
	enum lang lang;
	struct str address;   /* "192.0.2.7"; STR_NONE */
	int64_t session, token; /* ward_session.id, ward_token.id; 0: not by one */
	int64_t confirmed;    /* ward_user.id of the second person who confirmed what is being done (people/pairs.h); 0: nobody */
	int64_t fresh_until;  /* seconds: until when the password was typed recently enough for signing; 0: not */
};

static inline struct actor actor_ward(void)
{
	return (struct actor){ .id = ACTOR_WARD, .name = STR("ward"), .whole = true, .roles = UINT64_MAX };
}

#endif
