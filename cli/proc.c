/* SPDX-License-Identifier: MIT */
/*
 * Starting programs: nothing but system calls between fork and exec, and a
 * close-on-exec pipe that tells "could not start" from "started".
 */
#include "cli/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/str.h"

/* The parent waits for this or for the end of file that exec brings. */
static void
die(int status)
{
	int err = errno;

	(void)!write(status, &err, sizeof(err));
	_exit(127);
}

/* A mask and ignored signals would be inherited through exec. */
static void
reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
become(const struct proc_spec *spec, int status, pid_t parent)
{
	size_t i;

	/*
	 * A group of its own: Ctrl-C is for us, who end them in their order,
	 * and a group can be killed with all its workers (launch.c).
	 */
	(void)setpgid(0, 0);
	/* Our death may have come before we asked to be told of it. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent)
		die(status);
	for (i = 0; i < 2; i++) {
		if (spec->keep[i] != -1 && fcntl(spec->keep[i], F_SETFD, 0))
			die(status);
	}
	if (spec->out > 0 && (dup2(spec->out, STDOUT_FILENO) == -1 ||
				 dup2(spec->out, STDERR_FILENO) == -1))
		die(status);
	if (spec->cwd != NULL && chdir(spec->cwd) == -1)
		die(status);
	reset_signals();
	(void)execve(spec->path, (char *const *)spec->argv,
	    spec->envp != NULL ? (char *const *)spec->envp : environ);
	die(status);
}

/* Returns when the program runs or cannot: no third state to guess at. */
int
proc_spawn(const struct proc_spec *spec, pid_t *pid)
{
	pid_t parent = getpid(), child;
	int fds[2], err = 0;
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -errno;
	child = fork();
	if (child == -1) {
		err = errno;
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -err;
	}
	if (child == 0)
		become(spec, fds[1], parent);
	(void)close(fds[1]);
	do
		n = read(fds[0], &err, sizeof(err));
	while (n == -1 && errno == EINTR);
	(void)close(fds[0]);
	/* exec has closed the pipe: it runs. */
	if (n == 0) {
		*pid = child;
		return 0;
	}
	(void)waitpid(child, NULL, 0);
	return err > 0 ? -err : -EIO;
}

/* An ordinary account often lacks the sbin directories in its PATH. */
bool
proc_find(const char *name, char *out, size_t size)
{
	const char *dirs[] = { getenv("PATH"),
		"/usr/sbin:/usr/local/sbin:/sbin" };
	const char *d;
	size_t i, len;
	int n;

	for (i = 0; i < 2; i++) {
		for (d = dirs[i]; d != NULL && *d != '\0';
		     d += len + (d[len] == ':')) {
			len = strcspn(d, ":");
			n = snprintf(out, size, "%.*s/%s", (int)len, d, name);
			if (d[0] == '/' && n > 0 && (size_t)n < size &&
			    access(out, X_OK) == 0)
				return true;
		}
	}
	return false;
}

bool
proc_stat(pid_t pid, pid_t *parent, char *name, size_t size)
{
	char path[64], text[512];
	char *open_at, *close_at;
	long ppid;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* "pid (name) state ppid ...": the name may hold anything. */
	open_at = strchr(text, '(');
	close_at = strrchr(text, ')');
	if (open_at == NULL || close_at == NULL || strlen(close_at) < 5)
		return false;
	/* Behind ") S ": one letter of state (proc(5)). */
	ppid = strtol(close_at + 4, NULL, 10);
	*close_at = '\0';
	*parent = (pid_t)ppid;
	return str_copy(name, open_at + 1, size);
}
