/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/xt_text.h"

#include <arpa/inet.h>

#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter/nf_nat.h>

#include "fact/tables/nft_value.h"

/* A copy of the structure when the bytes are enough for it. */
#define TAKE_STRUCT(info, out)                                                                               \
	((info).n >= sizeof(out) ? (memcpy(&(out), (info).p, sizeof(out)), true) : false)

static void space(struct buf *out, size_t start)
{
	if (out->n > start)
		buf_add_char(out, ' ');
}

static void ports_add(struct buf *out, size_t start, const char *name, const uint16_t ports[2], bool invert)
{
	if (ports[0] == 0 && ports[1] == 0xffff && !invert)
		return;
	space(out, start);
	buf_printf(out, "%s %s%u", name, invert ? "!= " : "", ports[0]);
	if (ports[1] != ports[0])
		buf_printf(out, "-%u", ports[1]);
}

static bool tcp_add(struct buf *out, struct str info)
{
	struct xt_tcp tcp;
	size_t start = out->n;
	if (!TAKE_STRUCT(info, tcp))
		return false;
	ports_add(out, start, "tcp sport", tcp.spts, tcp.invflags & XT_TCP_INV_SRCPT);
	ports_add(out, start, "tcp dport", tcp.dpts, tcp.invflags & XT_TCP_INV_DSTPT);
	if (tcp.flg_mask) {
		char mask = (char)tcp.flg_mask, compare = (char)tcp.flg_cmp;
		space(out, start);
		buf_puts(out, tcp.invflags & XT_TCP_INV_FLAGS ? "tcp flags != " : "tcp flags ");
		nft_value_add(out, NFT_KIND_TCP_FLAGS, (struct str){ &compare, 1 }, true);
		buf_puts(out, " / ");
		nft_value_add(out, NFT_KIND_TCP_FLAGS, (struct str){ &mask, 1 }, true);
	}
	if (out->n == start)
		buf_puts(out, "meta l4proto tcp");
	return true;
}

static bool udp_add(struct buf *out, struct str info)
{
	struct xt_udp udp;
	size_t start = out->n;
	if (!TAKE_STRUCT(info, udp))
		return false;
	ports_add(out, start, "udp sport", udp.spts, udp.invflags & XT_UDP_INV_SRCPT);
	ports_add(out, start, "udp dport", udp.dpts, udp.invflags & XT_UDP_INV_DSTPT);
	if (out->n == start)
		buf_puts(out, "meta l4proto udp");
	return true;
}

static bool multiport_add(struct buf *out, int64_t revision, struct str info, int64_t transport)
{
	struct xt_multiport_v1 ports;
	static const char *const names[] = { "sport", "dport", "port" };
	if (revision != 1 || !TAKE_STRUCT(info, ports) || ports.flags > XT_MULTIPORT_EITHER ||
	    ports.count > XT_MULTI_PORTS)
		return false;
	const char *protocol =
	    transport == IPPROTO_TCP || transport == IPPROTO_UDP || transport == IPPROTO_SCTP
		? nft_protocol_name(transport)
		: "th";
	buf_printf(out, "%s %s %s{ ", protocol, names[ports.flags], ports.invert ? "!= " : "");
	for (size_t i = 0; i < ports.count; i++) {
		bool range = ports.pflags[i] && i + 1 < ports.count;
		buf_printf(out, "%s%u", i ? ", " : "", ports.ports[i]);
		if (range)
			buf_printf(out, "-%u", ports.ports[++i]);
	}
	buf_puts(out, " }");
	return true;
}

static void states_add(struct buf *out, unsigned mask, bool invert)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ XT_CONNTRACK_STATE_INVALID, "invalid" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED), "established" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_RELATED), "related" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_NEW), "new" },
		{ XT_CONNTRACK_STATE_UNTRACKED, "untracked" },
		{ XT_CONNTRACK_STATE_SNAT, "snat" },
		{ XT_CONNTRACK_STATE_DNAT, "dnat" },
	};
	bool first = true;
	buf_puts(out, invert ? "ct state ! " : "ct state ");
	for (size_t i = 0; i < COUNT(names); i++)
		if (mask & names[i].bit) {
			buf_printf(out, "%s%s", first ? "" : ",", names[i].name);
			first = false;
		}
}

static bool conntrack_add(struct buf *out, int64_t revision, struct str info)
{
	struct xt_conntrack_mtinfo3 three; /* revisions 1 to 3 begin alike but for two sizes */
	struct xt_conntrack_mtinfo1 one;
	unsigned match, invert, mask;
	if (revision == 1) {
		if (!TAKE_STRUCT(info, one))
			return false;
		match = one.match_flags, invert = one.invert_flags, mask = one.state_mask;
	} else {
		/* Revision 2 ends before the port ranges of revision 3. */
		if (revision != 2 && revision != 3)
			return false;
		memset(&three, 0, sizeof(three));
		if (info.n < sizeof(struct xt_conntrack_mtinfo2))
			return false;
		memcpy(&three, info.p, MIN(info.n, sizeof(three)));
		match = three.match_flags, invert = three.invert_flags, mask = three.state_mask;
	}
	if ((match & ~(unsigned)XT_CONNTRACK_STATE_ALIAS) != XT_CONNTRACK_STATE)
		return false;
	states_add(out, mask, invert & XT_CONNTRACK_STATE);
	return true;
}

