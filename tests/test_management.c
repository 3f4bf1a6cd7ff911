/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Management checks: each made-up office gives the verdict it must give; all registers and checks of the content load; what a
 * statement may not read is refused; coverage is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"
#include "case/management_fixture.h"
#include "data/yaml.h"
#include "people/roles.h"

static struct arena arena;
static struct content content = CONTENT_EMBEDDED;
static struct roles *roles;
static struct registers *registers;
static struct checks checks;

static int setup(void **state)
{
	(void)state;
	struct err err = { "" };
	if (roles_load(&content, &roles, &err) < 0 || registers_load(&content, &roles->names, &registers, &err) < 0 ||
	    management_load(&arena, &content, &checks, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	registers_free(registers);
	roles_free(roles);
	arena_done(&arena);
	return 0;
}

/* Every register of the sector's catalogue is there; those of one code are parts of it. */
static void test_catalogue(void **state)
{
	(void)state;
	static const char *const codes[] = { "ORG", "POST", "LTR", "POL", "SYS", "AST", "SW", "LINE", "RULE", "ACC", "2P", "MED", "VUL", "BASE",
		                             "DATA", "SHARE", "BAK", "LOG", "WEB", "PUB", "SUP", "CHG", "FND", "INC", "ALM", "DRL", "TRN", "DUTY",
		                             "MTG", "BUD", "CHK", "STM" };
	for (size_t i = 0; i < COUNT(codes); i++) {
		bool there = false;
		for (size_t k = 0; k < registers->n; k++)
			there |= str_starts(registers->p[k].code, "REG-") && str_is(str_slice(registers->p[k].code, 4, 64), codes[i]);
		if (!there)
			fail_msg("no register has the code REG-%s", codes[i]);
	}
}

static void test_checks_are_sound(void **state)
{
	(void)state;
	struct overview *overview;
	struct err err = { "" };
	for (size_t i = 0; i < checks.problems.n; i++)
		fail_msg("%.*s", STR_ARG(checks.problems.p[i]));
	assert_int_equal(overview_open(&(struct overview_options){ .registers = registers }, &overview, &err), 0);
	size_t wrong = 0;
	for (size_t i = 0; i < checks.n; i++) {
		if (management_lint(overview, &checks.p[i], &err) < 0) {
			print_error("%s\n", err.text);
			wrong++;
		}
		/* A check without `applies` would pass where there is nothing at all. */
		if (!checks.p[i].applies.p) {
			print_error("%.*s has no 'applies'\n", STR_ARG(checks.p[i].id));
			wrong++;
		}
	}
	overview_close(overview);
	assert_int_equal(wrong, 0);
	assert_true(checks.n > 0);
}

/* A topic is a group of registers, whose name heads its checks. */
static void test_topics_are_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < checks.n; i++) {
		bool there = false;
		for (size_t k = 0; k < registers->groups.n; k++)
			there |= str_eq(((const struct register_group *)registers->groups.p)[k].name, checks.p[i].topic);
		if (!there)
			fail_msg("%.*s: '%.*s' is no group of registers", STR_ARG(checks.p[i].id), STR_ARG(checks.p[i].topic));
	}
}

static void test_fixtures(void **state)
{
	(void)state;
	const char *dir = getenv("WARD_FIXTURES");
	char path[4096];
	struct content fixtures;
	struct strings files;
	struct err err = { "" };
	struct map seen = { .arena = &arena };
	size_t wrong = 0;
	snprintf(path, sizeof(path), "%s", dir ? dir : WARD_SOURCE "/tests");
	assert_int_equal(content_open(&fixtures, path, &err), 0);
	assert_int_equal(content_list(&arena, &fixtures, "management/", &files, &err), 0);
	for (size_t i = 0; i < files.n; i++) {
		struct source *source = ARENA_NEW(&arena, struct source);
		struct fixture_results results;
		if (content_read(&arena, &fixtures, arena_cstr(&arena, files.p[i]), source, &err) < 0)
			fail_msg("%s", err.text);
		if (!str_starts(str_from(source->name), path))
			continue; /* one of the checks themselves */
		if (management_fixture_run(&arena, registers, &checks, source, &results, &err) < 0)
			fail_msg("%s", err.text);
		for (size_t k = 0; k < results.n; k++) {
			size_t *cases = results.p[k].cases;
			*map_put(&seen, results.p[k].check) = &results.p[k];
			for (size_t p = 0; p < results.p[k].problems.n; p++, wrong++)
				print_error("%.*s\n", STR_ARG(results.p[k].problems.p[p]));
			if (!cases[VERDICT_FAIL] || !cases[VERDICT_PASS]) {
				print_error("%.*s: a case that fails and one that passes are needed\n", STR_ARG(results.p[k].check));
				wrong++;
			}
		}
	}
	for (size_t i = 0; i < checks.n; i++)
		if (!map_get(&seen, checks.p[i].id)) {
			print_error("%.*s has no fixture\n", STR_ARG(checks.p[i].id));
			wrong++;
		}
	content_close(&fixtures);
	assert_int_equal(wrong, 0);
}

