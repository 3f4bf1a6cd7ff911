/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * nftables: the running rules, from the kernel's nf_tables by NETLINK_NETFILTER.
 *
 * To ask a kernel whose nf_tables is a module that is not loaded would load it; inspecting must not change
 * the machine, so that is looked up first. Needs CAP_NET_ADMIN in the network namespace.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/utsname.h>

#include "base/map.h"
#include "fact/tables/firewall.h"
#include "fact/tables/nft_rule.h"

enum { ELEMENTS_KEPT = 64, RULES_LIMIT = 200 * 1000 };

struct ruleset {
	struct nft_rules rules;
	VEC(struct nft_chain) chains;
	VEC(struct nft_rule) list;
	struct nft_set *set; /* whose elements are being taken */
};

struct nft_chain {
	int64_t family, hook, priority, policy, packets;
	struct str table, name, type;
};

struct nft_rule {
	int64_t family;
	struct str table, chain;
	const struct nlattr *expressions, *userdata;
};

static const struct nlattr *attr_keep(struct arena *arena, const struct nlattr *attr)
{
	if (!attr)
		return NULL;
	struct nlattr *copy = arena_alloc(arena, attr->nla_len);
	memcpy(copy, attr, attr->nla_len);
	return copy;
}

static struct str text_keep(struct arena *arena, const struct nlattr *attr)
{
	return arena_str(arena, netlink_text(attr));
}

static int64_t message_attrs(const struct nlmsghdr *message, struct nlattrs *out)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return -1;
	netlink_attrs(message, sizeof(*header), out);
	return header->nfgen_family;
}

static int chain_take(const struct nlmsghdr *message, void *ctx)
{
	struct ruleset *set = ctx;
	struct arena *arena = set->rules.arena;
	struct nlattrs attrs, hook, counters;
	int64_t family = message_attrs(message, &attrs);
	if (family < 0)
		return 0;
	netlink_nested(attrs.at[NFTA_CHAIN_HOOK], &hook);
	netlink_nested(attrs.at[NFTA_CHAIN_COUNTERS], &counters);
	bool base = attrs.at[NFTA_CHAIN_HOOK] != NULL;
	vec_push_in(arena, &set->chains,
	            {
			.family = family,
			.table = text_keep(arena, attrs.at[NFTA_CHAIN_TABLE]),
			.name = text_keep(arena, attrs.at[NFTA_CHAIN_NAME]),
			.type = text_keep(arena, attrs.at[NFTA_CHAIN_TYPE]),
			.hook = base ? netlink_be(hook.at[NFTA_HOOK_HOOKNUM], NONE) : NONE,
			.priority = base ? (int32_t)netlink_be(hook.at[NFTA_HOOK_PRIORITY], 0) : NONE,
			.policy = base ? netlink_be(attrs.at[NFTA_CHAIN_POLICY], NF_ACCEPT) : NONE,
			.packets = netlink_be(counters.at[NFTA_COUNTER_PACKETS], NONE),
		    });
	return 0;
}

static int rule_take(const struct nlmsghdr *message, void *ctx)
{
	struct ruleset *set = ctx;
	struct arena *arena = set->rules.arena;
	struct nlattrs attrs;
	int64_t family = message_attrs(message, &attrs);
	if (family < 0)
		return 0;
	if (set->list.n >= RULES_LIMIT)
		return -E2BIG;
	vec_push_in(arena, &set->list,
	            {
			.family = family,
			.table = text_keep(arena, attrs.at[NFTA_RULE_TABLE]),
			.chain = text_keep(arena, attrs.at[NFTA_RULE_CHAIN]),
			.expressions = attr_keep(arena, attrs.at[NFTA_RULE_EXPRESSIONS]),
			.userdata = attr_keep(arena, attrs.at[NFTA_RULE_USERDATA]),
		    });
	return 0;
}

