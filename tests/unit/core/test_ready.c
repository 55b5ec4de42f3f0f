/* SPDX-License-Identifier: MIT */
/* Who waits for rdvd is told once: when it knows its runs, or at last. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/ready.h"

struct fx {
	struct loop *loop;
	struct ready *ready;
	int fd; /* what the waiting one has */
};

static int
setup(void **state)
{
	static struct fx fx;
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	fx.loop = loop_new();
	fx.fd = p[0];
	fx.ready = ready_new(fx.loop, p[1], "/base");
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	ready_free(fx->ready);
	loop_free(fx->loop);
	return close(fx->fd);
}

/* What there is to read by now: 'E' for the end, '-' for nothing yet. */
static char
heard(const struct fx *fx)
{
	char c;
	ssize_t n = read(fx->fd, &c, 1);

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	return (char)(n == 1 ? c : n == 0 ? 'E' : '-');
}

static void
told_once(void **state)
{
	struct fx *fx = *state;

	assert_int_equal(heard(fx), '-');
	ready_tell(fx->ready);
	ready_tell(fx->ready);
	assert_int_equal(heard(fx), '1');
	assert_int_equal(heard(fx), 'E');
}

/* The end tells as well: it will not be ready any more. */
static void
told_that_there_is_none(void **state)
{
	struct fx *fx = *state;

	ready_free(fx->ready);
	fx->ready = NULL;
	assert_int_equal(heard(fx), 'E');
}

static void
heard_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	loop_stop(arg);
}

/* Nobody tells it anything: there is no helper. */
static void
told_at_last(void **state)
{
	struct fx *fx = *state;
	struct loop_watch *w =
	    loop_watch_new(fx->loop, fx->fd, LOOP_READ, heard_cb, fx->loop);

	loop_run(fx->loop);
	loop_watch_free(w);
	assert_int_equal(heard(fx), '1');
	assert_int_equal(heard(fx), 'E');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(told_that_there_is_none, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(told_at_last, setup, teardown),
	};

	return CHECK_RUN("core/ready", tests);
}
