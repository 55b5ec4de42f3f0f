/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCREEN_H
#define RDV_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct emu;
struct screen_job;
struct term;

/*
 * What a terminal shows, worked out from its log when somebody asks, in slices
 * of SCREEN_SLICE_US, between which everybody else has his turn. `done` is
 * called once, from the loop and never inside screen_job_new(): with the
 * emulator, which is gone when it returns, and the offset its state stands
 * for; or with `err` negative, -ENOENT when the
 * log was removed meanwhile. The job is gone with that call.
 */
typedef void
screen_fn(int err, const struct emu *e, uint64_t offset, void *arg);

#define SCREEN_SLICE_US 500

/*
 * For a user, who has two under way at most and waits for them with more; NULL:
 * for the daemon itself, without `done`. NULL is returned when its run has no
 * terminal. The state is that at the log's end now.
 */
struct screen_job *
screen_job_new(struct term *t, const char *user_id, screen_fn *done, void *arg);
/*
 * One that stays and goes on from where it was: each byte of the log is
 * emulated once, however often it is asked (screen_follow()). It belongs to
 * the terminal, to be freed with it, and works in the name of its owner, for
 * whom one is under way at once. `done` as above, each time; a checkpoint made
 * meanwhile may bring it further than was asked. NULL as above.
 */
struct screen_job *
screen_follow_new(struct term *t, screen_fn *done, void *arg);
/* To that offset; not while it is still on its way to another. */
void screen_follow(struct screen_job *j, uint64_t until);
/* `done` is not called any more. */
void screen_job_free(struct screen_job *j);

#endif
