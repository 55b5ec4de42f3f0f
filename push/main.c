/* SPDX-License-Identifier: MIT */
/*
 * rdv-push: carries one request to one push service. The helper starts it as
 * the account whose device it is, with a network that is held to that one host.
 * What it carries is encrypted and signed already; it has no key, and whatever
 * becomes of it, it can do no more than send that request or not.
 *
 *   rdv-push HOST PORT MS CA-FILE
 *
 * The request is its standard input. It says one line: the status of the answer
 * and its Retry-After in seconds, or "-" and why there is none. A redirect is
 * an answer like any other.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "build.h"
#include "lib/host.h"
#include "lib/str.h"
#include "push/answer.h"
#include "push/proxy.h"
#include "push/tls.h"

#define REQUEST_MAX 16384
#define HEAD_MAX    16384
#define MS_MAX	    60000
#define WHY_MAX	    512

#ifdef RDV_SANITIZED
/* As rdv-git: a search for leaks traces the process, and no run may. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int
no(const char *why)
{
	return printf("- %s\n", why) < 0;
}

/* The whole of it has its time: one who answers a byte a minute has not. */
static void
main_late_cb(int sig)
{
	static const char late[] = "- no answer in time\n";

	(void)sig;
	_exit(write(STDOUT_FILENO, late, sizeof(late) - 1) < 0);
}

static void
limit(uint64_t ms)
{
	const struct itimerval t = { .it_value = { (time_t)(ms / 1000),
					 (suseconds_t)(ms % 1000 * 1000) } };

	(void)signal(SIGALRM, main_late_cb);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setitimer(ITIMER_REAL, &t, NULL);
}

/* Bytes of it, or 0: there is none, or too much. */
static size_t
read_request(char *p)
{
	size_t n = 0;
	ssize_t some = 1;

	while (n <= REQUEST_MAX && some != 0) {
		some = read(STDIN_FILENO, p + n, REQUEST_MAX + 1 - n);
		if (some < 0 && errno != EINTR)
			return 0;
		if (some > 0)
			n += (size_t)some;
	}
	return n <= REQUEST_MAX ? n : 0;
}

static int
carry(char **argv)
{
	static char request[REQUEST_MAX + 1], head[HEAD_MAX];
	const struct tls_to to = { argv[1], argv[4] };
	const size_t len = read_request(request);
	char why[WHY_MAX] = "";
	struct answer a;
	long n = -1;
	int fd;

	if (len == 0)
		return no("no request");
	fd = proxy_connect(argv[1], argv[2], why, sizeof(why));
	if (fd >= 0)
		n = tls_exchange(fd, &to, request, len, head, sizeof(head), why,
		    sizeof(why));
	if (n < 0)
		return no(why);
	if (!answer_parse(head, (size_t)n, &a))
		return no("its answer is no HTTP");
	return printf("%d %u\n", a.status, a.retry_s) < 0;
}

int
main(int argc, char **argv)
{
	uint64_t port, ms;

	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return puts("rdv-push " RDV_BUILD) < 0;
	if (argc != 5 || !host_ok(argv[1]) ||
	    !str_to_u64(argv[2], 1, 65535, &port) ||
	    !str_to_u64(argv[3], 1, MS_MAX, &ms)) {
		(void)fprintf(stderr, "rdv-push is for rdvd to have started\n");
		return 2;
	}
	(void)prctl(PR_SET_DUMPABLE, 0);
	limit(ms);
	return carry(argv);
}
