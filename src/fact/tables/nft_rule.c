/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/nft_rule.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "fact/cell.h"
#include "fact/tables/nft_value.h"
#include "fact/tables/xt_text.h"

enum { REGISTERS = 20, CONCATENATED = 8 };

/* What 4 bytes of registers, and those after them, hold. */
struct load {
	struct str name;      /* "tcp dport"; STR_NONE: a constant, or nothing */
	struct str constant;
	struct str mask, xor; /* of a bitwise operation */
	enum nft_kind kind;
	bool big;             /* turned to network byte order */
	size_t len;
	int64_t base, offset; /* of a payload; base -1: none */
};

struct rule_text {
	struct nft_rules *rules;
	struct arena *arena;
	int64_t family;
	struct str table;
	struct buf *out;
	struct load at[REGISTERS];
	int64_t network, transport;     /* what the matches so far say that the packet is; -1 */
	struct str say_network, say_transport; /* said only when nothing that follows implies it */
	struct str from;                /* >= of a range that the next comparison may end */
	size_t from_at;
	int64_t packets;
	unsigned depth;
};

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
	static const char *const inet[] = { "prerouting", "input", "forward", "output", "postrouting", "ingress" };
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

/* ---- saying ---- */

static void say(struct rule_text *rule, struct str text)
{
	if (!text.n)
		return;
	if (rule->out->n)
		buf_add_char(rule->out, ' ');
	buf_add(rule->out, text);
}

enum { IMPLIES_NOTHING, IMPLIES_NETWORK, IMPLIES_TRANSPORT, IMPLIES_BOTH };

/* Say what waits, except for what the next words imply. */
static void say_waiting(struct rule_text *rule, unsigned implies)
{
	if (rule->from.p) {
		struct load *load = &rule->at[rule->from_at];
		BUF(text);
		buf_printf(&text, "%.*s >= ", STR_ARG(load->name));
		nft_value_add(&text, load->kind, rule->from, load->big);
		rule->from = STR_NONE;
		say(rule, buf_str(&text));
	}
	if (!(implies & IMPLIES_NETWORK))
		say(rule, rule->say_network);
	rule->say_network = STR_NONE;
	/* "ip saddr" may stand between "meta l4proto tcp" and the "tcp dport" that implies it. */
	if (implies == IMPLIES_NOTHING)
		say(rule, rule->say_transport);
	if (implies != IMPLIES_NETWORK)
		rule->say_transport = STR_NONE;
}

static unsigned load_implies(const struct load *load)
{
	if (!load->name.p)
		return IMPLIES_NOTHING;
	if (load->base == NFT_PAYLOAD_NETWORK_HEADER || load->base == NFT_PAYLOAD_LL_HEADER)
		return IMPLIES_NETWORK;
	if (str_starts(load->name, "icmp"))
		return IMPLIES_BOTH;
	if (load->base == NFT_PAYLOAD_TRANSPORT_HEADER)
		return str_starts(load->name, "th ") ? IMPLIES_NOTHING : IMPLIES_TRANSPORT;
	return IMPLIES_NOTHING;
}

static void say_statement(struct rule_text *rule, struct str text)
{
	say_waiting(rule, IMPLIES_NOTHING);
	say(rule, text);
}

/* ---- registers ---- */

static size_t register_offset(const struct nlattr *attr)
{
	int64_t number = netlink_be(attr, -1);
	if (number >= NFT_REG_1 && number <= NFT_REG_4)
		return (size_t)number * 4;
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (size_t)(number - NFT_REG32_00) + 4;
	return 0; /* that of the verdict: holds nothing here */
}

static struct load *register_at(struct rule_text *rule, const struct nlattr *attr)
{
	return &rule->at[register_offset(attr)];
}

static void load_put(struct rule_text *rule, const struct nlattr *attr, struct load load)
{
	size_t at = register_offset(attr);
	if (at == 0)
		return;
	if (rule->from.p && at == rule->from_at)
		say_waiting(rule, IMPLIES_NOTHING);
	for (size_t i = 1; i < (load.len + 3) / 4 && at + i < REGISTERS; i++)
		rule->at[at + i] = (struct load){ .base = -1 };
	rule->at[at] = load;
}

static void field_put(struct rule_text *rule, const struct nlattr *attr, const struct nft_field *field,
                      const char *unknown, int64_t key)
{
	struct load load = { .base = -1, .len = 4 };
	if (field) {
		load.name = str_from(field->name);
		load.kind = field->kind;
		if (field->kind == NFT_KIND_NAME)
			load.len = 16;
	} else {
		load.name = arena_printf(rule->arena, "?%s %lld", unknown, (long long)key);
	}
	load_put(rule, attr, load);
}

