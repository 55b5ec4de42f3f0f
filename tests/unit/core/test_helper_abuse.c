/* SPDX-License-Identifier: MIT */
/* The helper client against an [ops] that does what it likes. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/outcome.h"

/* What may come in place of the three descriptors of a pty spawn. */
enum wrong { TOO_FEW, TOO_MANY, NONE, SWAPPED, A_FILE, OTHER_IO, WRONGS };

static void
make_wrong(enum wrong w, struct seqpkt_fds *fds, int *slave)
{
	int far[3], swap = 0;

	*slave = -1;
	if (w == OTHER_IO) {
		opsrig_pipes(fds, far);
		for (unsigned i = 0; i < 3; i++)
			close(far[i]);
		return;
	}
	opsrig_pty(fds, slave);
	switch (w) {
	case TOO_FEW:
		close(fds->fd[--fds->n]);
		break;
	case TOO_MANY:
		fds->fd[fds->n++] = dup(0);
		break;
	case NONE:
		seqpkt_fds_close(fds);
		break;
	case SWAPPED:
		swap = fds->fd[1];
		fds->fd[1] = fds->fd[2];
		fds->fd[2] = swap;
		break;
	default:
		close(fds->fd[1]);
		fds->fd[1] = open("/dev/null", O_RDONLY);
		break;
	}
}

/* Abuse E04 to E06: nothing is kept and the connection is not believed. */
static void
test_E04_wrong_descriptors(void **state)
{
	(void)state;
	for (enum wrong w = 0; w < WRONGS; w++) {
		struct priv_spawn_answer a = { .result = PRIV_DONE,
			.handle = GENERATION + 1 };
		struct opsrig_packet p;
		struct seqpkt_fds fds;
		struct outcome o;
		struct opsrig r;
		unsigned before;
		struct buf b;
		int slave;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		before = opsrig_fds();
		outcome_spawn(&r, PRIV_IO_PTY, &o);
		opsrig_get(&r, &p);
		make_wrong(w, &fds, &slave);
		/* The header tells the truth or a fourth fails by itself. */
		buf_init(&b, SEQPKT_MAX);
		priv_put_spawn_answer(&b, p.h.id,
		    fds.n > 3 ? 3 : (uint8_t)fds.n, &a);
		opsrig_put(&r, &b, &fds);
		seqpkt_fds_close(&fds);
		if (slave >= 0)
			close(slave);
		opsrig_until(&r, opsrig_is_gone, &r);
		if (w != TOO_MANY) {
			assert_int_equal(o.calls, 1);
			assert_int_equal(o.err, RDV_E_UNAVAILABLE);
		}
		assert_int_equal(opsrig_fds(), before);
		opsrig_stop(&r);
		assert_int_equal(o.calls, 1);
	}
}

static void
test_E04_descriptors_with_a_refusal(void **state)
{
	struct priv_spawn_answer a = { .result = PRIV_DENIED };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	unsigned before;
	struct buf b;
	int slave;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	outcome_spawn(r, PRIV_IO_PTY, &o);
	opsrig_get(r, &p);
	opsrig_pty(&fds, &slave);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, p.h.id, 3, &a);
	opsrig_put(r, &b, &fds);
	seqpkt_fds_close(&fds);
	close(slave);
	opsrig_until(r, opsrig_is_gone, r);
	assert_int_equal(opsrig_fds(), before);
}

/* What is ended by shutdown(2) has to be a socket. */
static void
test_E04_a_pipe_to_speak_by(void **state)
{
	struct priv_spawn_answer a = { .result = PRIV_DONE,
		.handle = GENERATION + 1 };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	struct buf b;
	int far[3], s[2];

	opsrig_up(r, GENERATION);
	for (int good = 1; good >= 0; good--) {
		outcome_spawn(r, PRIV_IO_TALK, &o);
		opsrig_get(r, &p);
		opsrig_pipes(&fds, far);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		if (good)
			assert_int_equal(dup2(s[0], fds.fd[0]), fds.fd[0]);
		buf_init(&b, SEQPKT_MAX);
		priv_put_spawn_answer(&b, p.h.id, 3, &a);
		opsrig_put(r, &b, &fds);
		seqpkt_fds_close(&fds);
		opsrig_until(r, outcome_is_there, &o);
		assert_int_equal(o.err, good ? 0 : RDV_E_UNAVAILABLE);
		seqpkt_fds_close(&o.fds);
		for (unsigned i = 0; i < 3; i++)
			close(far[i]);
		close(s[0]);
		close(s[1]);
	}
	opsrig_until(r, opsrig_is_gone, r);
}

