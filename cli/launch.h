/* SPDX-License-Identifier: MIT */
#ifndef RDV_LAUNCH_H
#define RDV_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

struct cli;
struct js;

/* Kept in sync with rdv-helper: its refusals that another start cannot mend. */
#define LAUNCH_REFUSED	  77
#define LAUNCH_BAD_CONFIG 78

/* What runs, told once when all of it is ready. */
struct launch_info {
	unsigned port; /* 0: no web */
	int64_t ready_ms;
	int64_t started_ms; /* monotonic */
};

struct launch_conf {
	const struct cli *cli;
	unsigned port; /* 0: choose */
	bool no_web;
	int server_dir;
	const struct js *settings; /* unless no_web: cli/settings.h */
	/* Called when everything accepts; false ends it all again. */
	bool (*ready)(const struct launch_info *info, void *arg);
	/*
	 * Called instead when the start failed, with a sentence; `busy` when
	 * another rdv had the directory already.
	 */
	void (*failed)(const char *why, bool busy, void *arg);
	void *arg;
};

/*
 * The launcher: starts rdv-helper and nginx as children, starts again what
 * ends by accident, and ends all when told to (SIGTERM, SIGINT, SIGHUP) or when
 * rdv-helper ends for good. Returns the exit status of `rdv up`.
 */
int launch_run(const struct launch_conf *conf);

#endif
