/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCREENUSER_H
#define RDV_SCREENUSER_H

#include "lib/list.h"
#include "lib/secret.h"

struct screen_job;

/*
 * Emulators there are at once: each holds a screen and the lines above. A
 * user's second one is not begun where it could keep another's first waiting.
 */
#define SCREENS_OF_USER 2u
#define SCREENS_AT_ONCE 4u
#define SCREENS_FIRST	8u

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

/* Made if he has no job; to be joined at once. */
struct screen_user *screen_user_of(struct screen_users *us, const char *id);
/* Behind the others of that user, however long they wait. */
void screen_user_join(struct screen_job *j, struct screen_user *u);
/* It is not to work now; who has no other job is gone. */
void screen_user_leave(struct screen_job *j);

#endif
