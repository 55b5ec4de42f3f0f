/* SPDX-License-Identifier: MIT */
/*
 * What confined programs try against their terminal and their neighbours
 * (abuse H05, H06, H07), and that ordinary developers' programs work under the
 * same guards: a sandbox that breaks make is one that gets switched off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

#define TIOCSTI_TEXT "0x5412"

static char out[1 << 18];

static void
act(struct rig *r, const char *profile, bool pty, const char *const *argv,
    struct priv_exit *end)
{
	const char *const confined[] = { tools, NULL };
	const struct rig_spawn s = { .profile = profile,
		.argv = argv,
		.pty = pty,
		.paths = strcmp(profile, "login") == 0 ? NULL : confined };

	rig_run(r, &s, out, sizeof(out), end);
}

static bool
kernel_takes_tiocsti(void)
{
	char c = '1';
	int fd = open("/proc/sys/dev/tty/legacy_tiocsti", O_RDONLY);

	/* Kernels before 6.2 have no such switch, and take it. */
	if (fd >= 0) {
		(void)!read(fd, &c, 1);
		(void)close(fd);
	}
	return c == '1';
}

static void
abuse_H05_own_input(void **state)
{
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	act(&r, "script", true, ARGV(actor, "sti", TIOCSTI_TEXT), &end);
	assert_string_equal(out, "EPERM\r\n");
	act(&r, "script", true, ARGV(actor, "sti", "0x541c"), &end);
	assert_string_equal(out, "EPERM\r\n");
	/* Its own terminal otherwise works, by name as well. */
	act(&r, "script", true, ARGV(actor, "open", "/dev/tty", "2"), &end);
	assert_string_equal(out, "ok\r\n");
	act(&r, "script", true,
	    SH("t=$(tty) && echo through >$t && stty -a <$t >/dev/null"), &end);
	assert_string_equal(out, "through\r\n");
	assert_int_equal(end.status, 0);
	rig_stop(&r);
	/* It bites, where the kernel would allow it. */
	if (!kernel_takes_tiocsti()) {
		print_message("this kernel refuses TIOCSTI by itself\n");
		return;
	}
	rig_start(&r, "seccomp");
	act(&r, "script", true, ARGV(actor, "sti", TIOCSTI_TEXT), &end);
	assert_non_null(strstr(out, "ok\r\n"));
	rig_stop(&r);
}

static void
abuse_H05_master_of_the_helper(void **state)
{
	char path[64];
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	/* [ops] holds every master, at some low number. */
	snprintf(path, sizeof(path), "/proc/%u/fd/5", r.hello.pid);
	act(&r, "script", true, ARGV(actor, "open", path, "2"), &end);
	assert_true(rig_refused(out));
	snprintf(path, sizeof(path), "/proc/%u/environ", r.hello.pid);
	act(&r, "script", true, ARGV(actor, "open", path, "0"), &end);
	assert_true(rig_refused(out));
	if (geteuid() != 0) {
		/* Nor can a terminal, where the kernel is all there is. */
		act(&r, "login", true, ARGV(actor, "open", path, "0"), &end);
		assert_string_equal(out, "EACCES\r\n");
	}
	rig_stop(&r);
}

static void
abuse_H06_high_bits(void **state)
{
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	act(&r, "script", true, ARGV(actor, "sti", "0x100005412"), &end);
	assert_string_equal(out, "EPERM\r\n");
	act(&r, "script", true, ARGV(actor, "sti", "0xffffffff00005412"), &end);
	assert_string_equal(out, "EPERM\r\n");
	act(&r, "script", true, ARGV(actor, "uring"), &end);
	assert_string_equal(out, "ENOSYS\r\n");
	rig_stop(&r);
}

#ifdef __x86_64__
static void
abuse_H06_32_bit_call(void **state)
{
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	act(&r, "script", true, ARGV(actor, "sti32"), &end);
	assert_string_equal(out, "");
	assert_true(WIFSIGNALED(end.status));
	/* SIGSEGV where the kernel has no such entry at all. */
	assert_true(WTERMSIG(end.status) == SIGSYS ||
		    WTERMSIG(end.status) == SIGSEGV);
	rig_stop(&r);
	if (WTERMSIG(end.status) == SIGSEGV || !kernel_takes_tiocsti()) {
		print_message("this kernel refuses it by itself\n");
		return;
	}
	rig_start(&r, "seccomp");
	act(&r, "script", true, ARGV(actor, "sti32"), &end);
	assert_non_null(strstr(out, "ok\r\n"));
	rig_stop(&r);
}
#endif

