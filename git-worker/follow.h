/* SPDX-License-Identifier: MIT */
#ifndef RDV_FOLLOW_H
#define RDV_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct js;
struct jobs;
struct look;
struct follow;

/*
 * Questions that wait for a change: what differs, once it is not what the one
 * who asks knows any more. As long as somebody waits the tree is looked at
 * soon after something has happened in it; without, never.
 */
struct follow_conf {
	const char *dir;   /* the top of the work tree */
	struct look *look; /* all outlive it */
	struct jobs *jobs;
	/* Takes the answer to that question over. */
	void (*say)(int64_t id, struct js *v, void *arg);
	void *arg;
};
struct follow *follow_new(const struct follow_conf *conf);
void follow_free(struct follow *f);
unsigned follow_count(const struct follow *f);
/*
 * A "follow" of lib/gitproto.h, which is taken over. At `until` (monotonic) it
 * is answered with what has not changed.
 */
void follow_begin(struct follow *f, int64_t id, int64_t until, struct js *ask);
void follow_cancel(struct follow *f, int64_t id);
/* The answer to one of the worker's own questions, by its number below zero. */
void follow_answer(struct follow *f, const struct js *v);
/* A look is wanted, to know that changes are told; and one has ended. */
bool follow_wants(const struct follow *f);
void follow_looked(struct follow *f);
/* What would tell that something has happened, for poll(2), or -1. */
int follow_fd(const struct follow *f);
/* False: those who asked were told that the tree is not what it was. */
bool follow_turn(struct follow *f, int64_t now);
/* When it has something to do though nothing came; 0: never. */
int64_t follow_due(const struct follow *f);

#endif
