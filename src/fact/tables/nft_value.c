/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/nft_value.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

static const struct nft_field meta_fields[] = {
	[NFT_META_LEN] = { "meta length", NFT_KIND_HOST },
	[NFT_META_PROTOCOL] = { "meta protocol", NFT_KIND_ETHERTYPE },
	[NFT_META_PRIORITY] = { "meta priority", NFT_KIND_MARK },
	[NFT_META_MARK] = { "meta mark", NFT_KIND_MARK },
	[NFT_META_IIF] = { "iif", NFT_KIND_IFINDEX },
	[NFT_META_OIF] = { "oif", NFT_KIND_IFINDEX },
	[NFT_META_IIFNAME] = { "iifname", NFT_KIND_NAME },
	[NFT_META_OIFNAME] = { "oifname", NFT_KIND_NAME },
	[NFT_META_IIFTYPE] = { "iiftype", NFT_KIND_HOST },
	[NFT_META_OIFTYPE] = { "oiftype", NFT_KIND_HOST },
	[NFT_META_SKUID] = { "meta skuid", NFT_KIND_HOST },
	[NFT_META_SKGID] = { "meta skgid", NFT_KIND_HOST },
	[NFT_META_NFTRACE] = { "meta nftrace", NFT_KIND_NUMBER },
	[NFT_META_RTCLASSID] = { "rtclassid", NFT_KIND_HOST },
	[NFT_META_NFPROTO] = { "meta nfproto", NFT_KIND_NFPROTO },
	[NFT_META_L4PROTO] = { "meta l4proto", NFT_KIND_PROTOCOL },
	[NFT_META_BRI_IIFNAME] = { "meta ibrname", NFT_KIND_NAME },
	[NFT_META_BRI_OIFNAME] = { "meta obrname", NFT_KIND_NAME },
	[NFT_META_PKTTYPE] = { "meta pkttype", NFT_KIND_PACKET_TYPE },
	[NFT_META_CPU] = { "meta cpu", NFT_KIND_HOST },
	[NFT_META_IIFGROUP] = { "iifgroup", NFT_KIND_HOST },
	[NFT_META_OIFGROUP] = { "oifgroup", NFT_KIND_HOST },
	[NFT_META_CGROUP] = { "meta cgroup", NFT_KIND_HOST },
	[NFT_META_IIFKIND] = { "meta iifkind", NFT_KIND_NAME },
	[NFT_META_OIFKIND] = { "meta oifkind", NFT_KIND_NAME },
	[NFT_META_SDIFNAME] = { "meta sdifname", NFT_KIND_NAME },
};

static const struct nft_field ct_fields[] = {
	[NFT_CT_STATE] = { "ct state", NFT_KIND_STATE },
	[NFT_CT_DIRECTION] = { "ct direction", NFT_KIND_DIRECTION },
	[NFT_CT_STATUS] = { "ct status", NFT_KIND_STATUS },
	[NFT_CT_MARK] = { "ct mark", NFT_KIND_MARK },
	[NFT_CT_EXPIRATION] = { "ct expiration", NFT_KIND_HOST },
	[NFT_CT_HELPER] = { "ct helper", NFT_KIND_NAME },
	[NFT_CT_L3PROTOCOL] = { "ct l3proto", NFT_KIND_NFPROTO },
	[NFT_CT_PROTOCOL] = { "ct protocol", NFT_KIND_PROTOCOL },
	[NFT_CT_PROTO_SRC] = { "ct proto-src", NFT_KIND_NUMBER },
	[NFT_CT_PROTO_DST] = { "ct proto-dst", NFT_KIND_NUMBER },
	[NFT_CT_PKTS] = { "ct packets", NFT_KIND_HOST },
	[NFT_CT_BYTES] = { "ct bytes", NFT_KIND_HOST },
	[NFT_CT_ZONE] = { "ct zone", NFT_KIND_HOST },
	[NFT_CT_SRC] = { "ct saddr", NFT_KIND_ADDRESS },
	[NFT_CT_DST] = { "ct daddr", NFT_KIND_ADDRESS },
	[NFT_CT_SRC_IP] = { "ct ip saddr", NFT_KIND_ADDRESS },
	[NFT_CT_DST_IP] = { "ct ip daddr", NFT_KIND_ADDRESS },
	[NFT_CT_SRC_IP6] = { "ct ip6 saddr", NFT_KIND_ADDRESS },
	[NFT_CT_DST_IP6] = { "ct ip6 daddr", NFT_KIND_ADDRESS },
};

