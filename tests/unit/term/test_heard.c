/* SPDX-License-Identifier: MIT */
/* What a program was told, on a disk with room and on one without. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/term/heard.h"
#include "lib/secret.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define ROOM 4096 /* that a file has from the start */

struct fx {
	char dir[64], run[UUID_TEXT];
	int dirfd;
	struct rlimit was;
	struct heard h;
};

static int
setup(void **state)
{
	static struct fx fx;

	memset(&fx, 0, sizeof(fx));
	fx.dirfd = termrig_dir_new(fx.dir);
	uuid_v7(fx.run);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &fx.was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(heard_open(&fx.h, fx.dirfd, fx.run, true), 0);
	*state = &fx;
	return 0;
}

static void
limit(const struct fx *fx, rlim_t bytes)
{
	struct rlimit now = fx->was;

	now.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	limit(fx, fx->was.rlim_cur);
	heard_close(&fx->h);
	close(fx->dirfd);
	termrig_dir_remove(fx->dir);
	return 0;
}

static const char *
key_of(int i)
{
	static char key[32];

	(void)snprintf(key, sizeof(key), "ask-%d", i);
	return key;
}

/* As it is done: the mark, what is said, its key, the mark. */
static void
answer(struct fx *fx, int i)
{
	assert_int_equal(heard_begin(&fx->h), 0);
	heard_answer(&fx->h, key_of(i));
	heard_done(&fx->h, (uint64_t)i + 1);
}

/* How many of the first `n` the next rdvd knows of; -1: it cannot tell. */
static int
known(const struct fx *fx, int n)
{
	struct heard next;
	int found = 0;

	assert_int_equal(heard_open(&next, fx->dirfd, fx->run, false), 0);
	for (int i = 0; i < n; i++)
		found += heard_has_answer(&next, key_of(i));
	if (heard_is_torn(&next))
		found = -1;
	heard_close(&next);
	return found;
}

static void
test_answers_are_kept(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < 1000; i++)
		answer(fx, i);
	assert_int_equal(known(fx, 1000), 1000);
	assert_false(heard_has_answer(&fx->h, key_of(1000)));
	assert_int_equal(heard_begin(&fx->h), 0);
	assert_int_equal(known(fx, 1000), -1);
}

/* Where there is no room for an answer's key, nobody may think it was kept. */
static void
test_no_room(void **state)
{
	struct fx *fx = *state;
	int n = 0;

	limit(fx, ROOM);
	while (!heard_is_torn(&fx->h))
		answer(fx, n++);
	assert_in_range(n, 2, ROOM / 8);
	assert_true(heard_has_answer(&fx->h, key_of(n - 1)));
	assert_int_equal(known(fx, n), -1);
	answer(fx, n++);
	assert_int_equal(known(fx, n), -1);
}

/* And when there is some again, what was missing is written first. */
/* Without a mark nothing is said, and nothing is taken for said. */
static void
test_no_mark(void **state)
{
	struct fx *fx = *state;

	limit(fx, 0);
	assert_int_equal(heard_begin(&fx->h), -EFBIG);
	assert_false(heard_is_torn(&fx->h));
	limit(fx, fx->was.rlim_cur);
	assert_int_equal(heard_begin(&fx->h), 0);
	assert_true(heard_is_torn(&fx->h));
}

static void
test_room_again(void **state)
{
	struct fx *fx = *state;
	int n = 0;

	/* In the midst of a key. */
	limit(fx, ROOM + 4);
	while (!heard_is_torn(&fx->h))
		answer(fx, n++);
	answer(fx, n++);
	assert_int_equal(known(fx, n), -1);
	limit(fx, fx->was.rlim_cur);
	answer(fx, n++);
	assert_false(heard_is_torn(&fx->h));
	assert_int_equal(known(fx, n), n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_answers_are_kept),
		T(test_no_room),
		T(test_no_mark),
		T(test_room_again),
	};

	return CHECK_RUN("heard", tests);
}
