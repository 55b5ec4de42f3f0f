/* SPDX-License-Identifier: MIT */
/*
 * The way of a run to rdvd, on the side of [ops]: a socket that has no name
 * until the run's own process gives it one in the run's root. Invariant: rdvd
 * hands nothing in. It gets the listening end with the run's other descriptors,
 * and the next rdvd gets the same one.
 */
#include <errno.h>
#include <sys/socket.h>

#include "priv-helper/childstate.h"
#include "priv-helper/run.h"
#include "priv-helper/view.h"
#include "security/profile.h"

/*
 * Made for every run that could ask for one, since a request comes later than
 * the processes. A client in a run that is not alone may have no socket.
 */
bool
door_make(struct child *c, struct child_error *e)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	if (!c->profile->door || !view_is_alone(&c->s->spaces))
		return true;
	c->s->door = socket(AF_UNIX, type, 0);
	return c->s->door >= 0 || child_failed(e, "P4 door", -errno);
}

bool
door_asked(const struct child *c)
{
	return c->m->token[0] != '\0' && c->s->door >= 0;
}

void
door_give(struct child *c)
{
	struct run *r = c->r;

	if (!door_asked(c))
		return;
	r->fds.fd[r->fds.n++] = c->s->door;
	c->s->door = -1;
	r->guards |= PRIV_G_DOOR;
}
