/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_SERVED_H
#define RDV_TEST_SERVED_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/porcelain.h"

struct js;

/* A repository of our own, and a worker that stays with it. */
struct served {
	char dir[64], top[PATH_MAX]; /* the latter canonical, below `dir` */
	int pid, in, out;	     /* of the worker; its ends of ours */
};
extern struct served served;

int served_setup(void **state);
int served_teardown(void **state);
/* A shell command in the work tree, which must succeed. */
void served_sh(const char *command);
/* What git says of it, unasked by anybody. */
void served_cli(struct arena *a, struct wt_status *out);

void served_start(void);
/* Its input ends, and then it does; its exit status. */
int served_stop(void);
void served_send(const void *p, size_t len);
/* One message, freed by the caller; NULL when it says no more. */
struct js *served_get(void);
/* One question, whose number is what comes back. */
int64_t served_question(int ms);
/* Another one: its op, and what belongs to it as JSON, or NULL. */
int64_t served_question_of(const char *op, const char *args, int ms);
/* One question and its answer. */
struct js *served_ask(int ms);
/* Asked again and again until nothing has to be asked of git; or fails. */
void served_settle(void);

#endif
