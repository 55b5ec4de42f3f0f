/* SPDX-License-Identifier: MIT */
/* No put passes the maximum, no get passes the end, and failure sticks. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/xalloc.h"

static void
little_endian_there_and_back(void **state)
{
	static const uint8_t want[] = { 0xab, 0x34, 0x12, 0x78, 0x56, 0x34,
		0x12, 8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 'h', 'i', 'x', 'y' };
	struct buf b;
	char text[3], two[2];
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	buf_init(&b, sizeof(want));
	buf_put_u8(&b, 0xab);
	buf_put_u16(&b, 0x1234);
	buf_put_u32(&b, 0x12345678);
	buf_put_u64(&b, 0x0102030405060708);
	buf_put_str(&b, "hi");
	buf_put_text(&b, "xy");
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	assert_true(buf_get_u8(&b, &v8) && v8 == 0xab);
	assert_true(buf_get_u16(&b, &v16) && v16 == 0x1234);
	assert_true(buf_get_u32(&b, &v32) && v32 == 0x12345678);
	assert_true(buf_get_u64(&b, &v64) && v64 == 0x0102030405060708);
	assert_true(buf_get_str(&b, text, 2));
	assert_string_equal(text, "hi");
	assert_int_equal(buf_left(&b), 2);
	assert_false(buf_end(&b));
	assert_true(buf_get(&b, two, 2) && buf_end(&b));
	buf_done(&b);
}

static void
maximum_is_hard_and_failure_sticks(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_put(&b, "abcd", 4);
	assert_true(buf_ok(&b));
	buf_put(&b, NULL, 0);
	assert_true(buf_ok(&b));
	buf_put_u8(&b, 'e');
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 4);
	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	assert_true(buf_ok(&b));
	buf_put(&b, "x", 1);
	assert_string_equal(buf_cstr(&b), "x");
	buf_put(&b, "abcd", 4);
	buf_put_u8(&b, 'y');
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 1);
	buf_done(&b);
	buf_put_u8(&b, 'z');
	assert_false(buf_ok(&b));
}

static void
printf_and_cstr(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	assert_string_equal(buf_cstr(&b), "");
	for (i = 0; i < 100; i++)
		buf_printf(&b, "%03zu,", i);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 400);
	assert_int_equal(strlen(buf_cstr(&b)), 400);
	assert_memory_equal(b.data + 396, "099,", 4);
	buf_printf(&b, "%600d", 1);
	assert_true(buf_ok(&b));
	assert_int_equal(strlen(buf_cstr(&b)), 1000);
	buf_printf(&b, "%c", 'x');
	assert_false(buf_ok(&b));
	buf_done(&b);
}

static void
numbers_as_text(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 45);
	buf_put_dec(&b, 0);
	buf_put_text(&b, " ");
	buf_put_dec(&b, INT64_MAX);
	buf_put_text(&b, " ");
	buf_put_dec(&b, INT64_MIN);
	assert_string_equal(buf_cstr(&b),
	    "0 9223372036854775807 -9223372036854775808");
	buf_put_dec(&b, 1234);
	assert_false(buf_ok(&b));
	buf_done(&b);
}

static void
room_keeps_the_maximum(void **state)
{
	struct buf b;
	uint8_t *at;

	(void)state;
	buf_init(&b, 300);
	buf_reserve(&b, 300);
	assert_true(b.cap > 300);
	at = buf_room(&b, 300);
	assert_ptr_equal(at, b.data);
	assert_int_equal(b.len, 300);
	buf_reserve(&b, 1);
	assert_true(buf_ok(&b));
	assert_null(buf_room(&b, 1));
	assert_false(buf_ok(&b));
	buf_done(&b);
}

static void
wrapped_bytes_are_read_only(void **state)
{
	char bytes[] = "\x01\x02";
	struct buf b;
	uint16_t v;

	(void)state;
	buf_wrap(&b, bytes, 2);
	assert_true(buf_get_u16(&b, &v) && v == 0x0201);
	buf_reset(&b);
	assert_int_equal(buf_left(&b), 2);
	buf_put_u8(&b, 9);
	assert_false(buf_ok(&b));
	assert_string_equal(bytes, "\x01\x02");
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
}

/* A get that fails takes nothing, changes nothing and fails all later ones. */
static void
short_gets_fail_for_good(void **state)
{
	uint64_t v64 = 1;
	uint32_t v32 = 1;
	uint16_t v16 = 1;
	uint8_t v8 = 1;
	struct buf b;

	(void)state;
	buf_wrap(&b, "1234567", 7);
	assert_false(buf_get_u64(&b, &v64));
	assert_false(buf_get_u8(&b, &v8));
	assert_true(v64 == 1 && v8 == 1);
	buf_wrap(&b, "123", 3);
	assert_false(buf_get_u32(&b, &v32));
	buf_wrap(&b, "1", 1);
	assert_false(buf_get_u16(&b, &v16));
	assert_true(v32 == 1 && v16 == 1);
	buf_wrap(&b, "", 0);
	assert_false(buf_get(&b, &v8, 1));
	assert_false(buf_get(&b, &v8, SIZE_MAX));
	assert_false(buf_end(&b));
}

