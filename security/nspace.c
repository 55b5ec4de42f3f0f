/* SPDX-License-Identifier: MIT */
/*
 * Namespaces of a run. Its reaper is the first process in the new PID
 * namespace, so there is no process more than without, and the kernel ends all
 * of a run together with it. The ids inside are those outside: what a run makes
 * is its user's, and no number means two accounts.
 */
#include "security/nspace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/egress.h"
#include "lib/seqpkt.h"
#include "security/landlock.h"
#include "security/mutant.h"
#include "security/nsmount.h"

/* Linux gives a new namespace its loopback first. */
#define LOOPBACK_INDEX 1
/* [ops] gives a start as long. */
#define WORD_MS 10000
/* "4294967295 4294967295 1\n" for each. */
#define MAP_TEXT (25 * (NSPACE_GROUPS + 1))

static int
put_text(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	/* The kernel takes a map whole and once. */
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	(void)close(fd);
	return err;
}

static void
add_id(char text[MAP_TEXT], size_t *used, unsigned id)
{
	int n = snprintf(text + *used, MAP_TEXT - *used, "%u %u 1\n", id, id);

	*used += (size_t)n;
}

/* Without privilege it is one group, and setgroups(2) is over for good. */
static int
map_groups(int dir, const struct nspace_ids *ids)
{
	char text[MAP_TEXT];
	size_t used = 0;
	unsigned i;
	int err = 0;

	if (ids->ngroups > NSPACE_GROUPS)
		return -E2BIG;
	add_id(text, &used, ids->gid);
	for (i = 0; ids->privileged && i < ids->ngroups; i++)
		if (ids->groups[i] != ids->gid)
			add_id(text, &used, ids->groups[i]);
	if (!ids->privileged)
		err = put_text(dir, "setgroups", "deny");
	return err != 0 ? err : put_text(dir, "gid_map", text);
}

/* `proc`: of the process in the new user namespace. */
static int
map_ids(const char *proc, const struct nspace_ids *ids)
{
	int dir = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	char text[MAP_TEXT];
	size_t used = 0;

	if (dir < 0)
		return -errno;
	add_id(text, &used, ids->uid);
	err = put_text(dir, "uid_map", text);
	if (err == 0)
		err = map_groups(dir, ids);
	(void)close(dir);
	return err;
}

/*
 * The files are root's as long as we are not dumpable. For these few calls
 * others of the same account could look into us; confined ones could not even
 * then, because of Landlock. With privilege the parent does it, see below.
 */
static int
map_self(const struct nspace_ids *ids)
{
	int err;

	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	err = map_ids("/proc/self", ids);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 && err == 0)
		err = -errno;
	return err;
}

/* As owner of the namespace, who may map any id by CAP_SETUID and SETGID. */
static int
map_child(pid_t pid, const struct nspace_ids *ids)
{
	char proc[32];

	snprintf(proc, sizeof(proc), "/proc/%d", pid);
	return map_ids(proc, ids);
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* In a parent with privilege. The child, or -errno with no child left. */
static pid_t
map_and_go(pid_t pid, int go[2], const struct nspace_ids *ids)
{
	int err = pid < 0 ? -errno : map_child(pid, ids);

	shut(&go[0]);
	if (err == 0 && write(go[1], "", 1) != 1)
		err = -errno;
	shut(&go[1]);
	if (pid > 0 && err != 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return err == 0 ? pid : err;
}

pid_t
nspace_fork(const struct nspace_ids *ids, int go[2])
{
	const unsigned long flags = CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD;
	pid_t pid;

	go[0] = go[1] = -1;
	if (ids->privileged && pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		return 0;
	if (ids->privileged)
		return map_and_go(pid, go, ids);
	return pid < 0 ? -errno : pid;
}

int
nspace_settle(const struct nspace_ids *ids, int go[2])
{
	char byte;
	ssize_t n;

	if (!ids->privileged)
		return map_self(ids);
	/* Its end without a byte: the parent could not, and will say so. */
	shut(&go[1]);
	n = read(go[0], &byte, 1);
	shut(&go[0]);
	return n == 1 ? 0 : -ECANCELED;
}

unsigned
nspace_flags(const struct nspace *s)
{
	unsigned flags = CLONE_NEWNS;

	if (s->ipc)
		flags |= CLONE_NEWIPC;
	return flags;
}

/* By netlink, rtnetlink(7): rdv makes no network socket, not even for this. */
static int
loopback_up(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
		      .nlmsg_type = RTM_NEWLINK,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.i = { .ifi_index = LOOPBACK_INDEX,
		    .ifi_flags = IFF_UP,
		    .ifi_change = IFF_UP } };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} ack;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0 ||
	    recv(fd, &ack, sizeof(ack), 0) < 0)
		err = -errno;
	else if (ack.h.nlmsg_type != NLMSG_ERROR)
		err = -EPROTO;
	else
		err = ack.e.error;
	(void)close(fd);
	return err;
}

