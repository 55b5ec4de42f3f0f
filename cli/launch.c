/* SPDX-License-Identifier: MIT */
/*
 * The launcher. It outlives whatever it started and leaves nothing behind: its
 * children die with it, nginx only ends after rdvd has said goodbye to its
 * viewers through it, and a worker whose master was killed is ended by its
 * process group before the master's pid is free again.
 *
 * Order of the start: the port (rdvd must know under which name it is seen),
 * rdv-helper, its ready byte (the service token exists from then on), nginx,
 * and one request through all of it.
 */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/filewatch.h"
#include "cli/front.h"
#include "cli/proc.h"
#include "cli/settings.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define DELAY_MIN_MS 50
#define DELAY_MAX_MS 10000
#define STEADY_MS    10000 /* having lived so long, an end is news again */
#define START_MS     30000 /* for everything to be ready */
#define STOP_MS	     60000 /* rdvd drains up to 35 s, runs get their time */
#define NGINX_MS     5000
/* After an accident of [main] its rdvd may hold the lock for a while. */
#define LOCKED_MS 60000

enum phase { STARTING, RUNNING, STOPPING, ENDING_FRONT, GONE };

struct child {
	pid_t pid; /* 0: does not run */
	int64_t started, start_at, delay;
};

struct launch {
	const struct launch_conf *conf;
	struct launch_info info;
	struct child helper, nginx;
	struct front_probe *probe;
	struct js *fresh;	   /* settings, newer than those of the start */
	const struct js *rendered; /* those that nginx has */
	struct filewatch *token;   /* of the service token; NULL: none */
	int listener, ready_fd, signals;
	enum phase phase;
	int64_t due;	 /* of every phase but RUNNING */
	int64_t lost_at; /* of an accident of rdv-helper; 0: it is ready */
	int status;
	bool busy;
	char why[512];
};

static void
enter(struct launch *l, enum phase phase, int64_t ms)
{
	l->phase = phase;
	l->due = clock_mono_ms() + ms;
}

