/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The journal's export format (systemd, "Journal Export Formats"): journalctl -o export, and what journals send each other.
 *
 * An entry is a line NAME=VALUE for each field and ends with an empty line. A value that is not plain text comes as
 * NAME, LF, its length as 64 bits, least significant byte first, the value, LF. Fields keep the journal's names; a field can
 * come several times. The time is _SOURCE_REALTIME_TIMESTAMP where the sender gave one, else __REALTIME_TIMESTAMP.
 * An entry is at most ENTRY_MOST bytes (a core dump in the journal is larger): what is longer is cut and kept with a flaw.
 */
#include "data/lang.h"
#include "event/parser.h"

enum { ENTRY_MOST = PARSE_LINE };

static uint64_t read_length(const char *p)
{
	uint64_t n = 0;
	for (int i = 7; i >= 0; i--)
		n = n << 8 | (uint8_t)p[i];
	return n;
}

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9' && i > 0)))
			return false;
	}
	return name.n > 0 && name.n <= 64;
}

enum step { STEP_FIELD, STEP_SHORT /* not whole */, STEP_BAD };

/* One field off the text at `at`. */
static enum step take_field(struct str text, size_t *at, struct str *name, struct str *value)
{
	const char *from = text.p + *at;
	size_t n = text.n - *at;
	const char *end = memchr(from, '\n', MIN(n, (size_t)ENTRY_MOST));
	if (!end)
		return n >= ENTRY_MOST ? STEP_BAD : STEP_SHORT;
	const char *equals = memchr(from, '=', (size_t)(end - from));
	*name = (struct str){ from, (size_t)((equals ? equals : end) - from) };
	if (!is_name(*name))
		return STEP_BAD;
	if (equals) {
		*value = (struct str){ equals + 1, (size_t)(end - equals) - 1 };
		*at += (size_t)(end - from) + 1;
		return STEP_FIELD;
	}
	size_t head = (size_t)(end - from) + 1;
	if (n < head + 8)
		return STEP_SHORT;
	uint64_t length = read_length(end + 1);
	if (length > ENTRY_MOST)
		return STEP_BAD;
	if (n < head + 8 + length + 1)
		return STEP_SHORT;
	*value = (struct str){ end + 9, (size_t)length };
	if (value->p[length] != '\n')
		return STEP_BAD;
	*at += head + 8 + (size_t)length + 1;
	return STEP_FIELD;
}

/* Up to the next empty line, when the entry cannot be read. */
static size_t skip_bad(struct str text, size_t at, bool last)
{
	struct str rest = str_slice(text, at, MIN(text.n, (size_t)ENTRY_MOST));
	ptrdiff_t end = str_find(rest, "\n\n");
	if (end >= 0)
		return at + (size_t)end + 2;
	return text.n >= ENTRY_MOST ? ENTRY_MOST : last ? text.n : 0;
}

static size_t journald_frame(struct parse *parse UNUSED, struct str text, bool last, struct str *record)
{
	size_t at = 0;
	enum step step = STEP_FIELD;
	while (step == STEP_FIELD && at < text.n && at < ENTRY_MOST) {
		struct str name, value;
		if (text.p[at] == '\n') {
			*record = str_slice(text, 0, at ? at - 1 : 0);
			return at + 1;
		}
		step = take_field(text, &at, &name, &value);
	}
	size_t n = step == STEP_BAD || at >= ENTRY_MOST ? skip_bad(text, MIN(at, (size_t)ENTRY_MOST), last)
	           : last                               ? text.n
	           : text.n >= ENTRY_MOST               ? ENTRY_MOST
	                                                : 0;
	size_t end = n;
	while (end > 0 && text.p[end - 1] == '\n')
		end--;
	*record = str_slice(text, 0, end);
	return n;
}

static void take_time(struct event *event, struct str name, struct str value, bool *source)
{
	int64_t us;
	bool first = str_is(name, "_SOURCE_REALTIME_TIMESTAMP");
	if ((!first && (*source || !str_is(name, "__REALTIME_TIMESTAMP"))) || !str_to_int(value, 10, &us) || us < 0 ||
	    us > INT64_MAX / 1000)
		return;
	event->time = us * 1000;
	*source = first;
}

static int journald_record(struct parse *parse, struct str record, const char **flaw)
{
	struct event *event = parse_event(parse, record);
	/* The record lacks the LF behind its last field. */
	char *copy = arena_bytes(&parse->batch->arena, record.n + 1);
	memcpy(copy, record.p, record.n);
	copy[record.n] = '\n';
	struct str text = { copy, record.n + 1 };
	bool source = false;
	for (size_t at = 0; at < text.n;) {
		struct str name, value;
		if (take_field(text, &at, &name, &value) != STEP_FIELD) {
			*flaw = TR("not an entry of the journal's export format, or cut off");
			return -EINVAL;
		}
		parse_field(parse, event, name, value, VALUE_TEXT);
		take_time(event, name, value, &source);
		if (str_is(name, "_HOSTNAME") && !event->host.p)
			event->host = value;
	}
	return 0;
}

static int journald_probe(struct str text)
{
	size_t at = 0;
	bool message = false, meta = false;
	struct str name, value;
	while (at < text.n && text.p[at] != '\n' && take_field(text, &at, &name, &value) == STEP_FIELD) {
		message |= str_is(name, "MESSAGE");
		meta |= str_starts(name, "_");
	}
	return message && meta ? 98 : str_starts(text, "__CURSOR=") ? 90 : 0;
}

const struct parser parser_journald = {
	.name = "journald",
	.doc = TR("the systemd journal's export format (journalctl -o export)"),
	.framing = FRAME_OWN,
	.probe = journald_probe,
	.record = journald_record,
	.frame = journald_frame,
	.verbatim = true,
};
