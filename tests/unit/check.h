/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHECK_H
#define RDV_CHECK_H

/* cmocka.h asks for these to stand before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHECK_RUN(name, tests) \
	cmocka_run_group_tests_name(name, tests, NULL, NULL)

#endif