/* Header layouts: RFC 791, 8200, 9293, 768, 792, 4443, IEEE 802.3 */
static const struct nft_field ether_fields[] = {
	{ "ether daddr", NFT_KIND_MAC, 0, 6 },
	{ "ether saddr", NFT_KIND_MAC, 6, 6 },
	{ "ether type", NFT_KIND_ETHERTYPE, 12, 2 },
	{ 0 },
};
static const struct nft_field ip_fields[] = {
	{ "ip length", NFT_KIND_NUMBER, 2, 2 },     { "ip id", NFT_KIND_NUMBER, 4, 2 },
	{ "ip frag-off", NFT_KIND_NUMBER, 6, 2 },   { "ip ttl", NFT_KIND_NUMBER, 8, 1 },
	{ "ip protocol", NFT_KIND_PROTOCOL, 9, 1 }, { "ip saddr", NFT_KIND_ADDRESS, 12, 4 },
	{ "ip daddr", NFT_KIND_ADDRESS, 16, 4 },    { 0 },
};
static const struct nft_field ip6_fields[] = {
	{ "ip6 length", NFT_KIND_NUMBER, 4, 2 },   { "ip6 nexthdr", NFT_KIND_PROTOCOL, 6, 1 },
	{ "ip6 hoplimit", NFT_KIND_NUMBER, 7, 1 }, { "ip6 saddr", NFT_KIND_ADDRESS, 8, 16 },
	{ "ip6 daddr", NFT_KIND_ADDRESS, 24, 16 }, { 0 },
};
static const struct nft_field arp_fields[] = {
	/* RFC 826 */
	{ "arp htype", NFT_KIND_NUMBER, 0, 2 },  { "arp ptype", NFT_KIND_ETHERTYPE, 2, 2 },
	{ "arp hlen", NFT_KIND_NUMBER, 4, 1 },   { "arp plen", NFT_KIND_NUMBER, 5, 1 },
	{ "arp operation", NFT_KIND_ARP, 6, 2 }, { 0 },
};
static const struct nft_field tcp_fields[] = {
	{ "tcp sport", NFT_KIND_NUMBER, 0, 2 },
	{ "tcp dport", NFT_KIND_NUMBER, 2, 2 },
	{ "tcp flags", NFT_KIND_TCP_FLAGS, 13, 1 },
	{ "tcp window", NFT_KIND_NUMBER, 14, 2 },
	{ 0 },
};
static const struct nft_field udp_fields[] = {
	{ "udp sport", NFT_KIND_NUMBER, 0, 2 },
	{ "udp dport", NFT_KIND_NUMBER, 2, 2 },
	{ "udp length", NFT_KIND_NUMBER, 4, 2 },
	{ 0 },
};
static const struct nft_field sctp_fields[] = {
	{ "sctp sport", NFT_KIND_NUMBER, 0, 2 },
	{ "sctp dport", NFT_KIND_NUMBER, 2, 2 },
	{ 0 },
};
static const struct nft_field any_fields[] = {
	{ "th sport", NFT_KIND_NUMBER, 0, 2 },
	{ "th dport", NFT_KIND_NUMBER, 2, 2 },
	{ 0 },
};
static const struct nft_field icmp_fields[] = {
	{ "icmp type", NFT_KIND_ICMP, 0, 1 },
	{ "icmp code", NFT_KIND_NUMBER, 1, 1 },
	{ 0 },
};
static const struct nft_field icmp6_fields[] = {
	{ "icmpv6 type", NFT_KIND_ICMP6, 0, 1 },
	{ "icmpv6 code", NFT_KIND_NUMBER, 1, 1 },
	{ 0 },
};

const struct nft_field *nft_meta_field(int64_t key)
{
	return key >= 0 && key < (int64_t)COUNT(meta_fields) && meta_fields[key].name ? &meta_fields[key]
	                                                                              : NULL;
}

const struct nft_field *nft_ct_field(int64_t key)
{
	return key >= 0 && key < (int64_t)COUNT(ct_fields) && ct_fields[key].name ? &ct_fields[key] : NULL;
}

const struct nft_field *nft_payload_field(int64_t base, int64_t network, int64_t transport, int64_t offset)
{
	const struct nft_field *fields = NULL;
	if (base == NFT_PAYLOAD_LL_HEADER)
		fields = ether_fields;
	else if (base == NFT_PAYLOAD_NETWORK_HEADER)
		fields = network == NFPROTO_IPV4   ? ip_fields
		         : network == NFPROTO_IPV6 ? ip6_fields
		         : network == NFPROTO_ARP  ? arp_fields
		                                   : NULL;
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		fields = transport == IPPROTO_TCP      ? tcp_fields
		         : transport == IPPROTO_UDP    ? udp_fields
		         : transport == IPPROTO_SCTP   ? sctp_fields
		         : transport == IPPROTO_ICMP   ? icmp_fields
		         : transport == IPPROTO_ICMPV6 ? icmp6_fields
		                                       : any_fields;
	for (; fields && fields->name; fields++)
		if (fields->offset == offset)
			return fields;
	return NULL;
}

