/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/nft_rule.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "data/cell.h"
#include "fact/tables/nft_state.h"
#include "fact/tables/xt_text.h"

const char *nft_family_name(int64_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return NULL;
	}
}

const char *nft_hook_name(int64_t family, int64_t hook)
{
	static const char *const inet[] = { "prerouting", "input",       "forward",
		                            "output",     "postrouting", "ingress" };
	static const char *const arp[] = { "input", "output", "forward" };
	static const char *const netdev[] = { "ingress", "egress" };
	if (hook < 0)
		return NULL;
	if (family == NFPROTO_ARP)
		return hook < (int64_t)COUNT(arp) ? arp[hook] : NULL;
	if (family == NFPROTO_NETDEV)
		return hook < (int64_t)COUNT(netdev) ? netdev[hook] : NULL;
	return hook < (int64_t)COUNT(inet) ? inet[hook] : NULL;
}

struct str nft_verdict_text(struct arena *arena, const struct nlattr *data_verdict)
{
	struct nlattrs attrs;
	if (!data_verdict)
		return STR_NONE;
	netlink_nested(data_verdict, &attrs);
	struct str chain = netlink_text(attrs.at[NFTA_VERDICT_CHAIN]);
	int32_t code = (int32_t)netlink_be(attrs.at[NFTA_VERDICT_CODE], 99);
	switch (code) {
	case NF_ACCEPT:
		return STR("accept");
	case NF_DROP:
		return STR("drop");
	case NF_QUEUE:
		return STR("queue");
	case NFT_CONTINUE:
		return STR("continue");
	case NFT_BREAK:
		return STR("break");
	case NFT_RETURN:
		return STR("return");
	case NFT_JUMP:
		return arena_printf(arena, "jump %.*s", STR_ARG(chain));
	case NFT_GOTO:
		return arena_printf(arena, "goto %.*s", STR_ARG(chain));
	default:
		return arena_printf(arena, "?verdict %d", code);
	}
}

static void field_put(struct nft_state *rule, const struct nlattr *attr, const struct nft_field *field,
                      const char *unknown, int64_t key)
{
	struct nft_load load = { .base = -1, .len = 4 };
	if (field) {
		load.name = str_from(field->name);
		load.kind = field->kind;
		if (field->kind == NFT_KIND_NAME)
			load.len = 16;
	} else {
		load.name = arena_printf(rule->arena, "?%s %lld", unknown, (long long)key);
	}
	nft_load_put(rule, attr, load);
}

/* ---- loads ---- */

static void payload_load(struct nft_state *rule, const struct nlattrs *attrs)
{
	int64_t base = netlink_be(attrs->at[NFTA_PAYLOAD_BASE], -1);
	int64_t offset = netlink_be(attrs->at[NFTA_PAYLOAD_OFFSET], -1);
	int64_t len = netlink_be(attrs->at[NFTA_PAYLOAD_LEN], 0);
	const struct nft_field *field = nft_payload_field(base, rule->network, rule->transport, offset);
	struct nft_load load = { .base = base,
		                 .offset = offset,
		                 .len = len > 0 && len <= 64 ? (size_t)len : 4 };
	if (field) {
		load.name = str_from(field->name);
		load.kind = field->len == load.len ? field->kind : NFT_KIND_HEX;
	} else {
		load.name = arena_printf(rule->arena, "@%s,%lld,%lld",
		                         base == 0   ? "ll"
		                         : base == 1 ? "nh"
		                                     : "th",
		                         (long long)offset * 8, (long long)len * 8);
	}
	if (attrs->at[NFTA_PAYLOAD_SREG]) {
		BUF(text);
		buf_printf(&text, "%.*s set ", STR_ARG(load.name));
		nft_operand_text(&text, nft_register_at(rule, attrs->at[NFTA_PAYLOAD_SREG]), load.kind);
		nft_say_statement(rule, buf_str(&text));
		return;
	}
	nft_load_put(rule, attrs->at[NFTA_PAYLOAD_DREG], load);
}

