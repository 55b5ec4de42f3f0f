/* SPDX-License-Identifier: MIT */
#ifndef RDV_TTY_H
#define RDV_TTY_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/seqpkt.h"

/* Both sides of a child's standard descriptors. */
struct tty {
	/* What the daemon gets, in the order privproto.h gives. */
	struct seqpkt_fds ours;
	int child[3]; /* for a terminal all three are the slave; -1: closed */
};

/*
 * A terminal of `cols` x `rows` that belongs to `uid`, and the spool. 0 or
 * -errno, with nothing left open.
 */
int tty_open(struct tty *t, uint16_t cols, uint16_t rows, uid_t uid);
/* Three pipes instead; with `talk` a socket in place of the first. */
int tty_pipes(struct tty *t, bool talk);
/* By its master. 0 or -errno. */
int tty_resize(int master, uint16_t cols, uint16_t rows);
void tty_close_child(struct tty *t);
void tty_done(struct tty *t);

#endif
