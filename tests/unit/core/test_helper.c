/* SPDX-License-Identifier: MIT */
/* The helper client against an [ops] that does what it should, or dies. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/outcome.h"

static void
test_hello(void **state)
{
	struct opsrig *r = *state;

	assert_false(helper_ready(r->helper));
	assert_int_equal(helper_generation(r->helper), 0);
	opsrig_connect(r);
	opsrig_turns(r, 2);
	assert_false(helper_ready(r->helper));
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 2);
	assert_true(helper_ready(r->helper));
	assert_int_equal(r->ready, 1);
	assert_int_equal(r->generation, GENERATION);
	assert_int_equal(helper_generation(r->helper), GENERATION);
	assert_int_equal(r->gone, 0);
}

static void
test_other_build_is_the_end(void **state)
{
	struct opsrig *r = *state;

	opsrig_connect(r);
	opsrig_hello(r, "0.0.0-other", GENERATION);
	opsrig_until(r, opsrig_is_gone, r);
	assert_int_equal(r->gone, 1);
	assert_int_equal(r->ready, 0);
	assert_false(helper_ready(r->helper));
}

static void
test_without_helper_calls_fail_later(void **state)
{
	struct opsrig *r = *state;
	struct outcome a = { 0 }, b = { 0 };

	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &a);
	assert_int_equal(a.calls, 0);
	opsrig_until(r, outcome_is_there, &a);
	assert_int_equal(a.err, RDV_E_UNAVAILABLE);
	/* Connected is not ready. */
	opsrig_connect(r);
	opsrig_turns(r, 2);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &b);
	opsrig_until(r, outcome_is_there, &b);
	assert_int_equal(b.err, RDV_E_UNAVAILABLE);
	assert_int_equal(a.calls, 1);
}

static void
test_login(void **state)
{
	struct priv_login m = { .kind = PRIV_LOGIN_UID, .uid = 1000 };
	struct priv_login_answer a = { .result = PRIV_DONE, .uid = 1000 };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct outcome o = { 0 };
	struct priv_login got;
	struct buf b;

	opsrig_up(r, GENERATION);
	helper_login(r->helper, &m, outcome_login_cb, &o);
	opsrig_get(r, &p);
	assert_int_equal(p.h.op, PRIV_LOGIN);
	assert_true(priv_get_login(&p.body, &got));
	assert_int_equal(got.uid, 1000);
	buf_init(&b, SEQPKT_MAX);
	priv_put_login_answer(&b, p.h.id, &a);
	opsrig_put(r, &b, NULL);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.handle, 1000);
}

