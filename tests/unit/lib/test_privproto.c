/* SPDX-License-Identifier: MIT */
/*
 * The helper protocol on the wire: golden bytes for every message, and no
 * packet that differs from what an encoder makes is ever accepted.
 * `test_privproto --print` writes a new privproto.golden.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "tests/unit/lib/priv_echo.h"

#define GOLDEN "tests/unit/lib/privproto.golden"

/* What struct padding and the tails of arrays hold in the samples. */
static int garbage;

static void
put_hello(struct buf *b)
{
	struct priv_hello m;

	memset(&m, garbage, sizeof(m));
	str_copy(m.build, "0.1.0-0123456789abcdef", sizeof(m.build));
	m.pid = 4711;
	m.uid = 1000;
	m.features = PRIV_F_SECCOMP | PRIV_F_LANDLOCK;
	m.landlock_abi = 7;
	m.generation = 0x1122334455667788;
	priv_put_hello(b, 1, PRIV_REQUEST, &m);
}

static void
put_hello_answer(struct buf *b)
{
	struct priv_hello m;

	memset(&m, garbage, sizeof(m));
	m.build[0] = '\0';
	m.pid = m.uid = m.features = m.landlock_abi = 0;
	m.generation = UINT64_MAX;
	priv_put_hello(b, UINT32_MAX, PRIV_ANSWER, &m);
}

static void
put_login(struct buf *b)
{
	struct priv_login m;

	memset(&m, garbage, sizeof(m));
	m.kind = PRIV_LOGIN_TOKEN;
	m.uid = 1001;
	str_copy(m.secret, "rdv_abc", sizeof(m.secret));
	priv_put_login(b, 2, &m);
}

static void
put_login_answer(struct buf *b)
{
	struct priv_login_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_DONE;
	m.why[0] = '\0';
	memset(m.grant, 0xa5, sizeof(m.grant));
	m.uid = 1001;
	m.ttl_ms = 3600000;
	str_copy(m.home, "/home/ann", sizeof(m.home));
	str_copy(m.shell, "/bin/bash", sizeof(m.shell));
	str_copy(m.user, "ann", sizeof(m.user));
	priv_put_login_answer(b, 2, &m);
}

static void
put_spawn(struct buf *b)
{
	static char sh[] = "/bin/sh", c[] = "-c", cmd[] = "echo hi",
		    none[] = "";
	static char lang[] = "LANG=C.UTF-8", cwd[] = "/home/ann/src";
	char *argv[] = { sh, c, cmd, none, NULL };
	char *envp[] = { lang, NULL };
	static char host[] = "registry.example:443";
	char *paths[] = { cwd, NULL }, *hosts[] = { host, NULL };
	struct priv_spawn m;

	memset(&m, garbage, sizeof(m));
	memset(m.grant, 0x5a, sizeof(m.grant));
	str_copy(m.profile, "script", sizeof(m.profile));
	str_copy(m.label, "01890a5d-ac96-774b-bcce-b302099a8057",
	    sizeof(m.label));
	m.io = PRIV_IO_PTY;
	m.cols = 80;
	m.rows = 24;
	m.net = PRIV_NET_NONE;
	m.output_bytes = 0x0102030405;
	str_copy(m.token, "rdv_abc", sizeof(m.token));
	m.cwd = cwd;
	m.argv = argv;
	m.envp = envp;
	m.paths = paths;
	m.argc = 4;
	m.hosts = hosts;
	m.envc = m.pathc = m.hostc = 1;
	priv_put_spawn(b, 3, &m);
}

static void
fill_hold(struct priv_hold *h)
{
	h->lacked = PRIV_G_MEMORY | PRIV_G_LL_ABSTRACT;
	h->net = PRIV_NET_FULL;
	h->landlock_abi = 7;
	for (unsigned i = 0; i < PRIV_LIMITS; i++) {
		h->limits[i].by = (uint8_t)(i % PRIV_BY_MAX);
		h->limits[i].max = i % PRIV_BY_MAX * 1000;
	}
	str_copy(h->admitted, "[access] users (F:1)", sizeof(h->admitted));
	str_copy(h->granted, "[default] profiles (F:9)", sizeof(h->granted));
	str_copy(h->listed, "[profile.x] network_hosts (F:12)",
	    sizeof(h->listed));
}

