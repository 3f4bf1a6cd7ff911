/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * firewall_nft: chains and rules of a script for nft(8), without judging them: a rule is given as written,
 * with defined names put in. Sets, maps and other objects are passed over.
 */
#include "base/map.h"
#include "fact/tables/firewall.h"

enum { INCLUDE_DEPTH = 8, FILES_LIMIT = 200 };

struct script {
	struct firewall *firewall;
	struct firewall_drafts drafts;
	const struct firewall_chain *model;
	struct map defined; /* name -> struct str */
	size_t files;
};

/* One file being read. */
struct reader {
	const char *path;
	struct str text;
	size_t at;
	int64_t line;
};

static char reader_peek(const struct reader *reader)
{
	return reader->at < reader->text.n ? reader->text.p[reader->at] : '\0';
}

static void reader_skip(struct reader *reader)
{
	if (reader_peek(reader) == '\n')
		reader->line++;
	reader->at++;
}

/* What ends a statement: a newline, a semicolon, a block's brace, or the end of the file. */
enum ending { END_STATEMENT, END_OPEN, END_CLOSE, END_FILE };

/* Read a statement without its ending. In a rule an opening brace begins a set, which belongs to it. */
static enum ending statement_next(struct reader *reader, bool rule, struct buf *out, int64_t *line)
{
	unsigned depth = 0;
	buf_clear(out);
	*line = reader->line;
	for (; reader->at < reader->text.n; reader_skip(reader)) {
		char c = reader_peek(reader);
		if (c == '"') {
			do {
				buf_add_char(out, reader_peek(reader));
				reader_skip(reader);
			} while (reader->at < reader->text.n && reader_peek(reader) != '"' &&
			         reader_peek(reader) != '\n');
			if (reader_peek(reader) != '"') {
				reader->at--;
				continue;
			}
			buf_add_char(out, '"');
			continue;
		}
		if (c == '#') {
			while (reader->at < reader->text.n && reader_peek(reader) != '\n')
				reader->at++;
			reader->at--;
			continue;
		}
		if (c == '\\' && reader->at + 1 < reader->text.n && reader->text.p[reader->at + 1] == '\n') {
			reader_skip(reader);
			c = ' ';
		}
		if (c == '{' && (!rule || depth)) {
			if (!depth && !rule) {
				reader_skip(reader);
				return END_OPEN;
			}
		}
		if (c == '{')
			depth++;
		if (c == '}') {
			if (depth == 0) {
				reader_skip(reader);
				return END_CLOSE;
			}
			depth--;
		}
		if (depth == 0 && (c == '\n' || c == ';')) {
			if (str_trim(buf_str(out)).n) {
				reader_skip(reader);
				return END_STATEMENT;
			}
			buf_clear(out);
			*line = reader->line + (c == '\n');
			continue;
		}
		bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
		if (!blank)
			buf_add_char(out, c);
		else if (out->n && out->p[out->n - 1] != ' ')
			buf_add_char(out, ' ');
	}
	return END_FILE;
}

static void block_skip(struct reader *reader)
{
	unsigned depth = 1;
	for (; reader->at < reader->text.n && depth; reader_skip(reader)) {
		char c = reader_peek(reader);
		if (c == '{')
			depth++;
		if (c == '}')
			depth--;
		if (c == '#')
			while (reader->at + 1 < reader->text.n && reader->text.p[reader->at + 1] != '\n')
				reader->at++;
	}
}

/* Put in the values of $names. */
static struct str text_expand(struct script *script, struct str text)
{
	BUF(out);
	for (size_t i = 0; i < text.n; i++) {
		size_t end = i + 1;
		if (text.p[i] == '$')
			while (end < text.n &&
			       (text.p[end] == '_' || (text.p[end] >= '0' && text.p[end] <= '9') ||
			        ((text.p[end] | 32) >= 'a' && (text.p[end] | 32) <= 'z')))
				end++;
		struct str *value =
		    end > i + 1 ? map_get(&script->defined, str_slice(text, i + 1, end)) : NULL;
		if (!value || out.n > 65536) {
			buf_add_char(&out, text.p[i]);
			continue;
		}
		buf_add(&out, *value);
		i = end - 1;
	}
	return arena_str(script->firewall->arena, str_trim(buf_str(&out)));
}

static bool is_family(struct str word)
{
	static const char *const names[] = { "ip", "ip6", "inet", "arp", "bridge", "netdev" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(word, names[i]))
			return true;
	return false;
}

