/* SPDX-License-Identifier: MIT */
/*
 * rdv-egress of a run whose network is held to a list: made beside its reaper,
 * as the run's account, with nothing of [ops] but one end of a socket pair and
 * the page in which it counts. That page is never read here.
 */
#include "priv-helper/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/egress.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "security/drop.h"
#include "security/mutant.h"
#include "security/signals.h"

/* Clear of the numbers it gets. */
#define PARK_FD 10
/* A socket of the run, one of the host and one for names, of 64 each. */
#define FILES 256
/* Its threads' stacks are most of it; a sanitizer's own is beyond measure. */
#ifdef RDV_SANITIZED
#define MEMORY RLIM_INFINITY
#else
#define MEMORY ((rlim_t)512 << 20)
#endif

void
egress_close(struct egress *e)
{
	if (e->leash >= 0)
		(void)close(e->leash);
	if (e->page >= 0)
		(void)close(e->page);
	e->leash = e->page = -1;
}

static int
fill(int fd, char *const *hosts, const char *rule)
{
	struct egress_page page;

	memset(&page, 0, sizeof(page));
	(void)str_copy(page.rule, rule, sizeof(page.rule));
	for (; *hosts != NULL; hosts++) {
		if (page.n == EGRESS_HOSTS)
			return -E2BIG;
		if (!str_copy(page.rows[page.n++].host, *hosts,
			EGRESS_HOST_MAX + 1))
			return -ENAMETOOLONG;
	}
	if (pwrite(fd, &page, sizeof(page), 0) != (ssize_t)sizeof(page))
		return -EIO;
	/* As long as it is, it stays, whatever who counts in it does. */
	return fcntl(fd, F_ADD_SEALS,
		   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0
		   ? -errno
		   : 0;
}

/*
 * A descriptor to write it, which rdv-egress gets, and *look to read it, which
 * only its owner, who is not rdvd in system mode, could make one to write.
 */
static int
make_page(char *const *hosts, const char *rule, int *look)
{
	int fd = memfd_create("rdv-egress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = fd < 0 ? -errno : fill(fd, hosts, rule);
	char path[32];

	if (err == 0 && fchmod(fd, 0400) < 0)
		err = -errno;
	if (err == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		*look = open(path, O_RDONLY | O_CLOEXEC);
		err = *look < 0 ? -errno : 0;
	}
	if (err == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return err;
}

static bool
limit(int resource, rlim_t max)
{
	const struct rlimit r = { max, max };

	return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

/* Only the numbers of enum in lib/egress.h are left, and an empty stdio. */
static bool
place(int leash, int page, int program)
{
	int from[EGRESS_FDS] = { [EGRESS_LEASH] = leash,
		[EGRESS_PAGE] = page,
		[EGRESS_PROGRAM] = program };
	int i, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (i = 0; i < EGRESS_FDS; i++) {
		from[i] = fcntl(i < EGRESS_LEASH ? null : from[i],
		    F_DUPFD_CLOEXEC, PARK_FD);
		if (from[i] < 0)
			return false;
	}
	for (i = 0; i < EGRESS_FDS; i++)
		if (dup3(from[i], i, i == EGRESS_PROGRAM ? O_CLOEXEC : 0) < 0)
			return false;
	return syscall(SYS_close_range, EGRESS_FDS, ~0u, 0) == 0;
}

/*
 * In the child, with all signals blocked. Like the reaper it is the account's
 * from here on, and has no capability left: the plan is of a run that has
 * namespaces. Like its run it outlives [ops]; it ends with its leash, or by
 * whose child it is when that has ended and it has not.
 */
static _Noreturn void
become(const struct drop_plan *plan, int leash, int page, int program)
{
	char *const argv[] = { (char *)"rdv-egress", NULL }, *env[] = { NULL };
	sigset_t none;

	sigemptyset(&none);
	if (!place(leash, page, program) || setsid() < 0 ||
	    !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
	    !limit(RLIMIT_NOFILE, FILES) || !limit(RLIMIT_AS, MEMORY) ||
	    signals_default() < 0 || drop_to_reaper(plan) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(1);
	(void)syscall(SYS_execveat, EGRESS_PROGRAM, "", argv, env,
	    AT_EMPTY_PATH);
	_exit(1);
}

static int
start(int program, const struct drop_plan *plan, int page, struct egress *out)
{
	sigset_t all, old;
	int pair[2], err = mutant("egress") ? -EIO : seqpkt_pair(pair);

	if (err != 0)
		return err;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	out->pid = fork();
	if (out->pid == 0)
		become(plan, pair[0], page, program);
	err = out->pid < 0 ? -errno : 0;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)close(pair[0]);
	out->leash = pair[1];
	return err;
}

int
egress_start(int program, const struct drop_plan *plan, char *const *hosts,
    const char *rule, struct egress *out)
{
	int page, err;

	*out = (struct egress){ .leash = -1, .page = -1 };
	page = make_page(hosts, rule, &out->page);
	if (page < 0)
		return page;
	err = start(program, plan, page, out);
	(void)close(page);
	if (err != 0) {
		egress_close(out);
		out->pid = 0;
	}
	return err;
}
