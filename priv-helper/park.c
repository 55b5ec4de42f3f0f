/* SPDX-License-Identifier: MIT */
/*
 * The side of [ops] in what makes runs outlive it. Invariant: what rdvd has
 * been told of is with [main], so that kill -9 at any moment leaves either a
 * run that the next [ops] has, or one that nobody was told of; and the socket
 * of that one ends, which its reaper takes for the order to end it.
 */
#include "priv-helper/park.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/ops.h"
#include "priv-helper/parked.h"
#include "security/mutant.h"

static int
send_record(struct ops *o, const struct park_record *rec,
    const struct seqpkt_fds *fds)
{
	int err;

	/* All of rdv ends, and so do its runs. */
	if (o->main < 0)
		return 0;
	err = seqpkt_send(o->main, rec, sizeof(*rec), fds);
	o->main_full |= err == -EAGAIN;
	return err == -EPIPE || err == -ECONNRESET ? 0 : err;
}

static void
describe(const struct run *r, struct park_record *rec)
{
	rec->reaper = r->reaper;
	rec->egress = r->egress;
	rec->pid = r->pid;
	rec->uid = r->uid;
	rec->gid = r->gid;
	rec->guards = r->guards;
	rec->started_ms = r->started_ms;
	rec->until = r->until;
	rec->io = r->io;
	rec->net = (uint8_t)r->net;
	rec->uses_tmp = r->uses_tmp;
	(void)str_copy(rec->profile, profiles[r->profile].name,
	    sizeof(rec->profile));
	(void)str_copy(rec->label, r->label, sizeof(rec->label));
	memcpy(rec->scratch, r->scratch, sizeof(rec->scratch));
	rec->hold = r->hold;
}

/* A pipe to its input is rdvd's alone, and nobody's when that is gone. */
static void
add_fds(const struct run *r, struct seqpkt_fds *fds)
{
	unsigned i = r->io == PRIV_IO_PIPES && r->fds.n == 3 + run_beside(r);

	for (; i < r->fds.n; i++)
		fds->fd[fds->n++] = r->fds.fd[i];
}

static void
begin(struct park_record *rec, enum park_verb verb, const struct run *r)
{
	memset(rec, 0, sizeof(*rec));
	rec->version = PARK_VERSION;
	rec->verb = verb;
	rec->handle = r->handle;
}

int
park_add(struct ops *o, struct run *r)
{
	struct seqpkt_fds fds = { .fd = { r->control }, .n = 1 };
	struct park_record rec;
	int pidfd = -1, err;

	if (r->parked != RUN_UNPARKED || mutant("P05"))
		return 0;
	/* Our child, and not waited for: it cannot be anybody else. */
	if (r->reaper != 0)
		pidfd = (int)syscall(SYS_pidfd_open, r->reaper, 0);
	if (r->reaper != 0 && pidfd < 0)
		return -errno;
	begin(&rec, PARK_ADD, r);
	describe(r, &rec);
	add_fds(r, &fds);
	if (pidfd >= 0)
		fds.fd[fds.n++] = pidfd;
	err = send_record(o, &rec, &fds);
	if (pidfd >= 0)
		(void)close(pidfd);
	if (err == 0)
		r->parked = RUN_PARKED;
	return err;
}

bool
park_end(struct ops *o, struct run *r)
{
	struct park_record rec;

	if (r->parked != RUN_PARKED || r->ended)
		return true;
	begin(&rec, PARK_END, r);
	rec.status = r->end.status;
	r->ended = send_record(o, &rec, NULL) == 0;
	return r->ended;
}

bool
park_rest(struct ops *o, struct run *r)
{
	struct park_record rec;

	if (r->parked != RUN_PARKED)
		return true;
	begin(&rec, PARK_REST, r);
	if (send_record(o, &rec, NULL) != 0)
		return false;
	r->parked = RUN_RESTING;
	return true;
}

bool
park_drop(struct ops *o, struct run *r)
{
	struct park_record rec;

	if (r->parked == RUN_UNPARKED)
		return true;
	begin(&rec, PARK_DROP, r);
	if (send_record(o, &rec, NULL) != 0)
		return false;
	r->parked = RUN_UNPARKED;
	return true;
}

static void
take_fds(struct run *r, struct parked_run *k)
{
	unsigned i;

	r->control = k->fds.fd[0];
	r->pidfd = k->pidfd;
	for (i = 1; i < k->fds.n; i++)
		r->fds.fd[r->fds.n++] = k->fds.fd[i];
	k->fds.n = 0;
	k->pidfd = -1;
}

/*
 * What it said last it said to the [ops] before us. One of a build that cannot
 * say it never will, and then nobody claims to know.
 */
static void
ask_halt(struct run *r)
{
	const struct reaper_order order = { .verb = REAPER_SAY };

	r->halt = PRIV_HALT_UNKNOWN;
	(void)seqpkt_send(r->control, &order, sizeof(order), NULL);
}

static void
adopt(struct ops *o, struct parked_run *k)
{
	const struct park_record *rec = &k->record;
	struct run *r = run_adopt(&o->runs, rec->handle);

	r->state = RUN_RUNNING;
	r->exec = true;
	r->reaper = k->told ? 0 : rec->reaper;
	r->pid = rec->pid;
	r->uid = rec->uid;
	r->gid = rec->gid;
	r->guards = rec->guards;
	r->started_ms = rec->started_ms;
	r->until = rec->until;
	r->io = rec->io;
	r->net = (enum policy_net)rec->net;
	r->uses_tmp = rec->uses_tmp;
	r->profile = profile_find(rec->profile);
	(void)str_copy(r->label, rec->label, sizeof(r->label));
	memcpy(r->scratch, rec->scratch, sizeof(r->scratch));
	r->hold = rec->hold;
	r->parked = RUN_PARKED;
	r->ended = rec->ended;
	if (k->waited || rec->ended)
		r->seen = rec->ended ? rec->status : k->status;
	take_fds(r, k);
	ask_halt(r);
}

void
park_adopt(struct ops *o, struct parked *p)
{
	struct parked_run *k;
	unsigned n = 0;

	if (p == NULL)
		return;
	TAILQ_FOREACH (k, &p->list, entry) {
		if (k->fds.n == 0)
			continue;
		adopt(o, k);
		n++;
	}
	/* What [main] has of them is not ours to change. */
	if (n > 0)
		log_info("park", "adopted runs=%u", n);
	parked_free(p);
}
