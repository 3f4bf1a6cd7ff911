/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/gb18030.h"

enum { TRAILS = 190, SUPPLEMENTARY = 189000 };

static bool within(uint8_t byte, uint8_t first, uint8_t last)
{
	return byte >= first && byte <= last;
}

static int four_bytes(const uint8_t *p, uint32_t *code)
{
	uint32_t index = (((uint32_t)(p[0] - 0x81) * 10 + (p[1] - 0x30u)) * 126 + (p[2] - 0x81u)) * 10 + (p[3] - 0x30u);
	if (index >= SUPPLEMENTARY) {
		*code = 0x10000 + (index - SUPPLEMENTARY);
		return *code <= 0x10ffff ? 4 : GB18030_BAD;
	}
	if (index >= 39420)
		return GB18030_BAD;
	unsigned low = 0, high = gb18030_ranges;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		if (gb18030_four[middle].index <= index)
			low = middle;
		else
			high = middle;
	}
	if (gb18030_four[low].code == 0)
		return GB18030_BAD;
	*code = gb18030_four[low].code + (index - gb18030_four[low].index);
	return 4;
}

int gb18030_next(struct str text, uint32_t *code)
{
	const uint8_t *p = (const uint8_t *)text.p;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (!within(p[0], 0x81, 0xfe))
		return GB18030_BAD;
	if (text.n < 2)
		return GB18030_CUT;
	if (within(p[1], 0x30, 0x39)) {
		if (text.n > 2 && !within(p[2], 0x81, 0xfe))
			return GB18030_BAD;
		if (text.n > 3 && !within(p[3], 0x30, 0x39))
			return GB18030_BAD;
		return text.n < 4 ? GB18030_CUT : four_bytes(p, code);
	}
	if (p[1] < 0x40 || p[1] == 0x7f || p[1] == 0xff)
		return GB18030_BAD;
	uint16_t found = gb18030_two[(p[0] - 0x81) * TRAILS + (p[1] - 0x40) - (p[1] > 0x7f)];
	*code = found >= 0xd800 && found < 0xe000 ? gb18030_beyond[found - 0xd800] : found;
	return 2;
}
