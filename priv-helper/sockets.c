/* SPDX-License-Identifier: MIT */
/*
 * The sockets belong to [main], so a client sees a pause and not a refusal
 * while rdvd is restarted. A name in the file system is never removed on
 * suspicion: only what this process bound, compared by device and inode, or
 * what is provably dead (abuse C03, C04).
 */
#include "priv-helper/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/err.h"
#include "security/mutant.h"

#define BACKLOG 1024

static int
refuse(const struct sock *s, int err, char *why, size_t whysize,
    const char *text)
{
	snprintf(why, whysize, "%s: %s", s->name, text);
	return err;
}

static int
address(struct sockaddr_un *sun, const char *base, const struct sock *s,
    char *why, size_t whysize)
{
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s", base,
	    s->name);
	if (n < 0 || (size_t)n >= sizeof(sun->sun_path))
		return refuse(s, -ENAMETOOLONG, why, whysize,
		    "the base directory's path is too long for a socket "
		    "(107 bytes with the socket's name)");
	return 0;
}

/* Dead is only what says ECONNREFUSED; a full backlog is very much alive. */
static bool
is_dead(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool dead;

	if (fd < 0)
		return false;
	dead = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 &&
	       errno == ECONNREFUSED;
	(void)close(fd);
	return dead;
}

/* Whatever stands where the socket is to be made: remove it or refuse. */
static int
make_way(const struct sock *s, int basefd, const struct sockaddr_un *sun,
    char *why, size_t whysize)
{
	struct stat st;

	if (fstatat(basefd, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return refuse(s, -errno, why, whysize, strerror(errno));
	}
	if (mutant("C03"))
		return unlinkat(basefd, s->name, 0) < 0 ? -errno : 0;
	if (!S_ISSOCK(st.st_mode))
		return refuse(s, -EEXIST, why, whysize,
		    "something that is not a socket has this name; rdv does "
		    "not remove it");
	if (st.st_uid != s->owner)
		return refuse(s, -EEXIST, why, whysize,
		    "a socket of another account has this name");
	if (!is_dead(sun))
		return refuse(s, RDV_E_BUSY, why, whysize,
		    "something still listens here");
	if (unlinkat(basefd, s->name, 0) < 0)
		return refuse(s, -errno, why, whysize, strerror(errno));
	return 0;
}

static int
listen_on(int fd, const struct sockaddr_un *sun)
{
	mode_t old;
	int err = 0;

	/* Never reachable with a wider mode: it is born 0600. */
	old = umask(mutant("C04") ? 0 : 0177);
	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0)
		err = -errno;
	(void)umask(old);
	if (err == 0 && listen(fd, BACKLOG) < 0)
		err = -errno;
	return err;
}

static int
remember(struct sock *s, int basefd)
{
	struct stat st;

	if (fstatat(basefd, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) ||
	    (st.st_uid != s->owner && !mutant("C04-owner")))
		return -EEXIST;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

int
sockets_open(struct sock *s, int basefd, const char *base, char *why,
    size_t whysize)
{
	struct sockaddr_un sun;
	int fd, err;

	err = address(&sun, base, s, why, whysize);
	if (err == 0)
		err = make_way(s, basefd, &sun, why, whysize);
	if (err != 0)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(s, -errno, why, whysize, strerror(errno));
	err = listen_on(fd, &sun);
	if (err == 0)
		err = remember(s, basefd);
	if (err != 0) {
		(void)close(fd);
		return refuse(s, err, why, whysize, strerror(-err));
	}
	s->fd = fd;
	return 0;
}

void
sockets_close(struct sock *s, int basefd)
{
	struct stat st;

	if (s->fd < 0)
		return;
	(void)close(s->fd);
	s->fd = -1;
	if (fstatat(basefd, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino)
		(void)unlinkat(basefd, s->name, 0);
}
