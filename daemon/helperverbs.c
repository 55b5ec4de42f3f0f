/* SPDX-License-Identifier: MIT */
/*
 * The stubs of the helper's verbs: encode the request, decode its answer, hand
 * over its descriptors. Invariant: a descriptor reaches a caller only when
 * their number and the kind of each are what the verb promises; everything
 * else is closed and ends the connection (abuse E04-E06).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/helpercall.h"
#include "lib/egress.h"
#include "lib/err.h"
#include "lib/secret.h"

#define WHY_MAX 128

/* What one run may bring: a terminal's three, its page and its door. */
#define FDS_LEAST 5

const char *
helper_why(int err)
{
	static char full[WHY_MAX];
	struct rlimit files = { 0 };

	switch (err) {
	case RDV_E_FULL:
		(void)getrlimit(RLIMIT_NOFILE, &files);
		(void)snprintf(full, sizeof(full),
		    "rdvd has all of the %llu files open that its limit allows "
		    "(LimitNOFILE=, ulimit -Hn)",
		    (unsigned long long)files.rlim_cur);
		return full;
	case RDV_E_TOO_BIG:
		return "command and environment are too long";
	case RDV_E_BUSY:
		return "too many requests wait for the helper";
	}
	return "the helper is not there";
}

static bool
is_pipe(int fd, int mode)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && flags != -1 &&
	       (flags & O_ACCMODE) == mode;
}

static bool
is_terminal(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && isatty(fd);
}

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Which can be read at once, and by nobody written from here. */
static bool
is_page(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == (off_t)sizeof(struct egress_page) && flags != -1 &&
	       (flags & O_ACCMODE) == O_RDONLY;
}

static bool
is_listening(int fd)
{
	socklen_t len = sizeof(int);
	int on = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
	       on == 1;
}

/* How many stand behind those of input and output. */
static unsigned
beside(uint8_t net, uint32_t guards)
{
	return (unsigned)(net == PRIV_NET_LIST) + ((guards & PRIV_G_DOOR) != 0);
}

/*
 * Those: the page, then the door. Anything else but a listening socket would
 * have the loop accept without end.
 */
static bool
beside_ok(const struct seqpkt_fds *fds, uint8_t net, uint32_t guards)
{
	unsigned n = fds->n;

	if (n < beside(net, guards))
		return false;
	if ((guards & PRIV_G_DOOR) != 0 && !is_listening(fds->fd[--n]))
		return false;
	return net != PRIV_NET_LIST || is_page(fds->fd[n - 1]);
}

/*
 * See privproto.h for the order; INVENTORY brings no pipe to stdin. Each is
 * looked at: one of another kind could make the loop block, or be a file that
 * nobody meant to hand over (E04).
 */
static bool
fds_ok(const struct seqpkt_fds *fds, uint8_t io, uint8_t net, uint32_t guards,
    bool with_stdin)
{
	const unsigned more = beside(net, guards);
	unsigned i = 0;

	if (!beside_ok(fds, net, guards))
		return false;
	if (io == PRIV_IO_PTY)
		return fds->n == 3 + more && is_terminal(fds->fd[0]) &&
		       is_pipe(fds->fd[1], O_RDONLY) &&
		       is_pipe(fds->fd[2], O_WRONLY);
	with_stdin = with_stdin || io == PRIV_IO_TALK;
	if (fds->n != (with_stdin ? 3 : 2) + more)
		return false;
	if (with_stdin && !(io == PRIV_IO_TALK ? is_socket(fds->fd[i])
					       : is_pipe(fds->fd[i], O_WRONLY)))
		return false;
	i += with_stdin;
	return is_pipe(fds->fd[i], O_RDONLY) &&
	       is_pipe(fds->fd[i + 1], O_RDONLY);
}

/*
 * An answer that cannot be read still ends its request; false then ends the
 * connection.
 */
static bool
answer_login(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds)
{
	struct priv_login_answer a;
	bool ok = err != 0 || priv_get_login_answer(body, &a);

	(void)fds;
	if (!ok)
		err = RDV_E_UNAVAILABLE;
	c->cb.login(err, err == 0 ? &a : NULL, c->arg);
	secret_wipe(&a, sizeof(a));
	return ok;
}

