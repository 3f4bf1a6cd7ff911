/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * iptables: the running rules of the older kernel interface (x_tables), by getsockopt().
 *
 * Only tables that proc/net/ip_tables_names lists are asked for: to ask for another one would create it.
 * Needs CAP_NET_ADMIN.
 */
#include <netinet/in.h>
#include <net/if.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <unistd.h>

#include "base/map.h"
#include "fact/tables/firewall.h"
#include "fact/tables/netlink.h"
#include "fact/tables/nft_value.h"
#include "fact/tables/xt_text.h"

enum { BLOB_LIMIT = 64 * 1024 * 1024 };

static const char *const hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };
static const char *const chains[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING" };

/* One table as the kernel handed it over; both families through the same few numbers. */
struct blob {
	bool ipv6;
	struct str name;
	unsigned valid, hook[NF_INET_NUMHOOKS], underflow[NF_INET_NUMHOOKS];
	struct str entries;
};

/* What is common to struct ipt_entry and struct ip6t_entry. */
struct entry {
	struct str matches, target;
	size_t next;
	uint64_t packets;
	bool fits;
};

static struct entry entry_at(const struct blob *blob, size_t offset)
{
	struct entry entry = { 0 };
	struct str rest = str_slice(blob->entries, offset, blob->entries.n);
	size_t header = blob->ipv6 ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
	size_t target, next;
	if (rest.n < header)
		return entry;
	if (blob->ipv6) {
		struct ip6t_entry in;
		memcpy(&in, rest.p, sizeof(in));
		target = in.target_offset, next = in.next_offset;
		entry.packets = in.counters.pcnt;
	} else {
		struct ipt_entry in;
		memcpy(&in, rest.p, sizeof(in));
		target = in.target_offset, next = in.next_offset;
		entry.packets = in.counters.pcnt;
	}
	if (target < header || next < target + sizeof(struct xt_entry_target) || next > rest.n)
		return entry;
	entry.matches = str_slice(rest, header, target);
	entry.target = str_slice(rest, target, next);
	entry.next = offset + next;
	entry.fits = true;
	return entry;
}

static void say(struct buf *out, const char *name, bool invert, struct str value, const char *quote)
{
	buf_puts(out, out->n ? " " : "");
	buf_printf(out, "%s %s%s%.*s%s", name, invert ? "!= " : "", quote, STR_ARG(value), quote);
}

static void address_say(struct firewall *firewall, struct buf *out, const char *name, bool invert,
                        const void *address, const void *mask, size_t len)
{
	struct str bits = { mask, len };
	int prefix = nft_mask_prefix(bits);
	if (prefix == 0 && !invert)
		return;
	struct str text = address_text(firewall->arena, (struct str){ address, len });
	say(out, name, invert, text, "");
	if (prefix < 0)
		buf_printf(out, "/%.*s", STR_ARG(address_text(firewall->arena, bits)));
	else if ((size_t)prefix < len * 8)
		buf_printf(out, "/%d", prefix);
}

static void interface_say(struct buf *out, const char *name, bool invert, const char *interface,
                          const unsigned char *mask)
{
	if (!interface[0])
		return;
	size_t n = strnlen(interface, IFNAMSIZ);
	/* Without the final NUL in the mask the name is a beginning. */
	bool whole = n < IFNAMSIZ && mask[n];
	if (!whole && interface[n - 1] == '+')
		n--;
	BUF(text);
	buf_printf(&text, "%.*s%s", (int)n, interface, whole ? "" : "*");
	say(out, name, invert, buf_str(&text), "\"");
}

static void protocol_say(struct buf *out, unsigned protocol, bool invert)
{
	const char *name = nft_protocol_name(protocol);
	if (!protocol)
		return;
	BUF(text);
	if (name)
		buf_puts(&text, name);
	else
		buf_printf(&text, "%u", protocol);
	say(out, "meta l4proto", invert, buf_str(&text), "");
}

static struct str extension_name(const char *name)
{
	return (struct str){ name, strnlen(name, XT_EXTENSION_MAXNAMELEN) };
}

/* True when one of the matches will name the protocol itself: "tcp dport 22". */
static bool protocol_follows(struct str rest, unsigned protocol)
{
	while (rest.n >= sizeof(struct xt_entry_match)) {
		struct xt_entry_match match;
		memcpy(&match, rest.p, sizeof(match));
		if (match.u.match_size < sizeof(match))
			return false;
		struct str name = extension_name(match.u.user.name);
		bool ports = str_is(name, "multiport");
		if ((protocol == IPPROTO_TCP && (ports || str_is(name, "tcp"))) ||
		    (protocol == IPPROTO_UDP && (ports || str_is(name, "udp"))) ||
		    (protocol == IPPROTO_ICMP && str_is(name, "icmp")) ||
		    (protocol == IPPROTO_ICMPV6 && str_is(name, "icmp6")))
			return true;
		rest = str_slice(rest, match.u.match_size, rest.n);
	}
	return false;
}

/* Returns the protocol that the rule is for, -1 when any. */
static int64_t header_say(struct firewall *firewall, struct buf *out, const struct blob *blob, size_t offset,
                          struct str matches)
{
	unsigned protocol, invert;
	if (blob->ipv6) {
		struct ip6t_entry in;
		memcpy(&in, blob->entries.p + offset, sizeof(in));
		invert = in.ipv6.invflags;
		protocol = in.ipv6.flags & IP6T_F_PROTO ? in.ipv6.proto : 0;
		interface_say(out, "iifname", invert & IP6T_INV_VIA_IN, in.ipv6.iniface,
		              in.ipv6.iniface_mask);
		interface_say(out, "oifname", invert & IP6T_INV_VIA_OUT, in.ipv6.outiface,
		              in.ipv6.outiface_mask);
		address_say(firewall, out, "ip6 saddr", invert & IP6T_INV_SRCIP, &in.ipv6.src, &in.ipv6.smsk,
		            16);
		address_say(firewall, out, "ip6 daddr", invert & IP6T_INV_DSTIP, &in.ipv6.dst, &in.ipv6.dmsk,
		            16);
		invert = invert & IP6T_INV_PROTO;
	} else {
		struct ipt_entry in;
		memcpy(&in, blob->entries.p + offset, sizeof(in));
		invert = in.ip.invflags;
		protocol = in.ip.proto;
		interface_say(out, "iifname", invert & IPT_INV_VIA_IN, in.ip.iniface, in.ip.iniface_mask);
		interface_say(out, "oifname", invert & IPT_INV_VIA_OUT, in.ip.outiface, in.ip.outiface_mask);
		address_say(firewall, out, "ip saddr", invert & IPT_INV_SRCIP, &in.ip.src, &in.ip.smsk, 4);
		address_say(firewall, out, "ip daddr", invert & IPT_INV_DSTIP, &in.ip.dst, &in.ip.dmsk, 4);
		invert = invert & IPT_INV_PROTO;
	}
	if (invert || !protocol_follows(matches, protocol))
		protocol_say(out, protocol, invert);
	return protocol && !invert ? (int64_t)protocol : -1;
}

static void matches_say(struct buf *out, struct str rest, int64_t transport)
{
	while (rest.n >= sizeof(struct xt_entry_match)) {
		struct xt_entry_match match;
		memcpy(&match, rest.p, sizeof(match));
		size_t size = match.u.match_size;
		if (size < sizeof(match) || size > rest.n)
			return;
		buf_puts(out, out->n ? " " : "");
		xt_match_text(out, extension_name(match.u.user.name), match.u.user.revision,
		              str_slice(rest, sizeof(match), size), transport);
		rest = str_slice(rest, size, rest.n);
	}
}

/* A chain of the user's begins with a target named ERROR that holds the chain's name. */
static struct str error_name(struct str target)
{
	struct xt_entry_target head;
	memcpy(&head, target.p, sizeof(head));
	if (!str_is(extension_name(head.u.user.name), XT_ERROR_TARGET))
		return STR_NONE;
	struct str name = str_slice(target, sizeof(head), target.n);
	return str_cut(&name, '\0');
}

static void target_say(struct buf *out, const struct blob *blob, struct str target, const struct map *starts,
                       bool jump)
{
	struct xt_entry_target head;
	int verdict;
	memcpy(&head, target.p, sizeof(head));
	struct str name = extension_name(head.u.user.name), info = str_slice(target, sizeof(head), target.n);
	buf_puts(out, out->n ? " " : "");
	if (name.n) {
		xt_target_text(out, name, head.u.user.revision, info, blob->ipv6);
		return;
	}
	if (info.n < sizeof(verdict))
		return;
	memcpy(&verdict, info.p, sizeof(verdict));
	struct str *chain = verdict >= 0 ? map_get_int(starts, verdict) : NULL;
	if (chain)
		buf_printf(out, "%s %.*s", jump ? "jump" : "goto", STR_ARG(*chain));
	else
		buf_puts(out, verdict == XT_RETURN        ? "return"
		              : verdict == -NF_ACCEPT - 1 ? "accept"
		              : verdict == -NF_DROP - 1   ? "drop"
		              : verdict == -NF_QUEUE - 1  ? "queue"
		                                          : "?verdict");
}

static bool entry_jumps(const struct blob *blob, size_t offset)
{
	if (blob->ipv6) {
		struct ip6t_entry in;
		memcpy(&in, blob->entries.p + offset, sizeof(in));
		return !(in.ipv6.flags & IP6T_F_GOTO);
	}
	struct ipt_entry in;
	memcpy(&in, blob->entries.p + offset, sizeof(in));
	return !(in.ip.flags & IPT_F_GOTO);
}

static int standard_verdict(struct str target)
{
	int verdict = 0;
	if (target.n >= sizeof(struct xt_entry_target) + sizeof(verdict))
		memcpy(&verdict, target.p + sizeof(struct xt_entry_target), sizeof(verdict));
	return verdict;
}

/* Rules from `offset` to the chain's last entry, which is its policy or the return of a user's chain. */
static int chain_rows(struct firewall *firewall, const struct blob *blob, struct firewall_chain *chain,
                      size_t offset, size_t last, const struct map *starts)
{
	struct entry policy = entry_at(blob, last);
	if (chain->hook.p && policy.fits)
		chain->policy =
		    standard_verdict(policy.target) == -NF_ACCEPT - 1 ? STR("accept") : STR("drop");
	int r = firewall_chain_row(firewall, chain, chain->hook.p ? (int64_t)policy.packets : NONE, NONE);
	while (r == 0 && offset < last) {
		struct entry entry = entry_at(blob, offset);
		if (!entry.fits)
			return 0;
		BUF(text);
		int64_t transport = header_say(firewall, &text, blob, offset, entry.matches);
		matches_say(&text, entry.matches, transport);
		buf_puts(&text, text.n ? " counter" : "counter");
		target_say(&text, blob, entry.target, starts, entry_jumps(blob, offset));
		r = firewall_rule_row(firewall, chain, buf_str(&text), (int64_t)entry.packets, NONE);
		offset = entry.next;
	}
	return r;
}

static int blob_rows(struct firewall *firewall, const struct blob *blob)
{
	static const int priorities[] = { -300, -150, -100, 0, 50 }; /* raw mangle nat(dst) filter security */
	static const char *const names[] = { "raw", "mangle", "nat", "filter", "security" };
	struct map starts = { .arena = firewall->arena };
	VEC(size_t) begin = { 0 }; /* of the users' chains */
	for (size_t at = 0; at < blob->entries.n;) {
		struct entry entry = entry_at(blob, at);
		if (!entry.fits)
			break;
		struct str name = error_name(entry.target);
		if (name.p && entry.next < blob->entries.n) {
			struct str *kept = arena_alloc(firewall->arena, sizeof(*kept));
			*kept = arena_str(firewall->arena, name);
			*map_put_int(&starts, (int64_t)entry.next) = kept;
			vec_push_in(firewall->arena, &begin, entry.next);
		}
		at = entry.next;
	}
	struct firewall_chain chain = {
		.source = "running",
		.backend = "iptables",
		.enabled = NONE,
		.family = blob->ipv6 ? STR("ip6") : STR("ip"),
		.table = blob->name,
	};
	int r = 0;
	for (size_t i = 0; r == 0 && i < NF_INET_NUMHOOKS; i++) {
		if (!(blob->valid & 1u << i))
			continue;
		struct firewall_chain base = chain;
		base.name = str_from(chains[i]);
		base.hook = str_from(hooks[i]);
		base.type = str_is(blob->name, "nat") ? STR("nat") : STR("filter");
		base.priority = NONE;
		for (size_t n = 0; n < COUNT(names); n++)
			if (str_is(blob->name, names[n]))
				base.priority = priorities[n];
		r = chain_rows(firewall, blob, &base, blob->hook[i], blob->underflow[i], &starts);
	}
	for (size_t i = 0; r == 0 && i < begin.n; i++) {
		size_t last = begin.p[i];
		for (size_t at = last; at < blob->entries.n;) {
			struct entry entry = entry_at(blob, at);
			if (!entry.fits || error_name(entry.target).p)
				break; /* the next chain, or the end of the table */
			last = at;
			at = entry.next;
		}
		struct firewall_chain user = chain;
		user.name = *(struct str *)map_get_int(&starts, (int64_t)begin.p[i]);
		user.priority = NONE;
		r = chain_rows(firewall, blob, &user, begin.p[i], last, &starts);
	}
	return r;
}

static int blob_ask(struct firewall *firewall, int fd, struct blob *blob)
{
	/* The structures and numbers of both families are the same but for the entries. */
	struct ipt_getinfo info = { 0 };
	socklen_t len = sizeof(info);
	int level = blob->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	if (blob->name.n >= sizeof(info.name))
		return -EINVAL;
	memcpy(info.name, blob->name.p, blob->name.n);
	if (getsockopt(fd, level, blob->ipv6 ? IP6T_SO_GET_INFO : IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	if (info.size > BLOB_LIMIT)
		return -E2BIG;
	len = (socklen_t)(sizeof(struct ipt_get_entries) + info.size);
	struct ipt_get_entries *get = arena_alloc(firewall->arena, len);
	memcpy(get->name, info.name, sizeof(get->name));
	get->size = info.size;
	if (getsockopt(fd, level, blob->ipv6 ? IP6T_SO_GET_ENTRIES : IPT_SO_GET_ENTRIES, get, &len) < 0)
		return -errno;
	blob->valid = info.valid_hooks;
	memcpy(blob->hook, info.hook_entry, sizeof(blob->hook));
	memcpy(blob->underflow, info.underflow, sizeof(blob->underflow));
	blob->entries = (struct str){ (const char *)get->entrytable, info.size };
	return blob_rows(firewall, blob);
}

static int family_scan(struct firewall *firewall, bool ipv6)
{
	const char *path = ipv6 ? "proc/net/ip6_tables_names" : "proc/net/ip_tables_names";
	struct str names, name;
	int r = scan_file(firewall->scan, path, &names);
	if (r < 0 || !str_trim(names).n)
		return 0; /* missing: the kernel has none of it; unreadable: scan_file has said so */
	CLEANUP(fd_close_p) int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	r = fd < 0 ? -errno : 0;
	while (r == 0 && str_line(&names, &name)) {
		struct blob blob = { .ipv6 = ipv6, .name = str_trim(name) };
		if (!blob.name.n)
			continue;
		r = blob_ask(firewall, fd, &blob);
		if (r == -EAGAIN) /* it grew in between */
			r = blob_ask(firewall, fd, &blob);
	}
	if (r < 0)
		scan_partial(firewall->scan,
		             NOTE("cannot ask the kernel ({}): {}", STR("iptables"), str_from(err_words(r))));
	return 0;
}

int iptables_scan(struct firewall *firewall)
{
	int r = family_scan(firewall, false);
	return r < 0 ? r : family_scan(firewall, true);
}
