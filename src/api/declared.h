/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * declared: what the resources over registers share: the register and the record that an address names, answers that tell a record,
 * problems of a form.
 */
#ifndef WARD_API_DECLARED_H
#define WARD_API_DECLARED_H

#include "api/office.h"
#include "register/list.h"
#include "register/record_row.h"

/* The register of the first part in braces; -ENOENT: there is none, or this person may not read it. */
int declared_register(struct request *request, const struct register_ **out, struct err *err) MUST_USE;
/* The record of the first two: its cells. */
int declared_record(struct request *request, const struct register_ **reg, int64_t *id, struct cell **cells, struct err *err) MUST_USE;
/* The whole answer of GET /api/records/{register}/{id}. */
int declared_answer(struct request *request, const struct register_ *reg, int64_t id, struct err *err) MUST_USE;
/* Problems into the answer's fields; gives `result` back. */
int declared_problems(struct request *request, const struct field_problems *problems, int result);
/* A member of the body that is a map ("values"), or NULL; -EINVAL. */
int declared_values(struct request *request, const struct doc **out, struct err *err) MUST_USE;

/* What an address asks of a list: view, f, q, sort, after, limit, withdrawn, org. */
int declared_question(struct request *request, const struct register_ *reg, struct list_query *out, struct err *err) MUST_USE;

#endif
