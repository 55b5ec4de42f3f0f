/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSHSTATE_H
#define RDV_PUSHSTATE_H

#include <sys/queue.h>

#include "daemon/core/push.h"
#include "daemon/core/pushcrypt.h"

struct loop_timer;
struct push_send;
struct push_url;

/* What push.c, pushsend.c and pushmessage.c share. */
struct pushes {
	struct app *app;
	struct push_key key;
	bool has_key;
	bool settled;
	TAILQ_HEAD(, push_send) live; /* being sent */
	unsigned nlive;
	struct loop_timer *timer; /* for the next that is due */
	int64_t look_at;	  /* monotonic, of that timer */
};

/* push.c. 0 when ps->key is there, or -errno. */
int push_key(struct pushes *ps);
/* It is Apple's, and so wants to know whom to write to (push.contact). */
bool push_lacks_contact(const struct pushes *ps, const struct push_url *u);
/* The event that tells of a device as it is now. */
void push_event(struct tx *tx, const struct store_device *d);

/* pushsend.c. Looks at what is due, `ms` from now or earlier. */
void push_arm(struct pushes *ps, int64_t ms);
void push_due_cb(void *pushes);

/* pushmessage.c: one request, whole. */
struct push_letter {
	const char *endpoint, *p256dh, *auth;
	const char *kind;	 /* tool, question, plan, test */
	const char *approval_id; /* NULL: of a test */
	const char *contact;	 /* a URL: who sends it; "": not told */
	int64_t ttl_s, now_ms;
};
struct buf;
/* Appends; false when it cannot be made. */
bool push_write(const struct push_key *key, const struct push_letter *l,
    struct buf *out);

#endif
