/* SPDX-License-Identifier: MIT */
/*
 * The first words a new user reads: each line is something to do next.
 */
#include "cli/upreport.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/logline.h"
#include "cli/out.h"
#include "lib/js.h"
#include "lib/str.h"

#define LOG_SHOWN 4096

/* The command is how a shell here calls us, RDV_HOME included. */
struct js *
upreport_new(const struct cli *cli, pid_t pid, const char *url)
{
	struct js *v = js_object();
	char *self = cli_prefix(cli);

	js_add_str(v, "url", url);
	js_add_str(v, "command", self);
	js_add_str(v, "base", cli->base);
	js_add_int(v, "pid", pid);
	free(self);
	return v;
}

void
upreport_print(const struct cmd_call *c, const struct js *v)
{
	const char *self = js_str(v, "command", "rdv");
	const char *url = js_str(v, "url", NULL);
	bool running = js_bool(v, "already_running", false);
	bool background = running || js_bool(v, "background", false);

	if (c->cli->json) {
		out_json(v);
		(void)fflush(stdout);
		return;
	}
	if (running)
		(void)printf("rdv is running already, as process %lld.\n\n",
		    (long long)js_int(v, "pid", 0));
	else
		(void)printf("rdv is ready, after %lld ms.\n\n",
		    (long long)js_int(v, "ready_ms", 0));
	if (url != NULL)
		(void)printf("  browser   %s\n"
			     "            (works once, within 5 minutes; "
			     "another one: %s open)\n",
		    url, self);
	(void)printf("  terminal  %s session new demo --attach\n", self);
	(void)printf("  state     %s\n", js_str(v, "base", "?"));
	if (background)
		(void)printf("  stop      %s down\n", self);
	else
		(void)printf("  stop      Ctrl-C\n");
	(void)printf("\n");
	(void)fflush(stdout);
}

/* NUL-terminated and at most LOG_SHOWN bytes; false when there are none. */
static bool
read_log(const char *path, off_t from, char *text)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = -1;

	if (fd != -1) {
		n = pread(fd, text, LOG_SHOWN, from);
		(void)close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* nginx begins its lines with the date; those before its end are notices. */
static bool
is_complaint(const char *line)
{
	if (str_starts(line, "ts="))
		return str_starts(line + strcspn(line, " "), " level=error ");
	return line[0] != '\0' && (line[0] < '0' || line[0] > '9');
}

bool
upreport_reason(const char *path, off_t from, char *out, size_t size)
{
	char text[LOG_SHOWN + 1], *line = text, *end;

	(void)read_log(path, from, text);
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (!is_complaint(line))
			continue;
		if (str_starts(line, "ts="))
			logline_message(out, size, line);
		else
			(void)snprintf(out, size, "%s", line);
		return true;
	}
	return false;
}

void
upreport_log(const struct cli *cli, const char *path, off_t from)
{
	char text[LOG_SHOWN + 1], safe[LOG_SHOWN], *line = text, *end;

	if (cli->json || !read_log(path, from, text))
		return;
	out_note(cli, "%s says:", path);
	/*
	 * Whole lines only, and escaped: programs that are started write here.
	 */
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		out_sentence(safe, sizeof(safe), line);
		(void)fprintf(stderr, "  %s\n", safe);
	}
}
