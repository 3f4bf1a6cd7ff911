/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * accounts: what the tables about accounts share.
 */
#ifndef WARD_FACT_TABLES_ACCOUNTS_H
#define WARD_FACT_TABLES_ACCOUNTS_H

#include "fact/scan.h"

/* Columns of `users`, for tables that start from the accounts. */
enum users_column {
	USERS_UID, USERS_GID, USERS_USERNAME, USERS_DESCRIPTION, USERS_DIRECTORY, USERS_SHELL, USERS_PASSWORD_STATUS,
	USERS_CAN_LOGIN, USERS_FILE, USERS_LINE,
};

/* Columns of `pam`. */
enum pam_column {
	PAM_ROW_SERVICE, PAM_ROW_TYPE, PAM_ROW_CONTROL, PAM_ROW_MODULE, PAM_ROW_ARGS, PAM_ROW_PATH, PAM_ROW_FILE, PAM_ROW_LINE,
	PAM_ROW_POSITION, PAM_ROW_SILENT,
};

/* Columns of `sshd_config`. */
enum sshd_column {
	SSHD_CONFIG_KEY, SSHD_CONFIG_VALUE, SSHD_CONFIG_MATCH, SSHD_CONFIG_FILE, SSHD_CONFIG_LINE, SSHD_CONFIG_IS_DEFAULT,
};

/* Degrade the coverage by "{}:{}: not understood". */
void scan_malformed(struct scan *scan, const char *path, int64_t line);

/* Degrade the coverage when nsswitch.conf names services of this database that are not read here. */
void accounts_nss_check(struct scan *scan, const char *database);

/* What a password field of passwd or shadow says: active, locked, not_set or empty; *hash is what follows the
 * marks of a lock. */
const char *password_status(struct str field, struct str *hash);
/* Name of a crypt(5) algorithm, NULL when unknown; *rounds as in the table shadow, or NONE. */
const char *password_algorithm(struct str hash, int64_t *rounds);

#endif
