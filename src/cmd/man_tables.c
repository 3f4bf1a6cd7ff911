/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward-tables(7): the host tables, made from their own records.
 */
#include "cmd/man.h"
#include "fact/table.h"

/* A path may be broken after its slashes. */
static void add_path(struct buf *buf, struct str path)
{
	while (path.p) {
		man_add_text(buf, str_cut(&path, '/'));
		if (path.p)
			buf_puts(buf, "/\\:");
	}
}

void man_tables_add(struct buf *buf)
{
	static const char *const types[] = { [TEXT] = "text", [INT] = "integer", [REAL] = "real" };
	buf_puts(buf, ".\\\" Made by `ward man tables`; the words stand in src/fact/tables.\n"
	              ".TH WARD\\-TABLES 7 \"\" \"ward " WARD_VERSION "\"\n.ad l\n.nh\n"
	              ".SH NAME\nward\\-tables \\- what can be asked with ward sql\n");
	for (size_t i = 0; tables[i]; i++) {
		const struct table *table = tables[i];
		buf_printf(buf, ".SH %s\n", table->name);
		man_add_text(buf, str_from(table->doc));
		buf_puts(buf, ".\n.PP\nFrom: ");
		for (size_t j = 0; j < COUNT(table->sources) && table->sources[j]; j++) {
			buf_puts(buf, j ? ", " : "");
			add_path(buf, str_from(table->sources[j]));
		}
		buf_puts(buf, table->flags & TABLE_LIVE ? ". Only on the running system.\n" : ".\n");
		if (table->flags & TABLE_DEEP)
			buf_puts(buf, "Expensive: ward inspect looks at it with \\-\\-deep only.\n");
		for (const struct column *column = table->columns; column->name; column++) {
			buf_printf(buf, ".TP\n\\fB%s\\fR (%s%s)\n", column->name, types[column->type],
			           column->flags & REQUIRED ? ", needed in WHERE" : "");
			man_add_text(buf, str_from(column->doc));
			buf_add_char(buf, '\n');
		}
	}
}
