/* SPDX-License-Identifier: MIT */
/*
 * PORTS: where the processes of a run listen. It is its reaper that looks, with
 * the rights of the account; here it is asked and what it says handed on. That
 * is read, and changes nothing, so there is nothing to put on record. Like a
 * signal it needs no grant: rdvd has the descriptors of every run it may name.
 *
 * Invariant: a reaper has one question at most, and one of these in LOOK_MS,
 * whatever rdvd asks: a look costs processor time of the run's account.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"
#include "security/mutant.h"

#define LOOK_MS 100
/* Much more than a look takes; one of an older build never answers. */
#define SILENT_MS 5000

static enum priv_result
ask_reaper(struct run *r, const char **why)
{
	const struct reaper_order order = { .verb = REAPER_PORTS };
	const int64_t now = clock_mono_ms(), since = now - r->ports_at;

	if (r->ports_asked && since >= SILENT_MS) {
		*why = "not known: the run's reaper does not say";
		return PRIV_UNSUPPORTED;
	}
	/* One that was asked answers both. */
	if (r->ports_asked)
		return PRIV_DONE;
	if (r->ports_at != 0 && since < LOOK_MS && !mutant("ports rate")) {
		*why = "it has just been looked at";
		return PRIV_BUSY;
	}
	if (seqpkt_send(r->control, &order, sizeof(order), NULL) != 0) {
		*why = "the run's reaper does not listen";
		return PRIV_BUSY;
	}
	r->ports_asked = true;
	r->ports_at = now;
	return PRIV_DONE;
}

void
op_ports(struct ops *o, uint32_t id, union ops_request *m)
{
	struct run *r = run_find(&o->runs, m->ports.handle);
	const char *why = "";
	enum priv_result result;

	if (r == NULL || r->state != RUN_RUNNING || r->over || r->control < 0) {
		peer_answer(o, id, PRIV_PORTS, PRIV_NO_SUCH,
		    "no such run, or it has ended");
		return;
	}
	result = ask_reaper(r, &why);
	peer_answer(o, id, PRIV_PORTS, result, why);
}

void
op_ports_notice(struct ops *o, struct run *r)
{
	struct buf b;

	/* One that has not said HELLO has not asked. */
	if (o->full)
		return;
	buf_init(&b, SEQPKT_MAX);
	priv_put_ports(&b, 0, PRIV_NOTICE, r->ports);
	if (!o->hello || peer_send(o, &b, NULL) != -EAGAIN) {
		free(r->ports);
		r->ports = NULL;
	}
	buf_done(&b);
}
