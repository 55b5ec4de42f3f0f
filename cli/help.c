/* SPDX-License-Identifier: MIT */
/*
 * Help, generated from the rows: what a row does not say cannot be shown, and
 * what it says cannot be forgotten here.
 */
#include "cli/help.h"

#include <stdbool.h>
#include <string.h>

#include "cli/cmd.h"
#include "lib/buf.h"
#include "lib/str.h"

/* One less than a terminal has: some break the line at the last column. */
#define WIDTH 79

/* In the order of the row, which is the order of importance. */
static void
usage_option(struct buf *b, const struct cmd_opt *o)
{
	buf_printf(b, " [--%s", o->name);
	if (o->arg != NULL)
		buf_printf(b, " %s", o->words != NULL ? o->words : o->arg);
	buf_put_text(b, o->many ? "]..." : "]");
}

void
help_usage(const struct cmd *cmd, char *out, size_t size)
{
	const struct cmd_arg *a;
	const struct cmd_opt *o;
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "rdv %s", cmd->path);
	for (a = cmd->args; a != NULL && a->name != NULL; a++)
		buf_printf(&b, a->optional ? " [%s%s]" : " %s%s",
		    a->words != NULL ? a->words : a->name,
		    a->many ? "..." : "");
	for (o = cmd->opts; o != NULL && o->name != NULL; o++)
		usage_option(&b, o);
	if (cmd->rest != NULL)
		buf_printf(&b, " [-- %s]", cmd->rest);
	(void)str_copy(out, buf_cstr(&b), size);
	buf_done(&b);
}

/* Words of `text`, broken before column WIDTH, each line indented. */
static void
wrap(FILE *out, const char *text, unsigned indent)
{
	unsigned col = 0;
	size_t len;

	while (*(text += strspn(text, " \n")) != '\0') {
		len = strcspn(text, " \n");
		if (col > 0 && col + 1 + len > WIDTH) {
			(void)fputc('\n', out);
			col = 0;
		}
		if (col == 0)
			col = (unsigned)fprintf(out, "%*s", (int)indent, "");
		else
			col += (unsigned)fprintf(out, " ");
		col += (unsigned)fprintf(out, "%.*s", (int)len, text);
		text += len;
	}
	(void)fputc('\n', out);
}

static void
print_option(FILE *out, const struct cmd_opt *o)
{
	char left[64];
	int n;

	n = snprintf(left, sizeof(left), "--%s%s%s", o->name,
	    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
	if (o->letter != 0 && n > 0 && (size_t)n < sizeof(left))
		(void)snprintf(left + n, sizeof(left) - (size_t)n, ", -%c",
		    o->letter);
	(void)fprintf(out, "  %-18s  %s", left, o->help);
	if (o->words != NULL)
		(void)fprintf(out, " (%s)", o->words);
	if (o->max > 0)
		(void)fprintf(out, " [%lld..%lld]", (long long)o->min,
		    (long long)o->max);
	(void)fputc('\n', out);
}

void
help_command(const struct cmd *cmd, FILE *out)
{
	const struct cmd_opt *o;
	char usage[4096];

	help_usage(cmd, usage, sizeof(usage));
	(void)fprintf(out, "usage:\n");
	wrap(out, usage, 4);
	if (cmd->alias != NULL)
		(void)fprintf(out, "    short: rdv %s\n", cmd->alias);
	(void)fprintf(out, "\n%s\n", cmd->help);
	if (cmd->doc != NULL) {
		(void)fputc('\n', out);
		wrap(out, cmd->doc, 0);
	}
	if (cmd->opts != NULL)
		(void)fprintf(out, "\noptions:\n");
	for (o = cmd->opts; o != NULL && o->name != NULL; o++)
		print_option(out, o);
	(void)fprintf(out, "\noptions of every command:\n");
	for (o = cmd_globals; o->name != NULL; o++)
		print_option(out, o);
	if (strcmp(cmd->scope, "local") != 0)
		(void)fprintf(out, "\nThe token needs the scope: %s\n",
		    cmd->scope);
}

/* Hidden commands are for scripts and would only confuse. */
static bool
in_group(const struct cmd *cmd, const char *group)
{
	size_t n;

	if (cmd->hidden)
		return false;
	if (group == NULL)
		return true;
	n = strlen(group);
	return strncmp(cmd->path, group, n) == 0 && cmd->path[n] == ' ';
}

void
help_list(const char *group, FILE *out)
{
	const struct cmd_opt *o;
	size_t i;

	(void)fprintf(out, "usage: rdv COMMAND [options]\n\n");
	for (i = 0; cmds[i] != NULL; i++) {
		if (!in_group(cmds[i], group))
			continue;
		(void)fprintf(out, "  %-19s %s", cmds[i]->path, cmds[i]->help);
		if (cmds[i]->alias != NULL)
			(void)fprintf(out, " (also: %s)", cmds[i]->alias);
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "\noptions of every command:\n");
	for (o = cmd_globals; o->name != NULL; o++)
		print_option(out, o);
	(void)fprintf(out,
	    "\nrdv COMMAND --help tells more. Exit status: 0 done,"
	    " 1 refused or failed,\n2 wrong usage, 3 rdvd not reachable.\n");
}
