/* SPDX-License-Identifier: MIT */
#ifndef RDV_JOBS_H
#define RDV_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js;
struct look;
struct jobs;
struct narrow;

/*
 * Answers go to `say`, which takes them over: one for each that was begun, with
 * its number.
 */
struct jobs_conf {
	const char *dir; /* all outlive it */
	const char *const *configs;
	struct look *look;
	void (*say)(int64_t id, struct js *v, void *arg);
	void *arg;
};
struct jobs *jobs_new(const struct jobs_conf *conf);
/* Those that are still on are not answered any more. */
void jobs_free(struct jobs *js);
/* Without the worker's own. */
unsigned jobs_count(const struct jobs *js);
/*
 * Takes the question over when there is one of this name; false: there is none.
 * `until` is monotonic, when its time is over.
 */
bool jobs_begin(struct jobs *js, int64_t id, int64_t until, struct js *ask);
/*
 * The same for one of the worker's own questions, whose number is below zero;
 * `names` is lent until it is answered, NULL: about everything.
 */
bool jobs_begin_own(struct jobs *js, int64_t id, int64_t until, struct js *ask,
    const struct narrow *names);
/* It is answered with "cancelled", if it is still on. */
void jobs_cancel(struct jobs *js, int64_t id);

/* It is answered for less once look_known() has something. */
bool jobs_gains(const struct js *ask);

size_t jobs_fds(const struct jobs *js, int *fds, size_t n);
/*
 * Whatever can be done without waiting. False: those who asked were told that
 * the tree is not what it was.
 */
bool jobs_turn(struct jobs *js, int64_t now);
/* When it has something to do though nothing came; 0: never. */
int64_t jobs_due(const struct jobs *js);

#endif
