/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/rpm_header.h"

#include <endian.h>

enum { ENTRY = 16, ENTRIES_MOST = 65536 };
enum type { TYPE_INT16 = 3, TYPE_INT32 = 4, TYPE_INT64 = 5, TYPE_STRING = 6, TYPE_BIN = 7, TYPE_I18N = 9 };

/* rpmtag.h */
enum tag {
	TAG_DSAHEADER = 267, TAG_RSAHEADER = 268, TAG_SHA1HEADER = 269, TAG_OPENPGP = 278,
	TAG_SIGPGP = 259, TAG_SIGGPG = 262,
	TAG_NAME = 1000, TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_EPOCH = 1003, TAG_INSTALLTIME = 1008,
	TAG_SIZE = 1009, TAG_VENDOR = 1011, TAG_PACKAGER = 1015, TAG_GROUP = 1016, TAG_ARCH = 1022,
	TAG_SOURCERPM = 1044, TAG_LONGSIZE = 5009,
};

static uint32_t word(const char *p)
{
	uint32_t out;
	memcpy(&out, p, sizeof(out));
	return be32toh(out);
}

struct value {
	uint32_t tag, type, count;
	struct str data; /* from where it starts to the end of all data */
};

static struct str text_of(const struct value *value)
{
	if ((value->type != TYPE_STRING && value->type != TYPE_I18N) || !value->count)
		return STR_NONE;
	ptrdiff_t end = str_find_char(value->data, 0);
	return end < 0 ? STR_NONE : str_slice(value->data, 0, (size_t)end);
}

static int64_t number_of(const struct value *value)
{
	uint64_t wide;
	if (!value->count)
		return INT64_MIN;
	if (value->type == TYPE_INT32 && value->data.n >= 4)
		return word(value->data.p);
	if (value->type != TYPE_INT64 || value->data.n < 8)
		return INT64_MIN;
	memcpy(&wide, value->data.p, sizeof(wide));
	wide = be64toh(wide);
	return wide > INT64_MAX ? INT64_MIN : (int64_t)wide;
}

static void value_take(const struct value *value, struct rpm_package *out)
{
	switch (value->tag) {
	case TAG_NAME:
		out->name = text_of(value);
		break;
	case TAG_VERSION:
		out->version = text_of(value);
		break;
	case TAG_RELEASE:
		out->release = text_of(value);
		break;
	case TAG_ARCH:
		out->arch = text_of(value);
		break;
	case TAG_VENDOR:
		out->vendor = text_of(value);
		break;
	case TAG_PACKAGER:
		out->packager = text_of(value);
		break;
	case TAG_GROUP:
		out->group = text_of(value);
		break;
	case TAG_SOURCERPM:
		out->source = text_of(value);
		break;
	case TAG_SHA1HEADER:
		out->sha1 = text_of(value);
		break;
	case TAG_EPOCH:
		out->epoch = number_of(value);
		break;
	case TAG_INSTALLTIME:
		out->install_time = number_of(value);
		break;
	case TAG_LONGSIZE:
		out->size = number_of(value);
		break;
	case TAG_SIZE:
		if (out->size == INT64_MIN)
			out->size = number_of(value);
		break;
	case TAG_DSAHEADER:
	case TAG_RSAHEADER:
	case TAG_SIGPGP:
	case TAG_SIGGPG:
	case TAG_OPENPGP:
		out->signed_header = value->count > 0;
		break;
	default:
		break;
	}
}

bool rpm_header_parse(struct str blob, struct rpm_package *out)
{
	*out = (struct rpm_package){ .epoch = INT64_MIN, .size = INT64_MIN, .install_time = INT64_MIN };
	if (blob.n < 8)
		return false;
	uint64_t entries = word(blob.p), bytes = word(blob.p + 4);
	if (!entries || entries > ENTRIES_MOST || 8 + entries * ENTRY + bytes > blob.n)
		return false;
	const char *index = blob.p + 8;
	struct str data = { index + entries * ENTRY, bytes };
	for (size_t i = 0; i < entries; i++, index += ENTRY) {
		struct value value = { .tag = word(index), .type = word(index + 4), .count = word(index + 12) };
		uint32_t offset = word(index + 8);
		if (offset >= data.n)
			continue; /* a region's trailer may point outside */
		value.data = str_slice(data, offset, data.n);
		value_take(&value, out);
	}
	return true;
}
