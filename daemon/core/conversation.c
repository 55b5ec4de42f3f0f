/* SPDX-License-Identifier: MIT */
/*
 * Conversations from their beginning to their end: who may have one, and with
 * what an agent is run. Invariant: a configuration that no command could be
 * made of is refused when it is given, and not when somebody waits for it.
 */
#include "daemon/core/conversation.h"

#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/session.h"
#include "daemon/event/event.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "daemon/store/folders.h"
#include "daemon/store/queued.h"
#include "daemon/store/sessions.h"
#include "daemon/store/turns.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"

#define CONFIG_BYTES (256 * 1024)

static const char *
dump(struct arena *a, struct js *v)
{
	const char *text;
	struct buf b;

	buf_init(&b, CONFIG_BYTES);
	js_dump(v, &b);
	text = buf_ok(&b) ? arena_strdup(a, buf_cstr(&b)) : NULL;
	buf_done(&b);
	js_free(v);
	return text;
}

static const char *
dump_member(struct arena *a, const struct js *v)
{
	const char *text;
	struct buf b;

	buf_init(&b, CONFIG_BYTES);
	js_dump(v, &b);
	text = buf_ok(&b) ? arena_strdup(a, buf_cstr(&b)) : "null";
	buf_done(&b);
	return text;
}

/* The members of `under` that none of those in `over` has a say in. */
static void
add_members(struct arena *a, struct js *to, const struct js *from,
    const struct js *const *over)
{
	const char *key;
	struct js *v;

	for (size_t i = 0; js_member(from, i, &key, &v); i++) {
		const struct js *const *o = over;

		while (*o != NULL && js_get(*o, key) == NULL)
			o++;
		if (*o == NULL)
			js_add_json(to, key, dump_member(a, v));
	}
}

static struct js *
parse(const char *text)
{
	char why[64];

	return text != NULL ? js_parse(text, strlen(text), why, sizeof(why))
			    : NULL;
}

/* Each is an object or not there. */
static bool
all_objects(struct js *const *levels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (levels[i] != NULL && !js_is_object(levels[i]))
			return false;
	return true;
}

const char *
conversation_config(struct arena *a, const struct agent_ops *ops,
    const char *config_json, const char *turn_json, const char **why)
{
	struct js *levels[] = { parse(turn_json), parse(config_json),
		parse(ops->defaults) };
	struct js *all = js_object();
	const bool good = all_objects(levels, 3);
	const char *text;

	/* From the one that wins down; each is over those behind it. */
	for (size_t i = 0; i < 3; i++) {
		const struct js *over[4] = { NULL };
		size_t n = 0;

		for (size_t k = 0; k < i; k++)
			if (levels[k] != NULL)
				over[n++] = levels[k];
		add_members(a, all, levels[i], over);
	}
	for (size_t i = 0; i < 3; i++)
		js_free(levels[i]);
	text = dump(a, all);
	if (!good)
		*why = "config: must be an object";
	else if (text == NULL)
		*why = "config: is too long";
	return good ? text : NULL;
}

static int
command_of(struct arena *a, const struct store_conversation *c,
    const char *turn_json, struct agent_command *out, const char **why)
{
	const struct agent_ops *ops = agent_find(c->agent);
	struct agent_wish wish = { .prompt = "",
		.cwd = "/",
		.confined = strcmp(c->profile, "login") != 0 };
	const char *text;
	struct js *config;
	int err;

	*why = "agent: there is no agent of that name";
	if (ops == NULL)
		return RDV_E_INVALID;
	text = conversation_config(a, ops, c->config_json, turn_json, why);
	if (text == NULL)
		return RDV_E_INVALID;
	wish.config = config = parse(text);
	err = ops->command(a, &wish, out, why);
	js_free(config);
	return err;
}

int
conversation_unasked(struct db *db, struct arena *a, const char *id,
    const char *field, const char **by, const char **why)
{
	struct store_bypass bypass;
	int err;

	*by = NULL;
	if (field == NULL)
		return 0;
	err = store_bypass_get(db, a, id, &bypass);
	if (err == 0)
		*by = bypass.token_id;
	if (err != RDV_E_NOT_FOUND)
		return err;
	*why = arena_printf(a,
	    "%s: nobody would be asked; its owner has to allow that before "
	    "(rdv session bypass %s on)",
	    field, id);
	return RDV_E_DENIED;
}

int
conversation_judge(struct db *db, struct arena *a,
    const struct store_conversation *c, const char *turn_json,
    struct store_turn *t, const char **why)
{
	struct agent_command command;
	int err = command_of(a, c, turn_json, &command, why);

	if (err != 0)
		return err;
	t->unasked = command.unasked;
	return conversation_unasked(db, a, c->id, t->unasked, &t->unasked_by,
	    why);
}

/* The names of its members, and null for what they are. */
static struct js *
names_of(const struct js *env)
{
	struct js *o = js_object(), *v;
	const char *key;

	for (size_t i = 0; js_member(env, i, &key, &v); i++)
		js_add_str(o, key, NULL);
	return o;
}

