/* SPDX-License-Identifier: MIT */
/*
 * The child's way from a copy of the helper to somebody's program, one function
 * per stage in the one order that works: the comments at the stages say what
 * breaks otherwise. Any failure ends the child; a half-dropped child never
 * reaches the program. After fork only system calls are made here. In the
 * middle it waits to be told what to become, if it was made before that.
 */
#include "security/drop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/caps.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/mutant.h"
#include "security/nsdoor.h"
#include "security/nspace.h"
#include "security/profile.h"
#include "security/signals.h"
#include "security/slim.h"

/* Where C4 puts what must live longer, right above stdio. */
#define FIRST_FD 3
/* Clear of every number that C4 assigns. */
#define PARK_FD	   10
#define GROUPS_MAX 1024

/* Ignored signals survive exec; the mask stays full until C16. */
static int
c1_signals(struct drop_plan *p)
{
	(void)p;
	return signals_default();
}

/* Fails for a group leader, so directly after fork. */
static int
c2_setsid(struct drop_plan *p)
{
	(void)p;
	return setsid() < 0 ? -errno : 0;
}

/*
 * A helper that its service manager shields from the OOM killer must not pass
 * that on. The cgroup has been joined already, by being born in it.
 */
static int
c3_oom(struct drop_plan *p)
{
	char value[16] = "";
	int fd, err = 0;

	(void)p;
	fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, value, sizeof(value) - 1) < 0)
		err = -errno;
	(void)close(fd);
	if (err != 0 || value[0] != '-')
		return err;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	(void)close(fd);
	return err;
}

static int
park(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, PARK_FD);

	if (high < 0)
		return -errno;
	*fd = high;
	return 0;
}

/*
 * Everything first moves out of the way, because dup2() onto a number in use
 * destroys it, and dup2(n, n) would keep close-on-exec set.
 */
static int
c4_stdio(struct drop_plan *p)
{
	int *const kept[] = { &p->status, &p->ruleset, &p->egress, &p->network,
		&p->door };
	const size_t n = sizeof(kept) / sizeof(kept[0]);
	int i, err = 0;
	size_t k;

	for (i = 0; err == 0 && i < 3; i++)
		err = park(&p->stdio[i]);
	for (k = 0; err == 0 && k < n; k++)
		if (*kept[k] >= 0)
			err = park(kept[k]);
	if (err != 0)
		return err;
	if (p->pty && ioctl(p->stdio[0], TIOCSCTTY, 0) < 0)
		return -errno;
	for (i = 0; i < 3; i++)
		if (dup2(p->stdio[i], i) < 0)
			return -errno;
	p->first = FIRST_FD;
	for (k = 0; k < n; k++) {
		if (*kept[k] < 0)
			continue;
		*kept[k] = dup3(*kept[k], (int)p->first++, O_CLOEXEC);
		if (*kept[k] < 0)
			return -errno;
	}
	return 0;
}

/* One call, not a loop up to a limit that may have been lowered (E07, H19). */
static int
c5_descriptors(struct drop_plan *p)
{
	if (mutant("H19"))
		return fcntl(0, F_DUPFD, PARK_FD) < 0 ? -errno : 0;
	if (syscall(SYS_close_range, p->first, ~0u, 0) < 0)
		return -errno;
	return 0;
}

static int
limit(const struct profile_limit *l)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)l->resource, &r) < 0)
		return -errno;
	if (r.rlim_max > l->max)
		r.rlim_max = l->max;
	if (r.rlim_cur > l->max)
		r.rlim_cur = l->max;
	if (setrlimit((__rlimit_resource_t)l->resource, &r) < 0)
		return -errno;
	return 0;
}

static int
limit_all(const struct profile_limit *l)
{
	int err = 0;

	for (; l->resource >= 0 && err == 0; l++)
		err = limit(l);
	return err;
}

/*
 * Before C8: over NPROC, setresuid() would succeed and execve() fail. The
 * helper's own umask and descriptor limit are not the user's.
 */
static int
c6_limits(struct drop_plan *p)
{
	struct rlimit r;
	int err;

	(void)umask(022);
	if (getrlimit(RLIMIT_CORE, &r) < 0)
		return -errno;
	r.rlim_cur = 0;
	if (setrlimit(RLIMIT_CORE, &r) < 0)
		return -errno;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return -errno;
	if (p->nofile < r.rlim_cur)
		r.rlim_cur = p->nofile;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		return -errno;
	err = limit_all(p->limits);
	return err != 0 ? err : limit_all(p->account);
}

/*
 * EPERM after C9. Without CAP_SETPCAP there is C14, which makes it moot; in a
 * user namespace of our own there is that capability.
 */
static int
c7_bounding(struct drop_plan *p)
{
	int err = caps_clear_ambient();

	if (err == 0 && p->confined && (p->privileged || p->spaces != NULL))
		err = caps_drop_bounding();
	return err;
}

