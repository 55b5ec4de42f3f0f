/* SPDX-License-Identifier: MIT */
/*
 * Runs a layer of the tests and watches that no rdv in it has a port. It first
 * plants processes of that name that do what must be found, and some that do
 * what must not: a watch that sees nothing would always be content. It changes
 * nothing for the layer but that orphans become our children, so that we can
 * tell them from an rdv of somebody else.
 *
 * usage: ports [-l] REPORT COMMAND [ARG...]
 *	-l only looks, as where there are no events
 * The report has a line FAIL for each breach, at once, then how it was watched
 * and "N passed, N failed, N skipped". The exit status is that of COMMAND.
 */
#include "ports.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS	    1000 /* beside events */
#define ONLY_MS	    50	 /* without; a look takes some milliseconds */
#define CANNOT_EXEC 127

static FILE *report;
static struct events *events;
static unsigned breaches;
static unsigned closed; /* rdv processes that we may not look into, at most */
static bool rehearsing; /* what is found now was planted by us */

void
found(const char *who, int pid, const char *what)
{
	breaches++;
	if (rehearsing)
		return;
	(void)fprintf(report, "FAIL %s (process %d) %s\n", who, pid, what);
	(void)fflush(report);
}

bool
is_loopback(const unsigned char *ip, size_t len)
{
	static const unsigned char six[16] = { [15] = 1 };
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (len == 16 && memcmp(ip, mapped, sizeof(mapped)) == 0)
		return ip[12] == 127;
	return len == 4 ? ip[0] == 127 : memcmp(ip, six, sizeof(six)) == 0;
}

static void
watch(void)
{
	unsigned n = look();

	if (n > closed)
		closed = n;
	if (events != NULL)
		events_take(events);
}

enum {
	HANDED = 1, /* made under another name */
	HELD = 2,   /* that is all the breach is: no event says it */
	APART = 4,  /* in a network namespace of its own */
	DEAF = 8,   /* it does not listen */
};

/* What is planted, under which name, and whether it is a breach. */
static const struct plant {
	const char *comm;
	int type;
	in_addr_t ip;
	bool breach;
	unsigned how;
} plants[] = {
	{ "rdvd", SOCK_STREAM, INADDR_LOOPBACK, true, 0 },
	{ "rdvd", SOCK_STREAM, INADDR_LOOPBACK, true, HANDED },
	{ "rdvd", SOCK_DGRAM, INADDR_LOOPBACK, true, 0 },
	{ "rdv-planted", SOCK_STREAM, INADDR_ANY, true, 0 },
	{ "rdv", SOCK_STREAM, INADDR_ANY, true, 0 },
	{ "rdv", SOCK_DGRAM, INADDR_LOOPBACK, true, 0 },
	{ "rdv", SOCK_STREAM, INADDR_LOOPBACK, false, 0 },
	{ "rdv-egress", SOCK_STREAM, INADDR_LOOPBACK, true, HELD },
	{ "rdv-egress", SOCK_DGRAM, INADDR_LOOPBACK, true, HELD },
	{ "rdv-egress", SOCK_STREAM, INADDR_ANY, false, APART },
	{ "rdv-push", SOCK_STREAM, INADDR_LOOPBACK, true, APART },
	{ "rdv-push", SOCK_STREAM, INADDR_LOOPBACK, true, HELD | DEAF },
	{ "rdv-push", SOCK_DGRAM, INADDR_LOOPBACK, true, APART },
	{ "rdv-push", SOCK_STREAM, INADDR_LOOPBACK, false, APART | DEAF },
	{ "nginx", SOCK_STREAM, INADDR_ANY, false, 0 },
};

/* In a child: opens it and closes it at once, or when `hold` has an end. */
static void
plant(const struct plant *p, int ready, int hold)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(p->ip) };
	char byte = 0;
	int fd;

	/* Where that cannot be had there is nothing to see, which is right. */
	if ((p->how & APART) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1 &&
	    unshare(CLONE_NEWNET) == -1)
		_exit(0);
	(void)prctl(PR_SET_NAME, (p->how & HANDED) != 0 ? "other" : p->comm);
	fd = socket(AF_INET, p->type | SOCK_CLOEXEC, 0);
	(void)prctl(PR_SET_NAME, p->comm);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (p->type == SOCK_STREAM && (p->how & DEAF) == 0 &&
		listen(fd, 1) == -1))
		_exit(1);
	if (hold != -1 &&
	    (write(ready, &byte, 1) != 1 || read(hold, &byte, 1) != 0))
		_exit(1);
	(void)close(fd);
	_exit(0);
}

