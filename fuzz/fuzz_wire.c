/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What a reader that was taken over might send to the writer.
 */
#include <stdint.h>

#include "role/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct wire_frame frame;
	size_t used;
	while (wire_frame(text, &frame, &used, NULL) == 1) {
		ARENA(arena);
		struct wire_batch batch;
		struct err err = { "" };
		int r = wire_batch_read(&arena, frame.payload, &batch, &err);
		if (r < 0 && !err.text[0])
			__builtin_trap();
		uint64_t bytes = 0;
		for (size_t i = 0; r == 0 && i < batch.n; i++)
			bytes += batch.records[i].raw.n;
		if (r == 0 && (bytes != batch.bytes || bytes > size))
			__builtin_trap();
		text = str_slice(text, used, text.n);
	}
	return 0;
}
