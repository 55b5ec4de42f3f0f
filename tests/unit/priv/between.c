/* SPDX-License-Identifier: MIT */
/*
 * A race without a second thread: these stand in for the functions of libc in
 * all that is linked to them, and let a test act before each system call.
 */
#undef _FORTIFY_SOURCE
#include "tests/unit/priv/between.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void (*between_calls)(void);

/* The one that is called where the flags are no constant. */
int __openat_2(int dir, const char *name, int flags);

static void
call(void)
{
	void (*f)(void) = between_calls;

	/* What it does itself is not met again. */
	between_calls = NULL;
	if (f != NULL)
		f();
	between_calls = f;
}

int
openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	call();
	return (int)syscall(SYS_openat, dir, name, flags, mode);
}

int
__openat_2(int dir, const char *name, int flags)
{
	return openat(dir, name, flags);
}

int
unlinkat(int dir, const char *name, int flags)
{
	call();
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

ssize_t
readlink(const char *name, char *out, size_t size)
{
	call();
	return syscall(SYS_readlinkat, AT_FDCWD, name, out, size);
}

ssize_t
readlinkat(int dir, const char *name, char *out, size_t size)
{
	call();
	return syscall(SYS_readlinkat, dir, name, out, size);
}
