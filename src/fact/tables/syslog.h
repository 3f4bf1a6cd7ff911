/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * syslog: what the readers of the log daemons' configurations share.
 */
#ifndef WARD_FACT_TABLES_SYSLOG_H
#define WARD_FACT_TABLES_SYSLOG_H

#include "fact/tables/conf.h"

struct syslog_target {
	const char *daemon;
	struct str facility; /* what is sent: a selector, a condition, names of filters */
	struct str action;
	struct str host;     /* STR_NONE: not over the network */
	int64_t port;
	const char *proto;   /* udp, tcp, relp, https; NULL */
	int64_t tls;         /* 1, 0, NONE */
	struct str file;
	int64_t line;
};

int syslog_target_row(struct scan *scan, const struct syslog_target *target, struct err *err) MUST_USE;

/* Configuration files still to be read: those that are included come right after. */
enum { SYSLOG_DEPTH_MAX = 8, SYSLOG_FILES_MAX = 512 };

int syslog_rsyslog(struct scan *scan, struct err *err) MUST_USE;
int syslog_ng(struct scan *scan, struct err *err) MUST_USE;

#endif
