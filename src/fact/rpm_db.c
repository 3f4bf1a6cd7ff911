/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The two older forms. ndb, little-endian: a file of 16-byte units; a header of two, slots { "Slot", package,
 * unit, units } in the first pages, blobs { "BlbS", package, generation, bytes, … }. Berkeley DB hash, in
 * the byte order of the machine that made it: pages; on hash pages pairs of key and value, of which the
 * values are kept on chains of overflow pages.
 */
#include "fact/rpm_db.h"

#include <endian.h>
#include <unistd.h>

#include "base/buf.h"

enum {
	PACKAGES_MOST = 200000,
	NDB_UNIT = 16,
	NDB_SLOTS_PER_PAGE = 256,
	NDB_PAGES_MOST = 4096,
	PAGE_HEADER = 26,
	PAGE_LEAST = 512,
	PAGE_MOST = 65536,
	PAGE_HASH_UNSORTED = 2,
	PAGE_OVERFLOW = 7,
	PAGE_HASH = 13,
	ITEM_IN_PLACE = 1,
	ITEM_OFF_PAGE = 3,
	HEADER_LEAST = 24, /* two counts and an entry; rpm's own counter is shorter */
	BERKELEY_HASH = 0x061561,
};

/* All `want` bytes at `offset`, or -EIO. */
static int read_at(int fd, void *out, size_t want, uint64_t offset, struct err *err)
{
	if (offset > INT64_MAX - want)
		return err_set(err, -EIO, "damaged");
	for (size_t done = 0; done < want;) {
		ssize_t n = pread(fd, (char *)out + done, want - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "cannot read");
		if (n == 0)
			return err_set(err, -EIO, "it ends too early");
		done += (size_t)n;
	}
	return 0;
}

/* ---- ndb ---- */

static uint32_t little(const unsigned char *p)
{
	uint32_t out;
	memcpy(&out, p, sizeof(out));
	return le32toh(out);
}

static int ndb_blob(int fd, const unsigned char *slot, struct buf *blob, struct err *err)
{
	unsigned char head[NDB_UNIT];
	uint64_t at = (uint64_t)little(slot + 8) * NDB_UNIT, room = (uint64_t)little(slot + 12) * NDB_UNIT;
	int r = read_at(fd, head, sizeof(head), at, err);
	if (r < 0)
		return r;
	uint32_t bytes = little(head + 12);
	if (memcmp(head, "BlbS", 4) != 0 || little(head + 4) != little(slot + 4) || bytes > RPM_DB_BLOB_MOST ||
	    (uint64_t)bytes + 28 > room)
		return err_set(err, -EIO, "damaged blob");
	buf_clear(blob);
	r = read_at(fd, buf_reserve(blob, bytes), bytes, at + sizeof(head), err);
	blob->n = r < 0 ? 0 : bytes;
	return r;
}

