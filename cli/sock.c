/* SPDX-License-Identifier: MIT */
/*
 * Whom we hand a token to. The directory is opened once; owner and mode are
 * judged on that descriptor, and the socket is reached through it
 * (/proc/self/fd), so that what was judged is what is used, and a path longer
 * than a socket address holds works too.
 */
#include "cli/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define TOKEN_MAX 512

struct sentence {
	char *why;
	size_t size;
	const char *path;
};

static int
say(const struct sentence *s, int err, const char *what)
{
	(void)snprintf(s->why, s->size, "%s: %s", s->path, what);
	return err;
}

/* Who may write here could put another socket in the place of ours. */
static int
judge_dir(int dir, const struct sentence *s)
{
	struct stat st;

	if (fstat(dir, &st) == -1)
		return say(s, RDV_E_UNAVAILABLE, strerror(errno));
	if (st.st_uid != geteuid())
		return say(s, RDV_E_DENIED,
		    "its directory belongs to another user");
	if ((st.st_mode & 077) != 0)
		return say(s, RDV_E_DENIED,
		    "others may enter its directory (chmod 700)");
	return 0;
}

/* NOFOLLOW: a link would lead to a place nobody has judged. */
static int
judge_socket(int dir, const char *name, const struct sentence *s)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return say(s, RDV_E_UNAVAILABLE, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return say(s, RDV_E_DENIED, "not a socket");
	if (st.st_uid != geteuid())
		return say(s, RDV_E_DENIED, "belongs to another user");
	if ((st.st_mode & 077) != 0)
		return say(s, RDV_E_DENIED, "others may connect to it");
	return 0;
}

/*
 * On a listening socket's client side SO_PEERCRED names the process that
 * called listen(), not the one that accepts: for us always [main].
 */
static int
judge_peer(int fd, pid_t *server, const struct sentence *s)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return say(s, RDV_E_UNAVAILABLE, strerror(errno));
	/* The host's rdv was started by root, who needs no socket to be us. */
	if (cred.uid != geteuid() && cred.uid != 0)
		return say(s, RDV_E_DENIED,
		    "another user's process listens there");
	if (server != NULL)
		*server = cred.pid;
	return 0;
}

/* SO_SNDTIMEO bounds connect(2) too: it waits when the backlog is full. */
static int
dial(int *out, int dir, const char *name, int64_t timeout_ms,
    const struct sentence *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000 };
	int fd, n;

	n = snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/%s",
	    dir, name);
	if (n < 0 || (size_t)n >= sizeof(sun.sun_path))
		return say(s, RDV_E_UNAVAILABLE, "name too long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return say(s, RDV_E_UNAVAILABLE, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
		n = say(s, RDV_E_UNAVAILABLE, strerror(errno));
		(void)close(fd);
		return n;
	}
	*out = fd;
	return 0;
}

static int
open_in(int *out, int dir, const char *name, int64_t timeout_ms, pid_t *server,
    const struct sentence *s)
{
	int fd = -1, rc;

	rc = judge_dir(dir, s);
	if (rc == 0)
		rc = judge_socket(dir, name, s);
	if (rc == 0)
		rc = dial(&fd, dir, name, timeout_ms, s);
	if (rc != 0)
		return rc;
	rc = judge_peer(fd, server, s);
	if (rc != 0)
		(void)close(fd);
	else
		*out = fd;
	return rc;
}

int
sock_open(int *fd, const char *path, int64_t timeout_ms, pid_t *server,
    char *why, size_t whysize)
{
	struct sentence s = { why, whysize, path };
	const char *slash = strrchr(path, '/');
	char *parent;
	int dir, rc;

	if (slash == NULL || slash[1] == '\0')
		return say(&s, RDV_E_UNAVAILABLE, "no path of a socket");
	parent = xstrndup(path, (size_t)(slash - path) + 1);
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	if (dir == -1)
		return say(&s, RDV_E_UNAVAILABLE, strerror(errno));
	rc = open_in(fd, dir, slash + 1, timeout_ms, server, &s);
	(void)close(dir);
	return rc;
}

int
sock_token(char **token, const char *dir, const char *name, char *why,
    size_t whysize)
{
	char path[512], *text;
	struct sentence s = { why, whysize, path };
	size_t len = 0;
	int fd, rc;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return say(&s, RDV_E_UNAVAILABLE, strerror(errno));
	rc = path_read_private(fd, name, TOKEN_MAX, &text, &len);
	(void)close(fd);
	if (rc < 0)
		return say(&s, RDV_E_UNAVAILABLE, strerror(-rc));
	/* A positive outcome is about owner or mode, not about reading. */
	if (rc > 0)
		return say(&s, RDV_E_DENIED,
		    "must be a file of yours with mode 0600");
	text[strcspn(text, "\r\n")] = '\0';
	/* It becomes a header line: nothing but the characters of a token. */
	if (text[0] == '\0' ||
	    text[strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_+/=.")] != '\0') {
		secret_free(text, len);
		return say(&s, RDV_E_DENIED, "holds no token");
	}
	*token = text;
	return 0;
}

char *
sock_token_path(const char *base)
{
	const char *set = getenv("RDV_TOKEN_FILE");

	if (set != NULL && *set != '\0')
		return xstrdup(set);
	return xasprintf("%s/cli-token", base);
}

int
sock_own_token(char **token, const char *base, char *why, size_t whysize)
{
	char *path = sock_token_path(base), *name = strrchr(path, '/');
	int rc;

	if (*path != '/' || name == NULL || name == path) {
		(void)snprintf(why, whysize,
		    "RDV_TOKEN_FILE: must be an absolute path");
		rc = RDV_E_DENIED;
	} else {
		*name++ = '\0';
		rc = sock_token(token, path, name, why, whysize);
	}
	free(path);
	return rc;
}
