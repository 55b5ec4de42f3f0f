/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_ASKS_H
#define RDV_TEST_ASKS_H

#include "daemon/core/approval.h"
#include "daemon/store/approvals.h"
#include "tests/unit/core/corerig.h"

/* Who asked, and who decides: ids of two credentials. */
#define ASKS_OWNER "01900000-0000-7000-8000-00000000000a"
#define ASKS_OTHER "01900000-0000-7000-8000-00000000000b"

/* A session with a run that asks; the arena is of the test. */
struct asks {
	struct arena *arena;
	char session[UUID_TEXT], run[UUID_TEXT];
};
extern struct asks asks;

/* What who waits was told. */
struct heard {
	unsigned times, asked;
	int err;
	char id[UUID_TEXT], state[16], reason[128], answers[256], via[16];
	bool again;
	struct approval_wait *wait;
};

/* For cmocka. */
int asks_setup(void **state);
int asks_teardown(void **state);

struct approval_wish asks_wish(struct corerig *r, const char *key);
/* Asks, and turns until nothing moves. */
int asks_ask(struct corerig *r, const struct approval_wish *w, struct heard *h);
struct store_approval asks_row(struct corerig *r, const char *id);
int asks_decide_as(struct corerig *r, const char *token, const char *id,
    const struct approval_verdict *v, struct store_approval *row);
/* As the owner, about what is asked. */
int asks_decide(struct corerig *r, const char *id, const char *word);
/* He was told that, once. */
void asks_expect(const struct heard *h, const char *state);
/* One of everywhere. */
void
asks_rule(struct corerig *r, const char *verdict, const char *const *pattern);

#endif
