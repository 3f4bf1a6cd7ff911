/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/authority.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "sys/library.h"
#include "sys/root.h"

#define GNUTLS_FUNCTIONS(X)                                                                                     \
	X(gnutls_global_init) X(gnutls_strerror) X(gnutls_free)                                                 \
	X(gnutls_x509_privkey_init) X(gnutls_x509_privkey_deinit) X(gnutls_x509_privkey_generate)               \
	X(gnutls_x509_privkey_import) X(gnutls_x509_privkey_export2) X(gnutls_x509_privkey_get_key_id)          \
	X(gnutls_x509_crt_init) X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_import) X(gnutls_x509_crt_export2)  \
	X(gnutls_x509_crt_set_version) X(gnutls_x509_crt_set_serial) X(gnutls_x509_crt_set_key)                 \
	X(gnutls_x509_crt_set_crq) X(gnutls_x509_crt_set_dn) X(gnutls_x509_crt_set_activation_time)             \
	X(gnutls_x509_crt_set_expiration_time) X(gnutls_x509_crt_set_basic_constraints)                         \
	X(gnutls_x509_crt_set_key_usage) X(gnutls_x509_crt_set_key_purpose_oid)                                 \
	X(gnutls_x509_crt_set_subject_key_id) X(gnutls_x509_crt_set_authority_key_id)                           \
	X(gnutls_x509_crt_set_subject_alt_name) X(gnutls_x509_crt_sign2) X(gnutls_x509_crt_get_key_id)          \
	X(gnutls_x509_crt_get_activation_time) X(gnutls_x509_crt_get_expiration_time)                           \
	X(gnutls_x509_crt_check_hostname2) X(gnutls_x509_crt_get_subject_alt_name) X(gnutls_x509_crt_verify)    \
	X(gnutls_x509_crq_init) X(gnutls_x509_crq_deinit) X(gnutls_x509_crq_set_key) X(gnutls_x509_crq_set_dn)  \
	X(gnutls_x509_crq_set_version) X(gnutls_x509_crq_sign2) X(gnutls_x509_crq_export2)                      \
	X(gnutls_x509_crq_import) X(gnutls_x509_crq_verify)
LIBRARY(tls, "libgnutls.so.30", GNUTLS_FUNCTIONS);

enum { DAY = 86400, FILE_MOST = 65536, KEY_ID = 20, SERIAL = 16 };

struct authority {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
};

static int load(struct err *err)
{
	int r = LIBRARY_LOAD(tls, err);
	return r < 0 ? r : tls.gnutls_global_init() < 0 ? err_set(err, -EIO, "GnuTLS cannot begin") : 0;
}

static int failed(struct err *err, int code, const char *what)
{
	return err_set(err, -EBADMSG, "%s: %s", what, tls.gnutls_strerror(code));
}

static void key_done(gnutls_x509_privkey_t *key)
{
	if (*key)
		tls.gnutls_x509_privkey_deinit(*key);
}

static void crt_done(gnutls_x509_crt_t *crt)
{
	if (*crt)
		tls.gnutls_x509_crt_deinit(*crt);
}

static void crq_done(gnutls_x509_crq_t *crq)
{
	if (*crq)
		tls.gnutls_x509_crq_deinit(*crq);
}

static gnutls_datum_t datum(struct str text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)text.p, .size = (unsigned)text.n };
}

/* What GnuTLS gave, wiped when it was a secret. */
static void take(struct buf *out, gnutls_datum_t *given, bool secret)
{
	buf_add(out, (struct str){ (const char *)given->data, given->size });
	if (secret)
		sign_wipe(given->data, given->size);
	(*tls.gnutls_free)(given->data);
	given->data = NULL;
}

static int new_key(gnutls_x509_privkey_t *key, struct err *err)
{
	int code = tls.gnutls_x509_privkey_init(key);
	if (code >= 0)
		code = tls.gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	return code < 0 ? failed(err, code, "cannot make a key") : 0;
}

/* ---- files ---- */

static int read_file(const char *name, struct buf *out, struct err *err)
{
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, FILE_MOST, out);
	return r < 0 ? err_errno(err, r, "cannot read '%s'", name) : 0;
}

static int write_new(const char *name, struct str text, mode_t mode, struct err *err)
{
	CLEANUP(fd_close_p) int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r = fd < 0 ? -errno : 0;
	if (r == 0 && (write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) < 0))
		r = errno ? -errno : -EIO;
	return r < 0 ? err_errno(err, r, "cannot write '%s'", name) : 0;
}

