/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/literals.h"

#include <math.h>
#include <stdlib.h>

#include "base/vec.h"
#include "detect/teddy.h"

enum {
	GRAM = 4,
	STEP = 4,               /* places of the value that are left out for long texts, and one */
	LONG = GRAM + STEP - 1, /* bytes of a text that has a gram at one of so many places in a row */
	TEDDY_MOST = 96,        /* short texts that are few */
	TABLES = GRAM + 1,      /* by length of the gram - 1; the last for long texts */
};

/* A text in a bucket: look at `offset` before the place where the gram was found. Its first bytes stand here, too, so that
 * those that are not there can be told without going to the text. */
struct entry {
	uint64_t first;
	uint32_t gram;
	uint32_t offset;
	uint32_t text;
	uint32_t drop; /* bits of `first` that do not count */
};

/* The texts that are found by a gram of so many bytes. */
struct table {
	uint32_t mask;     /* of the gram's bytes */
	unsigned length;
	unsigned step;
	unsigned shift;    /* from the hash to the bit in the bitmap */
	uint64_t *bitmap;
	unsigned bucket_shift;
	uint32_t *buckets; /* where each begins in `entries`; one more than there are */
	struct entry *entries;
	size_t n;
};

/* Short texts that are few. All of each stands in the word. */
struct brief {
	uint64_t word;
	uint32_t drop; /* bits of the word that do not count */
	uint32_t text;
};

struct few {
	struct teddy teddy;
	struct brief *texts;
	size_t groups[TEDDY_GROUPS + 1]; /* where each begins in `texts` */
};

struct set {
	size_t n;
	struct table tables[TABLES];
	struct few *few; /* instead of all tables but that for long texts */
};

