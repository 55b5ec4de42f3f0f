/* SPDX-License-Identifier: MIT */
/* What rdv-git answers, read: all of it or nothing, and nothing unprintable. */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/str.h"

static struct git_fact one, two, *const facts[] = { &one, &two };

static void
put(struct buf *b)
{
	static struct git_fact f;

	buf_init(b, 65536);
	gitproto_put_build(b, "b1");
	f = (struct git_fact){ GIT_FOUND, GIT_F_LINKED, "/a\x1b\xff" };
	gitproto_put(b, &f);
	f = (struct git_fact){ GIT_TAKEN, 0, "/a\x1b is there" };
	gitproto_put(b, &f);
}

static void
there_and_back(void **state)
{
	static const char golden[] = "\2\0b1"
				     "\0\1\4\0/a\x1b\xff"
				     "\3\0\f\0/a\x1b is there";
	struct buf b;

	(void)state;
	put(&b);
	assert_int_equal(b.len, sizeof(golden) - 1);
	assert_memory_equal(b.data, golden, b.len);
	assert_int_equal(gitproto_get(&b, "b1", facts, 2), 0);
	assert_int_equal(one.found, GIT_FOUND);
	assert_int_equal(one.flags, GIT_F_LINKED);
	/* A path stays the path it is; a sentence is shown to people. */
	assert_string_equal(one.text, "/a\x1b\xff");
	assert_int_equal(two.found, GIT_TAKEN);
	assert_string_equal(two.text, "/a\\e is there");
	buf_done(&b);
}

static void
of_another_build(void **state)
{
	struct buf b;

	(void)state;
	put(&b);
	assert_int_equal(gitproto_get(&b, "b2", facts, 2), RDV_E_NEWER);
	buf_done(&b);
}

static void
nothing_but_all_of_it(void **state)
{
	struct buf b, part;

	(void)state;
	put(&b);
	for (size_t len = 0; len < b.len; len++) {
		buf_wrap(&part, b.data, len);
		assert_int_equal(gitproto_get(&part, "b1", facts, 2),
		    RDV_E_MALFORMED);
	}
	/* More answers than questions, and the other way round. */
	buf_wrap(&part, b.data, b.len);
	assert_int_equal(gitproto_get(&part, "b1", facts, 1), RDV_E_MALFORMED);
	buf_put_u8(&b, 0);
	buf_wrap(&part, b.data, b.len);
	assert_int_equal(gitproto_get(&part, "b1", facts, 2), RDV_E_MALFORMED);
	buf_done(&b);
}

static void
out_of_its_bounds(void **state)
{
	static char text[GITPROTO_TEXT_MAX + 2];
	struct buf b;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 3; i++) {
		buf_init(&b, 65536);
		gitproto_put_build(&b, "b1");
		buf_put_u8(&b, i == 1 ? GIT_FOUND_MAX : 0);
		buf_put_u8(&b, 0);
		buf_put_str(&b, i == 2 ? text : "x");
		assert_int_equal(gitproto_get(&b, "b1", facts, 1),
		    i == 0 ? 0 : RDV_E_MALFORMED);
		buf_done(&b);
	}
}

/* It is found as a path is, and shown to people: these words and no other. */
static void
abuse_E01_midway_in_these_words(void **state)
{
	(void)state;
	assert_true(gitproto_is_midway("rebase"));
	assert_true(gitproto_is_midway("cherry-pick or revert"));
	assert_false(gitproto_is_midway(""));
	assert_false(gitproto_is_midway("rebase "));
	assert_false(gitproto_is_midway("merge\x1b[2J"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(of_another_build),
		cmocka_unit_test(nothing_but_all_of_it),
		cmocka_unit_test(out_of_its_bounds),
		cmocka_unit_test(abuse_E01_midway_in_these_words),
	};

	return CHECK_RUN("lib/gitproto", tests);
}
