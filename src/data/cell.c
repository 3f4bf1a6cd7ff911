/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/cell.h"

#include "data/json.h"

void cell_add_json(struct buf *buf, struct cell cell)
{
	if (!cell.p)
		buf_puts(buf, "null");
	else if (cell.p == cell_int_tag)
		buf_add_int(buf, cell.i);
	else if (cell.p == cell_real_tag)
		json_add_double(buf, cell.r);
	else
		json_add_string(buf, cell_str(cell));
}

void cell_add_plain(struct buf *buf, struct cell cell)
{
	if (cell_is_text(cell))
		buf_add(buf, cell_str(cell));
	else if (cell.p)
		cell_add_json(buf, cell);
}

void csv_add_field(struct buf *buf, struct str s)
{
	bool quote = false;
	for (size_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == '\r';
	if (!quote) {
		buf_add(buf, s);
		return;
	}
	buf_add_char(buf, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_add_char(buf, '"');
		buf_add_char(buf, s.p[i]);
	}
	buf_add_char(buf, '"');
}

struct cell cell_from_doc(const struct doc *value)
{
	switch (value->type) {
	case DOC_INT:
		return cell_int(value->integer);
	case DOC_REAL:
		return cell_real(value->real);
	default:
		return cell_text(doc_string(value));
	}
}
