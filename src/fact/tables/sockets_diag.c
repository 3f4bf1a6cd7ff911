/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/sockets_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <unistd.h>

enum {
	ALL_STATES = 0x1ffe, /* 1 to 12 */
	MANY = 1000,         /* connections; below, a thread costs more than it brings */
};

/* Asking for a protocol whose answerer is a module that is not loaded would load it: inspecting must not
 * change the host. Kernels without modules have it built in or answer ENOENT. */
static bool is_harmless(const struct root *root, const char *module)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "sys/module/%s", module);
	return root_stat(root, path, true, &st) == 0 || root_stat(root, "proc/modules", true, &st) == -ENOENT;
}

static int take_message(const struct nlmsghdr *message, void *ctx)
{
	struct socket_list *list = ctx;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct inet_diag_msg))
		return -EBADMSG;
	const struct inet_diag_msg *told = mnl_nlmsg_get_payload(message);
	if (told->idiag_family != AF_INET && told->idiag_family != AF_INET6)
		return 0;
	struct socket socket = {
		.family = told->idiag_family,
		.protocol = list->protocol,
		.local.port = ntohs(told->id.idiag_sport),
		.remote.port = ntohs(told->id.idiag_dport),
		.state = told->idiag_state,
		.uid = told->idiag_uid,
		.inode = told->idiag_inode,
	};
	memcpy(socket.local.address, told->id.idiag_src, 16);
	memcpy(socket.remote.address, told->id.idiag_dst, 16);
	vec_push(list, socket);
	return 0;
}

static void list_ask(struct netlink *netlink, struct socket_list *list)
{
	int r = -EINTR;
	for (int round = 0; round < 3 && r == -EINTR; round++) {
		list->n = 0;
		struct nlmsghdr *request = netlink_request(netlink, SOCK_DIAG_BY_FAMILY);
		struct inet_diag_req_v2 *wanted = mnl_nlmsg_put_extra_header(request, sizeof(*wanted));
		wanted->sdiag_family = (uint8_t)list->family;
		wanted->sdiag_protocol = list->protocol[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
		wanted->idiag_states = ALL_STATES;
		r = netlink_dump(netlink, request, take_message, list);
	}
	list->known = r == 0;
}

static void *lists_ask(void *ctx)
{
	struct sockets_diag *diag = ctx;
	for (size_t i = 0; i < SOCKET_LISTS; i++)
		if (diag->lists[i].protocol)
			list_ask(&diag->netlink, &diag->lists[i]);
	return NULL;
}

int64_t sockstat_number(struct str line, const char *word)
{
	while (line.n)
		if (str_is(str_word(&line), word))
			return str_int_or(str_word(&line), NONE);
	return NONE;
}

static bool has_many(struct scan *scan)
{
	BUF(buf);
	struct str line;
	if (root_read(scan_root(scan), "proc/net/sockstat", ROOT_FILE_LIMIT, &buf) < 0)
		return false;
	for (struct str rest = buf_str(&buf); str_line(&rest, &line);)
		if (str_starts(line, "TCP:"))
			return sockstat_number(line, "alloc") > MANY && sysconf(_SC_NPROCESSORS_ONLN) > 1;
	return false;
}

void sockets_diag_start(struct scan *scan, struct sockets_diag *diag)
{
	*diag = (struct sockets_diag){ 0 };
	if (!scan_is_live(scan))
		return;
	bool tcp = is_harmless(scan_root(scan), "tcp_diag"), udp = is_harmless(scan_root(scan), "udp_diag");
	if ((!tcp && !udp) || netlink_open(scan_arena(scan), &diag->netlink, NETLINK_SOCK_DIAG) < 0)
		return;
	for (size_t i = 0; i < SOCKET_LISTS; i++)
		diag->lists[i] = (struct socket_list){
			.protocol = i < 2 ? (tcp ? "tcp" : NULL) : udp ? "udp" : NULL,
			.family = i % 2 ? AF_INET6 : AF_INET,
		};
	diag->running = has_many(scan) && pthread_create(&diag->thread, NULL, lists_ask, diag) == 0;
	if (!diag->running)
		lists_ask(diag);
}

void sockets_diag_wait(struct sockets_diag *diag)
{
	if (diag->running)
		pthread_join(diag->thread, NULL);
	diag->running = false;
}

void sockets_diag_done(struct sockets_diag *diag)
{
	sockets_diag_wait(diag);
	for (size_t i = 0; i < SOCKET_LISTS; i++)
		vec_done(&diag->lists[i]);
	netlink_close(&diag->netlink);
}
