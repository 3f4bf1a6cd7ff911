/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * directory: login by an LDAP directory (RFC 4511 to 4515): search for the person, then bind as them.
 *
 * In ward.yaml:
 *
 *	ldap:
 *	  url: ldaps://ldap.example.cn            # or ldap:// with start_tls; without either only on loopback
 *	  start_tls: true
 *	  ca: /etc/ward/ldap-ca.pem               # of the directory's certificate; the system's otherwise
 *	  base: ou=people,dc=example,dc=cn
 *	  filter: (&(objectClass=person)(uid={login}))   # {login} is escaped; it must find one entry
 *	  bind_dn: cn=ward,dc=example,dc=cn       # who searches; anonymous without
 *	  bind_password_file: /etc/ward/ldap.password
 *	  name: cn                                # attribute with the person's name
 *	  groups: memberOf                        # attribute with their groups
 *	  roles: {"cn=officers,ou=groups,dc=example,dc=cn": officer}
 *	  timeout: 5                              # seconds
 *
 * A certificate is asked for, in TLS 1.2 or newer, and must name the host of `url`; why one was not accepted is said to who logs in, in the
 * log and by `ward doctor`. Nothing is said to a directory that has not shown a good one.
 *
 * Somebody whom the directory knows and ward does not gets an account at the first login, in the root organisation's place that
 * `org` names (a number of the register; the root otherwise). Groups give and take the roles that stand under `roles` at each login. The
 * three separated roles never come from a directory: who keeps it would decide who audits whom.
 */
#ifndef WARD_PEOPLE_DIRECTORY_H
#define WARD_PEOPLE_DIRECTORY_H

#include "data/schema.h"
#include "people/user.h"

struct people_ldap {
	struct str url, ca, base, filter, bind_dn, bind_password_file, name, groups;
	bool start_tls;
	const struct doc *roles; /* map: group -> role */
	int64_t org, timeout;
	struct str bind_password; /* of directory_prepare() */
	/* Made by directory_check(). */
	const struct roles *known;
};
extern const struct schema people_ldap_schema;

/* Before a sandbox: loads libldap, and reads the password in bind_password_file, which may be for root alone. STR_NONE: no directory or no
 * such file is named. -EPERM: others may read it. */
int directory_prepare(struct arena *arena, const struct people_ldap *ldap, struct str *password, struct err *err) MUST_USE;
/* What the schema cannot say: transport, filter, roles (NULL: they are not looked at). Words name the place. */
int directory_check(const struct source *source, const struct doc *node, const struct roles *roles, struct people_ldap *ldap,
                    struct err *err) MUST_USE;

struct directory_entry {
	struct str login, name, dn;
	uint64_t roles;
};

/* Whether it can be reached, its certificate is trusted, and it lets the reader in: what a login begins with. As directory_login(). */
int directory_try(struct arena *arena, const struct people_ldap *ldap, struct err *err) MUST_USE;
/* 1: it is who they say; 0: it is not, or is not there. -EPIPE, -ETIMEDOUT, …: the directory could not be asked. Blocks; any thread. */
int directory_login(struct arena *arena, const struct people_ldap *ldap, struct str login, struct str password,
                    struct directory_entry *out, struct err *err) MUST_USE;
/* Within a work: the account of this entry, made or brought up to date; its texts in the arena. -EPERM: the roles may not be one person's. */
int directory_account(struct arena *arena, struct write *write, const struct people *people, const struct directory_entry *entry,
                      struct user *out, struct err *err) MUST_USE;
/* A value in a filter (RFC 4515, 3): * ( ) \ and NUL as \2a …. */
struct str directory_escape(struct arena *arena, struct str value);

#endif
