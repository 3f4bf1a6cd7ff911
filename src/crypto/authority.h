/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * authority: the installation's own certification authority, and the certificate that its server shows (RFC 5280).
 *
 * The authority is an EC P-256 key, "ca.key" of mode 0600 in the keyring's directory, and its certificate "ca.crt" beside it, which
 * people may import where they work. Only the keeper opens it (role/keeper_process.h). The server makes a key of its own and asks with a
 * request (PKCS #10, DER); whose names stand in the certificate is the keeper's to say, not the request's.
 *
 * One thread. GnuTLS, loaded on demand: -ENOENT where it is not installed.
 */
#ifndef WARD_CRYPTO_AUTHORITY_H
#define WARD_CRYPTO_AUTHORITY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "data/doc.h"

enum {
	AUTHORITY_YEARS = 10,
	AUTHORITY_DAYS = 397, /* of the server's certificate: browsers take none longer */
	AUTHORITY_RENEW = 30, /* days before its end it is made anew */
};

struct authority;

/* Makes key and certificate when there are none. `name`: of the machine. */
int authority_open(const char *dir, struct str name, struct authority **out, struct err *err) MUST_USE;
/* A new key and certificate in the place of the old ones, which are gone then; at the next authority_open(). Whole or not at all. */
int authority_renew(const char *dir, struct str name, struct err *err) MUST_USE;
void authority_close(struct authority *authority);
void authority_close_p(struct authority **authority);
/* A certificate for the key of this request, as PEM, the authority's own behind it. `names`: host names and addresses. */
int authority_issue(const struct authority *authority, struct str request, const struct strings *names, int64_t now,
                    struct buf *out, struct err *err) MUST_USE;

/* The server's side: a new key (PEM) and its request (DER). The key's text is the caller's to wipe. */
int certificate_request(struct buf *key, struct buf *request, struct err *err) MUST_USE;

struct certificate {
	int64_t from, until;  /* seconds */
	char sha256[65];      /* of its DER form, hexadecimal: what a browser shows */
	bool fits_key;        /* the private key is this one's */
	bool has_names;       /* all that were asked for */
	bool by_authority;    /* signed by the certificate that was given */
};
/* The first certificate of a PEM text. `key` and `ca` are PEM texts, `names` a list; each may be empty. -EBADMSG. */
int certificate_look(struct str pem, struct str key, struct str ca, const struct strings *names, struct certificate *out,
                     struct err *err) MUST_USE;

#endif
