/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nft_value: the names of the fields that nftables can load, and how their values are written.
 */
#ifndef WARD_FACT_TABLES_NFT_VALUE_H
#define WARD_FACT_TABLES_NFT_VALUE_H

#include "base/arena.h"
#include "base/buf.h"

enum nft_kind {
	NFT_KIND_HEX,    /* bytes of unknown meaning */
	NFT_KIND_NUMBER, /* network byte order */
	NFT_KIND_HOST,   /* number in the byte order of this machine */
	NFT_KIND_MARK,   /* the same, written in hexadecimal */
	NFT_KIND_NAME,   /* text filled with NUL; cut short, it stands for all that start so */
	NFT_KIND_IFINDEX,
	NFT_KIND_ADDRESS,
	NFT_KIND_MAC,
	NFT_KIND_PROTOCOL, /* of the transport layer */
	NFT_KIND_NFPROTO,
	NFT_KIND_ETHERTYPE,
	NFT_KIND_STATE, /* the following are sets of bits */
	NFT_KIND_STATUS,
	NFT_KIND_TCP_FLAGS,
	NFT_KIND_DIRECTION, /* the following are words for numbers */
	NFT_KIND_ICMP,
	NFT_KIND_ICMP6,
	NFT_KIND_ADDRESS_TYPE,
	NFT_KIND_PACKET_TYPE,
	NFT_KIND_EXISTS,
	NFT_KIND_ARP,
};

struct nft_field {
	const char *name;
	enum nft_kind kind;
	unsigned offset, len; /* of a payload, bytes */
};

/* NULL when it is not known. */
const struct nft_field *nft_meta_field(int64_t key);
const struct nft_field *nft_ct_field(int64_t key);
/* The field of a payload at this offset. `network`: NFPROTO_IPV4, NFPROTO_IPV6 or another; `transport`: an
 * IPPROTO_*, -1 when any. */
const struct nft_field *nft_payload_field(int64_t base, int64_t network, int64_t transport, int64_t offset);

const char *nft_protocol_name(int64_t protocol); /* NULL when it has none */

/* `big`: numbers are in network byte order although their kind is not. */
void nft_value_add(struct buf *out, enum nft_kind kind, struct str value, bool big);
bool nft_kind_is_bits(enum nft_kind kind);

/* Number of leading ones when the rest of the mask is zero, else -1. */
int nft_mask_prefix(struct str mask);

#endif
