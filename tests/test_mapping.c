/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Mappings: reading them, what is wrong with one, and which log sources an event belongs to, in whatever shape it comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/mapping.h"
#include "event/parser.h"

struct pair {
	const char *name, *value;
};

/* An event of these fields, read by nobody. */
static struct event event_of(struct batch *batch, const struct pair *pairs)
{
	struct parse parse = { .batch = batch };
	struct event *event = parse_event(&parse, STR("raw"));
	for (; pairs->name; pairs++)
		parse_field(&parse, event, str_from(pairs->name), str_from(pairs->value), VALUE_ESCAPED);
	return *event;
}

static bool belongs(const struct mappings *mappings, const struct event *event, const struct names *names, const char *product,
                    const char *category, const char *service)
{
	for (size_t i = 0; i < mappings->n; i++)
		for (size_t j = 0; j < mappings->p[i].logsources.n; j++) {
			const struct mapping_logsource *logsource = &mappings->p[i].logsources.p[j];
			if (mapping_serves(logsource, str_from(product), str_from(category), str_from(service)) &&
			    mapping_takes(&mappings->p[i], event, names) && mapping_meets(&logsource->when, event, names))
				return true;
		}
	return false;
}

static void every_shape_of_windows_is_known(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct mappings mappings;
	int r = mappings_load(&arena, NULL, &mappings, &err);
	if (r)
		fail_msg("%s", err.text);
	CLEANUP(names_free_p) struct names *seed = names_new();
	names_add(seed, STR("Image"));
	mappings_alias(&mappings, seed);
	CLEANUP(names_free_p) struct names *names = names_copy(seed);
	CLEANUP(batch_done) struct batch batch = { .names = names };
	static const struct pair shapes[][5] = {
		{ { "Channel", "microsoft-windows-sysmon\\/Operational" }, { "EventID", "1" }, { "Image", "x" }, { "Provider_Name", "p" } },
		{ { "winlog.channel", "Microsoft-Windows-Sysmon/Operational" }, { "winlog.event_id", "1" },
		  { "winlog.event_data.Image", "x" }, { "winlog.provider_name", "p" } },
		{ { "log_name", "Microsoft-Windows-Sysmon/Operational" }, { "event_id", "1" }, { "event_data.Image", "x" },
		  { "source_name", "p" } },
		{ { "Channel", "Microsoft-Windows-Sysmon/Operational" }, { "EventID", "1" }, { "image", "x" }, { "SourceName", "p" } },
		{ { "Event.System.Channel", "Microsoft-Windows-Sysmon/Operational" }, { "Event.System.EventID", "1" },
		  { "Event.EventData.Image", "x" }, { "Event.System.Provider.#attributes.Name", "p" } },
		{ { "Event.System.Channel", "Microsoft-Windows-Sysmon/Operational" }, { "Event.System.EventID.#text", "1" },
		  { "Event.UserData.Anything.Image", "x" }, { "Event.System.Provider.#attributes.Name", "p" } },
		{ { "data.win.system.channel", "Microsoft-Windows-Sysmon/Operational" }, { "data.win.system.eventID", "1" },
		  { "data.win.eventdata.image", "x" }, { "data.win.system.providerName", "p" } },
		{ { "System.Channel", "Microsoft-Windows-Sysmon/Operational" }, { "System.EventID.Value", "1" },
		  { "EventData.Image", "x" }, { "System.Provider.Name", "p" } },
	};
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT(shapes); i++) {
			struct event event = event_of(&batch, shapes[i]);
			assert_true(belongs(&mappings, &event, names, "windows", "process_creation", NULL));
			assert_true(belongs(&mappings, &event, names, "windows", NULL, "sysmon"));
			assert_true(belongs(&mappings, &event, names, "windows", NULL, NULL));
			assert_false(belongs(&mappings, &event, names, "windows", "process_access", NULL));
			assert_false(belongs(&mappings, &event, names, "windows", "process_creation", "security"));
			assert_false(belongs(&mappings, &event, names, "linux", "process_creation", NULL));
			const struct event_field *image = event_field(&event, names, STR("Image"));
			const struct event_field *provider = event_field(&event, names, STR("provider_name"));
			assert_true(image && str_is(image->value, "x"));
			assert_true(provider && str_is(provider->value, "p"));
			assert_int_equal(names_folded(names, image->name), names_find(seed, STR("Image")));
		}
		/* Aliases outlive the reset between two batches. */
		batch_reset(&batch);
		names_reset(names);
	}
}

