/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_evtx: any bytes as the XML of an event. What is read must be within bounds and become JSON that can be read again, with
 * the same number of values. (The file itself is libevtx's to read; tests/it/test_evtx.py damages files.)
 */
#include <stdlib.h>

#include "data/json.h"
#include "event/parsers/evtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	BUF(json);
	struct evtx_values values = { 0 };
	struct source source = { .name = "f" };
	const struct doc *doc;
	int r = evtx_xml_read(&arena, (struct str){ (const char *)data, size }, &values);
	require((r == 0 || r == -EINVAL) && values.n <= EVTX_VALUES);
	evtx_write_json(&values, &json);
	source.text = buf_str(&json);
	require(json_parse(&arena, &source, &doc, NULL) == 0 && doc->type == DOC_MAP);
	size_t n = 0;
	for (size_t i = 0; i < doc->n; i++)
		n += doc_value(doc, i)->type == DOC_ARRAY ? doc_value(doc, i)->n : 1;
	require(n == values.n);
	return 0;
}
