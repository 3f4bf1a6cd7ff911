/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * certificates: X.509 certificates in the usual places and wherever a web server's or a database's
 * configuration points to, and the names of private keys beside them. A private key is never read.
 *
 * The trust store is read from its bundle; the many links to its single files are passed over.
 */
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/vec.h"
#include "fact/scan.h"
#include "sys/library.h"

#define GNUTLS_FUNCTIONS(X) \
	X(gnutls_fingerprint) X(gnutls_free) X(gnutls_pem_base64_decode2) X(gnutls_sign_get_name) \
	X(gnutls_x509_crt_check_issuer) X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_get_activation_time) \
	X(gnutls_x509_crt_get_basic_constraints) X(gnutls_x509_crt_get_dn3) \
	X(gnutls_x509_crt_get_expiration_time) X(gnutls_x509_crt_get_issuer_dn3) \
	X(gnutls_x509_crt_get_pk_algorithm) X(gnutls_x509_crt_get_serial) \
	X(gnutls_x509_crt_get_signature_algorithm) X(gnutls_x509_crt_get_signature_oid) \
	X(gnutls_x509_crt_get_subject_alt_name2) X(gnutls_x509_crt_import) X(gnutls_x509_crt_init)
LIBRARY(gnutls, "libgnutls.so.30", GNUTLS_FUNCTIONS);

enum { PER_FILE_LIMIT = 2000, FILES_LIMIT = 5000 };

struct certificates {
	struct scan *scan;
	struct arena *arena;
	struct err *err;
	struct map seen; /* paths */
	size_t files;
};

static void crt_free(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls.gnutls_x509_crt_deinit(*crt);
}

static void datum_free(gnutls_datum_t *datum)
{
	(*gnutls.gnutls_free)(datum->data);
}

static struct str datum_str(struct arena *arena, const gnutls_datum_t *datum)
{
	return datum->data ? arena_str(arena, (struct str){ (char *)datum->data, datum->size }) : STR_NONE;
}

static struct str name_text(struct arena *arena, gnutls_x509_crt_t crt, bool issuer)
{
	CLEANUP(datum_free) gnutls_datum_t datum = { 0 };
	int r =
	    issuer ? gnutls.gnutls_x509_crt_get_issuer_dn3(crt, &datum, 0)
	           : gnutls.gnutls_x509_crt_get_dn3(crt, &datum, 0);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return STR("");
	return r < 0 ? STR_NONE : datum_str(arena, &datum);
}

static struct str san_text(struct arena *arena, gnutls_x509_crt_t crt)
{
	BUF(text);
	for (unsigned i = 0; i < 200; i++) {
		char value[512];
		size_t n = sizeof(value);
		unsigned type = 0;
		int r = gnutls.gnutls_x509_crt_get_subject_alt_name2(crt, i, value, &n, &type, NULL);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (r < 0 || n > sizeof(value))
			continue;
		const char *kind = type == GNUTLS_SAN_DNSNAME      ? "DNS"
		                   : type == GNUTLS_SAN_RFC822NAME ? "email"
		                   : type == GNUTLS_SAN_URI        ? "URI"
		                                                   : NULL;
		if (type == GNUTLS_SAN_IPADDRESS) {
			buf_printf(&text, "%sIP:", text.n ? ", " : "");
			for (size_t b = 0; b < n && n == 4; b++)
				buf_printf(&text, "%s%u", b ? "." : "", (unsigned char)value[b]);
			for (size_t b = 0; b + 1 < n && n == 16; b += 2)
				buf_printf(&text, "%s%x", b ? ":" : "",
				           (unsigned char)value[b] << 8 | (unsigned char)value[b + 1]);
		} else if (kind) {
			buf_printf(&text, "%s%s:%.*s", text.n ? ", " : "", kind, (int)n, value);
		}
	}
	return text.n ? arena_str(arena, buf_str(&text)) : STR_NONE;
}

static bool der_holds(const gnutls_datum_t *der, const char *oid, size_t n)
{
	return memmem(der->data, der->size, oid, n) != NULL;
}

