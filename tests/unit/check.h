/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHECK_H
#define RDV_CHECK_H

/* cmocka.h asks for these to stand before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK_RUN(name, tests) \
	cmocka_run_group_tests_name(name, tests, NULL, NULL)

/* RDV_ONLY=word runs those with it in their names, as in all layers. */
__attribute__((constructor)) static void
check_pick(void)
{
	static char pattern[128];
	const char *word = getenv("RDV_ONLY");

	if (word == NULL || *word == '\0')
		return;
	(void)snprintf(pattern, sizeof(pattern), "*%s*", word);
	cmocka_set_test_filter(pattern);
}

#endif
