/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * dpkg -s, dpkg-query -s, dpkg-query -W: from dpkg's status file, whose stanzas these programs print as they are.
 */
#include "base/vec.h"
#include "check/sca_commands.h"

#define STATUS "var/lib/dpkg/status"

struct package {
	struct str stanza;            /* with its last line end */
	struct str name, arch, status, version;
	bool same;                    /* Multi-Arch: same */
	struct package *next;         /* the same name, another architecture */
};

struct packages {
	struct map by_name;           /* struct package */
	struct map mentioned;         /* names in relations: dpkg knows these as "unknown ok not-installed" */
	struct str arch;              /* dpkg's own */
};

static bool is_relation(struct str name)
{
	static const char *const names[] = { "Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Breaks",
	                                     "Conflicts", "Replaces", "Provides" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is_nocase(name, names[i]))
			return true;
	return false;
}

static void relation_read(struct packages *packages, struct str value)
{
	while (value.n) {
		size_t n = 0;
		while (n < value.n && !strchr(" ,|(:\t\n", value.p[n]) && value.p[n])
			n++;
		if (n)
			*map_put(&packages->mentioned, str_slice(value, 0, n)) = packages;
		size_t skip = n;
		while (skip < value.n && value.p[skip] != ',' && value.p[skip] != '|')
			skip++;
		while (skip < value.n && strchr(" ,|\t\n", value.p[skip]))
			skip++;
		value = str_slice(value, skip, value.n);
	}
}

static void field_read(struct packages *packages, struct package *package, struct str line)
{
	struct str rest = line, name = str_cut(&rest, ':');
	struct str value = str_trim(rest);
	if (str_is_nocase(name, "Package"))
		package->name = value;
	else if (str_is_nocase(name, "Status"))
		package->status = value;
	else if (str_is_nocase(name, "Version"))
		package->version = value;
	else if (str_is_nocase(name, "Architecture"))
		package->arch = value;
	else if (str_is_nocase(name, "Multi-Arch"))
		package->same = str_is_nocase(value, "same");
	else if (is_relation(name))
		relation_read(packages, value);
}

static void package_add(struct arena *arena, struct packages *packages, const struct package *one)
{
	if (!one->name.n)
		return;
	struct package *package = ARENA_NEW(arena, struct package);
	*package = *one;
	void **slot = map_put(&packages->by_name, package->name);
	package->next = *slot;
	*slot = package;
	if (str_is(package->name, "dpkg"))
		packages->arch = package->arch;
}

static void status_read(struct arena *arena, struct packages *packages, struct str text)
{
	struct package package = { 0 };
	struct str line, start = text;
	while (str_line(&text, &line)) {
		if (line.n == 0) {
			package.stanza = (struct str){ start.p, (size_t)(line.p - start.p) };
			package_add(arena, packages, &package);
			package = (struct package){ 0 };
			start = text;
		} else if (line.p[0] != ' ' && line.p[0] != '\t') {
			field_read(packages, &package, line);
		}
	}
	package.stanza = start.p ? start : STR("");
	package_add(arena, packages, &package);
}

/* The database, read once a run; NULL: blind. It is complete only where the table of packages is. */
static struct packages *packages_get(struct sca_call *call)
{
	struct arena *arena = call->run->arena;
	struct str text;
	if (!sca_call_table(call, &table_deb_packages))
		return NULL;
	int r = sca_call_file(call, STR(STATUS), &text);
	if (r < 0) {
		if (r == -ENOENT)
			(void)sca_call_blind(call, NOTE("there is no {}", STR(STATUS)));
		return NULL;
	}
	if (call->run->packages)
		return call->run->packages;
	struct packages *packages = ARENA_NEW(arena, struct packages);
	packages->by_name.arena = packages->mentioned.arena = arena;
	status_read(arena, packages, text);
	call->run->packages = packages;
	return packages;
}

/* "name" or "name:arch". *clash: several are installed, and dpkg would ask which. */
static const struct package *package_find(const struct packages *packages, struct str asked, bool *clash)
{
	struct str arch = asked, name = str_cut(&arch, ':');
	const struct package *found = NULL;
	*clash = false;
	for (struct package *one = map_get(&packages->by_name, name); one; one = one->next) {
		if (arch.p ? !str_eq(one->arch, arch) : str_ends(one->status, " not-installed"))
			continue;
		*clash |= found != NULL;
		found = one;
	}
	/* Not installed, but with an entry. */
	for (struct package *one = map_get(&packages->by_name, name); one && !found && !arch.p; one = one->next)
		found = one;
	return found;
}

/* dpkg takes names of packages in either case. */
static struct str lower_case(struct arena *arena, struct str name)
{
	struct str copy = arena_str(arena, name);
	char *p = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return copy;
}

