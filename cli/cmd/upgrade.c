/* SPDX-License-Identifier: MIT */
/*
 * rdv upgrade: asks the rdv of this base directory to become the programs that
 * are installed now, and tells how that went. All that is said is a signal:
 * [main] reads nothing from us, and leaves a line in its directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/hostservice.h"
#include "cli/instance.h"
#include "cli/out.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* [main] has deadlines of its own, 15 s each for two steps and one back. */
#define UPGRADE_MS 60000
#define AGAIN_MS   20
#define RESULT_MAX 512

/* One from before there were upgrades would end of the signal. */
static bool
expects_it(pid_t pid)
{
	char *path = xasprintf("/proc/%d/status", (int)pid), text[4096] = "";
	const char *at;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	free(path);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "\nSigBlk:\t");
	return at != NULL &&
	       (strtoull(at + 9, NULL, 16) >> (SIGUSR2 - 1) & 1) != 0;
}

/* The inode tells a new line from the one of the last time. */
static ino_t
result_of(int dir)
{
	struct stat st;

	return fstatat(dir, "upgrade", &st, AT_SYMLINK_NOFOLLOW) == 0
		   ? st.st_ino
		   : 0;
}

static int
report(struct cmd_call *c, int dir)
{
	char *text = NULL;
	const bool read_ok =
	    path_read_private(dir, "upgrade", RESULT_MAX, &text, NULL) == 0;
	const bool done = read_ok && str_starts(text, "upgraded ");
	const char *rest = read_ok ? strchr(text, ' ') : NULL;
	struct js *v;

	if (rest == NULL) {
		out_error(c->cli, "UNAVAILABLE", "nothing was told of it");
	} else if (c->cli->json && done) {
		v = js_object();
		js_add_bool(v, "upgraded", done);
		js_add_str(v, "detail", rest + 1);
		out_json(v);
		js_free(v);
	} else if (done) {
		out_note(c->cli, "upgraded %.*s", (int)strcspn(rest + 1, "\n"),
		    rest + 1);
	} else {
		out_error(c->cli, "REFUSED", "%.*s",
		    (int)strcspn(rest + 1, "\n"), rest + 1);
	}
	free(text);
	return done ? CMD_OK : CMD_FAILED;
}

static int
ask(struct cmd_call *c, const struct instance *i, int dir)
{
	const int64_t ms =
	    c->cli->timeout_ms > 0 ? c->cli->timeout_ms : UPGRADE_MS;
	const int64_t deadline = clock_mono_ms() + ms;
	struct pollfd p = { i->main_fd, POLLIN, 0 };
	const ino_t before = result_of(dir);

	if (syscall(SYS_pidfd_send_signal, i->main_fd, SIGUSR2, NULL, 0) < 0) {
		out_error(c->cli, "REFUSED", "process %d: %s", (int)i->main,
		    strerror(errno));
		return CMD_FAILED;
	}
	while (result_of(dir) == before) {
		if (poll(&p, 1, AGAIN_MS) == 1) {
			out_error(c->cli, "UNAVAILABLE", "rdv has ended");
			return CMD_FAILED;
		}
		if (clock_mono_ms() >= deadline) {
			out_error(c->cli, "TIMEOUT", "it is not over yet");
			return CMD_FAILED;
		}
	}
	return report(c, dir);
}

/* A number may become another's: pinned first, and then looked at again. */
static int
find_host(const struct cli *cli, struct instance *i, char *why, size_t size)
{
	i->main = hostservice_pid(cli);
	if (i->main != 0)
		i->main_fd = (int)syscall(SYS_pidfd_open, i->main, 0);
	if (i->main_fd >= 0 && hostservice_pid(cli) == i->main)
		return 0;
	(void)str_copy(why, "the rdv of this host does not run", size);
	return RDV_E_NOT_FOUND;
}

/* Who is meant, and in `dir` where it will say how that went. */
static int
find(const struct cli *cli, struct instance *i, int *dir, char *why,
    size_t size)
{
	char *kept = hostservice_kept(cli), *root = hostservice_root(cli);
	char *place =
	    kept != NULL ? xstrdup(kept) : xasprintf("%s/server", cli->base);
	int rc;

	rc = kept != NULL ? find_host(cli, i, why, size)
			  : instance_find(cli, i, why, size);
	if (rc == RDV_E_NOT_FOUND && kept == NULL && root != NULL) {
		(void)str_copy(why,
		    "the rdv of this host is root's: sudo rdv upgrade", size);
		rc = RDV_E_DENIED;
	}
	if (rc == 0) {
		*dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*dir < 0)
			(void)str_copy(why, strerror(errno), size);
		rc = *dir < 0 ? RDV_E_STATE : 0;
	}
	free(place);
	free(root);
	free(kept);
	return rc;
}

static int
upgrade(struct cmd_call *c)
{
	struct instance i = { .main_fd = -1, .launcher_fd = -1 };
	char why[512];
	int dir = -1, rc = find(c->cli, &i, &dir, why, sizeof(why));

	if (rc != 0) {
		out_error(c->cli,
		    rc == RDV_E_NOT_FOUND ? "UNAVAILABLE" : "REFUSED", "%s",
		    why);
		rc = CMD_FAILED;
	} else if (!expects_it(i.main)) {
		out_error(c->cli, "REFUSED",
		    "what runs knows of no upgrade: stop it and start it");
		rc = CMD_FAILED;
	} else {
		rc = ask(c, &i, dir);
	}
	if (dir >= 0)
		(void)close(dir);
	instance_done(&i);
	return rc;
}

const struct cmd cmd_upgrade = {
	.path = "upgrade",
	.help = "go on with the programs that are installed now",
	.doc = "Sessions go on. The new programs are tried first, what runs is "
	       "counted afterwards, and when anything differs the old ones "
	       "serve again. That of the host is root's: sudo rdv upgrade.",
	.scope = "local",
	.run = upgrade,
};
