/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/vec.h"
#include "sys/library.h"

#define GNUTLS_FUNCTIONS(X) \
	X(gnutls_alert_send_appropriate) X(gnutls_bye) X(gnutls_certificate_allocate_credentials) \
	X(gnutls_certificate_free_credentials) X(gnutls_certificate_get_peers) \
	X(gnutls_certificate_server_set_request) X(gnutls_certificate_set_x509_key_file) \
	X(gnutls_certificate_set_x509_trust_file) X(gnutls_certificate_verification_status_print) \
	X(gnutls_certificate_verify_peers2) X(gnutls_credentials_set) X(gnutls_deinit) X(gnutls_fingerprint) \
	X(gnutls_free) X(gnutls_handshake) X(gnutls_init) \
	X(gnutls_record_get_direction) X(gnutls_record_recv) X(gnutls_set_default_priority) X(gnutls_strerror) \
	X(gnutls_transport_set_int2) X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_get_dn_by_oid) \
	X(gnutls_x509_crt_get_subject_alt_name) X(gnutls_x509_crt_import) X(gnutls_x509_crt_init)
LIBRARY(gnutls, "libgnutls.so.30", GNUTLS_FUNCTIONS);

enum { FINGERPRINT = 32, NAME_MOST = 256 };

struct tls {
	gnutls_certificate_credentials_t credentials;
	enum tls_clients clients;
	bool authorities;
	VEC(struct { uint8_t bytes[FINGERPRINT]; }) fingerprints;
};

struct tls_session {
	struct tls *tls;
	gnutls_session_t session;
	char peer[NAME_MOST]; /* "" when there is none */
};

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int add_fingerprint(struct tls *tls, struct str text, struct err *err)
{
	struct str rest = text;
	uint8_t bytes[FINGERPRINT];
	size_t n = 0;
	if (rest.n > 8 && str_is_nocase(str_slice(rest, 0, 8), "sha-256:"))
		rest = str_slice(rest, 8, rest.n);
	while (rest.n && n < 2 * FINGERPRINT) {
		int digit = hex_digit(rest.p[0]);
		if (digit < 0 && rest.p[0] != ':')
			break;
		if (digit >= 0) {
			bytes[n / 2] = (uint8_t)(n % 2 ? bytes[n / 2] << 4 | digit : digit);
			n++;
		}
		rest = str_slice(rest, 1, rest.n);
	}
	if (rest.n || n != 2 * FINGERPRINT)
		return err_set(err, -EINVAL, "'%.*s' is no SHA-256 fingerprint (64 hexadecimal digits)", STR_ARG(text));
	vec_push(&tls->fingerprints, { { 0 } });
	memcpy(tls->fingerprints.p[tls->fingerprints.n - 1].bytes, bytes, sizeof(bytes));
	return 0;
}

