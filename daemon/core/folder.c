/* SPDX-License-Identifier: MIT */
/*
 * The tree of folders. It is kept a tree here and nowhere else: every change
 * of a parent walks up from it and must not meet the folder itself.
 */
#include "daemon/core/folder.h"

#include <string.h>

#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/secret.h"

/* `sentence` is a constant, or lives as long as the request. */
static int
refuse(int err, const char **why, const char *sentence)
{
	*why = sentence;
	return err;
}

/* No control bytes: names end up in terminals and logs. */
static bool
printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}
	return true;
}

static int
check(const struct folder_spec *spec, const char **why)
{
	if (spec->has_name && (spec->name == NULL || *spec->name == '\0' ||
				  !printable(spec->name)))
		return refuse(RDV_E_INVALID, why,
		    "name: must be printable and not empty");
	if (spec->path != NULL && !path_absolute_ok(spec->path))
		return refuse(RDV_E_INVALID, why,
		    "path: must be absolute, without . and ..");
	if (spec->color != NULL && !printable(spec->color))
		return refuse(RDV_E_INVALID, why, "color: must be printable");
	if (spec->icon != NULL && !printable(spec->icon))
		return refuse(RDV_E_INVALID, why, "icon: must be printable");
	return 0;
}

/* `id` NULL: the folder is new and cannot be met on the way up. */
static int
check_parent(struct db *db, struct arena *a, const char *user_id,
    const char *id, const char *parent_id, const char **why)
{
	const char *at = parent_id;

	for (unsigned n = 0; at != NULL; n++) {
		struct store_folder f;
		int err;

		if ((id != NULL && strcmp(at, id) == 0) || n > FOLDERS_MAX)
			return refuse(RDV_E_INVALID, why,
			    "parent_id: a folder cannot lie inside itself");
		err = store_folder_get(db, a, user_id, at, &f);
		if (err == RDV_E_NOT_FOUND)
			return refuse(RDV_E_INVALID, why,
			    "parent_id: there is no such folder");
		if (err != 0)
			return err;
		at = f.parent_id;
	}
	return 0;
}

/* What is not mentioned stays as it is. */
static void
take(struct store_folder *f, const struct folder_spec *spec)
{
	if (spec->has_name)
		f->name = spec->name;
	if (spec->has_path)
		f->path = spec->path;
	if (spec->has_parent)
		f->parent_id = spec->parent_id;
	if (spec->has_color)
		f->color = spec->color;
	if (spec->has_icon)
		f->icon = spec->icon;
	if (spec->has_collapsed)
		f->collapsed = spec->collapsed;
	if (spec->has_order)
		f->sort_order = spec->sort_order;
}

static void
emit(struct tx *tx, enum event_kind kind, const struct store_folder *f)
{
	event_emit(tx, kind, f->user_id, f->id, folder_json(f));
}

/*
 * New folders go to the end. The end is found among all of the user's, not
 * among its neighbours: a place once given is good in any folder (contract
 * 2.3).
 */
int
folder_create(struct tx *tx, struct arena *a, const char *user_id,
    const struct folder_spec *spec, struct store_folder *out, const char **why)
{
	struct store_folder f = { .user_id = user_id };
	char id[UUID_TEXT];
	int64_t count = 0;
	int err;

	err = check(spec, why);
	if (err == 0)
		err = check_parent(tx_db(tx), a, user_id, NULL, spec->parent_id,
		    why);
	if (err == 0)
		err = store_folders_count(tx_db(tx), user_id, &f.sort_order,
		    &count);
	if (err != 0)
		return err;
	if (count >= FOLDERS_MAX)
		return refuse(RDV_E_FULL, why, "there are too many folders");
	take(&f, spec);
	uuid_v7(id);
	f.id = arena_strdup(a, id);
	f.created_at = f.updated_at = clock_wall_ms();
	err = store_folder_insert(tx, &f);
	if (err != 0)
		return err;
	emit(tx, EV_FOLDER_CREATED, &f);
	*out = f;
	return 0;
}

int
folder_update(struct tx *tx, struct arena *a, struct store_folder *f,
    const struct folder_spec *spec, const char **why)
{
	int err;

	err = check(spec, why);
	/* Only a change of the parent can close a ring. */
	if (err == 0 && spec->has_parent)
		err = check_parent(tx_db(tx), a, f->user_id, f->id,
		    spec->parent_id, why);
	if (err != 0)
		return err;
	take(f, spec);
	f->updated_at = clock_wall_ms();
	err = store_folder_update(tx, f);
	if (err == 0)
		emit(tx, EV_FOLDER_UPDATED, f);
	return err;
}

/* What moves up, told to subscribers one by one. */
struct lift {
	struct tx *tx;
	const struct store_folder *from;
	int64_t now;
};

static bool
folder_child_cb(const struct store_folder *child, void *arg)
{
	struct lift *l = arg;
	struct store_folder moved = *child;

	moved.parent_id = l->from->parent_id;
	moved.updated_at = l->now;
	emit(l->tx, EV_FOLDER_UPDATED, &moved);
	return true;
}

static bool
folder_session_cb(const char *session_id, void *arg)
{
	struct lift *l = arg;
	struct js *body = js_object();

	js_add_str(body, "id", session_id);
	js_add_str(body, "folder_id", l->from->parent_id);
	event_emit(l->tx, EV_SESSION_UPDATED, l->from->user_id, session_id,
	    body);
	return true;
}

int
folder_delete(struct tx *tx, const struct store_folder *f)
{
	struct lift l = { tx, f, clock_wall_ms() };
	struct js *body = js_object();
	int err;

	/* Read before the rows change, so that each is found once. */
	err = store_folder_children(tx_db(tx), f->user_id, f->id,
	    folder_child_cb, &l);
	if (err == 0)
		err = store_folder_sessions(tx_db(tx), f->id, folder_session_cb,
		    &l);
	if (err == 0)
		err = store_folder_lift(tx, f->id, f->parent_id, l.now);
	if (err == 0)
		err = store_folder_delete(tx, f->id);
	js_add_str(body, "id", f->id);
	if (err == 0)
		event_emit(tx, EV_FOLDER_DELETED, f->user_id, f->id, body);
	else
		js_free(body);
	return err;
}

/* All or none: the caller aborts `tx` at the first id that is not there. */
int
folder_reorder(struct tx *tx, const char *user_id, const char *const *ids,
    const char **why)
{
	int64_t now = clock_wall_ms();

	for (size_t i = 0; ids[i] != NULL; i++) {
		struct js *body;
		int err;

		err = store_folder_order(tx, user_id, ids[i], (int64_t)i, now);
		if (err != 0)
			return refuse(err, why, ids[i]);
		body = js_object();
		js_add_str(body, "id", ids[i]);
		js_add_int(body, "sort_order", (int64_t)i);
		event_emit(tx, EV_FOLDER_UPDATED, user_id, ids[i], body);
	}
	return 0;
}

struct js *
folder_json(const struct store_folder *f)
{
	struct js *o = js_object();

	js_add_str(o, "id", f->id);
	js_add_str(o, "name", f->name);
	js_add_str(o, "path", f->path);
	js_add_str(o, "parent_id", f->parent_id);
	js_add_str(o, "color", f->color);
	js_add_str(o, "icon", f->icon);
	js_add_bool(o, "collapsed", f->collapsed);
	js_add_int(o, "sort_order", f->sort_order);
	js_add_str(o, "user_id", f->user_id);
	js_add_ms(o, "created_at", f->created_at);
	js_add_ms(o, "updated_at", f->updated_at);
	return o;
}
