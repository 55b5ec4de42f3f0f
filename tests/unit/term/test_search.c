/* SPDX-License-Identifier: MIT */
/* Looking for a text in a log from its end, against looking at every line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/term/search.h"
#include "daemon/term/strip.h"
#include "lib/err.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define USER  "01900000-0000-7000-8000-000000000001"
#define OTHER "01900000-0000-7000-8000-000000000002"

struct got {
	struct buf text; /* "offset:line" and what is around it, line by line */
	unsigned hits;
	bool done;
	int err;
	uint64_t next;
};

static void
hit_cb(const struct search_hit *h, void *arg)
{
	struct got *g = arg;

	buf_printf(&g->text, "%llu:%s\n", (unsigned long long)h->offset,
	    h->text);
	if (h->before[0] != '\0' || h->after[0] != '\0')
		buf_printf(&g->text, "<%s|%s>\n", h->before, h->after);
	g->hits++;
}

static void
done_cb(int err, uint64_t next, void *arg)
{
	struct got *g = arg;

	g->done = true;
	g->err = err;
	g->next = next;
}

static bool
is_done(void *arg)
{
	return ((struct got *)arg)->done;
}

/* A log of any text: as notes, which need no program. */
static struct term *
log_new(struct termrig *g, const char *text)
{
	char run[UUID_TEXT];
	struct term *t;

	uuid_v7(run);
	assert_int_equal(term_new(g->terms, run, false, &t), 0);
	term_note(t, text);
	return t;
}

static void
ask(struct termrig *rig, struct term *t, const struct search_conf *conf,
    struct got *g)
{
	struct search_conf c = *conf;
	struct search *s;

	*g = (struct got){ .err = -1 };
	buf_init(&g->text, 8u << 20);
	c.user_id = USER;
	if (c.before == 0)
		c.before = UINT64_MAX;
	if (c.limit == 0)
		c.limit = 1000;
	assert_int_equal(search_new(t, &c, hit_cb, done_cb, g, &s), 0);
	assert_false(g->done);
	termrig_until(rig, is_done, g);
	assert_int_equal(g->err, 0);
}

static const struct {
	const char *log, *text;
	bool ignore_case;
	unsigned context;
	const char *want;
} rows[] = {
	{ "one\ntwo\none\n", "one", false, 0, "8:one\n0:one\n" },
	{ "one\r\ntwo\r\n", "o", false, 0, "5:two\n0:one\n" },
	{ "no end", "end", false, 0, "0:no end\n" },
	{ "x\n\n\nx\n\n", "x", false, 0, "4:x\n0:x\n" },
	{ "one\n", "two", false, 0, "" },
	{ "", "two", false, 0, "" },
	{ "One\nONE\none\n", "one", false, 0, "8:one\n" },
	{ "One\nONE\none\n", "oNe", true, 0, "8:one\n4:ONE\n0:One\n" },
	{ "\xc3\x89t\xc3\xa9\n", "T\xc3\xa9", true, 0,
	    "0:\xc3\x89t\xc3\xa9\n" },
	/* As it is shown, not as it came. */
	{ "\x1b[1me\x1b[31mr\x1b[mror\n", "error", false, 0, "0:error\n" },
	{ "\x1b[31mred\x1b[m\n", "[31m", false, 0, "" },
	{ "10%\r99%\nab\bc\n", "10", false, 0, "" },
	{ "10%\r99%\nab\bc\n", "99%", false, 0, "0:99%\n" },
	{ "10%\r99%\nab\bc\n", "ac", false, 0, "8:ac\n" },
	{ "\x1b]0;title\x07x\n\x1b]2;open\nx title\n", "title", false, 0,
	    "21:x title\n" },
	{ "a\x07"
	  "bc\n",
	    "abc", false, 0, "0:abc\n" },
	{ "a\nb\nc\nhit\nd\ne\nf\n", "hit", false, 2,
	    "6:hit\n<b\nc\n|d\ne\n>\n" },
	{ "a\nhit\n", "hit", false, 2, "2:hit\n<a\n|>\n" },
	{ "hit\n\x1b[1mb\x1b[m", "hit", false, 20, "0:hit\n<|b>\n" },
	{ "hit\nhit\n", "hit", false, 1, "4:hit\n<hit\n|>\n0:hit\n<|hit\n>\n" },
};

