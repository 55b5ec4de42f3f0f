/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCREEN_H
#define RDV_SCREEN_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct emu;
struct screen_job;
struct term;

/* What is asked for beside a look at the emulator. */
enum screen_form {
	SCREEN_LOOK,   /* nothing */
	SCREEN_OUTPUT, /* as emu_restore() puts it */
	SCREEN_TEXT,   /* as emu_text() does */
	SCREEN_SGR     /* and with colours */
};
struct screen_wish {
	enum screen_form form;
	unsigned lines; /* above the screen */
	/* Bytes: with lines above the screen, and of the screen alone. */
	size_t max, alone;
};

struct screen_got {
	const struct emu *emu; /* gone when `done` returns */
	uint64_t offset;       /* its state stands for */
	/* What was put, to be taken along. NULL: nothing, or too much. */
	struct buf *put;
};

/*
 * What a terminal shows, worked out from its log when somebody asks, in slices
 * of SCREEN_SLICE_US, between which everybody else has his turn. `done` is
 * called once, from the loop and never inside screen_job_new(); `err` is
 * negative when there is nothing to be had, -ENOENT when the log was removed
 * meanwhile. Nobody has the job any more with that call.
 */
typedef void screen_fn(int err, const struct screen_got *got, void *arg);

#define SCREEN_SLICE_US 500

/*
 * For a user, who has two under way at most and waits for them with more; NULL:
 * for the daemon itself, without `done`. `wish` NULL: SCREEN_LOOK. NULL is
 * returned when its run has no terminal. The state is that at the log's end
 * now.
 */
struct screen_job *screen_job_new(struct term *t, const char *user_id,
    const struct screen_wish *wish, screen_fn *done, void *arg);
/*
 * One that stays and goes on from where it was: each byte of the log is
 * emulated once, however often it is asked (screen_follow()). It belongs to
 * the terminal, to be freed with it, and works in the name of its owner, for
 * whom one is under way at once. `done` as above, each time; a checkpoint made
 * meanwhile may bring it further than was asked. NULL as above.
 */
struct screen_job *
screen_follow_new(struct term *t, screen_fn *done, void *arg);
/* To that offset; not while `done` is still to be called for another. */
void screen_follow(struct screen_job *j, uint64_t until);
/* `done` is not called any more. */
void screen_job_free(struct screen_job *j);

#endif