static bool limit_add(struct buf *out, struct str info)
{
	struct xt_rateinfo rate;
	static const struct {
		unsigned factor;
		const char *name;
	} units[] = { { 1, "second" }, { 60, "minute" }, { 3600, "hour" }, { 86400, "day" } };
	if (!TAKE_STRUCT(info, rate) || !rate.avg)
		return false;
	/* avg is the mean distance of two packets in units of 1/XT_LIMIT_SCALE seconds. */
	size_t i = 0;
	while (i + 1 < COUNT(units) && (uint64_t)XT_LIMIT_SCALE * units[i].factor / rate.avg == 0)
		i++;
	uint64_t per = (uint64_t)XT_LIMIT_SCALE * units[i].factor;
	buf_printf(out, "limit rate %llu/%s burst %u packets",
	           (unsigned long long)((per + rate.avg / 2) / rate.avg), units[i].name, rate.burst);
	return true;
}

static bool mark_add(struct buf *out, int64_t revision, struct str info)
{
	struct xt_mark_mtinfo1 mark;
	if (revision != 1 || !TAKE_STRUCT(info, mark))
		return false;
	buf_puts(out, "meta mark ");
	if (mark.mask != 0xffffffff)
		buf_printf(out, "& 0x%08x %s", mark.mask, mark.invert ? "" : "== ");
	buf_printf(out, "%s0x%08x", mark.invert ? "!= " : "", mark.mark);
	return true;
}

/* struct ipt_icmp: type, lowest and highest code, flags. Its header does not go with others. */
static bool icmp_add(struct buf *out, struct str info, bool six)
{
	if (info.n < 4)
		return false;
	unsigned char type = (unsigned char)info.p[0], low = (unsigned char)info.p[1],
		      high = (unsigned char)info.p[2];
	bool invert = info.p[3] & 1;
	if (type == 255 && !six) {
		buf_puts(out, "meta l4proto icmp");
		return true;
	}
	buf_printf(out, "%s type %s", six ? "icmpv6" : "icmp", invert ? "!= " : "");
	nft_value_add(out, six ? NFT_KIND_ICMP6 : NFT_KIND_ICMP, str_slice(info, 0, 1), true);
	if (low || high != 255)
		buf_printf(out, " %s code %u-%u", six ? "icmpv6" : "icmp", low, high);
	return true;
}

static bool addrtype_add(struct buf *out, int64_t revision, struct str info)
{
	struct xt_addrtype_info_v1 type;
	/* Bit n is the RTN_* number n of linux/rtnetlink.h. */
	if (revision != 1 || !TAKE_STRUCT(info, type) || !type.source == !type.dest)
		return false;
	unsigned mask = type.source ? type.source : type.dest;
	if (mask & (mask - 1))
		return false;
	uint32_t number = (uint32_t)__builtin_ctz(mask);
	unsigned inverts = type.source ? XT_ADDRTYPE_INVERT_SOURCE : XT_ADDRTYPE_INVERT_DEST;
	buf_printf(out, "fib %s type %s", type.source ? "saddr" : "daddr", type.flags & inverts ? "!= " : "");
	nft_value_add(out, NFT_KIND_ADDRESS_TYPE, (struct str){ (char *)&number, 4 }, false);
	return true;
}

static bool comment_add(struct buf *out, struct str info)
{
	struct str text = str_slice(info, 0, XT_MAX_COMMENT_LEN);
	text = str_cut(&text, '\0');
	buf_printf(out, "comment \"%.*s\"", STR_ARG(text));
	return true;
}

void xt_match_text(struct buf *out, struct str name, int64_t revision, struct str info, int64_t transport)
{
	struct xt_state_info state;
	bool known = false;
	if (str_is(name, "tcp"))
		known = tcp_add(out, info);
	else if (str_is(name, "udp"))
		known = udp_add(out, info);
	else if (str_is(name, "multiport"))
		known = multiport_add(out, revision, info, transport);
	else if (str_is(name, "conntrack"))
		known = conntrack_add(out, revision, info);
	else if (str_is(name, "limit"))
		known = limit_add(out, info);
	else if (str_is(name, "mark"))
		known = mark_add(out, revision, info);
	else if (str_is(name, "icmp") || str_is(name, "icmp6"))
		known = icmp_add(out, info, name.n == 5);
	else if (str_is(name, "addrtype"))
		known = addrtype_add(out, revision, info);
	else if (str_is(name, "comment"))
		known = comment_add(out, info);
	else if (str_is(name, "state") && TAKE_STRUCT(info, state)) {
		states_add(out, state.statemask, false);
		known = true;
	}
	if (!known)
		buf_printf(out, "xt match \"%.*s\"", STR_ARG(name));
}

