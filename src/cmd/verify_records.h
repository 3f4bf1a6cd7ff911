/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * verify_records: what was found in a journal, in words and in JSON, for ward verify and ward records.
 */
#ifndef WARD_CMD_VERIFY_RECORDS_H
#define WARD_CMD_VERIFY_RECORDS_H

#include "cmd/command.h"
#include "record/journal_verify.h"

struct verified_records {
	struct str where;             /* without a password */
	struct journal_verify verify; /* keys and head are given before */
};

/* Where records are, fit to be shown. */
struct str records_shown(struct arena *arena, struct str where);
/* Open the place for reading and verify it; progress on the terminal. */
int verify_records_run(struct call *call, struct str where, struct verified_records *out, struct err *err) MUST_USE;
void verify_records_text(struct call *call, const struct verified_records *records, struct buf *out);
/* The members of a JSON object; the braces are the caller's. */
void verify_records_json(struct call *call, const struct verified_records *records, struct buf *out);
/* Public keys from files, as given by --key. */
int verify_load_keys(struct call *call, const struct opt_values *files, struct public_key **out, struct err *err) MUST_USE;

#endif
