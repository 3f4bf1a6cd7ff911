/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/lang.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "data/content.h"
#include "data/yaml.h"

const char *const lang_names[] = { "en", "zh-CN", "vi", NULL };

/* A catalogue is read once and stays; after `ready` is set nobody changes it. */
#define ERROR_PLACE "error: "
enum { TELLING = 12 }; /* bytes of words by which a text with values is known again */

static struct catalogue {
	bool ready;
	struct arena arena;
	struct map words; /* English -> struct str */
	struct pattern { /* of errors without their place, and of other texts with values between enough words to be told by */
		struct str text, key;
	} *errors;
	size_t n_errors;
} catalogues[LANG_COUNT];
static pthread_mutex_t catalogues_lock = PTHREAD_MUTEX_INITIALIZER;

bool lang_parse(struct str name, enum lang *out)
{
	static const struct {
		const char *code;
		enum lang lang;
	} codes[] = { { "en", LANG_EN }, { "zh", LANG_ZH }, { "vi", LANG_VI } };
	size_t n = 0;
	while (n < name.n && name.p[n] != '-' && name.p[n] != '_' && name.p[n] != '.' && name.p[n] != '@')
		n++;
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (str_is_nocase(str_slice(name, 0, n), codes[i].code)) {
			*out = codes[i].lang;
			return true;
		}
	}
	return false;
}

enum lang lang_from_environment(void)
{
	/* The first that is set and not empty decides (POSIX, Base Definitions, 8.2). */
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	enum lang lang = LANG_EN;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);
		if (!value || !*value)
			continue;
		if (!lang_parse(str_from(value), &lang))
			lang = LANG_EN;
		break;
	}
	return lang;
}

/* Can a message that was kept in English be told by this text? It has values, no endings that count, and words enough. */
static bool note_tells(struct str text)
{
	size_t words = text.n, places = 0;
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] == '{' && text.p[i + 1] != '}')
			return false;
		places += text.p[i] == '{';
	}
	return places && places <= COUNT(((struct note *)0)->value) && words - 2 * places >= TELLING;
}

static int catalogue_read(struct catalogue *catalogue, enum lang lang, const struct content *content,
                          struct err *err)
{
	struct source source;
	const struct doc *doc;
	catalogue->words = (struct map){ .arena = &catalogue->arena };
	struct str name = arena_printf(&catalogue->arena, "i18n/%s.yaml", lang_names[lang]);
	int r = content_read(&catalogue->arena, content, name.p, &source, err);
	if (r < 0)
		return r;
	r = yaml_parse(&catalogue->arena, &source, &doc, err);
	if (r < 0)
		return r;
	if (doc->type == DOC_NULL)
		return 0;
	if (doc->type != DOC_MAP)
		return doc_err(&source, doc, err, "a map from English to %s is expected here; found %s",
		               lang_names[lang], doc_type_words(doc));
	catalogue->errors = ARENA_ARRAY(&catalogue->arena, struct pattern, doc->n);
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc *words = doc_value(doc, i);
		if (words->type != DOC_STRING)
			return doc_err(&source, words, err, "text is expected here, not %s",
			               doc_type_words(words));
		struct str *kept = ARENA_NEW(&catalogue->arena, struct str);
		*kept = doc_string(words);
		struct str key = doc_string(doc_key(doc, i));
		*map_put(&catalogue->words, key) = kept;
		if (str_starts(key, ERROR_PLACE))
			catalogue->errors[catalogue->n_errors++] = (struct pattern){ str_slice(key, sizeof(ERROR_PLACE) - 1, key.n), key };
		else if (note_tells(key))
			catalogue->errors[catalogue->n_errors++] = (struct pattern){ key, key };
	}
	return 0;
}