static void
test_spawn_hands_over_descriptors(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	int slave, far[3];

	opsrig_up(r, GENERATION);
	outcome_spawn(r, PRIV_IO_PTY, &o);
	opsrig_get(r, &p);
	opsrig_pty(&fds, &slave);
	opsrig_spawned(r, p.h.id, GENERATION + 1, &fds, 0, 0);
	seqpkt_fds_close(&fds);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.handle, GENERATION + 1);
	assert_int_equal(o.fds.n, 3);
	assert_int_equal(fcntl(o.fds.fd[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	seqpkt_fds_close(&o.fds);
	close(slave);
	outcome_spawn(r, PRIV_IO_PIPES, &o);
	opsrig_get(r, &p);
	opsrig_pipes(&fds, far);
	opsrig_spawned(r, p.h.id, GENERATION + 2, &fds, 0, 0);
	seqpkt_fds_close(&fds);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.fds.n, 3);
	seqpkt_fds_close(&o.fds);
	for (unsigned i = 0; i < 3; i++)
		close(far[i]);
}

/* [main] may bring the next socket before the end of the last is seen. */
static void
test_replaced_connection(void **state)
{
	struct opsrig *r = *state;
	struct outcome o = { 0 };
	int old;

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
	old = r->ops;
	opsrig_up(r, GENERATION + 1);
	assert_int_equal(o.err, RDV_E_UNAVAILABLE);
	assert_int_equal(r->lost, 1);
	assert_int_equal(r->ready, 2);
	close(old);
	opsrig_turns(r, 3);
	assert_true(helper_ready(r->helper));
}

static void
test_bounds(void **state)
{
	struct opsrig *r = *state;
	static struct outcome o[PRIV_OUTSTANDING + 1024 + 5];
	struct opsrig_packet p;
	struct helper_stats s;
	unsigned travelling = 0;
	size_t i;

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	opsrig_until(r, outcome_is_there, &o[i - 1]);
	assert_int_equal(o[i - 1].err, RDV_E_BUSY);
	assert_int_equal(o[PRIV_OUTSTANDING + 1023].calls, 0);
	helper_stats(r->helper, &s);
	assert_int_equal(s.outstanding, PRIV_OUTSTANDING);
	assert_int_equal(s.waiting, 1024);
	for (; travelling < PRIV_OUTSTANDING; travelling++)
		opsrig_get(r, &p);
	assert_true(opsrig_silent(r));
	opsrig_plain(r, p.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_get(r, &p);
	assert_int_equal(p.h.op, PRIV_SIGNAL);
}

static void
exit_cb(const struct priv_exit *ev, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = ev == NULL;
	o->handle = ev != NULL ? ev->handle : 0;
}

static void
test_exits(void **state)
{
	struct opsrig *r = *state;
	struct outcome own = { 0 }, never = { 0 };

	opsrig_connect(r);
	opsrig_exit(r, GENERATION + 9, 0); /* INVENTORY has that one */
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 3);
	assert_int_equal(r->exits, 0);
	helper_on_exit(r->helper, GENERATION + 1, exit_cb, &own);
	helper_on_exit(r->helper, GENERATION + 2, exit_cb, &never);
	opsrig_exit(r, GENERATION + 3, 256);
	opsrig_exit(r, GENERATION + 1, 0);
	opsrig_until(r, outcome_is_there, &own);
	assert_int_equal(own.handle, GENERATION + 1);
	assert_int_equal(r->exits, 1);
	assert_int_equal(r->exit.handle, GENERATION + 3);
	assert_int_equal(r->exit.status, 256);
	/* Once: the next notice of that handle is everybody's. */
	opsrig_exit(r, GENERATION + 1, 0);
	opsrig_turns(r, 3);
	assert_int_equal(own.calls, 1);
	assert_int_equal(r->exits, 2);
	opsrig_die(r);
	assert_int_equal(never.calls, 1);
	assert_int_equal(never.err, 1);
}

/* As of an end, what comes before HELLO is of another daemon's run. */
static void
test_halts(void **state)
{
	struct opsrig *r = *state;

	opsrig_connect(r);
	opsrig_halt(r, GENERATION + 9, PRIV_HALTED);
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 3);
	assert_int_equal(r->halts, 0);
	opsrig_halt(r, GENERATION + 3, PRIV_HALTED);
	opsrig_turns(r, 3);
	assert_int_equal(r->halts, 1);
	assert_int_equal(r->halt.handle, GENERATION + 3);
	assert_int_equal(r->halt.halt, PRIV_HALTED);
}

struct inventory {
	unsigned items, ends;
	int err;
	uint64_t handles[8];
	unsigned fds;
};

static void
inventory_cb(int err, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct inventory *v = arg;

	if (a == NULL) {
		v->ends++;
		v->err = err;
		return;
	}
	assert_int_equal(v->ends, 0);
	v->handles[v->items++] = a->handle;
	v->fds += fds->n;
	/* Left to be closed. */
}

static bool
inventory_ended(void *arg)
{
	return ((const struct inventory *)arg)->ends > 0;
}

static void
put_item(struct opsrig *r, uint32_t id, uint64_t handle)
{
	struct priv_inventory_answer a = { .result = PRIV_NO_SUCH,
		.io = PRIV_IO_PTY };
	struct seqpkt_fds fds = { .n = 0 };
	int slave = -1;
	struct buf b;

	if (handle != 0) {
		a.result = PRIV_DONE;
		a.handle = handle;
		opsrig_pty(&fds, &slave);
	}
	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, id, (uint8_t)fds.n, &a);
	opsrig_put(r, &b, &fds);
	seqpkt_fds_close(&fds);
	if (slave >= 0)
		close(slave);
}

