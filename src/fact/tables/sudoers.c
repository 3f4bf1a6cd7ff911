/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Who may run what as whom through sudo: sudoers(5) with its includes followed and its aliases expanded.
 *
 * A rule has a row for each user and each command; tags and the runas list carry over to the commands
 * behind them. A folder's files count in the order of their names, those with a dot or a final "~" do not.
 * Not read: rules in LDAP or sssd (the coverage says so).
 */
#include "fact/tables/accounts.h"

#include "base/map.h"
#include "base/vec.h"

enum { DEPTH_MAX = 32, FILES_MAX = 1000, ITEMS_MAX = 20000, EXPANDED_MAX = 4096, ROWS_MAX = 200000, TAG_COUNT = 8 };

enum alias_kind { ALIAS_USER, ALIAS_RUNAS, ALIAS_HOST, ALIAS_COMMAND, ALIAS_KINDS };

static const struct { const char *word, *kind; enum alias_kind alias; } alias_words[] = {
	{ "User_Alias", "user_alias", ALIAS_USER },    { "Runas_Alias", "runas_alias", ALIAS_RUNAS },
	{ "Host_Alias", "host_alias", ALIAS_HOST },    { "Cmnd_Alias", "cmnd_alias", ALIAS_COMMAND },
	{ "Cmd_Alias", "cmnd_alias", ALIAS_COMMAND },
};

static const char *const tag_words[TAG_COUNT][2] = {
	{ "NOPASSWD", "PASSWD" },     { "NOEXEC", "EXEC" },     { "SETENV", "NOSETENV" },
	{ "LOG_INPUT", "NOLOG_INPUT" }, { "LOG_OUTPUT", "NOLOG_OUTPUT" }, { "FOLLOW", "NOFOLLOW" },
	{ "MAIL", "NOMAIL" },         { "INTERCEPT", "NOINTERCEPT" },
};

static const char *const option_words[] = { "ROLE", "TYPE", "APPARMOR_PROFILE", "PRIVS", "LIMITPRIVS", "CWD",
	                                    "CHROOT", "NOTBEFORE", "NOTAFTER", "TIMEOUT" };

struct list {
	VEC(struct str) items; /* "!" in front of what is excluded */
};

/* A row to be; lists are expanded when every alias is known. */
struct rule {
	const char *kind;
	struct list who, host, command, runas_users, runas_groups;
	bool has_runas, is_spec;
	struct str tags, option, value;
	const char *file;
	int64_t line;
};

struct sudoers {
	struct scan *scan;
	struct map aliases[ALIAS_KINDS]; /* -> struct list */
	VEC(struct rule) rules;
	size_t files, rows;
};

/* ---- reading a logical line ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct str *s)
{
	while (s->n && is_blank(s->p[0]))
		*s = str_slice(*s, 1, s->n);
}

static bool take_char(struct str *s, char c)
{
	skip_blanks(s);
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_slice(*s, 1, s->n);
	return true;
}

static bool is_id_mark(struct str line, size_t at)
{
	size_t next = at + 1;
	if (next < line.n && line.p[next] == '-')
		next++;
	bool digit = next < line.n && line.p[next] >= '0' && line.p[next] <= '9';
	return digit && (at == 0 || is_blank(line.p[at - 1]) || memchr(",(%!=:>", line.p[at - 1], 7));
}

/* Where a comment starts, or the length. *quoted is carried over continuation lines. */
static size_t comment_start(struct str line, bool *quoted)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			*quoted = !*quoted;
		else if (line.p[i] == '#' && !*quoted && !is_id_mark(line, i))
			return i;
	}
	return line.n;
}

static bool is_directive(struct str line)
{
	struct str word = str_word(&line);
	return str_is(word, "#include") || str_is(word, "#includedir");
}

