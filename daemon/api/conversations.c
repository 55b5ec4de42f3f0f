/* SPDX-License-Identifier: MIT */
/*
 * /api/conversations: sessions whose work an agent does. They are a resource of
 * their own since nothing that a terminal is asked for has a meaning here, and
 * typing into an agent's protocol would be saying yes in somebody's name.
 */
#include "daemon/core/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/conversation.h"
#include "daemon/agent/agent.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/agentconfig.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct create_in {
	uint64_t set;
	const char *workspace_id, *agent, *config, *name, *folder_id;
	const char *profile, *network;
	const char **network_hosts;
	struct variant_pick pick;
};

struct list_in {
	uint64_t set;
	const char *cursor;
	int64_t limit;
	const char *workspace_id;
};

#define FIELD(st, n, camel, k, member, ...)                        \
	{                                                          \
		.name = n, .alias = camel, .kind = k,              \
		.offset = offsetof(struct st, member), __VA_ARGS__ \
	}
#define ID .min = UUID_TEXT - 1, .max = UUID_TEXT - 1

static const struct js_field create_fields[] = {
	FIELD(create_in, "workspace_id", "workspaceId", JS_TEXT, workspace_id,
	    .required = true, ID, .help = "where its agent works"),
	FIELD(create_in, "agent", NULL, JS_TEXT, agent, .required = true,
	    .min = 1, .max = 64, .help = "as CLAUDE_CODE"),
	FIELD(create_in, "config", NULL, JS_JSON, config, .min = 2,
	    .max = CONFIG_BYTES, .help = "of the agent, over its defaults"),
	FIELD(create_in, "name", NULL, JS_TEXT, name, .min = 1, .max = 100,
	    .help = "for people; absent: that of the workspace"),
	FIELD(create_in, "folder_id", "folderId", JS_TEXT, folder_id, ID,
	    .help = "the folder it is in"),
	FIELD(create_in, "profile", NULL, JS_ONE_OF, profile,
	    .words = "agent|login",
	    .help = "how its agent and scripts are held; absent: agent"),
	FIELD(create_in, "network", NULL, JS_ONE_OF, network,
	    .words = "none|list|full",
	    .help = "of its runs; absent: what the policy says"),
	FIELD(create_in, "network_hosts", "networkHosts", JS_TEXTS,
	    network_hosts, .max = 64,
	    .help = "HOST:PORT, with the network list"),
	CONVERSATION_PICKS(create_in),
	{ .name = NULL },
};

static const struct js_field list_fields[] = {
	CURSOR_FIELDS(list_in, cursor, limit),
	FIELD(list_in, "workspace_id", "workspaceId", JS_TEXT, workspace_id, ID,
	    .help = "only of that workspace"),
	{ .name = NULL },
};

const struct js_field conversation_page_fields[] = {
	CURSOR_FIELDS(page_in, cursor, limit),
	{ .name = NULL },
};

const struct js_field conversation_prompt_fields[] = {
	FIELD(turn_in, "prompt", NULL, JS_TEXT, prompt, .required = true,
	    .min = 1, .max = PROMPT_BYTES, .help = "what is to be done"),
	FIELD(turn_in, "config", NULL, JS_JSON, config, .min = 2,
	    .max = CONFIG_BYTES,
	    .help = "over what the conversation says, for this turn"),
	CONVERSATION_PICKS(turn_in),
	{ .name = NULL },
};

bool
conversation_load(struct api_call *c, struct store_conversation *out)
{
	int err = store_conversation_get(c->app->db, c->req->arena,
	    c->actor->user_id, c->params[0], out);

	if (err != 0)
		answer_missing(c, err, "there is no such conversation");
	return err == 0;
}

static void
fail(struct api_call *c, int err, const char *why)
{
	if (err == RDV_E_BUSY)
		api_fail_code(c, 409, "WORKSPACE_BUSY", why, NULL);
	else
		answer_bounded(c, err, why);
}

void
conversation_refuse(struct api_call *c, struct tx *tx, int err, const char *why)
{
	tx_abort(tx);
	fail(c, err, why);
}

