/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nft list, iptables -L, ufw status: from the table of the firewall. Where that table tells less than the program
 * would print, the call is not answered.
 */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/utsname.h>

#include "base/vec.h"
#include "check/sca_commands.h"
#include "fact/tables/netlink.h"

enum { SOURCE, BACKEND, FAMILY, TABLE_NAME, CHAIN, TYPE, HOOK, PRIORITY, POLICY, POSITION, EXPRESSION, PACKETS };

static bool is(const struct cell *row, size_t column, const char *text)
{
	return str_is(cell_str(row[column]), text);
}

static const struct rows *firewall_running(struct sca_call *call)
{
	return sca_call_is_live(call) ? sca_call_table(call, &table_firewall) : NULL;
}

static bool is_running(const struct cell *row, const char *backend)
{
	return is(row, SOURCE, "running") && is(row, BACKEND, backend);
}

/* ---- nft ---- */

/* The words nft prints for the usual priorities of all families but bridge and netdev. */
static void priority_say(struct buf *out, const struct cell *row)
{
	static const struct {
		int64_t value;
		const char *name, *hook;
	} names[] = {
		{ -300, "raw", NULL }, { -150, "mangle", NULL }, { -100, "dstnat", "prerouting" },
		{ 0, "filter", NULL }, { 50, "security", NULL }, { 100, "srcnat", "postrouting" },
	};
	int64_t value = cell_int_or(row[PRIORITY], 0);
	for (size_t i = 0; i < COUNT(names); i++)
		if (value == names[i].value && (!names[i].hook || is(row, HOOK, names[i].hook))) {
			buf_puts(out, names[i].name);
			return;
		}
	buf_printf(out, "%lld", (long long)value);
}

static void chain_open(struct buf *out, const struct cell *row)
{
	buf_printf(out, "\tchain %.*s {\n", STR_ARG(cell_str(row[CHAIN])));
	if (!row[HOOK].p)
		return;
	buf_printf(out, "\t\ttype %.*s hook %.*s priority ", STR_ARG(cell_str(row[TYPE])), STR_ARG(cell_str(row[HOOK])));
	priority_say(out, row);
	buf_puts(out, ";");
	if (row[POLICY].p)
		buf_printf(out, " policy %.*s;", STR_ARG(cell_str(row[POLICY])));
	buf_add_char(out, '\n');
}

struct nft_table {
	struct str family, name;
};

struct nft_tables {
	struct arena *arena;
	VEC(struct nft_table) list;
};

/* The kernel has nf_tables. Asking it when it has not would load the module, and there would be no tables. */
static bool nft_is_present(struct sca_call *call)
{
	struct utsname kernel;
	struct str modules, builtin;
	if (uname(&kernel) < 0)
		return true;
	struct str list = arena_printf(call->run->arena, "/lib/modules/%s/modules.builtin", kernel.release);
	if (sca_run_file(call->run, STR("/proc/modules"))->r < 0 || sca_run_file(call->run, list)->r < 0)
		return true;
	modules = sca_run_file(call->run, STR("/proc/modules"))->text;
	builtin = sca_run_file(call->run, list)->text;
	return str_starts(modules, "nf_tables ") || str_find(modules, "\nnf_tables ") >= 0 ||
	       str_find(builtin, "/nf_tables.ko") >= 0;
}

static int nft_table_take(const struct nlmsghdr *message, void *ctx)
{
	static const char *const names[16] = { [1] = "inet", [2] = "ip", [3] = "arp", [5] = "netdev", [7] = "bridge",
	                                       [10] = "ip6" };
	struct nft_tables *found = ctx;
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	struct nlattrs attrs;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return 0;
	netlink_attrs(message, sizeof(*header), &attrs);
	const char *family = header->nfgen_family < COUNT(names) ? names[header->nfgen_family] : NULL;
	vec_push_in(found->arena, &found->list, { str_from(family ? family : "?"),
	                                          arena_str(found->arena, netlink_text(attrs.at[NFTA_TABLE_NAME])) });
	return 0;
}

