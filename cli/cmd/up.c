/* SPDX-License-Identifier: MIT */
/*
 * rdv up: starts everything, in the background unless told otherwise, and ends
 * when it is known to work: what it prints has been tried. A second one says
 * what runs and leaves it alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/instance.h"
#include "cli/launch.h"
#include "cli/out.h"
#include "cli/settings.h"
#include "cli/signin.h"
#include "cli/upreport.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/xalloc.h"

#define LOG_MAX	   (16 << 20) /* then its name gets ".1" */
#define REPORT_MAX 65536
#define RACE_MS	   1000	 /* from the lock to a socket that listens */
#define SOON_MS	   15000 /* until one that is starting answers */
#define AGAIN_MS   50

struct up {
	struct cmd_call *call;
	int report; /* where the background tells the foreground; -1: neither */
	int server_dir;
	struct js *settings;
	char *log_file; /* of the settings */
	off_t log_from;
	bool busy;     /* rdv-helper refused: perhaps another one runs */
	char why[512]; /* then: its reason, not yet told */
};

/*
 * In the background the report goes through a pipe to the rdv that the user
 * started, which prints it and ends: so its exit status is the truth.
 */
static void
tell(struct up *u, struct js *v)
{
	struct buf b;

	if (u->report == -1) {
		upreport_print(u->call, v);
		js_free(v);
		return;
	}
	buf_init(&b, REPORT_MAX);
	js_dump(v, &b);
	(void)!write(u->report, b.data, b.len);
	(void)close(u->report);
	u->report = -1;
	buf_done(&b);
	js_free(v);
}

/* The sign-in URL is the last test: rdvd makes it, so rdvd works. */
static bool
ready_cb(const struct launch_info *info, void *arg)
{
	struct up *u = arg;
	char origin[32], *url = NULL;
	struct js *v;

	(void)snprintf(origin, sizeof(origin), "127.0.0.1:%u", info->port);
	if (info->port != 0 && signin_url(u->call, origin, &url) != CMD_OK)
		return false;
	v = upreport_new(u->call->cli, getpid(), url);
	js_add_bool(v, "already_running", false);
	js_add_bool(v, "background", u->report != -1);
	js_add_ms(v, "port", info->port != 0 ? (int64_t)info->port : -1);
	js_add_int(v, "ready_ms", clock_mono_ms() - info->started_ms);
	free(url);
	tell(u, v);
	return true;
}

static void
failed_cb(const char *why, bool busy, void *arg)
{
	struct up *u = arg;
	struct js *v;

	u->busy = busy;
	(void)snprintf(u->why, sizeof(u->why), "%s", why);
	if (u->report == -1 && busy)
		return;
	if (u->report == -1) {
		out_error(u->call->cli, "START_FAILED", "%s", why);
		return;
	}
	v = js_object();
	js_add_str(v, "error", why);
	js_add_bool(v, "busy", busy);
	tell(u, v);
}

static int
launch(struct up *u)
{
	struct launch_conf conf = { .cli = u->call->cli,
		.port = (unsigned)cmd_number(u->call, "port", 0),
		.no_web = cmd_flag(u->call, "no-web"),
		.server_dir = u->server_dir,
		.settings = u->settings,
		.ready = ready_cb,
		.failed = failed_cb,
		.arg = u };

	return launch_run(&conf);
}

/* It may be starting still: the token comes after the socket. */
static void
wait_until_it_answers(struct cmd_call *c)
{
	int64_t deadline = clock_mono_ms() + SOON_MS;
	struct js *v = NULL;
	char why[512];

	while (api_try(c, "/api/status", &v, why, sizeof(why)) != 0 &&
	       clock_mono_ms() < deadline)
		(void)poll(NULL, 0, AGAIN_MS);
	js_free(v);
}

