/* SPDX-License-Identifier: MIT */
/*
 * The table of runs. A handle is the generation of this [ops] and a serial
 * number, so it is never given to another run, and one from an earlier [ops]
 * is unknown here instead of being somebody else's.
 */
#include "priv-helper/run.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/secret.h"
#include "lib/xalloc.h"
#include "priv-helper/spare.h"

#define SERIAL_BITS 32
#define SERIAL_MAX  ((UINT64_C(1) << SERIAL_BITS) - 1)

void
runs_init(struct runs *rs)
{
	TAILQ_INIT(&rs->list);
	rs->n = 0;
	rs->serial = 0;
	do {
		secret_random(&rs->generation, sizeof(rs->generation));
		rs->generation &= ~SERIAL_MAX;
	} while (rs->generation == 0);
}

struct run *
run_adopt(struct runs *rs, uint64_t handle)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->handle = handle;
	r->control = r->status = r->pidfd = r->emptying = r->seen = -1;
	TAILQ_INSERT_TAIL(&rs->list, r, entry);
	rs->n++;
	return r;
}

struct run *
run_like(struct runs *rs, const struct run *other)
{
	struct run *r;

	if (rs->serial == SERIAL_MAX)
		return NULL;
	r = run_adopt(rs, rs->generation | (rs->serial + 1));
	rs->serial++;
	r->uid = other->uid;
	r->gid = other->gid;
	r->profile = other->profile;
	r->io = other->io;
	r->net = other->net;
	return r;
}

void
run_drop_spare(struct run *r)
{
	spare_free(r->spare);
	r->spare = NULL;
}

unsigned
run_beside(const struct run *r)
{
	return (unsigned)(r->net == POLICY_NET_LIST) +
	       ((r->guards & PRIV_G_DOOR) != 0);
}

bool
run_is_online(const struct run *r)
{
	return r->net == POLICY_NET_FULL;
}

void
run_abandon(struct run *r)
{
	const struct reaper_order order = { .verb = REAPER_KILL };

	if (r->control >= 0)
		(void)seqpkt_send(r->control, &order, sizeof(order), NULL);
	seqpkt_fds_close(&r->fds);
	run_drop_spare(r);
	r->state = RUN_DONE;
}

void
run_free(struct runs *rs, struct run *r)
{
	if (r == NULL)
		return;
	spare_free(r->spare);
	TAILQ_REMOVE(&rs->list, r, entry);
	rs->n--;
	seqpkt_fds_close(&r->fds);
	if (r->control >= 0)
		(void)close(r->control);
	if (r->status >= 0)
		(void)close(r->status);
	if (r->pidfd >= 0)
		(void)close(r->pidfd);
	if (r->emptying >= 0)
		(void)close(r->emptying);
	free(r->ports);
	free(r);
}

struct run *
run_find(const struct runs *rs, uint64_t handle)
{
	struct run *r;

	TAILQ_FOREACH (r, &rs->list, entry)
		if (r->handle == handle &&
		    (r->state == RUN_RUNNING || r->state == RUN_ENDED))
			return r;
	return NULL;
}

static int
rising(const void *a, const void *b)
{
	const struct run *const *x = a, *const *y = b;

	return (*x)->handle < (*y)->handle ? -1 : (*x)->handle > (*y)->handle;
}

unsigned
runs_after(const struct runs *rs, uint64_t after, const struct run ***out)
{
	const struct run **all = xcalloc(rs->n + 1, sizeof(void *));
	const struct run *r;
	unsigned n = 0;

	TAILQ_FOREACH (r, &rs->list, entry)
		if (r->handle > after &&
		    (r->state == RUN_RUNNING || r->state == RUN_ENDED))
			all[n++] = r;
	qsort(all, n, sizeof(void *), rising);
	*out = all;
	return n;
}

void
run_close_stdin(struct run *r)
{
	unsigned i;

	/* A terminal's master stays: it has no end of its own to close. */
	if (r->io != PRIV_IO_PIPES || r->fds.n != 3 + run_beside(r))
		return;
	(void)close(r->fds.fd[0]);
	for (i = 1; i < r->fds.n; i++)
		r->fds.fd[i - 1] = r->fds.fd[i];
	r->fds.n--;
}
