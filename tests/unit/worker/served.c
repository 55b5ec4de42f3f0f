/* SPDX-License-Identifier: MIT */
/* serve() in a process of its own, and the real git beside it. */
#include "tests/unit/worker/served.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git-worker/serve.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/js.h"
#include "lib/path.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define DEADLINE_MS 60000
#define ANSWER_MAX  (1 << 20)

struct served served;

static struct buf got;
static int64_t last_id;

/* Runs `command`; what it says stands in `out`. */
static void
run(const char *dir, const char *command, struct buf *out)
{
	int p[2], pid, status = -1;
	char chunk[4096];
	ssize_t n;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(dir) < 0 || dup2(p[1], STDOUT_FILENO) < 0)
			_exit(127);
		execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	(void)close(p[1]);
	while ((n = read(p[0], chunk, sizeof(chunk))) > 0)
		buf_put(out, chunk, (size_t)n);
	(void)close(p[0]);
	assert_true(waitpid(pid, &status, 0) == pid);
	if (status != 0)
		fail_msg("%s: %#x", command, (unsigned)status);
}

void
served_sh(const char *command)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	run(served.top, command, &out);
	buf_done(&out);
}

void
served_cli(struct arena *a, struct wt_status *out)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	/* It must not help the other by what it writes into the index. */
	run(served.top,
	    "GIT_OPTIONAL_LOCKS=0 git status --porcelain=v2 --branch -z "
	    "--untracked-files=normal --no-renames",
	    &text);
	assert_true(porcelain_status(a, buf_cstr(&text), text.len, out));
	buf_done(&text);
}

int
served_setup(void **state)
{
	char real[PATH_MAX];
	struct buf out;

	(void)state;
	(void)close(tmpdir_new(served.dir));
	if (realpath(served.dir, real) == NULL ||
	    !path_join(served.top, sizeof(served.top), real, "r"))
		return 1;
	(void)setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	(void)setenv("GIT_AUTHOR_NAME", "t", 1);
	(void)setenv("GIT_AUTHOR_EMAIL", "t@t", 1);
	(void)setenv("GIT_COMMITTER_NAME", "t", 1);
	(void)setenv("GIT_COMMITTER_EMAIL", "t@t", 1);
	buf_init(&out, 1 << 20);
	run(real,
	    "git init -q -b main r && cd r && mkdir -p d/e ign && "
	    "echo '*.o\nign/' >.gitignore && echo one >a && echo two >b && "
	    "echo three >d/c && echo four >d/e/f && ln -s a l && "
	    "printf '#!/bin/sh\n' >x && chmod +x x && git add . && "
	    "git commit -q -m one && git update-ref refs/remotes/o/main HEAD "
	    "&& "
	    "git config remote.o.url /none && "
	    "git config remote.o.fetch '+refs/heads/*:refs/remotes/o/*' && "
	    "git config branch.main.remote o && "
	    "git config branch.main.merge refs/heads/main",
	    &out);
	buf_done(&out);
	served.in = served.out = -1;
	served.pid = 0;
	buf_init(&got, ANSWER_MAX + FRAME_HEAD);
	return 0;
}

int
served_teardown(void **state)
{
	(void)state;
	if (served.pid > 0)
		(void)served_stop();
	buf_done(&got);
	tmpdir_remove(served.dir);
	return 0;
}

void
served_start(void)
{
	static const char *const configs[] = { "core.quotePath=false", NULL };
	int in[2], out[2];
	struct js *hello;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	served.pid = fork();
	assert_true(served.pid >= 0);
	if (served.pid == 0) {
		(void)close(in[1]);
		(void)close(out[0]);
		_exit(serve(served.top, configs, in[0], out[1]));
	}
	(void)close(in[0]);
	(void)close(out[1]);
	served.in = in[1];
	served.out = out[0];
	hello = served_get();
	assert_non_null(hello);
	assert_non_null(js_str(hello, "build", NULL));
	js_free(hello);
}

int
served_stop(void)
{
	int status = -1;

	(void)close(served.in);
	assert_true(waitpid(served.pid, &status, 0) == served.pid);
	(void)close(served.out);
	served.in = served.out = -1;
	served.pid = 0;
	buf_reset(&got);
	return status;
}

void
served_send(const void *p, size_t len)
{
	assert_int_equal(write(served.in, p, len), len);
}

struct js *
served_get(void)
{
	struct pollfd p = { .fd = served.out, .events = POLLIN };
	struct js *v = NULL;
	char chunk[4096];
	ssize_t n;
	int err;

	while ((err = frame_get(&got, ANSWER_MAX, &v)) == RDV_E_BUSY) {
		if (poll(&p, 1, DEADLINE_MS) != 1)
			fail_msg("deadline passed");
		n = read(served.out, chunk, sizeof(chunk));
		if (n <= 0)
			return NULL;
		buf_put(&got, chunk, (size_t)n);
	}
	assert_int_equal(err, 0);
	return v;
}

int64_t
served_question_of(const char *op, const char *args, int ms)
{
	struct js *o = js_object();
	struct buf b;

	js_add_int(o, "id", ++last_id);
	js_add_str(o, "op", op);
	js_add_int(o, "ms", ms);
	js_add_json(o, "args", args);
	buf_init(&b, 1024);
	frame_put(&b, o);
	served_send(b.data, b.len);
	buf_done(&b);
	return last_id;
}

int64_t
served_question(int ms)
{
	return served_question_of("status", NULL, ms);
}

struct js *
served_ask(int ms)
{
	int64_t id = served_question(ms);
	struct js *v = served_get();

	assert_non_null(v);
	assert_int_equal(js_int(v, "id", 0), id);
	return v;
}

/* Such as a file below a link that leads to itself. */
static bool
git_complains(void)
{
	struct buf said;
	bool any;

	buf_init(&said, 1 << 20);
	run(served.top,
	    "GIT_OPTIONAL_LOCKS=0 git status --porcelain=v2 2>&1 >/dev/null",
	    &said);
	any = said.len > 0;
	buf_done(&said);
	return any;
}

/*
 * git writes the index anew when what it knows of files is too young, and that
 * is a change, too: so more than once. Nothing is kept, and nothing is still,
 * where git cannot look into all.
 */
void
served_settle(void)
{
	const char *blind = NULL;
	bool kept = false;

	for (int i = 0; i < 20 && !kept; i++) {
		struct js *v = served_ask(DEADLINE_MS);

		kept = js_bool(v, "kept", false);
		blind = js_str(v, "blind", NULL);
		if (i == 19 && !kept)
			fail_msg("never still: %s", blind ? blind : "changed");
		js_free(v);
		if (i > 0 && !kept && git_complains())
			return;
	}
}
