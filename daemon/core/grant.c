/* SPDX-License-Identifier: MIT */
/*
 * One cached grant per user. Invariant: a waiter is answered exactly once, from
 * the loop, with a grant of the [ops] that is connected now, or with a reason.
 */
#include "daemon/core/grant.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/digest.h"
#include "daemon/conf.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* How long a request waits for a helper that is being replaced. */
#define WAIT_MS 5000
/* A grant is renewed this long before its end, so that none ends in flight. */
#define MARGIN_MS 60000

struct waiter {
	TAILQ_ENTRY(waiter) link;
	int64_t until;
	grant_fn *cb;
	void *arg;
};

struct holder {
	TAILQ_ENTRY(holder) link;
	struct grants *grants;
	struct grant grant; /* its strings are ours */
	int64_t until;	    /* monotonic; 0: no grant */
	bool asking;
	uint8_t from[DIGEST_LEN]; /* of the token it is asked for, or zero */
	struct priv_login offer;  /* system mode: how to ask */
	int64_t offer_until;	  /* 0: there is none */
	TAILQ_HEAD(, waiter) waiters;
};

struct grants {
	struct app *app;
	bool system;
	bool open;
	bool due; /* serving is deferred */
	struct loop_timer *timer;
	grant_given_fn *given;
	void *given_arg;
	TAILQ_HEAD(, holder) holders;
};

static void grants_serve_cb(void *);
static void grants_timer_cb(void *);

struct grants *
grants_new(struct app *app)
{
	struct grants *g = xcalloc(1, sizeof(*g));

	g->app = app;
	g->system = app->conf->system;
	g->timer = loop_timer_new(app->loop, grants_timer_cb, g);
	TAILQ_INIT(&g->holders);
	return g;
}

static void
forget(struct holder *h)
{
	/* A grant is what a spawn is judged by. */
	secret_wipe(h->grant.bytes, sizeof(h->grant.bytes));
	free((char *)h->grant.user);
	free((char *)h->grant.home);
	free((char *)h->grant.shell);
	h->grant.user = h->grant.home = h->grant.shell = NULL;
	h->until = 0;
}

static void
wipe_offer(struct holder *h)
{
	secret_wipe(&h->offer, sizeof(h->offer));
	h->offer_until = 0;
}

/* Answers those who have waited since before `now`; all of them with 0. */
static void
refuse(struct holder *h, int err, const char *why, int64_t now)
{
	struct waiter *w, *next;

	TAILQ_FOREACH_SAFE (w, &h->waiters, link, next) {
		if (now != 0 && w->until > now)
			continue;
		TAILQ_REMOVE(&h->waiters, w, link);
		w->cb(err, NULL, why, w->arg);
		free(w);
	}
}

void
grants_end(struct grants *g)
{
	struct holder *h;

	TAILQ_FOREACH (h, &g->holders, link)
		refuse(h, RDV_E_UNAVAILABLE, "rdv is ending", 0);
}

void
grants_free(struct grants *g)
{
	struct holder *h;

	if (g == NULL)
		return;
	/* Whoever waits is answered while what he waits for exists. */
	grants_end(g);
	while ((h = TAILQ_FIRST(&g->holders)) != NULL) {
		TAILQ_REMOVE(&g->holders, h, link);
		forget(h);
		wipe_offer(h);
		free(h);
	}
	loop_undefer(g->app->loop, grants_serve_cb, g);
	loop_timer_free(g->timer);
	free(g);
}

void
grants_on_given(struct grants *g, grant_given_fn *cb, void *arg)
{
	g->given = cb;
	g->given_arg = arg;
}

bool
grant_is_given(const struct grants *g, uid_t uid)
{
	const struct holder *h;

	TAILQ_FOREACH (h, &g->holders, link)
		if (h->grant.uid == uid)
			return clock_mono_ms() < h->until;
	return false;
}

void
grants_forget(struct grants *g)
{
	struct holder *h;

	g->open = false;
	TAILQ_FOREACH (h, &g->holders, link)
		forget(h);
}

static void
serve_later(struct grants *g)
{
	if (g->due)
		return;
	g->due = true;
	loop_defer(g->app->loop, grants_serve_cb, g);
}

void
grants_open(struct grants *g)
{
	g->open = true;
	serve_later(g);
}

static void
keep(struct holder *h, const struct priv_login_answer *a)
{
	/* Half of a life that is shorter than two margins. */
	int64_t margin = a->ttl_ms / 2 < MARGIN_MS ? a->ttl_ms / 2 : MARGIN_MS;

	forget(h);
	memcpy(h->grant.bytes, a->grant, sizeof(h->grant.bytes));
	h->grant.user = xstrdup(a->user);
	h->grant.home = xstrdup(a->home);
	h->grant.shell = xstrdup(a->shell);
	h->until = clock_mono_ms() + a->ttl_ms - margin;
}