/* ---- the authority ---- */

static int finish(gnutls_x509_crt_t crt, const struct authority *authority, int64_t now, int days, struct err *err)
{
	unsigned char serial[SERIAL], id[KEY_ID];
	size_t n = sizeof(id);
	if (getrandom(serial, sizeof(serial), 0) != (ssize_t)sizeof(serial))
		return err_set(err, -EIO, "no random numbers");
	serial[0] &= 0x7f; /* a positive number (RFC 5280, 4.1.2.2) */
	serial[0] |= 0x40;
	int code = tls.gnutls_x509_crt_set_version(crt, 3);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	/* A clock that is a little behind where people work. */
	code = code < 0 ? code : tls.gnutls_x509_crt_set_activation_time(crt, (time_t)(now - DAY));
	code = code < 0 ? code : tls.gnutls_x509_crt_set_expiration_time(crt, (time_t)(now + (int64_t)days * DAY));
	code = code < 0 ? code : tls.gnutls_x509_crt_get_key_id(crt, 0, id, &n);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_subject_key_id(crt, id, n);
	n = sizeof(id);
	code = code < 0 ? code : tls.gnutls_x509_privkey_get_key_id(authority->key, 0, id, &n);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_authority_key_id(crt, id, n);
	code = code < 0 ? code : tls.gnutls_x509_crt_sign2(crt, authority->certificate, authority->key, GNUTLS_DIG_SHA256, 0);
	return code < 0 ? failed(err, code, "cannot sign a certificate") : 0;
}

static int make(struct authority *authority, struct str name, struct buf *key_pem, struct buf *crt_pem, struct err *err)
{
	ARENA(arena);
	gnutls_datum_t given;
	int r = new_key(&authority->key, err);
	if (r < 0)
		return r;
	/* A comma or the like would be read as a further part of the name. */
	struct str host = name.n && name.n < 64 ? name : STR("this machine");
	for (size_t i = 0; i < host.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", host.p[i]))
			host = STR("this machine");
	struct str dn = arena_printf(&arena, "CN=ward authority of %.*s", STR_ARG(host));
	gnutls_x509_crt_t crt = NULL;
	int code = tls.gnutls_x509_crt_init(&crt);
	authority->certificate = crt;
	code = code < 0 ? code : tls.gnutls_x509_crt_set_key(crt, authority->key);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_dn(crt, dn.p, NULL);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (code < 0)
		return failed(err, code, "cannot make a certificate");
	r = finish(crt, authority, clock_now(), AUTHORITY_YEARS * 365, err);
	if (r < 0)
		return r;
	code = tls.gnutls_x509_privkey_export2(authority->key, GNUTLS_X509_FMT_PEM, &given);
	if (code < 0)
		return failed(err, code, "cannot write a key");
	take(key_pem, &given, true);
	code = tls.gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &given);
	if (code < 0)
		return failed(err, code, "cannot write a certificate");
	take(crt_pem, &given, false);
	return 0;
}

static int make_files(struct authority *authority, const char *key_file, const char *crt_file, struct str name, struct err *err)
{
	BUF(key);
	BUF(crt);
	int r = make(authority, name, &key, &crt, err);
	if (r == 0 && unlink(crt_file) < 0 && errno != ENOENT) /* of a key that is no more */
		r = err_errno(err, -errno, "cannot replace '%s'", crt_file);
	if (r == 0)
		r = write_new(crt_file, buf_str(&crt), 0644, err);
	/* The key last: where it is, its certificate is. */
	if (r == 0)
		r = write_new(key_file, buf_str(&key), 0600, err);
	sign_wipe(key.p, key.room);
	return r;
}

static int read_files(struct authority *authority, const char *key_file, const char *crt_file, struct err *err)
{
	BUF(key);
	BUF(crt);
	struct stat st;
	if (stat(key_file, &st) < 0 || st.st_mode & 077)
		return err_set(err, -EPERM, "others can get at the private key '%s' (mode %04o); if nobody has, chmod 600 it", key_file,
		               (unsigned)st.st_mode & 07777);
	int r = read_file(key_file, &key, err);
	if (r == 0)
		r = read_file(crt_file, &crt, err);
	if (r == 0) {
		gnutls_datum_t pem = datum(buf_str(&key)), der = datum(buf_str(&crt));
		int code = tls.gnutls_x509_privkey_init(&authority->key);
		code = code < 0 ? code : tls.gnutls_x509_privkey_import(authority->key, &pem, GNUTLS_X509_FMT_PEM);
		code = code < 0 ? code : tls.gnutls_x509_crt_init(&authority->certificate);
		code = code < 0 ? code : tls.gnutls_x509_crt_import(authority->certificate, &der, GNUTLS_X509_FMT_PEM);
		r = code < 0 ? failed(err, code, key_file) : 0;
	}
	sign_wipe(key.p, key.room);
	return r;
}

