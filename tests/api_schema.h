/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * api_schema: hold a JSON value against a named schema of the API's description (the part of JSON Schema that content/api uses).
 */
#ifndef WARD_TESTS_API_SCHEMA_H
#define WARD_TESTS_API_SCHEMA_H

#include "data/doc.h"

/* "" when it fits; otherwise where and why: "rows.0.id: is text, not integer". In the arena. `schemas`: components.schemas. */
struct str schema_holds(struct arena *arena, const struct doc *schemas, struct str name, const struct doc *value);

#endif
