/* SPDX-License-Identifier: MIT */
/*
 * rdv agents ls, doctor and login: the agents of the account, and what a person
 * has to do before one can be used. Each has two homes: the account's own, and
 * one where it is confined, which nobody but it is given.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/once.h"
#include "cli/out.h"
#include "cli/tell.h"
#include "lib/js.h"
#include "lib/str.h"

static const struct out_col list_cols[] = {
	{ "AGENT", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "SIGNED IN", "signed_in_at", OUT_AGE },
	{ "CONFINED", "confined.state", OUT_STATE },
	{ "PROGRAM", "program", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col need_cols[] = {
	{ "AGENT", "name", OUT_TEXT },
	{ "PROFILE", "profile", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "NEEDS YOU", "needs", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
agents_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c, "/api/agents", &v);

	return tell_items(c, rc, v, list_cols, "no agents");
}

static bool
is(const struct js *agent, const char *state)
{
	return strcmp(js_str(agent, "state", ""), state) == 0;
}

static bool
can_be_used(const struct js *in)
{
	return is(in, "ready") || is(in, "installed");
}

/* The one that is named, or all that are there in some way. */
static struct js *
looked_at(const struct js *items, const char *name, bool *usable)
{
	struct js *rows = js_array();
	const struct js *a;

	for (size_t i = 0; i < js_len(items); i++) {
		a = js_at(items, i);
		if (name != NULL ? strcasecmp(js_str(a, "name", ""), name) != 0
				 : is(a, "missing"))
			continue;
		*usable = *usable || can_be_used(a) ||
			  can_be_used(js_get(a, "confined"));
		js_push(rows, js_copy(a));
	}
	return rows;
}

/* One that is not there is told of once. */
static void
add_need(struct js *rows, const struct js *agent, const struct js *in,
    const char *profile)
{
	struct js *row = js_object();

	js_add_str(row, "name", js_str(agent, "name", ""));
	js_add_str(row, "profile", profile);
	js_add_str(row, "state", js_str(in, "state", NULL));
	js_add_str(row, "needs", js_str(in, "needs", NULL));
	js_push(rows, row);
}

static void
print_needs(struct cmd_call *c, const struct js *agents)
{
	struct js *rows = js_array();
	const struct js *a, *in;

	for (size_t i = 0; i < js_len(agents); i++) {
		a = js_at(agents, i);
		in = js_get(a, "confined");
		add_need(rows, a, a, "login");
		if (in != NULL &&
		    (is(a, "ready") || is(a, "installed") || is(a, "sign_in")))
			add_need(rows, a, in, "agent");
	}
	out_table(c->cli, need_cols, rows,
	    "no agent is installed; rdv agents ls says which there are");
	js_free(rows);
}

static int
agents_doctor(struct cmd_call *c)
{
	const char *name = c->nargs > 0 ? c->args[0] : NULL;
	bool usable = false;
	struct js *v, *rows;
	int rc = api_get(c, "/api/agents", &v);

	if (rc != CMD_OK)
		return rc;
	rows = looked_at(js_get(v, "items"), name, &usable);
	if (name != NULL && js_len(rows) == 0)
		out_error(c->cli, "NOT_FOUND", "%s: no agent of that name",
		    name);
	else if (c->cli->json)
		out_json(rows);
	else
		print_needs(c, rows);
	js_free(rows);
	js_free(v);
	return usable ? CMD_OK : CMD_FAILED;
}

const struct cmd cmd_agents_ls = {
	.path = "agents ls",
	.help = "list agents, and whether they can be used",
	.scope = "read",
	.run = agents_ls,
};

static const struct cmd_arg doctor_args[] = {
	{ .name = "AGENT", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_agents_doctor = {
	.path = "agents doctor",
	.args = doctor_args,
	.help = "what each agent needs of you; fails if none is usable",
	.scope = "read",
	.run = agents_doctor,
};

/* It lies in the caller's own home: rdvd makes it for a turn, as the caller. */
static int
make_home(struct cmd_call *c, const char *home)
{
	char path[PATH_MAX];
	char *slash;

	if (!str_copy(path, home, sizeof(path)) ||
	    (slash = strrchr(path, '/')) == NULL)
		return CMD_FAILED;
	*slash = '\0';
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) ||
	    (mkdir(home, 0700) < 0 && errno != EEXIST)) {
		out_error(c->cli, "INVALID_PATH", "%s: %s", home,
		    strerror(errno));
		return CMD_FAILED;
	}
	return CMD_OK;
}

/* As a turn has it: that home and nothing else of the account's. */
static struct js *
login_session(struct cmd_call *c, const struct js *agent)
{
	const struct js *in = js_get(agent, "confined");
	struct js *body = js_object(), *env = js_object(), *argv = js_array();
	const char *home = js_str(in, "home", "");

	js_add_str(body, "name", "sign in");
	js_add_str(body, "profile", "agent");
	js_add_str(body, "project_path", home);
	js_add_str(env, "HOME", home);
	js_add(body, "environment", env);
	for (size_t i = 0; c->rest != NULL && c->rest[i] != NULL; i++)
		js_push_str(argv, c->rest[i]);
	js_add(body, "command",
	    c->rest != NULL ? argv : js_copy(js_get(in, "sign_in")));
	if (c->rest == NULL)
		js_free(argv);
	return body;
}

static int
login(struct cmd_call *c, const struct js *agent)
{
	const struct js *in = js_get(agent, "confined");
	bool refused;
	int rc;

	if (c->rest == NULL && js_len(js_get(in, "sign_in")) == 0) {
		out_error(c->cli, "NOT_FOUND", "%s: %s",
		    js_str(agent, "name", ""),
		    js_str(agent, "needs", "it is not installed"));
		return CMD_FAILED;
	}
	rc = make_home(c, js_str(in, "home", ""));
	return rc != CMD_OK ? rc
			    : once_run(c, login_session(c, agent), &refused);
}

static int
agents_login(struct cmd_call *c)
{
	bool usable = false;
	struct js *v, *rows;
	int rc = api_get(c, "/api/agents", &v);

	if (rc != CMD_OK)
		return rc;
	rows = looked_at(js_get(v, "items"), c->args[0], &usable);
	if (js_len(rows) == 0) {
		out_error(c->cli, "NOT_FOUND", "%s: no agent of that name",
		    c->args[0]);
		rc = CMD_FAILED;
	} else {
		rc = login(c, js_at(rows, 0));
	}
	js_free(rows);
	js_free(v);
	return rc;
}

static const struct cmd_arg login_args[] = {
	{ .name = "AGENT" },
	{ .name = NULL },
};

const struct cmd cmd_agents_login = {
	.path = "agents login",
	.args = login_args,
	.rest = "COMMAND...",
	.help = "sign in an agent where it is confined",
	.doc =
	    "A confined agent sees nothing of your home directory: it has one "
	    "of its own, and signing in at yours does not sign it in. This "
	    "runs what signs it in, or COMMAND, in that home and as confined "
	    "as its turns are.",
	.scope = "full",
	.run = agents_login,
};