int lang_load(enum lang lang, const struct content *content, struct err *err)
{
	struct catalogue *catalogue = &catalogues[lang];
	int r = 0;
	if (lang == LANG_EN)
		return 0;
	pthread_mutex_lock(&catalogues_lock);
	if (!catalogue->ready) {
		r = catalogue_read(catalogue, lang, content, err);
		__atomic_store_n(&catalogue->ready, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&catalogues_lock);
	return r;
}

/* The translation, or `english` itself. */
struct str tr_str(enum lang lang, struct str english)
{
	if (lang == LANG_EN)
		return english;
	if (!__atomic_load_n(&catalogues[lang].ready, __ATOMIC_ACQUIRE) && lang_load(lang, NULL, NULL) < 0)
		return english;
	const struct str *words = map_get(&catalogues[lang].words, english);
	return words ? *words : english;
}

struct str tr(enum lang lang, const char *english)
{
	return tr_str(lang, str_from(english));
}

struct str tr_word(enum lang lang, const char *place, const char *english)
{
	BUF(key);
	buf_printf(&key, "%s %s", place, english);
	struct str words = tr_str(lang, buf_str(&key));
	return words.p == key.p ? str_from(english) : words;
}

struct str note_text(struct arena *arena, enum lang lang, const struct note *note)
{
	if (!note->english)
		return STR("");
	struct str words = tr(lang, note->english);
	BUF(out);
	size_t next = 0;
	bool is_one = false; /* the value before */
	for (size_t i = 0; i < words.n; i++) {
		size_t which = COUNT(note->value), length = 0;
		struct str rest = str_slice(words, i, words.n);
		if (str_starts(rest, "{}")) {
			which = next++;
			length = 2;
		} else if (rest.n >= 3 && rest.p[0] == '{' && rest.p[1] >= '1' && rest.p[1] <= '9' &&
		           rest.p[2] == '}') {
			which = (size_t)(rest.p[1] - '1');
			length = 3;
		} else if (str_starts(rest, "{s}")) {
			if (!is_one)
				buf_add_char(&out, 's');
			i += 2;
			continue;
		} else if (str_starts(rest, "{es}")) {
			if (!is_one)
				buf_puts(&out, "es");
			i += 3;
			continue;
		}
		if (which >= COUNT(note->value)) {
			buf_add_char(&out, words.p[i]);
			continue;
		}
		is_one = str_is(note->value[which], "1");
		if (note->value[which].p)
			buf_add(&out, tr_str(lang, note->value[which]));
		i += length - 1;
	}
	return arena_str(arena, buf_str(&out));
}

/* Does the text look like the pattern "cannot read '{}'"? Then what stands in its places are the note's values. */
static bool error_fits(struct str pattern, struct str text, struct note *note)
{
	ptrdiff_t place = str_find(pattern, "{}");
	if (place < 0)
		return str_eq(pattern, text);
	if (text.n < (size_t)place || !str_eq(str_slice(pattern, 0, (size_t)place), str_slice(text, 0, (size_t)place)))
		return false;
	text = str_slice(text, (size_t)place, text.n);
	for (size_t n = 0; n < COUNT(note->value); n++) {
		pattern = str_slice(pattern, (size_t)place + 2, pattern.n);
		place = str_find(pattern, "{}");
		struct str plain = str_slice(pattern, 0, place < 0 ? pattern.n : (size_t)place);
		if (text.n < plain.n)
			return false;
		if (place < 0) {
			note->value[n] = str_slice(text, 0, text.n - plain.n);
			return str_eq(plain, str_slice(text, text.n - plain.n, text.n));
		}
		size_t at = 0;
		while (at + plain.n <= text.n && !str_eq(plain, str_slice(text, at, at + plain.n)))
			at++;
		if (at + plain.n > text.n)
			return false;
		note->value[n] = str_slice(text, 0, at);
		text = str_slice(text, at + plain.n, text.n);
	}
	return false;
}

/* A message or a part of one: the length of what the catalogue knows of it, 0 when it does not. The longest pattern says most. */
static size_t error_known(struct arena *arena, enum lang lang, struct str text, struct buf *out)
{
	struct str words = tr_str(lang, text), best = STR(""), key = STR_NONE;
	struct note fitting = { 0 };
	if (words.p != text.p) {
		if (out)
			buf_add(out, words);
		return text.n;
	}
	for (size_t i = 0; i < catalogues[lang].n_errors; i++) {
		struct note note = { 0 };
		struct str pattern = catalogues[lang].errors[i].text;
		if (pattern.n > best.n && error_fits(pattern, text, &note)) {
			best = pattern;
			key = catalogues[lang].errors[i].key;
			fitting = note;
		}
	}
	if (best.n && out) {
		fitting.english = arena_cstr(arena, key);
		buf_add(out, note_text(arena, lang, &fitting));
	}
	return best.n;
}

/* Where the first part ends: at the first colon behind which a known text ends (names may hold colons, too), else at the first one.
 * None: -1, or the whole says as much: "cannot read {}: {}" is not better than "cannot read the key '{}'" and a reason. */
static ptrdiff_t first_part(struct arena *arena, enum lang lang, struct str text)
{
	size_t whole = error_known(arena, lang, text, NULL);
	ptrdiff_t colon = str_find(text, ": ");
	for (size_t at = colon < 0 ? text.n : (size_t)colon; at + 2 <= text.n; at++)
		if (text.p[at] == ':' && text.p[at + 1] == ' ' && error_known(arena, lang, str_slice(text, 0, at), NULL) > whole)
			return (ptrdiff_t)at;
	return whole ? -1 : colon;
}

struct str tr_error(struct arena *arena, enum lang lang, struct str english)
{
	if (lang == LANG_EN)
		return english;
	BUF(out);
	struct str rest = english;
	/* "where: what: why": what callers put in front comes first. */
	for (;;) {
		ptrdiff_t colon = first_part(arena, lang, rest);
		struct str part = colon < 0 ? rest : str_slice(rest, 0, (size_t)colon);
		if (!error_known(arena, lang, part, &out))
			buf_add(&out, part);
		if (colon < 0)
			break;
		buf_puts(&out, lang == LANG_ZH ? "：" : ": ");
		rest = str_slice(rest, (size_t)colon + 2, rest.n);
	}
	return arena_str(arena, buf_str(&out));
}

struct note note_copy(struct arena *arena, struct note note)
{
	for (size_t i = 0; i < COUNT(note.value); i++)
		note.value[i] = arena_str(arena, note.value[i]);
	return note;
}
