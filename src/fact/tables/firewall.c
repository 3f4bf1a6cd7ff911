/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * firewall: the rules that the kernel applies now, and those that the files configure for the next start.
 */
#include "fact/tables/firewall.h"

static int firewall_row(struct firewall *firewall, struct firewall_chain *chain, int64_t position,
                        struct str expression, int64_t packets, int64_t line)
{
	firewall->rows++;
	return scan_row(firewall->scan,
	                ROW(chain->source, chain->backend, chain->family, chain->table, chain->name,
	                    chain->type, chain->hook, chain->priority, chain->policy, position, expression,
	                    packets, chain->enabled, chain->file, line),
	                firewall->err);
}

int firewall_chain_row(struct firewall *firewall, struct firewall_chain *chain, int64_t packets, int64_t line)
{
	return firewall_row(firewall, chain, NONE, STR_NONE, packets, line);
}

int firewall_rule_row(struct firewall *firewall, struct firewall_chain *chain, struct str expression,
                      int64_t packets, int64_t line)
{
	return firewall_row(firewall, chain, ++chain->rules, expression, packets, line);
}

static int firewall_scan(struct scan *scan, struct err *err)
{
	struct firewall firewall = { .scan = scan, .arena = scan_arena(scan), .err = err };
	int r = 0;
	if (scan_is_live(scan)) {
		r = nftables_scan(&firewall);
		if (r == 0)
			r = iptables_scan(&firewall);
	}
	if (r == 0)
		r = firewall_files_scan(&firewall);
	if (!scan_is_live(scan))
		scan_partial(scan, NOTE("{} can only be seen on the running system", STR("nf_tables")));
	return r;
}

const struct table table_firewall = {
	.name = "firewall",
	.doc = "Packet filter rules, one row for each chain (position NULL) and each rule, in nftables' words",
	.sources = { "etc/nftables.conf", "etc/iptables/rules.v4", "etc/iptables/rules.v6", "etc/sysconfig/iptables",
	             "etc/ufw/user.rules", "etc/firewalld/zones/public.xml", "etc/default/ufw",
	             "netlink: nf_tables; getsockopt: ip_tables" },
	.scan = firewall_scan,
	.columns = {
		{ "source", TEXT, "running (the kernel applies it now) or configured (a file says so)" },
		{ "backend", TEXT, "nftables, iptables, firewalld or ufw" },
		{ "family", TEXT, "ip, ip6, inet, arp, bridge or netdev" },
		{ "table_name", TEXT, "table, such as filter; NULL where the backend has none" },
		{ "chain", TEXT, "chain; of firewalld the zone" },
		{ "type", TEXT, "filter, nat or route; NULL when only other chains lead to it" },
		{ "hook", TEXT, "prerouting, input, forward, output, postrouting, ingress or egress; NULL as for type" },
		{ "priority", INT, "order among the chains of a hook, the smaller first; NULL as for type or not known" },
		{ "policy", TEXT, "accept, drop or reject: what happens when no rule decides; NULL as for type" },
		{ "position", INT, "1 for the first rule of the chain; NULL: the row is the chain itself" },
		{ "expression", TEXT, "the rule as nft would list it; what is not known is shown as ?name or by the "
		                      "name of the iptables extension; NULL: the chain itself" },
		{ "packets", INT, "packets counted so far; NULL when it has no counter or is configured" },
		{ "enabled", INT, "1 when the file is applied at the start of the system, else 0; NULL when running "
		                  "or not known" },
		{ "file", TEXT, "file that configures it; NULL when running" },
		{ "line", INT, "line in the file; NULL when running" },
	},
};
