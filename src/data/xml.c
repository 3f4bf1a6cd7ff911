/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/xml.h"

#include "base/utf8.h"

void xml_add(struct buf *out, struct str text)
{
	while (text.n) {
		char bytes[UTF8_LONGEST];
		uint32_t code = utf8_next(&text);
		if ((code < 0x20 && code != '\t' && code != '\n') || code == 0x7f || code == 0xfffe || code == 0xffff)
			code = UTF8_BAD;
		switch (code) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		case '\'':
			buf_puts(out, "&#39;");
			break;
		default:
			buf_add(out, (struct str){ bytes, utf8_put(bytes, code) });
		}
	}
}
