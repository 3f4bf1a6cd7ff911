/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * LEEF, the Log Event Extended Format of QRadar, versions 1.0 and 2.0:
 *
 *	LEEF:1.0|Vendor|Product|Version|EventID|key=value<tab>key=value
 *	LEEF:2.0|Vendor|Product|Version|EventID|^|key=value^key=value       the delimiter, also as xHH or 0xHH; or nothing: tab
 *
 * The header gives leefVersion, vendor, product, productVersion, EventID; attributes stay as they are written. There are no
 * escapes. The time is that of devTime. What stands before "LEEF:" is skipped; behind a syslog header it is the parser
 * `syslog` that reads the line.
 */
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/expected.h"
#include "event/parsers/known.h"
#include "event/parsers/payload.h"

enum { HEADERS = 5 };

static const struct str header_names[HEADERS] = {
	{ "leefVersion", 11 }, { "vendor", 6 }, { "product", 7 }, { "productVersion", 14 }, { "EventID", 7 },
};

struct leef_state {
	uint32_t ids[HEADERS];
	struct expected expected;
};

struct leef {
	struct str header[HEADERS], attributes;
	char delimiter[4]; /* UTF-8 */
	size_t delimiter_n;
};

static int hex_digit(char c)
{
	return (uint8_t)(c - '0') < 10 ? c - '0' : (uint8_t)((c | 32) - 'a') < 6 ? (c | 32) - 'a' + 10 : -1;
}

static bool is_word(char c)
{
	return (uint8_t)(c - '0') < 10 || (uint8_t)((c | 32) - 'a') < 26;
}

/* One character, or its number in hexadecimal. False: it is neither, so no field of the header. */
static bool read_delimiter(struct str text, struct leef *leef)
{
	struct str digits = str_starts(text, "0x") ? str_slice(text, 2, text.n) : str_slice(text, 1, text.n);
	uint32_t code = 0;
	if (text.n == 0) {
		code = '\t';
	} else if (text.n > 1 && (text.p[0] | 32) == 'x' ? true : str_starts(text, "0x")) {
		if (digits.n == 0 || digits.n > 4)
			return false;
		for (size_t i = 0; i < digits.n; i++) {
			if (hex_digit(digits.p[i]) < 0)
				return false;
			code = code << 4 | (uint32_t)hex_digit(digits.p[i]);
		}
	} else {
		code = utf8_next(&text);
		if (text.n)
			return false;
	}
	/* Between letters nobody could find words again. */
	if (is_word((char)code) && code < 0x80)
		return false;
	leef->delimiter_n = utf8_put(leef->delimiter, code);
	return true;
}

static bool split(struct str record, struct leef *leef)
{
	ptrdiff_t at = str_find(record, "LEEF:");
	if (at < 0)
		return false;
	struct str rest = str_slice(record, (size_t)at + 5, record.n);
	for (size_t i = 0; i < HEADERS; i++) {
		if (!rest.p)
			return false;
		leef->header[i] = str_cut(&rest, '|');
	}
	leef->attributes = rest.p ? rest : STR("");
	leef->delimiter[0] = '\t';
	leef->delimiter_n = 1;
	if (!str_starts(leef->header[0], "1")) {
		struct str behind = leef->attributes, delimiter = str_cut(&behind, '|');
		if (behind.p && read_delimiter(delimiter, leef))
			leef->attributes = behind;
	}
	return leef->header[0].n > 0 && (uint8_t)(leef->header[0].p[0] - '0') < 10;
}

static struct str take_attribute(struct str *rest, const struct leef *leef)
{
	const char *end = rest->n ? memmem(rest->p, rest->n, leef->delimiter, leef->delimiter_n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	struct str attribute = { rest->p, n };
	*rest = str_slice(*rest, n + (end ? leef->delimiter_n : 0), rest->n);
	return attribute;
}

static int leef_record(struct parse *parse, struct str record, const char **flaw)
{
	struct leef_state *state = parse->state;
	struct leef leef;
	if (!split(record, &leef)) {
		*flaw = TR("not LEEF: no header LEEF:1.0|vendor|product|version|id|");
		return -EINVAL;
	}
	struct event *event = parse_event(parse, record);
	struct timestamp_hint hint = parse_hint(parse);
	uint32_t place = 0;
	for (size_t i = 0; i < HEADERS; i++)
		known_field(parse, event, &state->ids[i], header_names[i], leef.header[i], VALUE_TEXT);
	for (struct str rest = leef.attributes; rest.n;) {
		struct str value = take_attribute(&rest, &leef), key = str_trim(str_cut(&value, '='));
		if (!value.p || key.n == 0)
			continue;
		if (str_is(key, "devTime") && !timestamp_parse(str_trim(value), &hint, &event->time))
			event->time = EVENT_NO_TIME;
		expected_field(parse, event, &state->expected, place++, key, value, VALUE_TEXT);
	}
	return 0;
}

static bool certain(struct str line)
{
	struct leef leef;
	return str_starts(line, "LEEF:") && split(line, &leef) && utf8_valid(line);
}

static int leef_probe(struct str text)
{
	return probe_lines(text, certain, 95);
}

const struct parser parser_leef = {
	.name = "leef",
	.doc = TR("LEEF, the Log Event Extended Format of QRadar, 1.0 and 2.0"),
	.state_size = sizeof(struct leef_state),
	.probe = leef_probe,
	.record = leef_record,
	.verbatim = true,
};
