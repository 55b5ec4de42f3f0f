/* SPDX-License-Identifier: MIT */
/*
 * A page that [ops] writes to for the first time after a fork is copied then,
 * at 2 us each, and a start writes to some fifteen of them while somebody
 * waits. Which ones, malloc(3) decides: so the first half of a start, from its
 * packet to its record, is gone through once with nothing in it. Not all of
 * [ops], since what is copied here each reaper keeps the old one of.
 */
#include "priv-helper/warm.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "priv-helper/auditmsg.h"
#include "priv-helper/ops.h"

/* From the packet to the last path a start looks up. */
#define STACK (48 * 1024)

static void
touch(void *p)
{
	volatile char *c = p;
	const char was = *c;

	*c = was;
}

static void
warm_stack(void)
{
	char room[STACK];

	/* No compiler leaves this out, or makes less of the array. */
	explicit_bzero(room, sizeof(room));
}

static void
rehearse_request(const struct priv_spawn *m)
{
	struct priv_header h;
	struct priv_spawn got;
	struct buf b;

	memset(&got, 0, sizeof(got));
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn(&b, 0, m);
	if (priv_get_header(&b, &h) && priv_get_spawn(&b, &got))
		priv_spawn_done(&got);
	buf_done(&b);
}

static void
rehearse_record(const struct priv_spawn *m)
{
	struct audit_msg a;
	struct buf b;

	memset(&a, 0, sizeof(a));
	a.cwd = m->cwd;
	a.argv = m->argv;
	a.argc = m->argc;
	buf_init(&b, SEQPKT_MAX);
	auditmsg_put(&b, &a);
	buf_done(&b);
}

void
warm_up(struct ops *o, struct run *r)
{
	char dir[] = "/", *argv[] = { dir, NULL };
	const struct priv_spawn m = { .cwd = dir, .argv = argv, .argc = 1 };

	warm_stack();
	touch(&o->last_id);
	touch(&o->audit.ack);
	touch(&o->ahead);
	touch(r);
	rehearse_request(&m);
	rehearse_record(&m);
	/* Says that nothing has come; errno is a page of its own. */
	(void)audit_well(&o->audit);
}
