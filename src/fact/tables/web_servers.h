/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * web_servers: what the readers of nginx's and Apache's configuration (nginx_conf.c, apache_conf.c) share.
 */
#ifndef WARD_FACT_TABLES_WEB_SERVERS_H
#define WARD_FACT_TABLES_WEB_SERVERS_H

#include "base/vec.h"
#include "fact/scan.h"

enum { WEB_INCLUDE_DEPTH = 10, WEB_FILES_LIMIT = 1000 };

struct web {
	struct scan *scan;
	struct arena *arena;
	struct err *err;
	size_t files;
};

/* What a server block is set to, after inheritance. */
struct web_settings {
	struct str protocols, ciphers, certificate, key, tokens;
	bool indexes, access_log, gm;
};

struct web_listener {
	const char *engine;
	struct str address; /* "0.0.0.0", "::", "*" */
	int64_t port;       /* NONE for a socket file */
	struct str name;
	bool tls;
	struct web_settings settings;
	struct str file;
	int64_t line;
};

int web_row(struct web *web, const struct web_listener *listener) MUST_USE;
void web_not_understood(struct web *web, const char *path, int64_t line);

/* The text of a configuration file; false when it cannot be had or there were too many. */
bool web_file(struct web *web, const char *path, unsigned depth, struct str *text);

/* "80", "192.0.2.1:80", "[::1]:80", "host"; the defaults stay where a part is not given. */
void web_address(struct str text, struct str *address, int64_t *port);

/* Words of the national cipher suites (GB/T 38636-2020) in protocols or ciphers. */
bool web_is_gm(struct str text);

int nginx_read(struct web *web, const char *path) MUST_USE;
int apache_read(struct web *web, const char *path, const char *server_root) MUST_USE;

#endif
