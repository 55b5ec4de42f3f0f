/* SPDX-License-Identifier: MIT */
/*
 * /api/agents: what of each agent the account has, what a person has to do
 * before it can be used, and what a variant of it may have.
 */
#include "daemon/core/agentfind.h"

#include "daemon/agent/variantform.h"
#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"

static const char *const states[] = {
	[AGENTFIND_READY] = "ready",
	[AGENTFIND_INSTALLED] = "installed",
	[AGENTFIND_SIGN_IN] = "sign_in",
	[AGENTFIND_REFUSED] = "refused",
	[AGENTFIND_MISSING] = "missing",
};

/* A conversation's agent is confined unless somebody asks for more. */
static struct js *
confined_json(const struct agentfind *a)
{
	struct js *o = js_object(), *argv = js_array();

	js_add_str(o, "home", a->home);
	js_add_str(o, "state", states[a->confined]);
	js_add_ms(o, "signed_in_at", a->confined_in);
	js_add_str(o, "needs", a->confined_needs);
	if (a->program != NULL)
		js_push_str(argv, a->program);
	for (const char *const *w = a->sign_in;
	     a->program != NULL && *w != NULL; w++)
		js_push_str(argv, *w);
	js_add(o, "sign_in", argv);
	return o;
}

static struct js *
agent_json(const struct agentfind *a)
{
	struct js *o = js_object();

	js_add_str(o, "name", a->name);
	js_add_str(o, "help", a->help);
	js_add_str(o, "state", states[a->state]);
	js_add_str(o, "program", a->program);
	js_add_ms(o, "signed_in_at", a->signed_in);
	js_add_bool(o, "used", a->traces);
	js_add_str(o, "needs", a->needs);
	js_add(o, "confined", confined_json(a));
	return o;
}

static void
agents_found_cb(int err, const struct agentfind *found, size_t n,
    const char *why, void *arg)
{
	struct js *items;
	struct api_call *c = arg;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	items = js_array();
	for (size_t i = 0; i < n; i++)
		js_push(items, agent_json(&found[i]));
	answer_items(c, 0, items);
}

static void
agents_list(struct api_call *c)
{
	struct worktree_who w = repo_who(c);

	agentfind(c->app->worktrees, &w, agents_found_cb, c);
}

static void
agents_fields(struct api_call *c)
{
	answer_items(c, 0, variantform());
}

const struct api_route api_routes_agents[] = {
	{ HTTP_M_GET, "/api/agents", SCOPE_READ, .handler = agents_list,
	    .success = 200,
	    .doc = "Agents of the account, and what each needs" },
	{ HTTP_M_GET, "/api/agents/fields", SCOPE_READ,
	    .handler = agents_fields, .success = 200,
	    .doc = "What a variant of each agent may have, and a request "
		   "choose" },
	{ .pattern = NULL },
};
