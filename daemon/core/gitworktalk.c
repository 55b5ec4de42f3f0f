/* SPDX-License-Identifier: MIT */
/*
 * The talk with a worker that runs. Every byte that it says is judged here: it
 * is a process of the user's. Invariant: an answer belongs to the question of
 * its number; one that nobody asked for ends the worker.
 */
#include "daemon/core/gitworkstate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/helper.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"

#define CHUNK 16384
/*
 * Of questions that the worker has not read yet: then there is room for one
 * more of the longest (GITPROTO_FRAME_MAX), and for taking back all.
 */
#define QUESTIONS_MAX (WORKER_OUT_MAX / 2)
/* Beyond the time that git has: for the worker to say that it is over. */
#define SPARE_MS 5000
#define END_MS	 5000 /* for one that is to end by itself */

static const struct {
	const char *error;
	int err;
} errors[] = {
	{ "stale", RDV_E_STATE },
	{ "timeout", RDV_E_TIMEOUT },
	{ "big", RDV_E_TOO_BIG },
	{ "git", RDV_E_INVALID },
	{ "question", RDV_E_MALFORMED },
	{ "spawn", RDV_E_SPAWN },
};

void
worker_close(struct worker *w, int i)
{
	if (w->fd[i] < 0)
		return;
	loop_watch_disable(w->watch[i]);
	(void)close(w->fd[i]);
	w->fd[i] = -1;
}

void
worker_ask_free(struct worker_ask *a)
{
	js_free(a->question);
	free(a);
}

static void
answer(struct worker *w, struct worker_ask *a, int err, const struct js *v,
    const char *why)
{
	TAILQ_REMOVE(&w->asks, a, link);
	w->nasks--;
	a->cb(err, v, why, a->arg);
	worker_ask_free(a);
}

/* Who asks again within the answer is asked of the next one. */
void
worker_fail_all(struct worker *w, int err, const char *why)
{
	unsigned n = w->nasks;

	while (n-- > 0)
		answer(w, TAILQ_FIRST(&w->asks), err, NULL, why);
}

void
worker_stop(struct worker *w, const char *failure)
{
	if (w->failure != NULL)
		return;
	w->failure = failure;
	loop_timer_clear(w->timer);
	log_warnx("git", "ending rdv-git uid=%u: %s", (unsigned)w->uid,
	    failure);
	/* KILL follows; git beneath it removes its lock files first. */
	helper_signal(w->g->app->helper, w->handle, SIGTERM, true, NULL, NULL);
}

void
worker_let_go(struct worker *w)
{
	w->phase = WORKER_ENDING;
	worker_close(w, 0);
	worker_close(w, 1);
	loop_timer_set(w->timer, END_MS);
}

static void
worker_write(struct worker *w)
{
	ssize_t n = 1;

	while (w->fd[0] >= 0 && buf_left(&w->out) > 0 && n > 0) {
		n = write(w->fd[0], w->out.data + w->out.off,
		    buf_left(&w->out));
		if (n > 0)
			w->out.off += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		/* It is ending, and its exit comes. */
		else if (n < 0 && errno != EAGAIN)
			worker_close(w, 0);
	}
	if (buf_left(&w->out) == 0)
		buf_reset(&w->out);
	if (w->fd[0] >= 0 && buf_left(&w->out) > 0)
		loop_watch_enable(w->watch[0]);
	else if (w->fd[0] >= 0)
		loop_watch_disable(w->watch[0]);
}

void
worker_cancel(struct worker *w, const struct worker_ask *a)
{
	struct js *o = js_object();

	js_add_int(o, "id", a->id);
	js_add_str(o, "op", "cancel");
	frame_put(&w->out, o);
	worker_write(w);
}

void
worker_flush(struct worker *w)
{
	struct worker_ask *a;

	TAILQ_FOREACH (a, &w->asks, link) {
		/* Those behind it are told when what is there has gone. */
		if (w->out.len > QUESTIONS_MAX)
			break;
		if (a->question == NULL)
			continue;
		a->id = ++w->last_id;
		js_add_int(a->question, "id", a->id);
		js_add_int(a->question, "ms", a->ms);
		frame_put(&w->out, a->question);
		a->question = NULL;
		a->until = clock_mono_ms() + a->ms + SPARE_MS;
	}
	worker_arm(w);
	worker_write(w);
}

static struct worker_ask *
find_ask(struct worker *w, int64_t id)
{
	struct worker_ask *a;

	TAILQ_FOREACH (a, &w->asks, link)
		if (a->id == id && id != 0)
			return a;
	return NULL;
}

static int
error_of(const char *error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].error, error) == 0)
			return errors[i].err;
	return RDV_E_UNAVAILABLE;
}

static void
take_answer(struct worker *w, const struct js *v)
{
	struct worker_ask *a = find_ask(w, js_int(v, "id", 0));
	const char *error = js_str(v, "error", NULL);
	int err = error != NULL ? error_of(error) : 0;

	if (a == NULL) {
		worker_stop(w, "it answers what nobody asked");
		return;
	}
	w->deaths = 0;
	if (err == RDV_E_STATE)
		worker_let_go(w);
	answer(w, a, err, v, error != NULL ? js_str(v, "why", "") : NULL);
	if (w->phase == WORKER_ENDING)
		worker_fail_all(w, RDV_E_STATE, "it is not what it was");
	else
		worker_arm(w);
}

static void
take(struct worker *w, const struct js *v)
{
	if (w->greeted)
		take_answer(w, v);
	else if (strcmp(js_str(v, "build", ""), RDV_BUILD) == 0)
		w->greeted = true;
	else
		worker_stop(w, "it is of another build; restart rdv");
}

static void
take_frames(struct worker *w)
{
	struct js *v = NULL;
	int err = 0;

	while (w->failure == NULL && w->phase == WORKER_UP) {
		err = frame_get(&w->in, GITPROTO_ANSWER_MAX, &v);
		if (err == RDV_E_BUSY)
			return;
		if (err != 0) {
			worker_stop(w, "what it says is not understood");
			return;
		}
		take(w, v);
		js_free(v);
	}
}

static bool
read_out(struct worker *w)
{
	static char chunk[CHUNK];
	ssize_t n = read(w->fd[1], chunk, sizeof(chunk));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		worker_close(w, 1);
	if (n <= 0)
		return false;
	buf_put(&w->in, chunk, (size_t)n);
	take_frames(w);
	return true;
}

/* The first complaint will do; the rest is read and dropped. */
static void
read_err(struct worker *w)
{
	char chunk[512];
	const size_t room = w->err.max - w->err.len;
	ssize_t n = read(w->fd[2], chunk, sizeof(chunk));

	if (n > 0)
		buf_put(&w->err, chunk, (size_t)n > room ? room : (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		worker_close(w, 2);
}

void
worker_drain(struct worker *w)
{
	while (w->fd[1] >= 0 && read_out(w))
		continue;
	if (w->fd[2] >= 0)
		read_err(w);
}

static void
worker_in_cb(int fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	worker_write(w);
	if (w->fd[0] >= 0 && w->phase == WORKER_UP && w->out.len == 0)
		worker_flush(w);
}

static void
worker_out_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)read_out(arg);
}

static void
worker_err_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_err(arg);
}

loop_fd_fn *const worker_watch_cbs[3] = { worker_in_cb, worker_out_cb,
	worker_err_cb };