static void
drop(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Ends what runs; from here on nothing is started any more. */
static void
stop(struct launch *l)
{
	if (l->phase >= STOPPING && l->helper.pid != 0) {
		/* Asked twice: rdv-helper then does not wait any longer. */
		(void)kill(l->helper.pid, SIGTERM);
		return;
	}
	if (l->phase >= STOPPING)
		return;
	enter(l, STOPPING, STOP_MS);
	if (l->helper.pid != 0)
		(void)kill(l->helper.pid, SIGTERM);
}

/* The first reason is the one that counts; what follows follows from it. */
static void
give_up(struct launch *l, const char *why)
{
	if (l->why[0] == '\0')
		(void)snprintf(l->why, sizeof(l->why), "%s", why);
	if (l->phase == STARTING)
		l->conf->failed(l->why, l->busy, l->conf->arg);
	else
		log_errorx("up", "%s; stopping", l->why);
	l->status = CMD_FAILED;
	stop(l);
}

/* Also when the start fails: the next one then waits its turn. */
static void
child_started(struct child *c)
{
	c->started = clock_mono_ms();
}

/* Delays the next start: twice as long as the last if it was short-lived. */
static void
child_ended(struct child *c)
{
	int64_t now = clock_mono_ms();

	c->pid = 0;
	if (now - c->started >= STEADY_MS)
		c->delay = 0;
	c->start_at = now + c->delay;
	c->delay = c->delay == 0 ? DELAY_MIN_MS : c->delay * 2;
	if (c->delay > DELAY_MAX_MS)
		c->delay = DELAY_MAX_MS;
}

/*
 * The ready pipe is new with each start. Its write end is inherited by the
 * helper and handed on to rdvd, which writes one byte when it accepts.
 */
static int
start_helper(struct launch *l)
{
	const struct cli *cli = l->conf->cli;
	char *path = xasprintf("%s/rdv-helper", cli->bin_dir);
	char web[32], fd[16];
	const char *argv[] = { "rdv-helper", "--base", cli->base,
		"--foreground-child", "--ready-fd", fd, "--web", web, NULL };
	struct proc_spec spec = {
		.path = path, .argv = argv, .keep = { -1, -1 }
	};
	int pipefd[2], rc;

	if (pipe2(pipefd, O_CLOEXEC) == -1) {
		free(path);
		return -errno;
	}
	(void)snprintf(fd, sizeof(fd), "%d", pipefd[1]);
	(void)snprintf(web, sizeof(web), "127.0.0.1:%u", l->info.port);
	/* No page: the words end before --web. */
	if (l->info.port == 0)
		argv[6] = NULL;
	spec.keep[0] = pipefd[1];
	child_started(&l->helper);
	rc = proc_spawn(&spec, &l->helper.pid);
	(void)close(pipefd[1]);
	/* One of a start before may be open still, unread. */
	if (rc == 0) {
		drop(&l->ready_fd);
		l->ready_fd = pipefd[0];
	} else {
		(void)snprintf(l->why, sizeof(l->why), "cannot start %s: %s",
		    path, strerror(-rc));
		(void)close(pipefd[0]);
	}
	free(path);
	return rc;
}

/*
 * As rdvd does when it is told to read its settings again: a file that is
 * wrong changes nothing.
 */
static const struct js *
settings_now(struct launch *l)
{
	struct js *s;
	char why[512];

	if (l->nginx.started == 0)
		return l->conf->settings;
	if (settings_ask(l->conf->cli, &s, why, sizeof(why)) == 0) {
		l->rendered = l->conf->settings;
		js_free(l->fresh);
		l->fresh = s;
	} else {
		log_warnx("up", "nginx keeps its settings: %s", why);
	}
	return l->fresh != NULL ? l->fresh : l->conf->settings;
}

static int
render(struct launch *l, const struct js *settings)
{
	const struct launch_conf *c = l->conf;
	int rc = front_render(c->cli, c->server_dir, l->info.port, settings,
	    l->why, sizeof(l->why));

	if (rc == 0)
		l->rendered = settings;
	return rc;
}

/* Before the token is read: what changes from here on is news. */
static void
watch_token(struct launch *l, const struct js *settings)
{
	char *path = settings_path(settings, "auth.service_token_file");

	filewatch_free(l->token);
	l->token = filewatch_new(path);
	if (l->token == NULL)
		log_warn("up", "%s: nginx learns of another only when started",
		    path);
	free(path);
}

/*
 * rdvd has another service token and honours the old one for a while. nginx
 * takes the new one with new workers; the old ones end with what they are at,
 * so no request and no terminal notices.
 */
static void
token_changed(struct launch *l)
{
	if (!filewatch_changed(l->token) || l->nginx.pid == 0)
		return;
	if (render(l, l->rendered) != 0) {
		log_warnx("up", "nginx keeps its service token: %s", l->why);
		l->why[0] = '\0';
		return;
	}
	(void)kill(l->nginx.pid, SIGHUP);
}

/*
 * The token may have changed with a new rdvd, so it is rendered each time. The
 * file that newer settings name is made by an rdvd that reads them at its
 * start: until then the token is where it was.
 */
static int
start_nginx(struct launch *l)
{
	const struct launch_conf *c = l->conf;
	const struct js *settings = settings_now(l);
	int rc;

	child_started(&l->nginx);
	watch_token(l, settings);
	rc = render(l, settings);
	if (rc != 0 && settings != c->settings) {
		log_warnx("up", "nginx keeps its settings: %s", l->why);
		l->why[0] = '\0';
		watch_token(l, c->settings);
		rc = render(l, c->settings);
	}
	if (rc == 0)
		rc = front_start(c->cli, l->listener, &l->nginx.pid, l->why,
		    sizeof(l->why));
	return rc;
}

/* The port is remembered only now: it has proved to work. */
static void
all_ready(struct launch *l)
{
	l->info.ready_ms = clock_mono_ms() - l->info.started_ms;
	if (l->info.port != 0)
		front_remember(l->conf->server_dir, l->info.port);
	l->phase = RUNNING;
	if (!l->conf->ready(&l->info, l->conf->arg)) {
		l->status = CMD_FAILED;
		stop(l);
	}
}

static void
helper_is_ready(struct launch *l)
{
	char byte;
	ssize_t n = read(l->ready_fd, &byte, 1);

	drop(&l->ready_fd);
	/* End of file without a byte: SIGCHLD will tell the reason. */
	if (n != 1)
		return;
	l->lost_at = 0;
	if (l->phase != STARTING)
		return;
	if (l->info.port == 0) {
		all_ready(l);
		return;
	}
	if (start_nginx(l) != 0) {
		give_up(l, l->why);
		return;
	}
	l->probe = front_probe_new(l->info.port);
	if (l->probe == NULL)
		give_up(l, "cannot reach the port just opened");
}

/* nginx, its configuration, both sockets and rdvd: all in one answer. */
static void
probe_answers(struct launch *l)
{
	char text[96];
	int status = front_probe_read(l->probe);

	if (status == 0)
		return;
	front_probe_free(l->probe);
	l->probe = NULL;
	if (status == 200) {
		all_ready(l);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "the first request through nginx failed (%d)", status);
	give_up(l, text);
}

static void
describe(char *out, size_t size, const char *name, int status)
{
	if (WIFSIGNALED(status))
		(void)snprintf(out, size, "%s was ended by signal %d", name,
		    WTERMSIG(status));
	else
		(void)snprintf(out, size, "%s ended with status %d", name,
		    WEXITSTATUS(status));
}

/* An end that another start cannot mend. */
static bool
is_final(const struct launch *l, int code)
{
	if (l->phase == STARTING || code == LAUNCH_BAD_CONFIG)
		return true;
	return code == LAUNCH_REFUSED &&
	       (l->lost_at == 0 || clock_mono_ms() - l->lost_at > LOCKED_MS);
}

static void
helper_ended(struct launch *l, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	char text[128];

	child_ended(&l->helper);
	if (l->phase >= STOPPING)
		return;
	describe(text, sizeof(text), "rdv-helper", status);
	/* The lock is held: somebody else runs on this base. */
	l->busy = l->phase == STARTING && code == LAUNCH_REFUSED;
	/* 0: somebody told it to end (rdv down), and so do we. */
	if (code == 0) {
		stop(l);
	} else if (is_final(l, code)) {
		give_up(l, text);
	} else {
		log_errorx("up", "%s; starting it again", text);
		if (l->lost_at == 0)
			l->lost_at = clock_mono_ms();
	}
}

/* Its callers wait on our listening socket meanwhile. */
static void
nginx_ended(struct launch *l, int status)
{
	char text[128];

	child_ended(&l->nginx);
	if (l->phase >= STOPPING)
		return;
	describe(text, sizeof(text), "nginx", status);
	if (l->phase == STARTING)
		give_up(l, text);
	else
		log_errorx("up", "%s; starting it again", text);
}

/*
 * WNOWAIT leaves the dead nginx's pid taken, and with it the process group,
 * while the workers it may have left behind are ended.
 */
static void
collect(struct launch *l)
{
	siginfo_t si;
	int status;
	pid_t pid;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == -1 ||
		    si.si_pid == 0)
			return;
		pid = si.si_pid;
		if (pid == l->nginx.pid)
			(void)kill(-pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			return;
		if (pid == l->helper.pid)
			helper_ended(l, status);
		else if (pid == l->nginx.pid)
			nginx_ended(l, status);
	}
}

