/* SPDX-License-Identifier: MIT */
/*
 * Who waits in rdv-egress: the listener, while there is room, and the leash,
 * whose end ends it. What the run has asked for before its end is served; a
 * listener that fails again and again costs no processor.
 */
#include "egress/serve.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include "egress/conn.h"
#include "lib/egress.h"

/* What has failed is looked at again after this: the host may lack memory. */
#define REST_MS 100

void
serve(struct conns *all, int listener, int leash)
{
	struct pollfd p[3] = { { .events = POLLIN },
		{ .fd = leash, .events = POLLIN },
		{ .fd = conns_news(all), .events = POLLIN } };
	int fd, rest = EGRESS_BEAT_MS;

	for (;;) {
		conns_beat(all);
		p[0].fd = rest != REST_MS && conns_room(all) ? listener : -1;
		if (poll(p, 3, rest) < 0 && errno != EINTR)
			return;
		rest = EGRESS_BEAT_MS;
		/* Before its end: what the run has said last is heard. */
		fd = accept4(p[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			conns_add(all, fd);
		else if (p[1].revents != 0)
			return;
		else if (p[0].fd >= 0 && errno != EAGAIN)
			rest = REST_MS;
	}
}
