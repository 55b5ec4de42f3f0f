/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITWORK_H
#define RDV_GITWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct app;
struct js;
struct gitwork;

/*
 * The workers that stay (`rdv-git serve`, lib/gitproto.h): one for each account
 * and work tree, in the `git` profile, started when something is asked and
 * ended when nothing was for a while. What they answer is that user's word and
 * is for showing; what decides whether something may be taken away is asked of
 * git itself.
 */
struct gitwork *gitwork_new(struct app *app);
/* rdvd ends: who waits is answered with RDV_E_UNAVAILABLE, and who asks. */
void gitwork_end(struct gitwork *g);
/* NULL is fine. */
void gitwork_free(struct gitwork *g);

/*
 * How many there are, and how many have ended by themselves or by force and
 * have not answered anybody since.
 */
void
gitwork_count(const struct gitwork *g, unsigned *running, unsigned *failing);

/* A work tree as an operation has found it. */
struct gitwork_tree {
	uid_t uid;
	const char *at, *top;	    /* canonical; of the main work tree */
	const char *const *configs; /* programs taken away, gitpins.h */
};

/*
 * The main work tree of the one that a worker already runs for, or NULL. The
 * worker says when that is not to be relied on any more.
 */
const char *gitwork_top(const struct gitwork *g, uid_t uid, const char *at);

/*
 * Later, once. 0 and the worker's answer, valid during the call. RDV_E_STATE:
 * what the worker was started for is not there any more, open the tree anew.
 * RDV_E_INVALID: git said so, `answer` has its status and complaint.
 * RDV_E_MALFORMED: the question breaks a rule. RDV_E_TIMEOUT after
 * conf.git_timeout_ms, RDV_E_TOO_BIG. Whatever else: there is no worker, for
 * the reason in `why`.
 */
typedef void
gitwork_fn(int err, const struct js *answer, const char *why, void *arg);
struct gitwork_question {
	struct js *o; /* "op" and "args" (lib/gitproto.h); taken over */
	int64_t ms;   /* the time that it may take; 0: conf.git_timeout_ms */
};
/* The strings of the tree are copied. */
void gitwork_ask(struct gitwork *g, const struct gitwork_tree *tree,
    const struct gitwork_question *question, gitwork_fn *cb, void *arg);
/*
 * Nobody waits any more for what was asked with this `arg`: it is answered soon
 * with some error, if it has not been before.
 */
void gitwork_cancel(struct gitwork *g, const void *arg);

#endif