/* An answer that tells of two runs, the first of which is as it should be. */
enum listed {
	AS_IT_IS,
	TOO_FEW_IN_ALL,
	TOO_MANY_IN_ALL,
	SECOND_OF_OTHER_KIND,
	SAME_AGAIN,
	FALLING,
	BEHIND_THE_END,
	LISTED
};

static void
list_two(struct opsrig *r, uint32_t id, enum listed w)
{
	struct priv_inventory_answer a = { .result = PRIV_DONE,
		.io = PRIV_IO_PTY };
	struct seqpkt_many fds = { .n = 0 };
	struct seqpkt_fds one, two;
	struct buf b;
	int slaves[2];

	opsrig_pty(&one, &slaves[0]);
	opsrig_pty(&two, &slaves[1]);
	for (unsigned i = 0; i < 3; i++) {
		fds.fd[i] = one.fd[i];
		fds.fd[3 + i] = two.fd[w == SECOND_OF_OTHER_KIND ? 2 - i : i];
	}
	fds.fd[6] = one.fd[0];
	fds.n = w == TOO_FEW_IN_ALL ? 5 : w == TOO_MANY_IN_ALL ? 7 : 6;
	buf_init(&b, SEQPKT_MAX);
	a.handle = w == FALLING ? GENERATION + 3 : GENERATION + 1;
	priv_put_inventory_answer(&b, id, 3, &a);
	if (w == BEHIND_THE_END) {
		a.result = PRIV_NO_SUCH;
		assert_true(priv_add_inventory_answer(&b, 3, &a));
		a.result = PRIV_DONE;
	}
	a.handle = w == SAME_AGAIN ? GENERATION + 1 : GENERATION + 2;
	assert_true(priv_add_inventory_answer(&b, (uint8_t)fds.n, &a));
	assert_int_equal(seqpkt_send_many(r->ops, b.data, b.len, &fds), 0);
	buf_done(&b);
	seqpkt_fds_close(&one);
	seqpkt_fds_close(&two);
	close(slaves[0]);
	close(slaves[1]);
}

struct listing {
	unsigned items, ends;
	int err;
};

static void
listing_cb(int err, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct listing *v = arg;

	if (a != NULL)
		assert_int_equal(fds->n, 3);
	v->items += a != NULL;
	v->ends += a == NULL;
	v->err = err;
}

static bool
listing_is_there(void *arg)
{
	const struct listing *v = arg;

	return v->items == 2 || v->ends > 0;
}

/* Nothing of an answer is taken over before all of it has been looked at. */
static void
test_E04_inventory_of_several(void **state)
{
	(void)state;
	for (enum listed w = 0; w < LISTED; w++) {
		struct listing v = { 0 };
		struct opsrig_packet p;
		struct opsrig r;
		unsigned before;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		before = opsrig_fds();
		helper_inventory(r.helper, listing_cb, &v);
		opsrig_get(&r, &p);
		list_two(&r, p.h.id, w);
		if (w == AS_IT_IS) {
			opsrig_until(&r, listing_is_there, &v);
			assert_int_equal(v.items, 2);
			assert_int_equal(r.gone, 0);
		} else {
			opsrig_until(&r, opsrig_is_gone, &r);
			assert_int_equal(v.items, 0);
			assert_int_equal(v.err, RDV_E_UNAVAILABLE);
		}
		assert_int_equal(opsrig_fds(), before);
		opsrig_stop(&r);
		assert_int_equal(v.ends, 1);
	}
}

