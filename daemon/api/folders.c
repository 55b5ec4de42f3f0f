/* SPDX-License-Identifier: MIT */
/*
 * /api/folders: the shapes of contract 2.3. The rules are core/folder's.
 */
#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/folder.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

struct folder_in {
	uint64_t set;
	const char *name, *path, *parent_id, *color, *icon;
	bool collapsed;
	int64_t sort_order;
};

struct reorder_in {
	uint64_t set;
	const char **folder_ids;
};

/*
 * Both spellings of a name are taken because both are in use: the older server
 * spoke snake_case, its page camelCase (contract 2.3).
 */
#define OFF(f) offsetof(struct folder_in, f)
#define TEXT(n, camel, field, req, null, bound, text)                    \
	{                                                                \
		.name = n, .alias = camel, .kind = JS_TEXT,              \
		.offset = OFF(field), .required = req, .nullable = null, \
		.min = 1, .max = bound, .help = text                     \
	}
#define TEXTS(need_name)                                                      \
	TEXT("name", NULL, name, need_name, false, 100, "shown in the tree"), \
	    TEXT("path", NULL, path, false, true, 4095,                       \
		"directory new sessions start in"),                           \
	    TEXT("parent_id", "parentId", parent_id, false, true, 36,         \
		"folder it lies in; null: at the top"),                       \
	    TEXT("color", NULL, color, false, true, 32, "for the page"),      \
	    TEXT("icon", NULL, icon, false, true, 64, "for the page")

static const struct js_field create_fields[] = {
	TEXTS(true),
	{ .name = NULL },
};

static const struct js_field update_fields[] = {
	TEXTS(false),
	{ .name = "collapsed",
	    .kind = JS_BOOL,
	    .offset = OFF(collapsed),
	    .help = "drawn closed" },
	{ .name = "sort_order",
	    .alias = "sortOrder",
	    .kind = JS_INT,
	    .offset = OFF(sort_order),
	    .min = 0,
	    .max = 1000000,
	    .help = "place among its neighbours" },
	{ .name = NULL },
};

static const struct js_field reorder_fields[] = {
	{ .name = "folder_ids",
	    .alias = "folderIds",
	    .kind = JS_TEXTS,
	    .offset = offsetof(struct reorder_in, folder_ids),
	    .required = true,
	    .max = FOLDERS_MAX,
	    .help = "ids in their new order" },
	{ .name = NULL },
};

/* Bits are the places in update_fields, of which create_fields is a prefix. */
static struct folder_spec
spec_of(const struct folder_in *in)
{
	return (struct folder_spec){
		.has_name = JS_SET(in, 0),
		.has_path = JS_SET(in, 1),
		.has_parent = JS_SET(in, 2),
		.has_color = JS_SET(in, 3),
		.has_icon = JS_SET(in, 4),
		.has_collapsed = JS_SET(in, 5),
		.has_order = JS_SET(in, 6),
		.name = in->name,
		.path = in->path,
		.parent_id = in->parent_id,
		.color = in->color,
		.icon = in->icon,
		.collapsed = in->collapsed,
		.sort_order = in->sort_order,
	};
}

/*
 * The folder the path names; false when that was answered with a 404. Read in
 * the same turn as the change that follows, with no other writer in between:
 * there is one thread and one connection.
 */
static bool
folder_get(struct api_call *c, struct store_folder *f)
{
	int err = store_folder_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], f);

	if (err != 0)
		answer_missing(c, err, "there is no such folder");
	return err == 0;
}

static bool
folders_push_cb(const struct store_folder *f, void *arg)
{
	js_push(arg, folder_json(f));
	return true;
}

static void
folders_list(struct api_call *c)
{
	struct js *list = js_array();
	int err = store_folders_list(c->app->db, c->actor->user_id,
	    folders_push_cb, list);

	if (err == 0) {
		api_reply(c, 200, list);
		return;
	}
	js_free(list);
	api_fail(c, err, NULL);
}

static void
folders_create(struct api_call *c)
{
	struct folder_spec spec = spec_of(c->in);
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	struct store_folder f;
	int err;

	err = folder_create(tx, c->req->arena, c->actor->user_id, &spec, &f,
	    &why);
	/* What is answered is what was written, not a second reading. */
	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.status = 201,
		.body = err == 0 ? folder_json(&f) : NULL });
}

static void
folders_get(struct api_call *c)
{
	struct store_folder f;

	if (folder_get(c, &f))
		api_reply(c, 200, folder_json(&f));
}

static void
folders_update(struct api_call *c)
{
	struct folder_spec spec = spec_of(c->in);
	const char *why = NULL;
	struct store_folder f;
	struct tx *tx;
	int err;

	if (!folder_get(c, &f))
		return;
	tx = tx_begin(c->app->db);
	err = folder_update(tx, c->req->arena, &f, &spec, &why);
	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.status = 200,
		.body = err == 0 ? folder_json(&f) : NULL });
}