/* The port and address of DNAT and SNAT: the first range of nf_nat_ipv4_multi_range_compat, or
 * nf_nat_range2. */
static bool nat_add(struct buf *out, const char *word, int64_t revision, struct str info, bool ipv6)
{
	char text[INET6_ADDRSTRLEN];
	struct nf_nat_range2 range;
	struct nf_nat_ipv4_multi_range_compat old;
	unsigned flags;
	const void *low, *high;
	uint16_t port, last;
	if (revision >= 1 || ipv6) {
		memset(&range, 0, sizeof(range));
		if (info.n < sizeof(struct nf_nat_range))
			return false;
		memcpy(&range, info.p, MIN(info.n, sizeof(range)));
		flags = range.flags;
		low = &range.min_addr, high = &range.max_addr;
		port = range.min_proto.all, last = range.max_proto.all;
	} else {
		if (!TAKE_STRUCT(info, old) || old.rangesize != 1)
			return false;
		flags = old.range[0].flags;
		low = &old.range[0].min_ip, high = &old.range[0].max_ip;
		port = old.range[0].min.all, last = old.range[0].max.all;
	}
	buf_puts(out, word);
	if (flags & (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED))
		buf_puts(out, " to ");
	if (flags & NF_NAT_RANGE_MAP_IPS) {
		bool bracket = ipv6 && flags & NF_NAT_RANGE_PROTO_SPECIFIED;
		inet_ntop(ipv6 ? AF_INET6 : AF_INET, low, text, sizeof(text));
		buf_printf(out, "%s%s%s", bracket ? "[" : "", text, bracket ? "]" : "");
		if (memcmp(low, high, ipv6 ? 16 : 4) != 0) {
			inet_ntop(ipv6 ? AF_INET6 : AF_INET, high, text, sizeof(text));
			buf_printf(out, "-%s", text);
		}
	}
	if (flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		buf_printf(out, ":%u", ntohs(port));
		if (last != port)
			buf_printf(out, "-%u", ntohs(last));
	}
	return true;
}

/* The first word of ipt_reject_info and ip6t_reject_info: enum ipt_reject_with, ip6t_reject_with */
static bool reject_add(struct buf *out, struct str info, bool ipv6)
{
	static const char *const four[] = { "icmp net-unreachable",  "icmp host-unreachable",
		                            "icmp prot-unreachable", "",
		                            "icmp echo-reply",       "icmp net-prohibited",
		                            "icmp host-prohibited",  "tcp reset",
		                            "icmp admin-prohibited" };
	static const char *const six[] = { "icmpv6 no-route",
		                           "icmpv6 admin-prohibited",
		                           "icmpv6 not-neighbour",
		                           "icmpv6 addr-unreachable",
		                           "",
		                           "icmpv6 echo-reply",
		                           "tcp reset",
		                           "icmpv6 policy-fail",
		                           "icmpv6 reject-route" };
	uint32_t with;
	if (!TAKE_STRUCT(info, with) || with >= (ipv6 ? COUNT(six) : COUNT(four)))
		return false;
	const char *words = ipv6 ? six[with] : four[with];
	buf_printf(out, "reject%s%s", *words ? " with " : "", words);
	return true;
}

static bool log_add(struct buf *out, struct str info)
{
	static const char *const levels[] = { "emerg", "alert",  "crit", "err",
		                              "warn",  "notice", "info", "debug" };
	struct xt_log_info log;
	if (!TAKE_STRUCT(info, log))
		return false;
	struct str prefix = { log.prefix, sizeof(log.prefix) };
	prefix = str_cut(&prefix, '\0');
	buf_puts(out, "log");
	if (prefix.n)
		buf_printf(out, " prefix \"%.*s\"", STR_ARG(prefix));
	if (log.level < COUNT(levels) && log.level != 4)
		buf_printf(out, " level %s", levels[log.level]);
	return true;
}

void xt_target_text(struct buf *out, struct str name, int64_t revision, struct str info, bool ipv6)
{
	bool known = false;
	if (str_is(name, "REJECT"))
		known = reject_add(out, info, ipv6);
	else if (str_is(name, "LOG"))
		known = log_add(out, info);
	else if (str_is(name, "DNAT"))
		known = nat_add(out, "dnat", revision, info, ipv6);
	else if (str_is(name, "SNAT"))
		known = nat_add(out, "snat", revision, info, ipv6);
	else if (str_is(name, "MASQUERADE"))
		known = nat_add(out, "masquerade", revision, info, ipv6);
	else if (str_is(name, "REDIRECT"))
		known = nat_add(out, "redirect", revision, info, ipv6);
	if (!known)
		buf_printf(out, "xt target \"%.*s\"", STR_ARG(name));
}
