/* SPDX-License-Identifier: MIT */
/*
 * Ports of dev servers: watched while these run, kept in rows with an event for
 * each change. Invariant: a row is there because the kernel said so of a socket
 * that a process of that very run held; one goes when it was looked for and not
 * found, or the run is over, and never because nobody could look.
 */
#include "daemon/core/devport.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/devserver.h"
#include "daemon/core/run.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/scripts.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define LEAST_MS 250
#define MOST_MS	 4000

struct place {
	char address[INET6_ADDRSTRLEN];
	int64_t port, since;
};

struct watch {
	TAILQ_ENTRY(watch) link;
	struct devports *s;
	char run_id[UUID_TEXT], user_id[UUID_TEXT], workspace_id[UUID_TEXT];
	struct loop_timer *timer;
	int64_t pause;
	uint64_t written; /* of its log, at the last look */
	bool storing;
	bool over; /* the run is; it goes when nothing is being stored */
	struct place now[PRIV_PORTS_MAX], next[PRIV_PORTS_MAX];
	size_t n, nnext;
};

struct devports {
	struct app *app;
	TAILQ_HEAD(, watch) all;
};

static void devport_look_cb(void *);

struct devports *
devports_new(struct app *app)
{
	struct devports *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->all);
	return s;
}

static void
watch_free(struct watch *w)
{
	TAILQ_REMOVE(&w->s->all, w, link);
	loop_timer_free(w->timer);
	free(w);
}

void
devports_free(struct devports *s)
{
	struct watch *w;

	if (s == NULL)
		return;
	while ((w = TAILQ_FIRST(&s->all)) != NULL)
		watch_free(w);
	free(s);
}

static struct watch *
watch_of(struct devports *s, const char *run_id)
{
	struct watch *w;

	TAILQ_FOREACH (w, &s->all, link)
		if (strcmp(w->run_id, run_id) == 0)
			return w;
	return NULL;
}

/* Its rows go with it; a daemon that dies here leaves them to the next. */
static void
devport_ended_cb(int err, void *arg)
{
	struct watch *w = arg;
	struct tx *tx;

	if (err == 0 && w->n > 0) {
		tx = tx_begin(w->s->app->db);
		(void)store_ports_clear(tx, w->run_id);
		tx_commit(tx, NULL, NULL);
	}
	w->over = true;
	if (!w->storing)
		watch_free(w);
}

/* Its own row names the workspace; without one it is no dev server. */
static bool
fill(struct watch *w, const char *run_id)
{
	struct arena *a = arena_new();
	struct store_script row;
	const int err = store_script_get(w->s->app->db, a, run_id, &row);

	if (err == 0) {
		(void)str_copy(w->run_id, run_id, sizeof(w->run_id));
		(void)str_copy(w->user_id, row.user_id, sizeof(w->user_id));
		(void)str_copy(w->workspace_id, row.workspace_id,
		    sizeof(w->workspace_id));
	}
	arena_free(a);
	return err == 0;
}

static bool
devport_row_cb(const struct store_port *p, void *arg)
{
	struct watch *w = arg;
	struct place *at = &w->now[w->n];

	(void)str_copy(at->address, p->address, sizeof(at->address));
	at->port = p->port;
	at->since = p->since;
	return ++w->n < PRIV_PORTS_MAX;
}

void
devport_watch(struct devports *s, const char *run_id)
{
	struct run *run = run_find(s->app->runs, run_id);
	struct watch *w;

	if (run == NULL || watch_of(s, run_id) != NULL)
		return;
	w = xcalloc(1, sizeof(*w));
	w->s = s;
	TAILQ_INSERT_TAIL(&s->all, w, link);
	w->timer = loop_timer_new(s->app->loop, devport_look_cb, w);
	if (!fill(w, run_id)) {
		watch_free(w);
		return;
	}
	(void)store_ports_of(s->app->db, run_id, devport_row_cb, w);
	run_on_end(run, devport_ended_cb, w);
	w->pause = LEAST_MS;
	loop_timer_set(w->timer, LEAST_MS);
}

/* More output, or somebody asks: what is printed may be about a new port. */
static void
devport_look_cb(void *arg)
{
	struct watch *w = arg;
	struct run *run = run_find(w->s->app->runs, w->run_id);
	const struct term *t = run != NULL ? run_term(run) : NULL;
	const uint64_t written = t != NULL ? term_bytes(t) : 0;

	if (run == NULL || w->over)
		return;
	if (written != w->written)
		w->pause = LEAST_MS;
	w->written = written;
	(void)run_ask_ports(run);
	loop_timer_set(w->timer, w->pause);
	w->pause = w->pause < MOST_MS / 2 ? 2 * w->pause : MOST_MS;
}

void
devport_wanted(struct devports *s, const char *run_id)
{
	struct watch *w = watch_of(s, run_id);

	if (w == NULL || w->pause <= LEAST_MS)
		return;
	w->pause = LEAST_MS;
	loop_timer_set(w->timer, LEAST_MS);
}

