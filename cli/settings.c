/* SPDX-License-Identifier: MIT */
/*
 * Asking rdvd for its settings, and rdv-helper what it thinks of a policy. They
 * get the environment that they are served with, HOME as passwd has it and
 * nothing else: "~" must mean the same to both.
 */
#include "cli/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/proc.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define ANSWER_MAX (2 << 20)
#define ANSWER_MS  10000 /* a file system may hang */
#define HELPER	   "rdv-helper"
#define EX_PLACE   1 /* of rdv-helper -t: somebody else may write there */

static int
start(const struct cli *cli, const char *const *argv, int out, pid_t *pid)
{
	const struct passwd *pw = getpwuid(geteuid());
	char *path = xasprintf("%s/%s", cli->bin_dir, argv[0]);
	char *home = xasprintf("HOME=%s", pw != NULL ? pw->pw_dir : "/");
	const char *envp[] = { home, NULL };
	struct proc_spec spec = { .path = path,
		.argv = argv,
		.envp = envp,
		.keep = { -1, -1 },
		.out = out };
	int rc = proc_spawn(&spec, pid);

	free(path);
	free(home);
	return rc;
}

/* Everything up to its end; false when that does not come. */
static bool
read_all(int fd, struct buf *b)
{
	int64_t left, end = clock_mono_ms() + ANSWER_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		left = end - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) != 1)
			return false;
		n = read(fd, piece, sizeof(piece));
		buf_put(b, piece, n > 0 ? (size_t)n : 0);
	}
	return n == 0 && buf_ok(b);
}

/* Its status; -1 when it was ended or did not answer. */
static int
answer(const struct cli *cli, const char *const *argv, struct buf *b, int *err)
{
	int fds[2], status = -1;
	pid_t pid;
	bool whole;

	*err = pipe2(fds, O_CLOEXEC) == -1 ? -errno : 0;
	if (*err != 0)
		return -1;
	*err = start(cli, argv, fds[1], &pid);
	(void)close(fds[1]);
	if (*err == 0) {
		whole = read_all(fds[0], b);
		/* At its end already; it must not be waited for otherwise. */
		if (!whole)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
		status = whole && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	(void)close(fds[0]);
	return status;
}

/* What is wrong, in one line behind its name; else the first line there is. */
static int
refused(const char *name, int status, struct buf *b, char *why, size_t whysize)
{
	char *text = xasprintf("\n%s", buf_cstr(b));
	char *prefix = xasprintf("\n%s: ", name), *said;

	said = strstr(text, prefix);
	said = said != NULL ? said + strlen(prefix) : text + 1;
	said[strcspn(said, "\n")] = '\0';
	if (*said != '\0')
		out_sentence(why, whysize, said);
	else
		(void)snprintf(why, whysize, "%s does not tell its settings",
		    name);
	free(prefix);
	free(text);
	return status == EX_PLACE && strcmp(name, HELPER) == 0 ? RDV_E_DENIED
							       : RDV_E_INVALID;
}

/* 0 with the answer in `b`; else why not. */
static int
ask(const struct cli *cli, const char *const *argv, struct buf *b, char *why,
    size_t whysize)
{
	int err, status = answer(cli, argv, b, &err);

	if (err != 0) {
		(void)snprintf(why, whysize, "%s/%s: %s", cli->bin_dir, argv[0],
		    strerror(-err));
		return RDV_E_SPAWN;
	}
	return status != 0 ? refused(argv[0], status, b, why, whysize) : 0;
}

static int
ask_rdvd(const struct cli *cli, const char *const *argv, struct js **out,
    char *why, size_t whysize)
{
	char wrong[160] = "";
	struct buf b;
	int rc;

	*out = NULL;
	buf_init(&b, ANSWER_MAX);
	rc = ask(cli, argv, &b, why, whysize);
	if (rc == 0)
		*out =
		    js_parse((const char *)b.data, b.len, wrong, sizeof(wrong));
	if (rc == 0 && *out == NULL) {
		(void)snprintf(why, whysize, "rdvd's settings: %s", wrong);
		rc = RDV_E_INVALID;
	}
	buf_done(&b);
	return rc;
}

int
settings_ask(const struct cli *cli, struct js **out, char *why, size_t whysize)
{
	const char *const argv[] = { "rdvd", "-T", "--json", "--base",
		cli->base, NULL };

	return ask_rdvd(cli, argv, out, why, whysize);
}

int
settings_ask_host(const struct cli *cli, const char *state, const char *file,
    struct js **out, char *why, size_t whysize)
{
	const char *const argv[] = { "rdvd", "-T", "--json", "--base", state,
		"--system", file, NULL };

	return ask_rdvd(cli, argv, out, why, whysize);
}

int
settings_judge_policy(const struct cli *cli, const char *file, char *why,
    size_t whysize)
{
	const char *const argv[] = { HELPER, "-t", file, NULL };
	struct buf b;
	int rc;

	buf_init(&b, ANSWER_MAX);
	rc = ask(cli, argv, &b, why, whysize);
	buf_done(&b);
	return rc;
}

const struct js *
settings_value(const struct js *s, const char *key)
{
	return js_get(js_get(s, key), "value");
}

char *
settings_path(const struct js *s, const char *key)
{
	const char *hex = js_str(js_get(s, key), "hex", "");
	size_t len = strlen(hex) / 2;
	char *path = xcalloc(1, len + 1);

	if (len > 0 && str_unhex(path, len, hex))
		return path;
	free(path);
	return xstrdup(js_str(js_get(s, key), "value", ""));
}

unsigned
settings_idle(const struct js *s, const char **first)
{
	const char *key, *source;
	unsigned n = 0;
	struct js *row;

	for (size_t i = 0; js_member(s, i, &key, &row); i++) {
		source = js_str(row, "source", NULL);
		if (source == NULL || js_bool(row, "effect", true))
			continue;
		*first = n++ == 0 ? source : *first;
	}
	return n;
}
