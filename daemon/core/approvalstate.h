/* SPDX-License-Identifier: MIT */
#ifndef RDV_APPROVALSTATE_H
#define RDV_APPROVALSTATE_H

#include <sys/queue.h>

#include "daemon/core/approval.h"
#include "daemon/event/event.h"
#include "daemon/store/approvals.h"
#include "lib/bucket.h"
#include "lib/secret.h"

/* What approval.c, approvaldecide.c and approvalend.c share. */
struct approval_wait {
	TAILQ_ENTRY(approval_wait) link;
	char id[UUID_TEXT]; /* of the row; of none when over the bounds */
	struct approval_waiter who;
};
TAILQ_HEAD(approval_waits, approval_wait);

/* A run that has asked, until it is over. */
struct asker {
	TAILQ_ENTRY(asker) link;
	struct approvals *as;
	char run_id[UUID_TEXT];
	struct bucket asks; /* new ones that people are asked */
};
TAILQ_HEAD(askers, asker);

struct approvals {
	struct app *app;
	struct approval_waits waits;
	struct askers askers;
	struct loop_timer *deadline;
};

/* What a transaction makes of a row, until it is durable; or a plain ask. */
struct approval_end {
	struct approvals *as;
	struct arena *arena;
	struct store_approval row; /* in the arena */
	char wait_id[UUID_TEXT];   /* of who is told */
	bool asking;		   /* who waits is told of a failure, too */
	bool again;
};

/* approval.c. NULL: nobody waits for it. */
struct approval_wait *
approval_waiting(const struct approvals *as, const char *id);
/* Of a live run; its end is followed from then on. NULL: it is over. */
struct asker *approval_asker(struct approvals *as, const char *run_id);
/* A copy, for the transaction that has just written it. */
struct approval_end *
approval_end_new(struct approvals *as, const struct store_approval *row);
/* The event that tells of a row as it is now. */
void approval_event(struct tx *tx, enum event_kind kind,
    const struct store_approval *row);

/* approvalend.c. The end of a row, which is as it is to become; as below. */
int approval_put_end(struct approvals *as, struct tx *tx,
    struct store_approval *row, struct approval_end **end);
/* Its run is over: nothing is granted. RDV_E_STATE: it had ended before. */
int approval_put_lapse(struct approvals *as, struct tx *tx,
    struct store_approval *row, struct approval_end **end);
/* All that is open of a run that is over. */
void approval_lapse_run(struct approvals *as, const char *run_id);
/* For the next deadline. */
void approval_arm(struct approvals *as);
void approval_deadline_cb(void *as);

#endif
