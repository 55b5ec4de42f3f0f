/* SPDX-License-Identifier: MIT */
/* The handlers' side of a rig: notes what it was asked, answers as told. */
#include "tests/unit/http/rigapp.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static void
dispatch(struct http_req *r, void *arg)
{
	struct rigapp *a = arg;

	a->calls++;
	(void)snprintf(a->last, sizeof a->last, "%s %s %.100s",
	    http_method_name(r->method), r->path, r->body);
	assert_int_equal(strlen(r->body), r->body_len);
	(void)snprintf(a->id, sizeof a->id, "%s", r->id);
	a->held = r;
	if (a->actor)
		r->actor = a;
	if (!a->hold)
		http_reply(r, &a->reply);
}

bool
rigapp_is_held(void *arg)
{
	struct rigapp *a = arg;

	return a->held != NULL;
}

void
rigapp_answer(struct rigapp *a)
{
	struct http_req *r = a->held;

	a->held = NULL;
	http_reply(r, &a->reply);
}

void
rigapp_start(struct rigapp *a, const struct http_limits *limits)
{
	memset(a, 0, sizeof *a);
	a->reply = (struct http_reply){
		.status = 200,
		.type = "text/plain",
		.body = "hello",
		.len = 5,
	};
	rig_start(&a->g, limits, dispatch, a);
}

struct http_stats
rigapp_stats(struct rigapp *a)
{
	struct http_stats s;

	http_server_stats(a->g.server, &s);
	return s;
}

bool
rigapp_no_conns(void *arg)
{
	return rigapp_stats(arg).conns == 0;
}
