/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_ANSWER_H
#define RDV_API_ANSWER_H

#include <stdbool.h>

struct api_call;
struct js;
struct tx;

/*
 * What many routes answer alike, over api_reply(), api_fail() and api_commit();
 * the call is over after each, too. Trees that are given are taken over.
 */

/* api_fail() of a row that was looked for; `none` is the 404's sentence. */
void answer_missing(struct api_call *c, int err, const char *none);
/*
 * api_fail() where RDV_E_FULL is a bound that the client can do something
 * about: 429 TOO_MANY, not the 503 of a server that is full.
 */
void answer_bounded(struct api_call *c, int err, const char *why);

/*
 * After a wait: whether the caller's credential still counts (C13). False: it
 * has ended, and so has the call.
 */
bool answer_holds(struct api_call *c);

/* A list that is whole: {items}, or the store's error. */
void answer_items(struct api_call *c, int err, struct js *items);
/* A page of one, and where the next begins (also a text in it; NULL: none). */
void
answer_page(struct api_call *c, int err, struct js *items, const char *next);

/*
 * Has the audit log say it of the caller: 0, or RDV_E_UNAVAILABLE with a
 * sentence, and then it may not be done.
 */
int answer_on_record(struct api_call *c, const char *event, const char *subject,
    const char **why);

/* api_fail() of what may not be done because the audit log did not take it. */
void answer_unrecorded(struct api_call *c);

/* How a change ended: all of it, or nothing. */
struct answer_end {
	int err;	 /* 0, or it is undone and told by answer_bounded() */
	const char *why; /* of err; NULL: the general sentence */
	int status;
	struct js *body; /* NULL: none, as with err */
	/* What goes on record before it is made; NULL: nothing. */
	const char *event, *subject;
};
void
answer_settle(struct api_call *c, struct tx *tx, const struct answer_end *end);

#endif
