/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_yaml: any bytes as YAML. A tree must hold together: places inside the text, keys text and
 * different, depth within bounds; a refusal must name file, line and column.
 */
#include <stdlib.h>

#include "data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void tree_check(const struct doc *node, unsigned depth)
{
	require(depth <= YAML_DEPTH + 1);
	require((node->at >> 12) >= 1 && (node->at & 4095) >= 1);
	if (node->type == DOC_STRING) {
		require(node->p && node->p[node->n] == 0);
	} else if (node->type == DOC_ARRAY) {
		for (size_t i = 0; i < node->n; i++)
			tree_check(&node->items[i], depth + 1);
	} else if (node->type == DOC_MAP) {
		for (size_t i = 0; i < node->n; i++) {
			require(doc_key(node, i)->type == DOC_STRING);
			require(i > 100 || doc_get(node, doc_string(doc_key(node, i))) == doc_value(node, i));
			tree_check(doc_value(node, i), depth + 1);
		}
	} else {
		require(node->type < DOC_STRING);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct source source = { .name = "f", .text = { (const char *)data, size } };
	const struct doc *doc = NULL;
	struct err err = { 0 };
	if (yaml_parse(&arena, &source, &doc, &err) < 0)
		require(strncmp(err.text, "f:", 2) == 0 && err.text[2] >= '1' && err.text[2] <= '9');
	else
		tree_check(doc, 1);
	return 0;
}
