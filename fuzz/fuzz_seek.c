/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_seek: the first line is a search, the rest a value. What is printed parses to what prints the same; matching ends.
 */
#include <stdlib.h>

#include "search/seek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void each_term(const struct seek_node *node, struct str value)
{
	if (node->kind == SEEK_TERM) {
		(void)seek_value(node->term, value);
		if (node->term->how == SEEK_TEXT && seek_text_is(node->term->pieces, node->term->n_pieces, value))
			require(seek_text_holds(node->term->pieces, node->term->n_pieces, value));
	}
	for (size_t i = 0; i < node->n; i++)
		each_term(node->p[i], value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct str value = { (const char *)data, MIN(size, (size_t)4096) };
	struct str text = str_cut(&value, '\n');
	struct seek seek, again;
	struct err err = { "" };
	if (seek_parse(&arena, text, 1793692862000000000, &seek, &err) < 0) {
		require(err.text[0]);
		return 0;
	}
	each_term(seek.root, value.p ? value : STR(""));
	struct str once = seek_print(&arena, &seek);
	if (once.n > SEEK_BYTES || seek_parse(&arena, once, 0, &again, &err) == -E2BIG)
		return 0;
	require(seek_parse(&arena, once, 0, &again, &err) == 0);
	require(str_eq(once, seek_print(&arena, &again)));
	return 0;
}
