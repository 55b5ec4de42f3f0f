/* SPDX-License-Identifier: MIT */
/*
 * The control-mode client of an account, from the first question on: a grant,
 * the client, if need be the server, and then one line after another with its
 * reply. Invariants: each question is answered once, from the loop; what tmux
 * has not said is not known; a stream that is not understood ends the client.
 */
#include "daemon/core/tmuxlink.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/grant.h"
#include "daemon/core/tmuxlinkstate.h"
#include "daemon/core/tmuxserver.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define ERR_MAX	  1024
#define CHUNK	  16384
#define SERVER_MS 15000 /* for a server to listen */
#define RETRY_MS  20	/* the first; then always twice as long */
#define RETRY_MAX 640
#define RESTARTS  3 /* of clients that have answered nobody's question */

static const char missing[] =
    "tmux is not there: install the package tmux (3.2 or newer)";
static const char recorded[] =
    "the policy has all output recorded, and tmux keeps what nobody looks at";
static const char control[] = "rdv-control";

static void link_connect(struct tmux_link *l);
static void link_timer_cb(void *arg);

struct tmux_link *
tmux_link_new(struct app *app, uid_t uid, const char *user_id)
{
	struct tmux_link *l = xcalloc(1, sizeof(*l));

	l->app = app;
	l->uid = uid;
	(void)str_copy(l->user_id, user_id, sizeof(l->user_id));
	STAILQ_INIT(&l->asks);
	tmuxctl_init(&l->ctl);
	buf_init_secret(&l->out, LINK_OUT_MAX);
	buf_init(&l->err, ERR_MAX);
	for (int i = 0; i < 3; i++)
		l->fd[i] = -1;
	l->timer = loop_timer_new(app->loop, link_timer_cb, l);
	return l;
}

uid_t
tmux_link_uid(const struct tmux_link *l)
{
	return l->uid;
}

/* Watches may be on the stack: they are freed by the next client's. */
static void
drop_client(struct tmux_link *l)
{
	for (int i = 0; i < 3; i++)
		link_close_end(l, i);
	l->handle = 0;
	l->phase = DOWN;
	loop_timer_clear(l->timer);
	buf_reset(&l->out);
}

void
tmux_link_end(struct tmux_link *l)
{
	l->ending = true;
	drop_client(l);
	link_fail_all(l, RDV_E_UNAVAILABLE, "rdv is ending");
}

void
tmux_link_free(struct tmux_link *l)
{
	tmux_link_end(l);
	for (int i = 0; i < 3; i++)
		loop_watch_free(l->watch[i]);
	loop_timer_free(l->timer);
	tmuxctl_done(&l->ctl);
	buf_done(&l->out);
	buf_done(&l->err);
	free(l->dir);
	free(l);
}

static void
link_out_cb(int fd, short what, void *arg)
{
	static char chunk[CHUNK];
	struct tmux_link *l = arg;
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)what;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		link_close_end(l, 1);
	else if (n > 0 && l->failure == NULL &&
		 tmuxctl_feed(&l->ctl, chunk, (size_t)n, link_reply_cb, l) != 0)
		link_stop(l, "what tmux says is not understood");
}

/* The first complaint will do; the rest is read and dropped. */
static void
link_err_cb(int fd, short what, void *arg)
{
	char chunk[512];
	struct tmux_link *l = arg;
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)what;
	if (n > 0)
		buf_put(&l->err, chunk, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		link_close_end(l, 2);
}

static void
link_in_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_write(arg);
}

static void
link_server_cb(int err, const char *why, void *arg)
{
	struct tmux_link *l = arg;

	if (l->ending)
		return;
	l->phase = DOWN;
	if (err == 0)
		link_connect(l);
	else
		link_fail_all(l, err, why);
}

/*
 * Nobody listens, and those in front of the first who wants a server know it:
 * what was asked before a start must not be answered by it.
 */
static void
no_server(struct tmux_link *l)
{
	struct ask *a;

	while ((a = STAILQ_FIRST(&l->asks)) != NULL && !a->start) {
		STAILQ_REMOVE_HEAD(&l->asks, link);
		link_ask_end(a, RDV_E_NOT_FOUND, NULL, NULL);
	}
	if (a == NULL || l->phase != DOWN)
		return;
	if (l->server_until == 0) {
		l->server_until = clock_mono_ms() + SERVER_MS;
		l->retry_ms = RETRY_MS;
		l->phase = ASKED;
		tmux_server_start(l->app, l->uid, l->user_id, l->dir,
		    link_server_cb, l);
	} else if (clock_mono_ms() < l->server_until) {
		l->phase = WAIT;
		loop_timer_set(l->timer, l->retry_ms);
		if (l->retry_ms < RETRY_MAX)
			l->retry_ms *= 2;
	} else {
		link_fail_all(l, RDV_E_UNAVAILABLE,
		    "the tmux server was started and does not listen");
	}
}

