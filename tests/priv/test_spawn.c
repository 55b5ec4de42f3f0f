/* SPDX-License-Identifier: MIT */
/*
 * What a run is: started, seen, reported, and how it fails to start (abuse E07,
 * E13, E15, H15, H16, H17, H19), each case beside its positive control and once
 * with its guard off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 20];
static char tools[512]; /* where the test programs lie */
static char actor[512];

static int
find_actor(void **state)
{
	(void)state;
	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%.400s/actor", tools);
	return 0;
}

static void
test_pipes_run(void **state)
{
	const struct rig_spawn s = { .argv =
					 SH("echo out; echo err >&2; exit 3") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(res.fds.n, 3);
	assert_int_equal(res.a.guards, 0);
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "out\n");
	(void)rig_read_all(res.fds.fd[2], out, sizeof(out));
	assert_string_equal(out, "err\n");
	rig_exit(&r, res.a.handle, &end);
	assert_true(WIFEXITED(end.status));
	assert_int_equal(WEXITSTATUS(end.status), 3);
	assert_int_equal(end.swept, 0);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_NO_SUCH);
	rig_close(&res);
	rig_stop(&r);
}

/* Closing stdin must reach the program: [ops] keeps no copy of it. */
static void
test_stdin_closes(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(write(res.fds.fd[0], "through", 7), 7);
	(void)close(res.fds.fd[0]);
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "through");
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.status, 0);
	res.fds.fd[0] = dup(res.fds.fd[1]);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

static void
test_pty_run(void **state)
{
	const struct rig_spawn s = {
		.argv =
		    SH("stty size; stty -a | grep -o ' iutf8'; test -t 0 && "
		       "echo tty; ps -o sid= -o tpgid= -p $$ >/dev/null; "
		       "echo $TERM"),
		.pty = true,
		.env = ARGV("TERM=vt100"),
	};
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "24 80\r\n iutf8\r\ntty\r\nvt100\r\n");
	assert_int_equal(end.status, 0);
	rig_stop(&r);
}

/* Ours do not block, the program's do (O_NONBLOCK is per description). */
static void
test_blocking(void **state)
{
	const struct rig_spawn pipes = { .argv = ARGV(actor, "stdio-flags") };
	const struct rig_spawn pty = { .argv = ARGV(actor, "stdio-flags"),
		.pty = true };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	unsigned i;

	(void)state;
	rig_start(&r, NULL);
	rig_run(&r, &pipes, out, sizeof(out), &end);
	assert_string_equal(out, "000\n");
	rig_run(&r, &pty, out, sizeof(out), &end);
	assert_string_equal(out, "000\r\n");
	rig_spawn(&r, &pty, &res);
	assert_int_equal(res.fds.n, 3);
	for (i = 0; i < 3; i++)
		assert_true(fcntl(res.fds.fd[i], F_GETFL) & O_NONBLOCK);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	rig_stop(&r);
}

static void
expect_fds(const char *mutant, const char *wanted, bool equal)
{
	const struct rig_spawn pipes = { .argv = ARGV(actor, "fds") };
	const struct rig_spawn script = { .argv = ARGV(actor, "fds"),
		.profile = "script",
		.paths = ARGV(tools),
		.pty = true };
	struct priv_exit end;
	struct rig r;
	int leak;

	rig_prepare(&r);
	/* What a careless starter leaves open, inherited over exec. */
	leak = open("/etc/passwd", O_RDONLY);
	assert_true(leak >= 0);
	rig_launch(&r, mutant);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_run(&r, &pipes, out, sizeof(out), &end);
	assert_true((strcmp(out, wanted) == 0) == equal);
	if (mutant == NULL) {
		rig_run(&r, &script, out, sizeof(out), &end);
		assert_string_equal(out, "0 1 2 \r\n");
	}
	(void)close(leak);
	rig_stop(&r);
}

static void
abuse_H19_E07_descriptors(void **state)
{
	(void)state;
	expect_fds(NULL, "0 1 2 \n", true);
	expect_fds("H19", "0 1 2 \n", false);
}

