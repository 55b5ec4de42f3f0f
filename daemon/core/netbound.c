/* SPDX-License-Identifier: MIT */
/*
 * git cannot be told how much a remote may send, and a small pack may become a
 * very big tree. So what git has written is counted while it works, by rdv-git
 * as the account, and once more when it has ended. Invariant: what is more than
 * the bound, or cannot be counted, is never taken for done; beyond it comes
 * what a network brings between two looks.
 */
#include "daemon/core/netbound.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreesize.h"
#include "daemon/loop.h"
#include "lib/err.h"
#include "lib/xalloc.h"

#define LOOK_MS 1000
#define MIB	((int64_t)1 << 20)

struct netbound {
	struct worktrees *w;
	struct worktree_who who;
	char *dir;
	struct allowance max;
	struct loop_timer *timer;
	bool asking;   /* a look is under way, and has us */
	bool again;    /* and may have seen less than there is */
	bool retried;  /* a look behind git's end has failed */
	bool unwanted; /* freed by its owner, not yet here */
	bool told;
	char why[512];
	netbound_over_fn *over;
	netbound_end_fn *end; /* NULL: git is at work */
	void *arg;
};

static void look(struct netbound *b);

static void
destroy(struct netbound *b)
{
	loop_timer_free(b->timer);
	free(b->dir);
	free(b);
}

void
netbound_free(struct netbound *b)
{
	if (b == NULL)
		return;
	b->unwanted = true;
	loop_timer_clear(b->timer);
	if (!b->asking)
		destroy(b);
}

static void
netbound_timer_cb(void *arg)
{
	look(arg);
}

struct netbound *
netbound_new(struct worktrees *w, const struct worktree_who *who,
    const char *dir, const struct allowance *max, netbound_over_fn *over,
    void *arg)
{
	struct netbound *b = xcalloc(1, sizeof(*b));

	b->w = w;
	b->who = *who;
	b->dir = xstrdup(dir);
	b->max = *max;
	b->over = over;
	b->arg = arg;
	b->timer = loop_timer_new(w->app->loop, netbound_timer_cb, b);
	loop_timer_set(b->timer, LOOK_MS);
	(void)snprintf(b->why, sizeof(b->why),
	    "more came than the %" PRId64 " MiB that %s allows", max->mb,
	    max->by);
	return b;
}

/* True: it is too much, and whoever has to know does. */
static bool
judge(struct netbound *b, int64_t bytes)
{
	const bool first = !b->told;

	if (bytes <= b->max.mb * MIB && !b->told)
		return false;
	b->told = true;
	loop_timer_clear(b->timer);
	if (first && b->end == NULL)
		b->over(b->why, b->arg);
	return true;
}

void
netbound_heard(struct netbound *b, int64_t bytes)
{
	if (bytes >= 0)
		(void)judge(b, bytes);
}

/* What is whole does not go for one look that failed. */
static void
counted(struct netbound *b, int err, bool part, const char *why)
{
	if ((err != 0 || part) && !b->retried) {
		b->retried = true;
		loop_timer_set(b->timer, LOOK_MS);
	} else if (part) {
		(void)snprintf(b->why, sizeof(b->why),
		    "what came cannot be counted to its end, which %s wants",
		    b->max.by);
		b->end(RDV_E_TOO_BIG, b->why, b->arg);
	} else {
		b->end(err, why, b->arg);
	}
}

static void
looked_cb(int err, const struct wt_size *size, const char *why, void *arg)
{
	struct netbound *b = arg;
	const bool big = !b->unwanted && judge(b, err == 0 ? size->own : 0);

	b->asking = false;
	if (b->unwanted)
		destroy(b);
	else if (b->again && !big)
		look(b);
	else if (b->end != NULL && big)
		b->end(RDV_E_TOO_BIG, b->why, b->arg);
	else if (b->end != NULL)
		counted(b, err, err == 0 && size->partial, why);
	else if (!big)
		loop_timer_set(b->timer, LOOK_MS);
}

static void
look(struct netbound *b)
{
	const struct wt_size_ask ask = { .top = b->dir, .path = b->dir };

	b->asking = true;
	b->again = false;
	worktree_size(b->w, &b->who, &ask, looked_cb, b);
}

void
netbound_end(struct netbound *b, netbound_end_fn *end)
{
	loop_timer_clear(b->timer);
	b->end = end;
	/* What is being counted may be from before git's end. */
	if (b->asking)
		b->again = true;
	else
		look(b);
}
