/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * net: addresses to listen on, and names of those who send.
 *
 * An address to listen on is "192.0.2.1:514", "[2001:db8::1]:514", "*:514" (all of both families) or a port alone, which is
 * the same. Host names are not looked up.
 */
#ifndef WARD_EVENT_INPUTS_NET_H
#define WARD_EVENT_INPUTS_NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

enum { NET_NAME = INET6_ADDRSTRLEN + 1 };

union net_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

int net_parse(struct str text, uint16_t otherwise, union net_address *out, struct err *err) MUST_USE;
/* A socket of this type (SOCK_STREAM: listening) without waiting; a descriptor or an error with words. */
int net_listen(struct str text, uint16_t otherwise, int type, int receive_buffer, struct err *err) MUST_USE;
/* "192.0.2.1", "2001:db8::1": without the port; an IPv4 address in an IPv6 socket is written as IPv4. */
void net_name(const union net_address *address, char out[NET_NAME]);

#endif
