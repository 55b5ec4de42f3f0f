/* SPDX-License-Identifier: MIT */
/*
 * What a run in its own mount namespace is to see, written down before the
 * fork: names, and what they stood for when they were judged.
 */
#include "priv-helper/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/path.h"
#include "lib/privproto.h"
#include "lib/xalloc.h"
#include "priv-helper/accounts.h"
#include "priv-helper/ops.h"
#include "priv-helper/roots.h"
#include "security/landlock.h"
#include "security/profile.h"

/* In system mode no account's, so that none has to be there for it. */
#define PROBE_ID 65534

void
view_probe(struct ops *o)
{
	const struct nspace_ids ids = { .privileged = o->privileged,
		.uid = o->system ? PROBE_ID : geteuid(),
		.gid = o->system ? PROBE_ID : getegid() };
	int err = 0;

	for (int v = NSPACE_OVER; v < NSPACE_VIEWS && err == 0; v++) {
		err = nspace_probe((enum nspace_view)v, &ids);
		o->views[v] = err == 0;
	}
	if (err != 0)
		log_warnx("serve",
		    "confined runs share the host's processes and file "
		    "systems, no namespaces can be had: %s",
		    strerror(-err));
}

/*
 * The map of an account has to be written by a process that may, which root's
 * cannot be with what [ops] keeps.
 */
void
view_init(struct nspace *s, const struct ops *o, const struct account *user,
    const struct profile *p, bool online)
{
	memset(s, 0, sizeof(*s));
	if (!o->views[p->view] || user->uid == 0 ||
	    user->ngroups > NSPACE_GROUPS)
		return;
	s->view = p->view;
	s->ipc = p->view == NSPACE_ROOT;
	s->net = !online;
}

void
view_done(struct nspace *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->mounts[i].from);
		free(s->mounts[i].link);
	}
	s->n = 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_mount(const struct nspace_mount *a, const struct nspace_mount *b)
{
	return same_text(a->from, b->from) && same_text(a->to, b->to) &&
	       same_text(a->link, b->link) && a->dev == b->dev &&
	       a->ino == b->ino && a->directory == b->directory &&
	       a->readonly == b->readonly && a->device == b->device &&
	       a->optional == b->optional;
}

bool
view_begins(const struct nspace *b, const struct nspace *a, size_t skip)
{
	size_t i;

	if (a->view != b->view || a->ipc != b->ipc || a->net != b->net ||
	    a->n > skip + b->n)
		return false;
	for (i = skip; i < a->n; i++)
		if (!same_mount(&a->mounts[i], &b->mounts[i - skip]))
			return false;
	return true;
}

/*
 * To Landlock what is mounted beneath a directory is beneath it: in a place
 * that a run may write it would be writable, whatever its own rule says.
 */
static bool
is_own(const struct nspace *s, const char *path)
{
	static const char *const places[] = { "/proc", "/dev/shm", "/dev/pts",
		NULL };
	const char *const *p;

	for (p = places; *p != NULL; p++)
		if (path_is_under(*p, path))
			return true;
	return s->view == NSPACE_ROOT &&
	       (path_is_under(PRIV_DOOR_DIR, path) ||
		   path_is_under(path, PRIV_DOOR_DIR));
}

/* NULL with `err`. */
static struct nspace_mount *
add_thing(struct nspace *s, const char *path, const struct stat *st, int *err)
{
	struct nspace_mount *m = &s->mounts[s->n];

	*err = s->n == NSPACE_MOUNTS ? -E2BIG : 0;
	if (*err != 0)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->from = xstrdup(path);
	m->to = m->from + 1;
	m->dev = st->st_dev;
	m->ino = st->st_ino;
	m->directory = S_ISDIR(st->st_mode);
	m->device = S_ISCHR(st->st_mode);
	s->n++;
	return m;
}