static int
tell_running(struct cmd_call *c, const struct instance *i)
{
	char *origin = NULL, *url = NULL;
	struct js *v;
	int rc;

	wait_until_it_answers(c);
	rc = signin_origin(c, &origin);
	if (rc == CMD_OK && origin != NULL)
		rc = signin_url(c, origin, &url);
	free(origin);
	if (rc != CMD_OK)
		return rc;
	v = upreport_new(c->cli, i->launcher != 0 ? i->launcher : i->main, url);
	js_add_bool(v, "already_running", true);
	upreport_print(c, v);
	js_free(v);
	free(url);
	return CMD_OK;
}

/* CMD_OK with *found false: nobody is there, go on. */
static int
look_for_one(struct cmd_call *c, bool *found)
{
	struct instance i;
	char why[512];
	int rc;

	*found = false;
	rc = instance_find(c->cli, &i, why, sizeof(why));
	if (rc == RDV_E_NOT_FOUND)
		return CMD_OK;
	if (rc != 0) {
		out_error(c->cli, "REFUSED", "%s", why);
		return CMD_FAILED;
	}
	*found = true;
	rc = tell_running(c, &i);
	instance_done(&i);
	return rc;
}

/*
 * rdv-helper refused. Most often somebody else was faster by a moment: then
 * that one is told of, and *found.
 */
static int
lost_the_race(struct cmd_call *c, bool *found)
{
	int64_t deadline = clock_mono_ms() + RACE_MS;
	int rc;

	do {
		rc = look_for_one(c, found);
		if (rc != CMD_OK || *found)
			return rc;
		(void)poll(NULL, 0, AGAIN_MS);
	} while (clock_mono_ms() < deadline);
	return CMD_FAILED;
}

/*
 * Renamed only between two runs: nobody writes to it then. Non-blocking until
 * it is open, or a FIFO that nobody reads would hold up the start.
 */
static int
open_log(struct up *u)
{
	const int flags =
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
	char *old = xasprintf("%s.1", u->log_file);
	struct stat st;
	int fd;

	if (lstat(u->log_file, &st) == 0 && st.st_size > LOG_MAX)
		(void)rename(u->log_file, old);
	free(old);
	fd = open(u->log_file, flags | O_NONBLOCK, 0600);
	if (fd != -1 && fstat(fd, &st) == 0)
		u->log_from = st.st_size;
	if (fd != -1)
		(void)fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static void
become_background(struct up *u, int log)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The terminal may close: its hang-up is not ours any more. */
	(void)setsid();
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	(void)close(null);
	(void)close(log);
	/* The directory we were called in may be unmounted. */
	(void)!fchdir(u->server_dir);
	log_init("rdv-up", STDERR_FILENO, LOG_INFO);
}