/* All tables: those without a chain are not in the table of the firewall. */
static int nft_tables_ask(struct sca_call *call, struct nft_tables *out)
{
	*out = (struct nft_tables){ .arena = call->run->arena };
	if (!nft_is_present(call))
		return 0;
	NETLINK(netlink);
	int r = netlink_open(call->run->arena, &netlink, NETLINK_NETFILTER);
	if (r < 0)
		return r;
	struct nlmsghdr *request = netlink_request(&netlink, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	*header = (struct nfgenmsg){ .version = NFNETLINK_V0 };
	return netlink_dump(&netlink, request, nft_table_take, out);
}

static bool nft_table_has_chain(const struct rows *rows, const struct nft_table *table)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		if (is_running(row, "nftables") && str_eq(cell_str(row[FAMILY]), table->family) &&
		    str_eq(cell_str(row[TABLE_NAME]), table->name))
			return true;
	}
	return false;
}

/* nft says how much a counter has counted, the table only the packets: told where that was none. */
static bool expression_say(struct buf *out, const struct cell *row)
{
	struct str expression = cell_str(row[EXPRESSION]);
	ptrdiff_t at = str_find(expression, "counter");
	if (str_find_char(expression, '@') >= 0 || str_find_char(expression, '?') >= 0)
		return false;
	if (at < 0) {
		buf_printf(out, "\t\t%.*s\n", STR_ARG(expression));
		return true;
	}
	struct str rest = str_slice(expression, (size_t)at + 7, expression.n);
	if (cell_int_or(row[PACKETS], 1) != 0 || str_find(rest, "counter") >= 0)
		return false;
	buf_printf(out, "\t\t%.*scounter packets 0 bytes 0%.*s\n", (int)at, expression.p, STR_ARG(rest));
	return true;
}

/* Rows come table by table and chain by chain. */
static enum sca_reply ruleset_say(struct sca_call *call, const struct rows *rows)
{
	struct buf *out = call->out;
	const struct cell *table = NULL, *chain = NULL;
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		if (!is_running(row, "nftables"))
			continue;
		if (is(row, FAMILY, "bridge") || is(row, FAMILY, "netdev"))
			return SCA_UNKNOWN_FORM;
		bool new_table = !table || !str_eq(cell_str(table[FAMILY]), cell_str(row[FAMILY])) ||
		                 !str_eq(cell_str(table[TABLE_NAME]), cell_str(row[TABLE_NAME]));
		if (new_table) {
			buf_printf(out, "%stable %.*s %.*s {\n", table ? "\t}\n}\n" : "", STR_ARG(cell_str(row[FAMILY])),
			           STR_ARG(cell_str(row[TABLE_NAME])));
			table = row;
		}
		if (new_table || !str_eq(cell_str(chain[CHAIN]), cell_str(row[CHAIN]))) {
			if (!new_table)
				buf_puts(out, "\t}\n\n");
			chain_open(out, row);
			chain = row;
		}
		if (row[POSITION].p && !expression_say(out, row))
			return SCA_UNKNOWN_FORM;
	}
	if (table)
		buf_puts(out, "\t}\n}\n");
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_nft(struct sca_call *call)
{
	struct nft_tables found;
	bool tables_only = sca_word_is(call, 2, "tables");
	if (call->words.n != 3 || !sca_word_is(call, 1, "list") || (!tables_only && !sca_word_is(call, 2, "ruleset")))
		return SCA_UNKNOWN_FORM;
	const struct rows *rows = firewall_running(call);
	if (!rows)
		return SCA_BLIND;
	int r = nft_tables_ask(call, &found);
	if (r < 0 && r != -EPROTONOSUPPORT && r != -EINVAL && r != -EOPNOTSUPP)
		return sca_call_blind(call, NOTE("cannot ask the kernel ({}): {}", STR("nftables"), str_from(err_words(r))));
	for (size_t i = 0; i < found.list.n; i++) {
		const struct nft_table *table = &found.list.p[i];
		if (tables_only)
			buf_printf(call->out, "table %.*s %.*s\n", STR_ARG(table->family), STR_ARG(table->name));
		else if (!nft_table_has_chain(rows, table))
			return SCA_UNKNOWN_FORM;
	}
	return tables_only ? SCA_ANSWERED : ruleset_say(call, rows);
}

/* ---- iptables ---- */

struct listing {
	const char *program, *family, *backend;
	struct str chain; /* p NULL: all */
	bool verbose, numeric;
};

/* iptables is a link to one of two programs; which, says the link. NULL: another one. */
static const char *variant_of(struct sca_call *call, const char *program)
{
	BUF(target);
	struct arena *arena = call->run->arena;
	if (root_readlink(call->run->root, arena_printf(arena, "etc/alternatives/%s", program).p, &target) < 0)
		return NULL;
	return str_ends(buf_str(&target), "-nft") ? "nftables" : str_ends(buf_str(&target), "-legacy") ? "iptables" : NULL;
}

