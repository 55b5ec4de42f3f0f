/* SPDX-License-Identifier: MIT */
/*
 * Words of a command line against the table of commands. Everything that can
 * be judged from a row alone (unknown options, missing values, bounds, counts)
 * is judged here, so that no command starts half way with a wrong argument.
 */
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/str.h"

const struct cmd_opt cmd_globals[] = {
	{ .name = "json", .help = "print JSON, stable and complete" },
	{ .name = "quiet", .letter = 'q', .help = "print errors only" },
	{ .name = "no-color", .help = "no colours (as NO_COLOR=1)" },
	{ .name = "socket",
	    .arg = "PATH",
	    .help = "use this socket (rdv help login: which else)" },
	{ .name = "timeout",
	    .arg = "S",
	    .min = 1,
	    .max = 86400,
	    .help = "give up after S seconds without an answer (30)" },
	{ .name = "help", .letter = 'h', .help = "show help and end" },
	{ .name = NULL },
};

struct parse {
	struct cmd_call *call;
	char **argv;
	int argc, at;
	const char *group; /* first word of a path with two */
	char *why;
	size_t whysize;
	bool verb; /* the word behind the group was read */
};

/* The word comes from outside and goes to a terminal. */
static int
refuse(struct parse *p, const char *what, const char *word)
{
	char safe[160];

	str_escape(safe, sizeof(safe), word, strlen(word));
	(void)snprintf(p->why, p->whysize, "%s: %s", what, safe);
	return CMD_USAGE;
}

/* Its name alone: what stands behind "=" may have been a secret. */
static int
refuse_option(struct parse *p, const char *what, const char *word)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="),
	    word);
	return refuse(p, what, name);
}

/* A walk: the table is short, and this is done once or twice. */
const struct cmd *
cmd_find(const char *words)
{
	size_t i;

	for (i = 0; cmds[i] != NULL; i++) {
		if (strcmp(cmds[i]->path, words) == 0)
			return cmds[i];
		if (cmds[i]->alias != NULL &&
		    strcmp(cmds[i]->alias, words) == 0)
			return cmds[i];
	}
	return NULL;
}

bool
cmd_is_group(const char *word)
{
	size_t i, n = strlen(word);

	for (i = 0; cmds[i] != NULL; i++) {
		if (strncmp(cmds[i]->path, word, n) == 0 &&
		    cmds[i]->path[n] == ' ')
			return true;
	}
	return false;
}

static const struct cmd_opt *
find_in(const struct cmd_opt *table, const char *name, size_t len, char letter)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (letter != 0 && table->letter == letter)
			return table;
		if (letter == 0 && strlen(table->name) == len &&
		    memcmp(table->name, name, len) == 0)
			return table;
	}
	return NULL;
}

/* A command's own option first; the test of the table allows no clash. */
static const struct cmd_opt *
find_opt(const struct cmd *cmd, const char *name, size_t len, char letter)
{
	const struct cmd_opt *o = NULL;

	if (cmd != NULL)
		o = find_in(cmd->opts, name, len, letter);
	return o != NULL ? o : find_in(cmd_globals, name, len, letter);
}

/* True when `value` is one of the words between the bars. */
static bool
word_in(const char *words, const char *value)
{
	size_t n = strlen(value), len;

	for (; *words != '\0'; words += len + (words[len] == '|')) {
		len = strcspn(words, "|");
		if (len == n && memcmp(words, value, n) == 0)
			return true;
	}
	return false;
}

/* Bounds stand in the row, so help, completion and this agree. */
static int
judge_value(struct parse *p, const struct cmd_opt *o, const char *value)
{
	char what[96];
	int64_t n;

	if (o->max > 0 && !str_to_i64(value, o->min, o->max, &n)) {
		(void)snprintf(what, sizeof(what),
		    "--%s wants a number from %lld to %lld, not", o->name,
		    (long long)o->min, (long long)o->max);
		return refuse(p, what, value);
	}
	if (o->words != NULL && !word_in(o->words, value)) {
		(void)snprintf(what, sizeof(what), "--%s wants one of %s, not",
		    o->name, o->words);
		return refuse(p, what, value);
	}
	return CMD_OK;
}

