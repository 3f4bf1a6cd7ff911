/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/start.h"

#include <gcrypt.h>
#include <pthread.h>

enum { SECRET_MEMORY = 32 * 1024 };

static void start_once(void)
{
	/* Before anything else, as it must be: the kernel's generator, which a sandboxed process can ask, too. */
	gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_SYSTEM);
	gcry_check_version(NULL);
	/* Where it may not be locked it is wiped all the same; nothing is printed about that. */
	gcry_control(GCRYCTL_SUSPEND_SECMEM_WARN);
	gcry_control(GCRYCTL_INIT_SECMEM, SECRET_MEMORY, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

/* Threads that start libgcrypt at the same time are at times refused an algorithm. */
void crypto_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_once);
}

#if defined(__SANITIZE_ADDRESS__)
/* The generator of libgcrypt keeps its only pointer to 128 KiB of its own in the locked pool, where the leak
 * sanitizer does not look. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgcrypt.so.20\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}
#endif
