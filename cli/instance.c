/* SPDX-License-Identifier: MIT */
/*
 * Who runs. A pid by itself may be reused at any moment; so it is pinned by a
 * pidfd and only then checked again: whoever listens after the pidfd was
 * opened is whom it names.
 */
#include "cli/instance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/proc.h"
#include "cli/sock.h"
#include "lib/err.h"
#include "lib/xalloc.h"

#define DIAL_MS 5000

/* glibc 2.36 has pidfd_open(3), older headers have the number only. */
static int
pin(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Connecting is asking the kernel; nothing is sent. */
static int
listener(const struct cli *cli, pid_t *pid, char *why, size_t whysize)
{
	char *path = xasprintf("%s/api.sock", cli->base);
	int fd, rc;

	rc = sock_open(&fd, path, DIAL_MS, pid, why, whysize);
	free(path);
	if (rc == 0)
		(void)close(fd);
	return rc == RDV_E_UNAVAILABLE ? RDV_E_NOT_FOUND : rc;
}

/* `rdv up` is [main]'s parent, unless somebody started rdv-helper by hand. */
static void
find_launcher(struct instance *i)
{
	pid_t parent, again, unused;
	char name[64];

	i->launcher_fd = -1;
	i->launcher = 0;
	if (!proc_stat(i->main, &parent, name, sizeof(name)) || parent <= 1)
		return;
	i->launcher_fd = pin(parent);
	if (i->launcher_fd == -1)
		return;
	/* Still its parent, and an rdv? Then the pidfd names it. */
	if (proc_stat(i->main, &again, name, sizeof(name)) && again == parent &&
	    proc_stat(parent, &unused, name, sizeof(name)) &&
	    strcmp(name, "rdv") == 0) {
		i->launcher = parent;
		return;
	}
	(void)close(i->launcher_fd);
	i->launcher_fd = -1;
}

int
instance_find(const struct cli *cli, struct instance *out, char *why,
    size_t whysize)
{
	struct instance i = { .main_fd = -1, .launcher_fd = -1 };
	pid_t again = 0, parent;
	char name[64] = "";
	int rc;

	rc = listener(cli, &i.main, why, whysize);
	if (rc != 0)
		return rc;
	/*
	 * Then once more: if it still listens, the pidfd is of the right
	 * process.
	 */
	i.main_fd = pin(i.main);
	if (i.main_fd != -1)
		rc = listener(cli, &again, why, whysize);
	if (i.main_fd == -1 || rc != 0 || again != i.main ||
	    !proc_stat(i.main, &parent, name, sizeof(name)) ||
	    strncmp(name, "rdv", 3) != 0) {
		instance_done(&i);
		(void)snprintf(why, whysize,
		    "%s/api.sock answers, but "
		    "process %d, which opened it, is gone",
		    cli->base, (int)i.main);
		return RDV_E_STATE;
	}
	find_launcher(&i);
	*out = i;
	return 0;
}

void
instance_done(struct instance *i)
{
	if (i->main_fd != -1)
		(void)close(i->main_fd);
	if (i->launcher_fd != -1)
		(void)close(i->launcher_fd);
	i->main_fd = i->launcher_fd = -1;
}
