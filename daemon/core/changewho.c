/* SPDX-License-Identifier: MIT */
/*
 * Whose commits they are. What the repository says counts before what the
 * account says of itself, as with git; that lies in the home, which rdv's git
 * may not see, so git of the login answers for it. There is no default: a
 * commit of nobody's cannot be taken back once others have it.
 */
#include <string.h>

#include "daemon/core/changeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define WANTED "^user\\.(name|email)$"

/* "user.name\nvalue" each; the last one of a name counts. */
static void
read_names(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen, *name = NULL, *email = NULL;
	struct change *c = op->own;

	for (const char *p = r->out; p < end && r->status == 0;
	     p += strlen(p) + 1) {
		if (str_starts(p, "user.name\n"))
			name = p + strlen("user.name\n");
		else if (str_starts(p, "user.email\n"))
			email = p + strlen("user.email\n");
	}
	if (c->name == NULL && name != NULL && *name != '\0')
		c->name = arena_printf(op->arena, "user.name=%s", name);
	if (c->email == NULL && email != NULL && *email != '\0')
		c->email = arena_printf(op->arena, "user.email=%s", email);
}

static void
account_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	const char *missing;

	op->judging = false;
	read_names(op, r);
	missing = c->name == NULL ? "user.name" : "user.email";
	if (c->name != NULL && c->email != NULL)
		c->known(op);
	else
		change_refuse(op, RDV_E_STATE, CHANGE_NOBODY,
		    "git does not know whose commit it is: %s is not set; "
		    "git config --global %s VALUE sets it",
		    missing, missing);
}

static void
repo_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "/usr/bin/git", "config", "-z",
		"--includes", "--get-regexp", WANTED, NULL };
	struct change *c = op->own;

	read_names(op, r);
	if (c->name != NULL && c->email != NULL) {
		c->known(op);
		return;
	}
	/* Not being allowed to ask is the same as no answer. */
	op->judging = true;
	wt_host(op, argv, account_cb);
}

void
change_identity(struct wt_op *op, wt_step_fn *next)
{
	static const char *const argv[] = { "config", "-z", "--get-regexp",
		WANTED, NULL };

	change_of(op)->known = next;
	wt_git(op, op->at, argv, NULL, repo_cb);
}
