/* SPDX-License-Identifier: MIT */
/*
 * What all agents' command lines have in common. Nothing of a variant ever
 * reaches a shell: what looks like a shell's line is cut into words here, by
 * its quotes alone. Invariant: the first word is a name or an absolute path,
 * so that no directory of the repository decides what runs.
 */
#include "daemon/agent/command.h"

#include <string.h>

#include "daemon/agent/agent.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

#define BLANK	  " \t\r\n"
#define LIST_STEP 32

/*
 * Options by which one of the agents asks nobody, or is told elsewhere whom it
 * asks: by their letters and digits alone, in small ones, as some agents take
 * --approvalMode for --approval-mode. With "*", all that begin so. A program
 * that is named by the account does what it does: this is about a mode that is
 * said in passing.
 */
static const char *const free_words[] = { "dangerously*", "allowdangerously*",
	"permissionmode", "permissionprompttool", "allowedtools", "settings*",
	"force", "yolo", "approvemcps", "agents", "autopilot",
	"skippermissionsunsafe", "auto", "fullauto", "approvalmode",
	"allowall*", "allowtool", "allowurl", "config*", "profile", "sandbox",
	"askforapproval", "policy", "adminpolicy", "skiptrust" };
/* Letters for them, also several in one word or with a value behind. */
#define FREE_LETTERS "yfasc"
/* Programs that fetch what they run, and words for them to run in a shell. */
static const char *const runners[] = { "npx", "bunx", "pnpm" };
static const char *const runner_words[] = { "call", "shellmode" };
#define RUNNER_LETTERS "c"

/*
 * Variables that say who is signed in, at which service, which model or how
 * things look: all others may be where an agent reads whom it asks, or the
 * directory that it reads it from.
 */
static const char *const plain_ends[] = { "_KEY", "_TOKEN", "_BASE_URL",
	"_MODEL" };
static const char *const plain_vars[] = { "HTTP_PROXY", "HTTPS_PROXY", "LANG",
	"LC_ALL", "NO_COLOR", "NO_PROXY", "TERM", "TZ" };

#define N(list) (sizeof(list) / sizeof((list)[0]))

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static void
refuse(struct command *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
}

/* Appends to a NULL-terminated list that grows in steps. */
static void
push(struct arena *a, const char ***list, size_t *n, const char *s)
{
	const char **grown;

	if (*n % LIST_STEP == 0) {
		grown = arena_alloc(a, (*n + LIST_STEP + 1) * sizeof(**list));
		if (*n > 0)
			memcpy(grown, *list, *n * sizeof(**list));
		*list = grown;
	}
	(*list)[(*n)++] = s;
}

/* One word at `*s`, with `*s` moved behind it; NULL without its quote's end. */
static char *
shell_word(struct arena *a, const char **s)
{
	char *out = arena_alloc(a, strlen(*s) + 1), quote = '\0';
	const char *p = *s;
	size_t n = 0;

	for (; *p != '\0' && (quote != '\0' || strchr(BLANK, *p) == NULL);
	     p++) {
		if (*p == '\\' && quote != '\'' && p[1] != '\0') {
			/* Within quotes it escapes those and itself alone. */
			if (quote == '"' && strchr("\"\\$`", p[1]) == NULL)
				out[n++] = *p;
			out[n++] = *++p;
		} else if (quote != '\0' && *p == quote)
			quote = '\0';
		else if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else
			out[n++] = *p;
	}
	*s = p;
	return quote == '\0' ? out : NULL;
}

/*
 * Words as a shell would have them, NULL-terminated; no expansion of any kind.
 * NULL when a quote is not closed.
 */
static const char **
split(struct arena *a, const char *text)
{
	const char **list = arena_alloc(a, sizeof(*list)), *w;
	size_t n = 0;

	for (text += strspn(text, BLANK); *text != '\0';
	     text += strspn(text, BLANK)) {
		w = shell_word(a, &text);
		if (w == NULL)
			return NULL;
		push(a, &list, &n, w);
	}
	return list;
}

/* Whether an option of that name, at most `n` long, is in the list. */
static bool
is_listed(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t len = strcspn(list[i], "*");

		if (strncmp(name, list[i], len) == 0 &&
		    (list[i][len] == '*' || name[len] == '\0'))
			return true;
	}
	return false;
}

/* The name of a long option, as lists have it; its value is no part of it. */
static const char *
bare_name(struct arena *a, const char *s)
{
	char *out = arena_alloc(a, strlen(s) + 1);
	size_t n = 0;

	for (; *s != '\0' && (*s == '-' || *s == '_' || is_alnum(*s)); s++)
		if (is_alnum(*s))
			out[n++] = *s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s;
	return out;
}

static bool
has_letter(const char *s, const char *letters)
{
	return strcspn(s, letters) < strcspn(s, "=");
}

/*
 * Whether a word is such an option. One dash is letters, whatever is behind
 * them, and so is a name of one letter behind two.
 */
