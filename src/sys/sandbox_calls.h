/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sandbox_calls: the lists of system calls behind sys/sandbox.h, by name, as a seccomp filter.
 */
#ifndef WARD_SYS_SANDBOX_CALLS_H
#define WARD_SYS_SANDBOX_CALLS_H

#include "base/err.h"

/* Load libseccomp; -ENOENT when it is not there. */
int sandbox_calls_prepare(struct err *err) MUST_USE;
/* From now on only calls of these sets (enum sandbox_calls). -ENOENT as above; -EINVAL, -ENOSYS: the kernel cannot. */
int sandbox_calls_enter(unsigned sets, struct err *err) MUST_USE;

#endif
