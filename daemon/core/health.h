/* SPDX-License-Identifier: MIT */
#ifndef RDV_HEALTH_H
#define RDV_HEALTH_H

#include <stdbool.h>

struct app;

/* Whether each part of rdv that is not nginx does its work (abuse O11). */
struct health {
	bool database;	  /* a read just now, and the last writes synced */
	bool helper;	  /* answers, can put acts on record, runs are known */
	bool git_workers; /* none has ended without an answer since */
	bool egress;	  /* none is silent */
	bool integrity;	  /* nothing was found by the last look at it */
	unsigned workers, workers_failing;
	unsigned egresses, egresses_silent;
};

/* `helper` is what probe_ask() (core/probe.h) has found. */
void health_of(struct app *app, bool helper, struct health *out);
bool health_good(const struct health *h);

#endif
