/* SPDX-License-Identifier: MIT */
/*
 * From an act to the fields of its record. What may stand in a record is the
 * table below and nothing else: an argument's text or a variable's value goes
 * into a digest, if anywhere, because secrets are given that way (abuse N01).
 */
#include "priv-helper/auditmsg.h"

#include <stddef.h>
#include <stdio.h>

#include "lib/auditline.h"
#include "lib/buf.h"
#include "lib/egress.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/wire.h"
#include "priv-helper/policyfor.h"
#include "security/mutant.h"

#define AT(member) offsetof(struct audit_msg, member)

static const struct wire_field fields[] = {
	{ &wire_u32, AT(id), 0, 0 },
	{ &wire_u8, AT(ack), 1, 0 },
	{ &wire_u8, AT(act), AUDIT_ACTS - 1, 0 },
	{ &wire_u8, AT(phase), AUDIT_NEWS, 0 },
	{ &wire_u32, AT(pid), 0, 0 },
	{ &wire_u32, AT(missed), 0, 0 },
	{ &wire_u32, AT(uid), 0, 0 },
	{ &wire_u32, AT(grant), 0, 0 },
	{ &wire_u8, AT(kind), PRIV_LOGIN_SERVICE, 0 },
	{ &wire_bytes, AT(token), PRIV_HASH_LEN, 0 },
	{ &wire_u64, AT(expires), 0, 0 },
	{ &wire_bytes, AT(policy[0]), PRIV_HASH_LEN, 0 },
	{ &wire_bytes, AT(policy[1]), PRIV_HASH_LEN, 0 },
	{ &wire_bytes, AT(admitted[0]), PRIV_HASH_LEN, 0 },
	{ &wire_bytes, AT(admitted[1]), PRIV_HASH_LEN, 0 },
	{ &wire_u64, AT(handle), 0, 0 },
	{ &wire_u32, AT(subject), 0, 0 },
	{ &wire_u32, AT(guards), 0, 0 },
	{ &wire_u8, AT(result), PRIV_RESULT_MAX - 1, 0 },
	{ &wire_u8, AT(all), 1, 0 },
	{ &wire_u32, AT(err), 0, 0 },
	{ &wire_u32, AT(status), 0, 0 },
	{ &wire_u32, AT(sig), 0, 0 },
	{ &wire_u8, AT(net), POLICY_NET_FULL, 0 },
	{ &wire_u8, AT(hostc), EGRESS_HOSTS, 0 },
	{ &wire_bytes, AT(hosts), PRIV_HASH_LEN, 0 },
	{ &wire_text, AT(name), PRIV_PROFILE_MAX, 0 },
	{ &wire_text, AT(label), PRIV_LABEL_MAX, 0 },
	{ &wire_text, AT(stage), 32, 0 },
	{ &wire_text, AT(why), PRIV_WHY_MAX, 0 },
	{ &wire_heap, AT(cwd), PRIV_PATH_MAX, 0 },
	{ &wire_list, AT(argv), PRIV_ARGV_MAX, AT(argc) },
	{ &wire_list, AT(env), PRIV_ENV_MAX, AT(envc) },
	{ &wire_list, AT(paths), PRIV_PATHS_MAX, AT(pathc) },
	{ NULL, 0, 0, 0 },
};

void
auditmsg_put(struct buf *b, const struct audit_msg *m)
{
	struct audit_msg whole = *m;
	char nowhere[] = "";

	if (whole.cwd == NULL)
		whole.cwd = nowhere;
	wire_put(b, fields, &whole);
}

bool
auditmsg_get(struct buf *b, struct audit_msg *m)
{
	return wire_get(b, fields, m, sizeof(*m));
}

void
auditmsg_done(struct audit_msg *m)
{
	wire_drop(fields, m);
}

static void
put_uid(struct buf *b, const struct audit_msg *m)
{
	auditline_put_num(b, "uid", m->uid);
}

/* Whose a token is, is known when it has been judged. */
static void
put_claim(struct buf *b, const struct audit_msg *m)
{
	static const char *const by[] = {
		[PRIV_LOGIN_TOKEN] = "token", [PRIV_LOGIN_SERVICE] = "service"
	};

	if (m->kind != PRIV_LOGIN_UID)
		auditline_put_word(b, "shown", by[m->kind]);
	if (m->kind != PRIV_LOGIN_TOKEN ||
	    (m->phase == AUDIT_AFTER && m->result == PRIV_DONE))
		put_uid(b, m);
}

