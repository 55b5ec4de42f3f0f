/* SPDX-License-Identifier: MIT */
/*
 * One record: the bytes a known key gives, every second way to write it
 * refused (abuse O04), and text of all kinds coming back as it went in.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "lib/auditline.h"
#include "lib/buf.h"
#include "lib/str.h"

/* RFC 8032 section 7.1, test 1. */
static const uint8_t seed[AUDIT_KEY] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd,
	0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
	0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae,
	0x7f, 0x60 };
static const char public_hex[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const uint8_t zeros[AUDIT_HASH];

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define MAC   "1111111111111111111111111111111111111111111111111111111111111111"
#define END   " prev=" ZEROS " mac=" MAC

static int
load(void **state)
{
	char why[256];

	(void)state;
	if (auditcrypt_load(why, sizeof(why)))
		return 0;
	print_message("%s\n", why);
	return 1;
}

static const char *
parse(struct auditline *l, const char *text)
{
	return auditline_parse(l, text, strlen(text));
}

/* Made once with openssl(1) and Python: pkeyutl -rawin, hmac. */
static void
golden(void **state)
{
	static const char want[] =
	    "seq=7 act=head prev=" ZEROS " sig="
	    "4739ce4ac45680b9e547286a3d249242ff2da31cc78fabc2ec4deb1880d3afd7"
	    "f6214053aae20db0b08917f253f1298306909a344800b6b47d1ac7dbc28e9404"
	    " mac="
	    "3f01f5a72aefeff0f5d1f67e732c069ccce9bf6cd47c97f2dd53dfa5804f2846";
	char hex[2 * AUDIT_KEY + 1];
	struct auditline l;
	uint8_t pub[AUDIT_KEY];
	struct buf b;

	(void)state;
	auditcrypt_public(seed, pub);
	str_hex(hex, pub, sizeof(pub));
	assert_string_equal(hex, public_hex);
	buf_init(&b, AUDITLINE_MAX);
	auditline_put_num(&b, "seq", 7);
	auditline_put_word(&b, "act", "head");
	auditline_put_hex(&b, "prev", zeros, sizeof(zeros));
	auditline_sign(&b, seed);
	auditline_end(&b, zeros);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_cstr(&b), want);
	assert_null(parse(&l, buf_cstr(&b)));
	assert_int_equal(l.seq, 7);
	assert_true(auditline_signed_by(&l, buf_cstr(&b), pub));
	assert_true(auditline_maced_by(&l, buf_cstr(&b), zeros));
	pub[0] ^= 1;
	assert_false(auditline_signed_by(&l, buf_cstr(&b), pub));
	assert_false(auditline_maced_by(&l, buf_cstr(&b), pub));
	buf_done(&b);
}

static void
abuse_O04_one_way_to_write_it(void **state)
{
	static const char *const good[] = { "seq=1 a=b" END,
		"seq=1 a=\"b c\"" END, "seq=1 a=\"\\n\\\\\\\"\\x01\"" END,
		"seq=18446744073709551615 a=\"\"" END };
	static const char *const bad[] = { "", "seq=1", "a=b seq=1" END,
		"seq=01 a=b" END, "seq=0 a=b" END, "seq=+1 a=b" END,
		"seq=1 a=b a=c" END, "seq=1 seq=2" END, "seq=1  a=b" END,
		"seq=1 a=" END, "seq=1 =b" END, "seq=1 A=b" END,
		"seq=1 a=b\tc" END, "seq=1 a=\"b" END, "seq=1 a=\"\\x41\"" END,
		"seq=1 a=\"\\x0A\"" END, "seq=1 a=\"\\x0a\"" END,
		"seq=1 a=\"\\q\"" END, "seq=1 a=\"\\x4\"" END,
		"seq=1 a=\"\x01\"" END, "seq=1 a=\"\xff\"" END,
		"seq=1 a=\"\xc2\x9b\"" END, "seq=1 a=b" END " ",
		"seq=1 a=b" END " a2=b", "seq=1 a=b mac=" MAC " prev=" ZEROS,
		"seq=1 act=head" END, "seq=18446744073709551616 a=b" END,
		"seq=1 a=b prev=" ZEROS " sig=00 mac=" MAC,
		"seq=1 a=b prev=" ZEROS " mac=1" };
	struct auditline l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(parse(&l, good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(&l, bad[i]) == NULL)
			print_message("accepted: %s\n", bad[i]);
		assert_non_null(parse(&l, bad[i]));
	}
}

/* All bytes but NUL, and what UTF-8 makes of some of them. */
static void
text_comes_back(void **state)
{
	struct buf b, back;
	struct auditline l;
	char text[300];
	size_t n = 0;
	int c;

	(void)state;
	for (c = 1; c < 256; c++)
		text[n++] = (char)c;
	snprintf(text + n, sizeof(text) - n, "\xc3\xbc\xe2\x82\xac\\n...");
	buf_init(&b, AUDITLINE_MAX);
	auditline_put_num(&b, "seq", 1);
	auditline_put_text(&b, "t", text);
	auditline_put_hex(&b, "prev", zeros, sizeof(zeros));
	auditline_end(&b, zeros);
	assert_null(parse(&l, buf_cstr(&b)));
	assert_null(memchr(b.data, '\n', b.len));
	buf_init(&back, AUDITLINE_MAX);
	auditline_value(auditline_find(&l, "t"), &back);
	assert_string_equal(buf_cstr(&back), text);
	assert_true(auditline_is(&l, "seq", "1"));
	assert_false(auditline_is(&l, "seq", "12"));
	assert_null(auditline_find(&l, "se"));
	buf_done(&back);
	buf_done(&b);
}

static void
too_much(void **state)
{
	static char text[AUDITLINE_MAX + 300];
	struct auditline l;
	struct buf b;
	char key[16];
	int i;

	(void)state;
	buf_init(&b, AUDITLINE_MAX);
	auditline_put_num(&b, "seq", 1);
	for (i = 0; i < AUDITLINE_FIELDS - 3; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		auditline_put_num(&b, key, i);
	}
	snprintf(text, sizeof(text), "%s%s", buf_cstr(&b), END);
	assert_null(parse(&l, text));
	snprintf(text, sizeof(text), "%s more=1%s", buf_cstr(&b), END);
	assert_string_equal(parse(&l, text), "too many fields");
	buf_done(&b);
	memset(text, 'a', AUDITLINE_MAX + 1);
	assert_non_null(auditline_parse(&l, text, AUDITLINE_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(abuse_O04_one_way_to_write_it),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests_name("auditline", tests, load, NULL);
}