static void
take_signals(struct launch *l)
{
	struct signalfd_siginfo si;

	while (read(l->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			collect(l);
		else
			stop(l);
	}
}

static void
keep_running(struct launch *l)
{
	int64_t now = clock_mono_ms();

	/* nginx is not stopped meanwhile: its callers get 502 and come back. */
	if (l->helper.pid == 0 && now >= l->helper.start_at &&
	    start_helper(l) != 0) {
		log_errorx("up", "%s", l->why);
		child_ended(&l->helper);
	}
	if (l->info.port != 0 && l->nginx.pid == 0 &&
	    now >= l->nginx.start_at && start_nginx(l) != 0) {
		log_errorx("up", "%s", l->why);
		child_ended(&l->nginx);
	}
}

/* One step of ending: rdv-helper first, then nginx, each with a deadline. */
static void
press(struct launch *l)
{
	bool late = clock_mono_ms() >= l->due;

	if (l->phase == STARTING && late) {
		give_up(l, "not ready after 30 s");
	} else if (l->phase == STOPPING && l->helper.pid == 0) {
		enter(l, ENDING_FRONT, NGINX_MS);
		if (l->nginx.pid != 0)
			(void)kill(l->nginx.pid, SIGTERM);
	} else if (l->phase == STOPPING && late) {
		log_errorx("up", "rdv-helper has not ended; killing it");
		(void)kill(l->helper.pid, SIGKILL);
		l->due = clock_mono_ms() + STOP_MS;
	} else if (l->phase == ENDING_FRONT && l->nginx.pid == 0) {
		l->phase = GONE;
	} else if (l->phase == ENDING_FRONT && late) {
		(void)kill(-l->nginx.pid, SIGKILL);
		l->due = clock_mono_ms() + NGINX_MS;
	}
}

/* -1, for ever, while all runs: then only signals wake us. */
static int
patience(const struct launch *l)
{
	int64_t now = clock_mono_ms(), until = INT64_MAX;

	if (l->phase != RUNNING)
		until = l->due;
	if (l->phase == RUNNING && l->helper.pid == 0)
		until = l->helper.start_at;
	if (l->phase == RUNNING && l->info.port != 0 && l->nginx.pid == 0 &&
	    l->nginx.start_at < until)
		until = l->nginx.start_at;
	if (until == INT64_MAX)
		return -1;
	return until > now ? (int)(until - now) : 0;
}

static int
open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	/*
	 * In the foreground the terminal may go; then all of it ends in order.
	 */
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
begin(struct launch *l)
{
	const struct launch_conf *c = l->conf;

	enter(l, STARTING, START_MS);
	l->signals = open_signals();
	if (l->signals == -1) {
		give_up(l, strerror(errno));
		return;
	}
	if (!c->no_web && front_listen(c->server_dir, c->port, &l->listener,
			      &l->info.port, l->why, sizeof(l->why)) != 0) {
		give_up(l, l->why);
		return;
	}
	if (start_helper(l) != 0)
		give_up(l, l->why);
}

/* Signals last: what was said before a death still counts. */
static void
turn(struct launch *l)
{
	/* nginx that is starting would die of SIGHUP: the news waits. */
	int token = l->phase == RUNNING ? filewatch_fd(l->token) : -1;
	struct pollfd p[4] = { { l->signals, POLLIN, 0 },
		{ l->ready_fd, POLLIN, 0 },
		{ l->probe != NULL ? front_probe_fd(l->probe) : -1, POLLIN, 0 },
		{ token, POLLIN, 0 } };
	enum phase before;

	if (l->phase == RUNNING)
		keep_running(l);
	(void)poll(p, 4, patience(l));
	if (p[1].revents != 0)
		helper_is_ready(l);
	if (p[2].revents != 0)
		probe_answers(l);
	if (p[3].revents != 0)
		token_changed(l);
	if (p[0].revents != 0)
		take_signals(l);
	do {
		before = l->phase;
		press(l);
	} while (l->phase != before);
}

int
launch_run(const struct launch_conf *conf)
{
	struct launch l = { .conf = conf,
		.listener = -1,
		.ready_fd = -1,
		.signals = -1,
		.status = CMD_OK };

	l.info.started_ms = clock_mono_ms();
	begin(&l);
	if (l.signals != -1) {
		while (l.phase != GONE)
			turn(&l);
	}
	front_probe_free(l.probe);
	filewatch_free(l.token);
	js_free(l.fresh);
	drop(&l.listener);
	drop(&l.ready_fd);
	drop(&l.signals);
	return l.status;
}
