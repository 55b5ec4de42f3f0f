/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROBE_H
#define RDV_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct probe;

/*
 * Whether the helper answers and can act, by asking it something: a connected
 * socket says nothing about a process that is stopped or spins (abuse O11).
 */
struct probe *probe_new(struct app *app);
void probe_free(struct probe *p);

typedef void probe_fn(bool answers, void *arg);
/*
 * Calls `cb` once: now, when the helper is away or answered within the last
 * second, otherwise when it has answered or let a second pass. At most 64 wait;
 * further ones hear what was true last.
 */
void probe_ask(struct probe *p, probe_fn *cb, void *arg);

/* What is known of the helper without asking it. */
struct probe_report {
	bool ready;
	uint32_t pid;	     /* of [ops], for show; 0 while there is none */
	uint32_t features;   /* PRIV_F_* it offers; the same */
	const char *refused; /* why it could not act when last asked, or "" */
	uint64_t generation;
	uint64_t starts, requests, failed; /* since start */
	unsigned waiting;		   /* requests not yet answered */
};
void probe_report(const struct probe *p, struct probe_report *out);

#endif
