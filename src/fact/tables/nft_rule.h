/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nft_rule: the text of one nftables rule, as nft(8) would list it, from the kernel's expressions.
 *
 * A rule is a small program over registers: load a field, mask it, compare it, decide. The text is found
 * by remembering what each register holds. Differences from nft: counters without figures, a named set
 * followed by its elements when they are few, what is not known here as "?name".
 */
#ifndef WARD_FACT_TABLES_NFT_RULE_H
#define WARD_FACT_TABLES_NFT_RULE_H

#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/netlink.h"

struct nft_element {
	struct str key, key_end, data; /* data: of a map; STR_NONE */
	struct str verdict;            /* of a verdict map, as text */
	bool end;                      /* the first key after an interval */
	bool catchall;
};

struct nft_set {
	struct str table, name;
	int64_t family, flags, key_len;
	bool data_address; /* a map to addresses */
	VEC(struct nft_element) elements;
	bool more; /* not all of them are kept */
};

struct nft_rules {
	struct arena *arena;
	VEC(struct nft_set) sets;
};

struct nft_text {
	struct str text;
	int64_t packets; /* NONE: it has no counter */
};

const char *nft_family_name(int64_t family);
const char *nft_hook_name(int64_t family, int64_t hook);
struct str nft_verdict_text(struct arena *arena, const struct nlattr *data_verdict);

/* `expressions` is NFTA_RULE_EXPRESSIONS, `userdata` NFTA_RULE_USERDATA; both may be NULL. */
void nft_rule_text(struct nft_rules *rules, int64_t family, struct str table,
                   const struct nlattr *expressions, const struct nlattr *userdata, struct nft_text *out);

#endif
