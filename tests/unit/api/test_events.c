/* SPDX-License-Identifier: MIT */
/*
 * /api/events in its three forms, and the end of a stream with the credential
 * it lives by (C13).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/event/event.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

static char id[UUID_TEXT], text[TOKEN_TEXT];

/* Opens a stream with a token of its own, which can be revoked. */
static struct client *
open_stream(struct fx *fx, const char *path, const char *headers)
{
	char head[400];

	(void)snprintf(head, sizeof(head), "Authorization: Bearer %s\r\n%s",
	    text, headers);
	return rig_begin(fx, "GET", path, head);
}

static void
new_folder(struct fx *fx, const char *name)
{
	struct answer a;
	char body[80];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	rig_do(fx, &a, "POST", "/api/folders", body, 201);
	answer_done(&a);
}

static void
revoke(struct fx *fx)
{
	struct answer a;
	char path[80];

	(void)snprintf(path, sizeof(path), "/api/tokens/%s", id);
	rig_do(fx, &a, "DELETE", path, NULL, 204);
	answer_done(&a);
}

static int
setup(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	fx_issue(*state, TOKEN_CLI, SCOPE_READ, -1, id, text);
	return 0;
}

static void
test_page(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	struct js *items;
	char path[80];

	new_folder(fx, "one");
	new_folder(fx, "two");
	rig_do(fx, &a, "GET", "/api/events?limit=3", NULL, 200);
	items = js_get(a.json, "items");
	assert_int_equal(js_len(items), 3);
	assert_int_equal(js_int(js_at(items, 0), "seq", 0), 1);
	assert_string_equal(js_str(js_at(items, 2), "kind", ""),
	    "folder.created");
	assert_string_equal(js_str(a.json, "next_cursor", ""), "3");
	answer_done(&a);
	rig_do(fx, &a, "GET", "/api/events?since=3", NULL, 200);
	items = js_get(a.json, "items");
	assert_int_equal(js_len(items), 1);
	assert_string_equal(js_str(js_get(js_at(items, 0), "body"), "name", ""),
	    "two");
	(void)snprintf(path, sizeof(path), "/api/events?since=%s",
	    js_str(a.json, "next_cursor", ""));
	answer_done(&a);
	rig_do(fx, &a, "GET", path, NULL, 200);
	assert_int_equal(js_len(js_get(a.json, "items")), 0);
	assert_string_equal(js_str(a.json, "next_cursor", ""), "4");
	answer_done(&a);
}

static void
test_sse_is_past_then_present(void **state)
{
	struct fx *fx = *state;
	struct client *c;
	struct answer a;

	new_folder(fx, "past");
	c = open_stream(fx, "/api/events?since=2",
	    "Accept: text/event-stream\r\n");
	new_folder(fx, "present");
	revoke(fx);
	rig_receive(c, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.head, "content-type: text/event-stream"));
	assert_non_null(strstr(a.body, "retry: 1000\n\n"));
	assert_non_null(strstr(a.body,
	    "id: 3\nevent: folder.created\ndata: {"));
	assert_non_null(strstr(a.body, "\"name\":\"past\""));
	assert_non_null(strstr(a.body, "\"name\":\"present\""));
	assert_true(strstr(a.body, "past") < strstr(a.body, "present"));
	/* Each once. */
	assert_null(strstr(strstr(a.body, "id: 3\n") + 1, "id: 3\n"));
	assert_null(strstr(a.body, "id: 2\n"));
	answer_done(&a);
}

static void
test_last_event_id_wins(void **state)
{
	struct fx *fx = *state;
	struct client *c;
	struct answer a;

	new_folder(fx, "one");
	new_folder(fx, "two");
	c = open_stream(fx, "/api/events?since=0",
	    "Accept: text/event-stream\r\nLast-Event-ID: 3\r\n");
	revoke(fx);
	rig_receive(c, &a);
	assert_null(strstr(a.body, "id: 3\n"));
	assert_non_null(strstr(a.body, "id: 4\n"));
	answer_done(&a);
	rig_as(fx, &a, "GET", "/api/events", "Last-Event-ID: x\r\n", NULL);
	assert_int_equal(a.status, 400);
	answer_done(&a);
}

static void
test_without_since_from_now(void **state)
{
	struct fx *fx = *state;
	struct client *c;
	struct answer a;

	new_folder(fx, "past");
	c = open_stream(fx, "/api/events", "Accept: application/x-ndjson\r\n");
	rig_turn(fx);
	new_folder(fx, "present");
	revoke(fx);
	rig_receive(c, &a);
	assert_non_null(strstr(a.head, "application/x-ndjson"));
	assert_null(strstr(a.body, "past"));
	assert_non_null(strstr(a.body, "\"name\":\"present\""));
	answer_done(&a);
}

static void
test_future_is_refused(void **state)
{
	struct fx *fx = *state;
	struct answer a;

	rig_as(fx, &a, "GET", "/api/events?since=1000",
	    "Accept: text/event-stream\r\n", NULL);
	assert_int_equal(a.status, 400);
	answer_done(&a);
}

static void
test_C13_expiry_ends_a_stream(void **state)
{
	struct fx *fx = *state;
	struct client *c;
	struct answer a;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, clock_wall_ms() + 300, id, text);
	c = open_stream(fx, "/api/events", "Accept: text/event-stream\r\n");
	rig_receive(c, &a);
	assert_int_equal(a.status, 200);
	answer_done(&a);
}

/* Each subscription is gone with its stream, however that ended (D06). */
static void
test_nothing_is_left_behind(void **state)
{
	struct fx *fx = *state;
	struct auth_stats stats;
	struct answer a;

	for (int i = 0; i < 50; i++) {
		rig_leave(open_stream(fx, "/api/events?since=0",
		    "Accept: text/event-stream\r\n"));
		rig_do(fx, &a, "GET", "/api/user", NULL, 200);
		answer_done(&a);
	}
	for (int i = 0; i < 100 && event_subscribers(fx->app.bus) > 0; i++)
		rig_turn(fx);
	assert_int_equal(event_subscribers(fx->app.bus), 0);
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.watches, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_page),
		T(test_sse_is_past_then_present),
		T(test_last_event_id_wins),
		T(test_without_since_from_now),
		T(test_future_is_refused),
		T(test_C13_expiry_ends_a_stream),
		T(test_nothing_is_left_behind),
	};

	return CHECK_RUN("events", tests);
}
