/* SPDX-License-Identifier: MIT */
/*
 * Listeners, the bounds over all connections, one timer for all deadlines, and
 * the graceful end.
 *
 * Invariant: whatever accept(2) says, the loop does not spin, and of a listener
 * that is broken no other hears. A connection that cannot be kept is still
 * taken off the queue and told so.
 */
#include "daemon/http/server.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/reply.h"
#include "daemon/http/request.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define ACCEPT_BATCH 64 /* then others get their turn */
#define RETRY_MS     100
#define SWEEP_MS     1000
#define HEAD_MAX     65536 /* of an answer */
#define LOG_PER_MIN  60
#define LOG_BURST    20

static void
sweep_cb(void *arg)
{
	struct http_server *s = arg;

	server_sweep(s);
	if (!TAILQ_EMPTY(&s->conns))
		loop_timer_set(s->sweep, SWEEP_MS);
}

static void
retry_cb(void *arg)
{
	struct http_server *s = arg;
	struct listener *l;

	s->held = false;
	LIST_FOREACH (l, &s->listeners, entry)
		loop_watch_enable(l->watch);
}

void
http_server_hold(struct http_server *s, int64_t ms)
{
	struct listener *l;

	s->held = true;
	LIST_FOREACH (l, &s->listeners, entry)
		loop_watch_disable(l->watch);
	loop_timer_set(s->retry, ms);
}

/* One alone, until all are tried again. */
static void
hold_one(struct listener *l)
{
	struct http_server *s = l->server;

	loop_watch_disable(l->watch);
	if (!loop_timer_pending(s->retry))
		loop_timer_set(s->retry, RETRY_MS);
}

void
http_server_release(struct http_server *s)
{
	if (s == NULL || !s->held)
		return;
	loop_timer_clear(s->retry);
	retry_cb(s);
}

