/* SPDX-License-Identifier: MIT */
/*
 * The service manager believes [main] alone (NotifyAccess=main), and rdvd knows
 * when it serves; so the byte that rdvd writes for anybody who waits is told on
 * from here.
 */
#include "priv-helper/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/str.h"

static const char text[] = "READY=1";

static struct sockaddr_un place = { .sun_family = AF_UNIX };
static unsigned fdstore = UINT_MAX;

void
notify_take(void)
{
	const char *path = getenv("NOTIFY_SOCKET"), *max = getenv("FDSTORE");
	uint64_t n;

	if (max != NULL && str_to_u64(max, 0, UINT_MAX - 1, &n))
		fdstore = (unsigned)n;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !str_copy(place.sun_path, path, sizeof(place.sun_path)))
		place.sun_path[0] = '\0';
}

int
notify_open(int *ready)
{
	int fd[2];

	if (place.sun_path[0] == '\0' || pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	*ready = fd[1];
	return fd[0];
}

int
notify_connect(void)
{
	struct sockaddr_un to = place;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    strlen(to.sun_path));
	int fd, err;

	if (to.sun_path[0] == '\0')
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* An abstract name has a NUL where it is written with '@'. */
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, len) == 0)
		return fd;
	err = -errno;
	if (fd >= 0)
		(void)close(fd);
	return err;
}

const char *
notify_variable(void)
{
	static char var[sizeof("NOTIFY_SOCKET=") + sizeof(place.sun_path)];

	(void)snprintf(var, sizeof(var), "NOTIFY_SOCKET=%s", place.sun_path);
	return place.sun_path[0] != '\0' ? var : NULL;
}

unsigned
notify_fdstore(void)
{
	return fdstore;
}

char *const *
notify_environment(void)
{
	static char max[32];
	static char *env[3];
	size_t n = 0;

	if (notify_variable() != NULL)
		env[n++] = (char *)(uintptr_t)notify_variable();
	if (fdstore != UINT_MAX) {
		(void)snprintf(max, sizeof(max), "FDSTORE=%u", fdstore);
		env[n++] = max;
	}
	env[n] = NULL;
	return env;
}

/* It is waited for: whoever waits for it in turn would do so for ever. */
int
notify_now(void)
{
	int fd = notify_connect(), err = 0;

	if (fd < 0)
		return place.sun_path[0] != '\0' ? fd : 0;
	(void)fcntl(fd, F_SETFL, 0);
	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

void
notify_ready(int fd)
{
	char byte;
	int err = read(fd, &byte, 1) == 1 ? notify_now() : 0;

	if (err != 0)
		log_warnx("main", "the service manager cannot be told: %s",
		    strerror(-err));
	(void)close(fd);
}
