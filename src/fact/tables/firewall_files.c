/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * firewall_files: which files configure a packet filter, and whether the start of the system applies them:
 * nftables.conf, rules of iptables-persistent and of the Red Hat scripts, firewalld's zones, ufw.
 */
#include "fact/tables/firewall.h"

struct firewall_draft *firewall_draft_get(struct firewall *firewall, struct firewall_drafts *drafts,
                                          const struct firewall_chain *model, int64_t line)
{
	for (size_t i = drafts->list.n; i > 0; i--) {
		struct firewall_draft *draft = drafts->list.p[i - 1];
		if (str_eq(draft->chain.name, model->name) && str_eq(draft->chain.table, model->table) &&
		    str_eq(draft->chain.family, model->family))
			return draft;
	}
	struct firewall_draft *draft = ARENA_NEW(firewall->arena, struct firewall_draft);
	draft->chain = *model;
	draft->line = line;
	vec_push_in(firewall->arena, &drafts->list, draft);
	return draft;
}

int firewall_drafts_rows(struct firewall *firewall, const struct firewall_drafts *drafts)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < drafts->list.n; i++) {
		struct firewall_draft *draft = drafts->list.p[i];
		r = firewall_chain_row(firewall, &draft->chain, NONE, draft->line);
		for (size_t n = 0; r == 0 && n < draft->rules.n; n++)
			r = firewall_rule_row(firewall, &draft->chain, draft->rules.p[n].text, NONE,
			                      draft->rules.p[n].line);
	}
	return r;
}

void firewall_not_understood(struct firewall *firewall, const char *path, int64_t line)
{
	scan_partial(firewall->scan, NOTE("{}:{}: not understood", str_from(path),
	                                  arena_printf(firewall->arena, "%lld", (long long)line)));
}

/* Wanted by a target of systemd, or linked into a start level of System V. */
static int64_t service_enabled(struct firewall *firewall, const char *name)
{
	struct arena *arena = firewall->arena;
	struct str wants = arena_printf(arena, "/etc/systemd/system/*.wants/%s.service", name);
	struct str levels = arena_printf(arena, "/etc/rc[S2345].d/S*%s", name);
	return scan_glob(firewall->scan, wants).n > 0 || scan_glob(firewall->scan, levels).n > 0;
}

/* ---- ufw ---- */

/* The value of KEY=value or KEY="value" in a file of shell settings; the last one counts. */
static struct str setting_get(struct scan *scan, const char *path, const char *key)
{
	struct str rest, line, found = STR_NONE;
	if (scan_file(scan, path, &rest) < 0)
		return STR_NONE;
	while (str_line(&rest, &line)) {
		struct str name = str_trim(str_cut(&line, '='));
		if (!line.p || !str_is(name, key))
			continue;
		found = str_trim(line);
		if (found.n >= 2 && (found.p[0] == '"' || found.p[0] == '\''))
			found = str_slice(found, 1, found.n - 1);
	}
	return found;
}

static int ufw_read(struct firewall *firewall)
{
	static const char *const directions[][3] = {
		{ "DEFAULT_INPUT_POLICY", "INPUT", "input" },
		{ "DEFAULT_FORWARD_POLICY", "FORWARD", "forward" },
		{ "DEFAULT_OUTPUT_POLICY", "OUTPUT", "output" },
	};
	static const char *const rules[] = { "etc/ufw/user.rules", "etc/ufw/user6.rules" };
	struct stat info;
	if (root_stat(scan_root(firewall->scan), "etc/ufw/ufw.conf", true, &info) == -ENOENT)
		return 0;
	struct firewall_chain model = {
		.source = "configured",
		.backend = "ufw",
		.enabled = str_is_nocase(setting_get(firewall->scan, "etc/ufw/ufw.conf", "ENABLED"), "yes"),
		.priority = NONE,
	};
	bool ipv6 = !str_is_nocase(setting_get(firewall->scan, "etc/default/ufw", "IPV6"), "no");
	int r = 0;
	for (size_t v = 0; r == 0 && v < (ipv6 ? 2 : 1); v++) {
		model.family = v ? STR("ip6") : STR("ip");
		for (size_t i = 0; r == 0 && i < COUNT(directions); i++) {
			struct str policy = setting_get(firewall->scan, "etc/default/ufw", directions[i][0]);
			struct firewall_chain chain = model;
			chain.table = STR("filter");
			chain.name = str_from(directions[i][1]);
			chain.type = STR("filter");
			chain.hook = str_from(directions[i][2]);
			chain.file = STR("/etc/default/ufw");
			chain.policy = str_is(policy, "DROP")     ? STR("drop")
			               : str_is(policy, "REJECT") ? STR("reject")
			               : str_is(policy, "ACCEPT") ? STR("accept")
			                                          : STR_NONE;
			r = firewall_chain_row(firewall, &chain, NONE, NONE);
		}
		if (r == 0)
			r = firewall_save_read(firewall, rules[v], &model);
	}
	return r;
}

/* ---- firewalld: zones in a small XML without nesting that matters but <rule> ---- */

