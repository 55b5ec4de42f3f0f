/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of runs, kept by [main] so that neither [ops] nor rdvd has the
 * only ones. [main] looks at no more of a record than whose it is: records are
 * of one size, and what they say is for the next [ops], which is a fork of us
 * and finds everything where it is. We are the parent of what an [ops] leaves,
 * and the only one who can wait for it.
 */
#include "priv-helper/parked.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "priv-helper/reaper.h"
#include "priv-helper/run.h"
#include "priv-helper/sweep.h"
#include "security/mutant.h"
#include "security/profile.h"

/* Reapers of runs that nobody was told of end them by themselves. */
#define GRACE_MS (REAPER_GRACE_MS + 2000)
/* What does not die of SIGKILL this long hangs in the kernel, or is traced. */
#define STUCK_MS 5000
/* A reaper ends what is left in less. */
#define DONE_MS	 30000
#define AGAIN_MS 100

struct parked *
parked_new(void)
{
	struct parked *p = xcalloc(1, sizeof(*p));

	TAILQ_INIT(&p->list);
	return p;
}

static void
forget(struct parked *p, struct parked_run *k)
{
	seqpkt_fds_close(&k->fds);
	if (k->pidfd >= 0)
		(void)close(k->pidfd);
	TAILQ_REMOVE(&p->list, k, entry);
	p->n--;
	free(k);
}

void
parked_drop(struct parked *p)
{
	struct parked_run *k;

	while ((k = TAILQ_FIRST(&p->list)) != NULL)
		forget(p, k);
}

void
parked_free(struct parked *p)
{
	if (p == NULL)
		return;
	parked_drop(p);
	free(p);
}

unsigned
parked_live(const struct parked *p)
{
	const struct parked_run *k;
	unsigned n = 0;

	TAILQ_FOREACH (k, &p->list, entry)
		n += k->fds.n > 0;
	return n;
}

static struct parked_run *
find(const struct parked *p, uint64_t handle)
{
	struct parked_run *k;

	TAILQ_FOREACH (k, &p->list, entry)
		if (k->record.handle == handle)
			return k;
	return NULL;
}

bool
parked_has(const struct parked *p, uint64_t handle)
{
	return find(p, handle) != NULL;
}

/* [ops] would look up by its profile what the run is allowed. */
bool
parked_understands(const struct park_record *rec)
{
	return rec->version == PARK_VERSION &&
	       memchr(rec->profile, '\0', sizeof(rec->profile)) != NULL &&
	       memchr(rec->label, '\0', sizeof(rec->label)) != NULL &&
	       memchr(rec->scratch, '\0', sizeof(rec->scratch)) != NULL &&
	       profile_find(rec->profile) >= 0;
}

struct parked_run *
parked_stray(struct parked *p, const struct park_record *rec)
{
	struct parked_run *k = xcalloc(1, sizeof(*k));

	k->record = *rec;
	k->pidfd = -1;
	k->stray = true;
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
	return k;
}

static bool
is_watched(const struct parked_run *k)
{
	return k->stray && !k->ended && k->pidfd >= 0;
}

unsigned
parked_watch(const struct parked *p, struct pollfd *out)
{
	const struct parked_run *k;
	unsigned n = 0;

	TAILQ_FOREACH (k, &p->list, entry)
		if (is_watched(k))
			out[n++] =
			    (struct pollfd){ .fd = k->pidfd, .events = POLLIN };
	return n;
}

void
parked_look(struct parked *p, const struct pollfd *polled)
{
	struct parked_run *k;

	TAILQ_FOREACH (k, &p->list, entry)
		if (is_watched(k) && polled++->revents != 0) {
			k->ended = true;
			k->due = 0;
		}
}

static bool
add(struct parked *p, const struct park_record *rec, struct seqpkt_fds *fds)
{
	struct parked_run *k;

	if (fds->n < PARK_FDS_MIN + (rec->reaper != 0) || p->n >= RUNS_TABLE ||
	    find(p, rec->handle) != NULL)
		return false;
	k = xcalloc(1, sizeof(*k));
	k->record = *rec;
	k->ended = k->told = rec->reaper == 0;
	k->pidfd = k->ended ? -1 : fds->fd[--fds->n];
	k->fds = *fds;
	k->egress_began = sweep_started(rec->egress);
	fds->n = 0;
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
	return true;
}

static bool
change(struct parked *p, const struct park_record *rec)
{
	struct parked_run *k = find(p, rec->handle);

	if (k == NULL)
		return false;
	if (rec->verb == PARK_REST) {
		seqpkt_fds_close(&k->fds);
	} else if (rec->verb == PARK_END) {
		k->record.ended = true;
		k->record.status = rec->status;
	} else {
		forget(p, k);
	}
	return true;
}