static void key_load(struct nft_state *rule, const struct nft_field *field, const char *word, int64_t key,
                     const struct nlattr *dreg, const struct nlattr *sreg)
{
	if (!sreg) {
		field_put(rule, dreg, field, word, key);
		return;
	}
	BUF(text);
	if (field)
		buf_puts(&text, field->name);
	else
		buf_printf(&text, "?%s %lld", word, (long long)key);
	buf_puts(&text, " set ");
	nft_operand_text(&text, nft_register_at(rule, sreg), field ? field->kind : NFT_KIND_HEX);
	nft_say_statement(rule, buf_str(&text));
}

static void ct_load(struct nft_state *rule, const struct nlattrs *attrs)
{
	int64_t key = netlink_be(attrs->at[NFTA_CT_KEY], -1);
	const struct nft_field *field = nft_ct_field(key);
	int64_t direction = netlink_be(attrs->at[NFTA_CT_DIRECTION], -1);
	struct nft_field directed;
	if (field && direction >= 0 && str_starts(str_from(field->name), "ct ")) {
		directed = *field;
		directed.name =
		    arena_printf(rule->arena, "ct %s %s", direction ? "reply" : "original", field->name + 3)
			.p;
		field = &directed;
	}
	key_load(rule, field, "ct", key, attrs->at[NFTA_CT_DREG], attrs->at[NFTA_CT_SREG]);
}

static void bitwise_load(struct nft_state *rule, const struct nlattrs *attrs)
{
	struct nft_load load = *nft_register_at(rule, attrs->at[NFTA_BITWISE_SREG]);
	if (netlink_be(attrs->at[NFTA_BITWISE_OP], 0) != 0) {
		load.name = arena_printf(rule->arena, "?bitwise(%.*s)", STR_ARG(load.name));
	} else {
		struct str mask = nft_data_value(attrs->at[NFTA_BITWISE_MASK]);
		struct str xor = nft_data_value(attrs->at[NFTA_BITWISE_XOR]);
		load.mask = mask;
		load.xor = nft_all_zero(xor) ? STR_NONE : xor;
	}
	nft_load_put(rule, attrs->at[NFTA_BITWISE_DREG], load);
}

static void fib_load(struct nft_state *rule, const struct nlattrs *attrs)
{
	static const char *const parts[] = { "saddr", "daddr", "mark", "iif", "oif" };
	static const char *const results[] = { "?", "oif", "oifname", "type" };
	static const enum nft_kind kinds[] = { NFT_KIND_HEX, NFT_KIND_IFINDEX, NFT_KIND_NAME,
		                               NFT_KIND_ADDRESS_TYPE };
	int64_t flags = netlink_be(attrs->at[NFTA_FIB_FLAGS], 0),
		result = netlink_be(attrs->at[NFTA_FIB_RESULT], 0);
	if (result < 0 || result >= (int64_t)COUNT(results))
		result = 0;
	BUF(text);
	buf_puts(&text, "fib ");
	for (size_t i = 0, n = 0; i < COUNT(parts); i++)
		if (flags & 1 << i)
			buf_printf(&text, "%s%s", n++ ? " . " : "", parts[i]);
	buf_printf(&text, " %s", results[result]);
	nft_load_put(rule, attrs->at[NFTA_FIB_DREG],
	             (struct nft_load){
			 .name = arena_str(rule->arena, buf_str(&text)),
			 .kind = flags & NFTA_FIB_F_PRESENT ? NFT_KIND_EXISTS : kinds[result],
			 .len = 4,
			 .base = -1,
		     });
}

/* ---- statements ---- */

static void immediate_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	struct nlattrs data;
	netlink_nested(attrs->at[NFTA_IMMEDIATE_DATA], &data);
	if (data.at[NFTA_DATA_VERDICT]) {
		nft_say_statement(rule, nft_verdict_text(rule->arena, data.at[NFTA_DATA_VERDICT]));
		return;
	}
	struct str value = netlink_bytes(data.at[NFTA_DATA_VALUE]);
	nft_load_put(rule, attrs->at[NFTA_IMMEDIATE_DREG],
	             (struct nft_load){ .constant = value, .len = value.n, .base = -1 });
}

