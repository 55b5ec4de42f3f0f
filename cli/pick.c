/* SPDX-License-Identifier: MIT */
/*
 * Words for things. A command that ends something must never guess, so a word
 * counts only when everything it matches is one and the same object.
 */
#include "cli/pick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PREFIX_MIN 4 /* characters of an id that may stand for it */

struct kind {
	const char *what;
	const char *target[2]; /* asked in this order until one has it */
	const char *list;      /* member holding the array, or NULL */
	const char *name[2];   /* members that name an item */
};

/* Closed sessions only when no open one is meant: names are used again. */
static const struct kind kinds_session = { "session",
	{ "/api/sessions?status=active%2Csuspended",
	    "/api/sessions?status=closed" },
	NULL, { "name", NULL } };
static const struct kind kinds_folder = { "folder", { "/api/folders", NULL },
	NULL, { "name", NULL } };
static const struct kind kinds_token = { "token", { "/api/tokens", NULL }, NULL,
	{ "name", "keyPrefix" } };
static const struct kind kinds_link = { "link", { "/api/links", NULL }, NULL,
	{ "label", NULL } };
static const struct kind kinds_repo = { "repo", { PICK_REPOS, NULL }, "items",
	{ "name", "path" } };
/* One that is in use is meant before one that was put away. */
static const struct kind kinds_workspace = { "workspace",
	{ PICK_WORKSPACES "&archived=false", PICK_WORKSPACES "&archived=true" },
	"items", { "name", "directory" } };
static const struct kind kinds_approval = { "approval",
	{ PICK_APPROVALS, NULL }, "items", { NULL, NULL } };
static const struct kind kinds_rule = { "rule",
	{ "/api/approvals/rules", NULL }, "items", { NULL, NULL } };
static const struct kind kinds_device = { "device", { PICK_DEVICES, NULL },
	"items", { "name", NULL } };
static const struct kind kinds_conversation = { "conversation",
	{ "/api/conversations?limit=1000", NULL }, "items", { "name", NULL } };
static const struct kind kinds_run = { "run", { PICK_RUNS, NULL }, "items",
	{ NULL, NULL } };
static const struct kind kinds_trash = { "worktree in the trash",
	{ "/api/worktrees/trash", NULL }, "items", { "path", "branch" } };

/*
 * Names whole, ids by their beginning: a name may look like half an id. In a
 * list of all the name of a closed one is free for another.
 */
static bool
matches(const struct kind *k, const struct js *item, const char *word)
{
	const bool named = k->target[1] != NULL ||
			   strcmp(js_str(item, "status", ""), "closed") != 0;
	size_t i;

	for (i = 0; i < 2 && named && k->name[i] != NULL; i++) {
		if (strcmp(js_str(item, k->name[i], ""), word) == 0)
			return true;
	}
	return strlen(word) >= PREFIX_MIN &&
	       str_starts(js_str(item, "id", ""), word);
}

static void
list_candidates(const struct cmd_call *c, const struct kind *k,
    const struct js *list, const char *word)
{
	const struct js *item;
	size_t i;

	for (i = 0; i < js_len(list); i++) {
		item = js_at(list, i);
		if (matches(k, item, word))
			out_note(c->cli, "  %s  %s", js_str(item, "id", "?"),
			    js_str(item, k->name[0], ""));
	}
}

/* How many items the word means; the last one's id in `id`. */
static unsigned
count(const struct kind *k, const struct js *list, const char *word,
    const char **id)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < js_len(list); i++) {
		if (!matches(k, js_at(list, i), word))
			continue;
		*id = js_str(js_at(list, i), "id", "");
		n++;
	}
	return n;
}