/* Of the caller's; or -errno. */
static int
new_network(void)
{
	int fd, err = unshare(CLONE_NEWNET) < 0 ? -errno : loopback_up();

	if (err != 0)
		return err;
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void
nspace_lend_network(int to)
{
	struct seqpkt_fds fds = { .n = 1 };
	int32_t word = 0;

	fds.fd[0] = new_network();
	if (fds.fd[0] < 0)
		word = -fds.fd[0];
	/* Should it not arrive, its end is what the other side will see. */
	(void)seqpkt_send(to, &word, sizeof(word), word == 0 ? &fds : NULL);
	if (word == 0)
		(void)close(fds.fd[0]);
}

/* What the other side says: 0 or -errno; and what comes with it. */
static int
await_word(int from, struct seqpkt_fds *fds)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int32_t word;
	long n;

	if (poll(&p, 1, WORD_MS) <= 0)
		return -ETIMEDOUT;
	n = seqpkt_recv(from, &word, sizeof(word), fds);
	if (n == (long)sizeof(word))
		return -word;
	return n < 0 ? (int)n : -ECONNABORTED;
}

int
nspace_join(int from)
{
	struct seqpkt_fds fds = { .n = 0 };
	int err = await_word(from, &fds);

	if (err == 0 && (fds.n != 1 || setns(fds.fd[0], CLONE_NEWNET) < 0))
		err = fds.n != 1 ? -EPROTO : -errno;
	seqpkt_fds_close(&fds);
	return err;
}

int
nspace_begin(const struct nspace *s)
{
	return nsmount_begin(s);
}

int
nspace_show(const struct nspace *s, int *old)
{
	return nsmount_show(s, old);
}

int
nspace_enter(const struct nspace *s, int old)
{
	return nsmount_enter(s, old);
}

/* Non-blocking, or -errno. */
static int
listen_inside(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(EGRESS_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -errno;
}

int
nspace_offer(int leash)
{
	struct seqpkt_fds fds = { .n = 1 };
	int err;

	/* Whose it is, for who watches for sockets (tests/ports). */
	(void)prctl(PR_SET_NAME, "rdv-egress");
	fds.fd[0] = listen_inside();
	if (fds.fd[0] < 0)
		return fds.fd[0];
	err = seqpkt_send(leash, "", 1, &fds);
	(void)close(fds.fd[0]);
	return err != 0 ? err : await_word(leash, NULL);
}

/*
 * What has its own file system in there. In a root of its own /dev has nothing
 * but what is listed, and names are all that LIST shows of the host's.
 */
int
nspace_allow(const struct nspace *s, int ruleset)
{
	static const struct {
		const char *path;
		enum landlock_access access;
		bool root; /* not over the host's */
	} rows[] = {
		{ "proc", LANDLOCK_READ, false },
		{ "dev/shm", LANDLOCK_WRITE, false },
		{ "dev/pts", LANDLOCK_TERMINAL, false },
		{ "dev/ptmx", LANDLOCK_TERMINAL, false },
		{ "run/rdv", LANDLOCK_READ, true },
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].root && s->view != NSPACE_ROOT)
			continue;
		err = landlock_allow(ruleset, rows[i].path, rows[i].access);
		if (err != 0)
			return err;
	}
	return landlock_allow(ruleset, s->view == NSPACE_ROOT ? "." : "dev",
	    LANDLOCK_LIST);
}

/* In the second child: as for a run, with nothing of the host's. */
static _Noreturn void
try_view(const struct nspace *s, const struct nspace_ids *ids, int network)
{
	const struct nspace rest = { .view = s->view };
	int err = 0, old;

	if (ids->privileged &&
	    (setgroups(0, NULL) < 0 ||
		setresgid(ids->gid, ids->gid, ids->gid) < 0 ||
		setresuid(ids->uid, ids->uid, ids->uid) < 0))
		err = -errno;
	if (err == 0)
		err = nspace_begin(s);
	if (err == 0)
		err = nspace_show(s, &old);
	if (err == 0)
		err = nspace_enter(&rest, old);
	if (err == 0 && s->net)
		err = nspace_join(network);
	_exit(-err);
}

/* In the first child: the errno of it all as exit status. */
static _Noreturn void
try_first(const struct nspace *s, const struct nspace_ids *ids, int go[2])
{
	const unsigned long flags = nspace_flags(s) | SIGCHLD;
	int err = nspace_settle(ids, go), status, network[2] = { -1, -1 };
	long pid;

	if (err == 0 && s->net)
		err = seqpkt_pair(network);
	if (err != 0)
		_exit(-err);
	pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		try_view(s, ids, network[1]);
	if (pid < 0)
		_exit(errno);
	if (s->net)
		nspace_lend_network(network[0]);
	if (waitpid((pid_t)pid, &status, 0) < 0 || !WIFEXITED(status))
		_exit(EIO);
	_exit(WEXITSTATUS(status));
}

int
nspace_probe(enum nspace_view view, const struct nspace_ids *ids)
{
	const struct nspace s = { .view = view,
		.ipc = view == NSPACE_ROOT,
		.net = view == NSPACE_ROOT };
	int status, go[2];
	pid_t pid;

	if (mutant("no userns"))
		return -EPERM;
	if (ids->uid == 0)
		return -EOPNOTSUPP;
	pid = nspace_fork(ids, go);
	if (pid == 0)
		try_first(&s, ids, go);
	if (pid < 0)
		return pid;
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -EIO;
	return -WEXITSTATUS(status);
}