struct word {
	int64_t number;
	const char *name;
};

static const struct word protocols[] = {
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_IGMP, "igmp" },
	{ IPPROTO_IPIP, "ipencap" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_DCCP, "dccp" },
	{ IPPROTO_IPV6, "ipv6" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_AH, "ah" },
	{ IPPROTO_ICMPV6, "ipv6-icmp" },
	{ 89, "ospf" },
	{ 112, "vrrp" },
	{ IPPROTO_COMP, "comp" },
	{ IPPROTO_SCTP, "sctp" },
	{ IPPROTO_UDPLITE, "udplite" },
	{ 0 },
};
static const struct word nfprotos[] = { { NFPROTO_IPV4, "ipv4" }, { NFPROTO_IPV6, "ipv6" }, { 0 } };
static const struct word ethertypes[] = {
	{ 0x0800, "ip" },    { 0x0806, "arp" },    { 0x86dd, "ip6" },
	{ 0x8100, "8021q" }, { 0x88a8, "8021ad" }, { 0 },
};
/* Bits as in linux/netfilter/nf_conntrack_common.h */
static const struct word states[] = {
	{ 1, "invalid" }, { 2, "established" }, { 4, "related" }, { 8, "new" }, { 64, "untracked" }, { 0 },
};
static const struct word statuses[] = {
	{ 1, "expected" }, { 2, "seen-reply" }, { 4, "assured" }, { 8, "confirmed" },
	{ 16, "snat" },    { 32, "dnat" },      { 512, "dying" }, { 0 },
};
static const struct word tcp_flags[] = {
	{ 1, "fin" },  { 2, "syn" },  { 4, "rst" },   { 8, "psh" }, { 16, "ack" },
	{ 32, "urg" }, { 64, "ecn" }, { 128, "cwr" }, { 0 },
};
static const struct word directions[] = { { 0, "original" }, { 1, "reply" }, { 0 } };
static const struct word icmp_types[] = {
	{ 0, "echo-reply" },           { 3, "destination-unreachable" },
	{ 4, "source-quench" },        { 5, "redirect" },
	{ 8, "echo-request" },         { 9, "router-advertisement" },
	{ 10, "router-solicitation" }, { 11, "time-exceeded" },
	{ 12, "parameter-problem" },   { 13, "timestamp-request" },
	{ 14, "timestamp-reply" },     { 15, "info-request" },
	{ 16, "info-reply" },          { 17, "address-mask-request" },
	{ 18, "address-mask-reply" },  { 0 },
};
static const struct word icmp6_types[] = {
	{ 1, "destination-unreachable" },
	{ 2, "packet-too-big" },
	{ 3, "time-exceeded" },
	{ 4, "parameter-problem" },
	{ 128, "echo-request" },
	{ 129, "echo-reply" },
	{ 130, "mld-listener-query" },
	{ 131, "mld-listener-report" },
	{ 132, "mld-listener-done" },
	{ 133, "nd-router-solicit" },
	{ 134, "nd-router-advert" },
	{ 135, "nd-neighbor-solicit" },
	{ 136, "nd-neighbor-advert" },
	{ 137, "nd-redirect" },
	{ 138, "router-renumbering" },
	{ 141, "ind-neighbor-solicit" },
	{ 142, "ind-neighbor-advert" },
	{ 143, "mld2-listener-report" },
	{ 0 },
};
/* RTN_* of linux/rtnetlink.h */
static const struct word address_types[] = {
	{ 0, "unspec" },    { 1, "unicast" },   { 2, "local" },       { 3, "broadcast" }, { 4, "anycast" },
	{ 5, "multicast" }, { 6, "blackhole" }, { 7, "unreachable" }, { 8, "prohibit" },  { 0 },
};
/* PACKET_* of linux/if_packet.h; nft's words */
static const struct word packet_types[] = {
	{ 0, "host" }, { 1, "broadcast" }, { 2, "multicast" }, { 3, "other" }, { 0 }
};
static const struct word arp_operations[] = { { 1, "request" }, { 2, "reply" }, { 0 } };
static const struct word exists[] = { { 0, "missing" }, { 1, "exists" }, { 0 } };

