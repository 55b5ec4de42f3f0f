/* SPDX-License-Identifier: MIT */
/*
 * rdv share, share ls and share revoke. The address is shown once, on stdout
 * and nowhere else; what makes it good stands behind '#', which browsers send
 * to nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/enroll.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/revoke.h"
#include "cli/signin.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "LABEL", "label", OUT_TEXT },
	{ "SESSION", "session_id", OUT_SHORT_ID },
	{ "MODE", "mode", OUT_TEXT },
	{ "USES", "uses", OUT_NUMBER },
	{ "USED", "last_used_at", OUT_AGE },
	{ "EXPIRES", "expires_at", OUT_TIME },
	{ NULL, NULL, OUT_TEXT },
};

/* CMD_OK with the body to send, or after telling why not. */
static int
wish(struct cmd_call *c, struct js **body)
{
	const char *expires = cmd_value(c, "expires");
	const char *label = cmd_value(c, "label");
	int64_t age = 0;
	char *id;
	int rc;

	if (expires != NULL && (age = enroll_age(expires)) == 0) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "--expires wants 90m, 12h or 30d, not %s", expires);
		return CMD_USAGE;
	}
	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	*body = js_object();
	js_add_str(*body, "session_id", id);
	js_add_str(*body, "mode", cmd_flag(c, "write") ? "write" : "read");
	if (cmd_flag(c, "history"))
		js_add_bool(*body, "history", true);
	if (age > 0)
		js_add_int(*body, "expires_in", age / 1000);
	if (label != NULL)
		js_add_str(*body, "label", label);
	free(id);
	return CMD_OK;
}

/* What rdvd says, and where that is to be seen. */
static void
print_json(const struct js *v, const char *url)
{
	static const char *const texts[] = { "id", "session_id", "mode",
		"label", "secret" };
	static const char *const times[] = { "created_at", "expires_at" };
	struct js *o = js_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		js_add_str(o, texts[i], js_str(v, texts[i], NULL));
	js_add_bool(o, "history", js_bool(v, "history", false));
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		js_add_ms(o, times[i], js_int(v, times[i], -1));
	js_add_str(o, "url", url);
	out_json(o);
	js_free(o);
}

static void
print_made(const struct cmd_call *c, const struct js *v, const char *origin)
{
	char *url =
	    xasprintf("%s%s%s", str_starts(origin, "http") ? "" : "http://",
		origin, js_str(v, "path", ""));

	if (c->cli->json) {
		print_json(v, url);
	} else {
		out_line(url);
		out_note(c->cli,
		    "whoever has it may %s; rdv share revoke ends that. It "
		    "will not be shown again",
		    cmd_flag(c, "write") ? "look and type" : "look");
	}
	free(url);
}

/* The page first: a link that leads nowhere would only have to be revoked. */
static int
share_new(struct cmd_call *c)
{
	struct js *body, *v;
	char *origin;
	int rc;

	rc = signin_page(c, &origin);
	if (rc != CMD_OK)
		return rc;
	rc = wish(c, &body);
	if (rc == CMD_OK)
		rc = api_send(c, "POST", "/api/links", body, &v);
	if (rc == CMD_OK) {
		print_made(c, v, origin);
		js_free(v);
	}
	free(origin);
	return rc;
}

static int
share_ls(struct cmd_call *c)
{
	char *id = NULL, *path;
	struct js *list;
	int rc;

	if (c->nargs > 0) {
		rc = pick_session(c, c->args[0], &id);
		if (rc != CMD_OK)
			return rc;
	}
	path = id != NULL ? api_path("/api/links?session_id=", id, "")
			  : xstrdup("/api/links");
	rc = api_get(c, path, &list);
	free(path);
	free(id);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(list);
	else
		out_table(c->cli, cols, list, "no links");
	js_free(list);
	return rc;
}

static int
share_revoke(struct cmd_call *c)
{
	char *id;
	int rc = pick_link(c, c->args[0], &id);

	return rc != CMD_OK ? rc
			    : revoke_by_id(c, "/api/links/", id,
				  "who came by it is sent away");
}

static const struct cmd_arg session_arg[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};
static const struct cmd_arg maybe_session[] = {
	{ .name = "SESSION", .word = CMD_SESSION, .optional = true },
	{ .name = NULL },
};
static const struct cmd_arg link_arg[] = {
	{ .name = "LINK", .word = CMD_LINK },
	{ .name = NULL },
};
static const struct cmd_opt new_opts[] = {
	{ .name = "write", .help = "who comes by it may type as well" },
	{ .name = "history",
	    .help = "and sees what was there before, from the beginning" },
	{ .name = "expires",
	    .arg = "AGE",
	    .help = "end it after 90m, 12h or 30d (8h)" },
	{ .name = "label",
	    .arg = "TEXT",
	    .help = "who it is for; others who look are shown that" },
	{ .name = NULL },
};

const struct cmd cmd_share = {
	.path = "share new",
	.alias = "share",
	.args = session_arg,
	.opts = new_opts,
	.help = "make a link to a session's terminal and show it once",
	.doc = "Whoever has the link sees the terminal of that session in a "
	       "browser, or on this host with rdv attach, and who else looks, "
	       "and nothing besides: its screen "
	       "as it is then and what follows, with --history also all that "
	       "it showed before. With --write "
	       "what they type is typed as you. It ends at its time, with the "
	       "session, or by rdv share revoke, and everybody who came by it "
	       "is sent away then. A session that is called ls, new or revoke "
	       "is named by its id.",
	.scope = "full",
	.run = share_new,
};

const struct cmd cmd_share_ls = {
	.path = "share ls",
	.args = maybe_session,
	.help = "list links",
	.scope = "full",
	.run = share_ls,
};

const struct cmd cmd_share_revoke = {
	.path = "share revoke",
	.args = link_arg,
	.help = "revoke a link (id or label)",
	.scope = "full",
	.run = share_revoke,
};
