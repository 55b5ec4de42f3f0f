/* SPDX-License-Identifier: MIT */
/*
 * Who is told of whom: changes are gathered, made into text once, and kept from
 * a sink that is full (D05); and a viewer is small however many there are.
 */
#include "daemon/term/presence.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/term/state.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define CROWD 1000

/* Somebody who listens. */
struct ear {
	struct viewer *viewer;
	size_t queued;
	unsigned told, total;
	char names[256];
	bool typing, owner;
};

/* Of all ears: how often text was made. */
static unsigned texts;

static size_t
output_cb(uint64_t off, const uint8_t *p, size_t len, bool last, void *arg)
{
	(void)off;
	(void)p;
	(void)last;
	(void)arg;
	return len;
}

static size_t
queued_cb(void *arg)
{
	return ((struct ear *)arg)->queued;
}

static void
ended_cb(const struct term_end *end, void *arg)
{
	(void)end;
	(void)arg;
}

static void
slow_cb(void *arg)
{
	(void)arg;
}

static void
row_cb(const struct presence_row *row, void *arg)
{
	struct ear *e = arg;
	size_t len = strlen(e->names);

	(void)snprintf(e->names + len, sizeof(e->names) - len, "%s%s%s,",
	    row->name, row->read_only ? "" : "+", row->link != NULL ? "@" : "");
	e->typing = e->typing || row->typing;
	e->owner = e->owner || row->owner;
}

static void
presence_cb(const struct term *t, struct buf *said, void *arg)
{
	struct ear *e = arg;

	if (said->len == 0) {
		texts++;
		buf_put_text(said, "made");
	}
	e->told++;
	e->names[0] = '\0';
	e->typing = e->owner = false;
	e->total = presence_each(t, 4, row_cb, e);
}

static const struct viewer_ops ears = {
	.output = output_cb,
	.queued = queued_cb,
	.ended = ended_cb,
	.slow = slow_cb,
	.presence = presence_cb,
};

static void
listen_to(struct ear *e, struct term *t, const char *name, bool read_only)
{
	struct viewer_conf conf = {
		.hears = true, .name = name, .read_only = read_only
	};

	*e = (struct ear){ .queued = 0 };
	e->viewer = viewer_new(t, &conf, &ears, e);
}

static int
setup(void **state)
{
	static struct termrig g;

	termrig_start(&g, 65536, 10000);
	texts = 0;
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	termrig_stop(*state);
	return 0;
}

/* An ear has heard of so many, and of nobody who types. */
struct heard {
	const struct ear *e;
	unsigned total;
	int typing; /* -1: whatever */
};

static bool
has_heard(void *arg)
{
	const struct heard *h = arg;

	return h->e->told > 0 && h->e->total == h->total &&
	       (h->typing < 0 || h->e->typing == (h->typing > 0));
}

static void
await(struct termrig *g, const struct ear *e, unsigned total, int typing)
{
	struct heard h = { e, total, typing };

	termrig_until(g, has_heard, &h);
}

/* As many messages for a crowd as for one, and as many texts as rounds. */
static void
test_D05_a_crowd_is_gathered(void **state)
{
	static struct ear crowd[CROWD];
	struct termrig *g = *state;
	struct termrig_pty p;
	struct ear first;

	termrig_pty(g, &p);
	listen_to(&first, p.term, "first", false);
	for (size_t i = 0; i < CROWD; i++)
		listen_to(&crowd[i], p.term, "one", true);
	assert_int_equal(first.told, 0);
	await(g, &first, CROWD + 1, -1);
	assert_in_range(first.told, 1, 2);
	assert_in_range(crowd[CROWD - 1].told, 1, 2);
	assert_in_range(texts, 1, 2);
	/* Nothing changes: nothing is said. */
	termrig_turns(g, 20);
	assert_in_range(texts, 1, 2);
	for (size_t i = 0; i < CROWD; i++)
		viewer_free(crowd[i].viewer);
	await(g, &first, 1, -1);
	assert_in_range(first.told, 2, 4);
	viewer_free(first.viewer);
	termrig_pty_done(g, &p);
}

