/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_TYPING_H
#define RDV_TEST_TYPING_H

#include "tests/unit/core/corerig.h"

/* session_input() of a text; where that was is in r->typed. */
int typing(struct corerig *r, const struct session_who *who, const char *text,
    bool end);

#endif
