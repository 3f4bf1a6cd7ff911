/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nft_state: what is known while one nftables rule is turned into text (nft_rule.h): what the registers
 * hold, what has been said, and what waits to be said. nft_state.c keeps it, nft_match.c tells comparisons
 * and sets, nft_rule.c loads and statements.
 */
#ifndef WARD_FACT_TABLES_NFT_STATE_H
#define WARD_FACT_TABLES_NFT_STATE_H

#include "fact/tables/nft_rule.h"
#include "fact/tables/nft_value.h"

enum { NFT_REGISTERS = 20, NFT_CONCATENATED = 8 };

/* What 4 bytes of registers, and those after them, hold. */
struct nft_load {
	struct str name; /* "tcp dport"; STR_NONE: a constant, or nothing */
	struct str constant;
	struct str mask, xor; /* of a bitwise operation */
	enum nft_kind kind;
	bool big; /* turned to network byte order */
	size_t len;
	int64_t base, offset; /* of a payload; base -1: none */
};

struct nft_state {
	struct nft_rules *rules;
	struct arena *arena;
	int64_t family;
	struct str table;
	struct buf *out;
	struct nft_load at[NFT_REGISTERS];
	int64_t network, transport;            /* what the matches so far say that the packet is; -1 */
	struct str say_network, say_transport; /* said only when nothing that follows implies it */
	struct str from;                       /* >= of a range that the next comparison may end */
	size_t from_at;
	int64_t packets;
	unsigned depth;
};

/* What words that follow imply: "tcp dport 22" makes "meta l4proto tcp" needless. */
enum { NFT_IMPLIES_NOTHING, NFT_IMPLIES_NETWORK, NFT_IMPLIES_TRANSPORT, NFT_IMPLIES_BOTH };

void nft_say(struct nft_state *rule, struct str text);
/* Say what waits, except for what the next words imply. */
void nft_say_waiting(struct nft_state *rule, unsigned implies);
/* Both, for words that imply nothing. */
void nft_say_statement(struct nft_state *rule, struct str text);
unsigned nft_load_implies(const struct nft_load *load);

size_t nft_register_offset(const struct nlattr *attr);
struct nft_load *nft_register_at(struct nft_state *rule, const struct nlattr *attr);
void nft_load_put(struct nft_state *rule, const struct nlattr *attr, struct nft_load load);
/* A value as this field is written. */
void nft_load_value(struct buf *out, const struct nft_load *load, struct str value);
/* The register's value as an operand: a constant as `kind`, or the field's name. */
void nft_operand_text(struct buf *out, const struct nft_load *load, enum nft_kind kind);
/* The bytes of NFTA_*_DATA. */
struct str nft_data_value(const struct nlattr *data);
bool nft_all_zero(struct str value);

/* The fields of one key of a set, which may be several: "ip saddr . tcp dport". */
struct nft_key {
	const struct nft_load *part[NFT_CONCATENATED];
	size_t n;
};

struct nft_key nft_key_find(struct nft_state *rule, const struct nlattr *attr, int64_t len);
unsigned nft_key_implies(const struct nft_key *key);
void nft_key_name(struct buf *out, const struct nft_key *key);
struct nft_set *nft_set_find(struct nft_state *rule, struct str name);

/* The expressions cmp, range and lookup. */
void nft_compare_say(struct nft_state *rule, const struct nlattrs *attrs);
void nft_range_say(struct nft_state *rule, const struct nft_load *load, const char *op, struct str from,
                   struct str to);
void nft_lookup_say(struct nft_state *rule, const struct nlattrs *attrs);

#endif