void
helper_login(struct helper *h, const struct priv_login *m, helper_login_fn *cb,
    void *arg)
{
	struct helper_call *c = helper_call_new(h, answer_login, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.login = cb;
	priv_put_login(&b, id, m);
	helper_call_send(c, PRIV_LOGIN, id, &b);
}

static bool
answer_spawn(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds)
{
	struct seqpkt_fds own = { .n = 0 };
	struct priv_spawn_answer a;
	bool ok = true;

	if (err == RDV_E_FULL)
		ok = helper_call_stray(c, body);
	if (err == 0) {
		/* A header that has more of them is none. */
		seqpkt_many_take(fds, fds->n, &own);
		ok = priv_get_spawn_answer(body, &a) &&
		     (a.result == PRIV_DONE
			     ? a.handle != 0 && fds_ok(&own, c->io, a.hold.net,
						    a.guards, true)
			     : own.n == 0);
		if (!ok)
			err = RDV_E_UNAVAILABLE;
	}
	c->cb.spawn(err, err == 0 ? &a : NULL, err == 0 ? &own : NULL, c->arg);
	seqpkt_fds_close(&own);
	return ok;
}

void
helper_spawn(struct helper *h, const struct priv_spawn *m, helper_spawn_fn *cb,
    void *arg)
{
	struct helper_call *c = helper_call_new(h, answer_spawn, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.spawn = cb;
	c->io = m->io;
	priv_put_spawn(&b, id, m);
	helper_call_send(c, PRIV_SPAWN, id, &b);
}

static bool
answer_plain(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds)
{
	struct priv_plain_answer a;
	bool ok = err != 0 || priv_get_plain_answer(body, &a);

	(void)fds;
	if (!ok)
		err = RDV_E_UNAVAILABLE;
	if (c->cb.plain != NULL)
		c->cb.plain(err, err == 0 ? &a : NULL, c->arg);
	return ok;
}

void
helper_signal(struct helper *h, uint64_t handle, int sig, bool all,
    helper_plain_fn *cb, void *arg)
{
	struct priv_signal m = { .handle = handle, .all = all, .sig = sig };
	struct helper_call *c = helper_call_new(h, answer_plain, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.plain = cb;
	priv_put_signal(&b, id, &m);
	helper_call_send(c, PRIV_SIGNAL, id, &b);
}

void
helper_ports(struct helper *h, uint64_t handle, helper_plain_fn *cb, void *arg)
{
	const struct priv_ports m = { .handle = handle };
	struct helper_call *c = helper_call_new(h, answer_plain, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.plain = cb;
	priv_put_ports(&b, id, PRIV_REQUEST, &m);
	helper_call_send(c, PRIV_PORTS, id, &b);
}

void
helper_logout(struct helper *h, const uint8_t grant[PRIV_GRANT_LEN],
    helper_plain_fn *cb, void *arg)
{
	struct helper_call *c = helper_call_new(h, answer_plain, arg);
	struct priv_logout m;
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	memcpy(m.grant, grant, sizeof(m.grant));
	c->cb.plain = cb;
	priv_put_logout(&b, id, &m);
	helper_call_send(c, PRIV_LOGOUT, id, &b);
}

void
helper_enroll(struct helper *h, const struct priv_enroll *m,
    helper_plain_fn *cb, void *arg)
{
	struct helper_call *c = helper_call_new(h, answer_plain, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.plain = cb;
	priv_put_enroll(&b, id, m);
	helper_call_send(c, PRIV_ENROLL, id, &b);
}

void
helper_revoke(struct helper *h, const struct priv_revoke *m,
    helper_plain_fn *cb, void *arg)
{
	struct helper_call *c = helper_call_new(h, answer_plain, arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.plain = cb;
	priv_put_revoke(&b, id, m);
	helper_call_send(c, PRIV_REVOKE, id, &b);
}

/*
 * Without a callback: what is lost with a dying [ops] it would have forgotten.
 */
void
helper_exit_ack(struct helper *h, uint64_t handle)
{
	struct priv_exit m = { .handle = handle };
	struct helper_call *c = helper_call_new(h, answer_plain, NULL);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	priv_put_exit(&b, id, PRIV_REQUEST, &m);
	helper_call_send(c, PRIV_EXIT, id, &b);
}

static void
ask_inventory(struct helper *, uint64_t, uint8_t, const struct helper_call *);

/* How many descriptors an entry of INVENTORY brings. */
static unsigned
fds_of(const struct priv_inventory_answer *a)
{
	return (a->io != PRIV_IO_PIPES ? 3 : 2) +
	       beside(a->hold.net, a->guards);
}

/* The next entry with its descriptors. False: there is none like that. */
static bool
next_entry(struct buf *body, struct seqpkt_many *fds,
    struct priv_inventory_answer *a, struct seqpkt_fds *own)
{
	own->n = 0;
	if (!priv_get_inventory_answer(body, a))
		return false;
	if (a->result != PRIV_DONE)
		return true;
	if (fds->n < fds_of(a))
		return false;
	seqpkt_many_take(fds, fds_of(a), own);
	return true;
}

/* What an answer to INVENTORY has, seen before any of it is acted on. */
struct inventory {
	bool good;	/* all of it is as it has to be */
	uint8_t result; /* of the last entry */
	uint64_t last;	/* handle; 0: none */
};

/*
 * Handles rise, so that a helper that is broken cannot have us ask for ever.
 * What ends the list is the last entry, or the only one.
 */
static struct inventory
look_over(struct buf body, struct seqpkt_many fds, uint64_t after)
{
	struct inventory v = { .result = PRIV_DONE };
	struct priv_inventory_answer a;
	struct seqpkt_fds own;

	do {
		if (v.result != PRIV_DONE || !next_entry(&body, &fds, &a, &own))
			return v;
		v.result = a.result;
		if (a.result != PRIV_DONE)
			continue;
		if (a.handle <= after ||
		    !fds_ok(&own, a.io, a.hold.net, a.guards, false))
			return v;
		v.last = after = a.handle;
	} while (buf_left(&body) > 0);
	v.good = fds.n == 0;
	return v;
}

static void
hand_over(struct helper_call *c, struct buf *body, struct seqpkt_many *fds)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds own;

	while (buf_left(body) > 0 && next_entry(body, fds, &a, &own) &&
	       a.result == PRIV_DONE) {
		c->cb.inventory(0, &a, &own, c->arg);
		seqpkt_fds_close(&own);
	}
}

static bool
answer_inventory(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds)
{
	struct inventory v = { .good = true };

	/* [ops] has its own of what was lost here: the same ones, by fewer. */
	if (err == RDV_E_FULL && c->most > FDS_LEAST) {
		ask_inventory(c->helper, c->after,
		    c->most / 2 > FDS_LEAST ? c->most / 2 : FDS_LEAST, c);
		return true;
	}
	if (err == 0) {
		v = look_over(*body, *fds, c->after);
		if (!v.good ||
		    (v.result != PRIV_DONE && v.result != PRIV_NO_SUCH))
			err = RDV_E_UNAVAILABLE;
	}
	/* One ahead: [ops] finds the next ones while these are taken over. */
	if (err == 0 && v.result == PRIV_DONE)
		ask_inventory(c->helper, v.last, c->most, c);
	if (err == 0)
		hand_over(c, body, fds);
	if (err != 0 || v.result != PRIV_DONE)
		c->cb.inventory(err, NULL, NULL, c->arg);
	return v.good;
}

static void
ask_inventory(struct helper *h, uint64_t after, uint8_t most,
    const struct helper_call *like)
{
	struct priv_inventory m = { .after = after, .most = most };
	struct helper_call *c = helper_call_new(h, answer_inventory, like->arg);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	c->cb.inventory = like->cb.inventory;
	c->after = after;
	c->most = most;
	priv_put_inventory(&b, id, &m);
	helper_call_send(c, PRIV_INVENTORY, id, &b);
}

void
helper_inventory(struct helper *h, helper_inventory_fn *cb, void *arg)
{
	const struct helper_call first = { .cb.inventory = cb, .arg = arg };

	ask_inventory(h, 0, SEQPKT_MANY_MAX, &first);
}