static void value_text(struct buf *out, const struct load *load, struct str value)
{
	nft_value_add(out, load->kind, value, load->big);
}

/* The register's value as an operand: a constant as `kind`, or the field's name. */
static void operand_text(struct buf *out, const struct load *load, enum nft_kind kind)
{
	if (load->constant.p) {
		nft_value_add(out, kind, load->constant, load->big);
		return;
	}
	if (!load->name.p) {
		buf_puts(out, "?");
		return;
	}
	buf_add(out, load->name);
	if (load->mask.p) {
		buf_puts(out, " & ");
		nft_value_add(out, load->kind, load->mask, load->big);
	}
	if (load->xor.p) {
		buf_puts(out, " ^ ");
		nft_value_add(out, load->kind, load->xor, load->big);
	}
}

static struct str data_value(const struct nlattr *data)
{
	struct nlattrs attrs;
	netlink_nested(data, &attrs);
	return netlink_bytes(attrs.at[NFTA_DATA_VALUE]);
}

static bool all_zero(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i])
			return false;
	return true;
}

/* ---- matches ---- */

static const char *const operators[] = { "", "!= ", "< ", "<= ", "> ", ">= " }; /* enum nft_cmp_ops */

static void masked_say(struct buf *text, const struct load *load, int64_t op, struct str value)
{
	int prefix = nft_mask_prefix(load->mask);
	bool plain = !load->xor.p && op <= NFT_CMP_NEQ;
	if (plain && load->kind == NFT_KIND_ADDRESS && prefix >= 0) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), operators[op]);
		value_text(text, load, value);
		buf_printf(text, "/%d", prefix);
	} else if (plain && nft_kind_is_bits(load->kind) && all_zero(value)) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), op == NFT_CMP_NEQ ? "" : "! ");
		value_text(text, load, load->mask);
	} else if (plain && load->kind == NFT_KIND_TCP_FLAGS) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), operators[op]);
		value_text(text, load, value);
		buf_puts(text, " / ");
		value_text(text, load, load->mask);
	} else {
		operand_text(text, load, load->kind);
		buf_puts(text, op == NFT_CMP_EQ ? " == " : " ");
		buf_puts(text, operators[op]);
		value_text(text, load, value);
	}
}

/* A load of several neighbouring header fields, and one that ends inside a field. */
static void payload_compare(struct rule_text *rule, const struct load *load, int64_t op, struct str value)
{
	int64_t offset = load->offset;
	while (value.n) {
		const struct nft_field *field =
			nft_payload_field(load->base, rule->network, rule->transport, offset);
		BUF(text);
		if (!field) {
			buf_printf(&text, "@%s,%lld,%zu %s",
			           load->base == NFT_PAYLOAD_LL_HEADER        ? "ll"
			           : load->base == NFT_PAYLOAD_NETWORK_HEADER ? "nh"
			                                                      : "th",
			           (long long)offset * 8, value.n * 8, operators[op]);
			nft_value_add(&text, NFT_KIND_HEX, value, false);
			value.n = 0;
		} else if (field->len > value.n) {
			char whole[16] = { 0 };
			memcpy(whole, value.p, value.n);
			buf_printf(&text, "%s %s", field->name, operators[op]);
			nft_value_add(&text, field->kind, (struct str){ whole, MIN(field->len, sizeof(whole)) }, false);
			buf_printf(&text, "/%zu", value.n * 8);
			value.n = 0;
		} else {
			buf_printf(&text, "%s %s", field->name, operators[op]);
			nft_value_add(&text, field->kind, str_slice(value, 0, field->len), false);
			if (load->base == NFT_PAYLOAD_NETWORK_HEADER && field->kind == NFT_KIND_PROTOCOL && op == NFT_CMP_EQ)
				rule->transport = (unsigned char)value.p[0];
			value = str_slice(value, field->len, value.n);
			offset += field->len;
		}
		say_waiting(rule, load_implies(load));
		say(rule, buf_str(&text));
	}
}

