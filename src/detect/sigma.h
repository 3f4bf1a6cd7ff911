/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma: Sigma rules as the specification means them (SigmaHQ/sigma-specification, version 2.1: rules, filters,
 * correlation, modifiers), read from YAML into trees in which no modifier and no quantifier is left.
 *
 * Everything a rule can say becomes AND, OR and NOT over *items*; an item asks one thing of one field (or, as a keyword,
 * of the whole event). `all`, `windash`, `base64offset`, `wide`, `expand`, lists, lists of maps, `1 of them` and the
 * like are gone after loading: they were only ways of writing such trees. Rules do not know about log formats; field
 * names are Sigma's until detect/ compiles the rule for a log source (event/mapping.h, detect/pipeline.h).
 *
 * A file may hold several documents (---). A rule that cannot be loaded is reported with file, line and reason, and the
 * rest go on.
 *
 * Everything lives in the arena given; read-only after loading.
 */
#ifndef WARD_DETECT_SIGMA_H
#define WARD_DETECT_SIGMA_H

#include "data/content.h"
#include "data/doc.h"
#include "data/lang.h"
#include "event/event.h"

/* ---- what is asked of a value ---- */

/* A text with wildcards: literal runs with gaps between. "*a?b*" is gap(any) "a" gap(one) "b" gap(any).
 * Without a wildcard it is one run and must be equal. Letters' case does not matter unless the item is `cased`; folding
 * is that of Unicode's simple case folding (base/fold.h). No pattern matches a field that is null. */
enum { PART_LITERAL, PART_ANY /* '*', also of nothing, also of newlines */, PART_ONE /* '?', one character */ };

struct sigma_part {
	uint8_t kind;
	struct str text; /* PART_LITERAL, unescaped, never empty */
};

struct sigma_pattern {
	const struct sigma_part *p; /* no two PART_ANY side by side; none at all: the empty value */
	size_t n;
};

enum sigma_operator {
	SIGMA_PATTERN,
	SIGMA_REGEX,    /* PCRE; unanchored; case-sensitive unless flag i */
	SIGMA_CIDR,     /* the value is an address within `cidr` */
	SIGMA_NULL,     /* the field is there and null, or is missing (specification: "null") */
	SIGMA_EXISTS,   /* the field is there, whatever it holds */
	SIGMA_FIELDREF, /* equal (or containing, beginning, ending with) another field's value; one missing: false */
	SIGMA_LT, SIGMA_LE, SIGMA_GT, SIGMA_GE, /* the value is a number and … */
	SIGMA_EQ,       /* only with `part`: that part of the time is this number */
};

/* PCRE2_CASELESS, _MULTILINE, _DOTALL; always with PCRE2_UTF and PCRE2_MATCH_INVALID_UTF. */
enum { SIGMA_FLAG_I = 1, SIGMA_FLAG_M = 2, SIGMA_FLAG_S = 4 };
enum sigma_how { SIGMA_EQUALS, SIGMA_CONTAINS, SIGMA_STARTS, SIGMA_ENDS };
enum sigma_time { SIGMA_TIME_NONE, SIGMA_MINUTE, SIGMA_HOUR, SIGMA_DAY, SIGMA_WEEK, SIGMA_MONTH, SIGMA_YEAR };

struct sigma_cidr {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; bits past `bits` are 0 */
	uint8_t bits;        /* 0…128; of an IPv4 network 96…128 */
};

/* "10.0.0.0/8", "2001:db8::/32", a lone address; false: it is none. *loose: bits were set past the mask. */
bool sigma_cidr_parse(struct str text, struct sigma_cidr *out, bool *loose) MUST_USE;
/* Is the text an address (IPv4, IPv6 in any spelling, also in brackets or with a zone) within the network? An IPv4
 * address is never within an IPv6 network, and one written as ::ffff:a.b.c.d is an IPv4 address. */
bool sigma_cidr_holds(const struct sigma_cidr *cidr, struct str text);
/* The number that a value is: decimal, with a fraction or exponent, or hexadecimal (0x1f). */
bool sigma_number(struct str text, double *out) MUST_USE;
/* A part of the moment that the value begins with, as it is written there, without converting zones: minute 0…59, hour
 * 0…23, day 1…31, week 1…53 (ISO 8601), month 1…12, year. */
bool sigma_time_part(struct str text, enum sigma_time part, int64_t *out) MUST_USE;

struct sigma_item {
	struct str field;       /* Sigma's name; STR_NONE: a keyword, which looks at every value of the event, and at its
	                         * raw text when it has no fields */
	uint8_t op;             /* enum sigma_operator */
	bool cased;
	bool number;            /* the rule wrote a bare number or boolean: the pattern is its text all the same */
	uint8_t flags;          /* SIGMA_REGEX */
	uint8_t how;            /* SIGMA_FIELDREF: enum sigma_how */
	uint8_t part;           /* enum sigma_time: compare this part of the time in the field */
	struct sigma_pattern pattern;
	struct str regex;
	struct str other;       /* SIGMA_FIELDREF */
	struct sigma_cidr cidr;
	double than;            /* SIGMA_LT … SIGMA_GE */
};

/* ---- trees ---- */

enum sigma_node_kind { NODE_TRUE, NODE_FALSE, NODE_AND, NODE_OR, NODE_NOT, NODE_ITEM };

struct sigma_node {
	uint8_t kind;
	uint32_t n;                            /* NODE_AND, NODE_OR: 2 and more; NODE_NOT: 1 */
	const struct sigma_node *const *child;
	const struct sigma_item *item;         /* NODE_ITEM */
	struct str name;                       /* the search identifier it came from, for `explain`; or STR_NONE */
};

