/* SPDX-License-Identifier: MIT */
/*
 * /api/folders: a tree that stays one, and taking a folder away, which takes
 * nothing else away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

static void
make(struct fx *fx, const char *name, const char *parent, char id[UUID_TEXT])
{
	struct answer a;
	char body[200];

	(void)snprintf(body, sizeof(body),
	    parent != NULL ? "{\"name\":\"%s\",\"parent_id\":\"%s\"}"
			   : "{\"name\":\"%s\"}",
	    name, parent);
	rig_do(fx, &a, "POST", "/api/folders", body, 201);
	assert_true(str_copy(id, js_str(a.json, "id", ""), UUID_TEXT));
	answer_done(&a);
}

static const char *
path_of(const char *id, const char *rest)
{
	static char path[120];

	(void)snprintf(path, sizeof(path), "/api/folders/%s%s", id, rest);
	return path;
}

static void
patch(struct fx *fx, const char *id, const char *body, int status)
{
	struct answer a;

	rig_do(fx, &a, "PATCH", path_of(id, ""), body, status);
	answer_done(&a);
}

/* A text of one folder, or "null". */
static void
field_is(struct fx *fx, const char *id, const char *key, const char *want)
{
	struct answer a;

	rig_do(fx, &a, "GET", path_of(id, ""), NULL, 200);
	assert_string_equal(js_str(a.json, key, "null"), want);
	answer_done(&a);
}

static void
test_made_and_changed(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	char id[UUID_TEXT];

	make(fx, "one", NULL, id);
	patch(fx, id, "{\"color\":\"#123456\",\"path\":\"/srv\"}", 200);
	field_is(fx, id, "color", "#123456");
	field_is(fx, id, "path", "/srv");
	field_is(fx, id, "name", "one");
	patch(fx, id, "{\"color\":null}", 200);
	field_is(fx, id, "color", "null");
	field_is(fx, id, "path", "/srv");
	patch(fx, id, "{\"name\":null}", 422);
	patch(fx, id, "{\"name\":\"a\\u0007b\"}", 422);
	patch(fx, id, "{\"path\":\"srv\"}", 422);
	patch(fx, id, "{\"path\":\"/a/../b\"}", 422);
	field_is(fx, id, "name", "one");
	rig_do(fx, &a, "GET", "/api/folders", NULL, 200);
	assert_int_equal(js_len(a.json), 1);
	assert_true(js_int(js_at(a.json, 0), "created_at", 0) > 0);
	answer_done(&a);
}

static void
test_stays_a_tree(void **state)
{
	char one[UUID_TEXT], two[UUID_TEXT], three[UUID_TEXT], body[100];
	struct fx *fx = *state;

	make(fx, "1", NULL, one);
	make(fx, "2", one, two);
	make(fx, "3", two, three);
	(void)snprintf(body, sizeof(body), "{\"parent_id\":\"%s\"}", one);
	patch(fx, one, body, 422);
	(void)snprintf(body, sizeof(body), "{\"parent_id\":\"%s\"}", three);
	patch(fx, one, body, 422);
	field_is(fx, one, "parent_id", "null");
	patch(fx, one,
	    "{\"parent_id\":\"01890000-0000-7000-8000-000000000000\"}", 422);
	/* The control: a move that is one. */
	(void)snprintf(body, sizeof(body), "{\"parent_id\":\"%s\"}", one);
	patch(fx, three, body, 200);
	field_is(fx, three, "parent_id", one);
	patch(fx, three, "{\"parent_id\":null}", 200);
	field_is(fx, three, "parent_id", "null");
}

static void
insert_session(struct fx *fx, const char *id, const char *folder)
{
	struct tx *tx = tx_begin(fx->app.db);
	long n = tx_exec(tx,
	    "INSERT INTO session (id, user_id, folder_id, name, status, "
	    "profile, cols, rows, created_at, updated_at) "
	    "VALUES (?, ?, ?, 'work', 'active', 'login', 80, 24, 1, 1)",
	    "sss", id, auth_owner(fx->app.auth), folder);

	assert_int_equal(n, 1);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->app.db);
}

