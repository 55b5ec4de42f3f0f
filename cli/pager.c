/* SPDX-License-Identifier: MIT */
/*
 * The user's pager. It is the one of this terminal's user and named by his own
 * environment, so a shell may read it, as git and man do. Without one that can
 * be started the output goes where it would have gone.
 */
#include "cli/pager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager;

static const char *
command(void)
{
	const char *text = getenv("RDV_PAGER");

	if (text == NULL)
		text = getenv("PAGER");
	return text != NULL ? text : "less";
}

static void
run(const char *text, const int fds[2])
{
	/* As git: leave short output alone, pass colours, keep the screen. */
	(void)setenv("LESS", "FRX", 0);
	if (dup2(fds[0], STDIN_FILENO) < 0)
		_exit(127);
	(void)close(fds[0]);
	(void)close(fds[1]);
	(void)execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

void
pager_begin(void)
{
	const char *text = command();
	int fds[2];

	if (!isatty(STDOUT_FILENO) || *text == '\0' ||
	    strcmp(text, "cat") == 0 || pipe(fds) < 0)
		return;
	(void)fflush(stdout);
	pager = fork();
	if (pager == 0)
		run(text, fds);
	if (pager > 0)
		(void)dup2(fds[1], STDOUT_FILENO);
	(void)close(fds[0]);
	(void)close(fds[1]);
	/* Ctrl-C is for the pager; that it ended says a write that fails. */
	if (pager > 0)
		(void)signal(SIGINT, SIG_IGN);
}

void
pager_end(void)
{
	if (pager <= 0)
		return;
	(void)fflush(stdout);
	/* Its end of file. */
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	while (waitpid(pager, NULL, 0) < 0)
		continue;
	pager = 0;
}
