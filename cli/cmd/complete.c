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
#include "lib/js.h"
#include "lib/str.h"

/* Where the words so far lead to. */
struct place {
	const struct cmd *cmd;
	const char *group;
	const struct cmd_opt *opt; /* waits for its value */
	unsigned nargs;
};

static void
offer(const char *partial, const char *word, size_t len)
{
	/* A name with a line break cannot be typed back: leave it out. */
	if (strncmp(word, partial, strlen(partial)) == 0 &&
	    memchr(word, '\n', len) == NULL)
		(void)printf("%.*s\n", (int)len, word);
}

static void
offer_words(const char *partial, const char *words)
{
	size_t len;

	for (; *words != '\0'; words += len + (words[len] == '|')) {
		len = strcspn(words, "|");
		if (strncmp(words, partial, strlen(partial)) == 0)
			offer("", words, len);
	}
}

/* Only options in two words take the next one as their value. */
static const struct cmd_opt *
option(const struct cmd *cmd, const char *word)
{
	const struct cmd_opt *tables[] = { cmd != NULL ? cmd->opts : NULL,
		cmd_globals };
	const struct cmd_opt *o;
	size_t i;

	for (i = 0; i < 2; i++) {
		for (o = tables[i]; o != NULL && o->name != NULL; o++) {
			if (str_starts(word, "--") &&
			    strcmp(word + 2, o->name) == 0)
				return o;
			if (o->letter != 0 && word[0] == '-' &&
			    word[1] == o->letter && word[2] == '\0')
				return o;
		}
	}
	return NULL;
}

/* As the parser goes, but forgiving: a line being typed is half wrong. */
static void
walk(struct place *p, const char *word)
{
	const struct cmd_opt *o;
	char both[128];

	if (p->opt != NULL) {
		p->opt = NULL;
	} else if (word[0] == '-' && word[1] != '\0') {
		o = option(p->cmd, word);
		p->opt = o != NULL && o->arg != NULL ? o : NULL;
	} else if (p->cmd != NULL) {
		p->nargs++;
	} else if (p->group == NULL) {
		p->cmd = cmd_find(word);
		p->group = p->cmd == NULL ? word : NULL;
	} else {
		(void)snprintf(both, sizeof(both), "%.60s %.60s", p->group,
		    word);
		p->cmd = cmd_find(both);
	}
}

/* First words once each, and aliases; or the second words of a group. */
static void
offer_commands(const char *group, const char *partial)
{
	const char *path, *last = "";
	size_t i, n, g = group != NULL ? strlen(group) : 0;

	for (i = 0; cmds[i] != NULL; i++) {
		path = cmds[i]->path;
		if (cmds[i]->hidden)
			continue;
		if (group != NULL) {
			if (strncmp(path, group, g) == 0 && path[g] == ' ')
				offer(partial, path + g + 1,
				    strlen(path + g + 1));
			continue;
		}
		n = strcspn(path, " ");
		if (strlen(last) < n || strncmp(last, path, n) != 0)
			offer(partial, path, n);
		last = path;
		if (cmds[i]->alias != NULL)
			offer(partial, cmds[i]->alias, strlen(cmds[i]->alias));
	}
}

static void
offer_options(const struct cmd *cmd, const char *partial)
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
			offer(partial, word, (size_t)n);
		}
	}
}

/* Silent: a message in the middle of somebody's command line helps nobody. */
static void
offer_names(const struct cmd_call *c, const char *target, const char *partial)
{
	const char *name;
	struct js *list;
	char why[512];
	size_t i;

	if (api_try(c, target, &list, why, sizeof(why)) != 0)
		return;
	for (i = 0; i < js_len(list); i++) {
		name = js_str(js_at(list, i), "name", "");
		offer(partial, name, strlen(name));
	}
	js_free(list);
}

static void
offer_kind(const struct cmd_call *c, enum cmd_word kind, const char *words,
    const char *partial)
{
	if (words != NULL)
		offer_words(partial, words);
	else if (kind == CMD_SESSION)
		offer_names(c, "/api/sessions", partial);
	else if (kind == CMD_FOLDER)
		offer_names(c, "/api/folders", partial);
	else if (kind == CMD_DIR)
		out_line("//dir"); /* the script asks the shell itself */
	else if (kind == CMD_COMMAND)
		offer_commands(NULL, partial);
}

static int
complete(struct cmd_call *c)
{
	struct place p = { .cmd = NULL };
	const char *partial;
	unsigned i, at;

	for (i = 0; i + 1 < c->nargs; i++)
		walk(&p, c->args[i]);
	partial = c->nargs > 0 ? c->args[c->nargs - 1] : "";
	if (p.opt != NULL) {
		offer_kind(c, p.opt->word, p.opt->words, partial);
	} else if (partial[0] == '-') {
		offer_options(p.cmd, partial);
	} else if (p.cmd == NULL) {
		offer_commands(p.group, partial);
	} else {
		for (at = 0;
		     p.cmd->args != NULL && p.cmd->args[at].name != NULL;
		     at++) {
			if (at == p.nargs)
				offer_kind(c, p.cmd->args[at].word,
				    p.cmd->args[at].words, partial);
		}
	}
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