/* Next line with continuations joined and the comment cut off; *number is where it starts. */
static bool logical_line(struct arena *arena, struct str *rest, int64_t *next, int64_t *number, struct str *out)
{
	struct str line;
	BUF(joined);
	bool quoted = false, more = false;
	while (str_line(rest, &line)) {
		++*next;
		if (!more) {
			*number = *next;
			buf_clear(&joined);
			quoted = false;
		}
		bool directive = !more && is_directive(line);
		size_t end = directive ? line.n : comment_start(line, &quoted);
		more = end == line.n && line.n && line.p[line.n - 1] == '\\';
		buf_add(&joined, str_slice(line, 0, more ? line.n - 1 : end));
		if (more)
			continue;
		if (str_trim(buf_str(&joined)).n)
			break;
	}
	*out = arena_str(arena, str_trim(buf_str(&joined)));
	return out->n > 0;
}

/* A word up to one of `stops` or a blank; quotes and backslashes taken away. */
static struct str take_word(struct arena *arena, struct str *s, const char *stops)
{
	skip_blanks(s);
	char *word = arena_bytes(arena, s->n + 1);
	size_t n = 0, i = 0;
	bool quoted = false;
	for (; i < s->n; i++) {
		char c = s->p[i];
		bool group_colon = c == ':' && i > 0 && s->p[i - 1] == '%'; /* "%:group" of a plugin */
		if (c == '\\' && i + 1 < s->n)
			word[n++] = s->p[++i];
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && !group_colon && (is_blank(c) || (c && strchr(stops, c))))
			break;
		else
			word[n++] = c;
	}
	*s = str_slice(*s, i, s->n);
	return (struct str){ word, n };
}

static bool take_negation(struct str *s)
{
	bool negated = false;
	while (take_char(s, '!'))
		negated = !negated;
	return negated;
}

static void list_add(struct arena *arena, struct list *list, bool negated, struct str item)
{
	if (negated)
		item = arena_printf(arena, "!%.*s", STR_ARG(item));
	vec_push_in(arena, &list->items, item);
}

/* "a, !b, %c": false when an item is missing. */
static bool take_list(struct arena *arena, struct str *s, struct list *list)
{
	do {
		bool negated = take_negation(s);
		struct str word = take_word(arena, s, "!=:,()");
		if (!word.n || list->items.n == ITEMS_MAX)
			return false;
		list_add(arena, list, negated, word);
	} while (take_char(s, ','));
	return true;
}

/* Digests "sha256:…" in front of a command. */
static void skip_digests(struct str *s)
{
	static const char *const names[] = { "sha224", "sha256", "sha384", "sha512" };
	for (bool again = true; again;) {
		again = false;
		skip_blanks(s);
		for (size_t i = 0; i < COUNT(names); i++) {
			struct str rest = str_slice(*s, 6, s->n);
			if (!str_starts(*s, names[i]) || !take_char(&rest, ':'))
				continue;
			skip_blanks(&rest);
			while (rest.n && !is_blank(rest.p[0]) && rest.p[0] != ',')
				rest = str_slice(rest, 1, rest.n);
			take_char(&rest, ',');
			*s = rest;
			again = true;
		}
	}
}

/* A path with its arguments, an alias or ALL. Blanks between arguments become one. */
static struct str take_command(struct arena *arena, struct str *s)
{
	BUF(text);
	skip_blanks(s);
	bool alone = !s->n || (s->p[0] != '/' && s->p[0] != '^' && !str_starts(*s, "sudoedit") &&
	                       !str_starts(*s, "list"));
	while (s->n && !strchr(",:=", s->p[0])) {
		if (is_blank(s->p[0])) {
			skip_blanks(s);
			if (alone || !s->n || strchr(",:=", s->p[0]))
				break;
			buf_add_char(&text, ' ');
			continue;
		}
		if (s->p[0] == '\\' && s->n > 1 && strchr(",:=#\\ \t", s->p[1]))
			*s = str_slice(*s, 1, s->n);
		buf_add_char(&text, s->p[0]);
		*s = str_slice(*s, 1, s->n);
	}
	return arena_str(arena, buf_str(&text));
}