static void limit_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	int64_t rate = netlink_be(attrs->at[NFTA_LIMIT_RATE], 0),
		unit = netlink_be(attrs->at[NFTA_LIMIT_UNIT], 1);
	int64_t burst = netlink_be(attrs->at[NFTA_LIMIT_BURST], 0);
	bool bytes = netlink_be(attrs->at[NFTA_LIMIT_TYPE], 0) == NFT_LIMIT_PKT_BYTES;
	bool over = netlink_be(attrs->at[NFTA_LIMIT_FLAGS], 0) & NFT_LIMIT_F_INV;
	static const char *const sizes[] = { " bytes", " kbytes", " mbytes" };
	size_t size = 0;
	for (; bytes && rate && rate % 1024 == 0 && size + 1 < COUNT(sizes); size++)
		rate /= 1024;
	BUF(text);
	buf_printf(&text, "limit rate %s%lld%s/%s", over ? "over " : "", (long long)rate,
	           bytes ? sizes[size] : "",
	           unit == 1        ? "second"
	           : unit == 60     ? "minute"
	           : unit == 3600   ? "hour"
	           : unit == 86400  ? "day"
	           : unit == 604800 ? "week"
	                            : "?");
	if (burst > 0 && (bytes || burst != 5)) /* nft's own default */
		buf_printf(&text, " burst %lld %s", (long long)burst, bytes ? "bytes" : "packets");
	nft_say_statement(rule, buf_str(&text));
}

static void log_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	static const char *const levels[] = { "emerg",  "alert", "crit",  "err",  "warn",
		                              "notice", "info",  "debug", "audit" };
	struct str prefix = netlink_text(attrs->at[NFTA_LOG_PREFIX]);
	int64_t level = netlink_be(attrs->at[NFTA_LOG_LEVEL], -1),
		group = netlink_be(attrs->at[NFTA_LOG_GROUP], -1);
	BUF(text);
	buf_puts(&text, "log");
	if (prefix.n)
		buf_printf(&text, " prefix \"%.*s\"", STR_ARG(prefix));
	if (group >= 0)
		buf_printf(&text, " group %lld", (long long)group);
	else if (level >= 0 && level < (int64_t)COUNT(levels) && level != 4) /* warn is nft's own default */
		buf_printf(&text, " level %s", levels[level]);
	if (netlink_be(attrs->at[NFTA_LOG_FLAGS], 0))
		buf_puts(&text, " flags all");
	nft_say_statement(rule, buf_str(&text));
}

static void reject_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	static const char *const ipv4[] = {
		"net-unreachable",      "host-unreachable", "prot-unreachable",       "port-unreachable",
		[9] = "net-prohibited", "host-prohibited",  [13] = "admin-prohibited"
	};
	static const char *const ipv6[] = { "no-route",         "admin-prohibited", [3] = "addr-unreachable",
		                            "port-unreachable", "policy-fail",      "reject-route" };
	static const char *const both[] = { "no-route", "port-unreachable", "host-unreachable",
		                            "admin-prohibited" }; /* enum nft_reject_inet_code */
	int64_t type = netlink_be(attrs->at[NFTA_REJECT_TYPE], -1);
	int64_t code = netlink_be(attrs->at[NFTA_REJECT_ICMP_CODE], -1);
	if (type == NFT_REJECT_TCP_RST) {
		/* A match of TCP is not implied by this. */
		nft_say_statement(rule, STR("reject with tcp reset"));
		return;
	}
	bool x = type == NFT_REJECT_ICMPX_UNREACH, six = rule->network == NFPROTO_IPV6;
	const char *const *names = x ? both : six ? ipv6 : ipv4;
	size_t count = x ? COUNT(both) : six ? COUNT(ipv6) : COUNT(ipv4);
	const char *name = code >= 0 && code < (int64_t)count ? names[code] : NULL;
	nft_say_waiting(rule, x ? NFT_IMPLIES_NOTHING : NFT_IMPLIES_NETWORK);
	if (name && strcmp(name, "port-unreachable") == 0 && (x || rule->family != NFPROTO_INET)) {
		nft_say(rule, STR("reject"));
		return;
	}
	nft_say(rule, arena_printf(rule->arena, "reject with %s %s",
	                           x     ? "icmpx"
	                           : six ? "icmpv6"
	                                 : "icmp",
	                           name ? name : "?"));
}

