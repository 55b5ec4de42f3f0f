/* SPDX-License-Identifier: MIT */
/*
 * Who has which right in the fuzzed world, told by the tables of ops_people.c
 * and by what rdvd has been answered: whose a token is and until when, what a
 * grant may rest on, and what a policy lets an account start.
 */
#include "tests/fuzz/ops_right.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

const struct people_right *
right_of(uid_t uid)
{
	static const struct people_right all = { .served = true,
		.profiles = " login script git agent lsp push ",
		.runs = FAR_MAX,
		.terminals = FAR_MAX };

	if (!world.system)
		return uid == WORLD_UID ? &all : NULL;
	return people_of(world.policy, uid);
}

void
model_reloaded(void)
{
	const struct people_right *r;
	unsigned i;

	for (i = 0; i < model.ngrants; i++) {
		r = right_of(model.grant[i].uid);
		if (r == NULL || (!r->web && model.grant[i].from == MODEL_WEB))
			model.grant[i].end = 0;
	}
}

uid_t
right_owner(int token, int64_t now)
{
	const int64_t until = model.token[token].until;

	return until == 0 || until > now ? model.token[token].owner : 0;
}

static void
login_by_service(const struct model_asked *q, int token, uid_t uid)
{
	const struct people_right *r = right_of(uid);

	FUZZ_CHECK(token == WORLD_SERVICE || token == WORLD_OLD);
	FUZZ_CHECK(uid == q->m.login.uid);
	FUZZ_CHECK(r != NULL && r->web);
	if (token == WORLD_OLD)
		FUZZ_CHECK(q->now < WORLD_MONO + WORLD_OLD_MS);
}

int
right_login(const struct model_asked *q, uid_t uid)
{
	const struct priv_login *m = &q->m.login;
	int i;

	if (!world.system) {
		FUZZ_CHECK(m->kind == PRIV_LOGIN_UID && m->uid == WORLD_UID &&
			   uid == WORLD_UID);
		return MODEL_CLAIM;
	}
	for (i = 0; i < WORLD_TOKENS; i++)
		if (strcmp(world_token[i], m->secret) == 0)
			break;
	FUZZ_CHECK(i < WORLD_TOKENS && uid != 0 && right_of(uid) != NULL);
	if (m->kind == PRIV_LOGIN_SERVICE) {
		login_by_service(q, i, uid);
		return MODEL_WEB;
	}
	FUZZ_CHECK(m->kind == PRIV_LOGIN_TOKEN &&
		   right_owner(i, q->now) == uid);
	FUZZ_CHECK(m->uid == 0 || m->uid == uid);
	return i;
}

int64_t
right_end(int from, int64_t now)
{
	const int64_t until = from < 0 ? 0 : model.token[from].until;
	const int64_t end = now + GRANT_TTL_MS;

	return until != 0 && until < end ? until : end;
}

unsigned
right_tokens(uid_t uid, int64_t now)
{
	unsigned n = uid == WORLD_UID + 1 ? WORLD_BOBS : 0;
	int i;

	for (i = 0; i < WORLD_TOKENS; i++)
		n += right_owner(i, now) == uid;
	return n;
}

void
right_start(const struct priv_spawn *m, uid_t uid)
{
	const struct people_right *r = right_of(uid);
	char word[64];
	unsigned runs = 0, terminals = 0;
	const struct far *f;

	FUZZ_CHECK(r != NULL);
	(void)snprintf(word, sizeof(word), " %s ", m->profile);
	FUZZ_CHECK(strstr(r->profiles, word) != NULL);
	FUZZ_CHECK(m->net != PRIV_NET_LIST);
	if (r->offline && strcmp(m->profile, "script") == 0)
		FUZZ_CHECK(world.net == POLICY_NET_NONE);
	for (f = world.far; f < world.far + world.nfar; f++) {
		if (f->uid != uid || !f->told || f->ended || f->control < 0)
			continue;
		runs++;
		terminals += f->pty;
	}
	FUZZ_CHECK(runs < r->runs);
	FUZZ_CHECK(m->io != PRIV_IO_PTY || terminals < r->terminals);
}
