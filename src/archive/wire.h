/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * wire: numbers and bytes in the blocks of an archive, written into a buf and read back without trust.
 *
 * A varint is seven bits a byte, lowest first, the high bit set on all but the last (at most ten bytes). A signed
 * number is zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …. Reading past the end sets `bad` and gives zeros from then on,
 * so that a reader checks once, at the end of a piece.
 */
#ifndef WARD_ARCHIVE_WIRE_H
#define WARD_ARCHIVE_WIRE_H

#include "base/buf.h"

struct wire {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct wire wire_from(struct str bytes)
{
	const uint8_t *p = (const uint8_t *)(bytes.p ? bytes.p : "");
	return (struct wire){ p, p + bytes.n, false };
}

static inline uint64_t wire_bad(struct wire *wire)
{
	wire->bad = true;
	wire->p = wire->end;
	return 0;
}

static inline uint64_t wire_varint(struct wire *wire)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (wire->p == wire->end)
			return wire_bad(wire);
		uint8_t byte = *wire->p++;
		value |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return value;
	}
	return wire_bad(wire);
}

static inline int64_t zigzag_back(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}
static inline uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t wire_signed(struct wire *wire)
{
	return zigzag_back(wire_varint(wire));
}

/* A number that counts things of which each takes at least one byte of what is left, or is bounded by `most`. */
static inline size_t wire_count(struct wire *wire, size_t most)
{
	uint64_t n = wire_varint(wire);
	return n > most ? (size_t)wire_bad(wire) : (size_t)n;
}

static inline struct str wire_bytes(struct wire *wire, size_t n)
{
	if (n > (size_t)(wire->end - wire->p)) {
		wire_bad(wire);
		return STR("");
	}
	struct str bytes = { (const char *)wire->p, n };
	wire->p += n;
	return bytes;
}

static inline struct str wire_text(struct wire *wire)
{
	uint64_t n = wire_varint(wire);
	return wire_bytes(wire, n);
}

static inline void buf_add_varint(struct buf *buf, uint64_t value)
{
	char *out = buf_reserve(buf, 10);
	size_t n = 0;
	while (value > 127) {
		out[n++] = (char)(value | 128);
		value >>= 7;
	}
	out[n++] = (char)value;
	buf->n += n;
}

static inline void buf_add_signed(struct buf *buf, int64_t value)
{
	buf_add_varint(buf, zigzag(value));
}

static inline void buf_add_text(struct buf *buf, struct str text)
{
	buf_add_varint(buf, text.n);
	buf_add(buf, text);
}

#endif
