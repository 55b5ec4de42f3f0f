/* SPDX-License-Identifier: MIT */
#ifndef RDV_COMMAND_H
#define RDV_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct agent_command;
struct agent_wish;
struct arena;
struct js;

/*
 * The command line of an agent under construction, with what every variant may
 * have: base_command_override, additional_params and env. Everything is in the
 * arena; `config` is that of the wish.
 */
struct command {
	struct arena *a;
	const struct js *config;
	const char **argv, **env;
	size_t nargv, nenv;
	const char *why;     /* the first thing that was wrong, or NULL */
	const char *unasked; /* agent_command.unasked */
};

/* `base` is shell-split, unless the variant has its own. */
void command_init(struct command *c, struct arena *a, const struct js *config,
    const char *base);
void command_arg(struct command *c, const char *arg);
/* Both, when `value` is neither NULL nor empty. */
void command_option(struct command *c, const char *name, const char *value);
/* That field has nobody asked; the first one counts. */
void command_unasked(struct command *c, const char *field);
void command_env(struct command *c, const char *name, const char *value);
/* additional_params: joined by blanks, then shell-split. */
void command_extra(struct command *c);
/* Also the variant's environment. 0, or RDV_E_INVALID with `why`. */
int
command_done(struct command *c, struct agent_command *out, const char **why);

/* What was said so far, and the prompt, to one that begins anew. */
#define COMMAND_HISTORY                       \
	"# The conversation so far\n\n%s\n\n" \
	"# What is asked now\n\n%s\n\n"       \
	"Go on from there with what is asked now."
/*
 * The prompt with append_prompt behind it, and with the history before it where
 * nothing is resumed.
 */
char *command_prompt(struct arena *a, const struct agent_wish *wish);
#endif