static int set_take(const struct nlmsghdr *message, void *ctx)
{
	struct ruleset *set = ctx;
	struct arena *arena = set->rules.arena;
	struct nlattrs attrs;
	int64_t family = message_attrs(message, &attrs);
	if (family < 0)
		return 0;
	int64_t type = netlink_be(attrs.at[NFTA_SET_DATA_TYPE], 0);
	vec_push_in(arena, &set->rules.sets,
	            {
			.family = family,
			.table = text_keep(arena, attrs.at[NFTA_SET_TABLE]),
			.name = text_keep(arena, attrs.at[NFTA_SET_NAME]),
			.flags = netlink_be(attrs.at[NFTA_SET_FLAGS], 0),
			.key_len = netlink_be(attrs.at[NFTA_SET_KEY_LEN], 0),
			.data_address = type == 7 || type == 8, /* nft's own numbers: ipv4_addr, ipv6_addr */
		    });
	return 0;
}

static struct str value_keep(struct arena *arena, const struct nlattr *data)
{
	struct nlattrs attrs;
	netlink_nested(data, &attrs);
	return arena_str(arena, netlink_bytes(attrs.at[NFTA_DATA_VALUE]));
}

enum { ENOUGH = -ECANCELED }; /* own sign that no more elements are wanted */

static int elements_take(const struct nlmsghdr *message, void *ctx)
{
	struct ruleset *set = ctx;
	struct arena *arena = set->rules.arena;
	struct nlattrs attrs;
	const struct nlattr *element;
	if (message_attrs(message, &attrs) < 0 || !attrs.at[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(element, attrs.at[NFTA_SET_ELEM_LIST_ELEMENTS])
	{
		struct nlattrs of, data;
		netlink_nested(element, &of);
		netlink_nested(of.at[NFTA_SET_ELEM_DATA], &data);
		int64_t flags = netlink_be(of.at[NFTA_SET_ELEM_FLAGS], 0);
		if (set->set->elements.n >= ELEMENTS_KEPT) {
			set->set->more = true;
			return ENOUGH;
		}
		vec_push_in(arena, &set->set->elements,
		            {
				.key = value_keep(arena, of.at[NFTA_SET_ELEM_KEY]),
				.key_end = value_keep(arena, of.at[NFTA_SET_ELEM_KEY_END]),
				.data = value_keep(arena, of.at[NFTA_SET_ELEM_DATA]),
				.verdict = nft_verdict_text(arena, data.at[NFTA_DATA_VERDICT]),
				.end = flags & NFT_SET_ELEM_INTERVAL_END,
				.catchall = flags & NFT_SET_ELEM_CATCHALL,
			    });
	}
	return 0;
}

static struct nlmsghdr *request_make(struct netlink *netlink, uint16_t type, int64_t family)
{
	struct nlmsghdr *request = netlink_request(netlink, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type));
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->nfgen_family = (uint8_t)family;
	header->version = NFNETLINK_V0;
	return request;
}

static int elements_ask(struct ruleset *set)
{
	struct arena *arena = set->rules.arena;
	NETLINK(netlink);
	for (size_t i = 0; i < set->rules.sets.n; i++) {
		int r = netlink.socket ? 0 : netlink_open(arena, &netlink, NETLINK_NETFILTER);
		if (r < 0)
			return r;
		set->set = &set->rules.sets.p[i];
		struct nlmsghdr *request = request_make(&netlink, NFT_MSG_GETSETELEM, set->set->family);
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, arena_cstr(arena, set->set->table));
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, arena_cstr(arena, set->set->name));
		r = netlink_dump(&netlink, request, elements_take, set);
		if (r == ENOUGH)
			netlink_close(&netlink); /* the rest of the answer is left in it */
		else if (r < 0)
			return r == -ENOENT ? -EINTR : r; /* gone meanwhile: ask again */
	}
	return 0;
}

static int ruleset_ask(struct ruleset *set)
{
	static const struct {
		uint16_t type;
		int (*take)(const struct nlmsghdr *message, void *ctx);
	} requests[] = {
		{ NFT_MSG_GETCHAIN, chain_take },
		{ NFT_MSG_GETRULE, rule_take },
		{ NFT_MSG_GETSET, set_take },
	};
	NETLINK(netlink);
	int r = netlink_open(set->rules.arena, &netlink, NETLINK_NETFILTER);
	for (size_t i = 0; r == 0 && i < COUNT(requests); i++)
		r = netlink_dump(&netlink, request_make(&netlink, requests[i].type, NFPROTO_UNSPEC),
		                 requests[i].take, set);
	return r == 0 ? elements_ask(set) : r;
}

