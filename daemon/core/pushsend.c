/* SPDX-License-Identifier: MIT */
/*
 * From a row to a device. Invariant: the row says "sending" before a byte
 * leaves; what an rdvd was at when it ended may have arrived, so it is sent
 * once more, under the same topic, and after a second such end not again. What
 * was decided meanwhile is not sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/clonestate.h"
#include "daemon/core/git.h"
#include "daemon/core/grant.h"
#include "daemon/core/owner.h"
#include "daemon/core/pushstate.h"
#include "daemon/core/pushurl.h"
#include "daemon/core/worktreestate.h"
#include "daemon/loop.h"
#include "daemon/store/approvals.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define LIVE_MAX    64 /* at once */
#define USER_MAX    2  /* of those; whoever's hang hold up nobody else's */
#define LOOK_MS	    60000
#define LEAST_MS    100 /* so that a store that fails is not asked without end */
#define FAILED_MS   1000
#define ABSENT_MS   10000 /* until its account may be there again */
#define PAUSE_MAX   (3600 * 1000LL)
#define TTL_MAX	    86400
#define SAID_MAX    1024
#define REQUEST_MAX 8192

struct push_send {
	TAILQ_ENTRY(push_send) link;
	struct pushes *ps;
	struct arena *arena;
	struct store_delivery row; /* in the arena */
	struct store_device device;
	const char *kind;
	bool unclear; /* whether it is still to be sent */
	bool gone;    /* the device, as was found with this one */
	uid_t uid;
};

static unsigned
live_of(const struct pushes *ps, const char *user_id)
{
	const struct push_send *s;
	unsigned n = 0;

	TAILQ_FOREACH (s, &ps->live, link)
		n += strcmp(s->row.user_id, user_id) == 0;
	return n;
}

/* Ids of what is live, and of accounts whose turn it is not: USER_MAX are. */
static void
put_skipped(const struct pushes *ps, struct buf *b)
{
	const struct push_send *s;

	buf_init(b, (size_t)LIVE_MAX * 2 * UUID_TEXT + 1);
	TAILQ_FOREACH (s, &ps->live, link) {
		buf_printf(b, "%s ", s->row.id);
		if (live_of(ps, s->row.user_id) >= USER_MAX)
			buf_printf(b, "%s ", s->row.user_id);
	}
}

/* As of store_deliveries_next(), without what could not be started. */
static int
next_due(const struct pushes *ps, int64_t *at)
{
	struct buf skip;
	int err;

	put_skipped(ps, &skip);
	err = store_deliveries_next(ps->app->db, buf_cstr(&skip), at);
	buf_done(&skip);
	return err;
}

void
push_arm(struct pushes *ps, int64_t ms)
{
	int64_t at;

	if (!ps->settled)
		return;
	if (ms < 0) {
		ms = LOOK_MS;
		if (next_due(ps, &at) != 0)
			ms = FAILED_MS;
		else if (at < 0)
			return;
		else if (at - clock_wall_ms() < ms)
			ms = at - clock_wall_ms();
		if (ms < LEAST_MS)
			ms = LEAST_MS;
	}
	/* Or whoever asks for approvals without end puts off all others. */
	at = clock_mono_ms() + ms;
	if (loop_timer_pending(ps->timer) && ps->look_at <= at)
		return;
	ps->look_at = at;
	loop_timer_set(ps->timer, ms);
}

static void
send_free(struct push_send *s)
{
	struct pushes *ps = s->ps;

	TAILQ_REMOVE(&ps->live, s, link);
	ps->nlive--;
	arena_free(s->arena);
	free(s);
}

/* Whatever becomes of that: there may be room for the next one. */
static void
push_noted_cb(int err, void *arg)
{
	struct push_send *s = arg;
	struct pushes *ps = s->ps;

	send_free(s);
	push_arm(ps, err != 0 ? FAILED_MS : -1);
}

/* What is said of it is durable before `done`, or is not said. */
static void
finish(struct push_send *s, struct tx *tx, int err, tx_done_fn *done)
{
	if (err == 0) {
		tx_commit(tx, done, s);
		return;
	}
	tx_abort(tx);
	/* Its device has been removed, and it is given up with it. */
	if (err != RDV_E_NOT_FOUND)
		log_warnx("push", "not recorded id=%s: %s", s->row.id,
		    err < 0 ? strerror(-err) : err_name(err));
	push_noted_cb(err == RDV_E_NOT_FOUND ? 0 : err, s);
}