/* ---- rules ---- */

/* A known word with `mark` behind it. */
static bool take_marked(struct str *s, const char *word, char mark)
{
	struct str rest = *s;
	if (!str_starts(rest, word))
		return false;
	rest = str_slice(rest, strlen(word), rest.n);
	if (!take_char(&rest, mark))
		return false;
	*s = rest;
	return true;
}

struct spec_state {
	struct list runas_users, runas_groups;
	bool has_runas;
	int tags[TAG_COUNT]; /* 0: not said; 1, 2: the first, second word */
	struct buf *options;
};

static bool take_tag(struct str *s, struct spec_state *state)
{
	for (size_t i = 0; i < TAG_COUNT; i++)
		for (int k = 0; k < 2; k++)
			if (take_marked(s, tag_words[i][k], ':')) {
				state->tags[i] = k + 1;
				return true;
			}
	return false;
}

static bool take_option(struct arena *arena, struct str *s, struct spec_state *state)
{
	for (size_t i = 0; i < COUNT(option_words); i++)
		if (take_marked(s, option_words[i], '=')) {
			struct str value = take_word(arena, s, ",");
			buf_printf(state->options, "%s%s=%.*s", state->options->n ? "," : "", option_words[i],
			           STR_ARG(value));
			return true;
		}
	return false;
}

static bool take_runas(struct arena *arena, struct str *s, struct spec_state *state)
{
	state->has_runas = true;
	state->runas_users = state->runas_groups = (struct list){ 0 };
	skip_blanks(s);
	if (s->n && s->p[0] != ':' && s->p[0] != ')' && !take_list(arena, s, &state->runas_users))
		return false;
	if (take_char(s, ':')) {
		skip_blanks(s);
		if (s->n && s->p[0] != ')' && !take_list(arena, s, &state->runas_groups))
			return false;
	}
	return take_char(s, ')');
}

static struct str tags_text(struct arena *arena, const struct spec_state *state)
{
	BUF(text);
	for (size_t i = 0; i < TAG_COUNT; i++)
		if (state->tags[i])
			buf_printf(&text, "%s%s", text.n ? "," : "", tag_words[i][state->tags[i] - 1]);
	if (state->options->n) {
		buf_puts(&text, text.n ? "," : "");
		buf_add(&text, buf_str(state->options));
	}
	return arena_str(arena, buf_str(&text));
}

static bool parse_commands(struct sudoers *sudoers, struct str *s, struct rule rule)
{
	struct arena *arena = scan_arena(sudoers->scan);
	BUF(options);
	struct spec_state state = { .options = &options };
	bool good = true;
	do {
		skip_blanks(s);
		if (take_char(s, '('))
			good = take_runas(arena, s, &state);
		for (skip_blanks(s); good && (take_option(arena, s, &state) || take_tag(s, &state));)
			skip_blanks(s);
		skip_digests(s);
		bool negated = take_negation(s);
		struct str command = take_command(arena, s);
		good = good && command.n && sudoers->rules.n < ITEMS_MAX;
		if (!good)
			break;
		rule.command = (struct list){ 0 };
		list_add(arena, &rule.command, negated, command);
		rule.has_runas = state.has_runas;
		rule.runas_users = state.runas_users;
		rule.runas_groups = state.runas_groups;
		rule.tags = tags_text(arena, &state);
		vec_push_in(arena, &sudoers->rules, rule);
	} while (take_char(s, ','));
	return good;
}

/* USERS HOSTS = COMMANDS [: HOSTS = COMMANDS] */
static bool parse_spec(struct sudoers *sudoers, struct str line, struct rule rule)
{
	struct arena *arena = scan_arena(sudoers->scan);
	rule.kind = "user_spec";
	rule.is_spec = true;
	if (!take_list(arena, &line, &rule.who))
		return false;
	do {
		rule.host = (struct list){ 0 };
		if (!take_list(arena, &line, &rule.host) || !take_char(&line, '=') ||
		    !parse_commands(sudoers, &line, rule))
			return false;
	} while (take_char(&line, ':'));
	skip_blanks(&line);
	return !line.n;
}