/* Any descriptor will do, and this one needs no file system. */
static int
open_reserve(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

struct http_server *
http_server_new(struct loop *l, const struct http_limits *limits,
    http_dispatch_fn *cb, void *arg)
{
	struct http_server *s = xcalloc(1, sizeof *s);
	uint8_t tag[SERVER_TAG / 2];

	s->loop = l;
	s->lim = *limits;
	/* A head has to fit into what is kept of a connection's input. */
	if (s->lim.header >= SERVER_INPUT)
		s->lim.header = SERVER_INPUT - 1;
	s->dispatch = cb;
	s->arg = arg;
	TAILQ_INIT(&s->conns);
	LIST_INIT(&s->requests);
	LIST_INIT(&s->peers);
	LIST_INIT(&s->listeners);
	s->sweep = loop_timer_new(l, sweep_cb, s);
	s->retry = loop_timer_new(l, retry_cb, s);
	s->reserve = open_reserve();
	secret_random(tag, sizeof tag);
	str_hex(s->tag, tag, sizeof tag);
	buf_init_secret(&s->head, HEAD_MAX);
	bucket_init(&s->refusals, LOG_PER_MIN, LOG_BURST, clock_mono_ms());
	return s;
}

void
http_server_early(struct http_server *s, http_early_fn *cb)
{
	s->early = cb;
}

void
server_refused(struct http_server *s, uid_t uid, enum gate_why why,
    const char *id)
{
	const struct gate_row *row = gate_row(why);

	s->stats.refused++;
	if (!bucket_take(&s->refusals, clock_mono_ms()))
		return;
	log_info("http", "refused status=%d peer=%u request=%s why=\"%s\"",
	    row->status, (unsigned)uid, id, row->sentence);
}

static struct peer *
peer_get(struct http_server *s, uid_t uid, const char *door)
{
	struct peer *p;

	LIST_FOREACH (p, &s->peers, entry)
		if (p->uid == uid && strcmp(p->door, door) == 0)
			return p;
	p = xcalloc(1, sizeof *p);
	p->uid = uid;
	(void)str_copy(p->door, door, sizeof p->door);
	LIST_INSERT_HEAD(&s->peers, p, entry);
	return p;
}

static void
peer_put(struct peer *p)
{
	if (p->conns > 0)
		return;
	LIST_REMOVE(p, entry);
	free(p);
}

void
server_conn_closed(struct http_server *s, struct peer *p)
{
	p->conns--;
	peer_put(p);
	server_check_drained(s);
}

/*
 * Says why, as far as the socket buffer takes it at once, and closes. Reading
 * what is there spares a client that has already sent its request a reset.
 */
static void
turn_away(struct http_server *s, int fd, uid_t uid, enum gate_why why)
{
	struct buf *b;
	char id[37];

	request_id(s, id);
	server_refused(s, uid, why, id);
	b = reply_refusal(s, why, id);
	(void)send(fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)recv(fd, s->input, sizeof s->input, MSG_DONTWAIT);
	(void)close(fd);
}

/*
 * The modes of the socket and of the directories above it say the same, but a
 * program of the owner may change those by mistake, or a confined one on
 * purpose: changing modes is nothing a sandbox of ours sees.
 */
static bool
serves_peer(const struct listener *l, uid_t peer)
{
	return peer == l->owner || peer == 0;
}

/* What is open by doors: of that account's runs, or of everybody's. */
static unsigned
door_conns(const struct http_server *s, const uid_t *uid)
{
	const struct peer *p;
	unsigned n = 0;

	LIST_FOREACH (p, &s->peers, entry)
		if (p->door[0] != '\0' && (uid == NULL || p->uid == *uid))
			n += p->conns;
	return n;
}

/*
 * What runs of an account keep open is no reason to turn away the account. And
 * it may not have more by its doors than is left there, so whoever comes next
 * finds as much as the one who has most.
 */
static bool
has_room(const struct http_server *s, const struct peer *p)
{
	const unsigned most = s->lim.conns / SERVER_DOORS,
		       all = door_conns(s, NULL);

	if (s->stats.conns >= s->lim.conns)
		return false;
	if (p->door[0] == '\0')
		return p->conns < s->lim.conns_per_peer;
	return p->conns < SERVER_DOOR && all < most &&
	       door_conns(s, &p->uid) < most - all;
}

static void
admit(struct listener *l, int fd)
{
	struct http_server *s = l->server;
	struct ucred cred;
	socklen_t len = sizeof cred;
	struct http_conn *c;
	struct peer *p;

	/* No word of the kernel about the peer, no service (abuse C08). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    cred.uid == (uid_t)-1) {
		(void)close(fd);
		return;
	}
	if (!serves_peer(l, cred.uid)) {
		turn_away(s, fd, cred.uid, GATE_PEER);
		return;
	}
	p = peer_get(s, cred.uid, l->door);
	if (!has_room(s, p)) {
		turn_away(s, fd, cred.uid, GATE_CONNS);
		peer_put(p);
		return;
	}
	p->conns++;
	c = conn_new(s, fd, p, cred.pid);
	c->person = l->person;
	exchange_start(c);
	/* Without connections nothing wakes an idle daemon. */
	if (!loop_timer_pending(s->sweep))
		loop_timer_set(s->sweep, SWEEP_MS);
}

/*
 * Out of descriptors (abuse D10): the reserve lets us take one connection off
 * the queue and turn it away. Where even that fails we wait, or the listener
 * would stay ready and the loop would do nothing else.
 */
static void
out_of_descriptors(struct http_server *s, int listener)
{
	int fd;

	if (s->reserve != -1)
		(void)close(s->reserve);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1)
		turn_away(s, fd, (uid_t)-1, GATE_CONNS);
	else
		http_server_hold(s, RETRY_MS);
	s->reserve = open_reserve();
}

/*
 * Ready and nobody there, that is a socket shut by somebody who shares it: it
 * stays ready.
 */
static void
accept_cb(int listener, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd =
		    accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd != -1) {
			admit(l, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE)
			out_of_descriptors(l->server, listener);
		else if (errno != EAGAIN || i == 0)
			hold_one(l);
		return;
	}
}

static int
listen_as(struct http_server *s, int listener, uid_t owner, uid_t person,
    const char *door)
{
	struct listener *l;
	int flags = fcntl(listener, F_GETFL);

	/* A client gone between poll and accept must not block us. */
	if (flags == -1 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) == -1)
		return -errno;
	l = xcalloc(1, sizeof *l);
	l->server = s;
	l->owner = owner;
	l->person = person;
	(void)str_copy(l->door, door, sizeof l->door);
	l->watch = loop_watch_new(s->loop, listener, LOOP_READ, accept_cb, l);
	if (s->held)
		loop_watch_disable(l->watch);
	LIST_INSERT_HEAD(&s->listeners, l, entry);
	return 0;
}

