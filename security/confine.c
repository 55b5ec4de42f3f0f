/* SPDX-License-Identifier: MIT */
/*
 * The cages of rdvd and of [audit], which each puts itself in. rdvd parses
 * everything untrusted, so what it may still do after a takeover is written
 * here: its state directory, descriptors it holds or is given, threads. It
 * never starts a process, opens a network socket, looks into another process or
 * signals one.
 */
#include "security/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "security/caps.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/mutant.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define DNS_PORT 53

#ifdef RDV_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* A sanitizer looks for leaks in /proc/self and for names in the program. */
static const char *const sanitizer_reads[] = { SANITIZED ? "/" : NULL, NULL };

static int
fail(int err, const char *what, char *why, size_t whysize)
{
	snprintf(why, whysize, "%s: %s", what, strerror(-err));
	return err;
}

/* Neither guard below reaches a thread that runs already. */
static int
alone(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	unsigned n = 0;

	if (d == NULL)
		return -errno;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			n++;
	(void)closedir(d);
	return n == 1 ? 0 : -EBUSY;
}

static int
allow(int ruleset, const char *const *paths, enum landlock_access access,
    char *why, size_t whysize)
{
	int err;

	for (; *paths != NULL; paths++) {
		err = landlock_allow(ruleset, *paths, access);
		if (err != 0)
			return fail(err, *paths, why, whysize);
	}
	return 0;
}

static int
confine_files(const char *const rw[], const char *const ro[], char *why,
    size_t whysize)
{
	int ruleset = landlock_new(false);
	int err;

	if (ruleset < 0)
		return fail(ruleset, "landlock", why, whysize);
	err = allow(ruleset, rw, LANDLOCK_WRITE, why, whysize);
	if (err == 0)
		err = allow(ruleset, ro, LANDLOCK_READ, why, whysize);
	if (err == 0)
		err = allow(ruleset, sanitizer_reads, LANDLOCK_READ, why,
		    whysize);
	if (err == 0 && !mutant("landlock")) {
		err = landlock_restrict(ruleset);
		if (err != 0)
			(void)fail(err, "landlock", why, whysize);
	}
	(void)close(ruleset);
	return err;
}

static int
apply_calls(const struct filter_spec *spec, char *skipped, size_t size)
{
	struct filter f;
	int err = filter_build(&f, spec);

	if (err == 0 && !mutant("seccomp"))
		err = filter_apply(&f);
	if (err == 0)
		snprintf(skipped, size, "%s", f.skipped);
	filter_done(&f);
	return err;
}

/*
 * Threads but no processes; signals to itself alone (abort, raise), and limits
 * of its own, since one on CPU time would end others; no socket but those it
 * holds, and pairs, which are never for datagrams: those could be sent to any
 * path. The terminals it holds must not become a way to type into them, and of
 * the sockets the next rdvd has as well none that listens may be shut: that one
 * would find it ready, and nobody there.
 */
static int
confine_calls(char *skipped, size_t size)
{
	const uint32_t self = (uint32_t)getpid();
	const struct filter_guard guards[] = {
		{ "clone", 0, CLONE_THREAD, false, { CLONE_THREAD }, 1 },
		{ "ioctl", 1, ~0u, true,
		    { TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCSETD }, 4 },
		{ "kill", 0, ~0u, false, { self }, 1 },
		{ "tgkill", 0, ~0u, false, { self }, 1 },
		{ "prlimit64", 0, ~0u, false, { 0 }, 1 },
		{ "socketpair", 0, ~0u, false, { AF_UNIX }, 1 },
		{ "socketpair", 1, 0xf, false, { SOCK_STREAM, SOCK_SEQPACKET },
		    2 },
		{ "shutdown", 1, ~0u, false, { SHUT_WR }, 1 },
		{ "prctl", 0, ~0u, false,
		    { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_DUMPABLE,
			PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
			PR_CAPBSET_READ },
		    8 },
		{ NULL, 0, 0, false, { 0 }, 0 },
	};
	const struct filter_spec spec = { "@daemon", "@daemon-forbidden",
		guards, NULL };

	return apply_calls(&spec, skipped, size);
}

/* Started by root it has them all, and nothing it does needs one. */
static int
confine_capabilities(void)
{
	int err = caps_clear_ambient();

	if (err != 0 || mutant("capabilities"))
		return err;
	err = caps_drop_all();
	return err != 0 ? err : caps_verify_none();
}

int
confine_daemon(const char *const rw[], const char *const ro[], char *why,
    size_t whysize)
{
	char skipped[256] = "";
	const char *missing;
	int err = alone();

	if (err != 0)
		return fail(err, "threads", why, whysize);
	err = confine_capabilities();
	if (err != 0)
		return fail(err, "capabilities", why, whysize);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(-errno, "no_new_privs", why, whysize);
	err = confine_files(rw, ro, why, whysize);
	if (err != 0)
		return err;
	/* Asked before the filter, which forbids the question. */
	missing = landlock_missing(landlock_abi());
	if (!SANITIZED)
		err = confine_calls(skipped, sizeof(skipped));
	if (err != 0)
		return fail(err, "seccomp", why, whysize);
	snprintf(why, whysize, "%s%s%s%s%s",
	    SANITIZED ? "a sanitized build reads everything and has no "
			"seccomp filter; "
		      : "",
	    *missing != '\0' ? "Landlock: " : "", missing,
	    *skipped != '\0' ? "; calls unknown to libseccomp: " : "", skipped);
	return 0;
}

