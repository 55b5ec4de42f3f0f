/* SPDX-License-Identifier: MIT */
/*
 * An answer to INVENTORY that tells of several runs (abuse E02): each entry is
 * the body of an answer that tells of that one, whose bytes are golden.
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "tests/unit/lib/priv_echo.h"

static void
fill(struct priv_inventory_answer *m, uint64_t handle)
{
	memset(m, 0, sizeof(*m));
	m->result = PRIV_DONE;
	m->handle = handle;
	str_copy(m->label, "run", sizeof(m->label));
	str_copy(m->profile, "login", sizeof(m->profile));
	m->state = PRIV_EXITED;
	m->uid = m->pid = 1000;
	m->started_ms = 2;
	str_copy(m->hold.granted, "[default] profiles",
	    sizeof(m->hold.granted));
}

#define ENTRIES 3

/* Two runs and the end of the list; where each of them ends. */
static void
make(struct buf *b, size_t ends[ENTRIES])
{
	struct priv_inventory_answer m;

	buf_init(b, SEQPKT_MAX);
	fill(&m, 77);
	priv_put_inventory_answer(b, 6, 3, &m);
	ends[0] = b->len;
	fill(&m, 78);
	assert_true(priv_add_inventory_answer(b, 6, &m));
	ends[1] = b->len;
	memset(&m, 0, sizeof(m));
	m.result = PRIV_NO_SUCH;
	assert_true(priv_add_inventory_answer(b, 6, &m));
	ends[2] = b->len;
	assert_true(buf_ok(b));
}

static void
one_behind_the_other(void **state)
{
	struct priv_inventory_answer m;
	size_t ends[ENTRIES], from = PRIV_HEADER, i;
	struct priv_header h;
	struct buf b, one;

	(void)state;
	make(&b, ends);
	for (i = 0; i < 2; i++) {
		buf_init(&one, SEQPKT_MAX);
		fill(&m, 77 + i);
		priv_put_inventory_answer(&one, 6, 3, &m);
		assert_int_equal(ends[i] - from, one.len - PRIV_HEADER);
		assert_memory_equal(b.data + from, one.data + PRIV_HEADER,
		    one.len - PRIV_HEADER);
		from = ends[i];
		buf_done(&one);
	}
	assert_true(priv_get_header(&b, &h));
	assert_int_equal(h.nfds, 6);
	assert_int_equal(h.len, ends[2] - PRIV_HEADER);
	for (i = 0; i < ENTRIES; i++) {
		assert_true(buf_left(&b) > 0);
		assert_true(priv_get_inventory_answer(&b, &m));
		assert_int_equal(m.result, i < 2 ? PRIV_DONE : PRIV_NO_SUCH);
		assert_int_equal(m.handle, i < 2 ? 77 + i : 0);
	}
	assert_true(buf_end(&b));
	buf_done(&b);
}

static bool
accepts(const uint8_t *p, size_t len)
{
	struct buf out;
	bool good;

	buf_init(&out, SEQPKT_MAX);
	good = priv_echo(p, len, &out);
	if (good) {
		assert_int_equal(out.len, len);
		assert_memory_equal(out.data, p, len);
	}
	buf_done(&out);
	return good;
}

/* With a length that fits, an answer ends where an entry does. */
static void
abuse_E02_every_truncation(void **state)
{
	size_t ends[ENTRIES], n, i;
	uint8_t *cut;
	struct buf b;
	bool whole;

	(void)state;
	make(&b, ends);
	for (n = PRIV_HEADER; n <= b.len + 1; n++) {
		cut = xcalloc(1, n);
		memcpy(cut, b.data, n < b.len ? n : b.len);
		for (whole = false, i = 0; i < ENTRIES; i++)
			whole = whole || n == ends[i];
		assert_int_equal(accepts(cut, n), n == b.len);
		for (i = 0; i < 4; i++)
			cut[12 + i] = (uint8_t)((n - PRIV_HEADER) >> 8 * i);
		assert_int_equal(accepts(cut, n), whole);
		free(cut);
	}
	buf_done(&b);
}

/* What does not fit leaves the packet whole, with what it had. */
static void
until_it_is_full(void **state)
{
	struct priv_inventory_answer m;
	struct priv_header h;
	struct buf b;
	unsigned n, i;

	(void)state;
	fill(&m, 1);
	memset(m.hold.admitted, 'a', PRIV_RULE_MAX);
	memset(m.hold.granted, 'g', PRIV_RULE_MAX);
	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, 6, 1, &m);
	for (n = 1;; n++) {
		m.handle = n + 1;
		if (!priv_add_inventory_answer(&b, (uint8_t)(n + 1), &m))
			break;
	}
	assert_true(n > 10);
	assert_true(buf_ok(&b));
	assert_true(priv_get_header(&b, &h));
	assert_int_equal(h.nfds, n);
	for (i = 0; i < n; i++) {
		assert_true(priv_get_inventory_answer(&b, &m));
		assert_int_equal(m.handle, i + 1);
	}
	assert_true(buf_end(&b));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_behind_the_other),
		cmocka_unit_test(abuse_E02_every_truncation),
		cmocka_unit_test(until_it_is_full),
	};

	return CHECK_RUN("inventory answers", tests);
}
