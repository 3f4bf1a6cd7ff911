/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Syslog over TCP (RFC 6587): counted messages or lines, as each connection uses.
 */
#include "event/inputs/connections.h"

enum { PORT = 601 }; /* syslog-conn; 514 over TCP is another service's */

#define CONNECTION_FIELDS \
	{ "listen", SCHEMA_STRINGS, offsetof(struct connections_options, listen), .required = true }, \
	{ "format", SCHEMA_STRING, offsetof(struct connections_options, format) }, \
	{ "connections", SCHEMA_INT, offsetof(struct connections_options, connections), .min = 1, .max = 100000 }, \
	{ "connections_per_address", SCHEMA_INT, offsetof(struct connections_options, connections_per_address), .min = 1, .max = 100000 }, \
	{ "message", SCHEMA_INT, offsetof(struct connections_options, message), .min = 1024, .max = 1048576 }, \
	{ "patience", SCHEMA_INT, offsetof(struct connections_options, patience), .min = 1, .max = 86400 }, \
	{ "idle", SCHEMA_INT, offsetof(struct connections_options, idle), .min = 0, .max = 31536000 }

static int tcp_open(const void *options, struct str source, const struct parse_options *parse,
                    struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	return connections_open(options, false, PORT, source, parse, find, ctx, out, err);
}

static const struct schema_field tcp_fields[] = { CONNECTION_FIELDS, { 0 } };
static const struct schema tcp_schema = { "an input of syslog over TCP", tcp_fields, sizeof(struct connections_options) };

const struct input_kind input_syslog_tcp = {
	.name = "syslog_tcp",
	.doc = TR("syslog over TCP: counted messages or lines"),
	.schema = &tcp_schema,
	.defaults = &connections_defaults,
	.open = tcp_open,
};

/* ---- over TLS ---- */

enum { TLS_PORT = 6514 };

static int tls_input_open(const void *options, struct str source, const struct parse_options *parse,
                          struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	return connections_open(options, true, TLS_PORT, source, parse, find, ctx, out, err);
}

static const char *const clients_names[] = { "required", "optional", "none", NULL };
static const struct schema_field tls_fields[] = {
	CONNECTION_FIELDS,
	{ "certificate", SCHEMA_STRING, offsetof(struct connections_options, tls.certificate), .required = true },
	{ "key", SCHEMA_STRING, offsetof(struct connections_options, tls.key) },
	{ "clients", SCHEMA_ENUM, offsetof(struct connections_options, tls.clients), .names = clients_names },
	{ "ca", SCHEMA_STRING, offsetof(struct connections_options, tls.ca) },
	{ "fingerprints", SCHEMA_STRINGS, offsetof(struct connections_options, tls.fingerprints) },
	{ "handshake", SCHEMA_INT, offsetof(struct connections_options, handshake), .min = 1, .max = 600 },
	{ "host_of_certificate", SCHEMA_BOOL, offsetof(struct connections_options, host_of_certificate) },
	{ 0 },
};
static const struct schema tls_schema = { "an input of syslog over TLS", tls_fields, sizeof(struct connections_options) };

const struct input_kind input_syslog_tls = {
	.name = "syslog_tls",
	.doc = TR("syslog over TLS, senders known by their certificates"),
	.schema = &tls_schema,
	.defaults = &connections_defaults,
	.open = tls_input_open,
};