static const char *key_name(gnutls_x509_crt_t crt, const gnutls_datum_t *der, int64_t *bits)
{
	unsigned size = 0;
	int algorithm = gnutls.gnutls_x509_crt_get_pk_algorithm(crt, &size);
	/* The curve of SM2, 1.2.156.10197.1.301 (GM/T 0006-2012), which GnuTLS does not know. */
	if (der_holds(der, "\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d", 10)) {
		*bits = 256;
		return "SM2";
	}
	*bits = algorithm >= 0 && size ? (int64_t)size : NONE;
	switch (algorithm) {
	case GNUTLS_PK_ECDSA:
		return "EC";
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return "RSA";
	case GNUTLS_PK_DSA:
		return "DSA";
	case GNUTLS_PK_EDDSA_ED25519:
		return "Ed25519";
	case GNUTLS_PK_EDDSA_ED448:
		return "Ed448";
	default:
		return NULL;
	}
}

static struct str signature_name(struct arena *arena, gnutls_x509_crt_t crt)
{
	char oid[128];
	size_t n = sizeof(oid);
	int algorithm = gnutls.gnutls_x509_crt_get_signature_algorithm(crt);
	const char *name = algorithm > 0 ? gnutls.gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm) : NULL;
	if (name)
		return str_from(name);
	if (gnutls.gnutls_x509_crt_get_signature_oid(crt, oid, &n) < 0)
		return STR_NONE;
	struct str text = str_from(oid);
	/* 1.2.156.10197.1.501: SM2 with SM3 (GM/T 0006-2012) */
	return str_is(text, "1.2.156.10197.1.501") ? STR("SM2-SM3") : arena_str(arena, text);
}

static struct str hex_text(struct arena *arena, const unsigned char *bytes, size_t n)
{
	BUF(text);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%02x", bytes[i]);
	return arena_str(arena, buf_str(&text));
}

static int64_t time_or_none(time_t time)
{
	return time == (time_t)-1 ? NONE : (int64_t)time;
}

/* 1: it is no certificate that can be read. */
static int certificate_row(struct certificates *all, struct str path, const char *store, struct str mode,
                           const gnutls_datum_t *der)
{
	struct arena *arena = all->arena;
	CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	unsigned char digest[32], serial[64];
	size_t digest_size = sizeof(digest), serial_size = sizeof(serial);
	if (gnutls.gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls.gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls.gnutls_fingerprint(GNUTLS_DIG_SHA256, der, digest, &digest_size) < 0)
		return 1;
	int64_t bits;
	const char *key = key_name(crt, der, &bits);
	unsigned ca = 0;
	int constraints = gnutls.gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, NULL);
	struct str serial_text = gnutls.gnutls_x509_crt_get_serial(crt, serial, &serial_size) < 0
	                             ? STR_NONE
	                             : hex_text(arena, serial, serial_size);
	return scan_row(
	    all->scan,
	    ROW(path, "certificate", store, name_text(arena, crt, false), name_text(arena, crt, true),
	        time_or_none(gnutls.gnutls_x509_crt_get_activation_time(crt)),
	        time_or_none(gnutls.gnutls_x509_crt_get_expiration_time(crt)), key, bits, signature_name(arena, crt),
	        gnutls.gnutls_x509_crt_check_issuer(crt, crt) != 0, constraints >= 0 && ca != 0,
	        san_text(arena, crt), serial_text, hex_text(arena, digest, digest_size), mode),
	    all->err);
}

static void not_understood(struct certificates *all, struct str path)
{
	scan_partial(all->scan, NOTE("{}: not understood", path));
}

static int pem_read(struct certificates *all, struct str path, const char *store, struct str mode,
                    struct str text)
{
	static const char begin[] = "-----BEGIN ";
	for (size_t n = 0; n < PER_FILE_LIMIT; n++) {
		ptrdiff_t at = str_find(text, begin);
		if (at < 0)
			return 0;
		text = str_slice(text, (size_t)at, text.n);
		bool wanted = str_starts(text, "-----BEGIN CERTIFICATE-----") ||
		              str_starts(text, "-----BEGIN X509 CERTIFICATE-----") ||
		              str_starts(text, "-----BEGIN TRUSTED CERTIFICATE-----");
		ptrdiff_t end = str_find(text, "-----END ");
		if (wanted && end < 0)
			not_understood(all, path);
		if (end < 0)
			return 0;
		ptrdiff_t tail = str_find(str_slice(text, (size_t)end + 9, text.n), "-----");
		size_t stop = tail < 0 ? text.n : (size_t)end + 9 + (size_t)tail + 5;
		if (wanted) {
			CLEANUP(datum_free) gnutls_datum_t der = { 0 };
			gnutls_datum_t block = { (unsigned char *)text.p, (unsigned)stop };
			int r = gnutls.gnutls_pem_base64_decode2(NULL, &block, &der);
			r = r < 0 ? 1 : certificate_row(all, path, store, mode, &der);
			if (r < 0)
				return r;
			if (r > 0)
				not_understood(all, path);
		}
		text = str_slice(text, stop, text.n);
	}
	scan_partial(all->scan, NOTE("cannot read {}: {}", path, str_from(err_words(-E2BIG))));
	return 0;
}

