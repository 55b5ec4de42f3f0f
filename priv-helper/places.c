/* SPDX-License-Identifier: MIT */
/*
 * System mode's directories, made by root in places that belong to root. Each
 * step down is by descriptor and follows no link, so what was checked is what
 * is used.
 */
#include "priv-helper/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xalloc.h"

#define COMPONENT_MAX 255

struct place {
	const char *path;
	mode_t mode;
	bool service; /* rdvd's own, else root's */
};

enum { RUN, STATE, KEEP, LOGS, PLACES };

static const struct place places[PLACES] = {
	[RUN] = { "run/rdv", 0755, false },
	[STATE] = { "var/lib/rdv", 0700, true },
	[KEEP] = { PLACES_KEEP, 0700, false },
	[LOGS] = { "var/log/rdv", 0750, false },
};

struct step {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool last; /* one of rdv's own; those above need only be root's */
};

/* Born 0700 and root's; wider, and another's, only when it is complete. */
static int
make(int dir, const char *name, const struct step *s)
{
	int fd, err = 0;

	if (mkdirat(dir, name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, s->mode) < 0 || fchown(fd, s->uid, s->gid) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

static int
judge(int fd, const struct step *s)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (s->last)
		return st.st_uid == s->uid && (st.st_mode & 0777) == s->mode
			   ? 0
			   : -EPERM;
	return st.st_uid == 0 && (st.st_mode & 022) == 0 ? 0 : -EPERM;
}

/* One step down; takes `dir`. */
static int
enter(int dir, const char *name, const struct step *s)
{
	int err = make(dir, name, s), fd = -1;

	if (err == 0) {
		fd = openat(dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		err = fd < 0 ? -errno : judge(fd, s);
	}
	(void)close(dir);
	if (err == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return err;
}

/* A descriptor of the directory, or -errno. */
static int
descend(const char *root, const struct place *place, uid_t uid, gid_t gid)
{
	const struct step above = { .mode = 0755 };
	const struct step own = { place->mode, place->service ? uid : 0,
		place->service ? gid : 0, true };
	const char *at = place->path;
	char name[COMPONENT_MAX + 1];
	size_t len;
	int fd = open(*root != '\0' ? root : "/",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (judge(fd, &above) != 0) {
		(void)close(fd);
		return -EPERM;
	}
	for (; fd >= 0 && *at != '\0'; at += len + (at[len] == '/')) {
		len = strcspn(at, "/");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, at);
		fd = enter(fd, name, at[len] == '\0' ? &own : &above);
	}
	return fd;
}

void
places_take(struct places *p, const char *root, int run_fd, int keep_fd)
{
	p->run_fd = run_fd;
	p->keep_fd = keep_fd;
	p->run = xasprintf("%s/%s", root, places[RUN].path);
	p->state = xasprintf("%s/%s", root, places[STATE].path);
	p->keep = xasprintf("%s/%s", root, places[KEEP].path);
	/* Made by [audit] itself: root's alone, and nothing rdvd comes near. */
	p->audit = xasprintf("%s/audit", p->keep);
	p->settings = xasprintf("%s/etc/rdv/rdv.toml", root);
}

int
places_make(struct places *p, const char *root, uid_t uid, gid_t gid, char *why,
    size_t whysize)
{
	int fd[PLACES], i;

	for (i = 0; i < PLACES; i++) {
		fd[i] = descend(root, &places[i], uid, gid);
		if (fd[i] >= 0)
			continue;
		(void)snprintf(why, whysize, "%s/%s: %s%s", root,
		    places[i].path, strerror(-fd[i]),
		    fd[i] == -EPERM ? "; its owner or mode, or those of a "
				      "directory above it, are not as they "
				      "have to be"
				    : "");
		return fd[i];
	}
	(void)close(fd[STATE]);
	(void)close(fd[LOGS]);
	places_take(p, root, fd[RUN], fd[KEEP]);
	return 0;
}

void
places_done(struct places *p)
{
	if (p->run == NULL)
		return;
	(void)close(p->run_fd);
	(void)close(p->keep_fd);
	free(p->run);
	free(p->state);
	free(p->keep);
	free(p->audit);
	free(p->settings);
	*p = (struct places){ .run_fd = -1, .keep_fd = -1 };
}
