/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sockets_diag: the TCP and UDP sockets of the own network namespace by sock_diag(7), asked for while the
 * caller looks for their owners.
 *
 * Between sockets_diag_start() and sockets_diag_wait() a thread may run that touches nothing but the struct.
 */
#ifndef WARD_FACT_TABLES_SOCKETS_DIAG_H
#define WARD_FACT_TABLES_SOCKETS_DIAG_H

#include <pthread.h>

#include "base/vec.h"
#include "fact/scan.h"
#include "fact/tables/netlink.h"

struct endpoint {
	unsigned char address[16];
	unsigned port;
};

struct socket {
	int family;           /* AF_INET, AF_INET6 */
	const char *protocol; /* "tcp", "udp", "raw" */
	struct endpoint local, remote;
	unsigned state;
	int64_t uid, inode, net_namespace;
};

/* One protocol of one family. */
struct socket_list {
	const char *protocol;
	int family;
	bool known; /* the kernel told all */
	struct socket *p;
	size_t n, room;
};

enum { SOCKET_LISTS = 4 };

struct sockets_diag {
	struct socket_list lists[SOCKET_LISTS]; /* tcp, tcp6, udp, udp6 */
	struct netlink netlink;
	pthread_t thread;
	bool running;
};

/* Lists that the kernel cannot tell without loading a module, or not at all, stay unknown. */
void sockets_diag_start(struct scan *scan, struct sockets_diag *diag);
void sockets_diag_wait(struct sockets_diag *diag);
void sockets_diag_done(struct sockets_diag *diag);

/* The number after a word of a line of "net/sockstat" ("inuse", "tw"); NONE. */
int64_t sockstat_number(struct str line, const char *word);

#endif
