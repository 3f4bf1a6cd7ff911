/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * interfaces: network interfaces with their addresses.
 *
 * The running kernel is asked by rtnetlink. Of another root the same is put together from sys/class/net,
 * proc/net/if_inet6 and proc/net/fib_trie; the last does not name the interface of an IPv4 address,
 * so that is found by the connected route in proc/net/route.
 */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/vec.h"
#include "fact/scan.h"
#include "fact/tables/netlink.h"

struct address {
	int64_t ifindex; /* NONE: not known */
	const char *family, *scope;
	struct str text;
	int64_t prefix;
};

struct interface {
	struct str name, mac;
	int64_t ifindex, mtu, flags, promisc;
	const char *state;
};

struct network {
	struct arena *arena;
	VEC(struct interface) interfaces;
	VEC(struct address) addresses;
};

/* IF_OPER_* of linux/if.h, RFC 2863 */
static const char *const states[] = { "unknown", "notpresent", "down", "lowerlayerdown",
	                              "testing", "dormant",    "up" };

static const char *scope_name(int64_t scope)
{
	return scope == RT_SCOPE_UNIVERSE ? "global"
	       : scope == RT_SCOPE_SITE   ? "site"
	       : scope == RT_SCOPE_LINK   ? "link"
	       : scope == RT_SCOPE_HOST   ? "host"
	                                  : NULL;
}

static struct str flags_text(struct arena *arena, int64_t flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ IFF_UP, "UP" },
		{ IFF_BROADCAST, "BROADCAST" },
		{ IFF_LOOPBACK, "LOOPBACK" },
		{ IFF_POINTOPOINT, "POINTOPOINT" },
		{ IFF_RUNNING, "RUNNING" },
		{ IFF_NOARP, "NOARP" },
		{ IFF_PROMISC, "PROMISC" },
		{ IFF_ALLMULTI, "ALLMULTI" },
		{ IFF_MASTER, "MASTER" },
		{ IFF_SLAVE, "SLAVE" },
		{ IFF_MULTICAST, "MULTICAST" },
		{ 1 << 16, "LOWER_UP" },
	};
	if (flags == NONE)
		return STR_NONE;
	BUF(buf);
	for (size_t i = 0; i < COUNT(names); i++)
		if (flags & names[i].bit) {
			buf_puts(&buf, buf.n ? "," : "");
			buf_puts(&buf, names[i].name);
		}
	return arena_str(arena, buf_str(&buf));
}

/* ---- the running kernel ---- */

static int link_take(const struct nlmsghdr *message, void *ctx)
{
	struct network *network = ctx;
	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct ifinfomsg))
		return 0;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct nlattrs attrs;
	netlink_attrs(message, sizeof(*info), &attrs);
	struct str mac = netlink_bytes(attrs.at[IFLA_ADDRESS]);
	struct interface interface = {
		.name = arena_str(network->arena, netlink_text(attrs.at[IFLA_IFNAME])),
		.ifindex = info->ifi_index,
		.mtu = netlink_u32(attrs.at[IFLA_MTU], NONE),
		.flags = info->ifi_flags,
		.promisc = netlink_u32(attrs.at[IFLA_PROMISCUITY], NONE),
	};
	int64_t state = netlink_be(attrs.at[IFLA_OPERSTATE], -1);
	if (state >= 0 && state < (int64_t)COUNT(states))
		interface.state = states[state];
	if (mac.n == 6) {
		const unsigned char *b = (const unsigned char *)mac.p;
		interface.mac = arena_printf(network->arena, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1],
		                             b[2], b[3], b[4], b[5]);
	}
	/* The flag tells only what an administrator set; the counter also knows of packet captures. */
	if (interface.promisc != NONE)
		interface.promisc = interface.promisc > 0;
	if (interface.promisc > 0)
		interface.flags |= IFF_PROMISC;
	vec_push_in(network->arena, &network->interfaces, interface);
	return 0;
}

