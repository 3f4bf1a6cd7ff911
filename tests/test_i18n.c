/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Every English text that the code says to a person stands in content/i18n/zh-CN.yaml and vi.yaml,
 * with the same places for values. The texts are read out of src/ of the tree WARD_SOURCE; a text in
 * the catalogues that no code says any more is only mentioned. Words for what the content brings ("column …",
 * "evidence …", "clause …", "threshold …") are held against it by tests/it/test_report.py.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "data/content.h"
#include "data/lang.h"
#include "data/yaml.h"
#include "fact/table.h"

/* Whose argument is a text to translate, and which one (from 0). All literals in it count, so that
 * both sides of "n == 1 ? … : …" do. A new function that takes such texts belongs here. */
static const struct {
	const char *name;
	unsigned argument;
} sayers[] = {
	{ "tr", 1 },
	{ "TR", 0 },
	{ "NOTE", 0 },
	{ "note", 0 },
	{ "fault_set", 1 }, /* base/opt */
	{ "opt_fault", 0 },
	{ "heading", 3 },   /* cmd/usage */
	{ "section", 2 },   /* cmd/man */
};

struct finding {
	struct str english;
	const char *file;
	unsigned line;
};

struct extract {
	struct arena arena;
	struct map seen; /* English -> struct finding */
	struct finding *found[8192];
	size_t n;
};

enum token { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_OTHER };

struct lexer {
	struct str rest;
	unsigned line;
	struct str text; /* of a name; between the quotes of a string */
	char sign;       /* of another token */
};

static void lexer_skip(struct lexer *lexer, size_t n)
{
	for (size_t i = 0; i < n && i < lexer->rest.n; i++)
		lexer->line += lexer->rest.p[i] == '\n';
	lexer->rest = str_slice(lexer->rest, n, lexer->rest.n);
}

static size_t after(struct str s, const char *end)
{
	ptrdiff_t at = str_find(s, end);
	return at < 0 ? s.n : (size_t)at + strlen(end);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static enum token lexer_next(struct lexer *lexer)
{
	for (;;) {
		struct str s = lexer->rest;
		if (!s.n)
			return TOKEN_END;
		if (str_starts(s, "/*")) {
			lexer_skip(lexer, 2 + after(str_slice(s, 2, s.n), "*/"));
		} else if (str_starts(s, "//")) {
			lexer_skip(lexer, after(s, "\n"));
		} else if (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r') || str_starts(s, "\\\n")) {
			lexer_skip(lexer, 1);
		} else if (s.p[0] == '"' || s.p[0] == '\'') {
			size_t i = 1;
			while (i < s.n && s.p[i] != s.p[0])
				i += s.p[i] == '\\' ? 2 : 1;
			lexer->text = str_slice(s, 1, i);
			lexer->sign = s.p[0];
			lexer_skip(lexer, i + 1);
			return s.p[0] == '"' ? TOKEN_STRING : TOKEN_OTHER;
		} else if (is_name(s.p[0])) {
			size_t i = 0;
			while (i < s.n && is_name(s.p[i]))
				i++;
			lexer->text = str_slice(s, 0, i);
			lexer_skip(lexer, i);
			return TOKEN_NAME;
		} else {
			lexer->sign = s.p[0];
			lexer_skip(lexer, 1);
			return TOKEN_OTHER;
		}
	}
}

static void literal_add(struct buf *buf, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			if (!strchr("nt\"\\'?", c))
				fail_msg("\\%c in a text to translate: write the character itself", c);
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_add_char(buf, c);
	}
}

/* A text without a letter ("{}: {}") needs no translation. */
static bool has_letter(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
			return true;
	return false;
}

static void found_add(struct extract *extract, struct buf *english, const char *file, unsigned line)
{
	struct str text = buf_str(english);
	if (has_letter(text) && !map_get(&extract->seen, text)) {
		struct finding *finding = ARENA_NEW(&extract->arena, struct finding);
		*finding = (struct finding){ arena_str(&extract->arena, text), file, line };
		*map_put(&extract->seen, finding->english) = finding;
		if (extract->n == COUNT(extract->found))
			fail_msg("more than %zu texts", extract->n);
		extract->found[extract->n++] = finding;
	}
	buf_clear(english);
}

