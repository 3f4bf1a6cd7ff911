/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/decode.h"

#include "base/utf8.h"
#include "data/gb18030.h"

enum { ENOUGH = 64 }; /* bytes that tell UTF-16 */

const char *const encoding_names[] = { "auto", "utf-8", "utf-16le", "utf-16be", "gb18030", NULL };

bool encoding_find(struct str name, enum encoding *out)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} others[] = {
		{ "utf8", ENCODING_UTF8 },       { "ascii", ENCODING_UTF8 },   { "utf16le", ENCODING_UTF16LE },
		{ "utf-16", ENCODING_UTF16LE },  { "utf16", ENCODING_UTF16LE }, { "utf16be", ENCODING_UTF16BE },
		{ "ucs-2", ENCODING_UTF16LE },   { "gbk", ENCODING_GB18030 },  { "gb2312", ENCODING_GB18030 },
		{ "gb-18030", ENCODING_GB18030 }, { "cp936", ENCODING_GB18030 }, { "euc-cn", ENCODING_GB18030 },
	};
	for (int i = 0; encoding_names[i]; i++)
		if (str_is_nocase(name, encoding_names[i])) {
			*out = (enum encoding)i;
			return true;
		}
	for (size_t i = 0; i < COUNT(others); i++)
		if (str_is_nocase(name, others[i].name)) {
			*out = others[i].encoding;
			return true;
		}
	return false;
}

void decode_init(struct decode *decode, enum encoding encoding)
{
	*decode = (struct decode){ .encoding = encoding };
}

void decode_resume(struct decode *decode, enum encoding encoding)
{
	*decode = (struct decode){ .encoding = encoding, .begun = true };
}

/* Characters being written to the arena; room was reserved for the longest that can come out. */
struct out {
	char *p;
	size_t n;
};

static void put(struct out *out, uint32_t code)
{
	out->n += utf8_put(out->p + out->n, code);
}

static struct str out_str(struct arena *arena, const struct out *out)
{
	arena_take(arena, out->n);
	return (struct str){ out->p, out->n };
}

