/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_OUTCOME_H
#define RDV_TEST_OUTCOME_H

#include "tests/unit/core/opsrig.h"

#define GENERATION UINT64_C(0x1122334400000000)

/* What came of one request to the helper client. */
struct outcome {
	unsigned calls;
	int err;
	uint8_t result;
	uint64_t handle;
	struct seqpkt_fds fds;
};

/* Callbacks; `outcome` is one of these. */
void
outcome_plain_cb(int err, const struct priv_plain_answer *a, void *outcome);
void outcome_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *outcome);
void
outcome_login_cb(int err, const struct priv_login_answer *a, void *outcome);
bool outcome_is_there(void *outcome);
/* Asks for a program; `o` is emptied first. */
void outcome_spawn(struct opsrig *r, enum priv_io io, struct outcome *o);

#endif
