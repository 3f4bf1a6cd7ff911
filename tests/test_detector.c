/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The parts of the detector, and what is special about the whole. That it finds what rules mean is compared by
 * fuzz_detector with the plain judge, and by it/test_detect_agreement with other engines on recorded attacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fold.h"
#include "detect/index.h"
#include "detect/prefilter.h"
#include "detect/regex_literal.h"
#include "detect/ruleset.h"
#include "detect/teddy.h"
#include "detect/value_cache.h"
#include "event/parser.h"

/* ---- literals ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void literals_are_all_found_once(void **state)
{
	(void)state;
	ARENA(arena);
	uint32_t seed = 7;
	for (int round = 0; round < 60; round++) {
		enum { TEXTS = 200, LENGTH = 300 };
		struct str texts[TEXTS];
		struct gram_counts counts;
		char value[LENGTH + VALUE_PADDING] = { 0 };
		uint32_t out[TEXTS];
		bool found[TEXTS] = { false };
		size_t n = 1 + next_random(&seed) % TEXTS, length = next_random(&seed) % LENGTH, letters = 2 + next_random(&seed) % 5;
		gram_counts_init(&counts, &arena);
		for (size_t i = 0; i < n; i++) {
			texts[i].n = 1 + next_random(&seed) % 9;
			char *p = arena_bytes(&arena, texts[i].n);
			for (size_t k = 0; k < texts[i].n; k++)
				p[k] = (char)('a' + next_random(&seed) % letters);
			texts[i].p = p;
			gram_counts_add(&counts, texts[i]);
		}
		for (size_t i = 0; i < length; i++)
			value[i] = (char)('a' + next_random(&seed) % letters);
		struct literals *literals = literals_build(&arena, texts, n, &counts);
		struct literals_work work = { 0 };
		size_t hits = literals_find(literals, &work, (struct str){ value, length }, out);
		for (size_t i = 0; i < hits; i++) {
			assert_false(found[out[i]]);
			found[out[i]] = true;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(found[i], memmem(value, length, texts[i].p, texts[i].n) != NULL);
		literals_work_done(&work);
	}
}

/* Texts that may begin at a place are never passed over, by whichever instructions. */
static void teddy_passes_over_nothing(void **state)
{
	(void)state;
	uint32_t seed = 3;
	for (int round = 0; round < 2000; round++) {
		struct teddy teddy = { 0 };
		char text[120];
		static const char *const texts[] = { "ab", "::x", "m", "k\\9", "zzz", "\xc3\xa9q" };
		size_t n = next_random(&seed) % sizeof(text), used = 1 + next_random(&seed) % COUNT(texts);
		bool nocase = round % 2, escapes = round % 3;
		for (size_t i = 0; i < used; i++)
			teddy_add(&teddy, next_random(&seed) % TEDDY_GROUPS, str_from(texts[i]), nocase);
		for (size_t i = 0; i < n; i++)
			text[i] = "abAB::xmk\\9zu\xc3\xa9q."[next_random(&seed) % 18];
		struct str slice = { text, n };
		size_t at = 0;
		for (;;) {
			uint8_t seen = 0, plain_seen = 0;
			size_t next = teddy_next(&teddy, slice, at, escapes, &seen);
			assert_int_equal(next, teddy_next_plain(&teddy, slice, at, escapes, &plain_seen));
			for (size_t i = at; i < MIN(next, n - MIN(n, (size_t)TEDDY_WINDOW - 1)); i++) {
				assert_false(escapes && text[i] == '\\' && text[i + 1] == 'u');
				for (size_t k = 0; k < used; k++)
					assert_false(str_starts(str_slice(slice, i, n), texts[k]));
			}
			for (size_t i = at; i < next; i++)
				assert_true(((uint8_t)text[i] < 0x80 || seen >= 0x80) && ((uint8_t)text[i] < 0x80 || plain_seen >= 0x80));
			if (next == n)
				break;
			at = next + 1;
		}
	}
}