static bool
take(struct parked *p, const struct park_record *rec, size_t len,
    struct seqpkt_fds *fds)
{
	if (len != sizeof(*rec) || rec->version != PARK_VERSION ||
	    rec->verb > PARK_END)
		return false;
	if (rec->verb == PARK_ADD)
		return add(p, rec, fds);
	return fds->n == 0 && change(p, rec);
}

bool
parked_hear(struct parked *p, int sock)
{
	struct seqpkt_fds fds = { .n = 0 };
	struct park_record rec;
	bool good = true;
	long n;

	do {
		n = seqpkt_recv(sock, &rec, sizeof(rec), &fds);
		if (n > 0)
			good = take(p, &rec, (size_t)n, &fds);
		seqpkt_fds_close(&fds);
		/*
		 * Killed with something unread: that is said first, and once.
		 */
	} while (good && (n > 0 || n == -ECONNRESET));
	return good && (n == 0 || n == -EAGAIN);
}

static bool
raise_fd(int *fd, int first)
{
	int now = *fd;

	if (now >= first || now < 0)
		return true;
	*fd = fcntl(now, F_DUPFD_CLOEXEC, first);
	(void)close(now);
	return *fd >= 0;
}

bool
parked_clear(struct parked *p, int first)
{
	struct parked_run *k;
	unsigned i;

	TAILQ_FOREACH (k, &p->list, entry) {
		if (!raise_fd(&k->pidfd, first))
			return false;
		for (i = 0; i < k->fds.n; i++)
			if (!raise_fd(&k->fds.fd[i], first))
				return false;
	}
	return true;
}