/* Abuse E09: reordered, doubled, unknown and foreign answers. */
static void
test_E09_answers_out_of_order(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet a, b;
	struct outcome first = { 0 }, second = { 0 };
	struct helper_stats s;

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &first);
	helper_signal(r->helper, 2, 15, false, outcome_plain_cb, &second);
	opsrig_get(r, &a);
	opsrig_get(r, &b);
	assert_int_not_equal(a.h.id, b.h.id);
	opsrig_plain(r, b.h.id, PRIV_SIGNAL, PRIV_NO_SUCH);
	opsrig_until(r, outcome_is_there, &second);
	assert_int_equal(second.result, PRIV_NO_SUCH);
	assert_int_equal(first.calls, 0);
	/* The same answer again, and one to a question never asked. */
	opsrig_plain(r, b.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_plain(r, b.h.id + 1, PRIV_SIGNAL, PRIV_DONE);
	opsrig_plain(r, a.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_until(r, outcome_is_there, &first);
	assert_int_equal(first.result, PRIV_DONE);
	assert_int_equal(second.calls, 1);
	helper_stats(r->helper, &s);
	assert_int_equal(s.stale, 2);
	assert_int_equal(r->gone, 0);
	assert_int_equal(r->strays, 0);
}

static void
test_E09_answer_to_another_verb(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct outcome o = { 0 };

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
	opsrig_get(r, &p);
	opsrig_plain(r, p.h.id, PRIV_LOGOUT, PRIV_DONE);
	opsrig_until(r, opsrig_is_gone, r);
}

/* A spawn of a daemon now dead is answered to us: the process is a stray. */
static void
test_E09_late_spawn_is_a_stray(void **state)
{
	struct opsrig *r = *state;
	struct seqpkt_fds fds;
	unsigned before;
	int slave;

	opsrig_connect(r);
	opsrig_pty(&fds, &slave);
	/* Before HELLO it will stand in INVENTORY. */
	opsrig_spawned(r, 99, GENERATION + 1, &fds, 0, 0);
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 3);
	assert_true(helper_ready(r->helper));
	assert_int_equal(r->strays, 0);
	before = opsrig_fds();
	opsrig_spawned(r, 99, GENERATION + 2, &fds, 0, 0);
	opsrig_turns(r, 3);
	assert_int_equal(r->strays, 1);
	assert_int_equal(r->stray, GENERATION + 2);
	assert_int_equal(opsrig_fds(), before);
	assert_int_equal(r->gone, 0);
	seqpkt_fds_close(&fds);
	close(slave);
}

/* Abuse E10: one failure each, and nothing is said again to the next one. */
static void
test_E10_death_fails_each_once(void **state)
{
	struct opsrig *r = *state;
	struct outcome o[PRIV_OUTSTANDING + 10];
	struct opsrig_packet p;
	uint32_t old;

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	opsrig_get(r, &p);
	old = p.h.id;
	opsrig_die(r);
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].err, RDV_E_UNAVAILABLE);
	}
	assert_int_equal(r->lost, 1);
	opsrig_up(r, GENERATION + (UINT64_C(1) << 40));
	assert_true(opsrig_silent(r));
	assert_int_equal(r->ready, 2);
	assert_int_equal(r->gone, 0);
	/* An answer with the old id means nothing to the new connection. */
	opsrig_plain(r, old, PRIV_SIGNAL, PRIV_DONE);
	opsrig_turns(r, 3);
	assert_int_equal(o[0].calls, 1);
}

static void
test_E10_killed_in_a_loop(void **state)
{
	struct opsrig *r = *state;
	unsigned before = 0;

	for (unsigned i = 1; i <= 50; i++) {
		struct outcome o = { 0 };

		opsrig_up(r, GENERATION + i);
		helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
		opsrig_die(r);
		opsrig_until(r, outcome_is_there, &o);
		assert_int_equal(o.calls, 1);
		assert_int_equal(r->lost, i);
		if (i == 1)
			before = opsrig_fds();
	}
	assert_int_equal(opsrig_fds(), before);
}

static void
send_raw(struct opsrig *r, const void *p, size_t len)
{
	assert_int_equal(send(r->ops, p, len, MSG_NOSIGNAL), len);
}

static void
test_E02_malformed_packets(void **state)
{
	uint8_t packet[64];
	struct buf b;

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		struct priv_exit ev = { .handle = 1 };
		struct opsrig r;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		buf_init(&b, SEQPKT_MAX);
		if (kind == 4) /* only we ask questions */
			priv_put_exit(&b, 5, PRIV_REQUEST, &ev);
		else
			priv_put_exit(&b, 0, PRIV_NOTICE, &ev);
		memcpy(packet, b.data, b.len);
		packet[0] ^= kind == 0;		   /* magic */
		packet[4] ^= kind == 1 ? 0x40 : 0; /* version */
		if (kind == 3)
			packet[16] = 1; /* claims a descriptor */
		send_raw(&r, packet, kind == 2 ? b.len - 1 : b.len);
		buf_done(&b);
		opsrig_until(&r, opsrig_is_gone, &r);
		assert_int_equal(r.exits, 0);
		opsrig_stop(&r);
	}
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, opsrig_setup, opsrig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_E04_wrong_descriptors),
		T(test_E04_descriptors_with_a_refusal),
		T(test_E04_a_pipe_to_speak_by),
		cmocka_unit_test(test_E04_inventory_of_several),
		T(test_E09_answers_out_of_order),
		T(test_E09_answer_to_another_verb),
		T(test_E09_late_spawn_is_a_stray),
		T(test_E10_death_fails_each_once),
		T(test_E10_killed_in_a_loop),
		cmocka_unit_test(test_E02_malformed_packets),
	};

	return CHECK_RUN("helper abuse", tests);
}