static bool listing_read(const struct sca_call *call, struct listing *out)
{
	bool list = false;
	for (size_t i = 1; i < call->words.n; i++) {
		if (sca_word_is(call, i, "-L"))
			list = true;
		else if (sca_word_is(call, i, "-v"))
			out->verbose = true;
		else if (sca_word_is(call, i, "-n"))
			out->numeric = true;
		else if (list && !out->chain.p && call->words.p[i].n && call->words.p[i].p[0] != '-')
			out->chain = call->words.p[i];
		else
			return false;
	}
	return list;
}

static void listing_chain(struct sca_call *call, const struct listing *listing, const char *name, struct str policy,
                          bool first)
{
	if (!first)
		buf_add_char(call->out, '\n');
	char upper[16] = "";
	for (size_t i = 0; i < policy.n && i + 1 < sizeof(upper); i++)
		upper[i] = (char)(policy.p[i] >= 'a' && policy.p[i] <= 'z' ? policy.p[i] - 32 : policy.p[i]);
	buf_printf(call->out, "Chain %s (policy %s%s)\n", name, upper, listing->verbose ? " 0 packets, 0 bytes" : "");
	buf_puts(call->out, listing->verbose
	                    ? " pkts bytes target     prot opt in     out     source               destination         \n"
	                    : "target     prot opt source               destination         \n");
}

/* Only chains without rules: how these programs would print a rule is more than the table tells. */
static enum sca_reply listing_say(struct sca_call *call, const struct listing *listing, const struct rows *rows)
{
	static const char *const names[] = { "INPUT", "FORWARD", "OUTPUT" };
	struct str policies[COUNT(names)] = { STR("accept"), STR("accept"), STR("accept") };
	bool warn = false;
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		if (is_running(row, "iptables") && is(row, FAMILY, listing->family) && strcmp(listing->backend, "nftables") == 0)
			warn = true;
		if (!is_running(row, listing->backend) || !is(row, FAMILY, listing->family) || !is(row, TABLE_NAME, "filter"))
			continue;
		size_t k = 0;
		while (k < COUNT(names) && !is(row, CHAIN, names[k]))
			k++;
		if (k == COUNT(names) || row[POSITION].p || (listing->verbose && cell_int_or(row[PACKETS], 1) != 0))
			return SCA_UNKNOWN_FORM;
		policies[k] = row[POLICY].p ? cell_str(row[POLICY]) : policies[k];
	}
	if (warn)
		buf_printf(call->out, "# Warning: %s-legacy tables present, use %s-legacy to see them\n", listing->program,
		           listing->program);
	bool first = true;
	for (size_t k = 0; k < COUNT(names); k++) {
		if (listing->chain.p && !str_is(listing->chain, names[k]))
			continue;
		listing_chain(call, listing, names[k], policies[k], first);
		first = false;
	}
	return first ? SCA_UNKNOWN_FORM : SCA_ANSWERED;
}

static enum sca_reply iptables_answer(struct sca_call *call, struct listing listing)
{
	listing.backend = variant_of(call, listing.program);
	if (!listing.backend || !listing_read(call, &listing))
		return SCA_UNKNOWN_FORM;
	const struct rows *rows = firewall_running(call);
	return rows ? listing_say(call, &listing, rows) : SCA_BLIND;
}

enum sca_reply sca_answer_iptables(struct sca_call *call)
{
	return iptables_answer(call, (struct listing){ .program = "iptables", .family = "ip" });
}

enum sca_reply sca_answer_ip6tables(struct sca_call *call)
{
	return iptables_answer(call, (struct listing){ .program = "ip6tables", .family = "ip6" });
}

/* ---- ufw ---- */

enum sca_reply sca_answer_ufw(struct sca_call *call)
{
	if (!sca_word_is(call, 1, "status") || call->words.n > 3 ||
	    (call->words.n == 3 && !sca_word_is(call, 2, "verbose") && !sca_word_is(call, 2, "numbered")))
		return SCA_UNKNOWN_FORM;
	const struct rows *rows = firewall_running(call);
	if (!rows)
		return SCA_BLIND;
	for (size_t i = 0; i < rows->n; i++)
		if (is(rows_at(rows, i), SOURCE, "running") && str_starts(cell_str(rows_at(rows, i)[CHAIN]), "ufw"))
			return SCA_UNKNOWN_FORM;
	buf_puts(call->out, "Status: inactive\n");
	return SCA_ANSWERED;
}
