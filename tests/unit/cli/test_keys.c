/* SPDX-License-Identifier: MIT */
/*
 * The detach key among everything else that is typed and pasted.
 */
#include <string.h>

#include "cli/keys.h"
#include "lib/clock.h"
#include "tests/unit/check.h"

#define KEY "\034"

static struct keys keys;
static char got[4096];

static const char *
type(const char *text)
{
	char buf[1024];
	size_t n = strlen(text);

	memcpy(buf, text, n);
	n = keys_feed(&keys, buf, n);
	memcpy(got, buf, n);
	got[n] = '\0';
	return got;
}

static int
setup(void **state)
{
	(void)state;
	memset(&keys, 0, sizeof(keys));
	return 0;
}

static void
typing_passes(void **state)
{
	(void)state;
	assert_string_equal(type("ls -l\r"), "ls -l\r");
	assert_string_equal(type("\003"), "\003");
	assert_int_equal(keys_wait(&keys), -1);
	assert_false(keys.detach);
}

static void
twice_detaches(void **state)
{
	(void)state;
	assert_string_equal(type(KEY), "");
	assert_false(keys.detach);
	assert_string_equal(type(KEY), "");
	assert_true(keys.detach);
}

static void
twice_at_once_detaches(void **state)
{
	(void)state;
	assert_string_equal(type(KEY KEY), "");
	assert_true(keys.detach);
}

static void
once_is_for_the_program(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(type(KEY), "");
	assert_int_equal(keys_tick(&keys, buf), 0);
	assert_true(keys_wait(&keys) > 0);
	clock_shift(1000, 0);
	assert_int_equal(keys_wait(&keys), 0);
	assert_int_equal(keys_tick(&keys, buf), 1);
	assert_int_equal(buf[0], '\034');
	assert_int_equal(keys_wait(&keys), -1);
	/* And the next one is the first of two again. */
	assert_string_equal(type(KEY), "");
	assert_false(keys.detach);
}

static void
what_follows_sets_it_free(void **state)
{
	(void)state;
	assert_string_equal(type(KEY), "");
	assert_string_equal(type("q"), KEY "q");
	assert_string_equal(type(KEY), "");
	assert_false(keys.detach);
}

static void
a_paste_is_data(void **state)
{
	(void)state;
	assert_string_equal(type("a" KEY KEY "b"), "a" KEY KEY "b");
	assert_false(keys.detach);
	assert_string_equal(type(KEY KEY "b"), KEY KEY "b");
	assert_false(keys.detach);
}

static void
other_spellings(void **state)
{
	(void)state;
	assert_string_equal(type("\033[92;5u"), "");
	assert_string_equal(type("\033[27;5;92~"), "");
	assert_true(keys.detach);
	memset(&keys, 0, sizeof(keys));
	assert_string_equal(type("\033[92;5u"), "");
	assert_string_equal(type("\033[A"), "\033[92;5u\033[A");
	assert_false(keys.detach);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(typing_passes),
		T(twice_detaches),
		T(twice_at_once_detaches),
		T(once_is_for_the_program),
		T(what_follows_sets_it_free),
		T(a_paste_is_data),
		T(other_spellings),
	};

	return CHECK_RUN("keys", tests);
}
