/* SPDX-License-Identifier: MIT */
/*
 * Changes: together in a turn, each undone by itself, answered in order and
 * only when durable.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/tx.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"

static const char sql_user[] =
    "INSERT INTO user (id, name, uid, created_at) VALUES (?, ?, ?, ?)";
static const char sql_count[] = "SELECT COUNT(*) FROM user WHERE id >= ?";
static const char sql_text[] = "SELECT name, uid, ? FROM user WHERE id = ?";
static const char sql_big[] =
    "INSERT INTO idempotency (user_id, key, route, digest, status, body, "
    "created_at) VALUES ('u', ?, '', '', 200, ?, 0)";
static const char sql_limit[] = "PRAGMA max_page_count = 200";
static const char sql_no_limit[] = "PRAGMA max_page_count = 1000000";

struct heard {
	int err[8];
	int order[8];
	unsigned n;
	bool all; /* n reached `want` */
	unsigned want;
};

struct ear {
	struct heard *h;
	int id;
};

static void
heard_cb(int err, void *arg)
{
	struct ear *e = arg;

	e->h->err[e->h->n] = err;
	e->h->order[e->h->n] = e->id;
	e->h->all = ++e->h->n >= e->h->want;
}

static long
add_user(struct tx *tx, const char *id, int uid)
{
	return tx_exec(tx, sql_user, "ssii", id, id, (int64_t)uid, (int64_t)1);
}

static bool
number_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return true;
}

static int64_t
users(struct db *db)
{
	int64_t n = -1;

	assert_int_equal(db_query(db, sql_count, number_cb, &n, "s", ""), 0);
	return n;
}

static void
a_change_is_kept(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 1 };
	struct ear ear = { &h, 1 };
	struct tx *tx = tx_begin(fx->db);

	assert_ptr_equal(tx_db(tx), fx->db);
	assert_int_equal(add_user(tx, "a", 1), 1);
	tx_commit(tx, heard_cb, &ear);
	assert_int_equal(h.n, 0);
	fx_until(fx, &h.all);
	assert_int_equal(h.err[0], 0);
	assert_int_equal(users(fx->db), 1);
}

static void
one_undone_leaves_its_neighbours(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 2 };
	struct ear one = { &h, 1 }, three = { &h, 3 };
	struct tx *tx;

	tx = tx_begin(fx->db);
	add_user(tx, "a", 1);
	tx_commit(tx, heard_cb, &one);
	tx = tx_begin(fx->db);
	add_user(tx, "b", 2);
	tx_abort(tx);
	tx = tx_begin(fx->db);
	add_user(tx, "c", 3);
	tx_commit(tx, heard_cb, &three);
	fx_until(fx, &h.all);
	assert_int_equal(users(fx->db), 2);
	assert_int_equal(h.order[0], 1);
	assert_int_equal(h.order[1], 3);
}

static void
the_version_moves_with_every_change_and_back(void **state)
{
	struct fx *fx = *state;
	uint64_t before = db_version(fx->db), kept, undone;
	struct tx *tx;

	assert_int_equal(users(fx->db), 0);
	assert_int_equal(db_version(fx->db), before);
	tx = tx_begin(fx->db);
	add_user(tx, "a", 1);
	kept = db_version(fx->db);
	assert_int_not_equal(kept, before);
	tx_abort(tx);
	/* What was read in between is true no more. */
	undone = db_version(fx->db);
	assert_int_not_equal(undone, kept);
	assert_int_not_equal(undone, before);
}

static void
a_broken_rule_fails_its_own_change(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 3 };
	struct ear ear[3] = { { &h, 1 }, { &h, 2 }, { &h, 3 } };
	struct tx *tx;

	tx = tx_begin(fx->db);
	add_user(tx, "a", 1);
	tx_commit(tx, heard_cb, &ear[0]);
	tx = tx_begin(fx->db);
	add_user(tx, "b", 2);
	assert_int_equal(add_user(tx, "a", 3), -EEXIST);
	/* From here on everything in it fails, and it cannot be kept. */
	assert_int_equal(add_user(tx, "d", 4), -EEXIST);
	assert_int_equal(tx_error(tx), -EEXIST);
	tx_commit(tx, heard_cb, &ear[1]);
	tx = tx_begin(fx->db);
	add_user(tx, "e", 5);
	tx_commit(tx, heard_cb, &ear[2]);
	fx_until(fx, &h.all);
	assert_int_equal(h.err[0], 0);
	assert_int_equal(h.err[1], -EEXIST);
	assert_int_equal(h.err[2], 0);
	assert_int_equal(users(fx->db), 2);
}

