/* SPDX-License-Identifier: MIT */
/*
 * One run as it lies with the service manager. Whoever put it there was [main],
 * perhaps of another build, perhaps killed in the middle: so it is taken whole
 * or not at all.
 */
#include "priv-helper/storerun.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/carry.h"
#include "priv-helper/parked.h"
#include "priv-helper/reaper.h"
#include "priv-helper/run.h"
#include "security/mutant.h"

#define FDS (STORERUN_PIDFD - STORERUN_FDS + 1)

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static const char magic[8] = "rdvrun";

struct storerun {
	char magic[8];
	uint32_t version, size;
	char build[STORERUN_BUILD]; /* who wrote it, for the log */
	uint32_t place;		    /* it is that one's, and no other's */
	uint32_t nfds, pidfd;	    /* how many, and whether there is one */
	struct park_record record;
};

struct storerun_end {
	char magic[8];
	uint32_t what; /* enum storerun_what */
	int32_t status;
	uint64_t handle;
};

static unsigned
role_of(unsigned i)
{
	return i + 1 < FDS ? STORERUN_FDS + i : STORERUN_SIXTH;
}

unsigned
storerun_room(unsigned nfds)
{
	return nfds > FDS ? 0 : nfds + STORE_ROLES - FDS;
}

enum storerun_what
storerun_what(const struct parked_run *k)
{
	if (k->record.ended)
		return STORERUN_ENDED;
	return k->waited ? STORERUN_WAITED : STORERUN_RUNS;
}

uint16_t
storerun_roles(const struct parked_run *k)
{
	unsigned roles = 1u << STORERUN_RECORD;

	for (unsigned i = 0; i < k->fds.n; i++)
		roles |= 1u << role_of(i);
	if (k->pidfd >= 0)
		roles |= 1u << STORERUN_PIDFD;
	if (storerun_what(k) != STORERUN_RUNS)
		roles |= 1u << STORERUN_END;
	return (uint16_t)roles;
}

static int
memory_of(const void *p, size_t len)
{
	struct buf b;
	int fd;

	buf_init(&b, len);
	buf_put(&b, p, len);
	fd = carry_memory(&b);
	buf_done(&b);
	return fd;
}

/* No older program is to take a run with a door for one without. */
static uint32_t
version_of(const struct park_record *k)
{
	return (k->guards & PRIV_G_DOOR) != 0 ? STORERUN_DOOR
					      : STORERUN_VERSION;
}

/* What changes of a record later is not in it. */
static int
write_record(const struct parked_run *k)
{
	struct storerun r;

	memset(&r, 0, sizeof(r));
	memcpy(r.magic, magic, sizeof(magic));
	r.version = version_of(&k->record);
	r.size = sizeof(r);
	r.place = k->stored->place;
	r.nfds = k->fds.n;
	r.pidfd = k->pidfd >= 0;
	r.record = k->record;
	r.record.ended = 0;
	(void)str_copy(r.build, RDV_BUILD, sizeof(r.build));
	return memory_of(&r, sizeof(r));
}

static int
write_end(const struct parked_run *k)
{
	struct storerun_end e;

	memset(&e, 0, sizeof(e));
	memcpy(e.magic, magic, sizeof(magic));
	e.what = storerun_what(k);
	e.status = k->record.ended ? k->record.status : k->status;
	e.handle = k->record.handle;
	return memory_of(&e, sizeof(e));
}

int
storerun_fd(const struct parked_run *k, unsigned role)
{
	if (role == STORERUN_RECORD)
		return write_record(k);
	if (role == STORERUN_END)
		return write_end(k);
	if (role == STORERUN_PIDFD)
		return k->pidfd;
	return k->fds
	    .fd[role == STORERUN_SIXTH ? FDS - 1 : role - STORERUN_FDS];
}

void
storerun_close(unsigned role, int fd)
{
	if (role == STORERUN_RECORD || role == STORERUN_END)
		(void)close(fd);
}

/* Only a memory file has seals, and behind them nobody has changed it. */
static bool
read_memory(int fd, void *p, size_t len)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (mutant("P05-seals"))
		seals = SEALS;
	return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 &&
	       st.st_size == (off_t)len && pread(fd, p, len, 0) == (ssize_t)len;
}

