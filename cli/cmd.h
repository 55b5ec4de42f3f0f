/* SPDX-License-Identifier: MIT */
#ifndef RDV_CMD_H
#define RDV_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A command is one row: cli/cmd/<name>.c exports `const struct cmd cmd_<name>`
 * and make collects the rows into cmds[]. Parsing, usage line, help, bounds
 * and shell completion all come from the row.
 */

/* The exit status of rdv, as the README promises it. */
enum cmd_exit { CMD_OK, CMD_FAILED, CMD_USAGE, CMD_UNREACHABLE };
/* Added to the status of a program that becomes ours: attach --exit-code. */
#define CMD_PROGRAM 256

/* What an argument names: the shell completion offers those. */
enum cmd_word {
	CMD_TEXT,
	CMD_SESSION,
	CMD_FOLDER,
	CMD_REPO,
	CMD_WORKSPACE,
	CMD_LINK,
	CMD_DIR,
	CMD_COMMAND, /* a command of rdv itself */
	CMD_KEY,
	CMD_WORD_MAX
};

#define CMD_ARGS_MAX  64 /* positional words of one call */
#define CMD_GIVEN_MAX 64 /* options of one call */

struct cmd_opt {
	const char *name;  /* without the dashes; NULL ends a table */
	const char *arg;   /* "DIR"; NULL: a flag */
	const char *words; /* "login|script": one of these, or NULL */
	const char *help;
	int64_t min, max; /* a whole number within these when max > 0 */
	enum cmd_word word;
	char letter; /* 0: none */
	bool many;   /* may be given more than once */
};

struct cmd_arg {
	const char *name; /* "NAME"; NULL ends a table */
	const char *words;
	enum cmd_word word;
	bool optional;
	bool many; /* the last one only: takes all that follow, dashes too */
};

struct cmd_call;

struct cmd {
	const char *path;  /* "session new" */
	const char *alias; /* one word instead of the path, or NULL */
	const struct cmd_arg *args;
	const struct cmd_opt *opts;
	const char *rest;  /* "COMMAND": what stands behind "--", or NULL */
	const char *help;  /* one line */
	const char *doc;   /* what else there is to know, or NULL */
	const char *scope; /* "read", "run", "approve", "full"; "local": none */
	bool hidden;	   /* for scripts; in no list */
	/* Its caller takes a status for an order: wrong usage is none. */
	bool harmless;
	int (*run)(struct cmd_call *c);
};

extern const struct cmd *const cmds[];
extern const struct cmd_opt cmd_globals[];

struct cmd_given {
	const struct cmd_opt *opt;
	const char *value; /* "" for a flag */
};

struct cli;

/* One invocation, as the command sees it. */
struct cmd_call {
	const struct cmd *cmd;
	const struct cli *cli;
	const char *args[CMD_ARGS_MAX + 1]; /* NULL-terminated */
	unsigned nargs;
	const char *const *rest; /* NULL-terminated; NULL without "--" */
	struct cmd_given given[CMD_GIVEN_MAX];
	unsigned ngiven;
};

/*
 * Fills `c` from the words after the program's name. CMD_OK, or CMD_USAGE
 * with one sentence in `why`; c->cmd is set as far as it was recognised.
 */
int
cmd_parse(struct cmd_call *c, int argc, char **argv, char *why, size_t whysize);
/* Row by its path ("session new") or alias; NULL when there is none. */
const struct cmd *cmd_find(const char *words);
/*
 * The command that "GROUP WORD" means where `cmd` is what GROUP alone means, by
 * an alias of that name: "share ls" beside "share". NULL: there is none.
 */
const struct cmd *
cmd_verb(const struct cmd *cmd, const char *group, const char *word);
/* True when some command's path begins with this word and goes on. */
bool cmd_is_group(const char *word);

/* Options of a call, by name. A name the row lacks is a bug and dies. */
const char *cmd_value(const struct cmd_call *c, const char *name);
bool cmd_flag(const struct cmd_call *c, const char *name);
int64_t
cmd_number(const struct cmd_call *c, const char *name, int64_t fallback);
/* The i-th value of an option that may be repeated, or NULL. */
const char *cmd_nth(const struct cmd_call *c, const char *name, unsigned i);

#endif
