/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * library: a shared library that is loaded when it is first needed.
 *
 * Linking GnuTLS, libarchive and their twenty dependencies adds 2 to 5 ms to every start of ward,
 * whatever it does; only two or three tables need them. Their functions are reached through a struct
 * of pointers instead, whose types come from the library's own header, so that the compiler checks
 * every call:
 *
 *	#define FUNCTIONS(X) X(gnutls_global_init) X(gnutls_x509_crt_init)
 *	LIBRARY(tls, "libgnutls.so.30", FUNCTIONS);
 *
 *	int r = LIBRARY_LOAD(tls, err);
 *	...
 *	tls.gnutls_x509_crt_init(&certificate);
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

/* Have these (file names, ends with NULL) in memory before a sandbox closes the way to them: LIBRARY_LOAD finds them there. One
 * that is not installed is left out, as it would be later. */
void library_keep(const char *const *files);

#define LIBRARY_POINTER_(function) __typeof__(&function) function;
#define LIBRARY_NAME_(function)    #function,
/* Define the struct NAME of pointers to one library, NULL until LIBRARY_LOAD. At file scope. */
#define LIBRARY(name, soname, FUNCTIONS)                                                    \
	static struct {                                                                     \
		FUNCTIONS(LIBRARY_POINTER_)                                                 \
	} name;                                                                             \
	static const char *const name##_names[] = { FUNCTIONS(LIBRARY_NAME_) NULL };        \
	_Static_assert(sizeof(name) == (COUNT(name##_names) - 1) * sizeof(void *), "pointers only"); \
	static struct library name##_library = { .file = soname, .names = name##_names,     \
		                                 .functions = (void **)&name }

/* Before the first call, every time: cheap when it is loaded. As library_load(). */
#define LIBRARY_LOAD(name, err) library_load(&name##_library, err)

#endif
