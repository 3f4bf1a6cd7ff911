/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * binxml_code: what the two halves of binxml share: binxml_compile.c turns markup into steps, binxml.c walks them for each record.
 */
#ifndef WARD_EVENT_PARSERS_BINXML_CODE_H
#define WARD_EVENT_PARSERS_BINXML_CODE_H

#include <endian.h>

#include "base/little.h"
#include "base/map.h"
#include "event/parsers/binxml.h"

enum {
	COMPILE_BYTES = 4 << 20, /* of markup, for one chunk */
	NO_INDEX = 0xffff,
};

enum token {
	TOKEN_END = 0x00, TOKEN_OPEN = 0x01, TOKEN_CLOSE_START = 0x02, TOKEN_CLOSE_EMPTY = 0x03, TOKEN_CLOSE = 0x04, TOKEN_VALUE = 0x05,
	TOKEN_ATTRIBUTE = 0x06, TOKEN_CDATA = 0x07, TOKEN_CHAR = 0x08, TOKEN_ENTITY = 0x09, TOKEN_TARGET = 0x0a, TOKEN_DATA = 0x0b,
	TOKEN_TEMPLATE = 0x0c, TOKEN_SUBSTITUTION = 0x0d, TOKEN_OPTIONAL = 0x0e, TOKEN_FRAGMENT = 0x0f, TOKEN_MORE = 0x40,
};

enum part { PART_OTHER, PART_SYSTEM, PART_EVENT_DATA, PART_USER_DATA };

/* Where an element stands. The name of the root does not matter, so it is empty. */
struct path {
	struct path *parent, *children, *next;
	struct str name;
	uint32_t depth; /* of the root: 1 */
	enum part part;
};

/* A part of an attribute's value or an element's text. */
struct piece {
	struct str text; /* UTF-8, when index is NO_INDEX */
	uint16_t index;  /* of the substitution */
	bool optional;
};

enum step_code {
	STEP_NOTHING,
	STEP_ELEMENT,   /* one substitution is all that the element holds: without it the steps up to `end` are left out, and a list
	                 * repeats them */
	STEP_ATTRIBUTE,
	STEP_TEXT,      /* of an element without children */
	STEP_LEAF,      /* STEP_ELEMENT and STEP_TEXT in one */
	STEP_FRAGMENT,  /* a substitution beside elements: only markup counts */
	STEP_DATA_NAME, /* <Data Name="%1">: the name of the text that comes next */
};

struct step {
	uint8_t code; /* enum step_code */
	bool number, keep_empty, named; /* named: by STEP_DATA_NAME */
	uint16_t n;
	uint32_t end;
	struct piece *pieces;
	struct binxml_name *name; /* NULL: nothing is delivered */
	struct path *path;        /* of the element */
};

/* A piece of markup, compiled for the place it stands in. */
struct code {
	struct code *next;
	struct path *path; /* of the parent */
	uint32_t from, to;
	bool depends;
	bool good;
	VEC(struct step) steps;
};

struct slot {
	uint32_t at;
	uint16_t n;
	uint8_t type;
};

struct binxml {
	const uint8_t *bytes;
	size_t n;
	struct arena names_arena, arena; /* of the reader; of the chunk */
	struct map names;
	struct path *root;
	struct code *codes[256];
	size_t compiled, walked, written;
	VEC(struct slot) slots;
	bool failed;
	size_t failed_at, failed_n; /* slots of the template that could not be read */
	VEC(struct binxml_value) values;
	struct arena texts; /* of the record */
	uint64_t record;
	struct binxml_name *data_name;
};

/* The name, made when new; NULL when it is empty. */
struct binxml_name *binxml_intern(struct binxml *binxml, struct str name);
/* The steps of the markup between two offsets of the chunk, below a place. `depends`: its elements have a dependency identifier. */
const struct code *binxml_code(struct binxml *binxml, struct path *parent, size_t from, size_t to, bool depends);

#endif