int
conversation_audit(struct api_call *c, const struct store_turn *t,
    const char **why)
{
	if (t->unasked == NULL)
		return 0;
	return answer_on_record(c, "turn.unasked", t->id, why);
}

struct conversation_page
conversation_page_new(void)
{
	return (struct conversation_page){ .items = js_array() };
}

bool
conversation_page_add(struct conversation_page *p, struct js *item,
    size_t bytes)
{
	js_push(p->items, item);
	p->bytes += bytes;
	p->full = p->bytes >= CONVERSATION_BYTES;
	return !p->full;
}

void
conversation_reply_page(struct api_call *c, int err,
    struct conversation_page *p)
{
	const struct page_in *in = c->in;
	const size_t limit =
	    in->limit > 0 ? (size_t)in->limit : CONVERSATION_PAGE;
	const size_t n = js_len(p->items);
	const char *last = NULL;

	if (p->full || n == limit)
		last = js_str(js_at(p->items, n - 1), "id", NULL);
	answer_page(c, err, p->items, last);
}

/* The request and its arena are gone when the chain goes on. */
struct going {
	struct chains *chains;
	bool halt;
	char chain_id[UUID_TEXT];
};

static void
conversation_durable_cb(int err, void *arg)
{
	struct going *g = arg;

	if (err == 0 && g->halt)
		chain_halt(g->chains, g->chain_id);
	else if (err == 0)
		chain_go(g->chains, g->chain_id);
	free(g);
}

void
conversation_commit(struct api_call *c, struct tx *tx, int status,
    struct js *body, const char *chain_id, bool halt)
{
	struct api_answer answer = { .status = status, .body = body };
	struct going *g;

	if (chain_id != NULL) {
		g = xcalloc(1, sizeof(*g));
		g->chains = c->app->chains;
		g->halt = halt;
		(void)str_copy(g->chain_id, chain_id, sizeof(g->chain_id));
		answer.durable = conversation_durable_cb;
		answer.arg = g;
	}
	api_commit_answer(c, tx, &answer);
}

bool
conversation_turn_config(struct api_call *c,
    const struct store_conversation *row, const char **config)
{
	const struct turn_in *in = c->in;
	const struct agent_ops *ops = agent_find(row->agent);
	struct variant_pick pick = in->pick;
	const char *now = NULL, *why = "there is no such agent any more";
	struct js *v;
	char what[64];
	int err = RDV_E_INVALID;

	if (ops != NULL)
		now = conversation_config(c->req->arena, ops, row->config_json,
		    NULL, &why);
	if (now != NULL) {
		pick.agent = ops->name;
		pick.now = v = js_parse(now, strlen(now), what, sizeof(what));
		err = agentconfig_pick(c->app->db, c->req->arena, row->user_id,
		    &pick, in->config, config, &why);
		js_free(v);
	}
	if (err != 0)
		fail(c, err, why);
	return err == 0;
}

/* False when that was answered. An agent that is none is core's to refuse. */
static bool
config_of(struct api_call *c, const char **config)
{
	const struct create_in *in = c->in;
	const struct agent_ops *ops = agent_find(in->agent);
	struct variant_pick pick = in->pick;
	const char *why = NULL;
	int err;

	*config = in->config;
	if (ops == NULL)
		return true;
	pick.agent = ops->name;
	err = agentconfig_pick(c->app->db, c->req->arena, c->actor->user_id,
	    &pick, in->config, config, &why);
	if (err != 0)
		fail(c, err, why);
	return err == 0;
}