/* Who has renewed his device meanwhile is told nothing of the old one. */
static int
note_device(struct push_send *s, struct tx *tx)
{
	int err = store_device_note(tx, &s->device, s->gone);

	if (err == RDV_E_NOT_FOUND)
		return 0;
	if (err == 0)
		push_event(tx, &s->device);
	return err;
}

/* The end of an attempt, or of all of them. */
static void
note(struct push_send *s, tx_done_fn *done)
{
	struct tx *tx = tx_begin(s->ps->app->db);
	int err = store_delivery_change(tx, &s->row);

	if (err == 0)
		err = note_device(s, tx);
	finish(s, tx, err, done);
}

static void
end(struct push_send *s, const char *state, const char *cause)
{
	s->row.state = state;
	s->row.cause = cause;
	note(s, push_noted_cb);
}

/* It is tried again, later and later, for as long as it matters. */
static void
again(struct push_send *s, const char *cause, int64_t after_s)
{
	int64_t pause = s->ps->app->conf->push_retry_seconds * 1000;

	for (int64_t i = 1; i < s->row.attempts && pause < PAUSE_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	if (pause < after_s * 1000)
		pause = after_s * 1000;
	s->device.failure = cause;
	s->row.next_at = clock_wall_ms() + pause;
	end(s, s->row.next_at < s->row.expires_at ? "queued" : "failed", cause);
}

static void
set_gone(struct push_send *s)
{
	s->gone = true;
	s->device.state = "gone"; /* for the event */
}

static void
answered(struct push_send *s, int64_t status, int64_t after_s)
{
	const bool gone = status == 404 || status == 410;
	const char *cause = arena_printf(s->arena, "the service says %lld%s",
	    (long long)status, gone ? ": it knows the device no more" : "");

	s->row.status = status;
	if (status < 300) {
		s->device.last_success_at = clock_wall_ms();
		s->device.failure = NULL;
		end(s, "delivered", NULL);
	} else if (status == 429 || status >= 500) {
		again(s, cause, after_s);
	} else {
		s->device.failure = cause;
		if (gone)
			set_gone(s);
		end(s, "failed", cause);
	}
}

/* "STATUS SECONDS\n" or "- WHY\n"; a stranger may have had part in both. */
static void
hear(struct push_send *s, const struct git_result *r)
{
	long long status, after;
	char why[256];

	if (r->status == 0 &&
	    sscanf(r->out, "%3lld %5lld\n", &status, &after) == 2 &&
	    status >= 200 && status < 600 && after >= 0) {
		answered(s, status, after);
		return;
	}
	(void)str_escape(why, sizeof(why), r->out, strcspn(r->out, "\n"));
	if (r->status != 0 || strncmp(why, "- ", 2) != 0)
		(void)snprintf(why, sizeof(why), "  rdv-push ended with %d",
		    r->status);
	again(s, arena_strdup(s->arena, why + 2), 0);
}

/* Nothing of it has left: it waits as before, for the next rdvd perhaps. */
static void
put_back(struct push_send *s)
{
	struct tx *tx = tx_begin(s->ps->app->db);
	int err;

	s->row.state = "queued";
	s->row.attempts--;
	err = store_delivery_change(tx, &s->row);
	/* At the end of rdvd nobody is there to hear of it. */
	if (err == 0)
		tx_commit(tx, NULL, NULL);
	else
		tx_abort(tx);
}

static void
push_sent_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	struct push_send *s = arg;

	if (err == 0) {
		hear(s, r);
	} else if (err == RDV_E_UNAVAILABLE) {
		/* Else nobody knows whether it went out: as after a crash. */
		if (r == NULL)
			put_back(s);
		push_arm(s->ps, FAILED_MS);
		send_free(s);
	} else {
		again(s, arena_strdup(s->arena, why != NULL ? why : "failed"),
		    0);
	}
}

static bool
is_open_to_all(const char *path)
{
	return path_is_under("/etc", path) || path_is_under("/usr", path);
}

