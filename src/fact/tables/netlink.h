/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * netlink: ask the running kernel for a list (rtnetlink, nfnetlink), for the tables of this folder.
 *
 * Only requests that read. A dump that the kernel says was torn by a change (NLM_F_DUMP_INTR) gives -EINTR:
 * the caller drops what it gathered and asks again. Nothing waits longer than two seconds.
 */
#ifndef WARD_FACT_TABLES_NETLINK_H
#define WARD_FACT_TABLES_NETLINK_H

#include <libmnl/libmnl.h>

#include "base/arena.h"

struct netlink {
	struct mnl_socket *socket;
	unsigned seq;
	char request[512];
	char *answer; /* NETLINK_ANSWER bytes in the arena */
};

enum { NETLINK_ANSWER = 64 * 1024 };

#define NETLINK(name) CLEANUP(netlink_close) struct netlink name = { 0 }

/* `bus` is NETLINK_ROUTE, NETLINK_NETFILTER … 0 or a negative errno. */
int netlink_open(struct arena *arena, struct netlink *netlink, int bus) MUST_USE;
void netlink_close(struct netlink *netlink);

/* Begin a dump request; the caller adds its family header and attributes. */
struct nlmsghdr *netlink_request(struct netlink *netlink, uint16_t type);

/* Send it and hand every message of the answer to `each`, which returns 0 or a negative errno. */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *request,
                 int (*each)(const struct nlmsghdr *message, void *ctx), void *ctx) MUST_USE;

/* Sort attributes by their number into out[0..max]; others are left out. */
struct nlattrs {
	const struct nlattr *at[64];
};
void netlink_attrs(const struct nlmsghdr *message, size_t header, struct nlattrs *out);
void netlink_nested(const struct nlattr *nest, struct nlattrs *out);

/* Values; when the attribute is absent or too short: STR_NONE, or `otherwise`. */
struct str netlink_bytes(const struct nlattr *attr);
struct str netlink_text(const struct nlattr *attr);
int64_t netlink_u32(const struct nlattr *attr, int64_t otherwise); /* host byte order */
int64_t netlink_be(const struct nlattr *attr, int64_t otherwise);  /* network byte order, 1 to 8 bytes */

/* "192.0.2.1", "fd00::1" from 4 or 16 bytes; STR_NONE for any other length. */
struct str address_text(struct arena *arena, struct str bytes);

#endif