/* Another session of the same user, confined or not, is out of reach. */
static void
abuse_H07_neighbour(void **state)
{
	const struct rig_spawn wait = { .argv = SH("tty; exec cat"),
		.pty = true };
	char name[64] = "", pid[16], path[128];
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &wait, &res);
	assert_true(rig_readable(res.fds.fd[0]));
	assert_true(read(res.fds.fd[0], name, sizeof(name) - 1) > 0);
	name[strcspn(name, "\r")] = '\0';
	assert_memory_equal(name, "/dev/pts/", 9);
	act(&r, "script", true, ARGV(actor, "open", name, "0"), &end);
	assert_true(rig_refused(out));
	act(&r, "script", true, ARGV(actor, "open", name, "1"), &end);
	assert_true(rig_refused(out));
	snprintf(pid, sizeof(pid), "%u", res.a.pid);
	act(&r, "script", true, ARGV(actor, "kill", pid), &end);
	assert_true(rig_refused(out));
	assert_true(rig_alive((pid_t)res.a.pid));
	/* The socket of rdv itself is merely visible, and that is all. */
	snprintf(path, sizeof(path), "%s/api.sock", r.base);
	act(&r, "script", true, ARGV(actor, "connect", path), &end);
	assert_string_equal(out, "EPERM\r\n");
	rig_close(&res);
	rig_stop(&r);
}

static bool
have(const char *path)
{
	return access(path, X_OK) == 0;
}

/* A shell script in a directory of its own, under `profile`. */
static void
develop(const char *profile, const char *text, const char *wanted)
{
	char work[128];
	struct rig_spawn s = { .profile = profile,
		.argv = SH(text),
		.cwd = work,
		.paths = ARGV(work),
		.env = ARGV("GOOD_NAME=1") };
	struct priv_exit end;
	struct rig r;

	rig_start(&r, NULL);
	snprintf(work, sizeof(work), "%s/work", r.dir);
	assert_int_equal(mkdir(work, 0700), 0);
	rig_run(&r, &s, out, sizeof(out), &end);
	if (strcmp(out, wanted) != 0)
		print_message("%s\n", out);
	assert_string_equal(out, wanted);
	assert_int_equal(end.status, 0);
	rig_stop(&r);
}

static void
works_c_project(void **state)
{
	(void)state;
	if (!have("/usr/bin/make") || !have("/usr/bin/gcc"))
		skip();
	develop("script",
	    "exec 2>&1\n"
	    "printf 'int main(void){return 0;}\\n' >a.c\n"
	    "printf 'test: a\\n\\t@./a && echo tested\\n"
	    "a: a.c\\n\\t@gcc -O2 -pthread -o a a.c\\n' >Makefile\n"
	    "make -s -j2 test\n",
	    "tested\n");
}

static void
works_python(void **state)
{
	(void)state;
	if (!have("/usr/bin/python3"))
		skip();
	develop("script",
	    "/usr/bin/python3 - 2>&1 <<'EOF'\n"
	    "import os, subprocess, tempfile, threading, socket, asyncio\n"
	    "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
	    "tempfile.NamedTemporaryFile().close()\n"
	    "assert subprocess.check_output(['echo', 'x']) == b'x\\n'\n"
	    "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
	    "socket.create_connection(s.getsockname()).close()\n"
	    "asyncio.run(asyncio.sleep(0))\n"
	    "print('fine')\n"
	    "EOF\n",
	    "fine\n");
}

static void
works_node(void **state)
{
	(void)state;
	if (!have("/usr/bin/node"))
		skip();
	develop("script",
	    "cat >a.js <<'EOF'\n"
	    "const fs = require('fs'), net = require('net');\n"
	    "const cp = require('child_process');\n"
	    "fs.mkdtempSync(require('os').tmpdir() + '/x');\n"
	    "if (cp.execFileSync('echo', ['x']) != 'x\\n') throw 1;\n"
	    "const { Worker } = require('worker_threads');\n"
	    "const server = net.createServer().listen(0, '127.0.0.1', () => {\n"
	    "  server.close();\n"
	    "  new Worker('1', { eval: true }).on('exit', () =>\n"
	    "    cp.fork('./b.js').on('message', m => console.log(m)));\n"
	    "});\n"
	    "EOF\n"
	    "echo \"process.send('fine')\" >b.js\n"
	    "/usr/bin/node a.js 2>&1\n",
	    "fine\n");
}

static void
works_git_in_script(void **state)
{
	(void)state;
	if (!have("/usr/bin/git"))
		skip();
	develop("script",
	    "exec 2>&1; export HOME=$TMPDIR\n"
	    "git init -q -b main a && cd a && echo 1 >f && git add f &&\n"
	    "git -c user.name=n -c user.email=e commit -qm first &&\n"
	    "git worktree add -q ../w -b other && cd .. &&\n"
	    "git clone -q a b && git -C b log --format=%s &&\n"
	    "git -C w branch --show-current && cat b/f\n",
	    "first\nother\n1\n");
}

