/* SPDX-License-Identifier: MIT */
/*
 * The launcher with this program in the place of rdv-helper: started as such
 * it notes how it was called and behaves as RDV_TEST_HELPER says.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/launch.h"
#include "cli/proc.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define DEADLINE_MS 60000

static struct fake fake;
static char bin[96], notes[128], said[1024];
static pid_t launcher;
static int report = -1;

static void
note(const char *line)
{
	int fd = open(getenv("RDV_TEST_NOTES"),
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	(void)!write(fd, line, strlen(line));
	(void)close(fd);
}

static void
read_notes(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* How often rdv-helper was started, this time included. */
static unsigned
started(void)
{
	char text[8192];

	read_notes(getenv("RDV_TEST_NOTES"), text, sizeof(text));
	return count(text, "pid ");
}

static int
be_helper(int argc, char **argv)
{
	const char *how = getenv("RDV_TEST_HELPER");
	sigset_t set;
	char line[512];
	int i, fd = -1, signo;

	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i - 1], "--ready-fd") == 0)
			fd = (int)strtol(argv[i], NULL, 10);
	}
	(void)snprintf(line, sizeof(line), "pid %d pgid %d args", (int)getpid(),
	    (int)getpgrp());
	for (i = 1; i < argc; i++)
		(void)snprintf(line + strlen(line), sizeof(line) - strlen(line),
		    " %s", argv[i]);
	note(line);
	note("\n");
	if (strcmp(how, "locked once") == 0 && started() == 2)
		return LAUNCH_REFUSED;
	if (how[0] >= '0' && how[0] <= '9')
		return (int)strtol(how, NULL, 10);
	(void)!write(fd, "", 1);
	(void)close(fd);
	(void)sigwait(&set, &signo);
	(void)snprintf(line, sizeof(line), "signal %d\n", signo);
	note(line);
	return 0;
}

static bool
ready_cb(const struct launch_info *info, void *arg)
{
	char text[64];
	int n;

	n = snprintf(text, sizeof(text), "ready port %u\n", info->port);
	return write(*(int *)arg, text, (size_t)n) == n;
}

static void
failed_cb(const char *why, bool busy, void *arg)
{
	char text[512];
	int n;

	n = snprintf(text, sizeof(text), "failed busy=%d: %s\n", busy, why);
	(void)!write(*(int *)arg, text, (size_t)n);
}

