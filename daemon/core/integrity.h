/* SPDX-License-Identifier: MIT */
#ifndef RDV_INTEGRITY_H
#define RDV_INTEGRITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/secret.h"

struct app;
struct integrity;

/*
 * Looks whether what has to be true of runs, turns, chains, the queue and
 * approvals is (store/integrity.h): when runs are settled after a start, once
 * an hour, and when somebody asks. It tells, and mends nothing.
 */
struct integrity *integrity_new(struct app *app);
void integrity_free(struct integrity *it); /* NULL is fine */
/* What runs is known from here on: the first pass begins. */
void integrity_settled(struct integrity *it);

struct integrity_finding {
	const char *check, *table, *what; /* of store/integrity.h */
	char id[UUID_TEXT], user_id[UUID_TEXT];
};

/* The last pass that came to its end. */
struct integrity_report {
	int64_t at; /* wall clock, when it ended; 0: there was none yet */
	int64_t ms, pages;
	size_t n;
	const struct integrity_finding *findings;
	bool more; /* than are kept */
};
const struct integrity_report *integrity_report(const struct integrity *it);

/*
 * A pass that begins now; `cb` is called once when it is over: 0, or
 * RDV_E_UNAVAILABLE with a sentence. RDV_E_FULL: too many wait for one.
 */
typedef void integrity_fn(int err, const char *why, void *arg);
int integrity_ask(struct integrity *it, integrity_fn *cb, void *arg);
/* rdvd ends: nobody waits any more. NULL is fine. */
void integrity_let_go(struct integrity *it);

#endif