/* "meta l4proto tcp" and its like, which nft leaves out where "tcp dport" follows. */
static bool dependency_take(struct rule_text *rule, const struct load *load, struct str value, struct str text)
{
	if (value.n == 1 && str_is(load->name, "meta nfproto")) {
		say_waiting(rule, IMPLIES_NOTHING);
		rule->network = (unsigned char)value.p[0];
		rule->say_network = text;
		return true;
	}
	if (str_is(load->name, "iiftype")) {
		say_waiting(rule, IMPLIES_NOTHING);
		rule->say_network = text;
		return true;
	}
	if (value.n == 2 && load->kind == NFT_KIND_ETHERTYPE) {
		unsigned type = (unsigned char)value.p[0] * 256u + (unsigned char)value.p[1];
		if (type != 0x0800 && type != 0x86dd)
			return false;
		say_waiting(rule, IMPLIES_NOTHING);
		rule->network = type == 0x0800 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		rule->say_network = text;
		return true;
	}
	if (value.n == 1 && load->kind == NFT_KIND_PROTOCOL) {
		/* The network's dependency may still be implied by what follows. */
		struct str network = str_is(load->name, "meta l4proto") ? rule->say_network : STR_NONE;
		rule->say_network = STR_NONE;
		say_waiting(rule, IMPLIES_NOTHING);
		rule->say_network = network;
		rule->transport = (unsigned char)value.p[0];
		rule->say_transport = text;
		return true;
	}
	return false;
}

static void range_say(struct rule_text *rule, const struct load *load, const char *op, struct str from,
                      struct str to)
{
	BUF(text);
	buf_printf(&text, "%.*s %s", STR_ARG(load->name), op);
	value_text(&text, load, from);
	buf_add_char(&text, '-');
	value_text(&text, load, to);
	say_waiting(rule, load_implies(load));
	say(rule, buf_str(&text));
}

static void compare_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	const struct load *load = register_at(rule, attrs->at[NFTA_CMP_SREG]);
	size_t at = register_offset(attrs->at[NFTA_CMP_SREG]);
	int64_t op = netlink_be(attrs->at[NFTA_CMP_OP], 0);
	struct str value = data_value(attrs->at[NFTA_CMP_DATA]);
	if (op < 0 || op >= (int64_t)COUNT(operators) || !value.p || !load->name.p) {
		say_statement(rule, STR("?cmp"));
		return;
	}
	if (op == NFT_CMP_LTE && rule->from.p && rule->from_at == at) {
		struct str from = rule->from;
		rule->from = STR_NONE;
		range_say(rule, load, "", from, value);
		return;
	}
	if (op == NFT_CMP_GTE && !load->mask.p) {
		say_waiting(rule, load_implies(load));
		rule->from = value;
		rule->from_at = at;
		return;
	}
	BUF(text);
	if (load->mask.p) {
		masked_say(&text, load, op, value);
	} else if (load->base >= 0 && load->kind != NFT_KIND_PROTOCOL && load->kind != NFT_KIND_ETHERTYPE) {
		payload_compare(rule, load, op, value);
		return;
	} else {
		buf_printf(&text, "%.*s %s", STR_ARG(load->name), operators[op]);
		value_text(&text, load, value);
		if (op == NFT_CMP_EQ && dependency_take(rule, load, value, arena_str(rule->arena, buf_str(&text))))
			return;
	}
	say_waiting(rule, load_implies(load));
	say(rule, buf_str(&text));
}

/* ---- sets ---- */

struct key {
	const struct load *part[CONCATENATED];
	size_t n;
};

static struct key key_find(struct rule_text *rule, const struct nlattr *attr, int64_t len)
{
	struct key key = { 0 };
	size_t at = register_offset(attr);
	int64_t left = len > 0 ? len : 4;
	while (at && at < REGISTERS && left > 0 && key.n < CONCATENATED) {
		const struct load *load = &rule->at[at];
		size_t slots = MAX((load->len + 3) / 4, 1);
		key.part[key.n++] = load;
		at += slots;
		left -= (int64_t)slots * 4;
	}
	return key;
}

static unsigned key_implies(const struct key *key)
{
	unsigned implies = IMPLIES_NOTHING;
	for (size_t i = 0; i < key->n; i++)
		implies |= load_implies(key->part[i]);
	return implies;
}

static void key_name(struct buf *out, const struct key *key)
{
	for (size_t i = 0; i < key->n; i++) {
		buf_puts(out, i ? " . " : "");
		operand_text(out, key->part[i], key->part[i]->kind);
	}
}

/* Both ends of a field: one value, a prefix, or a range. */
static void ends_text(struct buf *out, const struct load *load, struct str from, struct str to)
{
	value_text(out, load, from);
	if (!to.p || str_eq(from, to))
		return;
	if (load->kind == NFT_KIND_ADDRESS && from.n == to.n && from.n <= 16) {
		char differ[16];
		bool aligned = true;
		for (size_t i = 0; i < from.n; i++) {
			differ[i] = (char)~(from.p[i] ^ to.p[i]);
			aligned &= (from.p[i] & ~differ[i]) == 0;
		}
		int prefix = nft_mask_prefix((struct str){ differ, from.n });
		if (aligned && prefix >= 0) {
			buf_printf(out, "/%d", prefix);
			return;
		}
	}
	buf_add_char(out, '-');
	value_text(out, load, to);
}

