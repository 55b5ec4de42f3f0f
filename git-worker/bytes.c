/* SPDX-License-Identifier: MIT */
/*
 * Bytes from one file to another, for what is copied because it cannot be
 * renamed. Invariant: 0 means all of them; what a signal or a short write cuts
 * off is gone on with. Whether they are on the disk is the caller's to ask.
 */
#include "git-worker/bytes.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK 65536

static int
write_all(int out, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(out, p, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
bytes_copy(int in, int out)
{
	static char chunk[CHUNK];
	ssize_t n;
	int err = 0;

	while (err == 0 && (n = read(in, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			err = write_all(out, chunk, (size_t)n);
		else if (errno != EINTR)
			err = -errno;
	}
	return err;
}
