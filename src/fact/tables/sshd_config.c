/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The settings of the SSH server that are in force.
 *
 * As sshd reads them (servconf.c, sshd_config(5)): the first value of a keyword wins, except for the
 * keywords that collect; Include patterns are relative to /etc/ssh and sorted; a Match block in an included
 * file ends with it. A keyword that is nowhere set has its default, with is_default = 1. The defaults are
 * known for the version that Debian 12 installs; those that differ between versions are NULL elsewhere, and
 * the coverage is then partial.
 */
#include "fact/tables/accounts.h"
#include "fact/tables/sshd_keywords.h"

#include "base/glob.h"
#include "base/vec.h"

enum { WORDS_MAX = 256, DEPTH_MAX = 16 /* as sshd */, SETTINGS_MAX = 20000, FILES_MAX = 512 };

struct sshd_setting {
	const struct keyword *keyword;
	struct str value, match; /* match.p NULL: for everybody */
	struct str file;
	int64_t line;
};

struct sshd {
	struct scan *scan;
	VEC(struct sshd_setting) all;
	size_t files;        /* read so far */
	bool looked;         /* for the version */
	bool dpkg;           /* a Debian package is installed */
	int64_t version;     /* 902 for 9.2; 0: not known */
	struct str version_text;
};

static const struct keyword *keyword_find(struct str name)
{
	for (size_t i = 0; i < COUNT(sshd_aliases); i++)
		if (str_is_nocase(name, sshd_aliases[i][0]))
			name = str_from(sshd_aliases[i][1]);
	for (size_t i = 0; i < COUNT(sshd_keywords); i++)
		if (str_is_nocase(name, sshd_keywords[i].name))
			return &sshd_keywords[i];
	return NULL;
}

static struct str fold(struct arena *arena, struct str s, bool upper)
{
	struct str copy = arena_str(arena, s);
	for (size_t i = 0; i < copy.n; i++) {
		char c = copy.p[i];
		bool change = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
		if (change)
			((char *)copy.p)[i] = (char)(c ^ 0x20);
	}
	return copy;
}

/* The arguments of a line: blanks between them, quotes, "\" before a quote, a blank or itself; a word
 * that starts with "#" ends them. False when a quote does not end or there are too many. */
static bool split(struct arena *arena, struct str text, struct str *words, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < text.n;) {
		if (text.p[i] == ' ' || text.p[i] == '\t') {
			i++;
			continue;
		}
		if (text.p[i] == '#')
			return true;
		char *word = arena_bytes(arena, text.n - i), quote = 0;
		size_t n = 0;
		for (; i < text.n; i++) {
			char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;
			if (c == '\\' && (next == '\'' || next == '"' || next == '\\' || (!quote && next == ' ')))
				word[n++] = text.p[++i];
			else if (!quote && (c == ' ' || c == '\t'))
				break;
			else if (!quote && (c == '"' || c == '\''))
				quote = c;
			else if (quote && c == quote)
				quote = 0;
			else
				word[n++] = c;
		}
		if (quote || *count == WORDS_MAX)
			return false;
		words[(*count)++] = (struct str){ word, n };
	}
	return true;
}

/* Seconds of "1h30m", or "none" as it is. */
static bool parse_time(struct arena *arena, struct str text, struct str *out)
{
	static const struct { char unit; int64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};
	if (str_is_nocase(text, "none")) {
		*out = STR("none");
		return true;
	}
	int64_t total = 0, number = -1;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i] | 0x20;
		if (text.p[i] >= '0' && text.p[i] <= '9') {
			number = (number < 0 ? 0 : number) * 10 + (text.p[i] - '0');
			if (number > INT32_MAX)
				return false;
			continue;
		}
		size_t unit = 0;
		while (unit < COUNT(units) && units[unit].unit != c)
			unit++;
		if (unit == COUNT(units) || number < 0)
			return false;
		total += number * units[unit].seconds;
		number = -1;
	}
	total += number > 0 ? number : 0;
	*out = arena_printf(arena, "%lld", (long long)total);
	return text.n > 0 && total <= INT32_MAX;
}

