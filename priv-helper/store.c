/* SPDX-License-Identifier: MIT */
/*
 * The side of [main] in what makes runs outlive it. What it sends counts as
 * soon as it is sent: the manager reads what its service said before it looks
 * at how that ended. Nothing is answered, and what is too much is closed
 * without a word; so we count. Who gives us descriptors is root, as the option
 * that has us take them is root's; a record may be another build's all the
 * same, or half there, and is looked at as that of an upgrade is.
 */
#include "priv-helper/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "lib/xalloc.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/storerun.h"

#define PLACES (1u << 15)

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
name_of(unsigned place, unsigned role, char out[STORE_NAME + 1])
{
	const unsigned n = place * STORE_ROLES + role;

	out[0] = digits[n >> 12];
	out[1] = digits[(n >> 6) & 63];
	out[2] = digits[n & 63];
	out[3] = '\0';
}

/* The number of a name, or -1. */
static int
number_of(const char *name)
{
	const char *at;
	int n = 0, i;

	for (i = 0; i < STORE_NAME; i++) {
		at = name[i] != '\0' ? strchr(digits, name[i]) : NULL;
		if (at == NULL)
			return -1;
		n = n * 64 + (int)(at - digits);
	}
	return name[STORE_NAME] == '\0' ? n : -1;
}

static bool
connected(struct store *s)
{
	if (s->sock < 0)
		s->sock = notify_connect();
	return s->sock >= 0;
}

struct store *
store_new(unsigned max)
{
	struct store *s = xcalloc(1, sizeof(*s));

	TAILQ_INIT(&s->list);
	s->max = max;
	s->sock = -1;
	if (connected(s))
		return s;
	log_warnx("store",
	    "no service manager that keeps descriptors: a restart of [main] "
	    "ends what runs");
	free(s);
	return NULL;
}

void
store_free(struct store *s)
{
	struct stored *e;

	if (s == NULL)
		return;
	while ((e = TAILQ_FIRST(&s->list)) != NULL) {
		TAILQ_REMOVE(&s->list, e, entry);
		free(e);
	}
	if (s->sock >= 0)
		(void)close(s->sock);
	free(s->lost);
	free(s);
}

/* False: not now. It is said once that it cannot be. */
static bool
say(struct store *s, const char *what, const char *name, int fd)
{
	const struct seqpkt_fds fds = { .fd = { fd }, .n = 1 };
	char text[64];
	int n = snprintf(text, sizeof(text), "%s\nFDNAME=%s", what, name), err;

	if (!connected(s))
		return false;
	err = seqpkt_send(s->sock, text, (size_t)n, fd >= 0 ? &fds : NULL);
	if (err == 0)
		s->deaf = false;
	if (err == 0 || err == -EAGAIN)
		return err == 0;
	if (!s->deaf)
		log_errorx("store", "the service manager cannot be told: %s",
		    strerror(-err));
	s->deaf = true;
	(void)close(s->sock);
	s->sock = -1;
	return false;
}

/* Polled by the manager, what has hung up would be thrown away. */
static bool
put(struct store *s, const struct parked_run *k, unsigned role)
{
	struct stored *e = k->stored;
	char name[STORE_NAME + 1];
	int fd = storerun_fd(k, role);
	bool told;

	if (fd < 0)
		return false;
	name_of(e->place, role, name);
	told = say(s, "FDSTORE=1\nFDPOLL=0", name, fd);
	storerun_close(role, fd);
	if (told)
		e->has |= (uint8_t)(1u << role);
	return told;
}

static bool
is_taken(const struct store *s, unsigned place)
{
	const struct stored *e;

	TAILQ_FOREACH (e, &s->list, entry)
		if (e->place == place)
			return true;
	return false;
}

static struct stored *
add(struct store *s, unsigned place, unsigned room, uint8_t has)
{
	struct stored *e = xcalloc(1, sizeof(*e));

	e->place = place;
	e->room = room;
	e->has = has;
	s->used += room;
	TAILQ_INSERT_TAIL(&s->list, e, entry);
	return e;
}

/* NULL, which is told once for each run: there is no room for it. */
static struct stored *
find_place(struct store *s, struct parked_run *k)
{
	const unsigned room = storerun_room(k->fds.n);

	if (room != 0 && s->used + room <= s->max) {
		do
			s->next = (s->next + 1) % PLACES;
		while (is_taken(s, s->next));
		return add(s, s->next, room, 0);
	}
	if (!k->unkept)
		log_warnx("store",
		    "no room for run %016llx and its descriptors: a restart "
		    "of [main] ends it (FileDescriptorStoreMax=%u)",
		    (unsigned long long)k->record.handle, s->max);
	k->unkept = true;
	return NULL;
}

/* False: not now. */
static bool
keep(struct store *s, struct parked_run *k)
{
	uint8_t wanted = storerun_roles(k);
	unsigned role;

	if (k->stored == NULL)
		k->stored = find_place(s, k);
	if (k->stored == NULL)
		return true;
	k->stored->live = true;
	for (role = 0; role < STORE_ROLES; role++)
		if ((wanted & ~k->stored->has & (1u << role)) != 0 &&
		    !put(s, k, role))
			return false;
	return true;
}