static void
abuse_E15_argv_byte_exact(void **state)
{
	static char spaces[4097];
	const struct rig_spawn s = { .argv = ARGV(actor, "args", "$(id)",
					 "a\nb", "'\"`;|&", "\xff\xfe\x80",
					 "-rf", spaces, "") };
	struct priv_exit end;
	char *p;
	struct rig r;
	int i;

	(void)state;
	memset(spaces, ' ', sizeof(spaces) - 1);
	rig_start(&r, NULL);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_memory_equal(out, "2428696429\n", 11);
	p = strchr(out, '\n') + 1;
	assert_memory_equal(p, "610a62\n272260", 13);
	for (i = 0; i < 4; i++)
		p = strchr(p, '\n') + 1;
	for (i = 0; i < 4096; i++)
		assert_memory_equal(p + 2 * i, "20", 2);
	assert_string_equal(p + 8192, "\n\n");
	rig_stop(&r);
}

static enum priv_result
try_env(struct rig *r, const char *const *env)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "env"), .env = env };
	struct priv_exit end;
	struct rig_result res;

	rig_spawn(r, &s, &res);
	if (res.a.result == PRIV_DONE) {
		(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
		rig_exit(r, res.a.handle, &end);
		assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	}
	rig_close(&res);
	return res.a.result;
}

static void
abuse_E13_environment(void **state)
{
	static const char *const bad[] = { "LD_PRELOAD=/tmp/x.so",
		"GIT_DIR=/tmp", "BASH_ENV=/tmp/x", "ENV=/tmp/x", "PERL5OPT=-Mx",
		"PYTHONPATH=/tmp", "NODE_OPTIONS=-r x", "SHELLOPTS=xtrace",
		"PS4=$(id)", "IFS=x", "GLIBC_TUNABLES=x=1", "GCONV_PATH=/tmp",
		"LD_AUDIT=/x.so", "LD_LIBRARY_PATH=/tmp", "LD_DEBUG=all",
		"GIT_SSH_COMMAND=id", "GIT_EXEC_PATH=/tmp",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.pager",
		"GIT_EXTERNAL_DIFF=id", "GIT_ASKPASS=id", "PERL5LIB=/tmp",
		"PERL5DB=id", "PYTHONSTARTUP=/tmp/x", "PYTHONHOME=/tmp",
		"NODE_PATH=/tmp", "RUBYOPT=-rx", "BASHOPTS=x", "ZDOTDIR=/tmp",
		"PROMPT_COMMAND=id", "JAVA_TOOL_OPTIONS=-javaagent:x", "=x",
		"==", "NOVALUE", "lower=x", "A B=x", "ld_preload=/x.so",
		"BASH_FUNC_ls%%=() { id; }", "BASH_FUNC_ls()=() { id; }",
		"1X=y", "A\nLD_PRELOAD=/x.so", " LD_PRELOAD=/x.so" };
	/* Names that only look like those, and values that hold them. */
	static const char *const good[] = { "LDFLAGS=-lx", "GITHUB_ACTOR=x",
		"ENVIRONMENT=x", "NODE_ENV=x", "PS1=$ ", "MY_IFS=x",
		"XLD_PRELOAD=x", "X=LD_PRELOAD=/x.so", "Y=A=B" };
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(try_env(&r, ARGV("MY_VAR=a=b", "LANG=C", "X=")),
	    PRIV_DONE);
	assert_non_null(strstr(out, "MY_VAR=a=b\n"));
	assert_non_null(strstr(out, "LANG=C\n"));
	assert_null(strstr(out, "LANG=C.UTF-8"));
	assert_non_null(strstr(out, "X=\n"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(try_env(&r, ARGV("GOOD=1", bad[i])),
		    PRIV_DENIED);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(try_env(&r, ARGV(good[i])), PRIV_DONE);
		assert_non_null(strstr(out, good[i]));
	}
	assert_int_equal(try_env(&r, ARGV("A=1", "A=2")), PRIV_DENIED);
	assert_int_equal(try_env(&r, ARGV("A=1", "B=1", "A=1")), PRIV_DENIED);
	rig_expect_log(&r, "denied op=SPAWN");
	rig_stop(&r);
	/* It bites: with the table off the variable arrives. */
	rig_start(&r, "E13");
	assert_int_equal(try_env(&r, ARGV("LD_PRELOAD=/x.so")), PRIV_DONE);
	assert_non_null(strstr(out, "LD_PRELOAD=/x.so"));
	rig_stop(&r);
}

static void
expect_failed(struct rig *r, const struct rig_spawn *s, const char *stage,
    int err)
{
	struct rig_result res;

	rig_spawn(r, s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, stage);
	assert_int_equal(res.a.err, err);
	assert_int_equal(res.a.handle, 0);
	assert_int_equal(res.fds.n, 0);
}

static void
abuse_H15_directory(void **state)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	char dir[128];
	struct rig_spawn s = { .argv = ARGV("pwd"), .cwd = dir };
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	snprintf(dir, sizeof(dir), "%s/cwd", r.dir);
	expect_failed(&r, &s, "C12 chdir", ENOENT);
	assert_int_equal(mkdir(dir, 0700), 0);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_memory_equal(out, dir, strlen(dir));
	assert_int_equal(rmdir(dir), 0);
	expect_failed(&r, &s, "C12 chdir", ENOENT);
	s.cwd = "/etc/passwd";
	expect_failed(&r, &s, "C12 chdir", ENOTDIR);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_NO_SUCH);
	rig_stop(&r);
	/* It bites: the mutant falls back to another directory. */
	s.cwd = "/nonexistent";
	rig_start(&r, "H15");
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "/\n");
	rig_stop(&r);
}