static const struct word *const words[] = {
	[NFT_KIND_PROTOCOL] = protocols,       [NFT_KIND_NFPROTO] = nfprotos,
	[NFT_KIND_ETHERTYPE] = ethertypes,     [NFT_KIND_STATE] = states,
	[NFT_KIND_STATUS] = statuses,          [NFT_KIND_TCP_FLAGS] = tcp_flags,
	[NFT_KIND_DIRECTION] = directions,     [NFT_KIND_ICMP] = icmp_types,
	[NFT_KIND_ICMP6] = icmp6_types,        [NFT_KIND_ADDRESS_TYPE] = address_types,
	[NFT_KIND_PACKET_TYPE] = packet_types, [NFT_KIND_EXISTS] = exists,
	[NFT_KIND_ARP] = arp_operations,
};

static const char *word_find(const struct word *list, int64_t number)
{
	for (; list && list->name; list++)
		if (list->number == number)
			return list->name;
	return NULL;
}

const char *nft_protocol_name(int64_t protocol)
{
	return word_find(protocols, protocol);
}

bool nft_kind_is_bits(enum nft_kind kind)
{
	return kind >= NFT_KIND_STATE && kind <= NFT_KIND_TCP_FLAGS;
}

int nft_mask_prefix(struct str mask)
{
	int bits = 0;
	bool zero = false;
	for (size_t i = 0; i < mask.n * 8; i++) {
		bool one = (unsigned char)mask.p[i / 8] >> (7 - i % 8) & 1;
		if (one && zero)
			return -1;
		zero = !one;
		bits += one;
	}
	return bits;
}

static bool kind_is_host(enum nft_kind kind)
{
	return kind == NFT_KIND_HOST || kind == NFT_KIND_MARK || kind == NFT_KIND_IFINDEX ||
	       kind == NFT_KIND_STATE || kind == NFT_KIND_STATUS || kind == NFT_KIND_ADDRESS_TYPE ||
	       kind == NFT_KIND_EXISTS;
}

static uint64_t number_of(struct str value, bool host)
{
	uint64_t number = 0;
	for (size_t i = 0; i < value.n && i < 8; i++) {
		size_t at = host && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? MIN(value.n, 8) - 1 - i : i;
		number = number << 8 | (unsigned char)value.p[at];
	}
	return number;
}

static void name_add(struct buf *out, struct str value)
{
	ptrdiff_t end = str_find_char(value, '\0');
	struct str name = end < 0 ? value : str_slice(value, 0, (size_t)end);
	buf_printf(out, "\"%.*s%s\"", STR_ARG(name), end < 0 ? "*" : "");
}

void nft_value_add(struct buf *out, enum nft_kind kind, struct str value, bool big)
{
	char text[INET6_ADDRSTRLEN];
	uint64_t number = number_of(value, kind_is_host(kind) && !big);
	const char *word = word_find((size_t)kind < COUNT(words) ? words[kind] : NULL, (int64_t)number);
	if (value.n > 8 && kind != NFT_KIND_NAME && kind != NFT_KIND_ADDRESS)
		kind = NFT_KIND_HEX;
	if (word) {
		buf_puts(out, word);
		return;
	}
	switch (kind) {
	case NFT_KIND_NAME:
		name_add(out, value);
		return;
	case NFT_KIND_ADDRESS:
		if (value.n == 4 || value.n == 16) {
			inet_ntop(value.n == 4 ? AF_INET : AF_INET6, value.p, text, sizeof(text));
			buf_puts(out, text);
			return;
		}
		break;
	case NFT_KIND_IFINDEX:
		if (if_indextoname((unsigned)number, text))
			buf_printf(out, "\"%s\"", text);
		else
			buf_printf(out, "%llu", (unsigned long long)number);
		return;
	case NFT_KIND_MAC:
		for (size_t i = 0; i < value.n; i++)
			buf_printf(out, "%s%02x", i ? ":" : "", (unsigned char)value.p[i]);
		return;
	case NFT_KIND_STATE:
	case NFT_KIND_STATUS:
	case NFT_KIND_TCP_FLAGS: {
		const struct word *list = words[kind];
		bool first = true;
		for (; list->name; list++)
			if (number & (uint64_t)list->number) {
				buf_printf(out, "%s%s", first ? "" : ",", list->name);
				number &= ~(uint64_t)list->number;
				first = false;
			}
		if (number || first)
			buf_printf(out, "%s0x%llx", first ? "" : ",", (unsigned long long)number);
		return;
	}
	case NFT_KIND_MARK:
		buf_printf(out, "0x%08llx", (unsigned long long)number);
		return;
	case NFT_KIND_HEX:
	case NFT_KIND_ETHERTYPE:
		break;
	default:
		buf_printf(out, "%llu", (unsigned long long)number);
		return;
	}
	buf_puts(out, "0x");
	for (size_t i = 0; i < value.n; i++)
		buf_printf(out, "%02x", (unsigned char)value.p[i]);
}