static void
grant_login_cb(int err, const struct priv_login_answer *a, void *arg)
{
	struct holder *h = arg;

	h->asking = false;
	/* The helper went away: those who wait go on waiting for the next. */
	if (err != 0)
		return;
	wipe_offer(h);
	/* A grant for another uid than was asked for is none. */
	if (a->result == PRIV_DONE && a->uid == h->grant.uid) {
		keep(h, a);
		if (h->grants->given != NULL)
			h->grants->given(h->grant.uid, h->grants->given_arg);
	} else {
		refuse(h,
		    a->result == PRIV_FAILED ? RDV_E_UNAVAILABLE : RDV_E_DENIED,
		    a->why, 0);
	}
	serve_later(h->grants);
}

/* In system mode only somebody's credential can ask. */
static void
ask(struct holder *h)
{
	const struct priv_login own = { .kind = PRIV_LOGIN_UID,
		.uid = h->grant.uid };
	const bool offered = h->offer_until > 0;

	if (h->asking || (h->grants->system && !offered))
		return;
	h->asking = true;
	memset(h->from, 0, sizeof(h->from));
	if (offered && h->offer.kind == PRIV_LOGIN_TOKEN)
		digest_of(h->offer.secret, strlen(h->offer.secret), h->from);
	helper_login(h->grants->app->helper, offered ? &h->offer : &own,
	    grant_login_cb, h);
}

static void
serve(struct holder *h)
{
	struct waiter *w;

	if (TAILQ_EMPTY(&h->waiters))
		return;
	if (clock_mono_ms() >= h->until) {
		ask(h);
		return;
	}
	/* What a waiter does with it may show that [ops] has gone. */
	while ((w = TAILQ_FIRST(&h->waiters)) != NULL && h->until != 0) {
		TAILQ_REMOVE(&h->waiters, w, link);
		w->cb(0, &h->grant, NULL, w->arg);
		free(w);
	}
}

static void
grants_serve_cb(void *arg)
{
	struct grants *g = arg;
	struct holder *h;

	g->due = false;
	TAILQ_FOREACH (h, &g->holders, link)
		if (g->open)
			serve(h);
}

static void
grants_timer_cb(void *arg)
{
	struct grants *g = arg;
	int64_t now = clock_mono_ms();
	bool waiting = false;
	struct holder *h;

	TAILQ_FOREACH (h, &g->holders, link) {
		refuse(h, RDV_E_UNAVAILABLE,
		    g->system && g->open && h->offer_until == 0
			? "the helper was shown no credential of this user; "
			  "it goes on with the user's next request"
			: "the helper is not there",
		    now);
		if (h->offer_until <= now)
			wipe_offer(h);
		waiting =
		    waiting || !TAILQ_EMPTY(&h->waiters) || h->offer_until > 0;
	}
	/* Five looks in the time one may wait: nobody waits much longer. */
	if (waiting)
		loop_timer_set(g->timer, WAIT_MS / 5);
}

static struct holder *
holder_of(struct grants *g, uid_t uid)
{
	struct holder *h;

	TAILQ_FOREACH (h, &g->holders, link)
		if (h->grant.uid == uid)
			return h;
	h = xcalloc(1, sizeof(*h));
	h->grants = g;
	h->grant.uid = uid;
	TAILQ_INIT(&h->waiters);
	TAILQ_INSERT_TAIL(&g->holders, h, link);
	return h;
}

void
grant_get(struct grants *g, uid_t uid, grant_fn *cb, void *arg)
{
	struct holder *h = holder_of(g, uid);
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->until = clock_mono_ms() + WAIT_MS;
	w->cb = cb;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&h->waiters, w, link);
	if (!loop_timer_pending(g->timer))
		loop_timer_set(g->timer, WAIT_MS / 5);
	if (g->open)
		serve_later(g);
}

void
grant_offer(struct grants *g, uid_t uid, bool token, const char *text)
{
	struct holder *h = holder_of(g, uid);
	const int64_t now = clock_mono_ms();

	/* What is being asked with stays until the answer. */
	if (now < h->until || h->asking)
		return;
	wipe_offer(h);
	h->offer.kind = token ? PRIV_LOGIN_TOKEN : PRIV_LOGIN_SERVICE;
	h->offer.uid = token ? 0 : uid;
	if (!str_copy(h->offer.secret, text, sizeof(h->offer.secret))) {
		wipe_offer(h);
		return;
	}
	h->offer_until = now + WAIT_MS;
	if (!loop_timer_pending(g->timer))
		loop_timer_set(g->timer, WAIT_MS / 5);
	if (g->open && !TAILQ_EMPTY(&h->waiters))
		serve_later(g);
}

/*
 * It is given back as well: should the helper have it after all, asking again
 * and again would fill its table.
 */
void
grant_forget(struct grants *g, uid_t uid)
{
	struct holder *h = holder_of(g, uid);

	if (!g->system || h->until == 0)
		return;
	helper_logout(g->app->helper, h->grant.bytes, NULL, NULL);
	forget(h);
}

void
grant_forget_of(struct grants *g, uid_t uid, const uint8_t token[DIGEST_LEN])
{
	if (memcmp(holder_of(g, uid)->from, token, DIGEST_LEN) == 0)
		grant_forget(g, uid);
}
