/* SPDX-License-Identifier: MIT */
/*
 * Which rdv is the host's, and what root may do with it. For root it is meant
 * unless RDV_HOME or --socket name another, whatever else root may have
 * started: who types sudo means the host.
 */
#include "cli/hostservice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
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

#define RUN	       "/run/rdv"
#define KEEP	       "/var/lib/rdv-helper"
#define LINE_MAX_BYTES 256

/* What stands before "/run/rdv/NAME"; NULL: it is no such name. */
static char *
root_of(const char *run_dir)
{
	const char *name = strrchr(run_dir, '/');
	const size_t len = name != NULL ? (size_t)(name - run_dir) : 0;

	if (len < strlen(RUN) ||
	    strncmp(run_dir + len - strlen(RUN), RUN, strlen(RUN)) != 0)
		return NULL;
	return xstrndup(run_dir, len - strlen(RUN));
}

/* Its [main], by the file it keeps; 0: it does not run. */
static pid_t
running(const char *root)
{
	char *dir = xasprintf("%s" KEEP, root), *text = NULL, name[64];
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t pid = 0;
	pid_t parent;

	free(dir);
	if (fd < 0)
		return 0;
	if (path_read_private(fd, "pid", LINE_MAX_BYTES, &text, NULL) == 0) {
		text[strcspn(text, "\n")] = '\0';
		/* A number may be another's by now. */
		if (!str_to_i64(text, 1, INT_MAX, &pid) ||
		    !proc_stat((pid_t)pid, &parent, name, sizeof(name)) ||
		    strncmp(name, "rdv", 3) != 0)
			pid = 0;
	}
	free(text);
	(void)close(fd);
	return (pid_t)pid;
}

char *
hostservice_root(const struct cli *cli)
{
	if (cli->run_dir != NULL)
		return root_of(cli->run_dir);
	if (geteuid() != 0 || cli->own_base || cli->own_socket ||
	    access(KEEP, F_OK) != 0)
		return NULL;
	/* One that does not run is meant when there is no other. */
	if (running("") == 0 && access(cli->api_socket, F_OK) == 0)
		return NULL;
	return xstrdup("");
}

/* Nothing is at /run/rdv/NAME. */
static bool
has_no_place(void)
{
	/* Not $USER, which may be anybody. */
	const struct passwd *pw = getpwuid(geteuid());
	char *place;
	bool none;

	if (pw == NULL || access(RUN, F_OK) != 0)
		return false;
	place = xasprintf(RUN "/%s", pw->pw_name);
	none = access(place, F_OK) != 0 && errno == ENOENT;
	free(place);
	return none;
}

bool
hostservice_excludes(const struct cli *cli)
{
	char *root;

	if (cli->own_socket || geteuid() == 0)
		return false;
	/* One's own goes first, even if it does not run now. */
	if (cli->run_dir == NULL)
		return !cli->own_base && access(cli->api_socket, F_OK) != 0 &&
		       has_no_place();
	if (access(cli->run_dir, F_OK) == 0 || errno != ENOENT)
		return false;
	root = root_of(cli->run_dir);
	free(root);
	return root != NULL;
}

pid_t
hostservice_pid(const struct cli *cli)
{
	char *root = hostservice_root(cli);
	pid_t pid = root != NULL ? running(root) : 0;

	free(root);
	return pid;
}

/* That file of the host's rdv, when it is meant and the file is there. */
static char *
find_kept(const struct cli *cli, const char *name)
{
	char *root = geteuid() == 0 ? hostservice_root(cli) : NULL, *path;

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
hostservice_kept(const struct cli *cli)
{
	return find_kept(cli, "");
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
	char *root = hostservice_root(cli);
	char *kept;
	struct js *v;
	int rc;

	if (root == NULL) {
		out_error(cli, "UNAVAILABLE", "the host has no rdv of root's");
		return CMD_FAILED;
	}
	kept = xasprintf("%s" KEEP, root);
	rc = run_helper(cli, root);
	if (rc == CMD_OK && cli->json) {
		v = js_object();
		js_add_ms(v, "previous_until", honoured_until(root));
		js_add_str(v, "state", kept);
		out_json(v);
		js_free(v);
	} else if (rc == CMD_OK) {
		out_note(cli,
		    "nginx of this host's rdv (%s) gets a new token; the one "
		    "before ends after token_grace_minutes of the policy",
		    kept);
	}
	free(kept);
	free(root);
	return rc;
}