static void nat_to(struct nft_state *rule, struct buf *text, const struct nlattr *const address[2],
                   const struct nlattr *const port[2])
{
	struct nft_load *from = nft_register_at(rule, address[0]), *to = nft_register_at(rule, address[1]);
	bool six = from->constant.n == 16;
	if (address[0] || port[0])
		buf_puts(text, " to ");
	if (address[0]) {
		buf_puts(text, six && port[0] ? "[" : "");
		nft_operand_text(text, from, NFT_KIND_ADDRESS);
		if (address[1] && to != from && !str_eq(to->constant, from->constant)) {
			buf_add_char(text, '-');
			nft_operand_text(text, to, NFT_KIND_ADDRESS);
		}
		buf_puts(text, six && port[0] ? "]" : "");
	}
	if (!port[0])
		return;
	struct nft_load *low = nft_register_at(rule, port[0]), *high = nft_register_at(rule, port[1]);
	buf_add_char(text, ':');
	nft_operand_text(text, low, NFT_KIND_NUMBER);
	if (port[1] && high != low && !str_eq(low->constant, high->constant)) {
		buf_add_char(text, '-');
		nft_operand_text(text, high, NFT_KIND_NUMBER);
	}
}

/* NF_NAT_RANGE_* of linux/netfilter/nf_nat.h */
static void nat_flags(struct buf *text, int64_t flags)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = { { 4, "random" }, { 16, "fully-random" }, { 8, "persistent" } };
	for (size_t i = 0, n = 0; i < COUNT(names); i++)
		if (flags & names[i].bit)
			buf_printf(text, "%s%s", n++ ? "," : " ", names[i].name);
}

static void nat_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	const struct nlattr *address[] = { attrs->at[NFTA_NAT_REG_ADDR_MIN],
		                           attrs->at[NFTA_NAT_REG_ADDR_MAX] };
	const struct nlattr *port[] = { attrs->at[NFTA_NAT_REG_PROTO_MIN],
		                        attrs->at[NFTA_NAT_REG_PROTO_MAX] };
	int64_t family = netlink_be(attrs->at[NFTA_NAT_FAMILY], 0);
	BUF(text);
	buf_puts(&text, netlink_be(attrs->at[NFTA_NAT_TYPE], 0) == NFT_NAT_SNAT ? "snat" : "dnat");
	if (rule->family == NFPROTO_INET && address[0])
		buf_puts(&text, family == NFPROTO_IPV6 ? " ip6" : " ip");
	nat_to(rule, &text, address, port);
	nat_flags(&text, netlink_be(attrs->at[NFTA_NAT_FLAGS], 0));
	nft_say_statement(rule, buf_str(&text));
}

static void masquerade_say(struct nft_state *rule, const char *word, const struct nlattr *low,
                           const struct nlattr *high, const struct nlattr *flags)
{
	const struct nlattr *none[2] = { 0 }, *port[] = { low, high };
	BUF(text);
	buf_puts(&text, word);
	nat_to(rule, &text, none, port);
	nat_flags(&text, netlink_be(flags, 0));
	nft_say_statement(rule, buf_str(&text));
}

static void expression_say(struct nft_state *rule, const struct nlattr *expression);

