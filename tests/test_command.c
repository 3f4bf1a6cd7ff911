/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The records of all subcommands: complete, consistent, translated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "cmd/command.h"
#include "base/wrap.h"
#include "cmd/usage.h"

/* How many of the texts have no translation; each is named. tr() hands back its argument then. */
static unsigned untranslated(const char *command, const char *english)
{
	unsigned n = 0;
	for (int lang = 0; english && lang < LANG_COUNT; lang++) {
		if (lang == LANG_EN || tr((enum lang)lang, english).p != english)
			continue;
		print_error("ward %s: content/i18n/%s.yaml lacks \"%s\"\n", command, lang_names[lang], english);
		n++;
	}
	return n;
}

static void every_text_is_translated(void **state)
{
	(void)state;
	ARENA(arena);
	unsigned missing = 0;
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];
		missing += untranslated(command->name, command->summary);
		missing += untranslated(command->name, command->description);
		for (const struct opt *opt = command_options(&arena, command); opt->name; opt++)
			missing += untranslated(command->name, opt->help);
		for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
			missing += untranslated(command->name, verb->summary);
		for (const struct command_example *example = command->examples; example && example->command; example++)
			missing += untranslated(command->name, example->what);
		for (const struct command_exit *status = usage_exits(command); status->what; status++)
			missing += untranslated(command->name, status->what);
	}
	assert_int_equal(missing, 0);
}

static void records_are_complete(void **state)
{
	(void)state;
	ARENA(arena);
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];
		assert_string_equal(command->name, command_names[i]);
		assert_ptr_equal(command_find(str_from(command->name)), command);
		assert_non_null(command->summary);
		assert_non_null(command->run);
		assert_true(command->least <= command->most);
		assert_true(command->operands || command->verbs || command->most == 0);
		assert_true(!command->verbs || command->least > 0);
		const struct opt *options = command_options(&arena, command);
		for (const struct opt *opt = options; opt->name; opt++) {
			assert_non_null(opt->help);
			assert_int_equal(opt->type == OPT_SWITCH, opt->value == NULL);
			assert_true(opt->type != OPT_CHOICE || opt->choices);
			assert_true(opt->type != OPT_NUMBER || opt->min < opt->max);
			for (const struct opt *other = options; other < opt; other++) {
				assert_string_not_equal(opt->name, other->name);
				assert_true(!opt->letter || opt->letter != other->letter);
			}
		}
		for (const struct command_example *example = command->examples; example && example->command; example++)
			assert_non_null(strstr(example->command, "ward"));
	}
}

static void wrapped(const char *text, size_t width, const char *expected)
{
	BUF(buf);
	wrap_add(&buf, str_from(text), 0, 2, width);
	assert_string_equal(buf_cstr(&buf), expected);
}

static void text_wraps_at_its_width(void **state)
{
	(void)state;
	wrapped("one two three", 7, "one two\n  three\n");
	wrapped("one two three", 80, "one two three\n");
	wrapped("unbreakable word", 4, "unbreakable\n  word\n");
	wrapped("a\n\nb", 80, "a\n\n  b\n");
	wrapped("", 80, "");
	/* Chinese: two columns a character, a break anywhere but before closing punctuation. */
	wrapped("\u68c0\u67e5\u8fd9\u53f0\u673a\u5668\u3002", 8, "\u68c0\u67e5\u8fd9\u53f0\n  \u673a\u5668\u3002\n");
	wrapped("\u68c0\u67e5\u8fd9\u53f0\u3002", 8, "\u68c0\u67e5\u8fd9\n  \u53f0\u3002\n");
	wrapped("\u68c0 --root DIR \u67e5", 9, "\u68c0 --root\n  DIR \u67e5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_is_translated),
		cmocka_unit_test(records_are_complete),
		cmocka_unit_test(text_wraps_at_its_width),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
