/* SPDX-License-Identifier: MIT */
/*
 * The memory file between two programs of [main]. It never leaves this process
 * and is sealed, so it is read as what it is; that it is whole and of a version
 * that we know is looked at all the same, as the writer is another build.
 */
#include "priv-helper/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/list.h"
#include "lib/xalloc.h"
#include "priv-helper/parked.h"
#include "priv-helper/run.h"
#include "priv-helper/store.h"

static const char magic[8] = "rdvmain";

#define FIXED_FDS 23 /* with the end of the list */

/* A run, behind the struct. */
struct carry_run {
	struct park_record record;
	int32_t fd[SEQPKT_FDS_MAX];
	uint32_t nfds;
	int32_t pidfd;
	int32_t status;
	int32_t place; /* with the service manager; -1: none */
	uint16_t has;  /* and what that has of it */
	uint8_t nobodys, ended, told, waited, stray;
	uint8_t end; /* and has been told of how it ended */
};

static bool
put(int fd, const void *p, size_t len)
{
	return write(fd, p, len) == (ssize_t)len;
}

static bool
put_run(int fd, const struct parked_run *k)
{
	struct carry_run r;

	memset(&r, 0, sizeof(r));
	r.record = k->record;
	memcpy(r.fd, k->fds.fd, sizeof(r.fd));
	r.nfds = k->fds.n;
	r.pidfd = k->pidfd;
	r.status = k->status;
	r.nobodys = k->nobodys;
	r.ended = k->ended;
	r.told = k->told;
	r.waited = k->waited;
	r.stray = k->stray;
	r.place = k->stored != NULL ? (int32_t)k->stored->place : -1;
	r.has = k->stored != NULL ? k->stored->has : 0;
	r.end = k->stored != NULL ? k->stored->end : 0;
	return put(fd, &r, sizeof(r));
}

/* Takes `fd`; it, when it is whole. */
static int
seal(int fd, bool whole)
{
	if (whole && fcntl(fd, F_ADD_SEALS,
			 F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) == 0)
		return fd;
	(void)close(fd);
	return -EIO;
}

int
carry_memory(const struct buf *b)
{
	int fd = memfd_create("rdv-carry", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	return seal(fd, buf_ok(b) && put(fd, b->data, b->len));
}

int
carry_write(const struct carry *c, const struct parked *p)
{
	struct carry head = *c;
	const struct parked_run *k;
	int fd = memfd_create("rdv-carry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool ok;

	if (fd < 0)
		return -errno;
	memcpy(head.magic, magic, sizeof(magic));
	head.version = CARRY_VERSION;
	head.size = sizeof(head);
	head.record = sizeof(struct carry_run);
	head.runs = p->n;
	ok = put(fd, &head, sizeof(head));
	TAILQ_FOREACH (k, &p->list, entry)
		ok = ok && put_run(fd, k);
	return seal(fd, ok);
}

static bool
is_user(const struct user *u)
{
	return u->ngroups <= USER_GROUPS_MAX &&
	       u->name[sizeof(u->name) - 1] == '\0' &&
	       u->home[sizeof(u->home) - 1] == '\0' &&
	       u->shell[sizeof(u->shell) - 1] == '\0';
}

static bool
is_ours(const struct carry *c)
{
	return memcmp(c->magic, magic, sizeof(magic)) == 0 &&
	       c->version == CARRY_VERSION && c->size == sizeof(*c) &&
	       c->record == sizeof(struct carry_run) && c->runs <= RUNS_TABLE &&
	       is_user(&c->user) && is_user(&c->system.service) &&
	       c->bin[sizeof(c->bin) - 1] == '\0' &&
	       c->build[CARRY_BUILD - 1] == '\0' &&
	       c->why[CARRY_WHY - 1] == '\0';
}

static bool
is_open(int fd)
{
	return fd < 0 || fcntl(fd, F_GETFD) >= 0;
}

static bool
is_run(const struct carry_run *r)
{
	bool open = is_open(r->pidfd);
	uint32_t i;

	if (r->nfds > SEQPKT_FDS_MAX || !parked_understands(&r->record))
		return false;
	for (i = 0; i < r->nfds; i++)
		open = open && r->fd[i] >= 0 && is_open(r->fd[i]);
	return open;
}

/* False: it cannot be where the service manager is said to have it. */
static bool
take_place(const struct carry_run *r, struct parked_run *k, struct store *s)
{
	if (s == NULL || r->place < 0)
		return true;
	k->stored = store_carried(s, (unsigned)r->place, r->nfds, r->has);
	if (k->stored == NULL)
		return false;
	k->stored->end = r->end;
	return true;
}

static bool
take_run(const struct carry_run *r, struct parked *p, struct store *s)
{
	struct parked_run *k = xcalloc(1, sizeof(*k));

	k->record = r->record;
	memcpy(k->fds.fd, r->fd, sizeof(r->fd));
	k->fds.n = r->nfds;
	k->pidfd = r->pidfd;
	k->status = r->status;
	k->nobodys = r->nobodys;
	k->ended = r->ended;
	k->told = r->told;
	k->waited = r->waited;
	k->stray = r->stray;
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
	return take_place(r, k, s);
}

/* All but those of runs; NULL is the last. */
static void
all_fds(const struct carry *c, const int32_t *all[FIXED_FDS])
{
	const int32_t *const list[FIXED_FDS] = { &c->base, &c->server, &c->lock,
		&c->api.fd, &c->terminal.fd, &c->audit.control, &c->ops.control,
		&c->daemon.control, &c->before.helper, &c->before.daemon,
		&c->before.egress, &c->before.worker, &c->before.push,
		&c->next.helper, &c->next.daemon, &c->next.egress,
		&c->next.worker, &c->next.push, &c->system.run, &c->system.keep,
		&c->system.accounts, &c->system.doors, NULL };

	memcpy(all, list, sizeof(list));
}

bool
carry_read(int fd, struct carry *c, struct parked *p, struct store *s)
{
	const int32_t *all[FIXED_FDS];
	struct carry_run r;
	uint32_t i;

	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    read(fd, c, sizeof(*c)) != (ssize_t)sizeof(*c) || !is_ours(c))
		return false;
	all_fds(c, all);
	for (i = 0; all[i] != NULL; i++)
		if (!is_open(*all[i]))
			return false;
	for (i = 0; i < c->runs; i++) {
		if (read(fd, &r, sizeof(r)) != (ssize_t)sizeof(r) ||
		    !is_run(&r) || !take_run(&r, p, s))
			return false;
	}
	return read(fd, &r, 1) == 0;
}

static void
mark(int fd, bool inherit)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC);
}

void
carry_inherit(const struct carry *c, const struct parked *p, bool inherit)
{
	const int32_t *all[FIXED_FDS];
	const struct parked_run *k;
	unsigned i;

	all_fds(c, all);
	for (i = 0; all[i] != NULL; i++)
		mark(*all[i], inherit);
	TAILQ_FOREACH (k, &p->list, entry) {
		for (i = 0; i < k->fds.n; i++)
			mark(k->fds.fd[i], inherit);
		mark(k->pidfd, inherit);
	}
}
