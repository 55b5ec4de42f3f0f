/* SPDX-License-Identifier: MIT */
/*
 * The way from a run to rdvd. It has a name in the run's root and nowhere else,
 * and goes with that root: rdvd may make no socket, one of a file that outlives
 * its listener cannot be listened on again, and no descriptor from outside can
 * be mounted in a new mount namespace. So the socket is made before the run is,
 * whoever has made it holds it too, and here it only gets its name.
 */
#include "security/nsdoor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/privproto.h"

/* Of one run; each waits in its client until rdvd, or the next one, accepts. */
#define BACKLOG 64

/* A socket's own mode is that of the name it gets: no moment with another. */
static int
listen_at(int sock)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX,
		.sun_path = PRIV_DOOR };

	if (syscall(SYS_fchmod, sock, 0600) < 0 ||
	    syscall(SYS_bind, sock, &at, sizeof(at)) < 0 ||
	    syscall(SYS_listen, sock, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int
write_token(const char *token)
{
	const size_t len = strlen(token);
	const long fd = syscall(SYS_openat, AT_FDCWD, PRIV_DOOR_TOKEN,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	long n;
	int err = 0;

	if (fd < 0)
		return -errno;
	n = syscall(SYS_write, fd, token, len);
	if (n != (long)len)
		err = n < 0 ? -errno : -EIO;
	(void)syscall(SYS_close, fd);
	return err;
}

int
nsdoor_open(int sock, const char *token)
{
	int err = write_token(token);

	return err != 0 ? err : listen_at(sock);
}
