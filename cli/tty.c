/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal. A shell left in raw mode is what people remember of a
 * program, so every way out restores it: exit(3), signals that end us, and
 * crashes.
 */
#include "cli/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t raw_fd = -1;
/* The shell's own description of the screen, where we must share it. */
static int shared_fd = -1, shared_flags;

/* What tty_reopen() gave, for crash_cb(). */
static volatile sig_atomic_t screen_fd = -1;

/* Signals that end a process through a bug: restore, then die of them. */
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS,
	SIGTRAP };

/*
 * What a program behind us had on cannot be asked for in a crash. So it is
 * blind, without what would move the cursor of somebody who had none of it on:
 * mice, focus, pastes, application keys, kitty's keyboard, margins by way of
 * the saved cursor, colours, a hidden cursor, the other screen.
 */
static const char plain[] =
    "\030\033[?1000;1002;1003;1004;1005;1006;1015;1016;2004;2026;1;66l\033>"
    "\033[<16u\033[>4m\033[4l\033(B\033[m\033[?7;25h\0337\033[r\0338"
    "\033[?47l\r\n";

/*
 * TCSANOW: a terminal stopped by Ctrl-S would never drain. Both calls are
 * async-signal-safe.
 */
static void
put_back(int fd)
{
	(void)tcsetattr(fd, TCSANOW, &saved);
	if (shared_fd != -1)
		(void)fcntl(shared_fd, F_SETFL, shared_flags);
}

void
tty_restore(void)
{
	int fd = raw_fd;

	if (fd != -1)
		put_back(fd);
	raw_fd = -1;
}

static void
crash_cb(int signo)
{
	int fd = raw_fd;
	ssize_t n = 0;

	if (fd != -1 && screen_fd != -1)
		n = write(screen_fd, plain, sizeof(plain) - 1);
	(void)n;
	if (fd != -1)
		put_back(fd);
	/* SA_RESETHAND: this one is final. */
	(void)raise(signo);
}

static void
watch_crashes(void)
{
	struct sigaction sa = { .sa_handler = crash_cb,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	size_t i;

	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		(void)sigaction(crashes[i], &sa, NULL);
}

int
tty_raw(int fd)
{
	static bool registered;
	struct termios raw;

	/* Raw already, it was stopped in between: what is now is not ours. */
	if (raw_fd == -1 && tcgetattr(fd, &saved) == -1)
		return -errno;
	if (!registered) {
		(void)atexit(tty_restore);
		watch_crashes();
		registered = true;
	}
	raw = saved;
	cfmakeraw(&raw);
	/* Before the change: a signal in between restores what is saved. */
	raw_fd = fd;
	if (tcsetattr(fd, TCSANOW, &raw) == -1) {
		raw_fd = -1;
		return -errno;
	}
	if (shared_fd != -1)
		(void)fcntl(shared_fd, F_SETFL, shared_flags | O_NONBLOCK);
	return 0;
}

bool
tty_size(int fd, unsigned *cols, unsigned *rows)
{
	struct winsize ws;

	if (ioctl(fd, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0 ||
	    ws.ws_row == 0)
		return false;
	*cols = ws.ws_col;
	*rows = ws.ws_row;
	return true;
}

/*
 * Below su or sudo the terminal belongs to somebody else and cannot be opened
 * again. Its descriptor can still be used, and is non-blocking for the shell
 * as well as long as it is raw.
 */
static int
share(int fd)
{
	int out = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (out == -1)
		return -errno;
	shared_fd = out;
	shared_flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;
	return out;
}

int
tty_reopen(int fd)
{
	char path[64];
	int out;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/*
	 * A description of our own, so that O_NONBLOCK is not the shell's as
	 * well.
	 */
	out = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (out == -1)
		out = errno == EACCES ? share(fd) : -errno;
	screen_fd = out >= 0 ? out : -1;
	return out;
}