static void dynset_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	static const char *const words[] = { "add", "update", "delete" };
	int64_t op = netlink_be(attrs->at[NFTA_DYNSET_OP], 0);
	struct str name = netlink_text(attrs->at[NFTA_DYNSET_SET_NAME]);
	struct nft_set *set = nft_set_find(rule, name);
	struct nft_key key = nft_key_find(rule, attrs->at[NFTA_DYNSET_SREG_KEY], set ? set->key_len : 0);
	BUF(text);
	buf_printf(&text, "%s @%.*s { ", op >= 0 && op < 3 ? words[op] : "?", STR_ARG(name));
	nft_key_name(&text, &key);
	nft_say_waiting(rule, nft_key_implies(&key));
	nft_say(rule, buf_str(&text));
	if (attrs->at[NFTA_DYNSET_EXPR])
		expression_say(rule, attrs->at[NFTA_DYNSET_EXPR]);
	const struct nlattr *inner;
	if (attrs->at[NFTA_DYNSET_EXPRESSIONS])
		mnl_attr_for_each_nested(inner, attrs->at[NFTA_DYNSET_EXPRESSIONS])
		    expression_say(rule, inner);
	nft_say_statement(rule, STR("}"));
}

static void connlimit_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	bool over = netlink_be(attrs->at[NFTA_CONNLIMIT_FLAGS], 0) & NFT_CONNLIMIT_F_INV;
	nft_say_statement(rule, arena_printf(rule->arena, "ct count %s%lld", over ? "over " : "",
	                                     (long long)netlink_be(attrs->at[NFTA_CONNLIMIT_COUNT], 0)));
}

static void object_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	static const char *const kinds[] = { "?object", "counter name", "quota name", "ct helper set",
		                             "limit name" };
	int64_t type = netlink_be(attrs->at[NFTA_OBJREF_IMM_TYPE], 0);
	struct str name = netlink_text(attrs->at[NFTA_OBJREF_IMM_NAME]);
	if (type < 0 || type >= (int64_t)COUNT(kinds))
		type = 0;
	nft_say_statement(rule, arena_printf(rule->arena, "%s \"%.*s\"", kinds[type], STR_ARG(name)));
}

static void compat_say(struct nft_state *rule, bool match, const struct nlattrs *attrs)
{
	/* NFTA_MATCH_* and NFTA_TARGET_* have the same numbers. */
	struct str name = netlink_text(attrs->at[NFTA_MATCH_NAME]);
	int64_t revision = netlink_be(attrs->at[NFTA_MATCH_REV], 0);
	struct str info = netlink_bytes(attrs->at[NFTA_MATCH_INFO]);
	BUF(text);
	if (match)
		xt_match_text(&text, name, revision, info, rule->transport);
	else
		xt_target_text(&text, name, revision, info, rule->family == NFPROTO_IPV6);
	struct str said = buf_str(&text);
	bool implied = str_starts(said, "tcp ") || str_starts(said, "udp ") || str_starts(said, "icmp");
	nft_say_waiting(rule, implied ? NFT_IMPLIES_TRANSPORT : NFT_IMPLIES_NOTHING);
	nft_say(rule, buf_str(&text));
}

