/* SPDX-License-Identifier: MIT */
#ifndef RDV_TERM_H
#define RDV_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/pump.h"
#include "daemon/term/terms.h"

struct term;
struct viewer;

/*
 * The output of one run and those who look at it. A term of a live run moves
 * output to the log, input to the program and bytes to its viewers; one of an
 * ended run only serves its log. Viewers: term/viewer.h.
 */

#define TERM_COLS_MIN 10
#define TERM_COLS_MAX 1000
#define TERM_ROWS_MIN 3
#define TERM_ROWS_MAX 500
bool term_size_ok(int64_t cols, int64_t rows);

/* How a run ended, as viewers are told. */
struct term_end {
	const char *state; /* a constant: "completed", "failed", ... */
	int exit_code;	   /* -1: none */
	int signal;	   /* -1: none */
	const char *cause; /* NULL: none; copied */
};

/* Called once, when the output of a run has been logged to its end. */
typedef void term_drained_fn(void *arg);
/* The terminal has another size now: term_size(). */
typedef void term_sized_fn(void *arg);
/* False: the log is not to grow for now; the program waits. */
typedef bool term_room_fn(void *arg);

/*
 * Creates the log of a new run, or with `adopt` goes on with it. 0 or -errno.
 * The caller holds the one reference.
 */
int
term_new(struct terms *ts, const char *run_id, bool adopt, struct term **out);
/* How large a terminal is; 0: it has no size, or none is known. */
struct term_dims {
	unsigned cols, rows;
};

/* The log of a run that has ended, and the size it had then. 0 or -errno. */
int term_open(struct terms *ts, const char *run_id, const struct term_end *end,
    struct term_dims size, struct term **out);
void term_ref(struct term *t);
void term_unref(struct term *t);

struct term_start {
	enum priv_io io;
	/*
	 * pty: master, spool read, spool write; pipes: stdin (or -1), stdout,
	 * stderr. Taken over.
	 */
	int fd[3];
	unsigned cols, rows;
	const char *owner; /* id of the user it works for; copied; or NULL */
	term_drained_fn *drained;
	term_sized_fn *sized; /* may be NULL */
	term_room_fn *room;   /* may be NULL */
	void *arg;
};
void term_start(struct term *t, const struct term_start *s);
/*
 * Puts down the size it will be started with, before there is a program: 0, or
 * the -errno by which it cannot be recorded.
 */
int term_announce_size(struct term *t, struct term_dims size);
/* Text of rdv's own at the end of the log, before or after the run. */
void term_note(struct term *t, const char *text);
/* The run has ended or nobody can tell any more: `drained` will follow. */
void term_finish(struct term *t, enum pump_ending why);
/*
 * The end is durable: descriptors are closed and each viewer is told once it
 * has all bytes.
 */
void term_ended(struct term *t, const struct term_end *end);

/*
 * What may wait for a program that is talked to, whatever the setting: a prompt
 * that is six times as long as JSON, the answer to an approval, and around it.
 */
#define TERM_TALK_INPUT ((size_t)5 << 20)
/*
 * Queues input for the program: 0; RDV_E_FULL over the bound, nothing taken;
 * RDV_E_STATE when there is no program any more.
 */
int term_input(struct term *t, const void *p, size_t len);
/* Whether its input can end without it: of pipes, once. */
bool term_input_has_end(const struct term *t);
/* After what is queued the program's standard input ends. Pipes only. */
int term_input_end(struct term *t);
/* Bytes of it that the kernel has not taken yet. */
size_t term_input_queued(const struct term *t);

uint64_t term_bytes(const struct term *t);
void term_size(const struct term *t, unsigned *cols, unsigned *rows);
/* The size to tell of one that is never started: as it is remembered. */
void term_recall_size(struct term *t, struct term_dims size);
/* Up to `len` bytes of the log. As runlog_read(). */
long term_read(const struct term *t, uint64_t off, void *p, size_t len);
struct runlog_span;
bool term_span(const struct term *t, uint64_t off, struct runlog_span *out);
/* Every viewer is closed with a reason: the session is suspended or closed. */
void term_detach_all(struct term *t, const char *reason);
unsigned term_viewers(const struct term *t);

#endif
