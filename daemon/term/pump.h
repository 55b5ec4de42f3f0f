/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUMP_H
#define RDV_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/busypoll.h"
#include "daemon/term/flood.h"
#include "lib/privproto.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct pump;
struct runlog;

/*
 * Moves the output of one run into its log: from the terminal's master through
 * the spool, or from two pipes directly. Embedded in struct term.
 */
struct pump_ops {
	bool (*room)(void *arg);    /* the log may grow; asked each turn */
	void (*grown)(void *arg);   /* the log has new bytes */
	void (*drained)(void *arg); /* there will be no more; called once */
};

/* What all pumps of a daemon share. */
struct pump_load {
	struct floods floods;
	struct busypoll busypoll;
	unsigned blocked; /* pumps that wait for room now */
	uint64_t blocks;  /* times one had to, since start */
	uint64_t bytes;
};

/* What is to happen next. */
enum pump_state {
	PUMP_IDLE,    /* nothing before pump_start() */
	PUMP_WATCH,   /* wait for readable */
	PUMP_FLOOD,   /* there was much and will be more: takes turns */
	PUMP_BLOCKED, /* no room for more: try again later */
	PUMP_HELD,    /* what came is being answered first */
	PUMP_HUNG,    /* nobody has the terminal open: look again later */
	PUMP_DONE
};

/* What is known of the run's end. */
enum pump_ending {
	PUMP_LIVES,
	PUMP_EXITED, /* with all it started: the terminal's end is the end */
	PUMP_ORPHAN  /* nobody can tell any more but the terminal itself */
};

struct pump_source {
	int fd; /* -1: at its end or absent */
	uint8_t stream;
	struct loop_watch *watch;
};

struct pump {
	struct loop *loop;
	struct runlog *log;
	struct pump_load *load;
	const struct pump_ops *ops;
	void *arg;
	struct loop_timer *timer;
	struct flood flood;
	struct pump_source src[2];
	int spool_r, spool_w;
	bool expected; /* the echo of a key */
	bool held;
	bool unshown;	   /* the log has grown since `grown` was called */
	uint64_t shown;	   /* how large it was then */
	size_t spool_size; /* the pipe's capacity */
	size_t spooled;	   /* bytes in it */
	enum pump_state state;
	enum priv_io io;
	enum pump_ending ending;
	int64_t quiet_by, end_by; /* when to wait for the end no longer */
};

void pump_init(struct pump *p, struct loop *l, struct runlog *log,
    struct pump_load *load, const struct pump_ops *ops, void *arg);
/*
 * Takes the descriptors: master, spool read end, spool write end; or the read
 * ends of stdout and stderr. What an earlier daemon left in the spool is first.
 */
void pump_start(struct pump *p, enum priv_io io, const int *fd);
/* A key was pressed: its echo goes before the floods of others. */
void pump_expect(struct pump *p);
/*
 * Reads no more while it is on, so the program waits; unless the run is over.
 */
void pump_hold(struct pump *p, bool on);
/* Whatever was written is read to the end, then comes `drained`, later. */
void pump_finish(struct pump *p, enum pump_ending why);
/* Lets go of the descriptors; what is in them stays there. */
void pump_done(struct pump *p);

#endif
