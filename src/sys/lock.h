/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * lock: a file that one process at a time holds (flock(2)), so that two never write the same archive or the same records.
 *
 * The lock goes with the process, however it ends. But a process that was killed is not gone at once: the kernel first lets it finish a
 * write that is under way and takes its memory apart. A supervisor that was killed takes its children with it (PR_SET_PDEATHSIG), and
 * whoever starts ward again right away meets them dying; so a lock that is held is waited for, for LOCK_PATIENCE seconds.
 */
#ifndef WARD_SYS_LOCK_H
#define WARD_SYS_LOCK_H

#include "base/err.h"

enum { LOCK_PATIENCE = 5 };

/* The file is made when it is not there; no symbolic link is followed. 0 and a descriptor that the caller closes to give the lock back;
 * -EBUSY: somebody else holds it, and what that means is the caller's to say (err is left alone); another negative errno with words. */
int lock_take(const char *path, int *out, struct err *err) MUST_USE;

#endif