static void
test_inventory(void **state)
{
	struct inventory v = { 0 };
	struct opsrig *r = *state;
	struct priv_inventory m;
	struct opsrig_packet p;
	unsigned before;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	helper_inventory(r->helper, inventory_cb, &v);
	for (uint64_t i = 0; i <= 3; i++) {
		opsrig_get(r, &p);
		assert_int_equal(p.h.op, PRIV_INVENTORY);
		assert_true(priv_get_inventory(&p.body, &m));
		assert_int_equal(m.after, i == 0 ? 0 : GENERATION + i);
		put_item(r, p.h.id, i < 3 ? GENERATION + i + 1 : 0);
	}
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(v.err, 0);
	assert_int_equal(v.items, 3);
	assert_int_equal(v.fds, 9);
	assert_int_equal(v.handles[2], GENERATION + 3);
	assert_int_equal(opsrig_fds(), before);
}

static void
get_inventory(struct opsrig *r, struct opsrig_packet *p,
    struct priv_inventory *m)
{
	opsrig_get(r, p);
	assert_int_equal(p->h.op, PRIV_INVENTORY);
	assert_true(priv_get_inventory(&p->body, m));
}

/*
 * Where there is no room for the descriptors of an answer it is not [ops] that
 * is broken: the same runs are asked for again, fewer at a time, and in the end
 * that is said. Nothing of it stays open.
 */
static void
test_inventory_without_room(void **state)
{
	struct inventory v = { 0 };
	struct opsrig *r = *state;
	struct priv_inventory m;
	struct opsrig_packet p;
	struct rlimit old;
	unsigned before, most;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	helper_inventory(r->helper, inventory_cb, &v);
	get_inventory(r, &p, &m);
	assert_int_equal(m.most, SEQPKT_MANY_MAX);
	put_item(r, p.h.id, GENERATION + 1);
	get_inventory(r, &p, &m);
	for (most = m.most; most > 5; most = m.most) {
		assert_int_equal(m.after, GENERATION + 1);
		assert_int_equal(v.ends, 0);
		put_item(r, p.h.id, GENERATION + 2);
		old = opsrig_leave_room(2);
		get_inventory(r, &p, &m);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_in_range(m.most, 5, most - 1);
	}
	put_item(r, p.h.id, GENERATION + 2);
	old = opsrig_leave_room(2);
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(v.err, RDV_E_FULL);
	assert_non_null(strstr(helper_why(v.err), "limit"));
	assert_int_equal(v.items, 1);
	assert_int_equal(r->gone, 0);
	assert_int_equal(opsrig_fds(), before);
	assert_true(opsrig_silent(r));
}

/* The same of a start: it fails, and what was started is to be ended. */
static void
test_spawn_without_room(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	struct rlimit old;
	unsigned before;
	int slave;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	outcome_spawn(r, PRIV_IO_PTY, &o);
	opsrig_get(r, &p);
	opsrig_pty(&fds, &slave);
	opsrig_spawned(r, p.h.id, GENERATION + 1, &fds, 0, 0);
	seqpkt_fds_close(&fds);
	close(slave);
	old = opsrig_leave_room(2);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(o.err, RDV_E_FULL);
	assert_int_equal(r->strays, 1);
	assert_int_equal(r->stray, GENERATION + 1);
	assert_int_equal(r->gone, 0);
	assert_int_equal(opsrig_fds(), before);
}

