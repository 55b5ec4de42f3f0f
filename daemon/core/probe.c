/* SPDX-License-Identifier: MIT */
/*
 * A round trip to the helper on behalf of /health. All who ask meanwhile share
 * one question, so that an open route cannot fill the helper's queue. The
 * question is LOGOUT of a grant nobody has: every state of the helper answers
 * it and it changes nothing. The helper asks its audit in turn.
 */
#include "daemon/core/probe.h"

#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define FRESH_MS    1000
#define DEADLINE_MS 1000
#define WAITERS_MAX 64

struct waiter {
	probe_fn *cb;
	void *arg;
};

struct probe {
	struct app *app;
	struct loop_timer *deadline;
	bool asked;    /* a question is with the helper */
	bool freed;    /* by its owner; the answer is still to come */
	bool answers;  /* as it was last found, and able to act */
	int64_t at_ms; /* when that was; 0: never */
	unsigned n;
	struct waiter waiters[WAITERS_MAX];
	char refused[PRIV_WHY_MAX + 1];
};

/* Waiters may end their requests here, but not ask again. */
static void
settle(struct probe *p, bool answers)
{
	struct waiter w;

	p->answers = answers;
	p->at_ms = clock_mono_ms();
	loop_timer_clear(p->deadline);
	while (p->n > 0) {
		w = p->waiters[--p->n];
		w.cb(answers, w.arg);
	}
}

static void
probe_deadline_cb(void *arg)
{
	settle(arg, false);
}

/* An answer says that the helper lives; BUSY, that it can do nothing. */
static void
probe_answer_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct probe *p = arg;

	p->refused[0] = '\0';
	if (err == 0 && a->result == PRIV_BUSY)
		(void)str_copy(p->refused, a->why, sizeof(p->refused));
	p->asked = false;
	if (p->freed)
		free(p);
	else
		settle(p, err == 0 && a->result != PRIV_BUSY);
}

struct probe *
probe_new(struct app *app)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	p->app = app;
	p->deadline = loop_timer_new(app->loop, probe_deadline_cb, p);
	return p;
}

void
probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	settle(p, false);
	loop_timer_free(p->deadline);
	if (p->asked)
		p->freed = true;
	else
		free(p);
}

static void
ask(struct probe *p)
{
	static const uint8_t nobody[PRIV_GRANT_LEN];

	loop_timer_set(p->deadline, DEADLINE_MS);
	if (p->asked)
		return; /* the last question is still unanswered */
	p->asked = true;
	helper_logout(p->app->helper, nobody, probe_answer_cb, p);
}

void
probe_ask(struct probe *p, probe_fn *cb, void *arg)
{
	bool ready = helper_ready(p->app->helper);
	bool fresh = p->at_ms > 0 && clock_mono_ms() - p->at_ms < FRESH_MS;

	/* What was found dead is asked again: nobody waits for nothing. */
	if (!ready || (fresh && p->answers) || p->n == WAITERS_MAX) {
		cb(ready && p->answers, arg);
		return;
	}
	p->waiters[p->n++] = (struct waiter){ cb, arg };
	if (p->n == 1)
		ask(p);
}

void
probe_report(const struct probe *p, struct probe_report *out)
{
	struct helper *h = p->app->helper;
	struct helper_stats s;

	helper_stats(h, &s);
	*out = (struct probe_report){
		.ready = helper_ready(h),
		.pid = s.pid,
		.features = s.features,
		.refused = p->refused,
		.generation = helper_generation(h),
		.starts = s.connects,
		.requests = s.sent,
		.failed = s.failed,
		.waiting = s.outstanding + s.waiting,
	};
}