static void
an_inner_change_is_part_of_the_outer(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 1 };
	struct ear ear = { &h, 1 };
	struct tx *outer, *inner;

	outer = tx_begin(fx->db);
	add_user(outer, "a", 1);
	inner = tx_begin(fx->db);
	add_user(inner, "b", 2);
	tx_commit(inner, heard_cb, &ear);
	add_user(outer, "c", 3);
	tx_abort(outer);
	fx_until(fx, &h.all);
	assert_int_equal(h.err[0], -ECANCELED);
	assert_int_equal(users(fx->db), 0);
}

/* A neighbour, a bare change by `bare`, and a neighbour behind it. */
static void
beside(struct fx *fx, struct heard *h, void (*bare)(struct tx *, struct ear *))
{
	struct ear ear[3] = { { h, 1 }, { h, 2 }, { h, 3 } };
	struct tx *tx;

	tx = tx_begin(fx->db);
	add_user(tx, "a", 1);
	tx_commit(tx, heard_cb, &ear[0]);
	bare(tx_begin_bare(fx->db), &ear[1]);
	tx = tx_begin(fx->db);
	add_user(tx, "e", 5);
	tx_commit(tx, heard_cb, &ear[2]);
	fx_until(fx, &h->all);
}

static void
writes_two(struct tx *tx, struct ear *ear)
{
	add_user(tx, "b", 2);
	add_user(tx, "c", 3);
	tx_commit(tx, heard_cb, ear);
}

static void
fails_first(struct tx *tx, struct ear *ear)
{
	tx_stage(tx, xcalloc(1, 1));
	assert_int_equal(add_user(tx, "a", 2), -EEXIST);
	tx_commit(tx, heard_cb, ear);
}

static void
writes_and_fails(struct tx *tx, struct ear *ear)
{
	add_user(tx, "b", 2);
	assert_int_equal(add_user(tx, "a", 3), -EEXIST);
	tx_commit(tx, heard_cb, ear);
}

static void
writes_and_is_undone(struct tx *tx, struct ear *ear)
{
	add_user(tx, "b", 2);
	tx_abort(tx);
	heard_cb(0, ear);
}

static void
has_an_inner_one_and_is_undone(struct tx *tx, struct ear *ear)
{
	struct tx *inner = tx_begin(tx_db(tx));

	add_user(inner, "b", 2);
	tx_commit(inner, heard_cb, ear);
	tx_abort(tx);
}

static void
a_bare_change_is_kept(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 3 };

	beside(fx, &h, writes_two);
	for (int i = 0; i < 3; i++)
		assert_int_equal(h.err[i], 0);
	assert_int_equal(users(fx->db), 4);
}

static void
a_bare_change_that_fails_first_fails_alone(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 3 };

	beside(fx, &h, fails_first);
	assert_int_equal(h.err[0], 0);
	assert_int_equal(h.err[1], -EEXIST);
	assert_int_equal(h.err[2], 0);
	assert_int_equal(users(fx->db), 2);
}

/*
 * Nobody is told that it was kept, whatever of the turn came before or after.
 */
static void
a_bare_change_undone_takes_its_turn_along(void **state)
{
	static void (*const bare[])(struct tx *,
	    struct ear *) = { writes_and_fails, writes_and_is_undone,
		has_an_inner_one_and_is_undone };
	struct fx *fx = *state;

	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
		struct heard h = { .want = 3 };

		beside(fx, &h, bare[i]);
		for (unsigned k = 0; k < h.n; k++)
			if (h.order[k] != 2)
				assert_int_not_equal(h.err[k], 0);
		assert_int_equal(users(fx->db), 0);
	}
	/* And the next turn is as good as any. */
	a_change_is_kept(state);
}

