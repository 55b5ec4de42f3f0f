/* SPDX-License-Identifier: MIT */
/*
 * The hostile or clumsy program inside a run: `actor VERB [ARG...]` does one
 * thing and says what came of it on one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/random.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/egress.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

extern char **environ;

static int
say(long result)
{
	if (result < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("ok\n");
	return 0;
}

/* For those whose caller looks at the status. */
static int
act_failed(long result)
{
	(void)say(result);
	return result < 0;
}

static int
act_args(char **arg)
{
	const char *p;

	for (; *arg != NULL; arg++) {
		for (p = *arg; *p != '\0'; p++)
			printf("%02x", (unsigned char)*p);
		printf("\n");
	}
	return 0;
}

static int
act_env(char **arg)
{
	char **e;

	(void)arg;
	for (e = environ; *e != NULL; e++)
		printf("%s\n", *e);
	return 0;
}

static int
act_fds(char **arg)
{
	int fd;

	(void)arg;
	for (fd = 0; fd < 65536; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	printf("\n");
	return 0;
}

/*
 * What comes by its input: words, or a descriptor with them. `ask`: it wants
 * one, whoever had it refused.
 */
static int
act_heed(char **arg)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char word;
	struct iovec iov = { &word, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	const int on = 1;

	if (arg[0] != NULL &&
	    setsockopt(0, SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on)) < 0)
		return act_failed(-1);
	printf("1\n");
	fflush(stdout);
	if (recvmsg(0, &msg, 0) != 1)
		return act_failed(-1);
	printf("%s\n", msg.msg_controllen > 0 ? "descriptor" : "words");
	return 0;
}

static int
act_signal(char **arg)
{
	struct rlimit core;

	/* A core would be left behind if anything allowed one. */
	(void)getrlimit(RLIMIT_CORE, &core);
	printf("core %ld\n", (long)core.rlim_cur);
	fflush(stdout);
	(void)raise(strtol(arg[0], NULL, 10));
	return 99;
}

/*
 * Far from its parent, deaf, in a session of its own. The program goes on only
 * when that is so.
 */
static int
act_stray(char **arg)
{
	const char *how = arg[0] != NULL ? arg[0] : "leave";
	char byte;
	int alone[2], ready[2], fd;
	pid_t pid;

	if (pipe(alone) < 0 || pipe(ready) < 0)
		return 97;
	pid = fork();
	if (pid == 0 && fork() == 0) {
		(void)setsid();
		(void)signal(SIGTERM, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		/* Whoever counts the strays is not to find the one between. */
		(void)!read(alone[0], &byte, 1);
		printf("stray %d\n", getpid());
		fflush(stdout);
		/* Lets go of the run's output unless asked not to. */
		for (fd = 0; fd < 3 && strcmp(how, "hold") != 0; fd++)
			(void)close(fd);
		(void)!write(ready[1], "", 1);
		while (pause() < 0)
			continue;
	}
	if (pid == 0)
		_exit(0);
	(void)waitpid(pid, NULL, 0);
	(void)!write(alone[1], "", 1);
	(void)!read(ready[0], &byte, 1);
	while (strcmp(how, "stay") == 0 && pause() < 0)
		continue;
	return 0;
}

static int
act_sti(char **arg)
{
	return say(ioctl(0, strtoul(arg[0], NULL, 0), "x"));
}

#ifdef __x86_64__
/* The 32-bit entry: other numbers, other filter rules. */
static int
act_sti32(char **arg)
{
	static char byte = 'x';
	long r;

	(void)arg;
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(54), "b"(0), "c"(TIOCSTI), "d"(&byte)
			 : "memory");
	errno = (int)-r;
	return say(r < 0 ? -1 : 0);
}
#endif

static int
act_uring(char **arg)
{
	(void)arg;
	return say(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
act_open(char **arg)
{
	return say(open(arg[0], strtol(arg[1], NULL, 10) | O_NOCTTY));
}

static int
act_mkdir(char **arg)
{
	return say(mkdir(arg[0], 0700));
}

static int
act_exec(char **arg)
{
	return say(execv(arg[0], arg));
}

/* Only its name is looked at. */
static int
act_stat(char **arg)
{
	struct stat st;

	return say(stat(arg[0], &st));
}

static int
act_connect(char **arg)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", arg[0]);
	if (fd < 0)
		return say(-1);
	return say(connect(fd, (struct sockaddr *)&sun, sizeof(sun)));
}

static int
act_kill(char **arg)
{
	return say(kill(strtol(arg[0], NULL, 10), SIGKILL));
}

/* Limits of another process: with RLIMIT_CPU as good as a signal. */
static int
act_prlimit(char **arg)
{
	struct rlimit r;

	return say(prlimit((pid_t)strtol(arg[0], NULL, 10), RLIMIT_CORE, NULL,
	    &r));
}

/* A half of a pair of datagram sockets may send to any third. */
static int
act_datagram(char **arg)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int pair[2];

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", arg[0]);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return say(-1);
	return say(sendto(pair[0], "x", 1, 0, (struct sockaddr *)&sun,
	    sizeof(sun)));
}

