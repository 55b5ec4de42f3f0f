/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUNSTATE_H
#define RDV_RUNSTATE_H

#include "daemon/core/run.h"
#include "daemon/term/talk.h"
#include "daemon/term/term.h"
#include "lib/bucket.h"
#include "lib/list.h"
#include "lib/seqpkt.h"

/* What core/run*.c share: a live run in memory and the table of them. */
enum run_phase {
	RUN_CREATED, /* its row is on the way to the disk */
	RUN_ASKED,   /* grant or process asked for */
	RUN_LIVE,
	RUN_OVER /* the end is known and on the way to the disk */
};

struct run_end {
	const char *state;		    /* a constant */
	int exit_code, signal;		    /* -1: none */
	char *cause;			    /* or NULL */
	int64_t user_us, sys_us, maxrss_kb; /* -1: not known */
	int64_t at;
};

struct run_waiter {
	STAILQ_ENTRY(run_waiter) link;
	run_end_fn *cb;
	void *arg;
};
STAILQ_HEAD(run_waiters, run_waiter);

struct run {
	TAILQ_ENTRY(run) link;
	LIST_ENTRY(run) by_id;
	struct runs *runs;
	char id[UUID_TEXT], user_id[UUID_TEXT], session_id[UUID_TEXT];
	char request_id[UUID_TEXT];	  /* "": of none */
	char reason[16], door_digest[65]; /* "": it asked for none */
	uid_t uid;
	enum run_phase phase;
	struct priv_spawn *spawn; /* until the helper has answered */
	enum priv_io io;
	uint64_t handle;     /* 0: not known yet */
	uint64_t generation; /* of the [ops] that has it */
	uint32_t guards;
	char *cwd, *argv_json; /* as recorded; may be NULL */
	char *policy_json;     /* NULL but for the row of a start */
	int page, door;	       /* of a list of hosts, core/rundoor.h; or -1 */
	struct bucket tells;   /* what its program may tell people */
	int64_t started_at, touched, moved_ms; /* core/stuck.c has the last */
	struct term *term;		       /* NULL before launch */
	bool exited;			       /* `exit` is filled */
	bool usage;			       /* and so are the times in it */
	bool away;   /* its [ops] is gone, and the next may have it */
	bool orphan; /* it has not: no exit will be reported */
	struct priv_exit exit;
	const char *stop; /* why it shall end; NULL: it shall not */
	bool stopped;	  /* and the helper took that before any exit came */
	/* Since when its program is stopped, as known, stored, being stored. */
	int64_t halted_at, halted_row, halted_tx; /* -1: it goes on */
	struct kept *kept;	  /* its user's output; NULL: not followed */
	uint64_t counted, talked; /* of its own, of its entries, in that */
	uint64_t output_max;	  /* of the user's; 0: no limit */
	struct loop_timer *stop_again;
	struct run_end end;
	run_write_fn *write; /* with the end; or NULL */
	/* What is stored and what is to be: only the newest matters. */
	bool running_due, size_due, end_due, storing, storing_end;
	struct loop_timer *retry; /* of a store that failed */
	run_started_fn *started;
	void *started_arg, *write_arg;
	int start_err;
	struct run_waiters waiters;
};

struct js;
struct kept;	  /* core/kept.c */
struct reconcile; /* core/reconcile.c */
struct runstop;	  /* core/runstop.c */

#define RUN_BUCKETS 1024 /* a power of two */

struct runs {
	struct app *app;
	int dirfd; /* server/runs */
	struct terms *terms;
	struct talks *talks;
	TAILQ_HEAD(run_list, run) live;
	LIST_HEAD(run_bucket, run) ids[RUN_BUCKETS]; /* the same, by id */
	unsigned n;
	unsigned doomed; /* being ended, and of nobody */
	int64_t doomed_until;
	bool settled;
	uint32_t found, lost;	     /* of the first look */
	struct reconcile *reconcile; /* under way, or NULL */
	struct runstop *stopping;    /* the same */
	run_keep_fn *keep;	     /* or NULL */
	void *keep_arg;
	TAILQ_HEAD(, kept) kept; /* of each user that has run something */
	SLIST_HEAD(, kept_limit) allowed; /* by the policy of now */
};

/* The last of its descriptors, if it is held to a list. */
void run_take_page(struct run *run, const struct priv_hold *h,
    struct seqpkt_fds *fds);
struct run *run_alloc(struct runs *r, const char *id, const char *user_id,
    const char *session_id);
/* Brings the row to what is known; tries again until that is durable. */
void run_store(struct run *run);
/* The end is known, but not from an exit status. `cause` is copied. */
void run_over(struct run *run, const char *state, const char *cause);
/* The process has exited: its output is drained, then it is over. */
void run_exited(struct run *run, const struct priv_exit *ev, bool usage);
/* A live one by its handle, or NULL. */
struct run *run_by_handle(struct runs *r, uint64_t handle);
/* What is known of its program now. */
void run_halted(struct run *run, enum priv_halt halt);
/* True when its row says otherwise; and brings it there. */
bool run_halt_due(const struct run *run);
void run_write_halt(struct tx *tx, struct run *run);
/* Asks for the end that run_stop() decided on. */
void run_end_now(struct run *run);
/* The [ops] of now has it, after one that is gone. */
void run_found(struct run *run);
/* The same [ops] was asked for all that it has: the rest nobody has. */
void runs_not_found(struct runs *r);
/* The term's callback: all output is in the log. */
void run_drained_cb(void *run);
/* As the row has it. */
struct term_dims run_size(const struct store_run *row);
/* The term's callback: its size is to be recorded. */
void run_sized_cb(void *run);
/* The term's callback: whether its output may grow. */
bool run_room_cb(void *run);
/* What its record holds it to beside the kernel. */
void run_take_hold(struct run *run, uint32_t guards, const struct priv_hold *h);
/* run_free(), then those who wait for the end are called. */
void run_leave(struct run *run, int err);
/* What was to be started is no more: an environment is in it. */
void run_spawn_free(struct run *run);
/* Removes it from the table; nothing of it may be in flight. */
void run_free(struct run *run);
/* The constant of that name; "lost" for any other. */
const char *run_state_name(const char *state);
struct js *run_event(const struct run *run, const char *state);
/* Ends a process that is no run of ours, and lets the helper forget it. */
void runs_doom(struct runs *r, uint64_t handle);
void reconcile_free(struct reconcile *rc);
void runstop_free(struct runstop *s);

#endif
