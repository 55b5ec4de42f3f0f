/* SPDX-License-Identifier: MIT */
#ifndef RDV_FLIGHT_H
#define RDV_FLIGHT_H

#include "daemon/emu/emu.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/buf.h"

struct screen_job {
	TAILQ_ENTRY(screen_job) link, next_kept;
	struct term *term;
	struct screen_user *user; /* NULL: it is not to work now */
	screen_fn *done;	  /* NULL: nobody waits */
	void *arg;
	bool working; /* its turn has come */
	bool follows; /* stays when it is done */
	bool kept;    /* with the emulator it had */
	struct emu *emu;
	uint64_t at, until;
	uint64_t begun; /* of the checkpoint */
	uint64_t emulated;
	struct buf load; /* what of it is still to be emulated */
	uint64_t index;	 /* of the next size in the log's index */
	struct runlog_size size;
	bool has_size; /* `size` is to come */
	/* How far it was looked ahead, and where to look next. */
	uint64_t ahead, look_at;
	uint64_t sequence; /* behind the last in the stretch; 0: none */
	uint64_t odd;	   /* likewise of what is not printable */
	bool looking;
	bool over; /* it is where it was to come, or has failed */
};

/* The block that struct terms has for all jobs. */
#define FLIGHT_BYTES 65536

/*
 * A step of looking ahead for a stretch that need not be emulated, up to
 * `end`, or over it. False: there is nothing to look for now.
 */
bool flight_step(struct screen_job *j, uint64_t end);

#endif
