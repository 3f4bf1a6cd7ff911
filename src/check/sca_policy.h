/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sca_policy: a Wazuh SCA policy as read from its file.
 *
 *	policy: {id: cis_debian12, name: …}
 *	requirements: {title: …, condition: all, rules: […]}     # must hold, or nothing here applies
 *	variables: {$sshd_file: /etc/ssh/sshd_config}
 *	checks:
 *	  - {id: 33010, name: …, rationale: …, remediation: …, compliance: …, condition: any, rules: […]}
 *
 * Two dialects: 4.x calls a check's name `title` and knows `regex_type`; 5.x calls it `name`. A file that uses
 * neither anywhere is 5.x. Rules: `[not ]T:target[ -> pattern]`, T one of f (file), d (folder; its pattern is
 * `name[ -> pattern]`), p (process), c (command), r (Windows registry: never there).
 *
 * A check that is wrong stays, with its fault, and is named in `problems`, as is a file that is wrong.
 */
#ifndef WARD_CHECK_SCA_POLICY_H
#define WARD_CHECK_SCA_POLICY_H

#include "check/check.h"
#include "check/sca_pattern.h"

enum sca_kind { SCA_FILE, SCA_DIRECTORY, SCA_PROCESS, SCA_COMMAND, SCA_REGISTRY };
enum sca_condition { SCA_ALL, SCA_ANY, SCA_NONE };

struct sca_rule {
	struct str text;          /* as written, variables replaced */
	enum sca_kind kind;
	bool negated;
	struct str target;        /* path, list of paths (4.x), name of a process, command line */
	struct str file;          /* SCA_DIRECTORY: the names that count, as written; p NULL: the folder itself */
	struct sca_pattern name;  /* the same, 5.x */
	struct sca_pattern pattern; /* text.p NULL: there is none */
};

struct sca_check {
	struct check check;       /* for reports: id "sca:<policy>:<check>", topic <policy> */
	enum sca_condition condition;
	enum sca_dialect dialect;
	struct sca_rule *rules;
	size_t n;
	struct str fault;         /* empty: it can be asked */
};

struct sca_policy {
	struct str id, name;
	enum sca_dialect dialect;
	struct sca_check requirements; /* n == 0: none */
	struct sca_check *checks;
	size_t n;
};

struct sca_policies {
	struct sca_policy *p;
	size_t n;
	struct strings problems; /* "policy.yml:12:5: …" */
};

enum { SCA_FILE_MOST = 32 * 1024 * 1024, SCA_RULES_MOST = 1000 };

/* One policy's text. -EINVAL when nothing of it can be used; else its faulty parts are in problems. */
int sca_policy_parse(struct arena *arena, struct source *source, struct sca_policy *out, struct strings *problems,
                     struct err *err) MUST_USE;

/* A file, or all of a folder that end in .yml or .yaml. -ENOENT and the like when the path itself cannot be
 * read; what is wrong within is in problems. Paths are the caller's, not below a root. */
int sca_policies_load(struct arena *arena, const char *const *paths, size_t n, struct sca_policies *out,
                      struct err *err) MUST_USE;
void sca_policies_done(struct sca_policies *policies);

/* One rule; -EINVAL with words. Text lives as long as the arena. */
int sca_rule_parse(struct arena *arena, enum sca_dialect dialect, struct str text, struct sca_rule *out,
                   struct err *err) MUST_USE;

#endif
