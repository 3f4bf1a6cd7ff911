/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * copies: sealed days at a second site, each compared with its original after it was copied.
 *
 * A target is a directory ("/mnt/second/his01"), a place that rsync knows ("backup@10.0.0.9:/srv/ward/his01"), or a
 * bucket ("s3://bucket/prefix", signature version 4 over HTTPS, keys from the environment as Amazon's own tools take them:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN). Only days that are over are copied, and archive.ward with the statements up to their end, so that
 * `ward verify` proves the copy where it is. Every copied day is read back (rsync: compared by its own checksums), and then stated in the chain
 * with its digest; a day stated for the same target with the same digest is not copied again.
 */
#ifndef WARD_ARCHIVE_COPIES_H
#define WARD_ARCHIVE_COPIES_H

#include "archive/archive.h"

struct copy_options {
	const char *target;
	const char *endpoint;  /* s3: "https://minio.example:9000"; NULL: Amazon's of the region */
	const char *region;    /* s3; NULL: "us-east-1" */
	const char *authority; /* s3: certificates that may sign the server's; NULL: the system's */
	bool again;            /* compare also what was copied before */
	void (*progress)(void *ctx, struct str day, size_t i, size_t n); /* may be NULL */
	void *ctx;
};

struct copied_day {
	struct str day, digest; /* SHA-256 of the file */
	uint64_t bytes;
	bool before;            /* it was there already */
};

int archive_copy(struct archive *archive, const struct copy_options *options, struct arena *arena, struct copied_day **out,
                 size_t *n, struct err *err) MUST_USE;

#endif
