/* SPDX-License-Identifier: MIT */
#ifndef RDV_STUCK_H
#define RDV_STUCK_H

struct app;

/* What does not go on, of all users, at this moment. */
struct stuck {
	/*
	 * Runs that were asked for, told to end or have ended more than a
	 * minute ago, and do not run, end or are not on record yet.
	 */
	unsigned runs;
	/* Runs and chains whose last step failed and is tried again soon. */
	unsigned retries;
};

void stuck_count(struct app *app, struct stuck *out);

#endif
