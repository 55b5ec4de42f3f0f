/* SPDX-License-Identifier: MIT */
/*
 * A session for one command, which is closed when that has ended. At a terminal
 * it is attached to. Otherwise the program gets pipes, and two processes of
 * ours carry what goes in and out, while this one waits for either and for
 * signals. Invariant: whatever ends it, the session is closed.
 */
#include "cli/once.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/attach.h"
#include "cli/carry.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/tty.h"
#include "lib/js.h"

static int
close_session(struct cmd_call *c, const char *id)
{
	char *path = api_path("/api/sessions/", id, "");
	int rc = api_send(c, "DELETE", path, NULL, NULL);

	free(path);
	return rc;
}

/* Of a run that is over, as a shell has it. */
static int
program_status(struct cmd_call *c, const char *run)
{
	char *path = api_path("/api/runs/", run, "");
	struct js *v = NULL;
	int64_t code, sig;
	int rc = api_get(c, path, &v);

	free(path);
	if (rc != CMD_OK)
		return rc;
	code = js_int(v, "exit_code", -1);
	sig = js_int(v, "signal", -1);
	js_free(v);
	if (sig > 0)
		return CMD_PROGRAM + 128 + (int)sig;
	return CMD_PROGRAM + (code >= 0 ? (int)(code & 255) : CMD_FAILED);
}

typedef int carry_fn(const struct cmd_call *c, const char *id);

/* It ends with us, and writes nothing that we have buffered. */
static pid_t
start(struct cmd_call *c, carry_fn *fn, const char *id)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(CMD_FAILED);
	_exit(fn(c, id));
}

static void
stop(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* Until the output is at its end (0, with its status), or a signal's number. */
static int
await_end(const sigset_t *set, pid_t output, int *status)
{
	siginfo_t si;

	for (;;) {
		if (waitpid(output, status, WNOHANG) == output)
			return 0;
		if (sigwaitinfo(set, &si) > 0 && si.si_signo != SIGCHLD)
			return si.si_signo;
	}
}

/*
 * From before there is a session, so that no signal comes between that and who
 * would close it.
 */
static void
hold_signals(sigset_t *set, sigset_t *old)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, set, old);
}

/* A signal is raised again: it ends us once it is let through. */
static int
over_pipes(struct cmd_call *c, const struct js *session, const sigset_t *set)
{
	const char *id = js_str(session, "id", "");
	const char *run = js_str(js_get(session, "run"), "id", "");
	int sig, status = 0, rc;
	pid_t input, output;

	output = start(c, carry_output, run);
	input = output > 0 ? start(c, carry_input, id) : -1;
	sig = input > 0 ? await_end(set, output, &status) : 0;
	stop(input);
	if (input < 0 || sig != 0)
		stop(output);
	rc = close_session(c, id);
	if (sig != 0) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
		return CMD_FAILED;
	}
	if (input < 0) {
		out_error(c->cli, "SPAWN_FAILED", "cannot fork");
		return CMD_FAILED;
	}
	if (rc != CMD_OK || !WIFEXITED(status) || WEXITSTATUS(status) != CMD_OK)
		return rc != CMD_OK ? rc : CMD_FAILED;
	return program_status(c, run);
}

/* Detached, it goes on and stays: that has been said by then. */
static int
at_terminal(struct cmd_call *c, const struct js *session)
{
	const struct attach_conf conf = {
		.call = c, .session = session, .exit_code = true
	};
	int rc = attach_run(&conf), closed = CMD_OK;

	if (rc != CMD_OK)
		closed = close_session(c, js_str(session, "id", ""));
	return closed != CMD_OK ? closed : rc;
}

static void
add_io(struct js *body, bool pty)
{
	unsigned cols, rows;

	js_add_str(body, "io", pty ? "pty" : "pipes");
	if (pty && tty_size(STDOUT_FILENO, &cols, &rows)) {
		js_add_int(body, "cols", cols);
		js_add_int(body, "rows", rows);
	}
}

int
once_run(struct cmd_call *c, struct js *body, bool *refused)
{
	const bool pty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct js *session = NULL;
	sigset_t set, old;
	int rc;

	add_io(body, pty);
	/* An attached view sees to its signals itself. */
	if (!pty)
		hold_signals(&set, &old);
	rc = api_send(c, "POST", "/api/sessions", body, &session);
	*refused = rc == CMD_FAILED;
	if (rc == CMD_OK && pty)
		rc = at_terminal(c, session);
	else if (rc == CMD_OK)
		rc = over_pipes(c, session, &set);
	js_free(session);
	if (!pty)
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}
