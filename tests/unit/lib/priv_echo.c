/* SPDX-License-Identifier: MIT */
/*
 * Decode and encode again, for the unit test and for the fuzzer: a packet that
 * is accepted has exactly one meaning, and the callers assert that it comes out
 * byte for byte.
 */
#include "tests/unit/lib/priv_echo.h"

#include "lib/privproto.h"

typedef bool
echo_fn(struct buf *in, const struct priv_header *h, struct buf *out);

static bool
echo_hello(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_hello m;

	if (!priv_get_hello(in, &m))
		return false;
	priv_put_hello(out, h->id, h->kind, &m);
	return true;
}

static bool
echo_login(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_login m;

	if (!priv_get_login(in, &m))
		return false;
	priv_put_login(out, h->id, &m);
	return true;
}

static bool
echo_login_answer(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_login_answer m;

	if (!priv_get_login_answer(in, &m))
		return false;
	priv_put_login_answer(out, h->id, &m);
	return true;
}

static bool
echo_spawn(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_spawn m;

	if (!priv_get_spawn(in, &m))
		return false;
	priv_put_spawn(out, h->id, &m);
	priv_spawn_done(&m);
	return true;
}

static bool
echo_spawn_answer(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_spawn_answer m;

	if (!priv_get_spawn_answer(in, &m))
		return false;
	priv_put_spawn_answer(out, h->id, h->nfds, &m);
	return true;
}

static bool
echo_signal(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_signal m;

	if (!priv_get_signal(in, &m))
		return false;
	priv_put_signal(out, h->id, &m);
	return true;
}

static bool
echo_logout(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_logout m;

	if (!priv_get_logout(in, &m))
		return false;
	priv_put_logout(out, h->id, &m);
	return true;
}

static bool
echo_inventory(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_inventory m;

	if (!priv_get_inventory(in, &m))
		return false;
	priv_put_inventory(out, h->id, &m);
	return true;
}

static bool
echo_inventory_answer(struct buf *in, const struct priv_header *h,
    struct buf *out)
{
	struct priv_inventory_answer m;

	if (!priv_get_inventory_answer(in, &m))
		return false;
	priv_put_inventory_answer(out, h->id, h->nfds, &m);
	while (buf_left(in) > 0)
		if (!priv_get_inventory_answer(in, &m) ||
		    !priv_add_inventory_answer(out, h->nfds, &m))
			return false;
	return true;
}

static bool
echo_exit(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_exit m;

	if (!priv_get_exit(in, &m))
		return false;
	priv_put_exit(out, h->id, h->kind, &m);
	return true;
}

static bool
echo_halted(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_halted m;

	(void)h;
	if (!priv_get_halted(in, &m))
		return false;
	priv_put_halted(out, &m);
	return true;
}

static bool
echo_ports(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_ports m;

	if (!priv_get_ports(in, &m))
		return false;
	priv_put_ports(out, h->id, h->kind, &m);
	return true;
}

static bool
echo_enroll(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_enroll m;

	if (!priv_get_enroll(in, &m))
		return false;
	priv_put_enroll(out, h->id, &m);
	return true;
}

static bool
echo_revoke(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_revoke m;

	if (!priv_get_revoke(in, &m))
		return false;
	priv_put_revoke(out, h->id, &m);
	return true;
}

static bool
echo_plain_answer(struct buf *in, const struct priv_header *h, struct buf *out)
{
	struct priv_plain_answer m;

	if (!priv_get_plain_answer(in, &m))
		return false;
	priv_put_plain_answer(out, h->id, h->op, &m);
	return true;
}

static echo_fn *const echoes[PRIV_OP_MAX][PRIV_KIND_MAX] = {
	[PRIV_HELLO] = { echo_hello, echo_hello, NULL },
	[PRIV_LOGIN] = { echo_login, echo_login_answer, NULL },
	[PRIV_SPAWN] = { echo_spawn, echo_spawn_answer, NULL },
	[PRIV_SIGNAL] = { echo_signal, echo_plain_answer, NULL },
	[PRIV_LOGOUT] = { echo_logout, echo_plain_answer, NULL },
	[PRIV_INVENTORY] = { echo_inventory, echo_inventory_answer, NULL },
	[PRIV_EXIT] = { echo_exit, echo_plain_answer, echo_exit },
	[PRIV_ENROLL] = { echo_enroll, echo_plain_answer, NULL },
	[PRIV_REVOKE] = { echo_revoke, echo_plain_answer, NULL },
	[PRIV_HALT] = { NULL, NULL, echo_halted },
	[PRIV_PORTS] = { echo_ports, echo_plain_answer, echo_ports },
};

bool
priv_echo(const void *p, size_t len, struct buf *out)
{
	struct priv_header h;
	struct buf in;

	buf_wrap(&in, p, len);
	/* A kind without a decoder here must not have passed the header. */
	return priv_get_header(&in, &h) && echoes[h.op][h.kind](&in, &h, out);
}
