/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * password: hashes (yescrypt, by libxcrypt), and which passwords are too easy.
 *
 * Hashing and verifying take some 30 ms and 16 MiB on purpose, so never on the records' writer. Any thread.
 *
 * A password has at least PASSWORD_LEAST characters, and three of four kinds (small and capital letters, digits, others) unless it is
 * of PASSWORD_LONG or more; it is none of content/passwords, also not with letters put for look-alikes or up to four
 * characters added, and has neither login, name nor organisation in it (GB/T 22239-2019 8.1.4.1 a; NIST SP 800-63B 5.1.1.2).
 */
#ifndef WARD_PEOPLE_PASSWORD_H
#define WARD_PEOPLE_PASSWORD_H

#include "data/content.h"
#include "data/lang.h"

enum { PASSWORD_LEAST = 10, PASSWORD_LONG = 20, PASSWORD_MOST = 128 /* bytes */, PASSWORD_HISTORY = 5 };

/* A new hash, "$y$…". */
int password_hash(struct arena *arena, struct str password, struct str *out, struct err *err) MUST_USE;
/* Is it this one's? STR_NONE as hash: of nobody, which takes as long and is false. */
bool password_verify(struct str hash, struct str password);
/* A password that a person is given to change at the first login: 16 characters that are not mistaken for each other. */
struct str password_make(struct arena *arena);

struct passwords;
int passwords_load(const struct content *content, struct passwords **out, struct err *err) MUST_USE;
void passwords_free(struct passwords *passwords);
void passwords_free_p(struct passwords **passwords);
/* Too easy? Then *why says what is wrong. `personal`: login, name, organisation. */
bool password_weak(const struct passwords *passwords, struct str password, const struct strings *personal, struct note *why);

#endif