/* A block says of each place what the halves of its bytes say, by whichever instructions. */
static void teddy_blocks_agree(void **state)
{
	(void)state;
	uint32_t seed = 5;
	for (int round = 0; round < 500; round++) {
		struct teddy teddy = { 0 };
		static const char *const texts[] = { "ab", "::x", "m", "k\\9", "zzz", "\xc3\xa9q" };
		char text[TEDDY_BLOCK + TEDDY_WINDOW];
		uint8_t groups[TEDDY_BLOCK], plain[TEDDY_BLOCK];
		for (size_t i = 0; i < COUNT(texts); i++)
			if (next_random(&seed) % 2)
				teddy_add(&teddy, next_random(&seed) % TEDDY_GROUPS, str_from(texts[i]), false);
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = "abAB::xmk\\9zu\xc3\xa9q."[next_random(&seed) % 18];
		uint32_t places = teddy_block(&teddy, text, groups);
		assert_int_equal(places, teddy_block_plain(&teddy, text, plain));
		for (size_t i = 0; i < TEDDY_BLOCK; i++) {
			assert_int_equal(groups[i], teddy_groups(&teddy, text + i));
			assert_int_equal(plain[i], groups[i]);
			assert_int_equal(places >> i & 1, groups[i] != 0);
		}
	}
}

/* ---- keywords ---- */

static void keywords_cannot_hide(void **state)
{
	(void)state;
	ARENA(arena);
	struct gram_counts counts;
	struct sigma_item item = { 0 };
	struct sigma_part parts[] = { { .kind = PART_ANY }, { PART_LITERAL, STR("\\mimikatz.exe") }, { .kind = PART_ANY } };
	struct predicate keyword = { .item = &item, .pattern = { parts, 3 }, .folded = { parts, 3 } };
	const struct predicate *keywords[] = { &keyword };
	gram_counts_init(&counts, &arena);
	struct prefilter *prefilter = prefilter_build(&arena, keywords, 1, &counts);
	assert_non_null(prefilter);
	static const char long_text[] = "{\"a\":\"nothing at all in here, and it goes on for a while so that blocks are looked at\"";
	static const char *const may[] = {
		"\"C:\\\\MimiKatz.exe\"", "\"\\u006dimikatz.exe\"", "mimi\xe2\x84\xaa\x61tz", "\xc5\xbf", "mimikatz.exe",
	};
	static const char *const cannot[] = { "mimi katz", "C:\\\\users", "\xe2\x84\xab", "" };
	for (size_t i = 0; i < COUNT(may); i++) {
		assert_true(prefilter_may(prefilter, arena_printf(&arena, "%s%s", long_text, may[i])));
		assert_true(prefilter_may(prefilter, arena_printf(&arena, "%s%s", may[i], long_text)));
	}
	for (size_t i = 0; i < COUNT(cannot); i++)
		assert_false(prefilter_may(prefilter, arena_printf(&arena, "%s%s", long_text, cannot[i])));
	/* Without three plain characters in a row there is no telling. */
	parts[1].text = STR("\\a/b\"c");
	assert_null(prefilter_build(&arena, keywords, 1, &counts));
}

/* ---- regular expressions ---- */

static void needs_in_order(const char *regex, const char *expected, const char *expected_order)
{
	ARENA(arena);
	BUF(out);
	BUF(in_order);
	struct regex_clause clauses[REGEX_CLAUSES];
	struct regex_order order = { 0 };
	size_t n = regex_needs(&arena, str_from(regex), clauses, &order);
	for (size_t i = 0; i < order.n; i++)
		buf_printf(&in_order, "%s%.*s", i ? ".." : "", STR_ARG(order.text[i]));
	buf_puts(&in_order, order.exact ? "!" : "");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < clauses[i].n; k++)
			buf_printf(&out, "%s%.*s", k ? "|" : i ? "&" : "", STR_ARG(clauses[i].text[k]));
	if (strcmp(buf_cstr(&out), expected) != 0)
		fail_msg("%s: %s, not %s", regex, buf_cstr(&out), expected);
	if (expected_order && strcmp(buf_cstr(&in_order), expected_order) != 0)
		fail_msg("%s: %s, not %s", regex, buf_cstr(&in_order), expected_order);
}

static void needs(const char *regex, const char *expected)
{
	needs_in_order(regex, expected, NULL);
}

