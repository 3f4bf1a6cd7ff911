/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * routes: where packets are sent. The running kernel is asked by rtnetlink for all its tables; files
 * (proc/net/route, proc/net/ipv6_route) tell the main table of IPv4, with the first next hop only, and all
 * tables of IPv6.
 */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/vec.h"
#include "fact/scan.h"
#include "fact/tables/netlink.h"

struct route {
	bool ipv6;
	struct str destination, gateway, source, interface;
	int64_t prefix, metric, table, ifindex;
	const char *type;
};

struct routes {
	struct arena *arena;
	VEC(struct route) list;
	VEC(struct str) names; /* by ifindex, up to NAMES_LIMIT */
};

enum { NAMES_LIMIT = 1 << 20 };

static const char *const types[] = { "unspecified", "unicast",   "local",     "broadcast",
	                             "anycast",     "multicast", "blackhole", "unreachable",
	                             "prohibit",    "throw",     "nat",       "xresolve" };

static int name_take(const struct nlmsghdr *message, void *ctx)
{
	struct routes *routes = ctx;
	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct ifinfomsg))
		return 0;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct nlattrs attrs;
	netlink_attrs(message, sizeof(*info), &attrs);
	if (info->ifi_index < 0 || info->ifi_index > NAMES_LIMIT)
		return 0;
	while (routes->names.n <= (size_t)info->ifi_index)
		vec_push_in(routes->arena, &routes->names, STR_NONE);
	routes->names.p[info->ifi_index] = arena_str(routes->arena, netlink_text(attrs.at[IFLA_IFNAME]));
	return 0;
}

static struct str gateway_text(struct arena *arena, const struct nlattr *gateway, const struct nlattr *via)
{
	struct str bytes = netlink_bytes(gateway);
	if (!bytes.p && via) {
		/* struct rtvia: family (2 bytes), address: an IPv4 route by an IPv6 neighbour */
		bytes = netlink_bytes(via);
		bytes = str_slice(bytes, 2, bytes.n);
	}
	return address_text(arena, bytes);
}

static void multipath_take(struct routes *routes, struct route route, const struct nlattr *multipath)
{
	struct str rest = netlink_bytes(multipath);
	while (rest.n >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;
		memcpy(&hop, rest.p, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > rest.n)
			return;
		const struct nlattr *gateway = NULL, *via = NULL, *attr;
		mnl_attr_for_each_payload((const void *)(rest.p + sizeof(hop)), hop.rtnh_len - sizeof(hop))
		{
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				gateway = attr;
			if (mnl_attr_get_type(attr) == RTA_VIA)
				via = attr;
		}
		route.gateway = gateway_text(routes->arena, gateway, via);
		route.ifindex = hop.rtnh_ifindex;
		vec_push_in(routes->arena, &routes->list, route);
		rest = str_slice(rest, RTNH_ALIGN(hop.rtnh_len), rest.n);
	}
}

static int route_take(const struct nlmsghdr *message, void *ctx)
{
	struct routes *routes = ctx;
	if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(struct rtmsg))
		return 0;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) || info->rtm_flags & RTM_F_CLONED)
		return 0;
	struct nlattrs attrs;
	netlink_attrs(message, sizeof(*info), &attrs);
	bool ipv6 = info->rtm_family == AF_INET6;
	struct route route = {
		.ipv6 = ipv6,
		.destination = address_text(routes->arena, netlink_bytes(attrs.at[RTA_DST])),
		.prefix = info->rtm_dst_len,
		.source = address_text(routes->arena, netlink_bytes(attrs.at[RTA_PREFSRC])),
		.metric = netlink_u32(attrs.at[RTA_PRIORITY], 0),
		.table = netlink_u32(attrs.at[RTA_TABLE], info->rtm_table),
		.ifindex = netlink_u32(attrs.at[RTA_OIF], 0),
		.gateway = gateway_text(routes->arena, attrs.at[RTA_GATEWAY], attrs.at[RTA_VIA]),
		.type = info->rtm_type < COUNT(types) ? types[info->rtm_type] : NULL,
	};
	if (!route.destination.p)
		route.destination = ipv6 ? STR("::") : STR("0.0.0.0");
	if (attrs.at[RTA_MULTIPATH])
		multipath_take(routes, route, attrs.at[RTA_MULTIPATH]);
	else
		vec_push_in(routes->arena, &routes->list, route);
	return 0;
}

