/* SPDX-License-Identifier: MIT */
/*
 * Devices that people are told on, and each push to one. What has left for a
 * device says so in its row before it does, so no crash makes it unsaid.
 */
#include "daemon/store/pushes.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define DEVICE                                                              \
	"id, user_id, token_id, name, endpoint, p256dh, auth, state, "      \
	"last_attempt_at, last_success_at, failure, created_at, (SELECT "   \
	"count(*) FROM push_delivery WHERE device_id = push_device.id AND " \
	"push_delivery.state IN ('queued', 'sending'))"
#define DELIVERY                                                       \
	"id, device_id, user_id, approval_id, state, attempts, torn, " \
	"status, cause, next_at, expires_at, created_at"

static const char sql_insert[] =
    "INSERT INTO push_device (id, user_id, token_id, name, endpoint, p256dh, "
    "auth, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?)";
static const char sql_renew[] =
    "UPDATE push_device SET token_id = ?, name = ?, p256dh = ?, auth = ?, "
    "state = 'active', failure = NULL WHERE user_id = ? AND endpoint = ?";
static const char sql_delete[] =
    "DELETE FROM push_device WHERE id = ? AND user_id = ?";
static const char sql_note[] =
    "UPDATE push_device SET last_attempt_at = nullif(max(coalesce("
    "last_attempt_at, -1), ?), -1), last_success_at = nullif(max(coalesce("
    "last_success_at, -1), ?), -1), failure = ?, state = CASE WHEN ? THEN "
    "'gone' ELSE state END WHERE id = ? AND token_id = ? AND p256dh = ? AND "
    "auth = ?";
static const char sql_get[] =
    "SELECT " DEVICE " FROM push_device WHERE id = ? AND user_id = ?";
static const char sql_at[] =
    "SELECT " DEVICE " FROM push_device WHERE endpoint = ? AND user_id = ?";
static const char sql_of[] =
    "SELECT " DEVICE " FROM push_device WHERE user_id = ? ORDER BY id";
static const char sql_count[] =
    "SELECT count(*) FROM push_device WHERE user_id = ?";
static const char sql_token[] =
    "SELECT count(*) FROM token WHERE id = ? AND user_id = ? AND "
    "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)";
static const char sql_delivery[] = "INSERT INTO push_delivery (" DELIVERY
				   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
				   "?, ?)";
static const char sql_change[] =
    "UPDATE push_delivery SET state = ?, attempts = ?, torn = ?, status = ?, "
    "cause = ?, next_at = ? WHERE id = ?";
static const char sql_trim[] =
    "DELETE FROM push_delivery WHERE device_id = ? AND state IN ('delivered', "
    "'failed', 'dropped') AND id <= (SELECT id FROM push_delivery WHERE "
    "device_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)";
static const char sql_due[] =
    "SELECT " DELIVERY " FROM push_delivery WHERE state = ? AND next_at <= ? "
    "AND instr(?, id) = 0 AND instr(?, user_id) = 0 ORDER BY next_at "
    "LIMIT 1000";
static const char sql_next[] =
    "SELECT next_at FROM push_delivery WHERE state = 'queued' AND "
    "instr(?, id) = 0 AND instr(?, user_id) = 0 ORDER BY next_at LIMIT 1";
static const char sql_postpone[] =
    "UPDATE push_delivery SET next_at = ?, cause = ? WHERE state = 'queued' "
    "AND next_at < ? AND user_id = ?";
static const char sql_deliveries[] =
    "SELECT " DELIVERY " FROM push_delivery WHERE device_id = ? "
    "ORDER BY id DESC LIMIT ?";

struct devices {
	store_device_fn *cb;
	void *arg;
};

struct deliveries {
	store_delivery_fn *cb;
	void *arg;
};

struct device_copy {
	struct arena *arena;
	struct store_device *out;
	bool found;
};

static struct store_device
device_row(struct row *row)
{
	return (struct store_device){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.token_id = row_str(row, 2),
		.name = row_str(row, 3),
		.endpoint = row_str(row, 4),
		.p256dh = row_str(row, 5),
		.auth = row_str(row, 6),
		.state = row_str(row, 7),
		.last_attempt_at = row_int_or(row, 8, -1),
		.last_success_at = row_int_or(row, 9, -1),
		.failure = row_str(row, 10),
		.created_at = row_int(row, 11),
		.waiting = row_int(row, 12),
	};
}

static bool
pushes_device_cb(struct row *row, void *arg)
{
	const struct devices *e = arg;
	struct store_device d = device_row(row);

	return e->cb(&d, e->arg);
}

static bool
pushes_copy_cb(struct row *row, void *arg)
{
	struct device_copy *c = arg;
	struct store_device d = device_row(row);

	d.id = arena_text(c->arena, d.id);
	d.user_id = arena_text(c->arena, d.user_id);
	d.token_id = arena_text(c->arena, d.token_id);
	d.name = arena_text(c->arena, d.name);
	d.endpoint = arena_text(c->arena, d.endpoint);
	d.p256dh = arena_text(c->arena, d.p256dh);
	d.auth = arena_text(c->arena, d.auth);
	d.state = arena_text(c->arena, d.state);
	d.failure = arena_text(c->arena, d.failure);
	*c->out = d;
	c->found = true;
	return false;
}

