/* SPDX-License-Identifier: MIT */
/*
 * [ops] between an rdvd that asks as often as it likes (abuse E01) and reapers
 * of other builds, which do not know the question or say more than it knows
 * (P05). The reaper is this test.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "lib/xalloc.h"
#include "priv-helper/follow.h"
#include "priv-helper/ops.h"
#include "tests/unit/check.h"

#define HANDLE 1

struct scene {
	struct ops *o;
	struct run *r;
	int rdvd, reaper;
};

static void
begin(struct scene *s)
{
	int pair[2];

	clock_shift(0, 0);
	s->o = xcalloc(1, sizeof(*s->o));
	runs_init(&s->o->runs);
	assert_int_equal(seqpkt_pair(pair), 0);
	s->o->main = s->o->signals = s->o->audit.sock = -1;
	s->o->daemon = pair[0];
	s->o->hello = true;
	s->rdvd = pair[1];
	s->r = run_adopt(&s->o->runs, HANDLE);
	s->r->state = RUN_RUNNING;
	assert_int_equal(seqpkt_pair(pair), 0);
	s->r->control = pair[0];
	s->reaper = pair[1];
}

static void
end(struct scene *s)
{
	run_free(&s->o->runs, s->r);
	(void)close(s->o->daemon);
	(void)close(s->rdvd);
	(void)close(s->reaper);
	free(s->o);
	clock_shift(0, 0);
}

static enum priv_result
ask(struct scene *s)
{
	union ops_request m = { .ports = { .handle = HANDLE } };
	struct priv_plain_answer a;
	struct priv_header h;
	char text[SEQPKT_MAX];
	struct buf b;
	long n;

	op_ports(s->o, 1, &m);
	n = seqpkt_recv(s->rdvd, text, sizeof(text), NULL);
	assert_true(n > 0);
	buf_init(&b, SEQPKT_MAX);
	buf_put(&b, text, (size_t)n);
	assert_true(priv_get_header(&b, &h) && h.op == PRIV_PORTS);
	assert_true(priv_get_plain_answer(&b, &a));
	buf_done(&b);
	assert_true((a.result == PRIV_DONE) == (a.why[0] == '\0'));
	return (enum priv_result)a.result;
}

/* How many questions have reached the reaper. */
static unsigned
asked(const struct scene *s)
{
	struct reaper_order o;
	unsigned n = 0;

	while (seqpkt_recv(s->reaper, &o, sizeof(o), NULL) > 0) {
		assert_int_equal(o.verb, REAPER_PORTS);
		n++;
	}
	return n;
}

static void
answer(struct scene *s)
{
	struct reaper_ports p;

	memset(&p, 0, sizeof(p));
	p.news = REAPER_LISTENS;
	assert_int_equal(seqpkt_send(s->reaper, &p, sizeof(p), NULL), 0);
	follow_reaper(s->o, s->r);
}

/* True when rdvd was told. */
static bool
was_told(struct scene *s)
{
	char text[SEQPKT_MAX];

	follow_step(s->o, false);
	return seqpkt_recv(s->rdvd, text, sizeof(text), NULL) > 0;
}

static void
abuse_E01_no_sooner(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask(&s), PRIV_DONE);
	assert_int_equal(asked(&s), 1);
	answer(&s);
	assert_true(was_told(&s));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask(&s), PRIV_BUSY);
	assert_int_equal(asked(&s), 0);
	clock_shift(100, 0);
	assert_int_equal(ask(&s), PRIV_DONE);
	assert_int_equal(asked(&s), 1);
	end(&s);
}

/* It ignores the question, so it is asked once and nobody claims to know. */
static void
abuse_P05_of_an_older_build(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	assert_int_equal(ask(&s), PRIV_DONE);
	clock_shift(5000, 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask(&s), PRIV_UNSUPPORTED);
	assert_int_equal(asked(&s), 1);
	assert_false(was_told(&s));
	/* Control: one that was only held up. */
	answer(&s);
	assert_true(was_told(&s));
	assert_int_equal(ask(&s), PRIV_DONE);
	end(&s);
}

static void
say(struct scene *s, uint32_t news, size_t more)
{
	struct {
		struct reaper_report report;
		char more[4096];
	} m;

	memset(&m, 0, sizeof(m));
	m.report.news = news;
	assert_int_equal(seqpkt_send(s->reaper, &m, sizeof(m.report) + more,
			     NULL),
	    0);
	follow_reaper(s->o, s->r);
}

static void
abuse_P05_of_a_newer_build(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	/* Not asked for: it may be the answer to an [ops] before. */
	answer(&s);
	assert_false(was_told(&s));
	say(&s, REAPER_LISTENS + 1, 0);
	say(&s, UINT32_MAX, 0);
	say(&s, REAPER_ENDED, 8);
	say(&s, REAPER_ENDED, 4096);
	assert_false(s.r->over || s.r->lost);
	assert_true(s.r->control >= 0);
	assert_int_equal(ask(&s), PRIV_DONE);
	/* Control: what it does know. */
	s.r->exec = true;
	say(&s, REAPER_ENDED, 0);
	assert_true(s.r->over);
	end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_no_sooner),
		cmocka_unit_test(abuse_P05_of_an_older_build),
		cmocka_unit_test(abuse_P05_of_a_newer_build),
	};

	return CHECK_RUN("ports", tests);
}
