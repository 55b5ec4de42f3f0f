/* SPDX-License-Identifier: MIT */
/*
 * inotify(7) on the directory of one file: what is renamed into place is
 * another file, of which a watch on the old one would not hear.
 */
#include "cli/filewatch.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/xalloc.h"

struct filewatch {
	int fd;
	char *name;
};

struct filewatch *
filewatch_new(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct filewatch *w = xcalloc(1, sizeof(*w));
	char *dir;
	int err;

	if (slash == NULL)
		slash = path;
	dir = xstrndup(path, (size_t)(slash - path) + 1);
	w->name = xstrdup(slash + 1);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1 ||
	    inotify_add_watch(w->fd, dir,
		IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) == -1) {
		err = errno;
		filewatch_free(w);
		w = NULL;
		errno = err;
	}
	free(dir);
	return w;
}

int
filewatch_fd(const struct filewatch *w)
{
	return w != NULL ? w->fd : -1;
}

/* inotify(7): events follow each other, each as long as its name. */
static bool
names_it(const struct filewatch *w, const char *p, size_t len)
{
	const struct inotify_event *ev;
	bool found = false;

	for (size_t at = 0; at < len; at += sizeof(*ev) + ev->len) {
		ev = (const struct inotify_event *)(const void *)(p + at);
		found |= (ev->mask & IN_Q_OVERFLOW) != 0 ||
			 (ev->len > 0 && strcmp(ev->name, w->name) == 0);
	}
	return found;
}

bool
filewatch_changed(struct filewatch *w)
{
	alignas(struct inotify_event) char
	    room[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	bool changed = false;
	ssize_t n;

	while ((n = read(w->fd, room, sizeof(room))) > 0)
		changed |= names_it(w, room, (size_t)n);
	return changed;
}

void
filewatch_free(struct filewatch *w)
{
	if (w == NULL)
		return;
	if (w->fd != -1)
		(void)close(w->fd);
	free(w->name);
	free(w);
}
