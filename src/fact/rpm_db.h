/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rpm_db: the package headers of an rpm database, from an open file, in each of its three forms: SQLite (rpm 4.16
 * and later), "ndb" (SUSE), Berkeley DB hash (RHEL up to 8, CentOS 7, Kylin V10). Nothing is written,
 * created or locked: SQLite reads through a file system of our own that knows only this descriptor.
 */
#ifndef WARD_FACT_RPM_DB_H
#define WARD_FACT_RPM_DB_H

#include "base/err.h"
#include "base/str.h"

enum { RPM_DB_BLOB_MOST = 64 * 1024 * 1024 };

/* Called for each header; a negative return stops. */
typedef int rpm_db_fn(void *ctx, struct str blob, struct err *err);

/* 0 or a negative errno with words. */
int rpm_db_read_sqlite(int fd, rpm_db_fn *each, void *ctx, struct err *err) MUST_USE;
int rpm_db_read_ndb(int fd, rpm_db_fn *each, void *ctx, struct err *err) MUST_USE;
int rpm_db_read_berkeley(int fd, rpm_db_fn *each, void *ctx, struct err *err) MUST_USE;

#endif