/* Each column of evidence has a heading in Chinese and Vietnamese. */
static void test_columns_have_headings(void **state)
{
	(void)state;
	struct overview *overview;
	struct err err = { "" };
	size_t wrong = 0;
	assert_int_equal(overview_open(&(struct overview_options){ .registers = registers }, &overview, &err), 0);
	for (size_t i = 0; i < checks.n; i++) {
		struct overview_question question;
		assert_int_equal(overview_ask(overview, checks.p[i].violations, &question, NULL, &err), 0);
		for (size_t k = 0; k < statement_width(question.statement); k++) {
			const char *name = statement_column(question.statement, k);
			for (int lang = LANG_ZH; lang <= LANG_VI; lang++) {
				if (!str_is(tr_word((enum lang)lang, "column", name), name))
					continue;
				print_error("%.*s: no \"column %s\" in %s\n", STR_ARG(checks.p[i].id), name, lang_names[lang]);
				wrong++;
			}
		}
		overview_question_done(&question);
	}
	overview_close(overview);
	assert_int_equal(wrong, 0);
}

/* ---- thresholds ---- */

/* An account idle for 40 days, a device found 5 days ago. */
#define IDLE_AND_FOUND \
	"account: [{org: 1, login: wang, system: 7, kind: business, state: active, last_login: '2026-10-15'}]\n" \
	"asset: [{org: 1, asset_no: A1, state: found, created: 1795068000}]\n"

static int judge_by(const char *made, const struct profile *regime, const struct profile *office, const char *check, struct judged *out, struct err *err)
{
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	struct source source = { .name = "made up", .text = str_from(made) };
	const struct doc *doc;
	struct observations seen;
	const struct overview_options options = { .registers = registers, .now = 1795500000 };
	const struct checks one = { .p = (struct check *)checks_find(&checks, str_from(check)), .n = 1 };
	assert_non_null(one.p);
	assert_int_equal(yaml_parse(&arena, &source, &doc, err), 0);
	assert_int_equal(overview_open(&options, &overview, err), 0);
	for (size_t i = 0; i < doc->n; i++)
		assert_int_equal(overview_give(overview, &source, doc_key(doc, i), doc_value(doc, i), err), 0);
	/* All of them, so that what the profiles set is known. */
	int r = management_run(&arena, overview, &checks, regime, office, &seen, err);
	for (size_t i = 0; r == 0 && i < seen.n; i++)
		if (seen.p[i].check == one.p)
			*out = seen.p[i];
	return r;
}

static enum verdict_value verdict_of(const struct profile *office, const char *check)
{
	struct err err = { "" };
	struct judged judged = { 0 };
	if (judge_by(IDLE_AND_FOUND, NULL, office, check, &judged, &err) < 0)
		fail_msg("%s", err.text);
	return judged.value;
}

static void test_profiles_set_thresholds(void **state)
{
	(void)state;
	struct err err = { "" };
	struct profile township, city;
	assert_int_equal(profile_load(&arena, &content, STR("township"), PROFILE_OFFICE, &township, &err), 0);
	assert_int_equal(profile_load(&arena, &content, STR("city"), PROFILE_OFFICE, &city, &err), 0);
	assert_int_equal(verdict_of(NULL, "account-idle"), VERDICT_PASS);
	assert_int_equal(verdict_of(&township, "account-idle"), VERDICT_PASS);
	assert_int_equal(verdict_of(&city, "account-idle"), VERDICT_FAIL);
	assert_int_equal(verdict_of(NULL, "asset-found-unregistered"), VERDICT_FAIL);
	assert_int_equal(verdict_of(&city, "asset-found-unregistered"), VERDICT_FAIL);
	assert_int_equal(verdict_of(&township, "asset-found-unregistered"), VERDICT_PASS);
	/* The office overrides the regime; what it is silent about is the regime's. */
	struct judged judged;
	struct profile regime = city;
	assert_int_equal(judge_by(IDLE_AND_FOUND, &regime, &township, "account-idle", &judged, &err), 0);
	assert_int_equal(judged.value, VERDICT_FAIL);
	struct profile_skip skip = { .check = STR("account-*"), .reason.in = { STR("none here"), STR("none here"), STR("none here") } };
	township.skip = (struct schema_list){ &skip, 1 };
	assert_int_equal(verdict_of(&township, "account-idle"), VERDICT_NOT_APPLICABLE);
	assert_int_equal(verdict_of(&township, "asset-found-unregistered"), VERDICT_PASS);
}