static bool in_list(struct str list, struct str name, bool patterns)
{
	while (list.p) {
		struct str each = str_cut(&list, ',');
		if (patterns ? glob_match(each, name) : str_eq(each, name))
			return true;
	}
	return false;
}

/* The algorithms of `from` that `filter` does not name, added to `out`. */
static void list_add(struct buf *out, struct str from, struct str filter, bool patterns)
{
	while (from.p) {
		struct str each = str_cut(&from, ',');
		if (!each.n || in_list(filter, each, patterns))
			continue;
		if (out->n)
			buf_add_char(out, ',');
		buf_add(out, each);
	}
}

static struct str algorithms(struct arena *arena, struct str value, struct str otherwise)
{
	char how = value.n ? value.p[0] : 0;
	if (!otherwise.p || (how != '+' && how != '-' && how != '^'))
		return value;
	struct str list = str_slice(value, 1, value.n);
	BUF(out);
	if (how == '^')
		buf_add(&out, list);
	list_add(&out, otherwise, how == '+' ? STR_NONE : list, how == '-');
	if (how == '+')
		list_add(&out, list, otherwise, false);
	return arena_str(arena, buf_str(&out));
}

/* "1:9.2p1-2+deb12u3" -> 902. Only asked for when a default depends on it. */
static void version_find(struct sshd *sshd)
{
	struct str text;
	sshd->looked = true;
	if (scan_file(sshd->scan, "var/lib/dpkg/status", &text) < 0)
		return;
	ptrdiff_t at = str_find(text, "Package: openssh-server\n");
	if (at < 0 || (at > 0 && text.p[at - 1] != '\n'))
		return;
	text = str_slice(text, (size_t)at, text.n);
	for (struct str line; str_line(&text, &line) && line.n;) {
		if (!str_starts(line, "Version: "))
			continue;
		struct str version = str_slice(line, 9, line.n);
		ptrdiff_t colon = str_find_char(version, ':');
		version = str_slice(version, (size_t)(colon + 1), version.n);
		ptrdiff_t p = str_find_char(version, 'p');
		sshd->version_text = version = str_slice(version, 0, p < 0 ? 0 : (size_t)p);
		struct str minor = version;
		int64_t major = str_int_or(str_cut(&minor, '.'), 0);
		sshd->version = major * 100 + str_int_or(minor, 0);
		sshd->dpkg = sshd->version > 0;
		return;
	}
}

static bool default_is_known(struct sshd *sshd, const struct keyword *keyword)
{
	if (keyword->known != KNOWN_ALWAYS && !sshd->looked)
		version_find(sshd);
	switch (keyword->known) {
	case KNOWN_ALWAYS:
		return true;
	case KNOWN_77:
		return sshd->dpkg && sshd->version >= 707 && sshd->version < 1000;
	case KNOWN_88:
		return sshd->dpkg && sshd->version >= 808 && sshd->version < 909;
	case KNOWN_92:
		return sshd->dpkg && sshd->version == 902;
	}
	return false;
}

/* One value as it counts; false when sshd would refuse it. */
static bool canonical(struct sshd *sshd, const struct keyword *keyword, struct str *words, size_t n,
                      struct str raw, struct str *out)
{
	struct arena *arena = scan_arena(sshd->scan);
	struct str choices;
	switch (keyword->kind) {
	case SSHD_RAW:
		*out = raw;
		return raw.n > 0;
	case SSHD_UPPER:
		*out = fold(arena, words[0], true);
		return n == 1;
	case SSHD_TIME:
		return n == 1 && parse_time(arena, words[0], out);
	case SSHD_ALGORITHMS:
		*out = algorithms(arena, words[0], default_is_known(sshd, keyword) ? str_from(keyword->otherwise) :
		                                                                     STR_NONE);
		return n == 1;
	case SSHD_CHOICE:
		*out = fold(arena, words[0], false);
		choices = str_from(keyword->words);
		while (choices.n && n == 1) {
			struct str choice = str_word(&choices);
			if (!str_eq(choice, *out))
				continue;
			if (str_is(choice, "without-password"))
				*out = STR("prohibit-password");
			if (str_is(choice, "delayed") || str_is(choice, "all"))
				*out = STR("yes");
			return true;
		}
		return false;
	case SSHD_LINE:
	case SSHD_EVERY: {
		BUF(joined);
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_add_char(&joined, ' ');
			buf_add(&joined, words[i]);
		}
		*out = arena_str(arena, buf_str(&joined));
		return true;
	}
	default:
		*out = words[0];
		return n == 1;
	}
}

