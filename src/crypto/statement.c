/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/statement.h"

const char *const statement_digests[] = { [DIGEST_MD5] = "md5", [DIGEST_SHA256] = "sha256", [DIGEST_SM3] = "sm3" };

bool statement_line(struct str *rest, const char *name, struct str *value)
{
	struct str peek = *rest, line = str_cut(&peek, '\n');
	size_t n = strlen(name);
	if (!rest->p || !peek.p || line.n <= n || memcmp(line.p, name, n) != 0 || line.p[n] != ' ')
		return false;
	*value = str_slice(line, n + 1, line.n);
	*rest = peek;
	return true;
}

bool statement_number(struct str *rest, const char *name, int64_t *out)
{
	struct str text, peek = *rest;
	if (!statement_line(&peek, name, &text) || !str_to_int(text, 10, out))
		return false;
	*rest = peek;
	return true;
}

bool statement_digest(struct str *rest, enum digest *out)
{
	struct str text, peek = *rest;
	if (!statement_line(&peek, "digest", &text) || !(str_is(text, "sha256") || str_is(text, "sm3")))
		return false;
	*out = str_is(text, "sm3") ? DIGEST_SM3 : DIGEST_SHA256;
	*rest = peek;
	return true;
}
