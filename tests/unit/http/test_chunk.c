/* SPDX-License-Identifier: MIT */
/* Where a chunked body ends, however it arrives (abuse B06). */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/http/chunk.h"

/* Bytes of the body, or -1; fed `step` bytes at a time. */
static ssize_t
feed(const char *text, size_t step, bool *done)
{
	struct chunk g = { 0 };
	size_t len = strlen(text), used = 0;

	while (used < len && !g.done) {
		size_t n = len - used < step ? len - used : step;
		ssize_t got = chunk_feed(&g, text + used, n);

		if (got < 0)
			return -1;
		assert_true((size_t)got == n || g.done);
		used += (size_t)got;
	}
	*done = g.done;
	return (ssize_t)used;
}

static void
each_step(const char *text, ssize_t want, bool want_done)
{
	bool done = false;

	for (size_t step = 1; step < 12; step++) {
		ssize_t got = feed(text, step, &done);

		if (got != want || (got >= 0 && done != want_done))
			fail_msg("%s: %zd", text, got);
	}
}

static void
bodies(void **state)
{
	(void)state;
	each_step("0\r\n\r\n", 5, true);
	each_step("3\r\nabc\r\n0\r\n\r\n", 13, true);
	each_step("A\r\n0123456789\r\n1\r\n\r\r\n000\r\n\r\n", 28, true);
	each_step("00000001\r\na\r\n0\r\n\r\n", 18, true);
	each_step("3\r\nabc\r\n", 8, false);
	each_step("ffffffff\r\nabc", 13, false);
}

static void
abuse_B06_next_request_is_not_body(void **state)
{
	(void)state;
	each_step("0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 5, true);
	each_step("1\r\na\r\n0\r\n\r\n0\r\n\r\n", 11, true);
}

static void
abuse_B06_broken_chunks(void **state)
{
	static const char *const bad[] = {
		"\r\nabc",
		"x\r\n",
		"-1\r\n",
		"+1\r\na",
		"0x1\r\na",
		" 1\r\na",
		"1 \r\na",
		"1;a=b\r\na\r\n0\r\n\r\n",
		"1\na\n0\n\n",
		"1\r\nab\r\n0\r\n\r\n",
		"3\r\nabcX\n0\r\n\r\n",
		"3\r\nabc\rX0\r\n\r\n",
		"3\rXabc\r\n0\r\n\r\n",
		"3\r\nabc\n0\r\n",
		"0\r\nTrailer: x\r\n\r\n",
		"0\r\n\n",
		"0\r\nXX",
		"0\r\n\rX",
		"000000001\r\na",
		"100000000\r\n",
		"fffffffffffffffff\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		each_step(bad[i], -1, false);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(abuse_B06_next_request_is_not_body),
		cmocka_unit_test(abuse_B06_broken_chunks),
	};

	return CHECK_RUN("chunk", tests);
}
