/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_TERMRIG_H
#define RDV_TEST_TERMRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/term.h"
#include "daemon/term/viewer.h"
#include "lib/buf.h"
#include "lib/secret.h"

/*
 * Real terminals, a real loop and real logs in a private directory. Whoever
 * waits turns the loop; who waits in vain fails after ten seconds.
 */
struct termrig {
	struct loop *loop;
	struct loop_timer *deadline;
	struct terms *terms;
	int dirfd;
	char dir[64];
	bool (*until)(void *arg);
	void *until_arg;
	bool late;
};

/* A private directory, and its removal with the files in it. */
int termrig_dir_new(char path[64]);
void termrig_dir_remove(const char *path);

void termrig_start(struct termrig *g, size_t input_max, int64_t stall_ms);
void termrig_stop(struct termrig *g);
void termrig_until(struct termrig *g, bool (*cond)(void *arg), void *arg);
/* Turns the loop `n` times without waiting for anything. */
void termrig_turns(struct termrig *g, unsigned n);

/* A terminal in raw mode, its far end, and the spool in between. */
struct termrig_pty {
	int master, slave, spool_r, spool_w;
	struct term *term;
	char run[UUID_TEXT];
	bool drained;
};

/* Opens all of it and starts the term; or only the terminal. */
void termrig_pty(struct termrig *g, struct termrig_pty *p);
/* The same for the terminal of somebody. */
void
termrig_pty_of(struct termrig *g, struct termrig_pty *p, const char *owner);
void termrig_pty_raw(struct termrig_pty *p);
/* A term's callback whose argument is a termrig_pty. */
void termrig_drained_cb(void *pty);
/* Lets go of the term and of the far end. */
void termrig_pty_done(struct termrig *g, struct termrig_pty *p);
void termrig_write(int fd, const void *p, size_t len);
/* Byte `i` of the stream every flood of these tests consists of. */
uint8_t termrig_byte(uint64_t i);
/* A child that writes `len` such bytes to `fd` and exits. */
int termrig_flood(int fd, uint64_t len);
/* The log holds those bytes and nothing else. */
void termrig_check_log(struct termrig *g, const char *run, uint64_t len);

/* A viewer's sink that keeps what it gets. */
struct sink {
	struct viewer *viewer;
	struct buf got;
	uint64_t start, next; /* offsets of the first and next byte */
	size_t queued;	      /* as it pretends */
	int64_t stalled;
	size_t take; /* bytes per call at most; 0: all */
	bool free_at_output;
	unsigned ended, slow, sizes, flows, detached;
	bool paused, owner;
	unsigned cols, rows;
	int exit_code;
};

extern const struct viewer_ops sink_ops;
void sink_open(struct sink *s, struct term *t, uint64_t offset, bool read_only);
void sink_close(struct sink *s);
/* Waits until it has `len` bytes, or has been told the end. */
void sink_await(struct termrig *g, struct sink *s, size_t len);
void sink_await_end(struct termrig *g, struct sink *s);

#endif
