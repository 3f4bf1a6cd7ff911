/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * office: everything a server's handlers share. Made once at the start by role/server.c, read-only afterwards but for what says
 * otherwise in its own header. request->office points here.
 */
#ifndef WARD_API_OFFICE_H
#define WARD_API_OFFICE_H

#include "case/cases.h"
#include "check/check.h"
#include "data/content.h"
#include "people/people.h"
#include "register/record.h"
#include "web/request.h"

struct stream; /* web/stream.h */

struct office {
	struct content content;
	struct records *records;
	struct str records_at;       /* a path, or "postgresql://…" */
	struct roles *roles;
	struct registers *registers;
	struct vault *vault;
	struct calendar *calendar;   /* NULL: Saturdays and Sundays are free */
	struct books books;          /* of the four above */
	struct people *people;       /* accounts: limits, passwords, the directory */
	struct laws *laws;           /* clocks, grading, categories of content */
	struct cases cases;          /* findings, incidents, notices: laws, books, how long repairs may take */
	struct stream *stream;
	struct import_jobs *imports; /* register/import_job.h */
	struct str archive_dir;      /* events, read here; STR_NONE: none on this machine */
	struct str files_dir;        /* attachments, by digest */
	struct str regime;           /* what law and standards ask: a name of content/profiles */
	bool kind_given;             /* the configuration says the kind of office, so nobody changes it here (cases_kind()) */
	struct checks checks;        /* of content */
	struct checks management;    /* those of the registers */
	int inspect;                 /* a byte written here asks for an inspection of this machine now (a pipe); -1: none */
	struct str machine_id;       /* of the machine that this runs on, as its host has it */
	struct str tls_dir;          /* server.crt, ca.crt */
	const char *signing_key;     /* the line of the public key that seals archive and journal; read and changed whole (__atomic) */
	bool certificate_given;      /* by the configuration, so it is not made here */
	struct strings rules;        /* files and folders of further rules */
	bool built_in_rules;
	int finding_level;           /* enum sigma_level: what rules of this level and worse find becomes findings */
	void (*doctor)(void *ctx, enum lang lang, struct buf *out); /* what is wrong with the installation, as JSON; may be NULL */
	void *doctor_ctx;
	int64_t started;
};

static inline struct office *office_of(const struct request *request)
{
	return request->office;
}

#endif
