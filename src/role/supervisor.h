/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * supervisor: `ward collect` and `ward up` themselves: start the processes (role/role.h), bring them together, start one again
 * that has died, and end them in order.
 *
 * It opens what needs privileges (sockets, directories) and parses nothing but the configuration. A process
 * that dies soon after its start is started again after 0.1, 0.2 … 10 seconds; one that cannot even begin the first time
 * ends everything with its reason. When the supervisor dies, so do all of them.
 *
 * SIGTERM and SIGINT: the reader takes nothing new, everything taken is kept, then all end. SIGHUP: rules are read again.
 */
#ifndef WARD_ROLE_SUPERVISOR_H
#define WARD_ROLE_SUPERVISOR_H

#include "role/config.h"

#define SUPERVISOR_SOCKET "collect.sock" /* of `ward status`, in the run directory */

struct supervisor_options {
	const struct config *config; /* with config->up.dir: the office, too */
	enum lang lang;
	bool json;                   /* of `ward up`: its first line is JSON */
};

/* Until it is told to stop, or every source of `ward collect` has ended: 0. */
int supervisor_run(const struct supervisor_options *options, struct err *err) MUST_USE;

#endif
