/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdlib.h>

#include "fact/tables/nft_state.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* ---- matches ---- */

static const char *const operators[] = { "", "!= ", "< ", "<= ", "> ", ">= " }; /* enum nft_cmp_ops */

static void masked_say(struct buf *text, const struct nft_load *load, int64_t op, struct str value)
{
	int prefix = nft_mask_prefix(load->mask);
	bool plain = !load->xor.p && op <= NFT_CMP_NEQ;
	if (plain && load->kind == NFT_KIND_ADDRESS && prefix >= 0) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), operators[op]);
		nft_load_value(text, load, value);
		buf_printf(text, "/%d", prefix);
	} else if (plain && nft_kind_is_bits(load->kind) && nft_all_zero(value)) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), op == NFT_CMP_NEQ ? "" : "! ");
		nft_load_value(text, load, load->mask);
	} else if (plain && load->kind == NFT_KIND_TCP_FLAGS) {
		buf_printf(text, "%.*s %s", STR_ARG(load->name), operators[op]);
		nft_load_value(text, load, value);
		buf_puts(text, " / ");
		nft_load_value(text, load, load->mask);
	} else {
		nft_operand_text(text, load, load->kind);
		buf_puts(text, op == NFT_CMP_EQ ? " == " : " ");
		buf_puts(text, operators[op]);
		nft_load_value(text, load, value);
	}
}

/* A load of several neighbouring header fields, and one that ends inside a field. */
static void payload_compare(struct nft_state *rule, const struct nft_load *load, int64_t op, struct str value)
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
			nft_value_add(&text, field->kind,
			              (struct str){ whole, MIN(field->len, sizeof(whole)) }, false);
			buf_printf(&text, "/%zu", value.n * 8);
			value.n = 0;
		} else {
			buf_printf(&text, "%s %s", field->name, operators[op]);
			nft_value_add(&text, field->kind, str_slice(value, 0, field->len), false);
			if (load->base == NFT_PAYLOAD_NETWORK_HEADER && field->kind == NFT_KIND_PROTOCOL &&
			    op == NFT_CMP_EQ)
				rule->transport = (unsigned char)value.p[0];
			value = str_slice(value, field->len, value.n);
			offset += field->len;
		}
		nft_say_waiting(rule, nft_load_implies(load));
		nft_say(rule, buf_str(&text));
	}
}

/* "meta l4proto tcp" and its like, which nft leaves out where "tcp dport" follows. */
static bool dependency_take(struct nft_state *rule, const struct nft_load *load, struct str value,
                            struct str text)
{
	if (value.n == 1 && str_is(load->name, "meta nfproto")) {
		nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
		rule->network = (unsigned char)value.p[0];
		rule->say_network = text;
		return true;
	}
	if (str_is(load->name, "iiftype")) {
		nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
		rule->say_network = text;
		return true;
	}
	if (value.n == 2 && load->kind == NFT_KIND_ETHERTYPE) {
		unsigned type = (unsigned char)value.p[0] * 256u + (unsigned char)value.p[1];
		if (type != 0x0800 && type != 0x86dd)
			return false;
		nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
		rule->network = type == 0x0800 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		rule->say_network = text;
		return true;
	}
	if (value.n == 1 && load->kind == NFT_KIND_PROTOCOL) {
		/* The network's dependency may still be implied by what follows. */
		struct str network = str_is(load->name, "meta l4proto") ? rule->say_network : STR_NONE;
		rule->say_network = STR_NONE;
		nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
		rule->say_network = network;
		rule->transport = (unsigned char)value.p[0];
		rule->say_transport = text;
		return true;
	}
	return false;
}

void nft_range_say(struct nft_state *rule, const struct nft_load *load, const char *op, struct str from,
                   struct str to)
{
	BUF(text);
	buf_printf(&text, "%.*s %s", STR_ARG(load->name), op);
	nft_load_value(&text, load, from);
	buf_add_char(&text, '-');
	nft_load_value(&text, load, to);
	nft_say_waiting(rule, nft_load_implies(load));
	nft_say(rule, buf_str(&text));
}