static struct nspace_mount *
add(struct nspace *s, const char *path, int fd, int *err)
{
	struct stat st;

	*err = fstat(fd, &st) < 0 ? -errno : 0;
	return *err == 0 ? add_thing(s, path, &st, err) : NULL;
}

/* Of /bin and its like, on systems where they are links to what is shown. */
static char *
link_into_usr(const char *path)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return strncmp(target, "usr/", 4) == 0 ? xstrdup(target) : NULL;
}

int
view_show(struct nspace *s, const char *path, const struct stat *st,
    bool readonly)
{
	struct nspace_mount *m;
	int err = 0;

	if (s->view == NSPACE_NONE || strcmp(path, "/proc") == 0)
		return 0;
	if (is_own(s, path))
		return -EXDEV;
	if (path_is_under("/tmp", path))
		s->uses_tmp = true;
	if (s->view == NSPACE_OVER)
		return 0;
	m = add_thing(s, path, st, &err);
	if (m != NULL) {
		m->readonly = readonly && !m->device;
		m->link = readonly ? link_into_usr(path) : NULL;
	}
	return err;
}

int
view_show_named(struct nspace *s, const char *path, int fd, bool readonly)
{
	char name[ROOTS_PATH_MAX];
	struct nspace_mount *m;
	struct stat st;
	int err;

	if (s->view == NSPACE_NONE)
		return 0;
	err = roots_name(fd, name);
	if (err == 0 && fstat(fd, &st) < 0)
		err = -errno;
	if (err == 0)
		err = view_show(s, name, &st, readonly);
	if (err != 0 || s->view == NSPACE_OVER || path == NULL ||
	    strcmp(path, name) == 0)
		return err;
	m = add_thing(s, path, &st, &err);
	if (m != NULL) {
		m->link = xstrdup(name);
		/* It may be there already, in something else that is shown. */
		m->optional = true;
	}
	return err;
}

int
view_show_rdv(struct nspace *s, const char *path, const struct stat *st)
{
	struct nspace_mount *m;
	int err = 0;

	if (s->view != NSPACE_ROOT)
		return 0;
	m = add_thing(s, path, st, &err);
	if (m != NULL) {
		m->to = &PRIV_DOOR_RDV[1];
		m->readonly = true;
	}
	return err;
}

int
view_show_tmp(struct nspace *s, const char *scratch)
{
	int fd = open(scratch, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;
	struct nspace_mount *m = NULL;

	if (fd < 0)
		return -errno;
	s->own_tmp = s->view != NSPACE_NONE && !s->uses_tmp;
	if (s->own_tmp || s->view == NSPACE_ROOT)
		m = add(s, scratch, fd, &err);
	if (s->own_tmp && m != NULL)
		m->to = "tmp";
	(void)close(fd);
	return err;
}

int
view_show_terminal(struct nspace *s, int fd)
{
	char name[ROOTS_PATH_MAX];
	struct nspace_mount *m;
	int err;

	if (s->view == NSPACE_NONE)
		return 0;
	err = roots_name(fd, name);
	if (err != 0)
		return err;
	m = add(s, name, fd, &err);
	if (m != NULL) {
		m->to = "dev/console";
		/* Not every container has the node it would be mounted on. */
		m->optional = s->view == NSPACE_OVER;
	}
	return err;
}

/* Abstract names are the network namespace's, and known to Landlock since 6. */
bool
view_is_alone(const struct nspace *s)
{
	return s->view == NSPACE_ROOT && (s->net || landlock_abi() >= 6);
}

unsigned
view_guards(const struct nspace *s)
{
	unsigned g = PRIV_G_PIDNS | PRIV_G_MOUNTNS;

	if (s->view == NSPACE_NONE)
		return 0;
	if (s->view == NSPACE_ROOT)
		g |= PRIV_G_ROOT;
	if (s->ipc)
		g |= PRIV_G_IPCNS;
	if (s->net)
		g |= PRIV_G_NETNS;
	return g;
}
