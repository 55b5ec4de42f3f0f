/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_RELAY_H
#define RDV_EGRESS_RELAY_H

#include <stddef.h>
#include <stdint.h>

struct body;

/* Both sockets non-blocking and the caller's to close. */
struct relay {
	int run, host;
	/* What has been read of the run already, and is for the host. */
	const char *first;
	size_t nfirst;
	struct body *body; /* where the run's side ends; NULL: with it */
	uint64_t *sent, *received;
	void (*all_sent)(void *arg); /* called once, if it comes to that */
	void *arg;
};

/*
 * Carries bytes both ways until both sides have said their last, one is gone,
 * or nothing has come for ten minutes. An end of one side is passed on, and the
 * other side goes on.
 */
void relay(const struct relay *r);

#endif