static void what_a_regex_needs_is_found_or_left(void **state)
{
	(void)state;
	needs("abc", "abc");
	needs_in_order("\\+.*a?\\+(?:x|yy).b+", "+x|+yy", "+..+..b");
	needs_in_order("\\+.*ab.*?c", "ab", "+..ab..c!");
	needs_in_order("ab.*+c", "ab", "ab..c");
	needs_in_order("(?i)ab.*c", "ab", "ab..c");
	needs_in_order("ab.*c$", "ab", "ab..c");
	needs_in_order("abc|d", "", "");
	needs_in_order("abc(?:de|f)g", "abcde|abcf&abc", "abc..g");
	needs("(?i)abc.*defg", "defg&abc");
	needs("abcd?e", "abc");
	needs("abcd+ef", "abcd&ef");
	needs("abcd{0,2}", "abc");
	needs("abc{2}d", "abc");
	needs("foo|barn", "foo|barn");
	needs("foo.*fooo|ba", "fooo|ba");
	needs("foo|b", "");
	needs("foo|(bar)", "foo|bar");
	needs("(?:foo|bar)+x\\.(?:php\\d?|jsp)$", "x.php|x.jsp&foo|bar&php|jsp");
	needs("(?:foo|bar)?", "");
	needs("(?:foo|)bar", "bar");
	needs("(foo(ba(r)))", "fooba&bar&foo");
	needs("(?!foo)bar(?<=bar)", "bar");
	needs("\\.[ \"']{1}", ". |.\"|.'");
	needs("=(?:a+|b)(?:/|%2f)", "=a|=b&=");
	needs("\\\\x\\.exe\\b", "\\x.exe");
	needs("[abc]def[^]]ghij", "ghij&def");
	needs("(a(b)|c[)])xyz", "xyz&ab|c)");
	needs("(abc)?", "");
	needs("\\w+`(\\w|-)`.ab", "ab&`&`");
	needs("\\w+\\.\\w", "");
	needs("\\x41bcd", "");
	needs("\\Qabcd\\E", "");
	needs("(?x)a b c d", "");
	needs("abc(?#comment)", "");
	needs("a.b.c", "");
	needs("", "");
	needs("abc(", "");
	needs("abc)", "");
	needs("[[:alpha:]]abcd", "");
	needs("abc{", "");
	needs("стоabc", "abc");
}

/* ---- the cache ---- */

static void the_cache_remembers_within_its_bounds(void **state)
{
	(void)state;
	ARENA(arena);
	struct value_cache *cache = value_cache_new();
	struct hits hits;
	uint32_t ids[300] = { 1, 2, 3 };
	struct str value = STR("value");
	assert_false(value_cache_get(cache, value_cache_hash(1, value), 1, value, &hits));
	value_cache_put(cache, value_cache_hash(1, value), 1, value, (struct hits){ ids, 3, 1 });
	assert_true(value_cache_get(cache, value_cache_hash(1, value), 1, value, &hits));
	assert_int_equal(hits.n, 3);
	assert_int_equal(hits.n_triggers, 1);
	assert_int_equal(hits.ids[2], 3);
	assert_false(value_cache_get(cache, value_cache_hash(1, value), 2, value, &hits));
	/* The same hash for another value: compared in full. */
	assert_false(value_cache_get(cache, value_cache_hash(1, value), 1, STR("valuE"), &hits));
	/* Far more than fits: what is found is right, what was overwritten is gone. */
	size_t found = 0;
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 60000; i++) {
			struct str text = arena_printf(&arena, "%u%*s", i, (int)(i % 700), "");
			uint64_t hash = value_cache_hash(3, text);
			ids[0] = i;
			if (round == 0) {
				value_cache_put(cache, hash, 3, text, (struct hits){ ids, i % 10, 0 });
			} else if (value_cache_get(cache, hash, 3, text, &hits)) {
				found++;
				assert_int_equal(hits.n, i % 10);
				assert_true(hits.n == 0 || hits.ids[0] == i);
			}
		}
	assert_true(found > 20000 && found < 60000);
	value_cache_free(cache);
}

/* ---- the whole ---- */

struct fixture {
	struct arena arena;
	struct mappings mappings;
	struct sigma_rules rules;
	struct sigma_problems problems;
	struct ruleset *ruleset;
	struct detector *detector;
	struct names *names;
	struct batch batch;
	struct parse parse;
	struct buf out;
};

