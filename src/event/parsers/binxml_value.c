/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Values of binary XML as text within JSON. Numbers and moments are written as Windows shows them; a length that does not fit the
 * type gives hexadecimal digits, so nothing is hidden.
 */
#include <endian.h>
#include <math.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/little.h"
#include "base/utf8.h"
#include "event/parsers/binxml.h"

size_t binxml_item(enum binxml_type type)
{
	static const uint8_t sizes[] = {
		[BINXML_INT8] = 1, [BINXML_UINT8] = 1, [BINXML_INT16] = 2, [BINXML_UINT16] = 2, [BINXML_INT32] = 4,
		[BINXML_UINT32] = 4, [BINXML_INT64] = 8, [BINXML_UINT64] = 8, [BINXML_REAL32] = 4, [BINXML_REAL64] = 8,
		[BINXML_BOOL] = 4, [BINXML_GUID] = 16, [BINXML_FILETIME] = 8, [BINXML_SYSTIME] = 16, [BINXML_HEX32] = 4,
		[BINXML_HEX64] = 8,
	};
	return (size_t)type < COUNT(sizes) ? sizes[type] : 0;
}

/* ---- text ---- */

static inline char *put_escape(char *out, unsigned char c)
{
	static const char letters[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	static const char digits[] = "0123456789abcdef";
	*out++ = '\\';
	if (c >= 0x20) {
		*out++ = (char)c;
	} else if (letters[c]) {
		*out++ = letters[c];
	} else {
		memcpy(out, "u00", 3);
		out[3] = digits[c >> 4];
		out[4] = digits[c & 15];
		out += 5;
	}
	return out;
}

static inline char *put_char(char *out, uint32_t c)
{
	if (c < 0x80) {
		if (UNLIKELY(c < 0x20 || c == '"' || c == '\\'))
			return put_escape(out, (unsigned char)c);
		*out++ = (char)c;
		return out;
	}
	return out + utf8_put(out, c);
}

/* UTF-16 little-endian up to its NUL or end. Half of a pair is U+FFFD. */
static char *put_utf16(char *out, const char *p, size_t n)
{
	const char *end = p + (n & ~(size_t)1);
	while (p < end) {
#ifdef __SSE2__
		/* Sixteen plain characters at once. */
		while (end - p >= 16) {
			__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
			__m128i bad = _mm_or_si128(_mm_cmpeq_epi16(a, _mm_set1_epi16('"')), _mm_cmpeq_epi16(a, _mm_set1_epi16('\\')));
			bad = _mm_or_si128(bad, _mm_cmplt_epi16(a, _mm_set1_epi16(0x20))); /* and those from 0x8000 */
			bad = _mm_or_si128(bad, _mm_cmpgt_epi16(a, _mm_set1_epi16(0x7f)));
			_mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(a, a));
			unsigned mask = (unsigned)_mm_movemask_epi8(bad);
			if (mask) {
				size_t good = (size_t)__builtin_ctz(mask) / 2;
				out += good;
				p += 2 * good;
				break;
			}
			out += 8;
			p += 16;
		}
		if (p >= end)
			break;
#endif
		uint32_t c = little16(p);
		p += 2;
		if (c == 0)
			break;
		if (UNLIKELY(c >= 0xd800 && c < 0xe000)) {
			uint32_t low = c < 0xdc00 && p < end ? little16(p) : 0;
			bool pair = low >= 0xdc00 && low < 0xe000;
			c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : UTF8_BAD;
			p += pair ? 2 : 0;
		}
		out = put_char(out, c);
	}
	return out;
}

/* Windows-1252 up to its NUL. */
static char *put_ansi(char *out, const char *p, size_t n)
{
	static const uint16_t high[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};
	for (size_t i = 0; i < n && p[i]; i++) {
		unsigned char c = (unsigned char)p[i];
		out = put_char(out, c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c);
	}
	return out;
}

static char *put_utf8(char *out, struct str text)
{
	while (text.n)
		out = put_char(out, utf8_next(&text));
	return out;
}

/* ---- numbers ---- */

