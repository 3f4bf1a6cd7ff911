/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/run_state.h"

static uint64_t cell_hash(struct cell cell)
{
	if (cell_is_text(cell))
		return str_hash(cell_str(cell));
	uint64_t h = (uint64_t)cell.i * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static bool cell_eq(struct cell a, struct cell b)
{
	if (cell_is_text(a) && cell_is_text(b))
		return str_eq(cell_str(a), cell_str(b));
	return a.p && a.p == b.p && a.i == b.i;
}

const struct rows_index *rows_index(struct facts *facts, const struct rows *rows, size_t column)
{
	struct taken *taken = taken_of(facts, rows->table);
	if (taken->whole != rows || column >= rows->width)
		return NULL;
	if (taken->index[column])
		return taken->index[column];
	struct rows_index *index = ARENA_NEW(&facts->arena, struct rows_index);
	index->rows = rows;
	index->column = column;
	index->room = 16;
	while (index->room < rows->n * 2)
		index->room *= 2;
	index->heads = ARENA_ARRAY(&facts->arena, uint32_t, index->room);
	index->next = ARENA_ARRAY(&facts->arena, uint32_t, rows->n);
	/* From the last row to the first, so that chains run in table order. */
	for (size_t i = rows->n; i-- > 0;) {
		struct cell cell = rows_at(rows, i)[column];
		if (!cell.p)
			continue;
		uint32_t *head = &index->heads[cell_hash(cell) & (index->room - 1)];
		index->next[i] = *head;
		*head = (uint32_t)i + 1;
	}
	taken->index[column] = index;
	return index;
}

static size_t index_skip(const struct rows_index *index, uint32_t at, struct cell value)
{
	while (at && !cell_eq(rows_at(index->rows, at - 1)[index->column], value))
		at = index->next[at - 1];
	return at ? at - 1 : SIZE_MAX;
}

size_t rows_first(const struct rows_index *index, struct cell value)
{
	if (!value.p)
		return SIZE_MAX;
	return index_skip(index, index->heads[cell_hash(value) & (index->room - 1)], value);
}

size_t rows_next(const struct rows_index *index, size_t row)
{
	return index_skip(index, index->next[row], rows_at(index->rows, row)[index->column]);
}
