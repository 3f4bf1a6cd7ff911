/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * log: what the processes of the collector have to say, on standard error, in the language they were started in.
 *
 * "ward collect: writer: no space left …", one line each, control characters shown. The same words from the same
 * place are said once a minute at most.
 */
#ifndef WARD_ROLE_LOG_H
#define WARD_ROLE_LOG_H

#include "data/lang.h"

struct role_log {
	enum lang lang;
	const char *who; /* "reader" */
	bool office;     /* of `ward up`, not `ward collect` */
	uint64_t last;   /* hash of what was said last */
	int64_t last_ns;
};

void role_say(struct role_log *log, const struct note *note);

#endif
