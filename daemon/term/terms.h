/* SPDX-License-Identifier: MIT */
#ifndef RDV_TERMS_H
#define RDV_TERMS_H

#include <stddef.h>
#include <stdint.h>

struct loop;
struct terms;

/* The outputs of all runs (term/term.h), and what they share. */
struct terms_conf {
	struct loop *loop;
	int dirfd;	  /* of server/runs; stays the caller's */
	size_t input_max; /* bytes waiting for one program */
	int64_t stall_ms; /* a viewer that takes nothing for so long goes */
};

struct terms *terms_new(const struct terms_conf *conf);
void terms_free(struct terms *ts);

struct terms_stats {
	uint64_t bytes;		/* moved to logs since start */
	uint64_t blocks;	/* times a log had no room */
	uint64_t slow;		/* viewers closed for being slow */
	uint64_t input_refused; /* inputs over the bound */
	uint64_t screens;	/* worked out from logs */
	uint64_t emulated;	/* bytes emulated for that */
	uint64_t looked;	/* bytes only looked through */
	uint64_t unwanted;	/* screens whose askers left meanwhile */
	uint64_t answers;	/* typed to programs that asked */
	uint64_t rests;		/* of what is emulated for those */
	unsigned terms, viewers, awaits, blocked, flowing;
	unsigned working; /* screens under way, or waiting for their turn */
};
void terms_stats(const struct terms *ts, struct terms_stats *out);
/* rdvd ends: its viewers go, but the sizes stay for those who come back. */
void terms_leave(struct terms *ts);

#endif