/* ---- another authority ---- */

struct files {
	const char *key, *crt, *next_key, *next_crt; /* next: not in their places yet */
};

static struct files files_of(struct arena *arena, const char *dir)
{
	return (struct files){
		arena_printf(arena, "%s/ca.key", dir).p,
		arena_printf(arena, "%s/ca.crt", dir).p,
		arena_printf(arena, "%s/ca-next.key", dir).p,
		arena_printf(arena, "%s/ca-next.crt", dir).p,
	};
}

/* The key was put in place, and with it the new authority is the one: its certificate follows. Before, nothing has happened. */
static int mend(const struct files *files, struct err *err)
{
	bool key = access(files->next_key, F_OK) == 0, crt = access(files->next_crt, F_OK) == 0;
	if (crt && !key && rename(files->next_crt, files->crt) < 0)
		return err_errno(err, -errno, "cannot replace '%s'", files->crt);
	if (key && ((crt && unlink(files->next_crt) < 0) || unlink(files->next_key) < 0))
		return err_errno(err, -errno, "cannot remove '%s'", files->next_key);
	return 0;
}

int authority_renew(const char *dir, struct str name, struct err *err)
{
	CLEANUP(authority_close_p) struct authority *made = mem_alloc(sizeof(*made));
	ARENA(arena);
	const struct files files = files_of(&arena, dir);
	int r = load(err);
	r = r < 0 ? r : mend(&files, err);
	r = r < 0 ? r : make_files(made, files.next_key, files.next_crt, name, err);
	if (r < 0)
		return r;
	if (rename(files.next_key, files.key) < 0 || rename(files.next_crt, files.crt) < 0)
		return err_errno(err, -errno, "cannot put the new authority in its place in '%s'", dir);
	return 0;
}

int authority_open(const char *dir, struct str name, struct authority **out, struct err *err)
{
	CLEANUP(authority_close_p) struct authority *authority = mem_alloc(sizeof(*authority));
	ARENA(arena);
	const struct files files = files_of(&arena, dir);
	int r = load(err);
	r = r < 0 ? r : mend(&files, err);
	if (r < 0)
		return r;
	r = access(files.key, F_OK) == 0 ? read_files(authority, files.key, files.crt, err) : make_files(authority, files.key, files.crt, name, err);
	if (r == 0)
		*out = TAKE(authority);
	return r;
}

void authority_close(struct authority *authority)
{
	if (!authority)
		return;
	key_done(&authority->key);
	crt_done(&authority->certificate);
	free(authority);
}

void authority_close_p(struct authority **authority)
{
	authority_close(*authority);
}

static int add_name(gnutls_x509_crt_t crt, struct str name)
{
	ARENA(arena);
	unsigned char address[16];
	const char *text = arena_cstr(&arena, name);
	if (inet_pton(AF_INET, text, address) == 1)
		return tls.gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, text, address) == 1)
		return tls.gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
	return tls.gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, text, (unsigned)name.n, GNUTLS_FSAN_APPEND);
}

static int export_chain(const struct authority *authority, gnutls_x509_crt_t crt, struct buf *out, struct err *err)
{
	gnutls_x509_crt_t both[] = { crt, authority->certificate };
	for (size_t i = 0; i < COUNT(both); i++) {
		gnutls_datum_t given;
		int code = tls.gnutls_x509_crt_export2(both[i], GNUTLS_X509_FMT_PEM, &given);
		if (code < 0)
			return failed(err, code, "cannot write a certificate");
		take(out, &given, false);
	}
	return 0;
}

int authority_issue(const struct authority *authority, struct str request, const struct strings *names, int64_t now,
                    struct buf *out, struct err *err)
{
	CLEANUP(crq_done) gnutls_x509_crq_t crq = NULL;
	CLEANUP(crt_done) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t der = datum(request);
	int code = tls.gnutls_x509_crq_init(&crq);
	code = code < 0 ? code : tls.gnutls_x509_crq_import(crq, &der, GNUTLS_X509_FMT_DER);
	code = code < 0 ? code : tls.gnutls_x509_crq_verify(crq, 0); /* whoever asks has the key */
	if (code < 0)
		return failed(err, code, "not a request for a certificate");
	code = tls.gnutls_x509_crt_init(&crt);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_crq(crt, crq);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_dn(crt, "CN=ward", NULL);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	code = code < 0 ? code : tls.gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	for (size_t i = 0; code >= 0 && i < names->n; i++)
		code = add_name(crt, names->p[i]);
	if (code < 0)
		return failed(err, code, "cannot make a certificate");
	int r = finish(crt, authority, now, AUTHORITY_DAYS, err);
	return r < 0 ? r : export_chain(authority, crt, out, err);
}

