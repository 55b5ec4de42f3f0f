/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_MODEL_H
#define RDV_FUZZ_OPS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/ops_world.h"

#define MODEL_GRANTS 256
#define MODEL_ASKED  64
/* What a grant is for, when it is no token of the account's. */
#define MODEL_CLAIM (-1) /* its uid */
#define MODEL_WEB   (-2) /* the service token */

/* A request, and what was so at the moment it was read. */
struct model_asked {
	struct priv_header h;
	union ops_request m; /* nothing on the heap of it is left */
	int64_t now;
	uid_t granted;	 /* SPAWN, LOGOUT, REVOKE: by a live grant for it */
	uid_t proof;	 /* ENROLL: whose account has one */
	bool recorded;	 /* the record of an act to come was written */
	bool must_break; /* malformed */
	bool empty;
	bool must_end; /* looks like the end of the peer */
};

/* What rdvd knows. */
extern struct model {
	uint32_t id;
	bool deaf; /* does not read answers */
	bool hello;
	uint32_t last_id;
	struct {
		uint8_t token[PRIV_GRANT_LEN];
		int64_t end; /* 0: dead */
		uid_t uid;
		int from; /* index in world_token, or MODEL_* */
	} grant[MODEL_GRANTS];
	unsigned ngrants;
	struct {
		uid_t owner;   /* 0: it is none */
		int64_t until; /* monotonic ms; 0: for ever */
	} token[WORLD_TOKENS];
	uint64_t generation;
	bool unread; /* `next` has not been read yet */
	struct model_asked next;
	struct model_asked asked[MODEL_ASKED]; /* no answer yet */
	unsigned nasked;
	/*
	 * All ids have been used up and one is asked with again that has no
	 * answer yet: which of the two an answer is for, nobody can tell.
	 */
	bool confused;
} model;

void model_begin(void);
/* Of a new rdvd: nothing it was told counts any more. */
void model_connected(void);
/* Of another policy in force: who has lost what by it. */
void model_reloaded(void);
/* Whether it can keep one more request in mind. */
bool model_may_ask(void);
/* These bytes have been sent. */
void model_asked(const uint8_t *p, size_t len, bool fds);
/* A turn of the loop of [ops]; every invariant is looked at. */
void model_turn(void);
void model_end(void);

#endif