static void element_text(struct buf *out, const struct key *key, struct str from, struct str to)
{
	for (size_t i = 0; i < key->n; i++) {
		const struct load *load = key->part[i];
		size_t len = key->n == 1 ? from.n : load->len;
		buf_puts(out, i ? " . " : "");
		ends_text(out, load, str_slice(from, 0, len), to.p ? str_slice(to, 0, len) : STR_NONE);
		size_t next = (len + 3) / 4 * 4;
		from = str_slice(from, next, from.n);
		to = to.p ? str_slice(to, next, to.n) : STR_NONE;
	}
}

static int element_compare(const void *left, const void *right)
{
	const struct nft_element *a = left, *b = right;
	int order = str_compare(a->key, b->key);
	return order ? order : (int)b->end - (int)a->end;
}

/* The last value before the first one after the interval; all ones when there is none. */
static struct str interval_last(struct arena *arena, struct str after, size_t len)
{
	char *last = arena_bytes(arena, len);
	memset(last, 0xff, len);
	if (after.p && after.n == len) {
		memcpy(last, after.p, len);
		for (size_t i = len; i > 0 && last[i - 1]-- == 0; i--)
			continue;
	}
	return (struct str){ last, len };
}

static void set_elements(struct rule_text *rule, struct buf *out, struct nft_set *set, const struct key *key,
                         const struct load *data)
{
	bool first = true;
	if (set->elements.n)
		qsort(set->elements.p, set->elements.n, sizeof(set->elements.p[0]), element_compare);
	buf_puts(out, "{ ");
	for (size_t i = 0; i < set->elements.n; i++) {
		const struct nft_element *element = &set->elements.p[i];
		const struct nft_element *next = i + 1 < set->elements.n ? element + 1 : NULL;
		struct str to = element->key_end;
		if (element->end)
			continue;
		if (set->flags & NFT_SET_INTERVAL && !to.p && !element->catchall) {
			if (next && next->end)
				to = interval_last(rule->arena, next->key, element->key.n);
			else if (!next && !set->more)
				to = interval_last(rule->arena, STR_NONE, element->key.n);
		}
		buf_puts(out, first ? "" : ", ");
		first = false;
		if (element->catchall)
			buf_puts(out, "*");
		else
			element_text(out, key, element->key, to);
		if (element->verdict.p)
			buf_printf(out, " : %.*s", STR_ARG(element->verdict));
		else if (set->flags & NFT_SET_MAP && element->data.p && data) {
			buf_puts(out, " : ");
			value_text(out, data, element->data);
		}
	}
	buf_puts(out, set->more ? ", … }" : " }");
}

static struct nft_set *set_find(struct rule_text *rule, struct str name)
{
	for (size_t i = 0; i < rule->rules->sets.n; i++) {
		struct nft_set *set = &rule->rules->sets.p[i];
		if (set->family == rule->family && str_eq(set->name, name) && str_eq(set->table, rule->table))
			return set;
	}
	return NULL;
}

static void lookup_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	struct str name = netlink_text(attrs->at[NFTA_LOOKUP_SET]);
	struct nft_set *set = set_find(rule, name);
	struct key key = key_find(rule, attrs->at[NFTA_LOOKUP_SREG], set ? set->key_len : 0);
	bool maps = attrs->at[NFTA_LOOKUP_DREG] != NULL;
	bool verdicts = maps && register_offset(attrs->at[NFTA_LOOKUP_DREG]) == 0;
	struct load data = { .kind = set && set->data_address ? NFT_KIND_ADDRESS : NFT_KIND_HEX, .base = -1 };
	unsigned implies = key_implies(&key);
	BUF(text);
	key_name(&text, &key);
	buf_puts(&text, verdicts ? " vmap " : maps ? " map " : " ");
	if (netlink_be(attrs->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV)
		buf_puts(&text, "!= ");
	if (!set || !(set->flags & NFT_SET_ANONYMOUS))
		buf_printf(&text, "@%.*s", STR_ARG(name));
	if (set && (set->flags & NFT_SET_ANONYMOUS || set->elements.n)) {
		buf_puts(&text, set->flags & NFT_SET_ANONYMOUS ? "" : " ");
		set_elements(rule, &text, set, &key, &data);
	}
	say_waiting(rule, implies);
	if (maps && !verdicts) {
		data.name = arena_str(rule->arena, buf_str(&text));
		data.len = 4;
		load_put(rule, attrs->at[NFTA_LOOKUP_DREG], data);
		return;
	}
	say(rule, buf_str(&text));
}

