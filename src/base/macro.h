/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * macro: the few compiler words the whole tree uses.
 *
 * Cleanup: `CLEANUP(x_free_p) struct x *x` frees at the end of the scope; `TAKE(x)` hands the
 * value out and leaves NULL behind.
 */
#ifndef WARD_BASE_MACRO_H
#define WARD_BASE_MACRO_H

#define PRINTF(text, first)  __attribute__((format(printf, text, first)))
#define MUST_USE              __attribute__((warn_unused_result))
#define UNUSED                __attribute__((unused))
#define CLEANUP(function)     __attribute__((cleanup(function)))
#define COUNT(array)          (sizeof(array) / sizeof((array)[0]))
#define LIKELY(x)             __builtin_expect(!!(x), 1)
#define UNLIKELY(x)           __builtin_expect(!!(x), 0)

#define TAKE(pointer)                          \
	({                                     \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;              \
		taken_;                        \
	})

/* Each evaluates its arguments twice: no side effects in them. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
