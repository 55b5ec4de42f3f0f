/* SPDX-License-Identifier: MIT */
/*
 * /api/agents/config: how an account has its agents run. To change it takes
 * what rules of approvals take: it decides what later conversations run, and an
 * agent that may do what a person does is not to decide that. Who may change it
 * has all of it, to put back; whoever else looks has no value of an `env`.
 */
#include "daemon/core/agentconfig.h"

#include <stddef.h>
#include <stdint.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/err.h"

#define CONFIG_BYTES (192 * 1024)

struct config_in {
	uint64_t set;
	const char *executors;
	int64_t version;
};

enum { EXECUTORS, VERSION };

static const struct js_field config_fields[] = {
	[EXECUTORS] = { .name = "executors",
	    .kind = JS_JSON,
	    .offset = offsetof(struct config_in, executors),
	    .required = true,
	    .min = 2,
	    .max = CONFIG_BYTES,
	    .help = "all of it: of each agent the variants, of each of these "
		    "an object with the agent's fields" },
	[VERSION] = { .name = "version",
	    .kind = JS_INT,
	    .offset = offsetof(struct config_in, version),
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "of what it is put in place of, as it was read: refused "
		    "when that is another one by now" },
	{ .name = NULL },
};

static void
config_get(struct api_call *c)
{
	const char *why;
	struct js *all =
	    agentconfig_get(c->app->db, c->req->arena, c->actor->user_id, &why);

	if (all == NULL) {
		api_fail(c, RDV_E_CORRUPT, why);
	} else if ((c->actor->scopes & SCOPE_TOKENS) != 0) {
		api_reply(c, 200, all);
	} else {
		api_reply(c, 200, agentconfig_shown(all));
		js_free(all);
	}
}

static void
config_put(struct api_call *c)
{
	const struct config_in *in = c->in;
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	int err =
	    agentconfig_put(tx, c->req->arena, c->actor->user_id, in->executors,
		(in->set & ((uint64_t)1 << VERSION)) != 0 ? &in->version : NULL,
		&why);

	answer_settle(c, tx,
	    &(struct answer_end){ .err = err, .why = why, .status = 204 });
}

const struct api_route api_routes_agentconfig[] = {
	{ HTTP_M_GET, "/api/agents/config", SCOPE_READ, .handler = config_get,
	    .success = 200,
	    .doc = "Variants of each agent: the defaults, and the account's; "
		   "values of env for who may change them alone" },
	{ HTTP_M_PUT, "/api/agents/config", SCOPE_TOKENS, .body = config_fields,
	    .in_size = sizeof(struct config_in), .handler = config_put,
	    .success = 204,
	    .doc = "Puts all variants in place of what the account had" },
	{ .pattern = NULL },
};
