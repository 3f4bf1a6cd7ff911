/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * dns: how names are resolved: resolv.conf (resolv.conf(5)), systemd-resolved with its drop-ins
 * (resolved.conf(5), systemd's order: a file name counts once, /etc before /run before /usr; the
 * files in the order of their names), hosts, and the order of sources in nsswitch.conf.
 */
#include "base/map.h"
#include "base/vec.h"
#include "fact/scan.h"

struct entry {
	const char *kind;
	struct str value, names;
	const char *file;
	int64_t line;
	bool effective;
};

struct dns {
	struct arena *arena;
	VEC(struct entry) list;
};

enum { NAMESERVERS_USED = 3 /* MAXNS of resolv.h */ };

static void dns_add(struct dns *dns, const char *kind, struct str value, struct str names, const char *file,
                    int64_t line)
{
	vec_push_in(dns->arena, &dns->list, { kind, value, names, file, line, true });
}

/* A later line replaces what earlier ones said. */
static void dns_drop(struct dns *dns, size_t from, const char *kind)
{
	for (size_t i = from; i < dns->list.n; i++)
		if (strcmp(dns->list.p[i].kind, kind) == 0)
			dns->list.p[i].effective = false;
}

static void resolv_read(struct scan *scan, struct dns *dns)
{
	static const char path[] = "etc/resolv.conf";
	struct str rest, line;
	struct stat info;
	int r = scan_file(scan, path, &rest);
	if (r == -ENOENT && root_stat(scan_root(scan), path, false, &info) == 0)
		scan_partial(scan, NOTE("cannot read {}: {}", str_from(path), str_from(err_words(-ENOENT))));
	if (r < 0)
		return;
	size_t first = dns->list.n, servers = 0;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		struct str word = str_word(&line);
		if (!word.n || word.p[0] == '#' || word.p[0] == ';')
			continue;
		struct str value = str_word(&line);
		if (str_is(word, "nameserver")) {
			if (!value.n)
				continue;
			dns_add(dns, "nameserver", value, STR_NONE, path, number);
			dns->list.p[dns->list.n - 1].effective = servers++ < NAMESERVERS_USED;
		} else if (str_is(word, "search") || str_is(word, "domain")) {
			bool all = str_is(word, "search");
			dns_drop(dns, first, "search");
			for (; value.n; value = all ? str_word(&line) : STR_NONE)
				dns_add(dns, "search", value, STR_NONE, path, number);
		} else if (str_is(word, "options") || str_is(word, "sortlist")) {
			const char *kind = str_is(word, "options") ? "option" : "sortlist";
			for (; value.n; value = str_word(&line))
				dns_add(dns, kind, value, STR_NONE, path, number);
		} else {
			scan_partial(scan, NOTE("{}:{}: not understood", str_from(path),
			                        arena_printf(dns->arena, "%ld", (long)number)));
		}
	}
}

/* One key of [Resolve]. The lists add up until an empty assignment; of the others the last counts. */
static void resolved_key(struct dns *dns, size_t first, struct str key, struct str value, const char *file,
                         int64_t line)
{
	const char *kind = str_is(key, "DNS")           ? "nameserver"
	                   : str_is(key, "FallbackDNS") ? "fallback"
	                   : str_is(key, "Domains")     ? "search"
	                                                : NULL;
	if (kind) {
		if (!value.n)
			dns_drop(dns, first, kind);
		for (struct str word = str_word(&value); word.n; word = str_word(&value))
			dns_add(dns, kind, word, STR_NONE, file, line);
		return;
	}
	for (size_t i = first; i < dns->list.n; i++) {
		struct entry *entry = &dns->list.p[i];
		if (strcmp(entry->kind, "setting") == 0 &&
		    str_starts(entry->value, arena_cstr(dns->arena, key)) && entry->value.p[key.n] == '=')
			entry->effective = false;
	}
	dns_add(dns, "setting", arena_printf(dns->arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(value)), STR_NONE,
	        file, line);
}

static void resolved_read(struct scan *scan, struct dns *dns, const char *path, size_t first)
{
	struct str rest, line;
	bool ours = false;
	if (scan_file(scan, path, &rest) < 0)
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			ours = str_is(line, "[Resolve]");
			continue;
		}
		struct str key = str_trim(str_cut(&line, '='));
		if (!line.p) {
			scan_partial(scan, NOTE("{}:{}: not understood", str_from(path),
			                        arena_printf(dns->arena, "%ld", (long)number)));
			continue;
		}
		if (ours)
			resolved_key(dns, first, key, str_trim(line), path, number);
	}
}

