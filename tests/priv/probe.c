/* SPDX-License-Identifier: MIT */
/*
 * Shows how a child is held, from inside: identity, capabilities, guards,
 * descriptors, environment, limits, and what comes of forbidden calls and
 * paths. Its output is compared with tests/priv/golden/.
 * usage: probe LABEL=MODE:WHAT...
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void
show_ids(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg, groups[64];
	int n, i;

	(void)getresuid(&r, &e, &s);
	(void)getresgid(&rg, &eg, &sg);
	printf("uid %u %u %u\ngid %u %u %u\ngroups", r, e, s, rg, eg, sg);
	n = getgroups(64, groups);
	for (i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf("\n");
}

/* The lines of /proc/self/status that say how we are held. */
static void
show_status(void)
{
	static const char *const wanted[] = { "CapInh:", "CapPrm:", "CapEff:",
		"CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:", "SigBlk:",
		"SigIgn:", "Threads:" };
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	size_t i;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
	if (f != NULL)
		(void)fclose(f);
}

static void
show_process(void)
{
	int pdeath = 0, fd;
	mode_t mask = umask(0);
	char cwd[512] = "?", oom[16] = "?";

	(void)prctl(PR_GET_PDEATHSIG, &pdeath);
	(void)getcwd(cwd, sizeof(cwd));
	fd = open("/proc/self/oom_score_adj", O_RDONLY);
	if (fd >= 0)
		oom[read(fd, oom, sizeof(oom) - 1) - 1] = '\0';
	(void)close(fd);
	printf("umask %03o\ncwd %s\npdeathsig %d\ndumpable %d\noom %s\n", mask,
	    cwd, pdeath, prctl(PR_GET_DUMPABLE), oom);
	printf("session %s\ngroup %s\n",
	    getsid(0) == getpid() ? "own" : "inherited",
	    getpgrp() == getpid() ? "own" : "inherited");
	(void)umask(mask);
}

static void
show_tty(void)
{
	struct stat st;
	int fd;

	if (!isatty(0)) {
		fd = open("/dev/tty", O_RDWR);
		printf("tty none, /dev/tty %s\n",
		    fd < 0 ? strerrorname_np(errno) : "opens");
		return;
	}
	(void)fstat(0, &st);
	printf("tty owner %u mode %03o foreground %s\n", st.st_uid,
	    st.st_mode & 0777, tcgetpgrp(0) == getpgrp() ? "yes" : "no");
}