/* "[family] name"; the family is ip when it is not given. */
static struct str table_take(struct str *words, struct str *family)
{
	struct str word = str_word(words);
	*family = STR("ip");
	if (!is_family(word))
		return word;
	*family = word;
	return str_word(words);
}

static int64_t priority_value(struct str words)
{
	static const struct {
		const char *name;
		int value;
	} names[] = { { "raw", -300 }, { "mangle", -150 }, { "dstnat", -100 },
		      { "filter", 0 }, { "security", 50 }, { "srcnat", 100 } };
	struct str name = str_word(&words);
	int64_t value, more;
	if (str_to_int(name, 10, &value))
		return value;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!str_is(name, names[i].name))
			continue;
		struct str sign = str_word(&words), number = str_word(&words);
		if (!sign.n)
			return names[i].value;
		if (sign.n > 1)
			number = str_slice(sign, 1, sign.n);
		if (!str_to_int(number, 10, &more))
			return NONE;
		return names[i].value + (sign.p[0] == '-' ? -more : more);
	}
	return NONE;
}

/* "type filter hook input priority 0", "policy drop"; false: it is a rule. */
static bool chain_property(struct script *script, struct firewall_chain *chain, struct str text)
{
	struct str words = text, first = str_word(&words);
	if (str_is(first, "policy")) {
		chain->policy = arena_str(script->firewall->arena, str_word(&words));
		return true;
	}
	if (!str_is(first, "type"))
		return str_is(first, "comment") || str_is(first, "flags") || str_is(first, "devices");
	struct str type = str_word(&words), word = str_word(&words), hook = str_word(&words);
	if (!str_is(word, "hook"))
		return true;
	chain->type = arena_str(script->firewall->arena, type);
	chain->hook = arena_str(script->firewall->arena, hook);
	chain->policy = STR("accept");
	ptrdiff_t at = str_find(words, "priority ");
	chain->priority = at < 0 ? NONE : priority_value(str_slice(words, (size_t)at + 9, words.n));
	return true;
}

static struct firewall_draft *draft_get(struct script *script, struct str family, struct str table,
                                        struct str name, const char *path, int64_t line)
{
	struct arena *arena = script->firewall->arena;
	struct firewall_chain chain = *script->model;
	chain.family = arena_str(arena, family);
	chain.table = arena_str(arena, table);
	chain.name = arena_str(arena, name);
	chain.priority = NONE;
	chain.file = arena_printf(arena, "/%s", path);
	return firewall_draft_get(script->firewall, &script->drafts, &chain, line);
}

static void chain_read(struct script *script, struct reader *reader, struct firewall_draft *draft)
{
	BUF(text);
	int64_t line;
	for (enum ending end = END_STATEMENT; end == END_STATEMENT;) {
		end = statement_next(reader, true, &text, &line);
		struct str statement = text_expand(script, buf_str(&text));
		if (statement.n && !chain_property(script, &draft->chain, statement))
			vec_push_in(script->firewall->arena, &draft->rules, { statement, line });
		if (end == END_FILE)
			firewall_not_understood(script->firewall, reader->path, reader->line);
	}
}

static void table_read(struct script *script, struct reader *reader, struct str family, struct str table)
{
	BUF(text);
	int64_t line;
	for (;;) {
		enum ending end = statement_next(reader, false, &text, &line);
		struct str words = text_expand(script, buf_str(&text)), kind = str_word(&words);
		if (end == END_OPEN && str_is(kind, "chain"))
			chain_read(script, reader,
			           draft_get(script, family, table, str_word(&words), reader->path, line));
		else if (end == END_OPEN)
			block_skip(reader);
		if (end == END_FILE)
			firewall_not_understood(script->firewall, reader->path, reader->line);
		if (end == END_CLOSE || end == END_FILE)
			return;
	}
}

static void script_read(struct script *script, const char *path, unsigned depth);

static void include_read(struct script *script, struct str words, const char *path, int64_t line,
                         unsigned depth)
{
	struct str name = str_trim(words);
	if (name.n < 2 || name.p[0] != '"') {
		firewall_not_understood(script->firewall, path, line);
		return;
	}
	name = str_slice(name, 1, name.n - 1);
	/* nft looks for a relative name below its include path, /etc. */
	struct str pattern = arena_printf(script->firewall->arena, "%s%.*s",
	                                  name.n && name.p[0] == '/' ? "" : "/etc/", STR_ARG(name));
	struct strings paths = scan_glob(script->firewall->scan, pattern);
	for (size_t i = 0; i < paths.n; i++)
		script_read(script,
		            arena_cstr(script->firewall->arena, str_slice(paths.p[i], 1, paths.p[i].n)),
		            depth + 1);
}