static void
conversations_create(struct api_call *c)
{
	const struct create_in *in = c->in;
	struct conversation_wish wish = {
		.user_id = c->actor->user_id,
		.workspace_id = in->workspace_id,
		.agent = in->agent,
		.name = in->name,
		.folder_id = in->folder_id,
		.profile = in->profile,
		.network = in->network,
		.network_hosts = (const char *const *)in->network_hosts,
	};
	struct store_conversation made;
	const char *why = NULL;
	struct tx *tx;
	int err;

	if (!config_of(c, &wish.config_json))
		return;
	tx = tx_begin(c->app->db);
	err = conversation_create(tx, c->req->arena, &wish, &made, &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		api_commit(c, tx, 201, conversation_json(&made));
}

static bool
conversations_item_cb(const struct store_conversation *c, void *arg)
{
	return conversation_page_add(arg, conversation_json(c),
	    strlen(c->config_json));
}

static void
conversations_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct conversation_page page = conversation_page_new();

	conversation_reply_page(c,
	    store_conversations_list(c->app->db, c->actor->user_id,
		in->workspace_id, in->cursor,
		in->limit > 0 ? in->limit : CONVERSATION_PAGE,
		conversations_item_cb, &page),
	    &page);
}

/* What its agent says of itself in what is at work; NULL: nothing yet. */
static const char *
told(const struct store_conversation *row, const struct store_chain *open)
{
	return strcmp(open->session_id, row->id) == 0 &&
		       row->agent_status_at >= open->created_at
		   ? row->agent_status
		   : NULL;
}

/* What is at work in its workspace, perhaps for another conversation. */
static void
conversations_get(struct api_call *c)
{
	struct store_conversation row;
	struct store_chain open;
	int64_t waiting = 0;
	struct js *o, *work = NULL;
	int err;

	if (!conversation_load(c, &row))
		return;
	err = store_chain_open(c->app->db, c->req->arena, row.workspace_id,
	    &open);
	if (err == 0) {
		work = js_object();
		js_add_str(work, "conversation_id", open.session_id);
		js_add_str(work, "turn_id", open.turn_id);
		js_add_str(work, "stopping", open.stop);
		js_add_str(work, "agent_status", told(&row, &open));
	}
	if (err == 0 || err == RDV_E_NOT_FOUND)
		err = store_queued_count(c->app->db, row.id, &waiting);
	if (err != 0) {
		js_free(work);
		api_fail(c, err, NULL);
		return;
	}
	o = conversation_json(&row);
	if (work != NULL)
		js_add(o, "at_work", work);
	js_add_int(o, "waiting", waiting);
	api_reply(c, 200, o);
}

static void
conversations_close(struct api_call *c)
{
	struct store_conversation row;
	struct store_chain open = { .id = NULL };
	struct tx *tx;
	int err;

	if (!conversation_load(c, &row))
		return;
	err = store_chain_open(c->app->db, c->req->arena, row.workspace_id,
	    &open);
	if (err != 0 || strcmp(open.session_id, row.id) != 0)
		open.id = NULL;
	tx = tx_begin(c->app->db);
	if (err == 0 || err == RDV_E_NOT_FOUND)
		err = conversation_close(tx, &row);
	if (err == 0 && open.id != NULL)
		err = chain_stop(tx, &open, "its conversation was closed");
	if (err != 0)
		conversation_refuse(c, tx, err, NULL);
	else
		conversation_commit(c, tx, 204, NULL, open.id, true);
}

const struct api_route api_routes_conversations[] = {
	{ HTTP_M_GET, "/api/conversations", SCOPE_READ, .query = list_fields,
	    .in_size = sizeof(struct list_in), .handler = conversations_list,
	    .success = 200, .doc = "Conversations, newest first" },
	{ HTTP_M_POST, "/api/conversations", SCOPE_WRITE, .body = create_fields,
	    .in_size = sizeof(struct create_in), .atomic = true,
	    .handler = conversations_create, .success = 201,
	    .doc = "Begins a conversation with an agent in a workspace" },
	{ HTTP_M_GET, "/api/conversations/{id}", SCOPE_READ,
	    .handler = conversations_get, .success = 200,
	    .doc = "One conversation, and what is at work in its workspace" },
	{ HTTP_M_DELETE, "/api/conversations/{id}", SCOPE_WRITE,
	    .handler = conversations_close, .success = 204,
	    .doc = "Closes it: its turn is stopped, what waits is cancelled" },
	{ .pattern = NULL },
};
