#pragma once

/* The end of every unit test's main(). Here and not in a source file: each test is one file. */

#include <check.h>
#include <stdlib.h>

/* Runs the suite, each test in a process of its own unless CK_FORK=no. The exit code. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
