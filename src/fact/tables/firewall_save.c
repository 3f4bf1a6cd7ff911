/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * firewall_save: rules as iptables-save(8) writes them, put into nftables' words like the running ones.
 */
#include "base/map.h"
#include "fact/tables/firewall.h"

/* The next word; quotes and backslashes as in a shell. STR_NONE at the end. */
static struct str word_next(struct arena *arena, struct str *rest)
{
	*rest = str_trim(*rest);
	if (!rest->n)
		return STR_NONE;
	BUF(word);
	char quote = 0;
	size_t i = 0;
	for (; i < rest->n; i++) {
		char c = rest->p[i];
		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (c == '\\' && i + 1 < rest->n)
			buf_add_char(&word, rest->p[++i]);
		else if (!quote && (c == ' ' || c == '\t'))
			break;
		else
			buf_add_char(&word, c);
	}
	*rest = str_slice(*rest, i, rest->n);
	return arena_str(arena, buf_str(&word));
}

struct rule_words {
	struct arena *arena;
	bool ipv6;
	struct str protocol;
	bool said; /* the protocol, by a match of its ports */
	struct buf matches, target, target_options;
};

static void lower_add(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(out, text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] | 32) : text.p[i]);
}

static void match_say(struct buf *out, const char *name, bool invert, struct str value)
{
	buf_printf(out, "%s%s %s%.*s", out->n ? " " : "", name, invert ? "!= " : "", STR_ARG(value));
}

static void ports_say(struct rule_words *rule, const char *which, bool invert, struct str value, bool list)
{
	BUF(text);
	buf_puts(&text, list ? "{ " : "");
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == ',')
			buf_puts(&text, ", ");
		else
			buf_add_char(&text, c == ':' ? '-' : c);
	}
	buf_puts(&text, list ? " }" : "");
	rule->said = true;
	struct str name = arena_printf(rule->arena, "%.*s %s", rule->protocol.p ? (int)rule->protocol.n : 2,
	                               rule->protocol.p ? rule->protocol.p : "th", which);
	match_say(&rule->matches, name.p, invert, buf_str(&text));
}

static void states_say(struct rule_words *rule, bool invert, struct str value)
{
	BUF(text);
	lower_add(&text, value);
	buf_printf(&rule->matches, "%sct state %s%s", rule->matches.n ? " " : "", invert ? "! " : "",
	           buf_cstr(&text));
}

static bool is_one_of(struct str word, const char *a, const char *b)
{
	return str_is(word, a) || (b && str_is(word, b));
}

