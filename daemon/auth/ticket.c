/* SPDX-License-Identifier: MIT */
/*
 * Tickets: what is known of each, until it is spent or its minute is over.
 * Invariant: a ticket is out of the list before anybody is let in by it, so no
 * second request can find it.
 */
#include "daemon/auth/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/auth/state.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct ticket {
	TAILQ_ENTRY(ticket) link;
	uint8_t digest[DIGEST_LEN];
	int64_t until_ms; /* monotonic */
	char session_id[UUID_TEXT];
	struct actor by;
	bool read_only;
};

/* All of them live equally long, so the first is the first to end. */
struct tickets {
	TAILQ_HEAD(, ticket) all;
	unsigned n;
};

struct tickets *
tickets_new(void)
{
	struct tickets *ts = xcalloc(1, sizeof(*ts));

	TAILQ_INIT(&ts->all);
	return ts;
}

static void
drop(struct tickets *ts, struct ticket *t)
{
	TAILQ_REMOVE(&ts->all, t, link);
	ts->n--;
	secret_free(t, sizeof(*t));
}

void
tickets_free(struct tickets *ts)
{
	struct ticket *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->all)) != NULL)
		drop(ts, t);
	free(ts);
}

static void
drop_ended(struct tickets *ts)
{
	int64_t now = clock_mono_ms();
	struct ticket *t;

	while ((t = TAILQ_FIRST(&ts->all)) != NULL && t->until_ms <= now)
		drop(ts, t);
}

/*
 * Per credential too: otherwise one that only may look could use up what the
 * user's others need. Those of all links are counted by themselves, as their
 * guests are many and the user has to come in beside them.
 */
static bool
make_room(struct tickets *ts, const struct actor *by)
{
	struct ticket *t, *oldest = NULL;
	unsigned own = 0, user = 0;

	TAILQ_FOREACH (t, &ts->all, link) {
		if (strcmp(t->by.user_id, by->user_id) != 0 ||
		    (t->by.via == AUTH_LINK) != (by->via == AUTH_LINK))
			continue;
		user++;
		if (strcmp(t->by.token_id, by->token_id) != 0)
			continue;
		own++;
		oldest = oldest != NULL ? oldest : t;
	}
	if (own >= TICKETS_CREDENTIAL) {
		drop(ts, oldest);
		return true;
	}
	return user < TICKETS_USER && ts->n < TICKETS_ALL;
}

/* A code's form: what scanners look for outlives what it would be found for. */
int
auth_ticket_issue(struct auth *a, const struct actor *by,
    const char *session_id, bool read_only, char text[TOKEN_TEXT])
{
	struct tickets *ts = a->tickets;
	struct ticket *t;

	drop_ended(ts);
	if (!make_room(ts, by))
		return RDV_E_FULL;
	t = xcalloc(1, sizeof(*t));
	token_text(TOKEN_CODE, text, t->digest);
	t->until_ms = clock_mono_ms() + TICKET_MS;
	(void)str_copy(t->session_id, session_id, sizeof(t->session_id));
	t->by = *by;
	t->read_only = read_only;
	TAILQ_INSERT_TAIL(&ts->all, t, link);
	ts->n++;
	return 0;
}

/* To the end in any case: where in the list it stands is not told by time. */
static struct ticket *
find(struct tickets *ts, const uint8_t digest[DIGEST_LEN])
{
	struct ticket *t, *found = NULL;

	TAILQ_FOREACH (t, &ts->all, link) {
		if (secret_equal(t->digest, digest, DIGEST_LEN))
			found = t;
	}
	return found;
}

/* Whoever may type may look, so looking is in each of the two scopes. */
bool
auth_ticket_spend(struct auth *a, const uint8_t digest[DIGEST_LEN],
    const char *session_id, struct actor *out, char token_id[UUID_TEXT])
{
	struct ticket *t;
	bool good;

	drop_ended(a->tickets);
	t = find(a->tickets, digest);
	if (t == NULL)
		return false;
	memcpy(token_id, t->by.token_id, UUID_TEXT);
	good = strcmp(t->session_id, session_id) == 0 &&
	       auth_holds(a, t->by.user_id, t->by.token_id);
	if (good) {
		*out = t->by;
		out->via = AUTH_TICKET;
		out->scopes = t->read_only ? SCOPE_READ : t->by.scopes;
	}
	drop(a->tickets, t);
	return good;
}
