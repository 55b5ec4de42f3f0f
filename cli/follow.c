/* SPDX-License-Identifier: MIT */
/*
 * Follows a job of rdvd's by asking for it. Invariant: who presses Ctrl-C once
 * is told what became of it all the same; a job that has ended meanwhile is
 * not cancelled.
 */
#include "cli/follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

#define LOOK_MS 200

static volatile sig_atomic_t interrupted;

static void
interrupt(int signo)
{
	(void)signo;
	interrupted = 1;
}

/* The second Ctrl-C ends us, and the job is cancelled all the same. */
void
follow_catch_interrupt(void)
{
	const struct sigaction sa = { .sa_handler = interrupt,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &sa, NULL);
}

/* Only a person at a terminal wants it. */
static bool
is_shown(const struct cmd_call *c)
{
	return !c->cli->json && !c->cli->quiet && isatty(STDERR_FILENO) != 0;
}

/* One line, over the one before. */
static void
show_progress(const struct js *job)
{
	const struct js *p = js_get(job, "progress");
	char phase[64], bytes[32], rate[32];

	out_sentence(phase, sizeof(phase),
	    js_str(p, "phase", js_str(job, "state", "")));
	(void)fprintf(stderr, "\r\033[K%s", phase);
	if (js_int(p, "percent", -1) >= 0)
		(void)fprintf(stderr, " %lld%% (%lld/%lld)",
		    (long long)js_int(p, "percent", 0),
		    (long long)js_int(p, "done", 0),
		    (long long)js_int(p, "total", 0));
	out_bytes(bytes, sizeof(bytes), js_int(p, "bytes", 0));
	out_bytes(rate, sizeof(rate), js_int(p, "bytes_per_second", 0));
	if (js_int(p, "bytes", -1) >= 0)
		(void)fprintf(stderr, ", %s", bytes);
	if (js_int(p, "bytes_per_second", -1) >= 0)
		(void)fprintf(stderr, ", %s/s", rate);
	(void)fflush(stderr);
}

static bool
has_ended(const struct js *job)
{
	static const char *const ends[] = { "ready", "done", "failed",
		"cancelled" };
	const char *state = js_str(job, "state", "");

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(state, ends[i]) == 0)
			return true;
	return false;
}

/* One that has ended meanwhile is refused, and that is seen anyway. */
static void
cancel(const struct cmd_call *c, const char *path)
{
	struct js *v = NULL;

	interrupted = 0;
	if (api_send(c, "DELETE", path, NULL, &v) == CMD_OK)
		out_note(c->cli, "cancelling");
	js_free(v);
}

int
follow_job(const struct cmd_call *c, const char *base, struct js **job)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	char *path = api_path(base, js_str(*job, "id", ""), "");
	const bool shown = is_shown(c);
	int rc = CMD_OK;

	while (rc == CMD_OK && !has_ended(*job)) {
		if (shown)
			show_progress(*job);
		(void)nanosleep(&pause, NULL);
		if (shown)
			(void)fputs("\r\033[K", stderr);
		if (interrupted)
			cancel(c, path);
		js_free(*job);
		*job = NULL;
		rc = api_get(c, path, job);
	}
	free(path);
	return rc;
}