/* Its list of hosts is the one that it is for. */
static void
carry(struct push_send *s, const struct push_url *url, const struct buf *b)
{
	const struct conf *conf = s->ps->app->conf;
	const char *ca = conf->push_ca_file;
	char ms[24];
	const char *const argv[] = { url->host, url->port, ms, ca, NULL };
	const char *const hosts[] = { url->at, NULL };
	const char *const paths[] = { is_open_to_all(ca) ? NULL : ca, NULL };
	const struct git_call call = { .uid = s->uid,
		.dir = "/",
		.argv = argv,
		.paths = paths,
		.hosts = hosts,
		.max = SAID_MAX,
		.in = (const char *)b->data,
		.inlen = b->len,
		.as = GIT_AS_PUSH,
		.optional = true };

	(void)snprintf(ms, sizeof(ms), "%lld",
	    (long long)conf->push_timeout_ms);
	git_run(s->ps->app->worktrees->git, &call, push_sent_cb, s);
}

static void
push_begun_cb(int err, void *arg)
{
	struct push_send *s = arg;
	const int64_t now = clock_wall_ms();
	int64_t ttl = (s->row.expires_at - now) / 1000;
	const struct push_letter l = { .endpoint = s->device.endpoint,
		.p256dh = s->device.p256dh,
		.auth = s->device.auth,
		.kind = s->kind,
		.approval_id = s->row.approval_id,
		.contact = s->ps->app->conf->push_contact,
		.ttl_s = ttl > TTL_MAX ? TTL_MAX
			 : ttl > 0     ? ttl
				       : 0,
		.now_ms = now };
	struct push_url url;
	struct buf b;

	if (err != 0) {
		push_noted_cb(err, s);
		return;
	}
	buf_init(&b, REQUEST_MAX);
	if (push_key(s->ps) == 0 && push_write(&s->ps->key, &l, &b) &&
	    push_url_parse(s->device.endpoint, &url))
		carry(s, &url, &b);
	else
		again(s, "rdvd could not make it", 0);
	buf_done(&b);
}

static void
begin(struct push_send *s)
{
	s->row.state = "sending";
	s->row.attempts++;
	s->device.last_attempt_at = clock_wall_ms();
	note(s, push_begun_cb);
}

/* NULL: its time has not come to an end. */
static const char *
over(struct push_send *s)
{
	struct db *db = s->ps->app->db;
	struct store_approval p;
	struct push_url url;
	bool good = false;
	int err;

	s->kind = "test";
	if (strcmp(s->device.state, "active") != 0)
		return "the device is gone";
	err = store_device_token(db, s->device.user_id, s->device.token_id,
	    clock_wall_ms(), &good);
	s->unclear = err != 0;
	if (err != 0)
		return NULL;
	if (!good) {
		set_gone(s);
		s->device.failure = "the sign-in or token it was made with has "
				    "ended";
		return s->device.failure;
	}
	if (!push_url_parse(s->device.endpoint, &url) ||
	    !push_url_listed(s->ps->app->conf->push_hosts, &url))
		return s->device.failure = "push.hosts has its host no more";
	if (push_lacks_contact(s->ps, &url))
		return s->device.failure = "push.contact is not set";
	if (s->row.expires_at <= clock_wall_ms())
		return "its time is over";
	if (s->row.approval_id == NULL)
		return NULL;
	err = store_approval_get(db, s->arena, s->row.user_id,
	    s->row.approval_id, &p);
	s->unclear = err < 0;
	if (err > 0 || (err == 0 && strcmp(p.state, "pending") != 0))
		return "nobody waits for it any more";
	s->kind = p.kind;
	return NULL;
}

/*
 * Nothing of it has begun, and its device says why; so would all others of that
 * account. Who knows already is not told.
 */
static void
postpone(struct push_send *s, const char *cause)
{
	const bool known =
	    s->device.failure != NULL && strcmp(s->device.failure, cause) == 0;
	struct tx *tx = tx_begin(s->ps->app->db);
	int err = store_deliveries_postpone(tx, s->row.user_id, cause,
	    clock_wall_ms() + ABSENT_MS);

	s->device.failure = cause;
	if (err == 0 && !known)
		err = note_device(s, tx);
	finish(s, tx, err, push_noted_cb);
}