/* NAME = ITEMS [: NAME = ITEMS] */
static bool parse_alias(struct sudoers *sudoers, struct str line, size_t word, struct rule rule)
{
	struct arena *arena = scan_arena(sudoers->scan);
	enum alias_kind alias = alias_words[word].alias;
	rule.kind = alias_words[word].kind;
	do {
		struct str name = take_word(arena, &line, "=:,");
		rule.who = rule.command = (struct list){ 0 };
		bool good = name.n && take_char(&line, '=');
		if (good && alias != ALIAS_COMMAND)
			good = take_list(arena, &line, &rule.command);
		bool more = good && alias == ALIAS_COMMAND;
		while (more) {
			skip_digests(&line);
			bool negated = take_negation(&line);
			struct str command = take_command(arena, &line);
			good = good && command.n;
			list_add(arena, &rule.command, negated, command);
			more = take_char(&line, ',');
		}
		if (!good)
			return false;
		list_add(arena, &rule.who, false, name);
		struct list *members = ARENA_NEW(arena, struct list);
		*members = rule.command;
		*map_put(&sudoers->aliases[alias], name) = members;
		vec_push_in(arena, &sudoers->rules, rule);
	} while (take_char(&line, ':'));
	skip_blanks(&line);
	return !line.n;
}

/* Defaults[@hosts|:users|!commands|>runas] name, !name, name=value, name+=value … */
static bool parse_defaults(struct sudoers *sudoers, struct str line, struct rule rule)
{
	struct arena *arena = scan_arena(sudoers->scan);
	rule.kind = "defaults";
	if (line.n && !is_blank(line.p[0])) {
		char mark = line.p[0];
		struct str rest = str_slice(line, 1, line.n);
		struct list names = { 0 };
		if (!strchr("@:!>", mark) || !take_list(arena, &rest, &names))
			return false;
		for (size_t i = 0; i < names.items.n; i++)
			list_add(arena, &rule.who, false, arena_printf(arena, "%c%.*s", mark,
			                                               STR_ARG(names.items.p[i])));
		line = rest;
	}
	do {
		bool negated = take_negation(&line);
		rule.option = take_word(arena, &line, "=,+-");
		skip_blanks(&line);
		const char *how = str_starts(line, "+=") ? "+= " : str_starts(line, "-=") ? "-= " : "";
		if (*how)
			line = str_slice(line, 1, line.n);
		rule.value = negated ? STR("0") : STR("1");
		if (take_char(&line, '=')) {
			struct str value = take_word(arena, &line, ",");
			rule.value = arena_printf(arena, "%s%.*s", how, STR_ARG(value));
		}
		if (!rule.option.n || sudoers->rules.n >= ITEMS_MAX)
			return false;
		vec_push_in(arena, &sudoers->rules, rule);
	} while (take_char(&line, ','));
	skip_blanks(&line);
	return !line.n;
}

/* ---- files ---- */

static void read_file(struct sudoers *sudoers, struct str path, int depth);

