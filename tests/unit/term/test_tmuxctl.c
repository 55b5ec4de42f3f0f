/* SPDX-License-Identifier: MIT */
/* The reader of control mode, and words that tmux reads as they are. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/term/tmuxctl.h"
#include "lib/err.h"
#include "lib/xalloc.h"

struct heard {
	struct tmuxctl ctl;
	struct buf said; /* "+1 text|" for each reply */
};

static void
reply_cb(bool ok, bool asked, const char *text, size_t len, void *arg)
{
	struct heard *h = arg;

	buf_printf(&h->said, "%c%d ", ok ? '+' : '-', asked);
	buf_put(&h->said, text, len);
	buf_put_text(&h->said, "|");
}

static struct heard *
heard_new(void)
{
	struct heard *h = xcalloc(1, sizeof(*h));

	tmuxctl_init(&h->ctl);
	buf_init(&h->said, 4u << 20);
	return h;
}

static void
heard_free(struct heard *h)
{
	tmuxctl_done(&h->ctl);
	buf_done(&h->said);
	free(h);
}

static int
hear(struct heard *h, const char *text)
{
	return tmuxctl_feed(&h->ctl, text, strlen(text), reply_cb, h);
}

static void
test_replies(void **state)
{
	struct heard *h = heard_new();

	(void)state;
	assert_int_equal(hear(h, "%begin 10 1 0\n%end 10 1 0\n%window-add @0\n"
				 "%session-changed $0 rdv-control\n%begin 11 "),
	    0);
	assert_string_equal(buf_cstr(&h->said), "+0 |");
	assert_int_equal(hear(h,
			     "2 1\na b\n\nc\n%end 11 2 1\n%begin 11 3 1\nno "
			     "such\n%error 11 3 1\n%exit\n"),
	    0);
	assert_string_equal(buf_cstr(&h->said),
	    "+0 |+1 a b\n\nc\n|-1 no such\n|");
	heard_free(h);
}

/* Lines of a reply that look like its end, but for one number. */
static void
test_guards(void **state)
{
	struct heard *h = heard_new();

	(void)state;
	assert_int_equal(hear(h, "%begin 10 7 1\n%end 10 8 1\n%end 11 7 1\n"
				 "%error 10 7 0\n%end 10 7\n%end 10 7 1 \n"
				 "%end 010 7 x\n%begin 10 8 1\n%exit\n"),
	    0);
	assert_string_equal(buf_cstr(&h->said), "");
	assert_int_equal(hear(h, "%end 10 7 1\n"), 0);
	assert_string_equal(buf_cstr(&h->said),
	    "+1 %end 10 8 1\n%end 11 7 1\n%error 10 7 0\n%end 10 7\n"
	    "%end 10 7 1 \n%end 010 7 x\n%begin 10 8 1\n%exit\n|");
	heard_free(h);
}

static void
test_malformed(void **state)
{
	static const char *const bad[] = { "text\n", "\n", "%\n", "%%x y\n",
		"% x\n", "%Exit\n", "%begin 1 2\n", "%begin 1 2 3 4\n",
		"%begin 1  2 3\n", "%begin -1 2 3\n", "%begin a 2 3\n",
		"%begin 99999999999999999999 2 3\n", "%end 1 2 3\n",
		"%error 1 2 3\n", "\033P1000p%begin 1 2 3\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct heard *h = heard_new();

		assert_int_equal(hear(h, bad[i]), RDV_E_MALFORMED);
		/* And never again, whatever comes. */
		assert_int_equal(hear(h, "%begin 1 2 1\n%end 1 2 1\n"),
		    RDV_E_MALFORMED);
		assert_string_equal(buf_cstr(&h->said), "");
		heard_free(h);
	}
}

static void
test_nul(void **state)
{
	struct heard *h = heard_new();

	(void)state;
	assert_int_equal(tmuxctl_feed(&h->ctl, "%exit\0x\n", 8, reply_cb, h),
	    RDV_E_MALFORMED);
	heard_free(h);
}

/* Bounded: a line, whether it ends or not, and the lines of a reply. */
static void
test_bounds(void **state)
{
	struct heard *h = heard_new();
	char *line = xcalloc(1, TMUXCTL_LINE_MAX + 2);
	int err = 0, n = 0;

	(void)state;
	memset(line, 'x', TMUXCTL_LINE_MAX + 1);
	assert_int_equal(hear(h, "%begin 1 2 1\n"), 0);
	assert_int_equal(hear(h, line), RDV_E_TOO_BIG);
	heard_free(h);
	h = heard_new();
	line[TMUXCTL_LINE_MAX - 1] = '\n';
	line[TMUXCTL_LINE_MAX] = '\0';
	assert_int_equal(hear(h, "%begin 1 2 1\n"), 0);
	for (; err == 0; n++)
		err = hear(h, line);
	assert_int_equal(err, RDV_E_TOO_BIG);
	assert_int_equal(n, TMUXCTL_REPLY_MAX / TMUXCTL_LINE_MAX + 1);
	free(line);
	heard_free(h);
}

static void
test_words(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	tmuxctl_word(&b, "plain-1_./:=@+,");
	tmuxctl_word(&b, "");
	tmuxctl_word(&b, "a b\n;'\"\\$#~{\xc3\xa4");
	assert_string_equal(buf_cstr(&b),
	    " \"plain-1_./:=@+,\" \"\" \"a\\040b\\012\\073\\047\\042\\134\\044"
	    "\\043\\176\\173\\303\\244\"");
	buf_reset(&b);
	assert_true(tmuxctl_format(&b, "/a#{x}#(y)"));
	assert_string_equal(buf_cstr(&b),
	    " \"/a\\043\\043\\173x\\175\\043\\043\\050y\\051\"");
	buf_reset(&b);
	assert_false(tmuxctl_format(&b, "/a#[x"));
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_words),
	};

	return CHECK_RUN("tmuxctl", tests);
}