static void
works_editor(void **state)
{
	(void)state;
	if (!have("/usr/bin/vim") && !have("/usr/bin/vim.tiny"))
		skip();
	develop("script",
	    "exec 2>&1; v=$(command -v vim || command -v vim.tiny)\n"
	    "printf 'a\\ntyped\\n.\\nwq\\n' | $v -u NONE -es f\n"
	    "cat f\n",
	    "typed\n");
}

struct git_case {
	struct rig r;
	char work[128], repo[160];
};

static void
make_repo(struct git_case *g)
{
	char script[2048];
	struct rig_spawn s = { .argv = SH(script) };
	struct priv_exit end;

	rig_start(&g->r, NULL);
	snprintf(g->work, sizeof(g->work), "%s/work", g->r.dir);
	snprintf(g->repo, sizeof(g->repo), "%s/repo", g->work);
	snprintf(script, sizeof(script),
	    "exec 2>&1; export HOME=/nonexistent\n"
	    "mkdir -p %s && cd %s && git init -q -b main . && echo 1 >f &&\n"
	    "echo 'f filter=evil' >.gitattributes && git add . &&\n"
	    "git -c user.name=n -c user.email=e commit -qm first &&\n"
	    "git config filter.evil.smudge 'touch %s/canary; cat' &&\n"
	    "git config core.fsmonitor 'touch %s/canary' &&\n"
	    "printf '#!/bin/sh\\ntouch %s/canary\\n' "
	    ">.git/hooks/post-checkout &&\n"
	    "chmod +x .git/hooks/post-checkout\n",
	    g->repo, g->repo, g->work, g->work, g->work);
	rig_run(&g->r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "");
	assert_int_equal(end.status, 0);
}

static void
git(struct git_case *g, const char *const *argv, int status)
{
	struct rig_spawn s = { .profile = "git",
		.argv = argv,
		.cwd = g->repo,
		.paths = ARGV(g->work) };
	struct priv_exit end;

	rig_run(&g->r, &s, out, sizeof(out), &end);
	assert_true(WIFEXITED(end.status));
	assert_int_equal(WEXITSTATUS(end.status), status);
}

static void
git_unconfined(struct git_case *g, const char *const *argv)
{
	const struct rig_spawn s = { .argv = argv, .cwd = g->repo };
	struct priv_exit end;

	rig_run(&g->r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
}

/* The changes rdv makes work; what the repository names does not run. */
static void
works_git_profile(void **state)
{
	struct git_case g;
	char tree[160], canary[160];

	(void)state;
	if (!have("/usr/bin/git"))
		skip();
	make_repo(&g);
	snprintf(tree, sizeof(tree), "%s/tree", g.work);
	snprintf(canary, sizeof(canary), "%s/canary", g.work);
	git(&g, ARGV("git", "worktree", "add", "-b", "topic", tree, "main"), 0);
	git(&g, ARGV("git", "status", "--porcelain"), 0);
	assert_string_equal(out, "");
	git(&g, ARGV("git", "-C", tree, "branch", "--show-current"), 0);
	assert_string_equal(out, "topic\n");
	git(&g, ARGV("git", "worktree", "remove", "--force", tree), 0);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(access(canary, F_OK), -1);
	/* It bites: the same without the profile runs the hook. */
	git_unconfined(&g, ARGV("git", "worktree", "add", tree, "topic"));
	assert_int_equal(access(canary, F_OK), 0);
	/* The network and aliases to a shell are none of its business. */
	git(&g, ARGV("git", "-c", "alias.x=!id", "x"), 128);
	git(&g, ARGV("git", "ls-remote", "http://127.0.0.1:1/x"), 128);
	rig_stop(&g.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H05_own_input),
		cmocka_unit_test(abuse_H05_master_of_the_helper),
		cmocka_unit_test(abuse_H06_high_bits),
#ifdef __x86_64__
		cmocka_unit_test(abuse_H06_32_bit_call),
#endif
		cmocka_unit_test(abuse_H07_neighbour),
		cmocka_unit_test(works_c_project),
		cmocka_unit_test(works_python),
		cmocka_unit_test(works_node),
		cmocka_unit_test(works_git_in_script),
		cmocka_unit_test(works_editor),
		cmocka_unit_test(works_git_profile),
	};

	return cmocka_run_group_tests_name("guard", tests, find_tools, NULL);
}
