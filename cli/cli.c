/* SPDX-License-Identifier: MIT */
/*
 * Where things are. All paths come out absolute, so that nothing depends on
 * the working directory later; the files that belong to us are found from our
 * own executable, so that a build tree works as an installation does.
 */
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define HINT_MAX   65536
#define SYSTEM_RUN "/run/rdv"

/* HOME, as every shell has it, and the account's own where it is missing. */
static const char *
home(void)
{
	const char *h = getenv("HOME");
	struct passwd *pw;

	if (h != NULL && h[0] == '/')
		return h;
	pw = getpwuid(geteuid());
	return pw != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

/* Without the file system's opinion: the path need not exist yet. */
static char *
absolute(const char *path)
{
	char cwd[PATH_MAX], out[PATH_MAX];

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		(void)snprintf(cwd, sizeof(cwd), "/");
	if (!path_join(out, sizeof(out), cwd, path))
		return NULL;
	return xstrdup(out);
}

/*
 * What is there gets the name that rdvd will find it by, links resolved. What
 * is gone, as a worktree that was deleted by hand, keeps the one it was given.
 */
bool
cli_path(const char *given, char *out, unsigned size)
{
	char real[PATH_MAX], *abs;
	bool fits;

	if (realpath(given, real) != NULL)
		return str_copy(out, real, size);
	if (errno != ENOENT)
		return false;
	abs = absolute(given);
	fits = abs != NULL && str_copy(out, abs, size);
	free(abs);
	return fits;
}

static bool
is_above(const char *here, const char *dir)
{
	char real[PATH_MAX];

	return dir != NULL && realpath(dir, real) != NULL &&
	       path_is_under(here, real);
}

/*
 * HOME may be another directory than the account's; either is said to be one.
 */
bool
cli_is_at_home(void)
{
	const struct passwd *pw = getpwuid(geteuid());
	char here[PATH_MAX];

	return getcwd(here, sizeof(here)) != NULL &&
	       (is_above(here, home()) ||
		   is_above(here, pw != NULL ? pw->pw_dir : NULL));
}

/* RDV_HOME may be relative; a daemon started from it must not be. */
static int
find_base(struct cli *cli, char *why, unsigned whysize)
{
	const char *set = getenv("RDV_HOME"), *h = home();
	char *fallback;

	cli->own_base = set != NULL && set[0] != '\0';
	if (cli->own_base) {
		cli->base = absolute(set);
	} else if (h != NULL) {
		fallback = xasprintf("%s/.rdv", h);
		cli->base = absolute(fallback);
		free(fallback);
	}
	if (cli->base != NULL)
		return 0;
	(void)snprintf(why, whysize,
	    cli->own_base ? "RDV_HOME is too long a path"
			  : "no home directory: set HOME or RDV_HOME");
	return RDV_E_INVALID;
}

/*
 * Beside the executable as the kernel knows it, so a symlink to rdv from
 * elsewhere finds the same installation.
 */
static void
find_own_files(struct cli *cli)
{
	char exe[PATH_MAX], share[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	/* readlink(2) ends nothing. */
	exe[n > 0 ? n : 0] = '\0';
	cli->exe = xstrdup(n > 0 ? exe : "rdv");
	slash = strrchr(exe, '/');
	if (slash != NULL)
		*slash = '\0';
	cli->bin_dir = xstrdup(slash != NULL && slash != exe ? exe : "/");
	if (!path_join(share, sizeof(share), cli->bin_dir, "../share/rdv"))
		(void)str_copy(share, "/usr/share/rdv", sizeof(share));
	cli->share_dir = xstrdup(share);
}

static bool
has_socket(const char *dir)
{
	char *path = xasprintf("%s/api.sock", dir);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/*
 * The host's rdv, when it is named or is the only one there. Our own goes
 * first: whoever started it means it. NULL: our own.
 */
static char *
find_run_dir(const struct cli *cli)
{
	const char *set = getenv("RDV_RUN");
	const struct passwd *pw;
	char *dir;

	if (set != NULL && set[0] != '\0')
		return absolute(set);
	if (cli->own_base || has_socket(cli->base))
		return NULL;
	/* Not $USER, which may be anybody. */
	pw = getpwuid(geteuid());
	if (pw == NULL)
		return NULL;
	dir = xasprintf(SYSTEM_RUN "/%s", pw->pw_name);
	if (has_socket(dir))
		return dir;
	free(dir);
	return NULL;
}

/* In a confined agent's run there is one way to rdvd, and no other rdv. */
static const char *
door(void)
{
	const char *set = getenv("RDV_API_SOCKET");

	return set != NULL && strcmp(set, PRIV_DOOR) == 0 ? set : NULL;
}

static int
find_sockets(struct cli *cli, const char *given, char *why, unsigned whysize)
{
	const char *dir;

	if (given == NULL)
		given = door();
	cli->run_dir = find_run_dir(cli);
	dir = cli->run_dir != NULL ? cli->run_dir : cli->base;
	if (given == NULL) {
		cli->api_socket = xasprintf("%s/api.sock", dir);
		cli->term_socket = xasprintf("%s/terminal.sock", dir);
		return 0;
	}
	cli->own_socket = true;
	cli->api_socket = absolute(given);
	if (cli->api_socket == NULL) {
		(void)snprintf(why, whysize, "--socket is too long a path");
		return RDV_E_INVALID;
	}
	/* Both sockets serve every route. */
	cli->term_socket = xstrdup(cli->api_socket);
	return 0;
}

int
cli_init(struct cli *cli, const struct cmd_call *c, char *why, unsigned whysize)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	int rc;

	memset(cli, 0, sizeof(*cli));
	cli->json = cmd_flag(c, "json");
	cli->quiet = cmd_flag(c, "quiet");
	/* no-color.org: any value but an empty one. */
	cli->color = !cmd_flag(c, "no-color") &&
		     (no_color == NULL || no_color[0] == '\0') &&
		     term != NULL && strcmp(term, "dumb") != 0 &&
		     isatty(STDOUT_FILENO);
	/* 0: each kind of request has a time of its own. */
	cli->timeout_ms = cmd_number(c, "timeout", 0) * 1000;
	rc = find_base(cli, why, whysize);
	if (rc == 0)
		rc = find_sockets(cli, cmd_value(c, "socket"), why, whysize);
	if (rc == 0)
		find_own_files(cli);
	return rc;
}

void
cli_done(struct cli *cli)
{
	free(cli->base);
	free(cli->run_dir);
	free(cli->api_socket);
	free(cli->term_socket);
	free(cli->exe);
	free(cli->bin_dir);
	free(cli->share_dir);
	memset(cli, 0, sizeof(*cli));
}

/*
 * "rdv" only when a shell would find this very executable under that name;
 * a hint that starts another version is worse than a long one.
 */
static const char *
cli_name(const struct cli *cli)
{
	char found[PATH_MAX], real[PATH_MAX];
	const char *dirs = getenv("PATH");
	size_t len;

	for (; dirs != NULL && *dirs != '\0';
	     dirs += len + (dirs[len] == ':')) {
		len = strcspn(dirs, ":");
		if (len == 0 || len >= sizeof(found) - sizeof("/rdv"))
			continue;
		(void)snprintf(found, sizeof(found), "%.*s/rdv", (int)len,
		    dirs);
		if (access(found, X_OK) == 0 && realpath(found, real) != NULL)
			return strcmp(real, cli->exe) == 0 ? "rdv" : cli->exe;
	}
	return cli->exe;
}

/* A word as a shell reads it back. */
static void
put_quoted(struct buf *b, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
		buf_put_text(b, word);
		return;
	}
	buf_put_u8(b, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put_u8(b, (uint8_t)*word);
	}
	buf_put_u8(b, '\'');
}

static void
put_prefix(struct buf *b, const struct cli *cli)
{
	if (cli->own_base) {
		buf_put_text(b, "RDV_HOME=");
		put_quoted(b, cli->base);
		buf_put_u8(b, ' ');
	}
	put_quoted(b, cli_name(cli));
}

char *
cli_prefix(const struct cli *cli)
{
	struct buf b;
	char *text;

	buf_init(&b, HINT_MAX);
	put_prefix(&b, cli);
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

char *
cli_hint(const struct cli *cli, const char *verb, const char *word)
{
	struct buf b;
	char *text;

	buf_init(&b, HINT_MAX);
	put_prefix(&b, cli);
	buf_printf(&b, " %s ", verb);
	put_quoted(&b, word);
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}
