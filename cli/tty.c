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

/* Signals that end a process through a bug: restore, then die of them. */
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

void
tty_restore(void)
{
	int fd = raw_fd;

	/* TCSANOW: a terminal stopped by Ctrl-S would never drain. */
	if (fd != -1)
		(void)tcsetattr(fd, TCSANOW, &saved);
	raw_fd = -1;
}

static void
crash_cb(int signo)
{
	int fd = raw_fd;

	/* tcsetattr(3) is async-signal-safe. */
	if (fd != -1)
		(void)tcsetattr(fd, TCSANOW, &saved);
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

	if (tcgetattr(fd, &saved) == -1)
		return -errno;
	if (!registered) {
		(void)atexit(tty_restore);
		watch_crashes();
		registered = true;
	}
	raw = saved;
	cfmakeraw(&raw);
	raw_fd = fd;
	if (tcsetattr(fd, TCSANOW, &raw) == -1) {
		raw_fd = -1;
		return -errno;
	}
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

int
tty_reopen(int fd)
{
	char path[64];
	int out;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return out == -1 ? -errno : out;
}