static int load(struct tls *tls, const struct tls_options *options, struct err *err)
{
	ARENA(arena);
	const char *certificate = arena_cstr(&arena, options->certificate);
	const char *key = options->key.n ? arena_cstr(&arena, options->key) : certificate;
	int r = gnutls.gnutls_certificate_set_x509_key_file(tls->credentials, certificate, key, GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return err_set(err, -EINVAL, "cannot use the certificate %s with the key %s: %s", certificate, key,
		               gnutls.gnutls_strerror(r));
	if (options->ca.n) {
		const char *ca = arena_cstr(&arena, options->ca);
		r = gnutls.gnutls_certificate_set_x509_trust_file(tls->credentials, ca, GNUTLS_X509_FMT_PEM);
		if (r <= 0)
			return err_set(err, -EINVAL, "cannot use the authorities in %s: %s", ca,
			               r ? gnutls.gnutls_strerror(r) : "it holds none");
		tls->authorities = true;
	}
	for (size_t i = 0; i < options->fingerprints.n; i++) {
		r = add_fingerprint(tls, options->fingerprints.p[i], err);
		if (r < 0)
			return r;
	}
	if (tls->clients != TLS_NONE && !tls->authorities && !tls->fingerprints.n)
		return err_set(err, -EINVAL, "nobody could be known by a certificate: give 'ca' or 'fingerprints', or 'clients: none'");
	return 0;
}

int tls_open(const struct tls_options *options, struct tls **out, struct err *err)
{
	*out = NULL;
	int r = LIBRARY_LOAD(gnutls, err);
	if (r < 0)
		return r;
	struct tls *tls = mem_alloc(sizeof(*tls));
	tls->clients = (enum tls_clients)options->clients;
	if (gnutls.gnutls_certificate_allocate_credentials(&tls->credentials) < 0) {
		free(tls);
		return err_set(err, -ENOMEM, "GnuTLS does not start");
	}
	r = load(tls, options, err);
	if (r < 0) {
		tls_close(tls);
		return r;
	}
	*out = tls;
	return 0;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	gnutls.gnutls_certificate_free_credentials(tls->credentials);
	vec_done(&tls->fingerprints);
	free(tls);
}

int tls_session_open(struct tls *tls, int fd, struct tls_session **out, struct err *err)
{
	struct tls_session *session = mem_alloc(sizeof(*session));
	session->tls = tls;
	*out = NULL;
	int r = gnutls.gnutls_init(&session->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (r < 0) {
		free(session);
		return err_set(err, -ENOMEM, "%s", gnutls.gnutls_strerror(r));
	}
	gnutls.gnutls_set_default_priority(session->session);
	gnutls.gnutls_credentials_set(session->session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
	gnutls.gnutls_certificate_server_set_request(session->session, tls->clients == TLS_REQUIRED   ? GNUTLS_CERT_REQUIRE
	                                                               : tls->clients == TLS_OPTIONAL ? GNUTLS_CERT_REQUEST
	                                                                                              : GNUTLS_CERT_IGNORE);
	gnutls.gnutls_transport_set_int2(session->session, fd, fd);
	*out = session;
	return 0;
}

static bool is_pinned(const struct tls *tls, const gnutls_datum_t *certificate)
{
	uint8_t bytes[FINGERPRINT];
	size_t n = sizeof(bytes);
	if (gnutls.gnutls_fingerprint(GNUTLS_DIG_SHA256, certificate, bytes, &n) < 0 || n != sizeof(bytes))
		return false;
	for (size_t i = 0; i < tls->fingerprints.n; i++)
		if (memcmp(tls->fingerprints.p[i].bytes, bytes, n) == 0)
			return true;
	return false;
}

/* Names with anything but printable ASCII are no names of hosts. */
static void keep_peer(struct tls_session *session, const gnutls_datum_t *certificate)
{
	gnutls_x509_crt_t parsed;
	size_t n = sizeof(session->peer);
	unsigned int critical;
	if (gnutls.gnutls_x509_crt_init(&parsed) < 0)
		return;
	if (gnutls.gnutls_x509_crt_import(parsed, certificate, GNUTLS_X509_FMT_DER) < 0 ||
	    (gnutls.gnutls_x509_crt_get_dn_by_oid(parsed, GNUTLS_OID_X520_COMMON_NAME, 0, 0, session->peer, &n) < 0 &&
	     (n = sizeof(session->peer) - 1, gnutls.gnutls_x509_crt_get_subject_alt_name(parsed, 0, session->peer, &n,
	                                                                                 &critical)) != GNUTLS_SAN_DNSNAME))
		session->peer[0] = '\0';
	session->peer[sizeof(session->peer) - 1] = '\0';
	for (size_t i = 0; session->peer[i]; i++)
		if (session->peer[i] <= ' ' || session->peer[i] > '~')
			session->peer[0] = '\0';
	gnutls.gnutls_x509_crt_deinit(parsed);
}

static int check_peer(struct tls_session *session, struct err *err)
{
	unsigned int n = 0, status = 0;
	struct tls *tls = session->tls;
	if (tls->clients == TLS_NONE)
		return 0;
	const gnutls_datum_t *certificates = gnutls.gnutls_certificate_get_peers(session->session, &n);
	if (!certificates || !n)
		return tls->clients == TLS_REQUIRED ? err_set(err, -EACCES, "it gave no certificate") : 0;
	keep_peer(session, &certificates[0]);
	if (is_pinned(tls, &certificates[0]))
		return 0;
	if (!tls->authorities)
		return err_set(err, -EACCES, "its certificate has none of the fingerprints");
	int r = gnutls.gnutls_certificate_verify_peers2(session->session, &status);
	if (r < 0)
		return err_set(err, -EACCES, "its certificate cannot be judged: %s", gnutls.gnutls_strerror(r));
	if (status == 0)
		return 0;
	gnutls_datum_t words = { 0 };
	gnutls.gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
	r = err_set(err, -EACCES, "%s", words.data ? (const char *)words.data : "its certificate is not trusted");
	/* GnuTLS ends its sentences; we do not. */
	size_t length = strlen(err ? err->text : "");
	while (length && (err->text[length - 1] == ' ' || err->text[length - 1] == '.'))
		err->text[--length] = '\0';
	if (words.data)
		(*gnutls.gnutls_free)(words.data);
	return r;
}

static int failed(const struct tls_session *session, int code, struct err *err)
{
	(void)gnutls.gnutls_alert_send_appropriate(session->session, code);
	return err_set(err, -EPROTO, "%s", gnutls.gnutls_strerror(code));
}

int tls_handshake(struct tls_session *session, bool *write, struct err *err)
{
	int r;
	do
		r = gnutls.gnutls_handshake(session->session);
	while (r == GNUTLS_E_INTERRUPTED || (r < 0 && r == GNUTLS_E_WARNING_ALERT_RECEIVED));
	if (r == GNUTLS_E_AGAIN) {
		*write = gnutls.gnutls_record_get_direction(session->session) == 1;
		return -EAGAIN;
	}
	if (r < 0)
		return failed(session, r, err);
	r = check_peer(session, err);
	if (r < 0)
		(void)gnutls.gnutls_alert_send_appropriate(session->session, GNUTLS_E_CERTIFICATE_ERROR);
	return r;
}

ssize_t tls_receive(struct tls_session *session, void *to, size_t room, struct err *err)
{
	for (;;) {
		ssize_t n = gnutls.gnutls_record_recv(session->session, to, room);
		if (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_WARNING_ALERT_RECEIVED)
			continue;
		if (n == GNUTLS_E_AGAIN)
			return -EAGAIN;
		if (n == GNUTLS_E_PREMATURE_TERMINATION) /* many senders just close */
			return 0;
		if (n == GNUTLS_E_REHANDSHAKE) /* renegotiation is refused by not doing it */
			continue;
		return n < 0 ? failed(session, (int)n, err) : n;
	}
}

const char *tls_peer(const struct tls_session *session)
{
	return session->peer[0] ? session->peer : NULL;
}

void tls_session_close(struct tls_session *session)
{
	if (!session)
		return;
	(void)gnutls.gnutls_bye(session->session, GNUTLS_SHUT_WR);
	gnutls.gnutls_deinit(session->session);
	free(session);
}
