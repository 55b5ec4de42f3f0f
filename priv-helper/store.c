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

/* Of a manager that does not take anything now, at least this long. */
#define PACE_MS 20
/* What systemd lets a name have. */
#define NAME_MAX_BYTES 255

/* So many have a number of three characters; the rest have a sign behind it. */
#define NUMBERED 8
#define MORE	 '+'

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
name_of(unsigned place, unsigned role, char out[STORE_NAME + 2])
{
	const unsigned n = place * NUMBERED + role % NUMBERED;

	out[0] = digits[n >> 12];
	out[1] = digits[(n >> 6) & 63];
	out[2] = digits[n & 63];
	out[3] = role < NUMBERED ? '\0' : MORE;
	out[4] = '\0';
}

/* False: it is no name of ours. */
static bool
read_name(const char *name, unsigned *place, unsigned *role)
{
	const char *at;
	unsigned n = 0, i;

	for (i = 0; i < STORE_NAME; i++) {
		at = name[i] != '\0' ? strchr(digits, name[i]) : NULL;
		if (at == NULL)
			return false;
		n = n * 64 + (unsigned)(at - digits);
	}
	*place = n / NUMBERED;
	*role = n % NUMBERED;
	if (name[STORE_NAME] == MORE) {
		*role += NUMBERED;
		i++;
	}
	return *role < STORE_ROLES && name[i] == '\0';
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
	const unsigned most = notify_fdstore();

	TAILQ_INIT(&s->list);
	s->max = max < most ? max : most;
	s->sock = -1;
	if (max > 0 && !connected(s)) {
		log_warnx("store",
		    "no service manager that keeps descriptors: a restart of "
		    "[main] ends what runs");
		s->max = 0;
	} else if (max > most) {
		log_warnx("store",
		    "the service manager keeps %u descriptors and not %u "
		    "(FileDescriptorStoreMax=)",
		    most, max);
	}
	return s;
}

bool
store_keeps(const struct store *s)
{
	return s != NULL && s->max > 0;
}

bool
store_abandons(const struct store *s)
{
	return s != NULL && s->max == 0 && !TAILQ_EMPTY(&s->list);
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
	while (s->nstrange > 0)
		free(s->strange[--s->nstrange]);
	free(s->strange);
	free(s->lost);
	free(s);
}

/* False: not now. It is said once that it cannot be. */
static bool
say(struct store *s, const char *what, const char *name, int fd)
{
	const struct seqpkt_fds fds = { .fd = { fd }, .n = 1 };
	char text[64 + NAME_MAX_BYTES];
	int n = snprintf(text, sizeof(text), "%s\nFDNAME=%.*s", what,
	    NAME_MAX_BYTES, name);
	int err;

	/* Nobody has anything. */
	if (notify_variable() == NULL)
		return true;
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
	char name[STORE_NAME + 2];
	int fd = storerun_fd(k, role);
	bool told;

	if (fd < 0)
		return false;
	name_of(e->place, role, name);
	told = say(s, "FDSTORE=1\nFDPOLL=0", name, fd);
	storerun_close(role, fd);
	if (!told)
		return false;
	e->has |= (uint16_t)(1u << role);
	if (role == STORERUN_END)
		e->end = (uint8_t)storerun_what(k);
	return true;
}

/* What the manager has in that role, when it is not to stay. False: not now. */
static bool
take_back(struct store *s, struct stored *e, unsigned role)
{
	const uint16_t bit = (uint16_t)(1u << role);
	char name[STORE_NAME + 2];

	if ((e->stale & bit) == 0)
		return true;
	name_of(e->place, role, name);
	if (!say(s, "FDSTOREREMOVE=1", name, -1))
		return false;
	e->stale &= (uint16_t)~bit;
	e->has &= (uint16_t)~bit;
	return true;
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
add(struct store *s, unsigned place, unsigned room, uint16_t has)
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
			s->next = (s->next + 1) % STORE_PLACES;
		while (is_taken(s, s->next));
		return add(s, s->next, room, 0);
	}
	if (!k->unkept && s->max > 0)
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
	uint16_t wanted = storerun_roles(k);
	struct stored *e = k->stored;
	unsigned role;

	if (e == NULL)
		e = k->stored = find_place(s, k);
	if (e == NULL)
		return true;
	e->live = true;
	/* Memory that is sealed cannot be written to once more. */
	if (e->end != storerun_what(k))
		e->stale |= e->has & (1u << STORERUN_END);
	for (role = 0; role < STORE_ROLES; role++) {
		if (!take_back(s, e, role))
			return false;
		if ((wanted & ~e->has & (1u << role)) != 0 && !put(s, k, role))
			return false;
	}
	return true;
}

/* False: not now. */
static bool
forget(struct store *s, struct stored *e)
{
	unsigned role;

	e->stale = e->has;
	for (role = 0; role < STORE_ROLES; role++)
		if (!take_back(s, e, role))
			return false;
	s->used -= e->room;
	TAILQ_REMOVE(&s->list, e, entry);
	free(e);
	return true;
}

/* False: not now. */
static bool
forget_strange(struct store *s)
{
	while (s->nstrange > 0) {
		if (!say(s, "FDSTOREREMOVE=1", s->strange[s->nstrange - 1], -1))
			return false;
		free(s->strange[--s->nstrange]);
	}
	return true;
}

