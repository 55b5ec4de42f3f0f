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

#include "daemon/core/worktreeident.h"
#include "lib/arena.h"
#include "lib/str.h"

#define KEYS "^(user|author|committer)\\.(name|email)$"

/* "user.name" as git spells it: section and key in lower case. */
static void
take(struct wt_op *op, const char *entry)
{
	struct wt_ident *id = op->ident;
	const struct {
		const char *key;
		const char **to;
	} keys[] = {
		{ "user.name\n", &id->name },
		{ "user.email\n", &id->email },
		{ "author.name\n", &id->author_name },
		{ "author.email\n", &id->author_email },
		{ "committer.name\n", &id->committer_name },
		{ "committer.email\n", &id->committer_email },
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
	const struct wt_ident *id = op->ident;
	const char *name = id->wish_name, *email = id->wish_email;
	const char *const who[] = {
		first(name, id->author_name, id->name),
		first(email, id->author_email, id->email),
		first(id->committer_name, id->name, name),
		first(id->committer_email, id->email, email),
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
			id->nobody(op,
			    "nobody is named as who commits: set user.name "
			    "and user.email (git config user.email "
			    "you@example.org)");
			return;
		}
		list[n++] = arena_printf(op->arena, "%s=%s", keys[i], who[i]);
	}
	op->configs = list;
	id->named(op);
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
wt_ident(struct wt_op *op, const struct wt_ident *ident)
{
	const char *const argv[] = { "git",
		arena_printf(op->arena, "--git-dir=%s", ident->gitdir),
		"config", "--global", "--includes", "-z", "--get-regexp", KEYS,
		NULL };

	op->ident = arena_alloc(op->arena, sizeof(*op->ident));
	*op->ident = *ident;
	/* Where the policy lets nothing look, nothing is known of it. */
	op->judging = true;
	wt_host(op, argv, account_cb);
}
