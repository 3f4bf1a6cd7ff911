/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A declaration of any bytes: refused with its place, or a register whose every value, filter and number can be worked with. Behind a line "---"
 * stand values for its fields as JSON.
 */
#include <stdint.h>

#include "data/json.h"
#include "register/file_look.h"
#include "register/number.h"
#include "register/tables.h"
#include "register/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_values(struct arena *arena, const struct register_ *reg, const struct doc *values)
{
	const struct field *fields = reg->fields.p;
	for (size_t i = 0; i < reg->fields.n; i++) {
		BUF(out);
		struct cell cells[2];
		struct note what = { 0 };
		const struct doc *value = doc_get(values, fields[i].name);
		if (!value)
			continue;
		if (!value_take(arena, &fields[i], value, cells, &what)) {
			if (!what.english)
				__builtin_trap();
			continue;
		}
		/* What was taken is JSON again, and taken again. */
		struct source source = { .name = "again" };
		const struct doc *again;
		value_put(&out, NULL, &fields[i], cells);
		source.text = arena_str(arena, buf_str(&out));
		if (json_parse(arena, &source, &again, NULL) < 0)
			__builtin_trap();
		if (!fields[i].regex && !value_take(arena, &fields[i], again, cells, &what))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct str names[] = { STR("security"), STR("leader") };
	const struct strings roles = { names, COUNT(names) };
	ARENA(arena);
	struct err err = { "" };
	struct register_ reg = { 0 };
	struct register_index_texts indexes = { 0 };
	struct str all = { (const char *)data, size };
	if (size > 65536)
		return 0;
	ptrdiff_t at = str_find(all, "\n---\n");
	struct source source = { .name = "input", .text = at < 0 ? all : str_slice(all, 0, (size_t)at + 1) };
	struct source json = { .name = "values", .text = at < 0 ? STR("{}") : str_slice(all, (size_t)at + 5, all.n) };
	const struct doc *values;
	(void)secret_mark_of_text(all);
	(void)secret_mark_of_name(all);
	int r = register_read(&arena, &source, &roles, &reg, &err);
	if (r < 0 && (r != -EINVAL || !str_starts(str_from(err.text), "input:")))
		__builtin_trap();
	if (r == 0) {
		register_index_list(&arena, &reg, &indexes);
		if (json_parse(&arena, &json, &values, NULL) == 0)
			try_values(&arena, &reg, values);
	}
	register_done(&reg);
	return 0;
}
