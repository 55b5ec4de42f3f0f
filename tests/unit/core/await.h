/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_AWAIT_H
#define RDV_TEST_AWAIT_H

#include "tests/unit/core/corerig.h"

/* The session's run; good until the next call. */
const char *await_run_of(struct corerig *r, const char *session);
/* Until it is in that state, and that is durable. */
void await_end(struct corerig *r, const char *run, const char *state);

#endif
