/* SPDX-License-Identifier: MIT */
/*
 * rdv-helper [audit]: alone holds the key and the file of the log of privileged
 * acts. It takes records from [ops] and [main], writes them and says so; a
 * taken-over [ops] can add to the log and change nothing that stands in it. It
 * can do nothing else: no capability, no file outside of its directory, no
 * process, no socket.
 */
#include "priv-helper/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/auditcrypt.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/auditlog.h"
#include "priv-helper/auditmsg.h"
#include "security/confine.h"

/* When [main] is gone, [ops] has this long for what it has to say. */
#define LAST_MS 10000

struct audit {
	int main, ops; /* -1: gone, not there yet */
	struct auditlog log;
};

static void
read_boot(char out[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 36);

	if (fd >= 0)
		(void)close(fd);
	out[36] = '\0';
	if (n != 36)
		(void)str_copy(out, "unknown", 37);
}

/* The lock is for a [main] that was killed: its [audit] may still write. */
static int
open_dir(const char *path)
{
	int dir = path_private_dir(AT_FDCWD, path);

	if (dir < 0)
		fatalx("audit", "%s: %s", path,
		    dir == -EPERM ? "not ours, or open to others; needs mode "
				    "0700"
				  : strerror(-dir));
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		fatal("audit", "%s is in use", path);
	return dir;
}

static void
answer(int sock, const struct audit_msg *m, int err, const char *why)
{
	struct audit_ack ack;

	memset(&ack, 0, sizeof(ack));
	ack.id = m->id;
	ack.ok = err == 0;
	snprintf(ack.why, sizeof(ack.why), "%s", why);
	(void)seqpkt_send(sock, &ack, sizeof(ack), NULL);
}

/* False: the sender is gone, or broken. */
static bool
take(struct audit *a, int sock, const char *by, const void *p, size_t len)
{
	char why[AUDIT_WHY] = "";
	struct audit_msg m;
	struct buf b;
	int err;

	buf_wrap(&b, p, len);
	if (!auditmsg_get(&b, &m)) {
		log_errorx("audit", "malformed record from %s", by);
		return false;
	}
	err = auditlog_add(&a->log, by, &m, why);
	if (err != 0)
		log_errorx("audit", "a record of %s is refused: %s", by, why);
	if (m.ack == 1)
		answer(sock, &m, err, why);
	auditmsg_done(&m);
	buf_done(&b);
	return true;
}

static void
drop(int *sock)
{
	if (*sock >= 0)
		(void)close(*sock);
	*sock = -1;
}

static void
read_ops(struct audit *a)
{
	uint8_t packet[SEQPKT_MAX];
	long n = seqpkt_recv(a->ops, packet, sizeof(packet), NULL);

	if (n == -EAGAIN)
		return;
	if (n <= 0 || !take(a, a->ops, "ops", packet, (size_t)n))
		drop(&a->ops);
}

/* A descriptor is the way to a new [ops]; all else is a record. */
static void
read_main(struct audit *a)
{
	uint8_t packet[SEQPKT_MAX];
	struct seqpkt_fds fds = { .n = 0 };
	long n = seqpkt_recv(a->main, packet, sizeof(packet), &fds);

	if (n == -EAGAIN)
		return;
	if (n > 0 && fds.n == 1) {
		drop(&a->ops);
		a->ops = fds.fd[0];
		return;
	}
	seqpkt_fds_close(&fds);
	if (n <= 0 || !take(a, a->main, "main", packet, (size_t)n))
		drop(&a->main);
}

static int
patience(int64_t next, int64_t deadline)
{
	const int64_t now = clock_mono_ms();

	if (deadline != 0 && (next == 0 || deadline < next))
		next = deadline;
	if (next == 0)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

static void
turn(struct audit *a, int64_t deadline)
{
	struct pollfd p[2] = { { .fd = a->main, .events = POLLIN },
		{ .fd = a->ops, .events = POLLIN } };
	const int64_t next = auditlog_settle(&a->log, false);

	if (poll(p, 2, patience(next, deadline)) < 0 && errno != EINTR)
		fatal("audit", "poll");
	if (p[1].revents != 0)
		read_ops(a);
	if (p[0].revents != 0)
		read_main(a);
}

_Noreturn void
audit_serve(const struct audit_args *args)
{
	struct audit *a = xcalloc(1, sizeof(*a));
	char why[256];
	int64_t deadline;
	int dir;

	(void)prctl(PR_SET_NAME, "rdv-audit");
	a->main = args->main;
	a->ops = -1;
	if (!auditcrypt_load(why, sizeof(why)))
		fatalx("audit", "%s", why);
	read_boot(a->log.boot);
	dir = open_dir(args->dir);
	if (confine_audit(dir, why, sizeof(why)) != 0)
		fatalx("audit", "%s", why);
	if (why[0] != '\0')
		log_warnx("audit", "confined, but %s", why);
	auditlog_open(&a->log, dir);
	while (a->main >= 0)
		turn(a, 0);
	deadline = clock_mono_ms() + LAST_MS;
	while (a->ops >= 0 && clock_mono_ms() < deadline)
		turn(a, deadline);
	(void)auditlog_settle(&a->log, true);
	exit(0);
}