/* Is nf_tables in the kernel now? When that cannot be told, yes. */
static bool nftables_present(struct scan *scan)
{
	struct str loaded, builtin, line;
	struct utsname name;
	if (scan_file(scan, "proc/modules", &loaded) < 0)
		return true; /* a kernel without modules loads none */
	while (str_line(&loaded, &line))
		if (str_is(str_word(&line), "nf_tables"))
			return true;
	if (uname(&name) < 0)
		return true;
	const char *path = arena_printf(scan_arena(scan), "lib/modules/%s/modules.builtin", name.release).p;
	if (scan_file(scan, path, &builtin) < 0)
		return true;
	return str_find(builtin, "/nf_tables.ko") >= 0;
}

/* The kernel lists the rules chain by chain: the offset + 1 of a chain's first rule, by its full name. */
static struct str rule_key(struct arena *arena, int64_t family, struct str table, struct str chain)
{
	return arena_printf(arena, "%d %.*s %.*s", (int)family, STR_ARG(table), STR_ARG(chain));
}

static bool rule_is_of(const struct nft_rule *rule, const struct nft_chain *chain)
{
	return rule->family == chain->family && str_eq(rule->chain, chain->name) &&
	       str_eq(rule->table, chain->table);
}

static int chain_rows(struct firewall *firewall, struct ruleset *set, const struct nft_chain *chain,
                      const struct map *first)
{
	static const char *const policies[] = { "drop", "accept" };
	const char *hook = chain->hook == NONE ? NULL : nft_hook_name(chain->family, chain->hook);
	struct firewall_chain row = {
		.source = "running",
		.backend = "nftables",
		.enabled = NONE,
		.family = str_from(nft_family_name(chain->family)),
		.table = chain->table,
		.name = chain->name,
		.type = chain->type,
		.hook = str_from(hook),
		.policy =
		    chain->policy == 0 || chain->policy == 1 ? str_from(policies[chain->policy]) : STR_NONE,
		.priority = chain->priority,
	};
	int r = firewall_chain_row(firewall, &row, chain->packets, NONE);
	const struct nft_rule *rule =
	    map_get(first, rule_key(firewall->arena, chain->family, chain->table, chain->name));
	for (; r == 0 && rule && rule < set->list.p + set->list.n && rule_is_of(rule, chain); rule++) {
		struct nft_text text;
		nft_rule_text(&set->rules, rule->family, rule->table, rule->expressions, rule->userdata,
		              &text);
		r = firewall_rule_row(firewall, &row, text.text, text.packets, NONE);
	}
	return r;
}

static int ruleset_rows(struct firewall *firewall, struct ruleset *set)
{
	struct map first = { .arena = firewall->arena };
	for (size_t i = 0; i < set->list.n; i++) {
		struct nft_rule *rule = &set->list.p[i];
		if (i && rule->family == rule[-1].family && str_eq(rule->chain, rule[-1].chain) &&
		    str_eq(rule->table, rule[-1].table))
			continue;
		void **place =
		    map_put(&first, rule_key(firewall->arena, rule->family, rule->table, rule->chain));
		if (!*place)
			*place = rule;
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < set->chains.n; i++)
		r = chain_rows(firewall, set, &set->chains.p[i], &first);
	return r;
}

int nftables_scan(struct firewall *firewall)
{
	if (!nftables_present(firewall->scan))
		return 0;
	struct ruleset set = { .rules = { .arena = firewall->arena } };
	int r = -EINTR;
	for (int attempt = 0; r == -EINTR && attempt < 5; attempt++) {
		set = (struct ruleset){ .rules = { .arena = firewall->arena } };
		r = ruleset_ask(&set);
	}
	/* No such kernel part: EINVAL from nfnetlink, EPROTONOSUPPORT from socket(). */
	if (r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP)
		return 0;
	if (r < 0) {
		scan_partial(firewall->scan,
		             NOTE("cannot ask the kernel ({}): {}", STR("nftables"), str_from(err_words(r))));
		return 0;
	}
	return ruleset_rows(firewall, &set);
}
