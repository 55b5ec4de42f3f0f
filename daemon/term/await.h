/* SPDX-License-Identifier: MIT */
#ifndef RDV_AWAIT_H
#define RDV_AWAIT_H

#include <stdbool.h>
#include <stdint.h>

struct await;
struct term;
struct term_end;

/*
 * Somebody who waits for what a program does, without looking at it. Several
 * things may be asked for; the first that happens is told. The end of the run
 * and of the time end the waiting in any case.
 */
struct await_conf {
	const char *user_id;
	uint64_t since;	     /* only what stands behind it counts */
	const char *pattern; /* NULL: no text */
	bool is_glob;
	bool prompt;	    /* OSC 133 A, B or D */
	int64_t silence_ms; /* nothing came for so long; 0: not asked */
	int64_t timeout_ms; /* 0: what is there already, and no more */
};

enum await_event {
	AWAIT_TEXT,
	AWAIT_PROMPT,
	AWAIT_SILENCE,
	AWAIT_EXIT,
	AWAIT_TIMEOUT
};

struct await_result {
	enum await_event event;
	uint64_t offset; /* behind what happened: where to go on */
	const char
	    *text;  /* the line as far as it matched, or its end; or NULL */
	char mark;  /* of a prompt, the last that belongs to it; or 0 */
	int status; /* of the command before it; -1: not told */
	const struct term_end *end; /* NULL: it goes on */
};

/*
 * Called once, from the loop and never inside await_new(); `w` is gone then.
 * RDV_E_UNAVAILABLE: rdvd ends; -errno: the log cannot be read.
 */
typedef void await_fn(int err, const struct await_result *r, void *arg);

/*
 * 0; RDV_E_INVALID or RDV_E_TOO_BIG by pattern_init(); RDV_E_FULL over
 * AWAITS_OF_USER or AWAITS.
 */
int await_new(struct term *t, const struct await_conf *conf, await_fn *fn,
    void *arg, struct await **out);
/* `fn` is not called any more. */
void await_free(struct await *w);

#define AWAITS_OF_USER 64u
#define AWAITS	       512u

#endif