static void
folders_delete(struct api_call *c)
{
	struct store_folder f;
	struct tx *tx;

	if (!folder_get(c, &f))
		return;
	tx = tx_begin(c->app->db);
	answer_settle(c, tx,
	    &(struct answer_end){
		.err = folder_delete(tx, &f), .status = 204 });
}

static int
children(struct api_call *c, const struct store_folder *f, struct js **out)
{
	struct js *list = js_array();
	int err = store_folder_children(c->app->db, c->actor->user_id, f->id,
	    folders_push_cb, list);

	if (err == 0)
		*out = list;
	else
		js_free(list);
	return err;
}

static void
folders_children(struct api_call *c)
{
	struct store_folder f;
	struct js *list = NULL;
	int err;

	if (!folder_get(c, &f))
		return;
	err = children(c, &f, &list);
	if (err == 0)
		api_reply(c, 200, list);
	else
		api_fail(c, err, NULL);
}

static void
folders_reorder(struct api_call *c)
{
	const struct reorder_in *in = c->in;
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	struct js *v;
	int err;

	err = folder_reorder(tx, c->actor->user_id,
	    (const char *const *)in->folder_ids, &why);
	/*
	 * The path is right and the body is wrong: 400 with the id (contract
	 * 2.3).
	 */
	if (err == RDV_E_NOT_FOUND) {
		err = RDV_E_INVALID;
		why = arena_printf(c->req->arena, "no such folder: %s", why);
	}
	v = js_object();
	js_add_bool(v, "success", true);
	answer_settle(c, tx,
	    &(struct answer_end){
		.err = err, .why = why, .status = 200, .body = v });
}

/*
 * From the folder's parent up to the top. The count ends a ring, which no
 * change of ours makes but a file that was edited by hand could hold.
 */
static int
ancestors(struct api_call *c, const struct store_folder *f, struct js *list)
{
	struct store_folder up = *f;

	for (unsigned n = 0; up.parent_id != NULL && n < FOLDERS_MAX; n++) {
		int err = store_folder_get(c->app->db, c->req->arena,
		    c->actor->user_id, up.parent_id, &up);

		if (err != 0)
			return err;
		js_push(list, folder_json(&up));
	}
	return 0;
}

/*
 * What an agent that starts in a folder wants to know at once. Preferences,
 * environment and knowledge have their places in the shape and nothing in them
 * until they exist.
 */
static void
folders_context(struct api_call *c)
{
	struct js *o, *up, *down = NULL, *sessions = NULL;
	struct store_folder f;
	int err;

	if (!folder_get(c, &f))
		return;
	up = js_array();
	err = ancestors(c, &f, up);
	if (err == 0)
		err = children(c, &f, &down);
	if (err == 0)
		err = session_list_json(c->app, c->actor->user_id, f.id,
		    &sessions);
	if (err != 0) {
		js_free(up);
		js_free(down);
		api_fail(c, err, NULL);
		return;
	}
	o = js_object();
	js_add(o, "folder", folder_json(&f));
	js_add(o, "ancestors", up);
	js_add(o, "children", down);
	js_add(o, "sessions", sessions);
	js_add_str(o, "orchestrator", NULL);
	js_add(o, "preferences", js_object());
	js_add(o, "environment", js_object());
	js_add_str(o, "knowledge", NULL);
	api_reply(c, 200, o);
}

#define IN .in_size = sizeof(struct folder_in)

const struct api_route api_routes_folders[] = {
	{ HTTP_M_GET, "/api/folders", SCOPE_READ, .handler = folders_list,
	    .success = 200, .doc = "All folders, by sort_order" },
	{ HTTP_M_POST, "/api/folders", SCOPE_WRITE, .body = create_fields, IN,
	    .handler = folders_create, .atomic = true, .success = 201,
	    .doc = "A new folder" },
	{ HTTP_M_POST, "/api/folders/reorder", SCOPE_WRITE,
	    .body = reorder_fields, .in_size = sizeof(struct reorder_in),
	    .handler = folders_reorder, .atomic = true, .success = 200,
	    .doc = "Gives folders a new order, all or none" },
	{ HTTP_M_GET, "/api/folders/{id}", SCOPE_READ, .handler = folders_get,
	    .success = 200, .doc = "One folder" },
	{ HTTP_M_PATCH, "/api/folders/{id}", SCOPE_WRITE, .body = update_fields,
	    IN, .handler = folders_update, .success = 200,
	    .doc = "Changes a folder; null clears a field" },
	{ HTTP_M_DELETE, "/api/folders/{id}", SCOPE_WRITE,
	    .handler = folders_delete, .success = 204,
	    .doc = "Removes a folder; what is in it moves up" },
	{ HTTP_M_GET, "/api/folders/{id}/children", SCOPE_READ,
	    .handler = folders_children, .success = 200,
	    .doc = "Folders directly inside" },
	{ HTTP_M_GET, "/api/folders/{id}/context", SCOPE_READ,
	    .handler = folders_context, .success = 200,
	    .doc = "A folder with its ancestors, children and sessions" },
	{ .pattern = NULL },
};
