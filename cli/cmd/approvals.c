/* SPDX-License-Identifier: MIT */
/*
 * rdv approvals ls, show, approve, deny and answer. Leave is given to what was
 * seen: on a terminal it is shown and asked about, and elsewhere its digest has
 * to be named. To deny needs neither.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/approval.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "KIND", "kind", OUT_TEXT },
	{ "ASKED", "created_at", OUT_AGE },
	{ "TOOL", "tool", OUT_TEXT },
	{ "COMMAND", "command", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* The newest page: who wants more asks with --json and the cursor. */
static int
approvals_ls(struct cmd_call *c)
{
	const char *word = cmd_value(c, "session");
	struct buf target;
	struct js *v = NULL;
	char *id = NULL;
	int rc = CMD_OK;

	if (word != NULL)
		rc = pick_session(c, word, &id);
	if (rc != CMD_OK)
		return rc;
	buf_init(&target, 4000);
	buf_put_text(&target, "/api/approvals?limit=200");
	if (!cmd_flag(c, "all"))
		api_query(&target, "state", "pending");
	api_query(&target, "session_id", id);
	rc = api_get(c, buf_cstr(&target), &v);
	buf_done(&target);
	free(id);
	return tell_items(c, rc, v, cols,
	    cmd_flag(c, "all") ? "nothing was asked"
			       : "nobody waits for a decision");
}

static int
approvals_show(struct cmd_call *c)
{
	struct js *v;
	int rc = approval_get(c, c->args[0], &v);

	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		approval_print(c, v);
	js_free(v);
	return rc;
}

/* Whether it was seen: by its digest, or here and now. */
static bool
is_seen(struct cmd_call *c, const struct js *v)
{
	const char *digest = cmd_value(c, "digest");
	char word[16];

	if (digest != NULL) {
		if (strcmp(digest, js_str(v, "digest", "")) == 0)
			return true;
		out_error(c->cli, "DIGEST_MISMATCH",
		    "what is asked has another digest; look at it anew");
		return false;
	}
	if (!isatty(STDIN_FILENO)) {
		out_error(c->cli, "NOT_CONFIRMED",
		    "name what you have seen: --digest, which rdv approvals "
		    "show tells");
		return false;
	}
	approval_print(c, v);
	if (approval_word(c, "approve it? type \"yes\": ", word,
		sizeof(word)) &&
	    strcmp(word, "yes") == 0)
		return true;
	out_error(c->cli, "NOT_CONFIRMED", "nothing was decided");
	return false;
}

static int
approvals_approve(struct cmd_call *c)
{
	struct js *v;
	int rc = approval_get(c, c->args[0], &v);

	if (rc != CMD_OK)
		return rc;
	rc = is_seen(c, v) ? approval_send(c, v, "approve", NULL, NULL)
			   : CMD_FAILED;
	js_free(v);
	return rc;
}

static int
approvals_deny(struct cmd_call *c)
{
	struct js *v;
	int rc = approval_get(c, c->args[0], &v);

	if (rc != CMD_OK)
		return rc;
	rc = approval_send(c, v, "deny", cmd_value(c, "reason"), NULL);
	js_free(v);
	return rc;
}

/* The i-th word answers the i-th question. NULL: they do not go together. */
static struct js *
answers_of(const struct cmd_call *c, const struct js *v)
{
	const struct js *asked = js_get(js_get(v, "asked"), "questions");
	size_t n = js_len(asked);
	struct js *list;

	if (n == 0 || n != c->nargs - 1)
		return NULL;
	list = js_array();
	for (size_t i = 0; i < n; i++) {
		struct js *one = js_object(), *words = js_array();

		js_add_str(one, "question",
		    js_str(js_at(asked, i), "question", ""));
		js_push_str(words, c->args[i + 1]);
		js_add(one, "answer", words);
		js_push(list, one);
	}
	return list;
}

static int
approvals_answer(struct cmd_call *c)
{
	struct js *v, *answers;
	int rc = approval_get(c, c->args[0], &v);

	if (rc != CMD_OK)
		return rc;
	answers = answers_of(c, v);
	if (answers != NULL) {
		rc = approval_send(c, v, "answer", NULL, answers);
	} else {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "it wants an answer to each of %zu questions",
		    js_len(js_get(js_get(v, "asked"), "questions")));
		rc = CMD_USAGE;
	}
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "ID" },
	{ .name = NULL },
};

static const struct cmd_arg answer_args[] = {
	{ .name = "ID" },
	{ .name = "ANSWER", .many = true },
	{ .name = NULL },
};

static const struct cmd_opt ls_opts[] = {
	{ .name = "all",
	    .letter = 'a',
	    .help = "those that are over, too, behind the others" },
	{ .name = "session",
	    .arg = "SESSION",
	    .word = CMD_SESSION,
	    .help = "of this one alone" },
	{ .name = NULL },
};

static const struct cmd_opt approve_opts[] = {
	{ .name = "digest",
	    .arg = "SHA256",
	    .help = "of what you have seen, for scripts" },
	{ .name = NULL },
};

static const struct cmd_opt deny_opts[] = {
	{ .name = "reason", .arg = "TEXT", .help = "for who asked" },
	{ .name = NULL },
};

const struct cmd cmd_approvals_ls = {
	.path = "approvals ls",
	.opts = ls_opts,
	.help = "list what runs wait for leave to do",
	.doc = "What cannot be seen in a text is spelled out, and a command "
	       "may be cut: rdv approvals show has it whole.",
	.scope = "read",
	.run = approvals_ls,
};

const struct cmd cmd_approvals_show = {
	.path = "approvals show",
	.args = args,
	.help = "show one whole, as it is to be decided",
	.scope = "read",
	.run = approvals_show,
};

const struct cmd cmd_approvals_approve = {
	.path = "approvals approve",
	.args = args,
	.opts = approve_opts,
	.help = "give leave, once, for what is shown",
	.doc = "On a terminal it is shown and asked about; without one its "
	       "digest has to be named. Whoever asked cannot decide, and the "
	       "first decision counts.",
	.scope = "approve",
	.run = approvals_approve,
};

const struct cmd cmd_approvals_deny = {
	.path = "approvals deny",
	.args = args,
	.opts = deny_opts,
	.help = "refuse it",
	.scope = "approve",
	.run = approvals_deny,
};

const struct cmd cmd_approvals_answer = {
	.path = "approvals answer",
	.args = answer_args,
	.help = "answer its questions, a word each",
	.scope = "approve",
	.run = approvals_answer,
};