/* The lexer stands behind the name; it is a copy, so that calls inside the arguments are seen too. */
static void call_take(struct extract *extract, struct lexer lexer, bool type, unsigned wanted, const char *file)
{
	BUF(english);
	unsigned depth = 1, argument = 0, line = lexer.line;
	bool open = false;
	/* "name(…", or "(struct name){ …" */
	if (lexer_next(&lexer) != TOKEN_OTHER || lexer.sign != (type ? ')' : '('))
		return;
	if (type && (lexer_next(&lexer) != TOKEN_OTHER || lexer.sign != '{'))
		return;
	while (depth) {
		enum token token = lexer_next(&lexer);
		if (token == TOKEN_END)
			return;
		if (token == TOKEN_STRING) {
			if (argument != wanted)
				continue;
			line = open ? line : lexer.line;
			open = true;
			literal_add(&english, lexer.text);
			continue;
		}
		if (open)
			found_add(extract, &english, file, line);
		open = false;
		if (token != TOKEN_OTHER)
			continue;
		depth += lexer.sign == '(' || lexer.sign == '{' || lexer.sign == '[';
		depth -= lexer.sign == ')' || lexer.sign == '}' || lexer.sign == ']';
		argument += lexer.sign == ',' && depth == 1;
	}
}

static void text_take(struct extract *extract, struct str text, const char *file)
{
	struct lexer lexer = { .rest = text, .line = 1 };
	bool type = false; /* the token before was "struct" */
	for (enum token token; (token = lexer_next(&lexer)) != TOKEN_END;) {
		for (size_t i = 0; token == TOKEN_NAME && i < COUNT(sayers); i++)
			if (str_is(lexer.text, sayers[i].name))
				call_take(extract, lexer, type, sayers[i].argument, file);
		type = token == TOKEN_NAME && str_is(lexer.text, "struct");
	}
}

/* {{_Some English}} in a report's template. */
static void page_take(struct extract *extract, struct str text, const char *file)
{
	unsigned line = 1;
	BUF(english);
	while (text.n) {
		size_t open = after(text, "{{_");
		for (size_t i = 0; i < open; i++)
			line += text.p[i] == '\n';
		text = str_slice(text, open, text.n);
		size_t close = after(text, "}}");
		if (close < 2 || !text.n)
			return;
		buf_add(&english, str_slice(text, 0, close - 2));
		found_add(extract, &english, file, line);
	}
}

static struct extract *extracting; /* nftw() has no place for a context */

static int file_take(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	bool page = str_ends(str_from(path), ".html");
	if (type != FTW_F || !(page || str_ends(str_from(path), ".c")))
		return 0;
	char *text = arena_bytes(&extracting->arena, (size_t)st->st_size);
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	size_t n = fread(text, 1, (size_t)st->st_size, file);
	fclose(file);
	const char *name = arena_cstr(&extracting->arena, str_from(path + strlen(WARD_SOURCE "/")));
	if (page)
		page_take(extracting, (struct str){ text, n }, name);
	else
		text_take(extracting, (struct str){ text, n }, name);
	return 0;
}

static struct extract *extract_new(void)
{
	struct extract *extract = mem_alloc(sizeof(*extract));
	extract->seen.arena = &extract->arena;
	return extract;
}

static void extract_free(struct extract **extract)
{
	arena_done(&(*extract)->arena);
	free(*extract);
}

static void words_take(struct extract *extract)
{
	/* The reasons the kernel gives are values of notes, and translated as such. */
	for (int code = 1; code < 140; code++) {
		BUF(words);
		buf_puts(&words, err_words(code));
		const char *name = strerrorname_np(code);
		if (name && str_is(buf_str(&words), name))
			continue; /* no words of ours */
		found_add(extract, &words, "src/base/err.c", 1);
	}
}

static void say(struct extract *extract, const char *english, const char *file)
{
	BUF(text);
	buf_puts(&text, english ? english : "");
	found_add(extract, &text, file, 1);
}

/* The records of the subcommands, which --help and the manual pages say. */
static void commands_take(struct extract *extract)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];
		const char *file = arena_printf(&extract->arena, "src/cmd/%s.c", command->name).p;
		say(extract, command->summary, file);
		say(extract, command->description, file);
		for (const struct opt *opt = command_options(&extract->arena, command); opt->name; opt++)
			say(extract, opt->help, file);
		for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
			say(extract, verb->summary, file);
		for (const struct command_example *e = command->examples; e && e->command; e++)
			say(extract, e->what, file);
		for (const struct command_exit *status = usage_exits(command); status->what; status++)
			say(extract, status->what, file);
	}
}

/* Which values a text shows, as a set of bits, as note_text() counts. */
static unsigned places(struct str s)
{
	unsigned set = 0, next = 0;
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (s.p[i] == '{' && s.p[i + 1] == '}')
			set |= 1u << next++;
		else if (i + 2 < s.n && s.p[i] == '{' && s.p[i + 1] >= '1' && s.p[i + 1] <= '4' && s.p[i + 2] == '}')
			set |= 1u << (s.p[i + 1] - '1');
	}
	return set;
}

