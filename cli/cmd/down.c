/* SPDX-License-Identifier: MIT */
/*
 * rdv down: ends the rdv of this base directory and waits until all of it is
 * gone, so that what is done next finds a free port and a free lock.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/instance.h"
#include "cli/out.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

/* rdvd drains up to 35 s, runs get some, nginx too. */
#define END_MS	  75000
#define ORPHAN_MS 5000
#define AGAIN_MS  50

static int
report(struct cmd_call *c, pid_t pid)
{
	struct js *v;

	if (!c->cli->json) {
		if (pid != 0)
			out_note(c->cli, "stopped");
		else
			out_note(c->cli, "nothing runs on %s", c->cli->base);
		return CMD_OK;
	}
	v = js_object();
	js_add_bool(v, "stopped", pid != 0);
	js_add_str(v, "base", c->cli->base);
	js_add_ms(v, "pid", pid != 0 ? pid : -1);
	out_json(v);
	js_free(v);
	return CMD_OK;
}

/*
 * True when the process of this pidfd ends before the deadline: the pidfd
 * becomes readable then.
 */
static bool
wait_end(int pidfd, int64_t deadline)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	int64_t left;

	while ((left = deadline - clock_mono_ms()) > 0) {
		if (poll(&p, 1, (int)left) == 1)
			return true;
	}
	return false;
}

/*
 * [main] ends everything below it, and the launcher above it ends because
 * [main] did: one signal, two ends to wait for.
 */
static int
end(struct cmd_call *c, const struct instance *i)
{
	int64_t deadline = clock_mono_ms() + END_MS;

	if (c->cli->timeout_ms > 0)
		deadline = clock_mono_ms() + c->cli->timeout_ms;
	/* ESRCH: it has ended by itself, which is what is wanted. */
	if (syscall(SYS_pidfd_send_signal, i->main_fd, SIGTERM, NULL, 0) ==
		-1 &&
	    errno != ESRCH) {
		out_error(c->cli, "REFUSED", "process %d: %s", (int)i->main,
		    strerror(errno));
		return CMD_FAILED;
	}
	if (!wait_end(i->main_fd, deadline) ||
	    (i->launcher_fd != -1 && !wait_end(i->launcher_fd, deadline))) {
		out_error(c->cli, "TIMEOUT", "process %d has not ended yet",
		    (int)i->main);
		return CMD_FAILED;
	}
	return report(c, i->main);
}

/* What is left of an rdv whose [main] was killed ends by itself. */
static int
find(struct cmd_call *c, struct instance *i, char *why, size_t whysize)
{
	int64_t deadline = clock_mono_ms() + ORPHAN_MS;
	int rc;

	while ((rc = instance_find(c->cli, i, why, whysize)) == RDV_E_STATE &&
	       clock_mono_ms() < deadline)
		(void)poll(NULL, 0, AGAIN_MS);
	return rc;
}

static int
down(struct cmd_call *c)
{
	struct instance i;
	char why[512];
	int rc;

	rc = find(c, &i, why, sizeof(why));
	if (rc == RDV_E_NOT_FOUND && c->cli->run_dir != NULL) {
		out_error(c->cli, "REFUSED",
		    "the rdv of this host is root's to stop, and you have none "
		    "of your own");
		return CMD_FAILED;
	}
	if (rc == RDV_E_NOT_FOUND)
		return report(c, 0);
	if (rc != 0) {
		out_error(c->cli, "REFUSED", "%s", why);
		return CMD_FAILED;
	}
	rc = end(c, &i);
	instance_done(&i);
	return rc;
}

const struct cmd cmd_down = {
	.path = "down",
	.help = "stop rdv and everything it runs",
	.doc = "Sessions end as if their terminals were closed; their output "
	       "and worktrees stay. When nothing runs that is fine too.",
	.scope = "local",
	.run = down,
};
