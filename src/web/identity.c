/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/identity.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/vec.h"
#include "sys/library.h"

#define FUNCTIONS(X)                                                                                             \
	X(gnutls_certificate_allocate_credentials) X(gnutls_certificate_free_credentials)                        \
	X(gnutls_certificate_set_x509_key_mem2) X(gnutls_certificate_get_x509_crt) X(gnutls_credentials_set)     \
	X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_get_expiration_time)                                         \
	X(gnutls_x509_crt_get_activation_time) X(gnutls_session_ticket_key_generate)                             \
	X(gnutls_session_ticket_enable_server) X(gnutls_strerror) X(gnutls_free) X(gnutls_memset)
LIBRARY(gnutls, "libgnutls.so.30", FUNCTIONS);

/* Credentials stay until the end: sessions that began with them still point there, and a certificate changes once a year. */
struct identity {
	pthread_mutex_t mutex;
	VEC(gnutls_certificate_credentials_t) all; /* the last one is in use */
	gnutls_datum_t ticket_key;
};

static gnutls_datum_t datum(struct str s)
{
	return (gnutls_datum_t){ (unsigned char *)s.p, (unsigned)s.n };
}

static int check_dates(gnutls_certificate_credentials_t credentials, struct err *err)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	int64_t now = clock_now(), from = 0, end = 0;
	ARENA(arena);
	if (gnutls.gnutls_certificate_get_x509_crt(credentials, 0, &list, &n) < 0 || !n)
		return err_set(err, -EINVAL, "the server's certificate cannot be read");
	from = gnutls.gnutls_x509_crt_get_activation_time(list[0]);
	end = gnutls.gnutls_x509_crt_get_expiration_time(list[0]);
	for (unsigned i = 0; i < n; i++)
		gnutls.gnutls_x509_crt_deinit(list[i]);
	(*gnutls.gnutls_free)(list);
	if (now >= end)
		return err_set(err, -ENODATA, "the server's certificate ended on %s; put a new one in its place", clock_format(&arena, end).p);
	if (now < from)
		return err_set(err, -ENODATA, "the server's certificate begins only on %s; is the clock right?", clock_format(&arena, from).p);
	return 0;
}

int identity_reload(struct identity *identity, const struct web_tls *pem, struct err *err)
{
	gnutls_datum_t certificate = datum(pem->certificate), key = datum(pem->key);
	gnutls_certificate_credentials_t credentials;
	if (gnutls.gnutls_certificate_allocate_credentials(&credentials) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	int r = gnutls.gnutls_certificate_set_x509_key_mem2(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
	r = r < 0 ? err_set(err, -EINVAL, "the server's certificate and key cannot be used: %s", gnutls.gnutls_strerror(r))
	          : check_dates(credentials, err);
	if (r < 0) {
		gnutls.gnutls_certificate_free_credentials(credentials);
		return r;
	}
	pthread_mutex_lock(&identity->mutex);
	vec_push(&identity->all, credentials);
	pthread_mutex_unlock(&identity->mutex);
	return 0;
}

int identity_new(const struct web_tls *pem, struct identity **out, struct err *err)
{
	int r = LIBRARY_LOAD(gnutls, err);
	if (r < 0)
		return r;
	CLEANUP(identity_free_p) struct identity *identity = mem_alloc(sizeof(*identity));
	pthread_mutex_init(&identity->mutex, NULL);
	r = identity_reload(identity, pem, err);
	if (r == 0 && gnutls.gnutls_session_ticket_key_generate(&identity->ticket_key) < 0)
		r = err_set(err, -EIO, "cannot make keys for the server's encryption");
	if (r == 0)
		*out = TAKE(identity);
	return r;
}

void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	for (size_t i = 0; i < identity->all.n; i++)
		gnutls.gnutls_certificate_free_credentials(identity->all.p[i]);
	vec_done(&identity->all);
	if (identity->ticket_key.data) {
		gnutls.gnutls_memset(identity->ticket_key.data, 0, identity->ticket_key.size);
		(*gnutls.gnutls_free)(identity->ticket_key.data);
	}
	pthread_mutex_destroy(&identity->mutex);
	free(identity);
}

void identity_free_p(struct identity **identity)
{
	identity_free(*identity);
}

void identity_attach(struct identity *identity, void *session)
{
	pthread_mutex_lock(&identity->mutex);
	gnutls_certificate_credentials_t credentials = identity->all.p[identity->all.n - 1];
	pthread_mutex_unlock(&identity->mutex);
	(void)gnutls.gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	(void)gnutls.gnutls_session_ticket_enable_server(session, &identity->ticket_key);
}