static bool
pushes_int_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int_or(row, 0, -1);
	return false;
}

static bool
pushes_delivery_cb(struct row *row, void *arg)
{
	const struct deliveries *e = arg;
	const struct store_delivery p = {
		.id = row_str(row, 0),
		.device_id = row_str(row, 1),
		.user_id = row_str(row, 2),
		.approval_id = row_str(row, 3),
		.state = row_str(row, 4),
		.attempts = row_int(row, 5),
		.torn = row_int(row, 6),
		.status = row_int_or(row, 7, -1),
		.cause = row_str(row, 8),
		.next_at = row_int(row, 9),
		.expires_at = row_int(row, 10),
		.created_at = row_int(row, 11),
	};

	return e->cb(&p, e->arg);
}

struct store_delivery
store_delivery_copy(struct arena *a, const struct store_delivery *p)
{
	struct store_delivery out = *p;

	out.id = arena_text(a, p->id);
	out.device_id = arena_text(a, p->device_id);
	out.user_id = arena_text(a, p->user_id);
	out.approval_id = arena_text(a, p->approval_id);
	out.state = arena_text(a, p->state);
	out.cause = arena_text(a, p->cause);
	return out;
}

int
store_device_insert(struct tx *tx, const struct store_device *d)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssi", d->id, d->user_id,
	    d->token_id, d->name, d->endpoint, d->p256dh, d->auth,
	    d->created_at));
}

int
store_device_renew(struct tx *tx, const struct store_device *d)
{
	return tx_wrote(tx_exec(tx, sql_renew, "ssssss", d->token_id, d->name,
	    d->p256dh, d->auth, d->user_id, d->endpoint));
}

int
store_device_delete(struct tx *tx, const char *user_id, const char *id)
{
	return tx_wrote_one(tx_exec(tx, sql_delete, "ss", id, user_id),
	    RDV_E_NOT_FOUND);
}

int
store_device_note(struct tx *tx, const struct store_device *d, bool gone)
{
	return tx_wrote_one(tx_exec(tx, sql_note, "iisissss",
				d->last_attempt_at, d->last_success_at,
				d->failure, (int64_t)gone, d->id, d->token_id,
				d->p256dh, d->auth),
	    RDV_E_NOT_FOUND);
}

static int
get(struct db *db, const char *sql, struct arena *a, const char *key,
    const char *user_id, struct store_device *out)
{
	struct device_copy c = { a, out, false };
	int err = db_query(db, sql, pushes_copy_cb, &c, "ss", key, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_device_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_device *out)
{
	return get(db, sql_get, a, id, user_id, out);
}

int
store_device_at(struct db *db, struct arena *a, const char *user_id,
    const char *endpoint, struct store_device *out)
{
	return get(db, sql_at, a, endpoint, user_id, out);
}

int
store_devices_of(struct db *db, const char *user_id, store_device_fn *cb,
    void *arg)
{
	struct devices e = { cb, arg };

	return db_query(db, sql_of, pushes_device_cb, &e, "s", user_id);
}

int
store_devices_count(struct db *db, const char *user_id, int64_t *count)
{
	*count = 0;
	return db_query(db, sql_count, pushes_int_cb, count, "s", user_id);
}

int
store_device_token(struct db *db, const char *user_id, const char *token_id,
    int64_t now, bool *good)
{
	int64_t n = 0;
	int err = db_query(db, sql_token, pushes_int_cb, &n, "ssi", token_id,
	    user_id, now);

	*good = n > 0;
	return err;
}

int
store_delivery_insert(struct tx *tx, const struct store_delivery *p)
{
	return tx_wrote(tx_exec(tx, sql_delivery, "sssssiinsiii", p->id,
	    p->device_id, p->user_id, p->approval_id, p->state, p->attempts,
	    p->torn, p->status, p->cause, p->next_at, p->expires_at,
	    p->created_at));
}

int
store_delivery_change(struct tx *tx, const struct store_delivery *p)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "siinsis", p->state,
				p->attempts, p->torn, p->status, p->cause,
				p->next_at, p->id),
	    RDV_E_NOT_FOUND);
}

int
store_deliveries_trim(struct tx *tx, const char *device_id, int64_t most)
{
	return tx_wrote(tx_exec(tx, sql_trim, "ssi", device_id, device_id,
	    most));
}

int
store_deliveries_due(struct db *db, const char *state, int64_t now,
    const char *skip, store_delivery_fn *cb, void *arg)
{
	struct deliveries e = { cb, arg };

	return db_query(db, sql_due, pushes_delivery_cb, &e, "siss", state, now,
	    skip, skip);
}

int
store_deliveries_next(struct db *db, const char *skip, int64_t *at)
{
	*at = -1;
	return db_query(db, sql_next, pushes_int_cb, at, "ss", skip, skip);
}

int
store_deliveries_postpone(struct tx *tx, const char *user_id, const char *cause,
    int64_t until)
{
	return tx_wrote(tx_exec(tx, sql_postpone, "isis", until, cause, until,
	    user_id));
}

int
store_deliveries_of(struct db *db, const char *device_id, int64_t limit,
    store_delivery_fn *cb, void *arg)
{
	struct deliveries e = { cb, arg };

	return db_query(db, sql_deliveries, pushes_delivery_cb, &e, "si",
	    device_id, limit);
}