struct literals {
	const struct str *texts;
	size_t n;
	struct set ascii, beyond;
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

static inline uint64_t load_first(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
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

static uint32_t gram_count(const struct gram_counts *counts, const char *p)
{
	return counts->n[mix(load(p)) >> (32 - GRAMS_BITS)];
}

uint32_t gram_counts_lowest(const struct gram_counts *counts, struct str text)
{
	uint32_t lowest = UINT32_MAX;
	for (size_t i = 0; i + GRAM <= text.n; i++)
		lowest = MIN(lowest, gram_count(counts, text.p + i));
	return lowest;
}

size_t literals_rarest(const struct gram_counts *counts, struct str text, size_t least)
{
	size_t best = 0;
	uint32_t lowest = UINT32_MAX;
	for (size_t i = 0; i + MAX(least, (size_t)GRAM) <= text.n; i++) {
		uint32_t n = gram_count(counts, text.p + i);
		if (n < lowest) {
			lowest = n;
			best = i;
		}
	}
	return best;
}

/* The same for STEP grams in a row, of which any may be the one that is met. */
static size_t rarest_row(const struct gram_counts *counts, struct str text)
{
	size_t best = 0;
	uint32_t lowest = UINT32_MAX;
	for (size_t i = 0; i + LONG <= text.n; i++) {
		uint32_t n = 0;
		for (size_t k = 0; k < STEP; k++)
			n += gram_count(counts, text.p + i + k);
		if (n < lowest) {
			lowest = n;
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

static bool is_ascii(struct str text)
{
	unsigned char all = 0;
	for (size_t i = 0; i < text.n; i++)
		all |= (unsigned char)text.p[i];
	return all < 0x80;
}

static uint64_t word_of(struct str text, uint32_t *drop)
{
	char begin[sizeof(uint64_t)] = { 0 };
	memcpy(begin, text.p, MIN(text.n, sizeof(begin)));
	*drop = 64 - 8 * (uint32_t)MIN(text.n, sizeof(begin));
	return load_first(begin);
}

/* Those that do not fill a window first, since they let anything follow; then by their first bytes, so that those of a group
 * resemble each other. */
static int compare_texts(const void *left, const void *right, void *ctx)
{
	const struct str *texts = ctx;
	struct str a = texts[*(const uint32_t *)left], b = texts[*(const uint32_t *)right];
	size_t m = MIN(a.n, (size_t)TEDDY_WINDOW), n = MIN(b.n, (size_t)TEDDY_WINDOW);
	return m != n ? (m > n) - (m < n) : str_compare(a, b);
}

/* How many comparisons a group makes, by how many bytes pass at each place of the window. */
struct passing {
	uint16_t low[TEDDY_WINDOW], high[TEDDY_WINDOW]; /* halves */
};

static double passing_cost(struct passing *passing, struct str text, size_t n)
{
	double cost = (double)n + 2;
	for (size_t i = 0; i < TEDDY_WINDOW; i++) {
		passing->low[i] |= i < text.n ? (uint16_t)(1u << ((uint8_t)text.p[i] & 15)) : UINT16_MAX;
		passing->high[i] |= i < text.n ? (uint16_t)(1u << ((uint8_t)text.p[i] >> 4)) : UINT16_MAX;
		cost *= __builtin_popcount(passing->low[i]) * __builtin_popcount(passing->high[i]);
	}
	return cost;
}

/* Where groups begin so that all of them together cost least: best[g][i] is the cost of the first i texts in g groups. */
static void few_divide(struct few *few, const struct str *texts, const uint32_t *ids, size_t n)
{
	double best[TEDDY_GROUPS + 1][TEDDY_MOST + 1];
	uint8_t from[TEDDY_GROUPS + 1][TEDDY_MOST + 1] = { { 0 } };
	for (size_t i = 0; i <= n; i++)
		best[0][i] = i ? INFINITY : 0;
	for (size_t group = 1; group <= TEDDY_GROUPS; group++)
		memcpy(best[group], best[0], sizeof(best[0]));
	for (size_t begin = 0; begin < n; begin++) {
		struct passing passing = { { 0 }, { 0 } };
		for (size_t end = begin + 1; end <= n; end++) {
			double cost = passing_cost(&passing, texts[ids[end - 1]], end - begin);
			for (size_t group = 1; group <= TEDDY_GROUPS; group++) {
				if (best[group - 1][begin] + cost >= best[group][end])
					continue;
				best[group][end] = best[group - 1][begin] + cost;
				from[group][end] = (uint8_t)begin;
			}
		}
	}
	size_t group = MIN(n, (size_t)TEDDY_GROUPS), at = n;
	for (size_t i = group + 1; i <= TEDDY_GROUPS; i++)
		few->groups[i] = n;
	for (; group; group--) {
		few->groups[group] = at;
		at = from[group][at];
	}
}

static struct few *few_build(struct arena *arena, const struct str *texts, uint32_t *ids, size_t n)
{
	struct few *few = ARENA_NEW(arena, struct few);
	few->texts = ARENA_ARRAY(arena, struct brief, n);
	qsort_r(ids, n, sizeof(*ids), compare_texts, (void *)(uintptr_t)texts);
	for (size_t i = 0; i < n; i++) {
		few->texts[i].text = ids[i];
		few->texts[i].word = word_of(texts[ids[i]], &few->texts[i].drop);
	}
	few_divide(few, texts, ids, n);
	for (unsigned group = 0; group < TEDDY_GROUPS; group++)
		for (size_t i = few->groups[group]; i < few->groups[group + 1]; i++)
			teddy_add(&few->teddy, group, texts[ids[i]], false);
	return few;
}

typedef VEC(struct entry) entry_list;

static void add_entries(entry_list entries[TABLES], const struct gram_counts *counts, struct str text, uint32_t id)
{
	struct entry entry = { .text = id };
	entry.first = word_of(text, &entry.drop);
	if (text.n < GRAM) {
		entry.gram = short_gram(text);
		vec_push(&entries[text.n - 1], entry);
		return;
	}
	bool is_long = text.n >= LONG;
	size_t first = is_long ? rarest_row(counts, text) : literals_rarest(counts, text, GRAM);
	for (size_t i = 0; i < (is_long ? STEP : 1); i++) {
		entry.offset = (uint32_t)(first + i);
		entry.gram = load(text.p + entry.offset);
		vec_push(&entries[is_long ? TABLES - 1 : GRAM - 1], entry);
	}
}

static void set_build(struct set *set, struct arena *arena, const struct str *texts, const uint32_t *ids, size_t n,
                      const struct gram_counts *counts)
{
	entry_list entries[TABLES] = { { 0 } };
	VEC(uint32_t) shorts = { 0 };
	set->n = n;
	for (size_t i = 0; i < n; i++)
		if (texts[ids[i]].n < LONG)
			vec_push(&shorts, ids[i]);
	bool few = shorts.n > 0 && shorts.n <= TEDDY_MOST;
	if (few)
		set->few = few_build(arena, texts, shorts.p, shorts.n);
	for (size_t i = 0; i < n; i++)
		if (!few || texts[ids[i]].n >= LONG)
			add_entries(entries, counts, texts[ids[i]], ids[i]);
	for (unsigned i = 0; i < TABLES; i++) {
		struct table *table = &set->tables[i];
		table->length = MIN(i + 1, (unsigned)GRAM);
		table->step = i == TABLES - 1 ? STEP : 1;
		table->mask = UINT32_MAX >> (8 * (GRAM - table->length));
		table_build(table, arena, entries[i].p, entries[i].n);
		vec_done(&entries[i]);
	}
	vec_done(&shorts);
}

struct literals *literals_build(struct arena *arena, const struct str *texts, size_t n, const struct gram_counts *counts)
{
	struct literals *literals = ARENA_NEW(arena, struct literals);
	VEC(uint32_t) ascii = { 0 }, beyond = { 0 };
	*literals = (struct literals){ .texts = texts, .n = n };
	for (uint32_t i = 0; i < n; i++) {
		if (is_ascii(texts[i]))
			vec_push(&ascii, i);
		else
			vec_push(&beyond, i);
	}
	set_build(&literals->ascii, arena, texts, ascii.p, ascii.n, counts);
	set_build(&literals->beyond, arena, texts, beyond.p, beyond.n, counts);
	vec_done(&ascii);
	vec_done(&beyond);
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
		if (entry->gram != gram || entry->offset > at)
			continue;
		size_t from = at - entry->offset;
		/* There is padding behind the value. */
		if ((load_first(finding->text.p + from) ^ entry->first) << entry->drop || finding->work->seen[entry->text] == finding->work->now)
			continue;
		/* All of a short text stands in the word. */
		size_t n = sizeof(entry->first) - entry->drop / 8;
		if (finding->text.n - from < n)
			continue;
		if (entry->drop == 0) {
			struct str text = finding->literals->texts[entry->text];
			if (finding->text.n - from < text.n || memcmp(finding->text.p + from + n, text.p + n, text.n - n) != 0)
				continue;
		}
		finding->work->seen[entry->text] = finding->work->now;
		finding->out[finding->n++] = entry->text;
	}
}

static inline bool has_bit(const uint64_t *bitmap, uint32_t bit)
{
	return bitmap[bit / 64] >> bit % 64 & 1;
}

static inline void scan(struct finding *finding, const struct table *table, uint32_t mask, size_t step)
{
	const uint64_t *bitmap = table->bitmap;
	const char *p = finding->text.p;
	unsigned shift = table->shift;
	size_t end = finding->text.n - table->length + 1, i = 0;
	/* Four places at a time: most have none of their bits set. */
	for (; i + 3 * step < end; i += 4 * step) {
		uint32_t a = mix(load(p + i) & mask) >> shift, b = mix(load(p + i + step) & mask) >> shift;
		uint32_t c = mix(load(p + i + 2 * step) & mask) >> shift, d = mix(load(p + i + 3 * step) & mask) >> shift;
		uint64_t any = bitmap[a / 64] >> a % 64 | bitmap[b / 64] >> b % 64 | bitmap[c / 64] >> c % 64 | bitmap[d / 64] >> d % 64;
		if (LIKELY(!(any & 1)))
			continue;
		for (size_t k = i; k < i + 4 * step; k += step) {
			uint32_t gram = load(p + k) & mask;
			if (has_bit(bitmap, mix(gram) >> shift))
				look(finding, table, gram, k);
		}
	}
	for (; i < end; i += step) {
		uint32_t gram = load(p + i) & mask;
		if (has_bit(bitmap, mix(gram) >> shift))
			look(finding, table, gram, i);
	}
}

/* Texts of these groups that stand here. */
static void look_few(struct finding *finding, const struct few *few, size_t at, uint8_t groups)
{
	uint64_t word = load_first(finding->text.p + at); /* there is padding behind the value */
	for (; groups; groups &= (uint8_t)(groups - 1)) {
		unsigned group = (unsigned)__builtin_ctz(groups);
		for (size_t i = few->groups[group]; i < few->groups[group + 1]; i++) {
			const struct brief *brief = &few->texts[i];
			if (LIKELY((word ^ brief->word) << brief->drop) || finding->work->seen[brief->text] == finding->work->now ||
			    finding->text.n - at < sizeof(brief->word) - brief->drop / 8)
				continue;
			finding->work->seen[brief->text] = finding->work->now;
			finding->out[finding->n++] = brief->text;
		}
	}
}

static void scan_few(struct finding *finding, const struct few *few)
{
	struct str text = finding->text;
	uint8_t groups[TEDDY_BLOCK];
	for (size_t at = 0; at < text.n; at += TEDDY_BLOCK) {
		uint32_t places = teddy_block(&few->teddy, text.p + at, groups);
		if (text.n - at < TEDDY_BLOCK)
			places &= (UINT32_C(1) << (text.n - at)) - 1;
		for (; places; places &= places - 1) {
			unsigned i = (unsigned)__builtin_ctz(places);
			look_few(finding, few, at + i, groups[i]);
		}
	}
}

static void find_set(struct finding *finding, const struct set *set)
{
	if (set->few)
		scan_few(finding, set->few);
	for (unsigned i = 0; i < TABLES; i++) {
		const struct table *table = &set->tables[i];
		if (table->n == 0 || finding->text.n < table->length)
			continue;
		/* Said with constants, so that there are loops without a mask. */
		if (table->step == STEP)
			scan(finding, table, UINT32_MAX, STEP);
		else if (table->length == GRAM)
			scan(finding, table, UINT32_MAX, 1);
		else
			scan(finding, table, table->mask, 1);
	}
}

size_t literals_find(const struct literals *literals, struct literals_work *work, struct str text, uint32_t *out)
{
	struct finding finding = { .literals = literals, .work = work, .text = text, .out = out };
	work_begin(work, literals->n);
	find_set(&finding, &literals->ascii);
	if (literals->beyond.n && !is_ascii(text))
		find_set(&finding, &literals->beyond);
	return finding.n;
}
