/* SPDX-License-Identifier: MIT */
/*
 * Sessions that are asked for again and again: scripts and agents wait for one
 * by polling it. Reading and writing down the same rows is most of such a
 * request, so the last answers are kept as text.
 *
 * Invariant: an answer is given again only while nothing can have changed that
 * it was made of: no row, and not the size and the output of a live run.
 * Another program may have the database open, so none is believed for long.
 */
#include "daemon/api/sessionmemo.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/*
 * As many as are polled at a time; two on one slot cost what they cost before.
 */
#define SLOTS	 64
#define TEXT_MAX 8192 /* a longer one is made each time */
#define KEEP_MS	 1000

struct slot {
	char user_id[UUID_TEXT], id[UUID_TEXT], run_id[UUID_TEXT];
	uint64_t version; /* of the database */
	struct run_live live;
	int64_t until_ms;
	struct buf text;
};

struct session_memo {
	struct app *app;
	struct slot slots[SLOTS];
};

struct session_memo *
session_memo_new(struct app *app)
{
	struct session_memo *m = xcalloc(1, sizeof(*m));

	m->app = app;
	for (size_t i = 0; i < SLOTS; i++)
		buf_init(&m->slots[i].text, TEXT_MAX);
	return m;
}

void
session_memo_free(struct session_memo *m)
{
	for (size_t i = 0; m != NULL && i < SLOTS; i++)
		buf_done(&m->slots[i].text);
	free(m);
}

/*
 * Ids are random at their end. The first half of a UUIDv7 is time and alike for
 * neighbours.
 */
static struct slot *
slot_of(struct session_memo *m, const char *id)
{
	const unsigned char *end = (const unsigned char *)id + UUID_TEXT - 1;

	return &m->slots[(end[-1] ^ end[-2] << 2 ^ end[-3] << 4) % SLOTS];
}

const struct buf *
session_memo_find(struct session_memo *m, const char *user_id, const char *id)
{
	struct run_live now;
	struct slot *s;

	if (!uuid_valid(id))
		return NULL;
	s = slot_of(m, id);
	/* The user too: an answer must not depend on who asked before (C14). */
	if (strcmp(s->id, id) != 0 || strcmp(s->user_id, user_id) != 0 ||
	    s->version != db_version(m->app->db) ||
	    s->until_ms <= clock_mono_ms())
		return NULL;
	run_live_of(m->app, s->run_id, &now);
	return memcmp(&now, &s->live, sizeof(now)) == 0 ? &s->text : NULL;
}

void
session_memo_keep(struct session_memo *m, const char *user_id, const char *id,
    const char *run_id, const struct buf *text)
{
	struct slot *s;

	/* slot_of() reads an id from its end. */
	if (!uuid_valid(id) || text->len > TEXT_MAX)
		return;
	s = slot_of(m, id);
	(void)str_copy(s->user_id, user_id, sizeof(s->user_id));
	(void)str_copy(s->id, id, sizeof(s->id));
	(void)str_copy(s->run_id, run_id != NULL ? run_id : "",
	    sizeof(s->run_id));
	s->version = db_version(m->app->db);
	s->until_ms = clock_mono_ms() + KEEP_MS;
	run_live_of(m->app, s->run_id, &s->live);
	buf_reset(&s->text);
	buf_put(&s->text, text->data, text->len);
}