struct tag {
	struct str name, attributes;
	bool closing;
};

static bool tag_next(struct str *rest, int64_t *line, struct tag *tag)
{
	for (;;) {
		ptrdiff_t open = str_find_char(*rest, '<');
		if (open < 0)
			return false;
		for (ptrdiff_t i = 0; i < open; i++)
			*line += rest->p[i] == '\n';
		*rest = str_slice(*rest, (size_t)open + 1, rest->n);
		bool comment = str_starts(*rest, "!--");
		ptrdiff_t close = comment ? str_find(*rest, "-->") : str_find_char(*rest, '>');
		if (close < 0)
			return false;
		struct str text = str_slice(*rest, 0, (size_t)close);
		*rest = str_slice(*rest, (size_t)close + 1, rest->n);
		if (comment || !text.n || text.p[0] == '?' || text.p[0] == '!')
			continue;
		tag->closing = text.p[0] == '/';
		if (tag->closing)
			text = str_slice(text, 1, text.n);
		if (str_ends(text, "/"))
			text.n--;
		tag->name = str_word(&text);
		tag->attributes = text;
		return true;
	}
}

static struct str tag_attribute(const struct tag *tag, const char *name)
{
	struct str rest = tag->attributes;
	while (rest.p && rest.n) {
		struct str key = str_trim(str_cut(&rest, '='));
		rest = rest.p ? str_trim(rest) : STR_NONE;
		if (!rest.n || (rest.p[0] != '"' && rest.p[0] != '\''))
			return STR_NONE;
		char quote = rest.p[0];
		rest = str_slice(rest, 1, rest.n);
		struct str value = str_cut(&rest, quote);
		if (str_is(key, name))
			return value;
	}
	return STR_NONE;
}

struct zone {
	struct firewall *firewall;
	struct firewall_chain chain;
	VEC(struct str) matches; /* "tcp dport 22": of the rule being read */
	struct str source, verdict;
	bool in_rule;
};

static int zone_say(struct zone *zone, struct str match, int64_t line)
{
	struct str text = arena_printf(zone->firewall->arena, "%.*s%s%.*s%s%.*s", STR_ARG(zone->source),
	                               zone->source.n && match.n ? " " : "", STR_ARG(match),
	                               zone->source.n || match.n ? " " : "",
	                               STR_ARG(zone->verdict.p ? zone->verdict : STR("accept")));
	return firewall_rule_row(zone->firewall, &zone->chain, text, NONE, line);
}

static int zone_match(struct zone *zone, struct str match, int64_t line)
{
	if (!zone->in_rule)
		return zone_say(zone, match, line);
	vec_push_in(zone->firewall->arena, &zone->matches, match);
	return 0;
}

static struct str port_text(struct arena *arena, const struct tag *tag, const char *which)
{
	struct str protocol = tag_attribute(tag, "protocol"), port = tag_attribute(tag, "port");
	return port.n ? arena_printf(arena, "%.*s %s %.*s", STR_ARG(protocol), which, STR_ARG(port))
	              : STR_NONE;
}

/* The ports of a service by its own file; its name alone when there is none. */
static int service_say(struct zone *zone, struct str name, int64_t line)
{
	static const char *const folders[] = { "etc/firewalld/services", "usr/lib/firewalld/services" };
	struct arena *arena = zone->firewall->arena;
	bool plain = name.n && str_find_char(name, '/') < 0;
	for (size_t i = 0; plain && i < COUNT(folders); i++) {
		struct str rest;
		struct tag tag;
		int64_t ignored = 0;
		size_t found = 0;
		const char *path = arena_printf(arena, "%s/%.*s.xml", folders[i], STR_ARG(name)).p;
		if (scan_file(zone->firewall->scan, path, &rest) < 0)
			continue;
		while (tag_next(&rest, &ignored, &tag)) {
			struct str port =
			    str_is(tag.name, "port") ? port_text(arena, &tag, "dport") : STR_NONE;
			int r = port.n ? zone_match(zone, port, line) : 0;
			if (r < 0)
				return r;
			found += port.n > 0;
		}
		if (found)
			return 0;
	}
	return zone_match(zone, arena_printf(arena, "service %.*s", STR_ARG(name)), line);
}

