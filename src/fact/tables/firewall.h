/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * firewall: what the parts of the table `firewall` share: nftables.c and iptables.c ask the running kernel,
 * firewall_files.c reads what is configured. Each hands over its rules; all texts live in the scan's arena.
 *
 * A chain gives one row of its own (position NULL), so that a policy without rules is seen, and one row a
 * rule.
 */
#ifndef WARD_FACT_TABLES_FIREWALL_H
#define WARD_FACT_TABLES_FIREWALL_H

#include "base/vec.h"
#include "fact/scan.h"

struct firewall_chain {
	const char *source;  /* running, configured */
	const char *backend; /* nftables, iptables, firewalld, ufw */
	int64_t enabled;
	struct str family, table, name, type, hook, policy;
	int64_t priority;
	int64_t rules; /* handed over so far */
	struct str file;
};

struct firewall {
	struct scan *scan;
	struct arena *arena;
	struct err *err;
	size_t rows;
};

/* The chain's own row. */
int firewall_chain_row(struct firewall *firewall, struct firewall_chain *chain, int64_t packets,
                       int64_t line) MUST_USE;
/* The next rule of the chain. */
int firewall_rule_row(struct firewall *firewall, struct firewall_chain *chain, struct str expression,
                      int64_t packets, int64_t line) MUST_USE;

/* Chains being gathered from a file, in the order of their first mention. */
struct firewall_draft_rule {
	struct str text;
	int64_t line;
};
struct firewall_draft {
	struct firewall_chain chain;
	int64_t line;
	VEC(struct firewall_draft_rule) rules;
};
struct firewall_drafts {
	VEC(struct firewall_draft *) list;
};
/* The chain of this family, table and name; made from `model` when it is new. */
struct firewall_draft *firewall_draft_get(struct firewall *firewall, struct firewall_drafts *drafts,
                                          const struct firewall_chain *model, int64_t line);
int firewall_drafts_rows(struct firewall *firewall, const struct firewall_drafts *drafts) MUST_USE;
void firewall_not_understood(struct firewall *firewall, const char *path, int64_t line);

/* A file as iptables-save writes it. `model` holds what all its chains share. */
int firewall_save_read(struct firewall *firewall, const char *path,
                       const struct firewall_chain *model) MUST_USE;
/* A script for nft(8), with what it includes. */
int firewall_nft_read(struct firewall *firewall, const char *path,
                      const struct firewall_chain *model) MUST_USE;

/* 0, a fatal error, or -EPERM and the like: this part of the running firewall cannot be seen. */
int nftables_scan(struct firewall *firewall) MUST_USE;
int iptables_scan(struct firewall *firewall) MUST_USE;
int firewall_files_scan(struct firewall *firewall) MUST_USE;

#endif
