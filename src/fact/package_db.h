/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * package_db: which package databases a host has.
 *
 * "No dpkg database" says something different on a host that has an rpm database (it has no Debian
 * packages: complete, no rows) and on a host on which neither was found, or whose os-release says that
 * there must be one (nothing is known: unavailable).
 */
#ifndef WARD_FACT_PACKAGE_DB_H
#define WARD_FACT_PACKAGE_DB_H

#include "fact/scan.h"

enum package_db { PACKAGE_DB_DEB = 1, PACKAGE_DB_RPM = 2 };

/* Those that are there, as bits. */
unsigned package_db_found(struct scan *scan);
/* The one that os-release says to expect (ID, ID_LIKE), or 0. */
unsigned package_db_expected(struct scan *scan);

/* For a table that found no database of its kind: 0 when that is a complete answer, otherwise the
 * table becomes unavailable. */
int package_db_absent(struct scan *scan, enum package_db kind) MUST_USE;

/* The names that rpm and Zypper, dnf, YUM use for the place, in the order in which to look. */
extern const char *const package_db_rpm_dirs[]; /* ends with NULL */

#endif
