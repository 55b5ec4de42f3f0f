/* SPDX-License-Identifier: MIT */
/*
 * The worker that stays: questions about one work tree, each answered once, by
 * its number, as soon as the answer is there. Invariant: an answer was true at
 * some moment after its question had come, so who has changed something and
 * then asks is told of it; many who ask meanwhile share one look.
 */
#include "git-worker/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "build.h"
#include "git-worker/follow.h"
#include "git-worker/job.h"
#include "git-worker/jobs.h"
#include "git-worker/look.h"
#include "git-worker/memo.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/gitproto.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/xalloc.h"

#define KILL_MS	    2000 /* from asking git to end to ending it */
#define CHUNK	    4096
#define EXIT_BROKEN 2

struct asked {
	TAILQ_ENTRY(asked) link;
	int64_t id, until;
	struct js *job; /* what is asked once it is known; NULL: the status */
	bool with;	/* the look that is being taken is for it */
};
TAILQ_HEAD(asks, asked);

struct serving {
	struct look *look;
	int in, out;
	struct buf got;
	struct asks asks;
	unsigned nasks;
	struct jobs *jobs;
	struct follow *follow;
	bool looking;
	bool unasked; /* nobody waits for the look, and it is taken all the same
		       */
	int64_t until;	    /* such a look's time; monotonic */
	int64_t ms;	    /* what the last question might take */
	bool told;	    /* a job was answered */
	int64_t kill_at;    /* 0: git has not been asked to end */
	const char *broken; /* why it ends; NULL: it does not */
	bool over;
};

static struct js *
answer_to(int64_t id)
{
	struct js *o = js_object();

	js_add_int(o, "id", id);
	return o;
}

/* What is too much for a message is an answer as well, and not the end. */
static void
put_answer(struct buf *b, int64_t id, struct js *v)
{
	buf_init(b, GITPROTO_ANSWER_MAX);
	frame_put(b, v);
	if (buf_ok(b))
		return;
	buf_done(b);
	buf_init(b, GITPROTO_ANSWER_MAX);
	frame_put(b, job_refusal(id, "big", 0, "the answer is too big"));
}

/* `v` answers the question of that number. */
static void
say(struct serving *s, int64_t id, struct js *v)
{
	struct buf b;
	size_t done = 0;
	ssize_t n = 0;

	put_answer(&b, id, v);
	while (buf_ok(&b) && done < b.len && n >= 0) {
		n = write(s->out, b.data + done, b.len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n > 0)
			done += (size_t)n;
	}
	/* Who does not hear the answer will ask nothing more. */
	if (!buf_ok(&b) || n < 0)
		s->over = true;
	buf_done(&b);
}

static void
forget(struct serving *s, struct asked *a)
{
	TAILQ_REMOVE(&s->asks, a, link);
	s->nasks--;
	js_free(a->job);
	free(a);
}

static void
refuse(struct serving *s, struct asked *a, const char *error, int status,
    const char *why)
{
	say(s, a->id, job_refusal(a->id, error, status, why));
	forget(s, a);
}

/* However the look went: a question of its own may still be answered. */
static void
begin_job(struct serving *s, struct asked *a)
{
	(void)jobs_begin(s->jobs, a->id, a->until, a->job);
	a->job = NULL;
	forget(s, a);
}

/* `r`: how it was found out just now; NULL: it was known. */
static void
tell(struct serving *s, struct asked *a, const struct look_answer *r)
{
	const struct wt_status *st = look_status(s->look);
	struct js *o;

	if (a->job != NULL) {
		begin_job(s, a);
		return;
	}
	o = answer_to(a->id);
	js_add_str(o, "commit", st->commit);
	js_add_str(o, "branch", st->branch);
	js_add_int(o, "ahead", st->ahead);
	js_add_int(o, "behind", st->behind);
	js_add_int(o, "untracked", st->untracked);
	js_add_int(o, "modified", st->modified);
	js_add_int(o, "staged", st->staged);
	js_add_bool(o, "partial", st->partial);
	js_add_bool(o, "kept", r == NULL);
	js_add_bool(o, "narrow", r != NULL && r->narrow);
	js_add_str(o, "blind", look_why(s->look));
	say(s, a->id, o);
	forget(s, a);
}

static void
refuse_all(struct serving *s, const char *error, const char *why)
{
	while (!TAILQ_EMPTY(&s->asks))
		refuse(s, TAILQ_FIRST(&s->asks), error, 0, why);
}

