/* SPDX-License-Identifier: MIT */
/*
 * Asking rdvd for its settings. It gets the environment that it is served with,
 * HOME as passwd has it and nothing else: "~" must mean the same to both.
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

static int
start(const struct cli *cli, int out, pid_t *pid)
{
	const struct passwd *pw = getpwuid(geteuid());
	char *path = xasprintf("%s/rdvd", cli->bin_dir);
	char *home = xasprintf("HOME=%s", pw != NULL ? pw->pw_dir : "/");
	const char *argv[] = { "rdvd", "-T", "--json", "--base", cli->base,
		NULL };
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
answer(const struct cli *cli, struct buf *b, int *err)
{
	int fds[2], status = -1;
	pid_t pid;
	bool whole;

	*err = pipe2(fds, O_CLOEXEC) == -1 ? -errno : 0;
	if (*err != 0)
		return -1;
	*err = start(cli, fds[1], &pid);
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

/* rdvd says what is wrong in one line, after its name. */
static int
refused(struct buf *b, char *why, size_t whysize)
{
	char *text = xstrdup(buf_cstr(b));
	const char *said = text;

	text[strcspn(text, "\n")] = '\0';
	if (str_starts(said, "rdvd: "))
		said += strlen("rdvd: ");
	out_sentence(why, whysize,
	    *said != '\0' ? said : "rdvd does not tell its settings");
	free(text);
	return RDV_E_INVALID;
}

int
settings_ask(const struct cli *cli, struct js **out, char *why, size_t whysize)
{
	char wrong[160] = "";
	struct buf b;
	int status, err, rc = 0;

	*out = NULL;
	buf_init(&b, ANSWER_MAX);
	status = answer(cli, &b, &err);
	if (err != 0) {
		(void)snprintf(why, whysize, "%s/rdvd: %s", cli->bin_dir,
		    strerror(-err));
		rc = RDV_E_SPAWN;
	} else if (status != 0) {
		rc = refused(&b, why, whysize);
	} else {
		*out =
		    js_parse((const char *)b.data, b.len, wrong, sizeof(wrong));
	}
	if (rc == 0 && *out == NULL) {
		(void)snprintf(why, whysize, "rdvd's settings: %s", wrong);
		rc = RDV_E_INVALID;
	}
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
