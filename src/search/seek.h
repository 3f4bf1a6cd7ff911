/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * seek: the language in which events are searched for, as a tree.
 *
 *	failed                    the record holds this word, anywhere; fail* *ail* ?ailed as parts of words
 *	失败                      in Chinese, which has no blanks between words: these characters in a row
 *	"login failed"            words with blanks; in quotes only \" and \\ are special
 *	user:admin*               the field's whole value; * any characters, ? one
 *	user:(root OR admin*)     several values; AND, OR, NOT and parentheses also within
 *	user:*  user:""           the field is there; it is there and empty
 *	port:>1024  port:[1 TO 1023]  port:{1 TO *}    numbers (0x1f too), addresses, otherwise text in the order of its
 *	                          letters; [ ] with the ends, { } without, * is open
 *	src:10.0.0.0/8            addresses within a network, IPv6 too
 *	/ssh(d|_)/  cmd:/^rm .*-rf/i    a regular expression (PCRE2; letters' case matters but for /…/i)
 *	a b   a AND b   a OR b   NOT a   (a OR b) c    AND binds closer than OR; `&&`, `||` are the same
 *	time:2026-11-03  time:[2026-11-01 TO 2026-11-03 12:00]  time:>-2h    see search/moment.h
 *
 * Letters' case never matters but in expressions (base/fold.h). `host`, `source`, `parser` (or `format`), `time`,
 * `arrived` and `raw` (or `message`) are the record's own; any other name is a field of the event: `user` also finds the
 * nested field "winlog.user", and names differ in ASCII letters' case alone. A value of several is enough.
 *
 * A backslash makes the punctuation behind it plain (\* \" \( \: "\ "); before a letter or digit it is itself, so
 * Windows paths can be written as they are. What begins with a digit, "C:\", "http://", "fe80::1" and hardware addresses
 * are words, not fields.
 *
 * The tree is read-only and may be shared by threads; it lives in the arena. The text is not needed afterwards.
 */
#ifndef WARD_SEARCH_SEEK_H
#define WARD_SEARCH_SEEK_H

#include "base/arena.h"
#include "base/err.h"

enum { SEEK_BYTES = 64 * 1024, SEEK_DEPTH = 64, SEEK_TERMS = 1024, SEEK_REGEX = 4096 };

enum seek_kind { SEEK_ALL, SEEK_AND, SEEK_OR, SEEK_NOT, SEEK_TERM };

/* The record's own, then fields of the event. */
enum seek_where { SEEK_RAW, SEEK_HOST, SEEK_SOURCE, SEEK_PARSER, SEEK_TIME, SEEK_ARRIVED, SEEK_FIELD };

enum seek_how {
	SEEK_TEXT,   /* pieces: the whole value; of raw, words anywhere in it */
	SEEK_MATCH,  /* a regular expression */
	SEEK_NET,    /* an address within a network */
	SEEK_RANGE,  /* low to high */
	SEEK_EXISTS,
};

/* One part of a pattern: `one` characters, any number more when `any`, then the folded literal. */
struct seek_piece {
	bool any;
	unsigned one;
	struct str folded;
};

enum seek_range_type { SEEK_NUMBER, SEEK_ADDRESS, SEEK_LETTERS, SEEK_MOMENT };

struct seek_bound {
	bool given, without; /* not open; the end itself is not meant */
	double number;
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	struct str folded;
	int64_t moment;      /* nanoseconds; for an upper bound the last one of what was named ("2026-11-03": the day's end) */
};

struct seek_term {
	enum seek_where where;
	enum seek_how how;
	struct str field;   /* SEEK_FIELD: as written */
	unsigned field_id;  /* SEEK_FIELD: index into seek->fields */
	struct str text;    /* as it is meant, without quotes and escapes; the expression */
	const struct seek_piece *pieces;
	size_t n_pieces;    /* 1 and not `any` and no `one`: a plain word */
	bool caseless;      /* of an expression */
	unsigned regex_id;  /* SEEK_MATCH: counts up from 0 */
	uint8_t net[16];
	unsigned net_bits;  /* of 128 */
	enum seek_range_type range;
	struct seek_bound low, high;
};

struct seek_node {
	enum seek_kind kind;
	const struct seek_node *const *p; /* children: AND and OR two or more, NOT one */
	size_t n;
	const struct seek_term *term;
};

struct seek {
	const struct seek_node *root; /* SEEK_ALL when nothing was asked for */
	struct strings fields;        /* the distinct names of event fields, each in its first spelling */
	unsigned regexes;
};

/* `now`: nanoseconds, for relative times. -EINVAL with the place (characters from 1) and what to do; -E2BIG. */
int seek_parse(struct arena *arena, struct str text, int64_t now, struct seek *out, struct err *err) MUST_USE;

/* Back into the language, fully parenthesised; parsing that gives the same tree. For tests and messages. */
struct str seek_print(struct arena *arena, const struct seek *seek);

/* Letters, digits and '_' of ASCII, and letters of the Latin, Greek and Cyrillic alphabets: two of them side by side are
 * within one word. At least what archive/tokens.h takes for words. */
bool seek_is_word(uint32_t c);
/* The pieces are the whole value; or stand anywhere in it, as words. */
bool seek_text_is(const struct seek_piece *pieces, size_t n, struct str value);
bool seek_text_holds(const struct seek_piece *pieces, size_t n, struct str value);
/* "10.0.0.1", "fe80::1%eth0", "[::1]". */
bool seek_address(struct str text, uint8_t out[16]);
/* A number as logs write it: decimal, with a fraction or exponent, or 0x1f. */
bool seek_number(struct str text, double *out);
/* Does a value meet SEEK_TEXT, SEEK_NET, SEEK_RANGE? Not for SEEK_MATCH and SEEK_MOMENT. */
bool seek_value(const struct seek_term *term, struct str value);
/* Do these nanoseconds lie within the term's SEEK_MOMENT? */
bool seek_moment(const struct seek_term *term, int64_t ns);
/* The field of the event that a name in the language means: the same but for case, or its last part. */
bool seek_name(struct str wanted, struct str field);

#endif
