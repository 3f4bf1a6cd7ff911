/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/net.h"

#include <arpa/inet.h>
#include <unistd.h>


int net_parse(struct str text, uint16_t otherwise, union net_address *out, struct err *err)
{
	char name[NET_NAME];
	int64_t port = otherwise;
	struct str host = text, number = STR_NONE;
	*out = (union net_address){ 0 };
	if (text.n && text.p[0] == '[') {
		ptrdiff_t end = str_find_char(text, ']');
		host = end < 0 ? STR("?") : str_slice(text, 1, (size_t)end);
		if (end >= 0 && (size_t)end + 1 < text.n)
			number = str_slice(text, (size_t)end + (text.p[end + 1] == ':' ? 2 : 1), text.n);
	} else if (str_find_char(text, ':') == str_find_char_last(text, ':')) { /* one colon at most: no IPv6 address */
		ptrdiff_t colon = str_find_char(text, ':');
		int64_t alone;
		if (colon >= 0) {
			host = str_slice(text, 0, (size_t)colon);
			number = str_slice(text, (size_t)colon + 1, text.n);
		} else if (str_to_int(text, 10, &alone)) {
			host = STR("*");
			number = text;
		}
	}
	if (number.p && (!str_to_int(number, 10, &port) || port < 0 || port > 65535))
		return err_set(err, -EINVAL, "'%.*s' has no port that could be (0 to 65535)", STR_ARG(text));
	if (str_is(host, "*") || host.n == 0) {
		out->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
		return 0;
	}
	if (host.n < sizeof(name)) {
		memcpy(name, host.p, host.n);
		name[host.n] = '\0';
		if (inet_pton(AF_INET, name, &out->v4.sin_addr) == 1) {
			out->v4.sin_family = AF_INET;
			out->v4.sin_port = htons((uint16_t)port);
			return 0;
		}
		if (inet_pton(AF_INET6, name, &out->v6.sin6_addr) == 1) {
			out->v6.sin6_family = AF_INET6;
			out->v6.sin6_port = htons((uint16_t)port);
			return 0;
		}
	}
	return err_set(err, -EINVAL, "'%.*s' is no address to listen on; write 192.0.2.1:514, [2001:db8::1]:514 or *:514",
	               STR_ARG(text));
}

static int prepare(int fd, const union net_address *address, int type, int receive_buffer)
{
	int on = 1, off = 0;
	socklen_t n = address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
	if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (receive_buffer && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	if (bind(fd, &address->any, n) < 0 || (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
		return -errno;
	return 0;
}

int net_listen(struct str text, uint16_t otherwise, int type, int receive_buffer, struct err *err)
{
	union net_address address;
	int r = net_parse(text, otherwise, &address, err);
	if (r < 0)
		return r;
	int fd = socket(address.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && address.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr)) { /* a kernel without IPv6 */
		in_port_t port = address.v6.sin6_port;
		address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
		fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0)
		return err_errno(err, -errno, "cannot listen on %.*s", STR_ARG(text));
	r = prepare(fd, &address, type, receive_buffer);
	if (r < 0) {
		close(fd);
		return err_errno(err, r, "cannot listen on %.*s", STR_ARG(text));
	}
	return fd;
}

void net_name(const union net_address *address, char out[NET_NAME])
{
	out[0] = '\0';
	if (address->any.sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &address->v4.sin_addr, out, NET_NAME);
	else if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
		(void)inet_ntop(AF_INET, &address->v6.sin6_addr.s6_addr[12], out, NET_NAME);
	else if (address->any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &address->v6.sin6_addr, out, NET_NAME);
}
