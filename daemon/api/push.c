/* SPDX-License-Identifier: MIT */
/*
 * /api/push: which of a person's devices are told, and whether they were. A
 * subscription's address and keys come in here and never go out again.
 */
#include "daemon/core/push.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/pushurl.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "lib/js.h"

struct device_in {
	uint64_t set;
	const char *name, *endpoint, *p256dh, *auth;
};

#define FIELD(n, member, least, most, text)                               \
	{                                                                 \
		.name = n, .kind = JS_TEXT,                               \
		.offset = offsetof(struct device_in, member),             \
		.required = true, .min = least, .max = most, .help = text \
	}

static const struct js_field device_fields[] = {
	FIELD("name", name, 1, 100, "what its owner calls it"),
	FIELD("endpoint", endpoint, 1, PUSH_URL_MAX,
	    "as the browser has it from its push service; https, and a host "
	    "of push.hosts"),
	FIELD("p256dh", p256dh, 1, 100,
	    "getKey(\"p256dh\") of the subscription, in base64url"),
	FIELD("auth", auth, 1, 40, "getKey(\"auth\"), in base64url"),
	{ .name = NULL },
};

static void
push_key_get(struct api_call *c)
{
	struct js *o, *hosts;
	char key[PUSH_KEY];
	int err = push_public_key(c->app->pushes, key);

	if (err != 0) {
		api_fail(c, RDV_E_UNAVAILABLE,
		    "the file push-key in rdvd's directory cannot be used");
		return;
	}
	o = js_object();
	hosts = js_array();
	js_add_str(o, "key", key);
	for (char *const *h = c->app->conf->push_hosts; h != NULL && *h != NULL;
	     h++)
		js_push_str(hosts, *h);
	js_add(o, "hosts", hosts);
	api_reply(c, 200, o);
}

static bool
push_device_cb(const struct store_device *d, void *arg)
{
	js_push(arg, push_device_json(d));
	return true;
}

static bool
push_delivery_cb(const struct store_delivery *p, void *arg)
{
	js_push(arg, push_delivery_json(p));
	return true;
}

/* At most PUSH_DEVICES of them: one page. */
static void
push_list(struct api_call *c)
{
	struct js *items = js_array();
	int err = store_devices_of(c->app->db, c->actor->user_id,
	    push_device_cb, items);

	answer_page(c, err, items, NULL);
}

static void
push_get(struct api_call *c)
{
	struct store_device d;
	struct js *o, *list = js_array();
	int err = store_device_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], &d);

	if (err == 0)
		err = store_deliveries_of(c->app->db, d.id, PUSH_KEPT,
		    push_delivery_cb, list);
	if (err != 0) {
		js_free(list);
		answer_missing(c, err, "there is no such device");
		return;
	}
	o = push_device_json(&d);
	js_add(o, "deliveries", list);
	api_reply(c, 200, o);
}

static void
push_create(struct api_call *c)
{
	const struct device_in *in = c->in;
	const struct push_wish wish = { .user_id = c->actor->user_id,
		.token_id = c->actor->token_id,
		.name = in->name,
		.endpoint = in->endpoint,
		.p256dh = in->p256dh,
		.auth = in->auth };
	struct tx *tx = tx_begin(c->app->db);
	struct store_device row;
	const char *why = NULL;
	bool renewed = false;
	int err = push_device_new(c->app->pushes, tx, c->req->arena, &wish,
	    &row, &renewed, &why);

	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.event = "push.device.new",
		.subject = err == 0 ? row.id : NULL,
		.status = renewed ? 200 : 201,
		.body = err == 0 ? push_device_json(&row) : NULL });
}

static void
push_delete(struct api_call *c)
{
	struct tx *tx = tx_begin(c->app->db);
	int err = push_device_delete(tx, c->actor->user_id, c->params[0]);

	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why =
		    err == RDV_E_NOT_FOUND ? "there is no such device" : NULL,
		.event = "push.device.delete",
		.subject = c->params[0],
		.status = 204 });
}

static const char *
try_refusal(int err)
{
	return err == RDV_E_FULL
		   ? "there are pushes enough that wait for this device"
	       : err == RDV_E_NOT_FOUND ? "there is no such device"
	       : err == RDV_E_STATE
		   ? "the device is gone; let its browser ask anew"
		   : NULL;
}

static void
push_try(struct api_call *c)
{
	struct tx *tx = tx_begin(c->app->db);
	int err = push_test(c->app->pushes, tx, c->req->arena,
	    c->actor->user_id, c->params[0]);

	answer_settle(c, tx,
	    &(struct answer_end){
		.err = err, .why = try_refusal(err), .status = 202 });
}

const struct api_route api_routes_push[] = {
	{ HTTP_M_GET, "/api/push/key", SCOPE_READ, .handler = push_key_get,
	    .success = 200,
	    .doc = "What a browser subscribes with (applicationServerKey), and "
		   "the push services that may be told" },
	{ HTTP_M_GET, "/api/push/devices", SCOPE_READ, .handler = push_list,
	    .success = 200,
	    .doc = "Devices that are told when something waits for a decision, "
		   "and whether they were" },
	{ HTTP_M_POST, "/api/push/devices", SCOPE_WRITE, .body = device_fields,
	    .in_size = sizeof(struct device_in), .body_max = 8192,
	    .handler = push_create, .atomic = true, .success = 201,
	    .doc = "A device to be told, until the credential that says so "
		   "ends; the same endpoint again is the same device (200)" },
	{ HTTP_M_GET, "/api/push/devices/{id}", SCOPE_READ, .handler = push_get,
	    .success = 200, .doc = "One, and what became of its last pushes" },
	{ HTTP_M_DELETE, "/api/push/devices/{id}", SCOPE_WRITE,
	    .handler = push_delete, .success = 204,
	    .doc = "It is told nothing more" },
	{ HTTP_M_POST, "/api/push/devices/{id}/test", SCOPE_WRITE,
	    .handler = push_try, .atomic = true, .success = 202,
	    .doc = "A push that is about nothing is queued for it" },
	{ .pattern = NULL },
};