static void
start(const char *how)
{
	struct cli cli = { .base = fake.dir, .bin_dir = bin };
	struct launch_conf conf = { .cli = &cli,
		.no_web = true,
		.ready = ready_cb,
		.failed = failed_cb };
	int fds[2];

	assert_int_equal(setenv("RDV_TEST_HELPER", how, 1), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	launcher = fork();
	assert_true(launcher != -1);
	if (launcher == 0) {
		conf.arg = &fds[1];
		conf.server_dir = open(fake.dir, O_RDONLY | O_DIRECTORY);
		log_init("rdv", open("/dev/null", O_WRONLY), LOG_ERROR);
		_exit(launch_run(&conf));
	}
	(void)close(fds[1]);
	report = fds[0];
	said[0] = '\0';
}

/* The next thing the launcher says, or "" when it is gone. */
static const char *
hear(void)
{
	struct pollfd p = { report, POLLIN, 0 };
	ssize_t n;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	n = read(report, said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	return said;
}

static int
wait_end(void)
{
	int status;

	assert_int_equal(waitpid(launcher, &status, 0), launcher);
	launcher = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Waits until the notes hold `what` for the n-th time. */
static void
wait_note(char *out, size_t size, const char *what, unsigned n)
{
	int64_t end = clock_mono_ms() + DEADLINE_MS;

	do {
		read_notes(notes, out, size);
		if (count(out, what) >= n)
			return;
		(void)poll(NULL, 0, 1);
	} while (clock_mono_ms() < end);
	fail_msg("no %s in: %s", what, out);
}

static int
setup(void **state)
{
	char path[128];

	(void)state;
	fake_dir(&fake);
	(void)snprintf(bin, sizeof(bin), "%s/bin", fake.dir);
	assert_int_equal(mkdir(bin, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/rdv-helper", bin);
	assert_int_equal(symlink("/proc/self/exe", path), 0);
	(void)snprintf(notes, sizeof(notes), "%s/notes", fake.dir);
	assert_int_equal(setenv("RDV_TEST_NOTES", notes, 1), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (launcher > 0) {
		(void)kill(launcher, SIGKILL);
		(void)waitpid(launcher, NULL, 0);
	}
	launcher = 0;
	if (report != -1)
		(void)close(report);
	report = -1;
	fake_stop(&fake);
	return 0;
}

static void
starts_and_stops(void **state)
{
	char text[4096], want[256];

	(void)state;
	start("wait");
	assert_string_equal(hear(), "ready port 0\n");
	read_notes(notes, text, sizeof(text));
	(void)snprintf(want, sizeof(want),
	    "args --base %s --foreground-child --ready-fd ", fake.dir);
	assert_non_null(strstr(text, want));
	assert_null(strstr(text, "--web"));
	assert_int_equal(kill(launcher, SIGTERM), 0);
	assert_int_equal(wait_end(), 0);
	read_notes(notes, text, sizeof(text));
	assert_non_null(strstr(text, "signal 15\n"));
}

/* Ctrl-C goes to the foreground's group: the launcher decides for all. */
static void
children_have_their_own_group(void **state)
{
	int pid = 0, pgid = 0;
	char text[4096];

	(void)state;
	start("wait");
	(void)hear();
	read_notes(notes, text, sizeof(text));
	assert_int_equal(sscanf(text, "pid %d pgid %d", &pid, &pgid), 2);
	assert_int_equal(pid, pgid);
	assert_int_equal(kill(launcher, SIGINT), 0);
	assert_int_equal(wait_end(), 0);
}

static void
refusals_are_final(void **state)
{
	char text[4096];

	(void)state;
	start("77");
	assert_string_equal(hear(),
	    "failed busy=1: rdv-helper ended with status 77\n");
	assert_int_equal(wait_end(), 1);
	(void)close(report);
	start("78");
	assert_string_equal(hear(),
	    "failed busy=0: rdv-helper ended with status 78\n");
	assert_int_equal(wait_end(), 1);
	(void)close(report);
	start("1");
	assert_string_equal(hear(),
	    "failed busy=0: rdv-helper ended with status 1\n");
	assert_int_equal(wait_end(), 1);
	read_notes(notes, text, sizeof(text));
	/* None was tried twice. */
	assert_int_equal(count(text, "\n"), 3);
}

static void
a_missing_program_is_named(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/rdv-helper", bin);
	assert_int_equal(unlink(path), 0);
	start("wait");
	assert_non_null(strstr(hear(), path));
	assert_non_null(strstr(said, strerror(ENOENT)));
	assert_int_equal(wait_end(), 1);
}

static void
an_accident_is_mended(void **state)
{
	char text[8192];
	int first = 0, second = 0;

	(void)state;
	start("wait");
	(void)hear();
	read_notes(notes, text, sizeof(text));
	assert_int_equal(sscanf(text, "pid %d", &first), 1);
	assert_int_equal(kill(first, SIGKILL), 0);
	wait_note(text, sizeof(text), "pid ", 2);
	assert_int_equal(sscanf(strchr(text, '\n') + 1, "pid %d", &second), 1);
	assert_int_not_equal(first, second);
	assert_int_equal(kill(launcher, SIGTERM), 0);
	assert_int_equal(wait_end(), 0);
	wait_note(text, sizeof(text), "signal 15", 1);
}

/* Its rdvd may hold the lock for a moment longer: that is no refusal. */
static void
a_lock_is_waited_for(void **state)
{
	char text[8192];
	int first = 0;

	(void)state;
	start("locked once");
	assert_string_equal(hear(), "ready port 0\n");
	read_notes(notes, text, sizeof(text));
	assert_int_equal(sscanf(text, "pid %d", &first), 1);
	assert_int_equal(kill(first, SIGKILL), 0);
	wait_note(text, sizeof(text), "pid ", 3);
	assert_int_equal(kill(launcher, SIGTERM), 0);
	assert_int_equal(wait_end(), 0);
	wait_note(text, sizeof(text), "signal 15", 1);
}

/* rdv down ends [main]; the rest follows without being told. */
static void
an_end_on_request_is_no_accident(void **state)
{
	char text[4096];
	int pid = 0;

	(void)state;
	start("wait");
	(void)hear();
	read_notes(notes, text, sizeof(text));
	assert_int_equal(sscanf(text, "pid %d", &pid), 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(wait_end(), 0);
}

static void
nothing_outlives_the_launcher(void **state)
{
	char text[4096];

	(void)state;
	start("wait");
	(void)hear();
	assert_int_equal(kill(launcher, SIGKILL), 0);
	(void)waitpid(launcher, NULL, 0);
	launcher = 0;
	wait_note(text, sizeof(text), "signal 15", 1);
}

static void
names_with_brackets(void **state)
{
	pid_t parent = 0;
	char name[64];

	(void)state;
	assert_true(proc_stat(getpid(), &parent, name, sizeof(name)));
	assert_int_equal(parent, getppid());
	assert_string_equal(name, "test_launch");
	assert_false(proc_stat(0, &parent, name, sizeof(name)));
}

int
main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(starts_and_stops),
		T(children_have_their_own_group),
		T(refusals_are_final),
		T(a_missing_program_is_named),
		T(an_accident_is_mended),
		T(a_lock_is_waited_for),
		T(an_end_on_request_is_no_accident),
		T(nothing_outlives_the_launcher),
		cmocka_unit_test(names_with_brackets),
	};

	if (strcmp(argv[0], "rdv-helper") == 0)
		return be_helper(argc, argv);
	return CHECK_RUN("launch", tests);
}