static void
test_table(void **state)
{
	struct termrig rig;
	struct got g;

	(void)state;
	termrig_start(&rig, 1024, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct term *t = log_new(&rig, rows[i].log);

		ask(&rig, t,
		    &(struct search_conf){ .text = rows[i].text,
			.ignore_case = rows[i].ignore_case,
			.context = rows[i].context },
		    &g);
		if (strcmp(buf_cstr(&g.text), rows[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, buf_cstr(&g.text));
		assert_int_equal(g.next, 0);
		buf_done(&g.text);
		term_unref(t);
	}
	termrig_stop(&rig);
}

/* Lines of all lengths, some of them coloured, some with the text. */
static char *
make_log(size_t size, unsigned seed)
{
	static const char *const marks[7] = { "nee\x1b[1mdle", "needle" };
	unsigned r = seed;
	struct buf b;
	char *log;

	buf_init(&b, 2 * size);
	while (b.len < size) {
		size_t len;

		r = r * 1103515245 + 12345;
		len = (r >> 16) % ((r >> 8) % 50 == 0 ? 9000 : 90);
		while (len-- > 0)
			buf_put_u8(&b, (uint8_t)('a' + r % 20));
		if (marks[(r >> 20) % 7] != NULL)
			buf_put_text(&b, marks[(r >> 20) % 7]);
		buf_put_text(&b, "\r\n");
	}
	log = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return log;
}

/* Newest first, by walking through all lines. */
static void
expect_by_walking(const char *log, struct buf *want, unsigned *hits)
{
	const char *end = log + strlen(log), *start;
	struct buf line;

	*hits = 0;
	for (end -= end[-1] == '\n'; end >= log; end = start - 1) {
		struct strip *s;

		for (start = end; start > log && start[-1] != '\n';)
			start--;
		buf_init(&line, 1u << 20);
		s = strip_new(&line);
		strip_feed(s, (const uint8_t *)start, (size_t)(end - start));
		strip_end(s);
		if (strstr(buf_cstr(&line), "needle") != NULL) {
			buf_printf(want, "%zu:", (size_t)(start - log));
			(*hits)++;
		}
		buf_done(&line);
	}
}

/* Only where the hits are: their text has a bound of its own. */
static void
keep_offsets(struct buf *to, struct buf *from)
{
	char *at = (char *)(uintptr_t)buf_cstr(from), *line;

	while ((line = strsep(&at, "\n")) != NULL && *line != '\0')
		buf_printf(to, "%.*s:", (int)strcspn(line, ":"), line);
}

static void
test_against_walking(void **state)
{
	struct termrig rig;
	struct buf want, got;
	unsigned hits;
	struct got g;

	(void)state;
	termrig_start(&rig, 1024, 1000);
	for (unsigned seed = 1; seed <= 20; seed++) {
		char *log = make_log(100000, seed);
		struct term *t = log_new(&rig, log);
		uint64_t before = 0;
		unsigned pages = 0;

		buf_init(&want, 1u << 20);
		buf_init(&got, 1u << 20);
		expect_by_walking(log, &want, &hits);
		assert_true(hits > 20);
		do {
			ask(&rig, t,
			    &(struct search_conf){ .text = "needle",
				.limit = seed,
				.before = before },
			    &g);
			assert_true(g.hits <= seed);
			keep_offsets(&got, &g.text);
			before = g.next;
			pages++;
			buf_done(&g.text);
		} while (before != 0);
		assert_in_range(pages, hits / seed, hits / seed + 1);
		assert_string_equal(buf_cstr(&got), buf_cstr(&want));
		buf_done(&got);
		buf_done(&want);
		free(log);
		term_unref(t);
	}
	termrig_stop(&rig);
}

/* Longer than what is read at once: looked at in pieces, and none is missed. */
static void
test_long_lines(void **state)
{
	enum { LEN = 60000 };
	struct termrig rig;
	struct got g;
	char *log = xmalloc(LEN + 16);

	(void)state;
	termrig_start(&rig, 1024, 1000);
	for (size_t at = 0; at < LEN - 10; at += 997) {
		struct term *t;

		memset(log, 'x', LEN);
		memcpy(log + at, "needle", 6);
		memcpy(log + LEN, "\nend\n", 6);
		t = log_new(&rig, log);
		ask(&rig, t, &(struct search_conf){ .text = "needle" }, &g);
		assert_in_range(g.hits, 1, 2);
		assert_non_null(strstr(buf_cstr(&g.text), "needle"));
		assert_true(g.text.len < 3 * SEARCH_LINE);
		buf_done(&g.text);
		term_unref(t);
	}
	free(log);
	termrig_stop(&rig);
}

static void
test_bounds(void **state)
{
	struct search_conf conf = {
		.user_id = USER, .text = "x", .limit = 5, .before = UINT64_MAX
	};
	struct search *s[SEARCHES + 1];
	struct got g = { .err = 0 };
	char long_text[SEARCH_TEXT + 2];
	struct termrig rig;
	struct term *t;
	unsigned n;

	(void)state;
	termrig_start(&rig, 1024, 1000);
	t = log_new(&rig, "x\nx\n");
	buf_init(&g.text, 65536);
	for (n = 0; n < SEARCHES_OF_USER; n++)
		assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g,
				     &s[n]),
		    0);
	assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g, &s[n]),
	    RDV_E_FULL);
	/* Another user is not kept out by that, but by all together. */
	for (; n < SEARCHES; n++) {
		char user[UUID_TEXT];

		(void)snprintf(user, sizeof(user), "%.34s%02u", OTHER, n);
		conf.user_id = user;
		assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g,
				     &s[n]),
		    0);
	}
	conf.user_id = OTHER;
	assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g, &s[n]),
	    RDV_E_FULL);
	/* Who goes is called no more. */
	while (n > 0)
		search_free(s[--n]);
	termrig_turns(&rig, 5);
	assert_int_equal(g.hits, 0);
	assert_false(g.done);
	conf.text = "";
	assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g, &s[0]),
	    RDV_E_INVALID);
	memset(long_text, 'x', sizeof(long_text));
	long_text[SEARCH_TEXT + 1] = '\0';
	conf.text = long_text;
	assert_int_equal(search_new(t, &conf, hit_cb, done_cb, &g, &s[0]),
	    RDV_E_TOO_BIG);
	buf_done(&g.text);
	term_unref(t);
	termrig_stop(&rig);
}

/* Motions make a few bytes a long line: what is told of it has a bound. */
static void
test_J06_motions(void **state)
{
	struct termrig rig;
	struct buf log;
	struct term *t;
	struct got g;

	(void)state;
	termrig_start(&rig, 1024, 1000);
	buf_init(&log, 1u << 20);
	for (unsigned i = 0; i < 400; i++) {
		buf_put_text(&log, "needle");
		for (unsigned k = 0; k < 50; k++)
			buf_put_text(&log, "\x1b[4095Cxx");
		buf_put_text(&log, "\n");
	}
	t = log_new(&rig, buf_cstr(&log));
	ask(&rig, t, &(struct search_conf){ .text = "needle", .context = 20 },
	    &g);
	/* The answer was full before the log was at its beginning. */
	assert_true(g.next > 0 && g.hits > 3 && g.hits < 400);
	assert_true(g.text.len < SEARCH_ANSWER + (256u << 10));
	buf_done(&g.text);
	buf_done(&log);
	term_unref(t);
	termrig_stop(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_against_walking),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_J06_motions),
	};

	return CHECK_RUN("search", tests);
}
