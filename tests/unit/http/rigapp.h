/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_RIGAPP_H
#define RDV_TEST_RIGAPP_H

#include "tests/unit/http/rig.h"

/* A dispatcher that answers at once, or when the test says so. */
struct rigapp {
	struct rig g;
	unsigned calls;
	char last[256]; /* "METHOD path body" */
	char id[37];
	bool hold;	       /* answer later, by hand */
	bool actor;	       /* requests have a credential that counts */
	struct http_req *held; /* the one waiting */
	struct http_reply reply;
};

/* The reply is 200 "hello". */
void rigapp_start(struct rigapp *a, const struct http_limits *limits);
void rigapp_answer(struct rigapp *a);
struct http_stats rigapp_stats(struct rigapp *a);
/* For rig_until(). */
bool rigapp_is_held(void *arg);
bool rigapp_no_conns(void *arg);

#endif