static void command_read(struct script *script, struct reader *reader, struct str words, enum ending end,
                         int64_t line)
{
	struct str verb = str_word(&words), kind = str_word(&words), family;
	bool insert = str_is(verb, "insert");
	if (end == END_OPEN || !(str_is(verb, "add") || str_is(verb, "create") || insert)) {
		if (!str_is(verb, "delete") && !str_is(verb, "destroy") && !str_is(verb, "flush"))
			firewall_not_understood(script->firewall, reader->path, line);
		return;
	}
	if (!str_is(kind, "rule"))
		return;
	struct str table = table_take(&words, &family), chain = str_word(&words);
	struct firewall_draft *draft = draft_get(script, family, table, chain, reader->path, line);
	vec_push_in(script->firewall->arena, &draft->rules, { str_trim(words), line });
	for (size_t i = draft->rules.n - 1; insert && i > 0; i--) {
		struct firewall_draft_rule swap = draft->rules.p[i];
		draft->rules.p[i] = draft->rules.p[i - 1];
		draft->rules.p[i - 1] = swap;
	}
}

static void define_take(struct script *script, struct str words)
{
	struct arena *arena = script->firewall->arena;
	struct str name = arena_str(arena, str_trim(str_cut(&words, '=')));
	if (!words.p || !name.n)
		return;
	struct str *value = arena_alloc(arena, sizeof(*value));
	*value = arena_str(arena, str_trim(words));
	*map_put(&script->defined, name) = value;
}

/* Top level. A statement there may hold a set ("define x = { 1, 2 }") or open a block ("table inet x {"). */
static void top_read(struct script *script, struct reader *reader, unsigned depth)
{
	BUF(text);
	int64_t line;
	for (enum ending end = END_STATEMENT; end != END_FILE;) {
		while (reader_peek(reader) == ' ' || reader_peek(reader) == '\t' ||
		       reader_peek(reader) == '\n' || reader_peek(reader) == ';' ||
		       reader_peek(reader) == '\r')
			reader_skip(reader);
		struct str ahead = str_slice(reader->text, reader->at, reader->at + 6);
		bool block = str_starts(ahead, "table");
		end = statement_next(reader, !block, &text, &line);
		struct str all = text_expand(script, buf_str(&text)), words = all, verb = str_word(&words),
			   family;
		if (str_is(verb, "add") && str_starts(str_trim(words), "table")) {
			continue;
		} else if (str_is(verb, "table") && end == END_OPEN) {
			struct str table = table_take(&words, &family);
			table_read(script, reader, family, table);
		} else if (str_is(verb, "add") && str_starts(str_trim(words), "chain ")) {
			str_word(&words);
			struct str table = table_take(&words, &family), chain = str_word(&words);
			struct firewall_draft *draft =
			    draft_get(script, family, table, chain, reader->path, line);
			ptrdiff_t open = str_find_char(all, '{');
			struct str rest = open < 0 ? STR_NONE : str_slice(all, (size_t)open + 1, all.n);
			while (rest.p) {
				struct str part = str_trim(str_cut(&rest, ';'));
				chain_property(script, &draft->chain, part);
			}
		} else if (str_is(all, "flush ruleset")) {
			script->drafts.list.n = 0;
		} else if (str_is(verb, "include")) {
			include_read(script, words, reader->path, line, depth);
		} else if (str_is(verb, "define") || str_is(verb, "redefine")) {
			define_take(script, words);
		} else if (verb.n && !str_is(verb, "table")) {
			command_read(script, reader, all, end, line);
		}
		if (end == END_CLOSE)
			firewall_not_understood(script->firewall, reader->path, line);
	}
}

static void script_read(struct script *script, const char *path, unsigned depth)
{
	struct reader reader = { .path = path, .line = 1 };
	if (depth > INCLUDE_DEPTH || ++script->files > FILES_LIMIT) {
		scan_partial(script->firewall->scan,
		             NOTE("cannot read {}: {}", str_from(path), str_from(err_words(-E2BIG))));
		return;
	}
	if (scan_file(script->firewall->scan, path, &reader.text) == 0)
		top_read(script, &reader, depth);
}

int firewall_nft_read(struct firewall *firewall, const char *path, const struct firewall_chain *model)
{
	struct script script = { .firewall = firewall,
		                 .model = model,
		                 .defined = { .arena = firewall->arena } };
	script_read(&script, path, 0);
	return firewall_drafts_rows(firewall, &script.drafts);
}