/* CMD_OK with *id NULL when this list does not have it. */
static int
look_in(const struct cmd_call *c, const struct kind *k, const char *target,
    const char *word, char **id)
{
	const char *found = NULL;
	const struct js *list;
	struct js *answer;
	unsigned n;
	int rc;

	rc = api_get(c, target, &answer);
	if (rc != CMD_OK)
		return rc;
	list = k->list != NULL ? js_get(answer, k->list) : answer;
	n = count(k, list, word, &found);
	if (n == 1) {
		*id = xstrdup(found);
	} else if (n > 1) {
		out_error(c->cli, "AMBIGUOUS",
		    "%u %ss could be meant by %s; take the id of one:", n,
		    k->what, word);
		list_candidates(c, k, list, word);
		rc = CMD_FAILED;
	}
	js_free(answer);
	return rc;
}

static int
pick(const struct cmd_call *c, const struct kind *k, const char *word,
    char **id)
{
	int rc;
	size_t i;

	*id = NULL;
	/* Whole ids are not looked for: rdvd will say whether it is there. */
	if (uuid_valid(word)) {
		*id = xstrdup(word);
		return CMD_OK;
	}
	for (i = 0; i < 2 && k->target[i] != NULL; i++) {
		rc = look_in(c, k, k->target[i], word, id);
		if (rc != CMD_OK || *id != NULL)
			return rc;
	}
	out_error(c->cli, "NOT_FOUND", "there is no %s %s", k->what, word);
	return CMD_FAILED;
}

int
pick_session(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_session, word, id);
}

/* A request to what the first argument means; `body` is taken over. */
struct request {
	int (*pick)(const struct cmd_call *c, const char *word, char **id);
	const char *base, *method, *tail;
	struct js *body;
};

static int
send_to(const struct cmd_call *c, const struct request *rq, struct js **out)
{
	char *id, *path;
	int rc = rq->pick(c, c->args[0], &id);

	if (rc != CMD_OK) {
		js_free(rq->body);
		return rc;
	}
	path = api_path(rq->base, id, rq->tail);
	rc = api_send(c, rq->method, path, rq->body, out);
	free(path);
	free(id);
	return rc;
}

int
pick_session_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out)
{
	const struct request rq = { pick_session, "/api/sessions/", method,
		tail, body };

	return send_to(c, &rq, out);
}

int
pick_session_get(const struct cmd_call *c, const char *tail, struct js **out)
{
	return pick_session_send(c, "GET", tail, NULL, out);
}

/* "." and "../x" become what rdvd knows it by. */
int
pick_repo(const struct cmd_call *c, const char *word, char **id)
{
	char path[PATH_MAX];

	if (word[0] == '.' && cli_path(word, path, sizeof(path)))
		word = path;
	return pick(c, &kinds_repo, word, id);
}

int
pick_repo_send(const struct cmd_call *c, const char *method, const char *tail,
    struct js *body, struct js **out)
{
	const struct request rq = { pick_repo, "/api/repos/", method, tail,
		body };

	return send_to(c, &rq, out);
}

int
pick_repo_get(const struct cmd_call *c, const char *tail, struct js **out)
{
	return pick_repo_send(c, "GET", tail, NULL, out);
}

int
pick_workspace(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_workspace, word, id);
}

int
pick_workspace_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out)
{
	const struct request rq = { pick_workspace, "/api/workspaces/", method,
		tail, body };

	return send_to(c, &rq, out);
}

int
pick_conversation(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_conversation, word, id);
}

int
pick_conversation_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out)
{
	const struct request rq = { pick_conversation, "/api/conversations/",
		method, tail, body };

	return send_to(c, &rq, out);
}

int
pick_folder(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_folder, word, id);
}

int
pick_token(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_token, word, id);
}

int
pick_link(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_link, word, id);
}

int
pick_approval(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_approval, word, id);
}

int
pick_rule(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_rule, word, id);
}

int
pick_run(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_run, word, id);
}

int
pick_device(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_device, word, id);
}

int
pick_trash(const struct cmd_call *c, const char *word, char **id)
{
	return pick(c, &kinds_trash, word, id);
}

int
pick_path(const struct cmd_call *c, const char *given, char out[PATH_MAX])
{
	if (given == NULL)
		given = ".";
	if (cli_path(given, out, PATH_MAX))
		return CMD_OK;
	out_error(c->cli, "INVALID_PATH", "%s: %s", given, strerror(errno));
	return CMD_FAILED;
}
