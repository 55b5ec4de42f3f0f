/* SPDX-License-Identifier: MIT */
/*
 * Who may connect is decided by the kernel: a socket is its account's, 0600,
 * in that account's directory, 0700. Names in such a directory belong to the
 * account, so they are only ever touched with its own rights: a socket is its
 * owner's from the moment it exists, and a link that somebody lays leads
 * nowhere he could not go himself (abuse C01, C03, C04).
 *
 * Invariant: an account's sockets are told to rdvd before its end is, and its
 * limits before its sockets.
 */
#include "priv-helper/doors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/ctlproto.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "priv-helper/assume.h"
#include "priv-helper/carry.h"
#include "priv-helper/sockets.h"

#define PROOFS	       "enroll"		 /* the account's own to make */
#define DOORS_WIRE_MAX ((size_t)4 << 20) /* of ACCOUNTS_MAX, 1 KiB each */

struct door {
	TAILQ_ENTRY(door) entry;
	uid_t uid;
	gid_t gid;
	bool web;
	bool by_web;   /* the web may act for the account */
	bool leaving;  /* closed; rdvd is still to be told */
	unsigned told; /* how many of the sockets rdvd has */
	uint64_t output_bytes;
	bool output_told;
	struct ctl_limit limits[CTL_WHATS];
	bool limit_due[CTL_WHATS]; /* rdvd begins with none */
	char name[ACCOUNTS_NAME_MAX + 1];
	char *path;
	int dir; /* O_PATH */
	struct sock socks[CTL_KIND_MAX];
};

struct doors {
	const char *run;
	int run_fd;
	TAILQ_HEAD(, door) list;
};

static const char *const names[CTL_KIND_MAX] = {
	[CTL_API] = "api.sock",
	[CTL_TERMINAL] = "terminal.sock",
};

struct doors *
doors_new(const char *run, int run_fd)
{
	struct doors *d = xcalloc(1, sizeof(*d));

	d->run = run;
	d->run_fd = run_fd;
	TAILQ_INIT(&d->list);
	return d;
}

/*
 * The directory, root's and closed until it is the account's. One that root
 * owns was made by us, a moment before we were killed.
 */