/* What a viewer costs, whatever it looks at: no buffer is among it. */
static void
test_D05_a_viewer_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct viewer) <= 320);
	assert_true(sizeof(struct presence) <= 40);
}

static void
test_D05_a_full_sink_is_told_the_newest(void **state)
{
	struct termrig *g = *state;
	struct ear full, other, third;
	struct termrig_pty p;

	termrig_pty(g, &p);
	listen_to(&full, p.term, "full", true);
	full.queued = VIEWER_LOW;
	listen_to(&other, p.term, "other", true);
	await(g, &other, 2, -1);
	listen_to(&third, p.term, "third", true);
	await(g, &other, 3, -1);
	assert_int_equal(full.told, 0);
	full.queued = 0;
	viewer_more(full.viewer);
	assert_int_equal(full.told, 1);
	assert_int_equal(full.total, 3);
	viewer_more(full.viewer);
	assert_int_equal(full.told, 1);
	viewer_free(full.viewer);
	viewer_free(other.viewer);
	viewer_free(third.viewer);
	termrig_pty_done(g, &p);
}

/* Where nobody wants to hear there is not even a timer. */
static void
nobody_listens(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	assert_int_equal(viewer_resize(s.viewer, 40, 10), 0);
	assert_int_equal(viewer_input(s.viewer, "x", 1), 0);
	assert_null(p.term->presence.timer);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_J04_names_are_cut(void **state)
{
	char name[PRESENCE_NAME + 8];
	struct termrig *g = *state;
	struct termrig_pty p;
	struct ear e;

	memset(name, 'x', sizeof(name));
	/* Three bytes, of which two would fit. */
	memcpy(name + PRESENCE_NAME - 3, "\xe2\x82\xac", 3);
	name[sizeof(name) - 1] = '\0';
	termrig_pty(g, &p);
	listen_to(&e, p.term, name, true);
	await(g, &e, 1, -1);
	assert_int_equal(strlen(e.viewer->name), PRESENCE_NAME - 3);
	assert_int_equal(e.viewer->name[PRESENCE_NAME - 4], 'x');
	viewer_free(e.viewer);
	termrig_pty_done(g, &p);
}

/* Typed again should it have been forgotten before it was told. */
static bool
is_told_typing(void *arg)
{
	struct ear *pair = arg;

	if (!pair[0].viewer->typing)
		assert_int_equal(viewer_input(pair[0].viewer, "x", 1), 0);
	return pair[1].typing && pair[1].owner;
}

static void
who_types_and_who_owns(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct ear pair[2], *a = &pair[0], *b = &pair[1];
	uint64_t id;

	termrig_pty(g, &p);
	listen_to(a, p.term, "a", false);
	listen_to(b, p.term, "b", true);
	await(g, a, 2, 0);
	assert_string_equal(a->names, "a+,b,");
	assert_false(a->owner);
	assert_int_equal(viewer_input(b->viewer, "x", 1), RDV_E_DENIED);
	assert_false(b->viewer->typing);
	assert_int_equal(viewer_resize(a->viewer, 40, 10), 0);
	termrig_until(g, is_told_typing, pair);
	/* It stops by itself. */
	await(g, b, 2, 0);
	id = viewer_id(b->viewer);
	viewer_free(b->viewer);
	listen_to(b, p.term, "c", true);
	assert_int_equal(viewer_id(b->viewer), id + 1);
	viewer_free(a->viewer);
	viewer_free(b->viewer);
	termrig_pty_done(g, &p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_D05_a_crowd_is_gathered),
		T(test_D05_a_viewer_is_small),
		T(test_D05_a_full_sink_is_told_the_newest),
		T(nobody_listens),
		T(test_J04_names_are_cut),
		T(who_types_and_who_owns),
	};

	return CHECK_RUN("presence", tests);
}