/* The first byte that is not ASCII, or the end. */
static const char *skip_ascii(const char *p, const char *end)
{
	uint64_t word;
	for (; end - p >= (ptrdiff_t)sizeof(word); p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (p < end && (uint8_t)*p < 0x80)
		p++;
	return p;
}

static bool has_high(struct str text)
{
	return text.n && skip_ascii(text.p, text.p + text.n) < text.p + text.n;
}

/* ---- UTF-16 ---- */

static uint32_t unit(const char *p, bool big)
{
	uint8_t a = (uint8_t)p[0], b = (uint8_t)p[1];
	return big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

/* How many bytes up to the last line's end, 0 when there is none. */
static size_t whole_units(struct str bytes, bool big)
{
	for (size_t n = bytes.n & ~(size_t)1; n >= 2; n -= 2)
		if (unit(bytes.p + n - 2, big) == '\n')
			return n;
	return 0;
}

static struct str from_utf16(struct decode *decode, struct arena *arena, struct str bytes, bool big, bool last, size_t *used)
{
	size_t n = last ? bytes.n : whole_units(bytes, big), at = 0;
	if (n == 0 && bytes.n > DECODE_LINE)
		n = bytes.n;
	struct out out = { arena_reserve(arena, n * 3 + UTF8_LONGEST), 0 };
	while (n - at >= 2) {
		uint32_t code = unit(bytes.p + at, big);
		if (code >= 0xd800 && code < 0xdc00) {
			if (n - at < 4 && !last)
				break;
			uint32_t low = n - at >= 4 ? unit(bytes.p + at + 2, big) : 0;
			if (low >= 0xdc00 && low < 0xe000) {
				put(&out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
				at += 4;
				continue;
			}
		}
		if (code >= 0xd800 && code < 0xe000) {
			code = UTF8_BAD;
			decode->bad++;
		}
		put(&out, code);
		at += 2;
	}
	if (last && at < n) { /* half a unit */
		put(&out, UTF8_BAD);
		decode->bad++;
		at = n;
	}
	*used = at;
	return out_str(arena, &out);
}

/* What people write in logs: ASCII, Latin, Vietnamese, Chinese and its punctuation. */
static bool usual_unit(uint32_t code)
{
	return (code >= 0x20 && code < 0x250) || code == '\n' || code == '\r' || code == '\t' || (code >= 0x1e00 && code < 0x2070) ||
	       (code >= 0x2190 && code < 0x2600) || (code >= 0x3000 && code < 0x3100) || (code >= 0x4e00 && code < 0xa000) ||
	       (code >= 0xff00 && code < 0xfff0);
}

/* UTF-16 without a mark. Digits, blanks and line ends have a zero byte each, on the same side. Where there are few of these
 * because the text is Chinese, most units must be characters that are in use. */
static enum encoding find_utf16(struct str bytes)
{
	size_t zero[2] = { 0 }, usual[2] = { 0 }, units = 0;
	for (size_t i = 0; i + 1 < bytes.n; i += 2) {
		if (bytes.p[i] == 0 && bytes.p[i + 1] == 0)
			continue; /* a hole in a file is full of these */
		units++;
		for (int big = 0; big < 2; big++) {
			uint32_t code = unit(bytes.p + i, big);
			zero[big] += code < 0x80;
			usual[big] += usual_unit(code);
		}
	}
	if (units < 2)
		return ENCODING_AUTO;
	for (int big = 0; big < 2; big++) {
		enum encoding found = big ? ENCODING_UTF16BE : ENCODING_UTF16LE;
		if (zero[big] * 2 >= units && zero[big] > zero[!big] * 4)
			return found;
		if (zero[big] && has_high(bytes) && usual[big] * 20 >= units * 19 && usual[big] > usual[!big] && !utf8_valid(bytes))
			return found;
	}
	return ENCODING_AUTO;
}

/* ---- 8 bits ---- */

static void put_text(struct out *out, struct str text)
{
	if (text.n)
		memcpy(out->p + out->n, text.p, text.n);
	out->n += text.n;
}

/* The arena must have room for three bytes for each. A character that is cut by the end is left when it may go on. */
static size_t add_utf8(struct decode *decode, struct out *out, struct str bytes, bool more)
{
	struct str rest = bytes;
	while (rest.n) {
		size_t valid = utf8_valid_bytes(rest);
		put_text(out, str_slice(rest, 0, valid));
		rest = str_slice(rest, valid, rest.n);
		if (rest.n == 0)
			break;
		size_t before = rest.n;
		struct str after = rest;
		(void)utf8_next(&after);
		if (more && after.n == 0 && before < UTF8_LONGEST && (uint8_t)rest.p[0] >= 0xc2 && (uint8_t)rest.p[0] <= 0xf4)
			return bytes.n - rest.n;
		put(out, UTF8_BAD);
		decode->bad++;
		rest = after;
	}
	return bytes.n;
}

/* Nearly all of Chinese becomes three bytes. */
static void put_wide(struct out *out, uint32_t code)
{
	if (code < 0x800 || code > 0xffff) {
		put(out, code);
		return;
	}
	out->p[out->n] = (char)(0xe0 | code >> 12);
	out->p[out->n + 1] = (char)(0x80 | (code >> 6 & 0x3f));
	out->p[out->n + 2] = (char)(0x80 | (code & 0x3f));
	out->n += 3;
}

static size_t add_gb(struct decode *decode, struct out *out, struct str bytes, bool more)
{
	const char *p = bytes.p, *end = bytes.p + bytes.n;
	while (p < end) {
		const char *high = skip_ascii(p, end);
		put_text(out, (struct str){ p, (size_t)(high - p) });
		for (p = high; p < end && (uint8_t)*p >= 0x80;) {
			uint32_t code;
			if (end - p > 1 && gb18030_pair(p, &code)) {
				put_wide(out, code);
				p += 2;
				continue;
			}
			int n = gb18030_next((struct str){ p, (size_t)(end - p) }, &code);
			if (n == GB18030_CUT && more)
				return (size_t)(p - bytes.p);
			if (n <= 0) {
				code = UTF8_BAD;
				n = 1;
				decode->bad++;
			}
			put_wide(out, code);
			p += n;
		}
	}
	return bytes.n;
}

enum verdict {
	IS_ASCII,
	IS_UTF8,
	IS_GB,
	IS_EITHER,
	IS_NEITHER,
};

struct tally {
	size_t good, usual, bad; /* usual: of the good ones, what hardly comes by chance */
};

static bool continues(const char *p)
{
	return ((uint8_t)*p & 0xc0) == 0x80;
}

/* Ends early where it is clear that this is no UTF-8. */
static struct tally tally_utf8(struct str line)
{
	struct tally tally = { 0 };
	const char *p = line.p, *end = line.p + line.n;
	while ((p = skip_ascii(p, end)) < end && !(tally.bad >= 8 && tally.usual < tally.bad)) {
		uint8_t lead = (uint8_t)*p;
		if (lead >= 0xe1 && lead <= 0xec && end - p >= 3 && continues(p + 1) && continues(p + 2)) {
			tally.good++;
			tally.usual++;
			p += 3;
			continue;
		}
		struct str rest = { p, (size_t)(end - p) };
		bool written = end - p >= 3 && memcmp(p, "\xef\xbf\xbd", 3) == 0; /* U+FFFD itself */
		bool bad = utf8_next(&rest) == UTF8_BAD && !written;
		tally.bad += bad;
		tally.good += !bad;
		tally.usual += !bad && lead >= 0xe0;
		p = rest.p;
	}
	return tally;
}

/* By structure alone. Usual are GB 2312's symbols and characters: what people write. The rest of GB 18030 is rare. */
static struct tally tally_gb(struct str line)
{
	struct tally tally = { 0 };
	const char *p = line.p, *end = line.p + line.n;
	while ((p = skip_ascii(p, end)) < end) {
		uint8_t lead = (uint8_t)p[0], trail = end - p > 1 ? (uint8_t)p[1] : 0;
		uint32_t code;
		if (lead > 0x80 && lead < 0xff && trail >= 0x40 && trail != 0x7f && trail != 0xff) {
			tally.good++;
			tally.usual += trail >= 0xa1 && ((lead >= 0xa1 && lead <= 0xa9) || (lead >= 0xb0 && lead <= 0xf7));
			p += 2;
		} else if (gb18030_next((struct str){ p, (size_t)(end - p) }, &code) == 4) {
			tally.good++;
			p += 4;
		} else {
			tally.bad++;
			p++;
		}
	}
	return tally;
}

/* Some byte that begins a character of three bytes or more in UTF-8. */
static bool has_long(struct str text)
{
	uint8_t most = 0;
	for (size_t i = 0; i < text.n; i++)
		most = MAX(most, (uint8_t)text.p[i]);
	return most >= 0xe0;
}

/* What a line is written in. Programs cut long lines anywhere, so one bad sequence condemns nothing. */
static enum verdict judge(struct str line)
{
	if (!has_high(line))
		return IS_ASCII;
	struct tally utf8 = tally_utf8(line);
	if (utf8.bad == 0 && utf8.usual > 0)
		return IS_UTF8;
	struct tally gb = tally_gb(line);
	bool chinese = gb.usual * 10 >= gb.good * 6 && gb.usual > 0 && gb.bad <= 1 + gb.good / 16;
	if (utf8.bad == 0)
		return chinese && gb.bad == 0 ? IS_EITHER : IS_UTF8;
	/* Chinese in GB 18030 makes pairs that would do as UTF-8, but hardly ever threes. */
	if (utf8.usual >= 2 * utf8.bad)
		return IS_UTF8;
	return chinese ? IS_GB : IS_NEITHER;
}

static void count_verdict(struct decode *decode, enum verdict verdict)
{
	decode->clear_utf8 += verdict == IS_UTF8;
	decode->clear_gb += verdict == IS_GB;
}

static enum encoding chosen(const struct decode *decode, enum verdict verdict)
{
	if (verdict == IS_EITHER)
		return decode->clear_gb > decode->clear_utf8 ? ENCODING_GB18030 : ENCODING_UTF8;
	return verdict == IS_GB ? ENCODING_GB18030 : ENCODING_UTF8;
}

static struct str next_line(struct str *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->p) + 1 : rest->n;
	struct str line = { rest->p, n };
	rest->p += n;
	rest->n -= n;
	return line;
}

static size_t count_lines(struct str text)
{
	size_t n = 0;
	while (text.n) {
		(void)next_line(&text);
		n++;
	}
	return n;
}

static size_t add_line(struct decode *decode, struct out *out, struct str line, enum encoding encoding, bool more)
{
	return encoding == ENCODING_GB18030 ? add_gb(decode, out, line, more) : add_utf8(decode, out, line, more);
}

/* Up to the last line's end; beyond a limit, what there is. */
static size_t whole_lines(const struct decode *decode, struct str bytes, bool last)
{
	if (last)
		return bytes.n;
	const char *end = bytes.n ? memrchr(bytes.p, '\n', bytes.n) : NULL;
	if (end)
		return (size_t)(end - bytes.p) + 1;
	return bytes.n > DECODE_LINE || decode->within ? bytes.n : 0;
}

static struct str from_bytes(struct decode *decode, struct arena *arena, struct str bytes, bool last, size_t *used)
{
	struct str whole = str_slice(bytes, 0, whole_lines(decode, bytes, last));
	*used = whole.n;
	if (whole.n == 0)
		return whole;
	bool more = !last && whole.p[whole.n - 1] != '\n';
	bool automatic = decode->encoding == ENCODING_AUTO;
	bool gb = automatic ? decode->clear_gb > 0 || (decode->within && decode->line == ENCODING_GB18030)
	                    : decode->encoding == ENCODING_GB18030;
	size_t valid = gb ? (has_high(whole) ? 0 : whole.n) : utf8_valid_bytes(whole);
	if (valid == whole.n) {
		decode->clear_utf8 += automatic && !gb && has_long(whole);
		decode->within = more;
		decode->line = more ? decode->line : ENCODING_AUTO;
		return whole;
	}
	uint8_t *verdicts = NULL;
	if (automatic && !more) {
		/* Judge all first, so that the doubtful lines above the first clear one are right, too. */
		size_t lines = 0;
		verdicts = (uint8_t *)arena_bytes(arena, count_lines(whole));
		for (struct str rest = whole; rest.n;) {
			enum verdict verdict = judge(next_line(&rest));
			count_verdict(decode, verdict);
			verdicts[lines++] = (uint8_t)verdict;
		}
	}
	struct out out = { arena_reserve(arena, whole.n * 3 + UTF8_LONGEST), 0 };
	for (struct str rest = whole; rest.n;) {
		struct str line = next_line(&rest);
		bool open = more && rest.n == 0;
		enum encoding encoding = decode->encoding;
		enum verdict verdict = verdicts ? (enum verdict)*verdicts++ : IS_EITHER;
		if (automatic && decode->within && decode->line)
			encoding = decode->line;
		else if (automatic)
			encoding = chosen(decode, verdicts ? verdict : judge(line));
		decode->within = open;
		decode->line = open ? encoding : ENCODING_AUTO;
		size_t took = add_line(decode, &out, line, encoding, open);
		*used -= line.n - took;
	}
	return out_str(arena, &out);
}

/* The byte order mark, or zero bytes. True when the bytes are too few to tell. */
static bool begin(struct decode *decode, struct str bytes, bool last, size_t *skipped)
{
	static const struct {
		struct str mark;
		enum encoding encoding;
	} marks[] = {
		{ { "\xef\xbb\xbf", 3 }, ENCODING_UTF8 },
		{ { "\xff\xfe", 2 }, ENCODING_UTF16LE },
		{ { "\xfe\xff", 2 }, ENCODING_UTF16BE },
		{ { "\x84\x31\x95\x33", 4 }, ENCODING_GB18030 },
	};
	for (size_t i = 0; i < COUNT(marks); i++) {
		if (decode->encoding != ENCODING_AUTO && decode->encoding != marks[i].encoding)
			continue;
		size_t n = MIN(bytes.n, marks[i].mark.n);
		if (memcmp(bytes.p, marks[i].mark.p, n) != 0)
			continue;
		if (n < marks[i].mark.n && !last)
			return true;
		if (n == marks[i].mark.n) {
			/* The mark of UTF-8 says nothing of what programs append to the file later. */
			if (marks[i].encoding != ENCODING_UTF8)
				decode->encoding = marks[i].encoding;
			*skipped = n;
			decode->begun = true;
			return false;
		}
	}
	if (decode->encoding == ENCODING_AUTO) {
		bool zeros = memchr(bytes.p, '\0', bytes.n);
		if (!last && bytes.n <= DECODE_LINE && !memchr(bytes.p, '\n', bytes.n))
			return true;
		if (!last && bytes.n < ENOUGH && (bytes.n < 4 || zeros || !utf8_valid(bytes)))
			return true;
		if (zeros)
			decode->encoding = find_utf16(bytes);
	}
	decode->begun = true;
	return false;
}

struct str decode_text(struct decode *decode, struct arena *arena, struct str bytes, bool last, size_t *used)
{
	size_t skipped = 0;
	*used = 0;
	if (bytes.n == 0)
		return STR("");
	if (!decode->begun && begin(decode, bytes, last, &skipped))
		return STR("");
	struct str rest = str_slice(bytes, skipped, bytes.n), text;
	if (decode->encoding == ENCODING_UTF16LE || decode->encoding == ENCODING_UTF16BE)
		text = from_utf16(decode, arena, rest, decode->encoding == ENCODING_UTF16BE, last, used);
	else
		text = from_bytes(decode, arena, rest, last, used);
	*used += skipped;
	return text;
}

struct str decode_record(struct decode *decode, struct arena *arena, struct str bytes)
{
	if (bytes.n == 0)
		return STR("");
	/* Each message says for itself whether it is UTF-16; what the others were is remembered for doubtful ones. */
	struct decode one = *decode;
	size_t used;
	one.begun = one.within = false;
	struct str text = decode_text(&one, arena, bytes, true, &used);
	decode->bad = one.bad;
	decode->clear_utf8 = one.clear_utf8;
	decode->clear_gb = one.clear_gb;
	return text;
}
