/* SPDX-License-Identifier: MIT */
#ifndef RDV_ATTACH_H
#define RDV_ATTACH_H

#include <stdbool.h>

struct cmd_call;
struct js;
struct link;

struct attach_conf {
	const struct cmd_call *call;
	const struct js *session; /* as the API gave it */
	const struct link *link;  /* by which it is joined, or NULL */
	const char *ticket;	  /* what it was exchanged for */
	bool read_only;
	bool exit_code;
	bool follow;	      /* the session keeps its size, whatever ours is */
	unsigned patience_ms; /* for an rdvd that is away; 0: the usual */
};

/*
 * Makes this terminal a view of the session's until the user detaches or the
 * run ends. Returns the exit status of rdv; never returns when a signal asked
 * us to end (it is raised again once the terminal is restored).
 */
int attach_run(const struct attach_conf *conf);

#endif
