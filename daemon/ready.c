/* SPDX-License-Identifier: MIT */
/*
 * The sockets listen since [main], so rdvd could say at once that it is there;
 * but a run can be started only when [ops] has said what runs already. So who
 * waits is told then: a command right behind `rdv up` meets no refusal. Without
 * [ops] rdvd serves all the same what needs no run, and that is worth a word,
 * too, a little later.
 */
#include "daemon/ready.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define PATIENCE_MS 2000

struct ready {
	struct loop_timer *timer;
	const char *base;
	int fd;
	bool told;
};

static void
timeout_cb(void *arg)
{
	struct ready *r = arg;

	log_warnx("main", "ready without its helper");
	ready_tell(r);
}

struct ready *
ready_new(struct loop *l, int fd, const char *base)
{
	struct ready *r = xcalloc(1, sizeof(*r));

	r->fd = fd;
	r->base = base;
	r->timer = loop_timer_new(l, timeout_cb, r);
	loop_timer_set(r->timer, PATIENCE_MS);
	return r;
}

void
ready_tell(struct ready *r)
{
	if (r == NULL || r->told)
		return;
	r->told = true;
	loop_timer_clear(r->timer);
	log_info("main", "ready base=%s", r->base);
	if (r->fd < 0)
		return;
	if (write(r->fd, "1", 1) != 1)
		log_warn("main", "nobody waits for ready");
	(void)close(r->fd);
	r->fd = -1;
}

void
ready_free(struct ready *r)
{
	if (r == NULL)
		return;
	loop_timer_free(r->timer);
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r);
}
