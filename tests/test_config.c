/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "role/config.h"

static int parse(struct arena *arena, const char *text, struct config *out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	*source = (struct source){ .name = "ward.yaml", .text = str_from(text) };
	return config_parse(arena, source, out, err);
}

static void refused(const char *text, const char *words)
{
	ARENA(arena);
	struct config config;
	struct err err = { "" };
	assert_int_equal(parse(&arena, text, &config, &err), -EINVAL);
	assert_string_equal(err.text, words);
}

static void defaults_but_for_sources(void **state)
{
	(void)state;
	ARENA(arena);
	struct config config;
	struct err err = { "" };
	int r = parse(&arena,
	              "rules: {min_level: high, paths: /etc/ward/rules}\n"
	              "sources:\n"
	              "  - name: auth\n"
	              "    files: {paths: [/var/log/auth.log, /var/log/secure]}\n"
	              "    zone: \"+08:00\"\n"
	              "  - {name: pipe, stdin: {}}\n",
	              &config, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_true(str_is(config.archive.dir, "/var/lib/ward/archive"));
	assert_true(config.archive.sign && config.rules.built_in);
	assert_int_equal(config.rules.min_level, 3);
	assert_int_equal(config.n_sources, 2);
	assert_string_equal(config.sources[0].kind->name, "files");
	assert_int_equal(config.sources[0].parse.zone, 8 * 3600);
	assert_true(config.sources[0].parse.zone_given);
	const struct input_files *files = config.sources[0].options;
	assert_int_equal(files->paths.n, 2);
	assert_string_equal(config.sources[1].kind->name, "stdin");
	assert_false(config.sources[1].parse.zone_given);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	refused("sources: []\n", "ward.yaml: there is no source");
	refused("archiv: {}\nsources: []\n", "ward.yaml:1:1: unknown key 'archiv', did you mean 'archive'?");
	refused("sources:\n  - {name: a, fils: {}}\n", "ward.yaml:2:15: unknown key 'fils', did you mean 'files'?");
	refused("sources:\n  - {name: a, files: {path: /x}}\n", "ward.yaml:2:23: unknown key 'path', did you mean 'paths'?");
	refused("sources:\n  - {name: a/b, stdin: {}}\n",
	        "ward.yaml:2:5: a source's name has letters, digits, '-', '_' and '.', 48 at most");
	refused("sources:\n  - {name: a, stdin: {}}\n  - {name: a, stdin: {}}\n", "ward.yaml:3:5: there are two sources 'a'");
	refused("sources:\n  - {name: a, stdin: {}, zone: Peking}\n", "ward.yaml:2:5: 'Peking' is no zone: '+08:00', or 'UTC'");
	refused("findings: x\nsources:\n  - {name: a, stdin: {}}\n", "ward.yaml: 'findings' must be an absolute path, not 'x'");
	refused("metrics: 0.0.0.0:9273\nsources:\n  - {name: a, stdin: {}}\n",
	        "ward.yaml: metrics: '0.0.0.0:9273' is no place for metrics: 127.0.0.1:PORT, [::1]:PORT, or 'off'");
	refused("rules: {min_level: hihg}\nsources:\n  - {name: a, stdin: {}}\n",
	        "ward.yaml:1:20: 'min_level' is 'hihg', which is none of informational, low, medium, high, critical; did you mean "
	        "'high'?");
}

static void metrics_are_of_this_machine_only(void **state)
{
	(void)state;
	struct str host;
	uint16_t port;
	assert_int_equal(config_loopback(STR("127.0.0.1:9273"), &host, &port, NULL), 0);
	assert_int_equal(port, 9273);
	assert_int_equal(config_loopback(STR("[::1]:1"), &host, &port, NULL), 0);
	assert_int_equal(config_loopback(STR("off"), &host, &port, NULL), 0);
	assert_null(host.p);
	static const char *const wrong[] = { "", ":1", "127.0.0.1", "10.0.0.1:1", "127.0.0.1:70000", "127.0.0.1:x", "::1" };
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(config_loopback(str_from(wrong[i]), &host, &port, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_but_for_sources),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(metrics_are_of_this_machine_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
