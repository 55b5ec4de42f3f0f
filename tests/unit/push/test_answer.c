/* SPDX-License-Identifier: MIT */
/* What of a push service's answer counts, and what is none. */
#include "push/answer.h"

#include <string.h>

#include "tests/unit/check.h"

static bool
parse(const char *text, struct answer *a)
{
	const size_t n = answer_head(text, strlen(text));

	return n > 0 && answer_parse(text, n, a);
}

static void
what_counts(void **state)
{
	struct answer a;

	(void)state;
	assert_true(parse("HTTP/1.1 201 Created\r\n\r\n", &a));
	assert_int_equal(a.status, 201);
	assert_int_equal(a.retry_s, 0);
	assert_true(parse("HTTP/1.0 410\r\n\r\n", &a));
	assert_int_equal(a.status, 410);
	assert_true(parse("HTTP/1.1 429 Slow\r\nA: b\r\nrETRY-after: \t120\r\n"
			  "C: d\r\n\r\n",
	    &a));
	assert_int_equal(a.status, 429);
	assert_int_equal(a.retry_s, 120);
	/* The body is no part of it. */
	assert_true(parse("HTTP/1.1 503 x\r\n\r\nRetry-After: 9\r\n\r\n", &a));
	assert_int_equal(a.retry_s, 0);
}

static void
what_does_not(void **state)
{
	static const char *const none[] = { "", "\r\n\r\n", "HTTP/1.1 201",
		"HTTP/2 201 x\r\n\r\n", "HTTP/1.1  201 x\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n",
		"HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 -20 x\r\n\r\n",
		"SSH-2.0-x\r\n\r\n" };
	static const char *const retries[] = { "Fri, 27 Nov 2026 15:00:00 GMT",
		"-1", "1e3", "86401", "99999999999999999999", "" };
	char text[128];
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (parse(none[i], &a))
			fail_msg("%s", none[i]);
	for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "HTTP/1.1 429 x\r\nRetry-After: %s\r\n\r\n", retries[i]);
		assert_true(parse(text, &a));
		assert_int_equal(a.retry_s, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts),
		cmocka_unit_test(what_does_not),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
