/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * xt_text: the matches and targets of iptables in nftables' words, from the kernel's own structures
 * (linux/netfilter/xt_*.h). What is not known here is shown by its name: `xt match "string"`.
 */
#ifndef WARD_FACT_TABLES_XT_TEXT_H
#define WARD_FACT_TABLES_XT_TEXT_H

#include "base/buf.h"

/* `transport`: the IPPROTO_* that the rule is for, -1 when any. */
void xt_match_text(struct buf *out, struct str name, int64_t revision, struct str info, int64_t transport);
void xt_target_text(struct buf *out, struct str name, int64_t revision, struct str info, bool ipv6);

#endif