/* `path` as seen by its readers, with the first slash. */
static int file_read(struct certificates *all, struct str path, const char *store)
{
	struct stat info;
	struct str text;
	const char *name = arena_cstr(all->arena, str_slice(path, 1, path.n));
	if (map_get(&all->seen, path) || path.n < 2 || ++all->files > FILES_LIMIT)
		return 0;
	*map_put(&all->seen, path) = all;
	if (root_stat(scan_root(all->scan), name, true, &info) < 0 || !S_ISREG(info.st_mode))
		return 0;
	struct str mode = arena_printf(all->arena, "%04o", info.st_mode & 07777);
	if (scan_file(all->scan, name, &text) < 0)
		return 0;
	if (text.n > 4 && (unsigned char)text.p[0] == 0x30 && (unsigned char)text.p[1] == 0x82) {
		gnutls_datum_t der = { (unsigned char *)text.p, (unsigned)text.n };
		int r = certificate_row(all, path, store, mode, &der);
		if (r > 0)
			not_understood(all, path);
		return MIN(r, 0);
	}
	return pem_read(all, path, store, mode, text);
}

static int key_row(struct certificates *all, struct str path)
{
	struct stat info;
	const char *none = NULL;
	if (map_get(&all->seen, path) || path.n < 2)
		return 0;
	*map_put(&all->seen, path) = all;
	if (root_stat(scan_root(all->scan), arena_cstr(all->arena, str_slice(path, 1, path.n)), true, &info) <
	        0 ||
	    !S_ISREG(info.st_mode))
		return 0;
	struct str mode = arena_printf(all->arena, "%04o", info.st_mode & 07777);
	return scan_row(all->scan,
	                ROW(path, "key", none, none, none, NONE, NONE, none, NONE, none, NONE, NONE, none,
	                    none, none, mode),
	                all->err);
}

static bool looks_like_certificate(struct str path)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".der" };
	for (size_t i = 0; i < COUNT(endings); i++)
		if (str_ends(path, endings[i]))
			return true;
	return false;
}

static bool looks_like_key(struct str path)
{
	ptrdiff_t slash = str_find_char_last(path, '/');
	struct str name = str_slice(path, (size_t)(slash + 1), path.n);
	return str_ends(name, ".key") || str_find(name, "privkey") >= 0 || str_find(name, "-key.") >= 0 ||
	       str_find(name, "_key.") >= 0;
}