static bool same_match(struct str a, struct str b)
{
	return !a.p == !b.p && str_eq(a, b);
}

static void setting_add(struct sshd *sshd, const struct keyword *keyword, struct str *words, size_t n,
                        struct str raw, struct sshd_setting setting)
{
	struct arena *arena = scan_arena(sshd->scan);
	setting.keyword = keyword;
	bool collects = keyword->kind == SSHD_EACH || keyword->kind == SSHD_EVERY;
	for (size_t i = 0; i < sshd->all.n && !collects; i++)
		if (sshd->all.p[i].keyword == keyword && same_match(sshd->all.p[i].match, setting.match))
			return; /* the first one wins */
	bool each = keyword->kind == SSHD_EACH || keyword->kind == SSHD_EACH_FIRST;
	size_t values = each ? n : 1;
	for (size_t i = 0; i < values; i++) {
		if (sshd->all.n == SETTINGS_MAX ||
		    !canonical(sshd, keyword, words + i, each ? 1 : n, raw, &setting.value)) {
			scan_malformed(sshd->scan, arena_cstr(arena, setting.file), setting.line);
			return;
		}
		vec_push_in(arena, &sshd->all, setting);
	}
}

/* "User bao Address 10.*": names of criteria in lower case, one blank between words. */
static struct str match_text(struct arena *arena, struct str outer, const struct str *words, size_t n)
{
	BUF(text);
	if (outer.p) {
		buf_add(&text, outer);
		buf_puts(&text, " && ");
	}
	bool name = true; /* names of criteria and their values take turns */
	for (size_t i = 0; i < n; i++, name = !name) {
		struct str rest = words[i];
		if (i)
			buf_add_char(&text, ' ');
		if (name && str_find_char(rest, '=') > 0) { /* "User=bao" is the same as "User bao" */
			buf_add(&text, fold(arena, str_cut(&rest, '='), false));
			buf_add_char(&text, ' ');
			name = false;
		}
		buf_add(&text, name ? fold(arena, rest, false) : rest);
	}
	return arena_str(arena, buf_str(&text));
}

static void sshd_read(struct sshd *sshd, struct str path, struct str rest, struct str outer, int depth);

static void sshd_include(struct sshd *sshd, const struct str *words, size_t n, struct str match, int depth,
                         struct str file, int64_t line)
{
	struct arena *arena = scan_arena(sshd->scan);
	for (size_t i = 0; i < n; i++) {
		if (depth >= DEPTH_MAX || sshd->files >= FILES_MAX) {
			scan_malformed(sshd->scan, arena_cstr(arena, file), line);
			return;
		}
		struct str pattern = words[i].n && words[i].p[0] == '/' ? words[i] :
		                     arena_printf(arena, "/etc/ssh/%.*s", STR_ARG(words[i]));
		struct strings paths = scan_glob(sshd->scan, pattern);
		for (size_t k = 0; k < paths.n && sshd->files < FILES_MAX; k++) {
			struct str text;
			sshd->files++;
			if (scan_file(sshd->scan, arena_cstr(arena, paths.p[k]), &text) == 0)
				sshd_read(sshd, paths.p[k], text, match, depth + 1);
		}
	}
}

/* Keyword of a line and what follows; "=" may stand between them. */
static struct str cut_keyword(struct str *line)
{
	size_t n = 0;
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t' && line->p[n] != '=' && line->p[n] != '"')
		n++;
	struct str keyword = str_slice(*line, 0, n);
	*line = str_trim(str_slice(*line, n, line->n));
	if (line->n && line->p[0] == '=')
		*line = str_trim(str_slice(*line, 1, line->n));
	return keyword;
}