static void fixture_open(struct fixture *fixture, const char *mappings, const char *rules)
{
	static struct source source;
	struct err err = { 0 };
	*fixture = (struct fixture){ 0 };
	source = (struct source){ .name = "m.yaml", .text = arena_str(&fixture->arena, str_from(mappings)) };
	if (mappings_parse(&fixture->arena, &source, &fixture->mappings, &err) < 0)
		fail_msg("%s", err.text);
	sigma_parse(&fixture->arena, "r.yml", arena_str(&fixture->arena, str_from(rules)), NULL, &fixture->rules, &fixture->problems);
	/* A rule must name a log source, but filters and pipelines may take it away. */
	for (size_t i = 0; i < fixture->rules.n; i++)
		if (str_is(fixture->rules.p[i]->product, "any"))
			((struct sigma_rule *)(uintptr_t)fixture->rules.p[i])->product = STR_NONE;
	assert_int_equal(ruleset_compile(&fixture->rules, &fixture->mappings, &fixture->arena, &fixture->problems,
	                                 &fixture->ruleset, &err), 0);
	fixture->detector = detector_new(fixture->ruleset);
	fixture->names = fixture->batch.names = names_copy(ruleset_names(fixture->ruleset));
	parse_init(&fixture->parse, &parser_json, NULL);
}

static void fixture_close(struct fixture *fixture)
{
	parse_done(&fixture->parse);
	batch_done(&fixture->batch);
	names_free(fixture->names);
	detector_free(fixture->detector);
	ruleset_free(fixture->ruleset);
	arena_done(&fixture->arena);
	buf_done(&fixture->out);
}

static void found(void *ctx, const struct match *match)
{
	struct fixture *fixture = ctx;
	struct detector_evidence evidence = detector_evidence(&fixture->arena, fixture->detector, match, fixture->names);
	buf_printf(&fixture->out, "%.*s/%zu", STR_ARG(match->rule->title), match->condition);
	buf_printf(&fixture->out, "(%.*s)", STR_ARG(match->mapping ? match->mapping->name : STR("-")));
	for (size_t i = 0; i < evidence.n; i++)
		buf_printf(&fixture->out, " %.*s=%.*s", STR_ARG(names_text(fixture->names, evidence.p[i]->name)),
		           STR_ARG(evidence.p[i]->value));
	buf_puts(&fixture->out, ";");
}

static const char *matches(struct fixture *fixture, const char *events, const struct mapping *only)
{
	size_t used;
	batch_reset(&fixture->batch);
	buf_clear(&fixture->out);
	parse_lines(&fixture->parse, &fixture->batch, arena_str(&fixture->arena, str_from(events)), true, &used);
	for (size_t i = 0; i < fixture->batch.events.n; i++) {
		const struct event *event = &fixture->batch.events.p[i];
		if (!only) /* what is remembered is what is so */
			assert_ptr_equal(detector_mapping(fixture->detector, event, fixture->names),
			                 mapping_of(&fixture->mappings, event, fixture->names));
		detector_run(fixture->detector, event, fixture->names, only, found, fixture);
	}
	return buf_cstr(&fixture->out);
}

#define MAPPINGS                                                                                         \
	"- name: one\n  title: {en: x, vi: x, zh-CN: x}\n  match: {k: one}\n  logsources:\n"              \
	"    - {product: p, category: c, fields: {a: b}, values: {level: {High: S-1}}}\n"                 \
	"    - {product: p, service: s}\n"                                                                \
	"- name: hidden\n  title: {en: x, vi: x, zh-CN: x}\n  logsources:\n    - {product: h}\n"

static void matches_say_by_what(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture, MAPPINGS,
	             "title: A\nlogsource: {category: c}\ndetection: {x: {a: [q, r]}, y: {z: 1}, condition: [x or y, x and not y]}\n"
	             "---\ntitle: B\nlogsource: {product: p}\ndetection: {x: {a: q}, condition: x}\n"
	             "---\ntitle: C\nlogsource: {product: h}\ndetection: {x: {a: q}, condition: x}\n"
	             "---\ntitle: D\nlogsource: {product: any}\ndetection: {x: [needle], condition: x}\n"
	             "---\ntitle: E\nlogsource: {category: c}\ndetection: {x: {level: High}, condition: x}\n");
	assert_int_equal(fixture.problems.n, 0);
	assert_string_equal(matches(&fixture, "{\"k\":\"ONE\",\"b\":\"Q\"}", NULL), "A/0(one) b=Q;A/1(one) b=Q;B/0(one) b=Q;");
	assert_string_equal(matches(&fixture, "{\"k\":\"one\",\"a\":\"q\"}", NULL), "B/0(one) a=q;");
	assert_string_equal(matches(&fixture, "{\"k\":\"one\",\"z\":1}", NULL), "A/0(one) z=1;");
	assert_string_equal(matches(&fixture, "{\"k\":\"two\",\"a\":\"q\"}", NULL), "");
	assert_string_equal(matches(&fixture, "{\"k\":\"two\",\"a\":\"q\"}", &fixture.mappings.p[1]), "C/0(hidden) a=q;");
	assert_string_equal(matches(&fixture, "{\"x\":{\"y\":\"a NEEDLE\"},\"k\":\"needles\"}", NULL), "D/0(-) x.y=a NEEDLE k=needles;");
	assert_string_equal(matches(&fixture, "{\"k\":\"one\",\"level\":\"s-1\"}\n{\"k\":\"one\",\"level\":\"High\"}", NULL), "E/0(one) level=s-1;");
	/* What could not be read is searched as it is. */
	assert_string_equal(matches(&fixture, "{\"x\":\"needle", NULL), "D/0(-);");
	fixture_close(&fixture);
}