struct drop_in {
	struct str name;
	const char *path;
};

static int drop_in_compare(const void *a, const void *b)
{
	return str_compare(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

static void resolved_scan(struct scan *scan, struct dns *dns)
{
	static const char *const folders[] = { "etc/systemd/resolved.conf.d", "run/systemd/resolved.conf.d",
		                               "usr/lib/systemd/resolved.conf.d" };
	struct arena *arena = scan_arena(scan);
	struct map seen = { .arena = arena };
	VEC(struct drop_in) drops = { 0 };
	size_t first = dns->list.n;
	for (size_t i = 0; i < COUNT(folders); i++) {
		struct strings names = scan_list(scan, folders[i]);
		for (size_t n = 0; n < names.n; n++) {
			if (!str_ends(names.p[n], ".conf") || map_get(&seen, names.p[n]))
				continue;
			*map_put(&seen, names.p[n]) = dns;
			const char *path = arena_printf(arena, "%s/%.*s", folders[i], STR_ARG(names.p[n])).p;
			vec_push_in(arena, &drops, { names.p[n], path });
		}
	}
	if (drops.n)
		qsort(drops.p, drops.n, sizeof(drops.p[0]), drop_in_compare);
	resolved_read(scan, dns, "etc/systemd/resolved.conf", first);
	for (size_t i = 0; i < drops.n; i++)
		resolved_read(scan, dns, drops.p[i].path, first);
}

static void hosts_read(struct scan *scan, struct dns *dns)
{
	struct str rest, line;
	if (scan_file(scan, "etc/hosts", &rest) < 0)
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		struct str comment = line;
		line = str_cut(&comment, '#');
		struct str address = str_word(&line), names = str_trim(line);
		if (!address.n)
			continue;
		if (!names.n)
			scan_partial(scan, NOTE("{}:{}: not understood", STR("etc/hosts"),
			                        arena_printf(dns->arena, "%ld", (long)number)));
		else
			dns_add(dns, "hosts", address, names, "etc/hosts", number);
	}
}

static void nsswitch_read(struct scan *scan, struct dns *dns)
{
	struct str rest, line;
	if (scan_file(scan, "etc/nsswitch.conf", &rest) < 0)
		return;
	for (int64_t number = 1; str_line(&rest, &line); number++) {
		struct str comment = line;
		line = str_cut(&comment, '#');
		struct str key = str_trim(str_cut(&line, ':'));
		if (line.p && str_is(key, "hosts"))
			dns_add(dns, "order", str_trim(line), STR_NONE, "etc/nsswitch.conf", number);
	}
}

static int dns_scan(struct scan *scan, struct err *err)
{
	struct dns dns = { .arena = scan_arena(scan) };
	resolv_read(scan, &dns);
	resolved_scan(scan, &dns);
	hosts_read(scan, &dns);
	nsswitch_read(scan, &dns);
	for (size_t i = 0; i < dns.list.n; i++) {
		const struct entry *entry = &dns.list.p[i];
		struct str file = arena_printf(scan_arena(scan), "/%s", entry->file);
		int r = scan_row(
		    scan, ROW(entry->kind, entry->value, entry->names, entry->effective, file, entry->line),
		    err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_dns = {
	.name = "dns",
	.doc = "How names are resolved: resolv.conf, systemd-resolved, hosts, nsswitch.conf",
	.sources = { "etc/resolv.conf", "etc/systemd/resolved.conf", "etc/hosts", "etc/nsswitch.conf",
	             "etc/systemd/resolved.conf.d/*.conf" },
	.scan = dns_scan,
	.columns = {
		{ "kind", TEXT, "nameserver, search, option, sortlist; fallback or setting (of systemd-resolved); hosts; "
		                "order (the sources that nsswitch.conf asks)" },
		{ "value", TEXT, "the address, domain, option, or key=value of a setting" },
		{ "hostnames", TEXT, "names given to the address, separated by spaces; NULL unless kind is hosts" },
		{ "effective", INT, "0 when a later line replaces it, or when it is beyond the three name servers that "
		                    "the C library asks; else 1" },
		{ "file", TEXT, "file that says so" },
		{ "line", INT, "line in the file" },
	},
};