/* Several at once, and that there is no other: nothing more is asked. */
static void
test_inventory_at_once(void **state)
{
	struct priv_inventory_answer a = { .result = PRIV_DONE,
		.io = PRIV_IO_PTY };
	struct inventory v = { 0 };
	struct seqpkt_many fds = { .n = 0 };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds one;
	struct buf b;
	int slave;

	opsrig_up(r, GENERATION);
	helper_inventory(r->helper, inventory_cb, &v);
	opsrig_get(r, &p);
	opsrig_pty(&one, &slave);
	buf_init(&b, SEQPKT_MAX);
	for (unsigned i = 0; i < 3; i++) {
		memcpy(fds.fd + fds.n, one.fd, 3 * sizeof(int));
		fds.n += 3;
		a.handle = GENERATION + i + 1;
		if (i == 0)
			priv_put_inventory_answer(&b, p.h.id, 3, &a);
		else
			assert_true(priv_add_inventory_answer(&b,
			    (uint8_t)fds.n, &a));
	}
	memset(&a, 0, sizeof(a));
	a.result = PRIV_NO_SUCH;
	assert_true(priv_add_inventory_answer(&b, (uint8_t)fds.n, &a));
	assert_int_equal(seqpkt_send_many(r->ops, b.data, b.len, &fds), 0);
	buf_done(&b);
	seqpkt_fds_close(&one);
	close(slave);
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(v.err, 0);
	assert_int_equal(v.items, 3);
	assert_int_equal(v.fds, 9);
	assert_int_equal(v.handles[2], GENERATION + 3);
	assert_true(opsrig_silent(r));
}

/* "Cannot tell" is never "gone": an answer cut short is no answer. */
static void
test_inventory_cut_short(void **state)
{
	struct inventory v = { 0 };
	struct opsrig *r = *state;
	struct opsrig_packet p;

	opsrig_up(r, GENERATION);
	helper_inventory(r->helper, inventory_cb, &v);
	opsrig_get(r, &p);
	put_item(r, p.h.id, GENERATION + 1);
	opsrig_get(r, &p);
	opsrig_die(r);
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(v.items, 1);
	assert_int_equal(v.ends, 1);
	assert_int_equal(v.err, RDV_E_UNAVAILABLE);
}

static void
test_control_socket(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct seqpkt_fds fds = { .n = 1 };
		struct opsrig r;
		unsigned before;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		before = opsrig_fds();
		fds.fd[0] = STDIN_FILENO;
		if (kind == 0) { /* [main] is gone */
			assert_int_equal(shutdown(r.control, SHUT_RDWR), 0);
		} else if (kind == 1) { /* the byte without a socket */
			seqpkt_send(r.control, "O", 1, NULL);
		} else if (kind == 2) { /* another byte */
			seqpkt_send(r.control, "x", 1, &fds);
		} else { /* two sockets */
			fds.n = 2;
			fds.fd[1] = STDOUT_FILENO;
			seqpkt_send(r.control, "O", 1, &fds);
		}
		opsrig_until(&r, opsrig_is_gone, &r);
		assert_int_equal(r.gone, 1);
		assert_int_equal(opsrig_fds(), before);
		opsrig_stop(&r);
	}
}

/* The end of rdvd: everybody is told, once, and nobody afterwards. */
static void
test_free_answers_everybody(void **state)
{
	struct opsrig *r = *state;
	struct outcome o[40];

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (size_t i = 0; i < 40; i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	helper_free(r->helper);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].err, RDV_E_UNAVAILABLE);
	}
	assert_int_equal(r->lost, 1);
	r->helper = NULL;
	opsrig_turns(r, 2);
	assert_true(opsrig_is_lost(r));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, opsrig_setup, opsrig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_hello),
		T(test_other_build_is_the_end),
		T(test_without_helper_calls_fail_later),
		T(test_login),
		T(test_spawn_hands_over_descriptors),
		T(test_replaced_connection),
		T(test_bounds),
		T(test_exits),
		T(test_halts),
		T(test_inventory),
		T(test_inventory_at_once),
		T(test_inventory_without_room),
		T(test_spawn_without_room),
		T(test_inventory_cut_short),
		cmocka_unit_test(test_control_socket),
		T(test_free_answers_everybody),
	};

	return CHECK_RUN("helper", tests);
}
