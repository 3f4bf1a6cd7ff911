/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * library: a shared library that is loaded when it is first needed.
 *
 * Linking GnuTLS, libarchive and their twenty dependencies adds 2 to 5 ms to every start of ward,
 * whatever it does; only two or three tables need them. Their functions are reached through a struct
 * of pointers instead, whose types come from the library's own header, so that the compiler checks
 * every call:
 *
 *	#define GNUTLS_FUNCTIONS(X) X(gnutls_global_init) X(gnutls_x509_crt_init)
 *	LIBRARY(gnutls_library, "libgnutls.so.30", GNUTLS_FUNCTIONS);
 *
 *	const struct gnutls_library *tls;
 *	int r = LIBRARY_GET(gnutls_library, &tls, err);
 *	...
 *	tls->gnutls_x509_crt_init(&certificate);
 *
 * A library stays loaded until the process ends. Any thread may ask. The package of a library named
 * here stands by hand in Recommends of debian/control: without it the tables that need it are
 * unavailable, and say so.
 */
#ifndef WARD_SYS_LIBRARY_H
#define WARD_SYS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct library {
	const char *file;         /* "libgnutls.so.30" */
	const char *const *names; /* NULL-terminated; in the order of the pointers */
	void **functions;
	bool ready;               /* guarded by the module's lock */
};

/* 0; -ENOENT when there is no such library, -ENOSYS when it lacks a function. */
int library_load(struct library *library, struct err *err) MUST_USE;

#define LIBRARY_POINTER_(function) __typeof__(&function) function;
#define LIBRARY_NAME_(function)    #function,
/* Define `struct NAME`, the pointers of one library, and what LIBRARY_GET needs. File scope, in one .c. */
#define LIBRARY(name, soname, FUNCTIONS)                                                    \
	struct name {                                                                       \
		FUNCTIONS(LIBRARY_POINTER_)                                                 \
	};                                                                                  \
	static struct name name##_functions;                                                \
	static const char *const name##_names[] = { FUNCTIONS(LIBRARY_NAME_) NULL };        \
	_Static_assert(sizeof(struct name) == (COUNT(name##_names) - 1) * sizeof(void *), "pointers only"); \
	static struct library name##_library = { .file = soname, .names = name##_names,     \
		                                 .functions = (void **)&name##_functions }

/* Load it if need be; *out points at the functions. */
#define LIBRARY_GET(name, out, err)                       \
	({                                                \
		int r_ = library_load(&name##_library, err); \
		if (r_ == 0)                              \
			*(out) = &name##_functions;       \
		r_;                                       \
	})

#endif
