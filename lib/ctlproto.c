/* SPDX-License-Identifier: MIT */
/*
 * The words of [main] that are longer than a byte. The receiver is its own
 * child; it checks them all the same, since a packet cut short would otherwise
 * serve somebody's socket to uid 0.
 */
#include "lib/ctlproto.h"

#include <stddef.h>

#include "lib/wire.h"

#define AT(f) offsetof(struct ctl_listen, f)

static const struct wire_field listen_fields[] = {
	{ &wire_u8, AT(kind), CTL_KIND_MAX - 1, 0 },
	{ &wire_u8, AT(web), 1, 0 },
	{ &wire_u8, AT(by_web), 1, 0 },
	{ &wire_u32, AT(uid), 0, 0 },
	{ &wire_text, AT(name), CTL_NAME_MAX, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field unlisten_fields[] = {
	{ &wire_u32, offsetof(struct ctl_unlisten, uid), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field output_fields[] = {
	{ &wire_u32, offsetof(struct ctl_output, uid), 0, 0 },
	{ &wire_u64, offsetof(struct ctl_output, bytes), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field limit_fields[] = {
	{ &wire_u8, offsetof(struct ctl_limit, what), CTL_WHATS - 1, 0 },
	{ &wire_u32, offsetof(struct ctl_limit, uid), 0, 0 },
	{ &wire_u64, offsetof(struct ctl_limit, mb), 0, 0 },
	{ &wire_text, offsetof(struct ctl_limit, by), CTL_RULE_MAX, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field service_fields[] = {
	{ &wire_bytes, offsetof(struct ctl_service, previous),
	    sizeof(((struct ctl_service *)NULL)->previous), 0 },
	{ &wire_u64, offsetof(struct ctl_service, until), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field gone_fields[] = {
	{ &wire_u64, offsetof(struct ctl_gone, handle), 0, 0 },
	{ &wire_u32, offsetof(struct ctl_gone, status), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field settled_fields[] = {
	{ &wire_u32, offsetof(struct ctl_settled, found), 0, 0 },
	{ &wire_u32, offsetof(struct ctl_settled, lost), 0, 0 },
	{ NULL, 0, 0, 0 },
};

void
ctl_put_listen(struct buf *b, const struct ctl_listen *m)
{
	buf_put_u8(b, CTL_LISTEN);
	wire_put(b, listen_fields, m);
}

void
ctl_put_unlisten(struct buf *b, const struct ctl_unlisten *m)
{
	buf_put_u8(b, CTL_UNLISTEN);
	wire_put(b, unlisten_fields, m);
}

void
ctl_put_output(struct buf *b, const struct ctl_output *m)
{
	buf_put_u8(b, CTL_OUTPUT);
	wire_put(b, output_fields, m);
}

void
ctl_put_limit(struct buf *b, const struct ctl_limit *m)
{
	buf_put_u8(b, CTL_LIMIT);
	wire_put(b, limit_fields, m);
}

void
ctl_put_service(struct buf *b, const struct ctl_service *m)
{
	buf_put_u8(b, CTL_SERVICE);
	wire_put(b, service_fields, m);
}

void
ctl_put_gone(struct buf *b, const struct ctl_gone *m)
{
	buf_put_u8(b, CTL_GONE);
	wire_put(b, gone_fields, m);
}

void
ctl_put_settled(struct buf *b, const struct ctl_settled *m)
{
	buf_put_u8(b, CTL_SETTLED);
	wire_put(b, settled_fields, m);
}

bool
ctl_get_listen(struct buf *b, struct ctl_listen *m)
{
	return wire_get(b, listen_fields, m, sizeof(*m)) &&
	       m->name[0] != '\0' && m->uid != 0;
}

bool
ctl_get_unlisten(struct buf *b, struct ctl_unlisten *m)
{
	return wire_get(b, unlisten_fields, m, sizeof(*m));
}

bool
ctl_get_output(struct buf *b, struct ctl_output *m)
{
	return wire_get(b, output_fields, m, sizeof(*m)) && m->uid != 0;
}

/* A limit names its rule, since whom it refuses something is told it. */
bool
ctl_get_limit(struct buf *b, struct ctl_limit *m)
{
	return wire_get(b, limit_fields, m, sizeof(*m)) && m->uid != 0 &&
	       m->mb <= CTL_MB_MAX && (m->mb == 0) == (m->by[0] == '\0');
}

bool
ctl_get_service(struct buf *b, struct ctl_service *m)
{
	return wire_get(b, service_fields, m, sizeof(*m)) && m->until >= 0;
}

bool
ctl_get_gone(struct buf *b, struct ctl_gone *m)
{
	return wire_get(b, gone_fields, m, sizeof(*m)) && m->handle != 0;
}

bool
ctl_get_settled(struct buf *b, struct ctl_settled *m)
{
	return wire_get(b, settled_fields, m, sizeof(*m));
}