int rpm_db_read_ndb(int fd, rpm_db_fn *each, void *ctx, struct err *err)
{
	unsigned char page[NDB_SLOTS_PER_PAGE * NDB_UNIT];
	BUF(blob);
	int r = read_at(fd, page, sizeof(page), 0, err);
	if (r < 0)
		return r;
	uint32_t pages = little(page + 12);
	if (memcmp(page, "RpmP", 4) != 0 || little(page + 4) != 0 || !pages || pages > NDB_PAGES_MOST)
		return err_set(err, -EIO, "not an rpm database of a known version");
	for (uint32_t i = 0; i < pages; i++) {
		r = i ? read_at(fd, page, sizeof(page), (uint64_t)i * sizeof(page), err) : 0;
		for (size_t j = i ? 0 : 2; j < NDB_SLOTS_PER_PAGE && r >= 0; j++) {
			const unsigned char *slot = page + j * NDB_UNIT;
			if (memcmp(slot, "Slot", 4) != 0)
				return err_set(err, -EIO, "damaged slot");
			if (!little(slot + 8))
				continue; /* free */
			r = ndb_blob(fd, slot, &blob, err);
			if (r >= 0)
				r = each(ctx, buf_str(&blob), err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- Berkeley DB ---- */

struct berkeley {
	int fd;
	bool swapped;
	uint32_t page_size, last_page;
};

static uint32_t number32(const struct berkeley *db, const unsigned char *p)
{
	uint32_t out;
	memcpy(&out, p, sizeof(out));
	return db->swapped ? __builtin_bswap32(out) : out;
}

static uint16_t number16(const struct berkeley *db, const unsigned char *p)
{
	uint16_t out;
	memcpy(&out, p, sizeof(out));
	return db->swapped ? __builtin_bswap16(out) : out;
}

static int page_read(const struct berkeley *db, uint32_t number, unsigned char *page, struct err *err)
{
	if (number > db->last_page)
		return err_set(err, -EIO, "damaged: page %u", number);
	return read_at(db->fd, page, db->page_size, (uint64_t)number * db->page_size, err);
}

/* A value that is kept on a chain of pages of its own. */
static int chain_read(const struct berkeley *db, uint32_t number, uint32_t bytes, unsigned char *page,
                      struct buf *out, struct err *err)
{
	buf_clear(out);
	if (bytes > RPM_DB_BLOB_MOST)
		return err_set(err, -EIO, "damaged: a value of %u bytes", bytes);
	while (number && out->n < bytes) {
		int r = page_read(db, number, page, err);
		if (r < 0)
			return r;
		uint32_t here = number16(db, page + 22);
		if (page[25] != PAGE_OVERFLOW || !here || here > db->page_size - PAGE_HEADER)
			return err_set(err, -EIO, "damaged: page %u", number);
		here = MIN(here, bytes - (uint32_t)out->n);
		buf_add(out, (struct str){ (const char *)page + PAGE_HEADER, here });
		number = number32(db, page + 16);
	}
	return out->n == bytes ? 0 : err_set(err, -EIO, "damaged: a value ends too early");
}

static int hash_page_read(const struct berkeley *db, const unsigned char *page, unsigned char *other,
                          rpm_db_fn *each, void *ctx, size_t *packages, struct err *err)
{
	uint32_t entries = number16(db, page + 20);
	BUF(blob);
	if (PAGE_HEADER + 2 * entries > db->page_size)
		return err_set(err, -EIO, "damaged page");
	/* Pairs: a key, then its value. */
	for (uint32_t i = 1; i < entries; i += 2) {
		uint32_t at = number16(db, page + PAGE_HEADER + 2 * i);
		/* Items lie one below the other, from the end of the page. */
		uint32_t end = number16(db, page + PAGE_HEADER + 2 * (i - 1));
		if (at + 12 > db->page_size || at >= end || end > db->page_size)
			continue; /* too short for a header */
		if (++*packages > PACKAGES_MOST)
			return err_set(err, -EFBIG, "more than %d packages", PACKAGES_MOST);
		if (page[at] == ITEM_IN_PLACE && end - at > HEADER_LEAST) {
			int r = each(ctx, (struct str){ (const char *)page + at + 1, end - at - 1 }, err);
			if (r < 0)
				return r;
		}
		if (page[at] != ITEM_OFF_PAGE)
			continue;
		int r = chain_read(db, number32(db, page + at + 4), number32(db, page + at + 8), other, &blob, err);
		if (r >= 0)
			r = each(ctx, buf_str(&blob), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int rpm_db_read_berkeley(int fd, rpm_db_fn *each, void *ctx, struct err *err)
{
	unsigned char meta[72];
	struct berkeley db = { .fd = fd };
	int r = read_at(fd, meta, sizeof(meta), 0, err);
	if (r < 0)
		return r;
	db.swapped = number32(&db, meta + 12) == __builtin_bswap32(BERKELEY_HASH);
	db.page_size = number32(&db, meta + 20);
	if (number32(&db, meta + 12) != BERKELEY_HASH || db.page_size < PAGE_LEAST || db.page_size > PAGE_MOST ||
	    (db.page_size & (db.page_size - 1)) || meta[24])
		return err_set(err, -EIO, "not a hash of Berkeley DB");
	db.last_page = number32(&db, meta + 32); /* where the file is shorter, reading will say so */
	BUF(space);
	unsigned char *page = (unsigned char *)buf_reserve(&space, 2 * (size_t)db.page_size);
	size_t packages = 0;
	for (uint32_t i = 1; i <= db.last_page && r >= 0; i++) {
		r = page_read(&db, i, page, err);
		if (r >= 0 && (page[25] == PAGE_HASH || page[25] == PAGE_HASH_UNSORTED))
			r = hash_page_read(&db, page, page + db.page_size, each, ctx, &packages, err);
	}
	return r < 0 ? r : 0;
}