void nft_compare_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	const struct nft_load *load = nft_register_at(rule, attrs->at[NFTA_CMP_SREG]);
	size_t at = nft_register_offset(attrs->at[NFTA_CMP_SREG]);
	int64_t op = netlink_be(attrs->at[NFTA_CMP_OP], 0);
	struct str value = nft_data_value(attrs->at[NFTA_CMP_DATA]);
	if (op < 0 || op >= (int64_t)COUNT(operators) || !value.p || !load->name.p) {
		nft_say_statement(rule, STR("?cmp"));
		return;
	}
	if (op == NFT_CMP_LTE && rule->from.p && rule->from_at == at) {
		struct str from = rule->from;
		rule->from = STR_NONE;
		nft_range_say(rule, load, "", from, value);
		return;
	}
	if (op == NFT_CMP_GTE && !load->mask.p) {
		nft_say_waiting(rule, nft_load_implies(load));
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
		nft_load_value(&text, load, value);
		if (op == NFT_CMP_EQ &&
		    dependency_take(rule, load, value, arena_str(rule->arena, buf_str(&text))))
			return;
	}
	nft_say_waiting(rule, nft_load_implies(load));
	nft_say(rule, buf_str(&text));
}

/* ---- sets ---- */

struct nft_key nft_key_find(struct nft_state *rule, const struct nlattr *attr, int64_t len)
{
	struct nft_key key = { 0 };
	size_t at = nft_register_offset(attr);
	int64_t left = len > 0 ? len : 4;
	while (at && at < NFT_REGISTERS && left > 0 && key.n < NFT_CONCATENATED) {
		const struct nft_load *load = &rule->at[at];
		size_t slots = MAX((load->len + 3) / 4, 1);
		key.part[key.n++] = load;
		at += slots;
		left -= (int64_t)slots * 4;
	}
	return key;
}

unsigned nft_key_implies(const struct nft_key *key)
{
	unsigned implies = NFT_IMPLIES_NOTHING;
	for (size_t i = 0; i < key->n; i++)
		implies |= nft_load_implies(key->part[i]);
	return implies;
}

void nft_key_name(struct buf *out, const struct nft_key *key)
{
	for (size_t i = 0; i < key->n; i++) {
		buf_puts(out, i ? " . " : "");
		nft_operand_text(out, key->part[i], key->part[i]->kind);
	}
}

/* Both ends of a field: one value, a prefix, or a range. */
static void ends_text(struct buf *out, const struct nft_load *load, struct str from, struct str to)
{
	nft_load_value(out, load, from);
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
	nft_load_value(out, load, to);
}

static void element_text(struct buf *out, const struct nft_key *key, struct str from, struct str to)
{
	for (size_t i = 0; i < key->n; i++) {
		const struct nft_load *load = key->part[i];
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

static void set_elements(struct nft_state *rule, struct buf *out, struct nft_set *set,
                         const struct nft_key *key, const struct nft_load *data)
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
			nft_load_value(out, data, element->data);
		}
	}
	buf_puts(out, set->more ? ", … }" : " }");
}

struct nft_set *nft_set_find(struct nft_state *rule, struct str name)
{
	for (size_t i = 0; i < rule->rules->sets.n; i++) {
		struct nft_set *set = &rule->rules->sets.p[i];
		if (set->family == rule->family && str_eq(set->name, name) && str_eq(set->table, rule->table))
			return set;
	}
	return NULL;
}

void nft_lookup_say(struct nft_state *rule, const struct nlattrs *attrs)
{
	struct str name = netlink_text(attrs->at[NFTA_LOOKUP_SET]);
	struct nft_set *set = nft_set_find(rule, name);
	struct nft_key key = nft_key_find(rule, attrs->at[NFTA_LOOKUP_SREG], set ? set->key_len : 0);
	bool maps = attrs->at[NFTA_LOOKUP_DREG] != NULL;
	bool verdicts = maps && nft_register_offset(attrs->at[NFTA_LOOKUP_DREG]) == 0;
	struct nft_load data = { .kind = set && set->data_address ? NFT_KIND_ADDRESS : NFT_KIND_HEX,
		                 .base = -1 };
	unsigned implies = nft_key_implies(&key);
	BUF(text);
	nft_key_name(&text, &key);
	buf_puts(&text, verdicts ? " vmap " : maps ? " map " : " ");
	if (netlink_be(attrs->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV)
		buf_puts(&text, "!= ");
	if (!set || !(set->flags & NFT_SET_ANONYMOUS))
		buf_printf(&text, "@%.*s", STR_ARG(name));
	if (set && (set->flags & NFT_SET_ANONYMOUS || set->elements.n)) {
		buf_puts(&text, set->flags & NFT_SET_ANONYMOUS ? "" : " ");
		set_elements(rule, &text, set, &key, &data);
	}
	nft_say_waiting(rule, implies);
	if (maps && !verdicts) {
		data.name = arena_str(rule->arena, buf_str(&text));
		data.len = 4;
		nft_load_put(rule, attrs->at[NFTA_LOOKUP_DREG], data);
		return;
	}
	nft_say(rule, buf_str(&text));
}
