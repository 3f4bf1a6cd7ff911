/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * schema: decode a `doc` map into a C struct, by a table of fields.
 *
 * One decoder for every declared file, so that each gives the same kind of message:
 * "checks/ssh.yaml:12:5: unknown key 'sevrity', did you mean 'severity'?".
 *
 *	struct point { struct str name; int64_t x; };
 *	static const struct schema_field point_fields[] = {
 *		{ "name", SCHEMA_STRING, offsetof(struct point, name), .required = true },
 *		{ "x", SCHEMA_INT, offsetof(struct point, x), .min = 0, .max = 100 },
 *		{ 0 },
 *	};
 *	static const struct schema point_schema = { "a point", point_fields, sizeof(struct point) };
 */
#ifndef WARD_DATA_SCHEMA_H
#define WARD_DATA_SCHEMA_H

#include "data/doc.h"
#include "data/lang.h"

enum schema_type {
	SCHEMA_STRING,  /* struct str; numbers and booleans are taken as written only if quoted */
	SCHEMA_INT,     /* int64_t, within min..max unless both are 0 */
	SCHEMA_BOOL,    /* bool */
	SCHEMA_REAL,    /* double */
	SCHEMA_ENUM,    /* int: index into .names */
	SCHEMA_TEXT,    /* struct text: a map with zh-CN, vi and en, all three */
	SCHEMA_STRINGS, /* struct strings: a list of text, or one text */
	SCHEMA_LIST,    /* struct schema_list: a list of maps, each decoded by .sub */
	SCHEMA_MAP,     /* struct decoded by .sub, in place */
	SCHEMA_ANY,     /* const struct doc *: kept as it is */
};

struct schema_list {
	void *p; /* n structs of .sub->size */
	size_t n;
};

struct schema_field {
	const char *key;
	enum schema_type type;
	size_t offset;
	bool required;
	int64_t min, max;
	const char *const *names;     /* SCHEMA_ENUM: NULL-terminated */
	const struct schema *sub;     /* SCHEMA_LIST, SCHEMA_MAP */
};

struct schema {
	const char *what;                  /* "a check", for messages */
	const struct schema_field *fields; /* ends with a NULL key */
	size_t size;
	ptrdiff_t node_offset;             /* where to keep the `const struct doc *` itself; 0: nowhere */
};

/* Fill *out, which the caller zeroed or filled with defaults; absent optional keys leave it as it is.
 * Strings point into the tree. 0 or -EINVAL. */
int schema_decode(struct arena *arena, const struct source *source, const struct doc *node,
                  const struct schema *schema, void *out, struct err *err) MUST_USE;
/* The same for a list of maps. */
int schema_decode_list(struct arena *arena, const struct source *source, const struct doc *node,
                       const struct schema *schema, struct schema_list *out, struct err *err) MUST_USE;

/* The nearest of `names` (n of them) when it is near enough to be meant, or NULL. */
const char *schema_suggest(struct str wrong, const char *const *names, size_t n);

#endif
