/* SPDX-License-Identifier: MIT */
#ifndef RDV_APPROVAL_H
#define RDV_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct approvals;
struct arena;
struct store_approval;
struct tx;

/*
 * What runs ask leave for, and questions they ask. Each is a row before anybody
 * hears of it, is decided once, by somebody else than who asked, and its
 * outcome is told to whoever waits for it once. Whoever waits may go and come
 * back, and rdvd as well: the row stays, under the same id. A run that is over
 * gets nothing any more: what was pending or not told lapses, and nothing was
 * granted.
 */
struct approvals *approvals_new(struct app *app);
/* Whoever waits is told that rdvd ends; rows stay as they are. */
void approvals_let_go(struct approvals *as);
void approvals_free(struct approvals *as);
/*
 * Runs are settled, or those that could not be at first: rows of runs that
 * live stay, those of others lapse, and deadlines that have passed count.
 */
void approvals_settle(struct approvals *as);

#define APPROVAL_KEY	  200	/* bytes of a key */
#define APPROVAL_TOOL	  100	/* of a tool's name */
#define APPROVAL_COMMAND  65536 /* of a command, of words, of an environment */
#define APPROVAL_INPUT	  (1 << 20)
#define APPROVAL_REASON	  4000
#define APPROVAL_PENDING  16	/* of a run at once */
#define APPROVAL_USER	  200	/* of all runs of a user */
#define APPROVAL_MINUTE	  30	/* new ones of a run that people are asked */
#define APPROVAL_ROWS	  10000 /* of a run in all */
#define APPROVAL_ATTEMPTS 100	/* to decide one, that are recorded */

/* What is asked. Borrowed for the call; NULL is none of that. */
struct approval_wish {
	const char *user_id, *session_id, *run_id;
	const char *workspace_id; /* NULL: that of the session's worktree */
	const char *kind;	  /* tool, question, plan */
	const char *key;	  /* the asker's own id, once per run */
	const char *tool;
	const char *command;	 /* text for a shell */
	const char *const *argv; /* or the words themselves */
	const char *input_json;	 /* the exact arguments, or the questions */
	const char *cwd;	 /* absolute */
	const char *const *env;	 /* what it adds to the run's: NAME=value */
	const char *profile;
	const char *asked_by; /* the credential's id; NULL: rdv itself */
	int64_t timeout_ms;   /* 0: approvals.timeout_minutes */
};

/* How it ended; strings are borrowed for the call. */
struct approval_told {
	const char *id;
	/* approved, denied, answered, timed_out, withdrawn, lapsed */
	const char *state;
	const char *reason;	  /* of a denial, or NULL */
	const char *answers_json; /* [{question, answer: [text]}], or NULL */
	const char *via; /* token, cookie; rule, bypass, bound; or NULL */
	/*
	 * It was told before. For one who goes through old output again, and to
	 * be taken for no leave by anybody who acts on it now.
	 */
	bool again;
};

/*
 * Who waits. `told` comes later, once, from the loop: 0 and the outcome, when
 * that and that it was told are durable. Otherwise the outcome is NULL:
 * RDV_E_STATE, the same was asked again and that one is told;
 * RDV_E_UNAVAILABLE, rdvd ends; -errno, it could not be written and nobody was
 * asked. Each with a sentence. `asked` (or NULL) comes before it when somebody
 * has to decide, and that it was asked is durable.
 */
struct approval_waiter {
	void (*told)(int err, const struct approval_told *told, const char *why,
	    void *arg);
	void (*asked)(const char *id, void *arg);
	void *arg;
};
struct approval_wait; /* who waits; gone when it was told */

/*
 * 0 and `*out`, and it is told. The same key with the same wish is the same
 * approval, whatever became of it. RDV_E_INVALID ("field: sentence");
 * RDV_E_STATE: its run is over; RDV_E_EXISTS: the key was asked for something
 * else; or -errno.
 */
int approval_ask(struct approvals *as, const struct approval_wish *wish,
    const struct approval_waiter *who, struct approval_wait **out,
    const char **why);
/* Of the approval: for lists and decisions, from the beginning. */
const char *approval_wait_id(const struct approval_wait *w);
/* It waits no more, and is not told; the row stays. NULL is fine. */
void approval_leave(struct approvals *as, struct approval_wait *w);

/*
 * The run is being stopped, or (with a key) wants no answer to that any more:
 * what is pending of it is withdrawn, and told so. A decision may have been
 * before it.
 */
void
approval_withdraw(struct approvals *as, const char *run_id, const char *key);

/* Who decides, from where. */
struct approval_who {
	const char *user_id, *token_id;
	const char *via; /* a constant: "token", "cookie" */
};
struct approval_verdict {
	const char *word; /* approve, deny, answer */
	const char *reason, *answers_json, *digest;
};
struct approval_end; /* what is to be told when a decision is durable */

/*
 * Decides in `tx`, which is to be committed with approval_ended() as its end
 * unless the outcome is RDV_E_NOT_FOUND or -errno: attempts are recorded, too.
 * 0: this one counts. RDV_E_STATE: another did, or it is over; RDV_E_EXISTS:
 * it is not the digest of what was asked; RDV_E_INVALID: not an answer to that
 * kind; RDV_E_DENIED: it is who asked. Each with a sentence, and the row as it
 * stands, in the arena.
 */
int approval_decide(struct approvals *as, struct tx *tx, struct arena *a,
    const struct approval_who *who, const char *id,
    const struct approval_verdict *v, struct store_approval *row,
    struct approval_end **end, const char **why);
/* `end` of approval_decide(), which may be NULL. */
void approval_ended(int err, void *end);

/*
 * Whether tools of a session are asked about at all, which its owner says.
 * `who` is recorded; twice is once. In `tx`; 0, RDV_E_NOT_FOUND (no such
 * session), RDV_E_STATE (it is closed), -errno.
 */
int approval_bypass(struct tx *tx, const struct approval_who *who,
    const char *session_id, bool on);

#endif