/* Without a grant it is nobody's act. */
static void
put_holder(struct buf *b, const struct audit_msg *m)
{
	if (m->grant == 0)
		return;
	put_uid(b, m);
	auditline_put_num(b, "grant", m->grant);
}

static void
put_token(struct buf *b, const struct audit_msg *m)
{
	auditline_put_hex(b, "token", m->token, sizeof(m->token));
}

static void
put_made(struct buf *b, const struct audit_msg *m)
{
	if (m->result == PRIV_DONE)
		put_token(b, m);
}

static void
put_expires(struct buf *b, const struct audit_msg *m)
{
	auditline_put_num(b, "expires", m->expires);
}

static void
put_grant(struct buf *b, const struct audit_msg *m)
{
	if (m->grant != 0)
		auditline_put_num(b, "grant", m->grant);
}

static void
put_handle(struct buf *b, const struct audit_msg *m)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)m->handle);
	if (m->handle != 0)
		auditline_put_word(b, "handle", text);
}

static void
put_profile(struct buf *b, const struct audit_msg *m)
{
	auditline_put_text(b, "profile", m->name);
}

static void
put_process(struct buf *b, const struct audit_msg *m)
{
	auditline_put_text(b, "process", m->name);
}

static void
put_label(struct buf *b, const struct audit_msg *m)
{
	auditline_put_text(b, "label", m->label);
}

static void
put_program(struct buf *b, const struct audit_msg *m)
{
	if (m->argc > 0)
		auditline_put_text(b, "program", m->argv[0]);
}

static void
put_strings(struct buf *b, char *const *list, unsigned n)
{
	unsigned i;

	buf_put_dec(b, n);
	buf_put_u8(b, 0);
	for (i = 0; i < n; i++) {
		buf_put_text(b, list[i]);
		buf_put_u8(b, 0);
	}
}

/*
 * How many arguments, each of them, how many names, each of them, the
 * directory, and a NUL after all of these: one way to read it.
 */
static void
put_digest(struct buf *b, const struct audit_msg *m)
{
	uint8_t digest[AUDIT_HASH];
	struct buf all;

	buf_init(&all, 2 * SEQPKT_MAX);
	put_strings(&all, m->argv, m->argc);
	put_strings(&all, m->env, m->envc);
	buf_put_text(&all, m->cwd);
	buf_put_u8(&all, 0);
	auditcrypt_hash(all.data, all.len, digest);
	buf_done(&all);
	auditline_put_hex(b, "args", digest, sizeof(digest));
	if (mutant("N01") && m->argc > 1)
		auditline_put_text(b, "leak", m->argv[m->argc - 1]);
}

static void
put_paths(struct buf *b, const struct audit_msg *m)
{
	char key[16];
	unsigned i;

	for (i = 0; i < m->pathc; i++) {
		snprintf(key, sizeof(key), "path%u", i + 1);
		auditline_put_text(b, key, m->paths[i]);
	}
}

/*
 * 64 names would make a record that nobody reads, and more fields than one has.
 */
static void
put_network(struct buf *b, const struct audit_msg *m)
{
	auditline_put_word(b, "network", policy_net_name(m->net));
	if (m->net != POLICY_NET_LIST)
		return;
	auditline_put_num(b, "hosts", m->hostc);
	auditline_put_hex(b, "listed", m->hosts, sizeof(m->hosts));
}

static void
put_result(struct buf *b, const struct audit_msg *m)
{
	auditline_put_word(b, "result", priv_result_name(m->result));
}

static void
put_stage(struct buf *b, const struct audit_msg *m)
{
	if (m->stage[0] == '\0')
		return;
	auditline_put_text(b, "stage", m->stage);
	auditline_put_num(b, "errno", m->err);
}

static void
put_why(struct buf *b, const struct audit_msg *m)
{
	if (m->why[0] != '\0')
		auditline_put_text(b, "why", m->why);
}

static void
put_subject(struct buf *b, const struct audit_msg *m)
{
	if (m->subject != 0)
		auditline_put_num(b, "child", m->subject);
}

static void
put_guards(struct buf *b, const struct audit_msg *m)
{
	if (m->result == PRIV_DONE)
		auditline_put_num(b, "guards", m->guards);
}