int
http_server_listen(struct http_server *s, int listener, uid_t owner)
{
	return listen_as(s, listener, owner, HTTP_ANYBODY, "");
}

int
http_server_listen_for(struct http_server *s, int listener, uid_t person)
{
	return listen_as(s, listener, person, person, "");
}

static void
listener_free(struct listener *l)
{
	LIST_REMOVE(l, entry);
	loop_watch_free(l->watch);
	free(l);
}

int
http_server_listen_door(struct http_server *s, int listener, uid_t owner,
    const char *run_id)
{
	if (s->draining)
		return -ESHUTDOWN;
	return listen_as(s, listener, owner, HTTP_ANYBODY, run_id);
}

void
http_server_close_door(struct http_server *s, const char *run_id)
{
	struct listener *l, *next;
	struct http_conn *c;

	LIST_FOREACH_SAFE (l, &s->listeners, entry, next)
		if (strcmp(l->door, run_id) == 0)
			listener_free(l);
	TAILQ_FOREACH (c, &s->conns, entry)
		if (strcmp(c->peer->door, run_id) == 0 && !c->dead)
			conn_drop(c);
}

void
http_server_unlisten(struct http_server *s, uid_t person)
{
	struct listener *l, *next;
	struct http_conn *c;

	LIST_FOREACH_SAFE (l, &s->listeners, entry, next)
		if (l->person == person)
			listener_free(l);
	TAILQ_FOREACH (c, &s->conns, entry)
		if (c->person == person && !c->dead)
			conn_drop(c);
}

void
server_sweep(struct http_server *s)
{
	struct http_conn *c;
	int64_t now = clock_mono_ms();

	/* Deadlines mark and defer; nothing leaves the list in here. */
	TAILQ_FOREACH (c, &s->conns, entry)
		conn_tick(c, now);
}

void
http_server_stats(const struct http_server *s, struct http_stats *out)
{
	*out = s->stats;
}

static bool
anything_left(const struct http_server *s)
{
	const struct http_conn *c;

	if (s->stats.requests_pending + s->stats.websockets + s->stats.streams >
	    0)
		return true;
	TAILQ_FOREACH (c, &s->conns, entry)
		if (conn_queued(c) > 0)
			return true;
	return false;
}

static void
drained(void *arg)
{
	struct http_server *s = arg;
	void (*done)(void *) = s->drained;

	loop_timer_clear(s->drain);
	s->drained = NULL;
	if (done != NULL)
		done(s->drained_arg);
}

void
server_check_drained(struct http_server *s)
{
	/* From the loop, since whoever is called may free the server. */
	if (s->drained != NULL && !anything_left(s))
		loop_timer_set(s->drain, 0);
}

void
http_server_drain(struct http_server *s, int64_t ms, void (*done)(void *),
    void *arg)
{
	struct listener *l, *next;
	struct http_conn *c;

	if (s->draining)
		return;
	s->draining = true;
	s->drained = done;
	s->drained_arg = arg;
	/*
	 * The sockets are [main]'s and stay open: who connects from now on
	 * waits in their queue for the next rdvd, if there is one.
	 */
	loop_timer_clear(s->retry);
	LIST_FOREACH_SAFE (l, &s->listeners, entry, next)
		listener_free(l);
	s->drain = loop_timer_new(s->loop, drained, s);
	loop_timer_set(s->drain, ms);
	TAILQ_FOREACH (c, &s->conns, entry)
		if (c->ops != NULL && c->ops->drain != NULL && !c->ending)
			c->ops->drain(c->user);
	server_check_drained(s);
}

void
http_server_free(struct http_server *s)
{
	struct http_conn *c, *next;
	struct listener *l, *rest;
	struct request *q;

	if (s == NULL)
		return;
	/* Each connection that goes would call it. */
	s->drained = NULL;
	TAILQ_FOREACH_SAFE (c, &s->conns, entry, next)
		conn_free(c);
	/* Whoever still holds one may answer it; there is nobody to hear. */
	LIST_FOREACH (q, &s->requests, entry)
		q->server = NULL;
	LIST_FOREACH_SAFE (l, &s->listeners, entry, rest)
		listener_free(l);
	loop_timer_free(s->sweep);
	loop_timer_free(s->retry);
	loop_timer_free(s->drain);
	while (s->nspare > 0)
		arena_free(s->spare[--s->nspare]);
	if (s->reserve != -1)
		(void)close(s->reserve);
	buf_done(&s->head);
	free(s);
}
