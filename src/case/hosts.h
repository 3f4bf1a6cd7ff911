/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * hosts: the machines of an installation, and the last tables that each delivered.
 *
 * A table is kept as one compressed text, with how well it was seen and its digest. What was not seen is kept as such: a column that
 * was not taken is not in `columns`, a table that was unavailable has no rows and says why. Nothing here is a verdict.
 *
 * The text, before compression (zstd), is JSON:
 *
 *	{"columns": ["address", "mac"], "rows": [["192.0.2.1", null]], "gaps": [{"columns": ["mac"], "why": "…"}]}
 *
 * `gaps` are what could not be seen, of these columns, or with an empty list of the rows themselves (fact/facts.h).
 * The digest is SHA-256 over that text. Writing is done within a work (record/records.h); reading on any connection.
 */
#ifndef WARD_CASE_HOSTS_H
#define WARD_CASE_HOSTS_H

#include "data/json.h"
#include "fact/facts.h"
#include "record/records.h"

extern const struct migration hosts_migrations[]; /* 400: ward_host, ward_host_table */

struct host {
	int64_t id, org;        /* org: record of the register `org`; 0: not given to one yet */
	struct str name, machine_id, profile, os, address;
	int64_t seen;           /* when it last delivered, seconds */
};

/* Make it or change it, known by machine_id; *id is its number. Texts that are STR_NONE, and org 0, leave what stands there; a host
 * that was removed is there again. */
int hosts_put(struct write *write, const struct host *host, int64_t *id, struct err *err) MUST_USE;
/* -ENOENT when there is none, or it was removed. */
int hosts_get(struct arena *arena, struct db *db, int64_t id, struct host *out, struct err *err) MUST_USE;

enum { HOST_TABLE_MOST = 256 * 1024 * 1024 }; /* bytes of the text */

struct host_table {
	struct str name;
	int64_t taken;          /* seconds */
	enum coverage coverage;
	struct str reason;      /* English; unless complete */
	struct str json;        /* the text above */
	size_t n;               /* rows */
	struct str sha256;      /* of json; filled in by hosts_put_table() when STR_NONE */
};

/* As taken on this machine. */
void host_table_from_rows(struct arena *arena, const struct rows *rows, int64_t taken, struct host_table *out);
/* In place of what the host delivered before under this name. */
int hosts_put_table(struct write *write, int64_t host, const struct host_table *table, struct err *err) MUST_USE;
/* With its text. -ENOENT when the host never delivered it; -EBADMSG when the text does not have its digest. */
int hosts_get_table(struct arena *arena, struct db *db, int64_t host, struct str name, struct host_table *out,
                    struct err *err) MUST_USE;
/* Uncompressed and compared with its digest: a row's columns coverage and reason are the caller's to read. */
int host_table_unpack(struct arena *arena, struct str packed, struct str sha256, struct str *json, struct err *err) MUST_USE;

#endif
