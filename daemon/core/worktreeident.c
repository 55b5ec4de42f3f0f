/* SPDX-License-Identifier: MIT */
/*
 * Whose name a commit gets. Left alone git makes one up from account and host;
 * here it is what the request says, or what somebody has configured: in the
 * repository, else for the account. Invariant: nobody's name is guessed.
 *
 * rdv's git does not see the account's own configuration, so that is read by
 * itself: nothing but names, by a git that reads no file of the repository's
 * but to learn which of the account's includes apply.
 */
#include <string.h>

#include "daemon/core/worktreechangeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define KEYS "^(user|author|committer)\\.(name|email)$"

/* "user.name" as git spells it: section and key in lower case. */
static void
take(struct wt_op *op, const char *entry)
{
	struct wt_change *ch = op->own;
	const struct {
		const char *key;
		const char **to;
	} keys[] = {
		{ "user.name\n", &ch->name },
		{ "user.email\n", &ch->email },
		{ "author.name\n", &ch->author_name },
		{ "author.email\n", &ch->author_email },
		{ "committer.name\n", &ch->committer_name },
		{ "committer.email\n", &ch->committer_email },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_starts(entry, keys[i].key))
			*keys[i].to = arena_strdup(op->arena,
			    entry + strlen(keys[i].key));
}

static const char *
first(const char *a, const char *b, const char *c)
{
	a = a != NULL && *a != '\0' ? a : b;
	return a != NULL && *a != '\0' ? a : c;
}

static void
pin(struct wt_op *op)
{
	struct wt_change *ch = op->own;
	const char *name = ch->wish.author_name, *email = ch->wish.author_email;
	const char *const who[] = {
		first(name, ch->author_name, ch->name),
		first(email, ch->author_email, ch->email),
		first(ch->committer_name, ch->name, name),
		first(ch->committer_email, ch->email, email),
	};
	static const char *const keys[] = { "author.name", "author.email",
		"committer.name", "committer.email" };
	const char **list;
	size_t n = 0;

	while (op->configs[n] != NULL)
		n++;
	list = arena_alloc(op->arena, (n + 6) * sizeof(*list));
	memcpy(list, op->configs, n * sizeof(*list));
	list[n++] = "user.useConfigOnly=true";
	for (size_t i = 0; i < 4; i++) {
		if (who[i] == NULL || *who[i] == '\0') {
			wt_change_refuse(op, "NO_IDENTITY",
			    "nobody is named as who commits: set user.name "
			    "and user.email (git config user.email "
			    "you@example.org), or give author_name and "
			    "author_email");
			return;
		}
		list[n++] = arena_printf(op->arena, "%s=%s", keys[i], who[i]);
	}
	op->configs = list;
	ch->named(op);
}

/* "<scope>" and "<key>\n<value>" in turn. */
static void
repository_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen, *value;

	for (const char *p = r->out; p < end && r->status == 0;
	     p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (value >= end)
			break;
		/* The host's is under the account's, and told with that. */
		if (strcmp(p, "system") != 0 && strcmp(p, "global") != 0)
			take(op, value);
	}
	pin(op);
}

static void
account_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "config", "--show-scope", "-z",
		"--get-regexp", KEYS, NULL };
	const char *end = r->out + r->outlen;

	op->judging = false;
	for (const char *p = r->out; p < end && r->status == 0;
	     p += strlen(p) + 1)
		take(op, p);
	wt_git(op, op->at, argv, NULL, repository_cb);
}

void
wt_change_identity(struct wt_op *op, wt_step_fn *next)
{
	struct wt_change *ch = op->own;
	const char *const argv[] = { "git",
		arena_printf(op->arena, "--git-dir=%s", ch->gitdir), "config",
		"--global", "--includes", "-z", "--get-regexp", KEYS, NULL };

	ch->named = next;
	/* Where the policy lets nothing look, nothing is known of it. */
	op->judging = true;
	wt_host(op, argv, account_cb);
}
