/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * apt_lists: the package lists that apt has on disk (/var/lib/apt/lists), compressed or not, and the Release
 * files that describe them. Nothing is ever fetched.
 */
#ifndef WARD_FACT_APT_LISTS_H
#define WARD_FACT_APT_LISTS_H

#include "fact/scan.h"

/* What a Release or InRelease file says. */
struct apt_release {
	struct str suite, codename, label, origin;
	int64_t date, valid_until; /* seconds since 1970; NONE: not said */
	bool not_automatic, automatic_upgrades;
	bool security;
};

void apt_release_parse(struct str text, struct apt_release *out);

/* The name under which apt keeps what lies at this address: without the scheme, "/" as "_". */
struct str apt_list_name(struct arena *arena, struct str uri);

/* Packages of a list, one call each. The slices live during the call only. */
typedef void apt_package_fn(void *ctx, struct str name, struct str version, struct str arch);
/* Whether a package of this name is of interest; others are passed over quickly. */
typedef bool apt_wanted_fn(void *ctx, struct str name);

/* "var/lib/apt/lists/…_Packages[.lz4|.xz|.gz|.zst|.bz2]". 0 or a negative errno. At most 1 GiB of text. */
int apt_list_read(const struct root *root, const char *path, apt_wanted_fn *wanted, apt_package_fn *package,
                  void *ctx, struct err *err) MUST_USE;

/* "Sat, 11 Jul 2026 10:16:37 UTC", or NONE. */
int64_t apt_date_parse(struct str text);

#endif
