/* SPDX-License-Identifier: MIT */
/*
 * Leave to act for a uid. A grant is random, expires, and ends with the
 * connection it was given on; a daemon that has been taken over can act for
 * whoever has a live one and for nobody else. Looking one up takes the same
 * time whichever bytes are wrong.
 */
#include "priv-helper/grant.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/secret.h"
#include "security/mutant.h"

static bool
live(const struct grant *g, int64_t now)
{
	return g->expires > now;
}

bool
grant_room(const struct grants *g)
{
	const int64_t now = clock_mono_ms();
	const struct grant *p;

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++)
		if (!live(p, now))
			return true;
	return false;
}

bool
grant_new(struct grants *g, uid_t uid, const uint8_t from[SHA256_LEN],
    int64_t ttl, uint8_t token[PRIV_GRANT_LEN])
{
	const int64_t now = clock_mono_ms();
	struct grant *p;

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++) {
		if (live(p, now))
			continue;
		secret_random(p->token, sizeof(p->token));
		p->uid = uid;
		memcpy(p->from, from, SHA256_LEN);
		p->number = ++g->numbers;
		p->expires = now + ttl;
		memcpy(token, p->token, PRIV_GRANT_LEN);
		return true;
	}
	return false;
}

/* Compares with every place, live or not, so that timing says nothing. */
static const struct grant *
find(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN])
{
	const struct grant *p, *found = NULL;
	const int64_t now = clock_mono_ms();

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++)
		if (secret_equal(p->token, token, PRIV_GRANT_LEN) &&
		    live(p, now))
			found = p;
	return found;
}

bool
grant_find(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN],
    uid_t *uid)
{
	const struct grant *p = find(g, token);

	if (p == NULL)
		return false;
	*uid = p->uid;
	return true;
}

int64_t
grant_until(const struct grants *g, uid_t uid)
{
	const int64_t now = clock_mono_ms();
	const struct grant *p;
	int64_t until = 0;

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++)
		if (p->uid == uid && live(p, now) && p->expires > until)
			until = p->expires;
	return until;
}

uint32_t
grant_number(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN])
{
	const struct grant *p = find(g, token);

	return p == NULL ? 0 : p->number;
}

bool
grant_drop(struct grants *g, const uint8_t token[PRIV_GRANT_LEN])
{
	const struct grant *p = find(g, token);

	if (p == NULL)
		return false;
	secret_wipe(&g->grant[p - g->grant], sizeof(*p));
	return true;
}

unsigned
grant_keep(struct grants *g, bool (*keep)(uid_t uid, bool own, void *arg),
    void *arg)
{
	static const uint8_t none[SHA256_LEN];
	const int64_t now = clock_mono_ms();
	struct grant *p;
	unsigned n = 0;

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++) {
		if (!live(p, now) ||
		    keep(p->uid, memcmp(p->from, none, SHA256_LEN) != 0, arg))
			continue;
		secret_wipe(p, sizeof(*p));
		n++;
	}
	return n;
}

void
grant_end_of(struct grants *g, const uint8_t from[SHA256_LEN])
{
	struct grant *p;

	for (p = g->grant; p < g->grant + GRANTS_MAX; p++)
		if (memcmp(p->from, from, SHA256_LEN) == 0 && p->expires != 0 &&
		    !mutant("grant of token"))
			secret_wipe(p, sizeof(*p));
}

void
grant_wipe(struct grants *g)
{
	/* A number is never given twice. */
	secret_wipe(g->grant, sizeof(g->grant));
}
