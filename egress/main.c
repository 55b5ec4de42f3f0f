/* SPDX-License-Identifier: MIT */
/*
 * rdv-egress: the one way out of a run whose network is held to a list. The
 * helper starts it as the run's account, in the host's network; the listening
 * socket comes out of the run's own. It lives as long as somebody holds the
 * other end of its leash, that is as the run and its reaper do.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "build.h"
#include "egress/conn.h"
#include "egress/here.h"
#include "egress/judge.h"
#include "egress/serve.h"
#include "lib/egress.h"
#include "lib/seqpkt.h"
#include "security/confine.h"

/* What the run has sent is on its way by then, or nobody takes it. */
#define FINISH_MS 500

/* Ends it; the other side of the leash hears why, if it still listens. */
static _Noreturn void
fail(int err)
{
	const int32_t word = -err;

	(void)seqpkt_send(EGRESS_LEASH, &word, sizeof(word), NULL);
	_exit(1);
}

/* True when it has something to say, or its end has come. */
static bool
await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static int
take_listener(void)
{
	struct seqpkt_fds fds = { .n = 0 };
	char byte;
	long n = -EAGAIN;

	while (n == -EAGAIN && await(EGRESS_LEASH))
		n = seqpkt_recv(EGRESS_LEASH, &byte, 1, &fds);
	/* Nothing was started after all. */
	if (n == 0)
		_exit(0);
	if (n != 1 || fds.n != 1)
		fail(-EPROTO);
	return fds.fd[0];
}

/*
 * What decides is taken over before anybody else has the page: rdvd is given it
 * to look at, but a descriptor of such memory can be opened anew for writing.
 */
static struct egress_page *
take_list(const struct egress_page *page)
{
	struct egress_page *list = malloc(sizeof(*list));

	if (list == NULL)
		fail(-ENOMEM);
	memcpy(list, page, sizeof(*list));
	if (list->n > EGRESS_HOSTS)
		fail(-EPROTO);
	return list;
}

static void
confine(const struct egress_page *list)
{
	uint16_t ports[EGRESS_HOSTS];
	struct target t;
	unsigned n = 0;
	int err;

	for (uint32_t i = 0; i < list->n; i++)
		if (target_parse(list->rows[i].host, &t))
			ports[n++] = t.port;
	err = confine_egress(ports, n);
	if (err != 0)
		fail(err);
}

int
main(int argc, char **argv)
{
	struct egress_page *page, *list;
	const int32_t ready = 0;
	struct conns *all;
	int listener, err;

	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return puts("rdv-egress " RDV_BUILD) < 0;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED,
	    EGRESS_PAGE, 0);
	if (page == MAP_FAILED) {
		(void)fprintf(stderr,
		    "rdv-egress is for rdv-helper to start\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "rdv-egress");
	(void)prctl(PR_SET_DUMPABLE, 0);
	list = take_list(page);
	err = here_open();
	if (err != 0)
		fail(err);
	all = conns_new(list, page);
	if (all == NULL)
		fail(-errno);
	confine(list);
	listener = take_listener();
	if (seqpkt_send(EGRESS_LEASH, &ready, sizeof(ready), NULL) != 0)
		return 1;
	serve(all, listener, EGRESS_LEASH);
	conns_finish(all, FINISH_MS);
	/* Threads that still carry something carry it for nobody. */
	_exit(0);
}
