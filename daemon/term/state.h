/* SPDX-License-Identifier: MIT */
#ifndef RDV_TERM_STATE_H
#define RDV_TERM_STATE_H

#include "daemon/term/answer.h"
#include "daemon/term/inputstate.h"
#include "daemon/term/presence.h"
#include "daemon/term/pump.h"
#include "daemon/term/runlog.h"
#include "daemon/term/screenuser.h"
#include "daemon/term/term.h"
#include "daemon/term/turns.h"
#include "daemon/term/viewer.h"
#include "lib/list.h"
#include "lib/secret.h"

/*
 * What the files of term/ share. An idle terminal holds no buffer: bytes on
 * their way to viewers stand in the one window of struct terms, which is read
 * from the page cache once for all viewers that keep up.
 */
struct term {
	TAILQ_ENTRY(term) link;
	struct terms *ts;
	unsigned refs;
	enum priv_io io;
	struct runlog log;
	struct pump pump;
	struct input input;
	struct size size;
	struct presence presence;
	struct answer answer;	      /* to questions, while nobody looks */
	TAILQ_HEAD(, viewer) viewers; /* freed ones stay until reaped */
	unsigned nviewers;
	TAILQ_HEAD(, await) awaits;
	bool is_ended;
	char run_id[UUID_TEXT];
	char owner[UUID_TEXT]; /* whose turn its questions have; "": nobody's */
	uint64_t kept, keep_every; /* tried up to here; next so far behind */
	uint64_t saved;		   /* newest checkpoint that was written */
	bool keeping;		   /* one is being written */
	struct screen_job *keeper; /* makes another */
	struct term_end end;	   /* cause is ours */
	term_drained_fn *drained;
	term_sized_fn *sized;
	term_room_fn *room;
	void *arg;
};

struct viewer {
	TAILQ_ENTRY(viewer) link;
	TAILQ_ENTRY(viewer) next_again;
	struct term *term;
	const struct viewer_ops *ops;
	void *arg;
	uint64_t offset;
	size_t chunk;
	unsigned cols, rows; /* of its window, as stated; 0: never */
	uint64_t stated;     /* which of its terminal's it was */
	uint64_t id;
	int64_t since, typed_ms; /* wall clock; monotonic, 0: never */
	char name[PRESENCE_NAME], by_link[UUID_TEXT];
	bool hears, unheard, typing;
	bool read_only, dead, leaving, told, again, lagging, paused, held;
};
TAILQ_HEAD(viewer_list, viewer);

struct terms {
	struct terms_conf conf;
	struct pump_load load;
	struct terms_stats stats;
	TAILQ_HEAD(, term) all;
	struct viewer_list again; /* have more to give in the next turn */
	struct loop_timer *again_timer, *tick;
	unsigned lagging; /* viewers whose sink is full */
	/* Who wants to see, and those whose programs ask for the cursor. */
	struct screen_users askers, owners;
	struct screen_user own; /* the daemon: after all others */
	int64_t credit; /* of it beside floods, which have paid up to here: */
	uint64_t paid;
	TAILQ_HEAD(, screen_job) kept; /* the oldest first */
	bool owner_had;		       /* the last turn */
	int64_t owners_us, rest_until;
	struct loop_timer *slice;
	struct turns turns; /* of who reads through logs for text */
	TAILQ_HEAD(, search) searches;
	uint8_t *step; /* bytes on their way to an emulator */
	const struct term *window_term;
	uint64_t window_off;
	size_t window_len;
	uint8_t window[VIEWER_CHUNK];
};

void screens_init(struct terms *ts);
void screens_done(struct terms *ts);
/* The log of a terminal has more; a checkpoint of it may be due. */
void screen_grown(struct term *t);

/* Its log has more, or has ended; only if somebody waits. */
void awaits_grown(struct term *t);
/* rdvd ends. */
void awaits_leave(struct term *t);

/* Some bytes at `off`, valid until the next call. Length, or -errno. */
long terms_window(struct terms *ts, const struct term *t, uint64_t off,
    size_t max, const uint8_t **p);
/* Gives a viewer what it lacks, as far as its sink takes it. */
void viewer_run(struct viewer *v);
void viewer_again_cb(void *terms);
void viewer_tick_cb(void *terms);

void presence_changed(struct term *t); /* somebody came, went or changed */
/* Frees viewers that have left: the loop comes round for nobody any more. */
void viewers_reap(struct term *t);
void presence_typed(struct viewer *v);
void presence_more(struct viewer *v); /* its sink has room again */
void presence_done(struct presence *p);

#endif
