/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * deb822: the stanzas of dpkg's status file, of apt's package lists and .sources files, one field at a time
 * (deb822(5), deb-control(5)).
 *
 * Nothing is copied: a value is the slice of the text from behind the colon to the end of the field,
 * continuation lines included as they stand. Comment lines ("#" in the first column) are passed over
 * only between fields; within a value the caller drops them (deb822_line).
 */
#ifndef WARD_FACT_DEB822_H
#define WARD_FACT_DEB822_H

#include "base/str.h"

enum deb822_item {
	DEB822_END,   /* of the text */
	DEB822_FIELD,
	DEB822_BREAK, /* an empty line: the stanza is over */
	DEB822_BAD,   /* a line that is none of these; it was passed over */
};

/* Next item of *rest. */
enum deb822_item deb822_next(struct str *rest, struct str *name, struct str *value);

/* Next line of a value that has several, trimmed, comments left out; false at the end. */
bool deb822_line(struct str *value, struct str *line);

/* How many lines end before a place in the text; asked from the beginning to the end, each is counted once. */
struct deb822_lines {
	const char *at; /* first: where the text begins */
	size_t n;
};
size_t deb822_lines_to(struct deb822_lines *lines, const char *place);

#endif