static void
show_fds(void)
{
	int fd;

	printf("fds");
	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	printf("\n");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
show_env(void)
{
	size_t n = 0, i;

	while (environ[n] != NULL)
		n++;
	qsort(environ, n, sizeof(*environ), by_name);
	for (i = 0; i < n; i++)
		printf("env %s\n", environ[i]);
}

static void
show_limit(const char *name, __rlimit_resource_t what, rlim_t bound)
{
	struct rlimit r;

	(void)getrlimit(what, &r);
	if (bound != 0)
		printf("limit %s %s\n", name,
		    r.rlim_max <= bound ? "bounded" : "not bounded");
	else
		printf("limit %s %ld\n", name, (long)r.rlim_cur);
}

/* Bad arguments on purpose: an allowed call says so, and does nothing. */
static const struct {
	const char *name;
	long nr;
	long arg[4];
} calls[] = {
	{ "acct", SYS_acct, { 1 } },
	{ "add_key", SYS_add_key, { 1 } },
	{ "bpf", SYS_bpf, { -1 } },
	{ "chroot", SYS_chroot, { 1 } },
	{ "clone newuser", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "clone newns high", SYS_clone, { CLONE_NEWNS | 1l << 40 } },
	{ "clone3", SYS_clone3, { 1, 8 } },
	{ "delete_module", SYS_delete_module, { 1 } },
	{ "execveat", SYS_execveat, { -1, 1 } },
	{ "fsopen", SYS_fsopen, { 1 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, 1 } },
	{ "ioctl tiocsti", SYS_ioctl, { 0, TIOCSTI, 1 } },
	{ "ioctl tiocsti high", SYS_ioctl, { 0, 1l << 32 | TIOCSTI, 1 } },
	{ "ioctl tiocsetd", SYS_ioctl, { 0, TIOCSETD, 1 } },
	{ "ioctl tioclinux", SYS_ioctl, { 0, TIOCLINUX, 1 } },
	{ "ioctl fionread", SYS_ioctl, { -1, FIONREAD, 1 } },
	{ "kcmp", SYS_kcmp, { 1, 1, -1 } },
	{ "kexec_load", SYS_kexec_load, { 1, 1, 1 } },
	{ "keyctl", SYS_keyctl, { -1 } },
	{ "memfd_create", SYS_memfd_create, { 1, -1 } },
	{ "memfd_secret", 447, { -1 } },
	{ "mount", SYS_mount, { 1, 1, 1 } },
	{ "mount_setattr", SYS_mount_setattr, { -1 } },
	{ "mq_open", SYS_mq_open, { 1 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { -1, 1 } },
	{ "perf_event_open", SYS_perf_event_open, { 1 } },
	{ "personality", SYS_personality, { 0xffffffff } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { -1 } },
	{ "pivot_root", SYS_pivot_root, { 1, 1 } },
	{ "prlimit64", SYS_prlimit64, { 0, -1 } },
	{ "prlimit64 of another", SYS_prlimit64, { 1, -1 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1, 1, 1 } },
	{ "ptrace", SYS_ptrace, { -1 } },
	{ "quotactl", SYS_quotactl, { -1 } },
	{ "semget", SYS_semget, { 0, -1 } },
	{ "setns", SYS_setns, { -1 } },
	{ "shmat", SYS_shmat, { -1 } },
	{ "socket unix", SYS_socket, { AF_UNIX, -1 } },
	{ "socket inet", SYS_socket, { AF_INET, -1 } },
	{ "socket inet6", SYS_socket, { AF_INET6, -1 } },
	{ "socket packet", SYS_socket, { AF_PACKET, -1 } },
	{ "socket vsock", SYS_socket, { AF_VSOCK, -1 } },
	{ "socket alg", SYS_socket, { AF_ALG, -1 } },
	{ "socketpair unix", SYS_socketpair, { AF_UNIX, SOCK_STREAM, -1 } },
	{ "socketpair datagram", SYS_socketpair, { AF_UNIX, SOCK_DGRAM, -1 } },
	{ "swapon", SYS_swapon, { 1 } },
	{ "truncate", SYS_truncate, { 1 } },
	{ "unknown", 1000, { 0 } },
	{ "unshare", SYS_unshare, { -1 } },
	{ "userfaultfd", SYS_userfaultfd, { -1 } },
};

static void
show_calls(void)
{
	const long *a;
	size_t i;
	long r;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		a = calls[i].arg;
		r = syscall(calls[i].nr, a[0], a[1], a[2], a[3]);
		if (r == 0 && calls[i].nr == SYS_clone)
			_exit(0);
		printf("call %s: %s\n", calls[i].name,
		    r < 0 ? strerrorname_np(errno) : "done");
	}
}

static int
try_create(const char *dir)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/probe-made-this", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -1;
	(void)close(fd);
	return unlink(path);
}

static int
try_exec(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_RDWR), 1);
		execl(path, path, "-c", ":", (char *)NULL);
		_exit(errno);
	}
	(void)waitpid(pid, &status, 0);
	errno = WEXITSTATUS(status);
	return errno == EACCES || errno == ENOENT || errno == EPERM ? -1 : 0;
}

static int
try_abstract(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "%s", name);
	return connect(fd, (struct sockaddr *)&sun, sizeof(sun));
}

static int
try(char mode, const char *what)
{
	switch (mode) {
	case 'r':
		return open(what, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	case 'w':
		return open(what, O_WRONLY | O_NOCTTY | O_NONBLOCK);
	case 'l':
		return opendir(what) == NULL ? -1 : 0;
	case 'c':
		return try_create(what);
	case 'x':
		return try_exec(what);
	case 'k':
		return kill(strtol(what, NULL, 10), 0);
	case 'a':
		return try_abstract(what);
	default:
		errno = EINVAL;
		return -1;
	}
}

int
main(int argc, char **argv)
{
	char *eq;
	int i, r;

	show_ids();
	show_status();
	show_process();
	show_tty();
	show_fds();
	show_env();
	show_limit("core", RLIMIT_CORE, 0);
	show_limit("nofile", RLIMIT_NOFILE, 0);
	show_limit("nproc", RLIMIT_NPROC, 8192);
	show_limit("fsize", RLIMIT_FSIZE, (rlim_t)64 << 30);
	/* What the bare kernel says to these differs from one to the next. */
	if (prctl(PR_GET_SECCOMP) == 2)
		show_calls();
	for (i = 1; i < argc; i++) {
		eq = strchr(argv[i], '=');
		if (eq == NULL)
			return 98;
		*eq = '\0';
		r = try(eq[1], eq + 3);
		printf("%s: %s\n", argv[i],
		    r < 0 ? strerrorname_np(errno) : "ok");
	}
	return 0;
}
