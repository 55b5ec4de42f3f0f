/* SPDX-License-Identifier: MIT */
/*
 * rdv repo clone: rdvd clones, and goes on when this ends. So this follows it
 * to its end; of one that is cancelled that is when what was made is gone.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"
#include "lib/str.h"

#define CLONES "/api/repos/clones/"

/* rdvd has another working directory: a path must be whole here. */
static bool
is_path(const char *url)
{
	return url[0] == '/' || str_starts(url, "./") ||
	       str_starts(url, "../") || strcmp(url, ".") == 0 ||
	       strcmp(url, "..") == 0;
}

/* What git would call it: the last part, without ".git". */
static void
name_of(const char *url, char *out, size_t size)
{
	size_t end = strlen(url), begin;

	while (end > 0 && url[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && url[begin - 1] != '/' && url[begin - 1] != ':')
		begin--;
	if (end - begin > 4 && strncmp(url + end - 4, ".git", 4) == 0)
		end -= 4;
	(void)snprintf(out, size, "%.*s", (int)(end - begin), url + begin);
}

static struct js *
wish(struct cmd_call *c, const char *url, const char *dir)
{
	static const char *const texts[] = { "name", "branch", "filter" };
	static const char *const flags[] = { "sparse", "submodules" };
	struct js *body = js_object();
	int64_t depth = cmd_number(c, "depth", 0);

	js_add_str(body, "url", url);
	js_add_str(body, "dir", dir);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cmd_value(c, texts[i]) != NULL)
			js_add_str(body, texts[i], cmd_value(c, texts[i]));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (cmd_flag(c, flags[i]))
			js_add_bool(body, flags[i], true);
	if (depth > 0)
		js_add_int(body, "depth", depth);
	return body;
}

/* Of what git said only what is no more than the usual is worth a line. */
static void
show_warnings(const struct cmd_call *c, const struct js *clone)
{
	const struct js *said = js_get(clone, "said");
	const char *line;

	for (size_t i = 0; said != NULL && i < js_len(said); i++) {
		line = js_text(js_at(said, i));
		if (line != NULL && str_starts(line, "warning: "))
			out_note(c->cli, "git: %s", line);
	}
}

static int
tell(const struct cmd_call *c, const struct js *clone)
{
	const char *state = js_str(clone, "state", "");

	if (strcmp(state, "ready") != 0) {
		out_error(c->cli,
		    strcmp(state, "cancelled") == 0 ? "CANCELLED"
						    : "CLONE_FAILED",
		    "%s", js_str(clone, "cause", state));
		return CMD_FAILED;
	}
	show_warnings(c, clone);
	if (c->cli->json)
		out_json(clone);
	else
		out_line(js_str(clone, "repo_id", "?"));
	return CMD_OK;
}

static int
repo_clone(struct cmd_call *c)
{
	char url[PATH_MAX], dir[PATH_MAX], name[NAME_MAX + 1];
	struct js *clone = NULL;
	int rc;

	(void)snprintf(url, sizeof(url), "%s", c->args[0]);
	if (is_path(c->args[0]) && pick_path(c, c->args[0], url) != CMD_OK)
		return CMD_FAILED;
	name_of(url, name, sizeof(name));
	if (pick_path(c, c->nargs > 1 ? c->args[1] : name, dir) != CMD_OK)
		return CMD_FAILED;
	follow_catch_interrupt();
	rc =
	    api_send(c, "POST", "/api/repos/clones", wish(c, url, dir), &clone);
	if (rc == CMD_OK)
		rc = follow_job(c, CLONES, &clone);
	if (rc == CMD_OK)
		rc = tell(c, clone);
	js_free(clone);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "name",
	    .arg = "N",
	    .help = "what to call it (its directory's name)" },
	{ .name = "depth",
	    .arg = "N",
	    .min = 1,
	    .max = 1000000,
	    .help = "of its history so many commits" },
	{ .name = "branch",
	    .arg = "B",
	    .help = "branch or tag to check out (the server's)" },
	{ .name = "filter",
	    .arg = "F",
	    .help = "leave for later: blob:none, blob:limit=N or tree:N" },
	{ .name = "sparse",
	    .help = "check out the files of its top directory alone" },
	{ .name = "submodules", .help = "those, too; not over ssh" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "URL", .word = CMD_TEXT },
	{ .name = "DIR", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_repo_clone = {
	.path = "repo clone",
	.args = args,
	.opts = opts,
	.help = "clone a repository by URL or path and make it known",
	.doc = "URL is https://..., ssh://... or user@host:path, http://... of "
	       "this host, or the path of a repository of your own. No user "
	       "or password in it: over https rdv has none to give, over ssh "
	       "it has your keys. Ctrl-C cancels, and nothing is left then.",
	.scope = "full",
	.run = repo_clone,
};
