/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tls_endpoints: which TLS versions this machine's own listeners offer, found by shaking hands with them over
 * the loopback or the address they listen on.
 *
 * What is asked. A stranger's ClientHello may upset a program that expects something else (a printer, a
 * medical device's protocol), so only listeners that are likely to speak TLS are asked: on ports assigned
 * to TLS, programs known as web or TLS servers, and ports that a web server's or a database's configuration
 * calls TLS. Well-known other protocols are passed over in silence; every other port makes the table
 * partial and is named. Nothing but TLS is ever sent, and nothing after the handshake but its goodbye.
 *
 * How long. 300 ms for each handshake, 2 s for all; at most five handshakes for a listener.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "fact/scan.h"
#include "sys/library.h"

#define GNUTLS_FUNCTIONS(X) \
	X(gnutls_bye) X(gnutls_certificate_allocate_credentials) X(gnutls_certificate_free_credentials) \
	X(gnutls_certificate_get_peers) X(gnutls_ciphersuite_get) X(gnutls_credentials_set) \
	X(gnutls_deinit) X(gnutls_error_is_fatal) X(gnutls_fingerprint) X(gnutls_free) \
	X(gnutls_handshake) X(gnutls_handshake_set_hook_function) X(gnutls_init) \
	X(gnutls_priority_set_direct) X(gnutls_protocol_get_name) X(gnutls_protocol_get_version) \
	X(gnutls_record_get_direction) X(gnutls_session_get_ptr) X(gnutls_session_set_ptr) \
	X(gnutls_transport_set_int2) X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_get_dn3) \
	X(gnutls_x509_crt_get_expiration_time) X(gnutls_x509_crt_get_issuer_dn3) \
	X(gnutls_x509_crt_import) X(gnutls_x509_crt_init)
LIBRARY(gnutls, "libgnutls.so.30", GNUTLS_FUNCTIONS);

enum { HANDSHAKE_MS = 300, TOTAL_MS = 2000 };

struct endpoint {
	struct str address, name;
	int64_t port;
};

struct hello {
	bool tls;    /* the peer speaks TLS */
	int version; /* gnutls_protocol_t, 0: no ServerHello came */
	struct str cipher, subject, issuer, sha256;
	int64_t not_after;
};

static void session_free(gnutls_session_t *session)
{
	if (*session)
		gnutls.gnutls_deinit(*session);
}

static void credentials_free(gnutls_certificate_credentials_t *credentials)
{
	if (*credentials)
		gnutls.gnutls_certificate_free_credentials(*credentials);
}

static void crt_free(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls.gnutls_x509_crt_deinit(*crt);
}

static int server_hello_seen(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                             const gnutls_datum_t *message)
{
	(void)type, (void)when, (void)message;
	struct hello *hello = gnutls.gnutls_session_get_ptr(session);
	if (incoming)
		hello->version = gnutls.gnutls_protocol_get_version(session);
	return 0;
}

static bool wait_for(int fd, short events, int64_t deadline)
{
	int64_t left = (deadline - clock_monotonic_ns()) / 1000000;
	struct pollfd poll_fd = { .fd = fd, .events = events };
	return left > 0 && poll(&poll_fd, 1, (int)left) == 1;
}

/* A connected, non-blocking descriptor or a negative errno. */
static int endpoint_connect(struct arena *arena, const struct endpoint *endpoint, int64_t deadline)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)endpoint->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)endpoint->port) };
	const char *text = arena_cstr(arena, endpoint->address);
	bool ipv6 = str_find_char(endpoint->address, ':') >= 0;
	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, text,
	              ipv6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1)
		return -EINVAL;
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int error = 0;
	socklen_t len = sizeof(error);
	const struct sockaddr *address = ipv6 ? (void *)&six : (void *)&four;
	if (connect(fd, address, ipv6 ? sizeof(six) : sizeof(four)) < 0) {
		error = errno;
		if (error == EINPROGRESS)
			error = !wait_for(fd, POLLOUT, deadline)                         ? ETIMEDOUT
			        : getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno
			                                                                 : error;
	}
	if (!error)
		return fd;
	close(fd);
	return -error;
}

static struct str hex_text(struct arena *arena, const unsigned char *bytes, size_t n)
{
	char *out = arena_bytes(arena, 2 * n + 1);
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return (struct str){ out, 2 * n };
}

