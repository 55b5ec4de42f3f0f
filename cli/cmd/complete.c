/* SPDX-License-Identifier: MIT */
/*
 * rdv __complete: for the completion scripts. Everything that is offered
 * comes from the table of commands, or, for names, from rdvd; when it does not
 * answer at once there are no names, and never an error.
 */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"
#include "lib/str.h"

/* Where the words so far lead to. */
struct place {
	const struct cmd *cmd;
	const char *group;
	const struct cmd_opt *opt; /* waits for its value */
	unsigned nargs;
	bool verb; /* of a group has been named */
};

/* The word being typed: "--profile=" leads, "lo" is to be completed. */
struct want {
	const char *lead;
	size_t lead_len;
	const char *partial;
};

static void
offer(const struct want *w, const char *word, size_t len)
{
	size_t n = strlen(w->partial);

	/* A name with a line break cannot be typed back: leave it out. */
	if (len >= n && memcmp(word, w->partial, n) == 0 &&
	    memchr(word, '\n', len) == NULL)
		(void)printf("%.*s%.*s\n", (int)w->lead_len, w->lead, (int)len,
		    word);
}

static void
offer_words(const struct want *w, const char *words)
{
	size_t len;

	for (; *words != '\0'; words += len + (words[len] == '|')) {
		len = strcspn(words, "|");
		offer(w, words, len);
	}
}

/* By the first `len` bytes of the word: "--profile", or "-p". */
static const struct cmd_opt *
option(const struct cmd *cmd, const char *word, size_t len)
{
	const struct cmd_opt *tables[] = { cmd != NULL ? cmd->opts : NULL,
		cmd_globals };
	const struct cmd_opt *o;
	size_t i;

	for (i = 0; i < 2; i++) {
		for (o = tables[i]; o != NULL && o->name != NULL; o++) {
			if (str_starts(word, "--") &&
			    strlen(o->name) + 2 == len &&
			    memcmp(word + 2, o->name, len - 2) == 0)
				return o;
			if (o->letter != 0 && len == 2 && word[0] == '-' &&
			    word[1] == o->letter)
				return o;
		}
	}
	return NULL;
}

/*
 * As the parser goes, but forgiving: a line being typed is half wrong. Only an
 * option without "=" takes the next word as its value.
 */
static void
walk(struct place *p, const char *word)
{
	const struct cmd_opt *o;
	char both[128];

	if (p->opt != NULL) {
		p->opt = NULL;
	} else if (word[0] == '-' && word[1] != '\0') {
		o = option(p->cmd, word, strlen(word));
		p->opt = o != NULL && o->arg != NULL ? o : NULL;
	} else if (p->group != NULL && p->nargs == 0 && !p->verb &&
		   cmd_verb(p->cmd, p->group, word) != NULL) {
		p->cmd = cmd_verb(p->cmd, p->group, word);
		p->verb = true;
	} else if (p->cmd != NULL) {
		p->nargs++;
	} else if (p->group == NULL) {
		p->cmd = cmd_find(word);
		p->group = word;
	} else {
		(void)snprintf(both, sizeof(both), "%.60s %.60s", p->group,
		    word);
		p->cmd = cmd_find(both);
	}
}

/* First words once each, and aliases; or the second words of a group. */
static void
offer_commands(const struct want *w, const char *group)
{
	const char *path, *last = "";
	size_t i, n, g = group != NULL ? strlen(group) : 0;

	for (i = 0; cmds[i] != NULL; i++) {
		path = cmds[i]->path;
		if (cmds[i]->hidden)
			continue;
		if (group != NULL) {
			if (strncmp(path, group, g) == 0 && path[g] == ' ')
				offer(w, path + g + 1, strlen(path + g + 1));
			continue;
		}
		n = strcspn(path, " ");
		if (strlen(last) < n || strncmp(last, path, n) != 0)
			offer(w, path, n);
		last = path;
		if (cmds[i]->alias != NULL)
			offer(w, cmds[i]->alias, strlen(cmds[i]->alias));
	}
}

static void
offer_options(const struct want *w, const struct cmd *cmd)
{
	const struct cmd_opt *tables[] = { cmd != NULL ? cmd->opts : NULL,
		cmd_globals };
	const struct cmd_opt *o;
	char word[80];
	size_t i;
	int n;

	for (i = 0; i < 2; i++) {
		for (o = tables[i]; o != NULL && o->name != NULL; o++) {
			n = snprintf(word, sizeof(word), "--%s", o->name);
			offer(w, word, (size_t)n);
		}
	}
}

