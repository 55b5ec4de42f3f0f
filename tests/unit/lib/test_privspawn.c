/* SPDX-License-Identifier: MIT */
/*
 * The bounds of a spawn, which carries the most foreign text of all messages:
 * kept by the encoder, so that nothing is sent that must be refused, and by the
 * decoder, which trusts nobody. And the names of ops and results.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "tests/unit/lib/priv_echo.h"

/* A spawn that is fine, for the cases below to spoil. */
static char text[PRIV_TEXT_MAX + 2];
static char *many[PRIV_ENV_MAX + 2];
static const struct priv_spawn plain = { .profile = "login",
	.cwd = text + PRIV_TEXT_MAX,
	.argv = many,
	.envp = many,
	.paths = many,
	.argc = 1 };

static bool
echoes(const struct buf *b)
{
	struct buf out;
	bool same;

	buf_init(&out, SEQPKT_MAX);
	same = priv_echo(b->data, b->len, &out) && out.len == b->len &&
	       memcmp(out.data, b->data, b->len) == 0;
	buf_done(&out);
	return same;
}

static bool
encodes(const struct priv_spawn *m)
{
	struct buf b;
	bool good;

	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn(&b, 1, m);
	good = buf_ok(&b);
	if (good)
		assert_true(echoes(&b));
	buf_done(&b);
	return good;
}

static void
what_must_be_refused_is_not_sent(void **state)
{
	struct priv_spawn m = plain;
	char *big[] = { text, NULL };
	size_t i;

	(void)state;
	for (i = 0; i < PRIV_ENV_MAX + 1; i++)
		many[i] = text + PRIV_TEXT_MAX;
	memset(text, 'x', PRIV_TEXT_MAX);
	text[PRIV_TEXT_MAX] = '/';
	assert_true(encodes(&m));
	m.argc = 0;
	assert_false(encodes(&m));
	m.argc = PRIV_ARGV_MAX;
	m.envc = PRIV_ENV_MAX;
	m.pathc = PRIV_PATHS_MAX;
	assert_true(encodes(&m));
	m.envc++;
	assert_false(encodes(&m));
	m.envc--;
	m.pathc++;
	assert_false(encodes(&m));
	m = plain;
	m.io = PRIV_IO_TALK + 1;
	assert_false(encodes(&m));
	m = plain;
	memset(m.profile, 'p', sizeof(m.profile));
	assert_false(encodes(&m));
	m = plain;
	m.cwd = text + PRIV_TEXT_MAX - PRIV_PATH_MAX;
	assert_false(encodes(&m));
	m.cwd++;
	assert_true(encodes(&m));
	m = plain;
	m.cwd = NULL;
	assert_false(encodes(&m));
	/* All text together: one byte of cwd, the rest in one argument. */
	m = plain;
	m.argv = big;
	assert_false(encodes(&m));
	text[PRIV_TEXT_MAX - 1] = '\0';
	assert_true(encodes(&m));
}

/* The same bound on the side that must not trust: a body made by hand. */
static void
text_in_all_is_bounded_by_the_decoder(void **state)
{
	struct priv_spawn m;
	uint8_t grant[PRIV_GRANT_LEN] = { 0 };
	struct buf b;
	size_t n;

	(void)state;
	memset(text, 'x', PRIV_TEXT_MAX + 1);
	for (n = PRIV_TEXT_MAX - 1; n <= PRIV_TEXT_MAX; n++) {
		text[n] = '\0';
		buf_init(&b, SEQPKT_MAX);
		buf_put(&b, grant, sizeof(grant));
		buf_put_str(&b, "login");
		buf_put_str(&b, "");
		buf_put_u8(&b, PRIV_IO_PTY);
		buf_put_u32(&b, 0);
		buf_put_u8(&b, PRIV_NET_PROFILE);
		buf_put_u64(&b, 0);
		buf_put_str(&b, "");
		buf_put_str(&b, "/");
		buf_put_u16(&b, 1);
		buf_put_str(&b, text);
		/* Neither environment nor paths, nor hosts. */
		buf_put_u32(&b, 0);
		buf_put_u16(&b, 0);
		assert_true(buf_ok(&b));
		memset(&m, 0xff, sizeof(m));
		assert_int_equal(priv_get_spawn(&b, &m), n < PRIV_TEXT_MAX);
		assert_int_equal(m.argc, n < PRIV_TEXT_MAX ? 1 : 0);
		priv_spawn_done(&m);
		assert_null(m.argv);
		buf_done(&b);
		text[n] = 'x';
	}
}

static void
names(void **state)
{
	uint8_t i;

	(void)state;
	assert_string_equal(priv_op_name(PRIV_SPAWN), "SPAWN");
	assert_string_equal(priv_op_name(0), "?");
	assert_string_equal(priv_op_name(PRIV_OP_MAX), "?");
	for (i = 1; i < PRIV_OP_MAX; i++)
		assert_string_not_equal(priv_op_name(i), "?");
	assert_string_equal(priv_result_name(PRIV_DENIED), "denied");
	assert_string_equal(priv_result_name(PRIV_RESULT_MAX), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_be_refused_is_not_sent),
		cmocka_unit_test(text_in_all_is_bounded_by_the_decoder),
		cmocka_unit_test(names),
	};

	return CHECK_RUN("privspawn", tests);
}