static void names_may_be_forgotten_between_batches(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture, MAPPINGS, "title: B\nlogsource: {product: p}\ndetection: {x: {a: q}, condition: x}\n");
	for (int round = 0; round < 3; round++) {
		assert_string_equal(matches(&fixture, "{\"K\":\"one\",\"A\":\"q\",\"other\":1}", NULL), "B/0(one) A=q;");
		names_reset(fixture.names);
		assert_string_equal(matches(&fixture, "{\"other\":1,\"x\":\"\",\"k\":\"one\",\"A\":\"q\"}", NULL), "B/0(one) A=q;");
		names_reset(fixture.names);
	}
	fixture_close(&fixture);
}

static void an_expression_cannot_stop_the_engine(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture, MAPPINGS,
	             "title: bomb\nlogsource: {product: p}\ndetection: {x: {a|re: '^(\\w+\\s?)*$'}, condition: x}\n"
	             "---\ntitle: B\nlogsource: {product: p}\ndetection: {x: {a|endswith: '!'}, condition: x}\n");
	assert_string_equal(matches(&fixture, "{\"k\":\"one\",\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}", NULL),
	                    "B/0(one) a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!;");
	assert_true(detector_counters(fixture.detector).regex_limits > 0);
	fixture_close(&fixture);
}

static void many_routes_are_bounded(void **state)
{
	(void)state;
	struct fixture fixture;
	BUF(event);
	fixture_open(&fixture, MAPPINGS, "title: B\nlogsource: {product: p}\ndetection: {x: {a: q}, condition: x}\n");
	for (int i = 0; i < 10000; i++) {
		buf_clear(&event);
		buf_printf(&event, "{\"k\":\"%d\",\"a\":\"q\"}", i);
		assert_string_equal(matches(&fixture, buf_cstr(&event), NULL), "");
	}
	buf_clear(&event);
	buf_puts(&event, "{\"k\":\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&event, "x");
	buf_puts(&event, "\",\"K\":\"one\",\"a\":\"q\"}");
	assert_string_equal(matches(&fixture, buf_cstr(&event), NULL), "B/0(one) a=q;");
	fixture_close(&fixture);
}

static void fields_that_are_only_there_route_by_that(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture,
	             "- name: x\n  title: {en: x, vi: x, zh-CN: x}\n  match: [{uri: {exists: true}, kind: web}, {ip: {exists: true}, k: {not: no}}]\n"
	             "  logsources: [{product: p}]\n",
	             "title: B\nlogsource: {product: p}\ndetection: {x: {a: q}, condition: x}\n");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(matches(&fixture, "{\"uri\":\"/1\",\"kind\":\"web\",\"a\":\"q\"}", NULL), "B/0(x) a=q;");
		assert_string_equal(matches(&fixture, "{\"uri\":\"/2\",\"kind\":\"web\",\"a\":\"q\"}", NULL), "B/0(x) a=q;");
		assert_string_equal(matches(&fixture, "{\"uri\":null,\"kind\":\"web\",\"a\":\"q\"}", NULL), "B/0(x) a=q;");
		assert_string_equal(matches(&fixture, "{\"kind\":\"web\",\"a\":\"q\"}", NULL), "");
		assert_string_equal(matches(&fixture, "{\"uri\":\"/1\",\"kind\":\"other\",\"a\":\"q\"}", NULL), "");
		assert_string_equal(matches(&fixture, "{\"ip\":1,\"k\":\"yes\",\"a\":\"q\"}", NULL), "B/0(x) a=q;");
		assert_string_equal(matches(&fixture, "{\"ip\":1,\"k\":\"NO\",\"a\":\"q\"}", NULL), "");
		assert_string_equal(matches(&fixture, "{\"ip\":1,\"a\":\"q\"}", NULL), "");
	}
	fixture_close(&fixture);
}

