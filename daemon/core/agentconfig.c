/* SPDX-License-Identifier: MIT */
/*
 * The agents' configuration of an account. Invariant: what is stored was judged
 * by the rules of variants and by the adapter of each agent, so that a variant
 * that can be chosen can be run.
 */
#include "daemon/core/agentconfig.h"

#include <stdint.h>
#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/variant.h"
#include "daemon/core/conversation.h"
#include "daemon/store/agentconfigs.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"

#define CONFIG_BYTES (256 * 1024)

static const char *
say(struct arena *a, const struct variant_error *e)
{
	return arena_printf(a, "%s: %s", e->path, e->why);
}

static struct js *
parse(const char *text)
{
	char why[64];

	return text != NULL ? js_parse(text, strlen(text), why, sizeof(why))
			    : NULL;
}

/* In the arena, or NULL when it is too long. */
static const char *
text_of(struct arena *a, const struct js *v)
{
	const char *text;
	struct buf b;

	buf_init(&b, CONFIG_BYTES);
	js_dump(v, &b);
	text = buf_ok(&b) ? arena_strdup(a, buf_cstr(&b)) : NULL;
	buf_done(&b);
	return text;
}

struct js *
agentconfig_get(struct db *db, struct arena *a, const char *user_id,
    const char **why)
{
	struct variant_error e;
	const char *json;
	struct js *stored, *all;
	int64_t version;
	int err = store_agent_config_get(db, a, user_id, &json, &version);

	*why = "the configuration of agents cannot be read";
	if (err != 0 && err != RDV_E_NOT_FOUND)
		return NULL;
	stored = parse(json);
	all = variant_merge(stored, &e);
	js_free(stored);
	if (all == NULL)
		*why = say(a, &e);
	else
		js_add_int(all, "version", version);
	return all;
}

/* How far below `executors` and all lie the fields of a variant. */
#define FIELDS_DEPTH 4

static struct js *
without_values(const struct js *v, unsigned depth)
{
	const char *key;
	struct js *o, *in;

	if (!js_is_object(v))
		return js_copy(v);
	if (depth == 0)
		return conversation_config_shown(v);
	o = js_object();
	for (size_t i = 0; js_member(v, i, &key, &in); i++)
		js_add(o, key, without_values(in, depth - 1));
	return o;
}

struct js *
agentconfig_shown(const struct js *all)
{
	return without_values(all, FIELDS_DEPTH);
}

/* The adapter's word: what no command can be made of is not stored. */
static bool
runs(struct arena *a, const struct agent_ops *ops, const char *variant,
    const struct js *fields, const char **why)
{
	struct agent_wish wish = { .prompt = "", .cwd = "/", .confined = true };
	const char *said = NULL, *text = text_of(a, fields);
	struct agent_command command;
	struct js *config;
	int err;

	text = text != NULL ? conversation_config(a, ops, text, NULL, &said)
			    : NULL;
	if (text == NULL) {
		*why = "executors: is too long";
		return false;
	}
	wish.config = config = parse(text);
	err = ops->command(a, &wish, &command, &said);
	js_free(config);
	if (err != 0)
		*why = arena_printf(a, "executors.%s.%s.%s.%s", ops->name,
		    variant, ops->name, said);
	return err == 0;
}

/*
 * Each variant of each agent but a DEFAULT of ours: that of the agent for any
 * other one has to be told first what to run.
 */
static bool
all_run(struct arena *a, const struct js *stored, const char **why)
{
	const struct js *executors = js_get(stored, "executors");
	const char *agent, *variant;
	struct js *list, *v;

	for (size_t i = 0; js_member(executors, i, &agent, &list); i++) {
		const struct agent_ops *ops = agent_find(agent);

		for (size_t k = 0; js_member(list, k, &variant, &v); k++)
			if (ops != NULL && js_get(v, agent) != NULL &&
			    !runs(a, ops, variant, js_get(v, agent), why))
				return false;
	}
	return true;
}

/* Who changes one variant puts all others as he saw them. */
static int
unchanged(struct db *db, struct arena *a, const char *user_id, int64_t version,
    const char **why)
{
	const char *json;
	int64_t now;
	int err = store_agent_config_get(db, a, user_id, &json, &now);

	if (err != 0 && err != RDV_E_NOT_FOUND)
		return err;
	*why = "version: the variants were changed meanwhile; look again";
	return now == version ? 0 : RDV_E_STATE;
}

int
agentconfig_put(struct tx *tx, struct arena *a, const char *user_id,
    const char *executors, const int64_t *version, const char **why)
{
	struct js *given = js_object(), *stored;
	struct variant_error e;
	const char *text;
	int err;

	js_add_json(given, "executors", executors);
	stored = variant_difference(given, &e);
	js_free(given);
	if (stored == NULL) {
		*why = say(a, &e);
		return RDV_E_INVALID;
	}
	text = all_run(a, stored, why) ? text_of(a, stored) : NULL;
	js_free(stored);
	if (text == NULL)
		return RDV_E_INVALID;
	err = version == NULL ? 0
			      : unchanged(tx_db(tx), a, user_id, *version, why);
	return err != 0 ? err : store_agent_config_put(tx, user_id, text);
}

static bool
chosen(const struct variant_pick *p)
{
	return p->variant != NULL || p->model_id != NULL ||
	       p->agent_id != NULL || p->reasoning_id != NULL ||
	       p->permission_policy != NULL;
}

/* Members of `from` that `over` has no say in. */
static void
add_members(struct arena *a, struct js *to, const struct js *from,
    const struct js *over)
{
	const char *key, *text;
	struct js *v;

	for (size_t i = 0; js_member(from, i, &key, &v); i++) {
		text = js_get(over, key) == NULL ? text_of(a, v) : NULL;
		if (text != NULL)
			js_add_json(to, key, text);
	}
}

/* Takes `fields`. */
static int
lay_over(struct arena *a, struct js *fields, const char *config_json,
    const char **out, const char **why)
{
	struct js *config = parse(config_json), *all = js_object();
	const bool good = config == NULL || js_is_object(config);

	if (good) {
		add_members(a, all, config, NULL);
		add_members(a, all, fields, config);
		*out = text_of(a, all);
	}
	*why = good ? "config: is too long" : "config: must be an object";
	js_free(fields);
	js_free(config);
	js_free(all);
	return good && *out != NULL ? 0 : RDV_E_INVALID;
}

int
agentconfig_pick(struct db *db, struct arena *a, const char *user_id,
    const struct variant_pick *pick, const char *config_json, const char **out,
    const char **why)
{
	struct variant_error e;
	const char *json;
	struct js *all, *fields;
	int err = store_agent_config_get(db, a, user_id, &json, NULL);

	*out = config_json;
	*why = "the configuration of agents cannot be read";
	if (err != 0 && err != RDV_E_NOT_FOUND)
		return err;
	if (!chosen(pick) && (json == NULL || pick->now != NULL))
		return 0;
	*out = NULL;
	all = agentconfig_get(db, a, user_id, why);
	if (all == NULL)
		return RDV_E_INVALID;
	fields = variant_fields(all, pick, &e);
	js_free(all);
	if (fields == NULL) {
		*why = say(a, &e);
		return RDV_E_INVALID;
	}
	return lay_over(a, fields, config_json, out, why);
}