/* In this order: each step gives up the right to the one before. */
static int
set_ids(const struct drop_plan *p)
{
	if (!p->privileged)
		return 0;
	if (setgroups(p->ngroups, p->groups) < 0 ||
	    setresgid(p->gid, p->gid, p->gid) < 0 ||
	    setresuid(p->uid, p->uid, p->uid) < 0)
		return -errno;
	/*
	 * The kernel does so too, unless fs.suid_dumpable says otherwise: until
	 * it executes something this is a copy of the helper.
	 */
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

static int
c8_ids(struct drop_plan *p)
{
	return mutant("drop ids") ? 0 : set_ids(p);
}

static bool
is_set(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE) != 0;
}

/* The word is a futex(2) of whoever sets it. */
static void
await(const uint32_t *word)
{
	while (!is_set(word))
		(void)syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* What of the view no request decides. */
static int
show_common(const struct drop_plan *p, int *old)
{
	int err = nspace_begin(p->spaces);

	if (err != 0)
		return err;
	await(&p->order->begun);
	err = nspace_show(p->order->common, old);
	return err != 0 ? err : nspace_allow(p->order->common, p->ruleset);
}

static int
join_network(struct drop_plan *p)
{
	int err;

	if (p->network < 0)
		return 0;
	err = nspace_join(p->network);
	(void)close(p->network);
	p->network = -1;
	return err;
}

/*
 * As the user, or its files could not be mounted; and with the capabilities
 * that a user namespace gave. What is to be seen is looked up while we are
 * made, or comes with a request, so it may have to be waited for; and so may
 * the network, over which the kernel takes longer than over the mounts.
 */
static int
c8b_namespaces(struct drop_plan *p)
{
	int err, old;

	if (p->spaces == NULL)
		return 0;
	err = show_common(p, &old);
	if (err == 0 && !is_set(&p->order->shown)) {
		err = join_network(p);
		(void)prctl(PR_SET_NAME, "rdv-open");
	}
	if (err != 0)
		return err;
	await(&p->order->shown);
	err = nspace_enter(p->order->view, old);
	return err != 0 ? err : join_network(p);
}

/* In its own network, and before anything of it is the program's. */
static int
c8c_egress(struct drop_plan *p)
{
	int err;

	if (p->egress < 0)
		return 0;
	err = nspace_offer(p->egress);
	(void)close(p->egress);
	return err;
}

/* Root to user leaves them inheritable; a non-root helper keeps all. */
static int
c9_capabilities(struct drop_plan *p)
{
	(void)p;
	return caps_drop_all();
}

static int
verify_ids(const struct drop_plan *p)
{
	gid_t groups[GROUPS_MAX];
	uid_t r, e, s;
	gid_t rg, eg, sg;
	int n;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return -errno;
	if (r != p->uid || e != p->uid || s != p->uid || rg != p->gid ||
	    eg != p->gid || sg != p->gid)
		return -EPERM;
	n = getgroups(GROUPS_MAX, groups);
	if (n < 0)
		return -errno;
	if ((unsigned)n != p->ngroups)
		return -EPERM;
	/* A user namespace of an account's own has no numbers for them. */
	if (p->spaces != NULL && !p->privileged)
		return 0;
	return memcmp(groups, p->groups, (size_t)n * sizeof(gid_t)) == 0
		   ? 0
		   : -EPERM;
}

/*
 * The only proof that a drop has happened is that it cannot be undone. Root's
 * own account has nothing to regain by these calls: what it may do is held by
 * the bounding set and C14.
 */
static int
verify_for_good(const struct drop_plan *p)
{
	if (p->uid == 0)
		return 0;
	if (setresuid(0, 0, 0) == 0 || setuid(0) == 0)
		return -EPERM;
	if (p->gid != 0 && setresgid(0, 0, 0) == 0)
		return -EPERM;
	if (setgroups(0, NULL) == 0)
		return -EPERM;
	return 0;
}

static int
c10_verify(struct drop_plan *p)
{
	int err = verify_ids(p);

	if (err == 0)
		err = caps_verify_none();
	return err != 0 ? err : verify_for_good(p);
}

/*
 * After C8, which would clear it; a parent gone already sends no signal. One
 * that dies instead of becoming ready leaves us to [ops], which ends us.
 */
static int
c11_parent(struct drop_plan *p)
{
	await(p->ready);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == p->parent ? 0 : -ESRCH;
}

/*
 * Another user's child must not share the helper's keys. With the own account
 * there is nothing to cross, and a keyring per run would use up the 200 keys an
 * ordinary user has. A kernel or container without keys has none to share.
 */
static int
c13_keyring(struct drop_plan *p)
{
	if (!p->privileged)
		return 0;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS && errno != EPERM)
		return -errno;
	return 0;
}

