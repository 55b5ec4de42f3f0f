/* SPDX-License-Identifier: MIT */
/*
 * The record of every attempt to prove an identity and of what was done to
 * credentials. It names tokens by id, so that it can be shown to anybody who
 * may see the host's logs.
 */
#include "daemon/auth/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bucket.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define AUDIT_NAME "audit.log"
#define AUDIT_KEEP 3
#define AUDIT_LINE 2048

/*
 * With all kinds at this rate and 150 bytes a line, four files of the default
 * size still hold most of a day.
 */
#define ATTEMPTS_PER_MIN 120
#define ATTEMPTS_BURST	 1000

struct audit {
	int dir, fd;
	int64_t size, max;
	uint64_t errors;
	uint64_t left_out, told; /* attempts without a line, ever and so far */
	struct bucket attempts[AUDIT_KINDS];
	bool torn; /* the last line was cut short by a full disk */
};

/*
 * O_NOFOLLOW and the check for a regular file: the name may be planted (C17).
 */
static int
audit_reopen(struct audit *a)
{
	struct stat st;
	int fd;

	fd = openat(a->dir, AUDIT_NAME,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -EINVAL;
	}
	if (a->fd >= 0)
		(void)close(a->fd);
	a->fd = fd;
	a->size = st.st_size;
	return 0;
}

int
audit_open(struct audit **out, const char *dir, int64_t max)
{
	struct audit *a = xcalloc(1, sizeof(*a));
	int err;

	a->fd = -1;
	a->max = max;
	for (size_t i = 0; i < AUDIT_KINDS; i++)
		bucket_init(&a->attempts[i], ATTEMPTS_PER_MIN, ATTEMPTS_BURST,
		    clock_mono_ms());
	/* Kept for rotation: paths may be closed to rdvd by then. */
	a->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = a->dir < 0 ? -errno : audit_reopen(a);
	if (err != 0) {
		audit_close(a);
		return err;
	}
	*out = a;
	return 0;
}

void
audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	if (a->fd >= 0)
		(void)close(a->fd);
	if (a->dir >= 0)
		(void)close(a->dir);
	free(a);
}

/* Failing here only means that the file grows on. */
static void
audit_rotate(struct audit *a)
{
	char from[32], to[32];

	/* From the oldest on, so that each makes room for the one before. */
	for (int i = AUDIT_KEEP - 1; i >= 0; i--) {
		(void)snprintf(from, sizeof(from), i > 0 ? "%s.%d" : "%s",
		    AUDIT_NAME, i);
		(void)snprintf(to, sizeof(to), "%s.%d", AUDIT_NAME, i + 1);
		(void)renameat(a->dir, from, a->dir, to);
	}
	if (audit_reopen(a) != 0)
		a->errors++;
}

static void
put_time(struct buf *b)
{
	int64_t now = clock_wall_ms();
	time_t s = (time_t)(now / 1000);
	struct tm tm;
	char text[32];

	(void)gmtime_r(&s, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(b, "ts=%s.%03dZ", text, (int)(now % 1000));
}

/* Escaped, so that no value can look like another pair or line (J09). */
static void
put_pair(struct buf *b, const char *key, const char *value)
{
	char text[256] = "-";

	if (value != NULL && *value != '\0')
		(void)str_escape(text, sizeof(text), value,
		    strnlen(value, sizeof(text)));
	buf_printf(b, " %s=%s", key, text);
}

/*
 * A line that a full disk cut short is ended by the next one, so that at most
 * the one that failed is unreadable.
 */
bool
audit_write(struct audit *a, const struct audit_entry *e)
{
	struct buf b;
	ssize_t n;
	bool ok;

	if (a->size >= a->max)
		audit_rotate(a);
	buf_init(&b, AUDIT_LINE);
	if (a->torn)
		buf_put_text(&b, "\n");
	put_time(&b);
	put_pair(&b, "event", e->event);
	put_pair(&b, "result", e->result);
	put_pair(&b, "via", e->via);
	put_pair(&b, "token", e->token);
	put_pair(&b, "user", e->user);
	put_pair(&b, "subject", e->subject);
	buf_printf(&b, " peer_uid=%ld peer_pid=%ld", (long)e->peer_uid,
	    (long)e->peer_pid);
	put_pair(&b, "request", e->request);
	if (a->left_out > a->told)
		buf_printf(&b, " left_out=%llu",
		    (unsigned long long)(a->left_out - a->told));
	buf_put_text(&b, "\n");
	/* One call, so a line is whole or its end is missing. */
	n = write(a->fd, b.data, b.len);
	ok = buf_ok(&b) && n == (ssize_t)b.len;
	if (n > 0) {
		a->size += n;
		a->torn = n != (ssize_t)b.len;
	}
	if (ok)
		a->told = a->left_out;
	a->errors += !ok;
	buf_done(&b);
	return ok;
}

bool
audit_attempt(struct audit *a, const struct audit_entry *e,
    enum audit_kind kind)
{
	if (bucket_take(&a->attempts[kind], clock_mono_ms()))
		return audit_write(a, e);
	a->left_out++;
	return true;
}

void
audit_catch_up(struct audit *a)
{
	struct audit_entry e = {
		.event = "auth",
		.result = "LEFT_OUT",
		.peer_uid = geteuid(),
		.peer_pid = getpid(),
	};

	if (a->left_out > a->told)
		(void)audit_write(a, &e);
}

uint64_t
audit_errors(const struct audit *a)
{
	return a->errors;
}

uint64_t
audit_left_out(const struct audit *a)
{
	return a->left_out;
}
