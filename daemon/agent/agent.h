/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENT_H
#define RDV_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent; /* one conversation with a program that speaks the protocol */
struct arena;
struct js;

/*
 * What is asked of an agent for one turn. Borrowed, but for agent_new(), which
 * copies what it needs.
 */
struct agent_wish {
	const char *prompt;
	const char *cwd;	 /* absolute, where its program runs */
	const char *resume;	 /* its own id of the conversation, or NULL */
	const char *resume_at;	 /* its message to go back to, or NULL */
	const char *history;	 /* for one that cannot resume; or NULL */
	const struct js *config; /* fields of the variant, with the overrides */
	bool root;		 /* it runs as uid 0 */
	bool confined;		 /* in a sandbox of ours */
	bool checked;		 /* AGENT_ENDING is to be asked */
};

/* Strings live in the arena that agent_ops.command() was given. */
struct agent_command {
	const char *const *argv; /* [0]: a name without a slash, or absolute */
	const char *const *env;	 /* NAME=value, NULL-terminated; or NULL */
	/*
	 * The field of the configuration by which nobody is asked before its
	 * tools do something; NULL: somebody is, or they do not do it. Such a
	 * command is for the owner to allow (abuse K16).
	 */
	const char *unasked;
};

/*
 * What it asks for; all but the last is for a person to decide. AGENT_ENDING
 * wants to know whether it may end: APPROVED, or DENIED with what is to be done
 * first. Everything is borrowed for the call.
 */
enum agent_asks { AGENT_TOOL, AGENT_QUESTION, AGENT_PLAN, AGENT_ENDING };
#define AGENT_NO_ENTRY SIZE_MAX
struct agent_ask {
	const char *key; /* the protocol's own id, once per turn */
	enum agent_asks kind;
	const char *tool;	/* as the agent calls it; "" for the last */
	const char *call;	/* its own id of the call, or NULL */
	const char *command;	/* of one that runs something, or NULL */
	const struct js *input; /* the exact arguments or questions; or NULL */
	size_t entry;		/* that shows it, or AGENT_NO_ENTRY */
};

enum agent_verdict {
	AGENT_APPROVED,
	AGENT_DENIED,
	AGENT_ANSWERED,
	AGENT_TIMED_OUT,
	AGENT_WITHDRAWN /* the turn is being stopped */
};
struct agent_answer {
	enum agent_verdict verdict;
	const char *id;		  /* of the approval */
	const char *reason;	  /* of a denial, or NULL */
	const struct js *answers; /* [{question, answer: [text]}] */
};

/* What becomes known on the way; `text` is borrowed. */
enum agent_fact {
	AGENT_CONVERSATION, /* its own id */
	AGENT_MESSAGE,	    /* the message a retry can go back to */
	AGENT_MODEL,
	AGENT_SAID, /* its last message as a whole: the summary of the turn */
	AGENT_NEEDS /* a person: what to do, with the command to run */
};

enum agent_outcome { AGENT_SUCCEEDED, AGENT_FAILED, AGENT_INTERRUPTED };

/*
 * Whom it tells. None of these may free the agent. When the same output is
 * given again, with answers and interrupts at whatever moment, the same entries
 * get the same numbers and the same is asked, in the same order: new numbers
 * come from output alone, an answer only replaces. An entry that grows may be
 * told more or fewer times in between, as the output comes in smaller or larger
 * pieces.
 */
