/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/plain.h"

void plain_add(struct buf *out, const struct record *record)
{
	buf_add_signed(out, record->time);
	buf_add_signed(out, (int64_t)((uint64_t)record->arrived - (uint64_t)record->time));
	buf_add_text(out, record->host);
	buf_add_text(out, record->source);
	buf_add_text(out, record->parser);
	buf_add_text(out, record->raw);
}

bool plain_next(struct wire *wire, struct record *out)
{
	if (wire->p == wire->end)
		return false;
	out->time = wire_signed(wire);
	out->arrived = (int64_t)((uint64_t)out->time + (uint64_t)wire_signed(wire));
	out->host = wire_text(wire);
	out->source = wire_text(wire);
	out->parser = wire_text(wire);
	out->raw = wire_text(wire);
	return !wire->bad;
}
