/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_RIGHT_H
#define RDV_FUZZ_OPS_RIGHT_H

#include "tests/fuzz/ops_model.h"

/* NULL: [ops] does not serve that account. */
const struct people_right *right_of(uid_t uid);
/* Whose that token is at `now`, monotonic ms; 0: nobody's. */
uid_t right_owner(int token, int64_t now);
/* How many tokens that account has. */
unsigned right_tokens(uid_t uid, int64_t now);
/*
 * By what a LOGIN may have been granted: an index in world_token, MODEL_CLAIM
 * or MODEL_WEB. Aborts when it may not.
 */
int right_login(const struct model_asked *q, uid_t uid);
/* When a grant ends that was given at `now`: no later than what it is for. */
int64_t right_end(int from, int64_t now);
/* Aborts when the policy does not let this account start that now. */
void right_start(const struct priv_spawn *m, uid_t uid);

#endif
