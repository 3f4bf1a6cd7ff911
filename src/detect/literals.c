/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/literals.h"

#include <stdlib.h>

#include "base/vec.h"

enum { GRAM = 4 };

/* A text in a bucket: look at `offset` before the place where the gram was found. */
struct entry {
	uint32_t gram;
	uint32_t offset;
	uint32_t text;
};

/* The texts that are found by a gram of so many bytes. */
struct table {
	uint32_t mask;     /* of the gram's bytes */
	unsigned length;
	unsigned shift;    /* from the hash to the bit in the bitmap */
	uint64_t *bitmap;
	unsigned bucket_shift;
	uint32_t *buckets; /* where each begins in `entries`; one more than there are */
	struct entry *entries;
	size_t n;
};

struct literals {
	const struct str *texts;
	size_t n;
	struct table tables[GRAM]; /* by length - 1 */
};

static inline uint32_t load(const char *p)
{
	uint32_t word;
	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return word;
}

static inline uint32_t mix(uint32_t gram)
{
	return gram * UINT32_C(0x9e3779b1);
}

/* ---- how common four bytes are ---- */

void gram_counts_init(struct gram_counts *counts, struct arena *arena)
{
	counts->n = ARENA_ARRAY(arena, uint16_t, (size_t)1 << GRAMS_BITS);
}

void gram_counts_add(struct gram_counts *counts, struct str text)
{
	for (size_t i = 0; i + GRAM <= text.n; i++) {
		uint16_t *n = &counts->n[mix(load(text.p + i)) >> (32 - GRAMS_BITS)];
		*n = (uint16_t)(*n + (*n < UINT16_MAX));
	}
}

/* Where the rarest gram of the text begins. */
static size_t rarest(const struct gram_counts *counts, struct str text)
{
	size_t best = 0;
	uint32_t least = UINT32_MAX;
	for (size_t i = 0; i + GRAM <= text.n; i++) {
		uint32_t n = counts->n[mix(load(text.p + i)) >> (32 - GRAMS_BITS)];
		if (n < least) {
			least = n;
			best = i;
		}
	}
	return best;
}

/* ---- tables ---- */

static uint32_t short_gram(struct str text)
{
	uint32_t gram = 0;
	for (size_t i = 0; i < text.n; i++)
		gram |= (uint32_t)(unsigned char)text.p[i] << (8 * i);
	return gram;
}

static unsigned log2_above(size_t n)
{
	unsigned bits = 0;
	while (((size_t)1 << bits) < n)
		bits++;
	return bits;
}

static void table_build(struct table *table, struct arena *arena, const struct entry *entries, size_t n)
{
	/* Sixteen bits an entry, so that few places are looked at in vain; but not beyond the nearest cache. */
	unsigned bits = MAX(MIN(log2_above(n * 16), 18u), 6u), bucket_bits = MAX(log2_above(n), 1u);
	table->n = n;
	if (n == 0)
		return;
	table->shift = 32 - bits;
	table->bitmap = ARENA_ARRAY(arena, uint64_t, (size_t)1 << (bits - 6));
	table->bucket_shift = 32 - bucket_bits;
	table->buckets = ARENA_ARRAY(arena, uint32_t, ((size_t)1 << bucket_bits) + 1);
	table->entries = ARENA_ARRAY(arena, struct entry, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t hash = mix(entries[i].gram), bit = hash >> table->shift;
		table->bitmap[bit / 64] |= UINT64_C(1) << bit % 64;
		table->buckets[(hash >> table->bucket_shift) + 1]++;
	}
	for (size_t i = 0; i < (size_t)1 << bucket_bits; i++)
		table->buckets[i + 1] += table->buckets[i];
	uint32_t *fill = mem_alloc(((size_t)1 << bucket_bits) * sizeof(*fill));
	for (size_t i = 0; i < n; i++) {
		uint32_t bucket = mix(entries[i].gram) >> table->bucket_shift;
		table->entries[table->buckets[bucket] + fill[bucket]++] = entries[i];
	}
	free(fill);
}

