/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * lang: the three languages, texts in all of them, and messages with places for values.
 *
 * Interface words are written in English in the code, `tr(lang, "no such table {}")`; the Chinese
 * and Vietnamese stand in content/i18n/<language>.yaml, keyed by the English. A word that is missing there
 * shows in English, and a test fails. "{}" takes the next value, "{2}" the second; "{s}" and
 * "{es}" are the ending of a word that the value before counts, nothing behind 1: "{} match{es}".
 */
#ifndef WARD_DATA_LANG_H
#define WARD_DATA_LANG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct content;

enum lang { LANG_EN, LANG_ZH, LANG_VI, LANG_COUNT };

/* One text in every language. */
struct text {
	struct str in[LANG_COUNT];
};

extern const char *const lang_names[]; /* "en", "zh-CN", "vi", NULL */

/* From "zh-CN", "zh_CN.UTF-8", "vi_VN", "en" … ; false when it is none of ours. */
bool lang_parse(struct str name, enum lang *out);
/* From LC_ALL, LC_MESSAGES, LANG; English when they name none of ours. */
enum lang lang_from_environment(void);

/* The interface text in this language. The result lives for the whole process. */
struct str tr(enum lang lang, const char *english);
/* A word of the interface that could also be somebody's name for something, such as "archive". It stands in the
 * catalogue behind its place, "label archive", because values of a message are translated when they stand there alone. */
struct str tr_word(enum lang lang, const char *place, const char *english);
struct str tr_str(enum lang lang, struct str english); /* english itself when it is not in the catalogue */

/* Marks a text that is translated later, where it stands in a table: TR("show this help"). */
#define TR(english) "" english

/* Read the catalogue now, from here, to hear what is wrong with it; to be called before the first
 * tr() in this language, which otherwise reads the embedded one. Once per process and language. */
int lang_load(enum lang lang, const struct content *content, struct err *err) MUST_USE;

/* A message with its values apart, so that it can be said in any language later. */
struct note {
	const char *english; /* NULL: no message */
	struct str value[4];
};

/* NOTE("cannot read {}: {}", path, why): values are struct str. */
#define NOTE(text, ...) ((struct note){ .english = text, .value = { __VA_ARGS__ } })
/* A copy whose values live in the arena. */
struct note note_copy(struct arena *arena, struct note note);

/* What an error (struct err) or a note that was kept in English says, in this language, as far as the catalogue has it: its entries
 * "error: cannot read '{}'", and others with values, say what a message that looks like them says. Names in it stay as they are; what is not known stays English. */
struct str tr_error(struct arena *arena, enum lang lang, struct str english);

/* Fill in the values; each value is itself translated when the catalogue has it ("permission denied"). */
struct str note_text(struct arena *arena, enum lang lang, const struct note *note);

#endif