static void
strings_keep_their_bounds(void **state)
{
	char out[4] = "old";
	char *copy;
	struct buf b;

	(void)state;
	buf_wrap(&b, "\x03\0abc", 5);
	assert_true(buf_get_str(&b, out, 3) && buf_end(&b));
	assert_string_equal(out, "abc");
	buf_wrap(&b, "\x03\0abc", 5);
	assert_false(buf_get_str(&b, out, 2));
	assert_false(buf_ok(&b));
	buf_wrap(&b, "\x03\0a\0c", 5);
	assert_false(buf_get_str(&b, out, 3));
	buf_wrap(&b, "\x04\0abc", 5);
	assert_null(buf_get_strdup(&b, 100));
	buf_wrap(&b, "\x01", 1);
	assert_null(buf_get_strdup(&b, 100));
	assert_string_equal(out, "abc");
	buf_wrap(&b, "\0\0", 2);
	copy = buf_get_strdup(&b, 0);
	assert_string_equal(copy, "");
	free(copy);
}

static void
longest_string(void **state)
{
	char *s = xmalloc(65537), *copy;
	struct buf b;

	(void)state;
	memset(s, 'a', 65536);
	s[65535] = s[65536] = '\0';
	buf_init(&b, 1 << 20);
	buf_put_str(&b, s);
	assert_true(buf_ok(&b));
	copy = buf_get_strdup(&b, 65535);
	assert_string_equal(copy, s);
	free(copy);
	s[65535] = 'a';
	buf_put_str(&b, s);
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 65537);
	buf_done(&b);
	free(s);
}

static void
secret_is_wiped_by_reset(void **state)
{
	struct buf b;

	(void)state;
	buf_init_secret(&b, 4096);
	buf_put_text(&b, "token");
	assert_memory_equal(b.data, "token", 5);
	buf_reset(&b);
	assert_memory_equal(b.data, "\0\0\0\0\0", 5);
	/* Growth moves the bytes; they must survive it. */
	buf_put_text(&b, "token");
	buf_printf(&b, "%1000d", 1);
	assert_memory_equal(b.data, "token  ", 7);
	assert_int_equal(b.len, 1005);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_endian_there_and_back),
		cmocka_unit_test(maximum_is_hard_and_failure_sticks),
		cmocka_unit_test(printf_and_cstr),
		cmocka_unit_test(numbers_as_text),
		cmocka_unit_test(room_keeps_the_maximum),
		cmocka_unit_test(wrapped_bytes_are_read_only),
		cmocka_unit_test(short_gets_fail_for_good),
		cmocka_unit_test(strings_keep_their_bounds),
		cmocka_unit_test(longest_string),
		cmocka_unit_test(secret_is_wiped_by_reset),
	};

	return CHECK_RUN("buf", tests);
}
