/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tls: the server's side of syslog over TLS (RFC 5425), by GnuTLS; nothing waits.
 *
 * Clients are known by certificates of given authorities, or by the SHA-256 fingerprints of their certificates (RFC 5425
 * §4.2.2), whoever issued them.
 */
#ifndef WARD_EVENT_INPUTS_TLS_H
#define WARD_EVENT_INPUTS_TLS_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum tls_clients { TLS_REQUIRED, TLS_OPTIONAL, TLS_NONE };

struct tls_options {
	struct str certificate, key; /* PEM files; the key may be in the certificate's file */
	struct str ca;               /* PEM file of authorities */
	struct strings fingerprints; /* "sha-256:AB:CD…" or plain hexadecimal */
	int clients;                 /* enum tls_clients */
};

struct tls; /* keys and rules, shared by the sessions */
struct tls_session;

int tls_open(const struct tls_options *options, struct tls **out, struct err *err) MUST_USE;
void tls_close(struct tls *tls);

int tls_session_open(struct tls *tls, int fd, struct tls_session **out, struct err *err) MUST_USE;
/* 0: done, the peer is who it should be; -EAGAIN: wait until the descriptor is readable, or writable when *write; others
 * with words. */
int tls_handshake(struct tls_session *session, bool *write, struct err *err) MUST_USE;
/* As recv(): 0 at the end, -EAGAIN, other errors with words. */
ssize_t tls_receive(struct tls_session *session, void *to, size_t room, struct err *err) MUST_USE;
/* The common name, or first DNS name, of the peer's certificate; NULL: it has none. */
const char *tls_peer(const struct tls_session *session);
/* Say goodbye if that does not have to wait; the descriptor stays the caller's. */
void tls_session_close(struct tls_session *session);

#endif