static void
put_spawn_answer(struct buf *b)
{
	struct priv_spawn_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_FAILED;
	str_copy(m.why, "no such directory", sizeof(m.why));
	str_copy(m.stage, "C12 chdir", sizeof(m.stage));
	m.err = 2;
	m.handle = 0;
	m.pid = 0;
	m.guards = 0;
	memset(&m.hold, 0, sizeof(m.hold));
	priv_put_spawn_answer(b, 3, 0, &m);
}

static void
put_spawn_answer_done(struct buf *b)
{
	struct priv_spawn_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_DONE;
	m.why[0] = m.stage[0] = '\0';
	m.err = -1;
	m.handle = 0x0102030405060708;
	m.pid = 99;
	m.guards = PRIV_G_NNP | PRIV_G_PDEATH;
	fill_hold(&m.hold);
	priv_put_spawn_answer(b, 3, 3, &m);
}

static void
put_signal(struct buf *b)
{
	struct priv_signal m;

	memset(&m, garbage, sizeof(m));
	m.handle = 77;
	m.all = 1;
	m.sig = 15;
	priv_put_signal(b, 4, &m);
}

static void
put_signal_answer(struct buf *b)
{
	struct priv_plain_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_NO_SUCH;
	str_copy(m.why, "no such handle", sizeof(m.why));
	priv_put_plain_answer(b, 4, PRIV_SIGNAL, &m);
}

static void
put_logout(struct buf *b)
{
	struct priv_logout m;

	memset(m.grant, 0x11, sizeof(m.grant));
	priv_put_logout(b, 5, &m);
}

static void
put_inventory(struct buf *b)
{
	struct priv_inventory m = { 76, 248 };

	priv_put_inventory(b, 6, &m);
}

static void
put_inventory_answer(struct buf *b)
{
	struct priv_inventory_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_DONE;
	m.handle = 77;
	str_copy(m.label, "run", sizeof(m.label));
	str_copy(m.profile, "login", sizeof(m.profile));
	m.io = PRIV_IO_PIPES;
	m.state = PRIV_EXITED;
	m.halt = PRIV_HALT_UNKNOWN;
	m.uid = 1000;
	m.pid = 4712;
	m.guards = PRIV_G_SECCOMP;
	m.status = 0x0f00;
	m.cut = 1;
	m.started_ms = 1763683200000;
	fill_hold(&m.hold);
	priv_put_inventory_answer(b, 6, 2, &m);
}

static void
put_exit_as(struct buf *b, uint32_t id, enum priv_kind kind)
{
	struct priv_exit m;

	memset(&m, garbage, sizeof(m));
	m.handle = 77;
	m.status = -1;
	m.user_us = 1000001;
	m.sys_us = 2;
	m.maxrss_kb = 4096;
	m.swept = 255;
	m.cut = 1;
	priv_put_exit(b, id, kind, &m);
}

static void
put_exit_notice(struct buf *b)
{
	put_exit_as(b, 0, PRIV_NOTICE);
}

static void
put_exit_request(struct buf *b)
{
	put_exit_as(b, 7, PRIV_REQUEST);
}

static void
put_login_service(struct buf *b)
{
	struct priv_login m;

	memset(&m, garbage, sizeof(m));
	m.kind = PRIV_LOGIN_SERVICE;
	m.uid = 1001;
	str_copy(m.secret, "rdvsvc_abc", sizeof(m.secret));
	priv_put_login(b, 8, &m);
}

static void
put_enroll(struct buf *b)
{
	struct priv_enroll m;

	memset(&m, garbage, sizeof(m));
	m.uid = 1001;
	memset(m.sha256, 0xc3, sizeof(m.sha256));
	m.expires_ms = 1763683200000;
	priv_put_enroll(b, 9, &m);
}

static void
put_enroll_answer(struct buf *b)
{
	struct priv_plain_answer m;

	memset(&m, garbage, sizeof(m));
	m.result = PRIV_DENIED;
	str_copy(m.why, "proof: no such file", sizeof(m.why));
	priv_put_plain_answer(b, 9, PRIV_ENROLL, &m);
}

