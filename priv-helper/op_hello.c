/* SPDX-License-Identifier: MIT */
/*
 * HELLO: both sides are the same build, or this ends here; and what this kernel
 * offers, so that rdvd can tell its users what their sandbox is made of.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/buildid.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"
#include "security/landlock.h"

static uint32_t
features(const struct ops *o, uint32_t abi)
{
	uint32_t f = 0;

	if (filter_supported())
		f |= PRIV_F_SECCOMP;
	if (abi > 0)
		f |= PRIV_F_LANDLOCK;
	if (o->views[NSPACE_ROOT])
		f |= PRIV_F_USERNS;
	if (o->cgroup[0] != '\0')
		f |= PRIV_F_CGROUP;
	if ((o->cgroup_limits & CGLIMIT_PIDS) != 0)
		f |= PRIV_F_PIDS;
	if ((o->cgroup_limits & CGLIMIT_MEMORY) != 0)
		f |= PRIV_F_MEMORY;
	if ((o->cgroup_limits & CGLIMIT_CPU) != 0)
		f |= PRIV_F_CPU;
	if (o->outlived)
		f |= PRIV_F_OUTLIVES;
	return f;
}

void
op_hello(struct ops *o, uint32_t id, union ops_request *m)
{
	struct priv_hello a;
	struct buf b;

	/* Not malformed, but nothing can be said in a language not shared. */
	if (strcmp(m->hello.build, build_id) != 0) {
		log_errorx("hello", "rdvd is build %s and this is %s; ending",
		    m->hello.build, build_id);
		_exit(1);
	}
	memset(&a, 0, sizeof(a));
	(void)str_copy(a.build, build_id, sizeof(a.build));
	a.pid = (uint32_t)getpid();
	a.uid = geteuid();
	a.landlock_abi = (uint32_t)landlock_abi();
	a.features = features(o, a.landlock_abi);
	a.generation = o->runs.generation;
	o->hello = true;
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, id, PRIV_ANSWER, &a);
	(void)peer_send(o, &b, NULL);
	buf_done(&b);
}