/* End of file without a report: the background died before it could say. */
static struct js *
read_report(int fd)
{
	char piece[4096], why[160];
	struct js *v = NULL;
	struct buf b;
	ssize_t n;

	buf_init(&b, REPORT_MAX);
	while ((n = read(fd, piece, sizeof(piece))) > 0 ||
	       (n == -1 && errno == EINTR)) {
		if (n > 0)
			buf_put(&b, piece, (size_t)n);
	}
	if (buf_ok(&b))
		v = js_parse((const char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return v;
}

/* The status of a program says little; what it wrote before it ended, more. */
static void
tell_failure(struct up *u, const char *error)
{
	const struct cli *cli = u->call->cli;
	char reason[1024];

	if (error == NULL)
		error = "it ended before it was ready";
	if (upreport_reason(u->log_file, u->log_from, reason, sizeof(reason)))
		out_error(cli, "START_FAILED", "%s (%s)", reason, error);
	else
		out_error(cli, "START_FAILED", "%s", error);
	upreport_log(cli, u->log_file, u->log_from);
}

static int
wait_for_report(struct up *u, int fd)
{
	struct js *v = read_report(fd);
	const char *error = js_str(v, "error", NULL);
	bool found = false;
	int rc = CMD_FAILED;

	(void)close(fd);
	if (v != NULL && error == NULL) {
		upreport_print(u->call, v);
		rc = CMD_OK;
	} else if (js_bool(v, "busy", false)) {
		rc = lost_the_race(u->call, &found);
	}
	if (rc == CMD_FAILED && !found)
		tell_failure(u, error);
	js_free(v);
	return rc;
}

static int
in_background(struct up *u)
{
	int fds[2], log = open_log(u);
	pid_t pid;

	if (log == -1 || pipe2(fds, O_CLOEXEC) == -1) {
		out_error(u->call->cli, "START_FAILED", "%s: %s", u->log_file,
		    strerror(errno));
		return CMD_FAILED;
	}
	/*
	 * The child is the launcher; the parent waits for its report and ends.
	 */
	pid = fork();
	if (pid == 0) {
		(void)close(fds[0]);
		u->report = fds[1];
		become_background(u, log);
		return launch(u);
	}
	(void)close(fds[1]);
	(void)close(log);
	if (pid == -1) {
		(void)close(fds[0]);
		out_error(u->call->cli, "START_FAILED", "fork: %s",
		    strerror(errno));
		return CMD_FAILED;
	}
	return wait_for_report(u, fds[0]);
}

static int
in_foreground(struct up *u)
{
	bool found = false;
	int rc = launch(u);

	if (!u->busy)
		return rc;
	rc = lost_the_race(u->call, &found);
	if (rc == CMD_FAILED && !found)
		out_error(u->call->cli, "START_FAILED", "%s", u->why);
	return rc;
}

/* Made here when missing; rdv-helper will check all of it again. */
static int
open_server_dir(struct cmd_call *c)
{
	int base, server = -1;

	base = path_private_dir(AT_FDCWD, c->cli->base);
	if (base >= 0) {
		server = path_private_dir(base, "server");
		(void)close(base);
	}
	if (base >= 0 && server >= 0)
		return server;
	server = base < 0 ? base : server;
	out_error(c->cli, "INVALID_PATH", "%s: %s", c->cli->base,
	    server == -EPERM ? "must be yours alone (chmod 700)"
			     : strerror(-server));
	return -1;
}

static int
up(struct cmd_call *c)
{
	struct up u = { .call = c, .report = -1 };
	bool found;
	int rc;

	/* Another here would take the place of the token for the host's. */
	if (c->cli->run_dir != NULL) {
		out_error(c->cli, "ALREADY_RUNNING",
		    "the rdv of this host serves you (%s): rdv login; for one "
		    "of your own beside it: RDV_HOME=DIR rdv up",
		    c->cli->api_socket);
		return CMD_FAILED;
	}
	/* Before anything is made: nothing here is ever wider than that. */
	(void)umask(077);
	rc = look_for_one(c, &found);
	if (rc != CMD_OK || found)
		return rc;
	if (geteuid() == 0 && !c->cli->json)
		out_note(c->cli,
		    "warning: running as root, so is every "
		    "session; an ordinary account is the better place");
	u.server_dir = open_server_dir(c);
	if (u.server_dir == -1)
		return CMD_FAILED;
	if (settings_ask(c->cli, &u.settings, u.why, sizeof(u.why)) != 0) {
		out_error(c->cli, "START_FAILED", "%s", u.why);
		rc = CMD_FAILED;
	} else if (cmd_flag(c, "foreground")) {
		rc = in_foreground(&u);
	} else {
		u.log_file = settings_path(u.settings, "server.log_file");
		rc = in_background(&u);
	}
	free(u.log_file);
	js_free(u.settings);
	(void)close(u.server_dir);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "foreground",
	    .letter = 'f',
	    .help = "stay here; Ctrl-C stops everything" },
	{ .name = "port",
	    .arg = "N",
	    .min = 1,
	    .max = 65535,
	    .help = "port of the page on 127.0.0.1 (as last time, or 7717)" },
	{ .name = "no-web", .help = "without nginx and the page" },
	{ .name = NULL },
};

const struct cmd cmd_up = {
	.path = "up",
	.opts = opts,
	.help = "start rdv and print how to reach it",
	.doc =
	    "Starts nginx and rdv-helper, which starts rdvd, all as you. In "
	    "the background they log to server.log_file of the settings, "
	    "or to server/server.log below $RDV_HOME (~/.rdv). When rdv runs "
	    "already, says so and prints a new sign-in URL.",
	.scope = "local",
	.run = up,
};
