/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITASK_H
#define RDV_AUDITASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "priv-helper/auditmsg.h"

/* An act waits this long for its record, and is refused then. */
#define AUDIT_WAIT_MS 2000
/* And stays awake for this long, but for so many acts after one in vain. */
#define AUDIT_AWAKE_US	150
#define AUDIT_SPARE_MAX 64

/* The way of [ops] or [main] to [audit]. */
struct audit_link {
	int sock;	/* -1: there is no [audit] */
	uint32_t id;	/* of the last record sent */
	uint32_t asked; /* the last one with an answer to come */
	uint32_t acked; /* the last one that was answered */
	bool late;	/* an answer is overdue; nothing is asked until then */
	uint32_t missed;
	unsigned vain;	      /* waits without sleep that brought nothing */
	unsigned spare;	      /* acts that sleep at once because of that */
	struct audit_ack ack; /* the last one */
};

/* `sock` is taken over, and the one before closed; -1: none. */
void audit_connect(struct audit_link *a, int sock);
/*
 * Sends the record of an act to come, which has to wait for audit_wait(); what
 * can be prepared for it may be meanwhile. False, with a sentence in `why` that
 * begins with "audit: ", when the act must not be.
 */
bool audit_begin(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize);
/* Waits until the record has been written. False as above. */
bool audit_wait(struct audit_link *a, char *why, size_t whysize);
/* Both, for an act with nothing to prepare. */
bool audit_before(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize);
/* True unless it is certain, or feared, that a record could not be had now. */
bool audit_well(struct audit_link *a);
/*
 * True when the record asked for last is certainly not in the log, so that what
 * has become of the act is a refusal and no end of something begun. May wait.
 */
bool audit_absent(struct audit_link *a);
/*
 * Sends a record that nothing waits for: what has happened has happened. One
 * that cannot be sent is counted in the next that can.
 */
void audit_tell(struct audit_link *a, struct audit_msg *m);

#endif
