/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUN_H
#define RDV_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "lib/secret.h"

struct app;
struct run; /* a live run in memory */
struct runs;
struct store_run;
struct term; /* term/term: the output of a run and its viewers */
struct tx;

/*
 * The state machine of one process execution: starting -> running ->
 * completed | failed | killed | lost. The row is written before the helper is
 * asked, and the end before the helper is told to forget.
 */
struct runs *runs_new(struct app *app);
void runs_free(struct runs *r);
/* Live run by id, or NULL. */
struct run *run_find(struct runs *r, const char *run_id);
struct term *run_term(struct run *run);
/* It has ended; only the record of that is still on its way. */
bool run_has_ended(const struct run *run);
/* Its program has told less than a run may in a minute: that is one more. */
bool run_may_tell(struct run *run);
/* A signal has stopped its program, which is neither an end nor a wait. */
bool run_is_halted(const struct run *run);
/* True once a minute: its session's activity is to be written down. */
bool run_touch(struct run *run);
/*
 * What it has had of the hosts its network is held to, up to now: as
 * egress_json() and egress_sum().
 */
char *run_egress_json(const struct run *run);
uint64_t run_egress_sum(const struct run *run);
/* True when a live run's working directory lies under `path`. */
bool runs_busy_under(const struct runs *r, const char *path);
unsigned runs_live(const struct runs *r);
/* How many of those a signal has stopped. */
unsigned runs_count_halted(const struct runs *r);
/*
 * It writes no further output: its user has as much as the policy grants, until
 * kept_remove() (core/kept.h).
 */
bool run_waits_for_room(struct run *run);

struct run_spec {
	const char *id; /* a fresh UUID */
	const char *user_id;
	uid_t uid;
	const char *session_id; /* or NULL */
	const char *request_id; /* of whoever asked for it; or NULL */
	const char *reason;	/* a constant: "terminal", "script", ... */
	const char *profile;
	enum priv_net net;
	const char *const *hosts; /* HOST:PORT, or NULL */
	enum priv_io io;
	const char *cwd;	 /* NULL: the user's home */
	const char *const *argv; /* NULL: the login shell */
	const char *const *env;	 /* "NAME=value", or NULL */
	/* It may write these instead of `cwd` alone, if it is confined. */
	const char *const *paths; /* NULL: only that */
	unsigned cols, rows;
};

/*
 * Three steps. run_create() writes row and event into `tx`; after that is
 * durable run_launch() starts the process and says how that went, once, when
 * the outcome is durable too; run_discard() is for a `tx` that failed.
 */
struct run *
run_create(struct runs *r, struct tx *tx, const struct run_spec *spec);
void run_discard(struct run *run);
/*
 * 0: it runs. RDV_E_SPAWN: it could not be started; RDV_E_DENIED; RDV_E_BUSY;
 * RDV_E_UNAVAILABLE; or -errno; each with a sentence.
 */
typedef void run_started_fn(int err, const char *why, void *arg);
void run_launch(struct run *run, run_started_fn *cb, void *arg);

/*
 * Instead: it is not to be started after all, because of `err` and `why`, which
 * is its end and what `cb` hears.
 */
void run_refuse(struct run *run, int err, const char *why, run_started_fn *cb,
    void *arg);

/* Later, once: 0, or RDV_E_STATE when it has ended, or another outcome. */
typedef void run_signal_fn(int err, void *arg);
void
run_signal(struct run *run, int sig, bool all, run_signal_fn *cb, void *arg);
/*
 * Asks where its processes listen: the helper tells app->devports. False: it
 * does not run, or nobody can be asked now.
 */
bool run_ask_ports(struct run *run);
/* The live run of a handle of the helper's, or NULL. */
const char *run_id_of(struct runs *r, uint64_t handle);
/* Ends the run with all it started; stopping twice is once. */
void run_stop(struct run *run, const char *cause);
/*
 * Called once: with 0 when the end is durable, after which the run is gone;
 * with RDV_E_UNAVAILABLE when rdvd ends before the run does.
 */
typedef void run_end_fn(int err, void *arg);
void run_on_end(struct run *run, run_end_fn *cb, void *arg);

/* What is known of one whose end is to be written. */
struct run_news {
	const char *id, *user_id, *reason;
	const char *state; /* completed, failed, killed or lost */
	const char *cause; /* or NULL */
	int exit_code;
	bool began; /* a program ran; also when that is not known */
};
void run_news(const struct run *run, struct run_news *out);
/*
 * Whoever starts runs for something bigger writes in the transaction of their
 * end. `keep` is asked about each run that is over, those of an earlier daemon
 * included: true means that run_conclude() follows, at once or later, and until
 * then nothing of the end is written or told.
 */
typedef bool run_keep_fn(struct run *run, void *arg);
void runs_keep(struct runs *r, run_keep_fn *keep, void *arg);
/*
 * `write` is called in that transaction, and again in the next one when that
 * was not kept; its strings live until the run has gone, for run_on_end().
 * `state` and `cause` NULL: as they are.
 */
typedef void run_write_fn(struct tx *tx, void *arg);
void run_conclude(struct run *run, const char *state, const char *cause,
    run_write_fn *write, void *arg);

/* The helper's news, from core/boot.c. */
void runs_exited(struct runs *r, const struct priv_exit *ev);
void runs_halted(struct runs *r, const struct priv_halted *ev);
void runs_lost(struct runs *r);
/*
 * All of rdv ends, and with it whatever runs: that is written down first, then
 * everything is stopped. `done` is called once, when nothing runs any more, or
 * when what does has had its time and is left to [ops].
 */
void runs_stop_all(struct runs *r, void (*done)(void *), void *arg);
bool runs_stopping(const struct runs *r);
/* rdvd ends: whoever waits for a run is answered, the runs go on. */
void runs_let_go(struct runs *r);
void runs_stray(struct runs *r, uint64_t handle);
/*
 * Tools of an earlier daemon are still at work, and are being ended, or it is
 * not known yet. For half a minute at most after the last of them was told.
 */
bool runs_dooming(const struct runs *r);
/*
 * A fresh [ops]: INVENTORY, then every row in flight is settled. `settled` is
 * called when the answer is complete, and not if the helper goes away before;
 * again when what could not be settled then was looked at once more.
 */
typedef void runs_settled_fn(bool first, void *arg);
void runs_reconcile(struct runs *r, runs_settled_fn *settled, void *arg);
/* False until the first reconciliation after start is complete. */
bool runs_settled(const struct runs *r);
/* Of the first look: what [ops] had, and rows of which nobody has the run. */
void runs_counts(const struct runs *r, uint32_t *found, uint32_t *lost);

/*
 * The term of any run: of a live one the live one, else its log. 0 and a
 * reference for the caller; RDV_E_STATE while it is still being created;
 * -ENOENT when it never got as far as a log; or another -errno.
 */
int
run_open_term(struct runs *r, const struct store_run *row, struct term **out);

#endif