/* ---- loads ---- */

static void payload_load(struct rule_text *rule, const struct nlattrs *attrs)
{
	int64_t base = netlink_be(attrs->at[NFTA_PAYLOAD_BASE], -1);
	int64_t offset = netlink_be(attrs->at[NFTA_PAYLOAD_OFFSET], -1);
	int64_t len = netlink_be(attrs->at[NFTA_PAYLOAD_LEN], 0);
	const struct nft_field *field = nft_payload_field(base, rule->network, rule->transport, offset);
	struct load load = { .base = base, .offset = offset, .len = len > 0 && len <= 64 ? (size_t)len : 4 };
	if (field) {
		load.name = str_from(field->name);
		load.kind = field->len == load.len ? field->kind : NFT_KIND_HEX;
	} else {
		load.name = arena_printf(rule->arena, "@%s,%lld,%lld", base == 0 ? "ll" : base == 1 ? "nh" : "th",
		                         (long long)offset * 8, (long long)len * 8);
	}
	if (attrs->at[NFTA_PAYLOAD_SREG]) {
		BUF(text);
		buf_printf(&text, "%.*s set ", STR_ARG(load.name));
		operand_text(&text, register_at(rule, attrs->at[NFTA_PAYLOAD_SREG]), load.kind);
		say_statement(rule, buf_str(&text));
		return;
	}
	load_put(rule, attrs->at[NFTA_PAYLOAD_DREG], load);
}

static void key_load(struct rule_text *rule, const struct nft_field *field, const char *word, int64_t key,
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
	operand_text(&text, register_at(rule, sreg), field ? field->kind : NFT_KIND_HEX);
	say_statement(rule, buf_str(&text));
}

static void ct_load(struct rule_text *rule, const struct nlattrs *attrs)
{
	int64_t key = netlink_be(attrs->at[NFTA_CT_KEY], -1);
	const struct nft_field *field = nft_ct_field(key);
	int64_t direction = netlink_be(attrs->at[NFTA_CT_DIRECTION], -1);
	struct nft_field directed;
	if (field && direction >= 0 && str_starts(str_from(field->name), "ct ")) {
		directed = *field;
		directed.name = arena_printf(rule->arena, "ct %s %s", direction ? "reply" : "original",
		                             field->name + 3).p;
		field = &directed;
	}
	key_load(rule, field, "ct", key, attrs->at[NFTA_CT_DREG], attrs->at[NFTA_CT_SREG]);
}

static void bitwise_load(struct rule_text *rule, const struct nlattrs *attrs)
{
	struct load load = *register_at(rule, attrs->at[NFTA_BITWISE_SREG]);
	if (netlink_be(attrs->at[NFTA_BITWISE_OP], 0) != 0) {
		load.name = arena_printf(rule->arena, "?bitwise(%.*s)", STR_ARG(load.name));
	} else {
		struct str mask = data_value(attrs->at[NFTA_BITWISE_MASK]);
		struct str xor = data_value(attrs->at[NFTA_BITWISE_XOR]);
		load.mask = mask;
		load.xor = all_zero(xor) ? STR_NONE : xor;
	}
	load_put(rule, attrs->at[NFTA_BITWISE_DREG], load);
}

static void fib_load(struct rule_text *rule, const struct nlattrs *attrs)
{
	static const char *const parts[] = { "saddr", "daddr", "mark", "iif", "oif" };
	static const char *const results[] = { "?", "oif", "oifname", "type" };
	static const enum nft_kind kinds[] = { NFT_KIND_HEX, NFT_KIND_IFINDEX, NFT_KIND_NAME, NFT_KIND_ADDRESS_TYPE };
	int64_t flags = netlink_be(attrs->at[NFTA_FIB_FLAGS], 0), result = netlink_be(attrs->at[NFTA_FIB_RESULT], 0);
	if (result < 0 || result >= (int64_t)COUNT(results))
		result = 0;
	BUF(text);
	buf_puts(&text, "fib ");
	for (size_t i = 0, n = 0; i < COUNT(parts); i++)
		if (flags & 1 << i)
			buf_printf(&text, "%s%s", n++ ? " . " : "", parts[i]);
	buf_printf(&text, " %s", results[result]);
	load_put(rule, attrs->at[NFTA_FIB_DREG], (struct load){
		.name = arena_str(rule->arena, buf_str(&text)),
		.kind = flags & NFTA_FIB_F_PRESENT ? NFT_KIND_EXISTS : kinds[result],
		.len = 4,
		.base = -1,
	});
}