/* A message queue that is there. */
static int
act_queue(char **arg)
{
	return say(mq_open(arg[0], O_RDWR));
}

static int
act_shm(char **arg)
{
	const char *p = shmat((int)strtol(arg[0], NULL, 10), NULL, SHM_RDONLY);

	return say(p == (const char *)-1 ? -1 : 0);
}

static int
act_stdio_flags(char **arg)
{
	int fd;

	(void)arg;
	for (fd = 0; fd < 3; fd++)
		printf("%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	printf("\n");
	return 0;
}

static int
act_wait(char **arg)
{
	(void)arg;
	printf("%d\n", getpid());
	fflush(stdout);
	while (pause() < 0)
		continue;
	return 0;
}

/* All of root's, as sudo: the user's other processes may not signal it. */
static int
act_root_wait(char **arg)
{
	if (setresuid(0, 0, 0) < 0)
		return say(-1);
	return act_wait(arg);
}

/* N lines, numbered, to see what is lost or doubled. */
static int
act_count(char **arg)
{
	long n = strtol(arg[0], NULL, 10), i;

	for (i = 0; i < n; i++)
		printf("%ld\n", i);
	return 0;
}

/* A directory from whoever serves that socket, and a file in it. */
static int
act_borrow(char **arg)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), dir;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.100s", arg[0]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		printf("connect: ");
		return say(-1);
	}
	if (recvmsg(fd, &msg, 0) < 0 || CMSG_FIRSTHDR(&msg) == NULL)
		return 97;
	memcpy(&dir, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(dir));
	return say(openat(dir, arg[1], O_RDONLY));
}

static int
act_rename(char **arg)
{
	return act_failed(rename(arg[0], arg[1]));
}

/* A socket's name, or the one device node that needs no power. */
static int
act_mknod(char **arg)
{
	return act_failed(mknod(arg[0],
	    (arg[1][0] == 's' ? S_IFSOCK : S_IFCHR) | 0600, 0));
}

/* Only asked how much there is. */
static int
act_ioctl(char **arg)
{
	int n, fd = open(arg[0], O_RDONLY);

	return say(fd < 0 ? -1 : ioctl(fd, RNDGETENTCNT, &n));
}

/* Who it is, and if it may open a socket that takes a capability. */
static int
act_power(char **arg)
{
	(void)arg;
	printf("uid %u gid %u raw %s\n", geteuid(), getegid(),
	    socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? "no" : "yes");
	return 0;
}

static int
act_truncate(char **arg)
{
	return act_failed(truncate(arg[0], 0));
}

/* How many children it gets, at most so many; all of them end with it. */
static int
act_processes(char **arg)
{
	long n = 0, most = strtol(arg[0], NULL, 10);
	int hold[2];

	if (pipe(hold) < 0)
		return 1;
	while (n < most) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			(void)close(hold[1]);
			(void)!read(hold[0], &n, 1);
			_exit(0);
		}
		n++;
	}
	(void)close(hold[1]);
	while (wait(NULL) > 0)
		continue;
	printf("%ld\n", n);
	return 0;
}

/* How many megabytes it gets and can write to. */
static int
act_memory(char **arg)
{
	long n = 0, most = strtol(arg[0], NULL, 10);
	char *p;

	while (n < most && (p = malloc(1 << 20)) != NULL) {
		memset(p, 1, 1 << 20);
		n++;
	}
	printf("%ld\n", n);
	return 0;
}

static const struct {
	const char *name;
	int (*act)(char **arg);
} verbs[] = {
	{ "args", act_args },
	{ "borrow", act_borrow },
	{ "connect", act_connect },
	{ "count", act_count },
	{ "datagram", act_datagram },
	{ "env", act_env },
	{ "exec", act_exec },
	{ "fds", act_fds },
	{ "heed", act_heed },
	{ "ioctl", act_ioctl },
	{ "kill", act_kill },
	{ "memory", act_memory },
	{ "mkdir", act_mkdir },
	{ "mknod", act_mknod },
	{ "open", act_open },
	{ "power", act_power },
	{ "prlimit", act_prlimit },
	{ "processes", act_processes },
	{ "queue", act_queue },
	{ "rename", act_rename },
	{ "root-wait", act_root_wait },
	{ "shm", act_shm },
	{ "signal", act_signal },
	{ "stdio-flags", act_stdio_flags },
	{ "stat", act_stat },
	{ "sti", act_sti },
#ifdef __x86_64__
	{ "sti32", act_sti32 },
#endif
	{ "stray", act_stray },
	{ "truncate", act_truncate },
	{ "uring", act_uring },
	{ "wait", act_wait },
};

/* In the place of rdv-egress: it is there when it is told, and is silent. */
static int
hear(void)
{
	struct pollfd p = { .fd = EGRESS_LEASH, .events = POLLIN };

	return poll(&p, 1, -1) != 1;
}

int
main(int argc, char **argv)
{
	size_t i;

	if (strcmp(argv[0], "rdv-egress") == 0)
		return hear();
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].act(argv + 2);
	return 98;
}