/* Its log and its keys; the sanitizer's own reads as above. */
static int
confine_dir(int dir, char *why, size_t whysize)
{
	int ruleset = landlock_new(false), err;

	if (ruleset < 0)
		return fail(ruleset, "landlock", why, whysize);
	err = landlock_allow_fd(ruleset, dir, LANDLOCK_STORE);
	if (err == 0)
		err = allow(ruleset, sanitizer_reads, LANDLOCK_READ, why,
		    whysize);
	if (err == 0 && !mutant("landlock"))
		err = landlock_restrict(ruleset);
	if (err != 0)
		(void)fail(err, "landlock", why, whysize);
	(void)close(ruleset);
	return err;
}

int
confine_audit(int dir, char *why, size_t whysize)
{
	const struct filter_guard guards[] = {
		{ "fcntl", 1, ~0u, false, { F_GETFL, F_SETFD }, 2 },
		{ "mmap", 2, PROT_EXEC, false, { 0 }, 1 },
		{ "tgkill", 0, ~0u, false, { (uint32_t)getpid() }, 1 },
		{ NULL, 0, 0, false, { 0 }, 0 },
	};
	const struct filter_spec spec = { "@audit", "@daemon-forbidden", guards,
		NULL };
	char skipped[256] = "";
	int err = confine_capabilities();

	if (err != 0)
		return fail(err, "capabilities", why, whysize);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(-errno, "no_new_privs", why, whysize);
	/* A kernel without it has the rest; confined runs are refused there. */
	if (landlock_abi() > 0)
		err = confine_dir(dir, why, whysize);
	if (err != 0)
		return err;
	if (!SANITIZED)
		err = apply_calls(&spec, skipped, sizeof(skipped));
	if (err != 0)
		return fail(err, "seccomp", why, whysize);
	snprintf(why, whysize, "%s%s",
	    *skipped != '\0' ? "calls unknown to libseccomp: " : "", skipped);
	return 0;
}

/*
 * By which names are looked up. What resolv.conf is a link to is made anew when
 * the network changes, so that directory counts and not the file.
 */
static int
allow_names(int ruleset)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", NULL };
	char real[PATH_MAX], *slash;
	int err = 0;

	for (const char *const *f = files; *f != NULL && err == 0; f++) {
		err = landlock_allow(ruleset, *f, LANDLOCK_READ);
		if (err == -ENOENT || err == -EACCES)
			err = 0;
	}
	if (err != 0 || realpath(files[0], real) == NULL ||
	    strncmp(real, "/run/", 5) != 0)
		return err;
	slash = strrchr(real + 5, '/');
	if (slash == NULL)
		return 0;
	*slash = '\0';
	return landlock_allow(ruleset, real, LANDLOCK_READ);
}

static int
confine_egress_reach(const uint16_t *ports, unsigned n)
{
	int ruleset = landlock_new(false), err;

	if (ruleset < 0)
		return ruleset;
	err = allow_names(ruleset);
	if (err == 0)
		err = landlock_allow_port(ruleset, DNS_PORT);
	for (unsigned i = 0; i < n && err == 0; i++)
		err = landlock_allow_port(ruleset, ports[i]);
	for (const char *const *p = sanitizer_reads; *p != NULL && err == 0;
	     p++)
		err = landlock_allow(ruleset, *p, LANDLOCK_READ);
	if (err == 0 && !mutant("landlock"))
		err = landlock_restrict(ruleset);
	(void)close(ruleset);
	return err;
}

/*
 * What connects by sending, or as MPTCP, Landlock does not see. No name service
 * is asked over a UNIX socket: getaddrinfo(3) goes on without.
 */
int
confine_egress(const uint16_t *ports, unsigned n)
{
	const struct filter_guard guards[] = {
		{ "clone", 0, CLONE_THREAD, false, { CLONE_THREAD }, 1 },
		{ "fcntl", 1, ~0u, false,
		    { F_GETFL, F_SETFL, F_GETFD, F_SETFD }, 4 },
		{ "ioctl", 1, ~0u, false, { FIONREAD }, 1 },
		{ "mmap", 2, PROT_EXEC, false, { 0 }, 1 },
		{ "mprotect", 2, PROT_EXEC, false, { 0 }, 1 },
		{ "prctl", 0, ~0u, false, { PR_SET_NAME, PR_SET_VMA }, 2 },
		{ "sendmmsg", 3, MSG_FASTOPEN, false, { 0 }, 1 },
		{ "sendmsg", 2, MSG_FASTOPEN, false, { 0 }, 1 },
		{ "sendto", 3, MSG_FASTOPEN, false, { 0 }, 1 },
		{ "socket", 0, ~0u, false, { AF_INET, AF_INET6 }, 2 },
		{ "socket", 1, 0xf, false, { SOCK_STREAM, SOCK_DGRAM }, 2 },
		{ "socket", 2, ~0u, false, { 0, IPPROTO_TCP, IPPROTO_UDP }, 3 },
		{ "tgkill", 0, ~0u, false, { (uint32_t)getpid() }, 1 },
		{ NULL, 0, 0, false, { 0 }, 0 },
	};
	const struct filter_spec spec = { "@egress", "@forbidden", guards,
		NULL };
	char skipped[256] = "";
	int err = caps_verify_none();

	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err = -errno;
	if (err == 0)
		err = confine_egress_reach(ports, n);
	if (err == 0 && !SANITIZED)
		err = apply_calls(&spec, skipped, sizeof(skipped));
	return err;
}
