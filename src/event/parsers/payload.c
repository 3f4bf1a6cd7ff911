/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/payload.h"

#include "event/parsers/kv.h"

enum { PROBE_LINES = 64 };

void payload_read(struct parse *parse, struct str message)
{
	struct str text = str_trim(message);
	if (text.n < 3)
		return;
	if (text.p[0] == 'C' && str_starts(text, "CEF:")) {
		(void)parse_payload(parse, &parser_cef, text);
		return;
	}
	if (text.p[0] == 'L' && str_starts(text, "LEEF:")) {
		(void)parse_payload(parse, &parser_leef, text);
		return;
	}
	if (text.p[text.n - 1] == '}') {
		/* "{…}", "@cee: {…}", "attack log {…}" */
		ptrdiff_t at = text.p[0] == '{' ? 0 : str_find(text, "{\"");
		if (at >= 0 && parse_payload(parse, &parser_json, str_slice(text, (size_t)at, text.n)))
			return;
	}
	if (kv_likely(text))
		(void)parse_payload(parse, &parser_kv, text);
}

int probe_lines(struct str text, bool (*is_line)(struct str line), int sure)
{
	unsigned lines = 0, good = 0;
	struct str line;
	while (lines < PROBE_LINES && str_line(&text, &line)) {
		if (line.n == 0)
			continue;
		lines++;
		good += is_line(line);
	}
	if (good == 0)
		return 0;
	if (good * 10 >= lines * 8 || (lines > 2 && good + 2 >= lines))
		return sure;
	return good * 2 >= lines ? sure * 2 / 3 : good * 4 >= lines ? sure / 3 : 0;
}
