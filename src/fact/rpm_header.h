/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rpm_header: what an rpm database keeps of a package: a header without its magic (rpm's "header format": two
 * counts, an index of 16-byte entries, the data), all numbers big-endian.
 */
#ifndef WARD_FACT_RPM_HEADER_H
#define WARD_FACT_RPM_HEADER_H

#include "base/str.h"

struct rpm_package {
	struct str name, version, release, arch, vendor, packager, source, group, sha1; /* slices of the blob */
	int64_t epoch, size, install_time; /* INT64_MIN: not said */
	bool signed_header;
};

/* False when the blob is no header. A header without a name is one, with an empty name. */
bool rpm_header_parse(struct str blob, struct rpm_package *out) MUST_USE;

#endif