struct js *
conversation_config_shown(const struct js *config)
{
	struct js *o = js_object(), *v;
	const char *key;

	for (size_t i = 0; js_member(config, i, &key, &v); i++)
		js_add(o, key,
		    strcmp(key, "env") == 0 ? names_of(v) : js_copy(v));
	return o;
}

void
conversation_add_config(struct js *to, const char *config_json)
{
	struct js *config = parse(config_json);

	if (js_get(config, "env") == NULL)
		js_add_json(to, "config", config_json);
	else
		js_add(to, "config", conversation_config_shown(config));
	js_free(config);
}

struct js *
conversation_json(const struct store_conversation *c)
{
	struct js *o = js_object();

	js_add_str(o, "id", c->id);
	js_add_str(o, "workspace_id", c->workspace_id);
	js_add_str(o, "name", c->name);
	js_add_str(o, "status", c->status);
	js_add_str(o, "agent", c->agent);
	conversation_add_config(o, c->config_json);
	js_add_str(o, "profile", c->profile);
	js_add_str(o, "network", c->network);
	js_add_str(o, "folder_id", c->folder_id);
	js_add_ms(o, "created_at", c->created_at);
	return o;
}

static int
judge_place(struct db *db, struct arena *a, const struct conversation_wish *w,
    struct store_workspace *ws, const char **why)
{
	struct store_folder folder;
	int err = store_workspace_get(db, a, w->user_id, w->workspace_id, ws);

	*why = "workspace_id: there is no such workspace";
	if (err != 0)
		return err;
	*why = "the workspace is archived, or not ready";
	if (strcmp(ws->state, "ready") != 0 || ws->archived_at >= 0)
		return RDV_E_STATE;
	*why = "folder_id: there is no such folder";
	return w->folder_id == NULL
		   ? 0
		   : store_folder_get(db, a, w->user_id, w->folder_id, &folder);
}

static const char *
hosts_json(struct arena *a, const char *const *hosts)
{
	struct js *list;

	if (hosts == NULL || hosts[0] == NULL)
		return NULL;
	list = js_array();
	for (; *hosts != NULL; hosts++)
		js_push_str(list, *hosts);
	return dump(a, list);
}

static void
write_rows(struct tx *tx, const struct store_conversation *c,
    const struct store_workspace *ws)
{
	const struct store_session s = {
		.id = c->id,
		.user_id = c->user_id,
		.folder_id = c->folder_id,
		.name = c->name,
		.status = c->status,
		.project_path = ws->directory,
		.worktree_branch = ws->branch,
		.agent_provider = c->agent,
		.terminal_type = SESSION_CONVERSATION,
		.profile = c->profile,
		.network = c->network,
		.network_hosts_json = c->network_hosts_json,
		.last_activity_at = c->created_at,
		.created_at = c->created_at,
		.updated_at = c->created_at,
	};

	/* An error stays in the transaction, whose end tells of it. */
	(void)store_session_insert(tx, &s);
	(void)store_conversation_insert(tx, c);
	event_emit(tx, EV_CONVERSATION_CREATED, c->user_id, c->id,
	    conversation_json(c));
}

int
conversation_create(struct tx *tx, struct arena *a,
    const struct conversation_wish *w, struct store_conversation *out,
    const char **why)
{
	struct store_workspace ws;
	struct agent_command command;
	char id[UUID_TEXT];
	int err = judge_place(tx_db(tx), a, w, &ws, why);

	if (err != 0)
		return err;
	uuid_v7(id);
	*out = (struct store_conversation){
		.id = arena_strdup(a, id),
		.user_id = w->user_id,
		.workspace_id = ws.id,
		.agent = w->agent,
		.config_json = w->config_json != NULL ? w->config_json : "{}",
		.created_at = clock_wall_ms(),
		.name = w->name != NULL ? w->name : ws.name,
		.status = "active",
		.profile = w->profile != NULL ? w->profile : "agent",
		.network = w->network,
		.network_hosts_json = hosts_json(a, w->network_hosts),
		.folder_id = w->folder_id,
	};
	if (w->name != NULL && !session_name_ok(w->name, why))
		return RDV_E_INVALID;
	*why = run_policy_judge_hosts(w->network, w->network_hosts);
	if (*why != NULL)
		return RDV_E_INVALID;
	/* That nobody is asked is for its owner to say, turn by turn. */
	err = command_of(a, out, NULL, &command, why);
	if (err != 0)
		return err;
	write_rows(tx, out, &ws);
	return tx_error(tx);
}

int
conversation_close(struct tx *tx, const struct store_conversation *c)
{
	struct store_conversation closed = *c;
	int64_t now = clock_wall_ms();
	int err = store_session_closed(tx, c->id, now);

	if (err != 0)
		return err == RDV_E_STATE ? 0 : err;
	closed.status = "closed";
	(void)store_queued_cancel(tx, c->id, now);
	event_emit(tx, EV_CONVERSATION_CLOSED, c->user_id, c->id,
	    conversation_json(&closed));
	return tx_error(tx);
}