/* With `held` only a look can see it, else only an event can. */
static bool
rehearse(const struct plant *p, bool held)
{
	int ready[2], hold[2], status = -1;
	unsigned before = breaches;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) == -1 || pipe2(hold, O_CLOEXEC) == -1)
		return false;
	pid = fork();
	if (pid == 0) {
		(void)close(hold[1]);
		plant(p, ready[1], held ? hold[0] : -1);
	}
	(void)close(ready[1]);
	if (held && read(ready[0], &byte, 1) == 1)
		(void)look();
	(void)close(ready[0]);
	(void)close(hold[0]);
	(void)close(hold[1]);
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		return false;
	if (!held)
		events_take(events);
	return (breaches > before) == p->breach;
}

static bool
rehearsal(void)
{
	bool good = true;
	size_t i;

	rehearsing = true;
	for (i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
		if (events != NULL && (plants[i].how & HELD) == 0)
			good = rehearse(&plants[i], false) && good;
		good = rehearse(&plants[i], true) && good;
		/* Those of the held one are no answer to the next. */
		if (events != NULL)
			events_take(events);
	}
	rehearsing = false;
	breaches = 0;
	return good;
}

static pid_t
start(char **command)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execvp(command[0], command);
	(void)fprintf(stderr, "ports: %s: %s\n", command[0], strerror(errno));
	_exit(CANNOT_EXEC);
}

/* Orphans of the layer are ours to reap. True when `pid` itself has ended. */
static bool
reap(pid_t pid, int *status)
{
	bool ended = false;
	int one;
	pid_t p;

	while ((p = waitpid(-1, &one, WNOHANG)) > 0) {
		if (p != pid)
			continue;
		ended = true;
		*status = one;
	}
	return ended;
}

static long
milliseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Until the command has ended. What ends a layer early is sent to its whole
 * process group: we have had it too, and stay until the command has obeyed.
 */
static int
attend(pid_t pid, int signals)
{
	struct pollfd fds[RINGS_MAX + 1];
	const long pause = events != NULL ? LOOK_MS : ONLY_MS;
	size_t n = events != NULL ? events_poll(events, fds) : 0;
	struct signalfd_siginfo si;
	int status = 0;
	long next = 0, now;

	fds[n] = (struct pollfd){ .fd = signals, .events = POLLIN };
	while (!reap(pid, &status)) {
		now = milliseconds();
		if (now >= next) {
			watch();
			next = milliseconds() + pause;
			continue;
		}
		if (poll(fds, n + 1, (int)(next - now)) <= 0)
			continue;
		while (read(signals, &si, sizeof(si)) > 0)
			;
		if (events != NULL)
			events_take(events);
	}
	watch();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last line is what tests/harness/all adds up. */
static void
conclude(bool good, const char *why)
{
	struct rusage ru;
	bool blind = breaches == 0 && good && closed > 0;

	if (!good)
		(void)fprintf(report,
		    "FAIL the watch does not see what was planted\n");
	if (blind)
		(void)fprintf(report,
		    "skip: %u rdv processes are closed to this account\n",
		    closed);
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)fprintf(report, "by %s%s%s\ncpu %ld ms\n",
	    events != NULL ? "events" : "looks alone",
	    events != NULL ? "" : ": ", events != NULL ? "" : why,
	    (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
		(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000);
	breaches += good ? 0 : 1;
	(void)fprintf(report, "%d passed, %u failed, %d skipped\n",
	    breaches == 0 && !blind ? 1 : 0, breaches, blind ? 1 : 0);
	(void)fclose(report);
}

/* Blocked from the start: the plants are children as well. */
static int
take_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
main(int argc, char **argv)
{
	char why[128] = "asked for";
	bool alone = argc > 1 && strcmp(argv[1], "-l") == 0, good;
	int signals, status;
	pid_t pid;

	argv += alone ? 2 : 1;
	if (argc < (alone ? 4 : 3) || (report = fopen(argv[0], "we")) == NULL) {
		(void)fprintf(stderr, "usage: ports [-l] REPORT COMMAND...\n");
		return 2;
	}
	signals = take_signals();
	if (signals == -1 || prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return 2;
	if (!alone)
		events = events_open(why, sizeof(why));
	good = rehearsal();
	pid = start(argv + 1);
	if (pid == -1)
		return 2;
	status = attend(pid, signals);
	conclude(good, why);
	return status;
}