/* One option and its value. False: it is not known. */
static bool match_take(struct rule_words *rule, struct str option, bool invert, struct str *rest)
{
	struct arena *arena = rule->arena;
	struct buf *out = &rule->matches;
	if (is_one_of(option, "-p", "--protocol")) {
		rule->protocol = word_next(arena, rest);
		if (invert) {
			match_say(out, "meta l4proto", true, rule->protocol);
			rule->said = true;
		}
	} else if (is_one_of(option, "-s", "--source")) {
		match_say(out, rule->ipv6 ? "ip6 saddr" : "ip saddr", invert, word_next(arena, rest));
	} else if (is_one_of(option, "-d", "--destination")) {
		match_say(out, rule->ipv6 ? "ip6 daddr" : "ip daddr", invert, word_next(arena, rest));
	} else if (is_one_of(option, "-i", "--in-interface") || is_one_of(option, "-o", "--out-interface")) {
		struct str name = word_next(arena, rest);
		bool some = str_ends(name, "+");
		struct str text = arena_printf(arena, "\"%.*s%s\"", (int)(name.n - some),
		                               name.p ? name.p : "", some ? "*" : "");
		match_say(out, is_one_of(option, "-i", "--in-interface") ? "iifname" : "oifname", invert,
		          text);
	} else if (is_one_of(option, "--dport", "--destination-port")) {
		ports_say(rule, "dport", invert, word_next(arena, rest), false);
	} else if (is_one_of(option, "--sport", "--source-port")) {
		ports_say(rule, "sport", invert, word_next(arena, rest), false);
	} else if (is_one_of(option, "--dports", "--destination-ports")) {
		ports_say(rule, "dport", invert, word_next(arena, rest), true);
	} else if (is_one_of(option, "--sports", "--source-ports")) {
		ports_say(rule, "sport", invert, word_next(arena, rest), true);
	} else if (is_one_of(option, "--ctstate", "--state")) {
		states_say(rule, invert, word_next(arena, rest));
	} else if (is_one_of(option, "--icmp-type", "--icmpv6-type")) {
		match_say(out, rule->ipv6 ? "icmpv6 type" : "icmp type", invert, word_next(arena, rest));
		rule->said = true;
	} else if (is_one_of(option, "--comment", NULL)) {
		struct str text = word_next(arena, rest);
		buf_printf(out, "%scomment \"%.*s\"", out->n ? " " : "", STR_ARG(text));
	} else if (is_one_of(option, "--limit", NULL)) {
		match_say(out, "limit rate", invert, word_next(arena, rest));
	} else if (is_one_of(option, "--limit-burst", NULL)) {
		struct str text = word_next(arena, rest);
		buf_printf(out, " burst %.*s packets", STR_ARG(text));
	} else if (is_one_of(option, "-m", "--match")) {
		word_next(arena, rest); /* its options follow and speak for themselves */
	} else {
		return false;
	}
	return true;
}

static void target_take(struct rule_words *rule, struct str name, bool jump)
{
	static const char *const known[][2] = {
		{ "ACCEPT", "accept" },     { "DROP", "drop" },
		{ "RETURN", "return" },     { "REJECT", "reject" },
		{ "LOG", "log" },           { "DNAT", "dnat" },
		{ "SNAT", "snat" },         { "MASQUERADE", "masquerade" },
		{ "REDIRECT", "redirect" }, { "NFLOG", "log" },
		{ "QUEUE", "queue" },
	};
	for (size_t i = 0; jump && i < COUNT(known); i++)
		if (str_is(name, known[i][0])) {
			buf_puts(&rule->target, known[i][1]);
			return;
		}
	buf_printf(&rule->target, "%s %.*s", jump ? "jump" : "goto", STR_ARG(name));
}

static bool target_option(struct rule_words *rule, struct str option, struct str *rest)
{
	struct buf *out = &rule->target_options;
	if (is_one_of(option, "--reject-with", NULL)) {
		struct str with = word_next(rule->arena, rest);
		if (str_is(with, "tcp-reset"))
			buf_puts(out, " with tcp reset");
		else if (str_find(with, "port-unreachable") < 0)
			buf_printf(out, " with %.*s", STR_ARG(with));
	} else if (is_one_of(option, "--log-prefix", "--nflog-prefix")) {
		struct str text = word_next(rule->arena, rest);
		buf_printf(out, " prefix \"%.*s\"", STR_ARG(text));
	} else if (is_one_of(option, "--log-level", NULL)) {
		struct str text = word_next(rule->arena, rest);
		buf_printf(out, " level %.*s", STR_ARG(text));
	} else if (is_one_of(option, "--to-destination", "--to-source")) {
		struct str text = word_next(rule->arena, rest);
		buf_printf(out, " to %.*s", STR_ARG(text));
	} else if (is_one_of(option, "--to-ports", "--to-port")) {
		struct str text = word_next(rule->arena, rest);
		buf_printf(out, " to :%.*s", STR_ARG(text));
	} else {
		return false;
	}
	return true;
}

