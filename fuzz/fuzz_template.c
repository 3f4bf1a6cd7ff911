/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A page of any bytes, filled in with values of every kind.
 */
#include <stdint.h>

#include "data/json.h"
#include "data/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	BUF(out);
	struct err err = { "" };
	const struct doc *values;
	struct source source = {
		.name = "values",
		.text = STR("{\"a\":[{\"b\":1,\"c\":\"<x>\"},{\"b\":2,\"c\":\"\"}],\"d\":{\"e\":{\"f\":true}},\"g\":0,\"h\":\"text\","
		            "\"i\":null,\"j\":2.5,\"k\":[]}"),
	};
	struct source page = { .name = "page", .text = { (const char *)data, size } };
	if (size > 4096 || json_parse(&arena, &source, &values, &err) < 0)
		return 0;
	int r = template_render(&out, &page, values, LANG_EN, &err);
	/* Whatever is wrong is said, with its place. */
	if (r < 0 && (!err.text[0] || str_find(str_from(err.text), "page") < 0))
		__builtin_trap();
	return 0;
}
