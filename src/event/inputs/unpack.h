/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * unpack: the text inside compressed files and archives, in pieces, by libarchive.
 *
 * gzip, xz, zstd, bzip2 and lz4; tar (also compressed) and zip, member after member. Formats for which libarchive would
 * start a program are not offered. Memory is bounded by the format's window whatever the file claims to hold.
 */
#ifndef WARD_EVENT_INPUTS_UNPACK_H
#define WARD_EVENT_INPUTS_UNPACK_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct unpack;

enum { UNPACK_HEAD = 264 };
/* Is it one of these, by its first UNPACK_HEAD bytes? */
bool unpack_is(struct str head);
/* Load the library now, before a sandbox forbids it; what is missing is told by unpack_open(). */
void unpack_prepare(void);
/* Reads from `fd`, which stays the caller's, from its beginning. */
int unpack_open(int fd, struct unpack **out, struct err *err) MUST_USE;
void unpack_close(struct unpack *unpack);
/* Go to the next member that is a file: 1, and its name, empty when the file has but one without a name; 0: none left. */
int unpack_next(struct unpack *unpack, struct str *name, struct err *err) MUST_USE;
/* Text of the member; 0: its end. */
ssize_t unpack_read(struct unpack *unpack, char *to, size_t room, struct err *err) MUST_USE;
/* Bytes taken from the file. */
uint64_t unpack_taken(const struct unpack *unpack);

#endif