/* Silent: a message in the middle of somebody's command line helps nobody. */
static void
offer_names(const struct want *w, const struct cmd_call *c, const char *target,
    const char *key)
{
	const char *name;
	struct js *list;
	char why[512];
	const struct js *items;
	size_t i;

	if (api_try(c, target, &list, why, sizeof(why)) != 0)
		return;
	/* Some lists have pages. */
	items = js_is_array(list) ? list : js_get(list, "items");
	for (i = 0; i < js_len(items); i++) {
		name = js_str(js_at(items, i), key, "");
		/* A link need not say who it is for. */
		if (name[0] != '\0')
			offer(w, name, strlen(name));
	}
	js_free(list);
}

/* Those people look for, of daemon/term/key.c. */
static const char key_words[] =
    "Enter|Tab|Escape|Up|Down|Left|Right|PageUp|PageDown|Home|End|Backspace|"
    "Space|Delete|Insert|BTab|F1|F2|F3|F4|F5|F6|F7|F8|F9|F10|F11|F12|"
    "C-a|C-b|C-c|C-d|C-e|C-f|C-g|C-h|C-i|C-j|C-k|C-l|C-m|C-n|C-o|C-p|C-q|C-r|"
    "C-s|C-t|C-u|C-v|C-w|C-x|C-y|C-z|M-b|M-d|M-f|M-x";

static void
offer_kind(const struct want *w, const struct cmd_call *c, enum cmd_word kind,
    const char *words)
{
	if (words != NULL)
		offer_words(w, words);
	else if (kind == CMD_SESSION)
		offer_names(w, c, "/api/sessions", "name");
	else if (kind == CMD_FOLDER)
		offer_names(w, c, "/api/folders", "name");
	else if (kind == CMD_REPO)
		offer_names(w, c, PICK_REPOS, "name");
	else if (kind == CMD_WORKSPACE)
		offer_names(w, c, PICK_WORKSPACES, "name");
	else if (kind == CMD_LINK)
		offer_names(w, c, "/api/links", "label");
	else if (kind == CMD_DIR)
		out_line("//dir"); /* the script asks the shell itself */
	else if (kind == CMD_COMMAND)
		offer_commands(w, NULL);
	else if (kind == CMD_KEY)
		offer_words(w, key_words);
}

/* An option, or behind its "=" a value: that one is offered with its option. */
static void
offer_dashes(struct want *w, const struct cmd_call *c, const struct cmd *cmd)
{
	size_t len = strcspn(w->partial, "=");
	const struct cmd_opt *o;

	if (w->partial[len] != '=') {
		offer_options(w, cmd);
		return;
	}
	o = option(cmd, w->partial, len);
	if (o == NULL || o->arg == NULL)
		return;
	w->lead = w->partial;
	w->lead_len = len + 1;
	w->partial += len + 1;
	offer_kind(w, c, o->word, o->words);
}

static void
offer_arg(const struct want *w, const struct cmd_call *c, const struct place *p)
{
	const struct cmd_arg *a = p->cmd->args;
	unsigned at = 0;

	/* Where a command is also the name of a group. */
	if (p->nargs == 0 && !p->verb && p->cmd->alias != NULL &&
	    strcmp(p->cmd->alias, p->group) == 0 && cmd_is_group(p->group))
		offer_commands(w, p->group);
	while (a != NULL && a->name != NULL && !a->many && at < p->nargs)
		a++, at++;
	if (a != NULL && a->name != NULL)
		offer_kind(w, c, a->word, a->words);
}

static int
complete(struct cmd_call *c)
{
	struct want w = { .lead = "", .partial = "" };
	struct place p = { .cmd = NULL };
	unsigned i;

	for (i = 0; i + 1 < c->nargs; i++)
		walk(&p, c->args[i]);
	if (c->nargs > 0)
		w.partial = c->args[c->nargs - 1];
	if (p.opt != NULL)
		offer_kind(&w, c, p.opt->word, p.opt->words);
	else if (w.partial[0] == '-')
		offer_dashes(&w, c, p.cmd);
	else if (p.cmd == NULL)
		offer_commands(&w, p.group);
	else
		offer_arg(&w, c, &p);
	return CMD_OK;
}

static const struct cmd_arg args[] = {
	{ .name = "WORD", .optional = true, .many = true },
	{ .name = NULL },
};

const struct cmd cmd_complete = {
	.path = "__complete",
	.args = args,
	.help = "offer what may come next (for completion scripts)",
	.scope = "read",
	.hidden = true,
	.run = complete,
};
