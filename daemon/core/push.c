/* SPDX-License-Identifier: MIT */
/*
 * Who is to be told, and the key that it is signed with. Invariant: a push is a
 * row in the transaction of what it tells of, so nothing is said to be told
 * that is not queued (abuse K10); and an endpoint that is kept was judged.
 */
#include "daemon/core/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/pushstate.h"
#include "daemon/core/pushurl.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/approvals.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define APPLE	 ".push.apple.com"
#define KEY_FILE "push-key"
#define KEY_TEXT 43
#define TEST_MS	 600000 /* a test is of use for so long */

_Static_assert(PUSH_KEY == (PUSH_POINT * 8 + 5) / 6 + 1, "a point as text");

struct pushes *
pushes_new(struct app *app)
{
	struct pushes *ps = xcalloc(1, sizeof(*ps));

	ps->app = app;
	TAILQ_INIT(&ps->live);
	ps->timer = loop_timer_new(app->loop, push_due_cb, ps);
	return ps;
}

void
pushes_free(struct pushes *ps)
{
	if (ps == NULL)
		return;
	loop_timer_free(ps->timer);
	secret_free(ps, sizeof(*ps));
}

static int
key_read(struct push_key *k, int dir)
{
	char *text;
	size_t len;
	int err = path_read_private(dir, KEY_FILE, 64, &text, &len);

	if (err != 0)
		return err;
	text[strcspn(text, "\n")] = '\0';
	if (!str_unbase64url(k->secret, PUSH_SECRET, text) || !push_key_open(k))
		err = RDV_E_MALFORMED;
	secret_free(text, len);
	return err;
}

static int
key_make(struct push_key *k, int dir)
{
	char text[KEY_TEXT + 2];
	int err;

	if (!push_key_new(k))
		return -EIO;
	str_base64url(text, k->secret, PUSH_SECRET);
	text[KEY_TEXT] = '\n';
	err = path_write_private(dir, KEY_FILE, text, KEY_TEXT + 1);
	secret_wipe(text, sizeof(text));
	return err;
}

/*
 * What is there and is none is not written over: browsers have subscribed for
 * it, and somebody may want it back.
 */
int
push_key(struct pushes *ps)
{
	char *path;
	int dir, err;

	if (ps->has_key)
		return 0;
	path = xasprintf("%s/server", ps->app->conf->base);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : key_read(&ps->key, dir);
	if (err == -ENOENT && dir >= 0)
		err = key_make(&ps->key, dir);
	if (dir >= 0)
		(void)close(dir);
	free(path);
	ps->has_key = err == 0;
	return err;
}

int
push_public_key(struct pushes *ps, char out[PUSH_KEY])
{
	int err = push_key(ps);

	if (err == 0)
		str_base64url(out, ps->key.point, PUSH_POINT);
	return err;
}

void
push_event(struct tx *tx, const struct store_device *d)
{
	struct js *o = js_object();

	js_add_str(o, "id", d->id);
	js_add_str(o, "state", d->state);
	js_add_str(o, "failure", d->failure);
	event_emit(tx, EV_PUSH_DEVICE, d->user_id, d->id, o);
}

bool
push_lacks_contact(const struct pushes *ps, const struct push_url *u)
{
	const char *at = strstr(u->host, APPLE);

	return ps->app->conf->push_contact[0] == '\0' && at != NULL &&
	       strcmp(at, APPLE) == 0;
}

static bool
name_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* NULL: it may be kept. */
static const char *
wish_wrong(const struct pushes *ps, const struct push_wish *w)
{
	struct push_reader r;
	struct push_url url;

	if (!name_ok(w->name))
		return "name: must be printable";
	if (!push_url_parse(w->endpoint, &url))
		return "endpoint: must be https://HOST/PATH, without user and "
		       "fragment";
	if (!push_url_listed(ps->app->conf->push_hosts, &url))
		return "endpoint: its host is none of push.hosts in the "
		       "settings of rdvd";
	if (push_lacks_contact(ps, &url))
		return "endpoint: Apple's service wants to know whom to write "
		       "to; set push.contact in the settings of rdvd";
	if (!str_unbase64url(r.point, PUSH_POINT, w->p256dh) ||
	    !push_point_ok(r.point))
		return "p256dh: is no point of P-256 in base64url";
	if (!str_unbase64url(r.auth, PUSH_AUTH, w->auth))
		return "auth: is not 16 bytes in base64url";
	return NULL;
}

/*
 * Whoever makes one can be told to sign out, and then it ends, too; so it is
 * for who has a credential of his own.
 */
static int
judge(struct pushes *ps, const struct push_wish *w, bool fresh,
    const char **why)
{
	int64_t n = 0;
	bool good = false;
	int err = store_device_token(ps->app->db, w->user_id, w->token_id,
	    clock_wall_ms(), &good);

	*why = "it ends with a sign-in or token of the user's own, and this "
	       "is neither";
	if (err == 0 && !good)
		return RDV_E_DENIED;
	if (err == 0)
		err = store_devices_count(ps->app->db, w->user_id, &n);
	*why = "there are too many devices; remove one";
	return err == 0 && fresh && n >= PUSH_DEVICES ? RDV_E_FULL : err;
}