static bool include(struct sudoers *sudoers, struct str line, bool folder, struct str from, int depth)
{
	struct arena *arena = scan_arena(sudoers->scan);
	struct str path = take_word(arena, &line, "");
	if (!path.n || depth >= DEPTH_MAX || sudoers->files >= FILES_MAX || str_find(path, "%h") >= 0)
		return false;
	if (path.p[0] != '/') {
		struct str parent = str_slice(from, 0, (size_t)(str_find_char_last(from, '/') + 1));
		path = arena_printf(arena, "%.*s%.*s", STR_ARG(parent), STR_ARG(path));
	}
	path = arena_str(arena, path);
	if (!folder) {
		read_file(sudoers, path, depth + 1);
		return true;
	}
	struct strings names = scan_list(sudoers->scan, path.p);
	for (size_t i = 0; i < names.n; i++) {
		struct str file = arena_printf(arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(names.p[i]));
		struct stat st;
		if (str_find_char(names.p[i], '.') >= 0 || str_ends(names.p[i], "~") ||
		    root_stat(scan_root(sudoers->scan), file.p, true, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		read_file(sudoers, file, depth + 1);
	}
	return true;
}

static bool read_line(struct sudoers *sudoers, struct str line, struct str path, int depth, struct rule rule)
{
	struct str rest = line, word = str_word(&rest);
	for (size_t i = 0; i < COUNT(alias_words); i++)
		if (str_is(word, alias_words[i].word))
			return parse_alias(sudoers, rest, i, rule);
	if (str_is(word, "@include") || str_is(word, "#include"))
		return include(sudoers, rest, false, path, depth);
	if (str_is(word, "@includedir") || str_is(word, "#includedir"))
		return include(sudoers, rest, true, path, depth);
	if (str_starts(line, "Defaults") && (line.n == 8 || strchr("@:!> \t", line.p[8])))
		return parse_defaults(sudoers, str_slice(line, 8, line.n), rule);
	return parse_spec(sudoers, line, rule);
}

static void read_text(struct sudoers *sudoers, struct str path, struct str text, int depth)
{
	struct arena *arena = scan_arena(sudoers->scan);
	const char *name = arena_cstr(arena, path);
	struct str line;
	int64_t next = 0, number = 0;
	while (logical_line(arena, &text, &next, &number, &line)) {
		if (!read_line(sudoers, line, path, depth, (struct rule){ .file = name, .line = number }))
			scan_malformed(sudoers->scan, name, number);
	}
}

static void read_file(struct sudoers *sudoers, struct str path, int depth)
{
	struct str text;
	if (sudoers->files++ >= FILES_MAX)
		return;
	int r = scan_file(sudoers->scan, path.p, &text);
	if (r == -ENOENT)
		scan_partial(sudoers->scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
	if (r == 0)
		read_text(sudoers, path, text, depth);
}

/* ---- rows ---- */

static void expand(const struct sudoers *sudoers, enum alias_kind kind, const struct list *list, bool negated,
                   int depth, struct list *out)
{
	struct arena *arena = scan_arena(sudoers->scan);
	for (size_t i = 0; i < list->items.n && out->items.n < EXPANDED_MAX; i++) {
		struct str item = list->items.p[i];
		bool not = str_starts(item, "!");
		if (not)
			item = str_slice(item, 1, item.n);
		const struct list *members = depth < DEPTH_MAX ? map_get(&sudoers->aliases[kind], item) : NULL;
		if (members)
			expand(sudoers, kind, members, negated != not, depth + 1, out);
		else
			list_add(arena, out, negated != not, item);
	}
}

static void join(struct buf *out, const struct list *list)
{
	for (size_t i = 0; i < list->items.n; i++) {
		if (i)
			buf_add_char(out, ',');
		buf_add(out, list->items.p[i]);
	}
}

static int spec_rows(struct sudoers *sudoers, const struct rule *rule, struct err *err)
{
	struct arena *arena = scan_arena(sudoers->scan);
	struct list who = { 0 }, host = { 0 }, command = { 0 }, users = { 0 }, groups = { 0 };
	expand(sudoers, ALIAS_USER, &rule->who, false, 0, &who);
	expand(sudoers, ALIAS_HOST, &rule->host, false, 0, &host);
	expand(sudoers, ALIAS_COMMAND, &rule->command, false, 0, &command);
	expand(sudoers, ALIAS_RUNAS, &rule->runas_users, false, 0, &users);
	expand(sudoers, ALIAS_RUNAS, &rule->runas_groups, false, 0, &groups);
	BUF(hosts);
	join(&hosts, &host);
	BUF(runas);
	join(&runas, &users);
	if (groups.items.n)
		buf_add_char(&runas, ':');
	join(&runas, &groups);
	struct str host_text = arena_str(arena, buf_str(&hosts));
	struct str runas_text = rule->has_runas ? arena_str(arena, buf_str(&runas)) : STR_NONE;
	sudoers->rows += who.items.n * command.items.n;
	if (who.items.n == EXPANDED_MAX || command.items.n == EXPANDED_MAX || sudoers->rows > ROWS_MAX) {
		scan_malformed(sudoers->scan, rule->file, rule->line);
		return 0;
	}
	int r = 0;
	for (size_t i = 0; i < who.items.n && r == 0; i++)
		for (size_t k = 0; k < command.items.n && r == 0; k++)
			r = scan_row(sudoers->scan, ROW(rule->kind, who.items.p[i], host_text, runas_text,
			                                command.items.p[k], rule->tags, STR_NONE, STR_NONE, rule->file,
			                                rule->line), err);
	return r;
}

static int other_row(struct sudoers *sudoers, const struct rule *rule, struct err *err)
{
	struct arena *arena = scan_arena(sudoers->scan);
	BUF(who);
	BUF(members);
	join(&who, &rule->who);
	join(&members, &rule->command);
	bool alias = rule->command.items.n > 0;
	return scan_row(sudoers->scan, ROW(rule->kind, who.n ? arena_str(arena, buf_str(&who)) : STR_NONE, STR_NONE,
	                                   STR_NONE, alias ? arena_str(arena, buf_str(&members)) : STR_NONE, STR_NONE,
	                                   rule->option, rule->value, rule->file, rule->line), err);
}

static int sudoers_scan(struct scan *scan, struct err *err)
{
	struct sudoers sudoers = { .scan = scan };
	for (size_t i = 0; i < ALIAS_KINDS; i++)
		sudoers.aliases[i].arena = scan_arena(scan);
	struct str text, path = STR("/etc/sudoers");
	int r = scan_file(scan, path.p, &text);
	if (r == -ENOENT) {
		path = STR("/usr/etc/sudoers");
		r = scan_file(scan, path.p, &text);
	}
	if (r == -ENOENT)
		return 0; /* sudo is not set up */
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
	accounts_nss_check(scan, "sudoers");
	read_text(&sudoers, path, text, 0);
	r = 0;
	for (size_t i = 0; i < sudoers.rules.n && r == 0; i++)
		r = sudoers.rules.p[i].is_spec ? spec_rows(&sudoers, &sudoers.rules.p[i], err) :
		                                 other_row(&sudoers, &sudoers.rules.p[i], err);
	return r;
}

const struct table table_sudoers = {
	.name = "sudoers",
	.doc = "Who may run what as whom through sudo, and sudo's settings; no rows: sudo is not set up",
	.sources = { "etc/sudoers", "etc/sudoers.d/", "usr/etc/sudoers" },
	.scan = sudoers_scan,
	.columns = {
		{ "kind", TEXT, "user_spec (a rule), defaults (a setting), user_alias, runas_alias, host_alias, "
		                "cmnd_alias" },
		{ "who", TEXT, "rule: user, %group, #uid or +netgroup, aliases expanded; alias: its name; setting: "
		               "what it is bound to (:user @host !command >runas), NULL: everything" },
		{ "host", TEXT, "rule: hosts, comma-separated, aliases expanded" },
		{ "runas", TEXT, "rule: users[:groups] it may run as; NULL: root" },
		{ "command", TEXT, "rule: command with arguments, or ALL, \"!\" when forbidden; alias: its members" },
		{ "tags", TEXT, "rule: NOPASSWD, SETENV … and options in force for the command, comma-separated" },
		{ "option", TEXT, "setting: its name" },
		{ "value", TEXT, "setting: its value; 1 or 0 for a flag; \"+= …\" adds to a list" },
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
	},
};