/* Every field that any built-in mapping looks at, with a new value in each event: no source file may make that slow. */
static void routes_are_few_whatever_fields_hold(void **state)
{
	(void)state;
	ARENA(arena);
	BUF(event);
	struct mappings mappings;
	struct sigma_rules rules = { 0 };
	CLEANUP(ruleset_free_p) struct ruleset *ruleset = NULL;
	assert_int_equal(mappings_load(&arena, NULL, &mappings, NULL), 0);
	assert_int_equal(ruleset_compile(&rules, &mappings, &arena, NULL, &ruleset, NULL), 0);
	CLEANUP(detector_free_p) struct detector *detector = detector_new(ruleset);
	CLEANUP(names_free_p) struct names *names = names_copy(ruleset_names(ruleset));
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	parse_init(&parse, &parser_json, NULL);
	for (int i = 0; i < 1000; i++) {
		buf_clear(&event);
		for (size_t k = SLOT_FIRST; k < ruleset->slots.n; k++)
			buf_printf(&event, "%s\"%.*s\":\"v%dv\"", k > SLOT_FIRST ? "," : "{",
			           STR_ARG(names_text(ruleset->names, ruleset->slots.p[k].name)), i);
		buf_puts(&event, "}");
		batch_reset(&batch);
		parse_record(&parse, &batch, buf_str(&event));
		assert_null(batch.events.p[0].flaw);
		detector_run(detector, &batch.events.p[0], names, NULL, NULL, NULL);
		assert_ptr_equal(detector_mapping(detector, &batch.events.p[0], names), mapping_of(&mappings, &batch.events.p[0], names));
	}
	assert_true(ruleset->slots.n > 50);
	assert_true(detector_counters(detector).routes < 10);
}

static void explain_says_how(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture, MAPPINGS,
	             "title: A\nlogsource: {category: c}\ndetection: {x: {a|endswith: '\\cmd.exe', z: 1}, y: {a|re: 'fooo+|barr'}, condition: x and y}\n"
	             "---\ntitle: N\nlogsource: {category: c}\ndetection: {x: {a: 1}, condition: not x}\n"
	             "---\ntitle: U\nlogsource: {category: unknown}\ndetection: {x: {a: 1}, condition: not x}\n");
	BUF(out);
	ruleset_explain(fixture.ruleset, fixture.rules.p[0], LANG_EN, &out);
	assert_non_null(strstr(buf_cstr(&out), "one: product=p category=c; a → b"));
	assert_non_null(strstr(buf_cstr(&out), "\\cmd.exe"));
	assert_non_null(strstr(buf_cstr(&out), "b ~ /fooo+|barr/"));
	buf_clear(&out);
	ruleset_explain(fixture.ruleset, fixture.rules.p[1], LANG_EN, &out);
	assert_non_null(strstr(buf_cstr(&out), "each event"));
	buf_clear(&out);
	ruleset_explain(fixture.ruleset, fixture.rules.p[2], LANG_EN, &out);
	assert_non_null(strstr(buf_cstr(&out), "no known log source"));
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_all_found_once),
		cmocka_unit_test(teddy_passes_over_nothing),
		cmocka_unit_test(teddy_blocks_agree),
		cmocka_unit_test(keywords_cannot_hide),
		cmocka_unit_test(what_a_regex_needs_is_found_or_left),
		cmocka_unit_test(the_cache_remembers_within_its_bounds),
		cmocka_unit_test(matches_say_by_what),
		cmocka_unit_test(names_may_be_forgotten_between_batches),
		cmocka_unit_test(an_expression_cannot_stop_the_engine),
		cmocka_unit_test(many_routes_are_bounded),
		cmocka_unit_test(fields_that_are_only_there_route_by_that),
		cmocka_unit_test(routes_are_few_whatever_fields_hold),
		cmocka_unit_test(explain_says_how),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
