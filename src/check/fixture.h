/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fixture: a made-up host for which the verdict of a check is known.
 *
 * A file is a list; each entry belongs to one check and holds cases under the verdict they must give:
 *
 *	- check: ssh-root-login
 *	  fail:
 *	    - files: {etc/ssh/sshd_config: "PermitRootLogin yes\n"}
 *	      tables: {listening: [{port: 22, path: /usr/sbin/sshd}]}
 *	      evidence: 1                  # rows, when the number matters
 *	  pass:
 *	    - files: …
 *	  unknown:                         # also not-applicable
 *	    - unseen: [sshd_config]        # tables given as unavailable
 *	  params: {minlen: 10}             # thresholds other than the defaults, for all cases
 *
 * `files` become a directory tree that the real tables read (with an os-release of Debian 12 unless they
 * bring one); a value is the text, or {text: …, mode: "0600"} or {link: target}. `tables` gives rows
 * instead: what a column does not say is NULL; [] says that there are none. `now` sets the clock.
 *
 * fixture_run() judges every case. Of every passing case it also hides each table that the check reads,
 * one after the other: the verdict must then not be pass, and not be fail either.
 */
#ifndef WARD_CHECK_FIXTURE_H
#define WARD_CHECK_FIXTURE_H

#include "check/check.h"

struct fixture_result {
	struct str check;
	size_t cases[4];   /* tried, by enum verdict_value */
	struct strings problems; /* "<file>:<line>:<column>: ssh-root-login: expected fail, got pass" */
};

struct fixture_results {
	struct fixture_result *p;
	size_t n;
};

/* Run all entries of one fixture file. -EINVAL when the file itself is wrong. Makes and removes a
 * temporary directory. */
int fixture_run(struct arena *arena, const struct checks *checks, struct source *source,
                struct fixture_results *out, struct err *err) MUST_USE;

#endif
