/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * s3: objects in a bucket that speaks Amazon's S3, each request signed by its Signature Version 4
 * (docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header"). Bucket names stand in the path.
 */
#ifndef WARD_ARCHIVE_S3_H
#define WARD_ARCHIVE_S3_H

#include "base/arena.h"
#include "base/err.h"

struct s3 {
	struct str endpoint;  /* "https://s3.us-east-1.amazonaws.com", without a slash at the end */
	struct str region, bucket, prefix; /* prefix: without slashes at its ends; may be empty */
	struct str access_key, secret_key, session_token; /* session_token may be empty */
	const char *authority;
	int64_t now;          /* seconds; 0: the clock. Tests set it */
};

/* "s3://bucket/prefix", keys from the environment. */
int s3_open(struct arena *arena, const char *target, const char *endpoint, const char *region, const char *authority,
            struct s3 *out, struct err *err) MUST_USE;
/* The headers of a request, NULL-terminated: Authorization and what it signs. `payload`: SHA-256 of the body. */
const char *const *s3_sign(struct arena *arena, const struct s3 *s3, const char *method, struct str name, struct str payload);
/* The object's URL. */
struct str s3_url(struct arena *arena, const struct s3 *s3, struct str name);
int s3_put(const struct s3 *s3, struct str name, struct str body, struct str digest, struct err *err) MUST_USE;
/* SHA-256 of what is there now; read whole. */
int s3_digest(struct arena *arena, const struct s3 *s3, struct str name, struct str *digest, struct err *err) MUST_USE;

#endif