static void test_misspelt_thresholds_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *said;
	} tries[] = {
		{ "account-idle.day", "1", "no check has a threshold 'account-idle.day'" },
		{ "account-idel.days", "1", "no check has a threshold 'account-idel.days'" },
		{ "account-idle.days", "'1 day'", "is of another type" },
		{ ".", "1", "no check has a threshold '.'" },
	};
	for (size_t i = 0; i < COUNT(tries); i++) {
		struct err err = { "" };
		struct judged judged;
		struct source *source = ARENA_NEW(&arena, struct source);
		const struct doc *doc;
		*source = (struct source){ .name = "mine.yaml", .text = arena_printf(&arena, "{name: %s, value: %s}", tries[i].name, tries[i].value) };
		assert_int_equal(yaml_parse(&arena, source, &doc, &err), 0);
		struct threshold threshold = { .name = doc_text(doc, "name"), .value = doc_get(doc, STR("value")), .node = doc };
		const struct profile office = { .name = STR("mine"), .params = { &threshold, 1 }, .source = source };
		assert_int_equal(judge_by(IDLE_AND_FOUND, NULL, &office, "account-idle", &judged, &err), -EINVAL);
		if (!strstr(err.text, tries[i].said) || !strstr(err.text, "mine.yaml:1:"))
			fail_msg("%s: %s", tries[i].name, err.text);
	}
}

/* ---- what may be asked ---- */

static struct overview *furnished(const char *yaml_rows UNUSED)
{
	struct overview *overview = NULL;
	struct err err = { "" };
	if (overview_open(&(struct overview_options){ .registers = registers, .now = 1795500000 }, &overview, &err) < 0)
		fail_msg("%s", err.text);
	return overview;
}

static int asks(struct overview *overview, const char *sql, int64_t *out)
{
	struct overview_question question;
	struct err err = { "" };
	int r = overview_ask(overview, str_from(sql), &question, NULL, &err);
	if (r == 0)
		r = overview_load(overview, &err);
	if (r == 0 && (r = statement_step(question.statement, &err)) == 1)
		*out = cell_int_or(statement_value(question.statement, 0), -1);
	overview_question_done(&question);
	return r;
}

static void test_guard(void **state)
{
	(void)state;
	struct overview *overview = furnished(NULL);
	int64_t n = -1;
	assert_int_equal(asks(overview, "SELECT count(*) FROM account", &n), 1);
	assert_int_equal(n, 0);
	assert_int_equal(asks(overview, "WITH x AS (SELECT 7 AS a) SELECT a FROM x", &n), 1);
	assert_int_equal(n, 7);
	assert_int_equal(asks(overview, "SELECT count(*) FROM json_each('[1,2]')", &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(asks(overview, "SELECT workdays('2026-11-27', 1) = '2026-11-30' AND now() = 1795500000", &n), 1);
	assert_int_equal(n, 1);
	static const char *const refused[] = {
		"SELECT * FROM ward_user", "SELECT count(*) FROM ward_user", "SELECT * FROM sqlite_master", "PRAGMA table_info(account)",
		"SELECT * FROM pragma_database_list", "DELETE FROM account", "ATTACH ':memory:' AS x", "SELECT id_card FROM supplier_staff",
		"SELECT id_card_index FROM supplier_staff", "SELECT load_extension('x')", "INSERT INTO account(id) VALUES (1)",
	};
	for (size_t i = 0; i < COUNT(refused); i++)
		if (asks(overview, refused[i], &n) >= 0)
			fail_msg("went through: %s", refused[i]);
	overview_close(overview);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_checks_are_sound),
		cmocka_unit_test(test_topics_are_groups),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_columns_have_headings),
		cmocka_unit_test(test_profiles_set_thresholds),
		cmocka_unit_test(test_misspelt_thresholds_are_refused),
		cmocka_unit_test(test_guard),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