/* What was mounted is gone, and a directory below it with it. */
static void
abuse_H15_unmounted(void **state)
{
	char at[120], dir[128];
	struct rig_spawn s = { .argv = ARGV("pwd"), .cwd = dir };
	struct priv_exit end;
	struct rig r;

	(void)state;
	if (getuid() != 0)
		skip();
	rig_start(&r, NULL);
	snprintf(at, sizeof(at), "%s/mount", r.dir);
	snprintf(dir, sizeof(dir), "%s/cwd", at);
	assert_int_equal(mkdir(at, 0700), 0);
	assert_int_equal(mount("rdv", at, "tmpfs", 0, "size=64k"), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_memory_equal(out, dir, strlen(dir));
	assert_int_equal(umount2(at, MNT_DETACH), 0);
	expect_failed(&r, &s, "C12 chdir", ENOENT);
	rig_stop(&r);
}

static void
put_file(const struct rig *r, const char *name, const void *p, size_t len,
    char path[128])
{
	int fd;

	snprintf(path, 128, "%s/%s", r->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), len);
	(void)close(fd);
}

static void
abuse_H16_not_a_program(void **state)
{
	static const char elf[64] =
	    "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\367\377";
	char path[128];
	struct rig_spawn s = { .argv = ARGV(path) };
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	put_file(&r, "good", "#!/bin/sh\necho yes\n", 19, path);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "yes\n");
	put_file(&r, "interpreter", "#!/no/such\n", 11, path);
	expect_failed(&r, &s, "C18 execve", ENOENT);
	put_file(&r, "format", "plain text\n", 11, path);
	expect_failed(&r, &s, "C18 execve", ENOEXEC);
	put_file(&r, "empty", "", 0, path);
	expect_failed(&r, &s, "C18 execve", ENOEXEC);
	put_file(&r, "arch", elf, sizeof(elf), path);
	expect_failed(&r, &s, "C18 execve", ENOEXEC);
	(void)chmod(path, 0600);
	expect_failed(&r, &s, "C18 execve", EACCES);
	s.argv = ARGV("/no/such/program");
	expect_failed(&r, &s, "C18 execve", ENOENT);
	s.argv = ARGV("no-such-program");
	expect_failed(&r, &s, "P3 program", ENOENT);
	rig_stop(&r);
}

