/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/netlink.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/err.h"

int netlink_open(struct arena *arena, struct netlink *netlink, int bus)
{
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	struct timeval wait = { .tv_sec = 2 };
	setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (!netlink->answer)
		netlink->answer = arena_alloc(arena, NETLINK_ANSWER);
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

struct nlmsghdr *netlink_request(struct netlink *netlink, uint16_t type)
{
	memset(netlink->request, 0, sizeof(netlink->request));
	struct nlmsghdr *request = mnl_nlmsg_put_header(netlink->request);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = ++netlink->seq;
	return request;
}

struct dump {
	int (*each)(const struct nlmsghdr *message, void *ctx);
	void *ctx;
	int result;
};

static int dump_message(const struct nlmsghdr *message, void *data)
{
	struct dump *dump = data;
	dump->result = dump->each(message, dump->ctx);
	return dump->result < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int netlink_dump(struct netlink *netlink, struct nlmsghdr *request,
                 int (*each)(const struct nlmsghdr *message, void *ctx), void *ctx)
{
	struct dump dump = { .each = each, .ctx = ctx };
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	unsigned port = mnl_socket_get_portid(netlink->socket);
	for (int run = MNL_CB_OK; run > MNL_CB_STOP;) {
		ssize_t n = mnl_socket_recvfrom(netlink->socket, netlink->answer, NETLINK_ANSWER);
		if (n < 0)
			return -errno;
		errno = 0;
		run = mnl_cb_run(netlink->answer, (size_t)n, netlink->seq, port, dump_message, &dump);
		if (dump.result < 0)
			return dump.result;
		if (run < 0)
			return errno ? -errno : -EIO;
	}
	return 0;
}

static void attrs_put(const struct nlattr *attr, struct nlattrs *out)
{
	unsigned type = mnl_attr_get_type(attr);
	if (type < COUNT(out->at))
		out->at[type] = attr;
}

void netlink_attrs(const struct nlmsghdr *message, size_t header, struct nlattrs *out)
{
	const struct nlattr *attr;
	memset(out, 0, sizeof(*out));
	mnl_attr_for_each(attr, message, header) attrs_put(attr, out);
}

void netlink_nested(const struct nlattr *nest, struct nlattrs *out)
{
	const struct nlattr *attr;
	memset(out, 0, sizeof(*out));
	if (nest)
		mnl_attr_for_each_nested(attr, nest) attrs_put(attr, out);
}

struct str netlink_bytes(const struct nlattr *attr)
{
	return attr ? (struct str){ mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr) } : STR_NONE;
}

struct str netlink_text(const struct nlattr *attr)
{
	struct str bytes = netlink_bytes(attr);
	return str_cut(&bytes, '\0');
}

int64_t netlink_u32(const struct nlattr *attr, int64_t otherwise)
{
	uint32_t value;
	struct str bytes = netlink_bytes(attr);
	if (bytes.n < sizeof(value))
		return otherwise;
	memcpy(&value, bytes.p, sizeof(value));
	return value;
}

int64_t netlink_be(const struct nlattr *attr, int64_t otherwise)
{
	struct str bytes = netlink_bytes(attr);
	if (bytes.n < 1 || bytes.n > 8)
		return otherwise;
	uint64_t value = 0;
	for (size_t i = 0; i < bytes.n; i++)
		value = value << 8 | (unsigned char)bytes.p[i];
	return (int64_t)value;
}

struct str address_text(struct arena *arena, struct str bytes)
{
	char text[INET6_ADDRSTRLEN];
	if (bytes.n != 4 && bytes.n != 16)
		return STR_NONE;
	if (!inet_ntop(bytes.n == 4 ? AF_INET : AF_INET6, bytes.p, text, sizeof(text)))
		return STR_NONE;
	return arena_str(arena, str_from(text));
}
