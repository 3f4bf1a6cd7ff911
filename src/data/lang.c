/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/lang.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "data/content.h"
#include "data/yaml.h"

const char *const lang_names[] = { "en", "zh-CN", "vi", NULL };

/* A catalogue is read once and stays; after `ready` is set nobody changes it. */
static struct catalogue {
	bool ready;
	struct arena arena;
	struct map words; /* English -> struct str */
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
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc *words = doc_value(doc, i);
		if (words->type != DOC_STRING)
			return doc_err(&source, words, err, "text is expected here, not %s",
			               doc_type_words(words));
		struct str *kept = ARENA_NEW(&catalogue->arena, struct str);
		*kept = doc_string(words);
		*map_put(&catalogue->words, doc_string(doc_key(doc, i))) = kept;
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

struct note note_copy(struct arena *arena, struct note note)
{
	for (size_t i = 0; i < COUNT(note.value); i++)
		note.value[i] = arena_str(arena, note.value[i]);
	return note;
}
