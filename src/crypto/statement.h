/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * statement: reading what was signed: a short text of lines "name value", in a fixed order (archive/chain.h, record/seal.h).
 *
 * *rest stands before the next line; it moves behind a line that was taken, and stays where it is otherwise. Values are slices.
 */
#ifndef WARD_CRYPTO_STATEMENT_H
#define WARD_CRYPTO_STATEMENT_H

#include "base/str.h"
#include "crypto/digest.h"

/* The value when the next line is "name value". */
bool statement_line(struct str *rest, const char *name, struct str *value);
bool statement_number(struct str *rest, const char *name, int64_t *out);
/* "digest sha256" or "digest sm3". */
bool statement_digest(struct str *rest, enum digest *out);
extern const char *const statement_digests[]; /* by enum digest */

#endif
