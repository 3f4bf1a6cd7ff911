/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_osregex: the first line is a pattern, the rest a text. A group must lie within the text; asking for the
 * group must not change whether it matches; a text that begins with a blank line tells nothing new about it.
 */
#include <stdlib.h>

#include "check/osregex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct str text = { (const char *)data, MIN(size, (size_t)4096) };
	struct str pattern = str_cut(&text, '\n');
	const struct osregex *regex;
	struct err err = { 0 };
	(void)osmatch(pattern, text);
	if (osregex_compile(&arena, pattern, &regex, &err) < 0) {
		require(err.text[0]);
		return 0;
	}
	struct str group = STR_NONE;
	int r = osregex_match(regex, text, NULL), with = osregex_match(regex, text, &group);
	require(r == with || with == -E2BIG);
	if (group.p)
		require(group.p >= text.p && group.p + group.n <= text.p + text.n);
	return 0;
}
