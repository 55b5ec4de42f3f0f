/* SPDX-License-Identifier: MIT */
/*
 * Pushes, byte for byte as the RFCs have them: section 3.1 of RFC 8188 and
 * section 5 of RFC 8291, with their keys in place of random ones.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/core/pushcrypt.h"
#include "lib/buf.h"
#include "lib/str.h"

static const char point[] = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-"
			    "AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
static const char secret[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

static void
is(struct buf *b, const char *want)
{
	char text[1024];

	assert_true(buf_ok(b) && b->len < 512);
	str_base64url(text, b->data, b->len);
	assert_string_equal(text, want);
}

static void
rfc_8188_section_3_1(void **state)
{
	uint8_t ikm[16], salt[PUSH_SALT];
	const struct push_keying k = { ikm, "", sizeof(ikm), 0 };
	struct buf b;

	(void)state;
	assert_true(str_unbase64url(ikm, sizeof(ikm),
	    "yqdlZ-tYemfogSmv7Ws5PQ"));
	assert_true(str_unbase64url(salt, sizeof(salt),
	    "I1BsxtFttlv3u_Oo94xnmw"));
	buf_init(&b, 512);
	assert_true(push_record(&k, salt, "I am the walrus", 15, 0, &b));
	is(&b, "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1"
	       "PD-ly8Thjg");
	buf_done(&b);
}

static void
rfc_8291_section_5(void **state)
{
	struct push_reader to;
	struct push_key once;
	uint8_t salt[PUSH_SALT];
	char text[128];
	struct buf b;

	(void)state;
	assert_true(str_unbase64url(to.point, PUSH_POINT, point));
	assert_true(str_unbase64url(to.auth, PUSH_AUTH,
	    "BTBZMqHH6r4Tts7J_aSIgg"));
	assert_true(str_unbase64url(salt, PUSH_SALT, "DGv6ra1nlYgDCS1FRnbzlw"));
	assert_true(str_unbase64url(once.secret, PUSH_SECRET, secret));
	assert_true(push_key_open(&once));
	str_base64url(text, once.point, PUSH_POINT);
	assert_string_equal(text,
	    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
	    "TlzAC8wEqKK6PBru3jl7A8");
	buf_init(&b, 512);
	assert_true(push_seal(&to, &once, salt,
	    "When I grow up, I want to be a watermelon", 41, 0, &b));
	is(&b,
	    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlml"
	    "MoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4M"
	    "qgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
	/* What is to be short is as long as what is not. */
	buf_reset(&b);
	assert_true(push_seal(&to, &once, salt, "a", 1, 100, &b));
	assert_int_equal(b.len, 16 + 4 + 1 + 65 + 101 + 16);
	buf_done(&b);
}

static void
what_is_no_point(void **state)
{
	static const uint8_t zero[PUSH_POINT] = { 4 };
	uint8_t p[PUSH_POINT];

	(void)state;
	assert_true(str_unbase64url(p, sizeof(p), point));
	assert_true(push_point_ok(p));
	p[64] ^= 1;
	assert_false(push_point_ok(p));
	p[64] ^= 1;
	p[0] = 2;
	assert_false(push_point_ok(p));
	assert_false(push_point_ok(zero));
}

static void
what_is_no_secret(void **state)
{
	struct push_key k, other;

	(void)state;
	assert_true(push_key_new(&k) && push_key_new(&other));
	assert_memory_not_equal(k.secret, other.secret, PUSH_SECRET);
	assert_true(push_point_ok(k.point));
	memset(k.secret, 0, PUSH_SECRET);
	assert_false(push_key_open(&k));
	memset(k.secret, 0xff, PUSH_SECRET);
	assert_false(push_key_open(&k));
}

/* It fits, or it is none: nothing of it is cut. */
static void
what_is_too_long(void **state)
{
	static char text[PUSH_RECORD];
	const struct push_keying k = { "k", "", 1, 0 };
	uint8_t salt[PUSH_SALT] = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 2 * PUSH_RECORD);
	assert_true(push_record(&k, salt, text, PUSH_RECORD - 17, 0, &b));
	assert_int_equal(b.len, 21 + PUSH_RECORD);
	assert_false(push_record(&k, salt, text, PUSH_RECORD - 16, 0, &b));
	buf_done(&b);
	buf_init(&b, 64);
	assert_false(push_record(&k, salt, text, 64, 0, &b));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_8188_section_3_1),
		cmocka_unit_test(rfc_8291_section_5),
		cmocka_unit_test(what_is_no_point),
		cmocka_unit_test(what_is_no_secret),
		cmocka_unit_test(what_is_too_long),
	};

	return CHECK_RUN("pushcrypt", tests);
}
