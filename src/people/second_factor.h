/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * second_factor: codes of an authenticator (TOTP: RFC 6238, SHA-1, six digits, 30 seconds) and recovery codes.
 *
 * A secret is 20 random bytes, shown once as base32 (RFC 4648, 6) and in an otpauth address for a QR code; kept sealed in the vault
 * at "user.totp". A code is good for its step and one before and after, and once only: whoever accepts it remembers the step. Ten recovery
 * codes of 50 bits stand in for the authenticator, each once; only keyed digests of them are kept. Any thread.
 */
#ifndef WARD_PEOPLE_SECOND_FACTOR_H
#define WARD_PEOPLE_SECOND_FACTOR_H

#include "crypto/vault.h"

enum { SECOND_FACTOR_STEP = 30, RECOVERY_CODES = 10, RECOVERY_CODE = 11 /* "abcde-fghij" */ };

/* Load liboath. */
int second_factor_prepare(struct err *err) MUST_USE;
/* A new secret, in base32. */
int second_factor_make(struct arena *arena, struct str *secret, struct err *err) MUST_USE;
/* "otpauth://totp/ward:zhang?secret=…&issuer=ward…". */
struct str second_factor_address(struct arena *arena, struct str issuer, struct str login, struct str secret);
/* The step whose code this is, later than `last_step`; 0: none. `now`: seconds since 1970. */
int second_factor_check(struct str secret, struct str code, int64_t now, int64_t last_step, int64_t *step, struct err *err) MUST_USE;

/* Ten codes, and a JSON list of their digests. */
void recovery_make(struct arena *arena, const struct vault *vault, struct strings *codes, struct str *kept);
/* Is it one of them? Then *left is the list without it. Capitals, blanks and a missing hyphen do not matter. */
bool recovery_use(struct arena *arena, const struct vault *vault, struct str kept, struct str code, struct str *left);

#endif