/* ---- statements ---- */

static void immediate_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	struct nlattrs data;
	netlink_nested(attrs->at[NFTA_IMMEDIATE_DATA], &data);
	if (data.at[NFTA_DATA_VERDICT]) {
		say_statement(rule, nft_verdict_text(rule->arena, data.at[NFTA_DATA_VERDICT]));
		return;
	}
	struct str value = netlink_bytes(data.at[NFTA_DATA_VALUE]);
	load_put(rule, attrs->at[NFTA_IMMEDIATE_DREG],
	         (struct load){ .constant = value, .len = value.n, .base = -1 });
}

static void limit_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	int64_t rate = netlink_be(attrs->at[NFTA_LIMIT_RATE], 0), unit = netlink_be(attrs->at[NFTA_LIMIT_UNIT], 1);
	int64_t burst = netlink_be(attrs->at[NFTA_LIMIT_BURST], 0);
	bool bytes = netlink_be(attrs->at[NFTA_LIMIT_TYPE], 0) == NFT_LIMIT_PKT_BYTES;
	bool over = netlink_be(attrs->at[NFTA_LIMIT_FLAGS], 0) & NFT_LIMIT_F_INV;
	static const char *const sizes[] = { " bytes", " kbytes", " mbytes" };
	size_t size = 0;
	for (; bytes && rate && rate % 1024 == 0 && size + 1 < COUNT(sizes); size++)
		rate /= 1024;
	BUF(text);
	buf_printf(&text, "limit rate %s%lld%s/%s", over ? "over " : "", (long long)rate, bytes ? sizes[size] : "",
	           unit == 1        ? "second"
	           : unit == 60     ? "minute"
	           : unit == 3600   ? "hour"
	           : unit == 86400  ? "day"
	           : unit == 604800 ? "week"
	                            : "?");
	if (burst > 0 && (bytes || burst != 5)) /* nft's own default */
		buf_printf(&text, " burst %lld %s", (long long)burst, bytes ? "bytes" : "packets");
	say_statement(rule, buf_str(&text));
}

static void log_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
		                              "audit" };
	struct str prefix = netlink_text(attrs->at[NFTA_LOG_PREFIX]);
	int64_t level = netlink_be(attrs->at[NFTA_LOG_LEVEL], -1), group = netlink_be(attrs->at[NFTA_LOG_GROUP], -1);
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
	say_statement(rule, buf_str(&text));
}

static void reject_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	static const char *const ipv4[] = { "net-unreachable", "host-unreachable", "prot-unreachable",
		                            "port-unreachable", [9] = "net-prohibited", "host-prohibited",
		                            [13] = "admin-prohibited" };
	static const char *const ipv6[] = { "no-route", "admin-prohibited", [3] = "addr-unreachable",
		                            "port-unreachable", "policy-fail", "reject-route" };
	static const char *const both[] = { "no-route", "port-unreachable", "host-unreachable",
		                            "admin-prohibited" }; /* enum nft_reject_inet_code */
	int64_t type = netlink_be(attrs->at[NFTA_REJECT_TYPE], -1);
	int64_t code = netlink_be(attrs->at[NFTA_REJECT_ICMP_CODE], -1);
	if (type == NFT_REJECT_TCP_RST) {
		/* A match of TCP is not implied by this. */
		say_statement(rule, STR("reject with tcp reset"));
		return;
	}
	bool x = type == NFT_REJECT_ICMPX_UNREACH, six = rule->network == NFPROTO_IPV6;
	const char *const *names = x ? both : six ? ipv6 : ipv4;
	size_t count = x ? COUNT(both) : six ? COUNT(ipv6) : COUNT(ipv4);
	const char *name = code >= 0 && code < (int64_t)count ? names[code] : NULL;
	say_waiting(rule, x ? IMPLIES_NOTHING : IMPLIES_NETWORK);
	if (name && strcmp(name, "port-unreachable") == 0 && (x || rule->family != NFPROTO_INET)) {
		say(rule, STR("reject"));
		return;
	}
	say(rule, arena_printf(rule->arena, "reject with %s %s", x ? "icmpx" : six ? "icmpv6" : "icmp",
	                                 name ? name : "?"));
}