static void
put_signal(struct buf *b, const struct audit_msg *m)
{
	auditline_put_num(b, "signal", m->sig);
	auditline_put_word(b, "to", m->all != 0 ? "all" : "group");
}

static void
put_status(struct buf *b, const struct audit_msg *m)
{
	auditline_put_num(b, "status", m->status);
}

/* Of a file that could not be taken there is none after it. */
static void
put_policy(struct buf *b, const struct audit_msg *m)
{
	auditline_put_hex(b, "before", m->policy[0], PRIV_HASH_LEN);
	if (m->phase != AUDIT_REFUSED)
		auditline_put_hex(b, "after", m->policy[1], PRIV_HASH_LEN);
}

/* The same text admits others when somebody has joined a group. */
static void
put_admitted(struct buf *b, const struct audit_msg *m)
{
	if (m->phase == AUDIT_REFUSED)
		return;
	auditline_put_hex(b, "listbefore", m->admitted[0], PRIV_HASH_LEN);
	auditline_put_hex(b, "listafter", m->admitted[1], PRIV_HASH_LEN);
}

typedef void put_fn(struct buf *b, const struct audit_msg *m);

/* Each act's fields before it and after it, in their order. */
static const struct {
	const char *name;
	put_fn *before[10], *after[9];
} acts[] = {
	[AUDIT_STARTED] = { "start", { NULL },
	    { put_process, put_subject, NULL } },
	[AUDIT_ENDED] = { "end", { NULL },
	    { put_process, put_subject, put_status, NULL } },
	[AUDIT_LOGIN] = { "login", { put_claim, NULL },
	    { put_claim, put_grant, put_result, put_why, NULL } },
	[AUDIT_LOGOUT] = { "logout", { NULL },
	    { put_grant, put_result, NULL } },
	[AUDIT_SPAWN] = { "spawn",
	    { put_handle, put_uid, put_grant, put_profile, put_label,
		put_program, put_digest, put_paths, put_network, NULL },
	    { put_handle, put_label, put_result, put_subject, put_guards,
		put_stage, put_why, NULL } },
	[AUDIT_SIGNAL] = { "signal", { put_handle, put_signal, NULL },
	    { put_handle, put_result, put_why, NULL } },
	[AUDIT_ENROLL] = { "enroll", { put_uid, put_token, put_expires, NULL },
	    { put_uid, put_token, put_result, put_why, NULL } },
	[AUDIT_REVOKE] = { "revoke", { put_holder, put_token, NULL },
	    { put_token, put_result, put_why, NULL } },
	[AUDIT_EXIT] = { "exit", { NULL },
	    { put_handle, put_label, put_subject, put_status, put_why, NULL } },
	[AUDIT_POLICY] = { "policy", { NULL },
	    { put_policy, put_result, put_why, put_admitted, NULL } },
	[AUDIT_ROTATE] = { "rotate", { NULL }, { put_made, put_result, NULL } },
	[AUDIT_UPGRADE] = { "upgrade", { NULL },
	    { put_result, put_why, NULL } },
	[AUDIT_BROKEN] = { "request", { NULL }, { put_why, NULL } },
	[AUDIT_ASK] = { "ask", { NULL }, { NULL } },
};

static const char *const phases[] = { "before", "after", "refused", "news" };

static void
walk(struct buf *b, const struct audit_msg *m, put_fn *const *put)
{
	for (; *put != NULL; put++)
		(*put)(b, m);
}

void
auditmsg_fields(struct buf *b, const struct audit_msg *m)
{
	auditline_put_word(b, "act", acts[m->act].name);
	auditline_put_word(b, "phase", phases[m->phase]);
	if (m->missed > 0)
		auditline_put_num(b, "missed", m->missed);
	if (m->phase == AUDIT_REFUSED && m->act == AUDIT_SPAWN) {
		put_profile(b, m);
		put_program(b, m);
	} else if (m->phase == AUDIT_REFUSED && m->act == AUDIT_SIGNAL) {
		put_signal(b, m);
	} else if (m->phase == AUDIT_REFUSED && m->act == AUDIT_REVOKE) {
		put_holder(b, m);
	}
	walk(b, m,
	    m->phase == AUDIT_BEFORE ? acts[m->act].before
				     : acts[m->act].after);
}
