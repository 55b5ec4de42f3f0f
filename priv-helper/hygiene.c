/* SPDX-License-Identifier: MIT */
/*
 * The first thing [main] does (abuse E12). A process inherits more than its
 * arguments, and all of it comes from whoever started us: afterwards nothing
 * of that is left which this code or a child could trip over.
 */
#include "priv-helper/hygiene.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "security/signals.h"

/* Below this a database and logs are not worth starting with. */
#define FSIZE_MIN ((rlim_t)1 << 30)

static int
refuse(int err, char *why, size_t whysize, const char *text)
{
	snprintf(why, whysize, "%s", text);
	return err;
}

void
hygiene_stdio(void)
{
	int fd;

	/* open(2) takes the lowest free number, so this ends above 2. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		_exit(1);
	(void)close(fd);
}

static int
clean_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGTTOU };
	const struct sigaction ign = { .sa_handler = SIG_IGN };
	const struct itimerval off = { .it_value = { 0, 0 } };
	sigset_t none;
	size_t i;

	if (signals_default() < 0)
		return -errno;
	/* A log nobody reads must not end us; C1 sets these back. */
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (sigaction(ignored[i], &ign, NULL) < 0)
			return -errno;
	/* An alarm set before exec would still go off. */
	if (setitimer(ITIMER_REAL, &off, NULL) < 0 ||
	    setitimer(ITIMER_VIRTUAL, &off, NULL) < 0 ||
	    setitimer(ITIMER_PROF, &off, NULL) < 0)
		return -errno;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int
raise_limit(int resource, struct rlimit *r)
{
	if (getrlimit((__rlimit_resource_t)resource, r) < 0)
		return -errno;
	r->rlim_cur = r->rlim_max;
	if (setrlimit((__rlimit_resource_t)resource, r) < 0)
		return -errno;
	return 0;
}

static int
clean_limits(struct hygiene *h, char *why, size_t whysize)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return refuse(-errno, why, whysize, "cannot read limits");
	h->nofile = r.rlim_cur;
	if (raise_limit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur < 64)
		return refuse(-EMFILE, why, whysize,
		    "the limit on open files (ulimit -n) is too low");
	if (raise_limit(RLIMIT_FSIZE, &r) < 0 || r.rlim_cur < FSIZE_MIN)
		return refuse(-EFBIG, why, whysize,
		    "the limit on file size (ulimit -f) is below 1 GiB");
	if (getrlimit(RLIMIT_CORE, &r) == 0) {
		/* Not the hard limit: a login may raise its own again. */
		r.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &r);
	}
	return 0;
}

static int
clean_descriptors(int first, int keep)
{
	int fd;

	for (fd = 3; fd < first; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	if (keep < first)
		return syscall(SYS_close_range, first, ~0u, 0) < 0 ? -errno : 0;
	if (keep > first && syscall(SYS_close_range, first, keep - 1, 0) < 0)
		return -errno;
	if (syscall(SYS_close_range, keep + 1, ~0u, 0) < 0)
		return -errno;
	return fcntl(keep, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int
hygiene_clean(struct hygiene *h, int first, int keep, char *why, size_t whysize)
{
	int err;

	/* Set-id or file capabilities: not how this is meant to be run. */
	if (getauxval(AT_SECURE) != 0)
		return refuse(-EPERM, why, whysize,
		    "rdv-helper must not be installed set-uid, set-gid or "
		    "with file capabilities");
	if (clean_signals() < 0)
		return refuse(-errno, why, whysize, "cannot reset signals");
	(void)umask(077);
	if (chdir("/") < 0)
		return refuse(-errno, why, whysize, "cannot change to /");
	if (clearenv() != 0)
		return refuse(-ENOMEM, why, whysize, "out of memory");
	err = clean_limits(h, why, whysize);
	if (err != 0)
		return err;
	if (clean_descriptors(first, keep) < 0)
		return refuse(-errno, why, whysize,
		    "cannot close inherited descriptors");
	/* Same-uid processes must not read or trace us (H20). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return refuse(-errno, why, whysize, "cannot leave dumpable");
	return 0;
}