static void nat_to(struct rule_text *rule, struct buf *text, const struct nlattr *const address[2],
                   const struct nlattr *const port[2])
{
	struct load *from = register_at(rule, address[0]), *to = register_at(rule, address[1]);
	bool six = from->constant.n == 16;
	if (address[0] || port[0])
		buf_puts(text, " to ");
	if (address[0]) {
		buf_puts(text, six && port[0] ? "[" : "");
		operand_text(text, from, NFT_KIND_ADDRESS);
		if (address[1] && to != from && !str_eq(to->constant, from->constant)) {
			buf_add_char(text, '-');
			operand_text(text, to, NFT_KIND_ADDRESS);
		}
		buf_puts(text, six && port[0] ? "]" : "");
	}
	if (!port[0])
		return;
	struct load *low = register_at(rule, port[0]), *high = register_at(rule, port[1]);
	buf_add_char(text, ':');
	operand_text(text, low, NFT_KIND_NUMBER);
	if (port[1] && high != low && !str_eq(low->constant, high->constant)) {
		buf_add_char(text, '-');
		operand_text(text, high, NFT_KIND_NUMBER);
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

static void nat_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	const struct nlattr *address[] = { attrs->at[NFTA_NAT_REG_ADDR_MIN], attrs->at[NFTA_NAT_REG_ADDR_MAX] };
	const struct nlattr *port[] = { attrs->at[NFTA_NAT_REG_PROTO_MIN], attrs->at[NFTA_NAT_REG_PROTO_MAX] };
	int64_t family = netlink_be(attrs->at[NFTA_NAT_FAMILY], 0);
	BUF(text);
	buf_puts(&text, netlink_be(attrs->at[NFTA_NAT_TYPE], 0) == NFT_NAT_SNAT ? "snat" : "dnat");
	if (rule->family == NFPROTO_INET && address[0])
		buf_puts(&text, family == NFPROTO_IPV6 ? " ip6" : " ip");
	nat_to(rule, &text, address, port);
	nat_flags(&text, netlink_be(attrs->at[NFTA_NAT_FLAGS], 0));
	say_statement(rule, buf_str(&text));
}

static void masquerade_say(struct rule_text *rule, const char *word, const struct nlattr *low,
                           const struct nlattr *high, const struct nlattr *flags)
{
	const struct nlattr *none[2] = { 0 }, *port[] = { low, high };
	BUF(text);
	buf_puts(&text, word);
	nat_to(rule, &text, none, port);
	nat_flags(&text, netlink_be(flags, 0));
	say_statement(rule, buf_str(&text));
}

static void expression_say(struct rule_text *rule, const struct nlattr *expression);

static void dynset_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	static const char *const words[] = { "add", "update", "delete" };
	int64_t op = netlink_be(attrs->at[NFTA_DYNSET_OP], 0);
	struct str name = netlink_text(attrs->at[NFTA_DYNSET_SET_NAME]);
	struct nft_set *set = set_find(rule, name);
	struct key key = key_find(rule, attrs->at[NFTA_DYNSET_SREG_KEY], set ? set->key_len : 0);
	BUF(text);
	buf_printf(&text, "%s @%.*s { ", op >= 0 && op < 3 ? words[op] : "?", STR_ARG(name));
	key_name(&text, &key);
	say_waiting(rule, key_implies(&key));
	say(rule, buf_str(&text));
	if (attrs->at[NFTA_DYNSET_EXPR])
		expression_say(rule, attrs->at[NFTA_DYNSET_EXPR]);
	const struct nlattr *inner;
	if (attrs->at[NFTA_DYNSET_EXPRESSIONS])
		mnl_attr_for_each_nested(inner, attrs->at[NFTA_DYNSET_EXPRESSIONS])
			expression_say(rule, inner);
	say_statement(rule, STR("}"));
}

static void connlimit_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	bool over = netlink_be(attrs->at[NFTA_CONNLIMIT_FLAGS], 0) & NFT_CONNLIMIT_F_INV;
	say_statement(rule, arena_printf(rule->arena, "ct count %s%lld", over ? "over " : "",
	                                 (long long)netlink_be(attrs->at[NFTA_CONNLIMIT_COUNT], 0)));
}

static void object_say(struct rule_text *rule, const struct nlattrs *attrs)
{
	static const char *const kinds[] = { "?object", "counter name", "quota name", "ct helper set", "limit name" };
	int64_t type = netlink_be(attrs->at[NFTA_OBJREF_IMM_TYPE], 0);
	struct str name = netlink_text(attrs->at[NFTA_OBJREF_IMM_NAME]);
	if (type < 0 || type >= (int64_t)COUNT(kinds))
		type = 0;
	say_statement(rule, arena_printf(rule->arena, "%s \"%.*s\"", kinds[type], STR_ARG(name)));
}

