/* SPDX-License-Identifier: MIT */
#ifndef RDV_DOCTOR_H
#define RDV_DOCTOR_H

#include <stdbool.h>

struct cli;
struct cmd_call;
struct js;

/* What rdv doctor looks at, and what it has found. */
struct doctor {
	const struct cmd_call *call;
	const struct cli *cli;
	char *host;  /* stands for "/" to the host's rdv; NULL: our own rdv */
	bool nobody; /* root, whom the host's rdv does not serve */
	char *settings, *policy, *state, *audit; /* where they are */
	struct js *status;			 /* of rdvd, or NULL */
	struct js *integrity;			 /* the same, what is wrong */
	char unreachable[512];
	const char *name; /* of the row being judged */
	struct js *rows;
	bool failed, reached;
};

/*
 * Of the host's rdv or our own, as the caller speaks to the one or the other.
 */
void doctor_find(struct doctor *d);
void doctor_forget(struct doctor *d);
/* The verdict of the row: "ok", "warning", "failed" or "skipped", and why. */
void doctor_judge(struct doctor *d, const char *state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A file that is there and closed to the caller: then that was the verdict. */
bool doctor_is_closed(struct doctor *d, const char *path);
void doctor_look_policy(struct doctor *d);
/* Of the host's rdv, the sockets for root. */
void doctor_look_state(struct doctor *d);
void doctor_look_sockets(struct doctor *d);
/* Of the host's rdv, whether what runs outlives a restart of it. */
void doctor_look_restart(struct doctor *d);
/* Whether a program that is not confined can type as its user (abuse H06). */
void doctor_look_terminals(struct doctor *d);
/* What the last look at what is on record found (rdv check). */
void doctor_look_integrity(struct doctor *d);
/* Why rdvd has not said a thing. */
const char *doctor_unasked(const struct doctor *d);
/* Of the parts that rdvd has asked; one of an earlier build does not say. */
bool doctor_is_well(const struct doctor *d, const char *part);
/* The helper says, by rdvd, that this is to be had here. */
bool doctor_offers(const struct doctor *d, const char *feature);

#endif
