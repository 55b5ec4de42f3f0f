/* SPDX-License-Identifier: MIT */
/*
 * See live.h. The outer program makes a directory with copies of rdv-helper and
 * of itself under the name rdvd, because a helper starts the rdvd beside it.
 */
#include "tests/unit/core/live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "daemon/core/grant.h"
#include "daemon/core/run.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/users.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#ifdef RDV_SANITIZED /* and all that it waits for is as slow */
#define DEADLINE_MS 180000
#else
#define DEADLINE_MS 60000
#endif
/* rdv-helper takes this status of an rdvd for final. */
#define DONE 77

struct live live;
static struct conf conf;
static struct arena *paths;
static struct loop_timer *deadline;
static bool ready;
static char *base;

static int
run_sh(const char *dir, const char *command, int out)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (out >= 0)
			(void)dup2(out, STDOUT_FILENO);
		else
			(void)dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		(void)setenv("HOME", live.home, 1);
		(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
		(void)setenv("GIT_AUTHOR_NAME", "t", 1);
		(void)setenv("GIT_AUTHOR_EMAIL", "t@example.org", 1);
		(void)setenv("GIT_COMMITTER_NAME", "t", 1);
		(void)setenv("GIT_COMMITTER_EMAIL", "t@example.org", 1);
		if (chdir(dir) == 0)
			execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int
live_sh(const char *dir, const char *fmt, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	return run_sh(dir, command, -1);
}

const char *
live_out(const char *dir, const char *fmt, ...)
{
	static char out[65536];
	char command[4096], *name = xasprintf("%s/out", live.scratch);
	va_list ap;
	ssize_t n;
	int fd;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (run_sh(dir, command, fd) != 0)
		fail_msg("failed: %s", command);
	n = pread(fd, out, sizeof out - 1, 0);
	assert_true(n >= 0);
	out[n] = '\0';
	if (n > 0 && out[n - 1] == '\n')
		out[n - 1] = '\0';
	close(fd);
	(void)unlink(name);
	free(name);
	return out;
}

const char *
live_path(const char *fmt, ...)
{
	char path[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	return arena_printf(paths, "%s/%s", live.scratch, path);
}

void
live_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

bool
live_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
late_cb(void *arg)
{
	(void)arg;
	fprintf(stderr, "deadline passed\n");
	_exit(DONE);
}

/* An rdvd that crashes would be started again, and again. */
static void
abort_cb(int sig)
{
	(void)sig;
	_exit(DONE);
}

struct until {
	bool (*over)(const void *arg);
	const void *arg;
	struct loop_timer *poll;
};

static void
until_cb(void *arg)
{
	struct until *u = arg;

	if (u->over(u->arg))
		loop_stop(live.app.loop);
	else
		loop_timer_set(u->poll, 1);
}

void
live_wait(bool (*over)(const void *arg), const void *arg)
{
	struct until u = { over, arg, NULL };

	u.poll = loop_timer_new(live.app.loop, until_cb, &u);
	loop_timer_set(u.poll, 0);
	loop_timer_set(deadline, DEADLINE_MS);
	loop_run(live.app.loop);
	loop_timer_clear(deadline);
	loop_timer_free(u.poll);
}

static bool
is_set(const void *arg)
{
	return *(const bool *)arg;
}

void
live_until(const bool *flag)
{
	live_wait(is_set, flag);
}

static void
ready_cb(const struct priv_hello *hello, void *arg)
{
	(void)hello;
	(void)arg;
	grants_forget(live.app.grants);
	grants_open(live.app.grants);
	ready = true;
}

static void
lost_cb(void *arg)
{
	(void)arg;
	ready = false;
	grants_forget(live.app.grants);
	if (!live.app.draining)
		return;
	worktrees_let_go(live.app.worktrees);
	grants_end(live.app.grants);
}

static void
exited_cb(const struct priv_exit *ev, void *arg)
{
	(void)arg;
	helper_exit_ack(live.app.helper, ev->handle);
}

/* No row of it is anybody's here. */
static void
ports_cb(const struct priv_ports *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

static void
halted_cb(const struct priv_halted *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

static void
stray_cb(uint64_t handle, void *arg)
{
	(void)handle;
	(void)arg;
}

static void
gone_cb(void *arg)
{
	(void)arg;
	/* Of another build, perhaps; asking again would change nothing. */
	_exit(DONE);
}

static const struct helper_ops ops = {
	.ready = ready_cb,
	.lost = lost_cb,
	.exited = exited_cb,
	.halted = halted_cb,
	.ports = ports_cb,
	.stray = stray_cb,
};

static bool
user_cb(const struct store_user *u, void *arg)
{
	*(bool *)arg = true;
	(void)str_copy(live.who.user_id, u->id, sizeof live.who.user_id);
	return false;
}

static void
ensure_user(void)
{
	struct store_user u = { .uid = geteuid(), .name = "t" };
	bool found = false;
	struct tx *tx;

	assert_int_equal(store_users_each(live.app.db, user_cb, &found), 0);
	if (!found) {
		uuid_v7(u.id);
		tx = tx_begin(live.app.db);
		assert_int_equal(store_user_insert(tx, &u, 1), 0);
		tx_commit(tx, NULL, NULL);
		db_settle(live.app.db);
		assert_int_equal(store_users_each(live.app.db, user_cb, &found),
		    0);
	}
	live.who.uid = geteuid();
}

/* Everything a test touches, and none of what only main.c needs. */
static void
build(void)
{
	char why[512];

	live.app.loop = loop_new();
	live.app.conf = &conf;
	deadline = loop_timer_new(live.app.loop, late_cb, NULL);
	conf_init(&conf, base, live.home);
	if (db_open(&live.app.db, live.app.loop, conf.database_path, why,
		sizeof why) != 0 ||
	    db_start(live.app.db) != 0) {
		fprintf(stderr, "%s\n", why);
		_exit(DONE);
	}
	ensure_user();
	live.app.grants = grants_new(&live.app);
	live.app.runs = runs_new(&live.app);
	live.app.worktrees = worktrees_new(&live.app);
	live.app.helper =
	    helper_new(live.app.loop, 3, &ops, gone_cb, &live.app);
	live_until(&ready);
}

/* As boot_down() does it. */
static void
unbuild(void)
{
	live.app.draining = true;
	helper_free(live.app.helper);
	db_settle(live.app.db);
	worktrees_free(live.app.worktrees);
	runs_free(live.app.runs);
	grants_free(live.app.grants);
	db_close(live.app.db);
	loop_timer_free(deadline);
	loop_free(live.app.loop);
	conf_done(&conf);
}

int
live_setup(void **state)
{
	static int n;

	(void)state;
	paths = arena_new();
	live.repo = live_path("repo%d", ++n);
	return live_sh(live.scratch,
	    "rm -rf w && mkdir w && git init -q -b main %s && cd %s && echo "
	    "one >file && "
	    "git add file && git commit -q -m one",
	    live.repo, live.repo);
}

int
live_teardown(void **state)
{
	(void)state;
	arena_free(paths);
	return 0;
}

static void
note(const char *name, int value)
{
	char *path = xasprintf("%s/%s", live.scratch, name);
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		(void)fprintf(f, "%d", value);
		(void)fclose(f);
	}
	free(path);
}

static int
noted(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	int value = -1;

	if (f != NULL) {
		if (fscanf(f, "%d", &value) != 1)
			value = -1;
		(void)fclose(f);
	}
	free(path);
	return value;
}

/* As rdvd: --base DIR --control-fd 3 ... */
static int
inside(char *dir, int (*tests)(void))
{
	base = dir;
	live.scratch = xstrdup(dir);
	*strrchr(live.scratch, '/') = '\0';
	live.home = xasprintf("%s/home", live.scratch);
	(void)signal(SIGABRT, abort_cb);
	log_init("test", STDERR_FILENO, LOG_ERROR);
	if (noted(live.scratch, "tap") == 1)
		cmocka_set_message_output(CM_OUTPUT_TAP);
	build();
	note("result", tests());
	unbuild();
	free(live.home);
	free(live.scratch);
	return DONE;
}

static void
copy(const char *from, const char *to)
{
	static char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ssize_t n;

	while ((n = read(in, block, sizeof block)) > 0)
		if (write(out, block, (size_t)n) != n)
			break;
	if (in < 0 || out < 0 || n != 0) {
		perror(from);
		exit(1);
	}
	close(in);
	close(out);
}

/* build/unit/core/test_x runs build/bin/rdv-helper. */
static void
lay_out(const char *dir)
{
	static const char *const names[] = { "rdv-helper", "rdv-git" };
	char self[1024], from[1100], to[640];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	self[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	(void)snprintf(to, sizeof to, "%s/bin", dir);
	(void)mkdir(to, 0700);
	(void)snprintf(to, sizeof to, "%s/home", dir);
	(void)mkdir(to, 0700);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(from, sizeof from, "%s/bin/%s", self, names[i]);
		(void)snprintf(to, sizeof to, "%s/bin/%s", dir, names[i]);
		copy(from, to);
	}
	(void)snprintf(to, sizeof to, "%s/bin/rdvd", dir);
	copy("/proc/self/exe", to);
}

static void
show(const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		(void)fputs(line, stderr);
	if (f != NULL)
		(void)fclose(f);
}

static int
outside(int (*tests)(void))
{
	const char *tmp = getenv("TMPDIR"),
		   *form = getenv("CMOCKA_MESSAGE_OUTPUT");
	char dir[256], helper[600], dest[600], log[600], *real;
	int status = 0, result;
	pid_t pid;

	(void)tests;
	(void)snprintf(dir, sizeof dir, "%s/rdv-live-XXXXXX",
	    tmp != NULL && strlen(tmp) < 200 ? tmp : "/tmp");
	real = mkdtemp(dir) != NULL ? realpath(dir, NULL) : NULL;
	if (real == NULL)
		return 1;
	live.scratch = real;
	lay_out(real);
	note("tap", form != NULL && strcmp(form, "tap") == 0);
	(void)snprintf(helper, sizeof helper, "%s/bin/rdv-helper", real);
	(void)snprintf(dest, sizeof dest, "%s/base", real);
	/* Its log is only of interest when something went wrong. */
	(void)snprintf(log, sizeof log, "%s/log", real);
	pid = fork();
	if (pid == 0) {
		(void)dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600),
		    STDERR_FILENO);
		execl(helper, "rdv-helper", "--base", dest, (char *)NULL);
		_exit(126);
	}
	(void)waitpid(pid, &status, 0);
	result = noted(real, "result");
	if (result != 0)
		show(log);
	pid = fork();
	if (pid == 0) {
		/* Some made directories that nobody may look into. */
		execl("/bin/sh", "sh", "-c",
		    "chmod -R u+rwX \"$0\"; rm -rf \"$0\"", real, (char *)NULL);
		_exit(126);
	}
	(void)waitpid(pid, NULL, 0);
	if (result < 0)
		fprintf(stderr, "no result; rdv-helper ended with %x\n",
		    (unsigned)status);
	free(real);
	return result != 0;
}

int
live_main(int argc, char **argv, int (*tests)(void))
{
	if (argc > 2 && strcmp(argv[1], "--base") == 0)
		return inside(argv[2], tests);
	return outside(tests);
}