static int address_take(const struct nlmsghdr *message, void *ctx)
{
	struct network *network = ctx;
	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct ifaddrmsg))
		return 0;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	struct nlattrs attrs;
	netlink_attrs(message, sizeof(*info), &attrs);
	/* With a point-to-point peer IFA_ADDRESS is the peer's; IFA_LOCAL is always ours. */
	const struct nlattr *own = attrs.at[IFA_LOCAL] ? attrs.at[IFA_LOCAL] : attrs.at[IFA_ADDRESS];
	vec_push_in(network->arena, &network->addresses,
	            {
			.ifindex = info->ifa_index,
			.family = info->ifa_family == AF_INET ? "ipv4" : "ipv6",
			.scope = scope_name(info->ifa_scope),
			.text = address_text(network->arena, netlink_bytes(own)),
			.prefix = info->ifa_prefixlen,
		    });
	return 0;
}

static int network_ask(struct network *network)
{
	NETLINK(netlink);
	int r = netlink_open(network->arena, &netlink, NETLINK_ROUTE);
	for (int attempt = 0; r == 0 && attempt < 5; attempt++) {
		network->interfaces.n = network->addresses.n = 0;
		struct nlmsghdr *request = netlink_request(&netlink, RTM_GETLINK);
		struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
		link->ifi_family = AF_UNSPEC;
		r = netlink_dump(&netlink, request, link_take, network);
		if (r == 0) {
			request = netlink_request(&netlink, RTM_GETADDR);
			mnl_nlmsg_put_extra_header(request, sizeof(struct ifaddrmsg));
			r = netlink_dump(&netlink, request, address_take, network);
		}
		if (r != -EINTR)
			return r;
		netlink_close(&netlink);
		r = netlink_open(network->arena, &netlink, NETLINK_ROUTE);
	}
	return r < 0 ? r : -EAGAIN;
}

/* ---- files ---- */

static struct str sys_value(struct scan *scan, struct str name, const char *file)
{
	struct str text;
	struct str path = arena_printf(scan_arena(scan), "sys/class/net/%.*s/%s", STR_ARG(name), file);
	return scan_file(scan, path.p, &text) < 0 ? STR_NONE : str_trim(text);
}

static int64_t sys_number(struct scan *scan, struct str name, const char *file, int base)
{
	struct str text = sys_value(scan, name, file);
	int64_t value;
	if (base == 16 && str_starts(text, "0x"))
		text = str_slice(text, 2, text.n);
	return str_to_int(text, base, &value) ? value : NONE;
}

static struct interface *interface_named(struct network *network, struct str name)
{
	for (size_t i = 0; i < network->interfaces.n; i++)
		if (str_eq(network->interfaces.p[i].name, name))
			return &network->interfaces.p[i];
	return NULL;
}

static bool hex_bytes(struct str text, unsigned char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t byte;
		if (text.n != 2 * n || !str_to_int(str_slice(text, 2 * i, 2 * i + 2), 16, &byte) || byte < 0)
			return false;
		out[i] = (unsigned char)byte;
	}
	return true;
}

/* proc/net/if_inet6: address, index, prefix, scope, flags (hexadecimal), name */
static void inet6_read(struct scan *scan, struct network *network)
{
	struct str rest, line;
	if (scan_file(scan, "proc/net/if_inet6", &rest) < 0)
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		unsigned char bytes[16];
		int64_t index, prefix, scope;
		struct str address = str_word(&line);
		if (!hex_bytes(address, bytes, sizeof(bytes)) || !str_to_int(str_word(&line), 16, &index) ||
		    !str_to_int(str_word(&line), 16, &prefix) || !str_to_int(str_word(&line), 16, &scope)) {
			if (address.n)
				scan_partial(scan, NOTE("{}:{}: not understood", STR("proc/net/if_inet6"),
				                        arena_printf(scan_arena(scan), "%ld", (long)number)));
			continue;
		}
		str_word(&line); /* flags */
		struct interface *interface = interface_named(network, str_word(&line));
		/* IPV6_ADDR_LOOPBACK 0x10, IPV6_ADDR_LINKLOCAL 0x20, IPV6_ADDR_SITELOCAL 0x40 (net/ipv6.h) */
		vec_push_in(network->arena, &network->addresses,
		            {
				.ifindex = interface ? interface->ifindex : index,
				.family = "ipv6",
				.scope = scope & 0x10   ? "host"
		                         : scope & 0x20 ? "link"
		                         : scope & 0x40 ? "site"
		                                        : "global",
				.text = address_text(network->arena, (struct str){ (char *)bytes, 16 }),
				.prefix = prefix,
			    });
	}
}

