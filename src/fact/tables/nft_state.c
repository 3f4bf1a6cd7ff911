/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/nft_state.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* ---- saying ---- */

void nft_say(struct nft_state *rule, struct str text)
{
	if (!text.n)
		return;
	if (rule->out->n)
		buf_add_char(rule->out, ' ');
	buf_add(rule->out, text);
}

/* Say what waits, except for what the next words imply. */
void nft_say_waiting(struct nft_state *rule, unsigned implies)
{
	if (rule->from.p) {
		struct nft_load *load = &rule->at[rule->from_at];
		BUF(text);
		buf_printf(&text, "%.*s >= ", STR_ARG(load->name));
		nft_value_add(&text, load->kind, rule->from, load->big);
		rule->from = STR_NONE;
		nft_say(rule, buf_str(&text));
	}
	if (!(implies & NFT_IMPLIES_NETWORK))
		nft_say(rule, rule->say_network);
	rule->say_network = STR_NONE;
	/* "ip saddr" may stand between "meta l4proto tcp" and the "tcp dport" that implies it. */
	if (implies == NFT_IMPLIES_NOTHING)
		nft_say(rule, rule->say_transport);
	if (implies != NFT_IMPLIES_NETWORK)
		rule->say_transport = STR_NONE;
}

unsigned nft_load_implies(const struct nft_load *load)
{
	if (!load->name.p)
		return NFT_IMPLIES_NOTHING;
	if (load->base == NFT_PAYLOAD_NETWORK_HEADER || load->base == NFT_PAYLOAD_LL_HEADER)
		return NFT_IMPLIES_NETWORK;
	if (str_starts(load->name, "icmp"))
		return NFT_IMPLIES_BOTH;
	if (load->base == NFT_PAYLOAD_TRANSPORT_HEADER)
		return str_starts(load->name, "th ") ? NFT_IMPLIES_NOTHING : NFT_IMPLIES_TRANSPORT;
	return NFT_IMPLIES_NOTHING;
}

void nft_say_statement(struct nft_state *rule, struct str text)
{
	nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
	nft_say(rule, text);
}

/* ---- registers ---- */

size_t nft_register_offset(const struct nlattr *attr)
{
	int64_t number = netlink_be(attr, -1);
	if (number >= NFT_REG_1 && number <= NFT_REG_4)
		return (size_t)number * 4;
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (size_t)(number - NFT_REG32_00) + 4;
	return 0; /* that of the verdict: holds nothing here */
}

struct nft_load *nft_register_at(struct nft_state *rule, const struct nlattr *attr)
{
	return &rule->at[nft_register_offset(attr)];
}

void nft_load_put(struct nft_state *rule, const struct nlattr *attr, struct nft_load load)
{
	size_t at = nft_register_offset(attr);
	if (at == 0)
		return;
	if (rule->from.p && at == rule->from_at)
		nft_say_waiting(rule, NFT_IMPLIES_NOTHING);
	for (size_t i = 1; i < (load.len + 3) / 4 && at + i < NFT_REGISTERS; i++)
		rule->at[at + i] = (struct nft_load){ .base = -1 };
	rule->at[at] = load;
}

void nft_load_value(struct buf *out, const struct nft_load *load, struct str value)
{
	nft_value_add(out, load->kind, value, load->big);
}

/* The register's value as an operand: a constant as `kind`, or the field's name. */
void nft_operand_text(struct buf *out, const struct nft_load *load, enum nft_kind kind)
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

struct str nft_data_value(const struct nlattr *data)
{
	struct nlattrs attrs;
	netlink_nested(data, &attrs);
	return netlink_bytes(attrs.at[NFTA_DATA_VALUE]);
}

bool nft_all_zero(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i])
			return false;
	return true;
}
