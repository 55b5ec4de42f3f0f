/* SPDX-License-Identifier: MIT */
/*
 * For an rdvd that keeps the log only, which its viewers are served from: no
 * index of when what came, no checkpoints. The linker puts these functions into
 * the callers' hands (--wrap); everything else is the released code.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>

#include "daemon/term/runlog.h"

struct term;
long
__wrap_runlog_splice(struct runlog *l, int pipe, size_t len, uint8_t stream);
void __wrap_screen_grown(struct term *t);

long
__wrap_runlog_splice(struct runlog *l, int pipe, size_t len, uint8_t stream)
{
	loff_t at = (loff_t)l->size;
	ssize_t n;

	(void)stream;
	do {
		n = splice(pipe, NULL, l->fd, &at, len,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->size += (uint64_t)n;
	return n;
}

void
__wrap_screen_grown(struct term *t)
{
	(void)t;
}
