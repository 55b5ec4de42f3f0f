/* SPDX-License-Identifier: MIT */
/*
 * rdv token ls, new, revoke and rotate-service. A token is shown once, on
 * stdout and nowhere else, so that it can go straight into a file.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/enroll.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/revoke.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/secret.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "KEY", "keyPrefix", OUT_TEXT },
	{ "SCOPES", "scopes", OUT_LIST },
	{ "SESSION", "sessionId", OUT_SHORT_ID },
	{ "USED", "lastUsedAt", OUT_AGE },
	{ "EXPIRES", "expiresAt", OUT_TIME },
	{ NULL, NULL, OUT_TEXT },
};

static int
token_ls(struct cmd_call *c)
{
	struct js *list;
	int rc;

	rc = api_get(c, "/api/tokens", &list);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(list);
	else
		out_table(c->cli, cols, list, "no tokens");
	js_free(list);
	return rc;
}

/* What rdvd says and what only we know, as one object. */
static void
print_made(const struct js *v, const char *text)
{
	struct js *o = js_object(), *scopes = js_array();
	size_t i;

	js_add_str(o, "id", js_str(v, "id", NULL));
	js_add_str(o, "name", js_str(v, "name", NULL));
	js_add_str(o, "rawKey", text);
	for (i = 0; i < js_len(js_get(v, "scopes")); i++)
		js_push_str(scopes, js_text(js_at(js_get(v, "scopes"), i)));
	js_add(o, "scopes", scopes);
	out_json(o);
	js_free(o);
}

/*
 * System mode: the same by another way, since there the text is made here.
 */
static int
token_new_own(struct cmd_call *c, int64_t age)
{
	const char *word = cmd_value(c, "session");
	char text[ENROLL_TEXT], *id = NULL;
	struct js *v;
	int rc = word != NULL ? pick_session(c, word, &id) : CMD_OK;

	if (rc != CMD_OK)
		return rc;
	rc = enroll_token(c, c->args[0], age, id, text, &v);
	free(id);
	if (rc == CMD_OK) {
		if (c->cli->json) {
			print_made(v, text);
		} else {
			out_line(text);
			out_note(c->cli, "it will not be shown again");
		}
		js_free(v);
	}
	secret_wipe(text, sizeof(text));
	return rc;
}

static struct js *
scopes_of(struct cmd_call *c)
{
	struct js *list = js_array();
	const char *scope;

	for (unsigned i = 0; (scope = cmd_nth(c, "scope", i)) != NULL; i++)
		js_push_str(list, scope);
	return list;
}

/* Which scope goes with a session is for rdvd to say. */
static int
add_session(struct cmd_call *c, struct js *body)
{
	const char *word = cmd_value(c, "session");
	char *id;
	int rc;

	if (word == NULL)
		return CMD_OK;
	rc = pick_session(c, word, &id);
	if (rc == CMD_OK)
		js_add_str(body, "session_id", id);
	free(id);
	return rc;
}

/* The value is printed alone, so that it can go into a file unseen. */
static int
token_new(struct cmd_call *c)
{
	const char *expires = cmd_value(c, "expires");
	struct js *body, *v;
	int64_t age = 0;
	int rc;

	if (expires != NULL && (age = enroll_age(expires)) == 0) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "--expires wants 90m, 12h or 30d, not %s", expires);
		return CMD_USAGE;
	}
	if (c->cli->run_dir != NULL)
		return token_new_own(c, age);
	body = js_object();
	js_add_str(body, "name", c->args[0]);
	/* By this clock, which is the daemon's: both are on one machine. */
	if (age > 0)
		js_add_int(body, "expiresAt", clock_wall_ms() + age);
	if (cmd_flag(c, "scope"))
		js_add(body, "scopes", scopes_of(c));
	rc = add_session(c, body);
	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	rc = api_send(c, "POST", "/api/tokens", body, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json) {
		out_json(v);
	} else {
		out_line(js_str(v, "rawKey", "?"));
		out_note(c->cli, "it will not be shown again");
	}
	js_free(v);
	return rc;
}

static int
token_revoke(struct cmd_call *c)
{
	char *id;
	int rc = pick_token(c, c->args[0], &id);

	return rc != CMD_OK ? rc
			    : revoke_by_id(c, "/api/tokens/", id,
				  "what used it is cut off");
}

/* What rdvd says, and of which rdv it is. */
static void
print_rotated(const struct cli *cli, const struct js *v)
{
	struct js *o = js_object();

	js_add_str(o, "token_id", js_str(v, "token_id", NULL));
	js_add_ms(o, "created_at", js_int(v, "created_at", -1));
	js_add_ms(o, "previous_until", js_int(v, "previous_until", -1));
	js_add_str(o, "state", cli->base);
	out_json(o);
	js_free(o);
}

static int
token_rotate(struct cmd_call *c)
{
	struct js *v;
	int rc;

	if (hostservice_is_ours(c->cli))
		return hostservice_rotate(c->cli);
	rc = api_send(c, "POST", "/api/service-token/rotate", NULL, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		print_rotated(c->cli, v);
	else
		out_note(c->cli,
		    "nginx of the rdv in %s gets a new token; the one before "
		    "ends after auth.token_grace_minutes",
		    c->cli->base);
	js_free(v);
	return rc;
}

static const struct cmd_arg new_args[] = {
	{ .name = "NAME" },
	{ .name = NULL },
};
static const struct cmd_opt new_opts[] = {
	{ .name = "scope",
	    .arg = "S",
	    .many = true,
	    .words = "full|read|run|approve",
	    .help = "what it may do; may be repeated" },
	{ .name = "session",
	    .arg = "SESSION",
	    .help = "with --scope run: the one it is for, and ends with" },
	{ .name = "expires",
	    .arg = "AGE",
	    .help = "end it after 90m, 12h or 30d (never)" },
	{ .name = NULL },
};
static const struct cmd_arg revoke_args[] = {
	{ .name = "TOKEN" },
	{ .name = NULL },
};

const struct cmd cmd_token_ls = {
	.path = "token ls",
	.help = "list tokens",
	.scope = "full",
	.run = token_ls,
};

const struct cmd cmd_token_new = {
	.path = "token new",
	.args = new_args,
	.opts = new_opts,
	.help = "make a token and show it once",
	.doc = "A token may what its scopes say, and never more than the one "
	       "that makes it. full (the default): everything. read: look. "
	       "approve: decide what runs ask leave for, and look. run: look "
	       "at and act in the one session that --session names, and "
	       "nothing else; it ends with the session.",
	.scope = "full",
	.run = token_new,
};

const struct cmd cmd_token_revoke = {
	.path = "token revoke",
	.args = revoke_args,
	.help = "revoke a token (id, name or key prefix)",
	.scope = "full",
	.run = token_revoke,
};

const struct cmd cmd_token_rotate_service = {
	.path = "token rotate-service",
	.help = "give nginx another token, without downtime",
	.doc = "The service token is what rdvd knows nginx by. Whoever saw it "
	       "may have it until auth.token_grace_minutes are over; rotate "
	       "twice to end it at once. That of the host's rdv is root's to "
	       "replace: sudo rdv token rotate-service. While that runs root "
	       "means it, and one of root's own by RDV_HOME alone.",
	.scope = "full",
	.run = token_rotate,
};
