/* SPDX-License-Identifier: MIT */
#ifndef RDV_HELPERCALL_H
#define RDV_HELPERCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/helper.h"
#include "lib/buf.h"
#include "lib/list.h"

/*
 * What daemon/helper.c (connections) and daemon/helperverbs.c (stubs) share:
 * one request from its stub until its callback.
 */
struct helper_call;
typedef bool helper_answer_fn(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds);

struct helper_call {
	TAILQ_ENTRY(helper_call) link; /* while it waits to be failed */
	struct helper *helper;
	helper_answer_fn *answer;
	union {
		helper_login_fn *login;
		helper_spawn_fn *spawn;
		helper_plain_fn *plain;
		helper_inventory_fn *inventory;
	} cb;
	void *arg;
	int err;
	uint8_t io;	/* of a spawn */
	uint64_t after; /* of an inventory */
	uint8_t most;	/* descriptors, the same */
};

struct helper_call *
helper_call_new(struct helper *h, helper_answer_fn *answer, void *arg);
/* The id to encode into the request; `b` is prepared for it. */
uint32_t helper_call_begin(struct helper *h, struct buf *b);
/* Sends what is in `b` or arranges for the failure; frees `b` either way. */
void helper_call_send(struct helper_call *c, enum priv_op op, uint32_t id,
    struct buf *b);
/*
 * What this answer to SPAWN tells of nobody will have asked for: its
 * descriptors are lost. False when there is no such answer in `body`.
 */
bool helper_call_stray(struct helper_call *c, struct buf *body);

#endif