static int
rising(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void
parked_close_others(const struct parked *p, int first)
{
	const size_t most = SEQPKT_FDS_MAX + 1;
	int *all = xcalloc((size_t)p->n * most + 1, sizeof(*all));
	const struct parked_run *k;
	size_t n = 0, i;

	TAILQ_FOREACH (k, &p->list, entry) {
		for (i = 0; i < k->fds.n; i++)
			all[n++] = k->fds.fd[i];
		if (k->pidfd >= 0)
			all[n++] = k->pidfd;
	}
	qsort(all, n, sizeof(*all), rising);
	for (i = 0; i < n; i++) {
		if (all[i] > first)
			(void)syscall(SYS_close_range, first, all[i] - 1, 0);
		first = all[i] + 1;
	}
	(void)syscall(SYS_close_range, first, ~0u, 0);
	free(all);
}

/*
 * Its reaper is our child, and not waited for: 0 or, as it is another's or was
 * waited for, -errno. `*dead`: it has ended.
 */
static int
look(const struct parked_run *k, bool *dead)
{
	siginfo_t si = { .si_pid = 0 };
	int err = 0;

	if (waitid(P_PIDFD, (id_t)k->pidfd, &si, WEXITED | WNOHANG | WNOWAIT) <
	    0)
		err = -errno;
	*dead = err == 0 && si.si_pid != 0;
	return err;
}

/* What it was the parent of may be ours from now on. */
static bool
has_left(const struct parked_run *k)
{
	bool dead;

	return k->ended || (k->ours && look(k, &dead) == 0 && dead);
}

static void
unsure(struct parked *p)
{
	const int64_t now = clock_mono_ms();

	p->sweep = true;
	p->sweep_by = (now > p->sweep_at ? now : p->sweep_at) + STUCK_MS;
}

/* There may be anything of an [ops] that has ended. */
static void
begin_waits(struct parked *p)
{
	const int64_t now = clock_mono_ms();
	struct parked_run *k;

	p->sweep_at = now + GRACE_MS;
	unsure(p);
	TAILQ_FOREACH (k, &p->list, entry)
		k->due = k->nobodys ? now + DONE_MS : p->sweep_by;
}

void
parked_orphaned(struct parked *p)
{
	struct parked_run *k;
	bool dead;
	int err;

	TAILQ_FOREACH (k, &p->list, entry) {
		k->nobodys = k->fds.n == 0;
		err = k->pidfd >= 0 && !k->stray ? look(k, &dead) : -EBADF;
		/* [ops] had waited for it already, so nobody will. */
		k->ended |= err == -ECHILD;
		k->ours |= err == 0;
	}
	begin_waits(p);
}

/*
 * By a number alone it could be an orphan: [ops] waits for reapers of its own,
 * and what it has waited for is free for anybody.
 */
static bool
is_reaper(const struct parked_run *k, pid_t pid)
{
	return k->record.reaper == pid && k->ours && !k->ended;
}

void
parked_carried(struct parked *p)
{
	struct parked_run *k;
	bool dead;

	TAILQ_FOREACH (k, &p->list, entry) {
		k->ours = k->pidfd >= 0 && !k->stray && look(k, &dead) == 0;
		k->egress_began = sweep_started(k->record.egress);
	}
	begin_waits(p);
}

/*
 * What any child was the parent of comes to us with its end; but nothing of a
 * stray, of whom such a number is not any more.
 */
void
parked_ended(struct parked *p, pid_t pid, int status)
{
	struct parked_run *k;

	unsure(p);
	TAILQ_FOREACH (k, &p->list, entry) {
		if (k->stray)
			continue;
		/* Before, it is another process that has its number. */
		if (k->record.pid == pid && has_left(k)) {
			k->status = status;
			k->waited = true;
		}
		if (!is_reaper(k, pid))
			continue;
		k->ended = true;
		/* In order: it has ended all of its run, or waited long. */
		if (WIFEXITED(status) && k->record.egress == 0)
			k->due = 0;
		else
			k->due = p->sweep_by;
	}
}

struct kept {
	struct parked *p;
	bool (*spare)(pid_t pid, void *arg);
	void *arg;
};

/* Whose it is has to wait for its end; root's may be anybody's, by sudo. */
static void
hold(struct parked *p, pid_t pid)
{
	const uid_t uid = sweep_owner(pid);
	struct parked_run *k;

	TAILQ_FOREACH (k, &p->list, entry)
		k->held |= uid == 0 || k->record.uid == uid;
}

static bool
is_egress(const struct parked_run *k, pid_t pid)
{
	return k->record.egress == pid && k->egress_began == sweep_started(pid);
}

static bool
is_kept(pid_t pid, void *arg)
{
	const struct kept *s = arg;
	const struct parked_run *k;

	if (s->spare(pid, s->arg))
		return true;
	TAILQ_FOREACH (k, &s->p->list, entry)
		if (is_reaper(k, pid) ||
		    (!k->stray && !k->ended && is_egress(k, pid)))
			return true;
	/* What is not ours to signal is not waited for. */
	if (kill(pid, 0) == 0)
		hold(s->p, pid);
	return false;
}

static void
sweep(struct parked *p, struct kept *kept, int64_t now)
{
	struct parked_run *k;

	if (!p->sweep || now < p->sweep_at)
		return;
	TAILQ_FOREACH (k, &p->list, entry)
		k->held = false;
	if (mutant("H01") || sweep_children(SIGKILL, is_kept, kept) <= 0 ||
	    now >= p->sweep_by)
		p->sweep = false;
}

/* True: [ops] does not take it now. */
static bool
tell_gone(struct parked_run *k, int sock)
{
	const struct ctl_gone m = { .handle = k->record.handle,
		.status = k->waited ? k->status : -1 };
	struct buf b;
	int err;

	buf_init(&b, CTL_MAX);
	ctl_put_gone(&b, &m);
	err = seqpkt_send(sock, b.data, b.len, NULL);
	buf_done(&b);
	k->told = err == 0;
	return err == -EAGAIN;
}

/* Something of it may still be there that is going to end. */
static bool
waits(const struct parked *p, const struct parked_run *k, int64_t now)
{
	return p->sweep && now < k->due && (now < p->sweep_at || k->held);
}

/* A signal can stop it for ever, and it is its account's. */
static void
end_reaper(struct parked_run *k, int64_t now)
{
	if (now < k->due)
		return;
	(void)syscall(SYS_pidfd_send_signal, k->pidfd, SIGKILL, NULL, 0);
	k->due = now + DONE_MS;
}

/* What a stray leaves goes to the first process of the host. */
static void
end_cgroup(const struct parked *p, const struct parked_run *k)
{
	char dir[CGROUP_PATH];
	int events;

	if (!k->stray)
		return;
	cgroup_of_account(p->cgroups, k->record.uid, dir);
	events = cgroup_end(dir, k->record.handle);
	if (events >= 0)
		(void)close(events);
}

static void
soonest(int64_t *wait, int64_t ms)
{
	if (*wait < 0 || ms < *wait)
		*wait = ms > 0 ? ms : 0;
}

int64_t
parked_sweep(struct parked *p, bool (*spare)(pid_t pid, void *arg), void *arg,
    int sock)
{
	struct kept kept = { .p = p, .spare = spare, .arg = arg };
	const int64_t now = clock_mono_ms();
	struct parked_run *k, *next;
	int64_t wait = -1;

	sweep(p, &kept, now);
	if (p->sweep)
		soonest(&wait,
		    now < p->sweep_at ? p->sweep_at - now : AGAIN_MS);
	TAILQ_FOREACH_SAFE (k, &p->list, entry, next) {
		if (k->ended && k->nobodys) {
			end_cgroup(p, k);
			forget(p, k);
		} else if (k->nobodys) {
			end_reaper(k, now);
			soonest(&wait, k->due - now);
		} else if (k->ended && !k->told && sock >= 0 &&
			   !waits(p, k, now) && tell_gone(k, sock)) {
			soonest(&wait, AGAIN_MS);
		}
	}
	return wait;
}
