/* SPDX-License-Identifier: MIT */
/*
 * The second descriptor of a terminal: our own, and below su the shell's.
 */
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/tty.h"
#include "tests/unit/check.h"

static bool
blocks(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

static void
a_terminal_of_ours_stays_blocking(void **state)
{
	int master, slave, screen;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	screen = tty_reopen(slave);
	assert_true(screen >= 0);
	assert_int_equal(tty_raw(slave), 0);
	assert_false(blocks(screen));
	assert_true(blocks(slave));
	tty_restore();
	(void)close(screen);
	(void)close(slave);
	(void)close(master);
}

/* Whoever may not open it may use it, and gives it back as it was. */
static void
a_terminal_of_another_account_is_shared(void **state)
{
	int master, slave, screen;

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(fchmod(slave, 0), 0);
	screen = tty_reopen(slave);
	assert_true(screen >= 0);
	assert_true(blocks(slave));
	assert_int_equal(tty_raw(slave), 0);
	assert_false(blocks(screen));
	tty_restore();
	assert_true(blocks(slave));
	(void)close(screen);
	(void)close(slave);
	(void)close(master);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_of_ours_stays_blocking),
		cmocka_unit_test(a_terminal_of_another_account_is_shared),
	};

	return CHECK_RUN("tty", tests);
}
