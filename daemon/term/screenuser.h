/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCREENUSER_H
#define RDV_SCREENUSER_H

#include "lib/list.h"
#include "lib/secret.h"

struct screen_job;

/* Those whose screens are worked out for one user. */
struct screen_user {
	TAILQ_ENTRY(screen_user) link;
	struct screen_users *of; /* NULL: the daemon */
	char id[UUID_TEXT];
	unsigned emus; /* jobs that are worked on: each has an emulator */
	TAILQ_HEAD(, screen_job) jobs;
};

struct screen_users {
	TAILQ_HEAD(, screen_user) all; /* in turn; each has a job */
	unsigned emus;
};

#endif
