/* SPDX-License-Identifier: MIT */
/*
 * What the service manager knows of the host's rdv and nobody else can tell an
 * account that has no rights. Anybody may ask; no answer is an answer too.
 */
#include "cli/hostunit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/proc.h"
#include "lib/clock.h"
#include "lib/str.h"

#define ANSWER_MS  5000
#define ANSWER_MAX 1024
#define ASKED	   "--property=MainPID,NFileDescriptorStore,FileDescriptorStoreMax"

static bool
read_all(int fd, char *text, size_t size)
{
	const int64_t end = clock_mono_ms() + ANSWER_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	int64_t left;
	ssize_t n = 1;

	while (n > 0 && len < size - 1) {
		left = end - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) != 1)
			return false;
		n = read(fd, text + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	return n == 0;
}

static bool
answer(const struct proc_spec *as, char *text, size_t size)
{
	struct proc_spec spec = *as;
	int out[2], status = -1;
	bool whole = false;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	spec.out = out[1];
	if (proc_spawn(&spec, &pid) != 0)
		pid = 0;
	(void)close(out[1]);
	if (pid != 0)
		whole = read_all(out[0], text, size);
	(void)close(out[0]);
	/* At its end already; it must not be waited for otherwise. */
	if (pid != 0 && !whole)
		(void)kill(pid, SIGKILL);
	while (pid != 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return whole && status == 0;
}

/* A line "NAME=NUMBER"; false: there is none. */
static bool
number(const char *text, const char *name, uint64_t *out)
{
	const char *at = strstr(text, name);
	char word[24];
	size_t n;

	if (at == NULL || (at != text && at[-1] != '\n'))
		return false;
	at += strlen(name);
	n = strcspn(at, "\n");
	(void)snprintf(word, sizeof(word), "%.*s", (int)n, at);
	return n < sizeof(word) && str_to_u64(word, 0, INT_MAX, out);
}

bool
hostunit_ask(struct hostunit *u)
{
	const char *const argv[] = { "systemctl", "show", "rdv.service", ASKED,
		NULL };
	char path[4096], text[ANSWER_MAX];
	const struct proc_spec spec = {
		.path = path, .argv = argv, .keep = { -1, -1 }
	};
	uint64_t pid, kept, max;

	if (!proc_find(argv[0], path, sizeof(path)) ||
	    !answer(&spec, text, sizeof(text)) ||
	    !number(text, "MainPID=", &pid) ||
	    !number(text, "NFileDescriptorStore=", &kept) ||
	    !number(text, "FileDescriptorStoreMax=", &max))
		return false;
	*u = (struct hostunit){
		.main = (pid_t)pid, .kept = (unsigned)kept, .max = (unsigned)max
	};
	return true;
}