/* A flag given twice says the same twice; a value given twice is a mistake. */
static int
keep(struct parse *p, const struct cmd_opt *o, const char *value)
{
	struct cmd_call *c = p->call;
	unsigned i;

	for (i = 0; i < c->ngiven; i++) {
		if (c->given[i].opt == o && !o->many && o->arg != NULL)
			return refuse(p, "given twice", o->name);
	}
	if (c->ngiven == CMD_GIVEN_MAX)
		return refuse(p, "too many options, first too many", o->name);
	c->given[c->ngiven].opt = o;
	c->given[c->ngiven++].value = value;
	return judge_value(p, o, value);
}

/*
 * "--name", "--name=value", "-n", with the value possibly the next word. One
 * letter a word: "-ab" is no option, rather than two by accident.
 */
static int
take_option(struct parse *p, const char *word)
{
	const struct cmd_opt *o;
	const char *value = NULL, *name = word + 2;
	size_t len = 0;
	char letter = 0;

	if (word[1] == '-') {
		len = strcspn(name, "=");
		if (name[len] == '=')
			value = name + len + 1;
	} else if (word[2] == '\0') {
		letter = word[1];
	}
	o = find_opt(p->call->cmd, name, len, letter);
	if (o == NULL)
		return refuse_option(p, "no such option", word);
	if (o->arg == NULL) {
		if (value != NULL)
			return refuse_option(p, "option takes no value", word);
		return keep(p, o, "");
	}
	if (value == NULL) {
		if (p->at >= p->argc)
			return refuse(p, "option needs a value", word);
		value = p->argv[p->at++];
	}
	return keep(p, o, value);
}

/* "ls": the groups that have one, which is what was meant. */
static int
refuse_verb(struct parse *p, const char *word)
{
	char list[160] = "";
	size_t i, n = 0;
	const char *second;

	for (i = 0; cmds[i] != NULL; i++) {
		second = strchr(cmds[i]->path, ' ');
		if (second != NULL && strcmp(second + 1, word) == 0 &&
		    n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "%s%s", n > 0 ? ", " : "", cmds[i]->path);
	}
	if (n == 0)
		return refuse(p, "no such command", word);
	return refuse(p, "which one", list);
}

/* The first words name the command, and options may stand between them. */
static int
take_command_word(struct parse *p, const char *word)
{
	char both[96];

	if (p->group == NULL) {
		p->call->cmd = cmd_find(word);
		if (p->call->cmd == NULL && !cmd_is_group(word))
			return refuse_verb(p, word);
		p->group = word;
		return CMD_OK;
	}
	(void)snprintf(both, sizeof(both), "%.40s %.40s", p->group, word);
	p->call->cmd = cmd_find(both);
	p->verb = true;
	return p->call->cmd != NULL ? CMD_OK
				    : refuse(p, "no such command", both);
}

const struct cmd *
cmd_verb(const struct cmd *cmd, const char *group, const char *word)
{
	char both[96];

	if (cmd == NULL || cmd->alias == NULL || group == NULL ||
	    !str_starts(cmd->path, group) || strcmp(cmd->alias, group) != 0)
		return NULL;
	(void)snprintf(both, sizeof(both), "%.40s %.40s", group, word);
	return cmd_find(both);
}

/* "share ls", where "share" alone is a command: nothing else stands between. */
static bool
is_verb(const struct parse *p, const char *word)
{
	const struct cmd_call *c = p->call;

	for (unsigned i = 0; i < c->ngiven; i++) {
		if (find_in(cmd_globals, c->given[i].opt->name,
			strlen(c->given[i].opt->name), 0) != c->given[i].opt)
			return false;
	}
	return !p->verb && c->nargs == 0 &&
	       cmd_verb(c->cmd, p->group, word) != NULL;
}

static int
take_word(struct parse *p, const char *word)
{
	struct cmd_call *c = p->call;

	if (c->cmd == NULL || is_verb(p, word))
		return take_command_word(p, word);
	if (c->nargs == CMD_ARGS_MAX)
		return refuse(p, "too many arguments, first too many", word);
	c->args[c->nargs++] = word;
	return CMD_OK;
}

