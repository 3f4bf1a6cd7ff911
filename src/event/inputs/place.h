/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * place: where a file was read up to, in a form that survives renames, truncation and restarts.
 *
 * A file is known by device and inode, and by a fingerprint of its first bytes, because inodes are given
 * again and `copytruncate` keeps them. As text: "device:inode:offset:line:length:fingerprint:held:encoding:changed", numbers in
 * decimal; several files of one path (the rotated one that is not finished, then the new one) with a blank between.
 */
#ifndef WARD_EVENT_INPUTS_PLACE_H
#define WARD_EVENT_INPUTS_PLACE_H

#include "base/buf.h"

enum { FINGERPRINT_BYTES = 1024, PLACE_MOST = 16 /* in one text */ };

struct place {
	uint64_t device, inode;
	uint64_t offset; /* of the file; of the text inside when it is compressed */
	uint64_t line;   /* lines before it */
	uint64_t length; /* bytes of the fingerprint, at most FINGERPRINT_BYTES; 0: the file was empty */
	uint64_t fingerprint;
	bool held;       /* the parser held records before the offset back, for a join */
	uint64_t changed;  /* its mtime when it was last looked at, nanoseconds */
	uint64_t encoding; /* enum encoding, as far as it is known */
};

void place_add(struct buf *out, const struct place *place);
/* The next of a text; false at its end or when it is none (then nothing more of it is to be trusted). */
bool place_next(struct str *rest, struct place *out);

uint64_t fingerprint_of(struct str head);
/* Take the fingerprint of an open file as far as it goes, up to FINGERPRINT_BYTES. */
void place_take_fingerprint(struct place *place, int fd);
/* Does the file begin as it did when the fingerprint was taken? */
bool place_same_beginning(const struct place *place, int fd);

#endif
