/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * template: a declared page filled in with a value tree.
 *
 * Reports are templates in content/reports/, so that their words and their look are data. The language is a
 * small part of mustache (mustache(5)), without partials, lambdas and unescaped values:
 *
 *	{{name}} {{a.b}} {{.}}   a value, escaped for HTML; looked up here, then in the contexts around
 *	{{#name}}…{{/name}}      a list: for each; a map: inside it; otherwise once if it is true, not 0, not ""
 *	{{^name}}…{{/name}}      once if {{#name}} would show nothing
 *	{{_Some English}}        the interface's text in this language
 *	{{! words }}             nothing
 *
 * A tag alone on its line leaves no line behind.
 */
#ifndef WARD_DATA_TEMPLATE_H
#define WARD_DATA_TEMPLATE_H

#include "data/doc.h"
#include "data/lang.h"

enum { TEMPLATE_DEPTH = 16 };

/* Append the page. -EINVAL with "<file>:<line>:<column>: …" for a tag that is not closed or not known; a name that
 * no context has is an error too. */
int template_render(struct buf *out, const struct source *page, const struct doc *values, enum lang lang,
                    struct err *err) MUST_USE;

#endif