static bool
read_record(int fd, struct storerun *r)
{
	return read_memory(fd, r, sizeof(*r)) &&
	       memcmp(r->magic, magic, sizeof(magic)) == 0 &&
	       r->version == version_of(&r->record) && r->size == sizeof(*r) &&
	       r->record.handle != 0 && parked_understands(&r->record) &&
	       r->build[STORERUN_BUILD - 1] == '\0';
}

/* It is polled for the end of a reaper, and anything else may have one. */
static bool
is_pidfd(int fd)
{
	siginfo_t si;

	return waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG | WNOWAIT) ==
		   0 ||
	       errno == ECHILD;
}

static bool
is_packets(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* Each that was put there, and no other. */
static bool
is_whole(const struct storerun *r, const int fd[STORE_ROLES])
{
	unsigned i;

	if (r->nfds < PARK_FDS_MIN || r->nfds > FDS ||
	    (r->pidfd != 0) != (fd[STORERUN_PIDFD] >= 0))
		return false;
	for (i = 0; i < FDS; i++)
		if ((fd[role_of(i)] >= 0) != (i < r->nfds))
			return false;
	return is_packets(fd[STORERUN_FDS]) &&
	       (r->pidfd == 0 || is_pidfd(fd[STORERUN_PIDFD]));
}

/* `fd` may be -1: then it says nothing. */
static bool
read_end(int fd, uint64_t handle, struct storerun_end *e)
{
	memset(e, 0, sizeof(*e));
	if (fd < 0)
		return true;
	return read_memory(fd, e, sizeof(*e)) &&
	       memcmp(e->magic, magic, sizeof(magic)) == 0 &&
	       (e->what == STORERUN_ENDED || e->what == STORERUN_WAITED) &&
	       e->handle == handle;
}

static int
copy_of(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static struct parked_run *
take(const struct storerun *r, const struct storerun_end *e,
    const int fd[STORE_ROLES], struct parked *p)
{
	struct parked_run *k = parked_stray(p, &r->record);

	k->record.ended = e->what == STORERUN_ENDED;
	k->record.status = k->record.ended ? e->status : 0;
	k->waited = e->what == STORERUN_WAITED;
	k->status = k->waited ? e->status : 0;
	for (k->fds.n = 0; k->fds.n < r->nfds; k->fds.n++)
		k->fds.fd[k->fds.n] = copy_of(fd[role_of(k->fds.n)]);
	if (r->pidfd != 0)
		k->pidfd = copy_of(fd[STORERUN_PIDFD]);
	else
		k->ended = k->told = true;
	return k;
}

struct parked_run *
storerun_read(const int fd[STORE_ROLES], unsigned place, struct parked *p,
    const char **why)
{
	struct storerun_end e;
	struct storerun r;

	*why = "there is no record of it that is understood";
	if (fd[STORERUN_RECORD] < 0 || !read_record(fd[STORERUN_RECORD], &r) ||
	    r.place != place)
		return NULL;
	*why = "it is not whole";
	if (!is_whole(&r, fd))
		return NULL;
	*why = "there is no record of its end that is understood";
	if (!read_end(fd[STORERUN_END], r.record.handle, &e))
		return NULL;
	*why = "there are two of it, or too many";
	if (p->n >= RUNS_TABLE || parked_has(p, r.record.handle))
		return NULL;
	if (strcmp(r.build, RDV_BUILD) != 0)
		log_info("store", "run %016llx is of build %s",
		    (unsigned long long)r.record.handle, r.build);
	return take(&r, &e, fd, p);
}

uint64_t
storerun_end(const int fd[STORE_ROLES])
{
	const struct reaper_order order = { .verb = REAPER_END, .sig = SIGHUP };
	struct storerun r = { .record = { .handle = 0 } };

	/* Of those with nobody at the other end it has ended. */
	if (fd[STORERUN_FDS] >= 0)
		(void)send(fd[STORERUN_FDS], &order, sizeof(order),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (fd[STORERUN_RECORD] < 0 ||
	    pread(fd[STORERUN_RECORD], &r, sizeof(r), 0) !=
		(ssize_t)sizeof(r) ||
	    memcmp(r.magic, magic, sizeof(magic)) != 0)
		return 0;
	return r.record.handle;
}