/* Without it Landlock is EPERM and seccomp EACCES. */
static int
c14_no_new_privs(struct drop_plan *p)
{
	if (p->confined && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/*
 * Before there is an order, because the kernel takes longer over a filter than
 * over all that follows. What follows is open to every program there is: that
 * goes for rules of its own, too.
 */
static int
c17_seccomp(struct drop_plan *p)
{
	if (!p->confined || mutant("seccomp"))
		return 0;
	return filter_apply(p->filter);
}

/*
 * Up to here nothing depends on a request, so that this process may have been
 * made before there was one. It is the user's, can do nothing that the program
 * could not, cannot be traced, and lives no longer than its reaper. From here
 * on it uses nothing of libc but syscall(2), whose page the wait has used: each
 * other one would have to come back while somebody waits.
 */
static int
c11b_order(struct drop_plan *p)
{
	if (prctl(PR_SET_NAME, "rdv-spare") < 0)
		return -errno;
	if (!is_set(&p->order->given))
		slim_down();
	await(&p->order->given);
	if (!p->confined && syscall(SYS_prctl, PR_SET_PDEATHSIG, 0L) < 0)
		return -errno;
	return 0;
}

/*
 * In its own root, and before C15, as the program may write nothing there. One
 * that is not asked for is closed by C18, as it was made. The token's other
 * place is the order, which the reaper keeps for as long as the run goes on.
 */
static int
c11c_door(struct drop_plan *p)
{
	char *token = (char *)p->order->token;
	int err;

	if (token == NULL)
		return 0;
	err = p->door < 0 ? -EBADF : nsdoor_open(p->door, token);
	explicit_bzero(token, strlen(token));
	return err;
}

/* As the user; and there is no second choice of directory (H15). */
static int
c12_chdir(struct drop_plan *p)
{
	if (mutant("hang"))
		(void)poll(NULL, 0, -1);
	if (mutant("slow"))
		(void)poll(NULL, 0, 300);
	if (syscall(SYS_chdir, p->order->cwd) == 0)
		return 0;
	if (mutant("H15"))
		return chdir("/") < 0 ? -errno : 0;
	return -errno;
}

/* As the user. The paths that were asked for are in it now. */
static int
c15_landlock(struct drop_plan *p)
{
	int err;

	if (!p->confined || mutant("landlock"))
		return 0;
	err = landlock_restrict(p->ruleset);
	(void)close(p->ruleset);
	return err;
}

static int
c16_mask(struct drop_plan *p)
{
	const uint64_t none = 0; /* as the kernel has it */

	(void)p;
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL,
		sizeof(none)) < 0)
		return -errno;
	return 0;
}

/* Not execvp(): the path was looked up where looking up was safe. */
static int
c18_execve(struct drop_plan *p)
{
	(void)syscall(SYS_execve, p->order->path, p->order->argv,
	    p->order->envp);
	return -errno;
}

static const struct stage {
	const char *name;
	int (*run)(struct drop_plan *p);
} stages[DROP_STAGES] = {
	{ "C1 signals", c1_signals },
	{ "C2 setsid", c2_setsid },
	{ "C3 oom", c3_oom },
	{ "C4 stdio", c4_stdio },
	{ "C5 descriptors", c5_descriptors },
	{ "C6 limits", c6_limits },
	{ "C7 bounding set", c7_bounding },
	{ "C8 ids", c8_ids },
	{ "C8b namespaces", c8b_namespaces },
	{ "C8c egress", c8c_egress },
	{ "C9 capabilities", c9_capabilities },
	{ "C10 verify", c10_verify },
	{ "C11 parent death", c11_parent },
	{ "C13 keyring", c13_keyring },
	{ "C14 no_new_privs", c14_no_new_privs },
	{ "C17 seccomp", c17_seccomp },
	{ "C11b order", c11b_order },
	{ "C11c door", c11c_door },
	{ "C12 chdir", c12_chdir },
	{ "C15 landlock", c15_landlock },
	{ "C16 signal mask", c16_mask },
	{ "C18 execve", c18_execve },
};

_Noreturn void
drop_exec(const struct drop_plan *plan)
{
	struct drop_plan p = *plan;
	struct drop_report report;
	uint32_t i;
	int err = 0;

	memset(&report, 0, sizeof(report));
	for (i = 0; i < DROP_STAGES && err == 0; i++)
		/* In test builds a stage can be made to fail by its name. */
		err = mutant(stages[i].name) ? -EIO : stages[i].run(&p);
	report.stage = i;
	report.err = -err;
	/* Fits into an empty pipe; there is nobody else to tell. */
	(void)!write(p.status, &report, sizeof(report));
	_exit(127);
}

int
drop_to_reaper(const struct drop_plan *p)
{
	int err;

	if (mutant("reaper ids"))
		return 0;
	/* Without it the permitted set is emptied by the change of uid. */
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return -errno;
	err = set_ids(p);
	/* In a namespace nobody else's process is left to be signalled. */
	if (err == 0)
		err = p->spaces != NULL ? caps_drop_all() : caps_keep_kill();
	if (err == 0 && prctl(PR_SET_KEEPCAPS, 0) < 0)
		err = -errno;
	if (err == 0)
		err = verify_ids(p);
	return err != 0 ? err : verify_for_good(p);
}

const char *
drop_stage_name(uint32_t stage)
{
	if (stage < 1 || stage > DROP_STAGES)
		return "?";
	return stages[stage - 1].name;
}