static struct str rule_words_text(struct arena *arena, struct str rest, bool ipv6)
{
	struct rule_words rule = { .arena = arena, .ipv6 = ipv6 };
	bool invert = false;
	for (struct str word; (word = word_next(arena, &rest)).p;) {
		if (str_is(word, "!")) {
			invert = true;
			continue;
		}
		if (is_one_of(word, "-j", "--jump") || is_one_of(word, "-g", "--goto"))
			target_take(&rule, word_next(arena, &rest), is_one_of(word, "-j", "--jump"));
		else if (!match_take(&rule, word, invert, &rest) && !target_option(&rule, word, &rest))
			/* What is not known stays as it is written. */
			buf_printf(&rule.matches, "%s%s%.*s", rule.matches.n ? " " : "", invert ? "! " : "",
			           STR_ARG(word));
		invert = false;
	}
	BUF(text);
	if (rule.protocol.p && !rule.said && !str_is(rule.protocol, "all"))
		match_say(&text, "meta l4proto", false, rule.protocol);
	struct buf *const parts[] = { &rule.matches, &rule.target };
	for (size_t i = 0; i < COUNT(parts); i++)
		if (parts[i]->n) {
			buf_puts(&text, text.n ? " " : "");
			buf_add(&text, buf_str(parts[i]));
		}
	buf_add(&text, buf_str(&rule.target_options));
	buf_done(&rule.matches);
	buf_done(&rule.target);
	buf_done(&rule.target_options);
	return arena_str(arena, buf_str(&text));
}

/* Built-in chains carry the hook of their name; ufw's own chains hang below them. */
static struct str hook_of(struct str chain)
{
	static const char *const names[][2] = {
		{ "INPUT", "input" },
		{ "FORWARD", "forward" },
		{ "OUTPUT", "output" },
		{ "PREROUTING", "prerouting" },
		{ "POSTROUTING", "postrouting" },
		{ "ufw-user-input", "input" },
		{ "ufw-user-forward", "forward" },
		{ "ufw-user-output", "output" },
	};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(chain, names[i][0]))
			return str_from(names[i][1]);
	return STR_NONE;
}

static struct firewall_chain chain_model(struct arena *arena, const struct firewall_chain *model,
                                         const char *path, struct str table, struct str name)
{
	struct firewall_chain chain = *model;
	chain.table = table;
	chain.name = name;
	chain.hook = hook_of(name);
	chain.type = !chain.hook.p ? STR_NONE : str_is(table, "nat") ? STR("nat") : STR("filter");
	chain.priority = NONE;
	chain.file = arena_printf(arena, "/%s", path);
	return chain;
}

int firewall_save_read(struct firewall *firewall, const char *path, const struct firewall_chain *model)
{
	struct str rest, line, table = STR("filter");
	struct firewall_drafts drafts = { 0 };
	bool ipv6 = str_is(model->family, "ip6");
	if (scan_file(firewall->scan, path, &rest) < 0)
		return 0;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || str_is(line, "COMMIT"))
			continue;
		if (line.p[0] == '*') {
			table = str_slice(line, 1, line.n);
			continue;
		}
		if (line.p[0] == '[') { /* "[packets:bytes] -A …" */
			str_word(&line);
			line = str_trim(line);
		}
		if (line.p[0] == ':') {
			line = str_slice(line, 1, line.n);
			struct str name = str_word(&line), policy = str_word(&line);
			struct firewall_chain chain = chain_model(firewall->arena, model, path, table, name);
			struct firewall_draft *draft = firewall_draft_get(firewall, &drafts, &chain, number);
			if (str_is(policy, "ACCEPT") || str_is(policy, "DROP"))
				draft->chain.policy = str_is(policy, "ACCEPT") ? STR("accept") : STR("drop");
			continue;
		}
		struct str command = str_word(&line), name = str_word(&line);
		if (!is_one_of(command, "-A", "--append") || !name.n) {
			firewall_not_understood(firewall, path, number);
			continue;
		}
		struct firewall_chain chain = chain_model(firewall->arena, model, path, table, name);
		struct firewall_draft *draft = firewall_draft_get(firewall, &drafts, &chain, number);
		struct str text = rule_words_text(firewall->arena, line, ipv6);
		vec_push_in(firewall->arena, &draft->rules, { text, number });
	}
	return firewall_drafts_rows(firewall, &drafts);
}