static void compat_say(struct rule_text *rule, bool match, const struct nlattrs *attrs)
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
	say_waiting(rule, implied ? IMPLIES_TRANSPORT : IMPLIES_NOTHING);
	say(rule, buf_str(&text));
}

static void expression_say(struct rule_text *rule, const struct nlattr *expression)
{
	struct nlattrs outer, attrs;
	netlink_nested(expression, &outer);
	netlink_nested(outer.at[NFTA_EXPR_DATA], &attrs);
	struct str name = netlink_text(outer.at[NFTA_EXPR_NAME]);
	if (str_is(name, "payload")) {
		payload_load(rule, &attrs);
	} else if (str_is(name, "meta")) {
		int64_t key = netlink_be(attrs.at[NFTA_META_KEY], -1);
		key_load(rule, nft_meta_field(key), "meta", key, attrs.at[NFTA_META_DREG], attrs.at[NFTA_META_SREG]);
	} else if (str_is(name, "ct")) {
		ct_load(rule, &attrs);
	} else if (str_is(name, "bitwise")) {
		bitwise_load(rule, &attrs);
	} else if (str_is(name, "byteorder")) {
		struct load load = *register_at(rule, attrs.at[NFTA_BYTEORDER_SREG]);
		load.big = true;
		load_put(rule, attrs.at[NFTA_BYTEORDER_DREG], load);
	} else if (str_is(name, "fib")) {
		fib_load(rule, &attrs);
	} else if (str_is(name, "cmp")) {
		compare_say(rule, &attrs);
	} else if (str_is(name, "range")) {
		range_say(rule, register_at(rule, attrs.at[NFTA_RANGE_SREG]),
		          netlink_be(attrs.at[NFTA_RANGE_OP], 0) == NFT_RANGE_NEQ ? "!= " : "",
		          data_value(attrs.at[NFTA_RANGE_FROM_DATA]), data_value(attrs.at[NFTA_RANGE_TO_DATA]));
	} else if (str_is(name, "lookup")) {
		lookup_say(rule, &attrs);
	} else if (str_is(name, "immediate")) {
		immediate_say(rule, &attrs);
	} else if (str_is(name, "counter")) {
		rule->packets = netlink_be(attrs.at[NFTA_COUNTER_PACKETS], NONE);
		say_statement(rule, STR("counter"));
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
		say_statement(rule, STR("notrack"));
	} else if (str_is(name, "connlimit")) {
		connlimit_say(rule, &attrs);
	} else if (str_is(name, "dynset") && rule->depth++ < 4) {
		dynset_say(rule, &attrs);
	} else if (str_is(name, "objref")) {
		object_say(rule, &attrs);
	} else if (str_is(name, "match") || str_is(name, "target")) {
		compat_say(rule, str_is(name, "match"), &attrs);
	} else {
		say_statement(rule, arena_printf(rule->arena, "?%.*s", STR_ARG(name)));
	}
}

/* The comment: type 0 of the type-length-value records that nft keeps with a rule. */
static void comment_say(struct rule_text *rule, const struct nlattr *userdata)
{
	struct str rest = netlink_bytes(userdata);
	while (rest.n >= 2) {
		unsigned char type = (unsigned char)rest.p[0], len = (unsigned char)rest.p[1];
		struct str value = str_slice(rest, 2, 2u + len);
		if (type == 0) {
			struct str text = str_cut(&value, '\0');
			say_statement(rule, arena_printf(rule->arena, "comment \"%.*s\"", STR_ARG(text)));
			return;
		}
		rest = str_slice(rest, 2u + len, rest.n);
	}
}

void nft_rule_text(struct nft_rules *rules, int64_t family, struct str table, const struct nlattr *expressions,
                   const struct nlattr *userdata, struct nft_text *out)
{
	BUF(text);
	struct rule_text rule = {
		.rules = rules,
		.arena = rules->arena,
		.family = family,
		.table = table,
		.out = &text,
		.network = family == NFPROTO_INET || family == NFPROTO_BRIDGE || family == NFPROTO_NETDEV ? -1 : family,
		.transport = -1,
		.packets = NONE,
	};
	for (size_t i = 0; i < REGISTERS; i++)
		rule.at[i].base = -1;
	const struct nlattr *expression;
	if (expressions)
		mnl_attr_for_each_nested(expression, expressions)
			expression_say(&rule, expression);
	say_waiting(&rule, IMPLIES_NOTHING);
	comment_say(&rule, userdata);
	*out = (struct nft_text){ arena_str(rules->arena, buf_str(&text)), rule.packets };
}