/* False: not now. */
static bool
forget(struct store *s, struct stored *e)
{
	char name[STORE_NAME + 1];
	unsigned role;

	for (role = 0; role < STORE_ROLES; role++) {
		if ((e->has & (1u << role)) == 0)
			continue;
		name_of(e->place, role, name);
		if (!say(s, "FDSTOREREMOVE=1", name, -1))
			return false;
		e->has &= (uint8_t) ~(1u << role);
	}
	s->used -= e->room;
	TAILQ_REMOVE(&s->list, e, entry);
	free(e);
	return true;
}

void
store_sync(struct store *s, const struct parked *p)
{
	struct parked_run *k;
	struct stored *e, *next;
	bool all = true;

	TAILQ_FOREACH (e, &s->list, entry)
		e->live = false;
	TAILQ_FOREACH (k, &p->list, entry)
		if (k->fds.n == 0)
			k->stored = NULL;
		else if (k->stored != NULL)
			k->stored->live = true;
	/* First what goes, which makes room. */
	TAILQ_FOREACH_SAFE (e, &s->list, entry, next)
		all = all && (e->live || forget(s, e));
	TAILQ_FOREACH (k, &p->list, entry)
		all = all && (k->fds.n == 0 || keep(s, k));
	s->behind = !all;
}

void
store_flush(struct store *s, const struct parked *p, int ms)
{
	const int64_t until = clock_mono_ms() + ms;
	struct pollfd w = { .events = POLLOUT };
	int64_t left;

	store_sync(s, p);
	while (s->behind && (left = until - clock_mono_ms()) > 0) {
		w.fd = s->sock;
		(void)poll(&w, 1, (int)left);
		store_sync(s, p);
	}
	if (s->behind)
		log_errorx("store",
		    "the service manager has not taken all: what it has not "
		    "got ends with [main]");
}

struct stored *
store_carried(struct store *s, unsigned place, unsigned nfds, uint8_t has)
{
	return add(s, place, storerun_room(nfds), has);
}

void
store_given_take(struct store_given *g)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	char *all, *name, *rest;
	unsigned i;

	*g = (struct store_given){ .n = 0 };
	if (pid == NULL || n == NULL || names == NULL ||
	    strtol(pid, NULL, 10) != getpid())
		return;
	g->n = (unsigned)strtoul(n, NULL, 10);
	if (g->n > STORE_MAX)
		g->n = STORE_MAX;
	g->names = xcalloc(g->n + 1, sizeof(*g->names));
	rest = all = xstrdup(names);
	for (i = 0; i < g->n; i++) {
		name = strsep(&rest, ":");
		g->names[i] = xstrdup(name != NULL ? name : "");
	}
	free(all);
}

static void
lose(struct store *s, const int fd[STORE_ROLES], const char *why)
{
	const uint64_t handle = storerun_end(fd);

	/* The record comes first and goes first: its end was durable. */
	if (fd[0] < 0)
		return;
	log_errorx("store", "run %016llx ends, it cannot be gone on with: %s",
	    (unsigned long long)handle, why);
	s->lost = xreallocarray(s->lost, s->nlost + 1, sizeof(*s->lost));
	s->lost[s->nlost++] = handle;
}

/* All of one place. */
static bool
load_run(struct store *s, unsigned place, int fd[STORE_ROLES], struct parked *p)
{
	const char *why;
	struct parked_run *k = storerun_read(fd, place, p, &why);
	uint8_t has = 0;
	unsigned role;

	for (role = 0; role < STORE_ROLES; role++)
		has |= (uint8_t)(fd[role] >= 0 ? 1u << role : 0);
	if (k == NULL)
		lose(s, fd, why);
	else
		k->stored = add(s, place, storerun_room(k->fds.n), has);
	/* Without a run it is taken back with the next store_sync(). */
	if (k == NULL)
		(void)add(s, place, 0, has);
	for (role = 0; role < STORE_ROLES; role++)
		if (fd[role] >= 0)
			(void)close(fd[role]);
	return k != NULL;
}

static void
foreign(struct store *s, const char *name, int fd)
{
	log_errorx("store", "descriptor \"%s\" is none of ours", name);
	(void)close(fd);
	if (name[0] != '\0')
		(void)say(s, "FDSTOREREMOVE=1", name, -1);
}

/* Puts each where it belongs; a second one of a name is none of ours. */
static void
sort(struct store *s, struct store_given *g, int (*by)[STORE_ROLES])
{
	unsigned i;
	int n, *at;

	for (i = 0; i < g->n; i++) {
		n = number_of(g->names[i]);
		at = n < 0 ? NULL : &by[n / STORE_ROLES][n % STORE_ROLES];
		if (at == NULL || *at >= 0)
			foreign(s, g->names[i], 3 + (int)i);
		else
			*at = 3 + (int)i;
		free(g->names[i]);
	}
	free(g->names);
	*g = (struct store_given){ .n = 0 };
}

unsigned
store_load(struct store *s, struct store_given *g, struct parked *p)
{
	int(*by)[STORE_ROLES];
	unsigned place, role, n = 0;
	bool any;

	if (g->n == 0)
		return 0;
	by = xcalloc(PLACES, sizeof(*by));
	memset(by, 0xff, PLACES * sizeof(*by));
	sort(s, g, by);
	for (place = 0; place < PLACES; place++) {
		any = false;
		for (role = 0; role < STORE_ROLES; role++)
			any |= by[place][role] >= 0;
		if (any)
			n += load_run(s, place, by[place], p);
	}
	free(by);
	log_info("store", "taken over runs=%u unreadable=%u", n, s->nlost);
	return n;
}
