/* SPDX-License-Identifier: MIT */
/*
 * What the configuration of Codex means: its command line and the parameters of
 * its threads. Invariant: nobody is left unasked but where the configuration
 * takes every bound away and names nothing that is to be asked.
 */
#include "daemon/agent/codexstate.h"

#include <string.h>

#include "daemon/agent/command.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define FREE_SANDBOX "danger-full-access"

static const char *
set(const struct codex *c, const char *key)
{
	return js_str(c->config, key, NULL);
}

static const char *
sandbox(const struct codex *c)
{
	const char *word = set(c, "sandbox");

	if (word == NULL || strcmp(word, "auto") == 0)
		return "workspace-write";
	return word;
}

bool
codex_trusted(const struct codex *c)
{
	return strcmp(sandbox(c), FREE_SANDBOX) == 0 &&
	       set(c, "ask_for_approval") == NULL;
}

static const char *
policy(const struct codex *c)
{
	const char *word = set(c, "ask_for_approval");

	if (word == NULL)
		return codex_trusted(c) ? "never" : "on-request";
	return strcmp(word, "unless-trusted") == 0 ? "untrusted" : word;
}

/* Its own name of each, and what it is in the configuration. */
static const struct {
	const char *name, *key;
} settings[] = {
	{ "model_reasoning_effort", "model_reasoning_effort" },
	{ "model_reasoning_summary", "model_reasoning_summary" },
	{ "model_reasoning_summary_format", "model_reasoning_summary_format" },
	{ "profile", "profile" },
	{ "compact_prompt", "compact_prompt" },
};
static const struct {
	const char *name, *key;
} params[] = {
	{ "baseInstructions", "base_instructions" },
	{ "modelProvider", "model_provider" },
	{ "developerInstructions", "developer_instructions" },
};

static struct js *
thread_config(const struct codex *c)
{
	struct js *o = js_object();

	js_add_bool(o, "features.default_mode_request_user_input", true);
	js_add_bool(o, "suppress_unstable_features_warning", true);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (set(c, settings[i].key) != NULL)
			js_add_str(o, settings[i].name,
			    set(c, settings[i].key));
	if (js_bool(c->config, "include_apply_patch_tool", false))
		js_add_bool(o, "include_apply_patch_tool", true);
	return o;
}

/* "-fast" is the same model, served faster. */
static void
add_model(const struct codex *c, struct js *o)
{
	static const char fast[] = "-fast";
	const char *model = set(c, "model");
	struct buf b;

	if (model == NULL)
		return;
	if (!str_ends(model, fast)) {
		js_add_str(o, "model", model);
		return;
	}
	buf_init(&b, strlen(model));
	buf_put(&b, model, strlen(model) - (sizeof(fast) - 1));
	js_add_str(o, "model", buf_cstr(&b));
	js_add_str(o, "serviceTier", "fast");
	buf_done(&b);
}

struct js *
codex_thread_params(const struct codex *c)
{
	struct js *o = js_object();

	if (c->resume != NULL)
		js_add_str(o, "threadId", c->resume);
	add_model(c, o);
	js_add_str(o, "cwd", c->cwd);
	js_add_str(o, "approvalPolicy", policy(c));
	js_add_str(o, "sandbox", sandbox(c));
	js_add(o, "config", thread_config(c));
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (set(c, params[i].key) != NULL)
			js_add_str(o, params[i].name, set(c, params[i].key));
	js_add_bool(o, "experimentalRawEvents", false);
	js_add_bool(o, "persistExtendedHistory", false);
	return o;
}

/* Fields that are one of some words. */
static const struct {
	const char *key, *words;
} choices[] = {
	{ "sandbox", "auto|read-only|workspace-write|danger-full-access" },
	{ "ask_for_approval", "unless-trusted|on-failure|on-request|never" },
	{ "model_reasoning_effort", "low|medium|high|xhigh" },
	{ "model_reasoning_summary", "auto|concise|detailed|none" },
	{ "model_reasoning_summary_format", "none|experimental" },
};

static bool
one_of(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; p != NULL; p = strchr(p, '|')) {
		p += *p == '|';
		if (n > 0 && strncmp(p, word, n) == 0 &&
		    (p[n] == '|' || p[n] == '\0'))
			return true;
	}
	return false;
}

static const char *
wrong(struct arena *a, const struct js *config)
{
	const struct js *v;

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		v = js_get(config, choices[i].key);
		if (v == NULL || js_is_null(v))
			continue;
		if (js_text(v) == NULL || !one_of(choices[i].words, js_text(v)))
			return arena_printf(a, "%s: has to be one of %s",
			    choices[i].key, choices[i].words);
	}
	return NULL;
}

/*
 * Codex asks before it leaves its sandbox, if it is to ask at all; without a
 * sandbox it asks only where it trusts nothing.
 */
static const char *
unasked(const struct js *config)
{
	const char *asks = js_str(config, "ask_for_approval", NULL);

	if (asks != NULL && strcmp(asks, "never") == 0)
		return "ask_for_approval";
	if (strcmp(js_str(config, "sandbox", ""), FREE_SANDBOX) == 0 &&
	    (asks == NULL || strcmp(asks, "unless-trusted") != 0))
		return "sandbox";
	return NULL;
}

int
codex_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	struct command c;

	*why = wrong(a, wish->config);
	if (*why != NULL)
		return RDV_E_INVALID;
	command_init(&c, a, wish->config, "codex app-server");
	command_unasked(&c, unasked(wish->config));
	if (js_bool(wish->config, "oss", false))
		command_arg(&c, "--oss");
	command_extra(&c);
	command_env(&c, "NO_COLOR", "1");
	command_env(&c, "NODE_NO_WARNINGS", "1");
	command_env(&c, "RUST_LOG", "error");
	return command_done(&c, out, why);
}