/* The tree as one line for people: (Image="*\\cmd.exe" and not User=null). Keywords have no field, regular
 * expressions are /…/flags. */
void sigma_node_words(const struct sigma_node *node, struct buf *out);

/* ---- rules ---- */

enum sigma_level { LEVEL_INFORMATIONAL, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_CRITICAL };
enum sigma_status { STATUS_NONE, STATUS_STABLE, STATUS_TEST, STATUS_EXPERIMENTAL, STATUS_DEPRECATED, STATUS_UNSUPPORTED };
extern const char *const sigma_level_names[], *const sigma_status_names[];

enum sigma_correlation_type {
	CORRELATION_NONE, /* an ordinary rule */
	CORRELATION_EVENT_COUNT, CORRELATION_VALUE_COUNT, CORRELATION_VALUE_SUM, CORRELATION_VALUE_AVG,
	CORRELATION_VALUE_PERCENTILE, CORRELATION_TEMPORAL, CORRELATION_TEMPORAL_ORDERED,
};

struct sigma_alias {
	struct str alias, rule, field; /* in events of `rule`, the alias means `field` */
};

struct sigma_correlation {
	enum sigma_correlation_type type;
	struct strings rules;    /* ids or names, as written */
	const struct sigma_rule **rule; /* resolved: rules.n of them */
	struct strings group_by; /* fields or aliases */
	struct sigma_alias *aliases;
	size_t n_aliases;
	int64_t timespan;        /* nanoseconds */
	struct strings fields;   /* of value_*: condition.field */
	double percentile;       /* of value_percentile */
	struct {                 /* all of those present must hold; temporal ones may have an expression instead */
		bool lt, le, gt, ge, eq, neq;
		double lt_than, le_than, gt_than, ge_than, eq_to, neq_to;
	} count;
	const struct sigma_node *extended; /* extended temporal condition over rule names (items with `field` = the rule's
	                                    * name); NULL: all rules */
	bool generate;           /* also report the matches of the rules it refers to */
};

/* One example of `ward rules test`. Our own key `ward`, which other tools ignore, holds them, and the texts in three
 * languages:
 *
 *	ward:
 *	    title: {zh-CN: …, vi: …, en: …}
 *	    description: {zh-CN: …, vi: …, en: …}
 *	    format: nginx-access          # of the lines below; left out: found by itself
 *	    tests:
 *	        match:                    # each must be found by this rule
 *	            - {EventID: 1102, Channel: Security}             # fields as the log source names them
 *	            - '10.0.0.1 - - [03/Nov/2026:08:01:02 +0800] …'  # a line as it was logged
 *	            - [{…}, {…}]          # several events in this order, as a correlation needs
 *	            - [{repeat: 20, event: …}, {…}]   # the same one so often; "{i}" in it is 0, 1, 2 …
 *	        no_match:                 # none of these may be
 *	            - {EventID: 4624}
 */
struct sigma_example {
	bool matches;
	const struct doc *event; /* a map of fields, text (a record of `format`), or a list of either */
	struct str format;       /* a parser's name; STR_NONE: found by itself */
	unsigned line, column;   /* where it stands */
};

struct sigma_rule {
	struct str file;         /* as given, for messages */
	unsigned line;           /* where the document begins */
	struct str id, name, title, description, author, date, modified, license;
	struct text titles, descriptions; /* of `ward`; in[lang].p NULL where there is none */
	enum sigma_status status;
	enum sigma_level level;  /* medium when the rule says none */
	struct strings tags, references, falsepositives, fields;
	struct str product, category, service; /* of logsource, in lower case; STR_NONE: any */
	const struct sigma_node *const *conditions; /* a list of conditions is OR, each its own match */
	size_t n_conditions;
	struct sigma_correlation correlation;
	bool hidden;             /* only there for a correlation that does not `generate` */
	struct sigma_example *examples;
	size_t n_examples;
	const struct doc *doc;   /* all of it, for other keys */
};

struct sigma_rules {
	const struct sigma_rule **p;
	size_t n;
};

/* What could not be loaded, or what lint has to say. */
struct sigma_problem {
	struct str file;
	unsigned line, column;
	struct str rule; /* its title or id, or STR_NONE */
	struct str words;  /* in English */
	struct note note;  /* the same for other languages; english NULL: there are only words */
	bool warning;      /* the rule is loaded all the same */
};

struct sigma_problems {
	struct sigma_problem *p;
	size_t n, room;
};

struct sigma_options {
	const struct content *content; /* for rules of our own: content/rules; NULL: embedded */
	bool embedded;                 /* load content/rules too */
	const char *const *paths;      /* files and directories (recursively, *.yml and *.yaml); NULL-terminated */
	const char *const *pipelines;  /* YAML files of field mappings, placeholders and filters; NULL-terminated */
	bool lint;                     /* also report doubtful things, as warnings */
	bool deprecated;               /* also load rules whose status is deprecated or unsupported */
};

/* Load rules, filters and correlations, apply filters, resolve references. Only what prevents any work (a path that does
 * not exist, a broken pipeline) is an error; all else is a problem in the list. */
int sigma_load(struct arena *arena, const struct sigma_options *options, struct sigma_rules *rules,
               struct sigma_problems *problems, struct err *err) MUST_USE;
/* The rules in one text. */
void sigma_parse(struct arena *arena, const char *name, struct str text, const struct sigma_options *options,
                 struct sigma_rules *rules, struct sigma_problems *problems);

#endif