static void a_security_event_serves_categories(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct mappings mappings;
	assert_int_equal(mappings_load(&arena, NULL, &mappings, &err), 0);
	CLEANUP(names_free_p) struct names *names = names_new();
	mappings_alias(&mappings, names);
	CLEANUP(batch_done) struct batch batch = { .names = names };
	struct event event = event_of(&batch, (struct pair[]){ { "Channel", "Security" }, { "EventID", "4688" }, { 0 } });
	assert_true(belongs(&mappings, &event, names, "windows", "process_creation", NULL));
	assert_true(belongs(&mappings, &event, names, "windows", NULL, "security"));
	assert_false(belongs(&mappings, &event, names, "windows", "registry_set", NULL));
	const struct mapping *mapping = mappings_find(&mappings, STR("windows-security"));
	assert_non_null(mapping);
	assert_ptr_equal(mapping_of(&mappings, &event, names), mapping);
	bool image = false, high = false;
	for (size_t i = 0; i < mapping->logsources.n; i++) {
		const struct mapping_logsource *logsource = &mapping->logsources.p[i];
		if (!str_is(logsource->category, "process_creation"))
			continue;
		for (size_t j = 0; j < logsource->fields.n; j++)
			image |= str_is(logsource->fields.p[j].sigma, "Image") && str_is(logsource->fields.p[j].own, "NewProcessName");
		for (size_t j = 0; j < logsource->values.n; j++)
			high |= str_is(logsource->values.p[j].field, "IntegrityLevel") && str_is(logsource->values.p[j].sigma, "High") &&
			        str_is(logsource->values.p[j].own, "S-1-16-12288");
	}
	assert_true(image && high);
}

static void conditions_and_patterns(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct mappings mappings;
	struct source source = { .name = "sources/x.yaml", .text = STR(
		"- name: x\n"
		"  title: {zh-CN: 甲, vi: x, en: x}\n"
		"  match: [{a: 'b*d', c: [1, true]}, {e: {exists: true}}, {f: {not: ['%*', x]}}]\n"
		"  logsources: [{product: p}]\n"
		"- name: only\n"
		"  title: {zh-CN: 甲, vi: x, en: x}\n"
		"  logsources: [{product: q}]\n") };
	if (mappings_parse(&arena, &source, &mappings, &err))
		fail_msg("%s", err.text);
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	static const struct {
		struct pair pairs[4];
		bool taken;
	} cases[] = {
		{ { { "a", "bxxD" }, { "c", "1" } }, true },
		{ { { "a", "no" }, { "A", "bd" }, { "C", "TRUE" } }, true },
		{ { { "a", "bxx" }, { "c", "1" } }, false },
		{ { { "a", "bd" } }, false },
		{ { { "E", "" } }, true },
		{ { { "f", "sshd" } }, true },
		{ { { "f", "%SYS" } }, false },
		{ { { "f", "sshd" }, { "F", "x" } }, false },
		{ { { 0 } }, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event = event_of(&batch, cases[i].pairs);
		assert_int_equal(mapping_takes(&mappings.p[0], &event, names), cases[i].taken);
		assert_false(mapping_takes(&mappings.p[1], &event, names));
	}
	assert_true(mapping_value_is(STR("*a?c*"), STR("xxABCx")));
	assert_true(mapping_value_is(STR("*"), STR("")));
	assert_false(mapping_value_is(STR("a?"), STR("a")));
	assert_false(mapping_value_is(STR("*abc"), STR("abcd")));
}

static void mistakes_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\nmach: {a: b}\n", "sources/x.yaml:4:1: unknown key 'mach'" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\nmatch: {a: []}\n", "sources/x.yaml:4:12: the list is empty" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\nmatch: {a: {exist: true}}\n", "sources/x.yaml:4:12: " },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\nmatch: a\n", "sources/x.yaml:4:8: a map" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\nformat: jsn\n", "there is no format 'jsn'" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: [{fields: {a: [b]}}]\n", "sources/x.yaml:3:27: text" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: [{values: {a: b}}]\n", "sources/x.yaml:3:27: a map" },
		{ "name: x\ntitle: {zh-CN: 甲, vi: x, en: x}\nlogsources: []\naliases: {'a*': b}\n", "sources/x.yaml:4:17: a name that ends" },
		{ "- &a\n  name: x\n- *a\n", "sources/x.yaml:1:" },
		{ "- {name: x, title: {zh-CN: 甲, vi: x, en: x}, logsources: []}\n"
		  "- {name: x, title: {zh-CN: 甲, vi: x, en: x}, logsources: []}\n", "declared already" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		struct err err = { 0 };
		struct mappings mappings;
		struct source source = { .name = "sources/x.yaml", .text = str_from(cases[i].text) };
		assert_int_equal(mappings_parse(&arena, &source, &mappings, &err), -EINVAL);
		if (!strstr(err.text, cases[i].words))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_of_windows_is_known),
		cmocka_unit_test(a_security_event_serves_categories),
		cmocka_unit_test(conditions_and_patterns),
		cmocka_unit_test(mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
