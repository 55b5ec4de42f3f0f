/* SPDX-License-Identifier: MIT */
/* Allocations are zero, aligned, apart from each other, and end together. */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/arena.h"

static void
zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 3, 16, 17, 100, 8192, 1, 20000, 0 };
	const size_t n = sizeof(sizes) / sizeof(sizes[0]);
	struct arena *a = arena_new();
	unsigned char *p[sizeof(sizes) / sizeof(sizes[0])];
	size_t i, k, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < n; i++) {
			p[i] = arena_alloc(a, sizes[i]);
			assert_int_equal((uintptr_t)p[i] %
					     _Alignof(max_align_t),
			    0);
			for (k = 0; k < sizes[i]; k++)
				assert_int_equal(p[i][k], 0);
			memset(p[i], (int)i + 1, sizes[i]);
		}
		for (i = 0; i < n; i++)
			for (k = 0; k < sizes[i]; k++)
				assert_int_equal(p[i][k], i + 1);
		arena_reset(a);
	}
	arena_free(a);
	arena_free(NULL);
}

static void
text(void **state)
{
	struct arena *a = arena_new();
	char *s;

	(void)state;
	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_string_equal(arena_text(a, "abc"), "abc");
	assert_null(arena_text(a, NULL));
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(a, "ab", 3), "ab");
	assert_string_equal(arena_printf(a, "%s/%d", "x", 5), "x/5");
	s = arena_printf(a, "%9000d", 1);
	assert_int_equal(strlen(s), 9000);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_aligned_and_apart),
		cmocka_unit_test(text),
	};

	return CHECK_RUN("arena", tests);
}
