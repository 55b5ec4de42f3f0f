/* SPDX-License-Identifier: MIT */
#ifndef RDV_GIT_H
#define RDV_GIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct app;
struct git;

/* What a call starts. */
enum git_as {
	GIT_AS_GIT,
	GIT_AS_WORKER, /* rdv-git, which looks at paths (lib/gitproto.h) */
	GIT_AS_HOST,   /* a program of the host, in the `login` profile */
	GIT_AS_PUSH,   /* rdv-push, in a profile of its own */
};

/*
 * git commands in the `git` profile through the helper, their output kept in
 * memory up to a bound. Pinned configuration (no hooks, fsmonitor, pager,
 * prompts; protocol.ext.allow=never) is added here; callers give only the
 * subcommand and its arguments, with --end-of-options before operands. So many
 * run at once, some more wait, then RDV_E_BUSY.
 */
struct git *git_new(struct app *app);
/*
 * rdvd ends and the helper is gone: those that wait are answered with
 * RDV_E_UNAVAILABLE, and so is, at once, whoever asks from now on.
 */
void git_end(struct git *g);
/* NULL is fine. */
void git_free(struct git *g);
/* Commands running and waiting now. */
unsigned git_pending(const struct git *g);

/* What a command is told on its standard input, and never more. */
#define GIT_IN_MAX (4u << 20)

struct git_call {
	uid_t uid;
	const char *dir;	    /* working directory, absolute */
	const char *const *argv;    /* after its name; of the host: all */
	const char *const *paths;   /* writable roots, NULL-terminated */
	const char *const *hosts;   /* HOST:PORT it is held to, or NULL: none */
	const char *const *configs; /* more "key=value" to pin, or NULL */
	size_t max;		    /* bytes of stdout kept, then TOO_BIG */
	const char *in;		    /* on stdin; NULL: nothing */
	size_t inlen;		    /* of that, at most GIT_IN_MAX */
	enum git_as as;
	bool optional; /* the caller goes on when the policy denies it */
};

struct git_result {
	int status;	 /* exit status, or 128 + signal */
	bool killed;	 /* by a signal: it has not said all */
	const char *out; /* NUL-terminated; valid during the callback */
	size_t outlen;
	const char *err; /* at most 4 KiB */
};

/*
 * Later, once. `err` 0: git ran and ended, look at r->status. RDV_E_SPAWN with
 * the reason in `why`, RDV_E_DENIED (the helper refuses the account or a path),
 * RDV_E_TIMEOUT after conf.git_timeout_ms, RDV_E_TOO_BIG, RDV_E_BUSY,
 * RDV_E_UNAVAILABLE. With an error `r` is NULL when git was told nothing at
 * all, else it says nothing but that. Strings of the call are copied.
 */
typedef void
git_fn(int err, const struct git_result *r, const char *why, void *arg);
void git_run(struct git *g, const struct git_call *call, git_fn *cb, void *arg);

#endif