static char *put_digits(char *out, uint64_t value, int width)
{
	char spare[20];
	int n = 0;
	do {
		spare[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value || n < width);
	while (n)
		*out++ = spare[--n];
	return out;
}

static char *put_signed(char *out, int64_t value)
{
	if (value < 0)
		*out++ = '-';
	return put_digits(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

static char *put_hex(char *out, uint64_t value, int width, const char *digits)
{
	for (int shift = width * 4 - 4; shift >= 0; shift -= 4)
		*out++ = digits[value >> shift & 15];
	return out;
}

/* 0x3e7, as Windows writes it, without zeros before it. */
static char *put_number_hex(char *out, uint64_t value)
{
	*out++ = '0';
	*out++ = 'x';
	int width = value ? (67 - __builtin_clzll(value)) / 4 : 1;
	return put_hex(out, value, width, "0123456789abcdef");
}

static char *put_bytes(char *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out = put_hex(out, (unsigned char)p[i], 2, "0123456789ABCDEF");
	return out;
}

/* -1.500000e+000 */
static char *put_real(char *out, double value)
{
	char text[40];
	if (!isfinite(value)) {
		const char *word = isnan(value) ? "NaN" : value < 0 ? "-Inf" : "Inf";
		memcpy(out, word, strlen(word));
		return out + strlen(word);
	}
	int n = snprintf(text, sizeof(text), "%.6e", value);
	const char *e = memchr(text, 'e', (size_t)n);
	bool point = false;
	for (const char *p = text; p < e; p++) {
		bool other = *p != '-' && (*p < '0' || *p > '9'); /* the locale's decimal point */
		if (!other || !point)
			*out++ = other ? '.' : *p;
		point |= other;
	}
	*out++ = 'e';
	*out++ = e[1];
	int exponent = 0;
	for (const char *p = e + 2; p < text + n; p++)
		exponent = exponent * 10 + (*p - '0');
	return put_digits(out, (uint64_t)exponent, 3);
}

static char *put_date(char *out, uint64_t year, unsigned month, unsigned day)
{
	out = put_digits(out, year, 4);
	*out++ = '-';
	out = put_digits(out, month, 2);
	*out++ = '-';
	return put_digits(out, day, 2);
}

static char *put_clock(char *out, unsigned hour, unsigned minute, unsigned second)
{
	*out++ = 'T';
	out = put_digits(out, hour, 2);
	*out++ = ':';
	out = put_digits(out, minute, 2);
	*out++ = ':';
	return put_digits(out, second, 2);
}

/* Tenths of microseconds since 1601: 2026-11-23T00:00:00.123456800Z */
static char *put_filetime(char *out, uint64_t ticks)
{
	if (ticks >> 63) { /* none that Windows knows */
		*out++ = '(';
		*out++ = '0', *out++ = 'x';
		out = put_hex(out, ticks >> 32, 8, "0123456789abcdef");
		*out++ = ' ';
		*out++ = '0', *out++ = 'x';
		out = put_hex(out, ticks, 8, "0123456789abcdef");
		*out++ = ')';
		return out;
	}
	uint64_t seconds = ticks / 10000000, days = seconds / 86400;
	unsigned rest = (unsigned)(seconds % 86400);
	/* Days since 1 March of the year 0, in 400 years of 146097 days. */
	days += 584694;
	uint64_t era = days / 146097;
	unsigned in_era = (unsigned)(days % 146097);
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153;
	unsigned day = in_year - (153 * month + 2) / 5 + 1;
	out = put_date(out, era * 400 + year + (month >= 10), month < 10 ? month + 3 : month - 9, day);
	out = put_clock(out, rest / 3600, rest / 60 % 60, rest % 60);
	*out++ = '.';
	out = put_digits(out, ticks % 10000000 * 100, 9);
	*out++ = 'Z';
	return out;
}

static char *put_systime(char *out, const char *p)
{
	unsigned month = little16(p + 2), day = little16(p + 6), hour = little16(p + 8), minute = little16(p + 10), second = little16(p + 12);
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || little16(p + 14) > 999)
		return put_bytes(out, p, 16);
	out = put_date(out, little16(p), month, day);
	out = put_clock(out, hour, minute, second);
	*out++ = '.';
	out = put_digits(out, little16(p + 14), 3);
	*out++ = 'Z';
	return out;
}

static char *put_guid(char *out, const char *p)
{
	static const char digits[] = "0123456789ABCDEF";
	*out++ = '{';
	out = put_hex(out, little32(p), 8, digits);
	*out++ = '-';
	out = put_hex(out, little16(p + 4), 4, digits);
	*out++ = '-';
	out = put_hex(out, little16(p + 6), 4, digits);
	*out++ = '-';
	out = put_bytes(out, p + 8, 2);
	*out++ = '-';
	out = put_bytes(out, p + 10, 6);
	*out++ = '}';
	return out;
}

/* [MS-DTYP] 2.4.2.2: revision, count, authority of 48 bits big-endian, sub-authorities. */
static char *put_sid(char *out, const char *p, size_t n)
{
	size_t count = n >= 8 ? (unsigned char)p[1] : 0;
	if (n < 8 || n < 8 + 4 * count)
		return put_bytes(out, p, n);
	uint64_t authority = 0;
	for (int i = 2; i < 8; i++)
		authority = authority << 8 | (unsigned char)p[i];
	*out++ = 'S';
	*out++ = '-';
	out = put_digits(out, (unsigned char)p[0], 1);
	*out++ = '-';
	out = put_digits(out, authority, 1);
	for (size_t i = 0; i < count; i++) {
		*out++ = '-';
		out = put_digits(out, little32(p + 8 + 4 * i), 1);
	}
	return out;
}

static char *put_word(char *out, const char *word)
{
	size_t n = strlen(word);
	memcpy(out, word, n);
	return out + n;
}

static char *put_fixed(uint8_t type, const char *p, char *out)
{
	float real32;
	double real64;
	switch (type) {
	case BINXML_INT8: return put_signed(out, (signed char)*p);
	case BINXML_UINT8: return put_digits(out, (unsigned char)*p, 1);
	case BINXML_INT16: return put_signed(out, (int16_t)little16(p));
	case BINXML_UINT16: return put_digits(out, little16(p), 1);
	case BINXML_INT32: return put_signed(out, (int32_t)little32(p));
	case BINXML_UINT32: return put_digits(out, little32(p), 1);
	case BINXML_INT64: return put_signed(out, (int64_t)little64(p));
	case BINXML_UINT64: return put_digits(out, little64(p), 1);
	case BINXML_REAL32:
		memcpy(&real32, p, sizeof(real32));
		return put_real(out, (double)real32);
	case BINXML_REAL64:
		memcpy(&real64, p, sizeof(real64));
		return put_real(out, real64);
	case BINXML_BOOL: return put_word(out, little32(p) ? "true" : "false");
	case BINXML_GUID: return put_guid(out, p);
	case BINXML_FILETIME: return put_filetime(out, little64(p));
	case BINXML_SYSTIME: return put_systime(out, p);
	case BINXML_HEX32: return put_number_hex(out, little32(p));
	default: return put_number_hex(out, little64(p)); /* BINXML_HEX64 */
	}
}

/* Texts that libraries and shippers write with zeros, 0x00000000000003e7, as Windows does: 0x3e7. */
static char *shorten_hex(char *from, char *out)
{
	size_t n = (size_t)(out - from), zeros = 2;
	if (LIKELY((n != 10 && n != 18) || from[0] != '0' || from[1] != 'x' || from[2] != '0'))
		return out;
	for (size_t i = 2; i < n; i++)
		if (!((from[i] >= '0' && from[i] <= '9') || (from[i] >= 'a' && from[i] <= 'f')))
			return out;
	while (zeros < n - 1 && from[zeros] == '0')
		zeros++;
	memmove(from + 2, from + zeros, n - zeros);
	return from + 2 + n - zeros;
}

size_t binxml_room(const struct binxml_value *value)
{
	/* A byte gives six at most: a control character of TEXT or ANSI. 20 digits of a size, 41 of a moment are within the rest. */
	return (size_t)value->n * (value->type == BINXML_STRING ? 3 : value->type == BINXML_JSON ? 1 : 6) + 64;
}

char *binxml_put(const struct binxml_value *value, char *out)
{
	size_t item = binxml_item(value->type);
	if (item && value->n == item)
		return put_fixed(value->type, value->p, out);
	switch (value->type) {
	case BINXML_STRING: return shorten_hex(out, put_utf16(out, value->p, value->n));
	case BINXML_ANSI: return shorten_hex(out, put_ansi(out, value->p, value->n));
	case BINXML_TEXT: return shorten_hex(out, put_utf8(out, (struct str){ value->p, value->n }));
	case BINXML_JSON:
		memcpy(out, value->p, value->n);
		return shorten_hex(out, out + value->n);
	case BINXML_BOOL:
		return value->n == 1 ? put_word(out, *value->p ? "true" : "false") : put_bytes(out, value->p, value->n);
	case BINXML_SIZE:
		return value->n == 4   ? put_digits(out, little32(value->p), 1)
		       : value->n == 8 ? put_digits(out, little64(value->p), 1)
		                       : put_bytes(out, value->p, value->n);
	case BINXML_SID: return put_sid(out, value->p, value->n);
	default: return put_bytes(out, value->p, value->n);
	}
}
