/* SPDX-License-Identifier: MIT */
/*
 * Requests and their memory. A few arenas circulate instead of one per
 * connection, so that an idle connection costs none and a busy one no
 * allocation per request.
 */
#include "daemon/http/request.h"

#include <string.h>

#include "daemon/http/server.h"
#include "lib/arena.h"
#include "lib/clock.h"

struct request *
request_new(struct http_server *s)
{
	struct arena *a = s->nspare > 0 ? s->spare[--s->nspare] : arena_new();
	/* In its own arena, so that one reset frees all there is of it. */
	struct request *q = arena_alloc(a, sizeof *q);

	q->server = s;
	q->r.arena = a;
	q->r.started_us = clock_mono_us();
	request_id(s, q->r.id);
	q->r.body_max = s->lim.body;
	buf_init_secret(&q->body, s->lim.body);
	LIST_INSERT_HEAD(&s->requests, q, entry);
	s->stats.requests_pending++;
	return q;
}

void
request_free(struct request *q)
{
	struct http_server *s = q->server;
	struct arena *a = q->r.arena;

	buf_done(&q->body);
	if (s != NULL) {
		LIST_REMOVE(q, entry);
		s->stats.requests_pending--;
	}
	if (s != NULL && s->nspare < SERVER_SPARE) {
		arena_reset(a);
		s->spare[s->nspare++] = a;
	} else {
		arena_free(a);
	}
}

void
request_id(struct http_server *s, char out[37])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t n = ++s->last_id;
	char *p = out + 36;

	/*
	 * A random part per process and a counter: an id is made for every
	 * request, which is too often to ask the kernel for randomness.
	 */
	*p = '\0';
	do {
		*--p = digits[n & 0xf];
		n >>= 4;
	} while (n != 0);
	*--p = '-';
	p -= SERVER_TAG;
	memcpy(p, s->tag, SERVER_TAG);
	memmove(out, p, (size_t)(out + 37 - p));
}
