/* SPDX-License-Identifier: MIT */
/* Messages with a length in front: whole ones, halves, and what is none. */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/js.h"

static struct js *
number(int64_t n)
{
	struct js *o = js_object();

	js_add_int(o, "n", n);
	return o;
}

static void
what_is_put_is_got(void **state)
{
	struct js *v = NULL;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	frame_put(&b, number(1));
	frame_put(&b, number(2));
	assert_true(buf_ok(&b));
	assert_memory_equal(b.data, "\0\0\0\7{\"n\":1}\0\0\0\7", 15);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(frame_get(&b, 7, &v), 0);
		assert_int_equal(js_int(v, "n", 0), i);
		js_free(v);
	}
	assert_int_equal(frame_get(&b, 7, &v), RDV_E_BUSY);
	/* Nothing is kept of what was taken: there is room again. */
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void
it_comes_byte_by_byte(void **state)
{
	struct buf all, b;
	struct js *v = NULL;

	(void)state;
	buf_init(&all, 100);
	buf_init(&b, 100);
	frame_put(&all, number(3));
	for (size_t i = 0; i < all.len; i++) {
		assert_int_equal(frame_get(&b, 100, &v), RDV_E_BUSY);
		buf_put(&b, all.data + i, 1);
	}
	assert_int_equal(frame_get(&b, 100, &v), 0);
	js_free(v);
	buf_done(&all);
	buf_done(&b);
}

static int
got(const char *bytes, size_t len)
{
	struct js *v = NULL;
	struct buf b;
	int err;

	buf_init(&b, 100);
	buf_put(&b, bytes, len);
	err = frame_get(&b, 7, &v);
	if (err == 0)
		js_free(v);
	buf_done(&b);
	return err;
}

static void
what_is_no_message(void **state)
{
	(void)state;
	assert_int_equal(got("\0\0\0\2{}", 6), 0);
	assert_int_equal(got("\0\0\0\2[]", 6), RDV_E_MALFORMED);
	assert_int_equal(got("\0\0\0\2{x", 6), RDV_E_MALFORMED);
	assert_int_equal(got("\0\0\0\0", 4), RDV_E_MALFORMED);
	/* Known before any of it has come. */
	assert_int_equal(got("\0\0\0\10", 4), RDV_E_TOO_BIG);
	assert_int_equal(got("\377\377\377\377", 4), RDV_E_TOO_BIG);
}

static void
too_much_to_put(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	frame_put(&b, number(1));
	assert_false(buf_ok(&b));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_got),
		cmocka_unit_test(it_comes_byte_by_byte),
		cmocka_unit_test(what_is_no_message),
		cmocka_unit_test(too_much_to_put),
	};

	return CHECK_RUN("lib/frame", tests);
}