static bool
is_free(struct arena *a, const char *word, bool runner)
{
	const char *letters = runner ? RUNNER_LETTERS : FREE_LETTERS;
	const char *name;

	if (word[0] != '-')
		return false;
	if (word[1] != '-')
		return has_letter(word + 1, letters);
	name = bare_name(a, word);
	if (name[0] != '\0' && name[1] == '\0')
		return has_letter(name, letters);
	return is_listed(name, free_words, N(free_words)) ||
	       (runner && is_listed(name, runner_words, N(runner_words)));
}

/* Whether a variable of that name, of `n` bytes, is one of those. */
static bool
is_plain(const char *name, size_t n)
{
	for (size_t i = 0; i < N(plain_ends); i++) {
		const size_t len = strlen(plain_ends[i]);

		if (n > len && memcmp(name + n - len, plain_ends[i], len) == 0)
			return true;
	}
	for (size_t i = 0; i < N(plain_vars); i++)
		if (strlen(plain_vars[i]) == n &&
		    memcmp(name, plain_vars[i], n) == 0)
			return true;
	return false;
}

/* A word of that field; `runner`: it is for one of those, not for an agent. */
static void
add_word(struct command *c, const char *field, const char *word, bool runner)
{
	if (is_free(c->a, word, runner))
		command_unasked(c, field);
	command_arg(c, word);
}

/* As env(1) is given them before the program. */
static bool
sets_other(const char *word)
{
	const size_t n = strcspn(word, "=");

	return word[0] != '-' && word[n] == '=' && !is_plain(word, n);
}

/* The program, and what is said to whatever runs the agent before its name. */
static void
add_base(struct command *c, const char *const *words)
{
	const char *slash = strrchr(words[0], '/');
	bool runner = is_listed(slash != NULL ? slash + 1 : words[0], runners,
	    N(runners));

	command_arg(c, words[0]);
	for (size_t i = 1; words[i] != NULL; i++) {
		if (words[i][0] != '-')
			runner = false;
		if (sets_other(words[i]))
			command_unasked(c, "base_command_override");
		add_word(c, "base_command_override", words[i], runner);
	}
}

void
command_unasked(struct command *c, const char *field)
{
	if (c->unasked == NULL)
		c->unasked = field;
}

void
command_init(struct command *c, struct arena *a, const struct js *config,
    const char *base)
{
	const char *own = js_str(config, "base_command_override", "");
	const char **words;

	memset(c, 0, sizeof(*c));
	c->a = a;
	c->config = config;
	words = split(a, *own != '\0' ? own : base);
	if (words == NULL || words[0] == NULL) {
		refuse(c, words == NULL
			      ? "base_command_override: a quote is not closed"
			      : "base_command_override: names no program");
		return;
	}
	if (words[0][0] != '/' && strchr(words[0], '/') != NULL)
		refuse(c, "base_command_override: has to begin with a name or "
			  "an absolute path");
	add_base(c, words);
}

void
command_arg(struct command *c, const char *arg)
{
	push(c->a, &c->argv, &c->nargv, arg);
}

void
command_option(struct command *c, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	command_arg(c, name);
	command_arg(c, arena_strdup(c->a, value));
}

void
command_env(struct command *c, const char *name, const char *value)
{
	push(c->a, &c->env, &c->nenv, arena_printf(c->a, "%s=%s", name, value));
}

void
command_extra(struct command *c)
{
	const struct js *list = js_get(c->config, "additional_params");
	const char *all = "", **words;

	for (size_t i = 0; i < js_len(list); i++) {
		const char *s = js_text(js_at(list, i));

		if (s == NULL)
			refuse(c, "additional_params: has to be texts");
		else
			all = arena_printf(c->a, "%s %s", all, s);
	}
	words = split(c->a, all);
	if (words == NULL) {
		refuse(c, "additional_params: a quote is not closed");
		return;
	}
	for (size_t i = 0; words[i] != NULL; i++)
		add_word(c, "additional_params", words[i], false);
}

static void
variant_env(struct command *c)
{
	const struct js *env = js_get(c->config, "env");
	const char *name;
	struct js *v;

	for (size_t i = 0; js_is_object(env) && js_member(env, i, &name, &v);
	     i++) {
		if (js_text(v) == NULL || *name == '\0' ||
		    strchr(name, '=') != NULL)
			refuse(c,
			    arena_printf(c->a,
				"env.%s: has to be a name with a text", name));
		else {
			if (!is_plain(name, strlen(name)))
				command_unasked(c, "env");
			command_env(c, name, js_text(v));
		}
	}
}

int
command_done(struct command *c, struct agent_command *out, const char **why)
{
	variant_env(c);
	if (c->why != NULL) {
		*why = c->why;
		return RDV_E_INVALID;
	}
	*out = (struct agent_command){
		.argv = c->argv, .env = c->env, .unasked = c->unasked
	};
	return 0;
}

char *
command_prompt(struct arena *a, const struct agent_wish *wish)
{
	char *text = arena_printf(a, "%s%s", wish->prompt,
	    js_str(wish->config, "append_prompt", ""));

	if (wish->history == NULL || wish->resume != NULL)
		return text;
	return arena_printf(a, COMMAND_HISTORY, wish->history, text);
}