static void
put_revoke(struct buf *b)
{
	struct priv_revoke m;

	memset(m.grant, 0x11, sizeof(m.grant));
	memset(m.sha256, 0xc3, sizeof(m.sha256));
	priv_put_revoke(b, 10, &m);
}

static void
put_halted(struct buf *b)
{
	struct priv_halted m;

	memset(&m, garbage, sizeof(m));
	m.handle = 78;
	m.halt = PRIV_HALTED;
	priv_put_halted(b, &m);
}

static void
put_ports(struct buf *b)
{
	static const uint8_t at[PRIV_PORT_LEN] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0xff, 127, 0, 0, 1, 0x14, 0x51 };
	struct priv_ports m;

	memset(&m, 0, sizeof(m));
	m.handle = 79;
	m.n = 1;
	memcpy(m.at[0], at, sizeof(at));
	priv_put_ports(b, 0, PRIV_NOTICE, &m);
}

static const struct sample {
	const char *name;
	void (*put)(struct buf *b);
} samples[] = {
	{ "hello", put_hello },
	{ "hello-answer", put_hello_answer },
	{ "login", put_login },
	{ "login-answer", put_login_answer },
	{ "spawn", put_spawn },
	{ "spawn-answer-failed", put_spawn_answer },
	{ "spawn-answer-done", put_spawn_answer_done },
	{ "signal", put_signal },
	{ "signal-answer", put_signal_answer },
	{ "logout", put_logout },
	{ "inventory", put_inventory },
	{ "inventory-answer", put_inventory_answer },
	{ "exit-notice", put_exit_notice },
	{ "exit-request", put_exit_request },
	{ "login-service", put_login_service },
	{ "enroll", put_enroll },
	{ "enroll-answer", put_enroll_answer },
	{ "revoke", put_revoke },
	{ "halted", put_halted },
	{ "ports", put_ports },
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
encode(const struct sample *s, struct buf *b)
{
	buf_init(b, SEQPKT_MAX);
	s->put(b);
	assert_true(buf_ok(b));
}

/* Accepted means: the same bytes come out. */
static bool
accepts(const uint8_t *p, size_t len)
{
	struct buf out;
	bool good;

	buf_init(&out, SEQPKT_MAX);
	good = priv_echo(p, len, &out);
	if (good) {
		assert_true(buf_ok(&out));
		assert_int_equal(out.len, len);
		assert_memory_equal(out.data, p, len);
	}
	buf_done(&out);
	return good;
}

static void
set_length(uint8_t *p, uint32_t len)
{
	size_t i;

	for (i = 0; i < 4; i++)
		p[12 + i] = (uint8_t)(len >> 8 * i);
}

static void
print_golden(FILE *out)
{
	struct buf b;
	size_t i, k;

	for (i = 0; i < SAMPLES; i++) {
		encode(&samples[i], &b);
		fprintf(out, "%s", samples[i].name);
		for (k = 0; k < b.len; k++)
			fprintf(out, "%s%02x", k % 32 == 0 ? "\n\t" : "",
			    b.data[k]);
		fprintf(out, "\n");
		buf_done(&b);
	}
}

static void
golden_bytes(void **state)
{
	char *got = NULL, *want;
	size_t size = 0, n;
	FILE *f;

	(void)state;
	f = open_memstream(&got, &size);
	print_golden(f);
	fclose(f);
	f = fopen(GOLDEN, "r");
	assert_non_null(f);
	want = xcalloc(1, size + 2);
	n = fread(want, 1, size + 1, f);
	fclose(f);
	assert_string_equal(want, got);
	assert_int_equal(n, size);
	free(want);
	free(got);
}

static void
decoding_gives_the_same_back(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		encode(&samples[i], &b);
		assert_true(accepts(b.data, b.len));
		buf_done(&b);
	}
}

static void
abuse_E03_no_padding_leaves(void **state)
{
	struct buf a, b;
	size_t i;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		garbage = 0xaa;
		encode(&samples[i], &a);
		garbage = 0x55;
		encode(&samples[i], &b);
		garbage = 0;
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		buf_done(&a);
		buf_done(&b);
	}
}