void
store_sync(struct store *s, const struct parked *p)
{
	struct parked_run *k;
	struct stored *e, *next;
	bool all = forget_strange(s);

	TAILQ_FOREACH (e, &s->list, entry)
		e->live = false;
	TAILQ_FOREACH (k, &p->list, entry)
		if (k->fds.n == 0 || s->max == 0)
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

/*
 * Until it takes more, which can be at once, or for a moment: without a socket,
 * or with one that nobody reads any more, poll(2) says nothing that helps.
 */
static void
await_room(const struct store *s, int ms)
{
	struct pollfd w = { .fd = s->sock, .events = POLLOUT };

	if (ms > PACE_MS)
		ms = PACE_MS;
	if (w.fd < 0 || (poll(&w, 1, ms) > 0 && w.revents != POLLOUT))
		(void)poll(NULL, 0, ms);
}

void
store_flush(struct store *s, const struct parked *p, int ms)
{
	const int64_t until = clock_mono_ms() + ms;
	int64_t left;

	store_sync(s, p);
	while (s->behind && (left = until - clock_mono_ms()) > 0) {
		await_room(s, (int)left);
		store_sync(s, p);
	}
	if (s->behind)
		log_errorx("store",
		    "the service manager has not taken all: what it has not "
		    "got ends with [main]");
}

struct stored *
store_carried(struct store *s, unsigned place, unsigned nfds, uint16_t has)
{
	if (place >= STORE_PLACES || is_taken(s, place))
		return NULL;
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
	/* What is not open is none of them, and will be one of ours. */
	for (i = 0; i < g->n && i < STORE_MAX; i++)
		if (fcntl(3 + (int)i, F_GETFD) < 0)
			break;
	g->n = i;
	g->names = xcalloc(g->n + 1, sizeof(*g->names));
	rest = all = xstrdup(names);
	for (i = 0; i < g->n; i++) {
		name = strsep(&rest, ":");
		g->names[i] = xstrdup(name != NULL ? name : "");
	}
	free(all);
}

/* What was found at one place; -1: not there. */
struct found {
	int fd[STORE_ROLES];
	uint16_t twice; /* a bit for each role that has more than one */
};

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

static struct parked_run *
read_run(struct store *s, unsigned place, const struct found *f,
    struct parked *p)
{
	const char *why = "nothing is kept over a restart";
	struct parked_run *k = NULL;

	if (s->max > 0)
		k = storerun_read(f->fd, place, p, &why);
	if (k == NULL)
		lose(s, f->fd, why);
	return k;
}

/* All of one place. Without a run it is taken back, and has no room. */
static bool
load_run(struct store *s, unsigned place, const struct found *f,
    struct parked *p)
{
	struct parked_run *k = read_run(s, place, f, p);
	struct stored *e =
	    add(s, place, k != NULL ? storerun_room(k->fds.n) : 0, 0);
	unsigned role;

	e->stale = f->twice;
	for (role = 0; role < STORE_ROLES; role++) {
		if (f->fd[role] < 0)
			continue;
		e->has |= (uint16_t)(1u << role);
		(void)close(f->fd[role]);
	}
	if (k == NULL)
		return false;
	e->end = (uint8_t)storerun_what(k);
	k->stored = e;
	return true;
}

static void
foreign(struct store *s, const char *name, int fd)
{
	log_errorx("store", "descriptor \"%s\" is none of ours", name);
	(void)close(fd);
	if (name[0] == '\0')
		return;
	s->strange =
	    xreallocarray(s->strange, s->nstrange + 1, sizeof(*s->strange));
	s->strange[s->nstrange++] = xstrdup(name);
}

/*
 * Puts one where it belongs. Of two of one name the first counts: nobody can
 * have the other taken back alone, so later it is put there anew.
 */
static void
sort_one(struct store *s, const char *name, int fd, struct found *by)
{
	unsigned place = 0, role = 0;
	struct found *f = read_name(name, &place, &role) ? &by[place] : NULL;

	if (f == NULL) {
		foreign(s, name, fd);
	} else if (f->fd[role] >= 0) {
		log_errorx("store", "there are two descriptors \"%s\"", name);
		(void)close(fd);
		f->twice |= (uint16_t)(1u << role);
	} else {
		f->fd[role] = fd;
	}
}

static void
sort(struct store *s, struct store_given *g, struct found *by)
{
	unsigned i;

	for (i = 0; i < g->n; i++) {
		sort_one(s, g->names[i], 3 + (int)i, by);
		free(g->names[i]);
	}
	free(g->names);
	*g = (struct store_given){ .n = 0 };
}

static bool
is_empty(const struct found *f)
{
	unsigned role;

	for (role = 0; role < STORE_ROLES; role++)
		if (f->fd[role] >= 0)
			return false;
	return true;
}

unsigned
store_load(struct store *s, struct store_given *g, struct parked *p)
{
	struct found *by;
	unsigned place, n = 0;

	if (g->n == 0)
		return 0;
	by = xcalloc(STORE_PLACES, sizeof(*by));
	for (place = 0; place < STORE_PLACES; place++)
		memset(by[place].fd, 0xff, sizeof(by[place].fd));
	sort(s, g, by);
	for (place = 0; place < STORE_PLACES; place++)
		if (!is_empty(&by[place]))
			n += load_run(s, place, &by[place], p);
	free(by);
	log_info("store", "taken over runs=%u unreadable=%u", n, s->nlost);
	return n;
}
