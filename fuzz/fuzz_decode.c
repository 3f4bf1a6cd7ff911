/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_decode: any bytes in any encoding. What comes out is UTF-8, nothing is left at the end, and a stream of a named
 * encoding is the same wherever it is cut.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "data/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	ARENA(arena);
	BUF(parts);
	enum encoding encoding = (enum encoding)(data[0] % 5);
	struct str bytes = { (const char *)data + 2, size - 2 };
	struct decode whole, cut;
	size_t used, at = 0, end = 0, step = 1 + data[1];
	decode_init(&whole, encoding);
	struct str text = decode_text(&whole, &arena, bytes, true, &used);
	require(used == bytes.n && utf8_valid(text));
	decode_init(&cut, encoding);
	do {
		end = MIN(bytes.n, end + step);
		struct str part = decode_text(&cut, &arena, str_slice(bytes, at, end), end == bytes.n, &used);
		require(used <= end - at && utf8_valid(part));
		buf_add(&parts, part);
		at += used;
	} while (end < bytes.n);
	require(at == bytes.n);
	if (encoding != ENCODING_AUTO)
		require(str_eq(buf_str(&parts), text) && cut.bad == whole.bad);
	require(utf8_valid(decode_record(&cut, &arena, bytes)));
	return 0;
}
