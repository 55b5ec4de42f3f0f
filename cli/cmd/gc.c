/* SPDX-License-Identifier: MIT */
/*
 * rdv gc: what could be freed, and the beginning of that. What may go is rdvd's
 * to judge, and goes by its own rounds.
 */
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

static const struct out_col gc_cols[] = {
	{ "KIND", "kind", OUT_TEXT },
	{ "ID", "id", OUT_SHORT_ID },
	{ "SIZE", "bytes", OUT_BYTES },
	{ "SINCE", "since", OUT_TIME },
	{ "REF", "ref", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* What no row is known of is never taken away. */
static size_t
count_unknown(const struct js *items)
{
	size_t n = 0;

	for (size_t i = 0; i < js_len(items); i++)
		n += js_str(js_at(items, i), "id", NULL) == NULL;
	return n;
}

static size_t
count(const struct js *items, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < js_len(items); i++)
		n += strcmp(js_str(js_at(items, i), "kind", ""), kind) == 0;
	return n;
}

static void
tell(struct cmd_call *c, const struct js *v, bool dry)
{
	const struct js *items = js_get(v, "items");
	const size_t n = js_len(items), unknown = count_unknown(items),
		     spaces = count(items, "workspace");

	out_table(c->cli, gc_cols, items, "nothing can be freed");
	if (js_bool(v, "more", false))
		out_note(c->cli, "there is more than this");
	if (unknown > 0)
		out_note(c->cli,
		    "rdv knows nothing of %zu of them, and leaves those as "
		    "they are",
		    unknown);
	if (spaces > 0)
		out_note(c->cli,
		    "workspaces are archived, two in a round and none in the "
		    "first one after rdvd has started; rdv workspace restore "
		    "brings one back");
	if (!dry && n > unknown + spaces)
		out_note(c->cli,
		    "it is being deleted, a part at a time; rdv gc --dry-run "
		    "tells what is left");
}

static int
gc(struct cmd_call *c)
{
	const bool dry = cmd_flag(c, "dry-run");
	struct js *v;
	int rc = dry ? api_get(c, "/api/gc", &v)
		     : api_send(c, "POST", "/api/gc", NULL, &v);

	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		tell(c, v, dry);
	js_free(v);
	return rc;
}

static const struct cmd_opt gc_opts[] = {
	{ .name = "dry-run", .help = "list it and touch nothing" },
	{ .name = NULL },
};

const struct cmd cmd_gc = {
	.path = "gc",
	.opts = gc_opts,
	.help = "free what rdv keeps no longer",
	.doc = "Worktrees that have been in the trash for longer than "
	       "cleanup.trash_retention_days, what failed clones left, and "
	       "output of closed sessions after cleanup.log_retention_days. "
	       "Workspaces untouched for workspaces.expire_days are archived. "
	       "References under refs/rdv/ that kept discarded changes, "
	       "dropped stashes, deleted branches and rescued commits go when "
	       "they are as old as that. "
	       "Directories that rdv does not know, where it makes worktrees, "
	       "and such references of nothing that it knows, are listed and "
	       "stay.",
	.scope = "full",
	.run = gc,
};
