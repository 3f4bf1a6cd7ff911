/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_reader: what the parts of Sigma's reader share (private to them): the document at hand, and where complaints go.
 *
 * A part that returns a negative errno has added its problem already. Problems are notes, so that they can be said in
 * any language, and name file, line and column.
 */
#ifndef WARD_DETECT_SIGMA_READER_H
#define WARD_DETECT_SIGMA_READER_H

#include "base/map.h"
#include "detect/sigma.h"
#include "detect/sigma_value.h"

enum {
	SIGMA_DEPTH = 64,            /* parentheses and `not` in a condition */
	SIGMA_TERMS = 4096,          /* words and parentheses of a condition */
	SIGMA_NODES = 200000,        /* of one document, after expansion */
};

struct sigma_pipelines;

struct sigma_reader {
	struct arena *arena;
	struct arena *scratch; /* for lists while a document is read */
	const struct sigma_options *options;
	struct sigma_problems *problems;
	const struct sigma_pipelines *pipelines; /* NULL: none */
	struct source *source; /* the document at hand */
	struct str rule;       /* its title, name or id */
	const struct sigma_rule *current; /* whose searches are being read; NULL: none */
	size_t nodes;          /* made for it so far */
};

/* Add a problem at the node, `skip` characters further on; return -EINVAL. */
int sigma_refuse(struct sigma_reader *reader, const struct doc *at, unsigned skip, struct note note);
/* The same with words that name file, line and column already (of an err), or that have no place (at NULL). */
int sigma_refuse_words(struct sigma_reader *reader, const struct doc *at, struct str words);
/* Only when options->lint. */
void sigma_warn(struct sigma_reader *reader, const struct doc *at, unsigned skip, struct note note);
/* A scalar's text as it is written; *odd: a number that is not in its usual form ("0x1f", "010", "1.50"), which other tools
 * may change. */
struct str sigma_scalar(const struct sigma_reader *reader, const struct doc *node, bool *odd);
static inline bool sigma_is_scalar(const struct doc *node)
{
	return node->type != DOC_ARRAY && node->type != DOC_MAP;
}

/* ---- trees ---- */

struct sigma_nodes {
	const struct sigma_node **p;
	size_t n, room;
};

const struct sigma_node *sigma_node_item(struct sigma_reader *reader, const struct sigma_item *item);
/* One node stays itself, none is NODE_TRUE (and) or NODE_FALSE (or). */
const struct sigma_node *sigma_node_join(struct sigma_reader *reader, enum sigma_node_kind kind,
                                         const struct sigma_nodes *nodes);
const struct sigma_node *sigma_node_not(struct sigma_reader *reader, const struct sigma_node *inner);
const struct sigma_node *sigma_node_named(struct sigma_reader *reader, const struct sigma_node *node, struct str name);

/* ---- parts ---- */

/* A field with its modifiers and values; `name` NULL: keywords. */
int sigma_item_read(struct sigma_reader *reader, const struct doc *name, const struct doc *value,
                    const struct sigma_node **out) MUST_USE;

/* A search identifier's value: a map, a list, text. */
int sigma_search_read(struct sigma_reader *reader, const struct doc *node, const struct sigma_node **out) MUST_USE;

struct sigma_search {
	struct str name; /* the search identifier */
	const struct doc *key;
	const struct sigma_node *node;
	bool used;
};

struct sigma_searches {
	struct sigma_search *p;
	size_t n, room;
};

/* All search identifiers of a `detection` or `filter` map but those whose names are in `except` (NULL-terminated). */
int sigma_searches_read(struct sigma_reader *reader, const struct doc *map, const char *const *except,
                        struct sigma_searches *out) MUST_USE;

/* A condition's text over search identifiers. */
int sigma_condition_read(struct sigma_reader *reader, const struct doc *text, struct sigma_searches *searches,
                         const struct sigma_node **out) MUST_USE;

/* A document that is a map with `detection`. */
int sigma_rule_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule) MUST_USE;
/* The keys that rules and correlations share. */
int sigma_head_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule) MUST_USE;
int sigma_logsource_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule) MUST_USE;
/* Warnings about what it says of itself, when options->lint. */
void sigma_lint_rule(struct sigma_reader *reader, const struct doc *doc, const struct sigma_rule *rule);
/* Scalars and lists of scalars; absent keys leave *out alone. */
int sigma_text_read(struct sigma_reader *reader, const struct doc *map, const char *key, struct str *out) MUST_USE;
int sigma_list_read(struct sigma_reader *reader, const struct doc *map, const char *key, struct strings *out) MUST_USE;

/* Rules by what others may call them. */
struct sigma_named {
	struct sigma_rule *rule;
	struct sigma_named *next; /* the same name in another file */
};

struct sigma_index {
	struct map ids;     /* to struct sigma_rule */
	struct map names;   /* to struct sigma_named */
	struct map skipped; /* ids and names of rules left out for their status, to struct sigma_rule */
};

/* The rule with this id, or with this name: of the same file first, otherwise the only one. NULL: *several or none. */
struct sigma_rule *sigma_index_find(const struct sigma_index *index, struct str reference, struct str file, bool *several);

/* ---- correlations ---- */

struct sigma_pending {
	struct sigma_rule *rule;
	struct source *source;
	const struct doc *correlation; /* the map */
	enum { PENDING_NEW, PENDING_GOOD, PENDING_BAD } state;
	unsigned level;
};

struct sigma_pendings {
	struct sigma_pending *p;
	size_t n, room;
};

/* A document with `correlation`; references are left to sigma_correlations_resolve(). */
int sigma_correlation_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule) MUST_USE;
/* Those that cannot be resolved get a problem and stay without correlation.rule. */
void sigma_correlations_resolve(struct sigma_reader *reader, const struct sigma_index *index, struct sigma_pendings *all);
/* Hide the rules that are only there for a correlation. */
void sigma_correlations_hide(const struct sigma_rule *const *rules, size_t n);

/* ---- filters ---- */

struct sigma_filter {
	struct sigma_rule head; /* title, log source, file and line */
	struct source *source;
	bool every;             /* rule of the log source */
	struct strings rules;   /* otherwise: ids or names */
	const struct doc *list; /* where they stand */
	const struct sigma_node *condition;
};

struct sigma_filters {
	struct sigma_filter *p;
	size_t n, room;
};

int sigma_filter_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_filter *filter) MUST_USE;
void sigma_filters_apply(struct sigma_reader *reader, const struct sigma_index *index, const struct sigma_filters *filters,
                         struct sigma_rule *const *rules, size_t n);

#endif
