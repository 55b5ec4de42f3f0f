/* SPDX-License-Identifier: MIT */
/* Names of keys, what they send, and what is no name. */
#include <string.h>

#include "daemon/term/key.h"
#include "lib/buf.h"
#include "tests/unit/check.h"

static const struct {
	const char *name, *sends, *application; /* NULL: the same */
} rows[] = {
	/* Those of the contract. */
	{ "Enter", "\r", NULL },
	{ "Return", "\r", NULL },
	{ "C-c", "\x03", NULL },
	{ "Ctrl-C", "\x03", NULL },
	{ "C-d", "\x04", NULL },
	{ "Ctrl-D", "\x04", NULL },
	{ "C-z", "\x1a", NULL },
	{ "C-l", "\x0c", NULL },
	{ "Tab", "\t", NULL },
	{ "Escape", "\x1b", NULL },
	{ "Esc", "\x1b", NULL },
	{ "Up", "\x1b[A", "\x1bOA" },
	{ "Down", "\x1b[B", "\x1bOB" },
	{ "Right", "\x1b[C", "\x1bOC" },
	{ "Left", "\x1b[D", "\x1bOD" },
	{ "Home", "\x1b[H", "\x1bOH" },
	{ "End", "\x1b[F", "\x1bOF" },
	{ "PageUp", "\x1b[5~", NULL },
	{ "PageDown", "\x1b[6~", NULL },
	{ "Backspace", "\x7f", NULL },
	{ "Space", " ", NULL },
	{ "a", "a", NULL },
	{ "-", "-", NULL },
	{ "\xc3\xa9", "\xc3\xa9", NULL },
	{ "\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82", NULL },
	/* And what else there is on a keyboard. */
	{ "enter", "\r", NULL },
	{ "BTab", "\x1b[Z", NULL },
	{ "S-Tab", "\x1b[Z", NULL },
	{ "Delete", "\x1b[3~", NULL },
	{ "Insert", "\x1b[2~", NULL },
	{ "F1", "\x1bOP", NULL },
	{ "F4", "\x1bOS", NULL },
	{ "F5", "\x1b[15~", NULL },
	{ "F12", "\x1b[24~", NULL },
	{ "C-a", "\x01", NULL },
	{ "C-Z", "\x1a", NULL },
	{ "C-[", "\x1b", NULL },
	{ "C-\\", "\x1c", NULL },
	{ "C-_", "\x1f", NULL },
	{ "C-/", "\x1f", NULL },
	{ "C-?", "\x7f", NULL },
	{ "C-8", "\x7f", NULL },
	{ "M-x", "\x1bx", NULL },
	{ "Alt-X", "\x1bX", NULL },
	{ "Meta--", "\x1b-", NULL },
	{ "M-Enter", "\x1b\r", NULL },
	{ "M-Backspace", "\x1b\x7f", NULL },
	{ "C-Backspace", "\b", NULL },
	{ "C-M-c", "\x1b\x03", NULL },
	{ "M-C-c", "\x1b\x03", NULL },
	{ "S-Up", "\x1b[1;2A", NULL },
	{ "M-Left", "\x1b[1;3D", NULL },
	{ "C-Right", "\x1b[1;5C", NULL },
	{ "C-S-End", "\x1b[1;6F", NULL },
	{ "S-F3", "\x1b[1;2R", NULL },
	{ "C-Delete", "\x1b[3;5~", NULL },
	{ "M-S-C-F5", "\x1b[15;8~", NULL },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const wrong[] = { "", "Entr", "C-", "C-Entr", "C-Enter",
	"S-a", "C-\xc3\xa9", "C-!", "ab", "Up Down", "x-a", "F13", "\xff",
	"\xc3", "S-Escape", "M-", "C-ab", "Enter ", "\xc3\xa9\xc3\xa9" };

static void
expect(const struct key *k, bool application, const char *want)
{
	struct buf b;

	buf_init(&b, KEY_BYTES);
	key_put(k, application, &b);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_names(void **state)
{
	struct key k;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		if (!key_find(rows[i].name, &k))
			fail_msg("no key %s", rows[i].name);
		expect(&k, false, rows[i].sends);
		expect(&k, true,
		    rows[i].application != NULL ? rows[i].application
						: rows[i].sends);
		assert_int_equal(key_has_modes(&k),
		    rows[i].application != NULL);
	}
}

/* Three ways to press what sends a NUL, which no string here can hold. */
static void
test_nul(void **state)
{
	static const char *const names[] = { "C-@", "C-Space", "C-2" };
	struct key k;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(key_find(names[i], &k));
		buf_init(&b, KEY_BYTES);
		key_put(&k, false, &b);
		assert_int_equal(b.len, 1);
		assert_int_equal(b.data[0], 0);
		buf_done(&b);
	}
}

static void
test_wrong_names(void **state)
{
	struct key k;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (key_find(wrong[i], &k))
			fail_msg("\"%s\" is a key", wrong[i]);
}

static void
test_close_names(void **state)
{
	static const struct {
		const char *name, *close;
	} close[] = {
		{ "Entr", "Enter" },
		{ "C-Entr", "Enter" },
		{ "retrun", "Return" },
		{ "Page", "PageUp, PageDown, PPage, NPage" },
		{ "Bakcspace", "Backspace" },
		{ "nothing like it at all", "" },
		{ "quux", "" },
		{ "", "" },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(close) / sizeof(close[0]); i++) {
		buf_init(&b, 1024);
		key_close_to(close[i].name, &b);
		assert_string_equal(buf_cstr(&b), close[i].close);
		buf_done(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_wrong_names),
		cmocka_unit_test(test_close_names),
	};

	return CHECK_RUN("key", tests);
}