static enum sca_reply status_say(struct sca_call *call, size_t first)
{
	struct packages *packages = packages_get(call);
	bool failed = false, clash;
	if (first >= call->words.n)
		return SCA_UNKNOWN_FORM;
	if (!packages)
		return SCA_BLIND;
	for (size_t i = first; i < call->words.n; i++) {
		struct str asked = lower_case(call->run->arena, call->words.p[i]);
		if (!asked.n || asked.p[0] == '-')
			return SCA_UNKNOWN_FORM;
		const struct package *package = package_find(packages, asked, &clash);
		if (clash)
			return SCA_UNKNOWN_FORM;
		if (package) {
			buf_add(call->out, package->stanza);
		} else {
			buf_printf(call->out, "dpkg-query: package '%.*s' is not installed and no information is "
			                      "available\n", STR_ARG(asked));
			failed = true;
		}
		if (i + 1 < call->words.n)
			buf_add_char(call->out, '\n');
	}
	if (failed) {
		buf_puts(call->out, "Use dpkg --info (= dpkg-deb --info) to examine archive files.\n");
		call->exit = 1;
	}
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_dpkg(struct sca_call *call)
{
	if (sca_word_is(call, 1, "-s") || sca_word_is(call, 1, "--status"))
		return status_say(call, 2);
	return SCA_UNKNOWN_FORM;
}

/* ---- dpkg-query -W -f=… ---- */

static bool field_say(const struct packages *packages, const struct package *package, struct str name, struct buf *out)
{
	struct str status = package->status, want = str_word(&status), flag = str_word(&status);
	if (str_is(name, "Package")) {
		buf_add(out, package->name);
	} else if (str_is(name, "binary:Package")) {
		buf_add(out, package->name);
		bool foreign = package->arch.n && !str_is(package->arch, "all") && packages->arch.n &&
		               !str_eq(package->arch, packages->arch);
		if (package->same || foreign)
			buf_printf(out, ":%.*s", STR_ARG(package->arch));
	} else if (str_is(name, "Status")) {
		buf_add(out, package->status);
	} else if (str_is(name, "db:Status-Status")) {
		buf_add(out, str_trim(status));
	} else if (str_is(name, "db:Status-Want")) {
		buf_add(out, want);
	} else if (str_is(name, "db:Status-Eflag")) {
		buf_add(out, flag);
	} else if (str_is(name, "Version")) {
		buf_add(out, package->version);
	} else if (str_is(name, "Architecture")) {
		buf_add(out, package->arch);
	} else {
		return false;
	}
	return true;
}

static bool format_say(const struct packages *packages, const struct package *package, struct str format,
                       struct buf *out)
{
	for (size_t i = 0; i < format.n; i++) {
		char c = format.p[i], next = i + 1 < format.n ? format.p[i + 1] : 0;
		if (c == '\\') {
			char said = next == 'n' ? '\n' : next == 't' ? '\t' : next == '\\' ? '\\' : 0;
			if (!said)
				return false;
			buf_add_char(out, said);
			i++;
		} else if (c == '$' && next == '{') {
			ptrdiff_t end = str_find_char(str_slice(format, i, format.n), '}');
			if (end < 0 || !field_say(packages, package, str_slice(format, i + 2, i + (size_t)end), out))
				return false;
			i += (size_t)end;
		} else {
			buf_add_char(out, c);
		}
	}
	return true;
}

static enum sca_reply show_say(struct sca_call *call)
{
	struct packages *packages = packages_get(call);
	struct str format = STR("${binary:Package}\\t${Version}\\n");
	size_t names = 0;
	if (!packages)
		return SCA_BLIND;
	for (size_t i = 2; i < call->words.n; i++) {
		struct str word = call->words.p[i];
		if (str_starts(word, "-f=") || str_starts(word, "--showformat=")) {
			str_cut(&word, '=');
			format = word;
			continue;
		}
		if (!word.n || word.p[0] == '-' || strpbrk(arena_cstr(call->run->arena, word), "*?["))
			return SCA_UNKNOWN_FORM;
		bool clash;
		struct package unknown = { .name = word, .status = STR("unknown ok not-installed") };
		const struct package *package = package_find(packages, word, &clash);
		if (!package && map_get(&packages->mentioned, word))
			package = &unknown;
		names++;
		if (clash)
			return SCA_UNKNOWN_FORM;
		if (!package) {
			buf_printf(call->out, "dpkg-query: no packages found matching %.*s\n", STR_ARG(word));
			call->exit = 1;
		} else if (!format_say(packages, package, format, call->out)) {
			return SCA_UNKNOWN_FORM;
		}
	}
	return names ? SCA_ANSWERED : SCA_UNKNOWN_FORM;
}

enum sca_reply sca_answer_dpkg_query(struct sca_call *call)
{
	if (sca_word_is(call, 1, "-s") || sca_word_is(call, 1, "--status"))
		return status_say(call, 2);
	if (sca_word_is(call, 1, "-W") || sca_word_is(call, 1, "--show"))
		return show_say(call);
	return SCA_UNKNOWN_FORM;
}