static int
open_dir(struct doors *d, struct door *p, char *why, size_t whysize)
{
	struct stat st;

	if (mkdirat(d->run_fd, p->name, 0700) < 0 && errno != EEXIST)
		return -errno;
	p->dir = openat(d->run_fd, p->name,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->dir < 0 || fstat(p->dir, &st) < 0)
		return -errno;
	if ((st.st_mode & 0777) != 0700 ||
	    (st.st_uid != 0 && st.st_uid != p->uid)) {
		(void)snprintf(why, whysize,
		    "%s: is there already, with another owner or mode",
		    p->path);
		return -EPERM;
	}
	if (st.st_uid == 0 &&
	    fchownat(p->dir, "", p->uid, p->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

static void
close_names(struct door *p)
{
	int i;

	for (i = 0; i < CTL_KIND_MAX; i++)
		sockets_close(&p->socks[i], p->dir);
}

static int
open_names(struct door *p, char *why, size_t whysize)
{
	int i, err = assume_account(p->uid, p->gid);

	if (err != 0)
		return err;
	for (i = 0; i < CTL_KIND_MAX && err == 0; i++)
		err = sockets_open(&p->socks[i], p->dir, p->path, why, whysize);
	if (err != 0)
		close_names(p);
	assume_root();
	return err;
}

static void
free_door(struct door *p)
{
	if (p->dir >= 0)
		(void)close(p->dir);
	free(p->path);
	free(p);
}

static struct door *
new_door(const struct doors *d, const char *name, uid_t uid, gid_t gid,
    bool web)
{
	struct door *p = xcalloc(1, sizeof(*p));
	int i;

	p->uid = uid;
	p->gid = gid;
	p->web = web;
	p->output_told = web; /* which runs nothing */
	p->dir = -1;
	p->path = xasprintf("%s/%s", d->run, name);
	(void)str_copy(p->name, name, sizeof(p->name));
	for (i = 0; i < CTL_KIND_MAX; i++)
		p->socks[i] =
		    (struct sock){ .name = names[i], .owner = uid, .fd = -1 };
	return p;
}

static void
follow_limits(struct door *p, const struct account *a)
{
	for (int i = 0; i < CTL_WHATS; i++) {
		struct ctl_limit *l = &p->limits[i];

		if (l->mb == a->limits[i].mb &&
		    strcmp(l->by, a->limits[i].by) == 0)
			continue;
		*l = a->limits[i];
		p->limit_due[i] = true;
	}
}

static int
open_door(struct doors *d, const struct account *a, bool web, const char *name,
    char *why, size_t whysize)
{
	struct door *p = new_door(d, name, a->uid, a->gid, web);
	int err;

	p->by_web = a->web;
	p->output_bytes = a->output_bytes;
	if (!web)
		follow_limits(p, a);
	why[0] = '\0';
	err = open_dir(d, p, why, whysize);
	if (err == 0)
		err = open_names(p, why, whysize);
	if (err == 0) {
		TAILQ_INSERT_TAIL(&d->list, p, entry);
		return 0;
	}
	if (why[0] == '\0')
		(void)snprintf(why, whysize, "%s: %s", p->path,
		    strerror(err < 0 ? -err : EBUSY));
	free_door(p);
	return err;
}

int
doors_open_web(struct doors *d, const struct account *a, char *why,
    size_t whysize)
{
	return open_door(d, a, true, "web", why, whysize);
}

/*
 * The directory of proofs goes along when it is empty; what else the account
 * keeps there is its own and stays.
 */
static void
close_door(struct doors *d, struct door *p)
{
	int err = assume_account(p->uid, p->gid);

	if (err == 0) {
		close_names(p);
		(void)unlinkat(p->dir, PROOFS, AT_REMOVEDIR);
		assume_root();
	}
	(void)unlinkat(d->run_fd, p->name, AT_REMOVEDIR);
}

/* A name that its owner removed or replaced can only be made anew. */
static bool
is_whole(const struct door *p)
{
	struct stat st;
	bool whole = true;
	int i;

	if (assume_account(p->uid, p->gid) != 0)
		return true;
	for (i = 0; i < CTL_KIND_MAX; i++)
		if (fstatat(p->dir, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_dev != p->socks[i].dev ||
		    st.st_ino != p->socks[i].ino)
			whole = false;
	assume_root();
	return whole;
}

static bool
stays(const struct door *p, const struct accounts *a)
{
	const struct account *found = accounts_find(a, p->uid);

	return p->web || (found != NULL && strcmp(found->name, p->name) == 0 &&
			     found->gid == p->gid && found->web == p->by_web &&
			     is_whole(p));
}

/* What is under way need not wait for a start to hear of it. */
static void
follow_output(struct door *p, const struct accounts *a)
{
	const struct account *found = accounts_find(a, p->uid);

	if (p->web)
		return;
	follow_limits(p, found);
	if (found->output_bytes == p->output_bytes)
		return;
	p->output_bytes = found->output_bytes;
	p->output_told = false;
}

static bool
has_door(const struct doors *d, uid_t uid)
{
	const struct door *p;

	TAILQ_FOREACH (p, &d->list, entry)
		if (p->uid == uid && !p->leaving)
			return true;
	return false;
}

void
doors_follow(struct doors *d, const struct accounts *a)
{
	struct door *p, *next;
	char why[256];
	size_t i;

	TAILQ_FOREACH_SAFE (p, &d->list, entry, next) {
		if (p->leaving)
			continue;
		if (stays(p, a)) {
			follow_output(p, a);
			continue;
		}
		log_info("doors", "closed user=%s uid=%u", p->name, p->uid);
		close_door(d, p);
		p->leaving = true;
	}
	for (i = 0; i < a->n; i++) {
		if (has_door(d, a->list[i].uid))
			continue;
		if (open_door(d, &a->list[i], false, a->list[i].name, why,
			sizeof(why)) != 0)
			log_errorx("doors", "no sockets for %s: %s",
			    a->list[i].name, why);
		else
			log_info("doors", "open user=%s uid=%u",
			    a->list[i].name, a->list[i].uid);
	}
}

void
doors_untold(struct doors *d)
{
	struct door *p;

	TAILQ_FOREACH (p, &d->list, entry) {
		p->told = 0;
		p->output_told = p->web;
		for (int i = 0; i < CTL_WHATS; i++)
			p->limit_due[i] = p->limits[i].mb > 0;
	}
}

/* The packet is used up. */
static int
say(int control, struct buf *b, int fd)
{
	const struct seqpkt_fds fds = { .fd = { fd }, .n = 1 };
	const int err =
	    seqpkt_send(control, b->data, b->len, fd >= 0 ? &fds : NULL);

	buf_done(b);
	return err;
}

static int
tell_socket(struct door *p, int control)
{
	struct ctl_listen m = { (uint8_t)p->told, p->web, p->by_web, p->uid,
		"" };
	struct buf b;
	int err;

	(void)str_copy(m.name, p->name, sizeof(m.name));
	buf_init(&b, CTL_MAX);
	ctl_put_listen(&b, &m);
	err = say(control, &b, p->socks[p->told].fd);
	if (err == 0)
		p->told++;
	return err;
}

static int
tell_limit(struct door *p, int what, int control)
{
	struct buf b;
	int err;

	buf_init(&b, CTL_MAX);
	ctl_put_limit(&b, &p->limits[what]);
	err = say(control, &b, -1);
	p->limit_due[what] = err != 0;
	return err;
}

static int
tell_output(struct door *p, int control)
{
	const struct ctl_output m = { p->uid, p->output_bytes };
	struct buf b;
	int err;

	buf_init(&b, CTL_MAX);
	ctl_put_output(&b, &m);
	err = say(control, &b, -1);
	p->output_told = err == 0;
	return err;
}

/* Limits first: nobody is served who might be beyond them. */
static int
tell(struct door *p, int control)
{
	int err = 0;

	for (int i = 0; i < CTL_WHATS && err == 0; i++)
		if (p->limit_due[i])
			err = tell_limit(p, i, control);
	while (p->told < CTL_KIND_MAX && err == 0)
		err = tell_socket(p, control);
	if (err == 0 && !p->output_told)
		err = tell_output(p, control);
	return err;
}

static int
tell_end(const struct door *p, int control)
{
	const struct ctl_unlisten m = { p->uid };
	struct buf b;

	/* Whatever rdvd has of it: a limit may be all. */
	buf_init(&b, CTL_MAX);
	ctl_put_unlisten(&b, &m);
	return say(control, &b, -1);
}

/* In order: who left and came back is told of in that order. */
int
doors_tell(struct doors *d, int control)
{
	struct door *p, *next;
	int err = 0;

	TAILQ_FOREACH_SAFE (p, &d->list, entry, next) {
		if (p->leaving) {
			err = tell_end(p, control);
			if (err != 0)
				return err;
			TAILQ_REMOVE(&d->list, p, entry);
			free_door(p);
			continue;
		}
		err = tell(p, control);
		if (err != 0)
			return err;
	}
	return 0;
}

void
doors_free(struct doors *d)
{
	struct door *p;

	while ((p = TAILQ_FIRST(&d->list)) != NULL) {
		TAILQ_REMOVE(&d->list, p, entry);
		if (!p->leaving)
			close_door(d, p);
		free_door(p);
	}
	free(d);
}

static void
put_door(struct buf *b, const struct door *p)
{
	int i;

	buf_put_str(b, p->name);
	buf_put_u32(b, p->uid);
	buf_put_u32(b, p->gid);
	buf_put_u8(b, p->web);
	buf_put_u8(b, p->by_web);
	buf_put_u64(b, p->output_bytes);
	accountwire_put_limits(b, p->limits);
	buf_put_u32(b, (uint32_t)p->dir);
	for (i = 0; i < CTL_KIND_MAX; i++) {
		buf_put_u32(b, (uint32_t)p->socks[i].fd);
		buf_put_u64(b, p->socks[i].dev);
		buf_put_u64(b, p->socks[i].ino);
	}
}

/* Who has left is nothing to a rdvd that never knew him. */
int
doors_put(const struct doors *d)
{
	const struct door *p;
	uint32_t n = 0;
	struct buf b;
	int fd;

	TAILQ_FOREACH (p, &d->list, entry)
		n += !p->leaving;
	buf_init(&b, DOORS_WIRE_MAX);
	buf_put_u32(&b, n);
	TAILQ_FOREACH (p, &d->list, entry)
		if (!p->leaving)
			put_door(&b, p);
	fd = carry_memory(&b);
	buf_done(&b);
	return fd;
}

static bool
get_fd(struct buf *b, int *fd)
{
	uint32_t n;

	if (!buf_get_u32(b, &n) || n > INT_MAX ||
	    fcntl((int)n, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	*fd = (int)n;
	return true;
}

static bool
get_socket(struct buf *b, struct sock *s)
{
	uint64_t dev, ino;
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (!get_fd(b, &s->fd) || !buf_get_u64(b, &dev) ||
	    !buf_get_u64(b, &ino))
		return false;
	s->dev = dev;
	s->ino = ino;
	return getsockopt(s->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) ==
		   0 &&
	       listens != 0;
}

/* True: it is in the list, whole. */
static bool
get_door(struct doors *d, struct buf *b)
{
	char name[ACCOUNTS_NAME_MAX + 1];
	uint8_t web, by_web;
	uint32_t uid, gid;
	struct door *p;
	bool good;
	int i;

	if (!buf_get_str(b, name, ACCOUNTS_NAME_MAX) ||
	    !path_component_ok(name) || !buf_get_u32(b, &uid) ||
	    !buf_get_u32(b, &gid) || !buf_get_u8(b, &web) ||
	    !buf_get_u8(b, &by_web) || web > 1 || by_web > 1)
		return false;
	p = new_door(d, name, uid, gid, web == 1);
	p->by_web = by_web == 1;
	good = buf_get_u64(b, &p->output_bytes) &&
	       accountwire_get_limits(b, uid, p->limits) && get_fd(b, &p->dir);
	for (i = 0; i < CTL_KIND_MAX && good; i++)
		good = get_socket(b, &p->socks[i]);
	TAILQ_INSERT_TAIL(&d->list, p, entry);
	return good;
}

void
doors_forget(struct doors *d)
{
	struct door *p;

	while ((p = TAILQ_FIRST(&d->list)) != NULL) {
		TAILQ_REMOVE(&d->list, p, entry);
		free(p->path);
		free(p);
	}
	free(d);
}

struct doors *
doors_take(const char *run, int run_fd, int fd)
{
	struct doors *d = doors_new(run, run_fd);
	struct stat st;
	struct buf b;
	uint32_t n, i = 0;
	void *text = MAP_FAILED;
	bool good = fstat(fd, &st) == 0 && st.st_size > 0;

	if (good)
		text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
	if (text == MAP_FAILED) {
		doors_forget(d);
		return NULL;
	}
	buf_wrap(&b, text, (size_t)st.st_size);
	good = buf_get_u32(&b, &n);
	for (; good && i < n; i++)
		good = get_door(d, &b);
	good = good && buf_end(&b);
	(void)munmap(text, (size_t)st.st_size);
	if (good)
		return d;
	doors_forget(d);
	return NULL;
}

void
doors_inherit(const struct doors *d, bool inherit)
{
	const int flag = inherit ? 0 : FD_CLOEXEC;
	const struct door *p;
	int i;

	TAILQ_FOREACH (p, &d->list, entry) {
		if (p->leaving)
			continue;
		(void)fcntl(p->dir, F_SETFD, flag);
		for (i = 0; i < CTL_KIND_MAX; i++)
			(void)fcntl(p->socks[i].fd, F_SETFD, flag);
	}
}
