/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_timestamp: any bytes as a moment. What is read lies within the text, is the same when read alone, and comes
 * back from its own writing.
 */
#include <stdlib.h>

#include "event/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int32_t zones[] = { 0, 8 * 3600, -6 * 3600, 5 * 3600 + 1800 };
	struct timestamp_hint hint = { .now = INT64_C(1795402800000000000), .zone = zones[size % COUNT(zones)], .local = size % 5 == 0 };
	struct str text = { (const char *)data, size };
	int64_t ns, again;
	size_t n = timestamp_prefix(text, &hint, &ns);
	require(n <= size);
	if (n) {
		ARENA(arena);
		struct str said = timestamp_format(&arena, ns);
		require(timestamp_parse(said, &hint, &again) && again == ns);
		require(timestamp_parse(str_slice(text, 0, n), &hint, &again) && again == ns);
	}
	return 0;
}
