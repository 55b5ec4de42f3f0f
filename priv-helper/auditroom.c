/* SPDX-License-Identifier: MIT */
/*
 * Room for the log on a full disk (abuse D09). The program that fills the disk
 * can be stopped only with a record of the signal, so the space for that is
 * taken beforehand; what begins new things is refused as soon as no more can
 * be, while there is still enough to end them all.
 */
#include "priv-helper/auditroom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/auditchain.h"
#include "lib/log.h"
#include "lib/path.h"
#include "security/mutant.h"

/* So that not every record has to ask for more: about fifty of them. */
#define STEP (16 << 10)
/* A head is half a kibibyte; no block is larger than it has to be. */
#define HEAD_ROOM 4096
#define SPARE	  AUDIT_HEAD ".spare"

/* The file does not grow by it: whoever reads the log sees records alone. */
static int
take(struct auditroom *r, int fd, off_t from, off_t len)
{
	if (!mutant("audit-room") &&
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, from, len) == 0)
		return 0;
	if (!mutant("audit-room") && errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	r->none = true;
	log_warnx("audit",
	    "this file system keeps no room for records: on a full disk no "
	    "run can be stopped");
	return 0;
}

static int
open_spare(int dir)
{
	const int fd = openat(dir, SPARE,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int
take_spare(struct auditroom *r, int dir)
{
	const int fd = open_spare(dir);
	int err = fd < 0 ? fd : take(r, fd, 0, HEAD_ROOM);

	if (fd >= 0)
		(void)close(fd);
	return err;
}

static void
say(const struct auditroom *r, int err)
{
	if (r->low)
		log_errorx("audit",
		    "no room for more records: %s; starts and logins are "
		    "refused from now on",
		    strerror(-err));
	else
		log_info("audit", "there is room for records again");
}

int
auditroom_take(struct auditroom *r, int dir, int file, off_t size)
{
	int err;

	if (r->none)
		return 0;
	err = take(r, file, size, AUDIT_ROOM + STEP);
	if (err == 0 && !r->none)
		err = take_spare(r, dir);
	if (err == 0)
		r->end = size + AUDIT_ROOM + STEP;
	return err;
}

int
auditroom_renew(struct auditroom *r, int dir, int file, off_t size)
{
	int err;

	if (!r->low && r->end - size >= AUDIT_ROOM)
		return 0;
	err = auditroom_take(r, dir, file, size);
	if (r->low != (err != 0)) {
		r->low = err != 0;
		say(r, err);
	}
	return err;
}

bool
auditroom_scarce(const struct auditroom *r, off_t size)
{
	return r->low && r->end - size < AUDIT_ROOM / 2;
}

/*
 * The two files change their names, so that the place of the one before is
 * kept for the one after, at every moment.
 */
static int
write_spare(int dir, const void *p, size_t len)
{
	const int fd = open_spare(dir);
	int err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, p, len) != (ssize_t)len || ftruncate(fd, (off_t)len) < 0)
		err = -ENOSPC;
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err == 0 &&
	    renameat2(dir, SPARE, dir, AUDIT_HEAD, RENAME_EXCHANGE) < 0)
		err = -errno;
	if (err == 0 && fsync(dir) < 0)
		err = -errno;
	return err;
}

int
auditroom_head(int dir, const void *p, size_t len)
{
	/* The first head has nothing to change places with. */
	if (write_spare(dir, p, len) == 0)
		return 0;
	return path_write_private(dir, AUDIT_HEAD, p, len);
}