/* The connected route with the longest prefix that holds the address: its interface and prefix. */
static void connected_find(struct network *network, struct str routes, uint32_t address, struct address *out)
{
	struct str line;
	str_line(&routes, &line); /* headings */
	while (str_line(&routes, &line)) {
		struct str word[8];
		int64_t destination, gateway, mask;
		for (size_t i = 0; i < COUNT(word); i++)
			word[i] = str_word(&line);
		if (!str_to_int(word[1], 16, &destination) || !str_to_int(word[2], 16, &gateway) ||
		    !str_to_int(word[7], 16, &mask) || gateway || !mask)
			continue;
		int64_t prefix = __builtin_popcount((uint32_t)mask);
		struct interface *interface = interface_named(network, word[0]);
		/* The numbers are as in memory, so they compare with the address as in memory. */
		if (interface && (address & (uint32_t)mask) == (uint32_t)destination &&
		    (out->prefix == NONE || prefix > out->prefix)) {
			out->ifindex = interface->ifindex;
			out->prefix = prefix;
		}
	}
}

/* proc/net/fib_trie: "|-- 192.0.2.2" and, below it, "/32 host LOCAL" */
static void trie_read(struct scan *scan, struct network *network)
{
	struct str rest, line, routes = STR_NONE;
	struct in_addr current = { 0 };
	bool known = false;
	if (scan_file(scan, "proc/net/fib_trie", &rest) < 0)
		return;
	if (scan_file(scan, "proc/net/route", &routes) < 0)
		routes = STR("");
	size_t first = network->addresses.n;
	while (str_line(&rest, &line)) {
		struct str word = str_word(&line);
		if (str_is(word, "|--")) {
			const char *text = arena_cstr(scan_arena(scan), str_word(&line));
			known = inet_pton(AF_INET, text, &current) == 1;
			continue;
		}
		struct str scope = str_word(&line), type = str_word(&line);
		if (!known || !str_is(word, "/32") || !str_is(scope, "host") || !str_is(type, "LOCAL"))
			continue;
		known = false; /* the tries of several tables may name it again */
		struct address address = {
			.ifindex = NONE, .family = "ipv4", .scope = "global", .prefix = NONE
		};
		address.text = address_text(network->arena, (struct str){ (char *)&current, 4 });
		bool seen = false;
		for (size_t i = first; i < network->addresses.n; i++)
			seen |= str_eq(network->addresses.p[i].text, address.text);
		if (seen)
			continue;
		struct interface *loopback = interface_named(network, STR("lo"));
		if (ntohl(current.s_addr) >> 24 == 127 && loopback) {
			address.ifindex = loopback->ifindex;
			address.scope = "host";
			address.prefix = 8;
		} else {
			connected_find(network, routes, current.s_addr, &address);
			if (ntohl(current.s_addr) >> 16 == 0xa9fe)
				address.scope = "link"; /* 169.254/16, RFC 3927 */
		}
		vec_push_in(network->arena, &network->addresses, address);
	}
}

