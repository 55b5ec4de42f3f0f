/* SPDX-License-Identifier: MIT */
#ifndef RDV_UPGRADE_H
#define RDV_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "priv-helper/carry.h"

struct audit_link;
struct kin;
struct launch;

/* How the last one went: in server/, or where only root can look. */
#define UPGRADE_RESULT "upgrade"

enum upgrade_phase {
	UPGRADE_NONE,
	UPGRADE_TRYING,	  /* the new program looks whether it could */
	UPGRADE_LEAVING,  /* it is us, and what the old one had started ends */
	UPGRADE_SETTLING, /* what we have started finds what runs */
};

/* [main] in the middle of becoming another program, or back. */
struct upgrade {
	const struct launch *l;
	struct kin *audit, *ops, *daemon;
	struct audit_link *records;
	enum upgrade_phase phase;
	int64_t due;	      /* of the phase, monotonic ms */
	struct programs next; /* those that are tried */
	pid_t pid;	      /* of the one that tries */
	int answer;	      /* what it says; -1 */
	unsigned expected;    /* runs */
	int64_t restart_by;   /* a stop until then is one half of a restart */
	bool again;	      /* asked for once more meanwhile */
	bool told;	      /* rdvd is to leave */
	struct carry from;    /* what we came from, of which descriptors stay */
};

/* `from`: NULL, or what carry_read() gave, which is taken over. */
void upgrade_init(struct upgrade *u, const struct launch *l,
    const struct carry *from);
/*
 * For the program that is tried, with its launch as it would be: says on
 * `answer` whether it could take over. Its exit status.
 */
int upgrade_try(const struct launch *l, int answer);
/*
 * Begins one, once that is on record. How it went is on record as well, in the
 * log, and in server/upgrade.
 */
void upgrade_ask(struct upgrade *u);
/* All of rdv stops: there is none to go on with, nor to go back to. */
void upgrade_stop(struct upgrade *u);
/* A child has ended. True when it was the one that tries. */
bool upgrade_tried(struct upgrade *u, pid_t pid, int status);
/* rdvd has said something: that it knows what runs, or it is broken. */
void upgrade_hear(struct upgrade *u);
/* True while nothing is to be started: what is to go has not gone yet. */
bool upgrade_holds(const struct upgrade *u);
/*
 * All that was to go has gone, and what is started from now on is the new: one
 * that cannot be started is none that serves.
 */
void upgrade_left(struct upgrade *u);
/* What is due by now; may go back, and then never returns. */
void upgrade_step(struct upgrade *u);
/* ms until that is worth a call, or -1. */
int64_t upgrade_patience(const struct upgrade *u);

#endif
