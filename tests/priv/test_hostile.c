/* SPDX-License-Identifier: MIT */
/*
 * System mode, started in surroundings that somebody has spoiled (abuse E12):
 * what all three processes are then is what they are otherwise.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

static char log_text[1 << 18];

/* As somebody with sudo would start it from a shell that is not his. */
static void
spoil(void)
{
	static const char *const vars[] = { "LD_PRELOAD_X", "BASH_ENV", "IFS",
		"GIT_DIR", "PATH", "HOME", "RDV_CANARY" };
	const unsigned long ignore[8] = { (unsigned long)SIG_IGN };
	sigset_t all;
	size_t i;
	int sig;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		(void)setenv(vars[i], "/elsewhere", 1);
	for (sig = 1; sig <= 64; sig++)
		(void)syscall(SYS_rt_sigaction, sig, ignore, NULL, 8);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)umask(0);
	(void)chdir("/tmp");
}

static pid_t
ops_of(const struct rigsys *s)
{
	const char *p;

	rig_log(&s->rig, log_text, sizeof(log_text));
	p = strstr(log_text, "started [ops] pid=");
	assert_non_null(p);
	return (pid_t)strtol(strchr(p, '=') + 1, NULL, 10);
}

/* What one of them is, as the kernel tells it. */
static void
look(pid_t pid, char out[512])
{
	static const char *const keys[] = { "Umask", "SigBlk", "SigIgn",
		"CapEff", "Groups" };
	char text[128];
	size_t used = 0, i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		rigsys_status(pid, keys[i], text);
		used += (size_t)snprintf(out + used, 512 - used, "%s %.80s\n",
		    keys[i], text);
	}
}

/* What [main], [ops] and rdvd are when who starts them has done `before`. */
static void
start_in(void (*before)(void), char out[3][512])
{
	struct rigsys s;
	pid_t parent;
	pid_t *helper = mmap(NULL, sizeof(*helper), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	rigsys_prepare(&s);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		if (before != NULL)
			before();
		rigsys_launch(&s, NULL);
		*helper = s.rig.helper;
		(void)pause();
		_exit(0);
	}
	rigsys_daemon(&s);
	rig_expect_log(&s.rig, "proc=rdv-ops");
	/* Its arguments and its environment. */
	assert_null(strstr(s.rig.told, "elsewhere"));
	look(*helper, out[0]);
	look(ops_of(&s), out[1]);
	look(s.rig.daemon, out[2]);
	/* It ends as it is told to. */
	assert_int_equal(kill(*helper, SIGTERM), 0);
	rig_gone(s.rig.daemon);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	rigsys_cleanup(&s);
	(void)munmap(helper, sizeof(*helper));
}

static void
abuse_E12_hostile_surroundings(void **state)
{
	char calm[3][512], spoiled[3][512];
	int i;

	(void)state;
	if (!rigsys_possible()) {
		skip();
		return;
	}
	start_in(NULL, calm);
	start_in(spoil, spoiled);
	for (i = 0; i < 3; i++)
		assert_string_equal(spoiled[i], calm[i]);
	assert_non_null(strstr(calm[0], "Umask 0077\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E12_hostile_surroundings),
	};

	return CHECK_RUN("hostile", tests);
}