static void
abuse_H17_outcomes(void **state)
{
	struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "");
	assert_true(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0);
	s.argv = ARGV(actor, "signal", "11");
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "core 0\n");
	assert_true(WIFSIGNALED(end.status));
	assert_int_equal(WTERMSIG(end.status), SIGSEGV);
	assert_false(WCOREDUMP(end.status));
	/* Stopped is neither an end nor out of reach. */
	s.argv = ARGV(actor, "signal", "19");
	rig_spawn(&r, &s, &res);
	assert_true(rig_readable(res.fds.fd[1]));
	assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	assert_true(WIFSIGNALED(end.status));
	assert_int_equal(WTERMSIG(end.status), SIGTERM);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

/* What is on for a child is told, so that rdvd can show it. */
static void
test_guards_are_told(void **state)
{
	struct rig_spawn s = { .argv = ARGV("git", "--version") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	uint32_t cgroup, spaces;
	int i;

	(void)state;
	rig_start(&r, NULL);
	cgroup = (r.hello.features & PRIV_F_CGROUP) != 0 ? PRIV_G_CGROUP : 0;
	if ((r.hello.features & PRIV_F_PIDS) != 0)
		cgroup |= PRIV_G_PIDS;
	spaces = (r.hello.features & PRIV_F_USERNS) != 0
		     ? PRIV_G_PIDNS | PRIV_G_MOUNTNS
		     : 0;
	for (i = 0; i < 3; i++) {
		s.profile = i == 0 ? "login" : i == 1 ? "script" : "git";
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		assert_int_equal(res.a.guards,
		    i == 0 ? 0
			   : PRIV_G_NNP | PRIV_G_SECCOMP | PRIV_G_LANDLOCK |
				 PRIV_G_RLIMITS | PRIV_G_PDEATH | cgroup |
				 (i == 1 ? spaces : 0));
		rig_exit(&r, res.a.handle, &end);
		assert_int_equal(end.status, 0);
		assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
		rig_close(&res);
	}
	rig_stop(&r);
}

/* One more than may be under way: how many of them were put off. */
static unsigned
one_too_many(struct rig *r)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	unsigned i, busy = 0, late = 0;

	for (i = 0; i <= PRIV_OUTSTANDING; i++)
		rig_spawn_send(r, &s);
	for (i = 0; i <= PRIV_OUTSTANDING; i++) {
		rig_spawn_answer(r, &res);
		if (res.a.result == PRIV_BUSY)
			busy++;
		else if (strcmp(res.a.stage, "P7 deadline") == 0)
			late++;
	}
	assert_int_equal(busy + late, PRIV_OUTSTANDING + 1);
	return busy;
}

static void
test_deadline(void **state)
{
	int64_t end = rig_deadline();
	unsigned busy;
	struct rig r;

	(void)state;
	rig_start(&r, "hang");
	/* On a slow machine the first is late before the last is there. */
	while ((busy = one_too_many(&r)) == 0)
		assert_false(rig_late(end));
	assert_int_equal(busy, 1);
	rig_stop(&r);
}

static void
test_rusage(void **state)
{
	const struct rig_spawn s = {
		.argv = SH("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"),
	};
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_true(end.user_us + end.sys_us > 1000);
	assert_true(end.maxrss_kb > 100);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipes_run),
		cmocka_unit_test(test_stdin_closes),
		cmocka_unit_test(test_pty_run),
		cmocka_unit_test(test_blocking),
		cmocka_unit_test(abuse_H19_E07_descriptors),
		cmocka_unit_test(abuse_E15_argv_byte_exact),
		cmocka_unit_test(abuse_E13_environment),
		cmocka_unit_test(abuse_H15_directory),
		cmocka_unit_test(abuse_H15_unmounted),
		cmocka_unit_test(abuse_H16_not_a_program),
		cmocka_unit_test(abuse_H17_outcomes),
		cmocka_unit_test(test_guards_are_told),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_rusage),
	};

	return cmocka_run_group_tests_name("spawn", tests, find_actor, NULL);
}
