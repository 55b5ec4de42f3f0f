/* SPDX-License-Identifier: MIT */
/*
 * Request targets. paths.txt beside this file is the list that proxy and
 * daemon must agree on; here is the daemon's half.
 */
#include "tests/unit/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/http/target.h"
#include "lib/err.h"

#define LIST "tests/unit/http/paths.txt"

static int
canonical(const char *raw, char *out)
{
	struct target t;

	if (!target_split(raw, strlen(raw), &t))
		return RDV_E_MALFORMED;
	return target_path(t.path, t.path_len, out);
}

static void
abuse_B07_paths(void **state)
{
	char line[256], out[256];
	unsigned good = 0, bad = 0;
	FILE *f = fopen(LIST, "re");

	(void)state;
	if (f == NULL)
		fail_msg("cannot open " LIST "; run from the top of the tree");
	while (fgets(line, sizeof line, f) != NULL) {
		char *want = strchr(line, '\t');
		bool passed;

		if (line[0] == '#')
			continue;
		assert_non_null(want);
		*want++ = '\0';
		want[strcspn(want, "\n")] = '\0';
		passed = canonical(line, out) == 0;
		if (strcmp(passed ? out : "!", want) != 0)
			fail_msg("%s: got %s, want %s", line,
			    passed ? out : "!", want);
		if (passed)
			good++;
		else
			bad++;
	}
	(void)fclose(f);
	assert_true(good > 15 && bad > 40);
}

static void
raw_bytes_in_paths(void **state)
{
	char raw[] = "/aXb", out[8];

	(void)state;
	for (int c = 1; c < 256; c++) {
		bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			  (c >= 'a' && c <= 'z') ||
			  strchr("-._~!$&'()*+,;=:@/", c) != NULL;

		raw[2] = (char)c;
		assert_int_equal(target_path(raw, 4, out),
		    ok ? 0 : RDV_E_MALFORMED);
	}
	assert_int_equal(target_path("/a\0b", 4, out), RDV_E_MALFORMED);
	assert_int_equal(target_path("a", 1, out), RDV_E_MALFORMED);
}

static void
pieces(void **state)
{
	struct target t;

	(void)state;
	assert_true(target_split("http://h:1/p?q", 14, &t));
	assert_int_equal(t.authority_len, 3);
	assert_int_equal(t.path_len, 2);
	assert_int_equal(t.query_len, 1);
	assert_true(target_split("/p?", 3, &t));
	assert_null(t.authority);
	assert_non_null(t.query);
	assert_int_equal(t.query_len, 0);
	assert_true(target_split("/p", 2, &t));
	assert_null(t.query);
	assert_true(target_split("https://h", 9, &t));
	assert_int_equal(t.path_len, 0);
	assert_false(target_split("", 0, &t));
	assert_false(target_split("*", 1, &t));
	assert_false(target_split("p", 1, &t));
	assert_false(target_split("javascript:1", 12, &t));
}

static void
queries(void **state)
{
	static const char *const good[] = { "", "a", "a=b&c=d", "a=%20", "?",
		"a=/../b", "a=[{|}]", "=&=", "a=%c3%a4", "a=%0a" };
	static const char *const bad[] = { "%", "a=%2", "a=%zz", "a=%00",
		"a=%c3", "a=%c3&b=%a4", "a=%ff", "a#b", "a b", "a\x7f",
		"a=\xc3\xa4" };
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (target_query(good[i], strlen(good[i]), out) != 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (target_query(bad[i], strlen(bad[i]), out) == 0)
			fail_msg("passed: %s", bad[i]);
	target_query_decode("a+%2B%c3%a4&", 12, out);
	assert_string_equal(out, "a +\xc3\xa4&");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_B07_paths),
		cmocka_unit_test(raw_bytes_in_paths),
		cmocka_unit_test(pieces),
		cmocka_unit_test(queries),
	};

	return CHECK_RUN("target", tests);
}
