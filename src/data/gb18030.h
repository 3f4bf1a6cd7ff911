/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * gb18030: characters of GB 18030-2005, and so of GBK and GB 2312 (private to data/decode.c).
 *
 * Own tables (tools/gb18030.py makes them, 50 KB) instead of iconv(3): libc reads its own from files when first asked, which
 * a process that may open no files any more cannot, and a log may turn out to be Chinese long after that moment.
 */
#ifndef WARD_DATA_GB18030_H
#define WARD_DATA_GB18030_H

#include <stdint.h>

#include "base/str.h"

struct gb18030_range {
	uint16_t index, code; /* the four-byte characters from this index on are code, code + 1 …; 0: none */
};

extern const uint16_t gb18030_two[];
extern const struct gb18030_range gb18030_four[];
extern const unsigned gb18030_ranges;
extern const uint32_t gb18030_beyond[];

enum { GB18030_BAD = 0, GB18030_CUT = -1 };

/* The character at the start of the text, which is not empty. How many bytes it takes; GB18030_CUT: the text ends within it;
 * GB18030_BAD: none begins there. */
int gb18030_next(struct str text, uint32_t *code);

/* The same for two bytes, fast; false: whatever else it is, ask gb18030_next(). */
static inline bool gb18030_pair(const char *p, uint32_t *code)
{
	uint8_t lead = (uint8_t)p[0], trail = (uint8_t)p[1];
	if (lead < 0x81 || lead == 0xff || trail < 0x40 || trail == 0x7f || trail == 0xff)
		return false;
	*code = gb18030_two[(lead - 0x81) * 190 + (trail - 0x40) - (trail > 0x7f)];
	return *code < 0xd800 || *code >= 0xe000;
}

#endif