static void
begin_look(struct serving *s)
{
	struct asked *a;
	int err = look_start(s->look);

	/* It finds out where things are, which takes no time. */
	if (err == -EBUSY)
		return;
	if (err != 0) {
		refuse_all(s, "spawn", strerror(-err));
		return;
	}
	s->looking = true;
	s->kill_at = 0;
	TAILQ_FOREACH (a, &s->asks, link)
		a->with = true;
}

/* Those who have asked and are told nothing yet. */
static void
serve_asks(struct serving *s)
{
	if (s->looking || TAILQ_EMPTY(&s->asks))
		return;
	switch (look_now(s->look)) {
	case LOOK_KNOWN:
		while (!TAILQ_EMPTY(&s->asks))
			tell(s, TAILQ_FIRST(&s->asks), NULL);
		break;
	case LOOK_STALE:
		refuse_all(s, "stale", "it is not what it was");
		s->over = true;
		break;
	case LOOK_ASK:
		begin_look(s);
	}
}

static const struct {
	int err;
	const char *error;
} errors[] = {
	{ RDV_E_INVALID, "git" },
	{ RDV_E_MALFORMED, "malformed" },
};

static const char *
error_of(int err)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].err == err)
			return errors[i].error;
	return "malformed";
}

static void
look_ended(struct serving *s, const struct look_answer *r)
{
	struct asked *a, *next;

	s->looking = s->unasked = false;
	s->kill_at = 0;
	TAILQ_FOREACH_SAFE (a, &s->asks, link, next) {
		if (!a->with)
			continue;
		if (r->err == 0 || a->job != NULL)
			tell(s, a, r);
		else
			refuse(s, a, error_of(r->err), r->status, r->complaint);
	}
	follow_looked(s->follow);
	/* What git ignores comes last, and a part has nothing of it. */
	if (r->err == 0 && !look_status(s->look)->partial)
		look_prepare(s->look);
}

/* Whatever kept the look from being taken has had its time as well. */
static void
pass_ask(struct serving *s, struct asked *a)
{
	const bool begun = a->with;

	refuse(s, a, "timeout", 0, "its time is over");
	if (begun)
		return;
	s->unasked = false;
	if (!s->looking)
		look_stop(s->look, true);
}

/* What nobody waits for any more is not gone on with. */
static void
pass_deadlines(struct serving *s, int64_t now)
{
	struct asked *a, *next;
	bool wanted;

	TAILQ_FOREACH_SAFE (a, &s->asks, link, next)
		if (now >= a->until)
			pass_ask(s, a);
	wanted = s->unasked && now < s->until;
	TAILQ_FOREACH (a, &s->asks, link)
		wanted = wanted || a->with;
	if (!s->looking || wanted)
		return;
	if (s->kill_at == 0) {
		look_stop(s->look, false);
		s->kill_at = now + KILL_MS;
	} else if (now >= s->kill_at) {
		look_stop(s->look, true);
	}
}

static void
cancel(struct serving *s, int64_t id)
{
	struct asked *a, *next;

	jobs_cancel(s->jobs, id);
	follow_cancel(s->follow, id);
	TAILQ_FOREACH_SAFE (a, &s->asks, link, next)
		if (a->id == id)
			refuse(s, a, "cancelled", 0, "nobody waits for it");
}

/* Of the status, or what `job` asks, which it takes over. */
static void
ask_look(struct serving *s, int64_t id, int64_t until, struct js *job)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	a->id = id;
	a->until = until;
	a->job = job;
	TAILQ_INSERT_TAIL(&s->asks, a, link);
	s->nasks++;
}

/* Takes `v` over. */
static void
take(struct serving *s, struct js *v)
{
	const char *op = js_str(v, "op", "");
	const int64_t id = js_int(v, "id", -1), ms = js_int(v, "ms", -1);
	const int64_t until = clock_mono_ms() + ms;

	if (id >= 0 && strcmp(op, "cancel") == 0) {
		cancel(s, id);
	} else if (id < 0 || ms < 0 || ms > GITPROTO_MS_MAX ||
		   s->nasks + jobs_count(s->jobs) + follow_count(s->follow) >=
		       GITPROTO_ASKS_MAX) {
		s->broken = "that is no question";
	} else if (strcmp(op, "status") == 0) {
		ask_look(s, id, until, NULL);
	} else if (strcmp(op, "follow") == 0) {
		follow_begin(s->follow, id, until, v);
		if (s->ms < ms)
			s->ms = ms;
		return;
	} else if (jobs_gains(v) && look_gains(s->look)) {
		ask_look(s, id, until, v);
		s->ms = ms;
		return;
	} else if (jobs_begin(s->jobs, id, until, v)) {
		s->ms = ms;
		return;
	} else {
		s->broken = "nobody can answer that";
	}
	js_free(v);
}