static void sshd_read(struct sshd *sshd, struct str path, struct str rest, struct str outer, int depth)
{
	struct arena *arena = scan_arena(sshd->scan);
	const char *name = arena_cstr(arena, path);
	struct str match = outer, line;
	for (int64_t number = 1; str_line(&rest, &line) && sshd->all.n < SETTINGS_MAX; number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct str words[WORDS_MAX];
		size_t n;
		const struct keyword *keyword = keyword_find(cut_keyword(&line));
		if (!keyword || !split(arena, line, words, &n) || (!n && keyword->kind != SSHD_IGNORED) ||
		    (match.p && !keyword->in_match)) {
			scan_malformed(sshd->scan, name, number);
			continue;
		}
		if (keyword->kind == SSHD_INCLUDE)
			sshd_include(sshd, words, n, match, depth, path, number);
		else if (keyword->kind == SSHD_MATCH_BLOCK)
			match = match_text(arena, outer, words, n);
		else if (keyword->kind != SSHD_IGNORED)
			setting_add(sshd, keyword, words, n, line,
			            (struct sshd_setting){ .match = match, .file = path, .line = number });
	}
}

/* "ListenAddress host" without a port listens on every Port. */
static struct str with_port(struct arena *arena, struct str address, struct str port)
{
	struct str rest = address;
	struct str host = str_word(&rest);
	ptrdiff_t first = str_find_char(host, ':'), last = str_find_char_last(host, ':');
	ptrdiff_t bracket = str_find_char(host, ']');
	bool has_port = bracket >= 0 ? last > bracket : first >= 0 && first == last;
	if (has_port)
		return address;
	bool bare_v6 = bracket < 0 && first >= 0;
	return arena_printf(arena, bare_v6 ? "[%.*s]:%.*s%.*s" : "%.*s:%.*s%.*s", STR_ARG(host), STR_ARG(port),
	                    STR_ARG(rest));
}

static int emit(struct sshd *sshd, const struct sshd_setting *setting, struct str value, struct err *err)
{
	return scan_row(sshd->scan, ROW(setting->keyword->name, value, setting->match, setting->file,
	                                setting->line, 0), err);
}

static int emit_default(struct sshd *sshd, const char *name, struct str value, struct err *err)
{
	return scan_row(sshd->scan, ROW(name, value, STR_NONE, STR_NONE, NONE, 1), err);
}

static const struct sshd_setting *first_setting(const struct sshd *sshd, const char *name)
{
	for (size_t i = 0; i < sshd->all.n; i++)
		if (!sshd->all.p[i].match.p && strcmp(sshd->all.p[i].keyword->name, name) == 0)
			return &sshd->all.p[i];
	return NULL;
}

/* Keywords whose default is a list of rows. */
static int default_rows(struct sshd *sshd, const char *name, struct err *err)
{
	struct arena *arena = scan_arena(sshd->scan);
	int r = 0;
	if (strcmp(name, "hostkey") == 0) {
		static const char *const keys[] = { "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key",
			                            "/etc/ssh/ssh_host_ed25519_key" };
		for (size_t i = 0; i < COUNT(keys) && r == 0; i++)
			r = emit_default(sshd, name, str_from(keys[i]), err);
		return r;
	}
	if (strcmp(name, "listenaddress") != 0)
		return 0;
	const struct sshd_setting *family = first_setting(sshd, "addressfamily");
	bool v4 = !family || !str_is(family->value, "inet6"), v6 = !family || !str_is(family->value, "inet");
	bool any = false;
	for (size_t i = 0; i <= sshd->all.n && r == 0; i++) {
		bool last = i == sshd->all.n;
		if (last ? any : strcmp(sshd->all.p[i].keyword->name, "port") != 0)
			continue;
		any = true;
		struct str port = last ? STR("22") : sshd->all.p[i].value;
		if (v6)
			r = emit_default(sshd, name, with_port(arena, STR("::"), port), err);
		if (v4 && r == 0)
			r = emit_default(sshd, name, with_port(arena, STR("0.0.0.0"), port), err);
	}
	return r;
}

