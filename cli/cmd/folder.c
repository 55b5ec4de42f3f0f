/* SPDX-License-Identifier: MIT */
/*
 * rdv folder ls, new, mv and rm: the tree in which sessions are kept. No
 * session ends with its folder: what is in one that is deleted moves up.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"

/* rdvd allows no cycles; a broken answer must not loop us. */
#define DEPTH_MAX 32

static const struct out_col cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "DIRECTORY", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* Appends the children of `parent`, each followed by its own, indented. */
static void
add_children(struct js *rows, const struct js *all, const char *parent,
    unsigned depth)
{
	const struct js *f;
	struct js *row;
	char name[512];
	size_t i;

	for (i = 0; i < js_len(all) && depth < DEPTH_MAX; i++) {
		f = js_at(all, i);
		if (strcmp(js_str(f, "parent_id", ""), parent) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%*s%s", (int)depth * 2, "",
		    js_str(f, "name", ""));
		row = js_object();
		js_add_str(row, "id", js_str(f, "id", ""));
		js_add_str(row, "name", name);
		js_add_str(row, "path", js_str(f, "path", NULL));
		js_push(rows, row);
		add_children(rows, all, js_str(f, "id", "?"), depth + 1);
	}
}

static int
folder_ls(struct cmd_call *c)
{
	struct js *all, *rows;
	int rc;

	rc = api_get(c, "/api/folders", &all);
	if (rc != CMD_OK)
		return rc;
	/* Flat, as rdvd has it: parent_id says the rest. */
	if (c->cli->json) {
		out_json(all);
	} else {
		rows = js_array();
		add_children(rows, all, "", 0);
		out_table(c->cli, cols, rows, "no folders");
		js_free(rows);
	}
	js_free(all);
	return rc;
}

/* Adds parent_id when option `name` is given. */
static int
add_parent(struct cmd_call *c, struct js *body, const char *name)
{
	const char *word = cmd_value(c, name);
	char *id;
	int rc;

	if (word == NULL)
		return CMD_OK;
	rc = pick_folder(c, word, &id);
	if (rc == CMD_OK)
		js_add_str(body, "parent_id", id);
	free(id);
	return rc;
}

/* Refused rather than left out: the folder would stand for nothing. */
static int
add_dir(struct cmd_call *c, struct js *body)
{
	const char *given = cmd_value(c, "dir");
	char path[PATH_MAX];

	if (given == NULL)
		return CMD_OK;
	if (!cli_path(given, path, sizeof(path))) {
		out_error(c->cli, "INVALID_PATH", "--dir %s: %s", given,
		    strerror(errno));
		return CMD_FAILED;
	}
	js_add_str(body, "path", path);
	return CMD_OK;
}

static int
folder_new(struct cmd_call *c)
{
	struct js *body = js_object(), *v = NULL;
	int rc;

	js_add_str(body, "name", c->args[0]);
	rc = add_parent(c, body, "into");
	if (rc == CMD_OK)
		rc = add_dir(c, body);
	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	rc = api_send(c, "POST", "/api/folders", body, &v);
	return tell_id(c, rc, v);
}

/* null and "not given" differ here: null takes it out of its folder. */
static int
folder_mv(struct cmd_call *c)
{
	struct js *body, *v = NULL;
	char *id, *path;
	int rc;

	if (!cmd_flag(c, "name") && !cmd_flag(c, "into") &&
	    !cmd_flag(c, "top")) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "where to? --name, --into or --top");
		return CMD_USAGE;
	}
	rc = pick_folder(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	body = js_object();
	if (cmd_flag(c, "name"))
		js_add_str(body, "name", cmd_value(c, "name"));
	if (cmd_flag(c, "top"))
		js_add_str(body, "parent_id", NULL);
	rc = add_parent(c, body, "into");
	path = api_path("/api/folders/", id, "");
	if (rc == CMD_OK)
		rc = api_send(c, "PATCH", path, body, &v);
	else
		js_free(body);
	free(path);
	free(id);
	return tell_id(c, rc, v);
}

static int
folder_rm(struct cmd_call *c)
{
	char *id;
	int rc;

	rc = pick_folder(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	rc = api_delete(c, "/api/folders/", id, "deleted");
	free(id);
	return rc;
}

static const struct cmd_arg new_args[] = {
	{ .name = "NAME" },
	{ .name = NULL },
};
static const struct cmd_arg folder_args[] = {
	{ .name = "FOLDER", .word = CMD_FOLDER },
	{ .name = NULL },
};
static const struct cmd_opt new_opts[] = {
	{ .name = "into",
	    .arg = "F",
	    .word = CMD_FOLDER,
	    .help = "inside this folder (id or name)" },
	{ .name = "dir",
	    .arg = "D",
	    .word = CMD_DIR,
	    .help = "the directory it stands for" },
	{ .name = NULL },
};
static const struct cmd_opt mv_opts[] = {
	{ .name = "name", .arg = "N", .help = "rename it" },
	{ .name = "into",
	    .arg = "F",
	    .word = CMD_FOLDER,
	    .help = "move it inside this folder" },
	{ .name = "top", .help = "move it out of all folders" },
	{ .name = NULL },
};

const struct cmd cmd_folder_ls = {
	.path = "folder ls",
	.help = "show the tree of folders",
	.scope = "read",
	.run = folder_ls,
};

const struct cmd cmd_folder_new = {
	.path = "folder new",
	.args = new_args,
	.opts = new_opts,
	.help = "make a folder",
	.scope = "full",
	.run = folder_new,
};

const struct cmd cmd_folder_mv = {
	.path = "folder mv",
	.args = folder_args,
	.opts = mv_opts,
	.help = "rename or move a folder",
	.scope = "full",
	.run = folder_mv,
};

const struct cmd cmd_folder_rm = {
	.path = "folder rm",
	.args = folder_args,
	.help = "delete a folder; what is in it moves up",
	.scope = "full",
	.run = folder_rm,
};
