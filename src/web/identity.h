/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * identity: the certificate with which the server shows who it is, and how connections are encrypted.
 *
 * TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only. A certificate is looked at before it is used: it
 * belongs to the key, and is valid now. It can be exchanged while the server runs: connections take what is there when they begin. GnuTLS,
 * loaded on demand.
 */
#ifndef WARD_WEB_IDENTITY_H
#define WARD_WEB_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"

/* PEM. The certificate comes first, those that signed it behind it, without the root. */
struct web_tls {
	struct str certificate, key;
};

struct identity;
#define TLS_PRIORITIES                                                                                          \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD:-CIPHER-ALL:" \
	"+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE"

/* -EINVAL: no certificate, no key, or they do not belong together; -ENODATA: expired or not valid yet, with the date. */
int identity_new(const struct web_tls *pem, struct identity **out, struct err *err) MUST_USE;
void identity_free(struct identity *identity);
void identity_free_p(struct identity **identity);
/* Use another certificate from now on. Any thread. */
int identity_reload(struct identity *identity, const struct web_tls *pem, struct err *err) MUST_USE;
/* Make ready a session (gnutls_session_t) of the server that has not begun: certificate, resumption by tickets. */
void identity_attach(struct identity *identity, void *session);

#endif