static int routes_ask(struct routes *routes)
{
	int r = -EINTR;
	for (int attempt = 0; r == -EINTR && attempt < 5; attempt++) {
		NETLINK(netlink);
		routes->list.n = routes->names.n = 0;
		r = netlink_open(routes->arena, &netlink, NETLINK_ROUTE);
		if (r < 0)
			return r;
		struct nlmsghdr *request = netlink_request(&netlink, RTM_GETLINK);
		mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
		r = netlink_dump(&netlink, request, name_take, routes);
		for (size_t i = 0; r == 0 && i < 2; i++) {
			request = netlink_request(&netlink, RTM_GETROUTE);
			struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
			route->rtm_family = i ? AF_INET6 : AF_INET;
			r = netlink_dump(&netlink, request, route_take, routes);
			if (r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
				r = 0; /* a kernel without IPv6 */
		}
	}
	for (size_t i = 0; i < routes->list.n; i++) {
		struct route *route = &routes->list.p[i];
		if (route->ifindex > 0 && (size_t)route->ifindex < routes->names.n)
			route->interface = routes->names.p[route->ifindex];
	}
	return r;
}

/* ---- files ---- */

static void not_understood(struct scan *scan, const char *path, size_t line)
{
	scan_partial(
	    scan, NOTE("{}:{}: not understood", str_from(path), arena_printf(scan_arena(scan), "%zu", line)));
}

enum { RTF_REJECT_BIT = 0x0200, RTF_ANYCAST_BIT = 0x00100000 }; /* linux/route.h, linux/ipv6_route.h */
static const int64_t RTF_LOCAL_BIT = 0x80000000;

static struct str memory_address(struct arena *arena, int64_t value)
{
	uint32_t word = (uint32_t)value;
	return address_text(arena, (struct str){ (char *)&word, 4 });
}

static void route4_read(struct scan *scan, struct routes *routes, struct str rest)
{
	struct str line;
	str_line(&rest, &line); /* headings */
	for (size_t number = 2; str_line(&rest, &line); number++) {
		struct str word[8];
		int64_t destination, gateway, flags, metric, mask;
		for (size_t i = 0; i < COUNT(word); i++)
			word[i] = str_word(&line);
		if (!word[0].n)
			continue;
		if (!str_to_int(word[1], 16, &destination) || !str_to_int(word[2], 16, &gateway) ||
		    !str_to_int(word[3], 16, &flags) || !str_to_int(word[6], 10, &metric) ||
		    !str_to_int(word[7], 16, &mask)) {
			not_understood(scan, "proc/net/route", number);
			continue;
		}
		vec_push_in(routes->arena, &routes->list,
		            {
				.destination = memory_address(routes->arena, destination),
				.prefix = __builtin_popcount((uint32_t)mask),
				.gateway = gateway ? memory_address(routes->arena, gateway) : STR_NONE,
				.interface = str_is(word[0], "*") ? STR_NONE : word[0],
				.metric = metric,
				.table = RT_TABLE_MAIN,
				.type = flags & RTF_REJECT_BIT ? "unreachable" : "unicast",
			    });
	}
}

static struct str hex_address(struct arena *arena, struct str text)
{
	unsigned char bytes[16];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		int64_t byte;
		if (text.n != 32 || !str_to_int(str_slice(text, 2 * i, 2 * i + 2), 16, &byte) || byte < 0)
			return STR_NONE;
		bytes[i] = (unsigned char)byte;
	}
	return address_text(arena, (struct str){ (char *)bytes, sizeof(bytes) });
}

/* proc/net/ipv6_route: destination, its length, source, its length, next hop, metric, use, references,
 * flags, device */
static void route6_read(struct scan *scan, struct routes *routes, struct str rest)
{
	struct str line;
	for (size_t number = 1; str_line(&rest, &line); number++) {
		struct str word[10];
		int64_t prefix, metric, flags;
		for (size_t i = 0; i < COUNT(word); i++)
			word[i] = str_word(&line);
		if (!word[0].n)
			continue;
		struct str destination = hex_address(routes->arena, word[0]);
		struct str gateway = hex_address(routes->arena, word[4]);
		if (!destination.p || !gateway.p || !str_to_int(word[1], 16, &prefix) ||
		    !str_to_int(word[5], 16, &metric) || !str_to_int(word[8], 16, &flags)) {
			not_understood(scan, "proc/net/ipv6_route", number);
			continue;
		}
		if (prefix == 0 && metric == 0xffffffff && flags & RTF_REJECT_BIT)
			continue; /* the kernel's own end of the list, ip6_null_entry */
		vec_push_in(routes->arena, &routes->list,
		            {
				.ipv6 = true,
				.destination = destination,
				.prefix = prefix,
				.gateway = str_is(gateway, "::") ? STR_NONE : gateway,
				.interface = word[9],
				.metric = metric,
				.table = NONE,
				.type = flags & RTF_LOCAL_BIT       ? "local"
		                        : flags & RTF_ANYCAST_BIT   ? "anycast"
		                        : flags & RTF_REJECT_BIT    ? "unreachable"
		                        : str_starts(word[0], "ff") ? "multicast"
		                                                    : "unicast",
			    });
	}
}

static int routes_scan(struct scan *scan, struct err *err)
{
	struct routes routes = { .arena = scan_arena(scan) };
	struct str text;
	int r;
	if (scan_is_live(scan)) {
		r = routes_ask(&routes);
		if (r < 0)
			return scan_unavailable(scan, NOTE("cannot ask the kernel ({}): {}", STR("rtnetlink"),
			                                   str_from(err_words(r))));
	} else {
		r = scan_source(scan, "proc/net/route", &text, err);
		if (r < 0)
			return r;
		route4_read(scan, &routes, text);
		if (scan_file(scan, "proc/net/ipv6_route", &text) == 0)
			route6_read(scan, &routes, text);
	}
	for (size_t i = 0; i < routes.list.n; i++) {
		const struct route *route = &routes.list.p[i];
		r = scan_row(scan,
		             ROW(route->destination, route->prefix, route->gateway, route->source,
		                 route->interface, route->metric, route->type, route->table,
		                 route->ipv6 ? "ipv6" : "ipv4"),
		             err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_routes = {
	.name = "routes",
	.doc = "Routes of this network namespace, one row for each next hop",
	.sources = { "proc/net/route", "proc/net/ipv6_route", "netlink: rtnetlink" },
	.scan = routes_scan,
	.columns = {
		{ "destination", TEXT, "network address; 0.0.0.0 or :: with prefix 0 is the default route" },
		{ "prefix", INT, "length of the network part, bits" },
		{ "gateway", TEXT, "address of the next hop; NULL when the network is reached directly" },
		{ "source", TEXT, "preferred own address; NULL when none is set or not known" },
		{ "interface", TEXT, "interface that packets leave by; NULL when they leave by none" },
		{ "metric", INT, "priority, the smaller wins" },
		{ "type", TEXT, "unicast, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, throw" },
		{ "table_id", INT, "number of the routing table (254 main, 255 local); NULL when not known" },
		{ "family", TEXT, "ipv4 or ipv6" },
	},
};