static void
a_wrong_statement_is_an_error(void **state)
{
	struct fx *fx = *state;
	struct tx *tx = tx_begin(fx->db);
	int64_t n = 0;

	/* One argument too few; and no such kind of argument. */
	assert_int_equal(tx_exec(tx, sql_user, "ss", "a", "b"), -EINVAL);
	tx_abort(tx);
	assert_int_equal(db_query(fx->db, sql_count, number_cb, &n, "x", 1),
	    -EINVAL);
	assert_int_equal(db_query(fx->db, "SELECT * FROM nothing", number_cb,
			     &n, ""),
	    -EINVAL);
	assert_int_equal(users(fx->db), 0);
}

struct seen {
	char name[64];
	int64_t uid;
	bool null;
	size_t len;
	bool same;
};

static bool
seen_cb(struct row *row, void *arg)
{
	struct seen *s = arg;
	const void *blob;

	(void)snprintf(s->name, sizeof s->name, "%s", row_str(row, 0));
	s->uid = row_int_or(row, 1, 77);
	s->null = row_null(row, 2);
	blob = row_blob(row, 2, &s->len);
	s->same = s->len == 3 && memcmp(blob, "a\0b", 3) == 0;
	return true;
}

static void
arguments_are_only_values(void **state)
{
	static const char evil[] = "x'); DROP TABLE user; --";
	struct fx *fx = *state;
	struct tx *tx = tx_begin(fx->db);
	struct seen s = { .uid = 0 };
	int64_t n;

	add_user(tx, evil, 9);
	tx_commit(tx, NULL, NULL);
	assert_int_equal(users(fx->db), 1);
	assert_int_equal(db_query(fx->db, sql_text, seen_cb, &s, "bs", "a\0b",
			     (size_t)3, evil),
	    0);
	assert_string_equal(s.name, evil);
	assert_int_equal(s.uid, 9);
	assert_true(s.same);
	assert_int_equal(db_query(fx->db, sql_text, seen_cb, &s, "ss", NULL,
			     evil),
	    0);
	assert_true(s.null);
	/* `n` writes a negative number as NULL, `i` does not. */
	n = -1;
	assert_int_equal(db_query(fx->db, sql_text, seen_cb, &s, "ns", n, evil),
	    0);
	assert_true(s.null);
	assert_int_equal(db_query(fx->db, sql_text, seen_cb, &s, "is", n, evil),
	    0);
	assert_false(s.null);
}

static bool
again_cb(struct row *row, void *arg)
{
	struct fx *fx = arg;

	(void)row;
	/* The same statement while it is running. */
	assert_int_equal(users(fx->db), 2);
	return true;
}

static void
a_statement_may_ask_itself(void **state)
{
	struct fx *fx = *state;
	struct tx *tx = tx_begin(fx->db);

	add_user(tx, "a", 1);
	add_user(tx, "b", 2);
	tx_commit(tx, NULL, NULL);
	assert_int_equal(db_query(fx->db, sql_count, again_cb, fx, "s", ""), 0);
}

/*
 * SQLite gives up the whole transaction when there is no space: all changes of
 * that turn fail, also those before and after, and the next turn works.
 */
