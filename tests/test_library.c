/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "sys/library.h"

#define GNUTLS_FUNCTIONS(X) X(gnutls_check_version) X(gnutls_strerror)
LIBRARY(gnutls_library, "libgnutls.so.30", GNUTLS_FUNCTIONS);

#define ABSENT_FUNCTIONS(X) X(abort)
LIBRARY(absent_library, "libward-test-absent.so.1", ABSENT_FUNCTIONS);

/* Declared, defined nowhere. */
int ward_test_no_such_function(void);
#define LACKING_FUNCTIONS(X) X(gnutls_strerror) X(ward_test_no_such_function)
LIBRARY(lacking_library, "libgnutls.so.30", LACKING_FUNCTIONS);

static void functions_can_be_called(void **state)
{
	(void)state;
	struct err err = { 0 };
	const struct gnutls_library *tls = NULL, *again = NULL;
	assert_int_equal(LIBRARY_GET(gnutls_library, &tls, &err), 0);
	assert_int_equal(LIBRARY_GET(gnutls_library, &again, &err), 0);
	assert_ptr_equal(tls, again);
	assert_non_null(tls->gnutls_check_version("3.7.0"));
	assert_string_equal(tls->gnutls_strerror(GNUTLS_E_SUCCESS), "Success.");
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	struct err err = { 0 };
	const struct absent_library *absent = NULL;
	assert_int_equal(LIBRARY_GET(absent_library, &absent, &err), -ENOENT);
	assert_string_equal(err.text, "libward-test-absent.so.1 is not installed");
	assert_null(absent);
	const struct lacking_library *lacking = NULL;
	assert_int_equal(LIBRARY_GET(lacking_library, &lacking, &err), -ENOSYS);
	assert_string_equal(err.text, "libgnutls.so.30 has no ward_test_no_such_function");
	assert_null(lacking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_can_be_called),
		cmocka_unit_test(what_is_missing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
