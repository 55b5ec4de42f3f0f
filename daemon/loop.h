/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOOP_H
#define RDV_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The one event loop of rdvd: libevent in one place. Everything runs on the
 * thread that called loop_run(); only loop_wake() may be called from another.
 */
struct loop;
struct loop_timer;
struct loop_watch;

typedef void loop_fn(void *arg);
typedef void loop_fd_fn(int fd, short what, void *arg);

#define LOOP_READ  0x02 /* the values of EV_READ and EV_WRITE */
#define LOOP_WRITE 0x04

struct loop *loop_new(void);
void loop_free(struct loop *l);
/*
 * Turns until loop_stop(); each turn: ready events, calls asked for soon,
 * deferred calls, hooks.
 */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Turns do not sleep for `us` from now, but yield the processor; 0: they do. */
void loop_busy_poll(struct loop *l, int64_t us);
/* True in events and deferred calls, which the turn's hooks come after. */
bool loop_turning(const struct loop *l);

/* Called once after `ms` from now; loop_timer_free() cancels. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *cb, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t ms);
void loop_timer_set_us(struct loop_timer *t, int64_t us);
void loop_timer_clear(struct loop_timer *t);
bool loop_timer_pending(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/*
 * A timer that costs nothing while others are waited for: setting one of the
 * above makes the kernel set a clock anew in each turn until it is due, which
 * takes longer than most of what a turn does. Called once, `us` from now.
 */
struct loop_alarm;
struct loop_alarm *loop_alarm_new(struct loop *l, loop_fn *cb, void *arg);
void loop_alarm_set(struct loop_alarm *a, int64_t us);
void loop_alarm_clear(struct loop_alarm *a);
bool loop_alarm_pending(const struct loop_alarm *a);
void loop_alarm_free(struct loop_alarm *a);

/*
 * A timer for at once that sets no clock: called once, in the next turn, behind
 * its events.
 */
struct loop_soon;
struct loop_soon *loop_soon_new(struct loop *l, loop_fn *cb, void *arg);
void loop_soon_set(struct loop_soon *s);
void loop_soon_clear(struct loop_soon *s);
void loop_soon_free(struct loop_soon *s);

/* Persistent watch of `fd` (not owned) for `what`; starts enabled. */
struct loop_watch *
loop_watch_new(struct loop *l, int fd, short what, loop_fd_fn *cb, void *arg);
void loop_watch_enable(struct loop_watch *w);
void loop_watch_disable(struct loop_watch *w);
void loop_watch_free(struct loop_watch *w);

void loop_signal(struct loop *l, int signo, loop_fn *cb, void *arg);

/*
 * Runs `cb` later in this turn, after the current callback returned: the way
 * to free an object that is on the call stack.
 */
void loop_defer(struct loop *l, loop_fn *cb, void *arg);
/* Takes such a call back; for owners that free before the turn is over. */
void loop_undefer(struct loop *l, loop_fn *cb, void *arg);
/* Called at the end of every turn, in order of registration. */
void loop_at_turn_end(struct loop *l, loop_fn *cb, void *arg);
/* From any thread: makes the loop turn and call `cb` there. */
struct loop_wake;
struct loop_wake *loop_wake_new(struct loop *l, loop_fn *cb, void *arg);
void loop_wake(struct loop_wake *w);
void loop_wake_free(struct loop_wake *w);

#endif
