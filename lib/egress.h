/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_H
#define RDV_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the helper, rdv-egress and rdvd know of each other about a run whose
 * network is held to a list. Where rdv-egress listens, in the run's network
 * namespace and nowhere else: nothing else is in there, so no port is taken.
 */
#define EGRESS_PORT	3128
#define EGRESS_HOSTS	64  /* of one list */
#define EGRESS_HOST_MAX 259 /* a name (lib/host.h) and ":65535" */
#define EGRESS_RULE_MAX 255

/* Descriptors of rdv-egress beside 0, 1 and 2. */
enum {
	EGRESS_LEASH = 3, /* brings the listening socket; its end ends it */
	EGRESS_PAGE,
	EGRESS_PROGRAM, /* itself, closed by executing it */
	EGRESS_FDS
};

enum egress_count {
	EGRESS_SENT, /* bytes from the run to the host */
	EGRESS_RECEIVED,
	EGRESS_CONNECTIONS,
	EGRESS_REFUSED, /* connections, by what was dialled */
	EGRESS_FAILED,	/* the host was not found, or did not answer */
	EGRESS_COUNTS
};

struct egress_row {
	char host[EGRESS_HOST_MAX + 5]; /* HOST:PORT */
	uint64_t count[EGRESS_COUNTS];
};

/*
 * A piece of shared memory for each such run: the helper writes the list,
 * rdv-egress counts in it, rdvd looks. Nobody has to be asked or to be there
 * for another to go on, and it outlives all three but the last who has it.
 */
struct egress_page {
	uint32_t n;
	uint32_t
	    beat; /* seconds of CLOCK_MONOTONIC, never 0: egress_silent() */
	char rule[EGRESS_RULE_MAX + 1]; /* of the policy, for refusals */
	/* The one behind the last is what is not in the list. */
	struct egress_row rows[EGRESS_HOSTS + 1];
};

/* A page as it is now. False when it is none: nothing of it is to be used. */
bool egress_read(int fd, struct egress_page *out);

/* How often rdv-egress says that it still waits for its run. */
#define EGRESS_BEAT_MS	1000
#define EGRESS_SILENT_S 10

/* rdv-egress: now. */
void egress_beat(struct egress_page *page);
/* Whether it has not for so long; never of one that does not say it at all. */
bool egress_silent(int fd);

#endif
