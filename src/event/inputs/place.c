/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/place.h"

#include <errno.h>
#include <unistd.h>

#include "data/decode.h"

void place_add(struct buf *out, const struct place *place)
{
	buf_printf(out, "%s%llu:%llu:%llu:%llu:%llu:%llu:%d:%llu:%llu", out->n ? " " : "", (unsigned long long)place->device,
	           (unsigned long long)place->inode, (unsigned long long)place->offset, (unsigned long long)place->line,
	           (unsigned long long)place->length, (unsigned long long)place->fingerprint, place->held,
	           (unsigned long long)place->encoding, (unsigned long long)place->changed);
}

/* A number of up to 64 bits: str_to_int() ends at 63. */
static bool number(struct str text, uint64_t *out)
{
	uint64_t value = 0;
	if (text.n == 0 || text.n > 20)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text.p[i] - '0'), &value))
			return false;
	*out = value;
	return true;
}

bool place_next(struct str *rest, struct place *out)
{
	if (!rest->p || rest->n == 0)
		return false;
	struct str text = str_cut(rest, ' ');
	uint64_t held = 0;
	uint64_t *const values[] = { &out->device, &out->inode,       &out->offset, &out->line,
		                     &out->length, &out->fingerprint,
		                     &held,        &out->encoding, &out->changed };
	for (size_t i = 0; i < COUNT(values); i++)
		if (!text.p || !number(str_cut(&text, ':'), values[i]))
			return false;
	out->held = held != 0;
	return !text.p && out->encoding <= ENCODING_GB18030 && out->length <= FINGERPRINT_BYTES && out->offset <= INT64_MAX;
}

uint64_t fingerprint_of(struct str head)
{
	return str_hash(head);
}

static size_t read_head(int fd, char *to, size_t n)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = pread(fd, to + got, n - got, (off_t)got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

void place_take_fingerprint(struct place *place, int fd)
{
	char head[FINGERPRINT_BYTES];
	place->length = read_head(fd, head, sizeof(head));
	place->fingerprint = fingerprint_of((struct str){ head, place->length });
}

bool place_same_beginning(const struct place *place, int fd)
{
	char head[FINGERPRINT_BYTES];
	return place->length == 0 || (read_head(fd, head, place->length) == place->length &&
	                              fingerprint_of((struct str){ head, place->length }) == place->fingerprint);
}