/* Whether it is to be sent as things are now; else it has been seen to. */
static bool
still_wanted(struct push_send *s)
{
	const char *why;
	int err = store_device_get(s->ps->app->db, s->arena, s->row.user_id,
	    s->row.device_id, &s->device);

	if (err != 0) {
		/* Its rows have gone with the device. */
		push_noted_cb(err == RDV_E_NOT_FOUND ? 0 : err, s);
		return false;
	}
	why = over(s);
	if (why == NULL && !s->unclear)
		return true;
	if (why != NULL)
		end(s, "dropped", why);
	else
		postpone(s, "the database cannot be read");
	return false;
}

/*
 * Asked for first: without leave nothing leaves, and so nothing is unsure. It
 * may have taken long, and somebody decided or signed out meanwhile.
 */
static void
push_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct push_send *s = arg;

	(void)g;
	if (!still_wanted(s))
		return;
	if (err != 0)
		postpone(s, arena_strdup(s->arena, why));
	else
		begin(s);
}

static void
start(struct pushes *ps, const struct store_delivery *row)
{
	struct push_send *s = xcalloc(1, sizeof(*s));
	struct worktree_who who;

	s->ps = ps;
	s->arena = arena_new();
	s->row = store_delivery_copy(s->arena, row);
	TAILQ_INSERT_TAIL(&ps->live, s, link);
	ps->nlive++;
	if (!still_wanted(s))
		return;
	if (owner_find(ps->app->db, row->user_id, &who) != 0) {
		postpone(s, "the database cannot be read");
		return;
	}
	s->uid = who.uid;
	grant_get(ps->app->grants, s->uid, push_grant_cb, s);
}

struct due {
	struct pushes *ps;
	struct arena *arena;
	struct store_delivery rows[LIVE_MAX];
	size_t n, most;
};

/* After the walk, because what follows writes to the table that was read. */
static bool
push_row_cb(const struct store_delivery *p, void *arg)
{
	struct due *d = arg;

	d->rows[d->n++] = store_delivery_copy(d->arena, p);
	return d->n < d->most;
}

/* Some of what is in that state; the rest when these are no more. */
static size_t
find(struct due *d, const char *state, size_t most)
{
	struct buf skip;
	int err;

	d->n = 0;
	d->most = most;
	put_skipped(d->ps, &skip);
	err = store_deliveries_due(d->ps->app->db, state,
	    strcmp(state, "sending") == 0 ? INT64_MAX : clock_wall_ms(),
	    buf_cstr(&skip), push_row_cb, d);
	buf_done(&skip);
	if (err != 0)
		log_warnx("push", "cannot be read: %s", strerror(-err));
	return d->n;
}

/* What was being sent by somebody who is no more. */
static bool
settle_one(struct pushes *ps, struct store_delivery *row)
{
	struct tx *tx = tx_begin(ps->app->db);
	int err;

	row->state = row->torn > 0 ? "failed" : "queued";
	row->cause = "rdv ended while it was being sent; it may have arrived";
	row->torn++;
	row->next_at = clock_wall_ms();
	err = store_delivery_change(tx, row);
	if (err == 0)
		tx_commit(tx, NULL, NULL);
	else
		tx_abort(tx);
	return err == 0;
}

static void
settle(struct due *d)
{
	bool going = true;

	while (going && find(d, "sending", LIVE_MAX) > 0)
		for (size_t i = 0; i < d->n && going; i++)
			going = settle_one(d->ps, &d->rows[i]);
}

/*
 * One by one: each may be the last that its account has room for. False when
 * one could not be begun: the next might be that one again.
 */
static bool
start_all(struct due *d)
{
	unsigned before = d->ps->nlive;

	while (before < LIVE_MAX && find(d, "queued", 1) > 0) {
		start(d->ps, &d->rows[0]);
		if (d->ps->nlive == before)
			return false;
		before = d->ps->nlive;
	}
	return true;
}

void
push_due_cb(void *arg)
{
	struct pushes *ps = arg;
	struct due d;

	/* What would be begun now is for the next rdvd. */
	if (ps->app->draining)
		return;
	d = (struct due){ .ps = ps, .arena = arena_new() };
	settle(&d);
	if (!start_all(&d))
		push_arm(ps, FAILED_MS);
	else if (ps->nlive < LIVE_MAX) /* else whoever ends looks again */
		push_arm(ps, -1);
	arena_free(d.arena);
}

void
pushes_settle(struct pushes *ps)
{
	if (ps == NULL)
		return;
	ps->settled = true;
	push_due_cb(ps);
}