static int network_read(struct scan *scan, struct network *network)
{
	struct stat info;
	int r = root_stat(scan_root(scan), "sys/class/net", true, &info);
	if (r < 0)
		return scan_unavailable(
		    scan, NOTE("cannot read {}: {}", STR("sys/class/net"), str_from(err_words(r))));
	struct strings names = scan_list(scan, "sys/class/net");
	for (size_t i = 0; i < names.n; i++) {
		struct interface interface = { .name = names.p[i] };
		interface.ifindex = sys_number(scan, names.p[i], "ifindex", 10);
		if (interface.ifindex == NONE)
			continue; /* "bonding_masters" is a file of its own kind */
		interface.mtu = sys_number(scan, names.p[i], "mtu", 10);
		interface.flags = sys_number(scan, names.p[i], "flags", 16);
		if (interface.flags == NONE)
			interface.promisc = NONE;
		else
			interface.promisc = (interface.flags & IFF_PROMISC) != 0;
		struct str mac = sys_value(scan, names.p[i], "address");
		interface.mac = mac.n == 17 ? mac : STR_NONE;
		struct str state = sys_value(scan, names.p[i], "operstate");
		for (size_t s = 0; s < COUNT(states); s++)
			if (str_is(state, states[s]))
				interface.state = states[s];
		vec_push_in(network->arena, &network->interfaces, interface);
	}
	trie_read(scan, network);
	inet6_read(scan, network);
	return 0;
}

static int interfaces_scan(struct scan *scan, struct err *err)
{
	struct network network = { .arena = scan_arena(scan) };
	int r;
	if (scan_is_live(scan)) {
		r = network_ask(&network);
		if (r < 0)
			return scan_unavailable(scan, NOTE("cannot ask the kernel ({}): {}", STR("rtnetlink"),
			                                   str_from(err_words(r))));
	} else {
		r = network_read(scan, &network);
		if (r < 0)
			return r;
	}
	bool *used = ARENA_ARRAY(scan_arena(scan), bool, network.addresses.n + 1);
	for (size_t i = 0; i < network.interfaces.n; i++) {
		const struct interface *in = &network.interfaces.p[i];
		struct str flags = flags_text(scan_arena(scan), in->flags);
		bool any = false;
		for (size_t a = 0; a < network.addresses.n; a++) {
			const struct address *address = &network.addresses.p[a];
			if (address->ifindex != in->ifindex)
				continue;
			any = used[a] = true;
			r = scan_row(scan,
			             ROW(in->name, in->ifindex, in->mac, in->mtu, flags, in->promisc,
			                 in->state, address->family, address->text, address->prefix,
			                 address->scope),
			             err);
			if (r < 0)
				return r;
		}
		const char *none = NULL;
		if (any)
			continue;
		r = scan_row(scan,
		             ROW(in->name, in->ifindex, in->mac, in->mtu, flags, in->promisc, in->state, none,
		                 none, NONE, none),
		             err);
		if (r < 0)
			return r;
	}
	for (size_t a = 0; a < network.addresses.n; a++) {
		const struct address *address = &network.addresses.p[a];
		const char *none = NULL;
		if (used[a])
			continue;
		r = scan_row(scan,
		             ROW(none, address->ifindex, none, NONE, none, NONE, none, address->family,
		                 address->text, address->prefix, address->scope),
		             err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_interfaces = {
	.name = "interfaces",
	.doc = "Network interfaces of this network namespace, one row for each address",
	.sources = { "proc/net/if_inet6", "proc/net/fib_trie", "proc/net/route", "sys/class/net/eth0/flags",
	             "netlink: rtnetlink" },
	.scan = interfaces_scan,
	.columns = {
		{ "name", TEXT, "interface name; NULL when files do not tell whose address it is" },
		{ "ifindex", INT, "number of the interface; NULL as for name" },
		{ "mac", TEXT, "hardware address, lower case, colon-separated; NULL when it has no 6-byte one" },
		{ "mtu", INT, "largest packet, bytes; NULL when not known" },
		{ "flags", TEXT, "kernel flags separated by commas, such as UP,BROADCAST,RUNNING; NULL when not "
		                "known; RUNNING and LOWER_UP are seen on the running system only" },
		{ "promisc", INT, "1 when it receives packets meant for others (a capture, or a bridge's port), "
		                  "else 0; NULL when not known" },
		{ "state", TEXT, "operational state: up, down, unknown, dormant …; NULL when not known" },
		{ "family", TEXT, "ipv4 or ipv6; NULL when the interface has no address" },
		{ "address", TEXT, "address; NULL when the interface has none" },
		{ "prefix", INT, "length of the network part, bits; NULL without an address or when not known" },
		{ "scope", TEXT, "global, site, link or host; NULL without an address" },
	},
};
