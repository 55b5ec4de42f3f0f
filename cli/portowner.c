/* SPDX-License-Identifier: MIT */
/*
 * Who listens, as the kernel tells it in /proc/net: what is a secret goes to
 * the page of rdv and to no other account. Of several that listen on a port the
 * kernel takes the one that says the address most exactly; so do we.
 */
#include "cli/portowner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/loopback.h"
#include "lib/err.h"

/* How exactly a listener says that it is meant. */
enum rank { NOT_AT_ALL, ANY_SIX, ANY_FOUR, EXACTLY };

struct listeners {
	const struct loopback *at;
	enum rank best;
	bool foreign;
	uid_t uid; /* of a foreign one */
};

/* Words of an address stand there in the order of this machine. */
static enum rank
rank_of(const struct loopback *at, const char *address)
{
	const bool any = strspn(address, "0") == strlen(address);
	char four[9], exact[33];

	(void)snprintf(four, sizeof(four), "%08X", htonl(INADDR_LOOPBACK));
	if (strlen(address) == 8) {
		if (at->six)
			return NOT_AT_ALL;
		return any			    ? ANY_FOUR
		       : strcmp(address, four) == 0 ? EXACTLY
						    : NOT_AT_ALL;
	}
	if (at->six)
		(void)snprintf(exact, sizeof(exact), "%024d%08X", 0, htonl(1));
	else
		(void)snprintf(exact, sizeof(exact), "%016d%08X%s", 0,
		    htonl(0xffff), four);
	if (any)
		return ANY_SIX;
	return strcmp(address, exact) == 0 ? EXACTLY : NOT_AT_ALL;
}

static void
look(struct listeners *l, const char *line)
{
	unsigned port, state, uid;
	char address[33];
	enum rank rank;
	bool foreign;

	if (sscanf(line,
		" %*d: %32[0-9A-F]:%4X %*[0-9A-F]:%*4X %2X %*X:%*X %*X:%*X "
		"%*X %u",
		address, &port, &state, &uid) != 4 ||
	    state != TCP_LISTEN || port != l->at->port)
		return;
	rank = rank_of(l->at, address);
	if (rank == NOT_AT_ALL || rank < l->best)
		return;
	foreign = uid != 0 && uid != geteuid();
	l->foreign = foreign || (l->foreign && rank == l->best);
	l->best = rank;
	if (foreign)
		l->uid = uid;
}

static void
look_all(struct listeners *l, const char *file)
{
	char line[512];
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		look(l, line);
	(void)fclose(f);
}

int
portowner_judge(const struct loopback *at, char *why, size_t whysize)
{
	struct listeners l = { .at = at };
	const struct passwd *pw;

	look_all(&l, "/proc/net/tcp");
	look_all(&l, "/proc/net/tcp6");
	if (l.best == NOT_AT_ALL) {
		(void)snprintf(why, whysize, "%s: nobody is known to listen",
		    at->host);
		return RDV_E_NOT_FOUND;
	}
	if (!l.foreign)
		return 0;
	pw = getpwuid(l.uid);
	(void)snprintf(why, whysize,
	    "%s is a port of %s (uid %u), who would get what is secret: rdv's "
	    "page is root's or your own",
	    at->host, pw != NULL ? pw->pw_name : "another account", l.uid);
	return RDV_E_DENIED;
}