static int folders_read(struct certificates *all)
{
	static const char *const patterns[] = {
		"/etc/ssl/*",
		"/etc/ssl/certs/*",
		"/etc/ssl/private/*",
		"/etc/nginx/*",
		"/etc/nginx/*/*",
		"/etc/nginx/*/*/*",
		"/etc/apache2/*",
		"/etc/apache2/*/*",
		"/etc/httpd/*",
		"/etc/httpd/*/*",
		"/etc/letsencrypt/live/*/fullchain.pem",
		"/etc/letsencrypt/live/*/privkey.pem",
		"/etc/pki/tls/certs/*",
		"/etc/pki/tls/private/*",
		"/etc/pki/nginx/*",
		"/etc/postgresql/*/*/*",
		"/etc/mysql/*",
		"/etc/kubernetes/pki/*",
		"/etc/stunnel/*",
		"/etc/openvpn/*",
		"/etc/openvpn/*/*",
		"/etc/ldap/*",
		"/etc/dovecot/*",
		"/etc/postfix/*",
		"/etc/docker/certs.d/*/*",
		"/var/lib/postgresql/*/*/server.*",
		"/var/lib/pgsql/data/server.*",
		"/var/lib/mysql/*.pem",
	};
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct strings paths = scan_glob(all->scan, str_from(patterns[i]));
		bool store = strcmp(patterns[i], "/etc/ssl/certs/*") == 0;
		bool private = str_ends(str_from(patterns[i]), "/private/*");
		for (size_t n = 0; n < paths.n; n++) {
			struct str path = paths.p[n];
			struct stat info;
			int r = 0;
			if (!private && !looks_like_certificate(path) && !looks_like_key(path))
				continue;
			if (store && (root_stat(scan_root(all->scan),
			                        arena_cstr(all->arena, str_slice(path, 1, path.n)), false,
			                        &info) < 0 ||
			              S_ISLNK(info.st_mode)))
				continue;
			if (private || looks_like_key(path))
				r = key_row(all, path);
			else
				r = file_read(all, path, "server");
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Paths that another table's rows name. A table that is unavailable takes nothing from this one but
 * completeness. */
static int named_read(struct certificates *all, const struct table *table)
{
	size_t certificate = SIZE_MAX, key = SIZE_MAX;
	for (size_t i = 0; table->columns[i].name; i++) {
		if (strcmp(table->columns[i].name, "cert_path") == 0)
			certificate = i;
		if (strcmp(table->columns[i].name, "key_path") == 0)
			key = i;
	}
	const struct rows *rows = scan_rows(all->scan, table);
	struct note why;
	if (rows_coverage(rows, table_columns(table, "cert_path key_path"), &why) != COVERAGE_COMPLETE)
		scan_partial(all->scan, why);
	int r = 0;
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		if (certificate != SIZE_MAX && str_starts(cell_str(cells[certificate]), "/"))
			r = file_read(all, cell_str(cells[certificate]), "server");
		if (r == 0 && key != SIZE_MAX && str_starts(cell_str(cells[key]), "/"))
			r = key_row(all, cell_str(cells[key]));
	}
	return r;
}

static int certificates_scan(struct scan *scan, struct err *err)
{
	static const char *const bundles[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
	};
	struct certificates all = { .scan = scan, .arena = scan_arena(scan), .err = err };
	all.seen.arena = all.arena;
	int r = LIBRARY_LOAD(gnutls, err);
	for (size_t i = 0; r == 0 && i < COUNT(bundles); i++)
		r = file_read(&all, str_from(bundles[i]), "ca");
	if (r == 0)
		r = named_read(&all, &table_web_servers);
	if (r == 0)
		r = named_read(&all, &table_db_instances);
	return r == 0 ? folders_read(&all) : r;
}

const struct table table_certificates = {
	.name = "certificates",
	.doc = "X.509 certificates in the usual places and where servers are configured to use them; private keys by "
	       "name only",
	.sources = { "etc/ssl/certs/ca-certificates.crt", "etc/ssl/server.pem", "etc/nginx/server.crt",
	             "etc/nginx/nginx.conf", "etc/ssl/private/*", "etc/letsencrypt/live/*/*", "etc/pki/tls/certs/*" },
	.scan = certificates_scan,
	.needs = {
		{ &table_web_servers, "cert_path key_path", NULL },
		{ &table_db_instances, "cert_path key_path", NULL },
	},
	.columns = {
		{ "path", TEXT, "file that holds it; a file may hold several" },
		{ "kind", TEXT, "certificate, or key: a private key, of which only name and mode are told" },
		{ "store", TEXT, "ca: of the system's trust store; server: any other; NULL for a key" },
		{ "subject", TEXT, "whom it names (RFC 4514); NULL for a key" },
		{ "issuer", TEXT, "who signed it (RFC 4514); NULL for a key" },
		{ "not_before", INT, "begin of validity, seconds since 1970; NULL for a key" },
		{ "not_after", INT, "end of validity, seconds since 1970; NULL for a key" },
		{ "key_alg", TEXT, "RSA, EC, SM2, Ed25519, Ed448 or DSA; NULL when it is another, or for a key" },
		{ "key_bits", INT, "size of the key, bits; NULL when not known" },
		{ "sig_alg", TEXT, "how it is signed, such as RSA-SHA256 or SM2-SM3; the object identifier when it has "
		                   "no name; NULL for a key" },
		{ "self_signed", INT, "1 when issuer and subject are the same, else 0; NULL for a key" },
		{ "ca", INT, "1 when it may sign others, else 0; NULL for a key" },
		{ "san", TEXT, "alternative names, such as DNS:a.example, IP:192.0.2.1; NULL when there are none" },
		{ "serial", TEXT, "serial number, hexadecimal; NULL for a key" },
		{ "sha256", TEXT, "SHA-256 of the certificate, hexadecimal; NULL for a key" },
		{ "mode", TEXT, "permission bits of the file, octal, such as 0640" },
	},
};