static void
abuse_O07_full_disk_fails_the_turn(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 3 };
	struct ear ear[3] = { { &h, 1 }, { &h, 2 }, { &h, 3 } };
	char *big = xmalloc(2 << 20);
	struct tx *tx;
	bool never = false;
	uint64_t version;

	memset(big, 'x', 2 << 20);
	big[(2 << 20) - 1] = '\0';
	assert_int_equal(db_query(fx->db, sql_limit, number_cb, &(int64_t){ 0 },
			     ""),
	    0);
	tx = tx_begin(fx->db);
	add_user(tx, "a", 1);
	tx_commit(tx, heard_cb, &ear[0]);
	tx = tx_begin(fx->db);
	assert_int_equal(tx_exec(tx, sql_big, "ss", "k", big), -ENOSPC);
	tx_commit(tx, heard_cb, &ear[1]);
	tx = tx_begin(fx->db);
	assert_int_equal(add_user(tx, "b", 2), -ENOSPC);
	tx_commit(tx, heard_cb, &ear[2]);
	version = db_version(fx->db);
	fx_until(fx, &h.all);
	for (int i = 0; i < 3; i++)
		assert_int_equal(h.err[i], -ENOSPC);
	assert_int_not_equal(db_version(fx->db), version);
	assert_int_equal(users(fx->db), 0);
	assert_false(db_healthy(fx->db));

	/* Space again: found out without anybody's write. */
	assert_int_equal(db_query(fx->db, sql_no_limit, number_cb,
			     &(int64_t){ 0 }, ""),
	    0);
	for (int i = 0; i < 100 && !never; i++) {
		fx_turn(fx);
		never = db_healthy(fx->db);
	}
	assert_true(never);
	h = (struct heard){ .want = 1 };
	tx = tx_begin(fx->db);
	add_user(tx, "c", 3);
	tx_commit(tx, heard_cb, &ear[0]);
	fx_until(fx, &h.all);
	assert_int_equal(h.err[0], 0);
	assert_int_equal(users(fx->db), 1);
	free(big);
}

struct chain {
	struct fx *fx;
	bool done;
	int depth;
};

static void
chain_cb(int err, void *arg)
{
	struct chain *c = arg;
	char id[8];
	struct tx *tx;

	assert_int_equal(err, 0);
	if (c->depth == 5) {
		c->done = true;
		return;
	}
	(void)snprintf(id, sizeof id, "%d", c->depth);
	tx = tx_begin(c->fx->db);
	add_user(tx, id, c->depth++);
	tx_commit(tx, chain_cb, c);
}

/* A change begun in a `done` must not wait for something else to happen. */
static void
an_answer_may_begin_a_change(void **state)
{
	struct fx *fx = *state;
	struct chain c = { fx, false, 0 };

	chain_cb(0, &c);
	fx_until(fx, &c.done);
	assert_int_equal(users(fx->db), 5);
}

static void
settling_answers_everything(void **state)
{
	struct fx *fx = *state;
	struct chain c = { fx, false, 0 };

	chain_cb(0, &c);
	db_settle(fx->db);
	assert_true(c.done);
	assert_int_equal(users(fx->db), 5);
}

static unsigned published;

static void
publish_cb(void *event, void *arg)
{
	struct heard *h = arg;

	assert_int_equal(*(int *)event, (int)published);
	/* Before anybody is answered. */
	assert_int_equal(h->n, 0);
	published++;
	free(event);
}

static void *
number(int n)
{
	return xmemdup(&n, sizeof n);
}

static void
what_is_staged_leaves_in_order(void **state)
{
	struct fx *fx = *state;
	struct heard h = { .want = 2 };
	struct ear one = { &h, 1 }, two = { &h, 2 };
	struct tx *tx, *undone;

	published = 0;
	db_publish_to(fx->db, publish_cb, &h);
	tx = tx_begin(fx->db);
	tx_stage(tx, number(0));
	undone = tx_begin(fx->db);
	tx_stage(undone, number(100));
	tx_abort(undone);
	tx_stage(tx, number(1));
	tx_commit(tx, heard_cb, &one);
	tx = tx_begin(fx->db);
	tx_stage(tx, number(2));
	tx_commit(tx, heard_cb, &two);
	assert_int_equal(published, 0);
	fx_until(fx, &h.all);
	assert_int_equal(published, 3);
	db_publish_to(fx->db, NULL, NULL);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(a_change_is_kept),
		T(one_undone_leaves_its_neighbours),
		T(the_version_moves_with_every_change_and_back),
		T(a_broken_rule_fails_its_own_change),
		T(an_inner_change_is_part_of_the_outer),
		T(a_bare_change_is_kept),
		T(a_bare_change_that_fails_first_fails_alone),
		T(a_bare_change_undone_takes_its_turn_along),
		T(a_wrong_statement_is_an_error),
		T(arguments_are_only_values),
		T(a_statement_may_ask_itself),
		T(abuse_O07_full_disk_fails_the_turn),
		T(an_answer_may_begin_a_change),
		T(settling_answers_everything),
		T(what_is_staged_leaves_in_order),
	};

	return CHECK_RUN("store/tx", tests);
}
