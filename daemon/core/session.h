/* SPDX-License-Identifier: MIT */
#ifndef RDV_SESSION_H
#define RDV_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "lib/secret.h"

struct app;
struct arena;
struct sessions;
struct store_run;
struct store_session;

/*
 * Sessions and what may be done with them, whatever door asks. Each function
 * that changes something answers later, once, when the outcome is durable.
 */
struct sessions *sessions_new(struct app *app);
void sessions_free(struct sessions *s);
/* Ends what a crash left half-way; runs are settled by then. */
void sessions_settle(struct sessions *s);

/*
 * 0 with the session's id; otherwise a sentence in `why`. RDV_E_NOT_FOUND also
 * means that it is somebody else's.
 */
typedef void session_fn(int err, const char *id, const char *why, void *arg);

/* A session as it is being stored, with its newest run or NULL; borrowed. */
typedef void session_row_fn(const struct store_session *s,
    const struct store_run *r, void *arg);

struct session_who {
	const char *user_id;
	uid_t uid;
	const char *id;		/* of the session; NULL to create one */
	const char *request_id; /* for the runs it begins; or NULL */
	const char *token_id;	/* by which it is asked; NULL: by rdv itself */
	session_fn *cb;
	void *arg;
	struct arena *arena; /* lives until `cb` is called; NULL: none */
};

/* Everything is copied. */
struct session_spec {
	const char *name;
	const char *project_path, *folder_id;
	const char *repo_path, *worktree_branch, *base_branch, *worktree_path;
	bool create_worktree;
	const char *const *argv;   /* NULL: shell_command or the login shell */
	const char *shell_command; /* for /bin/sh -c */
	const char *const *env;	   /* name, value, ..., NULL; or NULL */
	const char *agent_provider;
	const char *terminal_type; /* NULL: "shell" (core/sessiontmux.h) */
	const char *adopt;	   /* name of a tmux session; else NULL */
	bool is_orchestrator, clipboard;
	const char *profile;
	const char *const *network_hosts; /* HOST:PORT, NULL; or NULL */
	const char *network; /* "none", "list", "full"; NULL: the policy's */
	enum priv_io io;
	unsigned cols, rows;
};

void session_create(struct sessions *s, const struct session_who *who,
    const struct session_spec *spec);

struct session_patch {
	bool has_name, has_folder, has_order, has_clipboard;
	const char *name, *folder_id; /* NULL folder: none */
	int64_t tab_order;
	bool clipboard;
};
/*
 * `made` (NULL: nobody asks) gets the row before the commit, with who->arg, so
 * that an answer shows this change and needs no second look at the tables.
 */
void session_update(struct sessions *s, const struct session_who *who,
    const struct session_patch *patch, session_row_fn *made);
/* Viewers are sent away, the program goes on. */
void session_suspend(struct sessions *s, const struct session_who *who);
/* Its run goes on, or a new one is started when that is over. */
void session_resume(struct sessions *s, const struct session_who *who);
/*
 * Ends its run with all that started, then the session. Twice is once. `why` of
 * a success: what of it could not be ended.
 */
void session_close(struct sessions *s, const struct session_who *who);
/* tab_order becomes the place in `ids`. NOT_FOUND: `why` is the id. */
void session_reorder(struct sessions *s, const struct session_who *who,
    const char *const *ids);
void session_signal(struct sessions *s, const struct session_who *who, int sig,
    bool all);

struct session_text {
	const void *p;
	size_t len;
	bool end; /* and then its input ends */
};
/*
 * The byte of its output that came next when it was typed: echo and answer
 * stand behind it.
 */
struct session_place {
	char run_id[UUID_TEXT];
	uint64_t offset;
};
/*
 * Types into its program, now: 0; RDV_E_STATE without a program, or when its
 * input shall end and cannot; RDV_E_UNAVAILABLE when it is not known yet
 * whether there is one; RDV_E_FULL when too much waits already. Not 0: nothing
 * was typed.
 */
int session_input(struct sessions *s, const struct session_who *who,
    const struct session_text *text, struct session_place *at);
/* Somebody looks at it or types; written down now and then. */
void session_touch(struct sessions *s, const char *id, const char *run_id);

/*
 * An agent says what it is at; the words of the table. By the door of a run it
 * is said of that run, also in a conversation; else of a terminal's newest.
 */
struct session_agent {
	const char *run_id; /* whose door it came by, or NULL */
	const char *status; /* NULL: as it was */
	const char *source; /* or NULL */
	const char *note;   /* a sentence for who follows, or NULL */
};
void session_agent_told(struct sessions *s, const struct session_who *who,
    const struct session_agent *told);
/* What is known of that now: one of those words, or NULL. */
const char *
session_agent_status(const struct store_session *s, const struct store_run *r);

/* The rule for names: they are shown, never used as a target (abuse H13). */
bool session_name_ok(const char *name, const char **why);

#endif