static void
take_frames(struct serving *s)
{
	struct js *v = NULL;
	int err;

	while (s->broken == NULL) {
		err = frame_get(&s->got, GITPROTO_FRAME_MAX, &v);
		if (err == RDV_E_BUSY)
			return;
		if (err != 0) {
			s->broken = "what came is no message";
			return;
		}
		take(s, v);
	}
}

static void
read_asks(struct serving *s)
{
	char chunk[CHUNK];
	ssize_t n = read(s->in, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		s->over = true;
		return;
	}
	buf_put(&s->got, chunk, (size_t)n);
	take_frames(s);
}

/* Milliseconds until something is due; -1: nothing is. */
static int
due(const struct serving *s, int64_t now)
{
	int64_t next = s->looking ? s->kill_at : 0;
	const int64_t job = jobs_due(s->jobs);
	const int64_t change = follow_due(s->follow);
	const struct asked *a;

	if (s->unasked && next == 0)
		next = s->until;
	if (job != 0 && (next == 0 || job < next))
		next = job;
	if (change != 0 && (next == 0 || change < next))
		next = change;
	TAILQ_FOREACH (a, &s->asks, link)
		if (next == 0 || a->until < next)
			next = a->until;
	if (next == 0)
		return -1;
	return next <= now ? 0 : (int)(next - now);
}

/*
 * For what is to come: those who were told now waited for other things. It may
 * take as long as what they asked.
 */
static void
look_unasked(struct serving *s)
{
	const bool later =
	    s->told && jobs_count(s->jobs) == 0 && look_wants(s->look);

	if (s->looking || (!later && !follow_wants(s->follow)))
		return;
	s->told = false;
	s->looking = s->unasked = look_start(s->look) == 0;
	if (!s->looking)
		follow_looked(s->follow);
	s->kill_at = 0;
	s->until = clock_mono_ms() + s->ms;
}

static size_t
wait_for(struct serving *s, struct pollfd *p, size_t max)
{
	int fds[MEMO_FDS + 3];
	size_t n = look_fds(s->look, fds, 2);

	n += jobs_fds(s->jobs, fds + n, MEMO_FDS);
	fds[n] = follow_fd(s->follow);
	n += fds[n] >= 0;
	for (size_t i = 0; i < n && i + 1 < max; i++)
		p[i + 1] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	return n + 1;
}

static void
turn(struct serving *s)
{
	struct pollfd p[MEMO_FDS + 4] = { { .fd = s->in, .events = POLLIN } };
	size_t n = wait_for(s, p, sizeof(p) / sizeof(p[0]));
	struct look_answer r;

	if (poll(p, n, due(s, clock_mono_ms())) < 0 && errno != EINTR) {
		s->broken = "poll failed";
		return;
	}
	if (p[0].revents != 0)
		read_asks(s);
	if (look_read(s->look, &r))
		look_ended(s, &r);
	pass_deadlines(s, clock_mono_ms());
	serve_asks(s);
	if (!follow_turn(s->follow, clock_mono_ms()) ||
	    !jobs_turn(s->jobs, clock_mono_ms()))
		s->over = true;
	look_unasked(s);
}

static void
say_job(int64_t id, struct js *v, void *arg)
{
	struct serving *s = arg;

	s->told = true;
	if (id >= 0) {
		say(s, id, v);
		return;
	}
	follow_answer(s->follow, v);
	js_free(v);
}

static void
say_change(int64_t id, struct js *v, void *arg)
{
	say(arg, id, v);
}

int
serve(const char *dir, const char *const *configs, int in, int out)
{
	struct serving s = { .in = in, .out = out };
	struct js *hello = js_object();

	s.look = look_new(dir, configs);
	s.jobs =
	    jobs_new(&(struct jobs_conf){ dir, configs, s.look, say_job, &s });
	s.follow = follow_new(&(struct follow_conf){
	    dir, s.look, s.jobs, say_change, &s });
	TAILQ_INIT(&s.asks);
	/* One message and the beginning of the next. */
	buf_init(&s.got, GITPROTO_FRAME_MAX + FRAME_HEAD + CHUNK);
	js_add_str(hello, "build", RDV_BUILD);
	say(&s, 0, hello);
	while (!s.over && s.broken == NULL)
		turn(&s);
	if (s.broken != NULL)
		(void)fprintf(stderr, "rdv-git: %s\n", s.broken);
	while (!TAILQ_EMPTY(&s.asks))
		forget(&s, TAILQ_FIRST(&s.asks));
	jobs_free(s.jobs);
	follow_free(s.follow);
	look_free(s.look);
	buf_done(&s.got);
	return s.broken != NULL ? EXIT_BROKEN : 0;
}
