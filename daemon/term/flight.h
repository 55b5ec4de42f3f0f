/* SPDX-License-Identifier: MIT */
#ifndef RDV_FLIGHT_H
#define RDV_FLIGHT_H

#include "daemon/emu/emu.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/buf.h"

/* What a job goes through, in this order. */
enum screen_stage {
	SCREEN_LOAD, /* the checkpoint is read */
	SCREEN_RUN,  /* the log behind it is emulated */
	SCREEN_PUT,  /* the screen is put as it was asked for */
	SCREEN_TELL, /* who asked for it gets it */
	SCREEN_KEEP, /* another checkpoint is written */
	SCREEN_OVER
};

struct screen_job {
	TAILQ_ENTRY(screen_job) link, next_kept;
	struct term *term;
	struct screen_user *user; /* NULL: it is not to work now */
	screen_fn *done;	  /* NULL: nobody ever waits */
	void *arg;
	struct screen_wish wish;
	bool asked;   /* `done` is to be called */
	bool holds;   /* a reference to its terminal */
	bool works;   /* its turn has come */
	bool follows; /* stays when it is done */
	bool kept;    /* with the emulator it had */
	enum screen_stage stage;
	struct ckpt_in *load;
	struct emu *emu; /* NULL until the stage SCREEN_RUN */
	uint64_t at, until;
	uint64_t begun;	 /* of the checkpoint */
	uint64_t effort; /* of emulating and looking through, in its units */
	struct emu_put *put;
	struct buf out; /* what was put */
	bool fits;	/* all of it is in `out` */
	struct ckpt_out *keep;
	uint64_t index; /* of the next size in the log's index */
	struct runlog_size size;
	bool has_size; /* `size` is to come */
	/* How far it was looked ahead, and where to look next. */
	uint64_t ahead, look_at;
	uint64_t sequence; /* behind the last in the stretch; 0: none */
	uint64_t odd;	   /* likewise of what is not printable */
	bool looking;
};

/* The block that struct terms has for all jobs. */
#define FLIGHT_BYTES 65536

/*
 * A step of looking ahead for a stretch that need not be emulated, up to
 * `end`, or over it. False: there is nothing to look for now.
 */
bool flight_step(struct screen_job *j, uint64_t end);

/* Its turn has come: it is to have an emulator soon. */
void screen_begin(struct screen_job *j);
/* A step of the stage it is in, with the last of which it may be gone. */
void screen_step(struct screen_job *j);

#endif
