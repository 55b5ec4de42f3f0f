/* SPDX-License-Identifier: MIT */
/*
 * The messages between rdvd and rdv-helper as tables of fields, and the header
 * in front of them. This file is the one place that knows what a message looks
 * like; lib/wire walks the tables in both directions. A header that lies about
 * anything is refused before a body is looked at (abuse E02).
 */
#include "lib/privproto.h"

#include <stddef.h>
#include <string.h>

#include "lib/secret.h"
#include "lib/seqpkt.h"
#include "lib/wire.h"

/* Place of the body length in the header, known when the body is written. */
#define HEADER_LEN_AT 12
/* And of their number, which grows with it. */
#define HEADER_NFDS_AT 16

/* The order here is the order on the wire; a released one never changes. */
#define AT(s, member) offsetof(struct s, member)

static const struct wire_field hello_fields[] = {
	{ &wire_text, AT(priv_hello, build), PRIV_BUILD_MAX, 0 },
	{ &wire_u32, AT(priv_hello, pid), 0, 0 },
	{ &wire_u32, AT(priv_hello, uid), 0, 0 },
	{ &wire_u32, AT(priv_hello, features), 0, 0 },
	{ &wire_u32, AT(priv_hello, landlock_abi), 0, 0 },
	{ &wire_u64, AT(priv_hello, generation), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field login_fields[] = {
	{ &wire_u8, AT(priv_login, kind), PRIV_LOGIN_SERVICE, 0 },
	{ &wire_u32, AT(priv_login, uid), 0, 0 },
	{ &wire_text, AT(priv_login, secret), 128, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field login_answer_fields[] = {
	{ &wire_u8, AT(priv_login_answer, result), PRIV_RESULT_MAX - 1, 0 },
	{ &wire_text, AT(priv_login_answer, why), PRIV_WHY_MAX, 0 },
	{ &wire_bytes, AT(priv_login_answer, grant), PRIV_GRANT_LEN, 0 },
	{ &wire_u32, AT(priv_login_answer, uid), 0, 0 },
	{ &wire_u32, AT(priv_login_answer, ttl_ms), 0, 0 },
	{ &wire_text, AT(priv_login_answer, home), PRIV_PATH_MAX, 0 },
	{ &wire_text, AT(priv_login_answer, shell), PRIV_PATH_MAX, 0 },
	{ &wire_text, AT(priv_login_answer, user), 64, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field spawn_fields[] = {
	{ &wire_bytes, AT(priv_spawn, grant), PRIV_GRANT_LEN, 0 },
	{ &wire_text, AT(priv_spawn, profile), PRIV_PROFILE_MAX, 0 },
	{ &wire_text, AT(priv_spawn, label), PRIV_LABEL_MAX, 0 },
	{ &wire_u8, AT(priv_spawn, io), PRIV_IO_TALK, 0 },
	{ &wire_u16, AT(priv_spawn, cols), 0, 0 },
	{ &wire_u16, AT(priv_spawn, rows), 0, 0 },
	{ &wire_u8, AT(priv_spawn, net), PRIV_NET_FULL, 0 },
	{ &wire_u64, AT(priv_spawn, output_bytes), 0, 0 },
	{ &wire_text, AT(priv_spawn, token), PRIV_TOKEN_MAX, 0 },
	{ &wire_heap, AT(priv_spawn, cwd), PRIV_PATH_MAX, 0 },
	{ &wire_list, AT(priv_spawn, argv), PRIV_ARGV_MAX,
	    AT(priv_spawn, argc) },
	{ &wire_list, AT(priv_spawn, envp), PRIV_ENV_MAX,
	    AT(priv_spawn, envc) },
	{ &wire_list, AT(priv_spawn, paths), PRIV_PATHS_MAX,
	    AT(priv_spawn, pathc) },
	{ &wire_list, AT(priv_spawn, hosts), PRIV_HOSTS_MAX,
	    AT(priv_spawn, hostc) },
	{ NULL, 0, 0, 0 },
};

#define LIMIT(s, what)                                                 \
	{ &wire_u8, AT(s, hold.limits[what].by), PRIV_BY_MAX - 1, 0 }, \
	{                                                              \
		&wire_u64, AT(s, hold.limits[what].max), 0, 0          \
	}

#define HOLD(s)                                                                \
	{ &wire_u32, AT(s, hold.lacked), 0, 0 },                               \
	    { &wire_u8, AT(s, hold.net), PRIV_NET_FULL, 0 },                   \
	    { &wire_u8, AT(s, hold.landlock_abi), UINT8_MAX, 0 },              \
	    LIMIT(s, PRIV_LIMIT_PROCESSES), LIMIT(s, PRIV_LIMIT_MEMORY_BYTES), \
	    LIMIT(s, PRIV_LIMIT_ACCOUNT_PROCESSES),                            \
	    LIMIT(s, PRIV_LIMIT_ACCOUNT_MEMORY_BYTES),                         \
	    LIMIT(s, PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES),                         \
	    LIMIT(s, PRIV_LIMIT_OPEN_FILES), LIMIT(s, PRIV_LIMIT_DATA_BYTES),  \
	    LIMIT(s, PRIV_LIMIT_FILE_BYTES), LIMIT(s, PRIV_LIMIT_CORE_BYTES),  \
	    LIMIT(s, PRIV_LIMIT_CPU_WEIGHT),                                   \
	    LIMIT(s, PRIV_LIMIT_ACCOUNT_CPU_PERCENT),                          \
	    LIMIT(s, PRIV_LIMIT_RUN_SECONDS),                                  \
	    { &wire_text, AT(s, hold.admitted), PRIV_RULE_MAX, 0 },            \
	    { &wire_text, AT(s, hold.granted), PRIV_RULE_MAX, 0 },             \
	{                                                                      \
		&wire_text, AT(s, hold.listed), PRIV_RULE_MAX, 0               \
	}

static const struct wire_field spawn_answer_fields[] = {
	{ &wire_u8, AT(priv_spawn_answer, result), PRIV_RESULT_MAX - 1, 0 },
	{ &wire_text, AT(priv_spawn_answer, why), PRIV_WHY_MAX, 0 },
	{ &wire_text, AT(priv_spawn_answer, stage), 32, 0 },
	{ &wire_u32, AT(priv_spawn_answer, err), 0, 0 },
	{ &wire_u64, AT(priv_spawn_answer, handle), 0, 0 },
	{ &wire_u32, AT(priv_spawn_answer, pid), 0, 0 },
	{ &wire_u32, AT(priv_spawn_answer, guards), 0, 0 },
	HOLD(priv_spawn_answer),
	{ NULL, 0, 0, 0 },
};

static const struct wire_field signal_fields[] = {
	{ &wire_u64, AT(priv_signal, handle), 0, 0 },
	{ &wire_u8, AT(priv_signal, all), 1, 0 },
	{ &wire_u32, AT(priv_signal, sig), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field plain_answer_fields[] = {
	{ &wire_u8, AT(priv_plain_answer, result), PRIV_RESULT_MAX - 1, 0 },
	{ &wire_text, AT(priv_plain_answer, why), PRIV_WHY_MAX, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field logout_fields[] = {
	{ &wire_bytes, AT(priv_logout, grant), PRIV_GRANT_LEN, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field inventory_fields[] = {
	{ &wire_u64, AT(priv_inventory, after), 0, 0 },
	{ &wire_u8, AT(priv_inventory, most), SEQPKT_MANY_MAX, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field inventory_answer_fields[] = {
	{ &wire_u8, AT(priv_inventory_answer, result), PRIV_RESULT_MAX - 1, 0 },
	{ &wire_u64, AT(priv_inventory_answer, handle), 0, 0 },
	{ &wire_text, AT(priv_inventory_answer, label), PRIV_LABEL_MAX, 0 },
	{ &wire_text, AT(priv_inventory_answer, profile), PRIV_PROFILE_MAX, 0 },
	{ &wire_u8, AT(priv_inventory_answer, io), PRIV_IO_TALK, 0 },
	{ &wire_u8, AT(priv_inventory_answer, state), PRIV_EXITED, 0 },
	{ &wire_u8, AT(priv_inventory_answer, halt), PRIV_HALT_UNKNOWN, 0 },
	{ &wire_u32, AT(priv_inventory_answer, uid), 0, 0 },
	{ &wire_u32, AT(priv_inventory_answer, pid), 0, 0 },
	{ &wire_u32, AT(priv_inventory_answer, guards), 0, 0 },
	{ &wire_u32, AT(priv_inventory_answer, status), 0, 0 },
	{ &wire_u8, AT(priv_inventory_answer, cut), 1, 0 },
	{ &wire_u64, AT(priv_inventory_answer, started_ms), 0, 0 },
	HOLD(priv_inventory_answer),
	{ NULL, 0, 0, 0 },
};

static const struct wire_field exit_fields[] = {
	{ &wire_u64, AT(priv_exit, handle), 0, 0 },
	{ &wire_u32, AT(priv_exit, status), 0, 0 },
	{ &wire_u64, AT(priv_exit, user_us), 0, 0 },
	{ &wire_u64, AT(priv_exit, sys_us), 0, 0 },
	{ &wire_u32, AT(priv_exit, maxrss_kb), 0, 0 },
	{ &wire_u8, AT(priv_exit, swept), UINT8_MAX, 0 },
	{ &wire_u8, AT(priv_exit, cut), 1, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field halted_fields[] = {
	{ &wire_u64, AT(priv_halted, handle), 0, 0 },
	{ &wire_u8, AT(priv_halted, halt), PRIV_HALTED, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field ports_fields[] = {
	{ &wire_u64, AT(priv_ports, handle), 0, 0 },
	{ &wire_u8, AT(priv_ports, unsure), 1, 0 },
	{ &wire_u8, AT(priv_ports, n), PRIV_PORTS_MAX, 0 },
	{ &wire_bytes, AT(priv_ports, at), PRIV_PORTS_MAX *PRIV_PORT_LEN, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field enroll_fields[] = {
	{ &wire_u32, AT(priv_enroll, uid), 0, 0 },
	{ &wire_bytes, AT(priv_enroll, sha256), PRIV_HASH_LEN, 0 },
	{ &wire_u64, AT(priv_enroll, expires_ms), 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct wire_field revoke_fields[] = {
	{ &wire_bytes, AT(priv_revoke, grant), PRIV_GRANT_LEN, 0 },
	{ &wire_bytes, AT(priv_revoke, sha256), PRIV_HASH_LEN, 0 },
	{ NULL, 0, 0, 0 },
};

#define REQ (1u << PRIV_REQUEST)
#define ANS (1u << PRIV_ANSWER)
#define NTC (1u << PRIV_NOTICE)

/* Which kinds an op has, and how many descriptors its answer may bring. */
static const struct op_row {
	const char *name;
	unsigned kinds;
	uint8_t fds;
} ops[PRIV_OP_MAX] = {
	[PRIV_HELLO] = { "HELLO", REQ | ANS, 0 },
	[PRIV_LOGIN] = { "LOGIN", REQ | ANS, 0 },
	[PRIV_SPAWN] = { "SPAWN", REQ | ANS, 5 },
	[PRIV_SIGNAL] = { "SIGNAL", REQ | ANS, 0 },
	[PRIV_LOGOUT] = { "LOGOUT", REQ | ANS, 0 },
	[PRIV_INVENTORY] = { "INVENTORY", REQ | ANS, SEQPKT_MANY_MAX },
	[PRIV_EXIT] = { "EXIT", REQ | ANS | NTC, 0 },
	[PRIV_ENROLL] = { "ENROLL", REQ | ANS, 0 },
	[PRIV_REVOKE] = { "REVOKE", REQ | ANS, 0 },
	[PRIV_HALT] = { "HALT", NTC, 0 },
	[PRIV_PORTS] = { "PORTS", REQ | ANS | NTC, 0 },
};

static bool
header_ok(const struct priv_header *h)
{
	const struct op_row *op;

	if (h->op == 0 || h->op >= PRIV_OP_MAX || h->kind >= PRIV_KIND_MAX)
		return false;
	op = &ops[h->op];
	if (!(op->kinds & 1u << h->kind))
		return false;
	if (h->kind == PRIV_NOTICE && h->id != 0)
		return false;
	return h->nfds <= (h->kind == PRIV_ANSWER ? op->fds : 0);
}

/* How long the body behind a header has become. */
static void
put_length(struct buf *b, size_t start)
{
	const size_t len = b->len - start - PRIV_HEADER;

	for (size_t i = 0; i < 4; i++)
		b->data[start + HEADER_LEN_AT + i] = (uint8_t)(len >> 8 * i);
}

static void
put(struct buf *b, const struct priv_header *h, const struct wire_field *f,
    const void *m)
{
	const size_t start = b->len;

	if (!header_ok(h))
		b->failed = true;
	buf_put_u32(b, PRIV_MAGIC);
	buf_put_u16(b, PRIV_VERSION);
	buf_put_u16(b, h->op);
	buf_put_u32(b, h->id);
	buf_put_u32(b, 0);
	buf_put_u8(b, h->nfds);
	buf_put_u8(b, (uint8_t)h->kind);
	wire_put(b, f, m);
	if (buf_ok(b))
		put_length(b, start);
}

bool
priv_get_header(struct buf *b, struct priv_header *h)
{
	struct priv_header got = { 0 };
	uint32_t magic;
	uint16_t version;
	uint8_t kind;

	if (!buf_get_u32(b, &magic) || magic != PRIV_MAGIC ||
	    !buf_get_u16(b, &version) || version != PRIV_VERSION ||
	    !buf_get_u16(b, &got.op) || !buf_get_u32(b, &got.id) ||
	    !buf_get_u32(b, &got.len) || !buf_get_u8(b, &got.nfds) ||
	    !buf_get_u8(b, &kind))
		goto bad;
	got.kind = kind;
	if (got.len != buf_left(b) || !header_ok(&got))
		goto bad;
	*h = got;
	return true;
bad:
	b->failed = true;
	return false;
}

void
priv_put_hello(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_hello *m)
{
	const struct priv_header h = {
		.op = PRIV_HELLO, .kind = (uint16_t)k, .id = id
	};

	put(b, &h, hello_fields, m);
}

bool
priv_get_hello(struct buf *b, struct priv_hello *m)
{
	return wire_get(b, hello_fields, m, sizeof(*m));
}

void
priv_put_login(struct buf *b, uint32_t id, const struct priv_login *m)
{
	const struct priv_header h = {
		.op = PRIV_LOGIN, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, login_fields, m);
}

bool
priv_get_login(struct buf *b, struct priv_login *m)
{
	return wire_get(b, login_fields, m, sizeof(*m));
}

void
priv_put_login_answer(struct buf *b, uint32_t id,
    const struct priv_login_answer *m)
{
	const struct priv_header h = {
		.op = PRIV_LOGIN, .kind = PRIV_ANSWER, .id = id
	};

	put(b, &h, login_answer_fields, m);
}

bool
priv_get_login_answer(struct buf *b, struct priv_login_answer *m)
{
	return wire_get(b, login_answer_fields, m, sizeof(*m));
}

/* A bound on the text as a whole, beside the ones on every part of it. */
static bool
spawn_ok(const struct priv_spawn *m)
{
	size_t total = strlen(m->cwd);
	unsigned i;

	for (i = 0; i < m->argc; i++)
		total += strlen(m->argv[i]);
	for (i = 0; i < m->envc; i++)
		total += strlen(m->envp[i]);
	for (i = 0; i < m->hostc; i++)
		total += strlen(m->hosts[i]);
	return m->argc > 0 && total <= PRIV_TEXT_MAX;
}

void
priv_put_spawn(struct buf *b, uint32_t id, const struct priv_spawn *m)
{
	const struct priv_header h = {
		.op = PRIV_SPAWN, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, spawn_fields, m);
	if (buf_ok(b) && !spawn_ok(m))
		b->failed = true;
}

bool
priv_get_spawn(struct buf *b, struct priv_spawn *m)
{
	if (!wire_get(b, spawn_fields, m, sizeof(*m)))
		return false;
	if (spawn_ok(m))
		return true;
	priv_spawn_done(m);
	return false;
}

void
priv_spawn_done(struct priv_spawn *m)
{
	wire_drop(spawn_fields, m);
	secret_wipe(m, sizeof(*m));
}

void
priv_put_spawn_answer(struct buf *b, uint32_t id, uint8_t nfds,
    const struct priv_spawn_answer *m)
{
	const struct priv_header h = {
		.op = PRIV_SPAWN, .kind = PRIV_ANSWER, .id = id, .nfds = nfds
	};

	put(b, &h, spawn_answer_fields, m);
}

bool
priv_get_spawn_answer(struct buf *b, struct priv_spawn_answer *m)
{
	return wire_get(b, spawn_answer_fields, m, sizeof(*m));
}

void
priv_put_signal(struct buf *b, uint32_t id, const struct priv_signal *m)
{
	const struct priv_header h = {
		.op = PRIV_SIGNAL, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, signal_fields, m);
}

bool
priv_get_signal(struct buf *b, struct priv_signal *m)
{
	return wire_get(b, signal_fields, m, sizeof(*m));
}

void
priv_put_logout(struct buf *b, uint32_t id, const struct priv_logout *m)
{
	const struct priv_header h = {
		.op = PRIV_LOGOUT, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, logout_fields, m);
}

bool
priv_get_logout(struct buf *b, struct priv_logout *m)
{
	return wire_get(b, logout_fields, m, sizeof(*m));
}

void
priv_put_inventory(struct buf *b, uint32_t id, const struct priv_inventory *m)
{
	const struct priv_header h = {
		.op = PRIV_INVENTORY, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, inventory_fields, m);
}

bool
priv_get_inventory(struct buf *b, struct priv_inventory *m)
{
	return wire_get(b, inventory_fields, m, sizeof(*m));
}

void
priv_put_inventory_answer(struct buf *b, uint32_t id, uint8_t nfds,
    const struct priv_inventory_answer *m)
{
	const struct priv_header h = { .op = PRIV_INVENTORY,
		.kind = PRIV_ANSWER,
		.id = id,
		.nfds = nfds };

	put(b, &h, inventory_answer_fields, m);
}

bool
priv_add_inventory_answer(struct buf *b, uint8_t nfds,
    const struct priv_inventory_answer *m)
{
	const size_t before = b->len;

	if (!buf_ok(b))
		return false;
	wire_put(b, inventory_answer_fields, m);
	if (!buf_ok(b)) {
		b->len = before;
		b->failed = false;
		return false;
	}
	b->data[HEADER_NFDS_AT] = nfds;
	put_length(b, 0);
	return true;
}

bool
priv_get_inventory_answer(struct buf *b, struct priv_inventory_answer *m)
{
	return wire_get_next(b, inventory_answer_fields, m, sizeof(*m));
}

void
priv_put_exit(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_exit *m)
{
	const struct priv_header h = {
		.op = PRIV_EXIT, .kind = (uint16_t)k, .id = id
	};

	put(b, &h, exit_fields, m);
}

bool
priv_get_exit(struct buf *b, struct priv_exit *m)
{
	return wire_get(b, exit_fields, m, sizeof(*m));
}

void
priv_put_halted(struct buf *b, const struct priv_halted *m)
{
	const struct priv_header h = { .op = PRIV_HALT, .kind = PRIV_NOTICE };

	put(b, &h, halted_fields, m);
}

bool
priv_get_halted(struct buf *b, struct priv_halted *m)
{
	return wire_get(b, halted_fields, m, sizeof(*m));
}

void
priv_put_ports(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_ports *m)
{
	const struct priv_header h = {
		.op = PRIV_PORTS, .kind = (uint16_t)k, .id = id
	};

	put(b, &h, ports_fields, m);
}

bool
priv_get_ports(struct buf *b, struct priv_ports *m)
{
	return wire_get(b, ports_fields, m, sizeof(*m));
}

void
priv_put_enroll(struct buf *b, uint32_t id, const struct priv_enroll *m)
{
	const struct priv_header h = {
		.op = PRIV_ENROLL, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, enroll_fields, m);
}

bool
priv_get_enroll(struct buf *b, struct priv_enroll *m)
{
	return wire_get(b, enroll_fields, m, sizeof(*m));
}

void
priv_put_revoke(struct buf *b, uint32_t id, const struct priv_revoke *m)
{
	const struct priv_header h = {
		.op = PRIV_REVOKE, .kind = PRIV_REQUEST, .id = id
	};

	put(b, &h, revoke_fields, m);
}

bool
priv_get_revoke(struct buf *b, struct priv_revoke *m)
{
	return wire_get(b, revoke_fields, m, sizeof(*m));
}

void
priv_put_plain_answer(struct buf *b, uint32_t id, enum priv_op op,
    const struct priv_plain_answer *m)
{
	const struct priv_header h = {
		.op = (uint16_t)op, .kind = PRIV_ANSWER, .id = id
	};

	put(b, &h, plain_answer_fields, m);
}

bool
priv_get_plain_answer(struct buf *b, struct priv_plain_answer *m)
{
	return wire_get(b, plain_answer_fields, m, sizeof(*m));
}

const char *
priv_op_name(uint16_t op)
{
	return op > 0 && op < PRIV_OP_MAX ? ops[op].name : "?";
}

const char *
priv_result_name(uint8_t result)
{
	static const char *const names[PRIV_RESULT_MAX] = {
		[PRIV_DONE] = "done",
		[PRIV_DENIED] = "denied",
		[PRIV_NO_SUCH] = "no-such",
		[PRIV_FAILED] = "failed",
		[PRIV_BUSY] = "busy",
		[PRIV_UNSUPPORTED] = "unsupported",
	};

	return result < PRIV_RESULT_MAX ? names[result] : "?";
}