struct literals *literals_build(struct arena *arena, const struct str *texts, size_t n, const struct gram_counts *counts)
{
	struct literals *literals = ARENA_NEW(arena, struct literals);
	VEC(struct entry) entries[GRAM] = { { 0 } };
	*literals = (struct literals){ .texts = texts, .n = n };
	for (size_t i = 0; i < n; i++) {
		struct entry entry = { .text = (uint32_t)i };
		if (texts[i].n >= GRAM) {
			entry.offset = (uint32_t)rarest(counts, texts[i]);
			entry.gram = load(texts[i].p + entry.offset);
			vec_push(&entries[GRAM - 1], entry);
		} else {
			entry.gram = short_gram(texts[i]);
			vec_push(&entries[texts[i].n - 1], entry);
		}
	}
	for (unsigned i = 0; i < GRAM; i++) {
		literals->tables[i].length = i + 1;
		literals->tables[i].mask = UINT32_MAX >> (8 * (GRAM - 1 - i));
		table_build(&literals->tables[i], arena, entries[i].p, entries[i].n);
		vec_done(&entries[i]);
	}
	return literals;
}

/* ---- finding ---- */

void literals_work_done(struct literals_work *work)
{
	free(work->seen);
	*work = (struct literals_work){ 0 };
}

static void work_begin(struct literals_work *work, size_t n)
{
	if (work->room < n) {
		work->seen = mem_resize(work->seen, n * sizeof(*work->seen));
		memset(work->seen + work->room, 0, (n - work->room) * sizeof(*work->seen));
		work->room = n;
	}
	if (++work->now == 0) {
		memset(work->seen, 0, work->room * sizeof(*work->seen));
		work->now = 1;
	}
}

struct finding {
	const struct literals *literals;
	struct literals_work *work;
	struct str text;
	uint32_t *out;
	size_t n;
};

/* The bit of the gram at `at` was set. */
static void look(struct finding *finding, const struct table *table, uint32_t gram, size_t at)
{
	uint32_t bucket = mix(gram) >> table->bucket_shift;
	for (uint32_t i = table->buckets[bucket]; i < table->buckets[bucket + 1]; i++) {
		const struct entry *entry = &table->entries[i];
		if (entry->gram != gram || entry->offset > at || finding->work->seen[entry->text] == finding->work->now)
			continue;
		struct str text = finding->literals->texts[entry->text];
		size_t from = at - entry->offset;
		if (finding->text.n - from < text.n || memcmp(finding->text.p + from, text.p, text.n) != 0)
			continue;
		finding->work->seen[entry->text] = finding->work->now;
		finding->out[finding->n++] = entry->text;
	}
}

static void scan(struct finding *finding, const struct table *table)
{
	const uint64_t *bitmap = table->bitmap;
	const char *p = finding->text.p;
	uint32_t mask = table->mask;
	unsigned shift = table->shift;
	size_t end = finding->text.n - table->length + 1, i = 0;
	/* Four places at a time: most have none of their bits set. */
	for (; i + 4 <= end; i += 4) {
		uint32_t a = mix(load(p + i) & mask) >> shift, b = mix(load(p + i + 1) & mask) >> shift;
		uint32_t c = mix(load(p + i + 2) & mask) >> shift, d = mix(load(p + i + 3) & mask) >> shift;
		uint64_t any = bitmap[a / 64] >> a % 64 | bitmap[b / 64] >> b % 64 | bitmap[c / 64] >> c % 64 | bitmap[d / 64] >> d % 64;
		if (LIKELY(!(any & 1)))
			continue;
		if (bitmap[a / 64] >> a % 64 & 1)
			look(finding, table, load(p + i) & mask, i);
		if (bitmap[b / 64] >> b % 64 & 1)
			look(finding, table, load(p + i + 1) & mask, i + 1);
		if (bitmap[c / 64] >> c % 64 & 1)
			look(finding, table, load(p + i + 2) & mask, i + 2);
		if (bitmap[d / 64] >> d % 64 & 1)
			look(finding, table, load(p + i + 3) & mask, i + 3);
	}
	for (; i < end; i++) {
		uint32_t gram = load(p + i) & mask, bit = mix(gram) >> shift;
		if (bitmap[bit / 64] >> bit % 64 & 1)
			look(finding, table, gram, i);
	}
}

size_t literals_find(const struct literals *literals, struct literals_work *work, struct str text, uint32_t *out)
{
	struct finding finding = { .literals = literals, .work = work, .text = text, .out = out };
	work_begin(work, literals->n);
	for (unsigned i = 0; i < GRAM; i++)
		if (literals->tables[i].n && text.n >= literals->tables[i].length)
			scan(&finding, &literals->tables[i]);
	return finding.n;
}