struct agent_host {
	/* For its standard input. */
	void (*send)(const void *p, size_t len, void *arg);
	/* Its standard input is to end behind that. */
	void (*finish)(void *arg);
	/*
	 * Entry `at` is new (the next number) or replaced. Takes `entry`, which
	 * daemon/agent/entry.h describes; the time is the caller's to add.
	 */
	void (*entry)(size_t at, struct js *entry, void *arg);
	void (*fact)(enum agent_fact what, const char *text, void *arg);
	/*
	 * agent_answer() with this key is to follow: from the loop, or at once
	 * when it is known, as it is when output is given again.
	 */
	void (*ask)(const struct agent_ask *ask, void *arg);
	/* The agent wants no answer to that any more. */
	void (*unask)(const char *key, void *arg);
	/*
	 * The turn is over, once, and nothing is asked any more; a program that
	 * does not end by itself is to be stopped then. `why` is NULL or a
	 * sentence. Entries and facts may still follow.
	 */
	void (*over)(enum agent_outcome how, const char *why, void *arg);
	/*
	 * All entries are gone, and numbers begin again: what was said so far
	 * was an earlier turn's. May be NULL, and they stay.
	 */
	void (*restart)(void *arg);
	void *arg;
};

/* Bits of agent_ops.can. */
#define AGENT_CAN_FORK	  0x1 /* go back to an earlier message */
#define AGENT_CAN_CONTEXT 0x2 /* tell how full its context is */
#define AGENT_CAN_ASK	  0x4 /* ask before it uses a tool */
#define AGENT_CAN_SETUP	  0x8 /* there is a command that signs it in */

/* One agent: a row in daemon/agent/agents.c, a file daemon/agent/<name>.c. */
struct agent_ops {
	const char *name; /* "CLAUDE_CODE": as configuration has it */
	const char *help;
	unsigned can;
	const char *defaults; /* JSON: the fields of its DEFAULT variant */
	/*
	 * Files of a project by which it runs programs or speaks to another
	 * host with nobody asked (abuse L01): names, a line each, and one that
	 * ends with '/' is all files below it; or NULL.
	 */
	const char *brings;
	/*
	 * What to run. 0, or RDV_E_INVALID with a sentence that names the
	 * field of the configuration.
	 */
	int (*command)(struct arena *a, const struct agent_wish *wish,
	    struct agent_command *out, const char **why);
	/* Its own state, which the functions below are given. */
	void *(*make)(struct agent *g, const struct agent_wish *wish);
	void (*unmake)(void *own);
	void (*begin)(void *own);
	/* A line of standard output without its newline; never empty. */
	void (*line)(void *own, const char *text, size_t len);
	/* One came that is too long to be looked at. May be NULL. */
	void (*lost)(void *own);
	/* To one of its asks, which is closed by now. */
	void (*answer)(void *own, const struct agent_ask *ask,
	    const struct agent_answer *answer);
	/* NULL for one that can only be stopped. */
	void (*interrupt)(void *own);
	/*
	 * What a person has to do, when standard error says so; NULL for any
	 * other text. May be NULL.
	 */
	const char *(*needs)(const char *said);
	/*
	 * The program is gone and its turn not over. NULL when its exit status
	 * says it all.
	 */
	void (*ended)(void *own, int code);
};

/* The row of a name, also of its older spellings; or NULL. */
const struct agent_ops *agent_find(const char *name);

struct agent *agent_new(const struct agent_ops *ops,
    const struct agent_wish *wish, const struct agent_host *host);
void agent_free(struct agent *g);
/* The first thing: what starts the conversation is sent. */
void agent_begin(struct agent *g);
/*
 * Output as the log has it, in any pieces. `stream` is RUNLOG_OUT or
 * RUNLOG_ERR. A line over AGENT_LINE_MAX is kept in the log alone, and an entry
 * says so.
 */
#define AGENT_LINE_MAX ((size_t)16 << 20)
void agent_bytes(struct agent *g, unsigned stream, int64_t time_ms,
    const void *p, size_t len);
/* A key that is not asked (any more) is no error. */
void agent_answer(struct agent *g, const char *key,
    const struct agent_answer *answer);
/*
 * The turn is to end soon; the protocol's own way, if it has one. What is asked
 * is withdrawn.
 */
void agent_interrupt(struct agent *g);
/*
 * The program has ended and all of its output was given: over() follows unless
 * it came already. `code` is -1 after a signal.
 */
void agent_ended(struct agent *g, int code);

#endif