static unsigned
sessions_in(struct fx *fx, const char *folder)
{
	struct answer a;
	unsigned n;

	rig_do(fx, &a, "GET", path_of(folder, "/context"), NULL, 200);
	n = (unsigned)js_len(js_get(a.json, "sessions"));
	answer_done(&a);
	return n;
}

static void
test_what_is_inside_moves_up(void **state)
{
	char one[UUID_TEXT], two[UUID_TEXT], three[UUID_TEXT];
	struct fx *fx = *state;
	struct answer a;

	make(fx, "1", NULL, one);
	make(fx, "2", one, two);
	make(fx, "3", two, three);
	insert_session(fx, "01890000-0000-7000-8000-00000000000a", two);
	assert_int_equal(sessions_in(fx, two), 1);
	assert_int_equal(sessions_in(fx, one), 0);
	rig_do(fx, &a, "DELETE", path_of(two, ""), NULL, 204);
	answer_done(&a);
	rig_do(fx, &a, "GET", path_of(two, ""), NULL, 404);
	answer_done(&a);
	field_is(fx, three, "parent_id", one);
	assert_int_equal(sessions_in(fx, one), 1);
	/* Everybody who looks at one of them is told. */
	rig_do(fx, &a, "GET", "/api/events?since=0&limit=1000", NULL, 200);
	assert_non_null(strstr(a.body, "\"kind\":\"folder.deleted\""));
	assert_non_null(strstr(a.body, "\"kind\":\"session.updated\""));
	answer_done(&a);
}

static void
test_context_and_children(void **state)
{
	char one[UUID_TEXT], two[UUID_TEXT], three[UUID_TEXT];
	struct fx *fx = *state;
	struct answer a;
	struct js *up;

	make(fx, "1", NULL, one);
	make(fx, "2", one, two);
	make(fx, "3", two, three);
	rig_do(fx, &a, "GET", path_of(one, "/children"), NULL, 200);
	assert_int_equal(js_len(a.json), 1);
	assert_string_equal(js_str(js_at(a.json, 0), "id", ""), two);
	answer_done(&a);
	rig_do(fx, &a, "GET", path_of(three, "/context"), NULL, 200);
	up = js_get(a.json, "ancestors");
	assert_int_equal(js_len(up), 2);
	assert_string_equal(js_str(js_at(up, 0), "id", ""), two);
	assert_string_equal(js_str(js_at(up, 1), "id", ""), one);
	assert_true(js_is_null(js_get(a.json, "orchestrator")));
	answer_done(&a);
}

static void
test_order(void **state)
{
	char one[UUID_TEXT], two[UUID_TEXT], body[200];
	struct fx *fx = *state;
	struct answer a;

	make(fx, "1", NULL, one);
	make(fx, "2", NULL, two);
	(void)snprintf(body, sizeof(body), "{\"folder_ids\":[\"%s\",\"%s\"]}",
	    two, one);
	rig_do(fx, &a, "POST", "/api/folders/reorder", body, 200);
	assert_true(js_bool(a.json, "success", false));
	answer_done(&a);
	rig_do(fx, &a, "GET", "/api/folders", NULL, 200);
	assert_string_equal(js_str(js_at(a.json, 0), "id", ""), two);
	answer_done(&a);
	/* All or none, with the id that is wrong. */
	(void)snprintf(body, sizeof(body), "{\"folder_ids\":[\"%s\",\"x\"]}",
	    one);
	rig_do(fx, &a, "POST", "/api/folders/reorder", body, 400);
	assert_string_equal(js_str(a.json, "error", ""), "no such folder: x");
	answer_done(&a);
	rig_do(fx, &a, "GET", "/api/folders", NULL, 200);
	assert_string_equal(js_str(js_at(a.json, 0), "id", ""), two);
	answer_done(&a);
}

static void
test_bounded(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	char id[UUID_TEXT];

	for (int i = 0; i < 1000; i++)
		make(fx, "f", NULL, id);
	rig_do(fx, &a, "POST", "/api/folders", "{\"name\":\"f\"}", 429);
	assert_string_equal(answer_code(&a), "TOO_MANY");
	answer_done(&a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_made_and_changed),
		T(test_stays_a_tree),
		T(test_what_is_inside_moves_up),
		T(test_context_and_children),
		T(test_order),
		T(test_bounded),
	};

	return CHECK_RUN("folders", tests);
}
