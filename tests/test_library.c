/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "sys/library.h"

#define TLS_FUNCTIONS(X) X(gnutls_check_version) X(gnutls_strerror)
LIBRARY(tls, "libgnutls.so.30", TLS_FUNCTIONS);

#define ABSENT_FUNCTIONS(X) X(abort)
LIBRARY(absent, "libward-test-absent.so.1", ABSENT_FUNCTIONS);

/* Declared, defined nowhere. */
int ward_test_no_such_function(void);
#define LACKING_FUNCTIONS(X) X(gnutls_strerror) X(ward_test_no_such_function)
LIBRARY(lacking, "libgnutls.so.30", LACKING_FUNCTIONS);

static void functions_can_be_called(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_null(tls.gnutls_strerror);
	assert_int_equal(LIBRARY_LOAD(tls, &err), 0);
	assert_int_equal(LIBRARY_LOAD(tls, &err), 0);
	assert_non_null(tls.gnutls_check_version("3.7.0"));
	assert_string_equal(tls.gnutls_strerror(GNUTLS_E_SUCCESS), "Success.");
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(LIBRARY_LOAD(absent, &err), -ENOENT);
	assert_string_equal(err.text, "libward-test-absent.so.1 is not installed");
	assert_null(absent.abort);
	assert_int_equal(LIBRARY_LOAD(lacking, &err), -ENOSYS);
	assert_string_equal(err.text, "libgnutls.so.30 has no ward_test_no_such_function");
	assert_int_equal(LIBRARY_LOAD(lacking, &err), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_can_be_called),
		cmocka_unit_test(what_is_missing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
