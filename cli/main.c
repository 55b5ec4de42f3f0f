/* SPDX-License-Identifier: MIT */
/*
 * rdv: from the words of the command line to one command of the table. The
 * exit status is a promise (README): 0 done, 1 refused or failed, 2 wrong
 * usage with the usage line on stderr, 3 rdvd not reachable.
 */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/out.h"
#include "lib/log.h"

#ifdef RDV_SANITIZED
/* A search for leaks traces the process, and no run may; whose it is may. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Looked for by itself: the parser stops at the first wrong word. */
static bool
asks_for_json(char **argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "--json") == 0)
			return true;
	}
	return false;
}

/* `why` NULL: the command has told the reason itself. */
static int
wrong_usage(const struct cmd_call *c, const struct cli *early, const char *why)
{
	char usage[4096] = "rdv COMMAND [options]; rdv help lists the commands";

	if (c->cmd != NULL && c->cmd->harmless)
		return CMD_OK;
	if (c->cmd != NULL)
		help_usage(c->cmd, usage, sizeof(usage));
	if (why != NULL)
		out_error(early, "WRONG_USAGE", "%s", why);
	if (!early->json)
		(void)fprintf(stderr, "usage: %s\n", usage);
	return CMD_USAGE;
}

static int
show_help(const struct cmd_call *c, int argc, char **argv)
{
	const char *group = argc > 1 && cmd_is_group(argv[1]) ? argv[1] : NULL;

	if (c->cmd != NULL)
		help_command(c->cmd, stdout);
	else
		help_list(group, stdout);
	return CMD_OK;
}

/* Asked of the pipe itself: the errno of the write is long gone. */
static bool
nobody_reads(void)
{
	struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

/*
 * Output that could not be written is a failure, whatever the command says;
 * of "rdv events | head" nobody wants to hear.
 */
static int
finish(int rc)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return rc;
	if (!nobody_reads())
		(void)fprintf(stderr, "rdv: cannot write the output\n");
	return rc == CMD_OK ? CMD_FAILED : rc;
}

int
main(int argc, char **argv)
{
	/* Of the command line's own errors: cli_init() needs a call first. */
	struct cli early = { .json = asks_for_json(argv) };
	struct cmd_call call;
	struct cli cli;
	char why[256];
	int rc;

	/* For the width of characters only; messages stay English. */
	if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	log_init("rdv", STDERR_FILENO, LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		argv[1] += strlen("--");
	rc = cmd_parse(&call, argc - 1, argv + 1, why, sizeof(why));
	if (rc == CMD_OK && cmd_flag(&call, "help"))
		return finish(show_help(&call, argc, argv));
	if (rc != CMD_OK)
		return wrong_usage(&call, &early, why);
	if (cli_init(&cli, &call, why, sizeof(why)) != 0) {
		if (call.cmd->harmless)
			return CMD_OK;
		out_error(&early, "INVALID_PATH", "%s", why);
		return CMD_FAILED;
	}
	call.cli = &cli;
	rc = call.cmd->run(&call);
	cli_done(&cli);
	if (rc >= CMD_PROGRAM)
		return finish(rc - CMD_PROGRAM);
	return rc == CMD_USAGE ? wrong_usage(&call, &early, NULL) : finish(rc);
}
