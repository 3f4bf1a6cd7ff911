/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sca_commands: the commands that ward answers by itself.
 *
 * Policies ask by command lines ("dpkg-query -s aide"); ward says what the program would have printed, from its
 * tables and from files below the root, so that no process is started and other roots work as well. A form of a
 * command that is not known here is not answered at all: nothing is approximated.
 *
 * Each program's answer is a function of a file sca_*.c beside this one, listed in sca_command.c. It appends
 * what standard output and standard error would get and sets the exit status, when it is not 0.
 */
#ifndef WARD_CHECK_SCA_COMMANDS_H
#define WARD_CHECK_SCA_COMMANDS_H

#include "check/sca_run.h"
#include "sys/root.h"

struct sca_call {
	struct sca_run *run;
	struct sca_answer *answer; /* which tables are read, and why it is unknown */
	struct strings words;      /* words.p[0] is the program's name without its folder */
	struct buf *out;
	int exit;
};

/* Whether the call was answered. UNKNOWN_FORM: not one of those known here. BLIND: known, but what it asks
 * could not be seen; the answer's reason says why. */
enum sca_reply { SCA_ANSWERED, SCA_UNKNOWN_FORM, SCA_BLIND };
typedef enum sca_reply sca_program_fn(struct sca_call *call);

sca_program_fn sca_answer_cat, sca_answer_stat;
sca_program_fn sca_answer_dpkg, sca_answer_dpkg_query;
sca_program_fn sca_answer_systemctl, sca_answer_timedatectl;
sca_program_fn sca_answer_sysctl, sca_answer_lsmod, sca_answer_modprobe, sca_answer_findmnt, sca_answer_mount;
sca_program_fn sca_answer_nft, sca_answer_iptables, sca_answer_ip6tables, sca_answer_ufw;
sca_program_fn sca_answer_useradd, sca_answer_passwd;
sca_program_fn sca_answer_sshd, sca_answer_auditctl, sca_answer_augenrules;

/* A word, or STR_NONE past the end. */
static inline struct str sca_word(const struct sca_call *call, size_t i)
{
	return i < call->words.n ? call->words.p[i] : STR_NONE;
}
static inline bool sca_word_is(const struct sca_call *call, size_t i, const char *text)
{
	return i < call->words.n && str_is(call->words.p[i], text);
}

/* The rows of a table when all of it was seen; otherwise NULL, and the call is blind. */
const struct rows *sca_call_table(struct sca_call *call, const struct table *table);
/* Why the call is blind; returns SCA_BLIND. */
enum sca_reply sca_call_blind(struct sca_call *call, struct note why);
/* For what only the running system knows: false and blind when the root is another one. */
bool sca_call_is_live(struct sca_call *call);

/* A file: 0, -ENOENT (also of a folder above it) or SCA_BLIND's reason set and another negative errno. */
int sca_call_file(struct sca_call *call, struct str path, struct str *text) MUST_USE;

/* Is the program there, in PATH or where its path says? */
bool sca_program_is_there(struct sca_run *run, struct str program);

#endif