/*
 * Nobody at the socket's place is no proof while the account's server is not
 * known to have ended: somebody may have removed or replaced the name. It may
 * be of an earlier rdvd.
 */
static bool
says_no_server(const struct tmux_link *l, const char *text)
{
	const bool nobody =
	    str_starts(text, "no server running on ") ||
	    (str_starts(text, "error connecting to ") &&
		strstr(text, "(No such file or directory)") != NULL);

	return nobody &&
	       (l->server_until != 0 || tmux_server_ended(l->app, l->user_id));
}

/*
 * A client that ended in the middle says nothing about what it was asked, and
 * each of our commands may be given twice: once more, then it is not known.
 */
static void
ask_again(struct tmux_link *l)
{
	struct asks asks = STAILQ_HEAD_INITIALIZER(asks);
	struct ask *a;
	bool sent;

	STAILQ_CONCAT(&asks, &l->asks);
	while ((a = STAILQ_FIRST(&asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&asks, link);
		sent = l->nsent > 0;
		l->nsent -= sent;
		if (a->own || (sent && a->before)) {
			link_ask_end(a, RDV_E_UNAVAILABLE, NULL,
			    "tmux's control client ended in the middle");
			continue;
		}
		a->before = sent;
		STAILQ_INSERT_TAIL(&l->asks, a, link);
	}
	if (STAILQ_EMPTY(&l->asks) || l->phase != DOWN)
		return;
	if (l->restarts++ < RESTARTS)
		link_connect(l);
	else
		link_fail_all(l, RDV_E_UNAVAILABLE,
		    "tmux's control client ends again and again");
}

static void
link_exit_cb(const struct priv_exit *ev, void *arg)
{
	struct tmux_link *l = arg;
	bool begun = l->phase == SETUP || l->phase == UP;
	const char *failure = l->failure;

	if (ev != NULL)
		helper_exit_ack(l->app->helper, ev->handle);
	if (l->ending)
		return;
	/* It is dead: what it had to say is there. */
	if (l->fd[2] >= 0)
		link_err_cb(l->fd[2], LOOP_READ, l);
	/* Of its first words we may not have read any; it did not complain. */
	begun = begun || (l->phase == HELLO && l->err.len == 0);
	drop_client(l);
	if (ev == NULL)
		link_fail_all(l, RDV_E_UNAVAILABLE, "the helper was restarted");
	else if (failure != NULL)
		link_fail_all(l, RDV_E_UNAVAILABLE, failure);
	else if (begun)
		ask_again(l);
	else if (says_no_server(l, buf_cstr(&l->err)))
		no_server(l);
	else
		link_fail_all(l, RDV_E_UNAVAILABLE,
		    link_one_line(buf_cstr(&l->err), l->err.len));
}

static void
link_timer_cb(void *arg)
{
	struct tmux_link *l = arg;

	if (l->phase == WAIT) {
		l->phase = DOWN;
		link_connect(l);
	} else {
		link_stop(l, "tmux does not answer");
	}
}

static void
run_client(struct tmux_link *l, uint64_t handle, struct seqpkt_fds *fds)
{
	static loop_fd_fn *const cbs[] = { link_in_cb, link_out_cb,
		link_err_cb };

	l->handle = handle;
	l->failure = NULL;
	l->phase = HELLO;
	tmuxctl_done(&l->ctl);
	tmuxctl_init(&l->ctl);
	buf_reset(&l->err);
	helper_on_exit(l->app->helper, handle, link_exit_cb, l);
	for (int i = 0; i < 3; i++) {
		loop_watch_free(l->watch[i]);
		l->fd[i] = fds->fd[i];
		l->watch[i] = loop_watch_new(l->app->loop, l->fd[i],
		    i == 0 ? LOOP_WRITE : LOOP_READ, cbs[i], l);
	}
	loop_watch_disable(l->watch[0]);
	fds->n = 0;
	loop_timer_set(l->timer, LINK_ANSWER_MS);
}

/*
 * Without tmux nobody can be asked; but of a server that has ended it is known
 * what it would say, to all but who wants one started.
 */
static void
no_tmux(struct tmux_link *l)
{
	const bool ended = tmux_server_ended(l->app, l->user_id);
	struct asks asks = STAILQ_HEAD_INITIALIZER(asks);
	struct ask *a;

	STAILQ_CONCAT(&asks, &l->asks);
	while ((a = STAILQ_FIRST(&asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&asks, link);
		if (ended && !a->start)
			link_ask_end(a, RDV_E_NOT_FOUND, NULL, NULL);
		else
			link_ask_end(a, RDV_E_SPAWN, NULL, missing);
	}
}

/* Other things may be missing too on the way to a client. */
static bool
says_no_tmux(const struct priv_spawn_answer *a)
{
	return a->result == PRIV_FAILED && a->err == ENOENT &&
	       (strcmp(a->stage, "P3 program") == 0 ||
		   strcmp(a->stage, "C18 execve") == 0);
}

/* What a start without a client is, as tmux_fn tells it. */
static void
not_started(struct tmux_link *l, const struct priv_spawn_answer *a)
{
	l->phase = DOWN;
	if (says_no_tmux(a)) {
		no_tmux(l);
		return;
	}
	if (a->result == PRIV_DENIED)
		grant_forget(l->app->grants, l->uid);
	if (a->result == PRIV_DENIED)
		link_fail_all(l, RDV_E_DENIED, a->why);
	else if (a->result == PRIV_BUSY)
		link_fail_all(l, RDV_E_BUSY, a->why);
	else
		link_fail_all(l, RDV_E_UNAVAILABLE, a->why);
}

static void
link_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct tmux_link *l = arg;
	const bool started = err == 0 && a->result == PRIV_DONE;
	const bool unseen = started && (a->guards & PRIV_G_RECORDED) != 0;

	/* Not what was asked for without three pipes: their EOF ends it. */
	if (started && (l->ending || unseen || fds->n != 3)) {
		seqpkt_fds_close(fds);
		err = RDV_E_UNAVAILABLE;
	}
	if (l->ending)
		return;
	if (err != 0) {
		l->phase = DOWN;
		link_fail_all(l, unseen ? RDV_E_DENIED : err,
		    unseen ? recorded : helper_why(err));
	} else if (!started) {
		not_started(l, a);
	} else {
		run_client(l, a->handle, fds);
	}
}

/*
 * Attached to a session of its own with nothing in it, since a client without
 * one ends; it takes no part in anybody's size.
 */
static void
spawn_client(struct tmux_link *l, const struct grant *g)
{
	char *sock = xasprintf("%s/" TMUX_SOCKET_NAME, l->dir);
	const char *const argv[] = { "tmux", "-u", "-S", sock, "-f",
		"/dev/null", "-N", "-C", "new-session", "-A", "-s", control,
		"-x", "80", "-y", "24", "-f", "no-output,ignore-size",
		"exec cat", NULL };
	struct priv_spawn m = { .io = PRIV_IO_PIPES, .cwd = xstrdup("/") };

	(void)str_copy(m.profile, "login", sizeof(m.profile));
	(void)str_copy(m.label, "tmux", sizeof(m.label));
	memcpy(m.grant, g->bytes, sizeof(m.grant));
	m.argv = xcalloc(sizeof(argv) / sizeof(*argv), sizeof(char *));
	for (; argv[m.argc] != NULL; m.argc++)
		m.argv[m.argc] = xstrdup(argv[m.argc]);
	helper_spawn(l->app->helper, &m, link_spawn_cb, l);
	priv_spawn_done(&m);
	free(sock);
}

static void
link_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct tmux_link *l = arg;
	const struct conf *conf = l->app->conf;

	if (l->ending)
		return;
	if (err != 0) {
		l->phase = DOWN;
		link_fail_all(l, err, why);
		return;
	}
	free(l->dir);
	l->dir = conf->system ? xasprintf("%s/.rdv/run", g->home)
			      : xasprintf("%s/run", conf->base);
	spawn_client(l, g);
}

static void
link_connect(struct tmux_link *l)
{
	l->phase = ASKED;
	grant_get(l->app->grants, l->uid, link_grant_cb, l);
}

void
tmux_link_ask(struct tmux_link *l, bool start, const char *line, tmux_fn *cb,
    void *arg)
{
	struct ask *a;

	/* Then the loop turns no more, and there is no later. */
	if (l->ending) {
		cb(RDV_E_UNAVAILABLE, NULL, "rdv is ending", arg);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->line = xstrdup(line);
	a->start = start;
	a->cb = cb;
	a->arg = arg;
	STAILQ_INSERT_TAIL(&l->asks, a, link);
	if (l->phase == DOWN)
		link_connect(l);
	else if (l->phase == UP)
		link_flush(l);
}