static int zone_tag(struct zone *zone, const struct tag *tag, int64_t line)
{
	struct arena *arena = zone->firewall->arena;
	struct str name = tag->name;
	if (str_is(name, "rule")) {
		int r = 0;
		if (tag->closing && !zone->matches.n && (zone->source.n || zone->verdict.n))
			r = zone_say(zone, STR_NONE, line);
		for (size_t i = 0; r == 0 && tag->closing && i < zone->matches.n; i++)
			r = zone_say(zone, zone->matches.p[i], line);
		zone->matches.n = 0;
		zone->source = zone->verdict = STR_NONE;
		zone->in_rule = !tag->closing;
		return r;
	}
	if (tag->closing)
		return 0;
	if (str_is(name, "service"))
		return service_say(zone, tag_attribute(tag, "name"), line);
	if (str_is(name, "port") || str_is(name, "source-port")) {
		struct str text = port_text(arena, tag, str_is(name, "port") ? "dport" : "sport");
		return text.n ? zone_match(zone, text, line) : 0;
	}
	if (str_is(name, "protocol"))
		return zone_match(
		    zone, arena_printf(arena, "meta l4proto %.*s", STR_ARG(tag_attribute(tag, "value"))),
		    line);
	if (str_is(name, "source") && zone->in_rule) {
		struct str address = tag_attribute(tag, "address");
		bool invert = str_is_nocase(tag_attribute(tag, "invert"), "true");
		zone->source =
		    arena_printf(arena, "%s saddr %s%.*s", str_find_char(address, ':') >= 0 ? "ip6" : "ip",
		                 invert ? "!= " : "", STR_ARG(address));
		return 0;
	}
	if (zone->in_rule && (str_is(name, "accept") || str_is(name, "reject") || str_is(name, "drop")))
		zone->verdict = name;
	if (str_is(name, "masquerade") && !zone->in_rule)
		return firewall_rule_row(zone->firewall, &zone->chain, STR("masquerade"), NONE, line);
	return 0;
}

static int zone_read(struct firewall *firewall, const char *path, struct str name, int64_t enabled)
{
	struct str rest;
	struct tag tag;
	int64_t line = 1;
	bool begun = false;
	if (scan_file(firewall->scan, path, &rest) < 0)
		return 0;
	struct zone zone = {
		.firewall = firewall,
		.chain = {
			.source = "configured",
			.backend = "firewalld",
			.enabled = enabled,
			.family = STR("inet"),
			.name = name,
			.type = STR("filter"),
			.hook = STR("input"),
			.priority = NONE,
			.policy = STR("reject"), /* the target "default" rejects what no rule accepts */
			.file = arena_printf(firewall->arena, "/%s", path),
		},
	};
	while (tag_next(&rest, &line, &tag)) {
		int r = 0;
		if (str_is(tag.name, "zone") && !tag.closing && !begun) {
			struct str target = tag_attribute(&tag, "target");
			if (str_is(target, "ACCEPT"))
				zone.chain.policy = STR("accept");
			if (str_is(target, "DROP"))
				zone.chain.policy = STR("drop");
			begun = true;
			r = firewall_chain_row(firewall, &zone.chain, NONE, line);
		} else if (begun) {
			r = zone_tag(&zone, &tag, line);
		}
		if (r < 0)
			return r;
	}
	if (!begun)
		firewall_not_understood(firewall, path, line);
	return 0;
}

static int firewalld_read(struct firewall *firewall)
{
	struct scan *scan = firewall->scan;
	struct stat info;
	if (root_stat(scan_root(scan), "etc/firewalld", true, &info) == -ENOENT)
		return 0;
	struct str standard = setting_get(scan, "etc/firewalld/firewalld.conf", "DefaultZone");
	if (!standard.n || str_find_char(standard, '/') >= 0)
		standard = STR("public");
	int64_t enabled = service_enabled(firewall, "firewalld");
	struct strings paths = scan_glob(scan, STR("/etc/firewalld/zones/*.xml"));
	bool seen = false;
	int r = 0;
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		struct str path = str_slice(paths.p[i], 1, paths.p[i].n);
		ptrdiff_t slash = str_find_char_last(path, '/');
		struct str name = str_slice(path, (size_t)slash + 1, path.n - 4);
		seen |= str_eq(name, standard);
		r = zone_read(firewall, arena_cstr(firewall->arena, path), name, enabled);
	}
	if (r == 0 && !seen) {
		const char *path =
		    arena_printf(firewall->arena, "usr/lib/firewalld/zones/%.*s.xml", STR_ARG(standard)).p;
		r = zone_read(firewall, path, standard, enabled);
	}
	return r;
}

int firewall_files_scan(struct firewall *firewall)
{
	static const struct {
		const char *path, *service;
		const char *family; /* NULL: a script for nft */
	} files[] = {
		{ "etc/nftables.conf", "nftables", NULL },
		{ "etc/sysconfig/nftables.conf", "nftables", NULL },
		{ "etc/iptables/rules.v4", "netfilter-persistent", "ip" },
		{ "etc/iptables/rules.v6", "netfilter-persistent", "ip6" },
		{ "etc/sysconfig/iptables", "iptables", "ip" },
		{ "etc/sysconfig/ip6tables", "ip6tables", "ip6" },
	};
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(files); i++) {
		struct firewall_chain model = {
			.source = "configured",
			.backend = files[i].family ? "iptables" : "nftables",
			.family = str_from(files[i].family),
			.priority = NONE,
			.enabled = service_enabled(firewall, files[i].service),
		};
		r = files[i].family ? firewall_save_read(firewall, files[i].path, &model)
		                    : firewall_nft_read(firewall, files[i].path, &model);
	}
	if (r == 0)
		r = ufw_read(firewall);
	return r == 0 ? firewalld_read(firewall) : r;
}
