/* SPDX-License-Identifier: MIT */
/*
 * git, started by the worker. Under the sandbox that holds the worker too, so
 * that it can run nothing that a repository names; what goes on its command
 * line makes it go on without that.
 */
#include "git-worker/gitrun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#define COMPLAINT_MAX 4096
#define CHUNK	      65536
#define WORDS_MAX     4096
#define GRACE_MS      2000

/* Where the profile lets a worker run git (git_paths in security/profile.c). */
static const char *const gits[] = { "/usr/lib/git-core/git",
	"/usr/libexec/git-core/git", "/usr/local/libexec/git-core/git" };

void
gitrun_init(struct gitrun *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->out = r->err = -1;
	buf_init(&r->text, max);
	buf_init(&r->complaint, COMPLAINT_MAX);
}

static void
end_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
reap(struct gitrun *r)
{
	int status = 0;

	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	r->pid = 0;
	r->status =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* It takes its lock files away first, unless it hangs. */
static void
wait_end(struct gitrun *r)
{
	const int64_t until = clock_mono_ms() + GRACE_MS;
	struct pollfd p[2];
	int64_t left;

	while (!gitrun_read(r) && (left = until - clock_mono_ms()) > 0) {
		p[0] = (struct pollfd){ .fd = r->out, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = r->err, .events = POLLIN };
		(void)poll(p, 2, (int)left);
	}
}

void
gitrun_done(struct gitrun *r)
{
	gitrun_stop(r, false);
	if (r->pid > 0)
		wait_end(r);
	gitrun_stop(r, true);
	end_close(&r->out);
	end_close(&r->err);
	if (r->pid > 0)
		reap(r);
	buf_done(&r->text);
	buf_done(&r->complaint);
}

/* environ, and where the index is; the caller frees what was made. */
static char **
environment(const struct gitrun *r, char **made)
{
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = xcalloc(n + 2, sizeof(*env));
	*made = xasprintf("GIT_INDEX_FILE=%s", r->index);
	env[0] = *made;
	memcpy(env + 1, environ, n * sizeof(*env));
	return env;
}

static int
spawn(struct gitrun *r, char **argv, int out, int err)
{
	char *made = NULL, **env = environ;
	posix_spawn_file_actions_t fa;
	int rc = ENOENT;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return -ENOMEM;
	(void)posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&fa, err, STDERR_FILENO);
	if (r->index != NULL)
		env = environment(r, &made);
	for (size_t i = 0; i < sizeof(gits) / sizeof(gits[0]) && rc != 0; i++)
		rc = posix_spawn(&r->pid, gits[i], &fa, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	if (made != NULL)
		free(env);
	free(made);
	if (rc != 0)
		r->pid = 0;
	return -rc;
}

static char **
words_of(const char *dir, const char *const *configs, const char *const *argv)
{
	char **words = xcalloc(WORDS_MAX + 1, sizeof(*words));
	size_t n = 0;

	words[n++] = xstrdup("git");
	words[n++] = xstrdup("-C");
	words[n++] = xstrdup(dir);
	for (; *configs != NULL && n + 2 < WORDS_MAX; configs++) {
		words[n++] = xstrdup("-c");
		words[n++] = xstrdup(*configs);
	}
	for (; *argv != NULL && n < WORDS_MAX; argv++)
		words[n++] = xstrdup(*argv);
	return words;
}

int
gitrun_start(struct gitrun *r, const char *dir, const char *const *configs,
    const char *const *argv)
{
	int out[2], err[2], rc;
	char **words;

	buf_reset(&r->text);
	buf_reset(&r->complaint);
	r->over = false;
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		rc = -errno;
		(void)close(out[0]);
		(void)close(out[1]);
		return rc;
	}
	words = words_of(dir, configs, argv);
	rc = spawn(r, words, out[1], err[1]);
	for (size_t i = 0; words[i] != NULL; i++)
		free(words[i]);
	free(words);
	r->index = NULL;
	(void)close(out[1]);
	(void)close(err[1]);
	r->out = out[0];
	r->err = err[0];
	(void)fcntl(r->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->err, F_SETFL, O_NONBLOCK);
	if (rc != 0) {
		end_close(&r->out);
		end_close(&r->err);
	}
	return rc;
}

/* False when there is nothing more for now. */
static bool
read_end(struct gitrun *r, int *fd, struct buf *b)
{
	static char chunk[CHUNK];
	const size_t room = b->max - b->len;
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		end_close(fd);
		return false;
	}
	buf_put(b, chunk, (size_t)n > room ? room : (size_t)n);
	/* Half an answer is none; the first complaints will do. */
	if (b == &r->text && (size_t)n > room && !r->over) {
		r->over = true;
		gitrun_stop(r, false);
	}
	return true;
}

bool
gitrun_read(struct gitrun *r)
{
	while (r->out >= 0 && read_end(r, &r->out, &r->text))
		continue;
	while (r->err >= 0 && read_end(r, &r->err, &r->complaint))
		continue;
	if (r->pid == 0 || r->out >= 0 || r->err >= 0)
		return false;
	reap(r);
	return true;
}

void
gitrun_stop(struct gitrun *r, bool hard)
{
	/* First SIGTERM, so that git removes its lock files. */
	if (r->pid > 0)
		(void)kill(r->pid, hard ? SIGKILL : SIGTERM);
}
