/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * shipper: the process that brings sealed blocks from the archive to ClickHouse (search/deliver.h). It reads the archive and
 * speaks to one server; while that is away, events wait in the archive.
 */
#ifndef WARD_ROLE_SHIPPER_H
#define WARD_ROLE_SHIPPER_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

struct shipper_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	int control;
	const char *user;
	pid_t parent;
};

int shipper_run(const struct shipper_options *options, struct err *err) MUST_USE;

#endif