/* ---- the server's side ---- */

int certificate_request(struct buf *key_pem, struct buf *request, struct err *err)
{
	CLEANUP(crq_done) gnutls_x509_crq_t crq = NULL;
	CLEANUP(key_done) gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t given;
	int r = load(err);
	r = r < 0 ? r : new_key(&key, err);
	if (r < 0)
		return r;
	int code = tls.gnutls_x509_crq_init(&crq);
	code = code < 0 ? code : tls.gnutls_x509_crq_set_version(crq, 1);
	code = code < 0 ? code : tls.gnutls_x509_crq_set_dn(crq, "CN=ward", NULL);
	code = code < 0 ? code : tls.gnutls_x509_crq_set_key(crq, key);
	code = code < 0 ? code : tls.gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0);
	code = code < 0 ? code : tls.gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &given);
	if (code < 0)
		return failed(err, code, "cannot ask for a certificate");
	take(request, &given, false);
	code = tls.gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &given);
	if (code < 0)
		return failed(err, code, "cannot write a key");
	take(key_pem, &given, true);
	return 0;
}

static int import(struct str pem, gnutls_x509_crt_t *crt, struct err *err)
{
	gnutls_datum_t text = datum(pem);
	int code = tls.gnutls_x509_crt_init(crt);
	code = code < 0 ? code : tls.gnutls_x509_crt_import(*crt, &text, GNUTLS_X509_FMT_PEM);
	return code < 0 ? failed(err, code, "not a certificate") : 0;
}

static bool keys_fit(gnutls_x509_crt_t crt, struct str pem)
{
	CLEANUP(key_done) gnutls_x509_privkey_t key = NULL;
	unsigned char a[64], b[64];
	size_t n_a = sizeof(a), n_b = sizeof(b);
	gnutls_datum_t text = datum(pem);
	return pem.n && tls.gnutls_x509_privkey_init(&key) >= 0 &&
	       tls.gnutls_x509_privkey_import(key, &text, GNUTLS_X509_FMT_PEM) >= 0 &&
	       tls.gnutls_x509_privkey_get_key_id(key, 0, a, &n_a) >= 0 && tls.gnutls_x509_crt_get_key_id(crt, 0, b, &n_b) >= 0 &&
	       n_a == n_b && memcmp(a, b, n_a) == 0;
}

static bool names_are_in(gnutls_x509_crt_t crt, const struct strings *names)
{
	ARENA(arena);
	for (size_t i = 0; names && i < names->n; i++)
		if (!tls.gnutls_x509_crt_check_hostname2(crt, arena_cstr(&arena, names->p[i]), 0))
			return false;
	return true;
}

int certificate_look(struct str pem, struct str key, struct str ca, const struct strings *names, struct certificate *out,
                     struct err *err)
{
	CLEANUP(crt_done) gnutls_x509_crt_t crt = NULL;
	CLEANUP(crt_done) gnutls_x509_crt_t by = NULL;
	gnutls_datum_t der;
	int r = load(err);
	r = r < 0 ? r : import(pem, &crt, err);
	if (r == 0 && ca.n)
		r = import(ca, &by, err);
	if (r < 0)
		return r;
	*out = (struct certificate){
		.from = tls.gnutls_x509_crt_get_activation_time(crt),
		.until = tls.gnutls_x509_crt_get_expiration_time(crt),
		.fits_key = keys_fit(crt, key),
		.has_names = names_are_in(crt, names),
	};
	if (by) {
		unsigned wrong = 0;
		out->by_authority = tls.gnutls_x509_crt_verify(crt, &by, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &wrong) >= 0 && wrong == 0;
	}
	int code = tls.gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);
	if (code < 0)
		return failed(err, code, "not a certificate");
	ARENA(arena);
	struct str hex = digest_hex(&arena, DIGEST_SHA256, (struct str){ (const char *)der.data, der.size });
	(*tls.gnutls_free)(der.data);
	memcpy(out->sha256, hex.p, MIN(hex.n, sizeof(out->sha256) - 1));
	return 0;
}
