/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Any bytes as a stream of syslog messages, cut into reads of any size: the kind that is found and the messages that come out do not
 * depend on where the reads end, nothing is given twice or left out, and the end of the stream ends it.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "event/inputs/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* All messages, each behind its length; text comes `step` bytes at a time. */
static void read_all(struct str text, size_t step, size_t most, struct buf *out)
{
	struct framing framing = { 0 };
	size_t used = 0, have = 0;
	for (;;) {
		bool last = have == text.n;
		struct str rest = str_slice(text, used, have), message = STR_NONE;
		if (framing.kind == FRAMING_UNKNOWN) {
			framing.kind = framing_find(rest, last);
			must(framing.kind != FRAMING_UNKNOWN || !last || rest.n == 0);
		}
		if (framing.kind == FRAMING_LINES) {
			buf_puts(out, "lines");
			return;
		}
		ssize_t took = 0;
		while (framing.kind == FRAMING_COUNTED && used < have) {
			rest = str_slice(text, used, have);
			took = framing_next(&framing, rest, most, last, &message);
			if (took <= 0)
				break;
			must((size_t)took <= rest.n && message.n <= most + FRAMING_DIGITS + 1);
			must(message.n == 0 || (message.p >= rest.p && message.p + message.n <= rest.p + rest.n));
			used += (size_t)took;
			buf_printf(out, "%zu:", message.n);
			buf_add(out, message);
		}
		if (took < 0) {
			buf_puts(out, "broken");
			return;
		}
		if (last) {
			must(used == text.n);
			return;
		}
		have = text.n - have < step ? text.n : have + step;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t most = (size_t)data[0] + 1, step = (size_t)data[1] + 1;
	struct str text = { (const char *)data + 2, size - 2 };
	BUF(whole);
	BUF(pieces);
	read_all(text, text.n ? text.n : 1, most, &whole);
	read_all(text, step, most, &pieces);
	must(str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
