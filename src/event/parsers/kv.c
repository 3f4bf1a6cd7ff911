/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * key=value, as firewalls and programs write it:
 *
 *	date=2026-11-03 time=08:01:02 devname="fw 1" srcip=10.1.2.3      FortiGate, logfmt: blanks, quotes with \"
 *	[UFW BLOCK] IN=eth0 OUT= SRC=10.1.2.3 LEN=60 DF PROTO=TCP        iptables: words between are skipped
 *	SrcIPAddr(1003)=10.1.2.3;Action=deny; Reason=bad password        H3C and others: semicolons, commas, bars, tabs
 *	源地址=10.1.2.3,目的地址=10.1.2.4
 *
 * What stands before most keys is what separates pairs; where that is a blank, a value without quotes ends at one. A key is
 * letters (of any language), digits and _ . - / @; a number in parentheses behind it ("(1003)") and a dash before it are
 * left out of the name. A moment ("2026-11-03 08:01:02") is one value. The time is that of `date`, `time` and `tz`, or of `time` alone, or that at the beginning of the line.
 */
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/expected.h"
#include "event/parsers/kv.h"
#include "event/parsers/payload.h"

enum { KEY_LONGEST = 128, LOOK = 512, PAIRS_LIKELY = 3 };

struct kv_state {
	struct expected expected;
};

enum class {
	OTHER,
	BLANK,
	SEPARATOR, /* perhaps */
	KEY,
	QUOTE,
	EQUALS,
};

static const uint8_t classes[256] = {
	['a' ... 'z'] = KEY, ['A' ... 'Z'] = KEY, ['0' ... '9'] = KEY, ['_'] = KEY, ['.'] = KEY, ['-'] = KEY, ['/'] = KEY,
	['@'] = KEY, ['('] = KEY, [')'] = KEY, [0x80 ... 0xff] = KEY, [' '] = BLANK, ['\t'] = SEPARATOR, [';'] = SEPARATOR,
	[','] = SEPARATOR, ['|'] = SEPARATOR, ['"'] = QUOTE, ['\''] = QUOTE, ['='] = EQUALS,
};

static uint8_t class_of(char c)
{
	return classes[(uint8_t)c];
}