static void expression_say(struct nft_state *rule, const struct nlattr *expression)
{
	struct nlattrs outer, attrs;
	netlink_nested(expression, &outer);
	netlink_nested(outer.at[NFTA_EXPR_DATA], &attrs);
	struct str name = netlink_text(outer.at[NFTA_EXPR_NAME]);
	if (str_is(name, "payload")) {
		payload_load(rule, &attrs);
	} else if (str_is(name, "meta")) {
		int64_t key = netlink_be(attrs.at[NFTA_META_KEY], -1);
		key_load(rule, nft_meta_field(key), "meta", key, attrs.at[NFTA_META_DREG],
		         attrs.at[NFTA_META_SREG]);
	} else if (str_is(name, "ct")) {
		ct_load(rule, &attrs);
	} else if (str_is(name, "bitwise")) {
		bitwise_load(rule, &attrs);
	} else if (str_is(name, "byteorder")) {
		struct nft_load load = *nft_register_at(rule, attrs.at[NFTA_BYTEORDER_SREG]);
		load.big = true;
		nft_load_put(rule, attrs.at[NFTA_BYTEORDER_DREG], load);
	} else if (str_is(name, "fib")) {
		fib_load(rule, &attrs);
	} else if (str_is(name, "cmp")) {
		nft_compare_say(rule, &attrs);
	} else if (str_is(name, "range")) {
		nft_range_say(rule, nft_register_at(rule, attrs.at[NFTA_RANGE_SREG]),
		              netlink_be(attrs.at[NFTA_RANGE_OP], 0) == NFT_RANGE_NEQ ? "!= " : "",
		              nft_data_value(attrs.at[NFTA_RANGE_FROM_DATA]),
		              nft_data_value(attrs.at[NFTA_RANGE_TO_DATA]));
	} else if (str_is(name, "lookup")) {
		nft_lookup_say(rule, &attrs);
	} else if (str_is(name, "immediate")) {
		immediate_say(rule, &attrs);
	} else if (str_is(name, "counter")) {
		rule->packets = netlink_be(attrs.at[NFTA_COUNTER_PACKETS], NONE);
		nft_say_statement(rule, STR("counter"));
	} else if (str_is(name, "limit")) {
		limit_say(rule, &attrs);
	} else if (str_is(name, "log")) {
		log_say(rule, &attrs);
	} else if (str_is(name, "reject")) {
		reject_say(rule, &attrs);
	} else if (str_is(name, "nat")) {
		nat_say(rule, &attrs);
	} else if (str_is(name, "masq")) {
		masquerade_say(rule, "masquerade", attrs.at[NFTA_MASQ_REG_PROTO_MIN],
		               attrs.at[NFTA_MASQ_REG_PROTO_MAX], attrs.at[NFTA_MASQ_FLAGS]);
	} else if (str_is(name, "redir")) {
		masquerade_say(rule, "redirect", attrs.at[NFTA_REDIR_REG_PROTO_MIN],
		               attrs.at[NFTA_REDIR_REG_PROTO_MAX], attrs.at[NFTA_REDIR_FLAGS]);
	} else if (str_is(name, "notrack")) {
		nft_say_statement(rule, STR("notrack"));
	} else if (str_is(name, "connlimit")) {
		connlimit_say(rule, &attrs);
	} else if (str_is(name, "dynset") && rule->depth++ < 4) {
		dynset_say(rule, &attrs);
	} else if (str_is(name, "objref")) {
		object_say(rule, &attrs);
	} else if (str_is(name, "match") || str_is(name, "target")) {
		compat_say(rule, str_is(name, "match"), &attrs);
	} else {
		nft_say_statement(rule, arena_printf(rule->arena, "?%.*s", STR_ARG(name)));
	}
}

/* The comment: type 0 of the type-length-value records that nft keeps with a rule. */
static void comment_say(struct nft_state *rule, const struct nlattr *userdata)
{
	struct str rest = netlink_bytes(userdata);
	while (rest.n >= 2) {
		unsigned char type = (unsigned char)rest.p[0], len = (unsigned char)rest.p[1];
		struct str value = str_slice(rest, 2, 2u + len);
		if (type == 0) {
			struct str text = str_cut(&value, '\0');
			nft_say_statement(rule, arena_printf(rule->arena, "comment \"%.*s\"", STR_ARG(text)));
			return;
		}
		rest = str_slice(rest, 2u + len, rest.n);
	}
}

void nft_rule_text(struct nft_rules *rules, int64_t family, struct str table,
                   const struct nlattr *expressions, const struct nlattr *userdata, struct nft_text *out)
{
	BUF(text);
	struct nft_state rule = {
		.rules = rules,
		.arena = rules->arena,
		.family = family,
		.table = table,
		.out = &text,
		.network = family == NFPROTO_INET || family == NFPROTO_BRIDGE || family == NFPROTO_NETDEV
		               ? -1
		               : family,
		.transport = -1,
		.packets = NONE,
	};
	for (size_t i = 0; i < NFT_REGISTERS; i++)
		rule.at[i].base = -1;
	const struct nlattr *expression;
	if (expressions)
		mnl_attr_for_each_nested(expression, expressions) expression_say(&rule, expression);
	nft_say_waiting(&rule, NFT_IMPLIES_NOTHING);
	comment_say(&rule, userdata);
	*out = (struct nft_text){ arena_str(rules->arena, buf_str(&text)), rule.packets };
}
