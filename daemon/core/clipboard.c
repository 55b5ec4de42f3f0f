/* SPDX-License-Identifier: MIT */
/*
 * Texts in the order of their age: the oldest is the first to be forgotten, by
 * time or for want of room.
 */
#include "daemon/core/clipboard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct clip {
	TAILQ_ENTRY(clip) link;
	char user_id[UUID_TEXT], session_id[UUID_TEXT];
	int64_t until_ms; /* monotonic */
	size_t len;
	char *text;
};

struct clips {
	TAILQ_HEAD(, clip) list;
	struct loop_timer *timer;
	uint64_t revision;
};

static void
clip_drop(struct clips *cs, struct clip *c)
{
	TAILQ_REMOVE(&cs->list, c, link);
	secret_free(c->text, c->len);
	free(c);
}

static void
clips_late_cb(void *arg)
{
	struct clips *cs = arg;
	struct clip *c;

	while ((c = TAILQ_FIRST(&cs->list)) != NULL &&
	       c->until_ms <= clock_mono_ms())
		clip_drop(cs, c);
	if (c != NULL)
		loop_timer_set(cs->timer, c->until_ms - clock_mono_ms());
}

struct clips *
clips_new(struct loop *loop)
{
	struct clips *cs = xcalloc(1, sizeof(*cs));

	TAILQ_INIT(&cs->list);
	cs->timer = loop_timer_new(loop, clips_late_cb, cs);
	return cs;
}

void
clips_free(struct clips *cs)
{
	struct clip *c;

	if (cs == NULL)
		return;
	while ((c = TAILQ_FIRST(&cs->list)) != NULL)
		clip_drop(cs, c);
	loop_timer_free(cs->timer);
	free(cs);
}

static struct clip *
clip_find(const struct clips *cs, const char *user_id, const char *session_id)
{
	struct clip *c;

	TAILQ_FOREACH (c, &cs->list, link)
		if (strcmp(c->session_id, session_id) == 0 &&
		    strcmp(c->user_id, user_id) == 0)
			return c;
	return NULL;
}

/* Of the user's texts the oldest go until so much more has room. */
static void
make_room(struct clips *cs, const char *user_id, size_t len)
{
	struct clip *c, *next;
	size_t sum = len;

	TAILQ_FOREACH (c, &cs->list, link)
		sum += strcmp(c->user_id, user_id) == 0 ? c->len : 0;
	for (c = TAILQ_FIRST(&cs->list); c != NULL && sum > CLIP_USER_BYTES;
	     c = next) {
		next = TAILQ_NEXT(c, link);
		if (strcmp(c->user_id, user_id) != 0)
			continue;
		sum -= c->len;
		clip_drop(cs, c);
	}
}

int
clips_put(struct clips *cs, const char *user_id, const char *session_id,
    const char *text, size_t len, uint64_t *revision)
{
	struct clip *c;

	if (len > CLIP_BYTES)
		return RDV_E_TOO_BIG;
	if (!str_utf8_valid(text, len))
		return RDV_E_INVALID;
	c = clip_find(cs, user_id, session_id);
	if (c != NULL)
		clip_drop(cs, c);
	make_room(cs, user_id, len);
	c = xcalloc(1, sizeof(*c));
	(void)str_copy(c->user_id, user_id, sizeof(c->user_id));
	(void)str_copy(c->session_id, session_id, sizeof(c->session_id));
	c->until_ms = clock_mono_ms() + CLIP_MS;
	c->len = len;
	c->text = xreallocarray(NULL, len + 1, 1);
	memcpy(c->text, text, len);
	c->text[len] = '\0';
	TAILQ_INSERT_TAIL(&cs->list, c, link);
	if (!loop_timer_pending(cs->timer))
		loop_timer_set(cs->timer, CLIP_MS);
	*revision = ++cs->revision;
	return 0;
}

const char *
clips_get(const struct clips *cs, const char *user_id, const char *session_id,
    size_t *len)
{
	const struct clip *c = clip_find(cs, user_id, session_id);

	if (c == NULL || c->until_ms <= clock_mono_ms())
		return NULL;
	*len = c->len;
	return c->text;
}