static void test_extraction(void **state)
{
	(void)state;
	CLEANUP(extract_free) struct extract *extract = extract_new();
	text_take(extract,
	          STR("/* tr(lang, \"in a comment\") */ // tr(x, \"here too\")\n"
	              "buf_add(&buf, tr(lang, \"one \" /* c */\n \"two\"));\n"
	              "x = tr(f(a, b), n == 1 ? \"{} row\" : \"{} rows\"); str(lang, \"no\"); y = '\"';\n"
	              "return scan_unavailable(scan, NOTE(\"cannot \\\"read\\\" {}\", STR(\"value\")));\n"
	              "{ \"--help\", TR(\"show help\") }, NOTE(\"{}: {}\", a, b), tr(lang, name)\n"
	              "(struct note){ .english = \"eighth\", { STR(\"x\") } }, int f(struct note *note)\n"
	              "{ return g(note, \"no\"); }\n"),
	          "x.c");
	static const char *const expected[] = { "one two", "{} row", "{} rows", "cannot \"read\" {}",
		                                "show help", "eighth" };
	static const unsigned lines[] = { 2, 4, 4, 5, 6, 7 };
	assert_int_equal(extract->n, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(extract->found[i]->english.p, expected[i]);
		assert_int_equal(extract->found[i]->line, lines[i]);
	}
	assert_int_equal(places(STR("{} of {}")), places(STR("{2}, {1}, {2}")));
	assert_int_not_equal(places(STR("{} of {}")), places(STR("{}")));
}

static bool of_content(struct str key)
{
	static const char *const kinds[] = { "column ", "evidence ", "clause ", "threshold ", "table ", "ward: recommended" };
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_starts(key, kinds[i]))
			return true;
	return false;
}

static unsigned catalogue_check(const struct extract *extract, const char *lang)
{
	ARENA(arena);
	struct err err = { 0 };
	struct source source;
	const struct doc *doc = NULL;
	unsigned wrong = 0;
	const char *name = arena_printf(&arena, "i18n/%s.yaml", lang).p;
	if (content_read(&arena, NULL, name, &source, &err) < 0 || yaml_parse(&arena, &source, &doc, &err) < 0)
		fail_msg("%s", err.text);
	struct map words = { .arena = &arena };
	for (size_t i = 0; doc->type == DOC_MAP && i < doc->n; i++)
		*map_put(&words, doc_string(doc_key(doc, i))) = (void *)doc_value(doc, i);
	for (size_t i = 0; i < extract->n; i++) {
		const struct finding *finding = extract->found[i];
		const struct doc *value = map_get(&words, finding->english);
		unsigned line, column;
		if (!value) {
			print_error("%s:%u: content/%s lacks  \"%s\": …\n", finding->file, finding->line, name,
			            finding->english.p);
			wrong++;
			continue;
		}
		doc_where(&source, value, &line, &column);
		if (value->type != DOC_STRING || !value->n) {
			print_error("content/%s:%u: no text\n", name, line);
			wrong++;
		} else if (places(doc_string(value)) != places(finding->english)) {
			print_error("content/%s:%u: \"%s\" does not have the places of \"%s\"\n", name, line,
			            value->p, finding->english.p);
			wrong++;
		}
	}
	for (size_t i = 0; doc->type == DOC_MAP && i < doc->n; i++) {
		struct str key = doc_string(doc_key(doc, i));
		if (has_letter(key) && !of_content(key) && !map_get(&extract->seen, key))
			print_message("# content/%s:%u: nothing says \"%s\" any more\n", name,
			              doc_key(doc, i)->at >> 12, doc_key(doc, i)->p);
	}
	return wrong;
}

static void test_complete(void **state)
{
	(void)state;
	CLEANUP(extract_free) struct extract *extract = extract_new();
	extracting = extract;
	assert_int_equal(nftw(WARD_SOURCE "/src", file_take, 16, FTW_PHYS), 0);
	assert_int_equal(nftw(WARD_SOURCE "/content/reports", file_take, 16, FTW_PHYS), 0);
	words_take(extract);
	commands_take(extract);
	assert_true(extract->n > 40);
	assert_non_null(map_get(&extract->seen, STR("permission denied")));
	assert_non_null(map_get(&extract->seen, STR("cannot read {}: {}")));
	assert_non_null(map_get(&extract->seen, STR("show this help")));
	assert_non_null(map_get(&extract->seen, STR("Security self-inspection report")));
	unsigned wrong = catalogue_check(extract, "zh-CN") + catalogue_check(extract, "vi");
	if (wrong)
		fail_msg("%u texts are missing or wrong, of %zu in each language", wrong, extract->n);
}

/* What each table of a host is, is told in all languages. */
static void test_tables_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; tables[i]; i++)
		for (int lang = LANG_ZH; lang <= LANG_VI; lang++)
			if (str_is(table_says((enum lang)lang, tables[i]), tables[i]->doc))
				fail_msg("no \"table %s\" in %s", tables[i]->name, lang_names[lang]);
	assert_string_equal(table_says(LANG_EN, tables[0]).p, tables[0]->doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extraction),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_tables_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
