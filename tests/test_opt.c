/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "base/opt.h"

enum { FORMAT, LIMIT, ROOT, ONLY, DEEP, DEBUG, HELP, END };
static const char *const formats[] = { "table", "json", "csv", NULL };
static const struct opt options[] = {
	[FORMAT] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats },
	[LIMIT] = { "limit", 'n', OPT_NUMBER, "ROWS", .min = 1, .max = 1000 },
	[ROOT] = { "root", 0, OPT_DIRECTORY, "DIR" },
	[ONLY] = { "only", 'o', OPT_TEXT, "ID", .repeat = true },
	[DEEP] = { "deep", 'd', OPT_SWITCH },
	[DEBUG] = { "debug", 'g', OPT_SWITCH },
	[HELP] = { "help", 'h', OPT_SWITCH },
	[END] = { 0 },
};

struct outcome {
	int r;
	struct opt_args args;
	struct opt_fault fault;
};

#define PARSE(arena, ...) parse(arena, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
static struct outcome parse(struct arena *arena, const char *const *argv)
{
	static const char *const stop[] = { "help", NULL };
	struct outcome o;
	o.r = opt_parse(arena, options, stop, (char **)argv, &o.args, &o.fault);
	return o;
}

static void fault_is(struct outcome o, const char *english, const char *a, const char *b)
{
	assert_int_equal(o.r, -EINVAL);
	assert_string_equal(o.fault.english, english);
	assert_true(str_eq(o.fault.value[0], str_from(a)));
	assert_true(str_eq(o.fault.value[1], str_from(b)));
}

static void every_spelling_of_a_value(void **state)
{
	(void)state;
	ARENA(arena);
	struct outcome all[] = {
		PARSE(&arena, "--format=json"), PARSE(&arena, "--format", "json"), PARSE(&arena, "-f", "json"),
		PARSE(&arena, "-fjson"), PARSE(&arena, "-df", "json"), PARSE(&arena, "-dfjson"),
		PARSE(&arena, "--form=json"),
	};
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(all[i].r, 0);
		assert_string_equal(opt_cstr(&all[i].args, FORMAT), "json");
		assert_int_equal(opt_choice(&all[i].args, FORMAT, 0), 1);
	}
	assert_true(opt_given(&all[5].args, DEEP));
	struct outcome o = PARSE(&arena, "--root=", "--only=a=b");
	assert_true(str_is(opt_text(&o.args, ROOT), ""));
	assert_true(str_is(opt_text(&o.args, ONLY), "a=b"));
}

static void absent_options(void **state)
{
	(void)state;
	ARENA(arena);
	struct outcome o = PARSE(&arena);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.args.n, 0);
	assert_null(opt_cstr(&o.args, ROOT));
	assert_int_equal(opt_number(&o.args, LIMIT, 7), 7);
	assert_int_equal(opt_choice(&o.args, FORMAT, 2), 2);
	assert_false(opt_given(&o.args, DEEP));
}

static void operands_among_options(void **state)
{
	(void)state;
	ARENA(arena);
	struct outcome o = PARSE(&arena, "a", "--deep", "-", "-n", "5", "--", "--root", "-x");
	assert_int_equal(o.r, 0);
	assert_int_equal(o.args.n, 4);
	assert_string_equal(o.args.operands[0].p, "a");
	assert_string_equal(o.args.operands[1].p, "-");
	assert_string_equal(o.args.operands[2].p, "--root");
	assert_string_equal(o.args.operands[3].p, "-x");
	assert_int_equal(opt_number(&o.args, LIMIT, 0), 5);
}

static void repeated_values_keep_their_order(void **state)
{
	(void)state;
	ARENA(arena);
	struct outcome o = PARSE(&arena, "--only", "a", "-ob", "--only=c", "-dd");
	assert_int_equal(o.r, 0);
	assert_int_equal(o.args.values[ONLY].n, 3);
	assert_true(str_is(o.args.values[ONLY].p[0], "a"));
	assert_true(str_is(o.args.values[ONLY].p[1], "b"));
	assert_true(str_is(o.args.values[ONLY].p[2], "c"));
	assert_int_equal(o.args.values[DEEP].n, 2);
	fault_is(PARSE(&arena, "--root", "/a", "--root", "/b"), "{} was given twice", "--root", NULL);
}

static void faults_say_what_is_wrong(void **state)
{
	(void)state;
	ARENA(arena);
	fault_is(PARSE(&arena, "--fromat=json"), "unknown option {}, did you mean {}?", "--fromat", "--format");
	fault_is(PARSE(&arena, "--zzz"), "unknown option {}", "--zzz", NULL);
	fault_is(PARSE(&arena, "--=x"), "unknown option {}", "--", NULL);
	fault_is(PARSE(&arena, "-dz"), "unknown option {}", "-z", NULL);
	fault_is(PARSE(&arena, "--de"), "--{} may mean more than one option", "de", NULL);
	fault_is(PARSE(&arena, "--root"), "{} needs a value: {}", "--root", "DIR");
	fault_is(PARSE(&arena, "-f"), "{} needs a value: {}", "--format", "FORMAT");
	fault_is(PARSE(&arena, "--deep=yes"), "{} takes no value", "--deep", NULL);
	fault_is(PARSE(&arena, "-f", "jsn"), "{}: {} is not one of its values, did you mean {}?", "--format", "jsn");
	fault_is(PARSE(&arena, "-f", "xml"), "{}: {} is not one of {}", "--format", "xml");
	static const char *const wrong[] = { "0", "1001", "", "1x", "99999999999999999999" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		fault_is(PARSE(&arena, "-n", wrong[i]), "{}: {} is not a number from {} to {}", "--limit",
		         wrong[i]);
}

static void help_ends_the_parsing(void **state)
{
	(void)state;
	ARENA(arena);
	struct outcome o = PARSE(&arena, "-h", "--nonsense");
	assert_int_equal(o.r, 0);
	assert_true(opt_given(&o.args, HELP));
	assert_int_equal(PARSE(&arena, "--nonsense", "-h").r, -EINVAL);
}

static void suggestions_are_near(void **state)
{
	(void)state;
	static const char *const names[] = { "check", "inspect", "completion", NULL };
	assert_string_equal(opt_suggest(names, STR("inspekt")), "inspect");
	assert_string_equal(opt_suggest(names, STR("comp")), "completion");
	assert_string_equal(opt_suggest(names, STR("chek")), "check");
	assert_null(opt_suggest(names, STR("fly")));
	assert_null(opt_suggest(names, STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_a_value),
		cmocka_unit_test(absent_options),
		cmocka_unit_test(operands_among_options),
		cmocka_unit_test(repeated_values_keep_their_order),
		cmocka_unit_test(faults_say_what_is_wrong),
		cmocka_unit_test(help_ends_the_parsing),
		cmocka_unit_test(suggestions_are_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