/*
 * Shorter and longer, both with the length as it was and with one that fits.
 * The copy has exactly the size, so that a sanitizer sees a read too far.
 */
static void
abuse_E02_every_truncation(void **state)
{
	uint8_t *cut;
	struct buf b;
	size_t i, n;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		encode(&samples[i], &b);
		for (n = 0; n <= b.len + 1; n++) {
			cut = xcalloc(1, n + 1);
			memcpy(cut, b.data, n < b.len ? n : b.len);
			cut = xreallocarray(cut, n > 0 ? n : 1, 1);
			assert_int_equal(accepts(cut, n), n == b.len);
			if (n >= PRIV_HEADER)
				set_length(cut, (uint32_t)(n - PRIV_HEADER));
			assert_int_equal(accepts(cut, n), n == b.len);
			free(cut);
		}
		buf_done(&b);
	}
}

static void
abuse_E02_every_mutation(void **state)
{
	static const uint8_t flips[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };
	size_t i, at, k, accepted = 0, refused = 0;
	struct buf b;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		encode(&samples[i], &b);
		for (at = 0; at < b.len; at++) {
			for (k = 0; k < sizeof(flips); k++) {
				b.data[at] ^= flips[k];
				if (accepts(b.data, b.len))
					accepted++;
				else
					refused++;
				b.data[at] ^= flips[k];
			}
		}
		buf_done(&b);
	}
	assert_true(accepted > 1000 && refused > 1000);
}

/* One lie in an otherwise good header. */
static void
header_that_lies(void **state)
{
	static const struct {
		size_t sample, at;
		uint8_t value;
	} lies[] = {
		{ 0, 0, 'X' }, { 0, 3, 'X' },		/* magic */
		{ 0, 4, 0 }, { 0, 4, 2 }, { 0, 5, 1 },	/* version */
		{ 0, 6, 0 }, { 0, 6, 10 }, { 0, 7, 1 }, /* op */
		{ 0, 15, 0xff },			/* length, huge */
		{ 0, 16, 1 },		      /* descriptors with a request */
		{ 1, 16, 1 },		      /* and with HELLO */
		{ 6, 16, 6 }, { 6, 16, 255 }, /* more than a spawn has */
		{ 0, 17, 2 }, { 0, 17, 3 }, { 0, 17, 255 }, /* kind */
		{ 12, 8, 1 }, /* a notice with an id */
	};
	struct priv_header h = { .op = 99 };
	struct buf b, in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		encode(&samples[lies[i].sample], &b);
		assert_true(accepts(b.data, b.len));
		b.data[lies[i].at] = lies[i].value;
		buf_wrap(&in, b.data, b.len);
		assert_false(priv_get_header(&in, &h));
		assert_false(buf_ok(&in));
		assert_int_equal(h.op, 99);
		buf_done(&b);
	}
}

static void
enums_are_bounded(void **state)
{
	/* Sample, offset of the field, number of values it has. */
	static const size_t rows[][3] = { { 2, 18, 3 }, { 3, 18, 6 },
		{ 4, 18 + 32 + 8 + 38, 3 }, { 5, 18, 6 }, { 7, 18 + 8, 2 },
		{ 8, 18, 6 }, { 11, 18, 6 }, { 11, 18 + 9 + 5 + 7, 3 },
		{ 11, 18 + 9 + 5 + 8, 2 }, { 6, 18 + 29, 4 }, { 6, 18 + 31, 5 },
		{ 6, 18 + 31 + 8 * 9, 5 } };
	struct buf b;
	size_t i;
	unsigned v;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		encode(&samples[rows[i][0]], &b);
		for (v = 0; v < 256; v++) {
			b.data[rows[i][1]] = (uint8_t)v;
			assert_int_equal(accepts(b.data, b.len),
			    v < rows[i][2]);
		}
		buf_done(&b);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(decoding_gives_the_same_back),
		cmocka_unit_test(abuse_E03_no_padding_leaves),
		cmocka_unit_test(abuse_E02_every_truncation),
		cmocka_unit_test(abuse_E02_every_mutation),
		cmocka_unit_test(header_that_lies),
		cmocka_unit_test(enums_are_bounded),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		print_golden(stdout);
		return 0;
	}
	return CHECK_RUN("privproto", tests);
}
