/* SPDX-License-Identifier: MIT */
/*
 * Everything rdvd can ask of [ops]. Written by hand and kept on one screen,
 * because this table is a security document: a verb that is not here does not
 * exist, and adding one begins with asking whether a profile would do.
 */
#include "priv-helper/ops.h"

#include <stddef.h>

static bool
get_hello(struct buf *b, union ops_request *m)
{
	return priv_get_hello(b, &m->hello);
}

static bool
get_login(struct buf *b, union ops_request *m)
{
	return priv_get_login(b, &m->login);
}

static bool
get_spawn(struct buf *b, union ops_request *m)
{
	return priv_get_spawn(b, &m->spawn);
}

static bool
get_signal(struct buf *b, union ops_request *m)
{
	return priv_get_signal(b, &m->signal);
}

static bool
get_logout(struct buf *b, union ops_request *m)
{
	return priv_get_logout(b, &m->logout);
}

static bool
get_inventory(struct buf *b, union ops_request *m)
{
	return priv_get_inventory(b, &m->inventory);
}

static bool
get_exit(struct buf *b, union ops_request *m)
{
	return priv_get_exit(b, &m->exit);
}

static bool
get_enroll(struct buf *b, union ops_request *m)
{
	return priv_get_enroll(b, &m->enroll);
}

static bool
get_revoke(struct buf *b, union ops_request *m)
{
	return priv_get_revoke(b, &m->revoke);
}

static bool
get_ports(struct buf *b, union ops_request *m)
{
	return priv_get_ports(b, &m->ports);
}

static const struct ops_verb verbs[] = {
	[PRIV_HELLO] = { true, get_hello, op_hello },
	[PRIV_LOGIN] = { false, get_login, op_login },
	[PRIV_SPAWN] = { false, get_spawn, op_spawn },
	[PRIV_SIGNAL] = { false, get_signal, op_signal },
	[PRIV_LOGOUT] = { false, get_logout, op_logout },
	[PRIV_INVENTORY] = { false, get_inventory, op_inventory },
	[PRIV_EXIT] = { false, get_exit, op_exit },
	[PRIV_ENROLL] = { false, get_enroll, op_enroll },
	[PRIV_REVOKE] = { false, get_revoke, op_revoke },
	[PRIV_HALT] = { false, NULL, NULL }, /* only ever told */
	[PRIV_PORTS] = { false, get_ports, op_ports },
};

_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == PRIV_OP_MAX,
    "a verb of the protocol without a row");

const struct ops_verb *
ops_verb(uint16_t op)
{
	if (op >= PRIV_OP_MAX || verbs[op].act == NULL)
		return NULL;
	return &verbs[op];
}