static void certificate_take(struct arena *arena, gnutls_session_t session, struct hello *hello)
{
	unsigned count = 0;
	unsigned char digest[32];
	size_t size = sizeof(digest);
	const gnutls_datum_t *peers = gnutls.gnutls_certificate_get_peers(session, &count);
	CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	if (!peers || !count || gnutls.gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls.gnutls_x509_crt_import(crt, &peers[0], GNUTLS_X509_FMT_DER) < 0)
		return;
	gnutls_datum_t name = { 0 };
	if (gnutls.gnutls_x509_crt_get_dn3(crt, &name, 0) == 0)
		hello->subject = arena_str(arena, (struct str){ (char *)name.data, name.size });
	(*gnutls.gnutls_free)(name.data);
	name = (gnutls_datum_t){ 0 };
	if (gnutls.gnutls_x509_crt_get_issuer_dn3(crt, &name, 0) == 0)
		hello->issuer = arena_str(arena, (struct str){ (char *)name.data, name.size });
	(*gnutls.gnutls_free)(name.data);
	time_t end = gnutls.gnutls_x509_crt_get_expiration_time(crt);
	hello->not_after = end == (time_t)-1 ? NONE : (int64_t)end;
	if (gnutls.gnutls_fingerprint(GNUTLS_DIG_SHA256, &peers[0], digest, &size) == 0)
		hello->sha256 = hex_text(arena, digest, size);
}

/* One handshake that offers only `versions`. 0: see `out`; negative: this machine cannot ask so. */
static int hello_say(struct scan *scan, const struct endpoint *endpoint, const char *versions,
                     int64_t deadline, struct hello *out)
{
	struct arena *arena = scan_arena(scan);
	*out = (struct hello){ .not_after = NONE };
	CLEANUP(credentials_free) gnutls_certificate_credentials_t credentials = NULL;
	CLEANUP(session_free) gnutls_session_t session = NULL;
	if (gnutls.gnutls_certificate_allocate_credentials(&credentials) < 0 ||
	    gnutls.gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return -ENOMEM;
	const char *priority = arena_printf(arena, "LEGACY:%%COMPAT:-VERS-ALL:%s", versions).p;
	if (gnutls.gnutls_priority_set_direct(session, priority, NULL) < 0 ||
	    gnutls.gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
		return -ENOTSUP;
	deadline = MIN(deadline, clock_monotonic_ns() + HANDSHAKE_MS * 1000000LL);
	CLEANUP(fd_close_p) int fd = endpoint_connect(arena, endpoint, deadline);
	if (fd < 0)
		return 0;
	gnutls.gnutls_transport_set_int2(session, fd, fd);
	gnutls.gnutls_session_set_ptr(session, out);
	gnutls.gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_SERVER_HELLO, GNUTLS_HOOK_POST,
	                                   server_hello_seen);
	int r;
	do {
		r = gnutls.gnutls_handshake(session);
		if (r == GNUTLS_E_AGAIN &&
		    !wait_for(fd, gnutls.gnutls_record_get_direction(session) ? POLLOUT : POLLIN, deadline))
			break;
	} while (r < 0 && !gnutls.gnutls_error_is_fatal(r));
	out->tls = r == 0 || out->version || r == GNUTLS_E_FATAL_ALERT_RECEIVED;
	if (r == 0) {
		out->version = gnutls.gnutls_protocol_get_version(session);
		const char *suite = gnutls.gnutls_ciphersuite_get(session);
		out->cipher = suite ? arena_str(arena, str_from(suite)) : STR_NONE;
		certificate_take(arena, session, out);
		gnutls.gnutls_bye(session, GNUTLS_SHUT_WR);
	} else if (out->version) {
		certificate_take(arena, session, out);
	}
	return 0;
}

/* ---- whom to ask ---- */

enum asked { ASK, PASS_OVER, NOT_KNOWN };

static bool port_in(int64_t port, const unsigned short *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == port)
			return true;
	return false;
}

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (table->columns[i].name && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

/* The row of a configuration table (web_servers, db_instances) for this port, with TLS; NULL. */
static const struct cell *configured(struct scan *scan, const struct table *table, int64_t port)
{
	const struct rows *rows = scan_rows(scan, table);
	size_t own = column_of(table, "port"), tls = column_of(table, "tls");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		if (cell_int_or(cells[own], -1) == port && cell_int_or(cells[tls], 0) == 1)
			return cells;
	}
	return NULL;
}

