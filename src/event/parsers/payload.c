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
	if (text.p[0] == '<' && str_starts(text, "<Event")) {
		(void)parse_payload(parse, &parser_winxml, text);
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
	else if (colon_likely(text))
		(void)parse_payload(parse, &parser_colon, text);
}

int64_t time_of_parts(const struct timestamp_hint *hint, struct str date, struct str time, struct str zone)
{
	int64_t ns;
	char text[80];
	if (time.n == 0 || date.n + time.n + zone.n + 1 > sizeof(text))
		return EVENT_NO_TIME;
	if (timestamp_parse(time, hint, &ns))
		return ns;
	if (date.n == 0)
		return EVENT_NO_TIME;
	size_t n = date.n + 1 + time.n;
	memcpy(text, date.p, date.n);
	text[date.n] = ' ';
	memcpy(text + date.n + 1, time.p, time.n);
	if (zone.n)
		memcpy(text + n, zone.p, zone.n);
	if (timestamp_parse((struct str){ text, n + zone.n }, hint, &ns) || timestamp_parse((struct str){ text, n }, hint, &ns))
		return ns;
	return EVENT_NO_TIME;
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