/* Counts after all was read, so that --help works without them. */
static int
judge_args(struct parse *p)
{
	struct cmd_call *c = p->call;
	const struct cmd_arg *a = c->cmd->args;
	unsigned i = 0;

	for (; a != NULL && a->name != NULL; a++, i++) {
		if (i >= c->nargs)
			return a->optional ? CMD_OK
					   : refuse(p, "missing", a->name);
		if (a->words != NULL && !word_in(a->words, c->args[i]))
			return refuse(p, "not one of those known", c->args[i]);
		if (a->many)
			return CMD_OK;
	}
	if (i < c->nargs)
		return refuse(p, "one argument too many", c->args[i]);
	return CMD_OK;
}

/* Behind "--" options have no meaning: it is a command, or plain words. */
static int
take_rest(struct parse *p)
{
	int rc = CMD_OK;

	if (p->call->cmd != NULL && p->call->cmd->rest != NULL) {
		p->call->rest = (const char *const *)p->argv + p->at;
		p->at = p->argc;
		return rc;
	}
	while (p->at < p->argc && rc == CMD_OK)
		rc = take_word(p, p->argv[p->at++]);
	return rc;
}

/*
 * True inside the last argument of "session exec NAME TEXT...": there "ls -l"
 * is text to be typed and not an option of ours.
 */
static bool
in_tail(const struct cmd_call *c)
{
	unsigned i;

	if (c->cmd == NULL || c->cmd->args == NULL)
		return false;
	for (i = 0; c->cmd->args[i].name != NULL; i++) {
		if (c->cmd->args[i].many)
			return c->nargs > i;
	}
	return false;
}

int
cmd_parse(struct cmd_call *c, int argc, char **argv, char *why, size_t whysize)
{
	struct parse p = { .call = c,
		.argv = argv,
		.argc = argc,
		.why = why,
		.whysize = whysize };
	int rc = CMD_OK;
	char *word;

	memset(c, 0, sizeof(*c));
	while (rc == CMD_OK && p.at < argc) {
		word = argv[p.at++];
		if (in_tail(c))
			rc = take_word(&p, word);
		else if (strcmp(word, "--") == 0)
			rc = take_rest(&p);
		/* A dash alone is a word, as for every other program. */
		else if (word[0] == '-' && word[1] != '\0')
			rc = take_option(&p, word);
		else
			rc = take_word(&p, word);
	}
	/* Who asks for help need not know yet what the command wants. */
	if (rc != CMD_OK || cmd_flag(c, "help"))
		return rc;
	if (c->cmd == NULL && p.group != NULL)
		return refuse(&p, "which one? see rdv help", p.group);
	if (c->cmd == NULL)
		return refuse(&p, "no command", "see rdv help");
	return judge_args(&p);
}

/* A misspelt name in a command would silently read as "not given". */
static const struct cmd_opt *
known(const struct cmd_call *c, const char *name)
{
	const struct cmd_opt *o = find_opt(c->cmd, name, strlen(name), 0);

	if (o == NULL)
		fatalx("cmd", "%s has no option %s",
		    c->cmd != NULL ? c->cmd->path : "rdv", name);
	return o;
}

const char *
cmd_nth(const struct cmd_call *c, const char *name, unsigned n)
{
	const struct cmd_opt *o = known(c, name);
	unsigned i;

	for (i = 0; i < c->ngiven; i++) {
		if (c->given[i].opt == o && n-- == 0)
			return c->given[i].value;
	}
	return NULL;
}

const char *
cmd_value(const struct cmd_call *c, const char *name)
{
	return cmd_nth(c, name, 0);
}

bool
cmd_flag(const struct cmd_call *c, const char *name)
{
	return cmd_nth(c, name, 0) != NULL;
}

int64_t
cmd_number(const struct cmd_call *c, const char *name, int64_t fallback)
{
	const char *v = cmd_value(c, name);
	int64_t n;

	/* Its bounds were judged when the option was read. */
	if (v == NULL || !str_to_i64(v, INT64_MIN, INT64_MAX, &n))
		return fallback;
	return n;
}