/* Where the quotes that begin at p end, or NULL. */
static const char *closing(const char *p, const char *end)
{
	for (const char *at = p + 1; (at = at < end ? memchr(at, *p, (size_t)(end - at)) : NULL); at++) {
		size_t slashes = 0;
		while (at[-1 - (ptrdiff_t)slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return at;
	}
	return NULL;
}

struct look {
	unsigned pairs, words;
	char separator; /* between pairs */
};

static bool between(char c)
{
	return class_of(c) == BLANK || class_of(c) == SEPARATOR;
}

/* The first part of the text: how many pairs and words, and what separates the pairs. */
static struct look look_at(struct str text)
{
	struct look look = { .separator = ' ' };
	unsigned before[128] = { 0 };
	const char *p = text.p, *end = text.p + MIN(text.n, (size_t)LOOK);
	while (p < end) {
		char separator = '\0';
		const char *from = p;
		for (; p < end && between(*p); p++)
			if (separator == '\0' || class_of(*p) == SEPARATOR)
				separator = *p;
		const char *key = p;
		while (p < end && class_of(*p) == KEY)
			p++;
		if (p < end && *p == '=' && p > key) {
			look.pairs++;
			before[separator & 127] += key > from;
			p++;
			const char *close = p < end && class_of(*p) == QUOTE ? closing(p, end) : NULL;
			p = close ? close + 1 : p;
		} else if (p < end) {
			look.words++;
		}
		while (p < end && !between(*p))
			p++;
	}
	for (const char *s = ";,|\t"; *s; s++)
		if (before[(uint8_t)*s] > before[(uint8_t)look.separator])
			look.separator = *s;
	return look;
}

static bool has_several(struct str text, char c, unsigned several)
{
	const char *p = text.p, *end = text.p + MIN(text.n, (size_t)LOOK);
	while (several && (p = memchr(p, c, (size_t)(end - p)))) {
		several--;
		p++;
	}
	return several == 0;
}

bool kv_likely(struct str text)
{
	if (!has_several(text, '=', PAIRS_LIKELY))
		return false;
	struct look look = look_at(text);
	return look.pairs >= PAIRS_LIKELY && look.pairs >= look.words;
}

struct reader {
	const char *p, *end;
	char separator;
};

static bool ends_value(const struct reader *reader, char c)
{
	return c == reader->separator || (reader->separator == ' ' && c == '\t');
}

/* The value at the reader, which then stands behind it. */
static struct str take_value(struct reader *reader, bool *quoted)
{
	const char *from = reader->p, *end = reader->end;
	*quoted = false;
	if (from < end && class_of(*from) == QUOTE) {
		const char *close = closing(from, end);
		if (close) {
			*quoted = true;
			reader->p = close + 1;
			return (struct str){ from + 1, (size_t)(close - from - 1) };
		}
		if (*from == '"') { /* a line that was cut */
			reader->p = end;
			return (struct str){ from + 1, (size_t)(end - from - 1) };
		}
	}
	const char *p = from;
	while (p < end && !ends_value(reader, *p))
		p++;
	/* "2026-11-03 08:01:02" */
	if (p - from == 10 && end - p >= 9 && (from[4] == '-' || from[4] == '/') && *p == ' ' && p[3] == ':' && p[6] == ':') {
		p += 9;
		while (p < end && !ends_value(reader, *p))
			p++;
	}
	reader->p = p;
	struct str value = { from, (size_t)(p - from) };
	return reader->separator == ' ' ? value : str_trim(value);
}

/* The next pair; words before it are skipped. */
static bool next_pair(struct reader *reader, struct str *key, struct str *value, bool *quoted)
{
	const char *p = reader->p, *end = reader->end;
	while (p < end) {
		while (p < end && class_of(*p) != KEY)
			p++;
		const char *from = p;
		while (p < end && class_of(*p) == KEY)
			p++;
		if (p == end)
			break;
		if (*p != '=')
			continue;
		*key = (struct str){ from, (size_t)(p - from) };
		reader->p = p + 1;
		*value = take_value(reader, quoted);
		return true;
	}
	reader->p = end;
	return false;
}

/* "-DevIP" is DevIP, "SrcIPAddr(1003)" is SrcIPAddr. */
static struct str key_name(struct str key)
{
	while (key.n && (key.p[0] == '-' || key.p[0] == '/' || key.p[0] == '.' || key.p[0] == '(' || key.p[0] == ')'))
		key = str_slice(key, 1, key.n);
	if (key.n && key.p[key.n - 1] == ')') {
		ptrdiff_t open = str_find_char_last(key, '(');
		if (open > 0)
			key.n = (size_t)open;
	}
	return key;
}

struct when {
	struct str date, time, zone;
};

static void note_time(struct when *when, struct str name, struct str value)
{
	if (name.n == 4 && !when->date.p && str_is_nocase(name, "date"))
		when->date = value;
	else if (name.n == 4 && !when->time.p && str_is_nocase(name, "time"))
		when->time = value;
	else if (name.n == 2 && !when->zone.p && str_is_nocase(name, "tz"))
		when->zone = value;
}

static int64_t time_of(struct parse *parse, const struct when *when, struct str record)
{
	struct timestamp_hint hint = parse_hint(parse);
	int64_t ns = time_of_parts(&hint, when->date, when->time, when->zone);
	if (ns == EVENT_NO_TIME && !timestamp_prefix(record, &hint, &ns))
		ns = EVENT_NO_TIME;
	return ns;
}

static int kv_record(struct parse *parse, struct str record, const char **flaw)
{
	struct kv_state *state = parse->state;
	struct reader reader = { record.p, record.p + record.n, look_at(record).separator };
	struct event *event = parse_event(parse, record);
	struct when when = { 0 };
	struct str key, value;
	bool quoted;
	uint32_t place = 0;
	while (next_pair(&reader, &key, &value, &quoted)) {
		struct str name = key_name(key);
		if (name.n == 0 || name.n > KEY_LONGEST)
			continue;
		if (name.n == 4 || name.n == 2)
			note_time(&when, name, value);
		expected_field(parse, event, &state->expected, place++, name,
		               quoted ? arena_unescape(&parse->batch->arena, value, "\"\\'") : value, VALUE_TEXT);
	}
	if (place == 0) {
		*flaw = TR("no key=value in it");
		return -EINVAL;
	}
	event->time = time_of(parse, &when, record);
	return 0;
}

static bool certain(struct str line)
{
	return kv_likely(line) && utf8_valid(line);
}

static int kv_probe(struct str text)
{
	return probe_lines(text, certain, 60);
}

const struct parser parser_kv = {
	.name = "kv",
	.doc = TR("key=value pairs, as iptables and firewalls write them"),
	.state_size = sizeof(struct kv_state),
	.probe = kv_probe,
	.record = kv_record,
	.verbatim = true,
};
