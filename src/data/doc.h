/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * doc: one value tree for everything that is declared or exchanged, whatever it was written in.
 *
 * JSON (data/json.h) and YAML (data/yaml.h) are parsed into it; schema.h decodes it into structs.
 * The tree lives in an arena together with its source; strings are slices of the source text where
 * nothing had to be unescaped, so the text must outlive the tree (parsers copy it into the arena
 * unless their header says otherwise).
 *
 * Every node remembers where it stood, for messages that name file, line and column.
 */
#ifndef WARD_DATA_DOC_H
#define WARD_DATA_DOC_H

#include "base/arena.h"
#include "base/err.h"

enum doc_type {
	DOC_NULL,
	DOC_BOOL,
	DOC_INT,    /* an integer that fits int64 */
	DOC_REAL,   /* any other number */
	DOC_STRING,
	DOC_ARRAY,
	DOC_MAP,    /* members in the order written; keys are DOC_STRING */
};

struct doc {
	uint8_t type; /* enum doc_type */
	bool quoted;  /* YAML: the scalar was quoted, so it is text whatever it looks like */
	uint32_t at;  /* place in the source, see doc_where() */
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct {
			uint32_t n; /* bytes; array elements; map members */
			union {
				const char *p;            /* DOC_STRING */
				const struct doc *items;  /* DOC_ARRAY: n; DOC_MAP: 2n, key then value */
			};
		};
	};
};

/* What a tree was parsed from. `lines`: `at` holds line << 12 | column (YAML); otherwise a byte
 * offset into text (JSON). */
struct source {
	const char *name; /* as a person would write the path */
	struct str text;
	bool lines;
	unsigned before; /* YAML: lines of the file before `text`, when that is one of several documents in it */
};

/* 1-based line and column (in bytes) of a node. */
void doc_where(const struct source *source, const struct doc *node, unsigned *line, unsigned *column);
/* Set err to "<file>:<line>:<column>: <formatted>", return -EINVAL. */
int doc_err(const struct source *source, const struct doc *node, struct err *err,
            const char *format, ...) PRINTF(4, 5);

/* The member's value, or NULL (also when `map` is NULL or no map). The last of equal keys wins. */
const struct doc *doc_get(const struct doc *map, struct str key);
static inline struct str doc_string(const struct doc *node)
{
	return node && node->type == DOC_STRING ? (struct str){ node->p, node->n } : STR_NONE;
}
/* The member's text; STR_NONE when there is no such member or it is something else. */
static inline struct str doc_text(const struct doc *map, const char *name)
{
	return doc_string(doc_get(map, str_from(name)));
}
static inline int64_t doc_int(const struct doc *node, int64_t otherwise)
{
	return node && node->type == DOC_INT ? node->integer : otherwise;
}
static inline const struct doc *doc_key(const struct doc *map, size_t i)
{
	return &map->items[2 * i];
}
static inline const struct doc *doc_value(const struct doc *map, size_t i)
{
	return &map->items[2 * i + 1];
}
/* A word for messages: "a list", "a map", "text", "a number". */
const char *doc_type_words(const struct doc *node);

#endif