static int
put(struct pushes *ps, struct tx *tx, struct arena *a,
    const struct push_wish *w, struct store_device *row, bool fresh)
{
	char *id = arena_alloc(a, UUID_TEXT);
	struct store_device d = { .user_id = w->user_id,
		.token_id = w->token_id,
		.name = w->name,
		.endpoint = w->endpoint,
		.p256dh = w->p256dh,
		.auth = w->auth,
		.created_at = clock_wall_ms() };
	int err;

	uuid_v7(id);
	d.id = id;
	err = fresh ? store_device_insert(tx, &d) : store_device_renew(tx, &d);
	if (err == 0)
		err = store_device_at(ps->app->db, a, w->user_id, w->endpoint,
		    row);
	if (err == 0)
		push_event(tx, row);
	return err;
}

int
push_device_new(struct pushes *ps, struct tx *tx, struct arena *a,
    const struct push_wish *w, struct store_device *row, bool *renewed,
    const char **why)
{
	int err;

	*why = wish_wrong(ps, w);
	if (*why != NULL)
		return RDV_E_INVALID;
	err = store_device_at(ps->app->db, a, w->user_id, w->endpoint, row);
	if (err != 0 && err != RDV_E_NOT_FOUND)
		return err;
	*renewed = err == 0;
	err = judge(ps, w, !*renewed, why);
	return err != 0 ? err : put(ps, tx, a, w, row, !*renewed);
}

int
push_device_delete(struct tx *tx, const char *user_id, const char *id)
{
	const struct store_device gone = {
		.id = id, .user_id = user_id, .state = "removed"
	};
	int err = store_device_delete(tx, user_id, id);

	if (err == 0)
		push_event(tx, &gone);
	return err;
}

/* One more for that device, in a while. */
static int
add(struct tx *tx, const struct store_device *d, const char *approval_id,
    int64_t in_ms, int64_t expires_at)
{
	const int64_t now = clock_wall_ms();
	char id[UUID_TEXT];
	const struct store_delivery p = { .id = id,
		.device_id = d->id,
		.user_id = d->user_id,
		.approval_id = approval_id,
		.state = "queued",
		.status = -1,
		.next_at = now + in_ms,
		.expires_at = expires_at,
		.created_at = now };
	int err;

	uuid_v7(id);
	err = store_delivery_insert(tx, &p);
	return err != 0 ? err : store_deliveries_trim(tx, d->id, PUSH_KEPT);
}

int
push_test(struct pushes *ps, struct tx *tx, struct arena *a,
    const char *user_id, const char *id)
{
	struct store_device d;
	int err = store_device_get(ps->app->db, a, user_id, id, &d);

	if (err == 0 && strcmp(d.state, "active") != 0)
		err = RDV_E_STATE;
	if (err == 0 && d.waiting >= PUSH_WAITING)
		err = RDV_E_FULL;
	if (err == 0)
		err = add(tx, &d, NULL, 0, clock_wall_ms() + TEST_MS);
	if (err == 0)
		push_arm(ps, 0);
	return err;
}

struct found {
	struct arena *arena;
	struct store_device devices[PUSH_DEVICES];
	size_t n;
};

/* After the walk, because what follows writes to the table that was read. */
static bool
push_found_cb(const struct store_device *d, void *arg)
{
	struct found *f = arg;

	if (strcmp(d->state, "active") == 0 && f->n < PUSH_DEVICES)
		f->devices[f->n++] = (struct store_device){
			.id = arena_strdup(f->arena, d->id),
			.user_id = arena_strdup(f->arena, d->user_id),
		};
	return true;
}

int
push_queue(struct pushes *ps, struct tx *tx, const struct store_approval *row)
{
	struct found f = { .n = 0 };
	int err;

	if (ps == NULL)
		return 0;
	f.arena = arena_new();
	err = store_devices_of(ps->app->db, row->user_id, push_found_cb, &f);
	for (size_t i = 0; i < f.n && err == 0; i++)
		err = add(tx, &f.devices[i], row->id,
		    ps->app->conf->push_delay_ms, row->deadline_at);
	if (err == 0 && f.n > 0)
		push_arm(ps, ps->app->conf->push_delay_ms);
	arena_free(f.arena);
	return err;
}

struct js *
push_device_json(const struct store_device *d)
{
	struct js *o = js_object();
	struct push_url url;

	js_add_str(o, "id", d->id);
	js_add_str(o, "name", d->name);
	/* The path is what lets anybody send to it. */
	js_add_str(o, "host",
	    push_url_parse(d->endpoint, &url) ? url.host : NULL);
	js_add_str(o, "state", d->state);
	js_add_int(o, "waiting", d->waiting);
	js_add_ms(o, "last_attempt_at", d->last_attempt_at);
	js_add_ms(o, "last_success_at", d->last_success_at);
	js_add_str(o, "failure", d->failure);
	js_add_ms(o, "created_at", d->created_at);
	return o;
}

struct js *
push_delivery_json(const struct store_delivery *p)
{
	struct js *o = js_object();

	js_add_str(o, "id", p->id);
	js_add_str(o, "approval_id", p->approval_id);
	js_add_str(o, "state", p->state);
	js_add_int(o, "attempts", p->attempts);
	if (p->status >= 0)
		js_add_int(o, "status", p->status);
	else
		js_add_str(o, "status", NULL);
	js_add_str(o, "cause", p->cause);
	js_add_ms(o, "next_at",
	    strcmp(p->state, "queued") == 0 ? p->next_at : -1);
	js_add_ms(o, "created_at", p->created_at);
	return o;
}
