/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * deb_version: which of two Debian versions is the newer (deb-version(7): [epoch:]upstream[-revision]).
 */
#ifndef WARD_FACT_DEB_VERSION_H
#define WARD_FACT_DEB_VERSION_H

#include "base/str.h"

/* Negative, 0 or positive, as strcmp. An absent revision equals "0". */
int deb_version_compare(struct str a, struct str b);

#endif