static enum asked whom_to_ask(struct scan *scan, const struct endpoint *endpoint)
{
	/* IANA's service names ending in "s" for TLS, and the usual second ones */
	static const unsigned short tls[] = { 443,  465,  563,  636,  853,  989,  990,   992,  993,  994,
		                              995,  2376, 3269, 4443, 5061, 5671, 5986,  6443, 6514, 6697,
		                              8006, 8140, 8243, 8443, 8883, 9443, 10250, 10443 };
	/* Protocols whose first word is not a ClientHello, or whose programs must be left alone */
	static const unsigned short others[] = { 20,   21,   22,   23,   25,    53,    69,    79,
		                                 80,   102,  104,  110,  111,   113,   119,   135,
		                                 139,  143,  389,  445,  502,   512,   513,   514,
		                                 515,  548,  554,  587,  631,   873,   1433,  1521,
		                                 2049, 2575, 3128, 3260, 3306,  3389,  5236,  5432,
		                                 6379, 9100, 9200, 9300, 11211, 11112, 27017, 54321 };
	static const char *const programs[] = { "nginx",   "apache2",  "httpd",       "haproxy",
		                                "caddy",   "traefik",  "envoy",       "lighttpd",
		                                "stunnel", "stunnel4", "cockpit-tls", "kube-apiserver" };
	if (endpoint->port == 80)
		return PASS_OVER;
	if (port_in(endpoint->port, tls, COUNT(tls)) || configured(scan, &table_web_servers, endpoint->port))
		return ASK;
	if (port_in(endpoint->port, others, COUNT(others)) ||
	    (endpoint->port >= 5900 && endpoint->port <= 6063)) /* VNC, X11 */
		return PASS_OVER;
	const struct cell *database = configured(scan, &table_db_instances, endpoint->port);
	if (database) /* PostgreSQL and MySQL begin TLS in words of their own */
		return str_is(cell_str(database[0]), "redis") || str_is(cell_str(database[0]), "mongodb") ||
		               str_is(cell_str(database[0]), "elasticsearch")
		           ? ASK
		           : PASS_OVER;
	for (size_t i = 0; i < COUNT(programs); i++)
		if (str_is(endpoint->name, programs[i]))
			return ASK;
	return NOT_KNOWN;
}

static int endpoint_row(struct scan *scan, const struct endpoint *endpoint, int64_t deadline, struct err *err)
{
	static const char *const single[] = { "+VERS-TLS1.0", "+VERS-TLS1.1", "+VERS-TLS1.2" };
	struct hello best, low;
	if (hello_say(scan, endpoint, "+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0", deadline,
	              &best) < 0) {
		scan_partial(scan, NOTE("this machine's TLS library does not offer {}", STR("TLS1.0")));
		if (hello_say(scan, endpoint, "+VERS-TLS1.3:+VERS-TLS1.2", deadline, &best) < 0)
			return 0;
	}
	if (!best.tls)
		return 0;
	int lowest = best.version;
	for (size_t i = 0; i < COUNT(single); i++) {
		if (clock_monotonic_ns() >= deadline) {
			scan_partial(scan, NOTE("time limit reached"));
			break;
		}
		if (hello_say(scan, endpoint, single[i], deadline, &low) < 0) {
			scan_partial(scan, NOTE("this machine's TLS library does not offer {}",
			                        str_from(single[i] + 6)));
			continue;
		}
		if (!low.version)
			continue;
		lowest = lowest ? MIN(lowest, low.version) : low.version;
		if (!best.version)
			best = low;
		break;
	}
	const struct cell *web = configured(scan, &table_web_servers, endpoint->port);
	struct cell none = { 0 };
	struct cell path = web ? web[column_of(&table_web_servers, "cert_path")] : none;
	int64_t gm = web ? cell_int_or(web[column_of(&table_web_servers, "gm")], 0) : 0;
	const char *min = lowest ? gnutls.gnutls_protocol_get_name((gnutls_protocol_t)lowest) : NULL;
	const char *max = best.version ? gnutls.gnutls_protocol_get_name((gnutls_protocol_t)best.version) : NULL;
	return scan_row(scan,
	                ROW(endpoint->address, endpoint->port, endpoint->name, min, max, best.cipher,
	                    best.subject, best.issuer, best.not_after, best.sha256, path, gm ? 1 : NONE),
	                err);
}

