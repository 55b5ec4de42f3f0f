/* SPDX-License-Identifier: MIT */
/* What sd_notify(3) and FileDescriptorStoreMax= promise, without systemd. */
#include "tests/priv/rigkeep.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

/* Clear of what is inherited from 3 on. */
#define HIGH 600

void
rigkeep_open(struct rigkeep *k, const char *dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	k->n = 0;
	(void)snprintf(k->path, sizeof(k->path), "%.100s/notify", dir);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%.100s", k->path);
	k->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(k->sock, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
}

void
rigkeep_drop(struct rigkeep *k, struct rigkept *one)
{
	(void)close(one->fd);
	*one = k->kept[--k->n];
}

static void
drop_named(struct rigkeep *k, const char *name)
{
	unsigned i = k->n;

	while (i-- > 0)
		if (strcmp(k->kept[i].name, name) == 0)
			rigkeep_drop(k, &k->kept[i]);
}

void
rigkeep_add(struct rigkeep *k, const char *name, int fd)
{
	assert_true(k->n < RIGKEEP_MAX);
	(void)snprintf(k->kept[k->n].name, sizeof(k->kept[0].name), "%s", name);
	k->kept[k->n++].fd = fd;
}

/* Of two names of one open file systemd keeps the first alone. */
static void
keep(struct rigkeep *k, const char *name, int fd)
{
	unsigned i;

	for (i = 0; i < k->n; i++)
		if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE,
			k->kept[i].fd, fd) == 0)
			break;
	if (i == k->n)
		rigkeep_add(k, name, fd);
	else
		(void)close(fd);
}

/* Each line is one assignment. */
static void
obey(struct rigkeep *k, const char *text, struct seqpkt_fds *fds)
{
	const char *name = strstr(text, "\nFDNAME=");

	name = name != NULL ? name + strlen("\nFDNAME=") : "";
	if (strncmp(text, "FDSTORE=1\n", 10) == 0) {
		assert_int_equal(fds->n, 1);
		assert_non_null(strstr(text, "\nFDPOLL=0\n"));
		keep(k, name, fds->fd[0]);
		return;
	}
	assert_int_equal(fds->n, 0);
	if (strncmp(text, "FDSTOREREMOVE=1\n", 16) == 0)
		drop_named(k, name);
	else
		assert_string_equal(text, "READY=1");
}

void
rigkeep_hear(struct rigkeep *k)
{
	struct seqpkt_fds fds;
	char text[512];
	long n;

	while ((n = seqpkt_recv(k->sock, text, sizeof(text) - 1, &fds)) > 0) {
		text[n] = '\0';
		obey(k, text, &fds);
	}
}

void
rigkeep_expect(struct rigkeep *k, unsigned n)
{
	const int64_t deadline = rig_deadline();

	for (;;) {
		rigkeep_hear(k);
		if (k->n == n)
			return;
		if (rig_late(deadline))
			fail_msg("%u are kept and not %u", k->n, n);
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct rigkept *)a)->name,
	    ((const struct rigkept *)b)->name);
}

struct rigkept *
rigkeep_nth(struct rigkeep *k, unsigned i)
{
	assert_true(i < k->n);
	qsort(k->kept, k->n, sizeof(k->kept[0]), by_name);
	return &k->kept[i];
}

void
rigkeep_clear(struct rigkeep *k)
{
	while (k->n > 0)
		rigkeep_drop(k, &k->kept[0]);
}

void
rigkeep_close(struct rigkeep *k)
{
	rigkeep_clear(k);
	(void)close(k->sock);
}

void
rigkeep_give(const struct rigkeep *k)
{
	char text[16], names[RIGKEEP_MAX * 16 + 512] = "";
	unsigned i;

	(void)setenv("NOTIFY_SOCKET", k->path, 1);
	for (i = 0; i < k->n; i++)
		(void)dup2(k->kept[i].fd, HIGH + (int)i);
	for (i = 0; i < k->n; i++) {
		(void)dup2(HIGH + (int)i, 3 + (int)i);
		(void)snprintf(names + strlen(names),
		    sizeof(names) - strlen(names), "%s%s", i > 0 ? ":" : "",
		    k->kept[i].name);
	}
	if (k->n == 0)
		return;
	(void)snprintf(text, sizeof(text), "%d", getpid());
	(void)setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof(text), "%u", k->n);
	(void)setenv("LISTEN_FDS", text, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
}
