/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * err: what went wrong, in words for a person.
 *
 * Every function that can fail takes a `struct err *` last and returns 0, or a negative errno.
 * The text starts empty; the function that notices the failure sets it, and callers put context
 * in front on the way out: "checks/ssh.yaml:12:5: unknown key 'sevrity'". The struct lives on the
 * caller's stack and owns nothing. A NULL err is allowed and means that nobody wants the words.
 */
#ifndef WARD_BASE_ERR_H
#define WARD_BASE_ERR_H

#include <errno.h>
#include <stdarg.h>

#include "base/macro.h"

struct err {
	char text[1024]; /* NUL-terminated, cut when longer */
};

/* Set the text, return `code` (a negative errno). */
int err_set(struct err *err, int code, const char *format, ...) PRINTF(3, 4);

/* Set the text to "<formatted>: <strerror(-code)>", return `code`. */
int err_errno(struct err *err, int code, const char *format, ...) PRINTF(3, 4);

/* Put "<formatted>: " in front of the text, return `code`. */
int err_wrap(struct err *err, int code, const char *format, ...) PRINTF(3, 4);

/* The words for an errno, the same in every locale ("permission denied"). */
const char *err_words(int code);

#endif
