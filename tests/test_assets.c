/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "web/assets_table.h"

static struct asset found(const char *path, struct str accepts, struct str none_match)
{
	struct asset asset = { 0 };
	assert_true(asset_find(str_from(path), accepts, none_match, &asset));
	return asset;
}

static void pages(void **state)
{
	(void)state;
	struct asset index = found("/index.html", STR_NONE, STR_NONE), root = found("/", STR_NONE, STR_NONE);
	assert_true(str_starts(index.bytes, "<!doctype html>") || str_starts(index.bytes, "<!DOCTYPE html>"));
	assert_string_equal(index.type, "text/html; charset=utf-8");
	assert_string_equal(index.cache, "no-cache");
	assert_null(index.coding);
	assert_ptr_equal(index.bytes.p, root.bytes.p);
	assert_ptr_equal(index.bytes.p, found("/incidents/17", STR_NONE, STR_NONE).bytes.p);
	static const char *const none[] = { "", "index.html", "/assets/nothing.js", "/../etc/passwd", "/%2e%2e/etc/passwd", "/.git/config", "/favicon.txt",
		                            "/a/..", "//etc.d" };
	struct asset asset;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(asset_find(str_from(none[i]), STR_NONE, STR_NONE, &asset));
}

static void tags(void **state)
{
	(void)state;
	struct asset index = found("/", STR_NONE, STR_NONE);
	struct str tag = str_from(index.etag);
	assert_false(index.same);
	assert_true(found("/", STR_NONE, tag).same);
	assert_true(found("/", STR_NONE, STR("*")).same);
	assert_false(found("/", STR_NONE, STR("\"other\"")).same);
	ARENA(arena);
	assert_true(found("/", STR_NONE, arena_printf(&arena, "\"x\", W/%s", index.etag)).same);
}

/* What is smaller in a coding is there in it, and only who asks gets it. */
static void codings(void **state)
{
	(void)state;
	for (size_t i = 0; i < asset_table_count; i++) {
		const struct asset_entry *entry = &asset_table[i];
		struct asset plain = found(entry->path, STR("identity"), STR_NONE), any = found(entry->path, STR("gzip, br"), STR_NONE);
		assert_null(plain.coding);
		assert_int_equal(entry->in[ASSET_BROTLI].begin != NULL, any.coding && strcmp(any.coding, "br") == 0);
		if (any.coding) {
			assert_true(any.bytes.n < plain.bytes.n);
			assert_string_not_equal(any.etag, plain.etag);
			assert_string_equal(found(entry->path, STR("gzip, br;q=0"), STR_NONE).coding, "gzip");
		}
		assert_int_equal(entry->forever, strncmp(entry->path, "/assets/", 8) == 0);
		if (i)
			assert_true(strcmp(asset_table[i - 1].path, entry->path) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(tags),
		cmocka_unit_test(codings),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