static int emit_keyword(struct sshd *sshd, const struct keyword *keyword, bool *unknown, struct err *err)
{
	int r = 0;
	bool set = false;
	struct arena *arena = scan_arena(sshd->scan);
	for (size_t i = 0; i < sshd->all.n && r == 0; i++) {
		const struct sshd_setting *setting = &sshd->all.p[i];
		if (setting->match.p || setting->keyword != keyword)
			continue;
		set = true;
		if (strcmp(keyword->name, "listenaddress") != 0) {
			r = emit(sshd, setting, setting->value, err);
			continue;
		}
		bool any = false;
		for (size_t k = 0; k < sshd->all.n && r == 0; k++)
			if (strcmp(sshd->all.p[k].keyword->name, "port") == 0) {
				struct str value = with_port(arena, setting->value, sshd->all.p[k].value);
				r = any && str_eq(value, setting->value) ? 0 : emit(sshd, setting, value, err);
				any = true;
			}
		if (!any && r == 0)
			r = emit(sshd, setting, with_port(arena, setting->value, STR("22")), err);
	}
	if (set || r < 0)
		return r;
	if (!keyword->otherwise)
		return default_rows(sshd, keyword->name, err);
	bool known = default_is_known(sshd, keyword);
	*unknown = *unknown || !known;
	return emit_default(sshd, keyword->name, known ? str_from(keyword->otherwise) : STR_NONE, err);
}

static int sshd_config_scan(struct scan *scan, struct err *err)
{
	struct sshd sshd = { .scan = scan };
	struct str text, path = STR("/etc/ssh/sshd_config");
	int r = scan_file(scan, path.p, &text);
	if (r == -ENOENT) {
		path = STR("/usr/etc/ssh/sshd_config"); /* the vendor's copy, as on openSUSE */
		r = scan_file(scan, path.p, &text);
	}
	if (r == -ENOENT)
		return 0; /* no SSH server is set up; sshd does not start without the file */
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
	sshd_read(&sshd, path, text, STR_NONE, 0);
	bool unknown = false;
	r = 0;
	struct scan_key key;
	bool one = scan_key(scan, "key", &key) && key.how == KEY_EQUAL;
	for (size_t i = 0; i < COUNT(sshd_keywords) && r == 0; i++)
		if (!one || str_is(key.text, sshd_keywords[i].name))
			r = emit_keyword(&sshd, &sshd_keywords[i], &unknown, err);
	for (size_t i = 0; i < sshd.all.n && r == 0; i++)
		if (sshd.all.p[i].match.p && (!one || str_is(key.text, sshd.all.p[i].keyword->name)))
			r = emit(&sshd, &sshd.all.p[i], sshd.all.p[i].value, err);
	if (unknown)
		scan_partial(scan, NOTE("the defaults of OpenSSH {} are not known", sshd.version_text.n ?
		                        sshd.version_text : STR("?")));
	return r;
}

const struct table table_sshd_config = {
	.name = "sshd_config",
	.doc = "Settings of the SSH server that are in force; no rows: no SSH server is set up",
	.sources = { "etc/ssh/sshd_config", "etc/ssh/sshd_config.d/", "usr/etc/ssh/sshd_config",
	             "var/lib/dpkg/status" },
	.scan = sshd_config_scan,
	.columns = {
		{ "key", TEXT, "keyword, lower case, its present name; keywords that collect have a row for each "
		               "value", KEY },
		{ "value", TEXT, "value as it counts: times in seconds, lists of algorithms with + - ^ resolved; "
		                 "NULL: the default of this version is not known" },
		{ "match_ctx", TEXT, "criteria of the Match block it stands in; NULL: for everybody" },
		{ "file", TEXT, "file it stands in; NULL: a default" },
		{ "line", INT, "line in that file; NULL: a default" },
		{ "is_default", INT, "1: set nowhere, the default of the program" },
	},
};
