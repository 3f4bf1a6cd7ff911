/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * little: little-endian numbers at any address, which file formats are made of. The caller minds the bounds.
 */
#ifndef WARD_BASE_LITTLE_H
#define WARD_BASE_LITTLE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t little16(const void *p)
{
	uint16_t value;
	memcpy(&value, p, sizeof(value));
	return le16toh(value);
}

static inline uint32_t little32(const void *p)
{
	uint32_t value;
	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static inline uint64_t little64(const void *p)
{
	uint64_t value;
	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

#endif
