/* SPDX-License-Identifier: MIT */
/*
 * rdv-helper knows how to ask its [main] (priv-helper/rotate.c). The host's rdv
 * is meant when root has none of its own, or when RDV_RUN names a directory
 * below ROOT/run/rdv.
 */
#include "cli/hostservice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/proc.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define RUN	       "/run/rdv/"
#define KEEP	       "/var/lib/rdv-helper"
#define LINE_MAX_BYTES 256

/* The directory that stands for "/"; NULL: another rdv is meant. */
static char *
find_root(const struct cli *cli)
{
	const char *at;

	if (cli->run_dir != NULL) {
		at = strstr(cli->run_dir, RUN);
		return at == NULL ? NULL
				  : xstrndup(cli->run_dir,
					(size_t)(at - cli->run_dir));
	}
	if (cli->own_base || access(cli->api_socket, F_OK) == 0)
		return NULL;
	return xstrdup("");
}

/* That file of the host's rdv, when it is meant and the file is there. */
static char *
find_kept(const struct cli *cli, const char *name)
{
	char *root = geteuid() == 0 ? find_root(cli) : NULL, *path;

	if (root == NULL)
		return NULL;
	path = xasprintf("%s" KEEP "/%s", root, name);
	free(root);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

bool
hostservice_is_ours(const struct cli *cli)
{
	char *path = find_kept(cli, "service-token");
	const bool there = path != NULL;

	free(path);
	return there;
}

char *
hostservice_audit(const struct cli *cli)
{
	return find_kept(cli, "audit");
}

/* "SHA256 UNTIL"; 0: not there. */
static int64_t
honoured_until(const char *root)
{
	char *dir = xasprintf("%s" KEEP, root), *text = NULL, *at;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t until = 0;

	free(dir);
	if (fd < 0)
		return 0;
	if (path_read_private(fd, "service-previous", LINE_MAX_BYTES, &text,
		NULL) == 0 &&
	    (at = strchr(text, ' ')) != NULL) {
		at[strcspn(at, "\n")] = '\0';
		if (!str_to_i64(at + 1, 0, INT64_MAX, &until))
			until = 0;
	}
	free(text);
	(void)close(fd);
	return until;
}

/* What it says when it fails is an error of ours. */
static int
run_helper(const struct cli *cli, const char *root)
{
	const char *const argv[] = { "rdv-helper", "--rotate-service",
		*root != '\0' ? "--root" : NULL, root, NULL };
	char *path = xasprintf("%s/rdv-helper", cli->bin_dir), why[512] = "";
	struct proc_spec spec = {
		.path = path, .argv = argv, .keep = { -1, -1 }
	};
	int out[2], err, status = -1;
	ssize_t n;
	pid_t pid;

	err = pipe2(out, O_CLOEXEC) == 0 ? 0 : -errno;
	if (err == 0) {
		spec.out = out[1];
		err = proc_spawn(&spec, &pid);
		(void)close(out[1]);
		n = err == 0 ? read(out[0], why, sizeof(why) - 1) : 0;
		why[n > 0 ? n : 0] = '\0';
		why[strcspn(why, "\n")] = '\0';
		(void)close(out[0]);
	}
	while (err == 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (err != 0)
		out_error(cli, "SPAWN_FAILED", "%s: %s", path, strerror(-err));
	else if (status != 0)
		out_error(cli, "UNAVAILABLE", "%s", why);
	free(path);
	return status == 0 ? CMD_OK : CMD_FAILED;
}

int
hostservice_rotate(const struct cli *cli)
{
	char *root = find_root(cli);
	struct js *v;
	int rc;

	if (root == NULL) {
		out_error(cli, "UNAVAILABLE", "the host has no rdv of root's");
		return CMD_FAILED;
	}
	rc = run_helper(cli, root);
	if (rc == CMD_OK && cli->json) {
		v = js_object();
		js_add_ms(v, "previous_until", honoured_until(root));
		out_json(v);
		js_free(v);
	} else if (rc == CMD_OK) {
		out_note(cli,
		    "nginx gets a new token; the one before ends after "
		    "token_grace_minutes of the policy");
	}
	free(root);
	return rc;
}
