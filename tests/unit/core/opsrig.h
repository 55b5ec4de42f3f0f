/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_OPSRIG_H
#define RDV_TEST_OPSRIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "daemon/helper.h"
#include "lib/buf.h"

/*
 * The daemon's helper client, a real loop, and the test in the place of [main]
 * and [ops]: it reads each packet and answers as it likes. Who waits in vain
 * fails after ten seconds.
 */
struct opsrig {
	struct loop *loop;
	struct loop_timer *deadline;
	struct helper *helper;
	int control; /* the side of [main] */
	int ops;     /* the side of [ops]; -1: none */
	bool (*until)(void *arg);
	void *until_arg;
	bool late;
	/* What the client reported. */
	unsigned ready, lost, gone, strays, exits, halts;
	uint64_t generation, stray;
	struct priv_exit exit;
	struct priv_halted halt;
	bool cut; /* of runs that end, the time was over */
};

/* A packet as [ops] received it. */
struct opsrig_packet {
	struct priv_header h;
	uint8_t space[SEQPKT_MAX];
	struct buf body;
};

/* Around a test that needs one. */
int opsrig_setup(void **state);
int opsrig_teardown(void **state);
void opsrig_start(struct opsrig *r);
/* With a loop, callbacks and an argument of the caller's own. */
void opsrig_start_with(struct opsrig *r, struct loop *l,
    const struct helper_ops *ops, void (*gone)(void *), void *arg);
void opsrig_stop(struct opsrig *r);
/* The same, but for the loop. */
void opsrig_done(struct opsrig *r);
void opsrig_until(struct opsrig *r, bool (*cond)(void *arg), void *arg);
void opsrig_turns(struct opsrig *r, unsigned n);
/* Conditions: the client gave up; it has seen [ops] go. */
bool opsrig_is_gone(void *rig);
bool opsrig_is_lost(void *rig);
/* [main] brings a new socket; the old [ops] side stays open unless closed. */
void opsrig_connect(struct opsrig *r);
/* [ops] hears HELLO and answers it. */
void opsrig_hello(struct opsrig *r, const char *build, uint64_t generation);
/* Both, as it should be. */
void opsrig_up(struct opsrig *r, uint64_t generation);
/* [ops] dies. */
void opsrig_die(struct opsrig *r);
/* The next packet; the test fails when none comes. */
void opsrig_get(struct opsrig *r, struct opsrig_packet *p);
/* True when there is no packet to get. */
bool opsrig_silent(struct opsrig *r);
void opsrig_put(struct opsrig *r, struct buf *b, const struct seqpkt_fds *fds);

void opsrig_spawned(struct opsrig *r, uint32_t id, uint64_t handle,
    const struct seqpkt_fds *fds, uint64_t output_max, uint32_t guards);
/* All output of an account, in its record; 0: no limit. */
void opsrig_hold(struct priv_hold *h, uint64_t output_max);
/* A start that failed, as its directory is not there. */
/* The program, or else the directory. */
void opsrig_not_there(struct opsrig *r, uint32_t id, bool program);
/* One that the policy refuses. */
void opsrig_denied(struct opsrig *r, uint32_t id, const char *why);
void opsrig_plain(struct opsrig *r, uint32_t id, enum priv_op op,
    enum priv_result result);
void opsrig_exit(struct opsrig *r, uint64_t handle, int status);
void opsrig_halt(struct opsrig *r, uint64_t handle, enum priv_halt halt);
/* The descriptors of a pty or pipes spawn; the far ends go to `far`. */
void opsrig_pty(struct seqpkt_fds *fds, int *slave);
void opsrig_pipes(struct seqpkt_fds *fds, int far[3]);
/* Open descriptors of this process. */
unsigned opsrig_fds(void);
/* So many more may be opened; returns what was allowed. */
struct rlimit opsrig_leave_room(unsigned n);

#endif