static int tls_endpoints_scan(struct scan *scan, struct err *err)
{
	int r = LIBRARY_LOAD(gnutls, err);
	if (r < 0)
		return r;
	const struct rows *rows = scan_table(scan, &table_listening, &r);
	if (!rows)
		return r;
	struct arena *arena = scan_arena(scan);
	size_t address = column_of(&table_listening, "address"), port = column_of(&table_listening, "port");
	size_t protocol = column_of(&table_listening, "protocol"), name = column_of(&table_listening, "name");
	size_t net = column_of(&table_listening, "net_namespace");
	struct stat own = { 0 };
	struct map seen = { .arena = arena };
	BUF(unknown);
	if (stat("/proc/self/ns/net", &own) < 0)
		own.st_ino = 0;
	int64_t deadline = clock_monotonic_ns() + TOTAL_MS * 1000000LL;
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		int64_t space = cell_int_or(cells[net], NONE);
		struct endpoint endpoint = { cell_str(cells[address]), cell_str(cells[name]),
			                     cell_int_or(cells[port], 0) };
		if (!str_is(cell_str(cells[protocol]), "tcp") || endpoint.port < 1 || endpoint.port > 65535 ||
		    (space != NONE && own.st_ino && (uint64_t)space != own.st_ino))
			continue;
		if (str_is(endpoint.address, "0.0.0.0"))
			endpoint.address = STR("127.0.0.1");
		if (str_is(endpoint.address, "::"))
			endpoint.address = STR("::1");
		struct str key =
		    arena_printf(arena, "%.*s %lld", STR_ARG(endpoint.address), (long long)endpoint.port);
		if (map_get(&seen, key))
			continue;
		*map_put(&seen, key) = scan;
		enum asked asked = whom_to_ask(scan, &endpoint);
		if (asked == NOT_KNOWN && unknown.n < 200)
			buf_printf(&unknown, "%s%lld", unknown.n ? ", " : "", (long long)endpoint.port);
		if (asked != ASK)
			continue;
		if (clock_monotonic_ns() >= deadline) {
			scan_partial(scan, NOTE("time limit reached"));
			return 0;
		}
		r = endpoint_row(scan, &endpoint, deadline, err);
		if (r < 0)
			return r;
	}
	if (unknown.n)
		scan_partial(scan, NOTE("not asked whether they speak TLS: ports {}", buf_str(&unknown)));
	return 0;
}

const struct table table_tls_endpoints = {
	.name = "tls_endpoints",
	.doc = "TLS versions and certificates that this machine's own listeners offer; listeners that are not likely to "
	       "speak TLS are not asked",
	.sources = { "TLS handshakes with own listeners" },
	.flags = TABLE_LIVE | TABLE_DEEP,
	.scan = tls_endpoints_scan,
	.needs = {
		{ &table_listening, "address port protocol name net_namespace", NULL },
		{ &table_web_servers, "port tls cert_path gm", NULL },
		{ &table_db_instances, "engine port tls", NULL },
	},
	.columns = {
		{ "address", TEXT, "address that was asked; the loopback for a listener on all addresses" },
		{ "port", INT, "TCP port" },
		{ "name", TEXT, "name of the listening process; NULL when not permitted to see" },
		{ "min_version", TEXT, "lowest version accepted, TLS1.0 to TLS1.3 (SSL 3.0 and older are not tried); NULL "
		                       "when every handshake was refused" },
		{ "max_version", TEXT, "highest version accepted; NULL as for min_version" },
		{ "cipher", TEXT, "cipher suite chosen when all are offered; NULL when the handshake did not end" },
		{ "subject", TEXT, "whom the certificate names (RFC 4514); NULL when none was shown" },
		{ "issuer", TEXT, "who signed it; NULL when none was shown" },
		{ "not_after", INT, "end of its validity, seconds since 1970; NULL when none was shown" },
		{ "sha256", TEXT, "SHA-256 of it, hexadecimal; NULL when none was shown" },
		{ "cert_path", TEXT, "certificate file of a web server's configuration for this port; NULL when not known" },
		{ "gm", INT, "1 when a web server's configuration has national cipher suites there; NULL: not known, for "
		             "they are not tried" },
	},
};
