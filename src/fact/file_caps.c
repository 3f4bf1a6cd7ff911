/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/file_caps.h"

#include <cap-ng.h>
#include <endian.h>
#include <linux/capability.h>

#include "base/buf.h"

static uint64_t word(const unsigned char *value, size_t at)
{
	uint32_t out;
	memcpy(&out, value + 4 * at, sizeof(out));
	return le32toh(out);
}

/* One group: the capabilities of `set`, then which of the three sets they are in. */
static void group_add(struct buf *out, uint64_t set, uint64_t all, bool effective, bool inheritable, bool permitted)
{
	if (!set)
		return;
	if (out->n)
		buf_add_char(out, ' ');
	bool first = true;
	for (unsigned i = 0; set != all && i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		const char *name = i <= CAP_LAST_CAP ? capng_capability_to_name(i) : NULL;
		buf_puts(out, first ? "" : ",");
		if (name)
			buf_printf(out, "cap_%s", name);
		else
			buf_printf(out, "%u", i);
		first = false;
	}
	buf_printf(out, "=%s%s%s", effective ? "e" : "", inheritable ? "i" : "", permitted ? "p" : "");
}

struct str file_caps_text(struct arena *arena, const unsigned char *value, size_t n)
{
	if (n < 4)
		return STR_NONE;
	uint64_t magic = word(value, 0);
	uint64_t revision = magic & VFS_CAP_REVISION_MASK;
	bool wide = revision == VFS_CAP_REVISION_2 || revision == VFS_CAP_REVISION_3;
	if (!wide && revision != VFS_CAP_REVISION_1)
		return STR_NONE;
	if (n < (wide ? 20u : 12u))
		return STR_NONE;
	bool effective = magic & VFS_CAP_FLAGS_EFFECTIVE;
	uint64_t permitted = word(value, 1), inheritable = word(value, 2);
	if (wide) {
		permitted |= word(value, 3) << 32;
		inheritable |= word(value, 4) << 32;
	}
	uint64_t all = ((uint64_t)2 << CAP_LAST_CAP) - 1;
	BUF(out);
	group_add(&out, permitted & ~inheritable, all, effective, false, true);
	group_add(&out, permitted & inheritable, all, effective, true, true);
	group_add(&out, inheritable & ~permitted, all, effective, true, false);
	if (!out.n)
		buf_puts(&out, "=");
	return arena_str(arena, buf_str(&out));
}