static const struct place *
place_in(const struct place *list, size_t n, const struct place *p)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].port == p->port &&
		    strcmp(list[i].address, p->address) == 0)
			return &list[i];
	return NULL;
}

/* Text for people and for a URL, of version 4 where it is that. */
static void
read_place(const uint8_t at[PRIV_PORT_LEN], int64_t now, struct place *out)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	const bool four = memcmp(at, v4, sizeof(v4)) == 0;

	if (inet_ntop(four ? AF_INET : AF_INET6, four ? at + 12 : at,
		out->address, sizeof(out->address)) == NULL)
		out->address[0] = '\0';
	out->port = at[16] << 8 | at[17];
	out->since = now;
}

/* What is there now; with what could not be looked for, if so. */
static void
take(struct watch *w, const struct priv_ports *ev)
{
	const int64_t now = clock_wall_ms();
	const struct place *old;
	struct place p;

	w->nnext = 0;
	for (size_t i = 0; i < ev->n; i++) {
		read_place(ev->at[i], now, &p);
		if (p.port == 0 || p.address[0] == '\0' ||
		    place_in(w->next, w->nnext, &p) != NULL)
			continue;
		old = place_in(w->now, w->n, &p);
		w->next[w->nnext++] = old != NULL ? *old : p;
	}
	for (size_t i = 0; ev->unsure && i < w->n; i++)
		if (w->nnext < PRIV_PORTS_MAX &&
		    place_in(w->next, w->nnext, &w->now[i]) == NULL)
			w->next[w->nnext++] = w->now[i];
}

static bool
is_same(const struct watch *w)
{
	for (size_t i = 0; i < w->nnext; i++)
		if (place_in(w->now, w->n, &w->next[i]) == NULL)
			return false;
	return w->n == w->nnext;
}

static void
put_place(struct js *list, const char *address, int64_t port, int64_t since)
{
	struct js *o = js_object();

	js_add_str(o, "address", address);
	js_add_int(o, "port", port);
	js_add_ms(o, "since", since);
	js_push(list, o);
}

static void
write_places(struct tx *tx, const struct watch *w)
{
	struct js *o = js_object(), *list = js_array();
	const struct place *p;

	for (p = w->now; p < w->now + w->n; p++)
		if (place_in(w->next, w->nnext, p) == NULL)
			(void)store_port_delete(tx, w->run_id,
			    &(struct store_port){ p->address, p->port, 0 });
	for (p = w->next; p < w->next + w->nnext; p++) {
		if (place_in(w->now, w->n, p) == NULL)
			(void)store_port_insert(tx, w->run_id,
			    &(struct store_port){
				p->address, p->port, p->since });
		put_place(list, p->address, p->port, p->since);
	}
	js_add_str(o, "id", w->run_id);
	js_add_str(o, "workspace_id", w->workspace_id);
	js_add(o, "ports", list);
	event_emit(tx, EV_RUN_PORTS, w->user_id, w->run_id, o);
}

static void
devport_stored_cb(int err, void *arg)
{
	struct watch *w = arg;

	w->storing = false;
	/* Else it is seen again, and stored then. */
	if (err == 0) {
		memcpy(w->now, w->next, sizeof(w->now));
		w->n = w->nnext;
	}
	if (w->over)
		devport_ended_cb(0, w);
}

void
devports_told(struct devports *s, const struct priv_ports *ev)
{
	const char *id = run_id_of(s->app->runs, ev->handle);
	struct watch *w = id != NULL ? watch_of(s, id) : NULL;
	struct tx *tx;

	if (w == NULL || w->over || w->storing)
		return;
	take(w, ev);
	if (is_same(w))
		return;
	w->storing = true;
	w->pause = LEAST_MS;
	tx = tx_begin(s->app->db);
	write_places(tx, w);
	tx_commit(tx, devport_stored_cb, w);
}

static bool
devport_live_cb(const struct store_script *row, const struct store_run *r,
    void *arg)
{
	(void)row;
	if (strcmp(r->reason, DEVSERVER) == 0)
		devport_watch(arg, r->id);
	return true;
}

void
devports_settle(struct devports *s)
{
	struct tx *tx;

	if (s == NULL)
		return;
	tx = tx_begin(s->app->db);
	(void)store_ports_sweep(tx);
	tx_commit(tx, NULL, NULL);
	(void)store_scripts_in_flight(s->app->db, devport_live_cb, s);
}

static bool
devport_json_cb(const struct store_port *p, void *arg)
{
	put_place(arg, p->address, p->port, p->since);
	return true;
}

struct js *
devport_json(struct app *app, const char *run_id)
{
	struct js *list = js_array();

	/* Rows of one that has just ended are about to go. */
	if (run_find(app->runs, run_id) != NULL)
		(void)store_ports_of(app->db, run_id, devport_json_cb, list);
	return list;
}
